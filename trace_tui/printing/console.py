"""Where pages go: colours on a terminal only, a fixed width in a pipe, and then no Rich either."""

from __future__ import annotations

import codecs
import os
import sys
from typing import TYPE_CHECKING, Self

from trace_tui.wording.cells import Part, in_ascii

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 120
_WIDEST = 2000
_USUAL = os.terminal_size((80, 24))
_TOGETHER = 500


def page_width() -> int:
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked[:9]) > 0:
        return min(int(asked[:9]), _WIDEST)
    return _screen().columns if sys.stdout.isatty() else _PIPE_WIDTH


def _screen() -> os.terminal_size:
    try:
        told = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return _USUAL  # a terminal that does not tell
    return os.terminal_size((told.columns or _USUAL.columns, told.lines or _USUAL.lines))


def plain_console() -> Console:
    from rich.console import Console

    class PlainConsole(Console):
        def on_broken_pipe(self) -> None:
            """The command line ends quietly when its reader has gone; Rich would leave with an error."""
            raise BrokenPipeError

    _forgive_encoding()
    return PlainConsole(
        width=page_width(),
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        no_color=None if sys.stdout.isatty() else True,
        legacy_windows=False,
    )


class Lines:
    """Prints lines that are already as wide as they should be; the last ones when the block ends."""

    def __init__(self, console: Console | None = None) -> None:
        self.on_terminal = console is not None or sys.stdout.isatty()
        self._console = console or (plain_console() if self.on_terminal else None)
        self.width = page_width() if console is None else console.width
        self.height = _screen().lines
        self._waiting: list[str] = []
        _forgive_encoding()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()

    def put(self, *parts: Part) -> None:
        if self._console is None:
            self._waiting.append("".join([text for text, _ in parts]).rstrip())
            if len(self._waiting) >= _TOGETHER:
                self._flush()
            return
        from rich.text import Text

        line = Text(no_wrap=True, end="")
        for text, style in parts:
            line.append(text, style)
        line.rstrip()
        self._console.print(line, soft_wrap=True)

    def _flush(self) -> None:
        """Python may write every line by itself to a pipe, and there may be thousands."""
        if self._waiting:
            sys.stdout.write("\n".join(self._waiting) + "\n")
            sys.stdout.flush()
            self._waiting.clear()


def _forgive_encoding() -> None:
    """Where there is no UTF-8 our own signs have others, and what a session says has question marks."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower()
    if "utf" not in encoding and hasattr(sys.stdout, "reconfigure"):
        codecs.register_error("trace-signs", _other_sign)
        sys.stdout.reconfigure(errors="trace-signs")


def _other_sign(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    return in_ascii(problem.object[problem.start : problem.end]), problem.end
