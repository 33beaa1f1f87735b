"""Loops and stalls of a session: hints with their evidence, never verdicts; `telling.trails` makes rows of them.

Each turn is looked at by itself: what a person asks for again is no loop. The model knows how calls ended and
not what they printed, so that is all that counts here.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from trace_tui.gaps import gaps_in
from trace_tui.likeness import (
    Work,
    is_agent_wait,
    is_patch,
    is_poll,
    is_whole,
    patched_file,
    subject,
    work_of,
)
from trace_tui.model import Call, CallStatus, Item, Note, NoteKind, Place, Session, Tool, Turn, TurnKind
from trace_tui.times import between, short_duration
from trace_tui.wording.quiet import quiet_word

_REPEATS = 3
_ALTERNATIONS = 4
_ALTERNATIONS_WITHOUT_FAILURE = 6
"""To build and to test, and both once more, is nothing to speak of."""
_PATCHES = 3
_POLLS = 10
_POLLS_A_MINUTE = 20
_MINUTE = 60_000
_COMMANDS_REMEMBERED = 8
"""Of those that failed before a patch: among them is the one that it was to mend."""


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


_Outcome = tuple[str | int | None, ...]
"""Equal for two calls that did the same and ended the same way."""
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
    steps = _steps(turn)
    outcomes = [_outcome(step) for step in steps]
    for calls in _repeats(steps, outcomes):
        yield _found(FindingKind.REPEAT, turn, _repeat_words(calls, workers), calls)
    for calls in _alternations(steps, outcomes):
        first, other = (subject(call, workers) for call in calls[:2])
        words = f"{first} and {other} in turn, {len(calls)} calls with the same results"
        yield _found(FindingKind.ALTERNATION, turn, words, calls)
    for words, calls in _churn(steps):
        yield _found(FindingKind.CHURN, turn, words, calls)
    for calls in _polling(steps):
        yield _found(FindingKind.POLLING, turn, _poll_words(calls), calls)
    for gap in gaps_in(turn, workers):
        kind = FindingKind.GAP
        yield gap.place, Finding(kind, turn.index, gap.words, gap.calls, gap.at, gap.until, gap.waited_for)


def _found(kind: FindingKind, turn: Turn, words: str, calls: Sequence[Call]) -> _Found:
    until = max((call.ended_at for call in calls if call.ended_at is not None), default=None)
    return calls[0].place, Finding(kind, turn.index, words, tuple(calls), calls[0].started_at, until)


# -- what there is to look at -------------------------------------------------


def _steps(turn: Turn) -> list[Item]:
    """Calls, those of a script in its stead, and the words of others; plans and the model's words are no work."""
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


_TOLD = frozenset({CallStatus.FAILED, CallStatus.DECLINED, CallStatus.ABORTED})


def _outcome(step: Item) -> _Outcome | None:
    """None where another call would not be known to be the same: only a command's summary is its whole input."""
    if isinstance(step, Note):
        return None
    if step.status is CallStatus.OK:
        if step.tool is not Tool.EXEC or is_patch(step):
            return None
    elif step.status not in _TOLD:
        return None
    if not is_whole(step):
        return None
    return (step.tool, step.name, step.namespace, step.summary, step.status, step.exit_code, step.reason)


def _is_quiet(step: Item) -> bool:
    """Nothing changed by it."""
    if isinstance(step, Note):
        return step.kind is not NoteKind.PROMPT
    return is_poll(step) or quiet_word(step) is not None


# -- the same again and again -------------------------------------------------


def _repeats(steps: Sequence[Item], outcomes: Sequence[_Outcome | None]) -> Iterator[list[Call]]:
    to_come = Counter(outcome for outcome in outcomes if outcome is not None)
    often = {outcome for outcome, times in to_come.items() if times >= _REPEATS}
    if not often:
        return
    run: list[Call] = []
    current: _Outcome | None = None
    for step, outcome in zip(steps, outcomes, strict=True):
        if outcome in often and isinstance(step, Call) and not _is_quiet(step):
            if outcome != current:
                if len(run) >= _REPEATS:
                    yield run
                run, current = [], outcome
            run.append(step)
            to_come[outcome] -= 1
        elif current is not None and (not to_come[current] or not _is_quiet(step)):
            if len(run) >= _REPEATS:
                yield run
            run, current = [], None
    if len(run) >= _REPEATS:
        yield run


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


def _alternations(steps: Sequence[Item], outcomes: Sequence[_Outcome | None]) -> Iterator[list[Call]]:
    """A-B-A-B, with nothing else between."""
    loud = [
        (step, outcome)
        for step, outcome in zip(steps, outcomes, strict=True)
        if outcome is not None or not isinstance(step, Call) or not is_poll(step)
    ]
    begin = 0
    for at in range(2, len(loud) + 1):
        if at < len(loud) and loud[at][1] == loud[at - 2][1] != loud[at - 1][1]:
            continue
        if at - begin >= _ALTERNATIONS:
            calls = [
                step for step, outcome in loud[begin:at] if isinstance(step, Call) and outcome is not None
            ]
            if len(calls) == at - begin and _is_telling(calls):
                yield calls
        begin = at - 1


