"""What a person may name, and whether `show` finds just that: a session, and a place in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.library import Story, id_of, keep_to, worker
from tests.reading_sessions import SAMPLES, calls_of, read, sample, truths
from trace_tui.cli import main
from trace_tui.model import line_of

Capture = pytest.CaptureFixture[str]
Show = Callable[..., str]
ONE, TWO = id_of(1), id_of(2)
HOMES = list(dict.fromkeys(truth.home for truth in truths()))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Codex's own home, which is not there yet."""
    return keep_to(tmp_path, monkeypatch)


@pytest.fixture
def show(capfd: Capture) -> Show:
    """What `show …` prints, on standard output if all went well, else on standard error."""

    def run(*arguments: str | Path, status: int = 0) -> str:
        assert main(["show", *map(str, arguments)]) == status
        printed = capfd.readouterr()
        assert (printed.out if status else printed.err) == ""
        return printed.err if status else printed.out

    return run


@pytest.fixture
def found(show: Show) -> Callable[..., str]:
    """The id of the session that is shown."""

    def run(*arguments: str | Path) -> str:
        told: str = json.loads(show(*arguments, "--json"))["session"]["id"]
        return told

    return run


def calls_told(show: Show, *arguments: str | Path) -> list[str]:
    """The summaries of the calls that are shown whole."""
    told: dict[str, Any] = json.loads(show(*arguments, "--json"))
    assert told["schema"] == "codex-trace/calls@1"
    return [call["summary"] for call in told["calls"]]


def turns_told(show: Show, *arguments: str | Path) -> list[int]:
    """The turns that are shown."""
    told: dict[str, Any] = json.loads(show(*arguments, "--json"))
    assert told["schema"] == "codex-trace/session@1"
    return [turn["index"] for turn in told["turns"]]


def checked(number: int = 1) -> Story:
    """Two turns; calls 2, 4 and 5 fail."""
    return Story(number).turn("Check.", calls=2, failed=1).turn("Check again.", calls=3, failed=2)


# -- sessions by path and id ------------------------------------------------------


def test_a_path_needs_no_home(tmp_path: Path, found: Show) -> None:
    path = Story(1).turn().put_as(tmp_path / "kept.jsonl")
    assert found(path) == ONE


