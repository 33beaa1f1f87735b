"""A line read in passing and the same line read whole tell the same facts."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import Rollout
from tests.reading_sessions import SAMPLES
from trace_tui.fold import Fold
from trace_tui.fold.tools import summary_of_call, tool_of_call
from trace_tui.model import SessionFile
from trace_tui.parsers.containers import Unwrapped
from trace_tui.parsers.events import (
    CallMade,
    CallOutput,
    Event,
    Message,
    Quiet,
    Reasoning,
    SessionHeader,
    TokenCount,
    ToolEnded,
)
from trace_tui.parsers.formats import Format
from trace_tui.parsers.lines import read_lines
from trace_tui.parsers.outputs import read_output
from trace_tui.parsers.records import RecordReader

FILES = sorted(path for path in SAMPLES.rglob("rollout-*") if path.is_file())
TEXTS = ("text", "input", "output", "message", "last_message")
# What whole reading finds in the texts, or what a call's own line tells as well.
LEFT_OUT = {
    "name",
    "namespace",
    "cwd",
    "process_id",
    "arguments",
    "cut",
    "summary",
    "plain_success",
    "last_part",
    "whole",
}


def skimmed(line: bytes) -> Event:
    return RecordReader().read(line)


def whole(line: bytes) -> Event:
    return RecordReader(whole=True).read(line)


def facts(event: Event) -> dict[str, Any]:
    """What the fold goes by, however it was read."""
    found: dict[str, Any] = {
        field.name: getattr(event, field.name)
        for field in fields(event)
        if field.name not in LEFT_OUT and field.name not in TEXTS
    }
    found["type"] = type(event)
    if isinstance(event, CallOutput) and event.exit_code is None:
        read = read_output(event.text)
        found["exit_code"], found["seconds"] = read.exit_code, read.seconds
    elif isinstance(event, SessionHeader):
        found["history_base"] = str(event.history_base)
    elif isinstance(event, CallMade):
        found["summary"] = summary_of_call(event, tool_of_call(event))
        found["name"] = event.name
    return found


def expect_same_facts(line: bytes) -> None:
    short, full = skimmed(line), whole(line)
    if isinstance(short, Quiet) and isinstance(full, Message) and full.role == "developer":
        return
    told, known = facts(short), facts(full)
    if isinstance(short, Reasoning | CallOutput | Quiet) and short.turn_id is None:
        del told["turn_id"], known["turn_id"]  # found by the call, or by what is open
    assert told == known
    if isinstance(short, ToolEnded) and isinstance(full, ToolEnded) and short.summary:
        assert short.summary == full.summary
    for name in TEXTS:
        assert (getattr(full, name, None) or "").startswith(getattr(short, name, None) or "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[-44:])
def test_every_line_of_a_sample_tells_the_same_facts(path: Path) -> None:
    with Unwrapped(path.open("rb")) as stream:
        for _, _, line in read_lines(stream):
            expect_same_facts(line)


def sample_lines() -> list[bytes]:
    """One of each kind of line that is ever skimmed, from every sample."""
    found: dict[tuple[str, str, str, int, bool], bytes] = {}
    for path in FILES:
        with Unwrapped(path.open("rb")) as stream:
            for _, _, line in read_lines(stream):
                record = orjson.loads(line)
                payload = record["payload"]
                inner = payload.get("item") or {}
                kinds = (
                    record["type"],
                    payload.get("type") or "",
                    inner.get("type") or payload.get("name") or "",
                )
                found[(*kinds, len(line) // 2048, len(line) % 2 > 0)] = line
    return list(found.values())


KINDS = sample_lines()


@given(st.integers(0, len(KINDS) - 1), st.integers(0, 2**32))
def test_the_order_of_keys_changes_no_fact(number: int, seed: int) -> None:
    record = orjson.loads(KINDS[number])
    payload = record["payload"]
    for part in (payload, payload.get("item")):
        if isinstance(part, dict):
            entries = list(part.items())
            first = entries[:1] if "type" in part else []
            rest = entries[len(first) :]
            Random(seed).shuffle(rest)
            part.clear()
            part.update(first + rest)
    expect_same_facts(orjson.dumps(record))


# -- lines made up to mislead -----------------------------------------------

LOOK_ALIKES = [
    '","exit_code":0,"',
    ',"exit_code":9,',
    '"exit_code": 5',
    '{"output":"x","metadata":{"exit_code":8,"duration_seconds":2.5}}',
    '{"output":',
    '"metadata": {"exit_code": 0}}',
    '"}}',
    '{"timestamp":"2026-11-20T12:00:00.000Z","type":"event_msg","payload":{}}',
    '","call_id":"call_fake","name":"exec_command","arguments":"{}',
    '","status":"declined","turn_id":"fake","duration":{"secs":9,"nanos":0},"',
    ',"source":"user_shell"',
    "Process exited with code 7\n",
    "Exit code: 6\nWall time: 9 seconds\n",
    "Wall time: 3.5 seconds\nProcess running with session ID 5\n",
    "Chunk ID: abc123\n",
    "Output:\n",
    "Script failed\nWall time 1 seconds\nOutput:\n",
    "aborted by user after 3s",
    "command timed out after 10 ms\n",
    "exec_command failed: rejected by user",
    "*** Begin Patch\n*** Update File: a.py\n",
    "\n+*** Add File: fake.py",
    "\n-old\n+new",
    "\\n+not added\\n-not removed",
    "\\",
    '\\"',
    "\\u0041",
    "\n",
    "\r\n",
    "\t",
    "\x1b[31m",
    "\x00",
    "é日本🙂",
    "\ufffd",
    "\u2028",
    "x" * 100,
    "🙂" * 200,
    "y" * 1500,
]
pieces = st.sampled_from(LOOK_ALIKES) | st.text(max_size=20).filter(
    lambda text: text.isprintable() or not text
)
texts = st.lists(pieces, max_size=6).map("".join)
exit_codes = st.sampled_from([0, 0, 1, 2, 124, 127, -1])


@st.composite
def outputs(draw: st.DrawFn) -> Any:
    body, code = draw(texts), draw(exit_codes)
    forms = [
        body,
        f"Exit code: {code}\nWall time: 0.4 seconds\nOutput:\n{body}",
        f"Chunk ID: 0a1b2c\nWall time: 1.5000 seconds\nProcess exited with code {code}\nOutput:\n{body}",
        f"Wall time: 0.2 seconds\nProcess exited with code {code}\nOriginal token count: 5\nOutput:\n{body}",
        f"Process running with session ID 77\nOutput:\n{body}",
        json.dumps({"output": body, "metadata": {"exit_code": code, "duration_seconds": 0.3}}),
        json.dumps({"metadata": {"exit_code": code}, "output": body}, separators=(",", ":")),
        json.dumps(
            {"output": body, "metadata": {"exit_code": code}}, separators=(",", ":"), ensure_ascii=False
        ),
        [{"type": "input_text", "text": body}],
    ]
    return draw(st.sampled_from(forms))


@st.composite
def arguments(draw: st.DrawFn) -> str:
    command = draw(texts | st.sampled_from(["ls", "git status && echo 'ü'", "cat <<'E'\nx\nE"]))
    forms: list[dict[str, Any]] = [
        {"cmd": command},
        {"cmd": command, "yield_time_ms": 1000, "workdir": "/x"},
        {"command": ["bash", "-lc", command]},
        {"command": ["/bin/bash", "-lc", command], "timeout_ms": 5},
        {"command": ["bash", "-lc", command], "workdir": command},
        {"command": command.split()},
        {"command": command},
        {"workdir": "/x", "cmd": command},
    ]
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    return json.dumps(draw(st.sampled_from(forms)), separators=separators, ensure_ascii=draw(st.booleans()))


def outcomes(lines: list[bytes], *, whole: bool) -> list[Any]:
    """What becomes of these lines when they are folded."""
    fold = Fold()
    fold.begin_file(SessionFile("a.jsonl"), Format.ROLLOUT)
    reader = RecordReader(whole=whole)
    for number, line in enumerate(lines, start=1):
        fold.feed(number, reader.read(line))
    session = fold.session()
    assert not session.unknown
    told: list[Any] = [session.id, session.usage, [problem.kind for problem in session.problems]]
    for turn in session.turns:
        told.append((turn.id, turn.kind, turn.status, turn.usage, turn.context_used, turn.compactions))
        for call in turn.calls():
            told.append((call.call_id, call.name, call.tool, call.summary, call.started_at, call.ended_at))
            told.append(
                (call.status, call.exit_code, call.reason, call.evidence, call.duration_ms, call.parallel)
            )
    return told


def expect_same_outcome(rollout: Rollout) -> None:
    assert outcomes(rollout.lines, whole=False) == outcomes(rollout.lines, whole=True)


def begun() -> Rollout:
    return Rollout(ordinals=True).meta().started("t1").asked("Go")


@given(arguments(), outputs(), st.sampled_from(["exec_command", "shell", "shell_command", "lookup"]))
def test_calls_end_the_same_whatever_was_printed(written: str, output: Any, name: str) -> None:
    expect_same_outcome(begun().call("call_a", name, written).output("call_a", output).ended("t1"))


@given(texts, outputs())
def test_custom_calls_end_the_same_whatever_they_hold(text: str, output: Any) -> None:
    for name, input_ in (("apply_patch", f"*** Begin Patch\n*** Add File: b.py\n+{text}\n"), ("exec", text)):
        rollout = begun().item(
            "custom_tool_call", status="completed", call_id="call_a", name=name, input=input_
        )
        expect_same_outcome(
            rollout.item("custom_tool_call_output", call_id="call_a", output=output).ended("t1")
        )


@given(texts, texts, exit_codes, st.integers(0, 1200), st.booleans())
def test_finished_commands_are_told_the_same(
    command: str, printed: str, exit_code: int, padding: int, called: bool
) -> None:
    rollout = begun()
    if called:
        rollout.call("call_a", arguments={"cmd": command})
    item = {
        "type": "CommandExecution",
        "id": "call_a" if called else "exec-1",
        "process_id": "66924",
        "command": ["/bin/bash", "-lc", command],
        "cwd": "file:///home/dev/" + "w" * padding,
        "parsed_cmd": [{"type": "unknown", "cmd": command}],
        "source": "unified_exec_startup",
        "status": "failed" if exit_code else "completed",
        "aggregated_output": printed,
        "exit_code": exit_code,
        "duration": {"secs": 1, "nanos": 2_000_000},
    }
    times = {"started_at_ms": 1795178945591, "completed_at_ms": 1795178946593}
    rollout.event("item_completed", thread_id="x", turn_id="t1", item=item, **times)
    expect_same_outcome(rollout.ended("t1"))


@pytest.mark.parametrize("shift", range(0, 700, 100))
def test_facts_are_whole_wherever_in_the_line_they_stand(shift: int) -> None:
    for padding in range(shift, shift + 100):
        line = Rollout().event(
            "item_completed",
            thread_id="x",
            turn_id="t1",
            item={
                "type": "CommandExecution",
                "id": "call_a",
                "command": ["bash", "-lc", "w" * padding],
                "source": "agent",
                "status": "failed",
                "aggregated_output": "out\n",
                "exit_code": 123,
                "duration": {"secs": 1, "nanos": 2_000_000},
            },
            started_at_ms=1795178945591,
            completed_at_ms=1795178946593,
        )
        expect_same_facts(line.lines[0])


@given(texts, texts, exit_codes, st.sampled_from(["completed", "failed", "declined"]), st.booleans())
def test_command_ends_of_older_builds_are_told_the_same(
    command: str, printed: str, exit_code: int, status: str, called: bool
) -> None:
    rollout = begun()
    if called:
        rollout.call("call_a", arguments={"cmd": command})
    rollout.event(
        "exec_command_end",
        call_id="call_a" if called else "user-1",
        process_id="1",
        turn_id="t1",
        command=["/bin/bash", "-lc", command],
        cwd="/home/dev",
        parsed_cmd=[{"type": "unknown", "cmd": command}],
        source="agent" if called else "user_shell",
        stdout=printed,
        stderr="",
        aggregated_output=printed,
        exit_code=exit_code,
        duration={"secs": 0, "nanos": 5_000_000},
        formatted_output=printed,
        status=status,
    )
    if called:
        rollout.output("call_a", "").ended("t1")
    expect_same_outcome(rollout)


@given(texts, st.booleans(), st.sampled_from([[], [{"type": "summary_text", "text": "Thinking"}]]))
def test_reasoning_is_sealed_or_not_the_same(text: str, with_content: bool, summary: list[Any]) -> None:
    more: dict[str, Any] = (
        {"content": [{"type": "reasoning_text", "text": "t" + text}]} if with_content else {}
    )
    line = Rollout().item("reasoning", id="rs_1", summary=summary, **more, encrypted_content=text).lines[0]
    short, full = skimmed(line), whole(line)
    assert isinstance(short, Reasoning)
    assert isinstance(full, Reasoning)
    assert short.sealed == full.sealed


@given(texts, st.booleans())
def test_compactions_are_told_the_same(text: str, message_first: bool) -> None:
    history = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text * 9}]}]
    payload: dict[str, Any] = {"message": text, "window_id": 1, "replacement_history": history}
    if not message_first:
        payload = {key: payload[key] for key in reversed(payload)}
    expect_same_facts(Rollout().line("compacted", payload).lines[0])
    short = skimmed(Rollout().line("compacted", payload).lines[0])
    assert getattr(short, "text", None) == text


@given(st.lists(st.integers(0, 10**14), min_size=5, max_size=5), st.sampled_from([None, 0, 258400]))
def test_token_counts_are_read_the_same(counts: list[int], window: int | None) -> None:
    keys = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens", "total_tokens")
    row = dict(zip(keys, counts, strict=True))
    info = {"total_token_usage": row, "last_token_usage": row, "model_context_window": window}
    line = Rollout().event("token_count", info=info, rate_limits=None).lines[0]
    expect_same_facts(line)
    event = skimmed(line)
    assert isinstance(event, TokenCount)
    assert (event.last or ())[:1] == (b"%d" % counts[0],)
    assert (event.context, event.window) == (counts[4], window)


@pytest.mark.parametrize(
    "command", ["bash -lc 'npm test'", "/bin/zsh -c ls", "sh -c 'a b'", "bash script.sh"]
)
def test_a_shell_inside_a_command_line_is_taken_off_the_same_way(command: str) -> None:
    expect_same_facts(Rollout().call("call_a", arguments={"cmd": command}).lines[0])


@pytest.mark.parametrize("length", [10, 3000])
def test_json_printed_by_a_tool_is_no_verdict(length: int) -> None:
    printed = json.dumps({"output": "x" * length, "stats": {"exit_code": 3}})
    rollout = begun().call("call_a", "lookup", {"q": 1}, namespace="mcp__db").output("call_a", printed)
    expect_same_outcome(rollout.ended("t1"))


def test_bytes_that_are_no_text_look_the_same_in_long_lines() -> None:
    line = Rollout().output("call_a", "Exit code: 1\nOutput:\n? " + "x" * 3000).lines[0]
    expect_same_facts(line.replace(b"?", b"\xe9"))


@pytest.mark.parametrize(
    "line",
    ['+print("a\\n-b\\n+c")', "+*** Update File: fake.py", "+see *** Add File: x", "+*** Delete File: é.py"],
)
@pytest.mark.parametrize("lines", [1, 900])
def test_patches_are_counted_by_their_own_lines(line: str, lines: int) -> None:
    patch = "*** Begin Patch\n*** Update File: b.py\n" + "-a\n+b\n" * lines + line + "\n*** End Patch"
    call = Rollout().item(
        "custom_tool_call", status="completed", call_id="c", name="apply_patch", input=patch
    )
    expect_same_facts(call.lines[0])
    assert facts(skimmed(call.lines[0]))["summary"] == f"b.py (+{lines + 1} −{lines})"
