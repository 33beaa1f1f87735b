"""Turns are what a person asked and what came of it, whichever version of Codex wrote the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.building import OTHER_THREAD, THREAD, Rollout, read_file
from tests.reading_sessions import call_named, calls_of, read, read_as_json, sample, truths
from trace_tui.model import CallStatus, Note, NoteKind, Relation, Session, Tool, Turn, TurnKind, TurnStatus

COMPLETED, FAILED, ABORTED = TurnStatus.COMPLETED, TurnStatus.FAILED, TurnStatus.ABORTED
IN_PROGRESS, UNENDED = TurnStatus.IN_PROGRESS, TurnStatus.UNENDED
CONTEXT = {"cwd": "/home/dev/work", "approval_policy": "never", "model": "gpt-5-codex"}


def legacy(version: str = "0.128.0") -> Rollout:
    """A file with turn ids in the older layout."""
    return Rollout().meta(cli_version=version)


def undivided(version: str = "0.80.0") -> Rollout:
    """A file of 0.34 to 0.98: no line says where a turn begins or ends."""
    return Rollout().meta(cli_version=version)


def paginated(**meta: Any) -> Rollout:
    return Rollout(ordinals=True).meta(cli_version="0.169.0", history_mode="paginated", **meta)


def bare(*records: dict[str, Any]) -> Rollout:
    """A file of August 2025: records without an envelope."""
    head = {"id": THREAD, "timestamp": "2025-08-01T10:00:00.000Z", "instructions": None}
    rollout = Rollout()
    for record in (head, *records):
        rollout.raw(json.dumps(record).encode())
    return rollout


def message(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def prompted(rollout: Rollout, turn_id: str, text: str) -> Rollout:
    """A prompt in a paginated file: the message, then the item."""
    rollout.said("user", text)
    return rollout.done(turn_id, type="UserMessage", id=f"u-{text}", content=[{"type": "text", "text": text}])


def replied(rollout: Rollout, turn_id: str, text: str, id_: str = "msg_1") -> Rollout:
    """An answer in a paginated file: the item, then the message."""
    rollout.done(turn_id, type="AgentMessage", id=id_, content=[{"type": "Text", "text": text}])
    return rollout.said("assistant", text, id=id_)


def prompts(session: Session) -> list[str | None]:
    return [turn.prompt.head if turn.prompt else None for turn in session.turns]


def answers(session: Session) -> list[str | None]:
    return [turn.final_answer.head if turn.final_answer else None for turn in session.turns]


def statuses(session: Session) -> list[TurnStatus]:
    return [turn.status for turn in session.turns]


def notes(turn: Turn, kind: NoteKind) -> list[str]:
    return [item.text for item in turn.items if isinstance(item, Note) and item.kind is kind]


def only(session: Session) -> Turn:
    (turn,) = session.turns
    return turn


# -- where turns begin and end --------------------------------------------


def test_turns_with_ids_go_from_start_to_end(tmp_path: Path) -> None:
    rollout = legacy().started("t1").asked("One?").answered("Yes.").ended("t1", "Yes.")
    session = rollout.started("t2").asked("Two?").answered("No.").ended("t2", "No.").read(tmp_path)
    assert [turn.id for turn in session.turns] == ["t1", "t2"]
    assert prompts(session) == ["One?", "Two?"]
    assert answers(session) == ["Yes.", "No."]
    assert statuses(session) == [COMPLETED, COMPLETED]


def test_turns_of_a_paginated_file(tmp_path: Path) -> None:
    rollout = replied(prompted(paginated().started("t1"), "t1", "One?"), "t1", "Yes.").ended("t1", "Yes.")
    session = prompted(rollout.started("t2"), "t2", "Two?").ended("t2", "No.").read(tmp_path)
    assert (prompts(session), answers(session)) == (["One?", "Two?"], ["Yes.", "No."])


def test_turns_without_ids_begin_with_what_a_person_asked(tmp_path: Path) -> None:
    rollout = undivided().asked("One?").answered("Yes.").asked("Two?").answered("No.")
    session = rollout.read(tmp_path)
    assert [turn.id for turn in session.turns] == [None, None]
    assert (prompts(session), answers(session)) == (["One?", "Two?"], ["Yes.", "No."])


def test_same_prompt_asked_twice_is_two_turns(tmp_path: Path) -> None:
    session = undivided().asked("Again.").answered("Yes.").asked("Again.").answered("Yes.").read(tmp_path)
    assert prompts(session) == ["Again.", "Again."]


def test_turns_of_a_file_without_envelopes(tmp_path: Path) -> None:
    asked = [message("user", "One?"), message("assistant", "Yes."), message("user", "Two?")]
    session = bare(*asked, message("assistant", "No.")).read(tmp_path)
    assert (prompts(session), answers(session)) == (["One?", "Two?"], ["Yes.", "No."])


def test_pictures_written_before_the_text_of_their_prompt_are_no_turn_of_their_own(tmp_path: Path) -> None:
    picture = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="}
    words = {"type": "input_text", "text": "What is this?"}
    rollout = undivided("0.42.0").asked("One?").answered("Yes.")
    rollout.item("message", role="user", content=[picture, words])
    rollout.event("user_message", message="", images=[picture["image_url"]])
    session = rollout.event("user_message", message="What is this?").answered("A dot.").read(tmp_path)
    assert prompts(session) == ["One?", "What is this?"]
    assert session.turns[1].steered == []


def test_context_before_the_first_start_is_no_turn(tmp_path: Path) -> None:
    rollout = legacy("0.104.0").said("developer", "<permissions instructions>Be careful.")
    rollout.said("user", "<environment_context>linux</environment_context>").started("t1").asked("One?")
    assert prompts(rollout.ended("t1").read(tmp_path)) == ["One?"]


def test_repeated_start_of_a_turn_is_the_same_turn(tmp_path: Path) -> None:
    session = legacy().started("t1").asked("One?").started("t1").ended("t1").read(tmp_path)
    assert prompts(session) == ["One?"]


@pytest.mark.parametrize("layout", ["legacy", "paginated"])
def test_what_is_typed_while_a_turn_runs_steers_it(tmp_path: Path, layout: str) -> None:
    if layout == "legacy":
        rollout = legacy().started("t1").asked("Fix it.").call("call_1").output("call_1", "done")
        rollout.asked("Tests too.")
    else:
        rollout = prompted(paginated().started("t1"), "t1", "Fix it.").call("call_1").output("call_1", "done")
        prompted(rollout, "t1", "Tests too.")
    turn = only(rollout.ended("t1").read(tmp_path))
    assert turn.prompt is not None
    assert turn.prompt.head == "Fix it."
    assert [text.head for text in turn.steered] == ["Tests too."]
    assert notes(turn, NoteKind.PROMPT) == ["Fix it.", "Tests too."]


# -- a person's own shell command -----------------------------------------

SHELL_MESSAGE = (
    "<user_shell_command>\n<command>\ngit status\n</command>\n<result>\n"
    "Exit code: 1\nDuration: 0.0312 seconds\nOutput:\nno repository\n</result>\n</user_shell_command>"
)


def user_command(rollout: Rollout, turn_id: str) -> Rollout:
    item = {"type": "CommandExecution", "id": "0b1c", "command": ["/bin/bash", "-lc", "git status"]}
    facts = {"source": "user_shell", "status": "failed", "exit_code": 1, "duration": {"secs": 0, "nanos": 0}}
    return rollout.done(turn_id, **item, **facts).said("user", SHELL_MESSAGE)


def test_own_shell_command_is_a_turn_of_its_own(tmp_path: Path) -> None:
    rollout = user_command(paginated().started("t1"), "t1").ended("t1", None)
    turn = only(rollout.read(tmp_path))
    assert (turn.kind, turn.status, turn.prompt) == (TurnKind.SHELL, COMPLETED, None)
    assert [(call.tool, call.summary, call.exit_code) for call in turn.calls()] == [
        (Tool.EXEC, "git status", 1)
    ]


@pytest.mark.parametrize("with_ids", [True, False], ids=["0.128", "0.80"])
def test_own_shell_command_of_which_only_the_message_tells(tmp_path: Path, with_ids: bool) -> None:
    rollout = legacy().started("t1") if with_ids else undivided()
    rollout.said("user", SHELL_MESSAGE)
    if with_ids:
        rollout.ended("t1", None)
    turn = only(rollout.read(tmp_path))
    assert (turn.kind, turn.status, turn.prompt) == (TurnKind.SHELL, COMPLETED, None)
    assert [(call.summary, call.status, call.exit_code) for call in turn.calls()] == [
        ("git status", CallStatus.FAILED, 1)
    ]


def test_own_shell_command_between_two_prompts_without_turn_ids(tmp_path: Path) -> None:
    rollout = undivided().asked("One?").answered("Yes.").said("user", SHELL_MESSAGE)
    session = rollout.asked("Two?").answered("No.").read(tmp_path)
    assert [turn.kind for turn in session.turns] == [TurnKind.USER, TurnKind.SHELL, TurnKind.USER]
    assert prompts(session) == ["One?", None, "Two?"]


def test_own_shell_command_while_the_agent_works_leaves_the_turn_what_it_is(tmp_path: Path) -> None:
    rollout = user_command(prompted(paginated().started("t1"), "t1", "Fix it."), "t1")
    turn = only(rollout.ended("t1").read(tmp_path))
    assert turn.kind is TurnKind.USER
    assert [call.summary for call in turn.calls()] == ["git status"]


# -- turns that only compact ----------------------------------------------


@pytest.mark.parametrize("version", ["0.104.0", "0.169.0"])
def test_turn_with_nothing_but_a_compaction_did_not_fail(tmp_path: Path, version: str) -> None:
    rollout = legacy(version).started("t1").said("assistant", "Summary so far: all good.")
    rollout.line("compacted", {"message": "Another language model started to solve this problem"})
    turn = only(rollout.ended("t1", None).read(tmp_path))
    assert (turn.kind, turn.status, turn.compactions) == (TurnKind.COMPACTION, COMPLETED, 1)
    assert turn.final_answer is None


def test_compaction_told_of_by_line_event_and_item_counts_once(tmp_path: Path) -> None:
    rollout = legacy().started("t1").line("compacted", {"message": "Summary."}).event("context_compacted")
    rollout.done("t1", type="ContextCompaction", id="c-1").ended("t1", None)
    turn = only(rollout.read(tmp_path))
    assert turn.compactions == 1
    assert len(notes(turn, NoteKind.COMPACTION)) == 1


@pytest.mark.parametrize("scenario", ["g_compact_auto", "m_legacy"])
def test_summary_of_a_compaction_is_no_message(scenario: str) -> None:
    session = read(sample(scenario))
    said = [text for turn in session.turns for text in notes(turn, NoteKind.MESSAGE)]
    assert sum(turn.compactions for turn in session.turns) > 0
    assert said
    assert not [text for text in said if text.startswith("Summary so far")]


def test_turn_that_compacts_and_goes_on_stays_a_persons(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "Fix it.").said("assistant", "Summary so far: half.")
    rollout.line("compacted", {"message": "Summary so far: half."})
    turn = only(replied(rollout, "t1", "Fixed.").ended("t1", "Fixed.").read(tmp_path))
    assert (turn.kind, turn.compactions, notes(turn, NoteKind.MESSAGE)) == (TurnKind.USER, 1, ["Fixed."])


# -- reviews --------------------------------------------------------------


def review(rollout: Rollout, *, starts_first: bool) -> Rollout:
    """A review as its outer thread has it: begun under the reviewer's turn id, ended under its own."""
    entered = {"type": "EnteredReviewMode", "id": "r-1", "user_facing_hint": "current changes"}
    if starts_first:
        rollout.started("inner").done("outer", **entered)
    else:
        rollout.done("outer", **entered).started("inner")
    mirrored = {"id": "call_9", "status": "failed", "exit_code": 1, "duration": {"secs": 0, "nanos": 0}}
    rollout.done("inner", type="CommandExecution", command=["/bin/sh", "-c", "git diff"], **mirrored)
    result = {"findings": [], "overall_explanation": "The patch is correct."}
    rollout.done("outer", type="ExitedReviewMode", id="r-2", review_output=result)
    rollout.said("user", "<user_action>\n<context>User initiated a review task.</context>\n</user_action>")
    return replied(rollout, "outer", "The patch is correct.").ended("outer", None)


