"""`codex-trace-tui ls`: which sessions it lists, in which order, how wide, and what programs get of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest
from jsonschema import Draft202012Validator
from rich.cells import cell_len

from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.library import Story, id_of, keep_to, worker
from tests.reading_sessions import SAMPLES, read_as_json, truths
from tests.test_import_hygiene import PROGRAM
from tests.test_import_hygiene import run as run_python
from trace_tui.cli import main
from trace_tui.library.chains import Oddity

Capture = pytest.CaptureFixture[str]
Snapshot = Callable[[str, str], None]
Listed = Callable[..., list[dict[str, Any]]]

DOCS = SAMPLES.parents[2] / "docs"
SCHEMAS = {name: json.loads((DOCS / f"{name}.schema.json").read_text("utf-8")) for name in ("list", "tree")}
SESSION_SCHEMA = json.loads((DOCS / "session.schema.json").read_text("utf-8"))
LIST, TREE = (Draft202012Validator(SCHEMAS[name]) for name in ("list", "tree"))

HOMES = list(dict.fromkeys(truth.home for truth in truths()))
STREAMS = sorted((SAMPLES / "exec-json").glob("*.jsonl"))
WIDTHS = [40, 60, 80, 120, 200]
DAY = 24 * 60
CHAIN = "01a1f900-ded4"
"""An orchestrator of the samples, with five workers below it."""

EVIL = "\x1b[31mred\x1b]0;title\x07 \x9b2J\x00\x08\r\n\u202egnp\u2066 \u2028[red]x[/red]"
TITLES = {
    "escapes": EVIL,
    "wide": "検査を実行してください " * 20,
    "joined": "👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 " * 12,
    "combining": "e\u0301" * 90,
    "without width": "a\u200bb\u200dc\ufeff" * 60,
    "from the right": "שלום עולם مرحبا " * 12,
    "long": "Please " * 2000,
    "tabs": "\tone\ttwo\tthree",
}

needs_zones = pytest.mark.skipif(sys.platform == "win32", reason="the zone can't be set there")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Codex's own home, which is not there yet."""
    return keep_to(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for what many tests list and none changes, and for its catalog: it is read once."""
    folder = tmp_path_factory.mktemp("shared")
    some_sessions(folder / "home")
    return folder


@pytest.fixture
def samples(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(shared / "cache"))
    return SAMPLES


@pytest.fixture
def work(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home that `some_sessions` wrote, as Codex's own."""
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(shared / "cache"))
    monkeypatch.setenv("CODEX_HOME", str(shared / "home"))
    return shared / "home"


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day on which all samples and most of the built sessions began."""
    monkeypatch.setattr("trace_tui.listing.page.today", lambda: date(2026, 11, 20))


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda width: monkeypatch.setenv("COLUMNS", str(width))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a command run at that moment, UTC."""

    def set_clock(moment: str) -> None:
        given = datetime.fromisoformat(moment).replace(tzinfo=UTC)

        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromtimestamp(given.timestamp(), tz)

        monkeypatch.setattr("trace_tui.listing.command.datetime", Clock)

    return set_clock


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def listed(capfd: Capture) -> Listed:
    """What `ls OPTIONS --json` tells, in its order."""

    def run(*options: str | Path, status: int = 0) -> list[dict[str, Any]]:
        assert ls(*options, "--json") == status
        told = json.loads(capfd.readouterr().out)
        LIST.validate(told)
        sessions: list[dict[str, Any]] = told["sessions"]
        return sessions

    return run


def ls(*arguments: str | Path) -> int:
    return main(["ls", *map(str, arguments)])


def rows(printed: str) -> list[str]:
    """The lines that tell of a session."""
    return [
        line
        for line in printed.split("\n")
        if line[:2] in ("✓ ", "✗ ", "■ ", "… ", "· ") and "… and" not in line
    ]


def numbers(sessions: list[dict[str, Any]]) -> list[int]:
    """The built sessions by the numbers they were made with."""
    return [int(session["id"][-4:], 16) for session in sessions]


def wider(printed: str, width: int) -> list[str]:
    return [line for line in printed.split("\n") if cell_len(line) > width]


def harmful(printed: str) -> set[str]:
    """Characters that would steer a terminal instead of standing in it."""
    bidi = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u200e", "\u200f", "\u061c"}
    return {char for char in printed if char in bidi or unicodedata.category(char) in ("Cc", "Cs", "Zl")} - {
        "\n"
    }


# -- the page ---------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list(
    samples: Path, width: int, columns: Callable[[int], None], capfd: Capture, text_snapshot: Snapshot
) -> None:
    columns(width)
    assert ls("--root", samples) == 0
    printed = capfd.readouterr()
    text_snapshot(printed.out, f"list-{width}")
    assert printed.err == ""


