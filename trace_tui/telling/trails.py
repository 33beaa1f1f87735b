"""Why something failed, as blocks and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trace_tui.heard import Heard, Told
from trace_tui.model import Call, Item, Note, NoteKind, Session, Turn, TurnStatus, line_of
from trace_tui.naming import notice_of
from trace_tui.parsers.agent_replies import news_of, readable_error
from trace_tui.parsers.injected import WorkerNotice
from trace_tui.parsers.safe_text import one_line
from trace_tui.same_work import is_comparable
from trace_tui.telling.rows import short_call_row
from trace_tui.trail import Trail
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows, Target
from trace_tui.wording.cast import Cast
from trace_tui.wording.cells import Line, fitted
from trace_tui.wording.steps import TIME_WIDTH, WORD_WIDTH, clock, told
from trace_tui.wording.words import NOTE_STYLES, NOTE_WORDS, STATE_STYLES, TURN_GLYPHS, TURN_WORDS, count

_WORDS = 300
_LABEL_WIDTH = 10
_TURN_WIDTH = 9
_KIND_WIDTH = 12
_NAME = 40
_SHOWN = 6
"""The last ones of patches or mails; whoever wants all of them has the timeline."""
_NEVER = "it never ended ok before in this session"
_UNCHANGED = "no patch was applied in between"
_TOLD = "told its parent"
_STOPPED = "nothing: its parent stopped it"
_NO_END = (TurnStatus.IN_PROGRESS, TurnStatus.UNENDED)
_BECAME = {
    TurnStatus.COMPLETED: "failed in {}",
    TurnStatus.ABORTED: "{} was interrupted",
    TurnStatus.UNENDED: "{} never ended",
    TurnStatus.IN_PROGRESS: "{} has not ended",
}


def why_call(trail: Trail, cast: Cast) -> list[Block]:
    """For the detail of the failed call itself. ``cast`` knows the names."""
    return _part("why", [*_before(trail, cast), *_next(trail, cast)])


def why_turn(trail: Trail, cast: Cast) -> list[Block]:
    """For the detail of a failed turn, which tells its error. None of a trail that leads nowhere."""
    return _part("why", _lines(trail, cast))


def why_worker(name: str, turn: Turn, trail: Trail, cast: Cast, worker_id: str | None = None) -> list[Block]:
    """For details in its parent's session; ``cast`` is its chain's."""
    became = _BECAME.get(turn.status, "why {} failed").format(one_line(name, _NAME))
    words = f"{turn.index} {TURN_GLYPHS[turn.status]} {TURN_WORDS[turn.status]}"
    head = _labelled("turn", [_Row([(words, STATE_STYLES[turn.status])])])
    error = [Plain(readable_error(trail.error), "red")] if trail.error is not None else []
    return [Heading(became, "lines of its file"), *error, _block([*head, *_lines(trail, cast)], worker_id)]


def told_parent(
    of_turn: Told, turn: Turn, parent: Session, cast: Cast, *, aside: str, above: str = ""
) -> list[Block]:
    """What a parent heard of a turn of its worker. ``aside`` says who it is.

    What stands ``above`` need not be told again.
    """
    if not of_turn.heard:
        goes_on = TurnStatus.IN_PROGRESS in (turn.status, parent.state)
        return told_parent_nothing("its parent was told nothing" + (" so far" if goes_on else ""))
    words = _words_of(of_turn.heard[-1], cast)
    rows = [_heard_row(one, words, cast) for one in of_turn.heard[-_SHOWN:]]
    told_rows = _labelled("told", _with_earlier(rows, len(of_turn.heard), "earlier word"))
    then = _labelled("then", _rows(of_turn.did_next, cast))
    no_end = [Plain("the worker's own file tells no end of this turn", "dim")]
    return [
        Heading(_TOLD, one_line(aside, _NAME)),
        Plain(_without(words, above)),
        _block([*told_rows, *then], parent.id),
        *(no_end if turn.status in _NO_END else []),
    ]


def told_parent_nothing(words: str) -> list[Block]:
    """Where there is nothing to tell, or not yet."""
    return [Heading(_TOLD), Plain(words, "dim")]


class _Row(NamedTuple):
    line: Line
    item: Item | None = None
    """What it is about."""


def _part(words: str, rows: Sequence[_Row]) -> list[Block]:
    return [Heading(words), _block(rows)] if rows else []


def _block(rows: Sequence[_Row], thread: str | None = None) -> Rows:
    """``thread`` is whose items they are about, where that is another session."""
    targets = [None if row.item is None else Target(row.item.place, thread) for row in rows]
    return Rows([row.line for row in rows], targets)


def _lines(trail: Trail, cast: Cast) -> list[_Row]:
    """All of it, if there is more to tell than an error."""
    failing = trail.failing
    if failing is None:
        return []
    label = "failed" if failing.status.is_failure else "was at"
    failed = _labelled(label, [_item_row(failing, cast)])
    return [*failed, *_before(trail, cast), *_next(trail, cast)]


def _before(trail: Trail, cast: Cast) -> list[_Row]:
    if trail.last_passing is None:
        return _elsewhere(trail, cast)
    patches = _rows(trail.between[-_SHOWN:], cast)
    patches = _with_earlier(patches, len(trail.between), "earlier patch", "earlier patches")
    return [
        *_labelled("last ok", [_item_row(trail.last_passing, cast)]),
        *_labelled("patched", patches or [_Row([(_UNCHANGED, "dim")])]),
    ]


def _elsewhere(trail: Trail, cast: Cast) -> list[_Row]:
    """Where it never passed before in its own session."""
    failing = trail.failing
    if failing is None or not failing.status.is_failure or not is_comparable(failing):
        return []
    if trail.elsewhere is None:
        return _labelled("last ok", [_Row([(_NEVER, "dim")])])
    session, call = trail.elsewhere
    name = one_line(session.agent.nickname or session.agent.path or session.title, _NAME)
    words = f"never before in this session, but at {clock(call.ended_at)} in {name}:"
    return _labelled("last ok", [_Row([(words, "dim")]), _Row(short_call_row(call, cast))])


def _next(trail: Trail, cast: Cast) -> list[_Row]:
    return _labelled("then", _rows(trail.next_steps, cast))


def _with_earlier(rows: list[_Row], every: int, noun: str, nouns: str | None = None) -> list[_Row]:
    """The last ones, and how many are left out."""
    if more := every - len(rows):
        return [_Row([(f"{count(more, noun, nouns)} and", "dim")]), *rows]
    return rows


def _labelled(label: str, rows: Sequence[_Row]) -> list[_Row]:
    """The label stands before the first of them."""
    return [
        row._replace(line=[(fitted("" if number else label, _LABEL_WIDTH), "dim"), *row.line])
        for number, row in enumerate(rows)
    ]


def _rows(items: Sequence[Item], cast: Cast) -> list[_Row]:
    return [_item_row(item, cast) for item in items]


def _item_row(item: Item, cast: Cast) -> _Row:
    line = short_call_row(item, cast) if isinstance(item, Call) else _note_row(item, cast)
    return _Row(line, item)


def _words_of(heard: Heard, cast: Cast) -> str:
    """What was heard, but for who says it."""
    notice = heard.notice if isinstance(heard.item, Call) else _news_of(heard.item)
    if notice is not None:
        words = readable_error(notice.words)
        return one_line(": ".join(part for part in (notice.state, words) if part), _WORDS)
    if isinstance(heard.item, Call):
        return _STOPPED
    return one_line(told(heard.item, heard.item.text, cast), _WORDS)


def _news_of(note: Note) -> WorkerNotice | None:
    if note.kind is not NoteKind.AGENT_MESSAGE:
        return None
    return notice_of(note) or news_of(note.text, note.author)


def _without(words: str, above: str) -> str:
    known = one_line(readable_error(above), _WORDS).rstrip("…")
    return words.replace(known, "(the error above)") if known else words


def _heard_row(heard: Heard, known: str, cast: Cast) -> _Row:
    """How it was heard, and of whom; ``known`` are words that need not be told again."""
    item, words = heard.item, _words_of(heard, cast)
    notice = heard.notice if isinstance(item, Call) else _news_of(item)
    named = notice.worker if notice is not None else ""
    if isinstance(item, Call):
        named = named or item.child_session or ""
    agent = cast.find(named)
    name: Line = [(one_line(named, _NAME), "")] if agent is None else agent.words()
    line = [*_item_row(item, cast).line[:3], *name, ("" if words == known else f"  {words}", "")]
    return _Row(line, item)


def _note_row(note: Note, cast: Cast) -> Line:
    style = NOTE_STYLES.get(note.kind, "")
    return [
        (fitted(f"line {line_of(note.place)}", TIME_WIDTH + 1), "dim"),
        ("· ", style or "dim"),
        (fitted(NOTE_WORDS[note.kind], WORD_WIDTH + 1), style or "dim"),
        (one_line(_note_words(note, cast), _WORDS), style),
    ]


def _note_words(note: Note, cast: Cast) -> str:
    notice = notice_of(note) if note.kind is NoteKind.AGENT_MESSAGE else None
    if notice is not None:
        words = readable_error(notice.words)
        return f"{cast.name_of(notice.worker)} {notice.state}" + (f": {words}" if words else "")
    return told(note, note.text, cast)
