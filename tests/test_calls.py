"""Every tool call stands once, under its turn, with the outcome that the session file tells of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.building import Rollout
from tests.reading_sessions import call_named, calls_of, read, sample
from trace_tui.model import Call, CallStatus, Evidence, Note, NoteKind, Session, Tool

OK, FAILED, DECLINED = CallStatus.OK, CallStatus.FAILED, CallStatus.DECLINED
ABORTED, UNFINISHED = CallStatus.ABORTED, CallStatus.UNFINISHED
WORKER = "01a1f900-dba4-7dc3-acf6-d69ece882c82"


def legacy() -> Rollout:
    return Rollout().meta(cli_version="0.128.0").started("t1").asked("Please check.")


def paginated() -> Rollout:
    prompt = {"type": "UserMessage", "id": "item-1", "content": [{"type": "text", "text": "Please check."}]}
    rollout = Rollout(ordinals=True).meta(cli_version="0.169.0", history_mode="paginated")
    return rollout.started("t1").said("user", "Please check.").done("t1", **prompt)


def ran(code: int, body: str = "", wall: str = "0.1000") -> str:
    """What `exec_command` answers when the command has ended."""
    head = f"Chunk ID: 7af4d2\nWall time: {wall} seconds\nProcess exited with code {code}\n"
    return f"{head}Original token count: 8\nOutput:\n{body}"


def goes_on(session: int, wall: str = "1.0000") -> str:
    head = f"Chunk ID: 7af4d2\nWall time: {wall} seconds\nProcess running with session ID {session}\n"
    return f"{head}Original token count: 0\nOutput:\n"


def wrapped(code: int, body: str = "", seconds: float = 0.2) -> str:
    """The same in 2025: JSON in a string."""
    return json.dumps({"output": body, "metadata": {"exit_code": code, "duration_seconds": seconds}})


def headed(code: int, body: str = "", wall: str = "0.2") -> str:
    """The same of `shell_command`."""
    return f"Exit code: {code}\nWall time: {wall} seconds\nOutput:\n{body}"


def command(call_id: str, shown: str = "sh check.sh", code: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "type": "CommandExecution",
        "id": call_id,
        "process_id": "14770",
        "command": ["/bin/bash", "-lc", shown],
        "cwd": "file:///home/dev/work",
        "parsed_cmd": [],
        "source": "unified_exec_startup",
        "status": "completed" if code == 0 else "failed",
        "aggregated_output": "",
        "exit_code": code,
        "duration": {"secs": 0, "nanos": 4_000_000},
        **more,
    }


def only(session: Session) -> Call:
    (call,) = calls_of(session)
    return call


def told(call: Call) -> tuple[CallStatus, int | None, str | None]:
    return call.status, call.exit_code, call.reason


# -- every kind of call ---------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "tool", "summary"),
    [
        ("exec_command", {"cmd": "sh check.sh", "workdir": "/tmp"}, Tool.EXEC, "sh check.sh"),
        ("shell", {"command": ["bash", "-lc", "ls -1"]}, Tool.EXEC, "ls -1"),
        ("shell", {"command": ["git", "status"]}, Tool.EXEC, "git status"),
        ("shell_command", {"command": "ls -1"}, Tool.EXEC, "ls -1"),
        ("container.exec", {"command": ["ls"]}, Tool.EXEC, "ls"),
        ("shell<|channel|>", {"command": ["ls"]}, Tool.EXEC, None),
        ("write_stdin", {"session_id": 7, "chars": ""}, Tool.STDIN, "session 7"),
        ("update_plan", {"plan": [{"step": "Look", "status": "completed"}]}, Tool.PLAN, "1/1"),
        ("view_image", {"path": "/home/dev/dot.png"}, Tool.IMAGE, "/home/dev/dot.png"),
        ("spawn_agent", {"message": "Count the files."}, Tool.AGENT, "Count the files."),
        ("wait", {"ids": [WORKER]}, Tool.AGENT, WORKER),
        ("wait_agent", {"targets": [WORKER]}, Tool.AGENT, WORKER),
        ("close_agent", {"id": WORKER}, Tool.AGENT, WORKER),
        ("resume_agent", {"id": WORKER}, Tool.AGENT, WORKER),
        ("send_input", {"id": WORKER, "message": "Once more."}, Tool.AGENT, f"{WORKER} · Once more."),
        ("followup_task", {"target": "counter", "message": "gAAAAAB"}, Tool.AGENT, "counter · (sealed)"),
        ("interrupt_agent", {"target": "counter"}, Tool.AGENT, "counter"),
        ("request_user_input", {"questions": [{"question": "Which one?"}]}, Tool.ASK, "Which one?"),
        ("wait", {"cell_id": "6"}, Tool.CODE, "cell 6"),
        ("frobnicate", {"x": 1}, Tool.OTHER, "x=1"),
    ],
)
def test_function_call_shows_its_tool_and_most_telling_argument(
    tmp_path: Path, name: str, arguments: dict[str, object], tool: Tool, summary: str | None
) -> None:
    call = only(legacy().call("call_1", name, arguments).read(tmp_path))
    assert (call.name, call.tool) == (name, tool)
    assert summary is None or call.summary == summary


def test_arguments_that_are_no_json_are_shown_as_written(tmp_path: Path) -> None:
    rollout = legacy().call("call_1", "exec_command", '{"cmd": "ls')
    assert only(rollout.read(tmp_path)).summary == '{"cmd": "ls'


def test_local_shell_call_is_a_command(tmp_path: Path) -> None:
    action = {"type": "exec", "command": ["bash", "-lc", "make test"], "timeout_ms": 1000}
    rollout = legacy().item("local_shell_call", call_id="call_1", status="completed", action=action)
    call = only(rollout.output("call_1", wrapped(2)).read(tmp_path))
    assert (call.tool, call.summary, told(call)) == (Tool.EXEC, "make test", (FAILED, 2, "exit 2"))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("bash -lc 'make test'", "make test"),
        ("/bin/zsh -c 'cd a && make'", "cd a && make"),
        ("bash -lc 'make test' || true", "bash -lc 'make test' || true"),
        ("sh -c make > log 2>&1", "sh -c make > log 2>&1"),
    ],
)
def test_a_shell_is_left_out_only_where_its_script_is_all_there_is(
    typed: str, shown: str, tmp_path: Path
) -> None:
    assert only(legacy().call("call_1", arguments={"cmd": typed}).read(tmp_path)).summary == shown


@pytest.mark.parametrize("output_type", ["custom_tool_call_output", "function_call_output"])
def test_custom_call_pairs_with_its_output(tmp_path: Path, output_type: str) -> None:
    patch = "*** Begin Patch\n*** Update File: app/totals.sh\n@@\n-sum=1\n+sum=0\n*** End Patch"
    rollout = legacy().item("custom_tool_call", call_id="call_1", name="apply_patch", input=patch)
    rollout.item(output_type, call_id="call_1", output=headed(0, "Success. Updated the following files:"))
    call = only(rollout.read(tmp_path))
    assert (call.tool, call.summary, call.status) == (Tool.PATCH, "app/totals.sh (+1 −1)", OK)


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("tracker__lookup", None),
        ("mcp__tracker__lookup", None),
        ("lookup", "mcp__tracker__"),
        ("lookup", "mcp__tracker"),
    ],
)
def test_mcp_call_is_known_in_each_spelling(tmp_path: Path, name: str, namespace: str | None) -> None:
    more = {} if namespace is None else {"namespace": namespace}
    rollout = legacy().call("call_1", name, {"key": "T-17"}, **more)
    call = only(rollout.output("call_1", '{"state":"open"}').read(tmp_path))
    assert (call.tool, call.summary, call.status) == (Tool.MCP, "T-17", OK)


@pytest.mark.parametrize(
    ("result", "status", "reason"),
    [
        ({"Ok": {"content": [{"type": "text", "text": "T-17 is open"}]}}, OK, None),
        (
            {"Ok": {"content": [{"type": "text", "text": "no permission"}], "isError": True}},
            FAILED,
            "no permission",
        ),
        ({"Ok": {"content": [{"type": "text", "text": "fine"}], "isError": False}}, OK, None),
        ({"Err": "tool call error: tool call failed for `tracker/explode`"}, FAILED, "tool error"),
        ({"Err": "the server went away"}, FAILED, "the server went away"),
    ],
)
def test_mcp_end_event_tells_how_the_call_ended(
    tmp_path: Path, result: dict[str, object], status: CallStatus, reason: str | None
) -> None:
    rollout = legacy().call("call_1", "lookup", {"key": "T-17"}, namespace="mcp__tracker__")
    rollout.event(
        "mcp_tool_call_end",
        call_id="call_1",
        invocation={"server": "tracker", "tool": "lookup", "arguments": {"key": "T-17"}},
        duration={"secs": 1, "nanos": 500_000_000},
        result=result,
    )
    call = only(rollout.output("call_1", "T-17").read(tmp_path))
    assert (call.status, call.reason, call.duration_ms) == (status, reason, 1500)


SEARCH = {"type": "search", "query": "posix sh sum"}


def test_web_search_needs_no_output(tmp_path: Path) -> None:
    rollout = legacy().item("web_search_call", status="completed", action=SEARCH).answered("Found it.")
    call = only(rollout.ended("t1").read(tmp_path))
    assert (call.tool, call.summary, call.status) == (Tool.WEB_SEARCH, "posix sh sum", OK)


@pytest.mark.parametrize("ids", [{}, {"id": "ws_1"}], ids=["without id", "with id"])
def test_web_search_told_of_before_its_item_is_one_call(tmp_path: Path, ids: dict[str, str]) -> None:
    rollout = legacy().event("web_search_end", call_id="ws_1", query="posix sh sum", action=SEARCH)
    rollout.item("web_search_call", status="completed", action=SEARCH, **ids)
    assert only(rollout.read(tmp_path)).summary == "posix sh sum"


def test_each_of_two_web_searches_stands_once(tmp_path: Path) -> None:
    rollout = legacy()
    for number in ("one", "two"):
        action = {"type": "search", "query": number}
        rollout.event("web_search_end", call_id=f"ws_{number}", query=number, action=action)
        rollout.item("web_search_call", status="completed", action=action)
    assert [call.summary for call in calls_of(rollout.read(tmp_path))] == ["one", "two"]


def test_web_search_of_a_paginated_file_stands_once(tmp_path: Path) -> None:
    rollout = paginated().done("t1", type="WebSearch", id="ws_1", query="posix sh sum", action=SEARCH)
    rollout.item("web_search_call", id="ws_1", status="completed", action=SEARCH)
    assert only(rollout.read(tmp_path)).call_id == "ws_1"


@pytest.mark.parametrize(
    ("action", "summary"),
    [
        ({"type": "open_page", "url": "https://example.org/a"}, "https://example.org/a"),
        ({"type": "find_in_page", "url": "https://example.org/a", "pattern": "sum"}, "sum"),
    ],
)
def test_web_search_shows_the_page_or_what_it_looked_for(
    tmp_path: Path, action: dict[str, str], summary: str
) -> None:
    call = only(legacy().item("web_search_call", status="completed", action=action).read(tmp_path))
    assert summary in call.summary


def test_tool_search_with_its_arguments_as_an_object(tmp_path: Path) -> None:
    rollout = legacy().item(
        "tool_search_call", call_id="call_1", execution="client", arguments={"query": "ticket tracker"}
    )
    rollout.item("tool_search_output", call_id="call_1", execution="client", tools=[{"name": "lookup"}])
    call = only(rollout.ended("t1").read(tmp_path))
    assert (call.tool, call.name, call.summary) == (Tool.TOOL_SEARCH, "tool_search", "ticket tracker")
    assert call.status is OK


def test_picture_that_was_looked_at_is_ok(tmp_path: Path) -> None:
    rollout = paginated().call("call_1", "view_image", {"path": "/home/dev/dot.png"})
    rollout.done("t1", type="ImageView", id="call_1", path="file:///home/dev/dot.png")
    rollout.output("call_1", [{"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="}])
    call = only(rollout.read(tmp_path))
    assert (call.summary, call.status) == ("/home/dev/dot.png", OK)


def test_generated_picture_stands_once(tmp_path: Path) -> None:
    rollout = legacy().event(
        "image_generation_end", call_id="ig_1", status="completed", revised_prompt="A dot"
    )
    rollout.item(
        "image_generation_call", id="ig_1", status="completed", revised_prompt="A dot", result="iVBO"
    )
    call = only(rollout.read(tmp_path))
    assert (call.tool, call.summary, call.status) == (Tool.IMAGE, "A dot", OK)


def test_plan_shows_the_step_in_progress(tmp_path: Path) -> None:
    plan = [{"step": "Fix the sum", "status": "completed"}, {"step": "Write docs", "status": "in_progress"}]
    rollout = legacy().call("call_1", "update_plan", {"plan": plan}).output("call_1", "Plan updated")
    call = only(rollout.read(tmp_path))
    assert (call.tool, call.summary, call.status) == (Tool.PLAN, "1/2 · Write docs", OK)


def test_answered_question_is_ok(tmp_path: Path) -> None:
    rollout = paginated().call("call_1", "request_user_input", {"questions": [{"question": "Which?"}]})
    rollout.output("call_1", '{"answers":{"which":{"answers":["the first"]}}}')
    call = only(rollout.read(tmp_path))
    assert (call.tool, call.status) == (Tool.ASK, OK)


@pytest.mark.parametrize(
    ("success", "status"), [(True, OK), (False, FAILED)], ids=["the client did it", "the client refused"]
)
def test_tool_of_the_client(tmp_path: Path, success: bool, status: CallStatus) -> None:
    rollout = paginated().call("call_1", "deploy", {"target": "staging"})
    rollout.done(
        "t1",
        type="DynamicToolCall",
        id="call_1",
        tool="deploy",
        arguments={"target": "staging"},
        status="completed" if success else "failed",
        success=success,
        content_items=[{"type": "inputText", "text": "no such target"}],
    )
    call = only(rollout.output("call_1", "no such target").read(tmp_path))
    assert (call.name, call.summary, call.status) == ("deploy", "staging", status)
    assert call.tool is Tool.DYNAMIC


def test_refusal_of_the_client_is_told_in_its_own_words(tmp_path: Path) -> None:
    rollout = paginated().call("call_1", "deploy", {"target": "staging"})
    item = {"id": "call_1", "tool": "deploy", "status": "failed", "success": False}
    words = [{"type": "inputText", "text": "no such target"}]
    rollout.done("t1", type="DynamicToolCall", content_items=words, **item)
    assert only(rollout.output("call_1", "no such target").read(tmp_path)).reason == "no such target"


@pytest.mark.parametrize("receivers", [{"receiver_agents": [{"thread_id": WORKER}]}, {}])
def test_worker_that_was_spawned_is_linked_to_its_call(tmp_path: Path, receivers: dict[str, Any]) -> None:
    rollout = paginated().call("call_1", "spawn_agent", {"message": "Count."}, namespace="multi_agent_v1")
    item = {"id": "call_1", "tool": "spawn_agent", "status": "completed", "prompt": "Count.", **receivers}
    rollout.done("t1", type="CollabAgentToolCall", receiver_thread_ids=[WORKER], **item)
    rollout.output("call_1", json.dumps({"agent_id": WORKER, "nickname": "Dalton"}))
    session = rollout.read(tmp_path)
    call = only(session)
    assert (call.tool, call.status, call.child_session) == (Tool.AGENT, OK, WORKER)
    assert [(child.id, child.call_id) for child in session.children] == [(WORKER, "call_1")]


def test_sealed_worker_is_linked_by_its_activity(tmp_path: Path) -> None:
    rollout = paginated().call("call_1", "spawn_agent", {"task_name": "counter"}, namespace="collaboration")
    activity = {"kind": "started", "agent_thread_id": WORKER, "agent_path": "/root/counter"}
    rollout.done("t1", type="SubAgentActivity", id="call_1", **activity)
    call = only(rollout.output("call_1", '{"task_name":"/root/counter"}').read(tmp_path))
    assert (call.status, call.child_session) == (OK, WORKER)


# -- pairing --------------------------------------------------------------


def test_parallel_calls_find_their_outputs_by_id(tmp_path: Path) -> None:
    rollout = paginated()
    for call_id in ("call_1", "call_2", "call_3"):
        rollout.call(call_id, arguments={"cmd": call_id})
    for call_id, code in (("call_3", 3), ("call_1", 0), ("call_2", 2)):
        rollout.done("t1", **command(call_id, call_id, code))
    for call_id, code in (("call_1", 0), ("call_2", 2), ("call_3", 3)):
        rollout.output(call_id, ran(code))
    calls = calls_of(rollout.read(tmp_path))
    assert [(call.summary, call.exit_code) for call in calls] == [("call_1", 0), ("call_2", 2), ("call_3", 3)]
    assert all(call.parallel for call in calls)


def test_calls_after_each_other_are_not_parallel(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").output("call_1", ran(0)).call("call_2").output("call_2", ran(0))
    assert not any(call.parallel for call in calls_of(rollout.read(tmp_path)))


def test_call_of_an_unfinished_turn_is_not_beside_one_of_the_next(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").started("t2").asked("Go on.").call("call_2").output("call_2", ran(0))
    assert not any(call.parallel for call in calls_of(rollout.read(tmp_path)))


def test_outputs_of_interleaved_calls_go_to_the_right_ones(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").call("call_2").output("call_2", ran(2)).output("call_1", ran(1))
    codes = {call.call_id: call.exit_code for call in calls_of(rollout.read(tmp_path))}
    assert codes == {"call_1": 1, "call_2": 2}


def test_call_that_is_written_twice_counts_once(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").call("call_1").output("call_1", ran(0))
    session = rollout.read(tmp_path)
    assert only(session).status is OK
    assert [problem.kind for problem in session.problems] == ["repeated_call"]


def test_second_output_of_a_call_changes_nothing(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").output("call_1", ran(0)).output("call_1", ran(1))
    assert told(only(rollout.read(tmp_path))) == (OK, 0, None)


def test_output_whose_call_is_not_in_the_file_is_shown_on_its_own(tmp_path: Path) -> None:
    session = legacy().output("call_9", ran(1)).read(tmp_path)
    call = only(session)
    assert (call.call_id, call.status, call.exit_code) == ("call_9", FAILED, 1)
    assert [problem.kind for problem in session.problems] == ["output_without_call"]


def test_output_that_belongs_to_no_call_is_no_call(tmp_path: Path) -> None:
    rollout = paginated().item(
        "function_call_output", name="goal_objective", namespace="agent", output="Make the check pass"
    )
    session = rollout.read(tmp_path)
    assert not calls_of(session)
    assert not session.problems


@pytest.mark.parametrize("ending", ["completed", "aborted", "none", "next turn"])
def test_call_that_nothing_answered_is_unfinished(tmp_path: Path, ending: str) -> None:
    rollout = legacy().call("call_1")
    if ending == "completed":
        rollout.ended("t1")
    elif ending == "aborted":
        rollout.event("turn_aborted", turn_id="t1", reason="interrupted")
    elif ending == "next turn":
        rollout.started("t2").asked("And now?").ended("t2")
    assert told(only(rollout.read(tmp_path))) == (UNFINISHED, None, "no output")


def test_call_killed_with_codex_is_unfinished() -> None:
    assert call_named(read(sample("l_killed_command")), "echo started").status is UNFINISHED


def test_command_that_nobody_saw_ending_is_unfinished(tmp_path: Path) -> None:
    call = only(legacy().call("call_1").output("call_1", goes_on(7)).ended("t1").read(tmp_path))
    assert told(call) == (UNFINISHED, None, "left running")


def test_item_long_after_its_turn_still_ends_its_call(tmp_path: Path) -> None:
    rollout = paginated().call("call_1").output("call_1", goes_on(7)).ended("t1")
    rollout.started("t2").said("user", "And now?").ended("t2").done("t1", **command("call_1", code=5))
    first, second = rollout.read(tmp_path).turns
    assert [told(call) for call in first.calls()] == [(FAILED, 5, "exit 5")]
    assert not second.calls()


def test_late_item_without_a_call_goes_to_its_own_turn(tmp_path: Path) -> None:
    rollout = paginated().ended("t1").started("t2").said("user", "And now?").ended("t2")
    first, second = rollout.done("t1", **command("exec-1a2b", code=5)).read(tmp_path).turns
    assert [call.call_id for call in first.calls()] == ["exec-1a2b"]
    assert not second.calls()


def test_command_that_only_its_item_tells_of_shows_what_ran(tmp_path: Path) -> None:
    call = only(paginated().done("t1", **command("call_1", "sh check.sh", 1)).read(tmp_path))
    assert (call.summary, *told(call)) == ("sh check.sh", FAILED, 1, "exit 1")


def test_interrupted_command_whose_end_is_the_last_line_of_the_file() -> None:
    session = read(sample("h_abort_app"))
    call = call_named(session, "echo started")
    assert (call.status, call.exit_code) == (ABORTED, None)
    assert call.item_place is not None
    assert call.item_place > session.turns[-1].place
    assert [len(turn.calls()) for turn in session.turns] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "tellers",
    [("item",), ("output",), ("item", "output"), ("event", "output"), ("output", "item")],
    ids="+".join,
)
def test_call_stands_once_whoever_tells_of_it(tmp_path: Path, tellers: tuple[str, ...]) -> None:
    rollout = paginated().call("call_1", arguments={"cmd": "sh check.sh"})
    for teller in tellers:
        if teller == "item":
            rollout.done("t1", **command("call_1", code=1))
        elif teller == "event":
            end = {key: value for key, value in command("", code=1).items() if key not in ("type", "id")}
            rollout.event("exec_command_end", call_id="call_1", turn_id="t1", **end)
        else:
            rollout.output("call_1", ran(1))
    (call,) = (item for item in rollout.read(tmp_path).turns[0].items if isinstance(item, Call))
    assert told(call) == (FAILED, 1, "exit 1")


def test_patch_in_a_shell_command_is_one_ok_call() -> None:
    session = read(sample("b_exec"))
    patches = [call for call in calls_of(session) if "apply_patch" in call.summary or call.tool is Tool.PATCH]
    assert [(call.name, call.status, call.exit_code) for call in patches] == [("exec_command", OK, 0)]


def test_failed_patch_in_a_shell_command_says_so(tmp_path: Path) -> None:
    rollout = paginated().call("call_1", arguments={"cmd": "apply_patch <<'EOF'\n*** Begin Patch\nEOF"})
    rollout.output("call_1", "apply_patch verification failed: invalid patch: no end")
    assert told(only(rollout.read(tmp_path))) == (FAILED, None, "patch did not apply")


# -- processes and cells --------------------------------------------------


def test_poll_is_ok_and_its_command_carries_the_end() -> None:
    session = read(sample("b_exec"))
    polled = call_named(session, "echo start; sleep 2")
    poll = next(call for call in calls_of(session) if call.name == "write_stdin")
    assert told(polled) == (FAILED, 4, "exit 4")
    assert (poll.tool, *told(poll)) == (Tool.STDIN, OK, None, None)


@pytest.mark.parametrize(("code", "status"), [(0, OK), (4, FAILED)])
def test_poll_ends_a_command_that_has_no_item(tmp_path: Path, code: int, status: CallStatus) -> None:
    rollout = legacy().call("call_1", arguments={"cmd": "make"}).output("call_1", goes_on(7))
    rollout.call("call_2", "write_stdin", {"session_id": 7, "chars": ""}).output("call_2", goes_on(7))
    rollout.call("call_3", "write_stdin", {"session_id": 7, "chars": ""}).output("call_3", ran(code))
    made, *polls = calls_of(rollout.read(tmp_path))
    assert (made.status, made.exit_code, made.evidence) == (status, code, Evidence.POLL)
    assert [poll.status for poll in polls] == [OK, OK]


def test_polls_of_two_processes_do_not_mix(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").output("call_1", goes_on(7)).call("call_2").output("call_2", goes_on(8))
    rollout.call("call_3", "write_stdin", {"session_id": 8}).output("call_3", ran(2))
    rollout.call("call_4", "write_stdin", {"session_id": 7}).output("call_4", ran(0))
    first, second, *_ = calls_of(rollout.read(tmp_path))
    assert (first.exit_code, second.exit_code) == (0, 2)


def test_cell_completes_although_a_command_inside_failed() -> None:
    cell = next(call for call in calls_of(read(sample("b_exec_code"))) if call.call_id.startswith("call_384"))
    (inside,) = cell.nested or []
    assert (cell.tool, *told(cell)) == (Tool.CODE, OK, None, None)
    assert (inside.parent_call_id, *told(inside)) == (cell.call_id, FAILED, 1, "exit 1")


def test_commands_of_one_cell_stand_in_the_order_they_ended() -> None:
    cell = next(call for call in calls_of(read(sample("b_exec_code"))) if len(call.nested or []) == 3)
    assert [call.summary for call in cell.nested or []] == ["echo quick", "frobnicate", "sleep 1; echo slow"]


def test_command_that_ends_while_its_cell_is_waited_for_stands_under_that_cell() -> None:
    session = read(sample("b_exec_code"))
    late = call_named(session, "sleep 2; echo late")
    cell = next(call for call in calls_of(session) if call.call_id == late.parent_call_id)
    wait = next(call for call in calls_of(session) if call.summary == "cell 6")
    assert "working" in cell.summary
    assert (cell.status, wait.status, wait.nested) == (OK, OK, None)


def test_script_that_throws_is_a_failed_cell() -> None:
    cell = call_named(read(sample("b_exec_code")), "throw new Error")
    assert cell.status is FAILED
    assert "no such helper" in (cell.reason or "")


def test_terminated_cell_is_aborted_and_its_wait_is_ok() -> None:
    session = read(sample("b_exec_code"))
    assert call_named(session, "await new Promise").status is ABORTED
    assert call_named(session, "cell 7 · terminate").status is OK


def test_mcp_call_in_a_cell_stands_under_it(tmp_path: Path) -> None:
    rollout = paginated().item(
        "custom_tool_call", call_id="call_1", name="exec", input="await tools.lookup()"
    )
    item = {
        "server": "tracker",
        "tool": "lookup",
        "status": "failed",
        "result": {"content": [], "isError": True},
    }
    rollout.done("t1", type="McpToolCall", id="exec-1a2b", **item)
    script = "Script completed\nWall time 0.1 seconds\nOutput:\n"
    rollout.item("custom_tool_call_output", call_id="call_1", output=[{"type": "input_text", "text": script}])
    cell, inside = calls_of(rollout.read(tmp_path))
    assert (cell.status, inside.tool, inside.status) == (OK, Tool.MCP, FAILED)
    assert inside.parent_call_id == "call_1"


def test_cell_that_still_ran_when_its_turn_was_interrupted_is_aborted(tmp_path: Path) -> None:
    rollout = paginated().item("custom_tool_call", call_id="call_1", name="exec", input="await sleep()")
    running = "Script running with cell ID 2\nWall time 1.0 seconds\nOutput:\n"
    rollout.item("custom_tool_call_output", call_id="call_1", output=running)
    rollout.event("turn_aborted", turn_id="t1", reason="interrupted")
    assert only(rollout.read(tmp_path)).status is ABORTED


def test_command_that_outlives_its_turn_stands_under_its_cell(tmp_path: Path) -> None:
    rollout = paginated().item("custom_tool_call", call_id="call_1", name="exec", input="await tools.exec()")
    rollout.item("custom_tool_call_output", call_id="call_1", output="aborted by user after 1.5s")
    rollout.event("turn_aborted", turn_id="t1", reason="interrupted").started("t2").said("user", "Go on.")
    rollout.item("custom_tool_call", call_id="call_2", name="exec", input="text(1)").ended("t2")
    first, second = rollout.done("t1", **command("exec-1a2b", "sleep 25", -1)).read(tmp_path).turns
    assert [(call.parent_call_id, call.status) for call in first.calls()] == [
        (None, ABORTED),
        ("call_1", ABORTED),
    ]
    assert [call.call_id for call in second.calls()] == ["call_2"]


# -- outcomes, from the text alone ----------------------------------------

NO_CREATE = "exec_command failed: CreateProcess { message: "

TEXTS = [
    ("exec_command", ran(0), OK, 0, None),
    ("exec_command", ran(1, "FAIL totals"), FAILED, 1, "exit 1"),
    ("exec_command", ran(127, "sh: frobnicate: not found"), FAILED, 127, "exit 127"),
    ("exec_command", ran(124), FAILED, 124, "exit 124"),
    ("exec_command", ran(1, "sh: 1: cannot create x: Read-only file system"), FAILED, 1, "exit 1"),
    ("exec_command", ran(1, "touch: x: Permission denied"), FAILED, 1, "exit 1"),
    ("exec_command", NO_CREATE + r'"Rejected(\"rejected by user\")" }', DECLINED, None, "declined"),
    (
        "exec_command",
        NO_CREATE + r'"Rejected(\"This action was rejected due to unacceptable risk. Deletes files.\")" }',
        DECLINED,
        None,
        "declined by the reviewer",
    ),
    (
        "exec_command",
        NO_CREATE + '"No such file or directory (os error 2)" }',
        FAILED,
        None,
        "could not start",
    ),
    (
        "exec_command",
        "exec_command failed for `touch /x`: SandboxDenied { message: touch, exit_code: 1 }",
        FAILED,
        None,
        "refused by the sandbox",
    ),
    (
        "exec_command",
        "failed to parse function arguments: missing field `cmd`",
        FAILED,
        None,
        "bad arguments",
    ),
    ("frobnicate", "unsupported call: frobnicate", FAILED, None, "unknown tool"),
    (
        "mcp__tracker__no_such_tool",
        "unsupported call: mcp__trackerno_such_tool",
        FAILED,
        None,
        "unknown tool",
    ),
    ("write_stdin", "write_stdin failed: Unknown process id 99999", FAILED, None, "no such process"),
    ("apply_patch", "apply_patch verification failed: no such line", FAILED, None, "patch did not apply"),
    ("apply_patch", "patch rejected by user", DECLINED, None, "declined"),
    ("apply_patch", headed(0, "Success. Updated the following files:\nM x", "0"), OK, 0, None),
    ("apply_patch", wrapped(0, "Success. Updated the following files:\nM x\n", 0.0), OK, 0, None),
    ("shell", "error: Failed to read file to update: x", FAILED, None, "patch did not apply"),
    ("shell", "error: IoError(IoError { context: x })", FAILED, None, "patch did not apply"),
    ("exec_command", "Wall time: 0.0 seconds\nOutput:\n" + wrapped(0, "Success. x\n"), OK, 0, None),
    ("exec_command", "Wall time: 0.0 seconds\nOutput:\n" + headed(0, "Success. x", "0"), OK, 0, None),
    ("lookup__x", '{"state":"open"}', OK, None, None),
    ("lookup__x", 'Wall time: 0.1 seconds\nOutput:\n{"state":"open"}', OK, None, None),
    ("lookup__x", "tool call error: tool call failed for `tracker/x`", FAILED, None, "tool error"),
    ("spawn_agent", "unknown agent_type 'wizard'", FAILED, None, "no such agent role"),
    ("spawn_agent", "agent_name must use only lowercase letters", FAILED, None, "bad agent name"),
    ("spawn_agent", '{"task_name":"/root/counter"}', OK, None, None),
    ("send_input", f"agent with id {WORKER} not found", FAILED, None, "no such agent"),
    ("send_message", "live agent path `/root/nobody` not found", FAILED, None, "no such agent"),
    ("send_message", "", OK, None, None),
    ("followup_task", "", OK, None, None),
    ("wait_agent", '{"message":"Wait completed.","timed_out":false}', OK, None, None),
    ("view_image", "unable to locate image at `/x.png`", FAILED, None, "image not found"),
    ("view_image", "attached local image path", OK, None, None),
    (
        "request_user_input",
        "request_user_input is unavailable in Default mode",
        FAILED,
        None,
        "not available in this mode",
    ),
    ("update_plan", "Plan updated", OK, None, None),
    ("exec_command", "Wall time: 0.8 seconds\naborted by user", ABORTED, None, "interrupted"),
    ("exec_command", "aborted by user after 1.5s", ABORTED, None, "interrupted"),
    ("exec_command", "aborted", ABORTED, None, "interrupted"),
    ("shell", wrapped(0, "a.py"), OK, 0, None),
    ("shell", wrapped(2, "FAIL"), FAILED, 2, "exit 2"),
    ("shell", wrapped(124, "command timed out after 700 milliseconds\n"), FAILED, 124, "timed out"),
    ("shell_command", headed(0, "a.py"), OK, 0, None),
    ("shell_command", headed(1, "FAIL"), FAILED, 1, "exit 1"),
    ("shell_command", headed(124, "command timed out after 700 milliseconds"), FAILED, 124, "timed out"),
    ("shell", "failed in sandbox None with execution error: command timed out", FAILED, None, "timed out"),
    (
        "shell",
        "failed in sandbox LinuxSeccomp with execution error: sandbox denied exec error, exit code: 1",
        FAILED,
        None,
        "refused by the sandbox",
    ),
    ("shell", "exec command rejected by user", DECLINED, None, "declined"),
    ("exec_command", "rejected by user approval settings", DECLINED, None, "declined"),
    (
        "exec_command",
        NO_CREATE + r'"Rejected(\"blocked by policy\")" }',
        DECLINED,
        None,
        "declined by policy",
    ),
    ("exec_command", "blocked by policy", DECLINED, None, "declined by policy"),
]


@pytest.mark.parametrize(
    ("name", "text", "status", "code", "reason"), TEXTS, ids=[f"{row[0]}: {row[1][-32:]}" for row in TEXTS]
)
def test_output_text_tells_the_outcome(
    tmp_path: Path, name: str, text: str, status: CallStatus, code: int | None, reason: str | None
) -> None:
    arguments = {"command": ["ls"]} if name == "shell" else {"cmd": "ls", "command": "ls"}
    call = only(legacy().call("call_1", name, arguments).output("call_1", text).ended("t1").read(tmp_path))
    assert told(call) == (status, code, reason)


SCRIPTS = [
    (["Script completed\nWall time 0.1 seconds\nOutput:\n", "done"], OK, None),
    (
        ["Script failed\nWall time 0.1 seconds\nOutput:\n", "Script error:\nError: no"],
        FAILED,
        "script error: Error: no",
    ),
    (
        ["Script failed\nWall time 0.1 seconds\nOutput:\n", "before", "Script error:\nError: no"],
        FAILED,
        "script error: Error: no",
    ),
    (["aborted by user after 1.5s"], ABORTED, "interrupted"),
    (["Script completed\nWall time 0.1 seconds\nOutput:\n", "Script failed"], OK, None),
]


@pytest.mark.parametrize(("parts", "status", "reason"), SCRIPTS, ids=range(len(SCRIPTS)))
def test_cell_tells_how_its_script_ended(
    tmp_path: Path, parts: list[str], status: CallStatus, reason: str | None
) -> None:
    rollout = paginated().item("custom_tool_call", call_id="call_1", name="exec", input="text(1)")
    output = [{"type": "input_text", "text": part} for part in parts]
    call = only(rollout.item("custom_tool_call_output", call_id="call_1", output=output).read(tmp_path))
    assert (call.status, call.reason) == (status, reason)


GOOD_RUN = (
    "error: expected by test_errors\nFAILED retries: none\nProcess exited with code 1\n24 passed, 0 failed\n"
)


@pytest.mark.parametrize(
    "text", [ran(0, GOOD_RUN), headed(0, GOOD_RUN), wrapped(0, GOOD_RUN)], ids=["now", "2026", "2025"]
)
def test_passing_run_that_prints_of_errors_is_ok(tmp_path: Path, text: str) -> None:
    call = only(legacy().call("call_1", arguments={"cmd": "pytest"}).output("call_1", text).read(tmp_path))
    assert told(call) == (OK, 0, None)


@pytest.mark.parametrize(
    "printed",
    [
        "error: Failed to spawn: `pytest`",
        "unsupported call: dlopen",
        "agent with id 12 is offline",
        "command timed out after three tries",
        "tool call failed in test_tools.py",
    ],
)
def test_reason_of_a_failed_command_is_never_what_the_program_printed(tmp_path: Path, printed: str) -> None:
    rollout = legacy().call("call_1", arguments={"cmd": "uv run pytest"}).output("call_1", ran(2, printed))
    assert told(only(rollout.read(tmp_path))) == (FAILED, 2, "exit 2")


@pytest.mark.parametrize("write", [ran, headed, wrapped])
@pytest.mark.parametrize(("code", "status"), [(0, OK), (3, FAILED)])
def test_outcome_of_a_command_that_printed_a_lot(
    tmp_path: Path, write: Any, code: int, status: CallStatus
) -> None:
    text = write(code, 'a line with "quotes" and \\ backslashes\n' * 5000)
    call = only(legacy().call("call_1").output("call_1", text).read(tmp_path))
    assert (call.status, call.exit_code) == (status, code)


def test_output_that_is_an_object_with_success_is_believed(tmp_path: Path) -> None:
    rollout = legacy().call("call_1", "lookup").output("call_1", {"content": "no", "success": False})
    assert only(rollout.read(tmp_path)).status is FAILED


def test_call_without_any_verdict_is_ok_on_no_evidence(tmp_path: Path) -> None:
    call = only(legacy().call("call_1", "frobnicate").output("call_1", "42").read(tmp_path))
    assert (call.status, call.evidence) == (OK, Evidence.NONE)


# -- outcomes, from items -------------------------------------------------

ERRORED = {"agents_states": {WORKER: {"errored": "no"}}, "receiver_thread_ids": [WORKER]}
NOT_FOUND = {"agents_states": {WORKER: "not_found"}, "receiver_thread_ids": [WORKER]}
DENIED = {"content": [{"type": "text", "text": "T-17: permission denied"}], "isError": True}
CHANGES = {"/home/dev/x": {"type": "add", "content": "x\n"}}

ITEMS: list[tuple[str, dict[str, Any], str, CallStatus, int | None, str | None]] = [
    ("exec_command", command("call_1", code=0), ran(0), OK, 0, None),
    ("exec_command", command("call_1", code=6), ran(6), FAILED, 6, "exit 6"),
    ("exec_command", command("call_1", code=6), goes_on(7), FAILED, 6, "exit 6"),
    ("exec_command", command("call_1", code=0), goes_on(7), OK, 0, None),
    (
        "exec_command",
        command("call_1", code=-1),
        NO_CREATE + '"No such file or directory" }',
        FAILED,
        None,
        "could not start",
    ),
    (
        "exec_command",
        command("call_1", code=-1),
        "Wall time: 0.8 seconds\naborted by user",
        ABORTED,
        None,
        "interrupted",
    ),
    ("exec_command", command("call_1", code=-1), goes_on(7), ABORTED, None, "killed"),
    (
        "exec_command",
        command("call_1", status="declined", exit_code=None),
        "rejected by user",
        DECLINED,
        None,
        "declined",
    ),
    (
        "apply_patch",
        {
            "type": "FileChange",
            "id": "call_1",
            "changes": CHANGES,
            "status": "completed",
            "stdout": "Success.",
        },
        headed(0, "Success."),
        OK,
        0,
        None,
    ),
    (
        "apply_patch",
        {"type": "FileChange", "id": "call_1", "changes": CHANGES, "status": "failed", "stderr": "no"},
        "no",
        FAILED,
        None,
        "patch did not apply",
    ),
    (
        "apply_patch",
        {"type": "FileChange", "id": "call_1", "changes": CHANGES, "status": "declined"},
        "patch rejected by user",
        DECLINED,
        None,
        "declined",
    ),
    (
        "tracker__close",
        {
            "type": "McpToolCall",
            "id": "call_1",
            "server": "tracker",
            "tool": "close",
            "status": "failed",
            "result": DENIED,
        },
        "T-17: permission denied",
        FAILED,
        None,
        "T-17: permission denied",
    ),
    (
        "tracker__explode",
        {
            "type": "McpToolCall",
            "id": "call_1",
            "server": "tracker",
            "tool": "explode",
            "status": "failed",
            "error": {"message": "tool call failed for `tracker/explode`"},
        },
        "tool call error: tool call failed for `tracker/explode`",
        FAILED,
        None,
        "tool error",
    ),
    (
        "wait_agent",
        {"type": "CollabAgentToolCall", "id": "call_1", "tool": "wait", "status": "failed", **ERRORED},
        json.dumps({"status": {WORKER: {"errored": "no"}}, "timed_out": False}),
        FAILED,
        None,
        "the worker failed",
    ),
    (
        "send_input",
        {
            "type": "CollabAgentToolCall",
            "id": "call_1",
            "tool": "send_input",
            "status": "failed",
            **NOT_FOUND,
        },
        f"agent with id {WORKER} not found",
        FAILED,
        None,
        "no such agent",
    ),
]


@pytest.mark.parametrize(
    ("name", "item", "text", "status", "code", "reason"), ITEMS, ids=[f"{row[0]}: {row[5]}" for row in ITEMS]
)
def test_item_tells_the_outcome(
    tmp_path: Path,
    name: str,
    item: dict[str, Any],
    text: str,
    status: CallStatus,
    code: int | None,
    reason: str | None,
) -> None:
    rollout = paginated().call("call_1", name, {"cmd": "ls"}).done("t1", **item).output("call_1", text)
    assert told(only(rollout.ended("t1").read(tmp_path))) == (status, code, reason)


@pytest.mark.parametrize("words", ["Ticket rejected by user alice", "aborted by user bob on Monday"])
def test_good_result_that_talks_of_a_refusal_is_ok(tmp_path: Path, words: str) -> None:
    rollout = paginated().call("call_1", "lookup", {"key": "T-5"}, namespace="mcp__tracker")
    result = {"content": [{"type": "text", "text": words}]}
    item = {"server": "tracker", "tool": "lookup", "status": "completed", "result": result}
    rollout.done("t1", type="McpToolCall", id="call_1", **item)
    call = only(rollout.output("call_1", [{"type": "input_text", "text": words}]).read(tmp_path))
    assert told(call) == (OK, None, None)


@pytest.mark.parametrize("id_", ["call_1", "fc-1"], ids=["usual id", "other id"])
def test_command_that_still_ran_when_codex_ended_is_aborted(tmp_path: Path, id_: str) -> None:
    rollout = paginated().call(id_).output(id_, goes_on(7)).ended("t1").done("t1", **command(id_, code=-1))
    session = rollout.read(tmp_path)
    assert only(session).status is ABORTED
    assert not session.failed_calls()


def test_command_refused_by_the_sandbox_fails_without_an_item(tmp_path: Path) -> None:
    rollout = paginated().call("call_1", arguments={"cmd": "touch /x"})
    rollout.output("call_1", ran(1, "touch: cannot touch '/x': Read-only file system"))
    call = only(rollout.ended("t1").read(tmp_path))
    assert (*told(call), call.item_place) == (FAILED, 1, "exit 1", None)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"success": True, "status": "completed"}, OK),
        ({"success": True}, OK),
        ({"success": False}, FAILED),
        ({"success": False, "status": "failed"}, FAILED),
        ({"success": False, "status": "declined"}, DECLINED),
    ],
)
def test_patch_end_event_tells_the_outcome(tmp_path: Path, facts: dict[str, Any], status: CallStatus) -> None:
    rollout = legacy().item("custom_tool_call", call_id="call_1", name="apply_patch", input="*** Begin Patch")
    call = only(rollout.event("patch_apply_end", call_id="call_1", changes=CHANGES, **facts).read(tmp_path))
    assert call.status is status


# -- durations ------------------------------------------------------------


def test_duration_is_the_items_own(tmp_path: Path) -> None:
    item = command("call_1", duration={"secs": 1, "nanos": 858_000_000})
    rollout = paginated().call("call_1").done("t1", **item).output("call_1", ran(0, wall="0.2000"))
    assert only(rollout.read(tmp_path)).duration_ms == 1858


def test_late_item_corrects_the_duration_of_a_command_that_yielded(tmp_path: Path) -> None:
    item = command("call_1", duration={"secs": 9, "nanos": 0})
    rollout = paginated().call("call_1").output("call_1", goes_on(7)).ended("t1").done("t1", **item)
    assert only(rollout.read(tmp_path)).duration_ms == 9000


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        (ran(0, wall="1.5000"), 1500),
        (ran(3, wall="1.5000"), 1500),
        (headed(0, wall="2"), 2000),
        (wrapped(0, seconds=0.7), 700),
        (wrapped(1, seconds=0.7), 700),
        ("Wall time: 0.8 seconds\naborted by user", 800),
        ("Script completed\nWall time 0.3 seconds\nOutput:\n", 300),
    ],
)
def test_duration_without_an_item_is_what_the_output_says(tmp_path: Path, text: str, duration: int) -> None:
    assert only(legacy().call("call_1").output("call_1", text).read(tmp_path)).duration_ms == duration


def test_duration_of_last_resort_is_between_the_lines(tmp_path: Path) -> None:
    rollout = legacy().call("call_1", "update_plan", {"plan": []})
    assert only(rollout.output("call_1", "Plan updated").read(tmp_path)).duration_ms == 100


def test_command_ended_by_a_poll_lasted_until_then(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").output("call_1", goes_on(7, wall="0.1000"))
    rollout.call("call_2", "write_stdin", {"session_id": 7}).output("call_2", ran(0))
    assert calls_of(rollout.read(tmp_path))[0].duration_ms == 300


def test_parallel_commands_end_by_their_own_duration(tmp_path: Path) -> None:
    rollout = legacy().call("call_1").call("call_2")
    rollout.output("call_1", ran(0, wall="0.0500")).output("call_2", ran(0, wall="0.2000"))
    for call in calls_of(rollout.read(tmp_path)):
        assert call.started_at is not None
        assert call.duration_ms is not None
        assert call.ended_at == call.started_at + call.duration_ms


def test_call_without_output_has_no_duration(tmp_path: Path) -> None:
    assert only(legacy().call("call_1").ended("t1").read(tmp_path)).duration_ms is None


# -- what is no call ------------------------------------------------------


def test_workers_end_is_a_note_not_a_call(tmp_path: Path) -> None:
    activity = {"kind": "completed", "agent_thread_id": WORKER, "agent_path": "/root/counter"}
    rollout = paginated().done("t1", type="SubAgentActivity", id="subagent-completed-t9", **activity)
    (turn,) = rollout.read(tmp_path).turns
    assert not turn.calls()
    assert [item.text for item in turn.items if isinstance(item, Note) and item.kind is NoteKind.NOTE] == [
        "/root/counter completed"
    ]