@pytest.mark.parametrize("options", ["--flat", "--sort tokens", "--failed --limit 5"])
def test_the_list_in_other_forms(
    samples: Path, options: str, capfd: Capture, text_snapshot: Snapshot
) -> None:
    assert ls("--root", samples, *options.split()) == 0
    text_snapshot(capfd.readouterr().out, "list" + options.replace(" ", ""))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "options", ["", "--flat", "--sort tokens", "--failed", "--limit 3", f"--tree {CHAIN}"]
)
def test_no_line_is_wider_than_the_terminal(
    samples: Path, options: str, width: int, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(width)
    assert ls("--root", samples, *options.split()) == 0
    assert wider(capfd.readouterr().out, width) == []


def test_sessions_stand_under_the_days_they_began_on(home: Path, capfd: Capture) -> None:
    for number, days in enumerate((0, -1, -2, -365), 1):
        Story(number, minutes=days * DAY).turn(f"Number {number}.").put(home)
    stream = {"type": "thread.started", "thread_id": OTHER_THREAD}, {"type": "turn.started"}
    (home / "sessions" / "printed.jsonl").write_text("".join(json.dumps(line) + "\n" for line in stream))
    assert ls() == 0
    lines = capfd.readouterr().out.split("\n\n")
    heads = ["Today · Friday 20 Nov 2026", "Yesterday · Thursday 19 Nov 2026"]
    heads += ["Wednesday 18 Nov 2026", "Thursday 20 Nov 2025", "No date"]
    assert [next(line for line in block.split("\n") if line in heads) for block in lines[:-1]] == heads
    assert [len(rows(block)) for block in lines[:-1]] == [1] * 5


@needs_zones
def test_days_and_times_are_those_of_the_readers_clock(
    home: Path, zone: Callable[[str], None], capfd: Capture
) -> None:
    zone("Asia/Tokyo")
    Story(1, minutes=4 * 60).turn().put(home)
    assert ls() == 0
    assert "\nSaturday 21 Nov 2026\n✓ 01:00 Please check." in capfd.readouterr().out


def test_workers_stand_indented_under_who_started_them(home: Path, capfd: Capture) -> None:
    Story(1).turn("Split the work.").put(home)
    worker(2, 1, minutes=1, agent_nickname="Ada").turn("Look.", calls=1, failed=1).put(home)
    worker(3, 2, minutes=2, depth=2).turn("Look closer.", calls=2, failed=1).put(home)
    Story(4, minutes=3).turn("Something else.").put(home)
    assert ls() == 0
    shown = [line[8:47].rstrip() for line in rows(capfd.readouterr().out)]
    assert shown == [
        "Something else.",
        "Split the work. · 2 workers ✗2",
        "└ Ada: Look. · 1 worker ✗1",
        "  └ Look closer.",
    ]


def test_flat_lists_every_session_by_itself(home: Path, capfd: Capture) -> None:
    Story(1).turn("Split the work.").put(home)
    worker(2, 1, minutes=1).turn("Look.").put(home)
    assert ls("--flat") == 0
    shown = [line[:47].rstrip() for line in rows(capfd.readouterr().out)]
    assert shown == ["✓ 12:01 Look.", "✓ 12:00 Split the work. · 1 worker"]


def test_of_a_chain_only_what_was_asked_for_is_listed_and_who_stands_above(
    home: Path, capfd: Capture
) -> None:
    Story(1).turn("Split.", calls=1).put(home)
    worker(2, 1, minutes=1).turn("Go between.").put(home)
    worker(3, 2, minutes=2, depth=2).turn("Fail.", calls=5, failed=2).put(home)
    worker(4, 1, minutes=3).turn("Succeed.", calls=1).put(home)
    Story(5, minutes=4).turn("Alone.").put(home)
    assert ls("--failed") == 0
    printed = capfd.readouterr().out
    assert [line[8:].split(".")[0] for line in rows(printed)] == ["Split", "└ Go between", "  └ Fail"]
    assert "1 session · 5 calls · 2 failures" in printed


def test_the_last_line_adds_up_what_is_listed(home: Path, capfd: Capture) -> None:
    Story(1).begin().ran().ran(1).used(9000, 1000).end().put(home)
    worker(2, 1, minutes=1).begin().ran().used(300, 45).end().put(home)
    assert ls() == 0
    assert "\n\n2 sessions · 3 calls · 1 failure · 10.3k tokens\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: worker(2, 1), Oddity.ORPHAN.value),
        (
            lambda: Story(2, parent_thread_id=id_of(1), source={"subagent": "review"}),
            "parent not found",
        ),
        (lambda: worker(2, 2), Oddity.CYCLE.value),
        (lambda: Story(2, forked_from_id=id_of(1)), "fork"),
    ],
    ids=["orphan", "review", "circle", "fork"],
)
def test_what_is_odd_is_told_behind_the_title(
    make: Callable[[], Story], words: str, home: Path, capfd: Capture
) -> None:
    make().turn("Odd.").put(home)
    assert ls() == 0
    (row,) = rows(capfd.readouterr().out)
    assert f"Odd. · {words} " in row


def test_two_sessions_of_one_id_are_both_listed_and_copies_once(tmp_path: Path, capfd: Capture) -> None:
    for minutes, folder in ((0, "a"), (1, "b"), (1, "b-copied")):
        Story(1, minutes=minutes).turn(f"In {folder[0]}.").put(tmp_path / folder)
    assert ls(*(f"--root={tmp_path / name}" for name in ("a", "b", "b-copied"))) == 0
    later, first = rows(capfd.readouterr().out)
    assert later.startswith(f"✓ 12:01 In b. · {Oddity.IMPOSTOR.value}"[:30])
    assert first.startswith("✓ 12:00 In a.   ")


