"""The console that `show` prints to: colours on a terminal only, a fixed width in a pipe."""

from __future__ import annotations

import os
import sys

from rich.console import Console


def plain_console(pipe_width: int) -> Console:
    on_terminal = sys.stdout.isatty()
    width = None if on_terminal or os.environ.get("COLUMNS", "").isdecimal() else pipe_width
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower()
    if "utf" not in encoding and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return Console(
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        no_color=None if on_terminal else True,
        legacy_windows=False,
    )