@pytest.mark.parametrize("starts_first", [True, False])
def test_review_is_one_turn_under_its_own_id(tmp_path: Path, starts_first: bool) -> None:
    turn = only(review(paginated(), starts_first=starts_first).read(tmp_path))
    assert (turn.kind, turn.id, turn.status) == (TurnKind.REVIEW, "outer", COMPLETED)


def test_reviewers_commands_are_not_counted_as_own_calls(tmp_path: Path) -> None:
    session = review(paginated(), starts_first=False).read(tmp_path)
    assert not calls_of(session)
    assert not session.failed_calls()
    assert any("git diff" in text for text in notes(only(session), NoteKind.NOTE))


def test_turn_after_a_review_is_a_persons_again(tmp_path: Path) -> None:
    rollout = prompted(review(paginated(), starts_first=False).started("t2"), "t2", "Thanks.")
    session = rollout.call("call_1").output("call_1", "ok").ended("t2").read(tmp_path)
    assert [turn.kind for turn in session.turns] == [TurnKind.REVIEW, TurnKind.USER]
    assert [call.call_id for call in calls_of(session)] == ["call_1"]


def test_review_in_the_older_layout_is_one_turn_that_nobody_steered(tmp_path: Path) -> None:
    rollout = legacy().event(
        "entered_review_mode", target={"type": "uncommittedChanges"}, user_facing_hint="current changes"
    )
    rollout.started("inner")
    for _ in range(2):
        rollout.event("user_message", message="Review the current code changes.")
    rollout.event("exited_review_mode", review_output={"findings": [], "overall_explanation": "Correct."})
    rollout.said("user", "<user_action>\n<context>User initiated a review task.</context>\n</user_action>")
    turn = only(rollout.said("assistant", "Correct.").ended("outer", None).read(tmp_path))
    assert (turn.kind, turn.id, turn.status) == (TurnKind.REVIEW, "outer", COMPLETED)
    assert turn.prompt is not None
    assert turn.steered == []


