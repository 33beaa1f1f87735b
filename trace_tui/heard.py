"""What a parent was told of a turn of its worker, and what it did then; told beside a `trail`.

A worker may be asked again and again. What is told of it belongs to the turn that had ended last by then: the
parent's file names workers, and seldom their turns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from trace_tui.call_texts import CallRecords, call_output
from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, Item, Note, NoteKind, Place, Session, Tool, Turn
from trace_tui.naming import names_in
from trace_tui.next_steps import flat, next_steps
from trace_tui.parsers.injected import WorkerNotice
from trace_tui.parsers.particulars import item_worker_states, worker_states
from trace_tui.texts import Readable
from trace_tui.ties import Ties, WorkerTurn, turn_awaited, turn_begun_by, turn_ended_by, turns_of

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


class Hearing:
    """All that a parent heard of one of its workers, for questions about its turns."""

    def __init__(self, parent: Readable, worker: Session) -> None:
        self._parent = parent
        self._turns = turns_of(worker)
        self._names = names_of(parent.session, worker)
        self._items = list(flat(item for one in parent.session.turns for item in one.items))
        self._of_worker = [(at, item) for at, item in enumerate(self._items) if _may_name(item, self._names)]
        self._answers: dict[Place, WorkerNotice | None] = {}

    def of(self, turn: Turn, since: int | None = None) -> Told:
        """Mails that the worker sent on its way count only ``since`` then, if that is given."""
        heard = self._heard(turn, since)
        if not heard:
            return Told((), ())
        last = max(at for at, _ in heard)
        moments = [moment for _, one in heard if (moment := _moment(one.item)) is not None]
        after = next_steps(_before_prompt(self._items[last + 1 :]), max(moments, default=None))
        return Told(tuple(one for _, one in heard), after)

    def _heard(self, turn: Turn, since: int | None) -> list[tuple[int, Heard]]:
        """With their places among the items."""
        found: list[tuple[int, Heard]] = []
        orders: list[tuple[int, Heard]] = []
        for at, item in self._of_worker:
            if isinstance(item, Note):
                if _is_of(item, self._turns, turn, since):
                    found.append((at, Heard(item)))
                continue
            act = agent_act(item.tool, item.name)
            if act is AgentAct.WAIT and self._awaited(item) == turn.index:
                if (notice := self._answer(item)) is not None:
                    found.append((at, Heard(item, notice)))
            elif act in _ENDINGS and turn_begun_by(self._turns, item.started_at) == turn.index:
                orders.append((at, Heard(item, self._answer(item))))
        # Whoever ends a worker without having heard of it is told by the answer how it was.
        return found or orders

    def _awaited(self, wait: Call) -> int | None:
        return turn_awaited(self._turns, wait.started_at, wait.ended_at)

    def _answer(self, call: Call) -> WorkerNotice | None:
        if call.place not in self._answers:
            self._answers[call.place] = _answer(call, self._names, self._parent)
        return self._answers[call.place]


def _before_prompt(items: Iterable[Item]) -> Iterator[Item]:
    """What is done when a person has asked for something is no answer to what was heard before."""
    return takewhile(lambda item: not (isinstance(item, Note) and item.kind is NoteKind.PROMPT), items)


def names_of(parent: Session, worker: Session) -> frozenset[str]:
    """By what a parent's file may call a worker: its id, its path, its name."""
    named = {child.name for child in parent.children if child.id == worker.id}
    return frozenset(name for name in (worker.id, worker.agent.path, *named) if name)


def turn_of_note(note: Note, worker: Session) -> Turn | None:
    """The turn of the worker that a note of its parent's tells of; of a mail on the way, the one then."""
    return _numbered(_told_by(note, turns_of(worker)), worker)


def turns_meant(item: Item, worker: Session, ties: Callable[[], Ties]) -> list[Turn]:
    """The turns of the worker that an item of its parent's is about: of the call that started it, all.

    ``ties`` are those between the two, asked for where they are needed.
    """
    if isinstance(item, Note):
        told = None if item.phase == _ON_THE_WAY else turn_ended_by(turns_of(worker), item.at)
    elif agent_act(item.tool, item.name) is AgentAct.SPAWN:
        return list(worker.turns)
    else:
        told = ties().turns.get(item.place)
    return [turn for turn in worker.turns if turn.index == told]


# -- what tells of it -----------------------------------------------------------


def _is_of(note: Note, turns: Sequence[WorkerTurn], turn: Turn, since: int | None) -> bool:
    is_too_early = since is not None and note.at is not None and note.at < since
    return _told_by(note, turns) == turn.index and not (note.phase == _ON_THE_WAY and is_too_early)


def _told_by(note: Note, turns: Sequence[WorkerTurn]) -> int | None:
    """Who hears of an end that the worker's file does not tell heard it of the first turn."""
    if note.phase == _ON_THE_WAY:
        return turn_begun_by(turns, note.at)
    ended = turn_ended_by(turns, note.at)
    return turns[0].number if ended is None and turns else ended


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


def _numbered(number: int | None, worker: Session) -> Turn | None:
    return next((turn for turn in worker.turns if turn.index == number), None)


def _moment(item: Item) -> int | None:
    """When it was heard."""
    return item.at if isinstance(item, Note) else item.ended_at
