"""When two calls did the same, as far as their records tell; asked by `trail`.

Summaries may be cut, and tell one argument of several: they choose what is looked at, the records decide.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import orjson

from trace_tui.call_texts import CallRecords, call_folder, call_input, patched_files, typed_command
from trace_tui.likeness import is_patch, patched_file
from trace_tui.model import Call, Tool, Turn
from trace_tui.parsers.commands import shown_command
from trace_tui.parsers.particulars import item_arguments
from trace_tui.texts import Readable
from trace_tui.wording.steps import tool_name

_LOOKED_AT = 1000
"""So many calls whose summaries are alike are compared; each is a look into the file."""
_GROWTH = 4

_FOLDER = re.compile(r"""cd ('[^']*'|"[^"]*"|[^\s;&|]+)\s*(?:&&|;|\n)\s*""")
_AROUND = re.compile(
    r"(?:g?timeout(?: +-[ks] +\S+| +-(?![ks] )\S+)* +[\d.]+[smhd]?"
    r"|time(?: +-p)?|nohup|nice(?: +-n +-?\d+| +-\d+)?) +"
)
"""What only limits or measures a command."""
_FOLDER_IN_SUMMARY = re.compile(r"""cd ('[^']*'|"[^"]*"|[^\s;&|]+)(?: ?(?:&&|;) ?| )""")
_MAY_BE_WRAPPED = re.compile(
    r"\s|(?:cd|g?timeout|time|nohup|nice) |\S*(?:sh|shell)(?:\.exe)? ", re.IGNORECASE
)
_BEGINNING = 40
"""Characters of a command that is cut. Where fewer are left of it, those are found that are cut like it."""
_BOTH_STREAMS = " 2>&1"
_LINKED = "/private"
"""Where macOS keeps its temporary folders, which are linked from the root."""


class Step(NamedTuple):
    turn: Turn
    call: Call


class _Work(NamedTuple):
    """What a call did."""

    what: tuple[object, ...]
    folder: str = ""
    """Where a command ran; empty where nothing tells."""
    files: frozenset[str] = frozenset()
    """Those of a patch."""

    def is_same(self, other: _Work) -> bool:
        """Of patches, where they share a file."""
        if self.files or other.files:
            return any(_are_one(mine, its) for mine in self.files for its in other.files)
        is_there = not (self.folder and other.folder) or _are_one(self.folder, other.folder)
        return is_there and self.what == other.what


def first_passing(failing: Step, candidates: Iterable[Step], own: Readable, other: Readable) -> Step | None:
    """The first of these calls of the ``other`` session, which ended ok, that did the same."""
    work = _work(failing, CallRecords.of(failing.call, own.texts), own)
    if work is None:
        return None
    alike = (step for step in candidates if _are_alike(step.call, failing.call))
    for block in _growing_blocks(islice(alike, _LOOKED_AT)):
        read = CallRecords.of_many([step.call for step in block], other.texts)
        for step, records in zip(block, read, strict=True):
            found = _work(step, records, other)
            if found is not None and work.is_same(found):
                return step
    return None