# -- workers --------------------------------------------------------------


def worker(**more: Any) -> dict[str, Any]:
    spawn = {"parent_thread_id": OTHER_THREAD, "depth": 1, **more}
    return {"source": {"subagent": {"thread_spawn": spawn}}, "thread_source": "subagent", **more}


def test_task_of_a_worker_is_its_prompt() -> None:
    session = read(sample("f_agents_v1", 1))
    assert session.relation is Relation.WORKER
    assert [turn.kind for turn in session.turns] == [TurnKind.AGENT, TurnKind.AGENT]
    assert prompts(session) == [
        "Worker one: count the files of the project.",
        "Worker one, once more: count the lines too.",
    ]


def test_sealed_task_of_a_worker_is_known_to_be_there() -> None:
    session = read(sample("f_agents_v2", 1))
    assert [(turn.kind, turn.prompt, turn.prompt_sealed) for turn in session.turns] == [
        (TurnKind.AGENT, None, True),
        (TurnKind.AGENT, None, True),
    ]
    assert answers(session) == ["There are 3 files.", "There are 14 lines."]


def task_as(form: str, rollout: Rollout) -> Rollout:
    """A task in each of the forms that mail between agents has had."""
    ends = {"author": "/root", "recipient": "/root/counter"}
    if form == "json message":
        mail = {**ends, "other_recipients": [], "content": "Count the files.", "trigger_turn": True}
        return rollout.said("assistant", json.dumps(mail))
    if form == "line":
        mail = {**ends, "other_recipients": [], "content": "Count the files.", "trigger_turn": True}
        return rollout.line("inter_agent_communication", mail)
    header = "Message Type: NEW_TASK\nTask name: /root/counter\nSender: /root\nPayload:\n"
    return rollout.item(
        "agent_message", **ends, content=[{"type": "input_text", "text": header + "Count the files."}]
    )


@pytest.mark.parametrize("form", ["json message", "line", "item"])
def test_open_task_of_a_worker_is_its_prompt_in_each_form(tmp_path: Path, form: str) -> None:
    rollout = Rollout().meta(**worker(agent_path="/root/counter"))
    rollout = task_as(form, rollout.started("t1")).answered("There are 3.").ended("t1", "There are 3.")
    turn = only(rollout.read(tmp_path))
    assert turn.prompt is not None
    assert (turn.kind, turn.prompt.head) == (TurnKind.AGENT, "Count the files.")
    assert notes(turn, NoteKind.MESSAGE) == ["There are 3."]


