"""A whole chain as one JSON object; described in docs/chain.schema.json."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from trace_tui.call_texts import CallRecords, call_input, call_output
from trace_tui.errors import Unreadable
from trace_tui.kinds import AgentAct
from trace_tui.library.chain_times import Stretch, WaitSpan
from trace_tui.library.chains import Member
from trace_tui.library.stretches import length_of
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.machine import JsonObject, printable_path, usage_object
from trace_tui.printing.sessions import chain_object, member_objects, missing_objects
from trace_tui.show.chain import WholeChain
from trace_tui.show.chain_reading import Failure, Part, failures_in, hints_in, reason_of, target_of
from trace_tui.show.chain_whys import ChainWhys
from trace_tui.show.contract import hint_object
from trace_tui.texts import Texts
from trace_tui.ties import Dealing, Ties, WorkerTurn, dealings_of, ties_between, turns_of
from trace_tui.times import rfc3339
from trace_tui.wording.agents import badge_of
from trace_tui.wording.cast import called

SCHEMA = "codex-trace/chain@1"
_SUMMARY = 160


class _Sketch(NamedTuple):
    """What is kept of a session when it has been read."""

    dealings: list[tuple[Dealing, list[str]]]
    turns: list[WorkerTurn]
    told_turns: list[JsonObject]


def chain_story(chain: WholeChain, *, with_texts: bool) -> JsonObject:
    """``with_texts`` adds to failures what was given and what came back, and why they failed."""
    sketches: dict[str, _Sketch] = {}
    failures: list[tuple[int, JsonObject]] = []
    hints: list[tuple[int, JsonObject]] = []
    unread: dict[str, str] = {}
    with ChainWhys(chain) as whys:
        for part in chain.parts(unread):
            sketches[part.member.entry.key] = _sketch(part)
            failures += _failures(part, chain, whys if with_texts else None)
            hints += _hints(part, chain)
    failures.sort(key=lambda told: told[0])
    hints.sort(key=lambda told: told[0])
    return {
        "schema": SCHEMA,
        "chain": _chain(chain),
        "members": _members(chain, sketches),
        "ties": list(_ties(chain, sketches)),
        "failures": [shown for _, shown in failures],
        "hints": [shown for _, shown in hints],
        "missing": missing_objects(chain.missing),
        "unread": [
            {"session": member.entry.id, "reason": unread[member.entry.key]}
            for member in chain.members
            if member.entry.key in unread
        ],
    }


def _sketch(part: Part) -> _Sketch:
    told = [
        {
            "turn": turn.index,
            "status": turn.status.value,
            "started_at": rfc3339(turn.started_at),
            "ended_at": rfc3339(turn.ended_at),
        }
        for turn in part.session.turns
    ]
    return _Sketch(dealings_of(part.session), turns_of(part.session), told)


def _chain(chain: WholeChain) -> JsonObject:
    times = chain.times
    parallelism = times.parallelism
    return {
        **chain_object(times.whole),
        "own_usage": usage_object(chain.head.entry.usage),
        "work_ms": times.work_ms,
        "parallelism": None if parallelism is None else round(parallelism, 2),
    }


# -- members ------------------------------------------------------------


def _members(chain: WholeChain, sketches: dict[str, _Sketch]) -> list[JsonObject]:
    """As the tree has them, with their part in the chain's time."""
    path: defaultdict[str, list[Stretch]] = defaultdict(list)
    for stint in chain.times.path:
        path[stint.member.entry.key].append((stint.start, stint.end))
    ids = {member.entry.key: member.entry.id for member in chain.members if member.entry.id is not None}
    objects = member_objects(chain.library.catalog, chain.head)
    for one, shown in zip(chain.times.members, objects, strict=True):
        key = one.member.entry.key
        sketch = sketches.get(key)
        shown |= {
            "name": called(one.member),
            "call_id": one.member.call_id,
            "turns": [] if sketch is None else sketch.told_turns,
            "waits": [_wait(wait, ids) for wait in one.waits],
            "work_ms": length_of(one.work),
            "waited_ms": one.waited_ms,
            "critical": [_stretch(start, end) for start, end in path[key]],
        }
    return objects


