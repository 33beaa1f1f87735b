"""The app: what it can do with a chain of sessions, and with itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from rich.text import Text as RichText
from textual import on, work
from textual.app import SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import WorkerFailed

from trace_tui.app.failures import Failure, FailureWalk, Here, failures_in, failures_told
from trace_tui.app.messages import (
    ChainWanted,
    FailureWanted,
    OpenWanted,
    StreamWanted,
)
from trace_tui.app.opened import Opened
from trace_tui.app.panes import ORDER, Pane
from trace_tui.app.reading_app import ReadingApp
from trace_tui.app.starting import OPEN_DEMO, Start
from trace_tui.app.wishes import Wish
from trace_tui.errors import TraceError
from trace_tui.library.chains import Member
from trace_tui.library.library import Library
from trace_tui.model import Call
from trace_tui.wording.cast import called


class TraceApp(ReadingApp):
    """All of it."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._chain_failures: list[Failure] = []
        """Of the others in the chain of what is open."""
        self._walk_stamp: tuple[int, ...] = ()
        self._walk = FailureWalk([], [])

    def session_whole(self, opened: Opened) -> None:
        self._chain_failures = []
        self._learn_failures(opened)

    # -- the chain as a whole -------------------------------------------

    @on(ChainWanted)
    @work(group="chain", exclusive=True, description="chain")
    async def _show_chain(self) -> None:
        from trace_tui.app.chain_screen import ChainScreen
        from trace_tui.library.chain_times import times_of

        here = self.main.sessions.selected if self.main.pane is Pane.SESSIONS else None
        here = here or (self.opened.member if self.opened is not None else None)
        if here is None or not here.root.children:
            self.main.say("this session started no workers, and none started it", "yellow")
            return
        head = here.root
        times = await asyncio.wrap_future(self.shelf.ask(lambda library: times_of(head, library.catalog)))
        await self.push_screen(ChainScreen(times, here), self._on_chain_left)

    @on(StreamWanted)
    def _on_stream_wanted(self, event: StreamWanted) -> None:
        """All agents in one timeline; from there, back to the one whose step is selected, at that step."""
        from trace_tui.app.stream import Stream

        opened = self.opened
        if opened is None:
            return
        place = event.row.place if event.row is not None and event.row.item is not None else None
        if isinstance(opened, Stream):
            part = opened.part_of(event.row) if event.row is not None else opened.parts()[0]
            if part.member is not None:
                self.open_member(part.member, Wish(place=place) if place is not None else None)
            return
        if opened.member is None or not opened.member.root.children:
            self.main.say("this session started no workers, and none started it", "yellow")
            return
        self.is_touched = True
        self.opened_before += 1
        wish = Wish(place=place, thread=opened.key) if place is not None else None
        try:
            self.show(Stream(self.opened_before, opened.member.root, self.threads, wish))
        except TraceError as problem:
            self.main.say(str(problem), "bold red")

    def _on_chain_left(self, member: Member | None) -> None:
        if member is not None:
            self.main.post_message(OpenWanted(member))

    # -- the walk from failure to failure -------------------------------

    @work(group="failures", exclusive=True, description="failures")
    async def _learn_failures(self, opened: Opened) -> None:
        """What failed elsewhere in the chain: the catalog knows it, whatever is open."""
        if opened.member is None or len(opened.parts()) > 1:
            return
        others = [
            one for one in opened.member.root.members() if one.entry.key != opened.key and one.entry.failures
        ]
        by_number = {one.entry.number: one.entry for one in others}
        if not by_number:
            return

        def ask(library: Library) -> list[Failure]:
            told: dict[int, list[tuple[int, str | None, int | None]]] = {number: [] for number in by_number}
            for number, turn, call_id, at in library.catalog.failures_of(by_number):
                told[number].append((turn, call_id, at))
            return [
                failure
                for number, rows in told.items()
                for failure in failures_told(rows, by_number[number].key, by_number[number].started_at)
            ]

        self._chain_failures = await asyncio.wrap_future(self.shelf.ask(ask))

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
        stamp = (opened.number, len(self._chain_failures), *(part.grown for part in opened.parts()))
        if stamp != self._walk_stamp:
            own = [failure for part in opened.parts() for failure in failures_in(part.session, part.key)]
            self._walk_stamp, self._walk = stamp, FailureWalk(own, self._chain_failures)
        return self._walk

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
        if member is not None:
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