def test_mail_to_the_orchestrator_is_no_prompt() -> None:
    session = read(sample("f_agents_v2"))
    turn = only(session)
    assert turn.kind is TurnKind.USER
    assert "There are 3 files." in notes(turn, NoteKind.AGENT_MESSAGE)
    assert turn.steered == []


# -- how turns end --------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("usage_limit_exceeded", "usage_limit_exceeded"),
        ("context_window_exceeded", "context_window_exceeded"),
        ({"http_connection_failed": {"http_status_code": 401}}, "http_connection_failed (401)"),
    ],
)
def test_turn_that_ends_with_an_error_failed(tmp_path: Path, told: object, code: str) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "Fix it.")
    error = {"message": "You’ve hit your usage limit.", "codex_error_info": told}
    turn = only(rollout.ended("t1", None, error=error).read(tmp_path))
    assert turn.status is FAILED
    assert turn.error is not None
    assert (turn.error.message, turn.error.code) == ("You’ve hit your usage limit.", code)
    assert turn.final_answer is None


def test_turn_with_an_error_failed_although_it_had_said_something(tmp_path: Path) -> None:
    rollout = replied(prompted(paginated().started("t1"), "t1", "Fix it."), "t1", "Let me look.")
    turn = only(rollout.ended("t1", "Let me look.", error={"message": "cut off"}).read(tmp_path))
    assert (turn.status, turn.final_answer) == (FAILED, None)


@pytest.mark.parametrize("version", ["0.104.0", "0.128.0", "0.143.0"])
def test_turn_that_ends_without_a_last_message_failed(tmp_path: Path, version: str) -> None:
    turn = only(legacy(version).started("t1").asked("Fix it.").ended("t1", None).read(tmp_path))
    assert turn.status is FAILED
    assert turn.error is not None


def test_turn_without_a_last_message_is_completed_where_errors_are_told(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "Just run it.").call("call_1").output("call_1", "ok")
    turn = only(rollout.ended("t1", None, started_at=1795176000, completed_at=1795176001).read(tmp_path))
    assert (turn.status, turn.error) == (COMPLETED, None)


def test_turn_before_end_lines_failed_when_no_answer_came(tmp_path: Path) -> None:
    session = undivided().asked("One?").asked("Two?").answered("No.").read(tmp_path)
    assert statuses(session) == [FAILED, COMPLETED]
    assert session.turns[0].error is not None


def test_prompt_that_was_sent_again_and_again_for_nothing_failed(tmp_path: Path) -> None:
    rollout = undivided("0.44.0").asked("One?")
    for _ in range(5):
        rollout.line("turn_context", CONTEXT)
    assert statuses(rollout.read(tmp_path)) == [FAILED]


def test_error_line_says_why_a_turn_failed(tmp_path: Path) -> None:
    rollout = legacy("0.121.0").started("t1").asked("Fix it.")
    rollout.event("error", message="stream disconnected", codex_error_info="other").ended("t1", None)
    turn = only(rollout.read(tmp_path))
    assert turn.error is not None
    assert (turn.status, turn.error.message, turn.error.code) == (FAILED, "stream disconnected", "other")


@pytest.mark.parametrize("with_ids", [True, False], ids=["with id", "without id"])
def test_interrupted_turn_is_aborted(tmp_path: Path, with_ids: bool) -> None:
    rollout = legacy().started("t1") if with_ids else undivided("0.44.0")
    ids = {"turn_id": "t1"} if with_ids else {}
    rollout.asked("Fix it.").answered("Let me look.").event("turn_aborted", reason="interrupted", **ids)
    turn = only(rollout.said("user", "<turn_aborted>\nThe user interrupted.\n</turn_aborted>").read(tmp_path))
    assert (turn.status, turn.error, turn.final_answer) == (ABORTED, None, None)


def test_interrupted_turns_of_a_real_session() -> None:
    assert statuses(read(sample("h_abort_app"))) == [ABORTED, ABORTED, ABORTED, COMPLETED]


def test_last_turn_without_an_end_is_in_progress(tmp_path: Path) -> None:
    session = legacy().started("t1").asked("One?").ended("t1").started("t2").asked("Two?").read(tmp_path)
    assert statuses(session) == [COMPLETED, IN_PROGRESS]
    assert session.state == "in_progress"


def test_turn_without_an_end_before_another_is_unended(tmp_path: Path) -> None:
    session = legacy().started("t1").asked("One?").started("t2").asked("Two?").ended("t2").read(tmp_path)
    assert statuses(session) == [UNENDED, COMPLETED]


def test_turn_without_ids_that_stops_at_a_call_is_in_progress(tmp_path: Path) -> None:
    session = undivided().asked("One?").answered("Let me look.").call("call_1").read(tmp_path)
    assert statuses(session) == [IN_PROGRESS]


def test_end_of_another_turn_leaves_the_open_one_open(tmp_path: Path) -> None:
    rollout = legacy().started("t1").asked("One?").started("t2").asked("Two?").ended("t1", "Late.")
    session = rollout.read(tmp_path)
    assert statuses(session) == [COMPLETED, IN_PROGRESS]
    assert answers(session) == ["Late.", None]


def test_duration_of_a_turn_is_what_its_end_says(tmp_path: Path) -> None:
    session = legacy().started("t1").asked("One?").ended("t1", duration_ms=4321).read(tmp_path)
    assert only(session).duration_ms == 4321


def test_duration_of_a_turn_is_else_between_its_lines(tmp_path: Path) -> None:
    assert only(legacy().started("t1").asked("One?").ended("t1").read(tmp_path)).duration_ms == 300


# -- model, effort, folder, policy ----------------------------------------


