"""Sessions beside the open one – who started it, whom it started –, read when a detail needs them, and kept.

They are read in a thread, one at a time; only the part of a detail that tells of them waits for them. What
was read stays as long as something of its chain is open, and is read on when it is asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trace_tui.app.garbage import uncollected
from trace_tui.app.opened import Opened, loader_of, sources_of
from trace_tui.errors import TraceError
from trace_tui.library.chains import Member
from trace_tui.library.finding import ThreadFiles
from trace_tui.model import Session
from trace_tui.widgets.blocks import Block
from trace_tui.widgets.detail import Laid

if TYPE_CHECKING:
    from trace_tui.loader import Loader
    from trace_tui.sources import Source

_KEPT = 16
"""So many sessions; the one that was read first is forgotten first."""
_A_MOMENT = 0.3
"""Seconds after which it is said that something is being read."""


@dataclass(frozen=True, slots=True)
class Relative:
    """What is at hand of a thread: its session, or why there is none."""

    session: Session | None = None
    sources: list[Source] = field(default_factory=list)
    trouble: str = ""


class Part(NamedTuple):
    """A part of a document, and the thread beside its own that it has something to tell of."""

    name: str
    thread_id: str | None
    """None where its own session tells all."""
    tell: Callable[[bool], list[Block]]
    """With what is at hand by then; given whether it took long enough to say so."""


class Telling(NamedTuple):
    """A document as far as it can be told, and the parts for which more has to be read."""

    document: Laid
    parts: Sequence[Part] = ()


_NOT_HERE = Relative()

Fill = Callable[[str, list[Block]], bool]
"""Puts blocks where the part of that name stands; whether it is still looked at."""


class Relatives:
    def __init__(self) -> None:
        self.threads: dict[str, ThreadFiles] = {}
        """Where the library found files, by the keys of sessions."""
        self._at_hand: dict[str, Relative] = {}
        self._loaders: dict[str, Loader] = {}
        self._reading: dict[str, asyncio.Task[bool]] = {}

    def at_hand(self, thread_id: str) -> Relative | None:
        """What was read of it; None where nobody has tried. May be asked in any thread."""
        return self._at_hand.get(thread_id)

    def all_at_hand(self) -> list[Relative]:
        return list(self._at_hand.values())

    async def complete(self, parts: Iterable[Part], near: Opened, fill: Fill) -> None:
        """Brings what the parts need and has them told again, until ``fill`` says that nobody looks."""
        for part in parts:
            if part.thread_id is None:
                continue
            reading = self.bring(part.thread_id, near)
            done, _ = await asyncio.wait({reading}, timeout=_A_MOMENT)
            if not done:
                if not fill(part.name, await asyncio.to_thread(part.tell, True)):
                    return
                await asyncio.wait({reading})
            if reading.cancelled():
                return
            if reading.result() and not fill(part.name, await asyncio.to_thread(part.tell, False)):
                return

    def bring(self, thread_id: str, near: Opened) -> asyncio.Task[bool]:
        """Reads it, or what has been written of it since; the result says whether there is anything new.

        What another thread is read for nobody waits any more: that is stopped. This one is read to its end,
        also where nobody waits for it.
        """
        task = self._reading.get(thread_id)
        if task is None:
            self.stop()
            task = self._reading[thread_id] = asyncio.create_task(self._read(thread_id, near))
            task.add_done_callback(partial(self._is_read, thread_id))
        return task

    def gather_round(self, opened: Opened) -> None:
        """Another session is open: those of its chain stay."""
        chain = _chain_ids(opened) - {opened.session.id}
        if not self._reading.keys() <= chain:
            self.stop()
        for thread_id in self._at_hand.keys() - chain:
            self._forget(thread_id)

    def stop(self) -> None:
        for task in self._reading.values():
            task.cancel()
        self._reading.clear()

    def _is_read(self, thread_id: str, task: asyncio.Task[bool]) -> None:
        if self._reading.get(thread_id) is task:
            del self._reading[thread_id]

    def _forget(self, thread_id: str) -> None:
        self._at_hand.pop(thread_id, None)
        self._loaders.pop(thread_id, None)

    async def _read(self, thread_id: str, near: Opened) -> bool:
        try:
            if thread_id in self._loaders:
                is_read, is_new = await self._read_on(thread_id)
                if is_read:
                    return is_new
            relative = await self._read_anew(thread_id, near)
        except TraceError as problem:
            self._loaders.pop(thread_id, None)
            relative = Relative(trouble=str(problem))
        before = self._at_hand.pop(thread_id, None)
        self._at_hand[thread_id] = relative
        while len(self._at_hand) > _KEPT:
            self._forget(next(iter(self._at_hand)))
        return before != relative

    async def _read_on(self, thread_id: str) -> tuple[bool, bool]:
        """Whether it is still what was read, and whether there was more of it."""
        from trace_tui.following import News, NotTheSame

        try:
            news = await self._loaders[thread_id].look(lambda session: None)
        except NotTheSame:
            news = News.CHANGED
        return news is not News.CHANGED, news is News.GROWN

    async def _read_anew(self, thread_id: str, near: Opened) -> Relative:
        sources = await asyncio.to_thread(_files_of, thread_id, near, self.threads)
        if not sources:
            return _NOT_HERE
        loader = await asyncio.to_thread(loader_of, sources)
        with uncollected():
            session = await loader.load()
        self._loaders[thread_id] = loader
        return Relative(session, sources)


def _chain_ids(opened: Opened) -> set[str]:
    members = opened.member.root.members() if opened.member is not None else ()
    return {member.entry.id for member in members if member.entry.id is not None}


def _files_of(thread_id: str, near: Opened, threads: dict[str, ThreadFiles]) -> list[Source]:
    """Where the library says they are; else where the open session lies. None where it is nowhere."""
    from trace_tui.home import Home

    member = _named(thread_id, near.member)
    thread = threads.get(member.entry.key) if member is not None else None
    if thread is not None:
        return sources_of(thread, None)
    path = Home(Path(near.sources[0].path)).find(thread_id)
    return sources_of(None, path) if path is not None else []


def _named(thread_id: str, near: Member | None) -> Member | None:
    """Of several sessions of one id the one that hangs together with the open one."""
    if near is None:
        return None
    around = [*([near.parent] if near.parent is not None else []), *near.children]
    return next((one for one in around if one.entry.id == thread_id), None)
