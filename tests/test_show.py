"""`codex-trace-tui show`: what it prints, where, how wide, and with which exit code."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from rich.cells import cell_len

from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.reading_sessions import SAMPLES, read, read_as_json, sample, truths
from tests.stories import Story
from trace_tui.cli import main

Capture = pytest.CaptureFixture[str]
BytesCapture = pytest.CaptureFixture[bytes]

TURN = "01a1f900-0000-7000-8000-00000000000a"
EVIL = "\x1b[31mred\x1b]0;title\x07 \x9b2J \x00\x08 \u202egnp\u2066 [red]x[/red] [/foo] \\[b]"
NAMES = "look at|started|folder|branch|agent|tokens|session|parent|fork of|child|children|file|inherited"
FACT = re.compile(rf"  (?:(?:{NAMES}) | {{10}}\S)")


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """The command line switches the garbage collector off for its short life."""
    yield
    gc.enable()


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda width: monkeypatch.setenv("COLUMNS", str(width))


def show(*arguments: str | Path) -> int:
    return main(["show", *map(str, arguments)])


def placed(printed: str) -> str:
    """The page without the folder that the samples lie in on this machine."""
    return printed.replace(str(SAMPLES), "SAMPLES")


def era(scenario: str, version: str) -> Path:
    return next(
        truth.paths[0]
        for truth in truths()
        if truth.facts["scenario"] == scenario and truth.home.name == version
    )


def failing(calls: int = 1) -> Rollout:
    file = Rollout().meta().started(TURN).asked("Run the checks")
    for number in range(calls):
        file.call(f"call_{number}", arguments={"cmd": f"sh check-{number}.sh"})
        file.output(f"call_{number}", f"Process exited with code 3\nOutput:\nbad {number}\n")
    return file.answered("They fail.").ended(TURN, "They fail.")


def run(*arguments: str | Path, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "trace_tui", "show", *map(str, arguments)],
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )


def looping(loops: int) -> Story:
    story = Story().begin()
    for number in range(loops):
        for _ in range(3):
            story.runs(f"sh check-{number}.sh", 1)
    return story.end()


# -- the page ---------------------------------------------------------------

PAGES = {
    "b_exec": sample("b_exec"),
    "b_exec_code": sample("b_exec_code"),
    "f_agents_v2": sample("f_agents_v2"),
    "f_agents_v2-worker": sample("f_agents_v2", 2),
    "h_rollback_tui": sample("h_rollback_tui"),
    "h_abort_app": sample("h_abort_app"),
    "n_fork": sample("n_fork", 1),
    "era_work-0.44.0": era("era_work", "0.44.0"),
    "exec-json": SAMPLES / "exec-json" / "b_exec-1.jsonl",
}


@pytest.mark.parametrize("width", [50, 80, 120])
@pytest.mark.parametrize("name", PAGES)
def test_the_page(
    name: str,
    width: int,
    columns: Callable[[int], None],
    capfd: Capture,
    text_snapshot: Callable[[str, str], None],
) -> None:
    columns(width)
    assert show(PAGES[name]) == 0
    printed = capfd.readouterr()
    text_snapshot(placed(printed.out), f"{name}-{width}")
    assert printed.err == ""


def test_hints_stand_below_the_failures_with_their_lines(
    tmp_path: Path, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(100)
    assert show(looping(2).save(tmp_path)) == 0
    printed = capfd.readouterr().out
    failures, hints = printed.split("  hints\n")
    assert "… and 1 more: see them all with --failed" in failures
    assert hints.split("\n\n")[0].split("\n") == [
        "    turn 1 · repeated · sh check-0.sh failed the same way 3 times (exit 1): lines 5, 7, 9",
        "    turn 1 · repeated · sh check-1.sh failed the same way 3 times (exit 1): lines 11, 13, 15",
    ]


def test_of_many_hints_ten_are_told(tmp_path: Path, capfd: Capture) -> None:
    assert show(looping(12).save(tmp_path)) == 0
    printed = capfd.readouterr().out
    assert printed.count("failed the same way") == 10
    assert "… and 2 more: see them all with --json" in printed


def test_where_nothing_is_hinted_at_there_is_no_such_part(tmp_path: Path, capfd: Capture) -> None:
    assert show(failing(2).save(tmp_path)) == 0
    assert "hints" not in capfd.readouterr().out


@pytest.mark.parametrize("width", [30, 50, 80, 120])
@pytest.mark.parametrize("path", [truth.paths[0] for truth in truths()], ids=lambda path: path.stem[-12:])
def test_no_line_is_wider_than_the_terminal(
    path: Path, width: int, columns: Callable[[int], None], capfd: Capture
) -> None:
    """But for the facts on top: their ids and paths are for copying."""
    columns(width)
    assert show(path) == 0
    top, *turns = capfd.readouterr().out.split("\n\n")
    wide = [line for line in top.split("\n") if cell_len(line) > width and not FACT.match(line)]
    wide += [line for turn in turns for line in turn.split("\n") if cell_len(line) > width]
    assert wide == []


@pytest.mark.parametrize("path", [truth.paths[0] for truth in truths()], ids=lambda path: path.name[-10:-6])
def test_the_head_of_a_turn_leaves_out_whole_facts_and_cuts_none(
    path: Path, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(200)
    show(path)
    whole = {fact for line in turn_heads(capfd.readouterr().out) for fact in line}
    columns(80)
    show(path)
    assert {fact for line in turn_heads(capfd.readouterr().out) for fact in line} <= whole


def turn_heads(page: str) -> list[list[str]]:
    heads = [line for line in page.split("\n") if re.match(r"\S turn \d+ · ", line)]
    return [[fact for fact in re.split(r" · |   ", line) if fact] for line in heads]


@pytest.mark.parametrize("width", [30, 50, 80])
def test_wide_characters_count_as_two_columns(
    tmp_path: Path, width: int, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(width)
    words = "検査を実行してください👩‍💻 " * 20
    file = Rollout().meta().started(TURN).asked(words)
    file.call("call_1", arguments={"cmd": words}).output(
        "call_1", "Process exited with code 3\nOutput:\n" + words
    )
    file.event("task_complete", turn_id=TURN, last_agent_message=words, error={"message": words})
    assert show(file.save(tmp_path)) == 0
    top, *turns = capfd.readouterr().out.split("\n\n")
    lines = [line for line in top.split("\n") if not FACT.match(line)]
    lines += [line for turn in turns for line in turn.split("\n")]
    assert [line for line in lines if cell_len(line) > width] == []


def test_without_a_terminal_the_page_is_120_columns_wide(capfd: Capture) -> None:
    assert show(sample("b_exec")) == 0
    lines = capfd.readouterr().out.split("\n\n")[1].split("\n")
    assert max(map(cell_len, lines)) == 120


@pytest.mark.parametrize("width", ["0", "", "wide", "-5"])
def test_a_width_that_is_none_is_not_taken(
    width: str, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    """Some CI systems and editors set COLUMNS to 0."""
    assert show(sample("b_exec")) == 0
    expected = capfd.readouterr().out
    monkeypatch.setenv("COLUMNS", width)
    assert show(sample("b_exec")) == 0
    assert capfd.readouterr().out == expected


def test_a_pipe_gets_no_colours(capfd: Capture) -> None:
    assert show(sample("b_exec")) == 0
    assert "\x1b" not in capfd.readouterr().out


def test_a_failed_run_says_so_first(tmp_path: Path, capfd: Capture) -> None:
    file = failing(7).started(OTHER_THREAD).asked("Again")
    file.event(
        "task_complete", turn_id=OTHER_THREAD, error={"message": "no credit", "codex_error_info": "quota"}
    )
    assert show(file.save(tmp_path)) == 0
    top = capfd.readouterr().out.split("\n\n")[0]
    assert top.startswith("✗ Run the checks")
    assert "turn 2 failed: no credit" in top
    assert "sh check-0.sh" in top
    assert "sh check-6.sh" not in top
    assert "and 2 more" in top


def test_damage_and_news_stand_below(tmp_path: Path, capfd: Capture) -> None:
    file = failing().raw(b"{not json").event("some_new_type").event("some_new_type")
    assert show(file.save(tmp_path)) == 0
    last = capfd.readouterr().out.split("\n\n")[-1]
    assert "! line 10:" in last
    assert "2 lines of a kind this program does not know: event_msg/some_new_type" in last


def test_news_of_a_worker_is_told_in_words(capfd: Capture) -> None:
    show("--demo")
    mail = next(line for line in capfd.readouterr().out.split("\n") if " mail " in line)
    assert "Popper completed: " in mail
    assert not set("<>{}") & set(mail)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ('{"completed":null}', "w1 completed"),
        ('{"errored":"no model"}', "w1 errored: no model"),
        ('"shutdown"', "w1 shutdown"),
        ("7", "<subagent_notification>"),
        ('{"completed":', "<subagent_notification>"),
    ],
)
def test_news_of_a_worker_in_every_form(tmp_path: Path, status: str, told: str, capfd: Capture) -> None:
    news = f'<subagent_notification>\n{{"agent_path":"w1","status":{status}}}\n</subagent_notification>'
    rollout = Rollout().meta().started("t1").asked("Go.").said("user", news).ended("t1", "Done.")
    show(rollout.save(tmp_path))
    mail = next(line for line in capfd.readouterr().out.split("\n") if " mail " in line)
    assert f"mail    {told}" in mail


def test_the_demo_needs_no_file(capfd: Capture) -> None:
    assert show("--demo") == 0
    printed = capfd.readouterr()
    assert "turn 1" in printed.out
    assert printed.err == ""


def test_one_turn_alone(capfd: Capture) -> None:
    assert show(sample("i_resume"), "--turn", "3") == 0
    printed = capfd.readouterr().out
    assert "turn 3 ·" in printed
    assert "turn 2 ·" not in printed


# -- single calls -----------------------------------------------------------


def test_failed_calls_come_with_all_of_their_output(tmp_path: Path, capfd: Capture) -> None:
    assert show(failing(3).save(tmp_path), "--failed") == 0
    blocks = capfd.readouterr().out.split("\n\n")
    assert len(blocks) == 3
    for number, block in enumerate(blocks):
        assert block.startswith("✗ exit 3")
        assert f"sh check-{number}.sh" in block
        assert f"bad {number}" in block


def test_failed_calls_of_one_turn(tmp_path: Path, capfd: Capture) -> None:
    file = failing().started(OTHER_THREAD).asked("Again").call("call_z", arguments={"cmd": "sh again.sh"})
    path = file.output("call_z", "Process exited with code 4\nOutput:\n").ended(OTHER_THREAD).save(tmp_path)
    assert show(path, "--failed", "--turn", "2") == 0
    printed = capfd.readouterr().out
    assert "sh again.sh" in printed
    assert "sh check-0.sh" not in printed


def test_no_failed_call_is_a_no(capfd: Capture) -> None:
    assert show(sample("a_simple"), "--failed") == 1
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "codex-trace-tui: no call failed\n")


def test_no_failed_call_is_an_empty_list_for_programs(capfd: Capture) -> None:
    assert show(sample("a_simple"), "--failed", "--json") == 1
    printed = capfd.readouterr()
    assert json.loads(printed.out)["calls"] == []
    assert printed.err == ""


def test_one_call_by_its_id(tmp_path: Path, capfd: Capture) -> None:
    path = failing(12).save(tmp_path)
    assert show(path, "--call", "call_1") == 0  # though call_10 and call_11 begin so too
    printed = capfd.readouterr().out
    assert "sh check-1.sh" in printed
    assert "sh check-1" not in printed.replace("sh check-1.sh", "")


def test_one_call_by_the_beginning_of_its_id(capfd: Capture) -> None:
    path = sample("b_exec")
    first = read_as_json(path)["turns"][0]["items"]
    call_id = next(item["call_id"] for item in first if item["kind"] == "tool_call")
    assert show(path, "--call", call_id[:9], "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert told["schema"] == "codex-trace/calls@1"
    (call,) = told["calls"]
    assert call["call_id"] == call_id
    assert call["input"] == "ls -1 && git log --oneline"
    assert "Process exited with code 0" in call["output"]
    assert call["turn"] == 1


def test_a_beginning_of_several_ids_shows_all_of_them(tmp_path: Path, capfd: Capture) -> None:
    assert show(failing(12).save(tmp_path), "--call", "call_1", "--json") == 0
    assert len(json.loads(capfd.readouterr().out)["calls"]) == 1
    assert show(failing(12).save(tmp_path), "--call", "call_", "--json") == 0
    assert len(json.loads(capfd.readouterr().out)["calls"]) == 12


def test_long_texts_are_whole(tmp_path: Path, capfd: Capture) -> None:
    long = "".join(f"line {number}\n" for number in range(5000))
    file = Rollout().meta().started(TURN).asked("Go").call("call_1", arguments={"cmd": "echo " + long})
    path = file.output("call_1", "Process exited with code 3\nOutput:\n" + long).ended(TURN).save(tmp_path)
    assert show(path, "--call", "call_1", "--json") == 0
    (call,) = json.loads(capfd.readouterr().out)["calls"]
    assert call["input"] == "echo " + long
    assert call["output"].endswith(long)
    assert show(path, "--call", "call_1") == 0
    assert "line 4999" in capfd.readouterr().out


def test_the_lines_of_a_call_as_they_stand_in_the_file(tmp_path: Path, capfdbinary: BytesCapture) -> None:
    file = failing(2)
    assert show(file.save(tmp_path), "--raw", "call_1") == 0
    assert capfdbinary.readouterr().out.splitlines() == [
        line for line in file.lines if b'"call_id":"call_1"' in line
    ]


def test_one_line_as_it_stands_in_the_file(tmp_path: Path, capfdbinary: BytesCapture) -> None:
    file = failing().raw(b'{"odd": "\xff\xfe"}')
    path = file.save(tmp_path)
    for number, line in enumerate(file.lines, start=1):
        assert show(path, "--raw", str(number)) == 0
        assert capfdbinary.readouterr().out == line + b"\n"


def test_one_line_of_the_second_file(capfdbinary: BytesCapture) -> None:
    path = sample("h_rollback_tui")
    second = Path(read(path).files[1].path).read_bytes().splitlines()
    assert show(path, "--raw", "1:3") == 0
    assert capfdbinary.readouterr().out == second[2] + b"\n"


def test_one_line_of_a_compressed_file(capfdbinary: BytesCapture) -> None:
    path = sample("o_compressed")
    with path.open("rb") as file:
        lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
    assert show(path, "--raw", str(len(lines))) == 0
    assert capfdbinary.readouterr().out == lines[-1] + b"\n"


# -- standard input ---------------------------------------------------------


@pytest.mark.parametrize(
    "wrapped",
    [bytes, gzip.compress, zstandard.ZstdCompressor().compress],
    ids=["plain", "gzip", "zstd"],
)
def test_standard_input_is_a_session_too(
    wrapped: Callable[[bytes], bytes], capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = wrapped(sample("b_exec").read_bytes())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert show("-", "--json") == 0
    told, expected = json.loads(capfd.readouterr().out), read_as_json(sample("b_exec"))
    assert told["session"]["files"] == ["-"]
    assert told["turns"] == expected["turns"]
    assert told["usage"] == expected["usage"]


def test_a_real_pipe_is_read_to_its_end() -> None:
    finished = run("-", "--call", "call_0", given=failing().content())
    assert finished.returncode == 0
    assert "bad 0" in finished.stdout.decode()
    assert finished.stderr == b""


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no pipe has a name here")
def test_a_pipe_may_be_given_by_its_name() -> None:
    """As a shell does for `show <(zstd -dc session.jsonl.zst)`."""
    finished = run("/dev/fd/0", "--call", "call_0", given=failing().content())
    assert finished.stderr == b""
    assert finished.returncode == 0
    assert "bad 0" in finished.stdout.decode()


def test_an_empty_pipe_is_no_session() -> None:
    finished = run("-", given=b"")
    assert finished.returncode == 3
    assert finished.stdout == b""
    assert finished.stderr.decode() == "codex-trace-tui: -: the file is empty\n"


# -- exit codes -------------------------------------------------------------


def one_line_on_stderr(capfd: Capture) -> str:
    printed = capfd.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"codex-trace-tui: [^\n]+\n", printed.err)
    return printed.err


@pytest.mark.parametrize(
    "wanted",
    [
        ["--turn", "99"],
        ["--turn", "0"],
        ["--turn", "-1"],
        ["--call", "nobody"],
        ["--raw", "nobody"],
        ["--raw", "0"],
        ["--raw", "99999"],
        ["--raw", "1:1"],
    ],
    ids=" ".join,
)
def test_what_is_not_in_the_session_is_a_no(wanted: list[str], capfd: Capture) -> None:
    assert show(sample("a_simple"), *wanted) == 1
    one_line_on_stderr(capfd)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["a", "b"],
        ["show"],
        ["show", "--no-such-option"],
        ["show", "a", "b"],
        ["show", "--demo", "--turn", "two"],
        ["show", "--demo", "--failed", "--call", "x"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_2(arguments: list[str], capfd: Capture) -> None:
    assert main(arguments) == 2
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    if arguments:
        assert printed.out == ""
        assert printed.err


@pytest.mark.parametrize("arguments", [["--help"], ["show", "--help"], ["--version"]], ids=" ".join)
def test_help_and_version_are_data(arguments: list[str], capfd: Capture) -> None:
    assert main(arguments) == 0
    printed = capfd.readouterr()
    assert "codex-trace-tui" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00" * 5000, "NUL"),
        (b"Dear diary\n", "text"),
        (b'{"some": "json"}\n', "JSON"),
        (b"[1, 2]\n", "no record"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x1f\x8b\x08\x00garbage", "gzip"),
        (b"\x28\xb5\x2f\xfdgarbage", "zstd"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    ],
    ids=lambda value: value[:8].hex() if isinstance(value, bytes) else value,
)
def test_what_is_no_session_is_3(tmp_path: Path, content: bytes, words: str, capfd: Capture) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(content)
    assert show(path) == 3
    assert words in one_line_on_stderr(capfd)


def test_a_missing_file_is_3(tmp_path: Path, capfd: Capture) -> None:
    assert show(tmp_path / "gone.jsonl") == 3
    assert "gone.jsonl: No such file" in one_line_on_stderr(capfd)


def test_a_folder_is_3(tmp_path: Path, capfd: Capture) -> None:
    assert show(tmp_path) == 3
    assert "a folder" in one_line_on_stderr(capfd)


def test_a_file_in_a_file_is_3(tmp_path: Path, capfd: Capture) -> None:
    assert show(failing().save(tmp_path) / "session.jsonl") == 3
    one_line_on_stderr(capfd)


@pytest.mark.skipif(sys.platform == "win32", reason="makes a symbolic link")
def test_a_link_to_itself_is_3(tmp_path: Path, capfd: Capture) -> None:
    path = tmp_path / "loop.jsonl"
    path.symlink_to(path)
    assert show(path) == 3
    one_line_on_stderr(capfd)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_3(tmp_path: Path, capfd: Capture) -> None:
    path = failing().save(tmp_path)
    path.chmod(0)
    assert show(path) == 3
    assert "Permission denied" in one_line_on_stderr(capfd)


def test_a_name_that_no_system_takes_is_3(capfd: Capture) -> None:
    assert show("x" * 5000) == 3
    one_line_on_stderr(capfd)


def test_a_name_full_of_terminal_codes_reaches_no_terminal(capfd: Capture) -> None:
    assert show(EVIL.replace("\0", "")) == 3
    harmless(one_line_on_stderr(capfd))


def test_no_traceback_from_the_real_program(tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "gone.jsonl"):
        finished = run(target)
        assert finished.returncode == 3
        assert finished.stdout == b""
        assert len(finished.stderr.splitlines()) == 1


# -- a reader that goes away ------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--json"], ["--failed"], ["--raw", "call_"]], ids=str)
def test_a_closed_pipe_ends_quietly(tmp_path: Path, options: list[str]) -> None:
    path = failing(5000).save(tmp_path)  # much more than a pipe holds
    command = [sys.executable, "-m", "trace_tui", "show", str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


# -- texts that mean harm ---------------------------------------------------


def harmless(printed: str) -> None:
    harm = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
    assert [line for line in printed.split("\n") if harm.search(line)] == []


def evil_session() -> Rollout:
    """Every text that a page shows holds terminal codes and markup."""
    file = Rollout().meta(
        THREAD + EVIL,
        session_id=EVIL,
        parent_thread_id=EVIL,
        cwd="/home/" + EVIL,
        git={"branch": EVIL, "commit_hash": EVIL, "repository_url": EVIL},
        originator=EVIL,
        cli_version=EVIL,
        source={"subagent": {"thread_spawn": {"parent_thread_id": EVIL, "depth": 1, "agent_nickname": EVIL}}},
        agent_path=EVIL,
    )
    file.line("turn_context", {"turn_id": TURN, "model": EVIL, "effort": EVIL, "cwd": EVIL})
    file.started(TURN).asked(EVIL)
    file.item("reasoning", summary=[{"type": "summary_text", "text": EVIL}])
    file.answered(EVIL)
    file.call("call_1" + EVIL, "exec_command", {"cmd": EVIL, "workdir": EVIL})
    file.output("call_1" + EVIL, f"Process exited with code 3\nOutput:\n{EVIL}\n")
    file.call("call_2", EVIL, {EVIL: EVIL}, namespace="mcp__" + EVIL).output(
        "call_2", f"unsupported call: {EVIL}"
    )
    file.item("custom_tool_call", call_id="call_3", name="apply_patch", input=f"*** Begin Patch\n{EVIL}")
    file.item("custom_tool_call_output", call_id="call_3", output=EVIL)
    file.call("call_4", "spawn_agent", {"message": EVIL})
    file.output("call_4", json.dumps({"agent_id": EVIL, "nickname": EVIL}))
    file.call("call_5", "send_input", {"id": EVIL, "message": EVIL}).output("call_5", EVIL)
    letter = {"author": EVIL, "recipient": EVIL, "content": EVIL}
    file.line("inter_agent_communication", letter)
    file.event("error", message=EVIL, codex_error_info=EVIL)
    file.event(EVIL).line("compacted", {"message": EVIL}).raw(EVIL.encode())
    file.event("sub_agent_activity", kind="interrupted" + EVIL, agent_path=EVIL, agent_thread_id=EVIL)
    return file.event(
        "task_complete",
        turn_id=TURN,
        error={"message": EVIL, "codex_error_info": EVIL},
        last_agent_message=EVIL,
    )


@pytest.mark.parametrize("width", [30, 80, 200])
@pytest.mark.parametrize("options", [[], ["--failed"], ["--call", "call_"]], ids=str)
def test_terminal_codes_and_markup_are_only_text(
    tmp_path: Path, options: list[str], width: int, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(width)
    assert show(evil_session().save(tmp_path), *options) == 0
    harmless(capfd.readouterr().out)


def test_markup_is_shown_as_it_was_written(tmp_path: Path, capfd: Capture) -> None:
    path = Rollout().meta().started(TURN).asked("[red]x[/red] [/foo]").ended(TURN, "[/bar]").save(tmp_path)
    assert show(path) == 0
    printed = capfd.readouterr().out
    assert "› [red]x[/red] [/foo]" in printed
    assert "‹ [/bar]" in printed


def test_a_thread_name_is_only_text(tmp_path: Path, capfd: Capture) -> None:
    path = failing().event("thread_name_updated", thread_id=THREAD, thread_name=EVIL).save(tmp_path)
    assert show(path) == 0
    harmless(capfd.readouterr().out)


def test_the_name_of_a_child_beside_is_only_text(tmp_path: Path, capfd: Capture) -> None:
    spawn = {"parent_thread_id": THREAD, "depth": 1, "agent_nickname": EVIL}
    child = Rollout().meta(OTHER_THREAD + EVIL, source={"subagent": {"thread_spawn": spawn}})
    child.save(tmp_path, f"rollout-2026-11-20T12-00-01-{OTHER_THREAD}.jsonl")
    assert show(failing().save(tmp_path, f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl")) == 0
    printed = capfd.readouterr().out
    assert "child" in printed
    harmless(printed)


def test_json_holds_texts_verbatim(tmp_path: Path, capfd: Capture) -> None:
    path = Rollout().meta().started(TURN).asked(EVIL).ended(TURN).save(tmp_path)
    assert show(path, "--json") == 0
    assert json.loads(capfd.readouterr().out)["turns"][0]["prompt"] == EVIL
