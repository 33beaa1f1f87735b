"""Patches, file by file: Codex' own `*** Begin Patch` format, and the `changes` of a finished one.

Called when somebody looks at a patch. Nothing here raises: what is no patch has no files.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

Action = Literal["add", "update", "delete"]

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File: (.*)")
_MOVE = "*** Move to: "
_END_OF_FILE = "*** End of File"
_NO_NEWLINE = "\\ No newline"
_ACTIONS: dict[str, Action] = {"add": "add", "update": "update", "delete": "delete"}
_COMMANDS = ("apply_patch", "applypatch")


class FilePatch(NamedTuple):
    """What becomes of one file. Lines begin with ``+``, ``-``, a blank, or ``@`` where some are left out."""

    path: str
    action: Action
    lines: Sequence[str] = ()
    moved_to: str | None = None

    @property
    def added(self) -> int:
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        return sum(line.startswith("-") for line in self.lines)


class Change(NamedTuple):
    """Lines of a file that follow each other, and what stands in their place after a patch."""

    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def undone(self) -> Change:
        return Change(self.added, self.removed)


class PatchCommand(NamedTuple):
    """A shell command that hands a patch to `apply_patch`, and what stands around the patch."""

    before: str
    patch: str
    after: str


def read_patch(text: str) -> list[FilePatch]:
    """The files of a patch in Codex' own format; none where it is something else."""
    files: list[FilePatch] = []
    lines: list[str] = []
    for line in _inside(text):
        if found := _FILE.match(line):
            lines = []
            files.append(FilePatch(found[2].strip(), _ACTIONS[found[1].lower()], lines))
        elif not files or line == _END_OF_FILE:
            continue
        elif line.startswith(_MOVE) and not lines:
            files[-1] = files[-1]._replace(moved_to=line.removeprefix(_MOVE).strip())
        else:
            lines.append(_signed(line))
    return [file._replace(lines=tuple(file.lines)) for file in files]


def read_changes(changes: Any) -> list[FilePatch]:
    """The ``changes`` of a finished patch: an object by path, or a list of paths with what became of them."""
    if isinstance(changes, dict):
        told = changes.items()
        return [_change(path, change) for path, change in told if isinstance(change, dict)]
    if isinstance(changes, list):
        entries = [change for change in changes if isinstance(change, dict)]
        return [_change(entry["path"], entry) for entry in entries if isinstance(entry.get("path"), str)]
    return []


def read_unified(diff: str) -> list[str]:
    """The lines of one file's unified diff, without the names that may stand above it."""
    lines = _lines(diff)
    first = next((number for number, line in enumerate(lines) if line.startswith("@@")), 0)
    body = [line for line in lines[first:] if not line.startswith(_NO_NEWLINE)]
    return [_signed(line) for line in body]


def changes_of(file: FilePatch) -> list[Change]:
    """What a patch does to a file, place by place."""
    changes: list[Change] = []
    removed: list[str] = []
    added: list[str] = []
    for line in (*file.lines, "@"):
        if line.startswith("-"):
            removed.append(line[1:])
        elif line.startswith("+"):
            added.append(line[1:])
        elif removed or added:
            change = _without_ends(removed, added)
            changes += [change] if change.removed or change.added else []
            removed, added = [], []
    return changes


def _without_ends(removed: list[str], added: list[str]) -> Change:
    """Models write lines once more that stay as they are."""
    begin, shorter = 0, min(len(removed), len(added))
    while begin < shorter and removed[begin] == added[begin]:
        begin += 1
    end = 0
    while end < shorter - begin and removed[-1 - end] == added[-1 - end]:
        end += 1
    return Change(tuple(removed[begin : len(removed) - end]), tuple(added[begin : len(added) - end]))


def patch_in_command(command: str) -> PatchCommand | None:
    """The patch of ``apply_patch <<'EOF' …`` and of ``apply_patch '…'``."""
    start = command.find(_BEGIN)
    if start < 0:
        return None
    before = command[:start]
    opener = before.rstrip().rpartition("\n")[2]
    if not any(name in opener for name in _COMMANDS):
        return None
    if "<<" not in opener:
        return _quoted_patch(command)
    end = command.find("\n" + _END, start)
    if end < 0:
        return PatchCommand(before.rstrip(), command[start:], "")
    end += 1 + len(_END)
    # The word that ends the heredoc says nothing to a person.
    return PatchCommand(
        before.rstrip(), command[start:end], command[end:].lstrip().partition("\n")[2].strip()
    )


def _quoted_patch(command: str) -> PatchCommand | None:
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    for index, word in enumerate(words):
        if word.lstrip().startswith(_BEGIN):
            return PatchCommand(shlex.join(words[:index]), word, shlex.join(words[index + 1 :]))
    return None


def _inside(text: str) -> Iterable[str]:
    """The lines between the patch's first and last; models forget either now and then."""
    lines = _lines(text)
    begin = next((number + 1 for number, line in enumerate(lines) if line.strip() == _BEGIN), 0)
    for line in lines[begin:]:
        if line.strip() == _END:
            return
        yield line


def _change(path: str, change: dict[str, Any]) -> FilePatch:
    """``{type: add, content}``, ``{type: update, unified_diff, move_path}``; before types had names, keys."""
    action, told = change.get("type", change.get("kind")), change
    if action is None and len(change) == 1:
        action, inner = next(iter(change.items()))
        told = inner if isinstance(inner, dict) else {}
    moved = told.get("move_path")
    known = _ACTIONS.get(action, "update") if isinstance(action, str) else "update"
    return FilePatch(path, known, _changed_lines(told, known), moved if isinstance(moved, str) else None)


def _changed_lines(change: dict[str, Any], action: Action) -> Sequence[str]:
    diff, content = change.get("unified_diff"), change.get("content")
    if isinstance(diff, str):
        return tuple(read_unified(diff))
    if isinstance(content, str) and content:
        sign = "-" if action == "delete" else "+"
        return tuple(sign + line for line in _lines(content))
    return ()


def _signed(line: str) -> str:
    """An empty line of the file may have lost its blank."""
    return line if line.startswith(("+", "-", " ", "@")) else " " + line


def _lines(text: str) -> list[str]:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    return lines
