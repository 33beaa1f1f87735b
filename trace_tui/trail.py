"""Why did it fail: what went well before, what was patched since, what was done next.

Questions about sessions that are already read; `telling.trails` makes blocks of the answers. What the parent
of a worker heard of it is for `heard` to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trace_tui.model import Call, CallStatus, Item, Session, Turn, TurnStatus
from trace_tui.next_steps import next_steps
from trace_tui.past import Past
from trace_tui.same_work import Step, first_passing

_CUT_SHORT = (CallStatus.ABORTED, CallStatus.UNFINISHED)


class Elsewhere(NamedTuple):
    """The last call of another agent that did the same and ended ok."""

    session: Session
    call: Call


class Trail(NamedTuple):
    failing: Call | None
    """What failed; of a turn that was cut short, what it was at."""
    error: str | None
    """The turn's own."""
    last_passing: Call | None
    """The last call before it that did the same and ended ok; of a patch, the last one that shares a file."""
    between: tuple[Call, ...]
    """Patches that were applied after the one and before the other."""
    next_steps: tuple[Item, ...]
    """What was done right after it in its turn."""
    elsewhere: Elsewhere | None = None
    """Where nothing passed in its own session."""


def trail_of(turn: Turn, call: Call | None, own: Past, others: Iterable[Past] = ()) -> Trail:
    """Of a call of the turn; without one, of what the turn failed with.

    ``others`` are sessions of the same chain that are at hand.
    """
    failing = call or failing_of(turn, own)
    error = turn.error.message if turn.error is not None else None
    if failing is None:
        return Trail(None, error, None, (), ())
    step = Step(turn, failing)
    after = next_steps(own.items_after(failing, turn), failing.ended_at)
    last = first_passing(step, own.before(step), own.own, own.own)
    if last is None:
        return Trail(failing, error, None, (), after, _passed_elsewhere(step, own, others))
    return Trail(failing, error, last.call, tuple(own.patches_between(last, step)), after)


def failing_of(turn: Turn, own: Past) -> Call | None:
    """The last failure never mended; of a turn that was cut short, what it was at."""
    calls = turn.calls()
    if turn.status not in (TurnStatus.COMPLETED, TurnStatus.FAILED):
        cut = next((call for call in reversed(calls) if call.status in _CUT_SHORT), None)
        if cut is not None:
            return cut
    failed = (call for call in reversed(calls) if call.status.is_failure)
    return next((call for call in failed if not _is_mended(Step(turn, call), own)), None)


def has_failed(turn: Turn, own: Past) -> bool:
    """Whether whoever asked for this turn may want to know why it went wrong."""
    if turn.status in (TurnStatus.FAILED, TurnStatus.ABORTED, TurnStatus.UNENDED):
        return True
    return failing_of(turn, own) is not None


def _is_mended(failed: Step, own: Past) -> bool:
    """The same passed later in its turn."""
    return first_passing(failed, own.later_in_turn(failed), own.own, own.own) is not None


def _passed_elsewhere(failing: Step, own: Past, others: Iterable[Past]) -> Elsewhere | None:
    """The last of all of them, as far as times tell."""
    found: list[Elsewhere] = []
    for other in others:
        timed = (step for step in other.like(failing.call) if step.call.ended_at is not None)
        last = first_passing(failing, timed, own.own, other.own)
        if last is not None:
            found.append(Elsewhere(other.session, last.call))
    return max(found, key=lambda one: one.call.ended_at or 0, default=None)