@pytest.mark.parametrize("options", [[], ["--flat"], ["--sort", "title"]])
def test_the_ids_in_the_list_are_enough_for_show(samples: Path, options: list[str], capfd: Capture) -> None:
    assert ls("--root", samples, *options) == 0
    for row in rows(capfd.readouterr().out):
        short = row.rsplit(" ", 1)[1]
        assert main(["show", "--root", str(samples), short]) == 0, short
        shown = capfd.readouterr().out
        assert f"  session   {short}" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_gets_colours_and_as_many_as_it_has_lines(home: Path) -> None:
    import pty

    for number in range(1, 103):
        Story(number, minutes=number).turn(f"Number {number}.").put(home)
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-m", "trace_tui", "ls"], stdout=theirs, env=environment
    ) as process:
        os.close(theirs)
        printed = b""
        try:
            while piece := os.read(ours, 1 << 16):
                printed += piece
        except OSError:  # Linux: the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[32m" in printed
    assert printed.count(b"Number ") == 24 - 6 - 2  # but for headings, sums and the prompt
    assert "… and 86 older · --limit N shows them".encode() in printed
    assert b"codex-trace-tui show ID" in printed


# -- titles and names from elsewhere ---------------------------------------------


@pytest.mark.parametrize("width", WIDTHS[1:])
@pytest.mark.parametrize("kind", TITLES)
def test_no_title_breaks_the_columns(
    kind: str, width: int, home: Path, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(width)
    Story(1).turn(TITLES[kind], calls=1, failed=1).put(home)
    worker(2, 1, minutes=1, agent_nickname="Ada").turn(TITLES[kind]).put(home)
    Story(3, minutes=2).turn("Plain.").put(home)
    assert ls() == 0
    printed = capfd.readouterr().out
    assert harmful(printed) == set()
    assert wider(printed, width) == []
    head = printed.split("\n")[0]
    found = {
        cell_len(row[: row.index(id_of(number)[:8])])
        for row, number in zip(rows(printed), (3, 1, 2), strict=True)
    }
    assert found == {cell_len(head[: head.rindex("id")])}


PLACES: dict[str, Callable[[str], Story]] = {
    "title": lambda evil: Story(1).turn(evil),
    "model": lambda evil: Story(1).turn(model=evil),
    "folder": lambda evil: Story(1, cwd=f"/home/{evil}").turn(),
    "branch": lambda evil: Story(1, git={"branch": evil}).turn(),
    "source": lambda evil: Story(1, source=evil, originator=evil).turn(),
    "nickname": lambda evil: worker(1, 2, agent_nickname=evil).turn(),
    "path": lambda evil: worker(1, 2, agent_path=f"/root/{evil}").turn(),
    "relation": lambda evil: Story(1, parent_thread_id=id_of(2), source={"subagent": evil}).turn(),
    "id": lambda evil: Story(1, id_="a" + evil).turn(),
}


@pytest.mark.parametrize(
    "options", [[], ["--flat"], ["--tree", "latest:failed"]], ids=["list", "flat", "tree"]
)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_that_a_session_tells_steers_the_terminal(
    place: str, options: list[str], home: Path, columns: Callable[[int], None], capfd: Capture
) -> None:
    columns(200)
    PLACES[place](EVIL).turn(calls=1, failed=1).put_as(home / "sessions" / "a.jsonl")
    Story(2, minutes=-1).turn("Plain.").put(home)
    assert ls(*options) == 0
    printed = capfd.readouterr()
    assert harmful(printed.out + printed.err) == set()


def test_candidates_of_an_id_do_not_steer_the_terminal(home: Path, capfd: Capture) -> None:
    Story(1).turn(EVIL).put(home)
    Story(1, id_=id_of(1)[:9] + EVIL).turn(EVIL).put_as(home / "sessions" / "a.jsonl")
    assert ls("--tree", id_of(1)[:9]) == 2
    assert harmful(capfd.readouterr().err) == set()


# -- which sessions -----------------------------------------------------------------


def some_sessions(home: Path) -> None:
    """1 and its worker 2, 3 a day later, 4 a day before, 5 empty."""
    told: dict[str, Any] = {"source": "exec", "originator": "codex_exec", "git": {"branch": "main"}}
    one = Story(1, cwd="/work/totals", **told).turn("Fix the sum.", calls=2, failed=1, model="gpt-5.5")
    one.put(home)
    worker(2, 1, minutes=1, agent_nickname="Ada").begin("Look.", model="gpt-5.5-mini").fail().put(home)
    three = Story(3, minutes=DAY, cwd="/work/totals/docs/", source="cli", originator="codex-tui")
    three.begin("Write docs.", model="o3").abort().put(home, day="2026/11/21")
    four = Story(4, minutes=-DAY, cwd="C:\\work\\totals", source="vscode", git={"branch": "topic/Ärger"})
    four.begin("Überprüfe ALLES.").put(home, archived=True)
    Story(5, minutes=10, cwd="/work/other/totals").put(home)


CHOICES = [
    ("--since 2026-11-20", {1, 2, 3, 5}),
    ("--since 2026-11-20T12:30", {3}),
    ("--since 2026-11-20T13:30+01:00", {3}),
    ("--since 2h", {3}),
    ("--since 90m", {3}),
    ("--since 2d", {1, 2, 3, 5}),
    ("--since 1w", {1, 2, 3, 4, 5}),
    ("--since today", {3}),
    ("--since yesterday", {1, 2, 3, 5}),
    ("--until yesterday", {1, 2, 4, 5}),
    ("--until 2026-11-20", {1, 2, 4, 5}),
    ("--until 2026-11-20T12:00:30", {1, 4}),
    ("--until 1d", {1, 2, 4, 5}),
    ("--since 2026-11-20 --until 2026-11-20", {1, 2, 5}),
    ("--cwd /work/totals", {1, 3}),
    ("--cwd /work/totals/", {1, 3}),
    ("--cwd /work/totals/docs", {3}),
    ("--cwd /work", {1, 3, 5}),
    ("--cwd /", {1, 2, 3, 5}),
    ("--cwd totals", {1, 3, 4, 5}),
    ("--model gpt-5.5", {1, 2}),
    ("--model GPT-5.5-M", {2}),
    ("--model o3", {3}),
    ("--state completed", {1}),
    ("--state failed", {2}),
    ("--state aborted", {3}),
    ("--state in_progress", {4}),
    ("--state empty", {5}),
    ("--failed", {1, 2}),
    ("--source exec", {1}),
    ("--source Codex-TUI", {3}),
    ("--source vscode", {4}),
    ("--source worker", {2}),
    ("--grep sum", {1}),
    ("--grep überprüfe", {4}),
    ("--grep alles", {4}),
    (f"--grep {id_of(3)[:10]}", {3}),
    ("--grep /docs", {3}),
    ("--grep ärger", {4}),
    ("--grep ada", {2}),
    ("--archived", {4}),
    ("--failed --model mini", {2}),
    ("--cwd totals --since 2026-11-20 --state completed", {1}),
]

NO_CHOICES = [
    "--since 2026-11-22",
    "--until 2026-11-18",
    "--since 2026-11-21T12:30",
    "--cwd /work/tot",
    "--cwd tot",
    "--cwd work/totals",
    "--model opus",
    "--source none",
    "--grep nowhere",
    "--archived --failed",
    "--state failed --model gpt-5.5 --grep sum",
]


@pytest.mark.parametrize(("options", "expected"), CHOICES, ids=[options for options, _ in CHOICES])
def test_only_what_was_asked_for_is_listed(
    options: str, expected: set[int], work: Path, at: Callable[[str], None], listed: Listed
) -> None:
    at("2026-11-21T13:00")
    assert set(numbers(listed(*options.split()))) == expected


@pytest.mark.parametrize("options", NO_CHOICES)
def test_nothing_matched_is_told_in_one_line(
    options: str, work: Path, at: Callable[[str], None], listed: Listed, capfd: Capture
) -> None:
    at("2026-11-21T13:00")
    assert listed(*options.split(), status=1) == []
    for more in ([], ["--flat"]):
        assert ls(*options.split(), *more) == 1
        printed = capfd.readouterr()
        assert printed.out == ""
        assert re.fullmatch(r"codex-trace-tui: none of \d sessions? is like that\n", printed.err)


def test_sessions_too_old_to_be_read_are_not_said_to_be_none(home: Path, capfd: Capture) -> None:
    Story(1).turn().put(home)
    assert ls("--since", "2026-11-22") == 1
    assert capfd.readouterr().err == "codex-trace-tui: none of 1 session is like that\n"


def test_a_session_at_work_on_both_sides_of_a_moment_counts_for_both(home: Path, listed: Listed) -> None:
    story = Story(1).turn()
    story.line("event_msg", {"type": "thread_goal_updated"}, after_ms=3_600_000).put(home)
    assert len(listed("--since", "2026-11-20T12:30", "--until", "2026-11-20T12:30")) == 1
    assert listed("--since", "2026-11-20T13:30", status=1) == []
    assert listed("--until", "2026-11-20T11:30", status=1) == []


def test_a_folder_here_comes_before_any_of_that_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: Listed
) -> None:
    (tmp_path / "here" / "totals").mkdir(parents=True)
    Story(1, cwd=str(tmp_path / "here" / "totals")).turn().put(home)
    Story(2, cwd="/work/totals").turn().put(home)
    monkeypatch.chdir(tmp_path / "here")
    assert numbers(listed("--cwd", "totals")) == [1]
    assert numbers(listed("--cwd", ".")) == [1]
    assert numbers(listed("--cwd", "..")) == [1]
    monkeypatch.chdir(tmp_path)
    assert set(numbers(listed("--cwd", "totals"))) == {1, 2}


