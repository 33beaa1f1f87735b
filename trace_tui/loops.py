"""Calls that come again and again: one, two in turn, or polls; part of what `findings` tells.

Which calls might have done the same is known from the model; whether they did is told by their `deeds`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from trace_tui.deeds import Deed
from trace_tui.likeness import MAY_POLL, is_patch, is_poll
from trace_tui.model import Call, CallStatus, Evidence, Item, Note, NoteKind, Tool, Turn
from trace_tui.wording.quiet import only_looks, quiet_word

_REPEATS = 3
_ALTERNATIONS = 4
_POLLS = 10
_POLLS_A_MINUTE = 20
_MINUTE = 60_000
_ENDED = frozenset({CallStatus.OK, CallStatus.FAILED, CallStatus.DECLINED, CallStatus.ABORTED})
_HEARD = frozenset({NoteKind.AGENT_MESSAGE, NoteKind.COMPACTION})
"""Notes that change what is known: news of another agent, and that much was forgotten."""
_ASK_PROCESSES = (Tool.STDIN, Tool.CODE)
_PAUSE = re.compile(r"sleep [\d.]+\w?")

Outcome = tuple[str | int | None, ...]
"""Equal for two calls that may have done the same, going by what the model knows."""
_Target = tuple[str, str]
"""What polls ask about, by their name and summary."""


def stretches_of(turn: Turn) -> Iterator[list[Item]]:
    """The steps after each prompt: what a person asks for again is no loop.

    Steps are calls, those of a script in its stead, and what was heard; plans and own words are no work.
    """
    steps: list[Item] = []
    for item in turn.items:
        if isinstance(item, Note):
            if item.kind is NoteKind.PROMPT:
                yield steps
                steps = []
            elif item.kind in _HEARD:
                steps.append(item)
        elif item.nested:
            steps += item.nested
        elif item.tool is not Tool.PLAN:
            steps.append(item)
    yield steps


# -- the same again -----------------------------------------------------------


class Suspects(NamedTuple):
    """Calls that look like a loop; only their texts tell whether they are one."""

    repeats: list[list[Call]]
    alternations: list[list[Call]]
    polls: dict[Call, list[Call]]
    """The ones behind each command of which a poll told the end."""

    def calls(self) -> Iterator[Call]:
        for calls in (*self.repeats, *self.alternations):
            yield from calls

    def to_read(self) -> Iterator[Call]:
        for call in self.calls():
            yield call
            yield from self.polls.get(call, ())


def suspects_in(steps: Sequence[Item]) -> Suspects:
    outcomes = _outcomes(steps)
    if not any(outcomes):
        return Suspects([], [], {})
    repeats = [*_looks_in_a_row(steps, outcomes), *_with_quiet_between(steps, outcomes)]
    alternations = list(_may_alternate(steps, outcomes))
    commands = {call for calls in (*repeats, *alternations) for call in calls}
    return Suspects(repeats, alternations, _polls_behind(steps, commands))


def repeats(suspects: Suspects, deeds: Mapping[Call, Deed]) -> Iterator[list[Call]]:
    """The same call with the same result, and nothing between that could have changed it."""
    for calls in suspects.repeats:
        for deed, group in groupby(calls, deeds.get):
            same = list(group)
            if deed is not None and len(same) >= _REPEATS:
                yield same


def alternations(suspects: Suspects, deeds: Mapping[Call, Deed]) -> Iterator[list[Call]]:
    """A-B-A-B, with nothing else between."""
    for calls in suspects.alternations:
        known = [deeds.get(call) for call in calls]
        for begin, end in _in_turn(known):
            if known[begin] != known[begin + 1]:
                yield calls[begin:end]


def _outcomes(steps: Sequence[Item]) -> list[Outcome | None]:
    """None of calls that nothing is like."""
    times = Counter([step.summary for step in steps if isinstance(step, Call)])
    if len(times) == len(steps):
        return [None] * len(steps)
    return [_outcome(step) if isinstance(step, Call) and times[step.summary] > 1 else None for step in steps]


def _outcome(call: Call) -> Outcome | None:
    """None of calls that are none of this: to wait, to ask somebody, to patch what can be patched again."""
    if call.status not in _ENDED or call.tool is Tool.ASK or is_poll(call) or _is_pause(call):
        return None
    if call.status is CallStatus.OK and is_patch(call):
        return None
    return (call.name, call.namespace, call.summary, call.exit_code, call.reason)


def _looks_in_a_row(steps: Sequence[Item], outcomes: Sequence[Outcome | None]) -> Iterator[list[Call]]:
    """To look at something once more is what everybody does; only at once, again and again, it is odd."""
    at = 0
    for outcome, group in groupby(outcomes):
        begin, at = at, at + len(list(group))
        if outcome is not None and at - begin >= _REPEATS and _is_look(steps[begin]):
            yield [step for step in steps[begin:at] if isinstance(step, Call)]


def _with_quiet_between(steps: Sequence[Item], outcomes: Sequence[Outcome | None]) -> Iterator[list[Call]]:
    times = Counter(outcome for outcome in outcomes if outcome is not None)
    firsts = dict(zip(reversed(outcomes), reversed(steps), strict=True))
    often = {one for one, number in times.items() if number >= _REPEATS and not _is_look(firsts[one])}
    run: list[int] = []
    for at in [at for at, outcome in enumerate(outcomes) if outcome in often]:
        if run and not (outcomes[at] == outcomes[run[-1]] and all(map(_is_quiet, steps[run[-1] + 1 : at]))):
            yield from _long_run(steps, run)
            run = []
        run.append(at)
    yield from _long_run(steps, run)


def _long_run(steps: Sequence[Item], run: Sequence[int]) -> Iterator[list[Call]]:
    if len(run) >= _REPEATS:
        yield [step for at in run if isinstance(step := steps[at], Call)]


def _may_alternate(steps: Sequence[Item], outcomes: Sequence[Outcome | None]) -> Iterator[list[Call]]:
    """Also what looks alike throughout: perhaps two things were asked for in the same words."""
    busy = [
        (step, outcome)
        for step, outcome in zip(steps, outcomes, strict=True)
        if outcome is not None or not _is_process_poll(step)
    ]
    for begin, end in _in_turn([outcome for _, outcome in busy]):
        yield [step for step, _ in busy[begin:end] if isinstance(step, Call)]


def _in_turn(keys: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """From where to where each is like the one before the last, and known."""
    begin = 0
    for at in range(2, len(keys) + 1):
        if at < len(keys) and keys[at] is not None and keys[at] == keys[at - 2]:
            continue
        if at - begin >= _ALTERNATIONS:
            yield begin, at
        begin = at - 1


def _polls_behind(steps: Sequence[Item], commands: Collection[Call]) -> dict[Call, list[Call]]:
    """Up to the next command that was left running; which process they ask about is told by their texts."""
    behind: dict[Call, list[Call]] = {}
    if all(command.evidence is not Evidence.POLL for command in commands):
        return behind
    current: list[Call] = []
    for step in steps:
        if not isinstance(step, Call):
            continue
        if step.evidence is Evidence.POLL:
            current = []
            if step in commands:
                behind[step] = current
        elif step.tool is Tool.STDIN:
            current.append(step)
    return behind


def _is_quiet(step: Item) -> bool:
    """Nothing was changed by it, nor by others meanwhile."""
    if isinstance(step, Note):
        return step.kind is NoteKind.COMPACTION
    return _is_process_poll(step) or _is_pause(step) or _is_look(step)


def _is_look(step: Item) -> bool:
    """Also one that found nothing, which `grep` calls a failure."""
    if not isinstance(step, Call):
        return False
    if step.tool is Tool.EXEC and step.status is CallStatus.FAILED:
        return only_looks(step.summary)
    return quiet_word(step) is not None


def _is_process_poll(step: Item) -> bool:
    return isinstance(step, Call) and step.tool in _ASK_PROCESSES and is_poll(step)


def _is_pause(call: Call) -> bool:
    return call.summary.startswith("sleep ") and _PAUSE.fullmatch(call.summary) is not None


# -- asking how it is going ---------------------------------------------------


def polling(steps: Sequence[Item]) -> Iterator[list[Call]]:
    """Many in a row, or very many in a minute."""
    if sum(isinstance(step, Call) and step.tool in MAY_POLL for step in steps) <= _POLLS:
        return
    by_target: defaultdict[_Target, list[Call]] = defaultdict(list)
    heard = (step for step in steps if isinstance(step, Call) or step.kind is NoteKind.AGENT_MESSAGE)
    for target, group in groupby(heard, _poll_target):
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
