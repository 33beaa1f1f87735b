"""Where a reading stopped, so that it can go on when more has been written."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.parsers.formats import Format


class Halt(NamedTuple):
    """A fold at the end of a last whole line."""

    fold: bytes
    """As `fold.save` stores it."""
    format: Format
    """Of the last file: what stands in it is read by the same rules further on."""
