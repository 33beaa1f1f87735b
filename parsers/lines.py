"""Bytes into lines, whole ones only; used for loading, tailing and standard input alike.

Knows nothing of JSON. A line is handed out when its newline has been seen; what follows the last
newline is kept back until it is finished, or until `finish` says that nothing more will come.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Protocol

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\x00"
_OPEN, _CLOSE = b"{}"


RawLine = tuple[int, int, bytes]
"""Line number from 1, offset of the data in the file, and the data without its newline.

A plain tuple, because one is made for every line of every file.
"""


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class LineReader:
    """Feed it bytes in any cuts; it yields the same lines whatever the cuts were."""

    def __init__(self, *, offset: int = 0, lines: int = 0) -> None:
        self.offset = offset
        """Where the next unfinished line begins."""
        self.lines = lines
        self._held: list[bytes] = []
        self._held_size = 0

    @property
    def held(self) -> int:
        """How many bytes of an unfinished line are kept back."""
        return self._held_size

    def feed(self, chunk: bytes) -> list[RawLine]:
        if b"\n" not in chunk:
            self._hold(chunk)
            return []
        pieces = chunk.split(b"\n")
        if self._held:
            pieces[0] = self._take() + pieces[0]
        rest = pieces.pop()
        self._hold(rest)
        return self._cut(pieces)

    def finish(self) -> list[RawLine]:
        """The unfinished last line, if there is one."""
        if not self._held:
            return []
        lines = self._cut([self._take()])
        self.offset -= 1  # there was no newline
        return lines

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._held.append(piece)
            self._held_size += len(piece)

    def _take(self) -> bytes:
        data = b"".join(self._held)
        self._held.clear()
        self._held_size = 0
        return data

    def _cut(self, pieces: list[bytes]) -> list[RawLine]:
        first = self.lines + 1
        offsets = list(accumulate(map(len, pieces), _next_offset, initial=self.offset))
        self.lines += len(pieces)
        self.offset = offsets.pop()
        found: list[RawLine] = []
        for line in zip(range(first, self.lines + 1), offsets, pieces, strict=True):
            data = line[2]
            if data and data[0] == _OPEN and data[-1] == _CLOSE:
                found.append(line)
            elif (trimmed := _trimmed(*line)) is not None:
                found.append(trimmed)
        return found


def _next_offset(offset: int, size: int) -> int:
    return offset + size + 1


def _trimmed(number: int, offset: int, data: bytes) -> RawLine | None:
    """A line without the blanks, NUL bytes or byte order mark around it; None if nothing is left."""
    if offset == 0 and data.startswith(_BOM):
        offset, data = len(_BOM), data[len(_BOM) :]
    start = len(data) - len(data.lstrip(_BLANK))
    data = data.strip(_BLANK)
    return (number, offset + start, data) if data else None


def read_lines(file: Readable, chunk_size: int = 1 << 18) -> Iterator[RawLine]:
    """All lines of a file object, the unfinished last one included."""
    reader = LineReader()
    while chunk := file.read(chunk_size):
        yield from reader.feed(chunk)
    yield from reader.finish()
