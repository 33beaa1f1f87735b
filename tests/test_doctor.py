"""`codex-trace-tui doctor`: what was found, what needs care, and which exit code says so."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.library import Story, keep_to, worker
from tests.reading_sessions import SAMPLES
from trace_tui.cli import main

Capture = pytest.CaptureFixture[str]
Page = Callable[..., str]
Told = Callable[..., dict[str, Any]]
Snapshot = Callable[[str, str], None]

NO_SESSIONS = {
    "notes.jsonl": b"no session\n",
    "empty.jsonl": b"",
    "other.jsonl": b'{"name":"some other program","level":30}\n',
    "rollout-old.json": b'{"not": "a session"}',
    "broken.jsonl.zst": b"\x28\xb5\x2f\xfd broken",
    "broken.jsonl.gz": b"\x1f\x8b broken",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Codex's own home, which is not there yet; whatever is written in it counts as old."""
    monkeypatch.setattr("trace_tui.doctor.report._JUST_NOW_NS", -(1 << 62))
    return keep_to(tmp_path, monkeypatch)


@pytest.fixture
def page(capfd: Capture) -> Page:
    """What `doctor` prints for people, all of it on standard output."""

    def run(*options: str | Path, status: int = 0) -> str:
        assert main(["doctor", *map(str, options)]) == status
        printed = capfd.readouterr()
        assert printed.err == ""
        return printed.out

    return run


@pytest.fixture
def told(page: Page) -> Told:
    """What it prints for programs, and whether the exit code is true to it."""

    def run(*options: str | Path, care: int = 0) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(page(*options, "--json", status=1 if care else 0))
        assert report["schema"] == "codex-trace/doctor@1"
        assert report["needs_care"] == care
        return report

    return run


def placed(printed: str, *folders: Path) -> str:
    """The page as it would be on any machine, on any day."""
    for name, folder in zip(("PLACE", "OTHER PLACE"), folders, strict=False):
        printed = printed.replace(str(folder), name)
    printed = re.sub(r"(?m)^(program +).*$", r"\1PROGRAM", printed)
    printed = re.sub(r"(?m)^(terminal +).*$", r"\1TERMINAL", printed)
    return re.sub(r"[\d.,]+ [kM]B", "SIZE", printed)


def put_no_sessions(home: Path, *names: str) -> None:
    folder = home / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(NO_SESSIONS[name])


def damaged(number: int = 1, **header: Any) -> Story:
    story = Story(number, **header).turn()
    story.raw(b"{torn").raw(b'{"timestamp":"2026-11-20T12:00:09.000Z","type":')
    return story.turn()


# -- all is well --------------------------------------------------------------


def test_the_samples_are_well(told: Told) -> None:
    report = told("--root", SAMPLES)
    assert (report["sessions"], report["archived"], report["compressed"]) == (30, 1, 1)
    assert report["formats"] == {"rollout-paginated": 29, "rollout": 1}
    assert report["versions"] == {"0.169.0": 30}
    assert report["chains"]["chains"] == 3
    assert report["chains"]["members"] == 10
    assert [(place["root"], place["files"]) for place in report["places"]] == [(str(SAMPLES), 31)]
    assert report["places"][0]["bytes"] == sum(
        file.stat().st_size for folder in SAMPLES.glob("*sessions") for file in folder.rglob("rollout-*")
    )


def test_the_page_of_a_place_that_is_well(page: Page, tmp_path: Path, text_snapshot: Snapshot) -> None:
    text_snapshot(placed(page("--root", SAMPLES), SAMPLES, tmp_path), "well")


def test_a_home_that_is_away_needs_care(home: Path, told: Told, page: Page) -> None:
    report = told(care=1)
    assert report["troubles"] == [{"path": str(home), "words": "No such file or directory"}]
    assert f"{home}: No such file or directory" in page(status=1)


