"""The words, glyphs and colours of all faces: one place, so that they are the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trace_tui.kinds import CallStatus, NoteKind, Tool, TurnKind, TurnStatus, agent_act

if TYPE_CHECKING:
    from trace_tui.model import Call

CALL_GLYPHS: dict[CallStatus, str] = {
    CallStatus.OK: "✓",
    CallStatus.FAILED: "✗",
    CallStatus.DECLINED: "⊘",
    CallStatus.ABORTED: "■",
    CallStatus.RUNNING: "…",
    CallStatus.UNFINISHED: "?",
}
TURN_GLYPHS: dict[str, str] = {
    TurnStatus.COMPLETED: "✓",
    TurnStatus.FAILED: "✗",
    TurnStatus.ABORTED: "■",
    TurnStatus.IN_PROGRESS: "…",
    TurnStatus.UNENDED: "?",
    "empty": "·",
}
TURN_WORDS: dict[str, str] = {
    TurnStatus.COMPLETED: "completed",
    TurnStatus.FAILED: "failed",
    TurnStatus.ABORTED: "interrupted",
    TurnStatus.IN_PROGRESS: "not ended",
    TurnStatus.UNENDED: "never ended",
    "empty": "empty",
}
CALL_STYLES: dict[CallStatus, str] = {
    CallStatus.OK: "green",
    CallStatus.FAILED: "bold red",
    CallStatus.DECLINED: "bold red",
    CallStatus.ABORTED: "yellow",
    CallStatus.RUNNING: "cyan",
    CallStatus.UNFINISHED: "yellow",
}
NOTE_STYLES: dict[NoteKind, str] = {
    NoteKind.PROMPT: "bold cyan",
    NoteKind.REASONING: "dim italic",
    NoteKind.ERROR: "red",
    NoteKind.COMPACTION: "dim",
    NoteKind.MODEL_CHANGE: "dim",
    NoteKind.NOTE: "dim",
}
STATE_STYLES: dict[str, str] = {
    TurnStatus.COMPLETED: "green",
    TurnStatus.FAILED: "bold red",
    TurnStatus.ABORTED: "yellow",
    TurnStatus.IN_PROGRESS: "cyan",
    TurnStatus.UNENDED: "yellow",
    "empty": "dim",
}
TURN_KINDS: dict[TurnKind, str] = {
    TurnKind.USER: "",
    TurnKind.AGENT: "task",
    TurnKind.SHELL: "own command",
    TurnKind.COMPACTION: "compaction",
    TurnKind.REVIEW: "review",
}
TOOL_WORDS: dict[Tool, str] = {
    Tool.EXEC: "run",
    Tool.STDIN: "input",
    Tool.PATCH: "patch",
    Tool.MCP: "mcp",
    Tool.WEB_SEARCH: "search",
    Tool.PLAN: "plan",
    Tool.IMAGE: "image",
    Tool.AGENT: "agent",
    Tool.CODE: "script",
    Tool.TOOL_SEARCH: "tools",
    Tool.ASK: "ask",
    Tool.DYNAMIC: "client",
    Tool.OTHER: "tool",
}
NOTE_WORDS: dict[NoteKind, str] = {
    NoteKind.PROMPT: "asked",
    NoteKind.MESSAGE: "says",
    NoteKind.REASONING: "thinks",
    NoteKind.PLAN: "plan",
    NoteKind.COMPACTION: "compact",
    NoteKind.MODEL_CHANGE: "model",
    NoteKind.AGENT_MESSAGE: "mail",
    NoteKind.NOTE: "note",
    NoteKind.ERROR: "error",
}


def step_word(call: Call) -> str:
    """The one word for what a call does."""
    return tool_word(call.tool, call.name)


def tool_word(tool: Tool, name: str) -> str:
    act = agent_act(tool, name)
    return TOOL_WORDS[tool] if act is None else act.value


def count(number: int, noun: str, nouns: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def tokens(number: int) -> str:
    """``950``, ``12.4k``, ``3.1M``: three digits are all that a glance takes in."""
    if number < 1000:
        return str(number)
    if number < 999_500:
        return f"{number / 1000:.1f}k" if number < 99_950 else f"{number / 1000:.0f}k"
    if number < 999_500_000:
        return f"{number / 1_000_000:.1f}M" if number < 99_950_000 else f"{number / 1_000_000:.0f}M"
    return f"{number / 1_000_000_000:.1f}G"
