"""`show --json` keeps its promise, for every sample and for what no sample holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.reading_sessions import SAMPLES, Truth, read_as_json, sample, truths
from tests.stories import Story
from trace_tui.cli import main

SCHEMA = json.loads((SAMPLES.parents[2] / "docs" / "session.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
TURN = "01a1f900-0000-7000-8000-00000000000a"

every_thread = pytest.mark.parametrize("truth", list(truths()), ids=str)
every_stream = pytest.mark.parametrize(
    "path", sorted((SAMPLES / "exec-json").glob("*.jsonl")), ids=lambda path: str(path.stem)
)

# The keys that the contract promises, whatever a session holds.
SESSION_KEYS = """id root_id parent_id relation agent forked_from children files format originator source
    cli_versions cwd git title started_at ended_at state archived compressed"""
TURN_KEYS = """index id kind status error reverted prompt steered final_answer model effort cwd
    approval_policy sandbox collaboration_mode started_at ended_at duration_ms usage responses compactions
    context items"""
CALL_KEYS = """kind call_id name namespace tool status exit_code reason summary started_at ended_at
    duration_ms parallel parent_call_id child_session line"""
WHOLE_KEYS = "schema session turns usage usage_source inherited failures hints problems unknown"
USAGE_KEYS = "input cached_input cache_write_input output reasoning_output total"
PROMISED = {
    "whole": WHOLE_KEYS,
    "session": SESSION_KEYS,
    "turn": TURN_KEYS,
    "call": CALL_KEYS,
    "usage": USAGE_KEYS,
}


def objects(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything in a printed session that the contract lists keys for."""
    yield "whole", told
    yield "session", told["session"]
    yield "usage", told["usage"]
    for turn in told["turns"]:
        yield "turn", turn
        yield "usage", turn["usage"]
        yield from (("call", item) for item in turn["items"] if item["kind"] == "tool_call")


def times(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from times(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from times(inner)
    elif isinstance(value, str) and (key == "at" or key.endswith("_at")):
        yield value


def keeps_the_contract(told: dict[str, Any]) -> None:
    VALIDATOR.validate(told)
    for name, found in objects(told):
        assert not set(PROMISED[name].split()) - set(found), name
    for time in times(told):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_requires_what_the_contract_promises() -> None:
    found = SCHEMA["$defs"]
    for name, place in (
        ("whole", SCHEMA),
        ("session", found["session"]),
        ("turn", found["turn"]),
        ("call", found["tool_call"]),
        ("usage", found["usage"]),
    ):
        assert not set(PROMISED[name].split()) - set(place["required"]), name


def test_the_schema_lets_keys_be_added_everywhere(tmp_path: Path) -> None:
    told = read_as_json(sample("b_exec"))
    for _, found in list(objects(told)):
        found["added_later"] = 1
    VALIDATOR.validate(told)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (["usage", "total"], "178299"),
        (["usage_source"], "guessed"),
        (["session", "state"], "unended"),
        (["session", "started_at"], "2026-11-20T12:48:50Z"),
        (["session", "children"], None),
        (["turns", 0, "status"], "done"),
        (["turns", 0, "items", 3, "status"], "error"),
        (["turns", 0, "items", 3, "line"], 0),
        (["unknown"], []),
    ],
    ids=str,
)
def test_the_schema_refuses_what_breaks_the_contract(place: list[Any], value: object) -> None:
    told: Any = read_as_json(sample("b_exec"))
    holder = told
    for step in place[:-1]:
        holder = holder[step]
    if "items" in place:
        assert holder["kind"] == "tool_call"
    holder[place[-1]] = value
    assert not VALIDATOR.is_valid(told)


@every_thread
def test_every_thread_of_the_samples_keeps_the_contract(truth: Truth) -> None:
    keeps_the_contract(read_as_json(truth.paths[0]))


@every_stream
def test_every_stream_of_the_samples_keeps_the_contract(path: Path) -> None:
    keeps_the_contract(read_as_json(path))


