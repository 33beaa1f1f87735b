"""What passes between the catalog and whoever reads files for it; light to import, as lists need it too."""

from __future__ import annotations

from typing import Any, NamedTuple

from trace_tui.halt import Halt
from trace_tui.library.finding import Found

Row = tuple[Any, ...]

NEVER = -1
"""A time of writing that no file has: whatever is found there is to be read again."""

BLANK_MEANS_NULL = frozenset({"namespace", "reason", "parent_call_id", "child_session"})
"""Columns of calls that are told as "" where there is nothing: most often there is nothing, and Python's
SQLite takes as long over one None as over four other values."""


class KnownFile(NamedTuple):
    """What the catalog remembers of a file: how it was when it was read, and whose it is."""

    found: Found
    session: int | None


class Earlier(NamedTuple):
    """Where the last reading of a thread halted."""

    files: list[Found]
    read_to: int
    """In the last of the files."""
    tail_digest: bytes | None
    """Of what stood there right before."""
    halt: Halt | None
    responses: int
    """How many were known there."""


class Indexed(NamedTuple):
    """All rows of one thread, without the number that the catalog gives it."""

    key: str
    session: Row | None
    """None where none of the files could be read as a session."""
    files: list[Row]
    rows: dict[str, list[Row]]
    """By table; rows of responses begin behind those that are kept."""
    responses_kept: int
    halt: tuple[Halt, int] | None
    """With the number of responses known there."""
