"""What calls are about, and when two are the same work; asked by `findings`, `gaps` and `trail`.

The model has a call's summary, not its whole input: where the summary is known to be only a part, two calls
are never said to be the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, Tool

Work = tuple[str | None, ...]
"""Equal for two calls that did the same, as far as the model can tell."""

_CHANGE_OF_FOLDER = re.compile(r"""cd (?:'[^']*'|"[^"]*"|\S+) ?(?:&&|;) ?""")
_TYPED_PATCH = re.compile(r"""(?:cd (?:'[^']*'|"[^"]*"|\S+) ?(?:&&|;) ?)?apply_patch\b""")
_TYPED_FILE = re.compile(r"\*\*\* (?:Add|Update|Delete) File: (.+?)(?= @@| \*\*\*| [+-])")
"""Of a patch typed into a shell, whose lines the summary puts on one."""
_COUNTS = re.compile(r"(\d+) −(\d+)\)( and \d+ more)?")
_MORE_FILES = re.compile(r" and \d+ more$")
_NO_FILE = "patch"
"""The summary of a patch that names no file."""
_INPUT_TYPED = " · "
"""Stands in a summary between a process and what was typed into it, or done to a cell."""
_SEALED = "(sealed)"


class PatchedFile(NamedTuple):
    """The first file of a patch, the only one that its summary names."""

    name: str
    counts: tuple[int, int] | None = None
    """Lines added and removed; None where they are unknown, or those of several files together."""


def is_whole(call: Call) -> bool:
    """Its summary is all of what was asked for: not cut, not sealed, not the first line of a script."""
    return call.tool is not Tool.CODE and not call.summary.endswith("…") and _SEALED not in call.summary


def work_of(call: Call) -> Work | None:
    """None where that cannot be told. For patches the file counts, whatever was to be changed in it."""
    if is_patch(call):
        file = patched_file(call)
        return None if file is None else (Tool.PATCH, file.name)
    if not is_whole(call):
        return None
    if call.tool is Tool.EXEC:  # its name depends on the version, and on who made the call
        return (Tool.EXEC, _CHANGE_OF_FOLDER.sub("", call.summary, count=1))
    return (call.tool, call.name, call.namespace, call.summary)


def is_patch(call: Call) -> bool:
    if call.tool is Tool.EXEC:
        return "apply_patch" in call.summary and _TYPED_PATCH.match(call.summary) is not None
    return call.tool is Tool.PATCH


def patched_file(call: Call) -> PatchedFile | None:
    """Of a call that is a patch."""
    if call.tool is Tool.EXEC:
        typed = _TYPED_FILE.search(call.summary)
        return PatchedFile(typed[1]) if typed is not None else None
    if call.summary == _NO_FILE or call.summary.endswith("…"):
        return None
    name, begin, end = call.summary.rpartition(" (+")
    told = _COUNTS.fullmatch(end) if begin else None
    if told is None:
        return PatchedFile(_MORE_FILES.sub("", call.summary))
    return PatchedFile(name, None if told[3] is not None else (int(told[1]), int(told[2])))


def is_poll(call: Call) -> bool:
    """It only asks how something is getting on that was started before, and was answered."""
    if call.tool not in _MAY_POLL or call.status.is_failure:
        return False
    if call.tool is Tool.AGENT:
        return is_agent_wait(call)
    return _INPUT_TYPED not in call.summary and (call.tool is Tool.STDIN or call.name == "wait")


_MAY_POLL = frozenset({Tool.STDIN, Tool.CODE, Tool.AGENT})


def is_agent_wait(call: Call) -> bool:
    return agent_act(call.tool, call.name) is AgentAct.WAIT


def subject(call: Call, workers: Mapping[str, str]) -> str:
    """What a call is called in a sentence; ``workers`` are names by ids."""
    words = call.summary
    if call.tool is Tool.AGENT:
        for worker, name in workers.items():
            words = words.replace(worker, name)
    if words and (call.tool in _SAY_ALL or words == _NO_FILE):
        return words
    return f"{_NAMES.get(call.tool, call.name)} {words}".strip()


_SAY_ALL = frozenset({Tool.EXEC, Tool.CODE, Tool.STDIN})
_NAMES = {Tool.PATCH: "patch of", Tool.WEB_SEARCH: "search for"}
