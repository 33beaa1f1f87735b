"""Long silences inside a turn, and what was waited for meanwhile; part of what `findings` tells.

The file says when steps began and when calls ended. Between two steps of the model the calls of the first
one work, then the model does; a call that outlives the next step was left running, and explains nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trace_tui.likeness import is_agent_wait, subject
from trace_tui.model import Call, CallStatus, Item, NoteKind, Place, Tool, Turn, TurnStatus
from trace_tui.times import short_duration

LONG = 60_000
"""Milliseconds that are worth telling."""

MODEL, TOOL, WORKER, APPROVAL, UNKNOWN = "model", "tool", "worker", "approval", "unknown"

_OF_THE_MODEL = frozenset({NoteKind.REASONING, NoteKind.MESSAGE, NoteKind.PLAN, NoteKind.COMPACTION})
"""Notes of others come at any time, and end no waiting."""
_NOBODY_IS_ASKED = "never"


class Gap(NamedTuple):
    at: int
    until: int
    waited_for: str
    words: str
    calls: tuple[Call, ...]
    """What ran, or, of the model's own time, the calls beside it."""
    place: Place
    """Of the step before it, else of the turn."""


class _Span(NamedTuple):
    call: Call
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def gaps_in(turn: Turn, workers: Mapping[str, str]) -> Iterator[Gap]:
    """In order; ``workers`` are names by ids."""
    reached = turn.started_at
    step = _Step(turn, workers)
    for item in turn.items:
        if isinstance(item, Call):
            begins = item.started_at
        elif item.kind in _OF_THE_MODEL:
            begins = item.at
        else:
            continue
        if begins is None:
            continue
        if reached is not None and begins - reached > LONG:
            yield from step.silence(reached, begins, item)
        if reached is None or begins > reached:
            reached = begins
        step.take(item)
    end = turn.ended_at
    if end is not None and reached is not None and end - reached > LONG and turn.status in _ENDED:
        yield from step.silence(reached, end, None)


_ENDED = frozenset({TurnStatus.COMPLETED, TurnStatus.FAILED, TurnStatus.ABORTED})


@dataclass(slots=True)
class _Step:
    """The last step of the model: a note, or the calls that it made together."""

    turn: Turn
    workers: Mapping[str, str]
    last: Item | None = None
    calls: list[Call] = field(default_factory=list)

    def take(self, item: Item) -> None:
        if not isinstance(item, Call):
            self.calls.clear()
        elif item.parallel and self.calls and self.calls[-1].parallel:
            self.calls.append(item)
        else:
            self.calls = [item]
        self.last = item

    def silence(self, start: int, end: int, upcoming: Item | None) -> Iterator[Gap]:
        """What of the time up to the next step, or to the turn's end, was long."""
        if any(call.tool is Tool.ASK for call in self.calls):
            return  # somebody had a question to answer
        answered = [call for call in self.calls if call.ended_at is not None and call.ended_at <= end]
        yield from self._of_calls(answered, start)
        rest = max([start, *(call.ended_at or start for call in answered)])
        if end - rest > LONG:
            waited_for = MODEL if self._is_the_models(answered, upcoming) else UNKNOWN
            beside = tuple(one for one in (self.last, upcoming) if isinstance(one, Call))
            yield self._gap(rest, end, waited_for, beside)

    def _is_the_models(self, answered: list[Call], upcoming: Item | None) -> bool:
        """Nothing else was at work, and the model had something to do."""
        if len(answered) < len(self.calls):
            return False
        return upcoming is not None or self.turn.status is not TurnStatus.COMPLETED

    def _of_calls(self, calls: list[Call], start: int) -> Iterator[Gap]:
        waited = _longest([_waiting(call, start) for call in calls])
        if waited is not None:
            is_asked = waited.call.status is CallStatus.DECLINED or (
                self.turn.approval_policy not in (None, _NOBODY_IS_ASKED)
            )
            yield self._gap_of(waited, APPROVAL if is_asked else UNKNOWN)
        worked = _longest([_working(call, start) for call in calls])
        if worked is not None:
            yield self._gap_of(worked, WORKER if is_agent_wait(worked.call) else TOOL)

    def _gap_of(self, span: _Span, waited_for: str) -> Gap:
        inner = _longest([_working(call, span.start) for call in span.call.nested or ()])
        calls = (span.call,) if inner is None else (span.call, inner.call)
        return self._gap(span.start, span.end, waited_for, calls)

    def _gap(self, at: int, until: int, waited_for: str, calls: tuple[Call, ...]) -> Gap:
        place = self.turn.place if self.last is None else self.last.place
        words = self._words(waited_for, short_duration(until - at), calls)
        return Gap(at, until, waited_for, words, calls, place)

    def _words(self, waited_for: str, long: str, calls: tuple[Call, ...]) -> str:
        if waited_for == UNKNOWN:
            return f"{long} of which the file does not tell what was waited for"
        if waited_for == MODEL:
            return f"waited {long} for the model"
        if waited_for == WORKER:
            names = [name for worker, name in self.workers.items() if worker in calls[0].summary]
            return f"waited {long} for " + (", ".join(names) or "workers")
        what = subject(calls[-1], self.workers)
        return f"waited {long} for " + (f"approval of {what}" if waited_for == APPROVAL else what)


def _working(call: Call, after: int) -> _Span | None:
    """When it was at work, as far as that is later than ``after``."""
    if call.ended_at is None or call.status is CallStatus.DECLINED:
        return None
    begun = call.started_at if call.duration_ms is None else call.ended_at - call.duration_ms
    return None if begun is None else _Span(call, max(begun, after), call.ended_at)


def _waiting(call: Call, after: int) -> _Span | None:
    """When it was made and not at work yet: somebody had to approve it first."""
    if call.ended_at is None or call.started_at is None:
        return None
    if call.status is CallStatus.DECLINED:
        return _Span(call, max(call.started_at, after), call.ended_at)
    if call.duration_ms is None:
        return None
    return _Span(call, max(call.started_at, after), call.ended_at - call.duration_ms)


def _longest(spans: list[_Span | None]) -> _Span | None:
    """The longest of those that are long at all."""
    long = [span for span in spans if span is not None and span.length > LONG]
    return max(long, key=lambda span: span.length, default=None)
