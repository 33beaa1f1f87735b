"""Ties between a parent and its workers: which call caused which turn, and which turn a call met."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import read_file
from tests.reading_sessions import SAMPLES
from tests.stories import WORKER, Story
from trace_tui.kinds import AgentAct
from trace_tui.model import Place, Session
from trace_tui.naming import concerned, name_workers
from trace_tui.parsers.agent_replies import agent_reply, news_of, readable_error
from trace_tui.parsers.injected import WorkerNotice
from trace_tui.ties import Dealing, Ties, WorkerTurn, ties_between, ties_of_sessions, turn_ended_by

SPAWN, TELL, TASK, WAIT = AgentAct.SPAWN, AgentAct.TELL, AgentAct.TASK, AgentAct.WAIT


def session(begin: str) -> Session:
    return read_file(next(SAMPLES.rglob(f"*{begin}*")))


def names(ties: Ties, parent: Session) -> list[tuple[str, int]]:
    """The calls about a worker by their names, and the turns they lead to."""
    calls = [call for turn in parent.turns for call in turn.calls() if call.place in ties.turns]
    return [(call.name, ties.turns[call.place]) for call in calls]


# -- in real files ------------------------------------------------------


def test_a_message_that_began_a_turn_leads_to_it_and_waits_to_what_they_waited_for() -> None:
    parent, worker = session("01a1f900-db21"), session("01a1f900-dba4")
    ties = ties_of_sessions(parent, worker)
    assert names(ties, parent) == [
        ("spawn_agent", 1),
        ("wait_agent", 1),
        ("send_input", 2),
        ("wait_agent", 2),
        ("close_agent", 2),
    ]
    assert sorted(ties.causes) == [1, 2]


def test_a_task_that_followed_leads_to_the_second_turn_though_nothing_names_it() -> None:
    parent, worker = session("01a1f900-ded4"), session("01a1f900-df23")
    ties = ties_of_sessions(parent, worker)
    assert names(ties, parent) == [("spawn_agent", 1), ("followup_task", 2)]


def test_a_message_that_only_hurried_a_worker_leads_to_the_turn_that_went_on() -> None:
    parent, worker = session("01a1f900-ded4"), session("01a1f900-e134")
    ties = ties_of_sessions(parent, worker)
    assert names(ties, parent) == [("spawn_agent", 1), ("send_message", 1), ("interrupt_agent", 1)]
    assert list(ties.causes) == [1]


def test_workers_of_0_104_are_tied_by_their_ids_alone() -> None:
    parent, worker = session("01a1f902-451c"), session("01a1f902-461e")
    ties = ties_of_sessions(parent, worker)
    assert names(ties, parent) == [("spawn_agent", 1), ("wait", 1), ("wait", 1), ("close_agent", 1)]


def test_sessions_that_have_nothing_to_do_with_each_other_are_not_tied() -> None:
    ties = ties_of_sessions(session("01a1f900-db21"), session("01a1f900-df23"))
    assert ties == Ties({}, {})


# -- what nothing but time tells ----------------------------------------


_places = count(1)


def asked(call_id: str, act: AgentAct, at: int | None, until: int | None = None, **more: Any) -> Dealing:
    child_turn, refused = more.get("child_turn"), more.get("refused", False)
    ended = at if until is None else until
    return Dealing(Place(next(_places)), call_id, act, more.get("turn"), at, ended, child_turn, refused)


def causes(dealings: list[Dealing], turns: list[WorkerTurn]) -> dict[int, str]:
    calls = {one.place: one.call_id for one in dealings}
    return {index: calls[place] for index, place in ties_between(dealings, turns).causes.items()}


def leads(dealings: list[Dealing], turns: list[WorkerTurn]) -> list[tuple[str, int]]:
    ties = ties_between(dealings, turns)
    return [(one.call_id, ties.turns[one.place]) for one in dealings if one.place in ties.turns]


def test_a_task_given_while_a_turn_goes_on_causes_the_next_one() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 60_000), WorkerTurn(2, "b", 61_000, 90_000)]
    assert causes([asked("spawn", SPAWN, 500), asked("more", TASK, 20_000)], turns) == {1: "spawn", 2: "more"}


def test_two_tasks_before_one_turn_both_lead_to_it() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 9_000), WorkerTurn(2, "b", 30_000, 40_000)]
    dealings = [asked("spawn", SPAWN, 0), asked("one", TASK, 10_000), asked("two", TASK, 12_000)]
    assert leads(dealings, turns) == [("spawn", 1), ("one", 2), ("two", 2)]
    assert causes(dealings, turns)[2] == "two"


def test_tasks_right_behind_the_spawn_do_not_take_its_turn() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 9_000), WorkerTurn(2, "b", 9_500, 12_000)]
    assert causes([asked("spawn", SPAWN, 900), asked("more", TASK, 950)], turns) == {1: "spawn", 2: "more"}


def test_a_call_right_after_a_turn_began_did_not_cause_it_where_one_before_it_may_have() -> None:
    turns = [
        WorkerTurn(1, "a", 1_000, 9_000),
        WorkerTurn(2, "b", 30_000, 31_000),
        WorkerTurn(3, "c", 40_000, None),
    ]
    dealings = [asked("spawn", SPAWN, 900), asked("one", TASK, 29_900), asked("two", TASK, 30_400)]
    assert causes(dealings, turns) == {1: "spawn", 2: "one", 3: "two"}


def test_clocks_may_differ_a_little() -> None:
    assert causes([asked("spawn", SPAWN, 1_400)], [WorkerTurn(1, "a", 1_000, 9_000)]) == {1: "spawn"}


def test_a_message_to_a_worker_at_work_stays_with_the_turn_that_went_on() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 60_000), WorkerTurn(2, "b", 70_000, 90_000)]
    spawn, hurry = asked("spawn", SPAWN, 900), asked("hurry", TELL, 20_000)
    assert leads([spawn, hurry, asked("more", TASK, 69_000)], turns) == [
        ("spawn", 1),
        ("hurry", 1),
        ("more", 2),
    ]
    assert causes([spawn, hurry], turns) == {1: "spawn"}


def test_a_message_that_cut_a_turn_short_began_the_next_one() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 20_100), WorkerTurn(2, "b", 20_200, 90_000)]
    assert causes([asked("spawn", SPAWN, 900), asked("stop that", TELL, 20_000)], turns)[2] == "stop that"


def test_a_call_that_was_refused_caused_nothing() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 9_000), WorkerTurn(2, "b", 30_000, 40_000)]
    refused = asked("refused", TASK, 29_500, refused=True)
    dealings = [asked("spawn", SPAWN, 900), asked("more", TASK, 29_000), refused]
    assert causes(dealings, turns) == {1: "spawn", 2: "more"}


def test_ids_that_come_again_are_calls_of_their_own() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 9_000), WorkerTurn(2, "b", 30_000, 40_000)]
    dealings = [asked("call_0", SPAWN, 900), asked("call_0", TASK, 29_000)]
    assert leads(dealings, turns) == [("call_0", 1), ("call_0", 2)]


def test_a_turn_that_names_its_parents_turn_belongs_to_a_call_of_that_turn() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 2_000, "p1"), WorkerTurn(2, "b", 50_000, 60_000, "p2")]
    dealings = [
        asked("spawn", SPAWN, 900, turn="p1"),
        asked("early", TASK, 30_000, turn="p2"),
        asked("late", TASK, 49_999, turn="p3"),
    ]
    assert causes(dealings, turns) == {1: "spawn", 2: "early"}


def test_without_times_calls_and_turns_go_in_pairs() -> None:
    turns = [WorkerTurn(1, None, None, None), WorkerTurn(2, None, None, None)]
    assert causes([asked("spawn", SPAWN, None), asked("more", TASK, None)], turns) == {1: "spawn", 2: "more"}


def test_a_wait_that_goes_on_leads_to_the_turn_that_goes_on() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 2_000), WorkerTurn(2, "b", 9_000, None)]
    waiting = asked("wait", WAIT, 3_000)._replace(until=None)
    assert leads([asked("spawn", SPAWN, 900), waiting], turns)[1] == ("wait", 2)


@pytest.mark.parametrize(("start", "end", "turn"), [(3_000, 9_100, 1), (3_000, 8_700, 1), (9_000, 12_000, 2)])
def test_a_wait_leads_to_the_turn_that_ended_meanwhile_or_went_on(start: int, end: int, turn: int) -> None:
    """Also where the next one has begun before the parent was told."""
    turns = [WorkerTurn(1, "a", 1_000, 8_900), WorkerTurn(2, "b", 9_050, 60_000)]
    assert leads([asked("wait", WAIT, start, end)], turns) == [("wait", turn)]


def test_a_turn_without_times_has_not_ended_as_far_as_anybody_knows() -> None:
    turns = [WorkerTurn(1, "a", 1_000, 5_000), WorkerTurn(2, "b", None, None)]
    assert turn_ended_by(turns, 5_100) == 1


def test_a_worker_that_never_began_a_turn_is_led_to_all_the_same() -> None:
    assert ties_between([asked("spawn", SPAWN, 900)], []) == Ties({}, {})


moments = st.none() | st.integers(0, 50_000)
turn_ids = st.none() | st.sampled_from(["t1", "t2", "t3"])
drawn_dealings = st.lists(
    st.builds(
        Dealing,
        st.integers(1, 10_000).map(Place),
        st.sampled_from(["call_0", "call_1"]),
        st.sampled_from(AgentAct),
        turn_ids,
        moments,
        moments,
        turn_ids,
        st.booleans(),
    ),
    unique_by=(lambda one: one.place, lambda one: one.child_turn_id or one.place),
)
drawn_times = st.lists(st.tuples(moments, moments, turn_ids), max_size=6)


@given(drawn_dealings, drawn_times)
def test_whatever_is_told_no_call_causes_two_turns_and_each_leads_to_one_that_there_is(
    dealings: list[Dealing], times: list[tuple[int | None, int | None, str | None]]
) -> None:
    turns = [WorkerTurn(number, f"t{number}", *told) for number, told in enumerate(times, 1)]
    ties = ties_between(dealings, turns)
    numbers = {turn.number for turn in turns}
    assert set(ties.turns.values()) <= numbers
    assert len(set(ties.causes.values())) == len(ties.causes)
    assert all(ties.turns[place] == number for number, place in ties.causes.items())
    if turns:
        assert set(ties.turns) == {one.place for one in dealings}


# -- names --------------------------------------------------------------


def test_workers_known_by_their_path_are_named_by_whoever_knows_their_ids() -> None:
    parent = session("01a1f900-ded4")
    calls = [call for turn in parent.turns for call in turn.calls() if call.name == "send_message"]
    for call in calls:
        call.child_session = None
    name_workers(parent, {"/root/sleeper": "01a1f900-e134-7670-b81e-14e9afa0d42d"})
    assert [call.child_session for call in calls] == ["01a1f900-e134-7670-b81e-14e9afa0d42d", None]


def test_a_spawn_that_was_refused_is_not_given_the_worker_that_has_the_name_already() -> None:
    parent = session("01a1f900-ded4")
    refused = next(
        call
        for turn in parent.turns
        for call in turn.calls()
        if call.status.is_failure and "spawn" in call.name
    )
    refused.summary = "tester · sealed"
    name_workers(parent, {"/root/tester": "01a1f900-df3d-7710-9bfb-ef38a2579738"})
    assert refused.child_session is None


# -- what answers tell --------------------------------------------------


def test_an_answer_tells_states_words_and_turns() -> None:
    reply = agent_reply('{"status":{"w1":{"completed":"Done."},"w2":"running"},"timed_out":true}')
    assert reply is not None
    assert reply.news == (WorkerNotice("w1", "completed", "Done."), WorkerNotice("w2", "running", ""))
    assert reply.timed_out
    submitted = agent_reply('{"submission_id":"t7"}')
    assert submitted is not None
    assert submitted.turn_id == "t7"


@pytest.mark.parametrize("output", ["", "agent with id 7 not found", "{", "[]", "{}", '{"agent_id":"w1"}'])
def test_an_answer_that_tells_nothing_of_workers_is_none(output: str) -> None:
    assert agent_reply(output) is None


def test_long_answers_are_kept_by_their_beginning() -> None:
    reply = agent_reply('{"previous_status":{"completed":"' + "word " * 500 + '"}}')
    assert reply is not None
    assert len(reply.news[0].words) <= 300


@pytest.mark.parametrize("length", [100, 1_500, 5_000, 200_000])
def test_an_answer_of_any_length_is_told_where_it_arrived(tmp_path: Path, length: int) -> None:
    answer = json.dumps({"status": {WORKER: {"completed": "word " * (length // 5)}}, "timed_out": False})
    rollout = Story().begin().spawns().uses("wait_agent", {"targets": [WORKER]}, answer).end()
    _, wait = rollout.read(tmp_path).turns[0].calls()
    assert wait.reply is not None
    (told,) = wait.reply.news
    assert (told.worker, told.state) == (WORKER, "completed")
    assert told.words.startswith("word word")


@pytest.mark.parametrize("answer", ['{"status":{},"timed_out":true}', None])
def test_a_wait_for_many_workers_concerns_all_of_them(tmp_path: Path, answer: str | None) -> None:
    workers = [f"01a1f900-0000-7000-8000-{number:012x}" for number in range(40)]
    rollout = Story().begin().call("call_w", "wait_agent", {"targets": workers})
    if answer is not None:
        rollout.output("call_w", answer)
    (wait,) = rollout.read(tmp_path).turns[0].calls()
    assert concerned(wait) == workers


def test_of_a_models_error_the_message_is_enough() -> None:
    whole = 'Agent errored: {"error": {"message": "It may \\"not\\" run.", "type": "invalid"}}'
    assert readable_error(whole) == 'Agent errored: It may "not" run.'
    assert readable_error('{"error": {"type": "x", "message": "cut in the mid') == "cut in the mid"
    assert readable_error('see {"message": "hello"}') == 'see {"message": "hello"}'


def test_news_of_a_worker_come_from_the_harness_or_by_mail() -> None:
    for key in ("agent_path", "agent_id"):  # up to 0.116 it is the id
        told = f'{{"{key}":"w1","status":{{"completed":"Done."}}}}'
        told = f"<subagent_notification>{told}</subagent_notification>"
        assert news_of(told, None) == WorkerNotice("w1", "completed", "Done.")
    assert news_of("There are 3.", "/root/w") == WorkerNotice("/root/w", "", "There are 3.")
    assert news_of("Agent errored: no", "/root/w") == WorkerNotice("/root/w", "errored", "no")
    assert news_of("hello", None) is None
