"""Why something failed, and what a parent and workers tell of it: the same in the app and in `show`."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from trace_tui.heard import Hearing, Told, turns_meant
from trace_tui.model import Call, Item, Session, Turn
from trace_tui.past import Past
from trace_tui.telling.trails import told_parent, why_call, why_turn, why_worker
from trace_tui.ties import Ties, ties_of_sessions
from trace_tui.trail import Trail, has_failed, trail_of
from trace_tui.widgets.blocks import Block
from trace_tui.wording.cast import Cast


class WorkerWhy(NamedTuple):
    """A turn of a worker that failed, as its parent's item tells."""

    worker: Past
    turn: Turn
    trail: Trail
    told: Told


def told_of(hearing: Hearing, turn: Turn, trail: Trail) -> Told:
    """What the parent was told of the turn since it began to fail."""
    return hearing.of(turn, trail.failing.started_at if trail.failing is not None else None)


class WorkerWhys:
    """Why turns of one worker failed, for any number of items of its parent's that tell of it."""

    def __init__(self, worker: Past, parent: Past) -> None:
        self._worker = worker
        self._parent = parent
        self._told: dict[int, WorkerWhy | None] = {}

    @cached_property
    def _ties(self) -> Ties:
        return ties_of_sessions(self._parent.session, self._worker.session)

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing(self._parent.own, self._worker.session)

    def of(self, item: Item) -> WorkerWhy | None:
        """Of the first failed turn that the item is about, if there is any."""
        turns = turns_meant(item, self._worker.session, lambda: self._ties)
        return next((why for turn in turns if (why := self._of_turn(turn)) is not None), None)

    def _of_turn(self, turn: Turn) -> WorkerWhy | None:
        if turn.index not in self._told:
            self._told[turn.index] = self._why(turn) if has_failed(turn, self._worker) else None
        return self._told[turn.index]

    def _why(self, turn: Turn) -> WorkerWhy:
        trail = trail_of(turn, None, self._worker, [self._parent])
        return WorkerWhy(self._worker, turn, trail, told_of(self._hearing, turn, trail))


def own_blocks(trail: Trail, call: Call | None, cast: Cast) -> list[Block]:
    """Without a call, of the turn itself."""
    return why_turn(trail, cast) if call is None else why_call(trail, cast)


def parent_blocks(
    told: Told, turn: Turn, call: Call | None, trail: Trail, parent: Session, cast: Cast, name: str
) -> list[Block]:
    """``name`` is the parent's; its ``cast`` knows the names that its file uses."""
    above = trail.error or "" if call is None else ""
    return told_parent(told, turn, parent, cast, aside=name, above=above)


def worker_blocks(why: WorkerWhy, parent: Session, cast: Cast, workers_cast: Cast, name: str) -> list[Block]:
    """In the detail of the parent's item."""
    above = why.trail.error or ""
    return [
        *why_worker(name, why.turn, why.trail, workers_cast, why.worker.session.id),
        *told_parent(why.told, why.turn, parent, cast, aside="this session", above=above),
    ]
