"""The walk from failure to failure: through a session, into its workers and back, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trace_tui.model import Session
from trace_tui.widgets.timeline_rows import failures_of


class Failure(NamedTuple):
    at: int
    """When it happened; of what tells no time, the last time before it."""
    order: int
    """Among those of its session."""
    thread: str
    """The key of its session."""
    turn: int
    call_id: str | None
    """None where the turn itself failed."""


def failures_in(session: Session, thread: str) -> list[Failure]:
    found: list[Failure] = []
    at = session.started_at or 0
    for turn, call in failures_of(session.turns):
        told = turn.started_at if call is None else call.started_at
        at = max(at, told or 0)
        found.append(Failure(at, len(found), thread, turn.index, call.call_id if call else None))
    return found


def failures_told(
    rows: Iterable[tuple[int, str | None, int | None]], thread: str, began: int | None
) -> list[Failure]:
    """The same of a session that is not open, from what the catalog has: turn, call id, time."""
    found: list[Failure] = []
    at = began or 0
    for turn, call_id, told in sorted(rows, key=lambda row: row[0]):
        at = max(at, told or 0)
        found.append(Failure(at, len(found), thread, turn, call_id))
    return found


class Here(NamedTuple):
    """Where the walk stands."""

    thread: str
    at: int
    before: int
    """So many failures of this session come before it."""
    on: Failure | None = None
    """The failure itself, where it stands on one."""


def next_failure(failures: Sequence[Failure], here: Here, by: int) -> int | None:
    """The index of the next failure after a place, or of the one before it; ``failures`` in order."""
    if here.on is not None and here.on in failures:
        index = failures.index(here.on) + by
        return index if 0 <= index < len(failures) else None
    if by > 0:
        return next((i for i, one in enumerate(failures) if _is_after(one, here)), None)
    backwards = range(len(failures) - 1, -1, -1)
    return next((i for i in backwards if not _is_after(failures[i], here)), None)


def _is_after(failure: Failure, here: Here) -> bool:
    if failure.thread == here.thread:
        return failure.order >= here.before
    return failure.at > here.at
