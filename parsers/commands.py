"""Commands as a person would have typed them, out of the forms in which they are recorded."""

from __future__ import annotations

import re
import shlex
from typing import Any

_SHELL = re.compile(
    r"(?:.*[/\\])?(?:ba|z|da|k|fi)?sh(?:\.exe)?$|(?:.*[/\\])?(?:pwsh|powershell)(?:\.exe)?$", re.IGNORECASE
)
_SCRIPT_FLAG = re.compile(r"-[a-z]*c|-command|-encodedcommand", re.IGNORECASE)

_PATCH_FILE = re.compile(r"\n\*\*\* (?:Add|Update|Delete) File: (.+)")
"""Begins with plain characters, for which the search leaps; with ``^`` it would try every place."""


def shown_command(command: Any) -> str:
    """``["bash", "-lc", "ls"]`` and ``/bin/bash -lc 'ls'`` are both ``ls``."""
    if isinstance(command, str):
        return _unquoted(command)
    if not isinstance(command, list):
        return ""
    words = [word for word in command if isinstance(word, str)]
    script = _script_of(words)
    if script is not None:
        return script
    return words[0] if len(words) == 1 else shlex.join(words)


def _script_of(words: list[str]) -> str | None:
    if len(words) < 3 or not _SHELL.match(words[0]):
        return None
    for index in range(1, len(words) - 1):
        if _SCRIPT_FLAG.fullmatch(words[index]):
            return words[index + 1]
        if not words[index].startswith("-"):
            return None
    return None


def _unquoted(line: str) -> str:
    """Unwraps a quoted command line only where it is a shell with a script, and nothing comes behind it."""
    if len(line) > 100_000 or not _SHELL.match(line.split(" ", 1)[0]):
        return line
    try:
        words = shlex.split(line)
    except ValueError:
        return line
    script = _script_of(words)
    return line if script is None or script != words[-1] else script


def patch_summary(files: list[str], added: int = 0, removed: int = 0) -> str:
    """``src/a.py (+3 −1) and 2 more`` for the files of a patch."""
    if not files:
        return "patch"
    counts = f" (+{added} −{removed})" if added or removed else ""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return files[0] + counts + more


def summary_of_patch(patch: str) -> str:
    """The files of a patch in Codex' own format, and how many lines it adds and removes."""
    files = [name.strip() for name in _PATCH_FILE.findall("\n" + patch)]
    return patch_summary(files, *_signed_lines(patch))


def summary_of_changes(changes: Any) -> str:
    """The same for the ``changes`` of a finished patch: an object by path, or a list with paths."""
    if isinstance(changes, dict):
        added = removed = 0
        for change in changes.values():
            plus, minus = _changed_lines(change)
            added, removed = added + plus, removed + minus
        return patch_summary([path for path in changes if isinstance(path, str)], added, removed)
    if isinstance(changes, list):
        paths = [change.get("path") for change in changes if isinstance(change, dict)]
        return patch_summary([path for path in paths if isinstance(path, str)])
    return "patch"


def _changed_lines(change: Any) -> tuple[int, int]:
    if not isinstance(change, dict):
        return 0, 0
    diff, content = change.get("unified_diff"), change.get("content")
    if isinstance(diff, str):
        return _signed_lines(diff)
    if isinstance(content, str):
        count = content.count("\n") + (not content.endswith("\n") and content != "")
        return (0, count) if change.get("type") == "delete" else (count, 0)
    return 0, 0


def _signed_lines(diff: str) -> tuple[int, int]:
    first = diff[:1]
    return diff.count("\n+") + (first == "+"), diff.count("\n-") + (first == "-")
