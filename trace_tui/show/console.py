"""The console that `show` prints to: colours on a terminal only, a fixed width in a pipe."""

from __future__ import annotations

import os
import sys

from rich.console import Console


class PlainConsole(Console):
    def on_broken_pipe(self) -> None:
        """The command line ends quietly when its reader has gone; Rich would leave with an error."""
        raise BrokenPipeError


def plain_console(pipe_width: int) -> Console:
    on_terminal = sys.stdout.isatty()
    asked = os.environ.get("COLUMNS", "")
    width = int(asked) if asked.isdecimal() and int(asked) > 0 else (None if on_terminal else pipe_width)
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower()
    if "utf" not in encoding and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return PlainConsole(
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        no_color=None if on_terminal else True,
        legacy_windows=False,
    )
