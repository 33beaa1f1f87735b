"""Reads a session for `show`, and says on a terminal how far it is."""

from __future__ import annotations

from trace_tui.model import Session
from trace_tui.printing.progress import progress
from trace_tui.reading import SessionReader
from trace_tui.sources import Source


def read(sources: list[Source]) -> Session:
    reader = SessionReader(sources)
    with progress() as tell:
        for taken in reader.steps():
            share = min(99, 100 * taken // max(reader.total, taken, 1))
            tell(f"reading {share:2d} % of {reader.total / 1e6:.0f} MB")
    return reader.session()
