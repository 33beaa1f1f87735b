"""The crash log: where it happened, and nothing of what the sessions say."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from trace_tui.app.crash import keep

MOST = 1_000_000


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It is not there yet."""
    folder = tmp_path / "state"
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: folder)
    return folder / "crash.log"


def crash_over(text: str, message: str = "no such row") -> BaseException:
    """An error whose frames hold the text."""

    def draw(row: str) -> None:
        copied = row.upper()
        raise IndexError(message) if copied else ValueError

    try:
        draw(text)
    except IndexError as error:
        return error
    raise AssertionError


def test_it_says_what_happened_and_where(log: Path) -> None:
    assert keep(crash_over("text")) == log
    report = log.read_text(encoding="utf-8")
    assert report.startswith("=== ")
    assert "codex-trace-tui" in report.splitlines()[0]
    assert "in draw" in report
    assert "raise IndexError(message)" in report
    assert report.endswith("IndexError: no such row\n")


def test_no_local_value_is_in_it(log: Path) -> None:
    keep(crash_over("hunter2"))
    assert "hunter2" not in log.read_text(encoding="utf-8").lower()


def test_a_long_message_is_cut_and_made_safe(log: Path) -> None:
    keep(crash_over("text", "row \x1b[2J\n=== no report\n" + "y" * 5000))
    report = log.read_text(encoding="utf-8")
    assert "\x1b" not in report
    assert report.count("=== ") == 2
    assert report.count("\n=== ") == 0
    assert len(report.splitlines()[-1]) <= 200


def test_an_error_without_a_traceback_is_kept(log: Path) -> None:
    keep(KeyError("quit"))
    assert log.read_text(encoding="utf-8").endswith("KeyError: 'quit'\n")


def test_what_led_to_it_is_told_without_values_as_well(log: Path) -> None:
    first, second = crash_over("hunter2", "the first"), crash_over("hunter2", "the second")
    second.__cause__ = first
    first.__context__ = second  # in a ring: told once each
    group = ExceptionGroup("both", [KeyError("a member")])
    group.__context__ = second
    keep(group)
    report = log.read_text(encoding="utf-8")
    assert "ExceptionGroup: both" in report
    assert "one of the group:\nKeyError: 'a member'" in report
    assert report.index("while handling:") < report.index("the second") < report.index("caused by:")
    assert report.count("the first") == report.count("the second") == 1
    assert "hunter2" not in report.lower()


def test_a_crash_by_endless_depth_stays_short(log: Path) -> None:
    def down(depth: int) -> int:
        return up(depth + 1)

    def up(depth: int) -> int:
        return down(depth + 1)

    with pytest.raises(RecursionError) as caught:
        down(0)
    keep(caught.value)
    assert "RecursionError" in log.read_text(encoding="utf-8")
    assert log.stat().st_size < 20_000


def test_the_next_crash_is_added(log: Path) -> None:
    keep(crash_over("text", "the first"))
    keep(crash_over("text", "the second"))
    report = log.read_text(encoding="utf-8")
    assert report.index("the first") < report.index("the second")
    assert len([line for line in report.splitlines() if line.startswith("=== ")]) == 2


def test_the_oldest_reports_make_room(log: Path) -> None:
    log.parent.mkdir()
    older = [f"=== report {number}\n" + "  a frame\n" * 1000 for number in range(150)]
    log.write_text("".join(older), encoding="utf-8")
    keep(crash_over("text", "the newest"))
    report = log.read_text(encoding="utf-8")
    assert MOST - 20_000 < len(report.encode()) <= MOST
    assert report.startswith("=== report ")
    assert "=== report 0\n" not in report
    assert "=== report 149\n" in report
    assert report.endswith("the newest\n")


def test_a_log_that_is_none_of_ours_makes_room_too(log: Path) -> None:
    log.parent.mkdir()
    log.write_bytes(b"\0" * (2 * MOST))
    keep(crash_over("text"))
    assert log.read_text(encoding="utf-8").startswith("=== ")


@pytest.mark.skipif(os.name == "nt", reason="no such modes there")
def test_it_is_for_its_owner_alone(log: Path) -> None:
    log.parent.mkdir()
    log.write_text("=== older\n", encoding="utf-8")
    log.chmod(0o644)
    keep(crash_over("text"))
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert [file.name for file in log.parent.iterdir()] == ["crash.log"]


def test_where_it_can_not_be_written_there_is_none(log: Path) -> None:
    log.parent.write_text("a file where the folder should be", encoding="utf-8")
    assert keep(crash_over("text")) is None


def test_a_folder_in_its_place_is_no_second_crash(log: Path) -> None:
    log.mkdir(parents=True)
    assert keep(crash_over("text")) is None
