"""Tells which session files may have changed, in whichever way the file system allows; for all that is live.

Where the system tells of changes, it is asked to, and `looking` makes sure that nothing was missed; elsewhere
`looking` does all of the work, and more often.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import NamedTuple

from trace_tui.interrupts import uninterrupted
from trace_tui.looking import Look
from trace_tui.mounts import silent_devices

ASKS_FOR_POLLING = "CODEX_TRACE_TUI_POLL"
"""The environment variable that asks for polling, if it is 1."""

NOT_YET = "starting to watch"
_BETWEEN_TELLINGS = 0.1
_TICK = 0.25
_QUIET_MS = 10
"""With 10 ms a line is told of after 12–20 ms, for 0.4 % of a processor; with 5 ms that is 0.9 %."""
_ROOTS_EVERY = 2.0
_UNSETTLED_EVERY = 0.5
_TRY_AGAIN_SOON = 2.0
_TRY_AGAIN = 300.0
_PATIENCE = 0.8


class _Pace(NamedTuple):
    """How often to look, in seconds."""

    files: float
    folders: float
    everything: float


_WATCHED = _Pace(files=1.0, folders=30.0, everything=300.0)
_POLLED = _Pace(files=_TICK, folders=1.0, everything=30.0)


class Watch:
    """Tells of files that appeared, grew, were replaced or went away below some roots; a hint, never proof.

    ``tell`` is called in the watch's own thread and must not raise. For Codex' own folders of sessions it is
    told of the names of their sessions, too (`session_index.jsonl`).
    """

    def __init__(self, roots: Sequence[str], tell: Callable[[frozenset[str]], None]) -> None:
        self.way = NOT_YET
        """In words for people, how changes are noticed."""
        self._look = Look(roots)
        self._tell = tell
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._pace = _POLLED
        self._present: dict[str, tuple[int, int]] = {}
        self._unwatchable = ""
        self._try_again_at = 0.0
        self._roots_at = self._files_at = self._folders_at = self._everything_at = -math.inf

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        self._look.learn()
        while not self._stopped.is_set():
            with closing(self._hints(self._arranged())) as batches:
                for hints in batches:
                    self._pass_on(self._changed(hints))
                    if self._stopped.is_set():
                        return
                    if self._is_to_be_arranged_anew():
                        break
            self._pass_on(self._look.everything())  # also says on which disks all of it lies

    def _pass_on(self, changed: set[str]) -> None:
        if changed and not self._stopped.is_set():
            self._tell(frozenset(changed))
            self._stopped.wait(_BETWEEN_TELLINGS)  # what comes meanwhile is told of together

    def _changed(self, hints: set[str]) -> set[str]:
        look, now = self._look, time.monotonic()
        changed = look.hinted(hints) if hints else set()
        if now - self._everything_at >= self._pace.everything:
            self._everything_at = now
            changed |= look.everything()
        if now - self._files_at >= self._pace.files:
            self._files_at = now
            changed |= look.fresh_files()
        if now - self._folders_at >= (_UNSETTLED_EVERY if look.is_unsettled else self._pace.folders):
            self._folders_at = now
            changed |= look.late_files_and_folders()
        return changed

    # -- in which way -------------------------------------------------------------------------

    def _arranged(self) -> list[str]:
        """The roots to be watched; decides how often to look at all of them."""
        self._present = self._look.present()
        self._roots_at = time.monotonic()
        self._everything_at = -math.inf  # for changes that come before the watch is ready
        watched, reason = self._watchable()
        self._pace = _POLLED if reason or not watched else _WATCHED
        self.way = _way(len(watched), reason)
        return watched

    def _watchable(self) -> tuple[list[str], str]:
        """Which roots can be watched, and why others can't."""
        if os.environ.get(ASKS_FOR_POLLING) == "1":
            return [], "asked for"
        if self._unwatchable and time.monotonic() < self._try_again_at:
            return [], self._unwatchable
        self._unwatchable = ""
        silent = silent_devices()
        watched = [root for root in self._present if not silent & self._look.devices(root)]
        return watched, "network file system" if len(watched) < len(self._present) else ""

    def _is_to_be_arranged_anew(self) -> bool:
        now = time.monotonic()
        if self._unwatchable and now >= self._try_again_at:
            return True
        if now - self._roots_at < _ROOTS_EVERY:
            return False
        self._roots_at = now
        return self._look.present() != self._present

    # -- where hints come from ----------------------------------------------------------------

    def _hints(self, roots: list[str]) -> Generator[set[str], None, None]:
        """Paths that may have changed, and every now and then none, as it may be time to look."""
        if roots:
            try:
                yield from self._told_by_the_system(roots)
            except FileNotFoundError:  # vanished right now
                self._give_up_watching("watching failed", _TRY_AGAIN_SOON)
            except (OSError, RuntimeError, UnicodeError) as problem:  # watchfiles' own are RuntimeErrors
                self._give_up_watching(_reason(problem), _TRY_AGAIN)
            except ImportError:
                self._give_up_watching("watchfiles can't be loaded", _TRY_AGAIN)
        while not self._stopped.is_set():
            yield set()
            self._stopped.wait(_TICK)

    def _told_by_the_system(self, roots: list[str]) -> Generator[set[str], None, None]:
        with uninterrupted():
            import watchfiles

        batches = watchfiles.watch(
            *roots,
            watch_filter=None,  # the usual one leaves out whatever lies below .git, .venv and the like
            debounce=_QUIET_MS,
            step=_QUIET_MS,
            stop_event=self._stopped,
            rust_timeout=int(_TICK * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=False,  # takes 5–9 % of a processor, and would be chosen by itself in WSL
            ignore_permission_denied=True,
        )
        for batch in batches:
            yield {path for _, path in batch}

    def _give_up_watching(self, reason: str, seconds: float) -> None:
        self._unwatchable = reason
        self._try_again_at = time.monotonic() + seconds
        self._pace = _POLLED
        self.way = _way(0, reason)


def _way(watched: int, reason: str) -> str:
    if not reason:
        return "watching" if watched else "waiting for the folder"
    return f"watching, in part polling ({reason})" if watched else f"polling ({reason})"


def _reason(problem: Exception) -> str:
    """A limit is told as "OS file watch limit reached", or as one of the open files that watches count as."""
    words = str(problem)
    too_many = "limit" in words or "os error 24" in words or "os error 28" in words
    return "too many watches" if too_many else "watching failed"
