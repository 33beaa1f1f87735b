"""The screen with the three panes: which of them are seen, what follows the cursor, and what keys do in it.

It draws what the app gives it and says what the person wants of other sessions; it opens none itself.
What only a key needs is imported when it is pressed: the first screen should not wait for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import get_current_worker

from trace_tui.app.going import Spot, spot_for
from trace_tui.app.keys import BINDINGS
from trace_tui.app.messages import FailureWanted, HitsFound, OpenWanted, Said
from trace_tui.app.opened import Opened, Wish
from trace_tui.app.panes import ORDER, Pane, layout_for
from trace_tui.app.search_walk import SearchWalk
from trace_tui.app.summary import summary_of
from trace_tui.errors import NothingFound, Unreadable
from trace_tui.library.chains import Forest, Member
from trace_tui.library.choosing import Choice as SessionChoice
from trace_tui.library.choosing import read_choice
from trace_tui.model import Call, CallStatus, TurnStatus
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import local_now
from trace_tui.widgets.activity import Activity
from trace_tui.widgets.detail import Detail, Laid
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.one_line import KeyBar, OneLine
from trace_tui.widgets.session_list import SessionList
from trace_tui.widgets.timeline import Timeline
from trace_tui.widgets.timeline_rows import Choice, Growth, Kind, Row, RowBook
from trace_tui.widgets.welcome import Welcome
from trace_tui.wording.cells import Line

if TYPE_CHECKING:
    from trace_tui.widgets.prompt import Prompt

_REST = 0.06
"""Seconds for which the cursor rests until the detail follows: holding a key costs only the list."""
_FEWEST = 4
"""Characters that may be the beginning of an id."""
_LONGER_REST = 0.25
"""The same until a session is opened because the cursor stands on it."""


class MainScreen(Screen[None]):
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]

    def __init__(self) -> None:
        super().__init__()
        self.sessions = SessionList(id="sessions")
        self.timeline = Timeline(id="timeline")
        self.detail = Detail(id="detail")
        self.welcome = Welcome(id="welcome")
        self.crumbs = OneLine(id="crumbs")
        self.keys = KeyBar(id="keys")
        self.pane = Pane.TIMELINE
        self.forest = Forest([], {}, {})
        self.opened: Opened | None = None
        self.activities: dict[str, Activity] = {}
        self.choice = Choice()
        self.filter_words = ""
        self.is_raw = False
        self.is_zoomed = False
        self.search: SearchWalk | None = None
        self._came_from: dict[str, Wish] = {}
        """Where one stood in the parent, by the sessions one went into from there."""
        self._sessions_title = "Sessions"
        self._crumbs: Line = []
        self._progress = ""
        self._way = ""
        self._searches = 0
        self._asked = 0
        self._subject: object = None
        """What the detail is about."""
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.crumbs
        with Container(id="panes"):
            yield self.sessions
            yield self.timeline
            yield self.detail
            yield self.welcome
        yield self.keys

    def on_mount(self) -> None:
        self.welcome.display = False
        self._ticking = self.set_interval(1.0, self._tick, pause=True)
        self.sessions.set_title("Sessions")
        self.timeline.set_title("Timeline")
        self.detail.set_title("Detail")
        self.arrange_panes()
        self.set_focus(self.view(self.pane))

    # -- panes ----------------------------------------------------------

    def view(self, pane: Pane) -> LineView:
        return {Pane.SESSIONS: self.sessions, Pane.TIMELINE: self.timeline, Pane.DETAIL: self.detail}[pane]

    def arrange_panes(self) -> None:
        """Shows the panes that there is room for."""
        if self.welcome.display:
            return
        size = self.app.size
        layout = layout_for(size.width, size.height, self.pane, zoomed=self.is_zoomed)
        panes = self.query_one("#panes")
        panes.set_class(layout.is_stacked, "-stacked")
        panes.set_class(len(layout.shown) == 1, "-one")
        panes.set_class(len(layout.shown) == 3, "-three")
        for pane in ORDER:
            self.view(pane).display = pane in layout.shown

    def go_to_pane(self, pane: Pane) -> None:
        self.pane = pane
        self.arrange_panes()
        self.set_focus(self.view(pane))  # at once: the next keys may be here already

    def on_resize(self) -> None:
        self.arrange_panes()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for pane in ORDER:
            if event.widget is self.view(pane) and pane is not self.pane:
                self.pane = pane
                self.arrange_panes()
                self._follow(_REST)
        self.call_after_refresh(self.show_keys)

    def show_keys(self) -> None:
        """The keys that do something where one stands, as they are bound."""
        told: dict[str, str] = {}
        for active in self.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.id != "help":
                told.setdefault(binding.key_display or self.app.get_key_display(binding), binding.description)
        self.keys.show_keys([*told.items(), ("?", "help")])

    def say(self, words: str, style: str = "") -> None:
        self.keys.say(words, style)

    # -- what the app gives ---------------------------------------------

    def show_sessions(self, forest: Forest, title: str) -> None:
        """``title`` tells how many there are, and whether that is all."""
        self.forest = forest
        self._sessions_title = title
        self.sessions.show(forest)
        self._title_sessions()

    @on(SessionList.Arranged)
    def _title_sessions(self) -> None:
        order = self.sessions.arrangement.order
        if self.filter_words:
            title = f"Sessions {self.sessions.sessions_shown():,} · {self.filter_words}"
        else:
            title = self._sessions_title
        self.sessions.set_title(title + (f" · by {order}" if order != "started" else ""))

    def show_opened(self, opened: Opened, rows: list[Row]) -> None:
        """A session, as far as it has been read: another one, or more of the same."""
        is_same = self.opened is opened
        self.opened = opened
        summary = self._summary()
        if is_same:
            self.timeline.update(rows, opened.workers(), summary)
        else:
            self.search = None
            self._mark("")
            self.timeline.show(rows, opened.workers(), summary)
        self._follow(0 if not is_same else _REST, again=True)

    def show_growth(self, opened: Opened, growth: Growth, rows: list[Row]) -> None:
        """The open session goes on; where one stands is not touched."""
        before = self.timeline.selected
        self.timeline.go_on(growth, rows, opened.workers(), self._summary())
        after = self.timeline.selected
        if before is not after or (after is not None and not _is_over(after)):
            self._follow(_REST, again=True)

    def _summary(self) -> Line:
        opened = self.opened
        if opened is None:
            return []
        activity = self.activities.get(opened.key) if opened.session.state == "in_progress" else None
        return summary_of(opened.session, activity, _now())

    def show_activities(self, activities: dict[str, Activity]) -> None:
        """Who is at work; as long as somebody is, the seconds are counted."""
        self.activities = activities
        self.sessions.show_activities(activities, _now())
        self._tick()

    def _tick(self) -> None:
        now = _now()
        self.sessions.tick(now)
        own = self.activities.get(self.opened.key) if self.opened is not None else None
        self.timeline.summarize(self._summary())
        self.timeline.tick(now if own is not None and own.is_running else None)
        if not self.activities:
            self._ticking.pause()
        else:
            self._ticking.resume()

    @on(Timeline.Followed)
    def _title_timeline(self) -> None:
        title = "Timeline" if self.choice == Choice() else "Timeline · filtered"
        if self.timeline.follows:
            title += " · following"
        elif self.timeline.unseen:
            title += f" · {self.timeline.unseen:,} new ↓"
        self.timeline.set_title(title)

    def show_no_sessions(self, places: list[str]) -> None:
        for pane in ORDER:
            self.view(pane).display = False
        self.welcome.display = True
        self.welcome.tell(places)
        self.set_focus(self.welcome)

    def show_crumbs(self, line: Line) -> None:
        self._crumbs = line
        self._draw_top()

    def tell_progress(self, words: str) -> None:
        self._progress = words
        self._draw_top()

    def tell_way(self, words: str) -> None:
        """How changes of files are noticed."""
        self._way = words
        self._draw_top()

    def _draw_top(self) -> None:
        right: Line = [(self._progress, "yellow")] if self._progress else [(self._way, "dim")]
        self.crumbs.show(self._crumbs, right)

    def select(self, spot: Spot) -> None:
        with self.timeline.prevent(LineView.Moved):
            self.timeline.select(spot.turn, spot.item)
        if self.pane is Pane.SESSIONS:
            self.go_to_pane(Pane.TIMELINE)
        self._follow(0)

    # -- what follows the cursor ----------------------------------------

    @on(LineView.Moved)
    def _on_moved(self, event: LineView.Moved) -> None:
        self.say("")
        if event.view is self.sessions:
            self._follow(_LONGER_REST)
        elif event.view is self.timeline:
            self._follow(_REST)

    def _follow(self, rest: float, *, again: bool = False) -> None:
        """The detail is told of what is selected, once the cursor has come to rest; or told again."""
        if self._resting is not None:
            self._resting.stop()
        if rest:
            self._resting = self.set_timer(rest, lambda: self._ask(again=again))
        else:
            self._ask(again=again)

    def _ask(self, *, again: bool = False) -> None:
        member = self.sessions.selected
        if self.pane is Pane.SESSIONS and member is not None:
            if self.opened is None or member.entry.key != self.opened.key:
                if self.timeline.display:
                    self.post_message(OpenWanted(member, keep_focus=True))
                elif self.detail.display:
                    self._tell(member.entry.key, partial(_document_of_entry, member))
            return
        opened, row = self.opened, self.timeline.selected
        if opened is not None and row is not None and self.detail.display:
            subject = (opened.number, row.kind, row.turn.index, row.place, self.is_raw)
            self._tell(subject, partial(_document_of, opened, row, self.is_raw), again=again)

    def _tell(self, subject: object, make: Callable[[int], Laid], *, again: bool = False) -> None:
        """Whoever reads the detail stays where they are, as long as it is about the same."""
        is_same = subject == self._subject
        self._subject = subject
        if again or not is_same:
            self._show_document(make, again=is_same)

    @work(group="detail", exclusive=True)
    async def _show_document(self, make: Callable[[int], Laid], *, again: bool = False) -> None:
        self._asked += 1
        asked = self._asked
        document = await asyncio.to_thread(make, self.detail.text_width)
        if asked != self._asked:
            return
        if again:
            self.detail.update(document)
        else:
            self.detail.show(document)

    @on(LineView.Entered)
    def _on_entered(self, event: LineView.Entered) -> None:
        if event.view is self.sessions and self.sessions.selected is not None:
            self.post_message(OpenWanted(self.sessions.selected))
        elif event.view is self.timeline:
            self.go_to_pane(Pane.DETAIL)
            self._follow(0)

    # -- keys: where one is ---------------------------------------------

    def action_pane(self, name: str) -> None:
        self.go_to_pane(Pane(name))
        self._follow(0)

    def action_next_pane(self, by: int) -> None:
        if not self.welcome.display:
            self.action_pane(ORDER[(ORDER.index(self.pane) + by) % len(ORDER)])

    def action_zoom(self) -> None:
        self.is_zoomed = not self.is_zoomed
        self.arrange_panes()

    def action_back(self) -> None:
        """One step out of where one is."""
        if self.is_zoomed:
            self.action_zoom()
        elif self.search is not None and self.pane is not Pane.SESSIONS:
            self._forget_search()
        elif self.pane is Pane.SESSIONS:
            if self.filter_words:
                self._filter_sessions("")
        elif self.pane is Pane.DETAIL:
            self.go_to_pane(Pane.TIMELINE)
        elif self.opened is not None and self.opened.key in self._came_from:
            self.action_parent()
        else:
            self.go_to_pane(Pane.SESSIONS)

    def action_worker(self) -> None:
        """Into the worker that the call under the cursor started or spoke to."""
        row, opened = self.timeline.selected, self.opened
        call = row.item if row is not None else None
        child_id = call.child_session if isinstance(call, Call) else None
        if opened is None or child_id is None:
            self.say("no worker here: w follows a call that started one", "yellow")
            return
        named = self.forest.named(child_id)
        if not named:
            self.say(f"the session of this worker is not here ({one_line(child_id[:8])})", "yellow")
            return
        assert row is not None
        self._came_from[named[0].entry.key] = Wish(place=row.place)
        self.post_message(OpenWanted(named[0]))

    def action_parent(self) -> None:
        """Back to who started this worker, at the very call."""
        opened = self.opened
        member = opened.member if opened is not None else None
        if opened is None or member is None or member.parent is None:
            self.say("nobody started this session: it stands at the top", "yellow")
            return
        self.say("")
        wish = self._came_from.pop(opened.key, Wish(call_id=member.call_id))
        self.post_message(OpenWanted(member.parent, wish))

    def action_failure(self, by: int) -> None:
        self.post_message(FailureWanted(by))

    # -- keys: what is looked for ---------------------------------------

    def action_search(self) -> None:
        if self.pane is Pane.SESSIONS:
            self._prompt("filter", "filter:", self.filter_words)
        else:
            self._prompt("search", "search:", self.search.words if self.search is not None else "")

    def action_go(self) -> None:
        self._prompt("go", "go to turn, line N, 14:05, @1h30m or id:", "")

    def _prompt(self, purpose: str, label: str, words: str) -> None:
        from trace_tui.widgets.prompt import Prompt

        if self.query(Prompt):
            return
        self.keys.display = False
        self.mount(Prompt(purpose, label, words))

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
            self._forget_search()
            return
        self._searches += 1
        walk = self.search = SearchWalk(self._searches, words)
        opened = self.opened
        self._mark(words)
        self.say(walk.told())

        def work() -> None:
            from trace_tui.app.searching import search

            worker = get_current_worker()
            try:
                search(walk, opened, self.post_message, lambda: worker.is_cancelled)
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

    def _forget_search(self) -> None:
        self.search = None
        self._mark("")
        self.say("")

    def _mark(self, words: str) -> None:
        for view in (self.timeline, self.detail):
            view.words_to_mark = words
            view.look_changed()

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

        if ticked is None or self.opened is None:
            return
        self.choice = kinds_chosen(ticked)
        book = RowBook(self.choice)
        book.update(self.opened.session.turns)
        self.opened.book = book
        self.show_opened(self.opened, list(book.rows))
        self._title_timeline()

    def action_raw(self) -> None:
        self.is_raw = not self.is_raw
        self.detail.set_title("Detail · raw" if self.is_raw else "Detail")
        self._follow(0)

    # -- keys: out of here ----------------------------------------------

    def action_copy(self) -> None:
        from trace_tui.app.copying import copies_of
        from trace_tui.widgets.menu import Menu

        if self.opened is not None:
            row = None if self.pane is Pane.SESSIONS else self.timeline.selected
            offered = copies_of(self.opened, row, self.detail.document)
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


def _document_of_entry(member: Member, width: int) -> Laid:
    from trace_tui.app.documents import document_of_entry

    return document_of_entry(member, width)


def _document_of(opened: Opened, row: Row, raw: bool, width: int) -> Laid:
    from trace_tui.app.documents import document_of_row, document_of_session

    if row.kind is Kind.SESSION and not raw:
        return document_of_session(opened, width)
    return document_of_row(opened, row, raw=raw, width=width)


def _now() -> int:
    return int(time.time() * 1000)


def _is_over(row: Row) -> bool:
    """What is told of it will not change."""
    if row.kind is Kind.SESSION or (row.kind is Kind.TURN and row.turn.status is TurnStatus.IN_PROGRESS):
        return False
    return not (isinstance(row.item, Call) and row.item.status is CallStatus.RUNNING)


def _begins(member: Member, words: str) -> bool:
    return len(words) >= _FEWEST and (member.entry.id or "").startswith(words.lower())
