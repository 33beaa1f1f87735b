"""Rows of the printed timeline: fixed columns, a summary that gives way, never wider than the page."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len, set_cell_size
from rich.text import Text as Line

from trace_tui.model import Call, CallStatus, Note, NoteKind, line_of
from trace_tui.parsers.safe_text import one_line
from trace_tui.show.words import CALL_GLYPHS, NOTE_WORDS, TOOL_WORDS
from trace_tui.times import moment_of, short_duration

TIME_WIDTH = 8
WORD_WIDTH = 7
DURATION_WIDTH = 7
NARROW = 70

STYLES: dict[CallStatus, str] = {
    CallStatus.OK: "green",
    CallStatus.FAILED: "bold red",
    CallStatus.DECLINED: "bold red",
    CallStatus.ABORTED: "yellow",
    CallStatus.RUNNING: "cyan",
    CallStatus.UNFINISHED: "yellow",
}


def clock(at: int | None) -> str:
    moment = moment_of(at)
    return moment.strftime("%H:%M:%S") if moment else ""


def fitted(text: str, width: int) -> str:
    """Exactly ``width`` cells, with an ellipsis where something was cut."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


def call_row(
    call: Call, width: int, *, line_numbers: bool = False, workers: Mapping[str, str] | None = None
) -> Line:
    """Time, glyph, tool, its telling argument; on the right why it is not ok, and how long it took."""
    style = STYLES[call.status]
    good = call.status is CallStatus.OK
    indent = "  " if call.parent_call_id else ""
    row = Line(no_wrap=True, end="")
    if width >= NARROW:
        row.append(fitted(clock(call.started_at), TIME_WIDTH + 1), "dim")
    row.append(f"{indent}{CALL_GLYPHS[call.status]} ", style)
    row.append(fitted(_word(call), WORD_WIDTH + 1), "" if good else style)
    duration = short_duration(call.duration_ms)
    reason = "" if good else one_line(call.reason or call.status.value, max(12, width // 3))
    line = f"line {line_of(call.place)}" if line_numbers else ""
    right = "  ".join(part for part in (line, reason, duration.rjust(DURATION_WIDTH)) if part)
    room = width - cell_len(row.plain) - cell_len(right) - 1
    row.append(fitted(_summary(call, workers or {}), max(room, 0)), "" if good else "bold")
    row.append(" ")
    row.append(right, "dim" if good else style)
    return row


def tool_name(call: Call) -> str:
    """The server and tool of an MCP call; the name alone where the namespace only repeats the kind."""
    if call.namespace is not None and call.namespace.startswith("mcp__"):
        return f"{call.namespace.removeprefix('mcp__').rstrip('_')}.{call.name}"
    return call.name


def _word(call: Call) -> str:
    return ("‖ " if call.parallel else "") + TOOL_WORDS[call.tool]


def _summary(call: Call, workers: Mapping[str, str]) -> str:
    """The argument alone where the word says the tool, else the tool's own name before it."""
    named = tool_name(call)
    if TOOL_WORDS[call.tool] in ("run", "input", "patch", "script", "search", "plan"):
        return call.summary or one_line(named)
    summary = call.summary
    if call.child_session is not None and call.child_session in workers:
        summary = summary.replace(call.child_session, workers[call.child_session])
    return one_line(f"{named} {summary}".strip())


NOTE_STYLES: dict[NoteKind, str] = {
    NoteKind.PROMPT: "bold cyan",
    NoteKind.REASONING: "dim italic",
    NoteKind.ERROR: "red",
    NoteKind.COMPACTION: "dim",
    NoteKind.MODEL_CHANGE: "dim",
    NoteKind.NOTE: "dim",
}


def note_row(note: Note, text: str, width: int) -> Line:
    style = NOTE_STYLES.get(note.kind, "")
    row = Line(no_wrap=True, end="")
    if width >= NARROW:
        row.append(fitted(clock(note.at), TIME_WIDTH + 1), "dim")
    row.append("· ", style or "dim")
    row.append(fitted(NOTE_WORDS[note.kind], WORD_WIDTH + 1), style or "dim")
    words = one_line(text, 400)
    if note.kind is NoteKind.AGENT_MESSAGE and note.author:
        words = f"{one_line(note.author, 60)}: {words}"
    row.append(fitted(words, max(width - cell_len(row.plain), 0)).rstrip(), style)
    return row
