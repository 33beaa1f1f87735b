"""The library in a thread of its own: finds sessions, brings the catalog up to date, answers questions.

The app hears of sessions as they become known and asks for what it needs; it never waits for a disk.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from textual.message import Message

from trace_tui.app.messages import LibraryFailed, SessionsKnown
from trace_tui.errors import Cancelled, CatalogFailed, TraceError
from trace_tui.library.chains import grow
from trace_tui.library.entries import Entry
from trace_tui.library.finding import ThreadFiles
from trace_tui.library.library import Library
from trace_tui.library.progress import Progress

_TELL_EVERY = 0.7
"""Seconds between two words while a scan is at work: each takes the list apart and puts it together."""
_FIRST = 24
"""Threads that are read before all others: as many as a screen shows."""

Answer = TypeVar("Answer")
Question = Callable[[Library], Any]


class Shelf:
    def __init__(
        self, roots: Sequence[str | Path], *, cached: bool, tell: Callable[[Message], object]
    ) -> None:
        self._roots = roots
        self._cached = cached
        self._tell = tell
        self._asked: queue.SimpleQueue[tuple[Question, Future[Any]] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._told_at = 0.0
        self._thread = threading.Thread(target=self._work, name="library", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What was read so far is kept."""
        self._stop.set()
        self._asked.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def ask(self, question: Callable[[Library], Answer]) -> Future[Answer]:
        """Is answered in the library's thread, when it has read what there is to read."""
        answer: Future[Answer] = Future()
        self._asked.put((question, answer))
        return answer

    # -- in the thread --------------------------------------------------

    def _work(self) -> None:
        with suppress(Cancelled):
            try:
                self._keep(cached=self._cached)
            except CatalogFailed as failure:
                self._tell(LibraryFailed(f"{failure}; reading the sessions themselves"))
                self._keep(cached=failure.is_gone and self._cached)
            except TraceError as problem:
                self._tell(LibraryFailed(str(problem)))

    def _keep(self, *, cached: bool) -> None:
        with Library.open(self._roots, cached=cached) as library:
            threads = {thread.key: thread for thread in library.threads}
            self._refresh(library, threads)
            self._tell(_known(library.entries(), threads, None, _note(library)))
            while (asked := self._asked.get()) is not None:
                question, answer = asked
                try:
                    answer.set_result(question(library))
                except (TraceError, OSError) as problem:
                    answer.set_exception(problem)

    def _refresh(self, library: Library, threads: dict[str, ThreadFiles]) -> None:
        if not library.stale:
            library.refresh()  # what is gone, and names
            return

        def heard(progress: Progress) -> None:
            if self._stop.is_set():
                raise Cancelled("the app is being left")
            if time.monotonic() - self._told_at > _TELL_EVERY:
                self._told_at = time.monotonic()
                self._tell(_known(library.entries_by_now(), threads, progress))

        self._told_at = time.monotonic()
        first = {thread.key for thread in library.stale[:_FIRST]}
        library.refresh(heard, only=lambda thread: thread.key in first)
        if library.stale:
            left = Progress(len(first), len(library.threads), 0, 0)
            self._tell(_known(library.entries(), threads, left))
            library.refresh(heard)


def _known(
    entries: list[Entry], threads: dict[str, ThreadFiles], progress: Progress | None, note: str = ""
) -> SessionsKnown:
    return SessionsKnown(grow(entries), threads, progress, note)


def _note(library: Library) -> str:
    """What a person should know of the places that were looked at."""
    unread = len([trouble for trouble in library.troubles() if trouble.path not in library.findings.roots])
    return f"{unread} files could not be read; doctor tells which" if unread else ""
