"""Steps of a turn as lines: fixed columns, a summary that gives way, never wider than asked for."""

from __future__ import annotations

from dataclasses import dataclass

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, CallStatus, Note, NoteKind, Tool, line_of
from trace_tui.parsers.agent_replies import FAILED_STATES, news_of, readable_error
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import between, local, short_duration
from trace_tui.wording.agent_steps import agent_words, standing
from trace_tui.wording.cast import NOBODY, Cast
from trace_tui.wording.cells import Line, fitted, width_of
from trace_tui.wording.words import (
    CALL_GLYPHS,
    CALL_STYLES,
    NOTE_STYLES,
    NOTE_WORDS,
    TOOL_WORDS,
    step_word,
)

TIME_WIDTH = 8
WORD_WIDTH = 7
DURATION_WIDTH = 7
NARROW = 70
_LEAST_REASON = 12
_WHOLE = 1_000
"""Cells that nothing needs."""


def clock(at: int | None) -> str:
    moment = local(at)
    return moment.strftime("%H:%M:%S") if moment else ""


@dataclass(frozen=True, slots=True)
class Columns:
    """What all rows of a page have in common."""

    cast: Cast = NOBODY
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
    return row + call_line(call, width - width_of(row), columns.cast)


def call_line(call: Call, width: int, cast: Cast, now: int | None = None) -> Line:
    """The same without what stands before it; ``now`` tells how long a running call has been running."""
    style = CALL_STYLES[call.status]
    good = call.status is CallStatus.OK
    begin: Line = [
        (f"{CALL_GLYPHS[call.status]} ", style),
        (fitted(step_word(call), WORD_WIDTH + 1), "" if good else style),
    ]
    if call.tool is Tool.AGENT:
        return begin + _agent_line(call, width - width_of(begin), cast, now)
    told = outcome(call, max(_LEAST_REASON, width // 3), now)
    room = width - width_of(begin) - len(told) - 1
    return [
        *begin,
        (fitted(summary(call, cast), max(room, 0)), "" if good else "bold"),
        (" " + told, "dim" if good else style),
    ]


def _agent_line(call: Call, width: int, cast: Cast, now: int | None) -> Line:
    """A call about a worker ends with how that worker stands by now."""
    good = call.status is CallStatus.OK
    told = " " + outcome(call, max(_LEAST_REASON, width // 2), now)
    after = standing(call, cast, width - len(told)) if good else []
    room = max(width - len(told) - width_of(after), 0)
    words = agent_words(call, cast, room)
    filled: Line = [(" " * (room - width_of(words)), "")]
    if after and agent_act(call.tool, call.name) is AgentAct.SPAWN:
        told = " " * len(told)  # to start a worker takes no time worth telling
    return [*words, *filled, *after, (told, "dim" if good else CALL_STYLES[call.status])]


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


def summary(call: Call, cast: Cast) -> str:
    """The argument alone where the word says the tool, else the tool's own name before it."""
    if call.tool is Tool.AGENT:
        return "".join(text for text, _ in agent_words(call, cast, _WHOLE))
    named = tool_name(call)
    if TOOL_WORDS[call.tool] in ("run", "input", "patch", "script", "search", "plan"):
        return one_line(call.summary or named)
    return one_line(f"{named} {call.summary}".strip())


def note_row(note: Note, text: str, width: int, columns: Columns) -> Line:
    row: Line = []
    if columns.with_time:
        row.append((fitted(clock(note.at), TIME_WIDTH + 1), "dim"))
    if columns.with_parallel:
        row.append((" ", ""))
    return row + note_line(note, text, width - width_of(row), columns.cast)


def told(note: Note, text: str, cast: Cast) -> str:
    """A note's text without what says nothing to a person; news of a worker begin with its name."""
    name, words = _speaker(note, text, cast)
    return "".join(part for part, _ in name) + words


def note_line(note: Note, text: str, width: int, cast: Cast) -> Line:
    """``text`` is as much of the note's own as there is."""
    style = NOTE_STYLES.get(note.kind, "")
    name, words = _speaker(note, text, cast)
    line: Line = [
        ("· ", style or "dim"),
        (fitted(NOTE_WORDS[note.kind], WORD_WIDTH + 1), style or "dim"),
        *name,
    ]
    return [*line, (fitted(one_line(words, 400), max(width - width_of(line), 0)), style)]


def _speaker(note: Note, text: str, cast: Cast) -> tuple[Line, str]:
    """Of whom the note has news, and what; without what says nothing to a person."""
    if note.kind is NoteKind.AGENT_MESSAGE:
        return _mail(note, text, cast)
    if note.kind is NoteKind.NOTE:
        first, _, rest = text.partition(" ")
        known = cast.find(first)
        return ([], text) if known is None else ([*known.words(), (" ", "")], rest)
    if note.kind is NoteKind.REASONING:
        return [], text.replace("**", "")  # summaries are headed in Markdown
    if note.kind is NoteKind.COMPACTION and text.startswith("Another language model started"):
        return [], text.partition("\n")[2] or text  # since 0.75 a fixed sentence stands before the summary
    return [], text


def _mail(note: Note, text: str, cast: Cast) -> tuple[Line, str]:
    news = news_of(text, note.author)
    if news is None:
        return [], text
    known = cast.find(news.worker)
    name: Line = [(one_line(news.worker, 60), "")] if known is None else known.words()
    state = f" {one_line(news.state, 40)}" if news.state else ""
    after = ": " if news.words else ""
    return [*name, (state + after, "red" if news.state in FAILED_STATES else "")], readable_error(news.words)