@needs_zones
def test_today_is_that_of_the_readers_clock(
    home: Path, zone: Callable[[str], None], at: Callable[[str], None], listed: Listed
) -> None:
    zone("America/Los_Angeles")
    at("2026-11-21T04:00")  # a Friday evening there
    Story(1).turn().put(home)
    Story(2, minutes=-DAY).turn().put(home)
    assert numbers(listed("--since", "today")) == [1]
    assert numbers(listed("--since", "yesterday", "--until", "yesterday")) == [2]


@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize(
    "words",
    ["soon", "", "5", "-1d", "1y", "12:30", "2026-13-01", "2026-11-20T25:00", "0001-01-01", "99999999999w"],
)
def test_what_is_no_time_is_refused_in_one_line(option: str, words: str, work: Path, capfd: Capture) -> None:
    assert ls(f"{option}={words}") == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("codex-trace-tui: a time is written 2h, 7d, today, ")
    assert printed.err.count("\n") == 1


# -- order and number ------------------------------------------------------------------

ORDERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "started": lambda one: one["started_at"],
    "active": lambda one: one["ended_at"],
    "duration": lambda one: one["duration_ms"],
    "tokens": lambda one: one["usage"]["total"],
    "failures": lambda one: one["failures"]["calls"] + one["failures"]["turns"],
    "calls": lambda one: one["calls"],
    "turns": lambda one: one["turns"],
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_most_longest_or_newest_comes_first(samples: Path, order: str, listed: Listed) -> None:
    told = [ORDERS[order](one) for one in listed("--root", samples, "--sort", order)]
    assert told == sorted(told, reverse=True)
    assert told[0] > told[-1]


