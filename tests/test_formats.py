"""What kind of session a file is, told by its content; and nothing in it is lost, known or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.building import OTHER_THREAD, THREAD, Rollout, read_file
from tests.reading_sessions import SAMPLES, calls_of, sample, truths
from trace_tui.errors import Unreadable
from trace_tui.home import Home
from trace_tui.model import CallStatus, Session, TurnStatus
from trace_tui.parsers.detect import HEAD_SIZE, NotASession, detect
from trace_tui.parsers.formats import Format
from trace_tui.reading import SessionReader
from trace_tui.show.contract import session_object
from trace_tui.sources import file_source
from trace_tui.texts import Texts

Record = dict[str, Any]


def dumped(*records: Record) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def read_content(folder: Path, content: bytes) -> Session:
    path = folder / "session.jsonl"
    path.write_bytes(content)
    return read_file(path)


def reason_for(content: bytes) -> str:
    with pytest.raises(NotASession) as refused:
        detect(content)
    return str(refused.value)


def reordered(line: bytes, *keys: str) -> bytes:
    record = json.loads(line)
    return json.dumps({key: record[key] for key in keys}).encode()


# -- enveloped files ----------------------------------------------------


@pytest.mark.parametrize("truth", list(truths()), ids=str)
def test_samples_are_told_apart_by_content(truth: Any) -> None:
    for path in truth.paths:
        head = path.read_bytes()[:HEAD_SIZE]
        if path.suffix == ".jsonl":
            expected = Format.PAGINATED if b'"ordinal":' in head[:80] else Format.ROLLOUT
            assert detect(head) is expected


def test_one_line_is_enough() -> None:
    assert detect(Rollout().meta().content()) is Format.ROLLOUT
    assert detect(Rollout(ordinals=True).meta().content()) is Format.PAGINATED
    assert detect(Rollout().meta(history_mode="paginated").content()) is Format.PAGINATED


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n\n", b"\r\n", b"\x00" * 512, b"  \n\x00\n"])
def test_blanks_before_the_first_record_hide_nothing(before: bytes, tmp_path: Path) -> None:
    session = read_content(tmp_path, before + Rollout().meta().asked("Hello").content())
    assert session.id == THREAD
    assert session.title == "Hello"
    assert not session.problems


@pytest.mark.parametrize("ordinals", [False, True])
def test_a_first_line_longer_than_the_head_is_known_by_how_it_begins(ordinals: bool, tmp_path: Path) -> None:
    rollout = Rollout(ordinals=ordinals).meta(base_instructions={"text": "x" * (HEAD_SIZE * 2)})
    session = rollout.asked("Hello").read(tmp_path)
    assert session.format is (Format.PAGINATED if ordinals else Format.ROLLOUT)
    assert session.id == THREAD
    assert session.title == "Hello"


def test_a_long_first_line_may_begin_with_any_key(tmp_path: Path) -> None:
    rollout = Rollout().meta(base_instructions={"text": "x" * (HEAD_SIZE * 2)}).asked("Hello")
    rollout.lines[0] = reordered(rollout.lines[0], "type", "timestamp", "payload")
    assert rollout.read(tmp_path).id == THREAD


def test_a_long_first_line_without_envelope_is_known_too(tmp_path: Path) -> None:
    header = {"id": THREAD, "timestamp": "2025-08-09T10:00:00.000Z", "instructions": "x" * (HEAD_SIZE * 2)}
    assert read_content(tmp_path, dumped(header, message("user", "Hello"))).id == THREAD


@pytest.mark.parametrize("kept", [1, 15, 40, 60, 85, 120])
def test_a_torn_first_line_leaves_the_rest_readable(kept: int, tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Hello").answered("Hi")
    rollout.lines[0] = rollout.lines[0][:kept]
    session = rollout.read(tmp_path)
    assert session.format is Format.ROLLOUT
    assert session.title == "Hello"
    assert [problem.line for problem in session.problems] == [1]


@pytest.mark.parametrize(
    "keys",
    [("payload", "type", "timestamp"), ("type", "payload", "timestamp"), ("timestamp", "payload", "type")],
)
def test_keys_may_stand_in_any_order(keys: tuple[str, ...], tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Hello").call("call_a").output("call_a", "Exit code: 2\nOutput:\n")
    plain = rollout.read(tmp_path)
    rollout.lines = [reordered(line, *keys) for line in rollout.lines]
    other = rollout.read(tmp_path)
    assert other.format is Format.ROLLOUT
    assert (other.id, other.started_at, other.ended_at) == (plain.id, plain.started_at, plain.ended_at)
    assert [call.exit_code for call in calls_of(other)] == [2]


def test_spaces_between_keys_change_nothing(tmp_path: Path) -> None:
    rollout = Rollout(ordinals=True).meta().started("t1").asked("Hello").ended("t1")
    rollout.lines = [json.dumps(json.loads(line)).encode() for line in rollout.lines]
    session = rollout.read(tmp_path)
    assert session.format is Format.PAGINATED
    assert [turn.status for turn in session.turns] == [TurnStatus.COMPLETED]


def test_paginated_lines_may_follow_legacy_ones(tmp_path: Path) -> None:
    legacy = Rollout().meta().asked("First").call("call_a").output("call_a", "Exit code: 1\nOutput:\n")
    legacy.answered("One")
    newer = Rollout(ordinals=True, first_ordinal=len(legacy.lines)).started("t2").said("user", "Second")
    newer.done("t2", type="UserMessage", id="i1", content=[{"type": "text", "text": "Second"}])
    newer.call("call_b").done(
        "t2",
        type="CommandExecution",
        id="call_b",
        command=["bash", "-lc", "ls"],
        status="failed",
        exit_code=7,
        duration={"secs": 0, "nanos": 0},
    )
    newer.output("call_b", "Process exited with code 7\nOutput:\n").ended("t2", "Two")
    session = read_content(tmp_path, legacy.content() + newer.content())
    assert session.format is Format.ROLLOUT
    assert [turn.prompt.head for turn in session.turns if turn.prompt] == ["First", "Second"]
    assert [call.exit_code for call in calls_of(session)] == [1, 7]
    assert not session.problems


def test_bare_records_may_follow_an_envelope(tmp_path: Path) -> None:
    content = Rollout().meta().asked("First").content() + dumped(*bare_call("call_x", 3))
    assert [call.exit_code for call in calls_of(read_content(tmp_path, content))] == [3]


# -- bare records of 2025 -------------------------------------------------


def message(role: str, text: str, **more: Any) -> Record:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}], **more}


def bare_call(call_id: str, exit_code: int, **more: Any) -> list[Record]:
    output = json.dumps({"output": "text\n", "metadata": {"exit_code": exit_code, "duration_seconds": 0.5}})
    arguments = json.dumps({"command": ["bash", "-lc", "ls"]})
    return [
        {"type": "function_call", "name": "shell", "arguments": arguments, "call_id": call_id, **more},
        {"type": "function_call_output", "call_id": call_id, "output": output, **more},
    ]


def bare_records(**more: Any) -> list[Record]:
    return [
        {
            "id": THREAD,
            "timestamp": "2025-08-09T10:00:00.000Z",
            "instructions": None,
            "git": {"branch": "main"},
        },
        {"record_type": "state"},
        message("user", "List the files", **more),
        {"record_type": "state", "previous_response_id": "resp_1"},
        *bare_call("call_a", 0, **more),
        *bare_call("call_b", 4, **more),
        message("assistant", "Two files.", **more),
        {"record_type": "state"},
    ]


@pytest.mark.parametrize("more", [{}, {"timestamp": "2025-08-09T10:00:05.000Z"}], ids=["timeless", "timed"])
def test_a_bare_session_is_told(more: Record, tmp_path: Path) -> None:
    session = read_content(tmp_path, dumped(*bare_records(**more)))
    assert session.format is Format.BARE
    assert (session.id, session.branch) == (THREAD, "main")
    assert [(call.summary, call.exit_code) for call in calls_of(session)] == [("ls", 0), ("ls", 4)]
    assert session.title == "List the files"
    answer = session.turns[0].final_answer
    assert answer is not None
    assert answer.head == "Two files."
    assert session.turns[0].status is TurnStatus.COMPLETED
    assert not session.problems
    assert not session.unknown


def test_times_of_bare_records_are_kept_where_there_are_any(tmp_path: Path) -> None:
    session = read_content(tmp_path, dumped(*bare_records(timestamp="2025-08-09T10:00:05.000Z")))
    assert session.ended_at is not None
    assert session.ended_at % 60_000 == 5000


@pytest.mark.parametrize("first", range(1, 6))
def test_a_bare_session_may_begin_with_any_of_its_records(first: int) -> None:
    assert detect(dumped(*bare_records()[first:])) is Format.BARE


def test_state_records_are_neither_problems_nor_unknown(tmp_path: Path) -> None:
    session = read_content(tmp_path, dumped({"record_type": "state"}, message("user", "Hello")))
    assert not session.problems
    assert not session.unknown


# -- the TypeScript CLI ---------------------------------------------------

OBJECT: Record = {
    "session": {"timestamp": "2025-05-16T10:00:00.000Z", "id": THREAD, "instructions": 'Say {"items": [] }'},
    "items": [
        message("user", 'Show "{[}]" and a \\ and é 日本'),
        *bare_call("call_a", 0),
        *bare_call("call_b", 9),
        message("assistant", "Done."),
    ],
}


def written(indent: int | None) -> bytes:
    return json.dumps(OBJECT, indent=indent, ensure_ascii=False).encode()


@pytest.mark.parametrize("indent", [None, 0, 2, 8])
def test_a_typescript_session_is_told_however_it_is_laid_out(indent: int | None, tmp_path: Path) -> None:
    session = read_content(tmp_path, written(indent))
    assert session.format is Format.TYPESCRIPT
    assert session.id == THREAD
    assert session.title == 'Show "{[}]" and a \\ and é 日本'
    assert [call.exit_code for call in calls_of(session)] == [0, 9]
    assert not session.problems
    assert not session.unknown


def test_items_may_stand_before_the_session(tmp_path: Path) -> None:
    content = json.dumps({"items": OBJECT["items"], "session": OBJECT["session"]}, indent=2).encode()
    session = read_content(tmp_path, content)
    assert session.id == THREAD
    assert [call.exit_code for call in calls_of(session)] == [0, 9]


@pytest.mark.parametrize("indent", [None, 2])
def test_records_of_a_typescript_session_are_found_again(indent: int | None, tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(written(indent))
    session = read_file(path)
    with Texts(session, [file_source(path)]) as texts:
        assert [json.loads(texts.raw(call.place)) for call in calls_of(session)] == OBJECT["items"][1:5:2]


@pytest.mark.parametrize("indent", [None, 2])
def test_half_a_typescript_session_keeps_its_whole_items(indent: int | None, tmp_path: Path) -> None:
    content = written(indent)
    ends = [content.index(b'"call_id": "' + name) for name in (b"call_a", b"call_b")]
    for cut in range(20, len(content), 7):
        session = read_content(tmp_path, content[:cut])
        assert len(calls_of(session)) >= sum(cut > end + 40 for end in ends)
        assert {problem.kind for problem in session.problems} <= {"torn_line"}


@pytest.mark.parametrize("words", [b'"List', b'"function_call_output', b'"Done'])
def test_a_typescript_session_cut_inside_an_item_says_so(words: bytes, tmp_path: Path) -> None:
    content = written(2).replace(b"Show", b"List")
    (problem,) = read_content(tmp_path, content[: content.rindex(words) + 3]).problems
    assert problem.kind == "torn_line"
    assert problem.line > 1


def test_a_typescript_session_without_items_is_empty(tmp_path: Path) -> None:
    session = read_content(tmp_path, json.dumps({"session": OBJECT["session"], "items": []}).encode())
    assert session.id == THREAD
    assert session.state == "empty"


# -- codex exec --json ------------------------------------------------------

NEWEST: list[Record] = [
    {"type": "thread.started", "thread_id": THREAD},
    {"type": "turn.started"},
    {
        "type": "item.started",
        "item": {
            "id": "item_0",
            "type": "command_execution",
            "command": "bash -lc 'exit 3'",
            "aggregated_output": "",
            "exit_code": None,
            "status": "in_progress",
        },
    },
    {
        "type": "item.completed",
        "item": {
            "id": "item_0",
            "type": "command_execution",
            "command": "bash -lc 'exit 3'",
            "aggregated_output": "",
            "exit_code": 3,
            "status": "failed",
        },
    },
    {"type": "item.completed", "item": {"id": "item_1", "type": "agent_message", "text": "Done."}},
    {"type": "turn.completed", "usage": {"input_tokens": 10, "cached_input_tokens": 4, "output_tokens": 5}},
]


def with_item_type(record: Record) -> Record:
    """As 0.42 wrote it with `--experimental-json`."""
    if "item" in record:
        item = dict(record["item"])
        kind = item.pop("type")
        item["item_type"] = "assistant_message" if kind == "agent_message" else kind
        return {**record, "item": item}
    if record["type"] == "thread.started":
        return {"type": "session.created", "session_id": record["thread_id"]}
    return record


OLDEST: list[Record] = [
    {
        "workdir": "/home/dev/work",
        "model": "gpt-5",
        "provider": "openai",
        "approval": "never",
        "sandbox": "read-only",
    },
    {"prompt": "Exit with three"},
    {"id": "0", "msg": {"type": "session_configured", "session_id": THREAD, "model": "gpt-5"}},
    {"id": "0", "msg": {"type": "task_started", "model_context_window": 272000}},
    {
        "id": "0",
        "msg": {
            "type": "exec_command_begin",
            "call_id": "call_a",
            "command": ["bash", "-lc", "exit 3"],
            "cwd": "/",
        },
    },
    {
        "id": "0",
        "msg": {"type": "exec_command_output_delta", "call_id": "call_a", "stream": "stdout", "chunk": [1]},
    },
    {
        "id": "0",
        "msg": {
            "type": "exec_command_end",
            "call_id": "call_a",
            "stdout": "",
            "stderr": "",
            "aggregated_output": "",
            "exit_code": 3,
            "duration": {"secs": 0, "nanos": 5000000},
        },
    },
    {"id": "0", "msg": {"type": "agent_message", "message": "Done."}},
    {
        "id": "0",
        "msg": {
            "type": "token_count",
            "input_tokens": 10,
            "cached_input_tokens": 4,
            "output_tokens": 5,
            "total_tokens": 15,
        },
    },
    {"id": "0", "msg": {"type": "task_complete", "last_agent_message": "Done."}},
]

GENERATIONS = pytest.mark.parametrize(
    "records",
    [NEWEST, [with_item_type(record) for record in NEWEST], OLDEST],
    ids=["item.type", "item_type", "msg"],
)


def expect_stream(session: Session) -> None:
    assert session.format is Format.EXEC_STREAM
    assert session.id == THREAD
    assert [(call.summary, call.status, call.exit_code) for call in calls_of(session)] == [
        ("exit 3", CallStatus.FAILED, 3)
    ]
    (turn,) = session.turns
    assert turn.status is TurnStatus.COMPLETED
    assert turn.final_answer is not None
    assert turn.final_answer.head == "Done."
    assert session.usage[:4] == (10, 4, 0, 5)
    assert not session.unknown
    assert not session.problems


@GENERATIONS
def test_every_generation_of_a_stream_tells_the_same(records: list[Record], tmp_path: Path) -> None:
    expect_stream(read_content(tmp_path, dumped(*records)))


@GENERATIONS
def test_a_log_may_hold_anything_between_the_records(records: list[Record], tmp_path: Path) -> None:
    noise = b"##[group]Run codex\nnpm warn {deprecated}\n\x1b[36mcolour\x1b[0m\n[]\n{ not json }\n\n"
    lines = [noise + line for line in dumped(*records).splitlines(keepends=True)]
    expect_stream(read_content(tmp_path, b"".join(lines) + noise))


@GENERATIONS
@pytest.mark.parametrize(
    "before", [b"2026-11-20T12:00:05.1234567Z ", b"build\tstep\t2026-11-20T12:00:05.123Z "]
)
def test_times_that_a_log_puts_before_its_lines_are_used(
    records: list[Record], before: bytes, tmp_path: Path
) -> None:
    lines = [before + line for line in dumped(*records).splitlines(keepends=True)]
    session = read_content(tmp_path, b"".join(lines))
    expect_stream(session)
    assert session.ended_at is not None
    assert session.ended_at % 60_000 == 5123


def test_records_of_a_log_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"".join(b"12:00 " + line for line in dumped(*NEWEST).splitlines(keepends=True)))
    session = read_file(path)
    with Texts(session, [file_source(path)]) as texts:
        assert session_object(session, texts)["turns"][0]["final_answer"] == "Done."
        assert b"exit 3" in texts.raw(calls_of(session)[0].place)


def test_a_failed_turn_of_a_stream_says_why(tmp_path: Path) -> None:
    records = [*NEWEST[:2], {"type": "turn.failed", "error": {"message": "stream disconnected"}}]
    (turn,) = read_content(tmp_path, dumped(*records)).turns
    assert turn.status is TurnStatus.FAILED
    assert turn.error is not None
    assert turn.error.message == "stream disconnected"


def test_the_last_id_counts_where_a_web_search_has_two(tmp_path: Path) -> None:
    lines = [
        b'{"type":"item.started","item":{"id":"item_1","type":"web_search","id":"ws_1","query":"","action":{}}}\n',
        b'{"type":"item.completed","item":{"id":"item_1","type":"web_search","id":"ws_1","query":"codex"}}\n',
    ]
    session = read_content(tmp_path, dumped(*NEWEST[:2]) + b"".join(lines))
    assert [(call.call_id, call.summary) for call in calls_of(session)] == [("ws_1", "codex")]


def test_runs_that_number_their_items_alike_stay_apart(tmp_path: Path) -> None:
    session = read_content(tmp_path, dumped(*NEWEST, *NEWEST))
    assert [call.exit_code for call in calls_of(session)] == [3, 3]
    assert len(session.turns) == 2


@pytest.mark.parametrize("name", sorted(path.name for path in (SAMPLES / "exec-json").iterdir()))
def test_streams_of_the_real_binary_are_understood(name: str) -> None:
    session = read_file(SAMPLES / "exec-json" / name)
    assert session.format is Format.EXEC_STREAM
    assert session.id is not None
    assert session.turns
    assert not session.unknown
    assert not session.problems


# -- no sessions ------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n\r\n  \n", "only blanks or NUL"),
        (b"\x00" * 4096, "only blanks or NUL"),
        (b"\x7fELF\x02\x01\x01" + bytes(300), "binary"),
        (b"SQLite format 3\x00" + bytes(range(256)) * 4, "binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n", "Git-LFS"),
        (b"Hello,\nthis is a letter.\n", "text without a single record"),
        (b"[1, 2, 3]\n", "no record of a Codex session"),
        (b'{"name": "package", "version": "1.0.0"}\n', "not a Codex session"),
        (b'{"name": "package", "vers', "breaks off or is damaged"),
        (b"{}\n{}\n", "not a Codex session"),
    ],
)
def test_other_files_get_a_precise_reason(content: bytes, reason: str) -> None:
    assert reason in reason_for(content)


@pytest.mark.parametrize(
    "records",
    [
        # Claude Code
        [
            {"type": "summary", "summary": "Fix it", "leafUuid": "u0"},
            {
                "parentUuid": None,
                "isSidechain": False,
                "cwd": "/home/dev",
                "sessionId": THREAD,
                "type": "user",
                "message": {"role": "user", "content": "Hello"},
                "uuid": "u1",
                "timestamp": "2026-11-20T12:00:00.000Z",
            },
        ],
        # a chat-completions log
        [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi", "tool_calls": []}],
        # GeoJSON lines, structured logs, other agents' events
        [{"type": "Feature", "geometry": {"type": "Point"}, "properties": {}}],
        [{"level": "info", "time": 1795178945591, "msg": "started"}],
        [
            {
                "type": "message",
                "id": "1",
                "timestamp": "2026-11-20T12:00:00.000Z",
                "message": {"role": "user"},
            }
        ],
        [{"id": "1", "timestamp": "2026-11-20T12:00:00.000Z", "value": 5}],
        [{"session_id": THREAD, "ts": 1795178945, "text": "Hello"}],
        [{"id": THREAD, "thread_name": "a name", "updated_at": "2026-11-20T12:00:00Z"}],
    ],
    ids=["claude", "chat", "geo", "log", "pi", "values", "history", "names"],
)
def test_json_of_others_is_no_session(records: list[Record]) -> None:
    reason = reason_for(dumped(*records))
    assert "not a Codex session" in reason
    assert next(iter(records[0])) in reason


def test_other_files_are_refused_with_their_path(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"session\.jsonl: .*Git-LFS"):
        read_content(tmp_path, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def test_a_second_file_that_is_no_session_is_a_problem_of_the_thread(tmp_path: Path) -> None:
    first = Rollout().meta().asked("Hello").save(tmp_path, "a.jsonl")
    second = tmp_path / "b.jsonl"
    second.write_bytes(b"")
    session = read_file(first, second)
    assert session.id == THREAD
    assert [problem.kind for problem in session.problems] == ["not_a_session"]


# -- the unknown, and the damaged ---------------------------------------------


def test_unknown_types_are_counted_by_name(tmp_path: Path) -> None:
    rollout = Rollout(ordinals=True).meta().line("rollout_reference", {"a": 1}).line("rollout_reference", {})
    rollout.event("brand_new_event", text="x").item("brand_new_item").item("brand_new_item")
    rollout.done("t1", type="BrandNewItem", id="i1").event("item_completed", item={}).event("item_completed")
    rollout.line("event_msg", {}).line("response_item", {"role": "user"}).asked("Hello")
    session = rollout.read(tmp_path)
    assert session.unknown == {
        "rollout_reference": 2,
        "event_msg/brand_new_event": 1,
        "response_item/brand_new_item": 2,
        "event_msg/item_completed/BrandNewItem": 1,
        "event_msg/item_completed": 2,
        "event_msg": 1,
        "response_item": 1,
    }
    assert session.title == "Hello"
    assert not session.problems


def test_unknown_records_without_envelope_are_counted(tmp_path: Path) -> None:
    content = dumped(
        *bare_records(), {"type": "novelty"}, {"x": 1}, {"type": 7}, {"type": "message2", "role": "a"}
    )
    assert sum(read_content(tmp_path, content).unknown.values()) == 4


def test_unknown_items_of_a_stream_are_counted(tmp_path: Path) -> None:
    content = dumped(*NEWEST, {"type": "item.completed", "item": {"id": "item_9", "type": "novelty"}})
    assert read_content(tmp_path, content).unknown == {"item/novelty": 1}


@pytest.mark.parametrize("value", [None, 5, "text", [], ["x"], True, 1.5])
@pytest.mark.parametrize(
    "line",
    ["session_meta", "response_item", "event_msg", "turn_context", "compacted", "token_usage_record", "new"],
)
def test_a_payload_that_is_no_object_is_never_lost(line: str, value: Any, tmp_path: Path) -> None:
    session = Rollout().meta().line(line, value).asked("Hello").read(tmp_path)
    assert sum(session.unknown.values()) + len(session.problems) == 1
    assert session.title == "Hello"


@pytest.mark.parametrize("second", [b"null", b"5", b'"x"', b"[]", b'[{"type":"message"}]'])
def test_a_payload_that_stands_twice_does_no_harm(second: bytes, tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Hello").call("call_a").event("thread_name_updated", thread_name="x")
    rollout.lines[1:] = [line[:-1] + b',"payload":' + second + b"}" for line in rollout.lines[1:]]
    session = rollout.read(tmp_path)
    assert session.id == THREAD


def test_lines_that_are_json_but_no_objects_are_problems(tmp_path: Path) -> None:
    session = (
        Rollout().meta().raw(b"[1]").raw(b"null").raw(b'"text"').raw(b"12").asked("Hello").read(tmp_path)
    )
    assert [(problem.line, problem.kind) for problem in session.problems] == [
        (line, "not_an_object") for line in (2, 3, 4, 5)
    ]


def test_invalid_utf8_spoils_only_its_own_letters(tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Caf?").call("call_a", arguments={"cmd": "echo ?"})
    rollout.output("call_a", "Exit code: 2\nOutput:\n? " + "x" * 3000)
    session = read_content(tmp_path, rollout.content().replace(b"?", b"\xe9"))
    assert session.title == "Caf\ufffd"
    assert [(call.summary, call.exit_code) for call in calls_of(session)] == [("echo \ufffd", 2)]
    assert not session.problems


def a_command(printed: str) -> Rollout:
    """A finished command whose call stands nowhere."""
    item = {
        "type": "CommandExecution",
        "id": "call_gone",
        "command": ["bash", "-lc", "ls"],
        "status": "failed",
    }
    more = {"aggregated_output": printed, "exit_code": 3, "duration": {"secs": 0, "nanos": 0}}
    return Rollout(ordinals=True).meta().started("t1").asked("Hello").done("t1", **item, **more).ended("t1")


@pytest.mark.parametrize("letter", [b"\xe9", rb"\ud800", b"\x00"])
@pytest.mark.parametrize("length", [0, 5000])
def test_a_command_without_its_call_is_told_whatever_it_printed(
    letter: bytes, length: int, tmp_path: Path
) -> None:
    content = a_command("@" + "x" * length).content().replace(b"@", letter)
    session = read_content(tmp_path, content)
    if letter != b"\x00":  # no JSON, whoever reads it
        assert [(call.summary, call.exit_code) for call in calls_of(session)] == [("ls", 3)]
        assert not session.problems
    assert session.turns[0].status is TurnStatus.COMPLETED


@pytest.mark.parametrize("second", [b"null", b"5", b"[]", b"{}"])
def test_a_command_with_a_second_payload_does_no_harm(second: bytes, tmp_path: Path) -> None:
    rollout = a_command("x")
    at = next(at for at, line in enumerate(rollout.lines) if b"CommandExecution" in line)
    rollout.lines[at] = rollout.lines[at][:-1] + b',"payload":' + second + b"}"
    assert rollout.read(tmp_path).turns[0].status is TurnStatus.COMPLETED


def test_lone_surrogates_spoil_only_their_own_letters(tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Broken @ here").call("call_a", arguments='{"cmd":"echo @"}')
    rollout.output("call_a", "Exit code: 2\nOutput:\n@" + "x" * 3000).answered("Well @")
    session = read_content(tmp_path, rollout.content().replace(b"@", rb"\ud800"))
    (call,) = calls_of(session)
    assert session.title.startswith("Broken ")
    assert call.exit_code == 2
    assert call.summary.startswith("echo ")
    json.dumps(session.title).encode()
    assert not session.problems


def test_escaped_lone_surrogates_in_arguments_leave_the_command_readable(tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Hello").call("call_a", arguments='{"cmd":"echo \\ud800 there"}')
    (call,) = calls_of(rollout.read(tmp_path))
    assert call.summary.startswith("echo ")


def test_numbers_that_json_does_not_know_spoil_only_their_line(tmp_path: Path) -> None:
    rollout = (
        Rollout().meta().asked("Hello").raw(b'{"timestamp":"x","type":"event_msg","payload":{"type":NaN}}')
    )
    session = rollout.answered("Hi").read(tmp_path)
    assert len(session.problems) + sum(session.unknown.values()) == 1
    assert session.turns[0].status is TurnStatus.COMPLETED


@pytest.mark.parametrize(
    "seconds", ["1e306", "-1e306", "1e18", "-5", "0.1e-300", "null", '"x"', "[]", "true"]
)
def test_odd_durations_do_no_harm(seconds: str, tmp_path: Path) -> None:
    output = f'{{"output":"x","metadata":{{"exit_code":1,"duration_seconds":{seconds}}}}}'
    session = Rollout().meta().asked("Hello").call("call_a").output("call_a", output).read(tmp_path)
    assert [call.exit_code for call in calls_of(session)] == [1]


@pytest.mark.parametrize(
    "stamp", ["", "x", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z", 5, None, [], {}]
)
def test_odd_times_do_no_harm(stamp: Any, tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Hello").call("call_a").answered("Hi")
    rollout.lines = [
        json.dumps(json.loads(line) | {"timestamp": stamp}, separators=(",", ":")).encode()
        for line in rollout.lines
    ]
    path = rollout.save(tmp_path)
    home = Home(path)
    sources = home.thread_sources()
    session = SessionReader(sources).run()
    home.complete(session)
    with Texts(session, sources) as texts:
        assert session_object(session, texts)["session"]["title"] == "Hello"


def test_deep_nesting_spoils_only_its_line(tmp_path: Path) -> None:
    deep = b'{"timestamp":"x","type":"event_msg","payload":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001
    session = Rollout().meta().raw(deep).asked("Hello").read(tmp_path)
    assert [problem.line for problem in session.problems] == [2]
    assert session.title == "Hello"


# -- torn writes ----------------------------------------------------------------


def torn_session() -> Rollout:
    rollout = Rollout().meta().asked("Hello").call("call_a").output("call_a", "Exit code: 2\nOutput:\nx")
    rollout.call("call_b").output("call_b", "Process exited with code 0\nOutput:\n" + "x" * 3000)
    return rollout.counted((10, 2), (10, 2)).answered("Hi")


@pytest.mark.parametrize("number", range(1, len(torn_session().lines)))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95, 1.0])
def test_a_torn_write_repeated_on_the_same_line_costs_nothing(
    number: int, share: float, tmp_path: Path
) -> None:
    rollout = torn_session()
    line = rollout.lines[number]
    rollout.lines[number] = line[: int(len(line) * share)] + line
    session, whole = rollout.read(tmp_path), torn_session().read(tmp_path)
    assert [(call.call_id, call.exit_code) for call in calls_of(session)] == [("call_a", 2), ("call_b", 0)]
    assert session.usage == whole.usage
    assert [turn.status for turn in session.turns] == [turn.status for turn in whole.turns]
    assert [problem.line for problem in session.problems] == [number + 1]


@pytest.mark.parametrize("torn", range(1, len(torn_session().lines)))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_another_record_behind_a_torn_one_is_told(torn: int, share: float, tmp_path: Path) -> None:
    rollout = torn_session()
    line = rollout.lines[torn]
    behind = Rollout().call("call_z", arguments={"cmd": "pwd"}).lines[0]
    rollout.lines[torn] = line[: int(len(line) * share)] + behind
    session = rollout.read(tmp_path)
    assert "call_z" in [call.call_id for call in calls_of(session)]
    assert torn + 1 in [problem.line for problem in session.problems]


@pytest.mark.parametrize("between", [b"", b" ", b"\x00\x00", b"\r"])
def test_two_whole_records_on_one_line_are_both_told(between: bytes, tmp_path: Path) -> None:
    calls = Rollout().call("call_a").call("call_b").lines
    session = Rollout().meta().asked("Hello").raw(between.join(calls)).read(tmp_path)
    assert [call.call_id for call in calls_of(session)] == ["call_a", "call_b"]
    assert [problem.line for problem in session.problems] == [4]


def test_padding_around_a_record_costs_nothing(tmp_path: Path) -> None:
    rollout = torn_session()
    rollout.lines = [b"\x00" * 300 + line + b"\x00" * 7 + b"\r" for line in rollout.lines]
    session = rollout.read(tmp_path)
    assert [call.exit_code for call in calls_of(session)] == [2, 0]
    assert not session.problems


def test_a_torn_last_line_is_a_problem_and_no_more(tmp_path: Path) -> None:
    content = torn_session().content()
    session = read_content(tmp_path, content[:-40])
    assert [problem.kind for problem in session.problems] == ["torn_line"]
    assert len(calls_of(session)) == 2


def test_a_whole_last_line_counts_without_its_newline(tmp_path: Path) -> None:
    content = torn_session().content()
    session = read_content(tmp_path, content.rstrip(b"\n"))
    assert not session.problems
    assert session.turns[0].status is TurnStatus.COMPLETED


def test_a_foreign_header_is_not_this_session(tmp_path: Path) -> None:
    session = Rollout().meta().meta(OTHER_THREAD).asked("Hello").read(tmp_path)
    assert session.id == THREAD


def test_a_real_session_begun_elsewhere_keeps_its_calls(tmp_path: Path) -> None:
    """The same file with its head torn off: nothing tells who it is, and everything what it did."""
    content = sample("b_exec").read_bytes()
    whole = read_content(tmp_path, content)
    rest = read_content(tmp_path, content[content.index(b"\n") + 1 :])
    assert rest.id is None
    assert [call.call_id for call in calls_of(rest)] == [call.call_id for call in calls_of(whole)]
