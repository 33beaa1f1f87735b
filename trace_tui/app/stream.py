"""A whole chain as one: the steps of all its agents in the order of time, each with its agent's letter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from trace_tui.app.opened import Opened, sources_of
from trace_tui.app.wishes import Wish
from trace_tui.errors import TraceError
from trace_tui.library.chains import Forest, Member
from trace_tui.library.finding import ThreadFiles
from trace_tui.model import Session
from trace_tui.widgets.timeline_rows import Choice, Growth, Row, RowBook, interleaved
from trace_tui.wording.agents import Badge, badge_of

if TYPE_CHECKING:
    from trace_tui.following import News
    from trace_tui.loader import Progress


_SHOWN_EVERY = 0.4
"""Seconds; each time all rows are put together anew."""


class Stream(Opened):
    """All sessions of a chain on the screen at once; its own session is that of the head."""

    def __init__(self, number: int, head: Member, threads: dict[str, ThreadFiles], wish: Wish | None) -> None:
        members = list(head.members())
        self._badges = badge_of(members)
        self._parts = [
            Opened(number, sources_of(threads[one.entry.key], None), one)
            for one in members
            if one.entry.key in threads
        ]
        if not self._parts:
            raise TraceError("no file of this chain is here any more")
        super().__init__(number, self._parts[0].sources, head, wish=wish)

    @property
    def key(self) -> str:
        return f"chain of {super().key}"

    @property
    def name(self) -> str:
        return f"{super().name} · all {len(self._parts)} agents"

    def parts(self) -> list[Opened]:
        return self._parts

    def part_of(self, row: Row) -> Opened:
        return self.part_named(row.thread)

    def take_place(self, forest: Forest, threads: Mapping[str, ThreadFiles]) -> None:
        """Agents that have joined are read when it is looked at the next time."""
        super().take_place(forest, threads)
        assert self.member is not None
        members = list(self.member.members())
        self._badges = badge_of(members)
        for one in self._parts:
            one.take_place(forest, threads)
        known = {one.key for one in self._parts}
        for member in members:
            if member.entry.key not in known and member.entry.key in threads:
                with suppress(TraceError):  # its file has gone again
                    sources = sources_of(threads[member.entry.key], None)
                    self._parts.append(Opened(self.number, sources, member, forest=forest))

    async def load(
        self,
        choice: Callable[[], Choice],
        on_progress: Callable[[Progress], None],
        on_rows: Callable[[Session, list[Row], bool], None],
    ) -> None:
        """One session after another, the head first; what has been read of them is shown now and then."""
        from trace_tui.loader import Progress

        self.book = RowBook(choice())
        shown_at = 0.0
        for done, one in enumerate(self._parts):
            await self._load_part(one)
            self.session = self._parts[0].session
            if (now := time.monotonic()) - shown_at > _SHOWN_EVERY:
                shown_at = now
                on_progress(Progress(done, len(self._parts)))
                on_rows(self.session, await asyncio.to_thread(self.rows), False)
        on_progress(Progress(1, 1))
        on_rows(self.session, await asyncio.to_thread(self.rows), True)

    async def look(self, on_growth: Callable[[Session, Growth, list[Row]], None]) -> News:
        """Of each in turn; where any has gone on, all rows are put together anew."""
        from trace_tui.following import News

        news = [await self._look_at(one) for one in list(self._parts)]
        if News.GROWN in news:
            rows = await asyncio.to_thread(self.rows)
            on_growth(self.session, Growth(0, rows), rows)
            return News.GROWN
        return News.CHANGED if News.CHANGED in news else News.NOTHING

    async def _look_at(self, part: Opened) -> News:
        from trace_tui.following import News

        if part.is_whole:
            return await part.look(_unheard_growth)
        await self._load_part(part)
        return News.GROWN

    async def _load_part(self, part: Opened) -> None:
        await part.load(lambda: self.book.choice, _unheard, _unheard_rows)
        part.is_whole = True

    def arrange(self, choice: Choice) -> None:
        self.book = RowBook(choice)  # of what is yet to come
        for one in self._parts:
            one.arrange(choice)

    def rows(self) -> list[Row]:
        told: list[tuple[Badge | None, str, Sequence[Row]]] = [
            (self._badges[one.key], one.key, one.book.rows) for one in self._parts if one.is_whole
        ]
        return list(interleaved(told))


def _unheard(progress: Progress) -> None:
    """Of each of many sessions nobody wants to know how far it is."""


def _unheard_rows(session: Session, rows: list[Row], is_whole: bool) -> None:
    """They are shown together with those of the others."""


def _unheard_growth(session: Session, growth: Growth, rows: list[Row]) -> None:
    """As above."""