def test_titles_stand_by_the_alphabet_whatever_their_case(home: Path, listed: Listed) -> None:
    for number, title in enumerate(("banana", "Cherry", "Apple", "date"), 1):
        Story(number, minutes=number).turn(title).put(home)
    told = [one["title"] for one in listed("--sort", "title")]
    assert told == ["Apple", "banana", "Cherry", "date"]


def test_the_newest_comes_first_unless_told_otherwise(samples: Path, listed: Listed) -> None:
    told = [one["started_at"] for one in listed("--root", samples)]
    assert told == sorted(told, reverse=True)


def test_all_members_of_a_chain_count_for_its_place(home: Path, listed: Listed, capfd: Capture) -> None:
    Story(1).turn("Split.", calls=1).put(home)
    worker(2, 1, minutes=1).turn(calls=2).put(home)
    worker(3, 1, minutes=1).turn(calls=2).put(home)
    Story(4, minutes=2).turn("Alone.", calls=4).put(home)
    assert ls("--sort", "calls") == 0
    assert [row.split()[3] for row in rows(capfd.readouterr().out)] == ["Split.", "└", "└", "Alone."]
    assert ls("--sort", "calls", "--flat") == 0
    assert " Alone. " in rows(capfd.readouterr().out)[0]
    assert numbers(listed("--sort", "calls"))[0] == 4


def test_only_so_many_chains_are_listed_and_the_rest_is_told(
    home: Path, listed: Listed, capfd: Capture
) -> None:
    for number in range(1, 6):
        Story(2 * number, minutes=2 * number).turn().put(home)
        worker(2 * number + 1, 2 * number, minutes=2 * number + 1).turn().put(home)
    assert ls("--limit", "2") == 0
    printed = capfd.readouterr().out
    assert len(rows(printed)) == 4
    assert "… and 3 older · --limit N shows them" in printed
    assert ls("--limit", "2", "--flat") == 0
    printed = capfd.readouterr().out
    assert len(rows(printed)) == 2
    assert "… and 8 older · --limit N shows them" in printed
    assert numbers(listed("--limit", "3")) == [11, 10, 9]
    assert len(listed("--limit", "100")) == 10


@pytest.mark.parametrize("order", ["title", "tokens", "duration"])
def test_what_is_left_out_is_called_older_only_where_it_is(order: str, home: Path, capfd: Capture) -> None:
    for number in range(1, 4):
        Story(number, minutes=number).turn().put(home)
    assert ls("--limit", "1", "--sort", order) == 0
    assert "… and 2 more · " in capfd.readouterr().out


@pytest.mark.parametrize(
    "options", ["--limit -1", "--limit many", "--sort size", "--state done", "--json --jsonl"]
)
def test_wrong_options_are_a_usage_error(options: str, capfd: Capture) -> None:
    assert ls(*options.split()) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "usage: codex-trace-tui ls" in printed.err


# -- where there is nothing ----------------------------------------------------------------


def test_a_home_that_is_away_is_told(home: Path, capfd: Capture) -> None:
    assert ls() == 1
    assert capfd.readouterr().err.startswith(f"codex-trace-tui: {home}: No such file or directory\n")


def test_where_codex_never_ran_there_are_no_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: Listed, capfd: Capture
) -> None:
    monkeypatch.delenv("CODEX_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ls() == 1
    printed = capfd.readouterr()
    words = f"codex-trace-tui: no sessions in {tmp_path / '.codex'}; name another folder with --root\n"
    assert (printed.out, printed.err) == ("", words)
    assert listed(status=1) == []


def test_a_root_that_is_not_there_can_not_be_read(tmp_path: Path, capfd: Capture) -> None:
    Story(1).turn().put(tmp_path)
    for form in ([], ["--json"], ["--tree", "latest"]):
        assert ls("--root", tmp_path, "--root", tmp_path / "missing", *form) == 3
        printed = capfd.readouterr()
        assert printed.out == ""
        assert printed.err == f"codex-trace-tui: {tmp_path / 'missing'}: No such file or directory\n"


@pytest.mark.parametrize("form", [[], ["--flat"], ["--json"], ["--jsonl"]], ids=str)
def test_files_that_could_not_be_read_are_counted_beside_the_list(
    form: list[str], home: Path, capfd: Capture
) -> None:
    Story(1).turn().put(home)
    (home / "sessions" / "notes.jsonl").write_text("no session\n", "utf-8")
    (home / "sessions" / "empty.jsonl").touch()
    assert ls(*form) == 0
    printed = capfd.readouterr()
    assert "Please check." in printed.out
    assert printed.err == "2 files could not be read; codex-trace-tui doctor tells which and why\n"


@pytest.mark.parametrize("form", [[], ["--json"]], ids=str)
def test_files_that_could_not_be_read_are_told_though_nothing_matched(
    form: list[str], home: Path, capfd: Capture
) -> None:
    Story(1).turn().put(home)
    (home / "sessions" / "notes.jsonl").write_text("no session\n", "utf-8")
    assert ls("--model", "opus", *form) == 1
    assert "1 file could not be read; codex-trace-tui doctor" in capfd.readouterr().err


# -- for programs ----------------------------------------------------------------------


def test_the_schemas_are_schemas_and_allow_new_keys(listed: Listed) -> None:
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
        shared = SESSION_SCHEMA["$defs"]
        assert {name: schema["$defs"][name] for name in ("session", "usage", "relation", "time")} == {
            name: shared[name] for name in ("session", "usage", "relation", "time")
        }
    assert SCHEMAS["list"]["$defs"].items() <= SCHEMAS["tree"]["$defs"].items()
    (told,) = listed("--root", STREAMS[0])
    LIST.validate({"schema": "codex-trace/list@1", "sessions": [told | {"added_later": 1}], "later": 2})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("turns", "1"),
        ("oddity", "copy"),
        ("chain", {}),
        ("usage_source", "guessed"),
        ("files", []),
        ("copies", -1),
    ],
)
def test_the_schema_refuses_what_breaks_it(samples: Path, key: str, value: object, listed: Listed) -> None:
    told = listed("--root", samples)
    told[0][key] = value
    assert not LIST.is_valid({"schema": "codex-trace/list@1", "sessions": told})
    del told[0][key]
    assert not LIST.is_valid({"schema": "codex-trace/list@1", "sessions": told})


