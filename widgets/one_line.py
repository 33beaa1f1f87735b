"""Single lines above and below the panes: where one is, and which keys there are or what was just said."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from trace_tui.widgets.palette import Palette
from trace_tui.wording.cells import Line, cut, in_ascii, width_of


class OneLine(Widget):
    """Words at the left, and words at its right end that give way last."""

    DEFAULT_CSS = "OneLine { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: Line = []
        self._right: Line = []

    def show(self, left: Line, right: Line = []) -> None:  # noqa: B006
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        palette = Palette(self.app.theme_variables, ascii=self.app.has_class("-ascii"))
        base = self.rich_style
        room = width - width_of(self._right) - (1 if self._right else 0)
        told = cut(self._left, max(room, 0))
        gap = max(width - width_of(told) - width_of(self._right), 0)
        line = [*told, (" " * gap, ""), *self._right]
        segments = [
            Segment(in_ascii(text) if palette.ascii else text, base + palette.style(style))
            for text, style in line
        ]
        return Strip(segments).adjust_cell_length(width, base)


class KeyBar(OneLine):
    """The keys that do something here; for a while, in their place, what was just said."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: Sequence[tuple[str, str]] = ()
        self._said: Line = []

    def show_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Keys with their words, the most important first: as many as there is room for."""
        self._keys = keys
        self._draw()

    def say(self, words: str, style: str = "") -> None:
        """Stays until the next thing is said, or nothing."""
        self._said = [(words, style)] if words else []
        self._draw()

    @property
    def said(self) -> str:
        return "".join(text for text, _ in self._said)

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        last = self._keys[-1:]
        right = _key(*last[0]) if last else []
        if self._said:
            self.show(self._said, right)
            return
        room = self.size.width - width_of(right) - 2
        line: Line = []
        for key, words in self._keys[:-1]:
            told = _key(key, words)
            if width_of(line) + width_of(told) + 2 > room:
                break
            line += [*told, ("  ", "")]
        self.show(line, right)


def _key(key: str, words: str) -> Line:
    return [(key, "bold cyan"), (f" {words}", "dim")]