def _is_telling(calls: Sequence[Call]) -> bool:
    pair = calls[:2]
    if any(_is_quiet(call) for call in pair):
        return False
    failed = any(call.status is not CallStatus.OK for call in pair)
    return failed or len(calls) >= _ALTERNATIONS_WITHOUT_FAILURE


# -- one file, again and again -------------------------------------------------


@dataclass(slots=True)
class _Attempts:
    """Patches of one file, with runs between that failed."""

    at: int
    """Index of the last patch among the steps."""
    patches: list[Call]
    runs: list[Call] = field(default_factory=list)
    commands: list[Work] = field(default_factory=list)
    """Those that failed after each patch but the last."""


def _churn(steps: Sequence[Item]) -> Iterator[tuple[str, list[Call]]]:
    patches = [
        (at, step)
        for at, step in enumerate(steps)
        if isinstance(step, Call) and step.status is CallStatus.OK and is_patch(step)
    ]
    if len(patches) < _PATCHES:
        return
    told: set[int] = set()
    for name, calls in _back_and_forth([call for _, call in patches]):
        told.update(map(id, calls))
        yield f"{name} patched back and forth {len(calls)} times", calls
    for name, attempts in _in_vain(steps):
        if told.isdisjoint(map(id, attempts.patches)):
            times = f"{len(attempts.patches)} times"
            words = f"{name} patched {times} while {subject(attempts.runs[-1], {})} kept failing"
            yield words, sorted([*attempts.patches, *attempts.runs], key=lambda call: call.place)


def _back_and_forth(patches: Sequence[Call]) -> Iterator[tuple[str, list[Call]]]:
    """+3 −1, then +1 −3, then +3 −1; as many added as removed tells nothing."""
    runs: dict[str, tuple[tuple[int, int] | None, list[Call]]] = {}
    for call in patches:
        file = patched_file(call)
        if file is None:
            continue
        before, run = runs.get(file.name, (None, []))
        counts = file.counts
        if before is not None and counts == before[::-1] and before[0] != before[1]:
            run.append(call)
        else:
            if len(run) >= _PATCHES:
                yield file.name, run
            run = [call]
        runs[file.name] = counts, run
    yield from ((name, run) for name, (_, run) in runs.items() if len(run) >= _PATCHES)


def _in_vain(steps: Sequence[Item]) -> Iterator[tuple[str, _Attempts]]:
    """Between each patch of a file and the next one the same command failed."""
    attempts: dict[str, _Attempts] = {}
    last_runs: dict[Work, tuple[int, Call]] = {}
    failures: deque[Work] = deque(maxlen=_COMMANDS_REMEMBERED)
    for at, step in enumerate(steps):
        if isinstance(step, Note):
            continue
        if is_patch(step):
            file = patched_file(step) if step.status is CallStatus.OK else None
            if file is None:
                continue
            one = attempts.get(file.name)
            if one is None or not _goes_on(one, last_runs, failures):
                if one is not None and len(one.patches) >= _PATCHES:
                    yield file.name, one
                one = attempts[file.name] = _Attempts(at, [])
            one.at = at
            one.patches.append(step)
        elif step.tool is Tool.EXEC and (work := work_of(step)) is not None:
            last_runs[work] = at, step
            if step.status is CallStatus.FAILED:
                failures.append(work)
    yield from ((name, one) for name, one in attempts.items() if len(one.patches) >= _PATCHES)


def _goes_on(one: _Attempts, last_runs: Mapping[Work, tuple[int, Call]], failures: deque[Work]) -> bool:
    candidates = one.commands or list(dict.fromkeys(failures))
    one.commands = [
        work
        for work in candidates
        if last_runs[work][0] > one.at and last_runs[work][1].status is CallStatus.FAILED
    ]
    if one.commands:
        one.runs.append(last_runs[one.commands[-1]][1])
    return bool(one.commands)


# -- asking how it is going ------------------------------------------------------


def _polling(steps: Sequence[Item]) -> Iterator[list[Call]]:
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


_Target = tuple[str, str]


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
            burst = burst + [poll] if burst else [call for _, call in recent]
        elif burst:
            yield burst
            burst = []
            recent.clear()
    if burst:
        yield burst


def _poll_words(calls: Sequence[Call]) -> str:
    poll = calls[0]
    if is_agent_wait(poll):
        one = poll.summary and _SEVERAL not in poll.summary
        about = "news of one worker" if one else "news of workers"
    else:
        about = "output of one process" if poll.tool is Tool.STDIN else "the result of one script"
    took = short_duration(between(poll.started_at, calls[-1].ended_at))
    return f"asked {len(calls)} times for {about}" + (f" in {took}" if took else "")


_SEVERAL = " · "
