"""Files that are patched again and again in a turn, to no end; part of what `findings` tells."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trace_tui.likeness import PatchedFile, Work, is_patch, patched_file, work_of
from trace_tui.model import Call, CallStatus, Item, Tool
from trace_tui.parsers.patches import Change, FilePatch, changes_of

_PATCHES = 3
_COMMANDS_REMEMBERED = 8
"""Of those that failed before a patch: among them is the one that it was to mend."""
_FEW_CHARACTERS = 8
"""Lines with fewer than these, as a lone bracket, may come and go anywhere."""

Patches = dict[int, tuple[Call, PatchedFile | None]]
"""Those that were applied, by their index among the steps, and the first file of each where it is known."""


def patches_in(steps: Sequence[Item]) -> Patches:
    """None of them where they are too few to tell anything."""
    applied = [
        (at, step)
        for at, step in enumerate(steps)
        if isinstance(step, Call) and step.status is CallStatus.OK and is_patch(step)
    ]
    return {at: (call, patched_file(call)) for at, call in applied} if len(applied) >= _PATCHES else {}


def suspected(patches: Patches) -> list[Call]:
    """Those of files that may have been patched often enough to go back and forth."""
    first_files = [file for _, file in patches.values()]
    times = Counter([file.name for file in first_files if file is not None])
    unseen = sum(file is None or not file.is_alone for file in first_files)
    return [
        call
        for call, file in patches.values()
        if (len(patches) if file is None or not file.is_alone else times[file.name] + unseen) >= _PATCHES
    ]


def churn(
    steps: Sequence[Item], patches: Patches, files: Mapping[Call, Sequence[FilePatch]]
) -> Iterator[tuple[str, list[Call]]]:
    """What happened, in words, and the calls; ``files`` are those of the patches that could be read."""
    told: set[Call] = set()
    for name, calls in _back_and_forth(files):
        told.update(calls)
        yield f"{name} patched back and forth {len(calls)} times", calls
    for name, attempts in _in_vain(steps, patches):
        if told.isdisjoint(attempts.patches):
            times = f"{len(attempts.patches)} times"
            words = f"{name} patched {times}, in between {attempts.runs[-1].summary} failed each time"
            yield words, sorted([*attempts.patches, *attempts.runs], key=lambda call: call.place)


# -- to and fro ---------------------------------------------------------------


@dataclass(slots=True)
class _Swings:
    """Of one file: the patches by which each change was made, taken back, made again, up to now."""

    patches: dict[Change, list[Call]] = field(default_factory=dict)
    """By the change that the last of them made."""
    often: dict[Call, None] = field(default_factory=dict)
    """Those that went back and forth often enough."""
    whole: Change | None = None
    """The file as it was added."""

    def take(self, call: Call, file: FilePatch) -> None:
        changes = set(self._changes(file))
        for change in changes:
            if change.undone in changes or not _is_telling(change):
                continue  # moved within the file
            patches = [*self.patches.pop(change.undone, ()), call]
            self.patches[change] = patches
            if len(patches) >= _PATCHES:
                self.often.update(dict.fromkeys(patches))

    def _changes(self, file: FilePatch) -> list[Change]:
        if file.action == "delete" and not file.lines:
            return [self.whole.undone] if self.whole is not None else []
        changes = changes_of(file)
        if file.action == "add" and changes:
            self.whole = changes[0]
        return changes


def _is_telling(change: Change) -> bool:
    """It would hardly be made at two places of a file."""
    if change.removed and change.added:
        return True
    return sum(len(line.strip()) for line in (*change.removed, *change.added)) >= _FEW_CHARACTERS


def _back_and_forth(files: Mapping[Call, Sequence[FilePatch]]) -> Iterator[tuple[str, list[Call]]]:
    """Done, taken back, done again. To take back once is how mistakes are mended."""
    by_path: dict[str, _Swings] = {}
    for call, patched in files.items():
        for file in patched:
            by_path.setdefault(file.path, _Swings()).take(call, file)
    for path, swings in by_path.items():
        if swings.often:
            yield path, sorted(swings.often, key=lambda call: call.place)


# -- in vain ------------------------------------------------------------------


@dataclass(slots=True)
class _Attempts:
    """Patches of one file, with runs between that failed."""

    at: int
    """Index of the last patch among the steps."""
    patches: list[Call]
    runs: list[Call] = field(default_factory=list)
    commands: list[Work] = field(default_factory=list)
    """Those that failed after each patch but the last."""


def _in_vain(steps: Sequence[Item], patches: Patches) -> Iterator[tuple[str, _Attempts]]:
    """Between each patch of a file and the next one the same command failed; of several files the first."""
    times = Counter([file.name for _, file in patches.values() if file is not None])
    if not any(number >= _PATCHES for number in times.values()):
        return
    runs = _runs_of_failing(steps)
    attempts: dict[str, _Attempts] = {}
    last_runs: dict[Work, tuple[int, Call]] = {}
    failures: deque[Work] = deque(maxlen=_COMMANDS_REMEMBERED)
    for at in sorted([*patches, *runs]) if runs else ():
        if at in runs:
            work, run = runs[at]
            last_runs[work] = at, run
            if run.status is CallStatus.FAILED:
                failures.append(work)
            continue
        patch, file = patches[at]
        if file is None or times[file.name] < _PATCHES:
            continue
        one = attempts.get(file.name)
        if one is None or not _goes_on(one, last_runs, failures):
            if one is not None and len(one.patches) >= _PATCHES:
                yield file.name, one
            one = attempts[file.name] = _Attempts(at, [])
        one.at = at
        one.patches.append(patch)
    yield from ((name, one) for name, one in attempts.items() if len(one.patches) >= _PATCHES)


def _runs_of_failing(steps: Sequence[Item]) -> dict[int, tuple[Work, Call]]:
    """The runs of commands that failed at least once, by their index among the steps."""
    commands = [
        (at, step) for at, step in enumerate(steps) if isinstance(step, Call) and step.tool is Tool.EXEC
    ]
    failed = {
        work
        for _, call in commands
        if call.status is CallStatus.FAILED and (work := _command(call)) is not None
    }
    texts = {work[-1] for work in failed}
    return {
        at: (work, call)
        for at, call in commands
        # A quick look first: most commands are none of these, in whatever folder they run.
        if (call.summary in texts or "cd " in call.summary)
        and (work := _command(call)) is not None
        and work in failed
    }


def _command(call: Call) -> Work | None:
    return work_of(call) if not is_patch(call) else None


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
