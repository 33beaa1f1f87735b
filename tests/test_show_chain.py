"""`codex-trace-tui show --chain`: a chain as one page; what it prints, how wide, and with which exit code."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.big_tree import WORKERS, write_big_tree
from tests.chain_homes import in_a_folder, put_chain, sample_chains
from tests.library import Story, id_of, keep_to, library_of, worker
from tests.reading_sessions import SAMPLES, sample
from trace_tui.cli import main
from trace_tui.library.chain_times import times_of
from trace_tui.library.chains import grow
from trace_tui.parsers.containers import Unwrapped
from trace_tui.printing.console import Lines
from trace_tui.show.chain_page import ChainPage
from trace_tui.sources import Source
from trace_tui.wording.chain_rows import ChainRows

Capture = pytest.CaptureFixture[str]
Snapshot = Callable[[str, str], None]

ERA = SAMPLES / "eras" / "0.104.0"
CHAINS = {
    "f_agents_v1": sample("f_agents_v1"),
    "f_agents_v2": sample("f_agents_v2"),
    "0.104.0": next(chain for chain in sample_chains() if chain.head.home == ERA).head.paths[0],
}
WIDTHS = [40, 60, 80, 120, 200]
EVIL = "\x1b[31mred\x1b]0;title\x07 \x9b2J \x00\x08 \u202egnp\u2066 [red]x[/red]"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield keep_to(tmp_path, monkeypatch)
    gc.enable()


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda width: monkeypatch.setenv("COLUMNS", str(width))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first file of seventy workers'."""
    folder = tmp_path_factory.mktemp("tree")
    write_big_tree(folder)
    return min(folder.rglob("*.jsonl"))


def show(*arguments: str | Path) -> int:
    return main(["show", *map(str, arguments), "--chain"])


def page(capfd: Capture, *arguments: str | Path) -> str:
    assert show(*arguments) == 0
    printed = capfd.readouterr()
    assert printed.err == ""
    return printed.out


def squeezed(printed: str) -> list[str]:
    return [re.sub(" +", " ", line).strip() for line in printed.split("\n")]


def part(printed: str, heading: str) -> list[str]:
    """The lines under a heading, with single blanks."""
    lines = printed.split("\n")
    first = lines.index(heading) + 1
    return squeezed("\n".join(lines[first:]).split("\n\n")[0])


def is_for_copying(line: str) -> bool:
    """Ids and paths are not cut."""
    return re.match(r"! |  (  show |started|folder|session)", line) is not None


# -- the page -----------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", CHAINS)
def test_the_page(
    name: str, width: int, columns: Callable[[int], None], capfd: Capture, text_snapshot: Snapshot
) -> None:
    columns(width)
    text_snapshot(page(capfd, CHAINS[name]).replace(str(SAMPLES), "SAMPLES"), f"{name}-{width}")


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_of_seventy_workers(
    width: int, tree: Path, columns: Callable[[int], None], capfd: Capture, text_snapshot: Snapshot
) -> None:
    columns(width)
    printed = page(capfd, tree).replace(str(tree.parents[4]), "TREE")
    text_snapshot(printed, f"seventy-{width}")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*CHAINS, "seventy"])