def test_each_turn_has_the_settings_it_ran_with(tmp_path: Path) -> None:
    rollout = legacy()
    settings = [
        ("t1", "gpt-5.4", "low", "/home/dev/one", "never", {"type": "danger-full-access"}),
        (
            "t2",
            "gpt-5.5",
            "high",
            "/home/dev/two",
            "on-request",
            {"type": "workspace-write", "network_access": False},
        ),
    ]
    for turn_id, model, effort, cwd, policy, sandbox in settings:
        rollout.started(turn_id)
        context = {"model": model, "effort": effort, "cwd": cwd, "approval_policy": policy}
        rollout.line("turn_context", {"turn_id": turn_id, "sandbox_policy": sandbox, **context})
        rollout.asked("Go.").ended(turn_id)
    told = [
        (turn.id, turn.model, turn.effort, turn.cwd, turn.approval_policy, turn.sandbox)
        for turn in rollout.read(tmp_path).turns
    ]
    assert told == [(*row[:5], row[5]["type"]) for row in settings if isinstance(row[5], dict)]


@pytest.mark.parametrize(
    ("written", "policy"),
    [({"mode": "read-only"}, "read-only"), ({"type": "external-sandbox"}, "external-sandbox")],
)
def test_sandbox_policy_of_each_spelling(tmp_path: Path, written: dict[str, str], policy: str) -> None:
    rollout = (
        undivided().line("turn_context", CONTEXT | {"sandbox_policy": written}).asked("Go.").answered("Done.")
    )
    assert only(rollout.read(tmp_path)).sandbox == policy


def test_plan_mode_is_known(tmp_path: Path) -> None:
    rollout = paginated().started("t1", collaboration_mode_kind="plan")
    assert only(prompted(rollout, "t1", "Plan it.").ended("t1").read(tmp_path)).collaboration_mode == "plan"


@pytest.mark.parametrize("version", ["0.44.0", "0.80.0", "0.104.0"])
def test_context_before_each_request_of_a_real_session_is_no_turn(version: str) -> None:
    truth = next(one for one in truths() if one.home.name == version and one.facts["scenario"] == "era_work")
    session = read(truth.paths[0])
    assert truth.paths[0].read_bytes().count(b'"type":"turn_context"') > 1
    assert [notes(turn, NoteKind.MODEL_CHANGE) for turn in session.turns] == [[]]


def test_context_before_each_request_starts_no_turn_and_no_change(tmp_path: Path) -> None:
    rollout = undivided("0.44.0").asked("Go.").line("turn_context", CONTEXT).call("call_1")
    rollout.output("call_1", "ok").line("turn_context", CONTEXT).answered("Done.")
    turn = only(rollout.read(tmp_path))
    assert (turn.model, turn.status, notes(turn, NoteKind.MODEL_CHANGE)) == ("gpt-5-codex", COMPLETED, [])


def test_change_of_the_model_is_noted_where_it_happens(tmp_path: Path) -> None:
    rollout = legacy()
    for turn_id, model in (("t1", "gpt-5.4"), ("t2", "gpt-5.4"), ("t3", "gpt-5.5")):
        rollout.started(turn_id).line("turn_context", CONTEXT | {"turn_id": turn_id, "model": model})
        rollout.asked("Go.").ended(turn_id)
    changes = [notes(turn, NoteKind.MODEL_CHANGE) for turn in rollout.read(tmp_path).turns]
    assert changes == [[], [], ["gpt-5.4 → gpt-5.5"]]


def test_change_of_folder_and_policy_is_noted_where_it_happens(tmp_path: Path) -> None:
    rollout = Rollout().meta()
    for turn_id, cwd, policy in (("t1", "/home/dev/a", "never"), ("t2", "/home/dev/b", "on-request")):
        rollout.started(turn_id).line(
            "turn_context", {"turn_id": turn_id, "cwd": cwd, "approval_policy": policy, "model": "gpt-5.5"}
        )
        rollout.asked("Go on.").answered("Done.").ended(turn_id)
    first, second = rollout.read(tmp_path).turns
    assert not [item for item in first.items if isinstance(item, Note) and item.kind is NoteKind.NOTE]
    notes = [item.text for item in second.items if isinstance(item, Note) and item.kind is NoteKind.NOTE]
    assert notes == ["folder /home/dev/a → /home/dev/b", "approvals never → on-request"]


def test_change_of_the_model_without_turn_ids_is_noted_in_the_new_turn(tmp_path: Path) -> None:
    rollout = undivided().asked("One?").line("turn_context", CONTEXT | {"model": "gpt-5.1"}).answered("Yes.")
    rollout.asked("Two?").line("turn_context", CONTEXT | {"model": "gpt-5.2"}).answered("No.")
    session = rollout.read(tmp_path)
    assert [turn.model for turn in session.turns] == ["gpt-5.1", "gpt-5.2"]
    assert [notes(turn, NoteKind.MODEL_CHANGE) for turn in session.turns] == [[], ["gpt-5.1 → gpt-5.2"]]


# -- what is no prompt ----------------------------------------------------