@pytest.mark.parametrize("root", [*HOMES, *STREAMS], ids=lambda path: str(path.stem))
def test_a_session_is_told_as_show_tells_it(root: Path, listed: Listed) -> None:
    sessions = listed("--root", root)
    assert sessions
    differences = {one["id"]: as_show_differs(one) for one in sessions}
    assert not any(differences.values()), differences


def as_show_differs(told: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """By key, what a list and `show` say differently of one session."""
    shown = read_as_json(Path(told["files"][0]))
    calls = [item for turn in shown["turns"] for item in turn["items"] if item["kind"] == "tool_call"]
    both = {key: (told[key], value) for key, value in shown["session"].items()}
    listed, found = both["children"]  # those that only name their parent come in any order
    both["children"] = sorted(listed, key=str), sorted(found, key=str)
    both |= {key: (told[key], shown[key]) for key in ("usage", "usage_source", "failures", "inherited")}
    both |= {key: (told[key], len(found)) for key, found in (("turns", shown["turns"]), ("calls", calls))}
    both["problems"] = (told["problems"], len(shown["problems"]) + shown["problems_left_out"])
    return {key: values for key, values in both.items() if values[0] != values[1]}


def uncommon_sessions(home: Path) -> None:
    """What no sample holds, and lists and `show` should yet agree on."""
    Story(1, git={"branch": "main", "commit_hash": "abc"}).begin().spawn(2, nickname="Ada").end().put(home)
    worker(2, 1, minutes=1, agent_nickname="Ada", agent_role="tester").turn().put(home, compressed=True)
    worker(3, 1, minutes=2, agent_path="/root/tester", agent_nickname="Grace").turn().put(home)
    worker(4, 3, minutes=3, depth=2).turn().put(home, archived=True)
    worker(5, 99, minutes=4, depth=2).turn().put(home)
    worker(6, 99, minutes=5).turn().put(home)
    Story(7, minutes=6, parent_thread_id=id_of(1), source={"subagent": "review"}).turn().put(home)
    Story(8, minutes=7, forked_from_id=id_of(1), forked_from_ordinal_exclusive=7).turn().put(home)
    Story(9, minutes=8).turn("Long " * 400).raw(b"{torn").turn().event("brand_new").turn().put(home)
    Story(10, minutes=9).begin("  \n Blanks \t before.\nAnd lines.").put(home)
    Story(11, minutes=10, cwd=None).put(home)
    Rollout(ordinals=True).meta().started("t1").asked("First").ended("t1").save(
        home / "sessions" / "2026/11/20", f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl"
    )
    base = {"thread_id": THREAD, "end_ordinal_exclusive": 1}
    Rollout(ordinals=True, first_ordinal=1).meta(history_base=base).started("t2").asked("Second").ended(
        "t2"
    ).save(home / "archived_sessions", f"rollout-2026-11-20T12-30-00-{THREAD}_{OTHER_THREAD}.jsonl")
    name = {"id": id_of(10), "thread_name": "A name of its own"}
    (home / "session_index.jsonl").write_text(json.dumps(name) + "\n", "utf-8")


def test_uncommon_sessions_are_told_as_show_tells_them(home: Path, listed: Listed) -> None:
    uncommon_sessions(home)
    sessions = listed()
    assert len(sessions) == 12
    differences = {one["id"]: as_show_differs(one) for one in sessions}
    assert {id_: found for id_, found in differences.items() if found} == {}


def test_a_list_knows_more_of_a_worker_that_does_not_know_its_parent(home: Path, listed: Listed) -> None:
    Story(1).begin().spawn(2, "call_a", nickname="Ada").end().put(home)
    Story(2, minutes=1).turn().put(home)
    child, parent = listed()
    assert as_show_differs(child) == {
        "relation": ("worker", "root"),
        "parent_id": (id_of(1), None),
        "root_id": (id_of(1), id_of(2)),
    }
    assert as_show_differs(parent) == {}


def test_a_circle_has_one_root_for_all(home: Path, listed: Listed) -> None:
    worker(1, 2, minutes=1).turn().put(home)
    worker(2, 1).turn().put(home)
    told = {one["id"]: (one["root_id"], one["oddity"]) for one in listed()}
    assert told == {id_of(1): (id_of(2), None), id_of(2): (id_of(2), "cycle")}


def test_oddities_and_copies_are_told(tmp_path: Path, listed: Listed) -> None:
    for minutes, folder in enumerate(("a", "b")):
        Story(1, minutes=minutes).turn().put(tmp_path / folder)
        worker(2, 9, minutes=5).turn().put(tmp_path / folder)
    orphan, other, first = listed("--root", tmp_path / "a", "--root", tmp_path / "b")
    assert [one["oddity"] for one in (orphan, other, first)] == ["orphan", "impostor", None]
    assert [one["copies"] for one in (orphan, other, first)] == [1, 0, 0]


def test_a_head_tells_what_its_chain_came_to(samples: Path, listed: Listed) -> None:
    head = next(one for one in listed("--root", samples) if one["id"].startswith(CHAIN))
    below = [one for one in listed("--root", samples) if one["root_id"] == head["id"]]
    assert head["chain"]["threads"] == len(below) == 6
    assert head["chain"]["calls"] == sum(one["calls"] for one in below)
    assert head["chain"]["usage"]["total"] == sum(one["usage"]["total"] for one in below)
    assert [one["chain"] is None for one in below] == [not one["children"] for one in below]


def test_jsonl_is_the_same_one_session_a_line(samples: Path, listed: Listed, capfd: Capture) -> None:
    options = ["--root", str(samples), "--failed", "--limit", "7"]
    expected = listed(*options)
    assert ls(*options, "--jsonl") == 0
    assert [json.loads(line) for line in capfd.readouterr().out.splitlines()] == expected


def test_titles_reach_programs_verbatim(home: Path, listed: Listed) -> None:
    Story(1).turn(EVIL).put(home)
    assert listed()[0]["title"] == EVIL


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 there")
@pytest.mark.parametrize("form", [[], ["--flat"], ["--json"], ["--jsonl"], ["--tree", "latest"]], ids=str)
def test_a_file_name_that_is_no_utf_8_is_no_trouble(form: list[str], tmp_path: Path, capfd: Capture) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    Story(1).turn().put_as(folder / os.fsdecode(b"\xff.jsonl"))
    assert ls("--root", folder, *form) == 0
    printed = capfd.readouterr()
    assert "Please check." in printed.out
    assert printed.err == ""


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 there")
@pytest.mark.parametrize("form", [[], ["--json"]], ids=str)
def test_a_file_of_such_a_name_that_is_no_session_hides_no_other(
    form: list[str], tmp_path: Path, capfd: Capture
) -> None:
    Story(1).turn().put_as(tmp_path / "good.jsonl")
    (tmp_path / os.fsdecode(b"rollout-\xff.jsonl")).write_text("no session\n", "utf-8")
    assert ls("--root", tmp_path, *form) == 0
    printed = capfd.readouterr()
    assert "Please check." in printed.out
    assert printed.err.startswith("1 file could not be read")


# -- one chain ----------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_the_tree(
    samples: Path, width: int, columns: Callable[[int], None], capfd: Capture, text_snapshot: Snapshot
) -> None:
    columns(width)
    assert ls("--root", samples, "--tree", CHAIN) == 0
    printed = capfd.readouterr()
    text_snapshot(printed.out, f"tree-{width}")
    assert printed.err == ""