def test_a_place_without_sessions_is_well(home: Path, told: Told, page: Page) -> None:
    home.mkdir()
    report = told()
    assert (report["sessions"], report["formats"], report["versions"]) == (0, {}, {})
    assert report["places"] == [{"root": str(home), "files": 0, "bytes": 0}]
    assert page().endswith("\nall is well\n")


def test_a_root_that_is_not_there_can_not_be_examined(tmp_path: Path, capfd: Capture) -> None:
    assert main(["doctor", "--root", str(tmp_path / "missing")]) == 3
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == f"codex-trace-tui: {tmp_path / 'missing'}: No such file or directory\n"


def test_every_place_is_told_by_itself(tmp_path: Path, told: Told) -> None:
    Story(1).turn().put(tmp_path / "a")
    Story(2).turn().put(tmp_path / "b")
    file = Story(3).turn().put_as(tmp_path / "c.jsonl")
    report = told("--root", tmp_path / "a", "--root", tmp_path / "b", "--root", file)
    assert [(place["root"], place["files"]) for place in report["places"]] == [
        (str(tmp_path / "a"), 1),
        (str(tmp_path / "b"), 1),
        (str(file), 1),
    ]
    assert report["sessions"] == 3


def test_versions_are_told_newest_first(home: Path, told: Told) -> None:
    versions = ["0.9.0", "0.10.0", "0.10.0", "0.145.0-alpha.2", "0.145.0", "1.0.0"]
    for number, version in enumerate(versions, 1):
        Story(number, cli_version=version).turn().put(home)
    found = told()["versions"]
    assert [version for version in found if "alpha" not in version] == ["1.0.0", "0.145.0", "0.10.0", "0.9.0"]
    assert found["0.10.0"] == 2


def test_a_version_may_be_any_text(home: Path, told: Told, page: Page) -> None:
    versions = ["", "dev", "1", "0.1.x", "..", "-", "²", "0.0.0", "\x1b[31m0.1.0"]
    for number, version in enumerate(versions, 1):
        Story(number, cli_version=version).turn().put(home)
    assert told()["sessions"] == len(versions)
    assert "\x1b" not in page()


def test_chains_with_missing_ends_are_counted_and_no_fault(tmp_path: Path, told: Told, page: Page) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    Story(1).turn().put(one)
    worker(2, 1, minutes=1).turn().put(one)
    worker(3, 99, minutes=2).turn().put(one)
    worker(4, 5, minutes=3).turn().put(one)
    worker(5, 4, minutes=4).turn().put(one)
    Story(1, minutes=5).turn().put(other)
    worker(2, 1, minutes=1).turn().put(other)
    roots = ["--root", one, "--root", other]
    assert told(*roots)["chains"] == {
        "chains": 2,
        "members": 2,
        "parents_missing": 1,
        "cycles": 1,
        "same_ids": 1,
        "copies": 1,
    }
    chains = next(line for line in page(*roots).split("\n") if line.startswith("chains"))
    assert chains.startswith("chains    2 chains of 4 threads, ")
    assert chains.endswith(", 1 copy left out of lists")


# -- what needs care ----------------------------------------------------------------


