"""The screen with all its keys: searching, filtering, going to a place, copying, help.

What only a key needs is imported when it is pressed: the first screen should not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import SuspendNotSupported
from textual.binding import BindingType
from textual.worker import get_current_worker

from trace_tui.app.going import spot_for
from trace_tui.app.keys import BINDINGS
from trace_tui.app.messages import ChainWanted, HitsFound, OpenWanted, Said
from trace_tui.app.panes import Pane
from trace_tui.app.search_walk import SearchWalk
from trace_tui.app.travelling_screen import TravellingScreen
from trace_tui.app.wishes import Spot
from trace_tui.errors import NothingFound, Unreadable
from trace_tui.library.chains import Member
from trace_tui.library.choosing import Choice as SessionChoice
from trace_tui.library.choosing import read_choice
from trace_tui.times import local_now
from trace_tui.widgets.timeline_rows import Choice

if TYPE_CHECKING:
    from trace_tui.widgets.prompt import Prompt

_WITHOUT_SESSIONS = frozenset({"quit", "help", "suspend_process", "command_palette", "demo", "move", "page"})
_FEWEST = 4
"""Characters that may be the beginning of an id."""


class MainScreen(TravellingScreen):
    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]

    def __init__(self) -> None:
        super().__init__()
        self._searches = 0
        self.links_need_paths = False
        """Sessions are shown from other places than an id is looked for in."""

    def action_back(self) -> None:
        """One step out of where one is."""
        if self.is_zoomed:
            self.action_zoom()
        elif self.search is not None and self.pane is not Pane.SESSIONS:
            self.forget_search()
            self.say("")
        elif self.pane is Pane.SESSIONS:
            if self.filter_words:
                self._filter_sessions("")
        elif self.pane is Pane.DETAIL:
            self.go_to_pane(Pane.TIMELINE)
        elif self.choice != Choice():
            self._show_kinds(Choice())
        elif self.has_come_along():
            self.action_parent()
        elif self.opened is not None and self.opened.is_chain:
            self.action_stream()  # and from all agents to the one whose step is selected
        elif self.has_come_from_chain():
            self.post_message(ChainWanted())
        else:
            self.go_to_pane(Pane.SESSIONS)

    # -- keys: what is looked for ---------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing to read there is nothing to do with it."""
        return not self.welcome.display or action in _WITHOUT_SESSIONS

    def action_search(self) -> None:
        if self.pane is Pane.SESSIONS:
            self._prompt(
                "filter", "filter (words, is:failed day:today state: folder: model:):", self.filter_words
            )
        else:
            self._prompt("search", "search:", self.search.words if self.search is not None else "")

    def action_go(self) -> None:
        self._prompt("go", "go to turn, line N, 14:05, @1h30m or id:", "")

    @property
    def is_asking(self) -> bool:
        """A prompt has the keys."""
        return bool(self.query("Prompt"))

    def _prompt(self, purpose: str, label: str, words: str) -> None:
        from trace_tui.widgets.prompt import Prompt

        if self.is_asking or not self.is_attached:  # the key came behind the one that ends all
            return
        self.keys.display = False
        self.mount(Prompt(purpose, label, words, replaces=purpose != "filter"))

    def _leave_prompt(self) -> None:
        self.query("Prompt").remove()
        self.keys.display = True
        self.set_focus(self.view(self.pane))

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.purpose == "filter":
            self._filter_sessions(event.words)

    def on_prompt_done(self, event: Prompt.Done) -> None:
        self._leave_prompt()
        if event.purpose == "search":
            self._look_for(event.words)
        elif event.purpose == "go":
            self._go(event.words)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        self._leave_prompt()
        if event.purpose == "filter":
            self._filter_sessions("")

    def _filter_sessions(self, words: str) -> None:
        self.filter_words = words.strip()
        self.sessions.choose(read_choice(words, local_now()) if words.strip() else SessionChoice())

    def _go(self, words: str) -> None:
        if self.opened is None or not words.strip():
            return
        try:
            self.select(spot_for(words, self.opened.session))
        except NothingFound as nothing:
            begun = [member for member in self.forest.members() if _begins(member, words.strip())]
            if len(begun) == 1:
                self.post_message(OpenWanted(begun[0]))
            else:
                self.say(str(nothing), "yellow")

    def _look_for(self, words: str) -> None:
        if self.opened is None or not words:
            self.forget_search()
            return
        self._searches += 1
        opened = self.opened
        order = self.timeline.order if opened.is_chain else None
        walk = self.search = SearchWalk(self._searches, words, order)
        self.mark(words)
        self.say(walk.told())

        def work() -> None:
            from trace_tui.app.searching import search

            worker = get_current_worker()
            try:
                search(walk, opened.parts(), self.post_message, lambda: worker.is_cancelled)
            except Unreadable as problem:
                self.post_message(Said(str(problem)))

        self.run_worker(work, thread=True, group="search", exclusive=True)

    @on(HitsFound)
    def _on_hits(self, event: HitsFound) -> None:
        walk = self.search
        if walk is None or walk.number != event.search:
            return
        is_first = not walk.hits
        walk.take(event)
        if is_first and walk.hits:
            self.action_hit(1)
        else:
            self.say(walk.told())

    @on(Said)
    def _on_said(self, event: Said) -> None:
        self.say(event.words, event.style)

    def action_hit(self, by: int) -> None:
        walk = self.search
        if walk is None:
            self.say("nothing is looked for: / searches", "yellow")
            return
        if self.pane is Pane.DETAIL and self.detail.find(walk.words, by):
            return
        hit = walk.step(by)
        if hit is not None:
            self.select(Spot(hit.turn, hit.item))
        self.say(walk.told())

    def action_hints(self) -> None:
        """What looks like a loop or a stall, to be gone to."""
        from trace_tui.app.hints import hints_of, hints_offered
        from trace_tui.widgets.menu import Menu

        opened = self.opened
        if opened is None:
            return
        hints = hints_of(opened)
        if not hints:
            looked = all(part.findings is not None for part in opened.parts())
            self.say("no loops or stalls found" if looked else "still looking for loops and stalls", "green")
            return

        def go(number: str | None) -> None:
            spot = None if number is None else hints[int(number)].spot()
            if spot is not None:
                self.select(spot)

        self.app.push_screen(Menu("Hints: possible loops and stalls", hints_offered(hints), is_wide=True), go)

    # -- keys: what is shown --------------------------------------------

    def action_filter(self) -> None:
        from trace_tui.app.filters import facets, kinds_offered
        from trace_tui.widgets.menu import Menu, TickMenu

        if self.pane is Pane.SESSIONS:
            self.app.push_screen(Menu("Show sessions", facets(self.forest)), self._on_facet)
        else:
            self.app.push_screen(TickMenu("Show steps", kinds_offered(self.choice)), self._on_kinds)

    def _on_facet(self, words: str | None) -> None:
        if words is not None:
            self._filter_sessions(words)

    def _on_kinds(self, ticked: str | None) -> None:
        from trace_tui.app.filters import kinds_chosen

        if ticked is None:
            return
        self._show_kinds(kinds_chosen(ticked))

    def _show_kinds(self, choice: Choice) -> None:
        self.choice = choice
        if self.opened is not None:
            self.opened.arrange(choice)
            self.show_opened(self.opened, self.opened.rows())
        self.title_timeline()

    def action_raw(self) -> None:
        self.is_raw = not self.is_raw
        self.detail.set_title("Detail · raw" if self.is_raw else "Detail")
        self.follow(0)

    # -- keys: out of here ----------------------------------------------

    def action_copy(self) -> None:
        from trace_tui.app.copying import copies_of
        from trace_tui.widgets.menu import Menu

        if self.opened is not None:
            row = None if self.pane is Pane.SESSIONS else self.timeline.selected
            opened = self.opened if row is None else self.opened.part_of(row)
            offered = copies_of(opened, row, self.detail.document, by_path=self.links_need_paths)
            self.app.push_screen(Menu("Copy", [copy.entry for copy in offered]), self._on_copy)

    def _on_copy(self, value: str | None) -> None:
        if value is None or self.opened is None:
            return
        from trace_tui.app.clipboard import copy

        self.say(copy(value, self._write_to_terminal), "green")

    def _write_to_terminal(self, sequence: str) -> None:
        driver = self.app._driver
        if driver is not None:
            driver.write(sequence)

    def action_pager(self) -> None:
        from trace_tui.app.outside import page

        self._outside(page)

    def action_editor(self) -> None:
        from trace_tui.app.outside import edit

        self._outside(lambda text: edit(text, "codex-trace.txt"))

    def _outside(self, show: Callable[[str], str | None]) -> None:
        """Leaves the screen to another program for a while."""
        document = self.detail.document
        if document is None:
            return
        text = document.text()
        try:
            with self.app.suspend():
                problem = show(text)
        except SuspendNotSupported:
            problem = "other programs can't be started from here"
        if problem:
            self.say(problem, "yellow")

    def action_help(self) -> None:
        from trace_tui.app.help import help_lines
        from trace_tui.widgets.menu import Help

        self.app.push_screen(Help("Keys", help_lines(self)))


def _begins(member: Member, words: str) -> bool:
    return len(words) >= _FEWEST and (member.entry.id or "").startswith(words.lower())