def _growing_blocks(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Mostly the first one is it. Where a file is compressed, each block takes reading it from its start."""
    waiting = iter(steps)
    size = 1
    while block := list(islice(waiting, size)):
        yield block
        size *= _GROWTH


def is_comparable(call: Call) -> bool:
    """Of which it is worth telling that it never passed before: a command, or a tool with its arguments."""
    return call.tool in (Tool.EXEC, Tool.MCP, Tool.DYNAMIC) and not is_patch(call)


# -- by their summaries -----------------------------------------------------------

PATCHES = ("patches",)
"""All patches are filed under this."""


def filed_under(call: Call) -> list[Hashable]:
    """So that whoever looks under all that `asked_for` says finds whatever may have done the same."""
    if is_patch(call):
        name = _only_file(call)
        return [PATCHES, ("patch", name)]
    if call.tool is not Tool.EXEC:
        return [(call.tool, tool_name(call), call.summary)]
    bare = _bare(call.summary)
    begins = bare[:_BEGINNING]
    return [("begins", begins), ("cut", begins) if _is_cut(call) else ("runs", bare)]


def asked_for(call: Call) -> list[Hashable]:
    if is_patch(call):
        name = _only_file(call)
        return [PATCHES] if name is None else [("patch", name), ("patch", None)]
    if call.tool is not Tool.EXEC:
        return filed_under(call)
    bare = _bare(call.summary)
    begins = bare[:_BEGINNING]
    return [("begins", begins)] if _is_cut(call) else [("runs", bare), ("cut", begins)]


def _only_file(call: Call) -> str | None:
    """The last part of the name of a patch's file; None where there may be several."""
    file = patched_file(call)
    return None if file is None or " more" in call.summary else file.name.rpartition("/")[2]


def _is_cut(call: Call) -> bool:
    return call.summary.endswith("…")


@lru_cache(maxsize=8192)
def _bare(summary: str) -> str:
    """A command without what stands around it. A summary does not tell where its lines ended."""
    command = summary.removesuffix("…")
    if not _MAY_BE_WRAPPED.match(command):  # as most
        return command.removesuffix(_BOTH_STREAMS).rstrip()
    return _core(command, _FOLDER_IN_SUMMARY)[1]


def ran_together(later: Call, earlier: Call) -> bool:
    """Side by side, or one inside the other."""
    return (
        later.started_at is not None and earlier.ended_at is not None and later.started_at < earlier.ended_at
    )


def _are_alike(one: Call, other: Call) -> bool:
    if is_patch(one) or is_patch(other):
        return is_patch(one) and is_patch(other) and _may_share_files(one, other)
    if one.tool is not other.tool:
        return False
    if one.tool is not Tool.EXEC:  # a command's tool depends on the version, and on who made the call
        return tool_name(one) == tool_name(other) and one.summary == other.summary
    mine, its = _bare(one.summary), _bare(other.summary)
    if _is_cut(one) or _is_cut(other):
        return mine.startswith(its) or its.startswith(mine)
    return mine == its


def _may_share_files(one: Call, other: Call) -> bool:
    """A summary names the first file only."""
    first, second = patched_file(one), patched_file(other)
    if first is None or second is None or " more" in one.summary + other.summary:
        return True
    return _are_one(first.name, second.name)


# -- by their records -------------------------------------------------------------


def _work(step: Step, records: CallRecords, where: Readable) -> _Work | None:
    call = step.call
    if is_patch(call):
        files = frozenset(file.path for file in patched_files(records))
        return _Work((), files=files) if files else None
    if call.tool is not Tool.EXEC:
        return _Work((call.tool, tool_name(call), _arguments(records)))
    command = typed_command(records)
    if command is None:
        return None
    within, core = _core(command)
    base = step.turn.cwd or where.session.cwd or ""
    folder = posixpath.join(base, call_folder(records, step.turn) or "", within)
    return _Work((Tool.EXEC, core), posixpath.normpath(folder) if folder else "")


@lru_cache(maxsize=1024)
def _core(command: str, cd: re.Pattern[str] = _FOLDER) -> tuple[str, str]:
    """A command without what stands around it, and the folder that it was told to go to first."""
    folder = ""
    while True:
        bare = shown_command(command.strip())
        if match := cd.match(bare):
            folder = posixpath.join(folder, match[1].strip("'\""))
            bare = bare[match.end() :]
        elif match := _AROUND.match(bare):
            bare = bare[match.end() :]
        if bare == command:
            return folder, command.removesuffix(_BOTH_STREAMS).rstrip()
        command = bare


def _arguments(records: CallRecords) -> object:
    if records.made is not None:
        given: object = records.made.arguments
    else:
        record = records.item_record
        given = item_arguments(record) if record is not None else None
    if given is None:
        return call_input(records)
    return orjson.dumps(given, option=orjson.OPT_SORT_KEYS, default=str)


def _are_one(path: str, other: str) -> bool:
    """Calls name files by their way from the folder, items by the whole path, links followed."""
    path, other = (one.removeprefix(_LINKED).removeprefix("./") for one in (path, other))
    if path == other:
        return True
    longer, shorter = sorted((path, other), key=len, reverse=True)
    return longer.startswith("/") and not shorter.startswith("/") and longer.endswith("/" + shorter)
