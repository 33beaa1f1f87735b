"""`codex-trace-tui tail`: tells each thing once while files grow, move and vanish; knows when it is over."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.building import THREAD, Rollout
from tests.chain_homes import SampleChain, put_chain, sample_chains
from tests.library import Story, id_of, keep_to, worker
from tests.reading_sessions import SAMPLES, sample, truths
from trace_tui.arguments import build_parser
from trace_tui.cli import main
from trace_tui.errors import NothingFound, Unreadable, Unusable
from trace_tui.tailing.clock import Clock
from trace_tui.tailing.command import follow

Capture = pytest.CaptureFixture[str]
Action = Callable[[], object]

TURN = "01a1f900-0000-7000-8000-00000000000a"
DOCS = SAMPLES.parents[2] / "docs"
SESSION_SCHEMA, SCHEMA = (
    json.loads((DOCS / name).read_text("utf-8")) for name in ("session.schema.json", "tail.schema.json")
)
VALIDATOR = Draft202012Validator(
    SCHEMA,
    registry=Registry().with_resource("session.schema.json", Resource.from_contents(SESSION_SCHEMA)),
)


class Enough(Exception):
    """Nothing more will happen."""


class Script(Clock):
    """A clock that only goes on while the program sleeps, and then lets something happen."""

    def __init__(self, happenings: Sequence[Action]) -> None:
        self._happenings = list(happenings)
        self._now = 1000.0

    def now(self) -> float:
        return self._now

    def wall_ms(self) -> int:
        return 1_000_000_000_000 + round(1000 * self._now)

    def sleep(self, seconds: float) -> None:
        if not self._happenings:
            raise Enough
        self._now += seconds
        self._happenings.pop(0)()

    def passing(self, seconds: float) -> Action:
        """So much more time goes by."""

        def pass_() -> None:
            self._now += seconds

        return pass_


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield keep_to(tmp_path, monkeypatch)
    gc.enable()


def tail(*arguments: str | Path, then: Sequence[Action] = (), clock: Script | None = None) -> int | None:
    """The exit code; None where it would go on for ever."""
    parsed = build_parser(["tail"]).parse_args(["tail", *map(str, arguments)])
    clock = clock or Script(then)
    try:
        return follow(parsed, clock)
    except Enough:
        return None


def waiting(rounds: int) -> list[Action]:
    return [lambda: None] * rounds


def appending(path: Path, *pieces: bytes) -> list[Action]:
    def append(piece: bytes) -> None:
        with path.open("ab") as file:
            file.write(piece)

    return [lambda piece=piece: append(piece) for piece in pieces]  # type: ignore[misc]


def lines_of(story: Rollout) -> list[bytes]:
    return [line + b"\n" for line in story.lines]


def told(capfd: Capture) -> list[str]:
    """Lines without their time."""
    return [line[10:] for line in capfd.readouterr().out.splitlines()]


def events(capfd: Capture) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    for event in found:
        VALIDATOR.validate(event)
    return found


def small() -> Rollout:
    file = Rollout().meta(cli_version="0.128.0", source="exec").started(TURN).asked("Run the checks")
    file.item("reasoning", summary=[{"type": "summary_text", "text": "**Looking around**\n\nMore."}])
    file.call("call_1", arguments={"cmd": "sh check.sh"})
    file.output("call_1", "Process exited with code 3\nOutput:\nbad\n")
    file.call("call_2").output("call_2", "Process exited with code 0\nOutput:\nfine\n")
    file.event("some_new_kind", data=1)
    return file.answered("They fail.\n\nSee line 3.").ended(TURN, "They fail.\n\nSee line 3.")


# -- what is told -----------------------------------------------------------

SMALL = """\
· session 01a1f900-0000-7000-8000-000000000001 · /home/dev/work · Codex 0.128.0 · exec
· turn 1 begins
· asked   Run the checks
· thinks  Looking around More.
✗ run     sh check.sh                                                                          exit 3   100 ms
✓ run     ls                                                                                            100 ms
· says    They fail.

          See line 3.