@every_thread
def test_sums_are_sums(truth: Truth) -> None:
    told = read_as_json(truth.paths[0])
    for key in USAGE_KEYS.split():
        assert told["usage"][key] == sum(turn["usage"][key] for turn in told["turns"])
    calls = [item for turn in told["turns"] for item in turn["items"] if item["kind"] == "tool_call"]
    assert told["failures"]["calls"] == sum(call["status"] in ("failed", "declined") for call in calls)
    assert told["failures"]["turns"] == sum(turn["status"] == "failed" for turn in told["turns"])
    assert [turn["index"] for turn in told["turns"]] == list(range(1, len(told["turns"]) + 1))


@every_thread
def test_calls_inside_a_cell_follow_it(truth: Truth) -> None:
    for turn in read_as_json(truth.paths[0])["turns"]:
        calls = [item for item in turn["items"] if item["kind"] == "tool_call"]
        cell = None
        for call in calls:
            if call["parent_call_id"] is None:
                cell = call["call_id"]
            else:
                assert call["parent_call_id"] == cell
                assert call["tool"] != "code"


def test_a_cell_with_several_calls_has_them_all_behind_it() -> None:
    calls = [
        item
        for turn in read_as_json(sample("b_exec_code"))["turns"]
        for item in turn["items"]
        if item["kind"] == "tool_call"
    ]
    inside = [call["parent_call_id"] for call in calls if call["parent_call_id"]]
    assert len(inside) > len(set(inside)) > 1


@every_thread
def test_a_file_is_named_only_where_there_are_several(truth: Truth) -> None:
    told = read_as_json(truth.paths[0])
    several = len(told["session"]["files"]) > 1
    items = [item for turn in told["turns"] for item in turn["items"]]
    assert all(("file" in item) == several for item in items)


def test_the_lines_that_calls_name_hold_their_ids() -> None:
    told = read_as_json(sample("h_rollback_tui"))
    lines = [Path(path).read_bytes().splitlines() for path in told["session"]["files"]]
    for turn in told["turns"]:
        for item in turn["items"]:
            if item["kind"] == "tool_call":
                assert item["call_id"].encode() in lines[item["file"]][item["line"] - 1]


def test_a_session_with_nothing_in_it_has_all_keys(tmp_path: Path) -> None:
    told = read_as_json(Rollout().meta().save(tmp_path))
    keeps_the_contract(told)
    assert told["turns"] == []
    assert told["session"]["state"] == "empty"


def test_a_session_that_lost_its_beginning_keeps_the_contract(tmp_path: Path) -> None:
    path = Rollout().output("call_1", "Process exited with code 1\nOutput:\n").save(tmp_path)
    told = read_as_json(path)
    keeps_the_contract(told)
    assert told["session"]["id"] is None
    assert told["session"]["title"]


def test_damage_and_news_keep_the_contract(tmp_path: Path) -> None:
    file = Rollout().meta().started(TURN).asked("Hello").event("some_new_type", data=1)
    file.raw(b'{"timestamp":"2026-11-20T12:00:09.000Z","type":"event_msg","payl')
    told = read_as_json(file.ended(TURN).save(tmp_path))
    keeps_the_contract(told)
    assert told["unknown"] == {"event_msg/some_new_type": 1}
    assert [problem["line"] for problem in told["problems"]] == [6]


@pytest.mark.parametrize(
    "value", [None, 7, -7, 1.5, True, "text", [], ["text"], {}, {"type": 7}, 2**70], ids=repr
)
def test_values_of_the_wrong_type_keep_the_contract(tmp_path: Path, value: object) -> None:
    """A writer may put anything anywhere: what is printed still has its type."""
    file = Rollout().meta(
        THREAD,
        session_id=value,
        parent_thread_id=value,
        forked_from_id=value,
        forked_from_ordinal_exclusive=value,
        originator=value,
        cli_version=value,
        git=value,
        source=value,
        agent_path=value,
        agent_nickname=value,
    )
    file.line("turn_context", {"turn_id": TURN, "model": value, "effort": value, "sandbox_policy": value})
    file.started(TURN, started_at=value, collaboration_mode_kind=value, turn_attribution=value)
    file.call("call_1", "shell", {"command": value, "workdir": value}).output("call_1", value)
    file.event("item_completed", turn_id=TURN, item=value, started_at_ms=value)
    info = {"model_context_window": value, "last_token_usage": {"total_tokens": value}}
    file.event("token_count", info=info)
    file.event("task_complete", turn_id=TURN, last_agent_message=value, error=value, duration_ms=value)
    keeps_the_contract(read_as_json(file.save(tmp_path)))


