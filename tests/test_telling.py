"""The detail pane is told all about calls, notes, turns and sessions, of every era and format."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.building import Rollout
from tests.library import entry, link_to
from tests.reading_sessions import SAMPLES, sample, truths
from trace_tui.home import Home
from trace_tui.library.chains import grow
from trace_tui.model import Call, CallStatus, Note, NoteKind, Session, Tool, Turn
from trace_tui.parsers.formats import Format
from trace_tui.parsers.usage import Usage
from trace_tui.reading import SessionReader
from trace_tui.relatives import Agent, Relation
from trace_tui.telling.calls import call_document, command_of
from trace_tui.telling.notes import note_document
from trace_tui.telling.raw import raw_document
from trace_tui.telling.sessions import entry_document, session_document
from trace_tui.telling.turns import turn_document
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import (
    Block,
    Checklist,
    Code,
    Facts,
    Folded,
    Gauge,
    Heading,
    Later,
    Output,
    Patch,
    Plain,
    Prose,
    Rows,
    Title,
)
from trace_tui.wording.cast import Cast


def names(session: Session) -> Cast:
    """Who is who, as far as the session itself tells."""
    return Cast.of_session(session)


ALL = sorted({path for truth in truths() for path in truth.paths}) + sorted(
    (SAMPLES / "exec-json").glob("*.jsonl")
)
every_sample = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem[-20:])
TURN = "01a1f900-0000-7000-8000-00000000000a"
PNG = base64.b64encode(b"\x89PNG" + bytes(33_996)).decode()


@contextmanager
def opened(path: Path) -> Iterator[tuple[Session, Texts]]:
    home = Home(path)
    sources = home.thread_sources()
    session = SessionReader(sources).run()
    home.complete(session)
    with Texts(session, sources) as texts:
        yield session, texts


def calls_in(session: Session) -> list[tuple[Turn, Call]]:
    return [(turn, call) for turn in session.turns for call in turn.calls()]


def notes_in(session: Session) -> list[tuple[Turn, Note]]:
    return [(turn, item) for turn in session.turns for item in turn.items if isinstance(item, Note)]


def words(blocks: Sequence[Block]) -> str:
    """All that a reader would see, once everything is unfolded."""
    return "\n".join(_words(block) for block in blocks)


def _words(block: Block) -> str:
    match block:
        case Title(parts):
            return "".join(text for text, _ in parts)
        case Facts(pairs):
            return "\n".join(f"{name}: {value}" for name, value in pairs)
        case Heading(heading, aside) | Gauge(heading, _, aside):
            return f"{heading} {aside}"
        case Patch(changes):
            return "\n".join("\n".join((change.path, change.action, *change.lines)) for change in changes)
        case Checklist(steps):
            return "\n".join(f"{state} {step}" for step, state in steps)
        case Rows(lines):
            return "\n".join("".join(text for text, _ in line) for line in lines)
        case Folded(summary, inner) | Later(summary, inner):
            return f"{summary}\n{words(inner)}"
        case _:
            return block.text


def facts(blocks: Sequence[Block]) -> dict[str, str]:
    return {name: value for block in blocks if isinstance(block, Facts) for name, value in block.pairs}


def after(blocks: Sequence[Block], heading: str) -> Block:
    """The block that stands right under a heading."""
    return blocks[[isinstance(one, Heading) and one.words == heading for one in blocks].index(True) + 1]


def told_calls(folder: Path, rollout: Rollout) -> list[list[Block]]:
    with opened(rollout.save(folder)) as (session, texts):
        return [call_document(call, turn, session, texts, names(session)) for turn, call in calls_in(session)]


def asked() -> Rollout:
    return Rollout().meta().started(TURN).asked("Please work.")


# -- every sample -----------------------------------------------------------


@every_sample
def test_every_call_tells_how_it_ended_and_what_was_run(path: Path) -> None:
    with opened(path) as (session, texts):
        for turn, call in calls_in(session):
            blocks = call_document(call, turn, session, texts, names(session))
            told = words(blocks)
            assert isinstance(blocks[0], Title)
            assert call.call_id in told
            assert (call.reason or call.status.value) in _words(blocks[0])
            if call.exit_code is not None:
                assert facts(blocks)["exit code"] == str(call.exit_code)
            command = command_of(call, texts)
            if command is not None and "apply_patch" not in command:
                assert command.strip() in told
            elif call.tool is Tool.EXEC and command is None:
                assert call.reason == "bad arguments"
            assert any(isinstance(block, Heading) and block.words in ("output", "error") for block in blocks)


@every_sample
def test_every_note_turn_and_session_is_told(path: Path) -> None:
    with opened(path) as (session, texts):
        for turn, note in notes_in(session):
            told = words(note_document(note, turn, session, texts, names(session)))
            assert f"turn {turn.index} · line" in told
            assert note.text[:40].strip() in told or note.kind in (
                NoteKind.COMPACTION,
                NoteKind.AGENT_MESSAGE,
            )
        for turn in session.turns:
            told = words(turn_document(turn, session, texts, names(session)))
            assert (texts.whole(turn.prompt) or "") in told
            assert (texts.whole(turn.final_answer) or "") in told
            assert turn.error is None or turn.error.message in told
            for call in turn.calls():
                assert not call.status.is_failure or f"line {call.place}" in told or len(session.files) > 1
        told = words(session_document(session, None, texts, names(session)))
        assert session.id is not None
        assert session.id in told
        assert f"{session.usage.total:,}" in told


@every_sample
def test_every_record_stands_as_it_is_in_the_file(path: Path) -> None:
    with opened(path) as (session, texts):
        for _, call in calls_in(session)[:5]:
            heading, code = raw_document([call.place], texts)
            assert isinstance(heading, Heading)
            assert isinstance(code, Code)
            assert json.loads(code.text) == json.loads(texts.raw(call.place))


# -- calls --------------------------------------------------------------------


def test_a_command_is_told_without_its_shell_and_its_output_without_the_header() -> None:
    with opened(sample("b_exec")) as (session, texts):
        turn, call = calls_in(session)[1]
        title, _, _, command, _, output, *_ = call_document(call, turn, session, texts, names(session))
    assert _words(title) == "✗ exit 1 · run exec_command"
    assert command == Code("sh check.sh", "bash")
    assert output == Output("FAIL totals: expected 6, got 7\n")


def test_a_command_left_running_shows_what_later_polls_read() -> None:
    with opened(sample("b_exec")) as (session, texts):
        turn, call = next(found for found in calls_in(session) if found[1].exit_code == 4)
        assert Output("start\nend\n") in call_document(call, turn, session, texts, names(session))


def test_input_of_a_process_is_told_as_typed_or_as_waiting() -> None:
    with opened(sample("b_exec")) as (session, texts):
        typed = [found for found in calls_in(session) if found[1].tool is Tool.STDIN]
        first, second = (
            call_document(call, turn, session, texts, names(session)) for turn, call in typed[:2]
        )
    assert Plain("waited for output", "dim") in first
    assert after(second, "typed") == Plain("Ada\n")


def test_arguments_that_were_not_understood_stand_as_written() -> None:
    with opened(sample("b_exec")) as (session, texts):
        bad = [found for found in calls_in(session) if found[1].reason == "bad arguments"]
        torn, misnamed = (call_document(call, turn, session, texts, names(session)) for turn, call in bad)
    assert Code('{"cmd": "ls') in torn
    assert Code('{\n  "command": "ls"\n}', "json") in misnamed
    assert after(torn, "output") == Plain("bad arguments", "bold red")


def test_a_heredoc_patch_is_a_patch_and_its_answer_has_no_header() -> None:
    with opened(sample("b_exec")) as (session, texts):
        turn, call = calls_in(session)[-1]
        blocks = call_document(call, turn, session, texts, names(session))
        assert (command_of(call, texts) or "").endswith("EOF")
    patch = after(blocks, "patch")
    assert isinstance(patch, Patch)
    assert [(change.path, change.action, change.lines) for change in patch.changes] == [
        ("notes.txt", "add", ("+one",))
    ]
    assert blocks[-3] == Output("Success. Updated the following files:\nA notes.txt\n")


def test_a_patch_that_failed_says_why_before_its_lines() -> None:
    with opened(sample("c_patch")) as (session, texts):
        failed = [found for found in calls_in(session) if found[1].status is CallStatus.FAILED]
        blocks, *_, unreadable = (
            call_document(call, turn, session, texts, names(session)) for turn, call in failed
        )
    kinds = [type(block) for block in blocks]
    assert kinds == [Title, Plain, Plain, Heading, Plain, Plain, Heading, Patch, Heading, Facts]
    assert "Failed to find expected lines" in words(blocks[:7])
    assert after(unreadable, "patch") == Code("please change the file")


def test_a_patch_inside_a_script_is_told_by_its_item() -> None:
    with opened(sample("b_exec_code")) as (session, texts):
        turn, call = next(found for found in calls_in(session) if found[1].tool is Tool.PATCH)
        patch = after(call_document(call, turn, session, texts, names(session)), "patch")
    assert isinstance(patch, Patch)
    assert {"-sum=1", "+sum=0"} < set(patch.changes[0].lines)


def test_a_patch_of_which_only_the_files_are_known_counts_no_lines() -> None:
    with opened(SAMPLES / "exec-json" / "i_resume-2.jsonl") as (session, texts):
        turn, call = calls_in(session)[0]
        blocks = [
            *call_document(call, turn, session, texts, names(session)),
            *turn_document(turn, session, texts, names(session)),
        ]
    assert "app/totals.sh" in words(blocks)
    assert "+0" not in words(blocks)


def test_a_script_has_its_calls_below_it() -> None:
    with opened(sample("b_exec_code")) as (session, texts):
        turn, call = next(found for found in calls_in(session) if len(found[1].nested or ()) == 3)
        blocks = call_document(call, turn, session, texts, names(session))
        inside = call_document((call.nested or [])[1], turn, session, texts, names(session))
    assert isinstance(blocks[3], Code)
    assert blocks[3].language == "javascript"
    rows = after(blocks, "its calls")
    assert isinstance(rows, Rows)
    assert ["exit 127" in _words(Rows([line])) for line in rows.lines] == [False, True, False]
    assert facts(inside)["inside"] == f"script {call.call_id} · line {call.place}"


def test_an_mcp_call_tells_server_tool_and_its_result_or_error() -> None:
    with opened(sample("d_mcp")) as (session, texts):
        found = {
            call.name: call_document(call, turn, session, texts, names(session))
            for turn, call in calls_in(session)
        }
    assert (facts(found["lookup"])["server"], facts(found["lookup"])["tool"]) == ("tracker", "lookup")
    result = after(found["lookup"], "output")
    assert isinstance(result, Code)
    assert json.loads(result.text)["state"] == "open"
    assert after(found["close_ticket"], "error") == Plain("T-17: permission denied", "red")
    assert "the tracker is down" in words(found["explode"])
    assert after(found["slow"], "output") == Output("slow but fine")


def test_a_plan_is_a_checklist(tmp_path: Path) -> None:
    plan = [{"step": "Look", "status": "completed"}, {"step": "Fix", "status": "in_progress"}]
    rollout = asked().call("call_p", "update_plan", {"explanation": "Two *steps*.", "plan": plan})
    (blocks,) = told_calls(tmp_path, rollout.output("call_p", "Plan updated"))
    assert Prose("Two *steps*.") in blocks
    assert Checklist([("Look", "completed"), ("Fix", "in_progress")]) in blocks


def test_worker_calls_tell_task_worker_and_what_became_of_it() -> None:
    with opened(sample("f_agents_v1")) as (session, texts):
        found = [
            call_document(call, turn, session, texts, names(session)) for turn, call in calls_in(session)
        ]
    spawn = next(blocks for blocks in found if "count the files" in words(blocks))
    assert after(spawn, "task") == Prose("Worker one: count the files of the project.")
    name, worker_id = facts(spawn)["worker"].rstrip(")").split(" (")
    wait = next(blocks for blocks in found if Plain(f"{name} completed", "bold") in blocks)
    assert worker_id in facts(wait)["targets"]
    assert Prose("There are 3 files.") in wait


def test_a_sealed_task_is_said_to_be_sealed() -> None:
    with opened(sample("f_agents_v2")) as (session, texts):
        turn, call = next(found for found in calls_in(session) if found[1].name == "spawn_agent")
        blocks = call_document(call, turn, session, texts, names(session))
    assert after(blocks, "task") == Plain("sealed: the file holds only its cipher text", "dim")
    assert "gAAAA" not in words(blocks)


def test_a_search_tells_its_query_and_action() -> None:
    with opened(sample("m_legacy")) as (session, texts):
        turn, call = next(found for found in calls_in(session) if found[1].tool is Tool.WEB_SEARCH)
        blocks = call_document(call, turn, session, texts, names(session))
    assert (facts(blocks)["action"], facts(blocks)["query"]) == ("search", "posix sh sum")
    assert blocks[-3] == Plain("no output was written", "dim")


def test_a_picture_is_named_by_its_kind_and_size(tmp_path: Path) -> None:
    image = [{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}]
    rollout = asked().call("call_i", "view_image", {"path": "/w/shot.png"}).output("call_i", image)
    rollout.call("call_t").output("call_t", f"Exit code: 0\nOutput:\nsee data:image/png;base64,{PNG} there")
    viewed, printed = told_calls(tmp_path, rollout)
    assert facts(viewed)["path"] == "/w/shot.png"
    assert after(viewed, "output") == Plain("image/png, 34 kB", "dim")
    assert after(printed, "output") == Output("see image/png, 34 kB there")


def test_what_a_command_asked_for_besides_itself_is_told(tmp_path: Path) -> None:
    arguments = {
        "command": ["bash", "-lc", "make\nmake test"],
        "timeout_ms": 500,
        "with_escalated_permissions": True,
        "justification": "needs the net",
    }
    rollout = asked().call("call_a", "shell", arguments)
    (blocks,) = told_calls(tmp_path, rollout.output("call_a", "exec command rejected by user"))
    assert _words(blocks[0]) == "⊘ declined · run shell"
    assert Code("make\nmake test", "bash") in blocks
    assert facts(blocks)["asked for"] == "escalated permissions · needs the net"
    assert facts(blocks)["with"] == "timeout_ms 500"


def test_a_call_that_was_never_answered_says_so(tmp_path: Path) -> None:
    (blocks,) = told_calls(tmp_path, asked().call("call_a"))
    assert _words(blocks[0]).startswith("? no output")
    assert blocks[-3] == Plain("no output was written", "dim")
    assert "exit code" not in facts(blocks)


def test_an_output_that_only_looks_like_a_header_stays_whole(tmp_path: Path) -> None:
    rollout = asked().call("call_m", "lookup", {}, namespace="mcp__tracker")
    text = "Exit code: 3\nOutput:\nas the log said"
    (blocks,) = told_calls(tmp_path, rollout.output("call_m", text))
    assert after(blocks, "output") == Output(text)


def test_an_output_whose_call_stands_before_a_cut_is_told(tmp_path: Path) -> None:
    (blocks,) = told_calls(tmp_path, asked().output("call_gone", "Exit code: 2\nOutput:\nlate"))
    assert after(blocks, "output") == Output("late")


def test_a_persons_own_command_is_told_whole_where_only_a_message_has_it(tmp_path: Path) -> None:
    command = "echo " + "long " * 60
    message = (
        f"<user_shell_command>\n<command>\n{command}\n</command>\n<result>\n"
        "Exit code: 1\nDuration: 0.0312 seconds\nOutput:\nno repository\n</result>\n</user_shell_command>"
    )
    with opened(Rollout().meta().said("user", message).save(tmp_path)) as (session, texts):
        ((turn, call),) = calls_in(session)
        blocks = call_document(call, turn, session, texts, names(session))
        assert command_of(call, texts) == command
    assert Code(command, "bash") in blocks
    assert after(blocks, "output") == Output("no repository")


def test_the_whole_command_of_a_stream_is_told(tmp_path: Path) -> None:
    command = "echo " + "long " * 60 + "end"
    item = {"id": "item_0", "type": "command_execution", "command": f"/bin/bash -lc '{command}'"}
    lines = [
        {"type": "thread.started", "thread_id": TURN},
        {"type": "turn.started"},
        {"type": "item.started", "item": item | {"aggregated_output": "", "status": "in_progress"}},
    ]
    path = tmp_path / "stream.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with opened(path) as (session, texts):
        ((_, call),) = calls_in(session)
        assert session.format is Format.EXEC_STREAM
        assert command_of(call, texts) == command


def test_calls_of_a_typescript_session_are_told(tmp_path: Path) -> None:
    call = {"type": "function_call", "name": "shell", "call_id": "call_a"}
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Look."}]},
        call | {"arguments": json.dumps({"command": ["bash", "-lc", "ls"]})},
        {
            "type": "function_call_output",
            "call_id": "call_a",
            "output": json.dumps({"output": "no such\n", "metadata": {"exit_code": 9}}),
        },
    ]
    path = tmp_path / "session.json"
    header = {"id": TURN, "timestamp": "2025-05-16T10:00:00.000Z"}
    path.write_text(json.dumps({"session": header, "items": items}, indent=2))
    with opened(path) as (session, texts):
        ((turn, made),) = calls_in(session)
        blocks = call_document(made, turn, session, texts, names(session))
    assert Code("ls", "bash") in blocks
    assert after(blocks, "output") == Output("no such\n")
    assert facts(blocks)["exit code"] == "9"


def test_of_a_torn_line_the_call_that_still_stands_on_it_is_told(tmp_path: Path) -> None:
    rollout = asked().call("call_a", arguments={"cmd": "sh a.sh"})
    rollout.lines[-1] = rollout.lines[-1][:60] + rollout.lines[-1]
    rollout.output("call_a", "Exit code: 0\nOutput:\nfine")
    (blocks,) = told_calls(tmp_path, rollout)
    assert Code("sh a.sh", "bash") in blocks


# -- notes ----------------------------------------------------------------------


def noted(folder: Path, rollout: Rollout, kind: NoteKind) -> list[Block]:
    with opened(rollout.save(folder)) as (session, texts):
        turn, note = next(found for found in notes_in(session) if found[1].kind is kind)
        return note_document(note, turn, session, texts, names(session))


def test_a_long_message_is_told_whole_as_markdown(tmp_path: Path) -> None:
    text = "# Heading\n\n" + "word " * 300
    blocks = noted(tmp_path, asked().answered(text), NoteKind.MESSAGE)
    assert _words(blocks[0]) == "· says"
    assert blocks[-1] == Prose(text)


def test_reasoning_is_dim_and_an_error_red(tmp_path: Path) -> None:
    rollout = asked().event("agent_reasoning", text="**Looking**").event("error", message="The line is down")
    assert noted(tmp_path, rollout, NoteKind.REASONING)[-1] == Prose("**Looking**", "dim")
    assert noted(tmp_path, rollout, NoteKind.ERROR)[-1] == Plain("The line is down", "red")


def test_a_summary_is_told_without_the_sentence_that_always_stands_before_it(tmp_path: Path) -> None:
    text = "Another language model started to solve this problem and…\nThe sum is wrong."
    assert noted(tmp_path, asked().line("compacted", {"message": text}), NoteKind.COMPACTION)[-1] == Prose(
        "The sum is wrong."
    )


def test_news_of_a_worker_tells_its_name_state_and_words(tmp_path: Path) -> None:
    notice = {"agent_path": "/root/counter", "status": {"completed": "There are 3."}}
    rollout = asked().said("user", f"<subagent_notification>\n{json.dumps(notice)}\n</subagent_notification>")
    blocks = noted(tmp_path, rollout, NoteKind.AGENT_MESSAGE)
    assert (facts(blocks)["worker"], facts(blocks)["state"]) == ("/root/counter", "completed")
    assert blocks[-1] == Prose("There are 3.")


def test_news_of_a_worker_that_failed_tells_the_message_of_its_error(tmp_path: Path) -> None:
    error = 'unexpected status 400: {"error": {"message": "Not the \\"model\\".", "code": null}}'
    notice = {"agent_path": "/root/doomed", "status": {"errored": error}}
    rollout = asked().said("user", f"<subagent_notification>\n{json.dumps(notice)}\n</subagent_notification>")
    blocks = noted(tmp_path, rollout, NoteKind.AGENT_MESSAGE)
    assert facts(blocks)["state"] == "errored"
    assert blocks[-1] == Plain('unexpected status 400: Not the "model".', "red")


def test_sealed_mail_is_said_to_be_sealed() -> None:
    path = next(
        path
        for path in ALL
        if b"Message Type: NEW_TASK" in path.read_bytes() and b"encrypted_content" in path.read_bytes()
    )
    with opened(path) as (session, texts):
        told = [
            note_document(note, turn, session, texts, names(session))[-1] for turn, note in notes_in(session)
        ]
    assert Plain("sealed: the file holds only its cipher text", "dim") in told


# -- turns ------------------------------------------------------------------------


def test_a_turn_tells_tokens_context_time_failures_and_files() -> None:
    with opened(sample("m_legacy")) as (session, texts):
        blocks = turn_document(session.turns[0], session, texts, names(session))
    assert _words(blocks[0]) == "✓ turn 1 · completed  Please fix the sum."
    assert after(blocks, "asked") == Prose("Please fix the sum.")
    assert after(blocks, "answer") == Prose("The sum is fixed.")
    assert facts(blocks)["cached"] == "41,216 (81 % of the input)"
    labels = [block.label for block in blocks if isinstance(block, Gauge)]
    assert labels == ["context", "model", "tools", "workers"]
    assert "patch did not apply" in _words(after(blocks, "failed calls"))
    assert _words(after(blocks, "files changed")).split() == ["+1", "−1", "app/totals.sh"]
    assert "sh check.sh" in _words(after(blocks, "commands run"))


def test_a_failed_turn_tells_its_error_and_an_unknown_is_not_invented(tmp_path: Path) -> None:
    error = {"message": "The model is not there.", "codex_error_info": "other"}
    rollout = asked().event("task_complete", turn_id=TURN, error=error)
    with opened(rollout.save(tmp_path)) as (session, texts):
        blocks = turn_document(session.turns[0], session, texts, names(session))
    assert after(blocks, "error") == Plain("The model is not there. (other)", "red")
    assert after(blocks, "tokens") == Plain("the file does not tell", "dim")
    assert "model" not in facts(blocks)
    assert not any(isinstance(block, Gauge) and block.label == "context" for block in blocks)


def test_of_very_many_calls_a_turn_shows_the_first_and_reads_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout = asked()
    for number in range(600):
        rollout.call(f"call_{number}", arguments={"cmd": f"sh step-{number}.sh"})
        rollout.output(f"call_{number}", "Exit code: 1\nOutput:\n")
    with opened(rollout.ended(TURN).save(tmp_path)) as (session, texts):
        monkeypatch.setattr(texts, "raw", None)  # whoever reads a record fails
        blocks = turn_document(session.turns[0], session, texts, names(session))
    failed = after(blocks, "failed calls")
    assert isinstance(failed, Rows)
    assert len(failed.lines) == 12
    rest = blocks[list(blocks).index(failed) + 1]
    assert isinstance(rest, Folded)
    assert rest.words == "588 more failed calls"
    assert rest.blocks[-1] == Plain("… and 88 more failed calls", "dim")
    commands = after(blocks, "commands run")
    assert isinstance(commands, Folded)
    assert commands.words == "600 commands, 600 failed"


def test_problems_stand_with_the_turn_whose_lines_they_are_on(tmp_path: Path) -> None:
    rollout = asked().raw(b'{"timestamp":"torn').ended(TURN)
    rollout.started("t2").asked("Again").ended("t2")
    with opened(rollout.save(tmp_path)) as (session, texts):
        first, second = (words(turn_document(turn, session, texts, names(session))) for turn in session.turns)
        whole = words(session_document(session, None, texts, names(session)))
    (problem,) = session.problems
    assert f"! line {problem.line}: {problem.detail}" in first
    assert "problems" not in second
    assert problem.detail in whole


# -- sessions -----------------------------------------------------------------------


def test_a_session_tells_failures_first_then_facts_and_sums() -> None:
    with opened(sample("m_legacy")) as (session, texts):
        blocks = session_document(session, None, texts, names(session))
    assert isinstance(blocks[1], Heading)
    assert blocks[1].words == "failed calls"
    told = facts(blocks)
    assert told["calls"] == "12: run 3, mcp 3, patch 2, agent 2, plan 1, search 1"
    assert told["branch"].startswith("main at ")
    assert told["child"].startswith("worker Popper ")
    assert told["counted from"] == "the record of each response"


def test_copied_history_and_unknown_lines_are_told(tmp_path: Path) -> None:
    with opened(asked().event("from_tomorrow").ended(TURN).save(tmp_path)) as (session, texts):
        session.inherited_lines, session.inherited_calls = 12, 3
        told = words(session_document(session, None, texts, names(session)))
    assert "inherited: 12 lines and 3 calls copied from its parent, left out here" in told
    assert "1 line of a kind this program does not know: event_msg/from_tomorrow" in told


def test_of_many_problems_twenty_are_in_sight_and_the_rest_is_folded(tmp_path: Path) -> None:
    rollout = asked()
    for _ in range(25):
        rollout.raw(b"{torn")
    with opened(rollout.save(tmp_path)) as (session, texts):
        session.problems_left_out = 7
        blocks = session_document(session, None, texts, names(session))
    shown = after(blocks, "problems")
    assert isinstance(shown, Rows)
    assert len(shown.lines) == 20
    assert "5 more problems" in [block.words for block in blocks if isinstance(block, Folded)]
    assert blocks[-1] == Plain("… and 7 more problems", "yellow")


def test_a_chain_is_told_with_its_sums_and_this_thread_marked() -> None:
    used = {"usage": Usage(1000, 0, 0, 200), "usage_source": "records", "started_at": 1000, "calls": 4}
    parent = entry(1, links=[link_to(2)], ended_at=9000, **used)
    child = entry(
        2,
        parent_id=parent.id,
        relation=Relation.WORKER,
        agent=Agent("/root/counter"),
        ended_at=4000,
        failed_calls=2,
        state="failed",
        **used,
    )
    forest = grow([parent, child])
    blocks = entry_document(forest.of(child))
    assert facts(blocks)["calls"] == "8"
    assert facts(blocks)["tokens"] == "2,400"
    assert facts(blocks)["failures"] == "2"
    rows = next(block for block in blocks if isinstance(block, Rows))
    first, second = (_words(Rows([line])) for line in rows.lines)
    assert first.split() == ["✓", "8.0", "s", "1.2k", "A", "1"]
    assert "✗2" in second
    assert "└ B counter: 2 · this one" in second


def test_a_session_that_is_not_loaded_is_told_from_the_catalog() -> None:
    blocks = entry_document(
        grow([entry(1, title="Fix\nit", state="failed", failed_turns=1, turns=2, model="m")]).roots[0]
    )
    assert _words(blocks[0]) == "✗ Fix it"
    assert facts(blocks)["turns"] == "2, 1 failed"
    assert facts(blocks)["agent"] == "m"
    assert after(blocks, "tokens") == Plain("the file does not tell", "dim")
    assert "chain" not in words(blocks)


# -- raw ------------------------------------------------------------------------------


def test_what_is_no_json_and_what_is_huge_stands_as_it_is(tmp_path: Path) -> None:
    rollout = asked().raw(b"{torn").call("call_a", arguments={"cmd": "x" * 300_000})
    with opened(rollout.save(tmp_path)) as (session, texts):
        ((_, call),) = calls_in(session)
        torn = type(call.place)(call.place - 1)
        blocks = raw_document([call.place, torn, torn], texts)
    assert [block.words for block in blocks if isinstance(block, Heading)] == [
        f"line {torn}",
        f"line {call.place}",
    ]
    assert blocks[1] == Plain("{torn")
    assert blocks[3] == Plain(rollout.lines[-1].decode())


# -- what it is made of ----------------------------------------------------------------


def test_no_title_and_no_row_holds_terminal_control(tmp_path: Path) -> None:
    evil = "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202egnp\n[/foo]"
    rollout = asked().asked(evil).call("call_a", evil, {"cmd": evil}).output("call_a", f"err: {evil}")
    rollout.call("call_b", arguments={"cmd": evil}).output("call_b", "Exit code: 1\nOutput:\n")
    patch = f"*** Begin Patch\n*** Add File: {evil}\n+x\n*** End Patch"
    rollout.item("custom_tool_call", call_id="call_x", name="apply_patch", input=patch)
    rollout.item("custom_tool_call_output", call_id="call_x", output="Exit code: 0\n")
    with opened(rollout.event("error", message=evil).save(tmp_path)) as (session, texts):
        documents = [session_document(session, None, texts, names(session))]
        documents += [turn_document(turn, session, texts, names(session)) for turn in session.turns]
        documents += [
            call_document(call, turn, session, texts, names(session)) for turn, call in calls_in(session)
        ]
    lines = [
        line
        for document in documents
        for block in document
        for line in (
            [block.parts] if isinstance(block, Title) else block.lines if isinstance(block, Rows) else []
        )
    ]
    assert lines
    assert all(text.isprintable() for line in lines for text, _ in line)


def test_telling_needs_no_textual() -> None:
    program = "import sys, trace_tui.telling; print('textual' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
