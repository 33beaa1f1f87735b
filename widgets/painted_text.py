"""Texts that know the style of each of their characters; `sections` wraps them and asks row by row."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Protocol

from trace_tui.wording.cells import Line


class Painted(Protocol):
    """A text ready for `wrapping`, and the styles in it."""

    @property
    def text(self) -> str: ...

    def parts(self, start: int, end: int) -> Line:
        """A stretch of the text, not safe yet."""
        ...


class Runs:
    """Where a style begins; it goes on to where the next one does."""

    def __init__(self, style: str = "") -> None:
        self._starts = array("I", [0])
        self._styles = [style]

    def begin(self, at: int, style: str) -> None:
        """From here on; places come in order."""
        if at == self._starts[-1]:
            self._styles[-1] = style
        elif style != self._styles[-1]:
            self._starts.append(at)
            self._styles.append(style)

    def parts(self, text: str, start: int, end: int) -> Line:
        index = bisect_right(self._starts, start) - 1
        parts: Line = []
        while start < end:
            following = self._starts[index + 1] if index + 1 < len(self._starts) else end
            stop = min(following, end)
            parts.append((text[start:stop], self._styles[index]))
            start = stop
            index += 1
        return parts


class PlainText:
    """All of it in one style."""

    def __init__(self, text: str, style: str = "") -> None:
        self.text = text
        self._style = style

    def parts(self, start: int, end: int) -> Line:
        return [(self.text[start:end], self._style)]
