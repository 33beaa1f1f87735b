"""Loops and stalls of a session: hints with their evidence, never verdicts. `telling.trails` tells them.

Each turn is looked at by itself, and in it what stands behind each prompt: what a person asks for again is no
loop. The model tells which calls look alike; only of those the files tell what was given and what came back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from trace_tui.call_texts import CallRecords, patched_files
from trace_tui.deeds import deeds_of, records_of
from trace_tui.errors import Unreadable
from trace_tui.gaps import gaps_in
from trace_tui.likeness import asks_agents, subject
from trace_tui.loops import Suspects, alternations, polling, repeats, stretches_of, suspects_in
from trace_tui.model import Call, CallStatus, Item, Place, Session, Tool, Turn, TurnKind
from trace_tui.parsers.patches import FilePatch
from trace_tui.rework import Patches, churn, patches_in, suspected
from trace_tui.texts import Texts
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
    place: Place
    """Where it begins: the first of the calls; of a silence the step before it."""
    words: str
    """With words of the session as they are: made safe where they become a line."""
    calls: tuple[Call, ...]
    at: int | None
    until: int | None
    waited_for: str | None = None
    """Of a gap: ``model``, ``tool``, ``worker``, ``approval`` or ``unknown``."""


class _Stretch(NamedTuple):
    """The steps between two prompts of a turn, and what of them looks like a loop."""

    turn: Turn
    steps: list[Item]
    suspects: Suspects
    patches: Patches

    def calls_to_read(self) -> Iterator[Call]:
        yield from self.suspects.to_read()
        yield from suspected(self.patches)


def findings_in(session: Session, texts: Texts) -> list[Finding]:
    """In the order of the timeline. Where the files have gone, what needs no texts."""
    workers = {child.id: child.name for child in session.children if child.name}
    stretches = [stretch for turn in session.turns for stretch in _stretches(turn)]
    records = records_of((call for stretch in stretches for call in stretch.calls_to_read()), texts)
    found: list[Finding] = []
    for stretch in stretches:
        found += _loops(stretch, records, workers)
    for turn in session.turns:
        if _is_worth_a_look(turn):
            found += _silences(turn, workers, texts)
    return sorted(found, key=lambda finding: (finding.turn, finding.place))


def foremost(findings: Sequence[Finding], number: int) -> list[Finding]:
    """So many that say most, in order: loops before silences, and of these the longest."""

    def weight(finding: Finding) -> tuple[bool, int]:
        return finding.kind is FindingKind.GAP, -(between(finding.at, finding.until) or 0)

    chosen = set(sorted(range(len(findings)), key=lambda at: weight(findings[at]))[:number])
    return [finding for at, finding in enumerate(findings) if at in chosen]


def _is_worth_a_look(turn: Turn) -> bool:
    """A person's own commands are their own affair."""
    return turn.kind is not TurnKind.SHELL and bool(turn.items)


def _stretches(turn: Turn) -> Iterator[_Stretch]:
    if not _is_worth_a_look(turn):
        return
    for steps in stretches_of(turn):
        if steps:
            yield _Stretch(turn, steps, suspects_in(steps), patches_in(steps))


def _silences(turn: Turn, workers: Mapping[str, str], texts: Texts) -> Iterator[Finding]:
    for gap in gaps_in(turn, workers, texts):
        yield Finding(
            FindingKind.GAP, turn.index, gap.place, gap.words, gap.calls, gap.at, gap.until, gap.waited_for
        )


def _loops(
    stretch: _Stretch, records: Mapping[Call, CallRecords], workers: Mapping[str, str]
) -> Iterator[Finding]:
    suspects, turn = stretch.suspects, stretch.turn
    deeds = deeds_of(suspects.calls(), records, suspects.polls)
    in_turn = list(alternations(suspects, deeds))
    for calls in in_turn:
        yield _found(FindingKind.ALTERNATION, turn, _alternation_words(calls, workers), calls)
    for calls in repeats(suspects, deeds):
        if not any(set(calls) <= set(others) for others in in_turn):
            yield _found(FindingKind.REPEAT, turn, _repeat_words(calls, workers), calls)
    for words, calls in churn(stretch.steps, stretch.patches, _files(stretch.patches, records)):
        yield _found(FindingKind.CHURN, turn, words, calls)
    for calls in polling(stretch.steps):
        yield _found(FindingKind.POLLING, turn, _poll_words(calls), calls)


def _files(patches: Patches, records: Mapping[Call, CallRecords]) -> dict[Call, list[FilePatch]]:
    """Of the patches that can be read."""
    files: dict[Call, list[FilePatch]] = {}
    for call, _ in patches.values():
        if call in records:
            with suppress(Unreadable):
                files[call] = patched_files(records[call])
    return files


def _found(kind: FindingKind, turn: Turn, words: str, calls: Sequence[Call]) -> Finding:
    until = max((call.ended_at for call in calls if call.ended_at is not None), default=None)
    return Finding(kind, turn.index, calls[0].place, words, tuple(calls), calls[0].started_at, until)


def _alternation_words(calls: Sequence[Call], workers: Mapping[str, str]) -> str:
    first, other = (subject(call, workers) for call in calls[:2])
    if first == other:
        return f"{first} in two ways in turn, {len(calls)} calls with the same results"
    return f"{first} and {other} in turn, {len(calls)} calls with the same results"


def _repeat_words(calls: Sequence[Call], workers: Mapping[str, str]) -> str:
    what, times = subject(calls[0], workers), f"{len(calls)} times"
    reason = f" ({calls[0].reason})" if calls[0].reason else ""
    if calls[0].status is CallStatus.OK:
        return f"{what} gave the same result {times}"
    if calls[0].status is CallStatus.DECLINED:
        return f"{what} was declined {times}"
    if calls[0].status is CallStatus.ABORTED:
        return f"{what} was stopped {times}{reason}"
    return f"{what} failed the same way {times}{reason}"


def _poll_words(calls: Sequence[Call]) -> str:
    poll = calls[0]
    if asks_agents(poll):
        one = poll.summary and _SEVERAL not in poll.summary
        about = "news of one worker" if one else "news of workers"
    else:
        about = "output of one process" if poll.tool is Tool.STDIN else "the result of one script"
    took = short_duration(between(poll.started_at, calls[-1].ended_at))
    return f"asked {len(calls)} times for {about}" + (f" in {took}" if took else "")
