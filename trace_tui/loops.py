"""Calls that come again and again in a turn: one, two in turn, or polls; part of what `findings` tells."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import groupby

from trace_tui.likeness import is_patch, is_poll, is_whole
from trace_tui.model import Call, CallStatus, Item, Note, NoteKind, Tool, Turn
from trace_tui.wording.quiet import quiet_word

_REPEATS = 3
_REPEATS_OK = 5
"""There may be good reasons to do once more what went well."""
_ALTERNATIONS = 4
_ALTERNATIONS_OK = 6
"""To build and to test, and both once more, is nothing to speak of."""
_POLLS = 10
_POLLS_A_MINUTE = 20
_MINUTE = 60_000
_NOT_OK = frozenset({CallStatus.FAILED, CallStatus.DECLINED, CallStatus.ABORTED})

Outcome = tuple[str | int | None, ...]
"""Equal for two calls that did the same and ended the same way."""
_Target = tuple[str, str]
"""What polls ask about, by their name and summary."""


def steps_of(turn: Turn) -> list[Item]:
    """Calls, those of a script in its stead, and what others said; plans and own words are no work."""
    steps: list[Item] = []
    for item in turn.items:
        if isinstance(item, Note):
            if item.kind is NoteKind.PROMPT or item.kind is NoteKind.AGENT_MESSAGE:
                steps.append(item)
        elif item.nested:
            steps += item.nested
        elif item.tool is not Tool.PLAN:
            steps.append(item)
    return steps


def outcome_of(step: Item) -> Outcome | None:
    """None where another call is not known to be the same: only a command's summary is its whole input."""
    if isinstance(step, Note):
        return None
    if step.status is CallStatus.OK:
        if step.tool is not Tool.EXEC or is_patch(step):
            return None
    elif step.status not in _NOT_OK:
        return None
    if not is_whole(step):
        return None
    return (step.tool, step.name, step.namespace, step.summary, step.status, step.exit_code, step.reason)


def _is_quiet(step: Item) -> bool:
    """Nothing changed by it."""
    if isinstance(step, Note):
        return step.kind is not NoteKind.PROMPT
    return is_poll(step) or quiet_word(step) is not None


def repeats(steps: Sequence[Item], outcomes: Sequence[Outcome | None]) -> Iterator[list[Call]]:
    """The same call with the same outcome, with nothing but quiet steps between."""
    to_come = Counter(outcome for outcome in outcomes if outcome is not None)
    firsts = dict(zip(reversed(outcomes), reversed(steps), strict=True))
    often = {one for one, times in to_come.items() if times >= _REPEATS and not _is_quiet(firsts[one])}
    if not often:
        return
    run: list[Call] = []
    current: Outcome | None = None
    for step, outcome in zip(steps, outcomes, strict=True):
        is_candidate = outcome in often
        if not is_candidate and (current is None or (to_come[current] and _is_quiet(step))):
            continue
        if outcome != current:
            if _are_many(run):
                yield run
            run, current = [], outcome if is_candidate else None
        if isinstance(step, Call) and outcome is not None and outcome == current:
            run.append(step)
            to_come[outcome] -= 1
    if _are_many(run):
        yield run


def _are_many(run: Sequence[Call]) -> bool:
    return len(run) >= (_REPEATS_OK if run and run[0].status is CallStatus.OK else _REPEATS)


def alternations(steps: Sequence[Item], outcomes: Sequence[Outcome | None]) -> Iterator[list[Call]]:
    """A-B-A-B, with nothing else between."""
    loud = [
        (step, outcome)
        for step, outcome in zip(steps, outcomes, strict=True)
        if outcome is not None or isinstance(step, Note) or not is_poll(step)
    ]
    begin = 0
    for at in range(2, len(loud) + 1):
        if at < len(loud) and loud[at][1] == loud[at - 2][1] != loud[at - 1][1]:
            continue
        if at - begin >= _ALTERNATIONS:
            calls = [step for step, outcome in loud[begin:at] if isinstance(step, Call) and outcome]
            if len(calls) == at - begin and _is_telling(calls):
                yield calls
        begin = at - 1


def _is_telling(calls: Sequence[Call]) -> bool:
    pair = calls[:2]
    if any(_is_quiet(call) for call in pair):
        return False
    failed = any(call.status is not CallStatus.OK for call in pair)
    return failed or len(calls) >= _ALTERNATIONS_OK


def polling(steps: Sequence[Item]) -> Iterator[list[Call]]:
    """Many in a row, or very many in a minute."""
    by_target: defaultdict[_Target, list[Call]] = defaultdict(list)
    for target, group in groupby(steps, _poll_target):
        if target is None:
            continue
        polls = [step for step in group if isinstance(step, Call)]
        if len(polls) > _POLLS:
            yield polls
        else:
            by_target[target] += polls
    for polls in by_target.values():
        if len(polls) > _POLLS_A_MINUTE:
            yield from _bursts(polls)


def _poll_target(step: Item) -> _Target | None:
    return (step.name, step.summary) if isinstance(step, Call) and is_poll(step) else None


def _bursts(polls: Sequence[Call]) -> Iterator[list[Call]]:
    recent: deque[tuple[int, Call]] = deque()
    burst: list[Call] = []
    for poll in polls:
        if poll.started_at is None:
            continue
        recent.append((poll.started_at, poll))
        while poll.started_at - recent[0][0] > _MINUTE:
            recent.popleft()
        if len(recent) > _POLLS_A_MINUTE:
            burst += [poll] if burst else [call for _, call in recent]
        elif burst:
            yield burst
            burst = []
            recent.clear()
    if burst:
        yield burst
