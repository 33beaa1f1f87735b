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

from trace_tui.app.activities import activities_of
from trace_tui.app.crash import keep
from trace_tui.app.messages import ActivitiesKnown, LibraryFailed, SessionsKnown
from trace_tui.errors import Cancelled, CatalogFailed, TraceError
from trace_tui.library.chains import grow
from trace_tui.library.entries import Entry
from trace_tui.library.finding import ThreadFiles
from trace_tui.library.library import Library
from trace_tui.library.progress import Progress
from trace_tui.widgets.activity import Activity
from trace_tui.wording.words import count

_TELL_EVERY = 0.7
"""Seconds between two words while a scan is at work: each takes the list apart and puts it together."""
_FIRST = 24
"""Threads that are read before all others: as many as a screen shows."""

_LOOK_EVERY = 1.0
"""Seconds between two looks at files that change all the time, for the list of sessions."""
_PULSE_EVERY = 5.0
"""Seconds between two looks at who is at work."""
_SHARE = 20
"""Such a look may take a twentieth of the time."""

Answer = TypeVar("Answer")
Question = Callable[[Library], Any]


class Shelf:
    def __init__(
        self, roots: Sequence[str | Path], *, cached: bool, tell: Callable[[Message], object]
    ) -> None:
        self._roots = roots
        self._cached = cached
        self._tell = tell
        self._asked: queue.SimpleQueue[tuple[Question, Future[Any]] | frozenset[str] | None] = (
            queue.SimpleQueue()
        )
        self._stop = threading.Event()
        self._told_at = 0.0
        self._changed: frozenset[str] = frozenset()
        self._next_look = 0.0
        self._open_ones: list[Entry] = []
        self._activities: dict[str, Activity] = {}
        self._next_pulse = 0.0
        self._thread = threading.Thread(target=self._work, name="library", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What was read so far is kept."""
        self._stop.set()
        self._asked.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def look_again(self, paths: frozenset[str]) -> None:
        """These files may have changed; the app hears of it, but not all the time."""
        self._asked.put(paths)

    def walk_again(self) -> None:
        """What came before anybody watched is found now."""

        def walk(library: Library) -> None:
            library.walk_again()
            if library.stale:
                self._refresh(library)
                self._tell_all(library)

        self.ask(walk)

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
            except Exception as bug:
                # A list that silently stops would be taken for all there is.
                keep(bug)
                self._tell(LibraryFailed(f"the list is not complete: {type(bug).__name__}: {bug}"))

    def _keep(self, *, cached: bool) -> None:
        with Library.open(self._roots, cached=cached) as library:
            self._refresh(library)
            self._tell_all(library)
            while not self._stop.is_set():
                self._serve(library)

    def _serve(self, library: Library) -> None:
        """The next question; or what has changed meanwhile, or what goes on, once it is time for it."""
        due = self._next_look if self._changed else self._next_pulse if self._activities else None
        try:
            if due is None:
                asked = self._asked.get()
            elif (wait := due - time.monotonic()) > 0:
                asked = self._asked.get(timeout=wait)
            else:
                asked = self._asked.get_nowait()
        except queue.Empty:
            if self._changed:
                self._take_changes(library)
            else:
                self._tell_activities(library)
            return
        if isinstance(asked, frozenset):
            self._changed |= asked
        elif asked is not None:
            question, answer = asked
            try:
                answer.set_result(question(library))
            except (TraceError, OSError) as problem:
                answer.set_exception(problem)

    def _take_changes(self, library: Library) -> None:
        began = time.monotonic()
        changed, self._changed = self._changed, frozenset()
        library.look_again(changed)
        self._refresh(library)
        self._tell_all(library)
        took = time.monotonic() - began
        self._next_look = time.monotonic() + max(_LOOK_EVERY, _SHARE * took)

    def _tell_all(self, library: Library) -> None:
        threads = {thread.key: thread for thread in library.threads}
        entries = library.entries()
        self._open_ones = [entry for entry in entries if entry.state == "in_progress"]
        self._activities = activities_of(library, self._open_ones)
        self._next_pulse = time.monotonic() + _PULSE_EVERY
        self._tell(
            _known(entries, threads, None, _note(library), self._activities, library.findings.places())
        )

    def _tell_activities(self, library: Library) -> None:
        self._activities = activities_of(library, self._open_ones)
        self._next_pulse = time.monotonic() + _PULSE_EVERY
        self._tell(ActivitiesKnown(self._activities))

    def _refresh(self, library: Library) -> None:
        threads = {thread.key: thread for thread in library.threads}
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
    entries: list[Entry],
    threads: dict[str, ThreadFiles],
    progress: Progress | None,
    note: str = "",
    activities: dict[str, Activity] | None = None,
    roots: list[str] | None = None,
) -> SessionsKnown:
    return SessionsKnown(grow(entries), threads, progress, note, activities, roots)


def _note(library: Library) -> str:
    """What a person should know of the places that were looked at."""
    unread = len([trouble for trouble in library.troubles() if trouble.path not in library.findings.roots])
    return f"{count(unread, 'file')} could not be read; doctor tells which" if unread else ""
