"""Why something failed, and what a parent and workers tell of it: the same in the app and in `show`."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.heard import Hearing, Told
from trace_tui.model import Call, Item, Session, Turn
from trace_tui.past import Past
from trace_tui.telling.trails import told_parent, why_call, why_turn, why_worker
from trace_tui.trail import Trail, trail_of_worker
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


def why_of_worker(item: Item, worker: Past, parent: Past) -> WorkerWhy | None:
    """None where nothing of it failed."""
    failed = trail_of_worker(item, worker, parent)
    if failed is None:
        return None
    turn, trail = failed
    return WorkerWhy(worker, turn, trail, told_of(Hearing(parent.own, worker.session), turn, trail))


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
