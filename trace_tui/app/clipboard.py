"""Copies text out of the app: through the terminal, through tmux, or into a file that is told.

The terminal is the one in front of the person, also over SSH; a clipboard program would fill the clipboard of
a machine that nobody sits at.
"""

from __future__ import annotations

import os
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from trace_tui.app.private_files import write_private
from trace_tui.parsers.safe_text import one_line
from trace_tui.wording.words import count

_MOST_FOR_TERMINALS = 100_000
"""Bytes. Many terminals drop more in silence, and a slow line is blocked for long."""
_PATIENCE = 2.0
_SCREEN_TAKES = 252
"""Bytes that GNU screen passes on at once: 256 before 4.0.3, 768 today, with the four around them."""


def copy(text: str, write_to_terminal: Callable[[str], None]) -> str:
    """Copies it, and says in one line for the status bar where it went."""
    if not text:
        return "nothing to copy"
    content = text.encode("utf-8", "replace")  # sessions may hold halves of surrogate pairs
    if len(content) > _MOST_FOR_TERMINALS:
        return _kept(content, f"too long for the terminal's clipboard ({_megabytes(len(content))})")
    in_tmux = bool(os.environ.get("TMUX")) and _given_to_tmux(content)
    problem = _written(_sequence(content), write_to_terminal)
    lines = count(text.count("\n") + (not text.endswith("\n")), "line")
    if problem is None:
        return f"copied {lines} to tmux and the terminal" if in_tmux else f"copied {lines}"
    if in_tmux:
        return f"copied {lines} to tmux"
    return _kept(content, f"the terminal takes nothing ({problem})")


def _written(sequence: str, write_to_terminal: Callable[[str], None]) -> str | None:
    try:
        write_to_terminal(sequence)
    except OSError as problem:
        return problem.strerror or str(problem)
    return None


def _sequence(content: bytes) -> str:
    """OSC 52; inside GNU screen wrapped, so that it reaches the terminal around it."""
    sequence = f"\x1b]52;c;{b64encode(content).decode('ascii')}\x07"
    if not os.environ.get("STY") or os.environ.get("TMUX"):
        return sequence
    pieces = (sequence[at : at + _SCREEN_TAKES] for at in range(0, len(sequence), _SCREEN_TAKES))
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


def _given_to_tmux(content: bytes) -> bool:
    """By default tmux ignores OSC 52 from within; with ``-w`` (since 3.2) it passes on what it is given."""
    try:
        return _tmux_takes(content, "-w") or _tmux_takes(content)
    except (OSError, subprocess.TimeoutExpired):
        return False


def _tmux_takes(content: bytes, *options: str) -> bool:
    done = subprocess.run(
        ["tmux", "load-buffer", *options, "-"],
        input=content,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_PATIENCE,
        check=False,
    )
    return done.returncode == 0


def _kept(content: bytes, why: str) -> str:
    path = _file()
    try:
        write_private(path, content)
    except OSError as problem:
        return one_line(f"{why}, and {path} can't be written: {problem.strerror or problem}", 1000)
    return one_line(f"{why}: kept in {path}", 1000)


def _file() -> Path:
    from trace_tui.library.opening import default_path

    return default_path().parent / "copied.txt"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
