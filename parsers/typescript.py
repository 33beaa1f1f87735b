"""The TypeScript CLI of spring 2025: one JSON object ``{session, items}`` for a whole session.

It is cut into its session object and its items, each handed on like a line of the later files. The
object was rewritten after every change, so half of one is a normal find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from trace_tui.parsers.lines import RawLine

_SESSION = re.compile(rb'"session"\s*:\s*(?=\{)')
_ITEMS = re.compile(rb'"items"\s*:\s*\[')
_BETWEEN = re.compile(rb"[\s,]*")


def looks_like_typescript(head: bytes) -> bool:
    return re.match(rb'\s*\{\s*"(?:session"\s*:\s*\{|items"\s*:\s*\[)', head) is not None


def typescript_records(data: bytes) -> Iterator[RawLine]:
    """The session object, then the items; a torn last item is handed on as it is."""
    # Latin-1 keeps one character for each byte, so that positions are those of the file.
    written = data.decode("latin-1")
    decoder = json.JSONDecoder()
    counter = _LineCounter(data)
    session = _SESSION.search(data)
    items = _ITEMS.search(data, 0 if session is None else session.end())
    if session is not None:
        end = _end_of_value(decoder, written, session.end())
        yield counter.record(session.end(), end if end is not None else len(data))
        if end is None:
            return
        items = _ITEMS.search(data, end) or _ITEMS.search(data, 0, session.start())
    position = items.end() if items else len(data)
    while position < len(data):
        position = _skip(data, position)
        if position >= len(data) or data[position : position + 1] in (b"]", b"\x00"):
            return
        end = _end_of_value(decoder, written, position)
        yield counter.record(position, end if end is not None else len(data))
        if end is None or end <= position:
            return
        position = end


def _skip(data: bytes, position: int) -> int:
    match = _BETWEEN.match(data, position)
    return match.end() if match else position


def _end_of_value(decoder: json.JSONDecoder, written: str, start: int) -> int | None:
    try:
        return decoder.raw_decode(written, start)[1]
    except (ValueError, RecursionError):
        return None


class _LineCounter:
    """Line numbers for growing positions, without counting from the start each time."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._line = data, 0, 1

    def record(self, start: int, end: int) -> RawLine:
        self._line += self._data.count(b"\n", self._at, start)
        self._at = start
        return self._line, start, self._data[start:end]
