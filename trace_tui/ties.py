"""Which turn of a worker a call of its parent caused or met, and which call caused a turn.

Asked by whoever goes from one to the other: the app with the sessions it has open, lists with the catalog's
rows. Pure: both sides are told as what little of them counts here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, Session, Tool, Turn

_SLACK_MS = 1_000
"""A turn's first line may bear an earlier time than the line of the call that caused it."""


_ROOT = "/root"
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class Dealing(NamedTuple):
    """A parent's call about one worker."""

    call_id: str
    act: AgentAct
    turn_id: str | None
    """Of the parent's turn."""
    at: int | None
    until: int | None
    child_turn_id: str | None = None
    """The worker's turn that the call was told to have begun."""


class WorkerTurn(NamedTuple):
    number: int
    id: str | None
    at: int | None
    until: int | None
    parent_turn_id: str | None = None


class Ties(NamedTuple):
    """Between a parent and one of its workers."""

    turns: dict[str, int]
    """By call: the index of the worker's turn that it caused, or else met."""
    causes: dict[int, str]
    """By the index of the worker's turn: the call that caused it."""


def ties_between(dealings: Sequence[Dealing], turns: Sequence[WorkerTurn]) -> Ties:
    """Both in the order of their files."""
    causes = _told_causes(dealings, turns)
    met = {call_id: index for index, call_id in causes.items()}
    left = [one for one in dealings if one.act.gives_work and one.call_id not in met]
    for turn in turns:
        cause = None if turn.number in causes else _cause(turn, left)
        if cause is not None:
            causes[turn.number] = cause.call_id
            taken, left = _split_behind(left, cause)
            met.update((one.call_id, turn.number) for one in taken)  # what was said before it went in as well
    for one in dealings:
        if one.call_id not in met and (index := _met(one, turns)) is not None:
            met[one.call_id] = index
    return Ties(met, causes)


def _told_causes(dealings: Sequence[Dealing], turns: Sequence[WorkerTurn]) -> dict[int, str]:
    """v1 answers a message with the id of the turn that it began."""
    calls = {one.child_turn_id: one.call_id for one in dealings if one.child_turn_id is not None}
    return {turn.number: calls[turn.id] for turn in turns if turn.id in calls}


def _cause(turn: WorkerTurn, left: Sequence[Dealing]) -> Dealing | None:
    """Since 0.164 a turn names its parent's turn; else it belongs to the last call before it that is left."""
    named = [one for one in left if one.turn_id is not None and one.turn_id == turn.parent_turn_id]
    candidates = named or left
    if turn.at is None:
        return candidates[0] if candidates else None
    before = [one for one in candidates if one.at is None or one.at <= turn.at + _SLACK_MS]
    spawn = [one for one in before if one.act is AgentAct.SPAWN]
    # A message need not begin a turn; a task does.
    tasks = [one for one in before if one.act is not AgentAct.TELL]
    return next(iter(spawn), None) or next(reversed(tasks or before), None)


def _split_behind(dealings: list[Dealing], cause: Dealing) -> tuple[list[Dealing], list[Dealing]]:
    place = dealings.index(cause) + 1
    return dealings[:place], dealings[place:]


def _met(one: Dealing, turns: Sequence[WorkerTurn]) -> int | None:
    """The turn that went on, or had gone on last, when the call was over."""
    if one.act is AgentAct.WAIT:
        return turn_at(turns, one.until if one.until is not None else turns[-1].at if turns else None)
    return turn_at(turns, one.at)


def turn_at(turns: Sequence[WorkerTurn], moment: int | None) -> int | None:
    """The last one that had begun by then; the first where none had, or no times are told."""
    if not turns:
        return None
    begun = [turn for turn in turns if moment is not None and turn.at is not None and turn.at <= moment]
    return begun[-1].number if begun else turns[0].number


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
    return Dealing(call.call_id, act, turn.id, call.started_at, call.ended_at, child_turn_id)


def concerned(call: Call) -> list[str]:
    """The ids of the threads that a call about workers names, or that its answer tells of."""
    named = [] if call.child_session is None else [call.child_session]
    named += _ID.findall(call.summary)
    if call.reply is not None:
        named += [*call.reply.named, *(one.worker for one in call.reply.news)]
    return [id_ for id_ in dict.fromkeys(named) if id_]


def turns_of(worker: Session) -> list[WorkerTurn]:
    return [
        WorkerTurn(turn.index, turn.id, turn.started_at, turn.ended_at, turn.parent_turn_id)
        for turn in worker.turns
    ]


def turn_before(session: Session, ordinal: int | None) -> Turn | None:
    """The last turn that begins before a record: what a fork from there took over."""
    if ordinal is None:
        return None
    begun = (one for one in session.turns if one.start_ordinal is not None and one.start_ordinal < ordinal)
    return max(begun, key=lambda one: one.index, default=None)


def name_workers(session: Session, by_path: Mapping[str, str], first: int = 0) -> None:
    """Tells calls that name a worker by its path alone which thread that is; ``by_path`` are ids.

    Those before the ``first`` turn have been told.
    """
    if not by_path:
        return
    for turn in session.turns[first:]:
        for call in turn.calls():
            if (path := path_of_worker(call, session)) is not None:
                call.child_session = by_path.get(path)


def path_of_worker(call: Call, session: Session) -> str | None:
    """The worker's path, where the call names a worker by nothing else."""
    if call.tool is not Tool.AGENT or call.child_session is not None:
        return None
    name = call.summary.partition(" · ")[0]
    if not name or " " in name:
        return None
    return name if name.startswith("/") else f"{session.agent.path or _ROOT}/{name}"