def tree(capfd: Capture, *options: str | Path) -> dict[str, Any]:
    assert ls(*options, "--json") == 0
    told: dict[str, Any] = json.loads(capfd.readouterr().out)
    TREE.validate(told)
    return told


@pytest.mark.parametrize("home", HOMES, ids=lambda path: str(path.name))
def test_the_shares_of_a_chain_add_up_to_one(home: Path, capfd: Capture, listed: Listed) -> None:
    for head in listed("--root", home):
        told = tree(capfd, "--root", home, "--tree", head["id"])
        assert told["chain"]["threads"] == len(told["members"])
        for key, whole in (("tokens", told["chain"]["usage"]["total"]), ("calls", told["chain"]["calls"])):
            shares = [member["share"][key] for member in told["members"]]
            if whole:
                assert sum(shares) == pytest.approx(1, abs=0.0001 * len(shares))
            else:
                assert set(shares) == {None}


def test_members_have_their_letters_and_what_is_copied_is_apart(samples: Path, capfd: Capture) -> None:
    told = tree(capfd, "--root", samples, "--tree", CHAIN)
    names = [(one["letter"], one["depth"], one["agent"]["path"]) for one in told["members"]]
    assert names == [
        ("A", 0, None),
        ("B", 1, "/root/counter"),
        ("C", 1, "/root/tester"),
        ("D", 2, "/root/tester/reader"),
        ("E", 1, "/root/sleeper"),
        ("F", 1, "/root/doomed"),
    ]
    inherited = [one["inherited"]["lines"] for one in told["members"]]
    assert told["chain"]["inherited"]["lines"] == sum(inherited) == 52
    below = {one["letter"]: one["usage_with_descendants"]["total"] for one in told["members"]}
    own = {one["letter"]: one["usage"]["total"] for one in told["members"]}
    assert below["A"] == told["chain"]["usage"]["total"] == sum(own.values())
    assert below["C"] == own["C"] + own["D"]
    assert below["B"] == own["B"]


def test_any_member_names_the_whole_chain(home: Path, capfd: Capture) -> None:
    Story(1).turn(calls=3).put(home)
    worker(2, 1, minutes=1).turn(calls=1, failed=1).put(home)
    last = worker(3, 2, minutes=2, depth=2).turn().put(home)
    expected = tree(capfd, "--tree", id_of(1))
    assert numbers(expected["members"]) == [1, 2, 3]
    assert [member["share"]["calls"] for member in expected["members"]] == [0.75, 0.25, 0.0]
    for target in (id_of(3), id_of(2)[:8], last, "latest", "latest:failed"):
        assert tree(capfd, "--tree", target) == expected


