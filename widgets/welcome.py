"""What stands there when there is nothing to read: where was looked, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from trace_tui.widgets.line_view import LineView
from trace_tui.wording.cells import Line, fitted


class Welcome(LineView):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "app.demo", "demo", id="demo")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []

    def tell(self, places: Sequence[str]) -> None:
        """``places`` is where no session was found."""
        self._lines = [
            [],
            [("No sessions yet", "bold")],
            [],
            [("Codex CLI leaves a file for every session. None was found in", "")],
            *([("  " + place, "bold")] for place in places),
            [],
            [("d", "bold cyan"), ("  open the built-in demo", "")],
            [("q", "bold cyan"), ("  quit", "")],
            [],
            [("Look elsewhere:  codex-trace-tui --root FOLDER", "dim")],
            [("Open one file:   codex-trace-tui FILE", "dim")],
        ]
        self.rows_changed(0)

    def count(self) -> int:
        return len(self._lines)

    def row(self, index: int, width: int) -> Line:
        return [(fitted(text, width).rstrip(), style) for text, style in self._lines[index]]
