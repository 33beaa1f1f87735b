"""The detail pane: one document, whole and decoded, that can be scrolled, unfolded and searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType

from trace_tui.widgets.blocks import Block, Filled, Target
from trace_tui.widgets.line_view import BAR, GUTTER, LineView
from trace_tui.wording.cells import Line


class Laid(Protocol):
    """A document that knows its lines at a width."""

    def lay_out(self, width: int) -> None: ...
    def __len__(self) -> int: ...
    def line(self, index: int) -> Line: ...
    def target(self, index: int) -> Target | None: ...
    def can_toggle(self, index: int) -> bool: ...
    def toggle(self, index: int) -> bool: ...
    def open_all(self) -> None: ...
    def fill(self, name: str, blocks: Sequence[Block]) -> Filled: ...
    def text(self) -> str: ...


class Detail(LineView):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "page(1)", "page down", show=False, id="read_on"),
        Binding("a", "show_all", "show all", id="show_all"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.document: Laid | None = None
        self._width = 0

    def show(self, document: Laid | None) -> None:
        """From its top; it may have been laid out for this width already."""
        self.document = document
        self._lay_out()
        self.scroll_to(y=0, animate=False, force=True)
        self.rows_changed(0)

    def update(self, document: Laid) -> None:
        """The same thing, told further: who reads it stays where they are."""
        self.document = document
        self._lay_out()
        self.rows_changed()

    def fill(self, name: str, blocks: Sequence[Block]) -> None:
        """What was still to be told of it: the line that one reads stays where it is."""
        if self.document is None:
            return
        top = self.scroll_offset.y
        is_in_sight = top <= self.cursor < top + self.window.height
        filled = self.document.fill(name, blocks)
        self.rows_changed(filled.line_now(self.cursor))
        if not is_in_sight:  # scrolled with the mouse
            self._scroll_to_line(filled.line_now(top))

    @property
    def text_width(self) -> int:
        """Cells that a line has."""
        return max(self.window.width - GUTTER - BAR, 1)

    def count(self) -> int:
        return 0 if self.document is None else len(self.document)

    def row(self, index: int, width: int) -> Line:
        return [] if self.document is None else self.document.line(index)

    def on_resize(self) -> None:
        if self.text_width != self._width:
            self._lay_out()
        super().on_resize()

    def _lay_out(self) -> None:
        self._width = self.text_width
        if self.document is not None:
            self.document.lay_out(self._width)

    def action_enter(self) -> None:
        if self.document is not None and self.count() and self.document.toggle(self.cursor):
            self.rows_changed()
        else:
            super().action_enter()

    @property
    def target(self) -> Target | None:
        """Where the line under the cursor leads to."""
        return None if self.document is None or not self.count() else self.document.target(self.cursor)

    def action_show_all(self) -> None:
        if self.document is not None:
            self.document.open_all()
            self.rows_changed()

    def find(self, words: str, by: int) -> bool:
        """Brings the cursor to the next line with these words, or the one before."""
        folded = words == words.lower()
        index = self.cursor + by
        while self.document is not None and 0 <= index < self.count():
            line = "".join(text for text, _ in self.document.line(index))
            if words in (line.lower() if folded else line):
                self.move_to(index, center=True)
                return True
            index += by
        return False
