"""Wraps texts of any size into rows: keeps where each row begins, and nothing else besides the text.

Texts in here are still as the session has them, except that neither tabs nor escape sequences are left (see
`terminal_text`); `shown` makes a row of them safe. It changes no lengths but for what takes no cell.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from trace_tui.parsers.safe_text import safe_block
from trace_tui.wording.cells import Line, cells, width_of

_JOINERS = {0x200D: None, 0xFE0F: None, 0x0A: " "}
"""Terminals do not agree on how wide the things are that these two make of their neighbours."""
_MOST_PER_CELL = 4
"""Characters in a row for each of its cells: a heap of accents is cut into several rows."""


class _Widths(dict[str, int]):
    """Cells by character, as it is shown."""

    def __missing__(self, character: str) -> int:
        width = self[character] = cells(shown(character))
        return width


_WIDTHS = _Widths()


def shown(text: str) -> str:
    """Safe, in one line, and as wide as its characters are together."""
    if text.isascii() and text.isprintable():  # nearly all
        return text
    return safe_block(text).translate(_JOINERS)


def shown_line(line: Line) -> Line:
    return [(safe, style) for text, style in line if (safe := shown(text))]


def one_row(line: Line, width: int) -> Line:
    """Made safe and cut with an ellipsis where it does not fit."""
    longest = _MOST_PER_CELL * width + 64
    short = [(text if len(text) <= longest else text[:longest] + "…", style) for text, style in line]
    return cut(shown_line(short), width)


def cut(line: Line, width: int) -> Line:
    """The same for a line that is safe already."""
    if width_of(line) <= width:
        return line
    kept: Line = []
    room = width - 1
    for text, style in line:
        stop = _fitting(text, 0, len(text), room)
        if stop < len(text):
            kept.append((text[:stop] + "…", style))
            break
        kept.append((text, style))
        room -= cells(text)
    return kept


class Wrapped:
    """The rows of a text at a width, broken wherever they are full: outputs, code, patches."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = array("I")

    def wrap(self, width: int) -> None:
        starts = array("I")
        start = 0
        is_ascii = self.text.isascii()
        for line in self.text.split("\n"):
            starts.append(start)
            end = start + len(line)
            if end - start > width or not (is_ascii or _bytes_of(line) <= width):
                starts.extend(self._breaks(start, end, width))
            start = end + 1
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts)

    def span(self, row: int) -> tuple[int, int]:
        """Where a row begins and ends, without a line break."""
        start = self._starts[row]
        if row + 1 == len(self._starts):
            return start, len(self.text)
        end = self._starts[row + 1]
        return start, end - 1 if self.text[end - 1] == "\n" else end

    def _breaks(self, start: int, end: int, width: int) -> Iterable[int]:
        """Where the rows of a line begin, but for the first."""
        if self.text[start:end].isascii():
            return range(start + width, end, width)
        return self._row_ends(start, end, width)

    def _row_ends(self, start: int, end: int, width: int) -> Iterator[int]:
        while (start := self._row_end(start, end, width)) < end:
            yield start

    def _row_end(self, start: int, end: int, width: int) -> int:
        """At least one character, also where it is too wide: a row must get on."""
        return max(_fitting(self.text, start, end, width), start + 1)


class WordWrapped(Wrapped):
    """Broken between words, where that leaves no row half empty."""

    def span(self, row: int) -> tuple[int, int]:
        """Without the blank that it ends at, which may be one too many."""
        start, end = super().span(row)
        return start, end - 1 if self.text[start:end].endswith(" ") else end

    def _breaks(self, start: int, end: int, width: int) -> Iterable[int]:
        return self._row_ends(start, end, width)

    def _row_end(self, start: int, end: int, width: int) -> int:
        stop = super()._row_end(start, end, width)
        if stop >= end:
            return end
        blank = self.text.rfind(" ", start + 1, stop + 1)
        return blank + 1 if blank - start >= max(width // 2, 1) else stop


def _bytes_of(line: str) -> int:
    """No character takes more cells than bytes, and counting bytes is quick."""
    return len(line.encode("utf-8", "surrogatepass"))


def _fitting(text: str, start: int, end: int, width: int) -> int:
    """Up to where the characters from `start` on fit into so many cells."""
    limit = min(end, start + _MOST_PER_CELL * width + 16)
    stop = min(start + width, end)
    if text[start:stop].isascii():
        while stop < limit and not _WIDTHS[text[stop]]:  # what belongs to the last character
            stop += 1
        return stop
    stop = start
    while stop < limit and (taken := _WIDTHS[text[stop]]) <= width:
        width -= taken
        stop += 1
    return stop
