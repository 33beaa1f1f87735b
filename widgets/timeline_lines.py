"""Rows of a timeline as lines: for the pane that shows them, and for the page that prints a whole chain."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from trace_tui.model import Call, Note, Turn
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import between, short_duration
from trace_tui.widgets.timeline_rows import NO_MARKS, Kind, Link, Marks, Row
from trace_tui.wording.agent_steps import standing_of
from trace_tui.wording.agents import Badge
from trace_tui.wording.cast import NOBODY, Cast
from trace_tui.wording.cells import Line, cells, cut, failures_in_red, fitted, right, width_of
from trace_tui.wording.steps import TIME_WIDTH, WORD_WIDTH, call_line, clock, note_line, told
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_KINDS, TURN_WORDS

_NARROW = 56
"""Cells below which the times give way to what happened."""
_LEAST_PROMPT = 16
_ID = 40


class Times(Enum):
    CLOCK = "clock times"
    OFFSET = "times since the turn began"
    NONE = "no times"


class Look(NamedTuple):
    """What all rows of a timeline have in common."""

    cast: Cast = NOBODY
    times: Times = Times.CLOCK
    began: int | None = None
    """When a chain did, whose agents' steps stand together: offsets are counted from there."""
    now: int | None = None
    """Until when running calls have been running."""
    marks: Marks = NO_MARKS


def turn_line(row: Row, width: int, look: Look, fold: str = "") -> Line:
    """``fold`` is the sign of a turn that can be folded."""
    turn = row.turn
    start, agent = f"{turn.index} ", _agent_of(row, look.cast)
    if fold:
        start = f"{fold} {start}"
    width -= width_of(agent)
    state = "" if turn.status.value == "completed" else TURN_WORDS[turn.status]
    facts = [state, "undone" if turn.reverted else "", row.words, short_duration(turn.duration_ms)]
    after = "  " + " · ".join(fact for fact in facts if fact)
    room = width - cells(start) - 2 - cells(after)
    if room < _LEAST_PROMPT:
        after = "  " + (state or short_duration(turn.duration_ms))
        room = width - cells(start) - 2 - cells(after)
    style = "dim" if turn.reverted else "bold"
    return [
        *agent,
        (start, style),
        (f"{TURN_GLYPHS[turn.status]} ", STATE_STYLES[turn.status]),
        (fitted(_prompt_of(turn), max(room, 0)), "dim" if turn.reverted else "bold cyan"),
        *failures_in_red(after, "bold red" if turn.status.value == "failed" else "dim"),
    ]


def _agent_of(row: Row, cast: Cast) -> Line:
    if row.badge is None:
        return []
    known = cast.find(row.thread)
    name = f"{known.name} " if known is not None else ""
    return [*_letter_of(row.badge), (name, row.badge.style)]


def _letter_of(badge: Badge | None) -> Line:
    return [] if badge is None else [(f"{badge.letter} ", f"bold {badge.style}")]


def step_line(row: Row, width: int, look: Look) -> Line:
    """Of all rows below a turn's head."""
    if row.kind is Kind.DIVIDER:
        return _divider_line(row, width, look.cast)
    line = [*_time_of(row, width, look), *_letter_of(row.badge)]
    if row.link is not None:
        return line + _link_line(row.link, width - width_of(line), look.cast)
    line.append((f"{row.bracket or ' '}", "dim"))
    if isinstance(row.item, Call) and row.item.parent_call_id:
        line.append(("  ", ""))
    room = width - width_of(line)
    if row.kind is Kind.RUN:
        line += _run_line(row, room)
    elif isinstance(row.item, Call):
        line += call_line(row.item, room, look.cast, look.now)
    elif row.item is not None:
        line += _note_line(row.item, row.turn, room, look.cast)
    return line


def _divider_line(row: Row, width: int, cast: Cast) -> Line:
    words = row.words
    if isinstance(row.item, Note):
        words = f"{words} {one_line(told(row.item, row.item.text, cast), width)}".rstrip()
    line = fitted(f"── {words} ", width).rstrip()
    return [(f"{line} ".ljust(width, "─"), "dim")]


def _link_line(link: Link, width: int, cast: Cast) -> Line:
    """To another session, with how that stands now."""
    line: Line = [(f" {'←' if link.is_origin else '→'} {fitted(link.word, WORD_WIDTH + 1)}", "cyan")]
    room = width - width_of(line)
    known = cast.find(link.id)
    after = standing_of(known, room) if known is not None else []
    what = known.words() if known is not None else [(one_line(link.id or "", _ID), "")]
    about: Line = [(one_line(link.words, 200), "dim")] if link.words else []
    dot: Line = [(" · ", "dim")] if link.words and link.id else []
    # Of an id, which tells least, the end may be cut.
    words = [*what, *dot, *about] if known is not None else [*about, *dot, *what]
    words = cut(words, max(room - width_of(after), 0))
    return [*line, *words, (" " * (room - width_of(words) - width_of(after)), ""), *after]


def _run_line(row: Row, width: int) -> Line:
    calls = [one.item for one in row.hidden if isinstance(one.item, Call)]
    what = "  ".join(one_line(call.summary, 60) for call in calls[:8])
    words = f"{row.words}  "
    duration = right(_span_of(calls), 8)
    return [
        ("▸ ", "dim"),
        (words, ""),
        (fitted(what, max(width - 2 - cells(words) - len(duration), 0)), "dim"),
        (duration, "dim"),
    ]


def _note_line(note: Note, turn: Turn, width: int, cast: Cast) -> Line:
    answer = turn.final_answer
    line = note_line(note, note.text, width, cast)
    if answer is not None and note.text[:200] == answer.head[:200] and note.text:
        return [("‹ ", "bold"), (fitted("answer", len(line[1][0])), "bold"), (line[2][0], "")]
    return line


def _time_of(row: Row, width: int, look: Look) -> Line:
    sign = look.marks.sign_of(row)
    if width < _NARROW or look.times is Times.NONE:
        return [(sign, "bold yellow" if sign != " " else "")]
    if look.times is Times.CLOCK:
        words = "" if row.link is not None and row.link.at is None else clock(row.at)
    else:
        since = between(look.began or row.turn.started_at, row.at)
        words = "" if since is None else f"+{short_duration(since)}"
    if sign == " ":  # as nearly always
        return [(f"{words:>{TIME_WIDTH}} ", "dim")]
    return [(f"{words:>{TIME_WIDTH}}", "dim"), (sign, "bold yellow")]


def _prompt_of(turn: Turn) -> str:
    if turn.prompt is not None and turn.prompt.head.strip():
        return one_line(turn.prompt.head)
    if turn.prompt_sealed:
        return "the task is sealed"
    return TURN_KINDS[turn.kind] or "no prompt"


def _span_of(calls: Sequence[Call]) -> str:
    took = [call.duration_ms for call in calls if call.duration_ms is not None]
    return short_duration(sum(took)) if took else ""