INJECTED = {
    "old AGENTS.md": "<user_instructions>\n\nBe brief.\n\n</user_instructions>",
    "AGENTS.md": "# AGENTS.md instructions for /home/dev/work\n\n<INSTRUCTIONS>\nBe brief.\n</INSTRUCTIONS>",
    "environment": "<environment_context>\n  <cwd>/home/dev/work</cwd>\n</environment_context>",
    "interruption": "<turn_aborted>\nThe user interrupted the previous turn.\n</turn_aborted>",
    "notification": '<subagent_notification>\n{"agent_path":"x"}\n</subagent_notification>',
    "review result": "<user_action>\n<context>User initiated a review task.</context>\n</user_action>",
    "skill": "<skill>\n<name>deploy</name>\n</skill>",
    "goal": "<goal_context>\nContinue working toward the goal.\n</goal_context>",
    "new goal": '<codex_internal_context source="goal">\nContinue.\n</codex_internal_context>',
    "hook": '<hook_prompt hook_run_id="h-1">Run the tests.</hook_prompt>',
    "warning": "Warning: apply_patch was requested via exec_command. Use the apply_patch tool instead.",
    "summary": "Another language model started to solve this problem and produced a summary.",
}
EARLY = {name: text for name, text in INJECTED.items() if name != "notification"}  # workers are younger
each_injection = pytest.mark.parametrize("text", INJECTED.values(), ids=INJECTED.keys())
each_early_injection = pytest.mark.parametrize("text", EARLY.values(), ids=EARLY.keys())


@each_early_injection
def test_harness_text_is_no_prompt_without_turn_ids(tmp_path: Path, text: str) -> None:
    rollout = undivided().said("user", text).asked("One?").answered("Yes.").said("user", text)
    assert prompts(rollout.asked("Two?").answered("No.").read(tmp_path)) == ["One?", "Two?"]


@each_injection
def test_harness_text_is_no_prompt_inside_a_turn(tmp_path: Path, text: str) -> None:
    rollout = prompted(paginated().started("t1").said("user", text), "t1", "One?").said("user", text)
    turn = only(rollout.ended("t1").said("user", text).read(tmp_path))
    assert turn.prompt is not None
    assert (turn.prompt.head, turn.steered) == ("One?", [])


@each_early_injection
def test_harness_text_is_no_prompt_without_envelopes(tmp_path: Path, text: str) -> None:
    said = [message("user", text), message("user", "One?"), message("assistant", "Yes.")]
    assert prompts(bare(*said).read(tmp_path)) == ["One?"]


def test_turn_that_goes_on_with_a_goal_has_no_prompt(tmp_path: Path) -> None:
    rollout = paginated().started("t1").said("user", INJECTED["new goal"])
    turn = only(replied(rollout, "t1", "Going on.").ended("t1", "Going on.").read(tmp_path))
    assert (turn.prompt, turn.status) == (None, COMPLETED)


def test_harness_text_and_prompt_in_one_message(tmp_path: Path) -> None:
    rollout = legacy().started("t1").said("user", INJECTED["AGENTS.md"], INJECTED["environment"])
    assert prompts(rollout.asked("One?").ended("t1").read(tmp_path)) == ["One?"]


def test_harness_text_is_known_by_its_label_too(tmp_path: Path) -> None:
    label = {"turn_id": "t1", "content_item_kinds": ["generic.some_new_kind"]}
    rollout = paginated().started("t1")
    rollout.said("user", "Please note.", internal_chat_message_metadata_passthrough=label)
    assert prompts(prompted(rollout, "t1", "One?").ended("t1").read(tmp_path)) == ["One?"]


def test_prompt_that_talks_of_tags_is_a_prompt(tmp_path: Path) -> None:
    asked = "Why does <environment_context> appear twice?"
    assert prompts(legacy().started("t1").asked(asked).ended("t1").read(tmp_path)) == [asked]


IDE = "# Context from my IDE setup:\n\n## Active file: app.py\n\n## My request for Codex:\nRename it.\n"


def ide_prompt(layout: str) -> Rollout:
    if layout == "legacy":
        return legacy().started("t1").asked(IDE).ended("t1")
    if layout == "stripped twin":
        rollout = undivided().said("user", IDE).event("user_message", message="Rename it.")
        return rollout.answered("Done.")
    if layout == "paginated":
        return prompted(paginated().started("t1"), "t1", IDE).ended("t1")
    return bare(message("user", IDE), message("assistant", "Done."))


@pytest.mark.parametrize("layout", ["legacy", "stripped twin", "paginated", "bare"])
def test_what_an_editor_put_before_a_prompt_is_left_out(tmp_path: Path, layout: str) -> None:
    path = ide_prompt(layout).save(tmp_path)
    assert prompts(read_file(path)) == ["Rename it."]
    (turn,) = read_as_json(path)["turns"]
    assert (turn["prompt"], turn["steered"]) == ("Rename it.", [])


