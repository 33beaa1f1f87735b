"""What a parent was told of a turn of its worker, and what it did then; told beside a `trail`.

A worker may be asked again and again. What is told of it belongs to the turn that had ended last by then: the
parent's file names workers, and seldom their turns.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from trace_tui.call_texts import CallRecords, call_output
from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, Item, Note, NoteKind, Session, Tool, Turn
from trace_tui.next_steps import flat, next_steps
from trace_tui.parsers.injected import WorkerNotice, worker_notice
from trace_tui.parsers.particulars import item_worker_states, worker_states
from trace_tui.texts import Readable
from trace_tui.ties import concerned, ties_of_sessions

_LATE_MS = 500
"""A worker may write so much later that it has ended than its parent was told so."""
_GO_ON = ("running", "pending_init")
_ON_THE_WAY = "MESSAGE"
"""The phase of a mail that a worker sends while it is at work."""
_ENDINGS = (AgentAct.CLOSE, AgentAct.STOP)


class Heard(NamedTuple):
    item: Item
    """A mail, a notice, or a call whose answer tells of the worker."""
    notice: WorkerNotice | None = None
    """What the answer says."""


class Told(NamedTuple):
    heard: tuple[Heard, ...]
    did_next: tuple[Item, ...]
    """When the last of it had been heard."""


def told_of_turn(parent: Readable, worker: Session, turn: Turn, since: int | None = None) -> Told:
    """Mails that the worker sent on its way count only ``since`` then, if that is given."""
    names = names_of(parent.session, worker)
    items = list(flat(item for one in parent.session.turns for item in one.items))
    heard = _heard(items, parent, names, worker, turn, since)
    if not heard:
        return Told((), ())
    last = max(at for at, _ in heard)
    moments = [moment for _, one in heard if (moment := _moment(one.item)) is not None]
    after = next_steps(items[last + 1 :], max(moments, default=None))
    return Told(tuple(one for _, one in heard), after)


def names_of(parent: Session, worker: Session) -> frozenset[str]:
    """By what a parent's file may call a worker: its id, its path, its name."""
    named = {child.name for child in parent.children if child.id == worker.id}
    return frozenset(name for name in (worker.id, worker.agent.path, *named) if name)


def names_in(item: Item) -> list[str]:
    """What an item calls the workers that it tells of or speaks to: ids, paths, names."""
    if isinstance(item, Call):
        return [*concerned(item), *item.summary.split(" · ")] if item.tool is Tool.AGENT else []
    if item.kind is NoteKind.NOTE:
        return [item.text.partition(" ")[0]]
    if item.kind is not NoteKind.AGENT_MESSAGE:
        return []
    notice = notice_of(item)
    return [notice.worker if notice is not None else item.author or ""]


def turn_told_of(moment: int | None, worker: Session) -> Turn | None:
    """The turn that had ended last then; none where none had."""
    if moment is None:
        return worker.turns[-1] if worker.turns else None
    ended = [turn for turn in worker.turns if _began_by(turn, moment) and _end_of(turn) <= moment + _LATE_MS]
    return ended[-1] if ended else None


def turn_begun_by(moment: int | None, worker: Session) -> Turn | None:
    """The turn that had begun last then."""
    begun = [turn for turn in worker.turns if moment is None or _began_by(turn, moment)]
    return begun[-1] if begun else None


def turns_meant(item: Item, parent: Session, worker: Session) -> list[Turn]:
    """The turns of the worker that an item of its parent's is about: of the call that started it, all."""
    if isinstance(item, Note):
        return [] if item.phase == _ON_THE_WAY else _only(turn_told_of(item.at, worker))
    act = agent_act(item.tool, item.name)
    if act is AgentAct.SPAWN:
        return list(worker.turns)
    if act is AgentAct.WAIT:
        return _only(turn_told_of(item.ended_at, worker))
    met = ties_of_sessions(parent, worker).turns.get(item.call_id)
    return [turn for turn in worker.turns if turn.index == met]


def _only(turn: Turn | None) -> list[Turn]:
    return [] if turn is None else [turn]


def notice_of(note: Note) -> WorkerNotice | None:
    """A worker's notice, also where the note has only its beginning: there its last words are left open."""
    if not note.cut:
        return worker_notice(note.text)
    return worker_notice(_TORN_ESCAPE.sub(r"\1", note.text) + "…" + _NOTICE_END)


_TORN_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?$")
"""At the end of a text in JSON that breaks off."""
_NOTICE_END = '"}}</subagent_notification>'


# -- what tells of it -----------------------------------------------------------


def _heard(
    items: list[Item],
    parent: Readable,
    names: Collection[str],
    worker: Session,
    turn: Turn,
    since: int | None,
) -> list[tuple[int, Heard]]:
    """With their places among the items."""
    found: list[tuple[int, Heard]] = []
    orders: list[tuple[int, Heard]] = []
    for at, item in enumerate(items):
        if not _may_name(item, names):
            continue
        if isinstance(item, Note):
            if _is_of(item, worker, turn, since):
                found.append((at, Heard(item)))
            continue
        act = agent_act(item.tool, item.name)
        if act is AgentAct.WAIT and turn_told_of(item.ended_at, worker) is turn:
            if (notice := _answer(item, names, parent)) is not None:
                found.append((at, Heard(item, notice)))
        elif act in _ENDINGS and turn_begun_by(item.started_at, worker) is turn:
            orders.append((at, Heard(item, _answer(item, names, parent))))
    # Whoever ends a worker without having heard of it is told by the answer how it was.
    return found or orders


def _is_of(note: Note, worker: Session, turn: Turn, since: int | None) -> bool:
    if note.phase == _ON_THE_WAY:
        is_too_early = since is not None and note.at is not None and note.at < since
        return turn_begun_by(note.at, worker) is turn and not is_too_early
    return (turn_told_of(note.at, worker) or worker.turns[0]) is turn


def _may_name(item: Item, names: Collection[str]) -> bool:
    """Where a call's summary is cut, its answer will tell."""
    is_cut = isinstance(item, Call) and item.tool is Tool.AGENT and item.summary.endswith("…")
    return is_cut or any(name in names for name in names_in(item))


def _answer(call: Call, names: Collection[str], parent: Readable) -> WorkerNotice | None:
    """What a call's answer says of the worker; nothing where it was for others, or its time was up."""
    records = CallRecords.of(call, parent.texts)
    notices = worker_states(call_output(records) or "")
    if not notices and (record := records.item_record) is not None:
        notices = item_worker_states(record)
    told = (notice for notice in notices if notice.worker in names or not notice.worker)
    return next((notice for notice in told if notice.state not in _GO_ON), None)


# -- when it was ----------------------------------------------------------------


def _moment(item: Item) -> int | None:
    """When it was heard."""
    return item.at if isinstance(item, Note) else item.ended_at


def _began_by(turn: Turn, moment: int) -> bool:
    return turn.started_at is None or turn.started_at <= moment


def _end_of(turn: Turn) -> int:
    """Of a turn without an end, the last that is known of it."""
    if turn.ended_at is not None:
        return turn.ended_at
    moments = [turn.started_at, *(_moment(item) for item in flat(turn.items))]
    return max((moment for moment in moments if moment is not None), default=0)
