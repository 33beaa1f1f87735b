"""The parts of a document: each lays out a block, or some of one, and makes single lines of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Generic, TypeVar

from trace_tui.parsers.safe_text import safe_block
from trace_tui.widgets.blocks import Target
from trace_tui.widgets.painted_text import Painted, PlainText
from trace_tui.widgets.patch_lines import PatchText
from trace_tui.widgets.terminal_text import TerminalText, plain_text
from trace_tui.widgets.wrapping import WordWrapped, Wrapped, cut, one_row, shown_line
from trace_tui.wording.cells import Line
from trace_tui.wording.words import count

_SHOWN_OF_OUTPUT = 20
"""Rows at each end of an output whose middle is folded away."""
_LONGEST_PROSE = 16 * 1024
_LONG_PROSE_NOTE = "long text, shown as it was written"


class Section:
    """Some lines of a document; most have nothing that opens."""

    def lay_out(self, width: int) -> None:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def line(self, index: int) -> Line:
        raise NotImplementedError

    def text(self) -> str:
        raise NotImplementedError

    def target(self, index: int) -> Target | None:
        """Where a line leads to."""
        return None

    def can_toggle(self, index: int) -> bool:
        return False

    def toggle(self, index: int) -> None:
        """Only where `can_toggle`."""

    def open_all(self) -> None:
        """Nothing is folded away."""


class ShortSection(Section):
    """So few lines that they are made at once."""

    def __init__(
        self, lines: Callable[[int], list[Line]], text: str, targets: Sequence[Target | None] = ()
    ) -> None:
        """``targets`` are those of its lines."""
        self._lines_at = lines
        self._text = text
        self._targets = targets
        self._lines: list[Line] = []

    def lay_out(self, width: int) -> None:
        self._lines = self._lines_at(width)

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, index: int) -> Line:
        return self._lines[index]

    def target(self, index: int) -> Target | None:
        return self._targets[index] if index < len(self._targets) else None

    def text(self) -> str:
        return safe_block(self._text)


PaintedText = TypeVar("PaintedText", bound=Painted)


class TextSection(Section, Generic[PaintedText]):
    """A text of any size, wrapped; it is looked at first when it is laid out."""

    def __init__(self, paint: Callable[[], PaintedText], wrapping: type[Wrapped]) -> None:
        self._paint = paint
        self._wrapping = wrapping
        self._width = 1

    @cached_property
    def _painted(self) -> PaintedText:
        return self._paint()

    @cached_property
    def _wrapped(self) -> Wrapped:
        return self._wrapping(self._painted.text)

    def lay_out(self, width: int) -> None:
        self._width = width
        self._wrapped.wrap(width)

    def __len__(self) -> int:
        return len(self._wrapped)

    def line(self, index: int) -> Line:
        line = shown_line(self._painted.parts(*self._wrapped.span(index)))
        # A single cell is too little for some characters; wider rows are full of what fits.
        return line if self._width > 1 else cut(line, self._width)

    def text(self) -> str:
        return safe_block(self._painted.text)


class PatchSection(TextSection[PatchText]):
    """Every row has the sign of its line before it, so that meaning never hangs on colours alone."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(partial(PatchText, lines), Wrapped)

    def lay_out(self, width: int) -> None:
        self._width = width
        self._wrapped.wrap(max(width - 1, 1))

    def line(self, index: int) -> Line:
        start, end = self._wrapped.span(index)
        line = shown_line([self._painted.sign_at(start), *self._painted.parts(start, end)])
        return line if self._width > 2 else cut(line, self._width)

    def text(self) -> str:
        return safe_block(self._painted.whole())


class OutputSection(TextSection[TerminalText]):
    """Long ones have a line in them that stands for the middle, or, once opened, folds it again."""

    def __init__(self, printed: str) -> None:
        super().__init__(partial(TerminalText, printed), Wrapped)
        self._open = False

    @property
    def _hidden(self) -> int:
        return max(len(self._wrapped) - 2 * _SHOWN_OF_OUTPUT, 0)

    def __len__(self) -> int:
        rows = len(self._wrapped)
        if not self._hidden:
            return rows
        return rows + 1 if self._open else 2 * _SHOWN_OF_OUTPUT + 1

    def line(self, index: int) -> Line:
        if not self._hidden or index < _SHOWN_OF_OUTPUT:
            return super().line(index)
        if index == _SHOWN_OF_OUTPUT:
            return one_row([(self._words(), "dim")], self._width)
        return super().line(index - 1 + (0 if self._open else self._hidden))

    def _words(self) -> str:
        if self._open:
            return f"▾ {count(self._hidden, 'line')} – Enter folds them again"
        return f"… {count(self._hidden, 'more line')} – Enter shows all"

    def can_toggle(self, index: int) -> bool:
        return index == _SHOWN_OF_OUTPUT and self._hidden > 0

    def toggle(self, index: int) -> None:
        self._open = not self._open

    def open_all(self) -> None:
        self._open = True


class ProseSection(Section):
    """Markdown; as it was written where it is long, or where there is no room for its lists and tables."""

    def __init__(self, prose: str, style: str) -> None:
        self._prose = prose
        self._style = style
        self._plain = TextSection(lambda: PlainText(self._safe, style), WordWrapped)
        self._note: list[Line] = []
        self._lines: list[Line] | None = None
        self._width = 0

    @cached_property
    def _safe(self) -> str:
        return plain_text(self._prose)

    def lay_out(self, width: int) -> None:
        if width == self._width:
            return
        self._width = width
        if len(self._safe) > _LONGEST_PROSE:
            self._note = [one_row([(_LONG_PROSE_NOTE, "dim")], width)]
        else:
            from trace_tui.widgets.prose import prose_lines

            self._lines = prose_lines(self._safe, width, self._style)
        if self._lines is None:
            self._plain.lay_out(width)

    def __len__(self) -> int:
        return len(self._note) + len(self._plain if self._lines is None else self._lines)

    def line(self, index: int) -> Line:
        if self._lines is not None:
            return self._lines[index]
        if index < len(self._note):
            return self._note[index]
        return self._plain.line(index - len(self._note))

    def text(self) -> str:
        return safe_block(self._safe)