def test_a_path_may_be_relative(tmp_path: Path, found: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    Story(1).turn().put_as(tmp_path / "latest")
    monkeypatch.chdir(tmp_path)
    assert found("latest") == ONE  # what there is under that very name comes first


@pytest.mark.parametrize(
    "target", [ONE, ONE.upper(), ONE[:8], ONE[:9], ONE[:12], "01a1f901-0000-7000-8000-00000000000"]
)
def test_an_id_or_how_it_begins_is_enough(target: str, home: Path, found: Show) -> None:
    Story(1).turn().put(home)
    Story(2).turn().put(home)
    assert found(target) == ONE


@pytest.mark.parametrize("home", HOMES, ids=lambda path: str(path.name))
def test_every_session_of_the_samples_is_found_by_its_id(home: Path, found: Show) -> None:
    for truth in truths():
        if truth.home == home:
            assert found("--root", home, truth.facts["thread_id"]) == truth.facts["thread_id"]


@pytest.mark.parametrize("where", [{"archived": True}, {"compressed": True}, {"day": "2027/01/02"}], ids=str)
def test_an_id_is_found_wherever_its_file_lies(where: dict[str, Any], home: Path, show: Show) -> None:
    Story(1).turn(calls=1, failed=1).put(home, **where)
    assert calls_told(show, f"{ONE}#error=1") == ["sh step-1.sh"]


def test_an_id_that_only_the_file_tells_is_found(tmp_path: Path, found: Show) -> None:
    Story(1).turn().put_as(tmp_path / "place" / "kept.jsonl")
    Story(2).turn().put_as(tmp_path / "place" / "other.jsonl")
    assert found("--root", tmp_path / "place", ONE[:8]) == ONE
    assert found("--root", tmp_path / "place", "--no-cache", TWO) == TWO


def test_an_id_of_several_files_shows_the_whole_thread(show: Show) -> None:
    path = sample("h_rollback_tui")
    told = json.loads(show("--root", SAMPLES, path.stem[-36:], "--json"))
    assert [Path(file).name for file in told["session"]["files"]] == [
        file.name for file in next(truth.paths for truth in truths() if path in truth.paths)
    ]


@pytest.mark.parametrize("prefix", ["01a1", "01a1f9"])
def test_a_prefix_of_several_lists_them(prefix: str, home: Path, show: Show) -> None:
    Story(1).turn("The first.").put(home)
    Story(2, minutes=1).turn("The second.\nAnd more.").put(home)
    assert show(prefix, status=2).splitlines() == [
        f"codex-trace-tui: {prefix} may be one of 2 sessions:",
        f"  {TWO}  2026-11-20 12:01  The second. And more.",
        f"  {ONE}  2026-11-20 12:00  The first.",
    ]


def test_of_many_candidates_the_newest_are_listed(home: Path, show: Show) -> None:
    for number in range(1, 21):
        Story(number, minutes=number).turn().put(home)
    lines = show("01a1f9", status=2).splitlines()
    assert lines[0] == "codex-trace-tui: 01a1f9 may be one of 20 sessions:"
    assert [line.split()[0] for line in lines[1:-1]] == [id_of(number) for number in range(20, 8, -1)]
    assert lines[-1] == "  … and 8 more"


def test_a_whole_id_is_one_session_though_others_begin_so(tmp_path: Path, found: Show, show: Show) -> None:
    Story(1, id_="short-id").turn().put_as(tmp_path / "place" / "a.jsonl")
    Story(1, id_="short-id-and-more").turn().put_as(tmp_path / "place" / "b.jsonl")
    assert found("--root", tmp_path / "place", "short-id") == "short-id"
    assert "may be one of 2 sessions" in show("--root", tmp_path / "place", "short", status=2)


def test_of_two_copies_the_one_that_tells_more_is_shown(tmp_path: Path, show: Show) -> None:
    Story(1).turn().put(tmp_path / "a")
    longer = Story(1).turn().turn("And then?").put(tmp_path / "b")
    roots = [f"--root={tmp_path / name}" for name in ("a", "b")]
    told = json.loads(show(*roots, ONE, "--json"))
    assert told["session"]["files"] == [str(longer)]


def test_a_session_and_what_was_printed_of_it_are_one(tmp_path: Path, show: Show) -> None:
    session = sample("b_exec")
    shutil.copy(session, tmp_path / "session.jsonl")
    shutil.copy(SAMPLES / "exec-json" / "b_exec-1.jsonl", tmp_path / "printed.jsonl")
    name = session.stem[-36:]
    assert "session.jsonl" in show("--root", tmp_path, name)
    assert main(["ls", "--root", str(tmp_path), "--tree", name]) == 0


def test_two_sessions_of_one_id_are_candidates_by_their_place(tmp_path: Path, show: Show) -> None:
    Story(1).turn("In a.").put(tmp_path / "a")
    Story(1, minutes=1).turn("In b.").put(tmp_path / "b")
    roots = [f"--root={tmp_path / name}" for name in ("a", "b")]
    lines = show(*roots, ONE, status=2).splitlines()
    assert [line.split()[-1] for line in lines[1:]] == [str(tmp_path / "b"), str(tmp_path / "a")]


@pytest.mark.parametrize(
    "target", ["01234567", "nothing", OTHER_THREAD, "01a1f901-0000-7000-8000-00000000000a"]
)
def test_an_id_of_no_session_is_told_with_where_it_was_sought(target: str, home: Path, show: Show) -> None:
    Story(1).turn().put(home)
    words = f"codex-trace-tui: {target}: no such file, and no session of that id in {home}\n"
    assert show(target, status=3) == words


@pytest.mark.parametrize("target", ["01a", "0", "#"])
def test_too_short_an_id_is_likely_a_slip(target: str, home: Path, show: Show) -> None:
    Story(1).turn().put(home)
    assert "(give at least 4 characters of an id)" in show(target, status=3)


def test_a_path_that_is_not_there_is_no_id(home: Path, show: Show) -> None:
    Story(1).turn().put(home)
    for target in ("/nowhere/session.jsonl", "session.jsonl", f"{ONE}.jsonl", f"./{ONE}"):
        told = show(target, status=3)
        assert told == f"codex-trace-tui: {os.path.abspath(target)}: No such file or directory\n"


def test_a_root_that_is_not_there_can_not_be_read(tmp_path: Path, show: Show) -> None:
    missing = tmp_path / "missing"
    assert (
        show("--root", missing, ONE, status=3) == f"codex-trace-tui: {missing}: No such file or directory\n"
    )


# -- the latest --------------------------------------------------------------------


def test_the_latest_is_the_session_written_to_last(home: Path, found: Show) -> None:
    Story(1).turn().put(home)
    Story(2, minutes=-5).turn().line("event_msg", {"type": "later"}, after_ms=600_000).put(home)
    assert found("latest") == TWO


def test_workers_and_reviews_are_not_the_latest_and_forks_are(home: Path, found: Show) -> None:
    Story(1).turn().put(home)
    worker(2, 1, minutes=1).turn().put(home)
    Story(3, minutes=2, parent_thread_id=ONE, source={"subagent": "review"}).turn().put(home)
    assert found("latest") == ONE
    Story(4, minutes=3, forked_from_id=ONE).turn().put(home)
    assert found("latest") == id_of(4)


def test_where_there_are_nothing_but_workers_the_latest_of_them_is_meant(home: Path, found: Show) -> None:
    worker(2, 1).turn().put(home)
    worker(3, 1, minutes=1).turn().put(home)
    assert found("latest") == id_of(3)


def test_a_worker_whose_starter_is_here_is_never_the_latest(home: Path, show: Show) -> None:
    Story(1, cwd="/proj").turn().put(home)
    source = {"subagent": {"thread_spawn": {"parent_thread_id": ONE, "depth": 1}}}
    Story(2, minutes=1, source=source, cwd="/proj-wt").turn().put(home)
    assert "no session in /proj-wt" in show("latest:/proj-wt", status=1)


def test_a_session_that_goes_on_becomes_the_latest(home: Path, found: Show) -> None:
    story = Story(1).turn()
    story.put(home)
    Story(2, minutes=1).turn().put(home)
    assert found("latest") == TWO
    story.line("event_msg", {"type": "later"}, after_ms=600_000).turn().put(home)
    assert found("latest") == ONE


def test_the_latest_of_a_folder_ran_there_or_below(
    home: Path, tmp_path: Path, found: Show, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, aside = tmp_path / "here", tmp_path / "here-and-there"
    for folder in (here / "below", aside):
        folder.mkdir(parents=True)
    Story(1, cwd=f"{here}/").turn().put(home)
    Story(2, minutes=1, cwd=str(here / "below")).turn().put(home)
    Story(3, minutes=2, cwd=str(aside)).turn().put(home)
    Story(4, minutes=3, cwd="/elsewhere").turn().put(home)
    monkeypatch.chdir(here)
    assert found("latest:.") == TWO
    assert found("latest:below") == TWO
    assert found(f"latest:{here}") == TWO
    assert found(f"latest:{tmp_path}") == id_of(3)
    assert found("latest:..") == id_of(3)
    assert found("latest:/elsewhere") == id_of(4)
    assert found("latest:/") == id_of(4)
    assert show("latest:/nowhere", status=1) == (
        f"codex-trace-tui: latest:/nowhere: no session in /nowhere ({home})\n"
    )


def test_the_latest_that_failed_may_be_a_worker(home: Path, found: Show, show: Show) -> None:
    Story(1).turn(calls=1).put(home)
    Story(3, minutes=5).turn(calls=1).put(home)
    assert show("latest:failed", status=1) == (
        f"codex-trace-tui: latest:failed: no session in which anything failed ({home})\n"
    )
    Story(4, minutes=-5).turn(calls=2, failed=1).put(home)
    assert found("latest:failed") == id_of(4)
    worker(2, 1, minutes=1).begin().fail().put(home)
    assert found("latest:failed") == TWO


def test_where_there_is_no_session_there_is_no_latest(home: Path, show: Show) -> None:
    assert show("latest", status=1) == f"codex-trace-tui: latest: no session ({home})\n"


def test_files_that_are_no_sessions_are_never_the_latest(home: Path, found: Show) -> None:
    Story(1).turn().put(home)
    (home / "sessions" / "notes.jsonl").write_text("no session\n", "utf-8")
    assert found("latest") == ONE


# -- places -------------------------------------------------------------------------


@pytest.fixture(params=["path", "id", "latest", "latest:failed"])
def target(request: pytest.FixtureRequest, home: Path) -> str:
    """The same session by each of its names."""
    path = checked().put(home)
    named: str = request.param
    return {"path": str(path), "id": ONE[:8]}.get(named, named)


def test_a_turn_is_named_by_its_number(target: str, show: Show) -> None:
    assert turns_told(show, f"{target}#turn=2") == [2]
    assert show(f"{target}#turn=2") == show(target, "--turn", "2")
    assert show(f"{target}#turn=3", status=1) == "codex-trace-tui: no turn 3: the session has 2\n"


def test_a_call_is_named_by_its_id_or_how_it_begins(target: str, show: Show) -> None:
    assert calls_told(show, f"{target}#call=call_4") == ["sh step-4.sh"]
    assert calls_told(show, f"{target}#call=call_") == [f"sh step-{number}.sh" for number in range(1, 6)]
    assert show(f"{target}#call=call_4") == show(target, "--call", "call_4")
    assert show(f"{target}#call=call_9", status=1) == "codex-trace-tui: no call call_9 in this session\n"


def test_failed_calls_are_named_by_their_number(target: str, show: Show) -> None:
    told = [calls_told(show, f"{target}#error={number}") for number in (1, 2, 3)]
    assert told == [["sh step-2.sh"], ["sh step-4.sh"], ["sh step-5.sh"]]
    assert show(f"{target}#error=4", status=1) == "codex-trace-tui: no failed call 4: the session has 3\n"
    for number in ("0", "99"):
        assert f"no failed call {number}" in show(f"{target}#error={number}", status=1)


@pytest.mark.parametrize(
    "place", ["nonsense", "turn", "turn=", "turn=x", "error=-1", "error=one", "line=", "", "trun=1"]
)
def test_a_place_that_is_none_is_a_usage_error(place: str, target: str, show: Show) -> None:
    told = show(f"{target}#{place}", status=2)
    assert told.startswith(f"codex-trace-tui: {target}#{place}: ")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "option", [["--turn", "1"], ["--failed"], ["--call", "call_1"], ["--raw", "3"]], ids=str
)
@pytest.mark.parametrize("place", ["turn=1", "error=1", "call=call_1", "line=3"])
def test_a_place_and_an_option_are_two_questions(
    place: str, option: list[str], target: str, show: Show
) -> None:
    assert "choose one" in show(f"{target}#{place}", *option, status=2)


# -- lines --------------------------------------------------------------------------


def lines_of(path: Path, words: str) -> list[int]:
    """The numbers of the lines in which these words stand."""
    return [number for number, line in enumerate(path.read_text("utf-8").split("\n"), 1) if words in line]


def test_a_line_of_a_call_shows_the_call(home: Path, show: Show) -> None:
    path = checked().put(home)
    made, answered = lines_of(path, '"call_4"')
    for line in (made, answered):
        assert calls_told(show, f"{path}:{line}") == ["sh step-4.sh"]
        assert calls_told(show, f"{path}#line={line}") == ["sh step-4.sh"]
        assert calls_told(show, f"{ONE}#line={line}") == ["sh step-4.sh"]


def test_every_line_that_tells_of_a_call_leads_to_it(show: Show) -> None:
    path = sample("b_exec")
    call = next(call for call in calls_of(read(path)) if call.item_place is not None and call.output_place)
    places = (call.place, call.item_place, call.output_place)
    lines = {line_of(place) for place in places if place is not None}
    assert len(lines) == 3
    for line in lines:
        assert call.call_id in show(f"{path}:{line}")


def test_any_other_line_shows_the_turn_it_stands_in(home: Path, show: Show) -> None:
    path = checked().put(home)
    (first, *_), (second, *_) = lines_of(path, "Check."), lines_of(path, "Check again.")
    assert turns_told(show, f"{path}:{first}") == [1]
    assert turns_told(show, f"{path}:{second}") == [2]
    assert turns_told(show, f"{path}:{len(path.read_text().splitlines())}") == [2]


def test_a_line_before_all_turns_is_shown_as_it_is(home: Path, show: Show) -> None:
    path = checked().put(home)
    assert show(f"{path}:1") == path.read_text("utf-8").split("\n")[0] + "\n"


def test_a_line_beyond_the_end_is_not_there(home: Path, show: Show) -> None:
    path = checked().put(home)
    last = len(path.read_text("utf-8").splitlines())
    for line in (last + 1, 999, 0):
        told = show(f"{path}:{line}", status=1)
        assert told == f"codex-trace-tui: no line {line}: the file has {last}\n"


def test_a_line_is_one_of_the_file_that_was_named(tmp_path: Path, show: Show) -> None:
    """A thread that was rewound has two, and both have a line 3."""
    day = tmp_path / "sessions" / "2026/11/20"
    first = Rollout(ordinals=True).meta().started("t1").call("call_a").output("call_a", "ok").ended("t1")
    older = first.save(day, f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl")
    base = {"thread_id": THREAD, "end_ordinal_exclusive": 1}
    second = Rollout(ordinals=True, first_ordinal=1).meta(history_base=base).started("t2").call("call_b")
    newer = (
        second.output("call_b", "ok")
        .ended("t2")
        .save(day, f"rollout-2026-11-20T12-30-00-{THREAD}_{OTHER_THREAD}.jsonl")
    )
    assert "call_a" in show(f"{older}:3")
    assert "call_b" in show(f"{newer}:3")
    assert turns_told(show, f"{older}:5") == [1]
    assert turns_told(show, f"{newer}:5") == [2]


# -- names that look like places ------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="names can't be such there")
@pytest.mark.parametrize(
    "name", ["kept#turn=1", "kept#1.jsonl", "kept.jsonl:12", "#error=1", "latest:failed", "a:1:2"]
)
def test_what_there_is_under_that_very_name_is_shown(
    name: str, tmp_path: Path, found: Show, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checked().put_as(tmp_path / name)
    assert found(path) == ONE
    assert turns_told(show, f"{path}#turn=2") == [2]
    monkeypatch.chdir(tmp_path)
    assert found(name) == ONE


@pytest.mark.parametrize("name", ["kept.jsonl", "c#/kept.jsonl", "kept#1.jsonl", "kept#turn=1"])
def test_a_line_may_be_named_behind_any_path(name: str, tmp_path: Path, show: Show) -> None:
    path = checked().put_as(tmp_path / name)
    assert calls_told(show, f"{path}:{lines_of(path, 'call_4')[0]}") == ["sh step-4.sh"]


def test_a_path_with_a_sharp_in_it_that_is_not_there_is_told_as_such(tmp_path: Path, show: Show) -> None:
    assert "No such file" in show(tmp_path / "c#" / "session.jsonl", status=3)


def test_a_folder_of_that_name_is_no_session(
    home: Path, tmp_path: Path, found: Show, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story(1).turn().put(home)
    for name in ("latest", ONE[:8]):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert "a folder; name one session file in it" in show(home, status=3)
    assert found("latest") == ONE
    assert found(ONE[:8]) == ONE


# -- links --------------------------------------------------------------------------


def links_in(page: str) -> list[str]:
    """What the page offers to be copied: the first failure, or the call that is shown."""
    found = re.findall(r"^  (?:look at   )?(\S.*#(?:error|call)=\S+)$", page, re.MULTILINE)
    assert found
    return found


@pytest.mark.parametrize("name", ["path", "relative path", "id", "prefix", "latest"])
def test_the_links_on_a_page_lead_to_that_call(
    name: str, home: Path, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checked().put(home)
    monkeypatch.chdir(path.parent)
    names = {"path": str(path), "relative path": path.name, "id": ONE, "prefix": ONE[:8], "latest": "latest"}
    (first,) = links_in(show(names[name]))
    assert calls_told(show, first) == ["sh step-2.sh"]
    every = links_in(show(names[name], "--failed"))
    assert [calls_told(show, link) for link in every] == [[f"sh step-{number}.sh"] for number in (2, 4, 5)]
    assert [links_in(show(link)) for link in every] == [[link] for link in every]


def test_the_links_of_a_session_of_another_place_need_no_root(tmp_path: Path, show: Show) -> None:
    checked().put(tmp_path / "other")
    (first,) = links_in(show("--root", tmp_path / "other", ONE))
    assert calls_told(show, first) == ["sh step-2.sh"]


def test_a_link_to_the_latest_still_leads_there_when_another_is(home: Path, show: Show) -> None:
    checked().put(home)
    (first,) = links_in(show("latest"))
    Story(2, minutes=9).turn("Another.", calls=1, failed=1).put(home)
    assert calls_told(show, first) == ["sh step-2.sh"]


@pytest.mark.parametrize("truth", [truth for truth in truths() if truth.facts["failed_tool_calls"]], ids=str)
def test_every_failed_call_of_the_samples_has_a_link_that_leads_to_it(truth: Any, show: Show) -> None:
    failed = read(truth.paths[0]).failed_calls()
    by_path = links_in(show(truth.paths[0], "--failed"))
    assert [link.rpartition("=")[2] for link in by_path] == [call.call_id for call in failed]
    for call, link in zip(failed, by_path, strict=True):
        assert calls_told(show, link) == [call.summary]
    by_id = links_in(show("--root", truth.home, truth.facts["thread_id"]))
    assert calls_told(show, *by_id) == [failed[0].summary]


def test_standard_input_has_no_links(home: Path, show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    path = checked().put(home)
    with path.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert "look at" not in show("-")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 there")
def test_a_path_that_is_no_utf_8_is_a_target_like_any(tmp_path: Path, show: Show, found: Show) -> None:
    path = checked().put_as(tmp_path / os.fsdecode(b"caf\xe9") / "kept.jsonl")
    assert calls_told(show, f"{path}#error=1") == ["sh step-2.sh"]
    assert found("--root", path.parent, ONE) == ONE
    assert "Check." in show(path)
