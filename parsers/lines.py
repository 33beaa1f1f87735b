"""Bytes into lines, whole ones only; used for loading, tailing and standard input alike.

Knows nothing of JSON. A line is handed out when its newline has been seen; what follows the last
newline is kept back until it is finished, or until `finish` says that nothing more will come.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import accumulate
from typing import Protocol

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\x00"


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
        """The lines that are whole now, without the blanks around them; blank lines are left out."""
        first, offset = self.lines + 1, self.offset
        return _numbered(self.feed_pieces(chunk), first, offset)

    def finish(self) -> list[RawLine]:
        """The unfinished last line, if there is one."""
        first, offset = self.lines + 1, self.offset
        return _numbered(self.finish_pieces(), first, offset)

    def feed_pieces(self, chunk: bytes) -> list[bytes]:
        """The lines that are whole now, as they stand, newlines and all: the quick way to read a file."""
        # Not `split`, which looks at every byte by itself: `readlines` leaps from newline to newline.
        pieces = BytesIO(chunk).readlines()
        rest = pieces.pop() if pieces and not pieces[-1].endswith(b"\n") else b""
        if self._held and pieces:
            pieces[0] = self._take() + pieces[0]
        self._hold(rest)
        self.lines += len(pieces)
        self.offset += sum(map(len, pieces))
        return pieces

    def finish_pieces(self) -> list[bytes]:
        if not self._held:
            return []
        piece = self._take()
        self.lines += 1
        self.offset += len(piece)
        return [piece]

    def unfinished(self) -> bytes:
        """What stands behind the last newline, and is still kept back."""
        if len(self._held) > 1:
            self._held = [b"".join(self._held)]
        return self._held[0] if self._held else b""

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._held.append(piece)
            self._held_size += len(piece)

    def _take(self) -> bytes:
        data = b"".join(self._held)
        self._held.clear()
        self._held_size = 0
        return data


def _numbered(pieces: list[bytes], first: int, offset: int) -> list[RawLine]:
    offsets = accumulate(map(len, pieces), initial=offset)
    trimmed = map(_trimmed, range(first, first + len(pieces)), offsets, pieces)
    return [line for line in trimmed if line is not None]


def _trimmed(number: int, offset: int, data: bytes) -> RawLine | None:
    """A line without the blanks, NUL bytes or byte order mark around it; None if nothing is left."""
    if offset == 0 and data.startswith(_BOM):
        offset, data = len(_BOM), data[len(_BOM) :]
    if data and data[0] not in _BLANK and data[-1] not in _BLANK:
        return number, offset, data
    start = len(data) - len(data.lstrip(_BLANK))
    data = data.strip(_BLANK)
    return (number, offset + start, data) if data else None


def trimmed(data: bytes) -> bytes:
    """A piece without what may stand around a record: blanks, NUL bytes, a byte order mark."""
    return data.removeprefix(_BOM).strip(_BLANK)


def read_lines(file: Readable, chunk_size: int = 1 << 18) -> Iterator[RawLine]:
    """All lines of a file object, the unfinished last one included."""
    reader = LineReader()
    while chunk := file.read(chunk_size):
        yield from reader.feed(chunk)
    yield from reader.finish()
