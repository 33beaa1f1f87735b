"""Files that are patched again and again in a turn, to no end; part of what `findings` tells."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trace_tui.likeness import PatchedFile, Work, is_patch, patched_file, work_of
from trace_tui.model import Call, CallStatus, Item, Tool

_PATCHES = 3
_COMMANDS_REMEMBERED = 8
"""Of those that failed before a patch: among them is the one that it was to mend."""

_Patches = dict[int, tuple[Call, PatchedFile]]
"""By their index among the steps."""


@dataclass(slots=True)
class _Attempts:
    """Patches of one file, with runs between that failed."""

    at: int
    """Index of the last patch among the steps."""
    patches: list[Call]
    runs: list[Call] = field(default_factory=list)
    commands: list[Work] = field(default_factory=list)
    """Those that failed after each patch but the last."""


@dataclass(slots=True)
class _Swings:
    """Patches of one file, each of which takes back the one before, going by the lines."""

    counts: tuple[int, int] | None
    patches: list[Call]


def churn(steps: Sequence[Item]) -> Iterator[tuple[str, list[Call]]]:
    """What happened, in words, and the calls. Of a patch of several files only the first is known."""
    patches = _patches_of_often_patched(steps)
    if not patches:
        return
    told: set[int] = set()
    for name, calls in _back_and_forth(patches.values()):
        told.update(map(id, calls))
        yield f"{name} patched back and forth {len(calls)} times", calls
    for name, attempts in _in_vain(steps, patches):
        if told.isdisjoint(map(id, attempts.patches)):
            times = f"{len(attempts.patches)} times"
            words = f"{name} patched {times}, in between {attempts.runs[-1].summary} failed each time"
            yield words, sorted([*attempts.patches, *attempts.runs], key=lambda call: call.place)


def _patches_of_often_patched(steps: Sequence[Item]) -> _Patches:
    """Those that were applied."""
    patches = {
        at: (step, file)
        for at, step in enumerate(steps)
        if isinstance(step, Call)
        and step.status is CallStatus.OK
        and is_patch(step)
        and (file := patched_file(step)) is not None
    }
    times = Counter(file.name for _, file in patches.values())
    return {at: patch for at, patch in patches.items() if times[patch[1].name] >= _PATCHES}


def _back_and_forth(patches: Iterable[tuple[Call, PatchedFile]]) -> Iterator[tuple[str, list[Call]]]:
    """+3 −1, then +1 −3, then +3 −1. Where as many lines were added as removed, that tells nothing."""
    swings: dict[str, _Swings] = {}
    for call, (name, counts) in patches:
        one = swings.get(name)
        if one is not None and _is_mirrored(one.counts, counts):
            one.counts = counts
            one.patches.append(call)
            continue
        if one is not None and len(one.patches) >= _PATCHES:
            yield name, one.patches
        swings[name] = _Swings(counts, [call])
    yield from ((name, one.patches) for name, one in swings.items() if len(one.patches) >= _PATCHES)


def _is_mirrored(before: tuple[int, int] | None, now: tuple[int, int] | None) -> bool:
    return before is not None and now == before[::-1] and now != before


def _in_vain(steps: Sequence[Item], patches: _Patches) -> Iterator[tuple[str, _Attempts]]:
    """Between each patch of a file and the next one the same command failed."""
    attempts: dict[str, _Attempts] = {}
    last_runs: dict[Work, tuple[int, Call]] = {}
    failures: deque[Work] = deque(maxlen=_COMMANDS_REMEMBERED)
    for at, step in enumerate(steps):
        if at in patches:
            name = patches[at][1].name
            one = attempts.get(name)
            if one is None or not _goes_on(one, last_runs, failures):
                if one is not None and len(one.patches) >= _PATCHES:
                    yield name, one
                one = attempts[name] = _Attempts(at, [])
            one.at = at
            one.patches.append(patches[at][0])
        elif isinstance(step, Call) and (work := _command(step)) is not None:
            last_runs[work] = at, step
            if step.status is CallStatus.FAILED:
                failures.append(work)
    yield from ((name, one) for name, one in attempts.items() if len(one.patches) >= _PATCHES)


def _command(call: Call) -> Work | None:
    return work_of(call) if call.tool is Tool.EXEC and not is_patch(call) else None


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
