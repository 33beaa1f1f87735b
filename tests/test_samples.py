"""Every sample file of a real Codex binary tells what its driver knows happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reading_sessions import Truth, read, read_as_json, truths
from trace_tui.model import Call, CallStatus, Session, TurnKind

ALL = list(truths())
every_thread = pytest.mark.parametrize("truth", ALL, ids=str)

# In 0.44 to 0.104 the file does not say that an MCP result was an error: an error's text and a good
# result's text are written alike.
UNTOLD_FAILURES = {"call_AtJ3BIwSfHgNcraB2WVDQZs9", "call_tf82PROh8AUJqBjwnAbhEDPz"}

# A patch that fails inside a code-mode cell leaves no item; the cell tells of it.
UNTOLD_NESTED = {"call_M2vpqcFDV7t393tgDD1k4zdO"}


def own_turns(session: Session) -> list[Any]:
    """Turns that asked the model; the others are not in the driver's account."""
    return [turn for turn in session.turns if turn.kind not in (TurnKind.SHELL, TurnKind.REVIEW)]


def failed(call: Call) -> bool:
    return call.status in (CallStatus.FAILED, CallStatus.DECLINED)


@every_thread
def test_thread_is_recognised_from_any_of_its_files(truth: Truth) -> None:
    for path in truth.paths:
        session = read(path)
        assert session.id == truth.facts["thread_id"]
        assert [file.path for file in session.files] == [str(one) for one in truth.paths]
        assert session.parent_id == truth.facts["parent_thread_id"]
        assert {child.id for child in session.children} == set(truth.facts["children"])
        assert session.state == truth.facts["state"]
        assert not session.problems
        assert not session.unknown


@every_thread
def test_turns_have_their_status_model_and_tokens(truth: Truth) -> None:
    session = read(truth.paths[0])
    turns = own_turns(session)
    assert len(turns) == len(truth.facts["turns"])
    for turn, expected in zip(turns, truth.facts["turns"], strict=True):
        assert turn.id in (expected.get("turn_id"), None)
        assert turn.status.value == expected["status"]
        assert turn.model == expected["model"]
        assert turn.compactions == expected["compactions"]
        assert turn.reverted == bool(expected.get("reverted"))
        used = expected["usage"]
        assert turn.usage.input == used["input_tokens"]
        assert turn.usage.cached_input == used["cached_input_tokens"]
        assert turn.usage.output == used["output_tokens"]
        assert turn.usage.reasoning_output == used["reasoning_output_tokens"]
    assert session.usage.total == truth.facts["usage_total"]["total_tokens"]


@every_thread
def test_calls_stand_once_in_order_with_their_outcome(truth: Truth) -> None:
    session = read(truth.paths[0])
    for turn, expected in zip(own_turns(session), truth.facts["turns"], strict=True):
        calls = [item for item in turn.items if isinstance(item, Call)]
        assert [call.call_id for call in calls] == expected["tool_calls"]
    by_id = {call.call_id: call for turn in session.turns for call in turn.calls()}
    for expected in truth.facts["tool_calls"]:
        call = by_id[expected["call_id"]]
        assert (call.name, call.namespace) == (expected["name"], expected.get("namespace"))
        if call.call_id in UNTOLD_FAILURES:
            assert call.evidence == "none"
        elif expected["failed"] is not None:
            assert failed(call) == expected["failed"], expected
        if expected.get("exit_code") is not None:
            assert call.exit_code == expected["exit_code"]


@every_thread
def test_calls_inside_a_code_mode_cell_stand_under_it(truth: Truth) -> None:
    session = read(truth.paths[0])
    by_id = {call.call_id: call for turn in session.turns for call in turn.calls()}
    for expected in truth.facts["tool_calls"]:
        if expected["call_id"] in UNTOLD_NESTED:
            assert by_id[expected["call_id"]].reason == "patch did not apply"
            continue
        nested = by_id[expected["call_id"]].nested or []
        told = sorted((call.name, str(call.exit_code)) for call in nested)
        assert told == sorted((one["name"], str(one.get("exit_code"))) for one in expected.get("nested", []))
        for call in nested:
            assert call.parent_call_id == expected["call_id"]


@every_thread
def test_prompts_and_answers_are_what_was_said(truth: Truth) -> None:
    told = read_as_json(truth.paths[0])
    turns = [turn for turn in told["turns"] if turn["kind"] not in ("shell", "review")]
    for turn, expected in zip(turns, truth.facts["turns"], strict=True):
        prompt = turn["prompt"] or ""
        assert not prompt.startswith(("<", "#"))
        if expected["status"] == "completed" and expected.get("messages") and turn["kind"] != "compaction":
            assert turn["final_answer"] == expected["messages"][-1]
