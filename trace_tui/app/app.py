"""The app: what it can do with a chain of sessions, and with itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text as RichText
from textual import on, work
from textual.app import SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import WorkerFailed

from trace_tui.app.failures import Failure, FailureWalk, Here, failures_in, failures_known
from trace_tui.app.messages import (
    ChainWanted,
    FailureWanted,
    StreamWanted,
)
from trace_tui.app.opened import Opened
from trace_tui.app.panes import ORDER, Pane
from trace_tui.app.reading_app import ReadingApp
from trace_tui.app.starting import OPEN_DEMO, Start
from trace_tui.app.wishes import Wish
from trace_tui.errors import TraceError
from trace_tui.library.chains import Forest, Member
from trace_tui.library.library import Library
from trace_tui.model import Call
from trace_tui.wording.cast import called

if TYPE_CHECKING:
    from trace_tui.app.chain_screen import Choice
    from trace_tui.library.chain_times import ChainTimes


_HINTS_EVERY = 5.0
"""Seconds between two looks for hints in a session that goes on."""
_HINTS_SHARE = 20
"""They may take a twentieth of the time."""
_A_MOMENT = 0.3
"""Seconds after which it is said that the chain has to be waited for."""


class TraceApp(ReadingApp):
    """All of it."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._chain_failures: list[Failure] = []
        """Of the others in the chain of what is open."""
        self._chain_failed: dict[str, int] = {}
        """How many of whose these are, or will be as soon as the catalog has told."""
        self._failures_told = 0
        """Counts how often the catalog has told of them."""
        self._walk_stamp: tuple[int, ...] = ()
        self._walk = FailureWalk([], [])
        self._next_hints: Timer | None = None
        self._hints_took = 0.0

    def session_whole(self, opened: Opened) -> None:
        self._learn_failures(opened)
        if self._next_hints is not None:
            self._next_hints.stop()  # it was for what was open before
        self._look_for_hints(opened)

    # -- loops and stalls -----------------------------------------------

    def session_grown(self, opened: Opened) -> None:
        """Not at every line: a look costs something."""
        if self._next_hints is None and opened.is_whole:
            rest = max(_HINTS_EVERY, _HINTS_SHARE * self._hints_took)
            self._next_hints = self.set_timer(rest, lambda: self._look_for_hints(opened))

    @work(group="hints", exclusive=True, description="hints")
    async def _look_for_hints(self, opened: Opened) -> None:
        from trace_tui.app.hints import look_for_hints

        self._next_hints = None
        if self.opened is not opened:
            return
        began = time.monotonic()
        await asyncio.to_thread(look_for_hints, opened)
        self._hints_took = time.monotonic() - began
        self.main.show_hints(opened)

    # -- the chain as a whole -------------------------------------------

    @on(ChainWanted)
    @work(group="chain", exclusive=True, description="chain")
    async def _show_chain(self) -> None:
        from trace_tui.app.chain_screen import ChainScreen
        from trace_tui.wording.absences import who_is_absent

        here = self.main.sessions.selected if self.main.pane is Pane.SESSIONS else None
        here = here or self._member_in_sight()
        if here is None or not here.root.children:
            self._say_alone(here)
            return
        asked = asyncio.ensure_future(self._chain_by_now(here.root))
        if not (await asyncio.wait({asked}, timeout=_A_MOMENT))[0]:
            self.main.say("the chain is shown as soon as the library has time for it", "yellow")
        times, failures = await asked
        if self.screen is not self.main or self.main.is_asking:
            return  # a menu or a prompt has been opened meanwhile
        absent = who_is_absent(here.root, self.main.forest)
        await self.push_screen(ChainScreen(times, failures, here, absent), self._on_chain_left)

    def _member_in_sight(self) -> Member | None:
        """The open session; of a whole chain, the agent of the selected step."""
        opened, row = self.opened, self.main.timeline.selected
        if opened is None:
            return None
        return opened.member if row is None else opened.part_of(row).member or opened.member

    def _say_alone(self, member: Member | None) -> None:
        from trace_tui.wording.absences import NO_CHAIN, why_alone

        self.main.say_of_others(NO_CHAIN if member is None else why_alone(member, self.main.forest))

    async def _chain_by_now(self, head: Member) -> tuple[ChainTimes, list[Failure]]:
        from trace_tui.library.chain_times import times_of

        members = list(head.members())

        def ask(library: Library) -> tuple[ChainTimes, list[Failure]]:
            return times_of(head, library.catalog), failures_known(members, library.catalog)

        return await asyncio.wrap_future(self.shelf.ask(ask))

    def sessions_known(self, forest: Forest) -> None:
        super().sessions_known(forest)
        if self.opened is not None:
            self._learn_failures(self.opened)
        if len(self.screen_stack) > 1:
            self._refresh_chain(forest)

    @work(group="chain", exclusive=True, description="chain")
    async def _refresh_chain(self, forest: Forest) -> None:
        """A chain that is looked at goes on."""
        from trace_tui.app.chain_screen import ChainScreen

        screen = next((one for one in self.screen_stack if isinstance(one, ChainScreen)), None)
        head = None if screen is None else forest.keyed(screen.head.entry.key)
        if screen is not None and head is not None:
            screen.show(*await self._chain_by_now(head))

    @on(StreamWanted)
    def _on_stream_wanted(self, event: StreamWanted) -> None:
        """All agents in one timeline; from there, back to the one whose step is selected, at that step."""
        from trace_tui.app.stream import Stream

        opened, row = self.opened, event.row
        place = row.place if row is not None and row.item is not None else None
        if event.head is None and isinstance(opened, Stream):
            part = opened.parts()[0] if row is None else opened.part_of(row)
            if part.member is not None:
                self.open_member(part.member, Wish(place=place) if place is not None else None)
            return
        member = opened.member if opened is not None else None
        head = event.head or (member.root if member is not None else None)
        if head is None or not head.children:
            self._say_alone(head)
            return
        wish = event.wish
        if wish is None and opened is not None and place is not None:
            wish = Wish(place=place, thread=opened.key)
        self._show_stream(head, wish)

    def _show_stream(self, head: Member, wish: Wish | None) -> None:
        from trace_tui.app.stream import Stream
        from trace_tui.wording.absences import who_is_absent

        self.is_touched = True
        self.main.go_to_pane(Pane.TIMELINE)
        try:
            self.show(Stream(self.next_number(), head, self.threads, wish))
        except TraceError as problem:
            self.main.say(str(problem), "bold red")
            return
        if absent := who_is_absent(head, self.main.forest):
            self.main.say(absent, "yellow")

    def _on_chain_left(self, choice: Choice | None) -> None:
        if choice is None:
            return
        if choice.is_stream:
            if self.opened is None or not self.opened.is_chain:  # else it is there already, below the bars
                self.main.post_message(StreamWanted(None, choice.member))
        else:
            self.main.come_from_chain(choice.member, choice.wish)

    # -- the walk from failure to failure -------------------------------

    def _learn_failures(self, opened: Opened) -> None:
        """What failed elsewhere in the chain: the catalog knows it, whatever is open."""
        members = [] if opened.member is None else opened.member.root.members()
        here = {part.key for part in opened.parts()}
        others = [one for one in members if one.entry.key not in here and one.entry.failures]
        failed = {one.entry.key: one.entry.failures for one in others}
        if failed != self._chain_failed:
            self._chain_failed = failed
            self._ask_for_failures(others)

    @work(group="failures", exclusive=True, description="failures")
    async def _ask_for_failures(self, others: list[Member]) -> None:
        asked = self.shelf.ask(lambda library: failures_known(others, library.catalog))
        self._chain_failures = await asyncio.wrap_future(asked)
        self._failures_told += 1

    @on(FailureWanted)
    def _on_failure_wanted(self, event: FailureWanted) -> None:
        opened = self.opened
        if opened is None:
            return
        self.is_touched = True
        failures = self._walk_of(opened)
        index = failures.next(self._here(opened, failures), event.by)
        if index is None:
            where = "after" if event.by > 0 else "before"
            every = len(failures.all)
            words = f"no failure {where} this place: {every:,} in all" if every else "nothing failed"
            self.main.say(words, "yellow" if every else "green")
            return
        failure = failures.all[index]
        where = self._whose(failure, opened)
        self._go_to_failure(failure, f"failure {index + 1:,} of {len(failures.all):,}{where}")

    def _walk_of(self, opened: Opened) -> FailureWalk:
        """Made once for what has been read by now."""
        stamp = (opened.number, self._failures_told, *(part.grown for part in opened.parts()))
        if stamp != self._walk_stamp:
            own = [failure for part in opened.parts() for failure in failures_in(part.session, part.key)]
            self._walk_stamp, self._walk = stamp, FailureWalk(own, self._failures_elsewhere(opened))
        return self._walk

    def _failures_elsewhere(self, opened: Opened) -> list[Failure]:
        """What the catalog told may be of the chain that was open before."""
        members = [] if opened.member is None else opened.member.root.members()
        others = {one.entry.key for one in members} - {part.key for part in opened.parts()}
        return [one for one in self._chain_failures if one.thread in others]

    def _whose(self, failure: Failure, opened: Opened) -> str:
        """In a chain, the agent in whose session it is."""
        member = self.main.forest.keyed(failure.thread)
        if member is None or not member.root.children:
            return ""
        return f" · in {opened.cast().told_apart(member.entry.id) or called(member)}"

    def _go_to_failure(self, failure: Failure, words: str) -> None:
        if failure.spot is not None:
            self.main.select(failure.spot)
            self.main.say(words, "bold")
            return
        member = self.main.forest.keyed(failure.thread)
        if member is None:
            self.main.say_of_others(f"{words}, whose session is not here any more")
        else:
            self.open_member(member, Wish(turn=failure.turn, call_id=failure.call_id, words=words))

    def _here(self, opened: Opened, failures: FailureWalk) -> Here:
        row = self.main.timeline.selected
        if row is None:
            return Here(opened.key, 0, 0)
        part = opened.part_of(row)
        call_id = row.item.call_id if isinstance(row.item, Call) else None
        on_one = failures.find(part.key, row.turn.index, call_id) if row.is_failure else None
        before = failures.before(part.key, row.turn.index, row.place if row.item else -1)
        at = row.at or row.turn.started_at or part.session.started_at or 0
        return Here(part.key, at, before, on_one)

    # -- the rest -------------------------------------------------------

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """All that a key does, by its words, and the choice of a theme."""
        yield SystemCommand("theme", "Choose colours", self.action_change_theme)
        seen: set[str] = set()
        main = self.main
        for node in (main, main.sessions, main.timeline, main.detail):
            for key, binding in node._bindings:
                if binding.id is not None and binding.description not in seen:
                    seen.add(binding.description)
                    run = partial(self._run_for, node, binding.action)
                    yield SystemCommand(binding.description, f"key {key}", run)

    async def _run_for(self, node: DOMNode, action: str) -> None:
        """What a key does in a pane is done there."""
        pane = next((pane for pane in ORDER if self.main.view(pane) is node), None)
        if pane is not None:
            self.main.go_to_pane(pane)
        await self.run_action(action, node)

    def action_demo(self) -> None:
        """Leaves with the wish to be started again with the demo."""
        self.exit(return_code=OPEN_DEMO)

    def _fatal_error(self) -> None:
        """Leaves with one line; what went wrong is kept without what the session says."""
        from trace_tui.app.crash import keep

        error: BaseException | None = self._exception
        if isinstance(error, WorkerFailed):
            error = error.error
        kept = None if error is None else keep(error)
        where = f"; what happened is in {kept}" if kept is not None else ""
        self._exit_renderables.append(RichText(f"codex-trace-tui stopped: {type(error).__name__}{where}"))
        self._close_messages_no_wait()
