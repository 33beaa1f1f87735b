"""Which turn of a worker a call of its parent caused or met, and which call caused a turn.

Asked by whoever goes from one to the other: the app with the sessions it has open, lists with the catalog's
rows. Pure: both sides are told as what little of them counts here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, Note, Place, Session, Turn
from trace_tui.naming import concerned

_SLACK_MS = 1_000
"""A turn's first line may bear an earlier time than the line of the call that caused it."""
_LATE_MS = 500
"""A worker may write so much later that it has ended than its parent was told so."""


class Dealing(NamedTuple):
    """A parent's call about one worker."""

    place: Place
    """Says which call it is: in some files ids come again."""
    call_id: str
    act: AgentAct
    turn_id: str | None
    """Of the parent's turn."""
    at: int | None
    until: int | None
    child_turn_id: str | None = None
    """The worker's turn that the call was told to have begun."""
    is_refused: bool = False

    @property
    def gives_work(self) -> bool:
        return self.act.gives_work and not self.is_refused


class WorkerTurn(NamedTuple):
    number: int
    id: str | None
    at: int | None
    until: int | None
    """Of a turn without an end, the last that is known of it."""
    parent_turn_id: str | None = None


class Ties(NamedTuple):
    """Between a parent and one of its workers; calls are told by their places."""

    turns: dict[Place, int]
    """By call: the index of the worker's turn that it caused, or else met."""
    causes: dict[int, Place]
    """By the index of the worker's turn: the call that caused it."""


def ties_between(dealings: Sequence[Dealing], turns: Sequence[WorkerTurn]) -> Ties:
    """Both in the order of their files."""
    causes = _told_causes(dealings, turns)
    met = {place: index for index, place in causes.items()}
    left = [one for one in dealings if one.gives_work and one.place not in met and not _hurries(one, turns)]
    for turn in turns:
        cause = None if turn.number in causes else _cause(turn, left)
        if cause is not None:
            causes[turn.number] = cause.place
            taken, left = _split_behind(left, cause)
            met.update((one.place, turn.number) for one in taken)  # what was said before it went in as well
    for one in dealings:
        if one.place not in met and (index := _met(one, turns)) is not None:
            met[one.place] = index
    return Ties(met, causes)


def _told_causes(dealings: Sequence[Dealing], turns: Sequence[WorkerTurn]) -> dict[int, Place]:
    """v1 answers a message with the id of the turn that it began."""
    calls = {one.child_turn_id: one.place for one in dealings if one.child_turn_id is not None}
    return {turn.number: calls[turn.id] for turn in turns if turn.id in calls}


def _hurries(one: Dealing, turns: Sequence[WorkerTurn]) -> bool:
    """A message to a worker at work goes into the turn that goes on; one that ends it begins another."""
    return one.act is AgentAct.TELL and any(
        one.at is not None
        and turn.at is not None
        and turn.until is not None
        and turn.at <= one.at < turn.until - _SLACK_MS
        for turn in turns
    )


def _cause(turn: WorkerTurn, left: Sequence[Dealing]) -> Dealing | None:
    """Since 0.164 a turn names its parent's turn; else it belongs to the last call before it that is left."""
    named = [one for one in left if one.turn_id is not None and one.turn_id == turn.parent_turn_id]
    candidates = named or left
    if turn.at is None:
        return candidates[0] if candidates else None
    before = _by(turn.at, candidates) or _by(turn.at + _SLACK_MS, candidates)
    spawn = [one for one in before if one.act is AgentAct.SPAWN]
    # A message need not begin a turn; a task does.
    tasks = [one for one in before if one.act is not AgentAct.TELL]
    return next(iter(spawn), None) or next(reversed(tasks or before), None)


def _by(moment: int, dealings: Sequence[Dealing]) -> list[Dealing]:
    return [one for one in dealings if one.at is None or one.at <= moment]


def _split_behind(dealings: list[Dealing], cause: Dealing) -> tuple[list[Dealing], list[Dealing]]:
    place = dealings.index(cause) + 1
    return dealings[:place], dealings[place:]


def _met(one: Dealing, turns: Sequence[WorkerTurn]) -> int | None:
    if one.act is AgentAct.WAIT:
        return turn_awaited(turns, one.at, one.until)
    return turn_at(turns, one.at)


# -- turns by their times -------------------------------------------------


def turn_begun_by(turns: Sequence[WorkerTurn], moment: int | None) -> int | None:
    """The last one that is known to have begun by then; without times, the last of all."""
    if moment is None:
        return turns[-1].number if turns else None
    begun = [turn for turn in turns if turn.at is not None and turn.at <= moment]
    return begun[-1].number if begun else None


def turn_ended_by(turns: Sequence[WorkerTurn], moment: int | None, since: int | None = None) -> int | None:
    """The one that had ended last then, and not before ``since``; without times, the last of all."""
    if moment is None:
        return turns[-1].number if turns else None
    ended = [
        turn
        for turn in turns
        if turn.until is not None
        and (turn.at is None or turn.at <= moment)
        and (since or 0) <= turn.until <= moment + _LATE_MS
    ]
    return ended[-1].number if ended else None


def turn_at(turns: Sequence[WorkerTurn], moment: int | None) -> int | None:
    """The last one that had begun by then; the first where none had."""
    if not turns:
        return None
    begun = None if moment is None else turn_begun_by(turns, moment)
    return turns[0].number if begun is None else begun


def turn_awaited(turns: Sequence[WorkerTurn], start: int | None, end: int | None) -> int | None:
    """The turn whose end a wait was for: that which ended meanwhile; where none did, the one that went on."""
    if end is None:
        return turns[-1].number if turns else None
    ended = None if start is None else turn_ended_by(turns, end, start)
    return turn_at(turns, end) if ended is None else ended


# -- of sessions ----------------------------------------------------------


def ties_of_sessions(parent: Session, worker: Session) -> Ties:
    return ties_between(dealings_with(parent, worker), turns_of(worker))


def dealings_with(parent: Session, worker: Session) -> list[Dealing]:
    return [one for one, workers in dealings_of(parent) if worker.id in workers]


def dealings_of(parent: Session) -> list[tuple[Dealing, list[str]]]:
    """Its calls about workers, each with the ids of those that it concerns."""
    return [
        (_dealing(call, act, turn), concerned(call))
        for turn in parent.turns
        for call in turn.calls()
        if (act := agent_act(call.tool, call.name)) is not None
    ]


def _dealing(call: Call, act: AgentAct, turn: Turn) -> Dealing:
    child_turn_id = call.reply.turn_id if call.reply is not None else None
    return Dealing(
        call.place,
        call.call_id,
        act,
        turn.id,
        call.started_at,
        call.ended_at,
        child_turn_id,
        call.status.is_failure,
    )


def turns_of(worker: Session) -> list[WorkerTurn]:
    return [
        WorkerTurn(turn.index, turn.id, turn.started_at, _end_of(turn), turn.parent_turn_id)
        for turn in worker.turns
    ]


def _end_of(turn: Turn) -> int | None:
    if turn.ended_at is not None:
        return turn.ended_at
    notes = (item.at for item in turn.items if isinstance(item, Note))
    moments = (turn.started_at, *notes, *(call.ended_at for call in turn.calls()))
    return max((moment for moment in moments if moment is not None), default=None)


def turn_before(session: Session, ordinal: int | None) -> Turn | None:
    """The last turn that begins before a record: what a fork from there took over."""
    if ordinal is None:
        return None
    begun = (one for one in session.turns if one.start_ordinal is not None and one.start_ordinal < ordinal)
    return max(begun, key=lambda one: one.index, default=None)