def test_no_line_is_wider_than_the_terminal(
    name: str, width: int, tree: Path, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(width)
    lines = page(capfd, CHAINS.get(name, tree)).split("\n")
    assert [line for line in lines if cell_len(line) > width and not is_for_copying(line)] == []


def test_the_axis_is_the_one_of_the_app(columns: Callable[[int], None], capfd: Capture) -> None:
    columns(120)
    printed = page(capfd, sample("f_agents_v2")).split("\n")
    with library_of(SAMPLES) as library:
        library.refresh()
        head = next(one for one in grow(library.entries()).roots if one.entry.id == sample_id("f_agents_v2"))
        times = times_of(head, library.catalog)
    rows = ChainRows(times)
    expected = [rows.clock(118), *(rows.member(one, 118) for one in times.members), rows.legend(118)]
    words = ["  " + "".join(text for text, _ in line).rstrip() for line in expected]
    first = printed.index(words[0])
    assert printed[first : first + len(words)] == words


def sample_id(scenario: str) -> str:
    return sample(scenario).stem[-36:]


def test_totals_stand_on_top_and_copied_history_apart(capfd: Capture) -> None:
    top = squeezed(page(capfd, sample("f_agents_v2")))[:3]
    assert top == [
        "✓ Please split the work between sub-agents.",
        "completed · 6 threads · 27 calls · 4 failures · 167k tokens, 107k the head's own",
        "took 11.6 s · 3.8 s of work, ×2.3 at once · 52 lines inherited",
    ]


def test_failures_stand_in_the_order_of_time_with_what_to_copy(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2).end().ran(1).put(home)
    worker(2, 1, minutes=1, agent_nickname="Ada").begin().ran(1).fail().put(home)
    told = part(page(capfd, "latest"), "failures")
    assert [line for line in told if line.startswith("show")] == [
        f"show {id_of(1)}#call=call_1",
        f"show {id_of(2)}#turn=1",
        f"show {id_of(2)}#call=call_1",
    ]
    assert told[0] == "12:00:01 A orchestrator ✗ run sh step-1.sh exit 1 100 ms"
    assert re.fullmatch(r"12:01:00 B Ada ✗ turn 1 The model is not there. \d+ ms", told[2])
    for line in told[1::2]:
        assert main(line.split()) == 0


def test_a_chain_in_which_nothing_failed_says_no_more_of_failures(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2).end().put(home)
    worker(2, 1).turn().put(home)
    printed = page(capfd, "latest")
    assert "no failures" in printed
    assert "\nfailures\n" not in printed


def test_steps_of_all_agents_stand_in_the_order_of_time(capfd: Capture) -> None:
    steps = part(page(capfd, sample("f_agents_v1")), "steps")
    clocks = [line.split()[0] for line in steps if line[:1].isdigit()]
    assert clocks == sorted(clocks)
    assert {line.split()[1] for line in steps if line[:1].isdigit()} == set("ABCD")
    spawned = next(i for i, line in enumerate(steps) if "spawn B Ramanujan · Worker one" in line)
    begun = steps.index("B Ramanujan 1 ✓ Worker one: count the files of the project. 1 call · 200 ms")
    answered = next(i for i, line in enumerate(steps) if line.endswith("B ‹ answer There are 3 files."))
    assert spawned < begun < answered


def test_no_step_is_left_out(home: Path, capfd: Capture) -> None:
    """Runs of quiet steps are folded in the app; here nobody could unfold them."""
    story = Story(1).begin()
    for number in range(6):
        story.call(f"call_{number}", arguments={"cmd": f"cat part-{number}"})
        story.output(f"call_{number}", "Process exited with code 0\nOutput:\nx\n")
    story.spawn(2).end().put(home)
    worker(2, 1).turn().put(home)
    steps = part(page(capfd, "latest"), "steps")
    assert [line for line in steps if "run cat part-" in line][5].startswith("12:00:")


def test_a_pipe_gets_no_colours_and_a_terminal_those_of_the_agents(capfd: Capture) -> None:
    assert "\x1b" not in page(capfd, sample("f_agents_v2"))
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, color_system="standard", width=100)
    head_on(console)
    assert re.search(r"\x1b\[1;36m *A\x1b\[0m", output.getvalue())  # bold cyan
    assert re.search(r"\x1b\[1;35m *B\x1b\[0m", output.getvalue())  # bold magenta


def head_on(console: Console) -> None:
    """The axis alone."""
    from trace_tui.show.chain import WholeChain
    from trace_tui.show.chain_page import _Story
    from trace_tui.wording.cast import NOBODY

    with library_of(SAMPLES) as library, Lines(console) as lines:
        library.refresh()
        forest = grow(library.entries())
        head = next(one for one in forest.roots if one.entry.id == sample_id("f_agents_v2"))
        members = list(head.members())
        chain = WholeChain(head, members, forest, times_of(head, library.catalog), [], library, {})
        ChainPage(lines, chain, _Story(iter(()), [], [], NOBODY, {})).axis()


