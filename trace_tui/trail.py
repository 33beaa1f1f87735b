"""Why did it fail: what went well before, what was patched since, what was done next.

Questions about sessions that are already read; `telling.trails` makes blocks of the answers. What the parent
of a worker heard of it is for `heard` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

from trace_tui.heard import turns_meant
from trace_tui.likeness import is_patch
from trace_tui.model import Call, CallStatus, Item, Session, Turn, TurnStatus
from trace_tui.next_steps import flat, next_steps
from trace_tui.same_work import Step, did_same, last_passing
from trace_tui.texts import Readable

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


def trail_of(turn: Turn, call: Call | None, own: Readable, others: Iterable[Readable] = ()) -> Trail:
    """Of a call of the turn; without one, of what the turn failed with.

    ``others`` are sessions of the same chain that are at hand.
    """
    failing = call or failing_of(turn, own)
    error = turn.error.message if turn.error is not None else None
    if failing is None:
        return Trail(None, error, None, (), ())
    step = Step(turn, failing)
    after = _steps_after(failing, turn)
    last = last_passing(step, _steps_back(failing, turn, own.session), own, own)
    if last is None:
        return Trail(failing, error, None, (), after, _passed_elsewhere(step, own, others))
    between = takewhile(lambda one: one.call is not last.call, _steps_back(failing, turn, own.session))
    patches = [one.call for one in between if one.call.status is CallStatus.OK and is_patch(one.call)]
    return Trail(failing, error, last.call, tuple(reversed(patches)), after)


def failing_of(turn: Turn, own: Readable) -> Call | None:
    """What a turn failed with, or was at when it was cut short; of others the last failure never mended."""
    calls = turn.calls()
    if turn.status is TurnStatus.FAILED:
        return next((call for call in reversed(calls) if call.status.is_failure), None)
    if turn.status is not TurnStatus.COMPLETED:
        cut = next((call for call in reversed(calls) if call.status in _CUT_SHORT), None)
        if cut is not None:
            return cut
    failed = [call for call in calls if call.status.is_failure]
    return next((call for call in reversed(failed) if not _is_mended(call, calls, turn, own)), None)


def has_failed(turn: Turn, own: Readable) -> bool:
    """Whether whoever asked for this turn may want to know why it went wrong."""
    if turn.status in (TurnStatus.FAILED, TurnStatus.ABORTED, TurnStatus.UNENDED):
        return True
    return failing_of(turn, own) is not None


def trail_of_worker(item: Item, worker: Readable, parent: Readable) -> tuple[Turn, Trail] | None:
    """Of the first failed turn of a worker that an item of its parent's is about, if there is any."""
    turns = turns_meant(item, parent.session, worker.session)
    turn = next((turn for turn in turns if has_failed(turn, worker)), None)
    return None if turn is None else (turn, trail_of(turn, None, worker, [parent]))


def _is_mended(failed: Call, calls: list[Call], turn: Turn, own: Readable) -> bool:
    """The same passed later in its turn."""
    later = (call for call in calls[calls.index(failed) + 1 :] if call.status is CallStatus.OK)
    return any(did_same(Step(turn, failed), Step(turn, call), own) for call in later)


# -- what came before ---------------------------------------------------------


def _steps_back(failing: Call, turn: Turn, session: Session) -> Iterator[Step]:
    """Those before it, the last one first. What was undone later counts for what was undone with it."""
    calls = turn.calls()
    yield from (Step(turn, call) for call in reversed(calls[: calls.index(failing)]))
    earlier = session.turns[: session.turns.index(turn)]
    yield from _back_through(one for one in reversed(earlier) if turn.reverted or not one.reverted)


def _back_through(turns: Iterable[Turn]) -> Iterator[Step]:
    for turn in turns:
        for call in reversed(turn.calls()):
            yield Step(turn, call)


def _passed_elsewhere(failing: Step, own: Readable, others: Iterable[Readable]) -> Elsewhere | None:
    """The last of all of them, as far as times tell."""
    found: list[Elsewhere] = []
    for other in others:
        back = _back_through(turn for turn in reversed(other.session.turns) if not turn.reverted)
        timed = (step for step in back if step.call.ended_at is not None)
        last = last_passing(failing, timed, own, other)
        if last is not None:
            found.append(Elsewhere(other.session, last.call))
    return max(found, key=lambda one: one.call.ended_at or 0, default=None)


# -- what came after ------------------------------------------------------------


def _steps_after(failing: Call, turn: Turn) -> tuple[Item, ...]:
    """What had begun before it ended was no answer to it."""
    steps = flat(turn.items)
    if all(step is not failing for step in steps):
        return ()
    return next_steps(steps, failing.ended_at)
