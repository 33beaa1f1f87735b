"""What calls are about, and when two are the same work; asked by `findings`, `gaps` and `trail`.

The model has a call's summary, not its whole input: where the summary is known to be only a part, two calls
are never said to be the same. `deeds` reads the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, Tool
from trace_tui.time_spent import is_wait

MAY_POLL = frozenset({Tool.STDIN, Tool.CODE, Tool.AGENT})

Work = tuple[str | None, ...]
"""Equal for two calls that did the same, as far as the model can tell."""

_CHANGE_OF_FOLDER = re.compile(r"""cd (?:'[^']*'|"[^"]*"|\S+) ?(?:&&|;) ?""")
_TYPED_PATCH = re.compile(r"""(?:cd (?:'[^']*'|"[^"]*"|\S+) ?(?:&&|;) ?)?apply_patch\b""")
_TYPED_FILE = re.compile(r"\*\*\* (?:Add|Update|Delete) File: (.+?)(?= @@| \*\*\*| [+-])")
"""Of a patch typed into a shell, whose lines the summary puts on one."""
_COUNTS = re.compile(r" \(\+\d+ −\d+\)$")
_MORE_FILES = re.compile(r" and \d+ more$")
_NO_FILE = "patch"
"""The summary of a patch that names no file."""
_INPUT_TYPED = " · "
"""Stands in a summary between a process and what was typed into it, or done to a cell."""
_SEALED = "(sealed)"


class PatchedFile(NamedTuple):
    """The first file of a patch, the only one that its summary names."""

    name: str
    is_alone: bool
    """No other is patched with it."""


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
        summary = call.summary
        return (Tool.EXEC, _CHANGE_OF_FOLDER.sub("", summary, count=1) if "cd " in summary else summary)
    return (call.tool, call.name, call.namespace, call.summary)


def is_patch(call: Call) -> bool:
    if call.tool is Tool.EXEC:
        return "apply_patch" in call.summary and _TYPED_PATCH.match(call.summary) is not None
    return call.tool is Tool.PATCH


def patched_file(call: Call) -> PatchedFile | None:
    """Of a call that is a patch."""
    if call.tool is Tool.EXEC:
        typed = _TYPED_FILE.findall(call.summary)
        return PatchedFile(typed[0], len(typed) == 1 and is_whole(call)) if typed else None
    return _first_of(call.summary)


@lru_cache(maxsize=4096)
def _first_of(summary: str) -> PatchedFile | None:
    if summary == _NO_FILE or summary.endswith("…"):
        return None
    first = _MORE_FILES.sub("", summary)
    return PatchedFile(_COUNTS.sub("", first), first == summary)


def is_poll(call: Call) -> bool:
    """It only asks how something is getting on that was started before, and was answered."""
    if call.tool not in MAY_POLL or call.status.is_failure:
        return False
    if call.tool is Tool.AGENT:
        return asks_agents(call)
    return _INPUT_TYPED not in call.summary and (call.tool is Tool.STDIN or call.name == "wait")


def is_agent_wait(call: Call) -> bool:
    return is_wait(call.tool, call.name)


def asks_agents(call: Call) -> bool:
    """How workers are getting on, with waiting or without."""
    return agent_act(call.tool, call.name) in (AgentAct.WAIT, AgentAct.LIST)


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
