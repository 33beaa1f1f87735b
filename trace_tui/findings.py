"""Loops and stalls of a session: hints with their evidence, never verdicts. `telling.trails` tells them.

Each turn is looked at by itself: what a person asks for again is no loop. The model knows how calls ended and
not what they printed, so that is all that counts here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from trace_tui.gaps import gaps_in
from trace_tui.likeness import is_agent_wait, subject
from trace_tui.loops import alternations, outcome_of, polling, repeats, steps_of
from trace_tui.model import Call, CallStatus, Place, Session, Tool, Turn, TurnKind
from trace_tui.rework import churn
from trace_tui.times import between, short_duration

_SEVERAL = " · "
"""Stands between the workers that a wait is for."""


class FindingKind(StrEnum):
    REPEAT = "repeated"
    ALTERNATION = "alternating"
    CHURN = "reworked"
    POLLING = "polling"
    GAP = "waiting"


class Finding(NamedTuple):
    kind: FindingKind
    turn: int
    """Index of the turn."""
    words: str
    """With words of the session as they are: made safe where they become a line."""
    calls: tuple[Call, ...]
    at: int | None
    until: int | None
    waited_for: str | None = None
    """Of a gap: ``model``, ``tool``, ``worker``, ``approval`` or ``unknown``."""


_Found = tuple[Place, Finding]


def findings_in(session: Session) -> list[Finding]:
    """In the order of the timeline."""
    workers = {child.id: child.name for child in session.children if child.name}
    found: list[Finding] = []
    for turn in session.turns:
        if turn.kind is TurnKind.SHELL or not turn.items:
            continue  # the person's own commands
        in_turn = sorted(_in_turn(turn, workers), key=lambda one: one[0])
        found += [finding for _, finding in in_turn]
    return found


def _in_turn(turn: Turn, workers: Mapping[str, str]) -> Iterator[_Found]:
    steps = steps_of(turn)
    outcomes = [outcome_of(step) for step in steps]
    for calls in repeats(steps, outcomes):
        yield _found(FindingKind.REPEAT, turn, _repeat_words(calls, workers), calls)
    for calls in alternations(steps, outcomes):
        first, other = (subject(call, workers) for call in calls[:2])
        words = f"{first} and {other} in turn, {len(calls)} calls with the same results"
        yield _found(FindingKind.ALTERNATION, turn, words, calls)
    for words, calls in churn(steps):
        yield _found(FindingKind.CHURN, turn, words, calls)
    for calls in polling(steps):
        yield _found(FindingKind.POLLING, turn, _poll_words(calls), calls)
    for gap in gaps_in(turn, workers):
        kind = FindingKind.GAP
        yield gap.place, Finding(kind, turn.index, gap.words, gap.calls, gap.at, gap.until, gap.waited_for)


def _found(kind: FindingKind, turn: Turn, words: str, calls: Sequence[Call]) -> _Found:
    until = max((call.ended_at for call in calls if call.ended_at is not None), default=None)
    return calls[0].place, Finding(kind, turn.index, words, tuple(calls), calls[0].started_at, until)


def _repeat_words(calls: Sequence[Call], workers: Mapping[str, str]) -> str:
    what, times = subject(calls[0], workers), f"{len(calls)} times"
    reason = f" ({calls[0].reason})" if calls[0].reason else ""
    if calls[0].status is CallStatus.OK:
        return f"{what} ended ok {times} in a row"
    if calls[0].status is CallStatus.DECLINED:
        return f"{what} was declined {times}"
    if calls[0].status is CallStatus.ABORTED:
        return f"{what} was stopped {times}{reason}"
    return f"{what} failed the same way {times}{reason}"


def _poll_words(calls: Sequence[Call]) -> str:
    poll = calls[0]
    if is_agent_wait(poll):
        one = poll.summary and _SEVERAL not in poll.summary
        about = "news of one worker" if one else "news of workers"
    else:
        about = "output of one process" if poll.tool is Tool.STDIN else "the result of one script"
    took = short_duration(between(poll.started_at, calls[-1].ended_at))
    return f"asked {len(calls)} times for {about}" + (f" in {took}" if took else "")