def test_a_time_no_calendar_holds_is_null(tmp_path: Path) -> None:
    file = Rollout().meta(timestamp="9" * 40).started(TURN, started_at=9e11).asked("Hello")
    told = read_as_json(file.ended(TURN).save(tmp_path))
    keeps_the_contract(told)


def test_several_files_name_the_file_of_a_problem(tmp_path: Path) -> None:
    first = Rollout(ordinals=True).meta().started(TURN).asked("Hello").ended(TURN)
    first.save(tmp_path, f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl")
    base = {"thread_id": THREAD, "end_ordinal_exclusive": 5}
    second = Rollout(ordinals=True, first_ordinal=5).meta(history_base=base).raw(b"{torn")
    told = read_as_json(second.save(tmp_path, f"rollout-2026-11-20T12-05-00-{THREAD}_{OTHER_THREAD}.jsonl"))
    keeps_the_contract(told)
    assert [(problem["file"], problem["line"]) for problem in told["problems"]] == [(1, 2)]


def test_hints_have_their_evidence(tmp_path: Path) -> None:
    story = Story().begin().runs(code=1).runs(code=1).runs(code=1).runs("make", took=90).end()
    told = read_as_json(story.save(tmp_path))
    keeps_the_contract(told)
    assert told["hints"] == [
        {
            "kind": "repeated",
            "turn": 1,
            "words": "sh check.sh failed the same way 3 times (exit 1)",
            "calls": ["call_1", "call_2", "call_3"],
            "lines": [5, 7, 9],
            "started_at": "2026-11-20T12:00:00.500Z",
            "ended_at": "2026-11-20T12:00:01.300Z",
            "waited_for": None,
        },
        {
            "kind": "waiting",
            "turn": 1,
            "words": "waited 1m30s for make",
            "calls": ["call_4"],
            "lines": [11],
            "started_at": "2026-11-20T12:00:01.500Z",
            "ended_at": "2026-11-20T12:01:31.500Z",
            "waited_for": "tool",
        },
    ]


def test_several_files_name_those_of_hints(tmp_path: Path) -> None:
    first = Rollout(ordinals=True).meta().started(TURN).asked("Hello").ended(TURN)
    first.save(tmp_path, f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl")
    base = {"thread_id": THREAD, "end_ordinal_exclusive": 5}
    second = Rollout(ordinals=True, first_ordinal=5).meta(history_base=base).started("t2").asked("Check it.")
    for number in range(3):
        second.call(f"call_{number}", arguments={"cmd": "sh check.sh"})
        second.output(f"call_{number}", "Process exited with code 1\nOutput:\nx")
    path = second.ended("t2").save(tmp_path, f"rollout-2026-11-20T12-05-00-{THREAD}_{OTHER_THREAD}.jsonl")
    told = read_as_json(path)
    keeps_the_contract(told)
    assert [(hint["files"], hint["lines"]) for hint in told["hints"]] == [([1, 1, 1], [5, 7, 9])]


def test_what_is_printed_is_one_json_object(capfd: pytest.CaptureFixture[str]) -> None:
    path = sample("f_agents_v2")
    assert main(["show", str(path), "--json"]) == 0
    printed = capfd.readouterr()
    assert json.loads(printed.out) == read_as_json(path)
    assert printed.out.startswith("{")
    assert printed.out.endswith("}\n")
    assert printed.err == ""


def test_one_turn_is_listed_and_all_are_counted(capfd: pytest.CaptureFixture[str]) -> None:
    path = sample("i_resume")
    assert main(["show", str(path), "--json", "--turn", "2"]) == 0
    told, whole = json.loads(capfd.readouterr().out), read_as_json(path)
    keeps_the_contract(told)
    assert told["turns"] == [whole["turns"][1]]
    assert told["usage"] == whole["usage"]
