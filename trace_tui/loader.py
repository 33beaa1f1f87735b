"""Loads a session without ever holding up the event loop: the header at once, the rest, then its growth.

The work is done by one thread at a time, line by line; the loop only hears how far it is. Cancelling the task
that awaits `load` or `look` stops the thread at its next step.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from trace_tui.errors import Cancelled
from trace_tui.following import Follower, News
from trace_tui.model import Session
from trace_tui.reading import SessionReader
from trace_tui.sources import Source

_HEARD_EVERY = 1 << 20
"""Bytes between two words of progress."""
_FIRST_PART = 0.03
"""Seconds until what has been read is worth showing; the next parts come ever later, for each costs more."""
_LATER = 3
_TURN = 0.001
"""Seconds after which a thread at work must let a waiting one in. Python's own 5 ms begin anew whenever the
worker reads from its file meanwhile, so that an event loop waits for several of them."""

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Progress:
    read: int
    total: int


class Loader:
    """One load of one thread's files, which can go on as they grow."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources
        self._follower = Follower(sources)

    async def header(self) -> Session:
        """What the first records tell, without reading on."""
        return await asyncio.to_thread(self._read_header)

    async def load(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        on_part: Callable[[Session], None] | None = None,
        on_whole: Callable[[Session], None] | None = None,
    ) -> Session:
        """``on_part`` is given the session so far, a few times, and ``on_whole`` all of it; in the thread."""
        loop = asyncio.get_running_loop()

        def work(stop: threading.Event) -> Session:
            def tell(progress: Progress) -> None:
                if on_progress is not None and not stop.is_set():
                    loop.call_soon_threadsafe(on_progress, progress)

            return self._read_all(stop, tell, on_part, on_whole)

        return await _in_thread(work)

    async def look(self, on_more: Callable[[Session], None]) -> News:
        """Reads what has been written since; ``on_more`` is given the session in the thread.

        Raises `NotTheSame` where it has to be loaded anew.
        """

        def work(stop: threading.Event) -> News:
            news = self._follower.news()
            if news is News.GROWN:
                _run(self._follower.read_on(), stop)
                on_more(self._follower.session())
            return news

        return await _in_thread(work)

    def _read_header(self) -> Session:
        reader = SessionReader(self._sources[:1])
        next(reader.steps(), None)
        return reader.session()

    def _read_all(
        self,
        stop: threading.Event,
        tell: Callable[[Progress], None],
        on_part: Callable[[Session], None] | None,
        on_whole: Callable[[Session], None] | None,
    ) -> Session:
        follower = self._follower
        total = follower.reader.total
        heard = 0
        began, due = time.monotonic(), _FIRST_PART
        for taken in follower.read():
            if stop.is_set():
                raise Cancelled("loading was stopped")
            if taken - heard >= _HEARD_EVERY:
                heard = taken
                tell(Progress(taken, max(total, taken)))
            if on_part is not None and time.monotonic() - began > due:
                on_part(follower.session())
                due = _LATER * (time.monotonic() - began)
        session = follower.settled()
        if on_whole is not None:
            on_whole(session)
        tell(Progress(total, total))
        return session


def _run(steps: Iterator[int], stop: threading.Event) -> None:
    for _ in steps:
        if stop.is_set():
            raise Cancelled("reading was stopped")


async def _in_thread(work: Callable[[threading.Event], Told]) -> Told:
    """Runs it in a thread, which is told to stop when nobody waits for it any more."""
    sys.setswitchinterval(min(sys.getswitchinterval(), _TURN))
    stop = threading.Event()
    running = asyncio.get_running_loop().run_in_executor(None, work, stop)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # the thread's own `Cancelled` has been expected
        raise
