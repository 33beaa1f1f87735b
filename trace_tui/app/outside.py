"""Hands text to the person's own pager or editor. The app suspends itself around it; no shell is involved.

Both return one line about what went wrong, or None.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from trace_tui.app.private_files import write_private
from trace_tui.errors import Unusable
from trace_tui.parsers.safe_text import one_line

_LONGEST_NAME = 80
_FINE = (0, -signal.SIGINT, 128 + signal.SIGINT)
"""Ctrl-C is one way to leave."""


def page(text: str) -> str | None:
    """Shows the text, which was made safe before, in ``$PAGER``."""
    try:
        pager = _named_by("PAGER") or _usual_pager()
    except Unusable as problem:
        return str(problem)
    # The text comes from elsewhere: `less` shall not be talked into writing files or running programs.
    return _run(pager, {"LESSSECURE": "1"}, content=_bytes(text))


def edit(text: str, name: str) -> str | None:
    """Opens a copy, which is gone afterwards, in ``$VISUAL`` or ``$EDITOR``; ``name`` tells what it is."""
    try:
        editor = _named_by("VISUAL", "EDITOR") or ["vi"]
        with tempfile.TemporaryDirectory(prefix="codex-trace-tui-") as folder:
            path = Path(folder, _harmless(name))
            write_private(path, _bytes(text))
            return _run([*editor, str(path)], {})
    except Unusable as problem:
        return str(problem)
    except OSError as problem:
        return one_line(f"the copy for the editor: {problem.strerror or problem}")


def _named_by(*variables: str) -> list[str]:
    for variable in variables:
        words = os.environ.get(variable, "").strip()
        if not words:
            continue
        try:
            return shlex.split(words)
        except ValueError as problem:
            raise Unusable(one_line(f"${variable} can't be understood: {problem}")) from problem
    return []


def _usual_pager() -> list[str]:
    return ["less", "-S"] if shutil.which("less") else ["more"]


def _harmless(name: str) -> str:
    """Neither a path nor an option nor a hidden file: editors obey some of those."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-_LONGEST_NAME:].lstrip("._-") or "text"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # sessions may hold halves of surrogate pairs


def _run(command: Sequence[str], environment: Mapping[str, str], content: bytes | None = None) -> str | None:
    """With the content on its standard input, else with ours."""
    with _ctrl_c_left_to_others():
        try:
            done = subprocess.run(command, input=content, env={**os.environ, **environment}, check=False)
        except OSError as problem:
            return one_line(f"{command[0]} can't be started: {problem.strerror or problem}")
    if done.returncode in _FINE:
        return None
    if done.returncode < 0:
        return one_line(f"{command[0]} was ended by signal {-done.returncode}")
    return one_line(f"{command[0]} ended with exit {done.returncode}")


@contextmanager
def _ctrl_c_left_to_others() -> Iterator[None]:
    """The terminal sends it to us as well. A handler, because being deaf to it would be inherited."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