@pytest.mark.parametrize("name", NO_SESSIONS)
def test_a_file_that_is_no_session_is_named_once_with_its_reason(
    name: str, home: Path, told: Told, page: Page
) -> None:
    Story(1).turn().put(home)
    put_no_sessions(home, name)
    path = home / "sessions" / name
    (trouble,) = told(care=1)["troubles"]
    assert trouble["path"] == str(path)
    assert trouble["words"]
    (line,) = [line for line in page(status=1).split("\n") if str(path) in line]
    assert line == f"  {path}: {trouble['words']}"
    assert line.count(str(path)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_that_lead_nowhere_or_back_are_named(home: Path, told: Told) -> None:
    Story(1).turn().put(home)
    folder = home / "sessions"
    (folder / "gone.jsonl").symlink_to(folder / "missing.jsonl")
    (folder / "round").symlink_to(folder, target_is_directory=True)
    found = {trouble["path"]: trouble["words"] for trouble in told(care=2)["troubles"]}
    assert found == {
        str(folder / "gone.jsonl"): "No such file or directory",
        str(folder / "round"): "a link back to a folder above it",
    }


def test_what_may_not_be_read_is_named(home: Path, told: Told) -> None:
    path = Story(1).turn().put(home)
    closed = home / "sessions" / "closed"
    closed.mkdir()
    path.chmod(0)
    closed.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("whoever may do anything may read this")
    try:
        troubles = told(care=2)["troubles"]
    finally:
        closed.chmod(0o700)
    assert {trouble["path"] for trouble in troubles} == {str(path), str(closed)}
    assert all(trouble["words"].endswith("Permission denied") for trouble in troubles)


def test_damage_is_named_with_its_kinds_and_where_it_begins(home: Path, told: Told, page: Page) -> None:
    path = damaged().put_as(home / "sessions" / "hurt.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    first = next(number for number, line in enumerate(path.read_bytes().split(b"\n"), 1) if line == b"{torn")
    (damage,) = told(care=1)["damaged"]
    assert (damage["path"], damage["problems"]) == (str(path), 3)
    assert sum(damage["kinds"].values()) == 3
    assert damage["kinds"]["torn_line"] == 1
    assert damage["first"].startswith(f"line {first}: ")
    (line,) = [line for line in page(status=1).split("\n") if str(path) in line]
    assert "torn line × 1" in line
    assert line.endswith(f"; first: {damage['first']}")


def test_of_a_thread_in_several_files_the_damaged_one_is_named(home: Path, told: Told) -> None:
    day = home / "sessions" / "2026/11/20"
    first = Rollout(ordinals=True).meta().started("t1").asked("First").ended("t1")
    first.save(day, f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl")
    base = {"thread_id": THREAD, "end_ordinal_exclusive": 1}
    second = Rollout(ordinals=True, first_ordinal=1).meta(history_base=base).raw(b"{torn").started("t2")
    path = second.save(day, f"rollout-2026-11-20T12-30-00-{THREAD}_{OTHER_THREAD}.jsonl")
    (damage,) = told(care=1)["damaged"]
    assert damage["path"] == str(path)
    assert damage["first"].startswith("line 2: ")


def test_a_file_of_a_thread_that_is_no_session_is_named_though_the_other_is_read(
    home: Path, told: Told
) -> None:
    first = Rollout(ordinals=True).meta().started("t1").asked("First").ended("t1")
    day = home / "sessions" / "2026/11/20"
    first.save(day, f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl")
    other = day / f"rollout-2026-11-20T12-30-00-{THREAD}_{OTHER_THREAD}.jsonl"
    other.write_bytes(b"")
    report = told(care=2)
    assert report["sessions"] == 1
    assert [trouble["path"] for trouble in report["troubles"]] == [str(other)]
    assert "empty" in report["damaged"][0]["first"]


def test_what_may_be_written_just_now_is_no_damage(
    home: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CODEX_HOME", str(home))
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(home / "cache"))
    day = home / "sessions" / "2026/11/20"
    writing = Rollout(ordinals=True).meta().started("t1").asked("First").save(day, "rollout-half.jsonl")
    with writing.open("ab") as file:
        file.write(b'{"timestamp":"2026-11-20T12:00:')
    (day / "rollout-new.jsonl").touch()
    assert told(care=0)["sessions"] == 1
    for path in day.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert told(care=2)["sessions"] == 1


def test_files_that_only_end_like_sessions_are_counted_and_no_damage(
    tmp_path: Path, told: Told, page: Page
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jsonl").write_text('{"some": "data"}\n', "utf-8")
    Story(1).turn().put_as(tmp_path / "good.jsonl")
    report = told("--root", tmp_path)
    assert (report["sessions"], report["strangers"], report["troubles"]) == (1, 3, [])
    assert "3 other files of another kind, named like sessions" in page("--root", tmp_path)


def test_unknown_lines_are_counted_by_type_with_the_versions_that_wrote_them(
    home: Path, told: Told, page: Page
) -> None:
    for number, version in enumerate(("0.200.0", "0.99.0", "0.200.0"), 1):
        story = Story(number, cli_version=version).turn().event("brand_new").event("brand_new")
        story.put(home)
    Story(4, cli_version="0.201.0").turn().line("newer_still", {}).put(home)
    assert told(care=2)["unknown"] == [
        {"type": "event_msg/brand_new", "lines": 6, "sessions": 3, "versions": ["0.99.0", "0.200.0"]},
        {"type": "newer_still", "lines": 1, "sessions": 1, "versions": ["0.201.0"]},
    ]
    lines = page(status=1).split("\n")
    assert "✗ lines this program does not know (2)" in lines
    assert "  event_msg/brand_new × 6 in 3 sessions (0.99.0, 0.200.0)" in lines
    assert "  newer_still × 1 in 1 session (0.201.0)" in lines


def test_the_page_of_a_place_that_needs_care(
    home: Path, tmp_path: Path, page: Page, text_snapshot: Snapshot
) -> None:
    put_no_sessions(home, "notes.jsonl", "empty.jsonl", "other.jsonl")
    damaged(1).put(home)
    Story(2, minutes=1).turn().event("brand_new").put(home, archived=True)
    worker(3, 1, minutes=2).turn().put(home, compressed=True)
    worker(4, 99, minutes=3).turn().put(home)
    text_snapshot(placed(page(status=1), home, tmp_path), "care")


def test_everything_is_counted_once(home: Path, told: Told, page: Page) -> None:
    put_no_sessions(home, *NO_SESSIONS)
    damaged(1).event("brand_new").put(home)
    damaged(2).put(home)
    report = told(care=len(NO_SESSIONS) + 2 + 1)
    found = [len(report[name]) for name in ("troubles", "damaged", "unknown")]
    assert found == [len(NO_SESSIONS), 2, 1]
    assert page(status=1).endswith(f"\n{len(NO_SESSIONS) + 3} things to look at\n")


def test_the_page_tells_twenty_of_a_kind_and_json_all(home: Path, told: Told, page: Page) -> None:
    (home / "sessions").mkdir(parents=True)
    for number in range(25):
        (home / "sessions" / f"notes-{number:02}.jsonl").write_text("no session\n", "utf-8")
    printed = page(status=1)
    assert "✗ could not be read (25)" in printed
    assert printed.count("notes-") == 20
    assert "  … and 5 more: doctor --json tells all" in printed
    assert len(told(care=25)["troubles"]) == 25


def test_what_was_mended_needs_no_care_any_more(home: Path, told: Told) -> None:
    path = damaged().put(home)
    notes = home / "sessions" / "notes.jsonl"
    notes.write_text("no session\n", "utf-8")
    told(care=2)
    Story(1).turn().put(home)
    assert path.exists()
    notes.unlink()
    told()


def test_only_the_places_that_were_named_need_care(tmp_path: Path, home: Path, told: Told) -> None:
    damaged().put(home)
    Story(2).turn().put(tmp_path / "other")
    told(care=1)
    assert told("--root", tmp_path / "other")["sessions"] == 1


def test_nothing_that_a_file_tells_steers_the_terminal(home: Path, page: Page) -> None:
    evil = "\x1b[31mred\x1b]0;title\x07\x9b2J\u202egnp"
    story = Story(1, id_="a" + evil, cli_version=evil).turn().event(evil).line(evil, {})
    story.put_as(home / "sessions" / "a.jsonl")
    (home / "sessions" / "\x1b[31mnotes.jsonl").write_text("\x1b[31mno session\n", "utf-8")
    printed = page(status=1)
    assert not [char for char in printed if not char.isprintable() and char != "\n"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 there")
def test_names_that_are_no_utf_8_are_told_with_a_mark(tmp_path: Path, told: Told, page: Page) -> None:
    place = tmp_path / os.fsdecode(b"caf\xe9")
    damaged().put_as(place / os.fsdecode(b"\xfe.jsonl"))
    (place / os.fsdecode(b"rollout-\xff.jsonl")).write_text("no session\n", "utf-8")
    assert "caf�" in page("--root", place, status=1)
    report = told("--root", place, care=2)
    assert report["places"][0]["root"] == str(tmp_path / "caf�")
    assert report["troubles"][0]["path"] == str(tmp_path / "caf�" / "rollout-�.jsonl")
    assert report["damaged"][0]["path"] == str(tmp_path / "caf�" / "�.jsonl")


# -- the catalog --------------------------------------------------------------------------


def catalog_line(printed: str) -> str:
    return next(line[10:] for line in printed.split("\n") if line.startswith("catalog"))


def test_a_catalog_that_is_kept_is_told_with_its_place(
    home: Path, tmp_path: Path, told: Told, page: Page
) -> None:
    Story(1).turn().put(home)
    path = tmp_path / "cache" / "catalog.sqlite"
    catalog = told()["catalog"]
    assert (catalog["path"], catalog["sessions"], catalog["note"]) == (str(path), 1, None)
    assert catalog["bytes"] >= path.stat().st_size > 0
    assert re.fullmatch(
        re.escape(str(path)) + r": 1 session, [\d.]+ [kM]B; safe to delete", catalog_line(page())
    )


def test_a_catalog_serves_all_places(home: Path, tmp_path: Path, told: Told) -> None:
    Story(1).turn().put(home)
    Story(2).turn().put(tmp_path / "other")
    assert told("--root", tmp_path / "other")["catalog"]["sessions"] == 1
    report = told()
    assert (report["sessions"], report["catalog"]["sessions"]) == (1, 2)


def test_a_catalog_that_was_not_wanted_is_no_fault(
    home: Path, tmp_path: Path, told: Told, page: Page
) -> None:
    Story(1).turn().put(home)
    catalog = told("--no-cache")["catalog"]
    assert (catalog["path"], catalog["as_asked"]) == (None, True)
    assert catalog_line(page("--no-cache")) == "not kept, as asked"
    assert not (tmp_path / "cache").exists()


def test_a_catalog_that_can_not_be_kept_needs_care(
    home: Path, tmp_path: Path, told: Told, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story(1).turn().put(home)
    (tmp_path / "file").touch()
    cache = tmp_path / "file" / "cache"  # no folder can be made in a file
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(cache))
    catalog = told(care=1)["catalog"]
    assert (catalog["path"], catalog["as_asked"]) == (None, False)
    printed = page(status=1)
    assert catalog_line(printed) == f"not kept: {cache / 'catalog.sqlite'}: Not a directory"
    assert printed.endswith("\n1 thing to look at\n")


def test_a_catalog_that_was_damaged_is_made_anew(home: Path, tmp_path: Path, told: Told) -> None:
    Story(1).turn().put(home)
    path = tmp_path / "cache" / "catalog.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    report = told()
    assert (report["sessions"], report["catalog"]["path"]) == (1, str(path))


# -- the machine --------------------------------------------------------------------------


def test_the_terminal_is_described(
    home: Path, told: Told, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.setenv("NO_COLOR", "1")
    home.mkdir()
    terminal = told()["terminal"]
    assert (terminal["is_terminal"], terminal["width"], terminal["no_color"]) == (False, 77, True)
    assert "terminal  not a terminal, 77 columns, no colours (NO_COLOR)" in page()


def test_the_program_tells_its_version(home: Path, told: Told, capfd: Capture) -> None:
    home.mkdir()
    main(["--version"])
    assert capfd.readouterr().out.strip() == f"codex-trace-tui {told()['program']['codex-trace-tui']}"
    assert set(told()["program"]) == {"codex-trace-tui", "python", "system"}
