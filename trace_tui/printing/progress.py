"""One line on stderr that says how far it is, for a person who has waited for half a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trace_tui.library.progress import Listener, Progress
from trace_tui.wording.words import count

_PATIENCE = 0.5
_BAR = 20
_PACE = 0.1
"""Seconds between two words; a slow line to a terminal should carry more than these."""


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Gives what takes the words. They are gone when the work is done; a pipe gets none."""
    began = time.monotonic()
    watched = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    told = 0.0

    def tell(words: str) -> None:
        nonlocal told
        now = time.monotonic()
        if watched and now - began > _PATIENCE and now - told > _PACE:
            sys.stderr.write(f"\r\x1b[K{words}")
            sys.stderr.flush()
            told = now

    try:
        yield tell
    finally:
        if told:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def scan_progress() -> Iterator[Listener]:
    """The same for whoever reads many sessions."""
    with progress() as tell:

        def heard(far: Progress) -> None:
            share = min(far.bytes / far.of_bytes, 1.0) if far.of_bytes else 1.0
            bar = f"{'#' * round(_BAR * share):.<{_BAR}}"
            read = f"{far.bytes / 1e6:,.0f} of {far.of_bytes / 1e6:,.0f} MB"
            tell(f"reading [{bar}] {far.threads:,} of {count(far.of_threads, 'session')}, {read}")

        yield heard