IMAGE_PARTS = [
    {"type": "input_text", "text": "<image name=[Image #1] path=/tmp/dot.png>"},
    {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="},
    {"type": "input_text", "text": "</image>"},
    {"type": "input_text", "text": "What is [Image #1]?"},
]


@pytest.mark.parametrize("layout", ["legacy", "paginated", "bare"])
def test_wrapper_around_a_picture_is_left_out_of_the_prompt(tmp_path: Path, layout: str) -> None:
    words = "What is [Image #1]?"
    if layout == "legacy":
        rollout = legacy().started("t1").item("message", role="user", content=IMAGE_PARTS)
        rollout.event("user_message", message=words, images=[], local_images=["/tmp/dot.png"]).ended("t1")
    elif layout == "paginated":
        rollout = paginated().started("t1").item("message", role="user", content=IMAGE_PARTS)
        content = [{"type": "text", "text": words}, {"type": "local_image", "path": "/tmp/dot.png"}]
        rollout.done("t1", type="UserMessage", id="u-1", content=content).ended("t1")
    else:
        rollout = bare(
            {"type": "message", "role": "user", "content": IMAGE_PARTS}, message("assistant", "A dot.")
        )
    turn = only(rollout.read(tmp_path))
    assert turn.prompt is not None
    assert (turn.prompt.head, turn.steered) == (words, [])
    assert len(notes(turn, NoteKind.PROMPT)) == 1


# -- what was said stands once --------------------------------------------


@pytest.mark.parametrize("first", ["event", "message"])
def test_message_and_its_twin_are_one_in_the_older_layout(tmp_path: Path, first: str) -> None:
    rollout = legacy().started("t1").asked("One?")
    if first == "event":
        rollout.answered("Yes.")
    else:
        rollout.said("assistant", "Yes.").event("agent_message", message="Yes.")
    assert notes(only(rollout.ended("t1", "Yes.").read(tmp_path)), NoteKind.MESSAGE) == ["Yes."]


def test_message_and_its_item_are_one_in_a_paginated_file(tmp_path: Path) -> None:
    rollout = replied(prompted(paginated().started("t1"), "t1", "One?"), "t1", "Yes.")
    assert notes(only(rollout.ended("t1", "Yes.").read(tmp_path)), NoteKind.MESSAGE) == ["Yes."]


@pytest.mark.parametrize("layout", ["legacy", "paginated"])
def test_same_words_said_twice_are_shown_twice(tmp_path: Path, layout: str) -> None:
    if layout == "legacy":
        rollout = legacy().started("t1").asked("One?").answered("Working.").call("call_1")
        rollout.output("call_1", "ok").answered("Working.")
    else:
        rollout = replied(prompted(paginated().started("t1"), "t1", "One?"), "t1", "Working.", "msg_1")
        replied(rollout.call("call_1").output("call_1", "ok"), "t1", "Working.", "msg_2")
    turn = only(rollout.ended("t1", "Working.").read(tmp_path))
    assert notes(turn, NoteKind.MESSAGE) == ["Working.", "Working."]


@pytest.mark.parametrize("scenario", ["a_simple", "m_legacy"])
def test_nothing_said_in_a_real_session_stands_twice(scenario: str) -> None:
    for turn in read_as_json(sample(scenario))["turns"]:
        told = [(item["kind"], item["text"]) for item in turn["items"] if item["kind"] != "tool_call"]
        assert len(told) == len(set(told))


def texts(path: Path, kind: str) -> list[str]:
    items = [item for turn in read_as_json(path)["turns"] for item in turn["items"]]
    return [item["text"] for item in items if item["kind"] == kind]


def test_reasoning_and_its_twin_are_one_in_the_older_layout(tmp_path: Path) -> None:
    rollout = legacy().started("t1").asked("One?")
    for number in ("first", "second"):
        rollout.event("agent_reasoning", text=f"**The {number}**")
        summary = [{"type": "summary_text", "text": f"**The {number}**"}]
        rollout.item("reasoning", summary=summary, content=None, encrypted_content="gAAAAAB")
    path = rollout.answered("Yes.").ended("t1", "Yes.").save(tmp_path)
    assert texts(path, "reasoning") == ["**The first**", "**The second**"]


def test_reasoning_of_several_parts_is_told_once(tmp_path: Path) -> None:
    rollout = legacy().started("t1").asked("One?")
    rollout.event("agent_reasoning", text="**Part one**").event("agent_reasoning", text="**Part two**")
    summary = [{"type": "summary_text", "text": f"**Part {number}**"} for number in ("one", "two")]
    rollout.item("reasoning", summary=summary, content=None, encrypted_content="gAAAAAB")
    told = "\n".join(texts(rollout.ended("t1").save(tmp_path), "reasoning"))
    assert told == "**Part one**\n**Part two**"


def test_reasoning_written_once_its_response_is_complete_is_told_once(tmp_path: Path) -> None:
    rollout = undivided("0.44.0").asked("One?")
    rollout.event("agent_reasoning", text="**First**").event("agent_reasoning", text="**Second**")
    rollout.event("agent_message", message="Yes.")
    for words in ("**First**", "**Second**"):
        rollout.item("reasoning", summary=[{"type": "summary_text", "text": words}], content=None)
    path = rollout.said("assistant", "Yes.").save(tmp_path)
    assert texts(path, "reasoning") == ["**First**", "**Second**"]
    assert texts(path, "message") == ["Yes."]


def test_reasoning_and_its_item_are_one_in_a_paginated_file() -> None:
    assert texts(sample("a_simple"), "reasoning") == [
        "**Considering the question**\n\nThe user wants a one-line summary."
    ]


def test_reasoning_without_a_twin_is_shown(tmp_path: Path) -> None:
    rollout = legacy().started("t1").asked("One?")
    rollout.item("reasoning", summary=[{"type": "summary_text", "text": "**Alone**"}], content=None)
    assert texts(rollout.ended("t1").save(tmp_path), "reasoning") == ["**Alone**"]


def test_sealed_reasoning_shows_nothing(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "One?")
    rollout.done("t1", type="Reasoning", id="rs_1", summary_text=[], raw_content=[])
    rollout.item("reasoning", id="rs_1", summary=[], content=None, encrypted_content="gAAAAAB")
    assert texts(rollout.ended("t1").save(tmp_path), "reasoning") == []


def test_proposed_plan_is_shown(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "Plan it.")
    rollout.done("t1", type="Plan", id="t1-plan", text="# Fix the sum").ended("t1")
    assert notes(only(rollout.read(tmp_path)), NoteKind.PLAN) == ["# Fix the sum"]


# -- lines that come late -------------------------------------------------


def test_late_item_with_an_old_turn_id_goes_to_its_own_turn(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "One?").ended("t1")
    rollout = prompted(rollout.started("t2"), "t2", "Two?")
    rollout.done("t1", type="Plan", id="t1-plan", text="Late plan").ended("t2")
    first, second = rollout.read(tmp_path).turns
    assert (notes(first, NoteKind.PLAN), notes(second, NoteKind.PLAN)) == (["Late plan"], [])


def test_late_message_goes_to_the_turn_that_it_names(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "One?").ended("t1")
    rollout = prompted(rollout.started("t2"), "t2", "Two?")
    name = {"turn_id": "t1"}
    rollout.call("call_1", internal_chat_message_metadata_passthrough=name).ended("t2")
    first, second = rollout.read(tmp_path).turns
    assert (len(first.calls()), len(second.calls())) == (1, 0)


def test_late_lines_do_not_reopen_a_turn(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "One?").ended("t1", "Yes.")
    rollout.done("t1", type="Plan", id="t1-plan", text="Late plan")
    session = rollout.read(tmp_path)
    assert (statuses(session), answers(session)) == ([COMPLETED], ["Yes."])


def test_usage_of_a_late_record_counts_for_its_own_turn(tmp_path: Path) -> None:
    rollout = prompted(paginated().started("t1"), "t1", "One?").ended("t1")
    rollout = prompted(rollout.started("t2"), "t2", "Two?")
    used = {"input_tokens": 10, "cached_input_tokens": 0, "output_tokens": 2, "total_tokens": 12}
    rollout.line(
        "token_usage_record", {"thread_id": THREAD, "turn_id": "t1", "response_id": "r1", "usage": used}
    )
    assert [turn.usage.total for turn in rollout.ended("t2").read(tmp_path).turns] == [12, 0]


# -- undone turns ---------------------------------------------------------


def asked_and_answered(rollout: Rollout, *numbers: int) -> Rollout:
    for number in numbers:
        rollout.started(f"t{number}").asked(f"Question {number}").answered("Yes.").ended(f"t{number}", "Yes.")
    return rollout


@pytest.mark.parametrize(
    ("count", "undone"), [(1, [False, False, True]), (2, [False, True, True]), (9, [True, True, True])]
)
def test_rollback_undoes_the_last_turns(tmp_path: Path, count: int, undone: list[bool]) -> None:
    rollout = asked_and_answered(legacy(), 1, 2, 3).event("thread_rolled_back", num_turns=count)
    assert [turn.reverted for turn in rollout.read(tmp_path).turns] == undone


def test_turns_after_a_rollback_stay(tmp_path: Path) -> None:
    rollout = asked_and_answered(legacy(), 1, 2).event("thread_rolled_back", num_turns=1)
    session = asked_and_answered(rollout, 3).read(tmp_path)
    assert [turn.reverted for turn in session.turns] == [False, True, False]


def test_second_rollback_counts_only_what_is_left(tmp_path: Path) -> None:
    rollout = asked_and_answered(legacy(), 1, 2, 3).event("thread_rolled_back", num_turns=1)
    session = rollout.event("thread_rolled_back", num_turns=1).read(tmp_path)
    assert [turn.reverted for turn in session.turns] == [False, True, True]


def test_rollback_counts_only_turns_that_people_asked_for(tmp_path: Path) -> None:
    rollout = asked_and_answered(legacy(), 1, 2).started("t3").line("compacted", {"message": "Summary."})
    session = rollout.ended("t3", None).event("thread_rolled_back", num_turns=1).read(tmp_path)
    assert [turn.reverted for turn in session.turns] == [False, True, True]


def test_rollback_counts_interrupted_turns(tmp_path: Path) -> None:
    rollout = asked_and_answered(legacy(), 1, 2).started("t3").asked("Question 3")
    rollout.event("turn_aborted", turn_id="t3", reason="interrupted").event("thread_rolled_back", num_turns=2)
    assert [turn.reverted for turn in rollout.read(tmp_path).turns] == [False, True, True]


def test_rollback_without_turn_ids(tmp_path: Path) -> None:
    rollout = undivided().asked("One?").answered("Yes.").asked("Two?").answered("No.")
    rollout.event("thread_rolled_back", num_turns=1)
    session = rollout.asked("Two, differently?").answered("Maybe.").read(tmp_path)
    assert [turn.reverted for turn in session.turns] == [False, True, False]
    assert prompts(session) == ["One?", "Two?", "Two, differently?"]


def test_state_of_a_session_is_that_of_the_last_turn_that_counts(tmp_path: Path) -> None:
    rollout = asked_and_answered(legacy(), 1).started("t2").asked("Question 2")
    rollout.event("turn_aborted", turn_id="t2", reason="interrupted").event("thread_rolled_back", num_turns=1)
    assert rollout.read(tmp_path).state == "completed"


def test_rewound_session_shows_both_branches() -> None:
    session = read(sample("h_rollback_tui"))
    assert [turn.reverted for turn in session.turns] == [False, True, True, False]


# -- final answers --------------------------------------------------------


def test_final_answer_is_what_the_end_of_the_turn_says(tmp_path: Path) -> None:
    rollout = legacy().started("t1").asked("One?").answered("Let me look.").answered("Yes.")
    assert answers(rollout.ended("t1", "Yes.").read(tmp_path)) == ["Yes."]


def test_final_answer_without_end_lines_is_the_last_message(tmp_path: Path) -> None:
    rollout = undivided().asked("One?").answered("Let me look.").call("call_1").output("call_1", "ok")
    assert answers(rollout.answered("Yes.").read(tmp_path)) == ["Yes."]


def test_long_final_answer_can_be_read_whole(tmp_path: Path) -> None:
    answer = "A long answer. " * 200
    path = legacy().started("t1").asked("One?").answered(answer).ended("t1", answer).save(tmp_path)
    (turn,) = read_as_json(path)["turns"]
    assert turn["final_answer"] == answer


def test_interrupted_command_belongs_to_the_turn_that_ran_it() -> None:
    session = read(sample("h_abort_app"))
    assert call_named(session, "echo started") in session.turns[0].calls()