# -- one alone ----------------------------------------------------------


def test_a_session_without_workers_is_a_chain_of_one_and_says_so(home: Path, capfd: Capture) -> None:
    Story(1).turn("Please look.", calls=2, failed=1).put(home)
    printed = page(capfd, "latest")
    assert "this session started no workers, and none started it" in squeezed(printed)
    assert part(printed, "steps")[0].startswith("1 ✓ Please look. 2 calls ✗1")
    assert re.fullmatch(r"12:00:00 ✗ run sh step-2.sh exit 1 \d+ ms", part(printed, "failures")[0])


def test_the_demo_has_a_chain(capfd: Capture) -> None:
    printed = page(capfd, "--demo")
    assert "3 threads" in printed
    assert "C worker" in printed
    assert "show /" not in printed  # its files are gone again


# -- what is not here, and what is damaged ------------------------------


def test_a_worker_whose_file_is_not_here_is_told_in_a_line(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2, nickname="Ada").spawn(3, "call_other").end().put(home)
    worker(3, 1, minutes=1).turn().put(home)
    printed = page(capfd, id_of(1))
    assert f"! worker Ada {id_of(2)} of A orchestrator is not here" in printed.split("\n")
    assert any(line.endswith("spawn Ada · Please look. 100 ms") for line in part(printed, "steps"))
    assert "2 threads" in printed


def test_a_chain_whose_head_is_not_here_says_who_that_is(home: Path, capfd: Capture) -> None:
    worker(2, 1).begin().spawn(3).end().put(home)
    worker(3, 2, minutes=1, depth=2).turn().put(home)
    printed = page(capfd, id_of(3))
    assert f"! who started it is not here: {id_of(1)}" in printed.split("\n")
    assert "started no workers" not in printed


@pytest.mark.skipif(sys.platform == "darwin", reason="its names of files are UTF-8")
def test_a_folder_whose_name_is_not_utf8_is_told_as_far_as_it_can_be(tmp_path: Path, capfd: Capture) -> None:
    folder = tmp_path / os.fsdecode(b"h\xff")
    path = Story(1).turn(calls=2, failed=1).put(folder)
    assert show(path, "--json") == 0
    (failure,) = json.loads(capfd.readouterr().out)["failures"]
    assert "/h\ufffd/" in failure["target"]


def test_threads_that_are_each_others_parents_are_told(home: Path, capfd: Capture) -> None:
    worker(1, 2, agent_nickname="Ada").turn().put(home)
    worker(2, 1, minutes=1, agent_nickname="Grace").turn().put(home)
    assert "! A Ada: circular parents" in page(capfd, id_of(1)).split("\n")


def test_damage_is_told_with_where_to_look(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2).end().put(home)
    worker(2, 1, agent_nickname="Ada").begin().raw(b"{not json").end().put(home)
    printed = page(capfd, id_of(1))
    assert f"! 1 problem in the file of B Ada: show {id_of(2)}" in printed.split("\n")
    assert any("B ‹ answer Done." in line for line in part(printed, "steps"))


