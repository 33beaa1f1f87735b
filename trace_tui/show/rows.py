"""Rows of the printed timeline: fixed columns, a summary that gives way, never wider than the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text as Line

from trace_tui.model import Call, CallStatus, Note, NoteKind, Tool, line_of
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.cells import fitted
from trace_tui.printing.words import CALL_GLYPHS, NOTE_WORDS, TOOL_WORDS
from trace_tui.times import local, short_duration

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
    moment = local(at)
    return moment.strftime("%H:%M:%S") if moment else ""


@dataclass(frozen=True, slots=True)
class Columns:
    """What all rows of a page have in common."""

    workers: Mapping[str, str] = field(default_factory=dict)
    """Names of workers by their ids."""
    with_time: bool = True
    with_parallel: bool = False


def call_row(call: Call, width: int, columns: Columns, *, on_its_own: bool = False) -> Line:
    """Time, glyph, tool, its telling argument; on the right why it is not ok, and how long it took.

    A row on its own, away from its turn, says its line instead of its time.
    """
    style = STYLES[call.status]
    good = call.status is CallStatus.OK
    row = Line(no_wrap=True, end="")
    if on_its_own:
        row.append(fitted(f"line {line_of(call.place)}", TIME_WIDTH + 1), "dim")
    elif columns.with_time:
        row.append(fitted(clock(call.started_at), TIME_WIDTH + 1), "dim")
    if columns.with_parallel:
        row.append("‖" if call.parallel and not on_its_own else " ", "dim")
    if call.parent_call_id and not on_its_own:
        row.append("  ")
    row.append(f"{CALL_GLYPHS[call.status]} ", style)
    row.append(fitted(TOOL_WORDS[call.tool], WORD_WIDTH + 1), "" if good else style)
    reason = "" if good else one_line(call.reason or call.status.value, max(12, width // 3))
    duration = short_duration(call.duration_ms).rjust(DURATION_WIDTH)
    right = f"{reason}  {duration}" if reason else duration
    room = width - cell_len(row.plain) - cell_len(right) - 1
    row.append(fitted(_summary(call, columns.workers), max(room, 0)), "" if good else "bold")
    row.append(" ")
    row.append(right, "dim" if good else style)
    row.rstrip()
    return row


def tool_name(call: Call) -> str:
    """The server and tool of an MCP call; the name alone where the namespace only repeats the kind."""
    if call.tool is Tool.MCP:
        server, _, name = call.name.removeprefix("mcp__").partition("__")
        if call.namespace is not None:
            server, name = call.namespace.removeprefix("mcp__").rstrip("_"), call.name
        return f"{server}.{name}" if name else call.name
    return call.name


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


def note_row(note: Note, text: str, width: int, columns: Columns) -> Line:
    style = NOTE_STYLES.get(note.kind, "")
    row = Line(no_wrap=True, end="")
    if columns.with_time:
        row.append(fitted(clock(note.at), TIME_WIDTH + 1), "dim")
    if columns.with_parallel:
        row.append(" ")
    row.append("· ", style or "dim")
    row.append(fitted(NOTE_WORDS[note.kind], WORD_WIDTH + 1), style or "dim")
    words = one_line(text, 400)
    if note.kind is NoteKind.AGENT_MESSAGE and note.author:
        words = f"{one_line(note.author, 60)}: {words}"
    row.append(fitted(words, max(width - cell_len(row.plain), 0)).rstrip(), style)
    return row