def test_the_members_of_a_chain_are_lines_for_programs(samples: Path, capfd: Capture, listed: Listed) -> None:
    assert ls("--root", samples, "--tree", CHAIN, "--jsonl") == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    by_id = {one["id"]: one for one in listed("--root", samples)}
    assert told == [by_id[one["id"]] for one in told]
    assert len(told) == 6


def test_a_tree_says_who_is_not_here(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2, nickname="Ada").end().put(home)
    assert ls("--tree", id_of(1)) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "! 1 worker is not here: Ada"
    (missing,) = tree(capfd, "--tree", id_of(1))["missing"]
    assert (missing["session"], missing["id"], missing["name"]) == (id_of(1), id_of(2), "Ada")


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("01234567", 3, "01234567: no such file, and no session of that id"),
        ("01a1f9", 2, "01a1f9 may be one of 2 sessions:"),
        ("01a", 3, "give at least 4 characters"),
        ("", 3, "give at least 4 characters"),
        ("/nowhere.jsonl", 3, "/nowhere.jsonl: no such file"),
        ("latest:/nowhere", 1, "latest:/nowhere: no session in /nowhere"),
    ],
)
def test_a_tree_of_nobody_is_told(target: str, status: int, words: str, home: Path, capfd: Capture) -> None:
    Story(1).turn().put(home)
    Story(2, minutes=1).turn().put(home)
    assert ls("--tree", target) == status
    printed = capfd.readouterr()
    assert printed.out == ""
    assert words in printed.err


# -- from list to list ----------------------------------------------------------------------


def test_a_session_that_was_written_on_is_listed_anew(home: Path, listed: Listed) -> None:
    story = Story(1).begin("Please check.").ran()
    story.put(home)
    (before,) = listed()
    story.ran(1).end()
    story.put(home)
    (after,) = listed()
    assert [(one["state"], one["calls"], one["failures"]["calls"]) for one in (before, after)] == [
        ("in_progress", 1, 0),
        ("completed", 2, 1),
    ]
    assert after["ended_at"] > before["ended_at"]


def test_a_session_that_is_gone_is_not_listed(home: Path, listed: Listed) -> None:
    gone = Story(1).turn().put(home)
    Story(2, minutes=1).turn().put(home)
    assert numbers(listed()) == [2, 1]
    gone.unlink()
    assert numbers(listed()) == [2]


def test_a_session_may_be_given_another_name(home: Path, listed: Listed) -> None:
    Story(1).turn().put(home)
    assert [one["title"] for one in listed()] == ["Please check."]
    for name in ("First name", "Second"):
        with (home / "session_index.jsonl").open("a", encoding="utf-8") as index:
            index.write(json.dumps({"id": id_of(1), "thread_name": name}) + "\n")
        assert [one["title"] for one in listed()] == [name]
    assert listed("--grep", "check", status=1) == []


def test_a_session_that_was_archived_is_still_one(home: Path, listed: Listed) -> None:
    path = Story(1).turn().put(home)
    assert [one["archived"] for one in listed()] == [False]
    (home / "archived_sessions").mkdir()
    path.rename(home / "archived_sessions" / path.name)
    assert [one["archived"] for one in listed()] == [True]


def test_without_the_catalog_the_same_is_listed(home: Path, listed: Listed) -> None:
    some_sessions(home)
    assert listed() == listed("--no-cache") == listed()


# -- as a program -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirected", "status", "words"),
    [
        (">/dev/full", 3, "codex-trace-tui: output: No space left on device\n"),
        (">&-", 0, ""),
        ("| head -n 1", 0, ""),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="has no /dev/full")
def test_output_that_goes_nowhere_is_told_in_one_line_or_not_at_all(
    redirected: str, status: int, words: str, samples: Path
) -> None:
    command = f"{sys.executable} -m trace_tui ls --root {samples} {redirected}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (status, words)


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--grep", "nowhere"], 1), (["--bad"], 2)])
def test_the_program_leaves_with_what_it_found(options: list[str], status: int, samples: Path) -> None:
    command = [sys.executable, "-m", "trace_tui", "ls", "--root", str(samples), *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == status
    assert done.stdout.endswith("tokens\n") == (status == 0)


# -- lightness --------------------------------------------------------------------------------


def modules_of(folder: Path, *argv: str | Path) -> set[str]:
    """All modules that a command imports in a process of its own."""
    report = folder / "modules.txt"
    done = run_python(folder, "-c", PROGRAM, str(report), *map(str, argv))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    return set(report.read_text("utf-8").split())


@pytest.mark.parametrize("form", [[], ["--json"], ["--tree", CHAIN]], ids=["text", "json", "tree"])
def test_ls_never_imports_textual(form: list[str], tmp_path: Path) -> None:
    assert "textual" not in modules_of(tmp_path, "ls", "--root", SAMPLES, *form)


@pytest.mark.parametrize("form", [[], ["--flat"], ["--tree", CHAIN]], ids=["list", "flat", "tree"])
def test_a_list_of_what_is_known_imports_nothing_heavy(
    samples: Path, form: list[str], tmp_path: Path, capfd: Capture
) -> None:
    assert ls("--root", samples) == 0
    imported = modules_of(tmp_path, "ls", "--root", samples, *form)
    heavy = {"textual", "rich.console", "asyncio", "zstandard", "orjson", "multiprocessing", "platformdirs"}
    assert imported & heavy == set()