def test_a_file_that_can_not_be_read_any_more_leaves_the_rest(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    """It went between the list and the reading."""
    Story(1).begin().spawn(2).end().put(home)
    path = worker(2, 1, agent_nickname="Ada").turn().put(home)

    def gone(*arguments: object) -> list[object]:
        path.unlink()
        return []

    monkeypatch.setattr("trace_tui.show.chain.missing_from", gone)
    printed = page(capfd, id_of(1))
    assert f"! B Ada could not be read: {path}: No such file or directory" in printed.split("\n")
    assert part(printed, "steps")[0].startswith("A orchestrator 1 ✓")


# -- only what failed ---------------------------------------------------


def test_cipher_texts_are_not_printed(capfd: Capture) -> None:
    printed = page(capfd, "--root", SAMPLES, sample_id("f_agents_v2"), "--failed")
    assert '"message": "(sealed)"' in printed
    assert "gAAAA" not in printed


def test_failed_calls_and_turns_come_whole_each_under_its_agent(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2).ran(1).end().put(home)
    worker(2, 1, minutes=1, agent_nickname="Ada").begin("Look.").ran(2).fail().put(home)
    first, second, third = page(capfd, id_of(1), "--failed").split("\n\n")
    first, why = first.split("\n  why\n")
    assert "it never ended ok before in this session" in why
    assert first.split("\n")[:2] == ["A orchestrator", "✗ exit 1 · run exec_command"]
    assert f"  {id_of(1)}#call=call_1" in first.split("\n")
    assert first.endswith("    out 1")
    assert second.startswith("B Ada\n✗ failed · turn 1\n")
    assert f"  {id_of(2)}#turn=1\n    The model is not there." in second
    assert "its parent was told nothing" in second
    assert third.startswith("B Ada\n✗ exit 2 · run exec_command\n")


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files as Linux tells them")
@pytest.mark.parametrize("option", [[], ["--json"]], ids=str)
def test_however_many_agents_failed_few_files_are_open_at_once(
    option: list[str], home: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = Story(1).begin()
    for number in range(2, 42):
        head.spawn(number, f"call_{number}", f"W{number}")
        worker(number, 1).begin("Look.").ran(1).pause(600).ran(1).end().put(home)
    head.end().put(home)
    opened: list[int] = []
    real_open = Source.open

    def counting(source: Source) -> Unwrapped:
        here = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        opened.append(sum(name.endswith(".jsonl") for name in here))
        return real_open(source)

    monkeypatch.setattr(Source, "open", counting)
    assert show(id_of(1), "--failed", *option) == 0
    capfd.readouterr()
    assert max(opened) <= 20


def test_members_are_found_in_whichever_place_they_lie(tmp_path: Path, capfd: Capture) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    Story(1).begin().spawn(2, "call_a", "Ada").end().put(one)
    worker(2, 1, minutes=1, agent_nickname="Ada").begin("Look.").ran(1).fail().put(other)
    printed = page(capfd, "--root", one, "--root", other, id_of(1), "--failed")
    assert "its parent was told nothing" in printed
    assert "is not here" not in printed


def test_nothing_failed_is_a_no(home: Path, capfd: Capture) -> None:
    Story(1).turn().put(home)
    assert show("latest", "--failed") == 1
    assert capfd.readouterr().err == "codex-trace-tui: nothing failed in this chain\n"


# -- what is asked for --------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--turn", "1"], "--chain shows whole sessions, and --turn a part of one; choose one"),
        (["--call", "x"], "--chain shows whole sessions, and --call a part of one; choose one"),
        (["--raw", "1"], "--chain shows whole sessions, and --raw a part of one; choose one"),
    ],
)
def test_a_part_of_a_session_is_no_chain(
    arguments: list[str], words: str, home: Path, capfd: Capture
) -> None:
    Story(1).turn().put(home)
    assert show("latest", *arguments) == 2
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", f"codex-trace-tui: {words}\n")


@pytest.mark.parametrize("place", ["#turn=1", "#call=x", "#error=1", "#line=2"])
def test_nor_is_a_place_in_one(place: str, home: Path, capfd: Capture) -> None:
    Story(1).turn().put(home)
    assert show(f"latest{place}") == 2
    assert capfd.readouterr().err.endswith("--chain shows whole sessions; leave out the place in one\n")


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("-", 2, "standard input is one session; for --chain name one that lies among the others"),
        ("01234567", 3, "01234567: no such file, and no session of that id"),
        ("/nowhere.jsonl", 3, "/nowhere.jsonl: No such file or directory"),
        ("/", 3, "/: a folder; name one session file in it"),
        ("latest:/nowhere", 1, "latest:/nowhere: no session in /nowhere"),
    ],
)
def test_a_chain_of_nobody_is_told_in_one_line(
    target: str, status: int, words: str, home: Path, capfd: Capture
) -> None:
    Story(1).turn().put(home)
    assert show(target) == status
    printed = capfd.readouterr()
    assert printed.out == ""
    assert words in printed.err


