"""Who of a chain ran when, who waited for whom, and what took so long; for views with a time axis.

Everything comes from the catalog: no session file is opened.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import NamedTuple

from trace_tui.kinds import CallStatus, Tool, TurnStatus
from trace_tui.library.catalog import Catalog
from trace_tui.library.chains import Member, Totals, totals
from trace_tui.library.rows import Row
from trace_tui.library.stretches import Stretch as Stretch
from trace_tui.library.stretches import joined, length_of, without
from trace_tui.naming import thread_ids_in
from trace_tui.time_spent import is_wait
from trace_tui.times import between

_PROMPTLY_MS = 2_000
"""A wait goes on for some milliseconds after the end that it waited for; one that goes on for longer than
this ended for another reason, most often because its time was up."""
_LATE_MS = 100
"""A worker that fails may write so much later that it has ended than its parent was told so."""


class TurnSpan(NamedTuple):
    start: int
    end: int | None
    """None while it is open."""
    until: int
    """Its end; of an open one the last moment that anything is known of."""
    status: str


class WaitSpan(NamedTuple):
    call_id: str
    start: int
    end: int | None
    until: int
    awaited: frozenset[str]
    """The ids of the workers that it names, here or not; none where it is for any of them."""
    ended_by: tuple[str, ...] = ()
    """The keys of the workers whose end, at the same moment or right before, ended it."""
    is_missed: bool = False
    """It was for workers of whom none is here."""


class MemberTimes(NamedTuple):
    member: Member
    turns: list[TurnSpan]
    """Those whose start is known, in order."""
    waits: list[WaitSpan]
    """When it did nothing but wait for workers."""
    work: list[Stretch]
    """Its turns without its waits."""
    life: Stretch | None
    """From the first to the last moment that is known of it; None where no times are."""
    failures: list[int]
    """When calls and turns failed, as far as that is known; ``member.entry.failures`` counts all."""
    whole: Totals
    """Its own and of all below it."""

    @property
    def is_open(self) -> bool:
        return bool(self.turns) and self.turns[-1].end is None

    @property
    def waited_ms(self) -> int:
        return length_of(joined([(wait.start, wait.until) for wait in self.waits]))

    def awaited(self) -> list[tuple[Member, int]]:
        """For which of its workers it waited, and how long, the longest first; the rest was for nobody."""
        spent: Counter[str] = Counter()
        for wait in self.waits:
            for key in wait.ended_by or self._named(wait):
                spent[key] += wait.until - wait.start
        workers = {child.entry.key: child for child in self.member.children}
        return [(workers[key], ms) for key, ms in spent.most_common() if key in workers]

    @property
    def missed_ms(self) -> int:
        """How long it waited for workers whose own files are not here."""
        return length_of(joined([(wait.start, wait.until) for wait in self.waits if wait.is_missed]))

    def _named(self, wait: WaitSpan) -> list[str]:
        return [child.entry.key for child in self.member.children if child.entry.id in wait.awaited]


class Stint(NamedTuple):
    """A part of the critical path: here the chain could only go on when this member did."""

    member: Member
    start: int
    end: int


class ChainTimes(NamedTuple):
    members: list[MemberTimes]
    """Each before its children, as `Member.members` has them."""
    path: list[Stint]
    """The critical path, first to last."""
    life: Stretch | None
    """From the first to the last moment that is known of anybody."""
    whole: Totals
    work_ms: int
    """How long the members worked, one after the other; waiting is no work."""
    busy_ms: int
    """How long by the clock at least one of them did."""

    @property
    def parallelism(self) -> float | None:
        """How many were at work at once, on average, while anybody was."""
        return self.work_ms / self.busy_ms if self.busy_ms else None

    @property
    def duration_ms(self) -> int | None:
        return None if self.life is None else between(*self.life)


def times_of(head: Member, catalog: Catalog) -> ChainTimes:
    told = _with_waits_explained([_times_of_one(member, catalog) for member in head.members()])
    lives = [one.life for one in told if one.life is not None]
    life = (min(start for start, _ in lives), max(end for _, end in lives)) if lives else None
    return ChainTimes(
        members=told,
        path=_critical_path(told),
        life=life,
        whole=told[0].whole,
        work_ms=sum(length_of(one.work) for one in told),
        busy_ms=length_of(joined([stretch for one in told for stretch in one.work])),
    )


# -- one member ---------------------------------------------------------


def _times_of_one(member: Member, catalog: Catalog) -> MemberTimes:
    number = member.entry.number
    whole = totals(member)
    calls = [_Call(*row) for row in catalog.query(_CALLS, [number])]
    waits = [call for call in calls if call.is_wait]
    # Whoever waits writes nothing, and yet goes on for as long as those do whom it waits for.
    is_waiting = any(call.end is None for call in waits)
    last_known = (whole.ended_at if is_waiting else member.entry.ended_at) or 0
    turns, failed_turns = _turns_of(catalog.query(_TURNS, [number]), last_known)
    spans = [_wait_span(call, turns) for call in waits if call.started_at is not None]
    waiting = joined([(wait.start, wait.until) for wait in spans])
    return MemberTimes(
        member=member,
        turns=turns,
        waits=spans,
        work=without(joined([(turn.start, turn.until) for turn in turns]), waiting),
        life=_life_of(member, turns),
        failures=sorted(failed_turns + [call.moment for call in calls if call.has_failed and call.moment]),
        whole=whole,
    )


_TURNS = """
SELECT started_at, ended_at, duration_ms, status FROM turns WHERE session = ? ORDER BY turn DESC
"""
_CALLS = """
SELECT call_id, tool, name, status, started_at, ended_at, duration_ms, summary, child_session FROM calls
WHERE session = ? AND (status IN ('failed', 'declined') OR tool = 'agent') ORDER BY position
"""


class _Call(NamedTuple):
    call_id: str
    tool: str
    name: str
    status: str
    started_at: int | None
    ended_at: int | None
    duration_ms: int | None
    summary: str
    child: str | None

    @property
    def is_wait(self) -> bool:
        return is_wait(Tool(self.tool), self.name)

    @property
    def has_failed(self) -> bool:
        return CallStatus(self.status).is_failure

    @property
    def end(self) -> int | None:
        return _end_of(self.started_at, self.ended_at, self.duration_ms)

    @property
    def moment(self) -> int | None:
        return self.end or self.started_at


def _turns_of(rows: list[Row], last_known: int) -> tuple[list[TurnSpan], list[int]]:
    """The turns, and when some of them failed; out of rows with the last turn first."""
    spans: list[TurnSpan] = []
    failures: list[int] = []
    next_start = last_known
    for start, ended_at, duration, status in rows:
        end = _end_of(start, ended_at, duration)
        if status == TurnStatus.FAILED and (moment := end or start):
            failures.append(moment)
        if start is None:
            continue
        spans.append(TurnSpan(start, end, max(start, next_start if end is None else end), status))
        next_start = start
    return spans[::-1], failures


def _wait_span(call: _Call, turns: list[TurnSpan]) -> WaitSpan:
    """One that was never answered lasts as long as its turn."""
    start, end = call.started_at or 0, call.end
    turn = next((turn for turn in reversed(turns) if turn.start <= start), None)
    if end is None:
        until = start if turn is None else turn.until
        end = None if turn is None else turn.end
    else:
        until = end
    return WaitSpan(call.call_id, start, end, max(start, until), _awaited(call.summary, call.child))


def _awaited(summary: str, child: str | None) -> frozenset[str]:
    if summary.endswith("…"):  # cut: it may be for others, too
        return frozenset()
    return frozenset(thread_ids_in(summary)) | frozenset({child} if child is not None else ())


def _end_of(start: int | None, end: int | None, duration: int | None) -> int | None:
    if end is None and start is not None and duration is not None:
        end = start + duration
    return end if end is None or start is None else max(start, end)


def _life_of(member: Member, turns: list[TurnSpan]) -> Stretch | None:
    moments = [moment for turn in turns for moment in (turn.start, turn.until)]
    moments += [moment for moment in (member.entry.started_at, member.entry.ended_at) if moment is not None]
    return (min(moments), max(moments)) if moments else None


# -- the critical path --------------------------------------------------


def _critical_path(told: list[MemberTimes]) -> list[Stint]:
    """What the chain's end had to wait for, walked backwards from the end of the head's last turn.

    The walk follows a member back through its turn. Where a wait of its had just been ended by the end of a
    worker's turn, it goes on in that worker, at that end; where a worker's turn begins, it goes back to the
    parent, who gave the task. Of a head with several turns the pauses in between belong to nobody: there
    the chain waited for a person. A wait that no end of an awaited worker explains (time was up, a mail came)
    stays with who waited. Only what wait calls tell is known here: a parent that looks at what a worker
    did without waiting for it is taken for having worked on its own.
    """
    times = {id(one.member): one for one in told}
    known_ends: dict[int, list[_End]] = {}
    head = told[0]
    path: list[Stint] = []
    here, at = head, head.turns[-1].until if head.turns else 0
    while True:
        turn = next((turn for turn in reversed(here.turns) if turn.start < at), None)
        above = here if here is head else times[id(here.member.parent)]
        if turn is None:
            if here is head:
                return _in_order(path)
            here = above
            continue
        at = min(at, turn.until)
        if id(here) not in known_ends:
            below = _ends_below(here, times)
            known_ends[id(here)] = [
                end for wait in here.waits for end in _explaining(wait, below) if end.at >= wait.start
            ]
        ends = [end for end in known_ends[id(here)] if turn.start <= end.at <= at]
        if ends:
            last = max(ends, key=lambda end: end.at)
            path.append(Stint(here.member, last.at, at))
            here, at = last.worker, last.at
        else:
            path.append(Stint(here.member, turn.start, at))
            here, at = above, turn.start


class _End(NamedTuple):
    """Where a turn of a worker ended, or, while it is open, what is known of it ends."""

    at: int
    began: int
    worker: MemberTimes
    is_open: bool


def _ends_below(waiter: MemberTimes, times: dict[int, MemberTimes]) -> list[_End]:
    """Of all its workers, in order."""
    ends = [
        _End(turn.until, turn.start, times[id(child)], turn.end is None)
        for child in waiter.member.children
        for turn in times[id(child)].turns
        if turn.start < turn.until
    ]
    return sorted(ends, key=lambda end: end.at)


def _explaining(wait: WaitSpan, ends: list[_End]) -> list[_End]:
    """The ends that a wait was for. One that is not over yet is for whoever has not ended."""
    if wait.end is None:
        return [end for end in ends if end.is_open and _is_for(wait, end)]
    for first, last in _windows(wait.start, wait.end):
        begin = bisect_left(ends, first, key=lambda end: end.at)
        behind = bisect_right(ends, last, key=lambda end: end.at)
        found = [end for end in ends[begin:behind] if not end.is_open and _is_for(wait, end)]
        if found:
            return found
    return []


def _is_for(wait: WaitSpan, end: _End) -> bool:
    was_there = wait.end is None or end.began <= wait.end
    return was_there and (not wait.awaited or end.worker.member.entry.id in wait.awaited)


def _windows(start: int, end: int) -> list[Stretch]:
    """Where to look for the ends that ended a wait, the likeliest first."""
    earliest = end - _PROMPTLY_MS
    if end - start > _LATE_MS:  # else the news had come before it
        earliest = max(start, earliest)
    return [(earliest, end), (end, end + _LATE_MS)]


def _with_waits_explained(told: list[MemberTimes]) -> list[MemberTimes]:
    """Whose end was the last one before each wait was over."""
    times = {id(one.member): one for one in told}
    here = frozenset(one.member.entry.id for one in told)
    explained: list[MemberTimes] = []
    for one in told:
        ends = _ends_below(one, times)
        waits = [_explained(wait, _explaining(wait, ends), here) for wait in one.waits]
        explained.append(one._replace(waits=waits))
    return explained


def _explained(wait: WaitSpan, ends: list[_End], here: frozenset[str | None]) -> WaitSpan:
    is_missed = not ends and bool(wait.awaited) and not wait.awaited & here
    return wait._replace(ended_by=_last_of(ends), is_missed=is_missed)


def _last_of(ends: list[_End]) -> tuple[str, ...]:
    last = max((end.at for end in ends), default=0)
    return tuple(dict.fromkeys(end.worker.member.entry.key for end in ends if end.at == last))


def _in_order(path: list[Stint]) -> list[Stint]:
    """From the first to the last, without those that took no time, each as long as it can be."""
    stints: list[Stint] = []
    for stint in reversed(path):
        if stint.start == stint.end:
            continue
        last = stints[-1] if stints else None
        if last is not None and last.member is stint.member and last.end == stint.start:
            stints[-1] = last._replace(end=stint.end)
        else:
            stints.append(stint)
    return stints
