"""Where a row of the timeline leads, and where one came from: workers, mails, forks, reviews, rewinds.

The screen asks with the row under the cursor, and gets sessions, each with the place to stand on there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from trace_tui.app.opened import Opened
from trace_tui.app.wishes import Spot, Wish
from trace_tui.library.chains import Forest, Member
from trace_tui.model import Call, Note, NoteKind, Session
from trace_tui.parsers.agent_replies import news_of
from trace_tui.ties import concerned, ties_of_sessions, turn_at, turn_before, turns_of
from trace_tui.widgets.timeline_rows import Kind, Link, Row
from trace_tui.wording.cast import Cast

_SLACK_MS = 1_000
"""A parent may be told of an end a moment before the worker's file tells it."""


class Way(NamedTuple):
    id: str | None
    """Of the session that it leads to; None is the one where it begins."""
    wish: Wish
    member: Member | None = None
    """None where the session is not here."""


def ways_from(row: Row, opened: Opened, forest: Forest) -> list[Way]:
    """To the sessions that a row is about, in the order in which it names them."""
    part = opened.part_of(row)
    found = _ways(row, part, opened.cast())
    return [way._replace(member=_member(way.id, part, forest)) for way in found]


def way_up(opened: Opened, row: Row | None, forest: Forest) -> Way | None:
    """To who started a session, at the call that caused the row's turn; or to where it was forked from."""
    part = opened.parts()[0] if row is None else opened.part_of(row)
    member = part.member
    if member is None:
        return None
    if member.parent is not None:
        turn = row.turn.index if row is not None else 0
        seek = partial(_call_behind, part.session, turn, member.call_id)
        return Way(member.parent.entry.id, Wish(seek=seek, link=member.entry.id), member.parent)
    source = member.entry.forked_from
    if source is None:
        return None
    seek = partial(_turn_forked, part.session.forked_at)
    return Way(source, Wish(seek=seek, link=member.entry.id), _member(source, part, forest))


# -- from a row ---------------------------------------------------------


def _ways(row: Row, part: Opened, cast: Cast) -> list[Way]:
    if row.link is not None:
        return [_along(row.link, part)]
    if isinstance(row.item, Call):
        seek = partial(_turn_of_call, part.session, row.item.call_id)
        return [Way(id_, Wish(seek=seek)) for id_ in concerned(row.item)]
    if row.item is not None:
        return list(_to_author(row.item, cast))
    if row.kind is Kind.SESSION and part.member is not None:
        return [Way(child.id, Wish()) for child in part.member.children_told()]
    return []


def _along(link: Link, part: Opened) -> Way:
    if not link.is_origin or part.member is None:
        return Way(link.id, Wish(turn=link.turn))
    seek = partial(_call_behind, part.session, 0, part.member.call_id)
    return Way(link.id, Wish(seek=seek, link=part.member.entry.id))


def _to_author(note: Note, cast: Cast) -> Iterator[Way]:
    """To the turn of a worker that ended with the news."""
    if note.kind is NoteKind.AGENT_MESSAGE:
        news = news_of(note.text, note.author)
        name = note.author if news is None else news.worker
    elif note.kind is NoteKind.NOTE:
        name = note.text.partition(" ")[0]
    else:
        return
    known = cast.find(name)
    if known is not None and known.id is not None:
        yield Way(known.id, Wish(seek=partial(_turn_told, note.at)))


def _member(thread_id: str | None, part: Opened, forest: Forest) -> Member | None:
    if thread_id is None:
        return part.member
    if part.member is not None:
        return forest.nearest(thread_id, part.member.entry)
    return next(iter(forest.named(thread_id)), None)


# -- places in the session that it leads to -----------------------------


def _turn_of_call(parent: Session, call_id: str, worker: Session) -> Spot | None:
    return _head(worker, ties_of_sessions(parent, worker).turns.get(call_id))


def _turn_told(at: int | None, worker: Session) -> Spot | None:
    return _head(worker, turn_at(turns_of(worker), None if at is None else at + _SLACK_MS))


def _turn_forked(ordinal: int | None, source: Session) -> Spot | None:
    turn = turn_before(source, ordinal)
    return None if turn is None else Spot(turn)


def _call_behind(worker: Session, turn: int, spawn: str | None, parent: Session) -> Spot | None:
    """The call that caused a turn of the worker; of a turn that none caused, the last one before it."""
    causes = ties_of_sessions(parent, worker).causes
    before = [index for index in causes if index <= max(turn, 1)]
    call_id = causes[max(before)] if before else spawn
    calls = ((one, call) for one in parent.turns for call in one.calls())
    return next((Spot(one, call) for one, call in calls if call.call_id == call_id), None)


def _head(session: Session, turn: int | None) -> Spot | None:
    return next((Spot(one) for one in session.turns if one.index == turn), None)