def test_a_file_that_is_no_session(tmp_path: Path, capfd: Capture) -> None:
    (tmp_path / "notes.jsonl").write_text("no session\n", "utf-8")
    assert show(tmp_path / "notes.jsonl") == 3
    assert "notes.jsonl" in capfd.readouterr().err


def test_workers_beside_a_path_outside_any_home_are_found(tmp_path: Path, capfd: Capture) -> None:
    chain = sample_chains()[0]
    places = put_chain(chain, tmp_path / "runs", in_a_folder)
    printed = page(capfd, places[chain.ids[-1]])
    assert f"{len(chain.ids)} threads" in printed
    assert f"show {places[chain.ids[0]]}#call=" in printed


def test_a_file_of_any_name_is_one(tmp_path: Path, capfd: Capture) -> None:
    path = tmp_path / "kept.log"
    shutil.copy(SAMPLES / "exec-json" / "b_exec-1.jsonl", path)
    assert "1 thread · 9 calls · 5 failures" in page(capfd, path)


def test_a_path_in_codexs_own_home_needs_no_path_to_be_found_again(home: Path, capfd: Capture) -> None:
    path = Story(1).turn(calls=1, failed=1).put(home)
    assert f"show {id_of(1)}#call=call_1" in page(capfd, path)


# -- what sessions say --------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--failed"]], ids=["page", "failed"])
def test_nothing_that_sessions_say_steers_the_terminal(
    options: list[str], home: Path, capfd: Capture
) -> None:
    head = Story(1, cwd=f"/work/{EVIL}").begin(EVIL).spawn(2, nickname=EVIL).spawn(9, EVIL, nickname=EVIL)
    head.call(EVIL, arguments={"cmd": EVIL}).output(EVIL, f"Process exited with code 3\nOutput:\n{EVIL}\n")
    head.answered(EVIL).end().put(home)
    error = {"message": EVIL, "codex_error_info": "other"}
    ada = worker(2, 1, minutes=1, agent_nickname=EVIL).begin(EVIL)
    ada.event("task_complete", turn_id=ada._turn_id, error=error).put(home)
    printed = page(capfd, id_of(1), *options)
    assert {sign for sign in printed if ord(sign) < 32 or sign in "\x7f\x9b\u202e\u2066"} == {"\n"}
    assert "[red]x[/red]" in printed


# -- the program itself -------------------------------------------------


def test_seventy_workers_are_all_told(tree: Path, capfd: Capture) -> None:
    printed = page(capfd, tree)
    assert f"{WORKERS + 1} threads · 354 calls · 9 failures" in printed
    heads = [line for line in printed.split("\n") if re.match(r"[A-Za-z]{1,2} +\S+ \d+ ", line)]
    assert len(heads) == WORKERS + 1


# -- hints --------------------------------------------------------------


def test_what_looks_like_a_loop_is_told_of_each_agent(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2).end().put(home)
    stuck = worker(2, 1, minutes=1, agent_nickname="Ada").begin("Check.")
    for number in range(3):
        stuck.call(f"call_check_{number}", arguments={"cmd": "sh check.sh"})
        stuck.output(f"call_check_{number}", "Process exited with code 1\nOutput:\nFAIL\n")
    stuck.end().put(home)
    (hint,) = part(page(capfd, id_of(1)), "hints")
    assert hint == "B Ada turn 1 · repeated · sh check.sh failed the same way 3 times (exit 1): lines 5, 7, 9"
    assert show(id_of(1), "--json") == 0
    (told,) = json.loads(capfd.readouterr().out)["hints"]
    assert (told["letter"], told["name"], told["kind"]) == ("B", "Ada", "repeated")
    assert told["calls"] == ["call_check_0", "call_check_1", "call_check_2"]


def test_where_nothing_looks_like_a_loop_no_hints_are_headed(home: Path, capfd: Capture) -> None:
    Story(1).turn("Please look.", calls=2).put(home)
    assert "hints" not in page(capfd, "latest")
