"""Steps of a turn as lines: fixed columns, a summary that gives way, never wider than asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trace_tui.model import Call, CallStatus, Note, NoteKind, Tool, line_of
from trace_tui.parsers.injected import worker_notice
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import between, local, short_duration
from trace_tui.wording.cells import Line, fitted, width_of
from trace_tui.wording.words import CALL_GLYPHS, CALL_STYLES, NOTE_STYLES, NOTE_WORDS, TOOL_WORDS

TIME_WIDTH = 8
WORD_WIDTH = 7
DURATION_WIDTH = 7
NARROW = 70


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
    row: Line = []
    if on_its_own:
        row.append((fitted(f"line {line_of(call.place)}", TIME_WIDTH + 1), "dim"))
    elif columns.with_time:
        row.append((fitted(clock(call.started_at), TIME_WIDTH + 1), "dim"))
    if columns.with_parallel:
        row.append(("‖" if call.parallel and not on_its_own else " ", "dim"))
    if call.parent_call_id and not on_its_own:
        row.append(("  ", ""))
    return row + call_line(call, width - width_of(row), columns.workers)


def call_line(call: Call, width: int, workers: Mapping[str, str], now: int | None = None) -> Line:
    """The same without what stands before it; ``now`` tells how long a running call has been running."""
    style = CALL_STYLES[call.status]
    good = call.status is CallStatus.OK
    right = outcome(call, max(12, width // 3), now)
    room = width - 2 - (WORD_WIDTH + 1) - len(right) - 1
    return [
        (f"{CALL_GLYPHS[call.status]} ", style),
        (fitted(TOOL_WORDS[call.tool], WORD_WIDTH + 1), "" if good else style),
        (fitted(summary(call, workers), max(room, 0)), "" if good else "bold"),
        (" " + right, "dim" if good else style),
    ]


def outcome(call: Call, limit: int, now: int | None = None) -> str:
    """Why it is not ok, and how long it took, or has taken by now."""
    took = call.duration_ms
    if call.status is CallStatus.RUNNING and now is not None:
        took = between(call.started_at, now)
    duration = short_duration(took).rjust(DURATION_WIDTH)
    if call.status is CallStatus.OK:
        return duration
    return f"{one_line(call.reason or call.status.value, limit)}  {duration}"


def tool_name(call: Call) -> str:
    """The server and tool of an MCP call; the name alone where the namespace only repeats the kind."""
    if call.tool is Tool.MCP:
        server, _, name = call.name.removeprefix("mcp__").partition("__")
        if call.namespace is not None:
            server, name = call.namespace.removeprefix("mcp__").rstrip("_"), call.name
        return f"{server}.{name}" if name else call.name
    return call.name


def summary(call: Call, workers: Mapping[str, str]) -> str:
    """The argument alone where the word says the tool, else the tool's own name before it."""
    named = tool_name(call)
    if TOOL_WORDS[call.tool] in ("run", "input", "patch", "script", "search", "plan"):
        return one_line(call.summary or named)
    words = call.summary
    if call.tool is Tool.AGENT:  # waiting and closing may be for several
        for thread_id, name in workers.items():
            words = words.replace(thread_id, name)
    return one_line(f"{named} {words}".strip())


def note_row(note: Note, text: str, width: int, columns: Columns) -> Line:
    row: Line = []
    if columns.with_time:
        row.append((fitted(clock(note.at), TIME_WIDTH + 1), "dim"))
    if columns.with_parallel:
        row.append((" ", ""))
    return row + note_line(note, text, width - width_of(row))


def told(note: Note, text: str, workers: Mapping[str, str]) -> str:
    """A note's text without what says nothing to a person."""
    if note.kind is NoteKind.AGENT_MESSAGE:
        notice = worker_notice(text)
        if notice is None:
            return text
        name = workers.get(notice.worker, notice.worker)
        return f"{name} {notice.state}" + (f": {notice.words}" if notice.words else "")
    if note.kind is NoteKind.REASONING:
        return text.replace("**", "")  # summaries are headed in Markdown
    if note.kind is NoteKind.COMPACTION and text.startswith("Another language model started"):
        return text.partition("\n")[2] or text  # since 0.75 a fixed sentence stands before the summary
    return text


def note_line(note: Note, text: str, width: int) -> Line:
    style = NOTE_STYLES.get(note.kind, "")
    words = one_line(text, 400)
    if note.kind is NoteKind.AGENT_MESSAGE and note.author:
        words = f"{one_line(note.author, 60)}: {words}"
    return [
        ("· ", style or "dim"),
        (fitted(NOTE_WORDS[note.kind], WORD_WIDTH + 1), style or "dim"),
        (fitted(words, max(width - 2 - (WORD_WIDTH + 1), 0)), style),
    ]
