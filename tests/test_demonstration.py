"""The built-in demo: a home that looks lived in, the same for the same moment, and a session that goes on."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from tests.reading_sessions import calls_of, read
from trace_tui import demonstration
from trace_tui.demonstration import demo_home, demo_session, live_pieces
from trace_tui.file_names import read_name
from trace_tui.kinds import CallStatus, NoteKind, Tool, TurnStatus
from trace_tui.library.chains import grow
from trace_tui.library.entries import Entry
from trace_tui.library.library import Library
from trace_tui.model import Session

NOW = datetime(2027, 3, 12, 15, 4, 5, 678901, UTC)
REWOUND = "01a1f901-4283-7493-a744-7d65934eec53"
LIVE = "01a1f900-a138-7fd0-b319-d6dcafcd8b49"


@pytest.fixture(autouse=True)
def _temporary_files_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@contextmanager
def opened(home: Path) -> Iterator[Library]:
    with Library.open([home], cached=False) as library:
        library.refresh()
        yield library


def entries_of(home: Path) -> list[Entry]:
    with opened(home) as library:
        return library.entries()


def file_of_live(home: Path) -> Path:
    [path] = home.rglob(f"*{LIVE}.jsonl")
    return path


def contents(home: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(home)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in home.rglob("*.jsonl")
    }


def days_ago(at: int | None) -> int:
    assert at is not None
    return (NOW.date() - datetime.fromtimestamp(at / 1000, UTC).date()).days


# -- the home ---------------------------------------------------------------


def test_every_session_is_read_without_troubles() -> None:
    with demo_home(now=NOW, live=False) as home, opened(home) as library:
        assert library.troubles() == []
        assert library.strangers() == 0
        entries = library.entries()
        assert len(entries) == 9
        assert [entry.title for entry in entries if entry.problems] == []
        for path in home.rglob("rollout-*.jsonl"):
            session = read(path)
            assert session.problems == []
            assert not session.unknown


def test_an_orchestrator_has_two_workers_and_one_of_them_met_a_failure() -> None:
    with demo_home(now=NOW, live=False) as home:
        forest = grow(entries_of(home))
    [chain] = [root for root in forest.roots if root.children]
    assert [child.entry.failed_calls for child in chain.children] == [0, 1]
    assert not any(member.oddity for member in chain.members())


def test_a_rewind_is_one_session_in_two_files() -> None:
    with demo_home(now=NOW, live=False) as home:
        assert len(list(home.rglob(f"*{REWOUND}*"))) == 2
        [entry] = [entry for entry in entries_of(home) if entry.id == REWOUND]
        session = read(next(home.rglob(f"*{REWOUND}.jsonl")))
    assert entry.title == "A question, asked another way"
    assert [turn.reverted for turn in session.turns] == [False, True, True, False]


def test_there_is_a_plain_session_with_commands_a_patch_and_a_failure() -> None:
    with demo_home(now=NOW, live=False) as home:
        sessions = [read(path) for path in home.rglob("rollout-*.jsonl")]
    assert any(
        not session.children
        and {Tool.EXEC, Tool.PATCH} <= {call.tool for call in calls_of(session)}
        and session.failed_calls()
        for session in sessions
    )


def test_the_sessions_are_of_today_of_yesterday_and_of_days_before() -> None:
    with demo_home(now=NOW, live=False) as home:
        entries = entries_of(home)
    days = [days_ago(entry.started_at) for entry in entries]
    assert days == sorted(days)
    assert set(days) == {0, 1, 3, 9}
    ended = [entry.ended_at for entry in entries if entry.id != LIVE and entry.ended_at is not None]
    newest = NOW - datetime.fromtimestamp(max(ended) / 1000, UTC)
    assert timedelta(minutes=1) < newest < timedelta(minutes=10)


def test_the_folders_are_a_persons_projects() -> None:
    with demo_home(now=NOW, live=False) as home:
        assert {entry.cwd for entry in entries_of(home)} == {
            "/home/dev/projects/shop",
            "/home/dev/projects/website",
            "/home/dev/projects/invoices",
        }


@pytest.mark.skipif(sys.platform == "win32", reason="no tzset")
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Lima"])
def test_files_are_named_by_the_clock_on_the_wall(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", zone)
        time.tzset()
        with demo_home(now=NOW, live=False) as home:
            for path in home.rglob("rollout-*.jsonl"):
                named = read_name(path.name)
                assert named is not None
                first_line = datetime.fromisoformat(path.read_text("utf-8")[14:38]).astimezone()
                late = first_line - named.started.replace(tzinfo=first_line.tzinfo)
                assert timedelta(0) <= late < timedelta(seconds=3)
                assert path.parent == home / "sessions" / named.started.strftime("%Y/%m/%d")
    time.tzset()


def test_no_time_of_the_samples_is_left() -> None:
    with demo_home(now=NOW, live=False) as home:
        for text, _ in contents(home).values():
            assert b"2026-11" not in text
            assert b":17951" not in text


def test_the_same_moment_makes_the_same_home() -> None:
    with demo_home(now=NOW, live=False) as first, demo_home(now=NOW, live=False) as second:
        assert first != second
        assert contents(first) == contents(second)
    with demo_home(now=NOW + timedelta(minutes=1), live=False) as later:
        assert later.exists()
        with demo_home(now=NOW, live=False) as again:
            assert contents(later) != contents(again)


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    with demo_home(live=False) as home:
        assert list(tmp_path.iterdir()) == [home]
    assert list(tmp_path.iterdir()) == []


def test_show_has_a_session_of_its_own() -> None:
    with demo_session() as path:
        session = read(path)
    assert session.children
    assert session.problems == []


# -- the session that goes on -----------------------------------------------


class Watch:
    """A clock that moves only when somebody waits."""

    def __init__(self, goes: int = sys.maxsize) -> None:
        self.now = NOW
        self.waits: list[float] = []
        self.goes = goes

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        return len(self.waits) > self.goes

    def clock(self) -> datetime:
        return self.now


def pieces_after(begun: bytes, watch: Watch) -> Iterator[bytes]:
    [data] = (files("trace_tui") / "demo" / "live").iterdir()
    lines = data.read_bytes().splitlines(keepends=True)
    count = begun.count(b"\n")
    last = datetime.fromisoformat(lines[count - 1][14:38].decode())
    return live_pieces(lines[count:], last, watch.wait, watch.clock)


@contextmanager
def live_file() -> Iterator[Path]:
    with demo_home(now=NOW, live=False) as home:
        yield file_of_live(home)


def whole_run() -> Session:
    with live_file() as path:
        path.write_bytes(path.read_bytes() + b"".join(pieces_after(path.read_bytes(), Watch())))
        return read(path)


def test_its_first_part_is_there_at_the_start() -> None:
    with live_file() as path:
        session = read(path)
    assert session.state == TurnStatus.IN_PROGRESS
    assert [call.status for call in calls_of(session)] == [CallStatus.OK]
    assert session.ended_at is not None
    assert timedelta(0) <= NOW - datetime.fromtimestamp(session.ended_at / 1000, UTC) < timedelta(seconds=2)


def test_every_beginning_of_it_is_read_without_problems() -> None:
    with live_file() as path:
        sizes = [path.stat().st_size]
        calls = 0
        for piece in pieces_after(path.read_bytes(), Watch()):
            with path.open("ab") as file:
                file.write(piece)
            session = read(path)
            halved = not piece.endswith(b"\n")
            assert [problem.kind for problem in session.problems] == ["torn_line"] * halved
            assert len(calls_of(session)) >= calls
            calls = len(calls_of(session))
            sizes.append(path.stat().st_size)
    assert sizes == sorted(set(sizes))
    assert session.state == TurnStatus.COMPLETED


def test_it_is_an_interesting_run() -> None:
    session = whole_run()
    assert [turn.status for turn in session.turns] == [TurnStatus.COMPLETED] * 3
    first = session.turns[0]
    checks = [call.status for call in first.calls() if call.summary == "sh check.sh"]
    assert checks == [CallStatus.FAILED, CallStatus.OK]
    assert [call.status for call in first.calls() if call.tool is Tool.PATCH] == [
        CallStatus.FAILED,
        CallStatus.OK,
    ]
    assert any(getattr(item, "kind", None) is NoteKind.REASONING for item in first.items)
    assert first.final_answer is not None


def test_a_command_can_be_seen_running_for_a_while() -> None:
    watch = Watch()
    longest = timedelta(0)
    with live_file() as path:
        for piece in pieces_after(path.read_bytes(), watch):
            for call in calls_of(read(path)):
                if call.status is CallStatus.UNFINISHED and call.started_at is not None:
                    pending = watch.now - datetime.fromtimestamp(call.started_at / 1000, UTC)
                    longest = max(longest, pending)
            with path.open("ab") as file:
                file.write(piece)
    assert timedelta(seconds=8) < longest < timedelta(seconds=13)


def test_it_has_the_pace_of_a_real_run() -> None:
    watch = Watch()
    with live_file() as path:
        list(pieces_after(path.read_bytes(), watch))
    between_lines = [wait for wait in watch.waits if wait != 0.1]
    assert len(between_lines) < len(watch.waits), "some lines come in two halves"
    assert min(between_lines) >= 0.3
    assert sorted(between_lines)[len(between_lines) * 9 // 10] < 2.6
    assert timedelta(minutes=2) < timedelta(seconds=sum(watch.waits)) < timedelta(minutes=10)


def test_lines_tell_the_time_at_which_they_are_written() -> None:
    watch = Watch()
    watch.now += timedelta(hours=30)
    with live_file() as path:
        for piece in pieces_after(path.read_bytes(), watch):
            if piece.startswith(b"{"):
                told = datetime.fromisoformat(piece[14:38].decode())
                assert timedelta(0) <= watch.now - told < timedelta(milliseconds=1)


@pytest.mark.parametrize("goes", [0, 1, 5, 40])
def test_it_stops_as_soon_as_it_is_told(goes: int) -> None:
    watch = Watch(goes)
    with live_file() as path:
        assert len(list(pieces_after(path.read_bytes(), watch))) == goes
    assert len(watch.waits) == goes + 1


class Hurry(threading.Event):
    """Waits for nothing."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == demonstration.WRITER]


def test_the_writer_makes_the_file_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "Event", Hurry)
    with demo_home() as home:
        for writer in writers():
            writer.join()
        session = read(file_of_live(home))
    assert len(session.turns) == 3
    assert session.problems == []


def test_the_writer_ends_with_the_home(tmp_path: Path) -> None:
    with demo_home() as home:
        assert [writer.daemon for writer in writers()] == [True]
        assert file_of_live(home).exists()
    assert writers() == []
    assert list(tmp_path.iterdir()) == []


def test_without_live_nobody_writes() -> None:
    with demo_home(live=False):
        assert writers() == []


@pytest.mark.skipif(os.name == "nt", reason="an open file's folder cannot be removed")
def test_a_home_that_vanishes_hurts_nobody(tmp_path: Path) -> None:
    with demo_home() as home:
        home.rename(tmp_path / "elsewhere")
    assert writers() == []
    path = tmp_path / "gone" / "file.jsonl"
    demonstration._append(path, iter([b"{}\n"]))
    assert not path.parent.exists()
