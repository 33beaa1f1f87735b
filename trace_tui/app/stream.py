"""A whole chain as one: the steps of all its agents in the order of time, each with its agent's letter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from trace_tui.app.opened import Opened, sources_of
from trace_tui.app.wishes import Wish
from trace_tui.errors import TraceError, Unreadable
from trace_tui.library.chains import Forest, Member
from trace_tui.library.finding import ThreadFiles
from trace_tui.model import Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.widgets.row_book import Growth, RowBook, interleaved
from trace_tui.widgets.timeline_rows import Choice, Row
from trace_tui.wording.agents import Badge, aligned, badge_of

if TYPE_CHECKING:
    from trace_tui.following import News
    from trace_tui.loader import Progress


_SHOWN_EVERY = 0.4
"""Seconds; each time all rows are put together anew."""


_LOST = Badge("?", "dim")
"""Of what was an agent of the chain until its file went away."""


class Stream(Opened):
    """All sessions of a chain on the screen at once; its own session is that of the head."""

    def __init__(
        self, number: int, head: Member, threads: Mapping[str, ThreadFiles], wish: Wish | None
    ) -> None:
        members = list(head.members())
        self._badges = aligned(badge_of(members))
        self._threads = threads
        self._parts = [part for one in members if (part := _part(number, one, threads)) is not None]
        self._unreadable: dict[str, str] = {}
        """Why, by the keys of the parts; they are tried again when the library has more to tell."""
        self._gone: list[str] = []
        """The names of those whose files are not there any more."""
        if not self._parts:
            raise TraceError("no file of this chain is here any more")
        super().__init__(number, self._parts[0].sources, head, wish=wish)

    @property
    def key(self) -> str:
        return f"chain of {super().key}"

    @property
    def is_chain(self) -> bool:
        return True

    @property
    def name(self) -> str:
        return f"{super().name} · all {len(self._parts)} agents"

    def parts(self) -> list[Opened]:
        return self._parts

    def part_of(self, row: Row) -> Opened:
        return self.part_named(row.thread)

    def again(self, number: int, threads: Mapping[str, ThreadFiles], wish: Wish) -> Stream:
        assert self.member is not None
        return Stream(number, self.member, threads, wish)

    def trouble(self, news: News) -> str:
        told = [f"the file of {name} is gone; what was read of it stays" for name in self._gone]
        told += self._unreadable.values()
        return one_line(" · ".join(told), 400)

    def take_place(self, forest: Forest, threads: Mapping[str, ThreadFiles]) -> None:
        """Agents that have joined are read when it is looked at the next time."""
        super().take_place(forest, threads)
        assert self.member is not None
        members = list(self.member.members())
        self._badges = aligned(badge_of(members))
        self._threads = threads
        self._unreadable.clear()
        for one in self._parts:
            one.take_place(forest, threads)
        known = {one.key for one in self._parts}
        for member in members:
            if member.entry.key not in known and (part := _part(self.number, member, threads)) is not None:
                part.forest = forest
                self._parts.append(part)

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
            await self._look_at(one)
            self.session = self._parts[0].session
            if (now := time.monotonic()) - shown_at > _SHOWN_EVERY:
                shown_at = now
                on_progress(Progress(done, len(self._parts)))
                on_rows(self.session, await asyncio.to_thread(self.rows), False)
        if len(self._unreadable) == len(self._parts):
            raise TraceError(next(iter(self._unreadable.values())))
        on_progress(Progress(1, 1))
        on_rows(self.session, await asyncio.to_thread(self.rows), True)

    async def look(self, on_growth: Callable[[Session, Growth, list[Row]], None]) -> News:
        """Of each in turn; where any has gone on, all rows are put together anew."""
        from trace_tui.following import News

        told = [(one, await self._look_at(one)) for one in list(self._parts)]
        self._gone = [one.name for one, news in told if news is News.GONE]
        if all(news is not News.GROWN for _, news in told):
            return News.NOTHING
        self.session = self._parts[0].session
        rows = await asyncio.to_thread(self.rows)
        on_growth(self.session, Growth(0, rows), rows)
        return News.GROWN

    async def _look_at(self, part: Opened) -> News:
        from trace_tui.following import News

        if part.key in self._unreadable:
            return News.NOTHING
        try:
            news = await self._news_of(part)
            if news is News.CHANGED:
                await self._read(part)
        except Unreadable as problem:
            self._unreadable[part.key] = str(problem)
            return News.NOTHING
        return News.GROWN if news is News.CHANGED else news

    async def _news_of(self, part: Opened) -> News:
        from trace_tui.following import News, NotTheSame

        if not part.is_whole or part.has_moved(self._threads):
            return News.CHANGED
        try:
            return await part.look(_unheard_growth)
        except NotTheSame:
            return News.CHANGED

    async def _read(self, part: Opened) -> None:
        """One that was read before keeps its rows until those of the new reading are there."""
        fresh = part.again(self.number, self._threads, Wish()) if part.is_whole else part
        await fresh.load(lambda: self.book.choice, _unheard, _unheard_rows)
        fresh.is_whole = True
        self._parts = [fresh if one is part else one for one in self._parts]

    def arrange(self, choice: Choice) -> None:
        self.book = RowBook(choice)  # of what is yet to come
        for one in self._parts:
            one.arrange(choice)

    def rows(self) -> list[Row]:
        told: list[tuple[Badge | None, str, Sequence[Row]]] = [
            (self._badges.get(one.key, _LOST), one.key, one.book.rows) for one in self._parts if one.is_whole
        ]
        return list(interleaved(told))


def _part(number: int, member: Member, threads: Mapping[str, ThreadFiles]) -> Opened | None:
    """None where its files are not there any more."""
    if member.entry.key not in threads:
        return None
    try:
        return Opened(number, sources_of(threads[member.entry.key], None), member)
    except TraceError:
        return None


def _unheard(progress: Progress) -> None:
    """Of each of many sessions nobody wants to know how far it is."""


def _unheard_rows(session: Session, rows: list[Row], is_whole: bool) -> None:
    """They are shown together with those of the others."""


def _unheard_growth(session: Session, growth: Growth, rows: list[Row]) -> None:
    """As above."""
