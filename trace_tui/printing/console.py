"""Where pages go: colours on a terminal only, a fixed width in a pipe, and then no Rich either."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 120
_USUAL_WIDTH = 80
_TOGETHER = 500

Part = tuple[str, str]
"""A piece of a line, and the style it has on a terminal."""


def page_width() -> int:
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    if not sys.stdout.isatty():
        return _PIPE_WIDTH
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _USUAL_WIDTH
    except OSError:
        return _USUAL_WIDTH  # a terminal that does not tell


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
    """A terminal that knows no UTF-8 gets question marks instead of an error."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower()
    if "utf" not in encoding and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
