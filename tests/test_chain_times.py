"""When the agents of a chain ran, waited and failed, and whom the end of the chain had to wait for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.big_tree import WORKERS, Agent, write_big_tree
from tests.library import Story, entry, id_of, library_of, the, worker
from tests.reading_sessions import SAMPLES, sample
from trace_tui.library.chain_times import ChainTimes, MemberTimes, times_of
from trace_tui.library.chains import Member, grow, totals
from trace_tui.library.stretches import joined, length_of, without

ERA = SAMPLES / "eras" / "0.104.0"


@contextmanager
def chain(root: Path, head: str | int) -> Iterator[ChainTimes]:
    with library_of(root) as library:
        library.refresh()
        yield times_of(the(grow(library.entries()), head), library.catalog)


@cache
def sample_chain(scenario: str) -> ChainTimes:
    with chain(SAMPLES, sample(scenario).stem[-36:]) as times:
        return times


def built_chain(folder: Path) -> ChainTimes:
    with chain(folder, 1) as times:
        return times


def named(times: ChainTimes, name: str) -> MemberTimes:
    return next(one for one in times.members if one.member.name == name)


def path_of(times: ChainTimes) -> list[str]:
    return [stint.member.name or "head" for stint in times.path]


# -- the samples --------------------------------------------------------


def test_members_come_in_the_order_of_their_tree() -> None:
    times = sample_chain("f_agents_v2")
    told = [(one.member.name, one.member.depth) for one in times.members]
    assert told == [(None, 0), ("counter", 1), ("tester", 1), ("reader", 2), ("sleeper", 1), ("doomed", 1)]


def test_a_worker_that_got_a_second_task_has_two_turns() -> None:
    counter = named(sample_chain("f_agents_v2"), "counter")
    assert [turn.status for turn in counter.turns] == ["completed", "completed"]
    first, second = counter.turns
    assert first.end is not None
    assert first.start < first.end < second.start
    assert not counter.is_open


def test_waiting_for_workers_is_no_work() -> None:
    tester = named(sample_chain("f_agents_v2"), "tester")
    [turn], [wait] = tester.turns, tester.waits
    assert tester.work == [(turn.start, wait.start), (wait.until, turn.until)]
    assert tester.waited_ms == wait.until - wait.start > 0


def test_a_wait_is_for_the_workers_it_names_or_for_any() -> None:
    head = sample_chain("f_agents_v1").members[0]
    by_name = {one.entry.id: one.name for one in head.member.children}
    awaited = [sorted(by_name[id_] or "" for id_ in wait.awaited) for wait in head.waits]
    assert awaited == [["Pauli", "Ramanujan"], ["Pauli"], ["Ramanujan"], ["Lorentz"]]
    assert all(not wait.awaited for wait in sample_chain("f_agents_v2").members[0].waits)


def test_a_wait_for_any_worker_was_for_the_one_that_had_ended_last() -> None:
    """The first was over at once, since the news had come by then; the last was over by time."""
    head = sample_chain("f_agents_v2").members[0]
    names = {one.entry.key: one.name for one in head.member.children}
    assert [[names[key] for key in wait.ended_by] for wait in head.waits] == [
        ["counter"],
        ["tester"],
        ["counter"],
        [],
    ]


def test_waits_for_workers_that_are_not_here_are_told_apart(tmp_path: Path) -> None:
    """Two of them side by side are one time; who is somewhere in the chain is here."""
    head = Story(1).begin().spawn(2, "call_a").spawn(8, "call_b").spawn(9, "call_c")
    for number in (8, 9, 3):
        head.call(f"wait_{number}", "wait", {"ids": [id_of(number)]})
    head.pause(60)
    for number in (8, 9, 3):
        head.output(f"wait_{number}", '{"status":{},"timed_out":true}')
    head.end().put(tmp_path)
    worker(2, 1, minutes=0.01).begin("Look.").spawn(3).end().put(tmp_path)
    worker(3, 2, minutes=0.02, depth=2).turn().put(tmp_path)
    first = built_chain(tmp_path).members[0]
    assert [wait.is_missed for wait in first.waits] == [True, True, False]
    assert 60_000 <= first.missed_ms <= first.waited_ms < 61_000


def test_failures_stand_where_something_failed() -> None:
    times = sample_chain("f_agents_v2")
    assert {one.member.name: len(one.failures) for one in times.members if one.failures} == {
        None: 2,
        "tester": 1,
        "doomed": 1,
    }
    doomed = named(times, "doomed")
    assert doomed.failures == [doomed.turns[0].end]  # it was the turn that failed


@pytest.mark.parametrize("scenario", ["f_agents_v1", "f_agents_v2"])
def test_sums_are_those_of_the_chain_and_copied_history_is_apart(scenario: str) -> None:
    times = sample_chain(scenario)
    head = times.members[0].member
    assert times.whole == totals(head)
    assert times.whole.usage.total == sum(one.member.entry.usage.total for one in times.members)
    assert times.whole.inherited_lines == sum(one.member.entry.inherited_lines for one in times.members) > 0
    assert times.duration_ms == times.whole.duration_ms


def test_several_at_work_at_once_are_told_from_one_after_the_other() -> None:
    times = sample_chain("f_agents_v2")
    assert times.work_ms == sum(length_of(one.work) for one in times.members)
    assert times.busy_ms < times.work_ms
    assert times.parallelism == pytest.approx(2.3, abs=0.1)


# -- the critical path of the samples -----------------------------------


def test_the_path_goes_through_the_workers_whose_ends_were_waited_for() -> None:
    times = sample_chain("f_agents_v1")
    expected = ["head", "Pauli", "Rawls", "Pauli", "head", "Ramanujan", "head", "Lorentz", "head"]
    assert path_of(times) == expected


def test_a_wait_whose_time_was_up_is_nobodys_end() -> None:
    """The sleeper was interrupted in the middle of a wait that went on for ten seconds."""
    times = sample_chain("f_agents_v2")
    assert path_of(times) == ["head", "tester", "reader", "tester", "head", "counter", "head"]
    assert "sleeper" not in path_of(times)


def test_the_path_leads_from_the_first_moment_of_the_head_to_its_last() -> None:
    with library_of(ERA) as library:
        library.refresh()
        head = next(root for root in grow(library.entries()).roots if root.children)
        times = times_of(head, library.catalog)
    turns = times.members[0].turns
    assert (times.path[0].start, times.path[-1].end) == (turns[0].start, turns[-1].end)
    ends = [stint.end for stint in times.path]
    assert [stint.start for stint in times.path[1:]] == ends[:-1]
    assert len({stint.member.entry.key for stint in times.path}) == 3


# -- what no sample holds -----------------------------------------------


def agent(number: int, parent: int | None, at: int) -> Agent:
    """One that has been given its task."""
    agent = Agent(number, parent, 0 if parent is None else 1, at)
    agent.at(at).begin()
    return agent


def test_the_pause_before_a_persons_next_prompt_is_on_nobodys_path(tmp_path: Path) -> None:
    head = agent(1, None, 0)
    head.at(5_000).end()
    head.at(60_000).begin()
    head.at(65_000).end().put(tmp_path)
    times = built_chain(tmp_path)
    assert path_of(times) == ["head", "head"]
    assert [round(stint.end - stint.start, -3) for stint in times.path] == [5_000, 5_000]
    assert times.parallelism == 1.0


def test_of_workers_that_were_not_waited_for_none_is_critical(tmp_path: Path) -> None:
    head = agent(1, None, 0)
    head.at(1_000).spawn(2)
    head.at(9_000).end().put(tmp_path)
    agent(2, 1, 1_000).at(8_000).end().put(tmp_path)
    assert path_of(built_chain(tmp_path)) == ["head"]


def test_a_chain_that_still_waits_leads_to_whom_it_waits_for(tmp_path: Path) -> None:
    head = agent(1, None, 0)
    head.at(1_000).spawn(2)
    head.at(2_000).call("call_wait", "wait_agent", {"targets": [id_of(2)]}, namespace="multi_agent_v1")
    head.put(tmp_path)
    agent(2, 1, 1_000).at(8_000).ran().put(tmp_path)
    times = built_chain(tmp_path)
    waiting, running = times.members
    assert (waiting.is_open, running.is_open) == (True, True)
    assert waiting.waits[0].end is None
    assert waiting.waits[0].until == running.turns[-1].until  # as long as the worker is heard of
    assert [stint.member.entry.id for stint in times.path] == [id_of(1), id_of(2)]


def test_what_was_broken_off_goes_on_only_as_long_as_it_was_heard_of(tmp_path: Path) -> None:
    agent(1, None, 0).at(3_000).ran().put(tmp_path)
    agent(2, 1, 1_000).at(50_000).end().put(tmp_path)
    times = built_chain(tmp_path)
    head = times.members[0]
    assert head.turns[0].end is None
    assert head.turns[0].until == head.member.entry.ended_at
    assert head.turns[0].until < times.members[1].turns[0].until


def test_a_session_without_workers_is_a_chain_of_one() -> None:
    [alone] = (SAMPLES / "eras" / "0.44.0").rglob("*.jsonl")
    with chain(alone, alone.stem[-36:]) as times:
        assert path_of(times) == ["head"] * len(times.members[0].turns)
        assert times.work_ms == times.busy_ms


def test_members_without_times_are_kept() -> None:
    """Nor does one break anything that the catalog has forgotten meanwhile."""
    parent, child = Member(entry(1)), Member(entry(2))
    parent.children.append(child)
    child.parent = parent
    with library_of(SAMPLES) as library:
        times = times_of(parent, library.catalog)
    assert [(one.member, one.life, one.turns) for one in times.members] == [
        (parent, None, []),
        (child, None, []),
    ]
    assert (times.life, times.path, times.parallelism, times.duration_ms) == (None, [], None, None)


# -- many ---------------------------------------------------------------


def test_the_path_through_seventy_workers_never_leaves_a_gap(tmp_path: Path) -> None:
    write_big_tree(tmp_path)
    times = built_chain(tmp_path)
    assert len(times.members) == 1 + WORKERS
    assert max(one.member.depth for one in times.members) == 4
    ends = [stint.end for stint in times.path]
    assert [stint.start for stint in times.path[1:]] == ends[:-1]
    assert sum(one.is_open for one in times.members) == 1
    assert times.whole.failures == sum(len(one.failures) for one in times.members) == 9


# -- stretches ----------------------------------------------------------


def test_stretches_that_touch_are_one() -> None:
    assert joined([(5, 9), (0, 2), (2, 3), (6, 7)]) == [(0, 3), (5, 9)]


def test_holes_are_cut_out_of_stretches() -> None:
    assert without([(0, 10), (20, 30)], [(2, 3), (8, 22), (29, 40)]) == [(0, 2), (3, 8), (22, 29)]
    assert without([(0, 10)], []) == [(0, 10)]
    assert without([(0, 10)], [(0, 10)]) == []