def _wait(wait: WaitSpan, ids: dict[str, str]) -> JsonObject:
    """``ids`` are those of the members by their keys."""
    awaited = [ids[key] for key in wait.ended_by if key in ids] or sorted(wait.awaited)
    return {"call_id": wait.call_id, **_stretch(wait.start, wait.end), "for": awaited}


def _stretch(start: int, end: int | None) -> JsonObject:
    return {"started_at": rfc3339(start), "ended_at": rfc3339(end)}


# -- ties ---------------------------------------------------------------


def _ties(chain: WholeChain, sketches: dict[str, _Sketch]) -> Iterator[JsonObject]:
    """Every call about a worker, by who made it, in the order of the files."""
    workers = {one.entry.id: one for one in chain.members if one.parent is not None and one.entry.id}
    for member in chain.members:
        sketch = sketches.get(member.entry.key)
        if sketch is not None:
            yield from _ties_of(member, sketch, workers, sketches)


def _ties_of(
    member: Member, sketch: _Sketch, workers: dict[str, Member], sketches: dict[str, _Sketch]
) -> Iterator[JsonObject]:
    told = [
        (dealing, id_)
        for dealing, ids in sketch.dealings
        for id_ in ids
        if id_ in workers and workers[id_] is not member and dealing.act is not AgentAct.LIST
    ]
    ties: dict[str, Ties] = {}
    for worker in {id_ for _, id_ in told}:
        of_worker = sketches.get(workers[worker].entry.key)
        dealings = [dealing for dealing, id_ in told if id_ == worker]
        ties[worker] = ties_between(dealings, [] if of_worker is None else of_worker.turns)
    for dealing, worker in told:
        turn = ties[worker].turns.get(dealing.place)
        yield {
            "session": member.entry.id,
            "call_id": dealing.call_id,
            "act": dealing.act.value,
            "worker": worker,
            "turn": turn,
            "causes": turn is not None and ties[worker].causes.get(turn) == dealing.place,
        }


# -- failures -----------------------------------------------------------


def _failures(part: Part, chain: WholeChain, whys: ChainWhys | None) -> Iterator[tuple[int, JsonObject]]:
    """Each with its place in the order of time; with ``whys`` whole."""
    member = part.member
    named = chain.names.get(member.entry.key) or member.entry.id or part.session.files[0].path
    failed = failures_in(part)
    own = whys.of(part) if whys is not None and failed else None
    agent = _agent(member, chain)
    with part.texts() as texts:
        for failure in failed:
            shown = {
                "at": rfc3339(failure.at),
                **agent,
                "turn": failure.turn.index,
                "call_id": None if failure.call is None else failure.call.call_id,
                "reason": reason_of(failure),
                "summary": _summary(failure),
                "target": printable_path(target_of(failure, named)),
            }
            if own is not None:
                shown |= _texts_of(failure, texts)
                shown["why"] = own.object_of(failure.turn, failure.call)
            yield failure.place, shown


def _agent(member: Member, chain: WholeChain) -> JsonObject:
    letter = badge_of(chain.members)[member.entry.key].letter
    return {"session": member.entry.id, "letter": letter, "name": called(member)}


def _hints(part: Part, chain: WholeChain) -> Iterator[tuple[int, JsonObject]]:
    """Each with its place in the order of time."""
    agent = _agent(part.member, chain)
    for finding in hints_in(part):
        place = finding.at or part.member.entry.started_at or 0
        yield place, {**agent, **hint_object(finding, part.session)}


def _summary(failure: Failure) -> str:
    """What was called, or what the turn was asked."""
    if failure.call is not None:
        return failure.call.summary
    prompt = failure.turn.prompt
    return "" if prompt is None else one_line(prompt.head, _SUMMARY)


def _texts_of(failure: Failure, texts: Texts) -> JsonObject:
    if failure.call is None:
        return {"input": None, "output": None}
    try:
        records = CallRecords.of(failure.call, texts)
        return {"input": call_input(records), "output": call_output(records)}
    except Unreadable:  # the file is not what it was when it was read
        return {"input": None, "output": None}
