"""Which steps say little by themselves: calls that only looked at something. A run of them may be one row."""

from __future__ import annotations

import re
from functools import lru_cache

from trace_tui.model import Call, CallStatus, Tool

# fmt: off
_LOOKING = frozenset(
    {
        "awk", "basename", "cat", "cd", "column", "cut", "date", "df", "diff", "dirname", "du",
        "echo", "egrep", "fgrep", "file", "find", "git", "grep", "head", "hexdump", "id", "jq",
        "less", "ls", "nl", "od", "printf", "ps", "pwd", "readlink", "realpath", "rg", "sed",
        "sort", "stat", "strings", "tail", "test", "tr", "tree", "true", "type", "uname", "uniq",
        "wc", "which", "xxd", "yq"
    }
)
_GIT_LOOKING = frozenset(
    {
        "blame", "branch", "cat-file", "describe", "diff", "grep", "log", "ls-files", "rev-parse",
        "show", "status"
    }
)
# fmt: on
_POLL = re.compile(r"(?:session \S+)?\s*")
"""What a call says that only asks for a process's output."""
_BETWEEN = re.compile(r"\|\||&&|[|;\n]")
_WRITES = re.compile(r">(?!&|\s*/dev/null)|(?:^|\s)-i\b|--in-place|-delete\b|-exec")


def quiet_word(call: Call) -> str | None:
    """What a call of this kind counts as among others like it; None for one that is worth a row."""
    if call.status is not CallStatus.OK or call.nested:
        return None
    if call.tool is Tool.EXEC:
        return "read" if only_looks(call.summary) else None
    if call.tool is Tool.STDIN:
        return "wait" if _POLL.fullmatch(call.summary) else None
    return _QUIET_TOOLS.get(call.tool)


_QUIET_TOOLS = {Tool.WEB_SEARCH: "search", Tool.TOOL_SEARCH: "tool search", Tool.IMAGE: "image"}


@lru_cache(maxsize=4096)
def only_looks(command: str) -> bool:
    """Every part of the command line is a program that changes nothing; what is cut off might be anything."""
    if not command or command.endswith("…") or _WRITES.search(command):
        return False
    return all(_is_looking(part.split()) for part in _BETWEEN.split(command) if part.strip())


def _is_looking(words: list[str]) -> bool:
    if words[0] == "git":
        return len(words) > 1 and words[1] in _GIT_LOOKING
    return words[0] in _LOOKING
