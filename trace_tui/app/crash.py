"""Keeps what a crash of the app left behind: where it happened, and no values, which may be session text."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from trace_tui import __version__
from trace_tui.app.private_files import write_private
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import rfc3339

_MOST = 1_000_000
"""Bytes of the file; one report takes at most a tenth of it."""
_LONGEST_MESSAGE = 200
_DEEPEST = 60
_MOST_ERRORS = 10
_START = "=== "


def keep(error: BaseException) -> Path | None:
    """Where it can be read; None where it can't be written."""
    report = _report(error).encode("utf-8", "replace")[: _MOST // 10] + b"\n"
    try:
        path = _file()
        write_private(path, _newest(path, _MOST - len(report)) + report)
    except OSError:
        return None
    return path


def _file() -> Path:
    from platformdirs import user_state_path

    return user_state_path("codex-trace-tui", appauthor=False) / "crash.log"


def _newest(path: Path, room: int) -> bytes:
    """The reports of earlier crashes, from the first on that is still whole."""
    try:
        kept = path.read_bytes()
    except FileNotFoundError:
        return b""
    if len(kept) <= room:
        return kept
    start = kept.find(b"\n" + _START.encode(), len(kept) - room)
    return kept[start + 1 :] if start >= 0 else b""


def _report(error: BaseException) -> str:
    when = rfc3339(int(time.time() * 1000))
    python = ".".join(map(str, sys.version_info[:3]))
    title = f"{_START}{when} codex-trace-tui {__version__}, Python {python} on {sys.platform}\n"
    return title + "\n".join(_told(one, how) for one, how in _with_its_causes(error))


def _with_its_causes(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The error itself first: the file may be cut, and the last is what the app died of."""
    waiting, seen = [(error, "")], set[int]()
    while waiting and len(seen) < _MOST_ERRORS:
        one, how = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one, how
        if isinstance(one, BaseExceptionGroup):
            waiting += [(member, "one of the group:\n") for member in one.exceptions]
        if one.__cause__ is not None:
            waiting.append((one.__cause__, "caused by:\n"))
        elif one.__context__ is not None and not one.__suppress_context__:
            waiting.append((one.__context__, "while handling:\n"))


def _told(error: BaseException, how: str) -> str:
    """Frames by file, line and code; no locals, and of the message only the beginning."""
    frames = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), limit=-_DEEPEST, capture_locals=False
    )
    message = " ".join(traceback.format_exception_only(error))
    return f"{how}{''.join(frames.format())}{one_line(message, _LONGEST_MESSAGE)}"