✓ turn 1 · completed · 1 call failed · 1.1 s"""


def test_everything_from_the_beginning(tmp_path: Path, capfd: Capture) -> None:
    assert tail(small().save(tmp_path), "--since", "start", "--until-done") == 0
    printed = capfd.readouterr()
    assert [line[10:] for line in printed.out.splitlines()] == SMALL.splitlines()
    assert printed.out.splitlines()[4].startswith("12:00:00  ✗")
    assert printed.err == ""


def test_how_it_stands_and_then_what_is_new(tmp_path: Path, capfd: Capture) -> None:
    whole = lines_of(small())
    path = tmp_path / "session.jsonl"
    path.write_bytes(b"".join(whole[:8]))  # the first call is done, the second is out
    assert tail(path, "--until-done", then=appending(path, *whole[8:])) == 0
    first, *rest = told(capfd)
    assert first.startswith("… Run the checks · not ended · session 01a1f900-")
    running = rest.pop(2)
    assert running.startswith("… run     ls")
    assert running.endswith("running")
    assert rest == [SMALL.splitlines()[number] for number in (1, 2, 5, 6, 7, 8, 9)]


def test_the_outline_of_an_ended_turn_says_how_it_ended(tmp_path: Path, capfd: Capture) -> None:
    assert tail(small().save(tmp_path)) is None
    printed = told(capfd)
    assert printed[0].startswith("✓ Run the checks · completed")
    assert [printed[1], *printed[2:]] == [SMALL.splitlines()[number] for number in (1, 2, 9)]


def test_an_era_of_its_own_is_told_by_the_same_words(capfd: Capture) -> None:
    assert tail(SAMPLES / "exec-json" / "b_exec-1.jsonl", "--since", "start", "--until-done") == 0
    printed = told(capfd)
    assert any(line.startswith("✗ run") and "exit 1" in line for line in printed)
    assert printed[-1].startswith("✓ turn 1 · completed")


def test_only_failures(tmp_path: Path, capfd: Capture) -> None:
    story = Story().turn(calls=2, failed=1).begin("Again").ran().fail()
    path = story.put_as(tmp_path / "session.jsonl")
    assert tail(path, "--since", "start", "--failed", "--until-done") == 1
    session, call, error, turn = told(capfd)
    assert session.startswith("· session")
    assert call.startswith("✗ run     sh step-2.sh")
    assert error == "· error   The model is not there."
    assert turn.startswith("✗ turn 2 · failed")


def test_a_call_that_takes_long_is_told_once_as_running(tmp_path: Path, capfd: Capture) -> None:
    file = Rollout().meta().started(TURN).asked("Wait").call("call_1", arguments={"cmd": "sleep 60"})
    path = file.save(tmp_path)
    output = Rollout().output("call_1", "Process exited with code 0\nOutput:\n")
    clock = Script([])
    clock._happenings = [clock.passing(9), *waiting(2), clock.passing(2), *waiting(3), clock.passing(50)]
    clock._happenings += [*appending(path, *lines_of(output)), *waiting(2)]
    assert tail(path, "--since", "start", clock=clock) is None
    calls = [line for line in told(capfd) if "sleep 60" in line]
    assert [line[0] for line in calls] == ["…", "✓"]
    assert calls[0].rstrip().endswith("running")


def test_a_call_that_nothing_answered_is_told_when_the_next_turn_begins(
    tmp_path: Path, capfd: Capture
) -> None:
    file = Rollout().meta().started(TURN).asked("Go").call("call_1", arguments={"cmd": "sleep 9"})
    file.started(TURN[:-1] + "b").asked("Again").answered("Yes.").ended(TURN[:-1] + "b", "Yes.")
    assert tail(file.save(tmp_path), "--since", "start", "--until-done") == 0
    printed = told(capfd)
    lost = next(number for number, line in enumerate(printed) if "sleep 9" in line)
    assert re.match(r"\? run +sleep 9 +no output", printed[lost])
    assert printed[lost + 1].startswith("? turn 1 · never ended")
    assert printed[lost + 2] == "· turn 2 begins"


def test_an_outcome_that_a_later_record_corrects_is_told_again(capfd: Capture) -> None:
    assert tail(sample("b_exec"), "--since", "start", "--until-done", "--json") == 0
    ended = [event["call"] for event in events(capfd) if event["type"] == "call"]
    words = {(call["call_id"], call["reason"]) for call in ended}
    assert len(words) == len(ended)
    twice = [call["reason"] for call in ended if [one["call_id"] for one in ended].count(call["call_id"]) > 1]
    assert twice == ["killed", "could not start"]


def test_damage_is_told_when_it_is_no_half_written_line(tmp_path: Path, capfd: Capture) -> None:
    file = small()
    file.lines.insert(5, b'{"torn')
    path = file.save(tmp_path)
    tail(path, "--since", "start", then=[*appending(path, b'{"timestamp":"2026-', b""), *waiting(2)])
    assert [line for line in told(capfd) if line.startswith("!")] == ["! line 6: cut off after 6 bytes"]


def test_a_turn_that_is_undone(capfd: Capture) -> None:
    assert tail(sample("h_rollback_tui"), "--since", "start", "--until-done") == 0
    assert any(re.fullmatch(r"· turn \d undone", line) for line in told(capfd))


@pytest.mark.parametrize("width", [30, 60, 100])
@pytest.mark.parametrize("options", [[], ["--chain"]], ids=str)
def test_no_line_is_wider_than_asked_for(
    width: int, options: list[str], monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    tail(sample("f_agents_v2"), "--since", "start", *options)
    printed = capfd.readouterr().out.splitlines()
    assert len(printed) > 20
    assert [line for line in printed if len(line) > width] == []


def test_terminal_codes_are_only_text(tmp_path: Path, capfd: Capture) -> None:
    evil = "\x1b[31mred\x1b]0;title\x07 \x9b2J \x00\x08 \u202egnp [red]x[/red]"
    file = Rollout().meta(cwd=evil, cli_version=evil, source=evil).started(TURN).asked(evil)
    file.item("reasoning", summary=[{"type": "summary_text", "text": evil}])
    file.call("call_1", arguments={"cmd": evil}).output("call_1", evil)
    file.line("inter_agent_communication", {"author": evil, "recipient": evil, "content": evil})
    file.event("error", message=evil).answered(evil).raw(b"{").event(
        "task_complete", turn_id=TURN, error={"message": evil + "other", "codex_error_info": evil}
    )
    path = file.save(tmp_path)
    assert tail(path, "--since", "start", "--until-done") == 1
    assert tail(path, "--until-done") == 1
    harm = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
    assert [line for line in capfd.readouterr().out.split("\n") if harm.search(line)] == []


# -- the pace makes no difference -------------------------------------------

SINGLE = [truth.paths[0] for truth in truths() if len(truth.paths) == 1 and truth.paths[0].suffix == ".jsonl"]
STREAMS = sorted((SAMPLES / "exec-json").glob("*.jsonl"))


@pytest.mark.parametrize("path", SINGLE + STREAMS, ids=lambda path: path.stem[-16:])
def test_a_growing_file_is_told_as_the_whole_one(path: Path, tmp_path: Path, capfd: Capture) -> None:
    whole = path.read_bytes().splitlines(keepends=True)
    grown = tmp_path / path.name
    grown.write_bytes(whole[0])
    tail(grown, "--since", "start", "--json", then=[*appending(grown, *whole[1:]), *waiting(1)])
    by_line = events(capfd)
    tail(grown, "--since", "start", "--json")
    assert by_line == events(capfd)
    assert len(by_line) > 2


@pytest.mark.parametrize("options", [[], ["--json"], ["--failed"]], ids=str)
def test_a_file_that_grows_byte_by_byte(options: list[str], tmp_path: Path, capfd: Capture) -> None:
    content = small().content()
    first = content.index(b"\n") + 1
    path = tmp_path / "session.jsonl"
    path.write_bytes(content[:first])
    bytes_ = [content[place : place + 1] for place in range(first, len(content))]
    options = ["--since", "start", "--until-done", *options]
    assert tail(path, *options, then=appending(path, *bytes_)) == 0
    slowly = capfd.readouterr()
    assert tail(path, *options) == 0
    kept = [line for line in slowly.out.splitlines() if not re.search('running$|"call_running"', line)]
    assert kept == capfd.readouterr().out.splitlines()
    assert slowly.err == ""


def test_a_last_line_without_its_newline_is_told_when_it_stays_so(tmp_path: Path, capfd: Capture) -> None:
    path = tmp_path / "session.jsonl"
    path.write_bytes(small().content().rstrip())
    assert tail(path, "--since", "start", "--until-done", then=waiting(5)) is None
    assert "completed" not in capfd.readouterr().out
    assert tail(path, "--since", "start", "--until-done", then=waiting(15)) == 0
    assert told(capfd) == SMALL.splitlines()


# -- JSON -------------------------------------------------------------------


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("change", [{"line": 0}, {"at": "now"}, {"agent": 7}, {"call": {}}], ids=str)
def test_the_schema_refuses_what_breaks_the_contract(
    change: dict[str, Any], tmp_path: Path, capfd: Capture
) -> None:
    tail(small().save(tmp_path), "--since", "start", "--json")
    call = next(event for event in events(capfd) if event["type"] == "call")
    assert not VALIDATOR.is_valid(call | change)


def test_json_tells_every_step(tmp_path: Path, capfd: Capture) -> None:
    assert tail(small().save(tmp_path), "--since", "start", "--json", "--until-done") == 0
    found = events(capfd)
    assert " ".join(event["type"] for event in found) == (
        "session turn_started session_state prompt reasoning call_started call call_started call message "
        "turn_ended session_state"
    )
    assert {event["session"] for event in found} == {THREAD}
    assert [event["state"] for event in found if event["type"] == "session_state"] == [
        "in_progress",
        "completed",
    ]
    failed = found[6]
    assert (failed["turn"], failed["line"], failed["call"]["exit_code"]) == (1, 6, 3)
    assert found[5]["call"]["status"] == "running"
    assert found[-2]["final_answer"] == "They fail.\n\nSee line 3."
    assert found[-2]["failed_calls"] == 1


def test_json_holds_whole_texts(tmp_path: Path, capfd: Capture) -> None:
    long = "".join(f"line {number}\n" for number in range(500))
    file = Rollout().meta().started(TURN).asked(long).answered(long).ended(TURN, long)
    tail(file.save(tmp_path), "--since", "start", "--json")
    found = {event["type"]: event for event in events(capfd)}
    assert found["prompt"]["text"] == found["message"]["text"] == found["turn_ended"]["final_answer"] == long


# -- when it is over --------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "code"),
    [
        (Story().turn(calls=2, failed=2), 0),
        (Story().turn().begin().fail(), 1),
        (Story().turn().begin().abort(), 1),
        (Story().begin().fail().turn(), 0),
        (Story().turn().begin(), None),
        (Story(), None),
    ],
    ids=["failed calls", "failed", "aborted", "failed, then completed", "not ended", "empty"],
)
def test_the_last_turn_decides(story: Story, code: int | None, tmp_path: Path) -> None:
    path = story.put_as(tmp_path / "session.jsonl")
    assert tail(path, "--until-done", then=waiting(5)) == code


def test_it_ends_when_the_turn_does(tmp_path: Path) -> None:
    begun, ended = Story().begin().ran(), Story().begin().ran().end()
    path = begun.put_as(tmp_path / "session.jsonl")
    rest = lines_of(ended)[len(begun.lines) :]
    assert tail(path, "--until-done", then=[*waiting(5), *appending(path, *rest)]) == 0


def test_a_turn_without_an_end_line_has_ended_when_it_is_quiet(tmp_path: Path, capfd: Capture) -> None:
    bare = [
        {"id": THREAD, "timestamp": "2025-08-20T12:00:00.000Z", "instructions": None},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
    ]
    path = tmp_path / "session.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in bare))
    assert tail(path, "--until-done", "--since", "start", then=waiting(50)) is None
    capfd.readouterr()
    assert tail(path, "--until-done", "--since", "start", then=waiting(150)) == 0
    assert told(capfd)[-1].startswith("✓ turn 1 · completed")


def test_the_time_is_up(tmp_path: Path, capfd: Capture) -> None:
    path = Story().begin().put_as(tmp_path / "session.jsonl")
    assert tail(path, "--until-done", "--timeout", "1m", then=waiting(1000)) == 124
    assert capfd.readouterr().err == "codex-trace-tui: the time is up, and the last turn has not ended\n"
    assert tail(path, "--timeout", "1.5", then=waiting(14)) is None
    assert tail(path, "--timeout", "1.5s", then=waiting(16)) == 124


@pytest.mark.parametrize("words", ["", "x", "-1", "1d", "1m1", "nan", "1e9", "inf", "."])
def test_a_time_that_is_none_is_a_usage_error(words: str) -> None:
    assert main(["tail", "x", f"--timeout={words}"]) == 2


def test_a_session_that_is_not_there(home: Path) -> None:
    with pytest.raises(Unreadable):
        tail("01a1f900-dead")
    home.mkdir()
    with pytest.raises(NothingFound):
        tail("latest:.")
    with pytest.raises(Unusable):
        tail("-")
    with pytest.raises(Unusable):
        tail(f"{THREAD}#turn=1")


def test_the_newest_session_is_the_usual_one(home: Path, capfd: Capture) -> None:
    Story(1).turn("Old").put(home)
    Story(2, minutes=5).turn("New").put(home)
    assert tail("--until-done") == 0
    assert told(capfd)[0].startswith("✓ New · completed")


# -- files that move --------------------------------------------------------


def tells_each_thing_once(printed: list[str]) -> None:
    lines = [line for line in printed if "sh step-" in line or line.startswith("· turn")]
    assert len(lines) == len(set(lines))


def before_and_after() -> tuple[Story, list[bytes]]:
    """A session in its second turn, and what is written of it later."""
    begun = Story(1).turn(calls=2).begin("Again").ran()
    whole = Story(1).turn(calls=2).begin("Again").ran().ran(1).end()
    return begun, lines_of(whole)[len(begun.lines) :]


@pytest.mark.parametrize("since", ["start", "now"])
def test_a_file_that_is_archived_in_the_middle(since: str, home: Path, capfd: Capture) -> None:
    begun, rest = before_and_after()
    path = begun.put(home)
    archived = home / "archived_sessions" / path.name
    archived.parent.mkdir()
    then = [*waiting(2), lambda: path.rename(archived), *appending(archived, *rest)]
    assert tail(begun.id, "--since", since, "--until-done", then=then) == 0
    printed = told(capfd)
    tells_each_thing_once(printed)
    assert [line[10:22] for line in printed if "sh step-" in line][-1] == "sh step-4.sh"
    assert printed[-1].startswith("✓ turn 2 · completed")


def test_a_file_that_is_compressed_with_its_last_lines(home: Path, capfd: Capture) -> None:
    begun, rest = before_and_after()
    path = begun.put(home)

    def compress() -> None:
        whole = path.read_bytes() + b"".join(rest)
        path.with_name(path.name + ".zst").write_bytes(zstandard.ZstdCompressor().compress(whole))
        path.unlink()

    assert tail(path, "--since", "start", "--until-done", then=[*waiting(2), compress]) == 0
    printed = told(capfd)
    tells_each_thing_once(printed)
    assert len([line for line in printed if "sh step-" in line]) == 4


def test_a_file_that_is_cut_and_written_anew(tmp_path: Path, capfd: Capture) -> None:
    begun, rest = before_and_after()
    path = begun.put_as(tmp_path / "session.jsonl")
    content = path.read_bytes()
    then: list[Action] = [*waiting(2), lambda: path.write_bytes(b""), *waiting(3)]
    then += [lambda: path.write_bytes(content[:300]), *waiting(2), lambda: path.write_bytes(content)]
    then += appending(path, *rest)
    assert tail(path, "--since", "start", "--until-done", then=then) == 0
    printed = capfd.readouterr()
    lines = [line[10:] for line in printed.out.splitlines()]
    tells_each_thing_once(lines)
    assert len([line for line in lines if "sh step-" in line]) == 4
    assert printed.err == ""


def test_another_session_in_the_file_of_the_first(tmp_path: Path, capfd: Capture) -> None:
    path = Story(1).begin("First").put_as(tmp_path / "session.jsonl")
    other = Story(2).turn("Second", calls=1).put_as(tmp_path / "other.jsonl")
    then = [*waiting(1), lambda: shutil.move(other, path)]
    assert tail(path, "--since", "start", "--json", "--until-done", then=then) == 0
    sessions = [event["session"] for event in events(capfd) if event["type"] in ("session", "prompt")]
    assert sessions == [id_of(1), id_of(1), id_of(2), id_of(2)]


def test_a_session_that_is_gone(home: Path, capfd: Capture) -> None:
    begun, _ = before_and_after()
    path = begun.put(home)
    with pytest.raises(Unreadable, match="the session is gone"):
        tail(path, "--until-done", then=[lambda: path.unlink(), *waiting(100)])


def test_a_session_that_was_gone_and_is_back(home: Path, capfd: Capture) -> None:
    begun, rest = before_and_after()
    path = begun.put(home)
    then = [lambda: path.rename(home / "away"), *waiting(60)]
    then += [lambda: (home / "away").rename(path), *waiting(30), *appending(path, *rest)]
    assert tail(path, then=then) is None
    printed = capfd.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert "waiting for it to come back" in printed.err
    assert "turn 2 · completed" in printed.out


def test_a_thread_that_goes_on_in_another_file(tmp_path: Path, capfd: Capture) -> None:
    thread = next(truth for truth in truths() if truth.facts["scenario"] == "h_rollback_tui")
    first, second = thread.paths
    path = tmp_path / first.name
    path.write_bytes(first.read_bytes())
    then = [*waiting(20), lambda: shutil.copy(second, tmp_path), *waiting(30)]
    tail(path, "--since", "start", "--json", then=then)
    in_two_steps = events(capfd)
    tail(path, "--since", "start", "--json")
    at_once = events(capfd)
    names = [[Path(file).name for file in one[0].pop("files")] for one in (in_two_steps, at_once)]
    assert names == [[first.name], [first.name]]
    assert in_two_steps == at_once
    assert any(event.get("file") == 1 for event in at_once)


# -- chains -----------------------------------------------------------------


def chain(home: Path) -> tuple[Story, Path]:
    head = Story(1).begin("Share the work").spawn(2, nickname="Ada")
    return head, head.put(home)


@pytest.mark.parametrize("cache", [[], ["--no-cache"]], ids=str)
def test_a_worker_that_joins_later(cache: list[str], home: Path, capfd: Capture) -> None:
    head, path = chain(home)
    begun, ada = (worker(2, 1, minutes=1, agent_nickname="Ada").begin("Look").ran(1) for _ in range(2))
    path_of_ada = home / "sessions" / "2026/11/20" / ada.file_name
    then: list[Action] = [*waiting(5), lambda: begun.put(home), *waiting(40)]
    then += appending(path_of_ada, *lines_of(ada.end())[len(begun.lines) :])
    done = len(head.lines)
    head.end()
    then += [*waiting(3), *appending(path, *lines_of(head)[done:])]
    assert tail(path, "--chain", "--since", "start", "--until-done", *cache, then=then) == 0
    printed = told(capfd)
    assert {line[:15].rstrip() for line in printed} == {"A orchestrator", "B Ada"}
    assert [line[15:] for line in printed if line.startswith("B Ada")][1:3] == [
        "· turn 1 · task begins",
        "· asked   Look",
    ]
    assert any(re.match(r"B Ada +✗ run +sh step-1.sh", line) for line in printed)
    assert re.match(r"A orchestrator +✓ turn 1 · completed", printed[-1])


def test_a_chain_is_done_when_all_of_it_is(home: Path) -> None:
    head, path = chain(home)
    head.end().put(home)
    ada = worker(2, 1, minutes=1).begin("Look").put(home)
    then = [*waiting(30), *appending(ada, *lines_of(Story(2).begin().fail())[-1:])]
    assert tail(path, "--chain", "--until-done", then=then[:30]) is None
    assert tail(path, "--chain", "--until-done", then=then) == 0  # the head's last turn decides


def test_a_chain_is_told_in_the_order_of_time(capfd: Capture) -> None:
    assert tail(sample("f_agents_v2"), "--chain", "--since", "start", "--until-done", "--json") == 0
    found = events(capfd)
    ended = [event["at"] for event in found if event["type"] == "call"]
    assert ended == sorted(ended)
    assert {event["agent"] for event in found} == {None, "counter", "tester", "reader", "sleeper", "doomed"}
    assert len({event["session"] for event in found}) == 6


def test_a_worker_stands_for_its_whole_chain(capfd: Capture) -> None:
    assert tail(sample("f_agents_v2", 2), "--chain", "--until-done", "--json") == 0
    assert events(capfd)[0]["agent"] is None


def test_workers_that_are_done_are_told_in_a_line(capfd: Capture) -> None:
    assert tail(sample("f_agents_v2"), "--chain", "--until-done") == 0
    printed = told(capfd)
    others = [line.split()[:2] for line in printed if not line.startswith("A orchestrator")]
    assert others == [["B", "counter"], ["C", "tester"], ["D", "reader"], ["E", "sleeper"], ["F", "doomed"]]
    assert any(re.match(r"F doomed +✗ .* · failed · session", line) for line in printed)


def test_calls_about_workers_name_them_by_their_letters_and_not_how_they_stand_now(capfd: Capture) -> None:
    assert tail(sample("f_agents_v2"), "--chain", "--since", "start", "--until-done") == 0
    printed = [re.sub(" +", " ", line) for line in told(capfd)]
    assert "A orchestrator ✓ spawn B counter · the task is sealed 25 ms" in printed
    assert "C tester ✓ spawn D reader · the task is sealed 44 ms" in printed
    assert "A orchestrator · mail C tester: The check fails: expected 6, got 7." in printed
    assert "D reader · mail C tester: (sealed)" in printed
    tail(sample("f_agents_v1"), "--chain", "--since", "start", "--until-done")
    printed = [re.sub(" +", " ", line) for line in told(capfd)]
    assert "A orchestrator ✓ wait B Ramanujan C Pauli 8 ms" in printed


@pytest.mark.parametrize("scenario", ["f_agents_v1", "f_agents_v2"])
def test_letters_are_those_of_the_tree(scenario: str, capfd: Capture) -> None:
    assert tail(sample(scenario), "--chain", "--since", "start", "--until-done", "--json") == 0
    followed = {event["session"]: event["letter"] for event in events(capfd)}
    assert main(["ls", "--root", str(SAMPLES), "--tree", str(sample(scenario)), "--json"]) == 0
    tree = json.loads(capfd.readouterr().out)["members"]
    assert followed == {member["id"]: member["letter"] for member in tree}


def test_of_a_session_alone_nobody_needs_a_letter(capfd: Capture) -> None:
    tail(sample("f_agents_v2"), "--since", "start", "--json")
    assert {event["letter"] for event in events(capfd)} == {None}


def test_a_worker_has_its_letter_in_the_very_line_that_tells_of_its_start(home: Path, capfd: Capture) -> None:
    """Workers are looked for now and then only, and at once where somebody tells of a new one."""
    head = Story(1).begin("Share the work")
    path, done = head.put(home), len(head.lines)
    head.spawn(2, nickname="Ada")
    ada = worker(2, 1, agent_nickname="Ada").begin("Look")
    then: list[Action] = [lambda: ada.put(home), *appending(path, b"".join(lines_of(head)[done:]))]
    tail(path, "--chain", "--since", "start", then=then)
    assert any(re.match(r"A orchestrator ✓ spawn +B Ada · Please look\.", line) for line in told(capfd))


def test_a_worker_whose_file_never_comes_is_waited_for_two_seconds(home: Path, capfd: Capture) -> None:
    head = Story(1).begin("Share the work")
    path, done = head.put(home), len(head.lines)
    head.spawn(2, nickname="Ada").ran()
    then = [*appending(path, b"".join(lines_of(head)[done:])), *waiting(18)]
    tail(path, "--chain", "--since", "start", then=then)
    assert not any(" spawn " in line for line in told(capfd))
    path.write_bytes(b"".join(lines_of(head)[:done]))
    then = [*appending(path, b"".join(lines_of(head)[done:])), *waiting(22)]
    tail(path, "--chain", "--since", "start", then=then)
    printed = told(capfd)
    assert re.match(r"A orchestrator ✓ spawn +Ada · Please look\.", printed[-2])
    assert re.match(r"A orchestrator ✓ run +sh step-1.sh", printed[-1])


def test_what_is_held_back_is_told_when_the_time_is_up(home: Path, capfd: Capture) -> None:
    head = Story(1).begin("Share the work")
    path, done = head.put(home), len(head.lines)
    head.spawn(2, nickname="Ada")
    then = [*appending(path, b"".join(lines_of(head)[done:])), *waiting(9)]
    assert tail(path, "--chain", "--since", "start", "--timeout", "1", then=then) == 124
    assert " spawn " in told(capfd)[-1]


def test_who_of_the_chain_is_not_here_is_told_first(home: Path, capfd: Capture) -> None:
    worker(2, 1, agent_nickname="Ada").begin("Look").spawn(3, nickname="Grace").end().put(home)
    tail(id_of(2), "--chain", "--until-done")
    told_wrong = capfd.readouterr().err
    assert f"who started this session is not here: {id_of(1)}" in told_wrong
    assert "1 worker is not here: Grace" in told_wrong


def test_when_the_time_is_up_it_is_told_who_has_not_ended(home: Path, capfd: Capture) -> None:
    _, path = chain(home)
    worker(2, 1, minutes=0.1, agent_nickname="Ada").turn().put(home)
    worker(3, 1, minutes=0.2, agent_nickname="Grace").begin("Look").put(home)
    assert tail(path, "--chain", "--until-done", "--timeout", "1", then=waiting(11)) == 124
    assert "the time is up; not ended yet: A orchestrator, C Grace" in capfd.readouterr().err


def test_a_wait_whose_time_was_up_is_told_as_such(capfd: Capture) -> None:
    """Its end stands in the file before its answer."""
    assert tail(sample("f_agents_v2"), "--since", "start", "--until-done") == 0
    waits = [line.split(" wait ")[1].split() for line in told(capfd) if " wait " in line]
    assert [words[:-2] for words in waits] == [["any", "worker"]] * 3 + [["time", "was", "up"]]


def test_a_models_error_is_told_by_its_message(home: Path, capfd: Capture) -> None:
    path = Story(1).begin().fail('{"error": {"message": "It may not run.", "type": "invalid"}}').put(home)
    tail(path, "--since", "start", "--until-done")
    printed = capfd.readouterr().out
    assert "It may not run." in printed
    assert '"error"' not in printed


def test_a_letter_stays_with_who_had_it_first(home: Path, capfd: Capture) -> None:
    """Of two workers that began at once the later one's file was found before the other's."""
    head, path = chain(home)
    first, second = (worker(n, 1, minutes=n, agent_nickname=f"W{n}").begin("Look") for n in (2, 3))
    head.spawn(3, "call_3").put(home)
    then: list[Action] = [lambda: second.put(home), *waiting(20), lambda: first.put(home), *waiting(20)]
    tail(path, "--chain", "--since", "start", "--json", then=then)
    letters = {event["session"]: event["letter"] for event in events(capfd)}
    assert letters == {id_of(1): "A", id_of(3): "B", id_of(2): "C"}


@pytest.mark.parametrize("at_once", [1, 7, 40])
@pytest.mark.parametrize("chain", sample_chains(), ids=str)
def test_a_growing_chain_is_told_as_the_whole_one(
    chain: SampleChain, at_once: int, home: Path, capfd: Capture
) -> None:
    """Record by record as they were written, so many between two rounds."""
    whole = put_chain(chain, home)
    records = sorted(
        (json.loads(line)["timestamp"], number, path, line)
        for path in whole.values()
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True))
    )
    options = ("--chain", "--since", "start")
    tail(whole[chain.ids[0]], *options)
    expected = told(capfd)
    for path in whole.values():
        path.unlink()
    groups = [records[first : first + at_once] for first in range(0, len(records), at_once)]

    def write(group: list[tuple[str, int, Path, bytes]]) -> None:
        for _, _, path, line in group:
            with path.open("ab") as file:
                file.write(line)

    write(groups[0])
    then = [lambda group=group: write(group) for group in groups[1:]]
    tail(whole[chain.ids[0]], *options, then=[*then, *waiting(40)])
    assert sorted(told(capfd)) == sorted(expected)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("scenario", ["f_agents_v1", "f_agents_v2"])
def test_no_line_of_a_chain_is_wider_than_asked_for(
    scenario: str, width: int, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    tail(sample(scenario), "--chain", "--since", "start", "--until-done")
    assert [line for line in capfd.readouterr().out.splitlines() if len(line) > width] == []


def test_a_chain_outside_the_places_that_were_named(home: Path, tmp_path: Path) -> None:
    path = Story(1).turn().put(home)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(Unreadable, match="name its folder with --root"):
        tail(path, "--chain", "--root", tmp_path / "elsewhere")


# -- the program itself -----------------------------------------------------


def started(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "trace_tui", "tail", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="no poll tells of a closed pipe there")
def test_a_closed_pipe_ends_it_though_nothing_happens(tmp_path: Path) -> None:
    with started(Story().begin().put_as(tmp_path / "session.jsonl")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()  # lines come at once, though it goes on
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    with started(Story().begin().put_as(tmp_path / "session.jsonl")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b""


def test_signs_have_others_where_there_is_no_unicode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with started(small().save(tmp_path), "--since", "start", "--until-done") as process:
        printed, problems = process.communicate(timeout=60)
    assert printed.isascii()
    assert b"x run     sh check.sh" in printed
    assert problems == b""
