"""Where a row of the timeline leads, and where one came from: workers, mails, forks, reviews, rewinds.

The screen asks with the row under the cursor, and gets sessions, each with the place to stand on there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import dropwhile, takewhile
from typing import NamedTuple

from trace_tui.app.opened import Opened
from trace_tui.app.wishes import Spot, Wish
from trace_tui.library.chains import Forest, Member
from trace_tui.likeness import is_agent_wait
from trace_tui.model import Call, Note, Place, Session, Turn
from trace_tui.naming import concerned, names_in
from trace_tui.ties import dealings_with, ties_of_sessions, turn_before
from trace_tui.widgets.timeline_rows import Kind, Link, Row
from trace_tui.wording.cast import Cast


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
    return [way._replace(member=member_named(way.id, part, forest)) for way in found]


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
    return Way(source, Wish(seek=seek, link=member.entry.id), member_named(source, part, forest))


# -- from a row ---------------------------------------------------------


def _ways(row: Row, part: Opened, cast: Cast) -> list[Way]:
    if row.link is not None:
        return [_along(row.link, part)]
    if isinstance(row.item, Call):
        seek = partial(_turn_of_call, part.session, row.item.place)
        named = [Way(id_, Wish(seek=seek)) for id_ in concerned(row.item)]
        return named or list(_to_whom_it_heard(row.item, row.turn, part, cast))
    if row.item is not None:
        return list(_to_author(row.item, part, cast))
    if row.kind is Kind.SESSION and part.member is not None:
        return [Way(child.id, Wish()) for child in part.member.children_told()]
    return []


def _along(link: Link, part: Opened) -> Way:
    if not link.is_origin or part.member is None:
        return Way(link.id, Wish(turn=link.turn))
    seek = partial(_call_behind, part.session, 0, part.member.call_id)
    return Way(link.id, Wish(seek=seek, link=part.member.entry.id))


def _to_whom_it_heard(wait: Call, turn: Turn, part: Opened, cast: Cast) -> Iterator[Way]:
    """Of a wait for any worker, those whose news came with it."""
    if not is_agent_wait(wait):
        return
    later = dropwhile(lambda item: item.place <= wait.place, turn.items)
    behind = takewhile(lambda item: isinstance(item, Note), later)
    ways = {way.id: way for one in behind if isinstance(one, Note) for way in _to_author(one, part, cast)}
    yield from ways.values()


def _to_author(note: Note, part: Opened, cast: Cast) -> Iterator[Way]:
    """To the turn of a worker that ended with the news; from a worker, to the call that sent it."""
    name = next(iter(names_in(note)), None)
    known = cast.find(name)
    if known is None or known.id is None:
        return
    parent = part.member.parent if part.member is not None else None
    if parent is not None and known.id == parent.entry.id:
        yield Way(known.id, Wish(seek=partial(_call_sent, part.session, note), link=part.session.id))
    else:
        yield Way(known.id, Wish(seek=partial(_turn_told, note)))


def member_named(thread_id: str | None, part: Opened, forest: Forest) -> Member | None:
    """The session of that id that hangs together with a part of what is open; without one, that part."""
    if thread_id is None:
        return part.member
    if part.member is not None:
        return forest.nearest(thread_id, part.member.entry)
    return next(iter(forest.named(thread_id)), None)


# -- places in the session that it leads to -----------------------------


def _turn_of_call(parent: Session, call: Place, worker: Session) -> Spot | None:
    met = ties_of_sessions(parent, worker).turns.get(call)
    return next((Spot(one) for one in worker.turns if one.index == met), None)


def _turn_told(note: Note, worker: Session) -> Spot | None:
    from trace_tui.heard import turn_of_note

    turn = turn_of_note(note, worker)
    return None if turn is None else Spot(turn)


def _call_sent(worker: Session, note: Note, parent: Session) -> Spot | None:
    """The last call to the worker before it heard of it."""
    sent = [
        one.place
        for one in dealings_with(parent, worker)
        if one.gives_work and (note.at is None or one.at is None or one.at <= note.at)
    ]
    return _spot(sent[-1], parent) if sent else None


def _turn_forked(ordinal: int | None, source: Session) -> Spot | None:
    turn = turn_before(source, ordinal)
    return None if turn is None else Spot(turn)


def _call_behind(worker: Session, turn: int, spawn: str | None, parent: Session) -> Spot | None:
    """The call that caused a turn of the worker; of a turn that none caused, the last one before it."""
    causes = ties_of_sessions(parent, worker).causes
    before = [index for index in causes if index <= max(turn, 1)]
    if before:
        return _spot(causes[max(before)], parent)
    return _first(parent, lambda call: call.call_id == spawn)


def _spot(place: Place, session: Session) -> Spot | None:
    return _first(session, lambda call: call.place == place)


def _first(session: Session, is_wanted: Callable[[Call], bool]) -> Spot | None:
    calls = ((turn, call) for turn in session.turns for call in turn.calls())
    return next((Spot(turn, call) for turn, call in calls if is_wanted(call)), None)
