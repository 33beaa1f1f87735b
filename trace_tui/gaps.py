"""Long silences inside a turn, and what was waited for meanwhile; part of what `findings` tells.

The file says when steps began and when calls ended. Between two steps of the model the calls of the first
one work, then the model does. When a call gave back control is mostly known from the model; of one that was
left running, or ran side by side with others, the line of its output tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from trace_tui.errors import Unreadable
from trace_tui.likeness import is_agent_wait, subject
from trace_tui.model import Call, CallStatus, Item, NoteKind, Place, Tool, Turn, TurnStatus
from trace_tui.texts import Texts
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


class _Answer(NamedTuple):
    """How long a call kept the model from going on."""

    call: Call
    ended: int
    """Its work, as far as it was waited for."""
    heard: int | None
    """When the model was told; None where that can't be known."""


class _Span(NamedTuple):
    call: Call
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def gaps_in(turn: Turn, workers: Mapping[str, str], texts: Texts) -> Iterator[Gap]:
    """In order; ``workers`` are names by ids."""
    reached = turn.started_at
    step = _Step(turn, workers, texts)
    for item in turn.items:
        if isinstance(item, Call):
            begins = _begun(item)
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
    texts: Texts
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
        if any(_is_open_question(call) for call in self.calls):
            return  # somebody may think about it as long as they like
        answers = [answer for call in self.calls if (answer := self._answer(call, end)) is not None]
        works = [answer for answer in answers if answer.call.tool is not Tool.ASK]
        yield from self._of_calls(works, start)
        worked = max([start, *(answer.ended for answer in answers)])
        heard = max([worked, *(answer.heard or start for answer in answers)])
        if works and heard - worked > LONG:
            yield self._before_work(worked, heard, [answer.call for answer in works])
        if end - heard > LONG:
            waited_for = MODEL if self._is_the_models(answers, upcoming) else UNKNOWN
            beside = tuple(one for one in (self.last, upcoming) if isinstance(one, Call))
            yield self._gap(heard, end, waited_for, beside)

    def _answer(self, call: Call, end: int) -> _Answer | None:
        """None where there was none before ``end``."""
        if call.ended_at is None:
            return None
        if call.ended_at <= end and (call.item_place is not None or not call.parallel):
            return _Answer(call, call.ended_at, call.ended_at)
        # Left running; or side by side, where its end is only its beginning and its duration.
        written = self._written_at(call.output_place)
        if written is not None and written <= end:
            return _Answer(call, min(call.ended_at, written), written)
        return _Answer(call, call.ended_at, None) if call.ended_at <= end else None

    def _written_at(self, place: Place | None) -> int | None:
        with suppress(Unreadable):
            return self.texts.event(place).at if place is not None else None
        return None

    def _is_the_models(self, answers: Sequence[_Answer], upcoming: Item | None) -> bool:
        """Nothing else was at work, and the model had something to do."""
        if len(answers) < len(self.calls) or any(answer.heard is None for answer in answers):
            return False
        return upcoming is not None or self.turn.status is not TurnStatus.COMPLETED

    def _of_calls(self, answers: Sequence[_Answer], start: int) -> Iterator[Gap]:
        waited = _longest([_waiting(answer, start) for answer in answers])
        if waited is not None:
            yield self._gap_of(waited, self._before(waited.call))
        worked = _longest([_working(answer.call, answer.ended, start) for answer in answers])
        if worked is not None:
            yield self._gap_of(worked, WORKER if is_agent_wait(worked.call) else TOOL)

    def _before(self, call: Call) -> str:
        """What a call waits for that is not at work."""
        is_asked = self.turn.approval_policy not in (None, _NOBODY_IS_ASKED)
        return APPROVAL if is_asked or call.status is CallStatus.DECLINED else UNKNOWN

    def _before_work(self, at: int, until: int, calls: Sequence[Call]) -> Gap:
        """Calls side by side that came back much later than their work can have taken."""
        what = subject(calls[0], self.workers) if len(calls) == 1 else f"{len(calls)} calls side by side"
        return self._gap(at, until, self._before(calls[0]), tuple(calls), what)

    def _gap_of(self, span: _Span, waited_for: str) -> Gap:
        inner = _longest([_working(call, call.ended_at, span.start) for call in span.call.nested or ()])
        calls = (span.call,) if inner is None else (span.call, inner.call)
        return self._gap(span.start, span.end, waited_for, calls, subject(calls[-1], self.workers))

    def _gap(self, at: int, until: int, waited_for: str, calls: tuple[Call, ...], what: str = "") -> Gap:
        """``what`` ran, or had to be approved."""
        place = self.turn.place if self.last is None else self.last.place
        words = self._words(waited_for, short_duration(until - at), calls, what)
        return Gap(at, until, waited_for, words, calls, place)

    def _words(self, waited_for: str, long: str, calls: tuple[Call, ...], what: str) -> str:
        if waited_for == UNKNOWN:
            return f"{long} of which the file does not tell what was waited for"
        if waited_for == MODEL:
            return f"waited {long} for the model"
        if waited_for == WORKER:
            names = [name for worker, name in self.workers.items() if worker in calls[0].summary]
            return f"waited {long} for " + (", ".join(names) or "workers")
        return f"waited {long} for " + (f"approval of {what}" if waited_for == APPROVAL else what)


def _begun(call: Call) -> int | None:
    """Some versions write a call only when it has ended, beside its output."""
    if call.started_at is None or call.ended_at is None or call.duration_ms is None:
        return call.started_at
    return min(call.started_at, call.ended_at - call.duration_ms)


def _is_open_question(call: Call) -> bool:
    """One that was never answered, or whose answer comes at any time as something else."""
    return call.tool is Tool.ASK and (call.ended_at is None or call.name.endswith("_async"))


def _working(call: Call, until: int | None, after: int) -> _Span | None:
    """When it was at work, as far as that is later than ``after``. To patch takes no time."""
    if (
        call.ended_at is None
        or until is None
        or call.status is CallStatus.DECLINED
        or call.tool is Tool.PATCH
    ):
        return None
    begun = call.started_at if call.duration_ms is None else call.ended_at - call.duration_ms
    return None if begun is None else _Span(call, max(begun, after), until)


def _waiting(answer: _Answer, after: int) -> _Span | None:
    """When it was made and not at work yet: somebody had to approve it first."""
    call = answer.call
    if call.ended_at is None or call.started_at is None:
        return None
    if call.status is CallStatus.DECLINED or call.tool is Tool.PATCH:
        return _Span(call, max(call.started_at, after), answer.ended)
    if call.duration_ms is None:
        return None
    return _Span(call, max(call.started_at, after), call.ended_at - call.duration_ms)


def _longest(spans: list[_Span | None]) -> _Span | None:
    """The longest of those that are long at all."""
    long = [span for span in spans if span is not None and span.length > LONG]
    return max(long, key=lambda span: span.length, default=None)
