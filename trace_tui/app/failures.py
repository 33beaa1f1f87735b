"""The walk from failure to failure: through a session, into its workers and back, in the order of time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trace_tui.app.wishes import Spot
from trace_tui.library.catalog import Catalog
from trace_tui.library.chains import Member
from trace_tui.library.rows import Row
from trace_tui.model import Session
from trace_tui.parsers.agent_replies import readable_error
from trace_tui.parsers.safe_text import one_line
from trace_tui.widgets.timeline_rows import failures_of

_WORDS = 120


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
    place: int = -1
    """Of its call, in the session that is open."""
    spot: Spot | None = None
    """In the session that is open."""
    words: str = ""
    """What failed and why, of what is not open."""

    @property
    def name(self) -> tuple[str, int, str | None]:
        """The same for the same failure, whenever it is looked for."""
        return self.thread, self.turn, self.call_id


def failures_in(session: Session, thread: str) -> list[Failure]:
    found: list[Failure] = []
    at = session.started_at or 0
    for turn, call in failures_of(session.turns):
        told = turn.started_at if call is None else call.started_at
        at = max(at, told or 0)
        call_id, place = (None, -1) if call is None else (call.call_id, call.place)
        found.append(Failure(at, len(found), thread, turn.index, call_id, place, Spot(turn, call)))
    return found


def failures_told(rows: Iterable[Row], thread: str, began: int | None) -> list[Failure]:
    """The same of a session that is not open, from what the catalog has: turn, call id, time, what, why."""
    found: list[Failure] = []
    at = began or 0
    for turn, call_id, told, what, why in sorted(rows, key=lambda row: row[0]):
        at = max(at, told or 0)
        words = one_line(f"{what} · {readable_error(why or '')}".strip(" ·"), _WORDS)
        found.append(Failure(at, len(found), thread, turn, call_id, words=words))
    return found


def failures_known(members: Sequence[Member], catalog: Catalog) -> list[Failure]:
    """Of several sessions, none of which need be open."""
    entries = {one.entry.number: one.entry for one in members if one.entry.failures}
    told: dict[int, list[Row]] = {number: [] for number in entries}
    for number, *row in catalog.failures_of(entries):
        told[number].append(tuple(row))
    return [
        failure
        for number, rows in told.items()
        for failure in failures_told(rows, entries[number].key, entries[number].started_at)
    ]


class Here(NamedTuple):
    """Where the walk stands."""

    thread: str
    at: int
    before: int
    """So many failures of this session come before it."""
    on: Failure | None = None
    """The failure itself, where it stands on one."""


class FailureWalk:
    """All failures of a chain in the order of time, and how to get from one to the next."""

    def __init__(self, own: Sequence[Failure], of_others: Sequence[Failure]) -> None:
        """``own`` are those of the sessions that are open, each in its own order."""
        self.all = sorted([*own, *of_others], key=lambda one: one.at)
        self._index = {one.name: i for i, one in enumerate(self.all)}
        self._places: dict[str, list[tuple[int, int]]] = {}
        for one in own:
            self._places.setdefault(one.thread, []).append((one.turn, one.place))

    def find(self, thread: str, turn: int, call_id: str | None) -> Failure | None:
        index = self._index.get((thread, turn, call_id))
        return None if index is None else self.all[index]

    def before(self, thread: str, turn: int, place: int) -> int:
        """How many failures of an open session stand above a row."""
        return bisect_left(self._places.get(thread, []), (turn, place))

    def next(self, here: Here, by: int) -> int | None:
        """The index of the next failure after a place, or of the one before it."""
        if here.on is not None:
            index = self._index[here.on.name] + by
            return index if 0 <= index < len(self.all) else None
        if by > 0:
            return next((i for i, one in enumerate(self.all) if _is_after(one, here)), None)
        backwards = range(len(self.all) - 1, -1, -1)
        return next((i for i in backwards if not _is_after(self.all[i], here)), None)


def _is_after(failure: Failure, here: Here) -> bool:
    if failure.thread == here.thread:
        return failure.order >= here.before
    return failure.at > here.at
