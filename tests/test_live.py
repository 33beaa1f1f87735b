"""While real writers are at work the app and `tail` tell, at every pause, what the files hold by then."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests import driving
from tests.driving import Reader, reading, sample, until
from tests.library import Story, forest_of, keep_to
from tests.replaying import (
    ARCHIVED,
    COMPRESSED,
    ORCHESTRATOR,
    PAUSES,
    RESUMED,
    REWOUND,
    TESTER,
    Replay,
)
from trace_tui import liveness, watching
from trace_tui.app import shelf
from trace_tui.following import Follower
from trace_tui.home import Home
from trace_tui.library.chains import Forest
from trace_tui.liveness import Pulse, Writers, pulse_of, writers_of
from trace_tui.looking import Look
from trace_tui.model import Call, CallStatus, Session
from trace_tui.naming import name_the_heard
from trace_tui.tailing.clock import Clock
from trace_tui.tailing.stories import Damage
from trace_tui.tailing.stories import Story as Told
from trace_tui.tailing.thread import FollowedThread
from trace_tui.widgets.row_book import rows_of
from trace_tui.widgets.timeline_rows import Kind, Row

NAME = "rollout-2026-11-20T12-48-50-01a1f900-a138-7fd0-b319-d6dcafcd8b49.jsonl"
GONE = "its file is gone; what was read of it stays"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Watched as ever, without the waiting between two looks."""
    monkeypatch.setattr(shelf, "_LOOK_EVERY", 0.1)
    monkeypatch.setattr(shelf, "_SHARE", 1)
    monkeypatch.setattr(watching, "_TICK", 0.05)
    return keep_to(tmp_path, monkeypatch)


@pytest.fixture
def replay(home: Path) -> Iterator[Replay]:
    with Replay(home) as replay:
        yield replay


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come at all is not waited for as long as usual."""
    monkeypatch.setattr(driving, "_LIMIT", 2.0)


@asynccontextmanager
async def looking(*roots: Path, **more: Any) -> AsyncIterator[Reader]:
    """The app with a session open, from when on changes are noticed."""
    async with reading(*roots, **more) as reader:
        await until(lambda: reader.app._watch is not None and reader.app._watch.way != "starting to watch")
        yield reader


# -- what is compared -------------------------------------------------------


def told(rows: list[Row]) -> list[Any]:
    """All that rows tell, and of whole turns all that is known of them."""
    return [
        (
            row.kind,
            row.turn.index,
            row.words,
            row.bracket,
            told(list(row.hidden)),
            asdict(row.turn) if row.kind is Kind.TURN else asdict(row.item) if row.item is not None else None,
        )
        for row in rows
    ]


def shown(reader: Reader) -> list[Any]:
    return told(reader.main.timeline._rows)


def at_once(path: Path) -> list[Any]:
    return told(rows_of(read_at_once(path).turns))


def read_at_once(path: Path) -> Session:
    """As it stands right now, by somebody who has never seen it."""
    around = Home(path)
    follower = Follower(around.thread_sources())
    for _ in follower.read():
        pass
    session = follower.settled()
    around.complete(session)
    # In the app the chain is known, and waits for anybody are for whom they heard of.
    name_the_heard(session, {name: one.id for one in session.children for name in (one.id, one.name) if name})
    return session


def known(forest: Forest) -> set[tuple[Any, ...]]:
    return {
        (
            *(one.entry.id, one.entry.state, one.entry.turns, one.entry.calls, one.entry.failed_calls),
            *(one.entry.archived, one.entry.compressed, one.parent.entry.id if one.parent else None),
        )
        for one in forest.members()
    }


def where(replay: Replay, target: str) -> Path:
    """A file goes on under another name when it is compressed, and in another folder when it is archived."""
    places = [target, COMPRESSED, ARCHIVED] if target == RESUMED else [target]
    return next(path for path in map(replay.path, places) if path.exists())


async def shows(reader: Reader, rows: list[Any], what: str) -> None:
    await until(lambda: shown(reader) == rows, what)


async def lists(reader: Reader, sessions: set[tuple[Any, ...]], what: str) -> None:
    await until(lambda: known(reader.main.forest) == sessions, what)


async def go_on(replay: Replay) -> None:
    await asyncio.to_thread(replay.go_on)


# -- the app ----------------------------------------------------------------


@pytest.mark.parametrize("target", [ORCHESTRATOR, REWOUND, RESUMED], ids=["workers", "rewound", "resumed"])
async def test_the_timeline_is_at_every_pause_what_the_files_hold(replay: Replay, target: str) -> None:
    replay.go_on()
    async with looking(replay.home, target=str(replay.path(target))) as reader:
        while True:
            files = at_once(where(replay, target))
            await shows(reader, files, f"pause {replay.pause}")
            if replay.pause == PAUSES:
                break
            await go_on(replay)
        assert len(files) > 5


async def test_the_list_tells_of_every_session_and_worker_as_it_comes(replay: Replay) -> None:
    replay.go_on()
    async with looking(replay.home, target=str(replay.path(REWOUND))) as reader:
        while True:
            files = known(forest_of(replay.home))
            await lists(reader, files, f"pause {replay.pause}")
            if replay.pause == 1:
                await reader.sees("Running now", lambda: reader.sessions)
                await reader.sees("Sessions 5")
            if replay.pause == PAUSES:
                break
            await go_on(replay)
        await reader.sees("Sessions 8")
        assert {one[1] for one in files} == {"completed", "failed", "aborted"}


async def test_neither_cursor_nor_folds_nor_the_window_move_by_themselves(replay: Replay) -> None:
    replay.go_on()
    async with looking(replay.home, target=str(replay.path(RESUMED)), size=(120, 12)) as reader:
        timeline = reader.main.timeline
        await reader.press("g", "j", "space")
        assert len(timeline._folded) == 1
        await reader.press("j", "j")
        stood = {standing(reader)}
        while replay.pause < 3:
            playing = asyncio.create_task(go_on(replay))
            while not playing.done():
                stood.add(standing(reader))
                await asyncio.sleep(0.005)
            await playing
        files = at_once(replay.path(RESUMED))
        await until(lambda: [row for row in shown(reader) if row[1] != 1] == unfolded(files, but=1))
        stood.add(standing(reader))
        assert len(stood) == 1
        await reader.press("g", "j", "space")
        assert shown(reader) == files


def standing(reader: Reader) -> tuple[Any, ...]:
    """On which step, in which line of the window, and what is folded."""
    timeline = reader.main.timeline
    row = timeline.selected
    assert row is not None
    line = timeline.cursor - timeline.scroll_offset.y
    return row.kind, row.turn.index, row.place, line, tuple(timeline._folded)


def unfolded(rows: list[Any], *, but: int) -> list[Any]:
    return [row for row in rows if row[1] != but]


@pytest.mark.parametrize("calls", [3, 600])
async def test_a_run_that_was_opened_stays_open_while_its_turn_goes_on(home: Path, calls: int) -> None:
    story = Story().begin()
    for _ in range(calls):
        story.ran()
    for number in range(4):
        story.call(f"quiet_{number}").output(f"quiet_{number}", "Process exited with code 0\nOutput:\nx\n")
    path, told_by_now = story.put(home), len(story.lines)
    async with looking(home, target=str(path)) as reader:
        timeline = reader.main.timeline
        await reader.press("G", "space", "j")
        count, stood = timeline.count(), standing(reader)
        with path.open("ab") as file:
            file.writelines(line + b"\n" for line in story.ran().lines[told_by_now:])
        await until(lambda: timeline.count() != count)
        assert timeline.count() == count + 1
        assert standing(reader)[:3] == stood[:3]


async def test_whoever_follows_stays_at_the_end_until_they_go_up(replay: Replay) -> None:
    replay.go_on()
    async with looking(replay.home, target=str(replay.path(ORCHESTRATOR)), size=(120, 20)) as reader:
        timeline = reader.main.timeline
        await reader.press("F")
        await reader.sees("Timeline · following")
        await go_on(replay)
        count = len(at_once(replay.path(ORCHESTRATOR)))
        await until(lambda: timeline.count() == count)
        assert timeline.cursor == count - 1
        await reader.press("k")
        assert "following" not in reader.screen()
        before = standing(reader)
        await go_on(replay)
        more = len(at_once(replay.path(ORCHESTRATOR))) - count
        assert more > 0
        await reader.sees(f"Timeline · {more} new ↓")
        assert standing(reader)[:3] == before[:3]
        await reader.press("G")
        await until(lambda: "new ↓" not in reader.screen())


async def test_the_busiest_agent_of_a_chain_is_followed_on_request(home: Path) -> None:
    head = Story(1).turn("Please split the work.").begin("And then?")
    path = head.put(home)
    worker = Story(2, minutes=1, parent_thread_id=head.id).begin("Count the files.").ran()
    worker_path = worker.put(home)
    now = time.time()
    os.utime(worker_path, (now, now))
    os.utime(path, (now - 5, now - 5))
    async with looking(home, target=str(path)) as reader:
        await reader.sees("running")
        await reader.press("b")
        await reader.sees("Count the files.", lambda: reader.top)
        await reader.sees("Timeline · following")


async def test_nobody_at_work_is_nobody_to_follow(home: Path) -> None:
    path = Story(1).turn("Please check.").put(home)
    async with looking(home, target=str(path)) as reader:
        await reader.press("b")
        await reader.hears("nobody in this chain is at work")


async def test_calls_that_are_out_run_and_then_turn_where_they_stand(replay: Replay) -> None:
    replay.go_on()
    async with looking(replay.home, target=str(replay.path(ORCHESTRATOR))) as reader:
        await reader.sees("not ended · 3 calls", lambda: reader.timeline)
        pending = calls_shown(reader, CallStatus.RUNNING)
        assert len(pending) == 3
        rows = [line for line in reader.timeline.splitlines() if "spawn" in line]
        assert all("running" in line for line in rows)
        await go_on(replay)
        await until(lambda: set(pending) <= set(calls_shown(reader, CallStatus.OK, CallStatus.FAILED)))
        assert "running" not in next(line for line in reader.timeline.splitlines() if "counter" in line)


def calls_shown(reader: Reader, *statuses: CallStatus) -> list[tuple[int, str]]:
    """Which rows they stand in."""
    return [
        (index, row.item.call_id)
        for index, row in enumerate(reader.main.timeline._rows)
        if isinstance(row.item, Call) and row.item.status in statuses
    ]


async def test_the_end_of_a_run_is_told(replay: Replay) -> None:
    replay.go_on()
    async with looking(replay.home, target=str(replay.path(ORCHESTRATOR))) as reader:
        assert "completed" not in reader.bottom
        await go_on(replay)
        await go_on(replay)
        await reader.hears("turn 1 completed after 11.6 s")


async def test_a_session_that_is_packed_while_it_is_open_stays_on_the_screen(replay: Replay) -> None:
    for _ in range(3):
        replay.go_on()
    async with looking(replay.home, target=str(replay.path(RESUMED))) as reader:
        await reader.press("G", "k", "k")
        at = reader.at()
        for target in (COMPRESSED, ARCHIVED):
            await go_on(replay)
            await has_open(reader, replay.path(target))
            assert reader.at() == at
            assert GONE not in reader.bottom, "nothing is missing any more"


async def has_open(reader: Reader, path: Path) -> None:
    """Waits until it is this file that is open, and read."""

    def is_so() -> bool:
        opened = reader.main.opened
        return opened is not None and opened.is_whole and opened.sources[-1].path == str(path)

    await until(is_so, path.name)
    await reader.idle()


async def test_a_session_that_comes_while_the_watch_begins_is_listed(
    home: Path, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    learn = Look.learn

    def learn_late(look: Look) -> None:
        Story(2).turn("Just begun").put(home)
        learn(look)

    monkeypatch.setattr(Look, "learn", learn_late)
    path = Story(1).turn("Long there").put(home)
    async with looking(home, target=str(path)) as reader:
        await reader.sees("Just begun", lambda: reader.sessions)


# -- what may become of a file that is open ---------------------------------


@asynccontextmanager
async def one_open(home: Path) -> AsyncIterator[tuple[Reader, Path, list[bytes]]]:
    """A session of which only the first half is written."""
    lines = sample("01a1f900-a138").read_bytes().splitlines(keepends=True)
    path = home / "sessions" / "2026" / "11" / "20" / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(lines[:45]))
    async with looking(home, target=str(path), size=(260, 30)) as reader:  # room for the longest path
        await reader.press("G", "k")
        yield reader, path, lines


async def goes_on(reader: Reader, path: Path, more: list[bytes]) -> None:
    with path.open("ab") as file:
        file.writelines(more)
    files = at_once(path)
    await until(lambda: shown(reader) == files, "what was written afterwards")


async def test_a_file_that_goes_and_comes_back_is_told_of_and_read_on(home: Path) -> None:
    async with one_open(home) as (reader, path, lines):
        before, at = shown(reader), reader.at()
        away = path.rename(home / "away")
        await reader.hears(GONE)
        assert shown(reader) == before
        away.rename(path)
        await until(lambda: GONE not in reader.bottom)
        assert reader.at() == at
        await goes_on(reader, path, lines[45:])
        assert reader.at() == at


async def test_a_file_that_is_removed_and_written_again_goes_on(home: Path) -> None:
    async with one_open(home) as (reader, path, lines):
        before, at = shown(reader), reader.at()
        path.unlink()
        await reader.hears(GONE)
        assert shown(reader) == before
        path.write_bytes(b"".join(lines[:45]))
        await until(lambda: GONE not in reader.bottom, "it is back")
        await goes_on(reader, path, lines[45:])
        assert reader.at() == at


async def test_a_file_that_is_replaced_is_read_anew(home: Path) -> None:
    async with one_open(home) as (reader, path, lines):
        at = reader.at()
        replace(path, lines[:60])
        await goes_on(reader, path, lines[60:])
        assert reader.at() == at


async def test_a_file_that_shrinks_is_read_anew(home: Path) -> None:
    async with one_open(home) as (reader, path, lines):
        os.truncate(path, len(b"".join(lines[:30])))
        await goes_on(reader, path, lines[30:])


def replace(path: Path, lines: list[bytes]) -> None:
    new = path.with_name("new")
    new.write_bytes(b"".join(lines))
    new.replace(path)


async def test_a_file_that_is_no_session_any_more_is_told_of(home: Path) -> None:
    async with one_open(home) as (reader, path, _):
        before = shown(reader)
        os.truncate(path, 0)
        await until(lambda: path.name in reader.bottom)
        assert shown(reader) == before


async def test_a_file_that_is_emptied_and_written_again_goes_on(home: Path, hasty: None) -> None:
    async with one_open(home) as (reader, path, lines):
        os.truncate(path, 0)
        await until(lambda: path.name in reader.bottom)
        path.write_bytes(b"".join(lines[:45]))
        await goes_on(reader, path, lines[45:])


async def test_a_file_that_is_replaced_is_told_of(home: Path, hasty: None) -> None:
    async with one_open(home) as (reader, path, lines):
        keys = reader.bottom
        replace(path, lines[:60])
        await until(lambda: shown(reader) == at_once(path))
        await until(lambda: reader.bottom != keys, "it says so")


async def test_half_a_line_of_a_session_at_work_is_no_problem_in_its_file(replay: Replay) -> None:
    replay.go_on()
    path = replay.path(ORCHESTRATOR)
    assert not path.read_bytes().endswith(b"\n"), "the next line is being written"
    async with looking(replay.home, target=str(path), size=(260, 30)) as reader:
        assert "running" in reader.timeline
        assert "problem in the file" not in reader.timeline


async def test_a_file_that_was_moved_within_the_home_goes_on_by_itself(home: Path) -> None:
    async with one_open(home) as (reader, path, lines):
        archive = home / "archived_sessions"
        archive.mkdir()
        at = reader.at()
        moved = path.rename(archive / path.name)
        await has_open(reader, moved)
        await goes_on(reader, moved, lines[45:])
        assert reader.at() == at
        packed = moved.with_name(moved.name + ".zst")
        packed.write_bytes(zstandard.compress(moved.read_bytes()))
        moved.unlink()
        await has_open(reader, packed)
        assert shown(reader) == at_once(packed)


# -- tail -------------------------------------------------------------------


@pytest.mark.parametrize("target", [ORCHESTRATOR, REWOUND, RESUMED, TESTER])
def test_tail_has_told_at_every_pause_what_the_files_hold(replay: Replay, target: str) -> None:
    replay.go_on()
    while not replay.path(target).exists():
        replay.go_on()
    thread = FollowedThread(replay.path(target), Clock())
    heard = stories(thread.begin(from_start=True))
    while True:
        fresh = FollowedThread(where(replay, target), Clock())
        files = stories(fresh.begin(from_start=True))
        for _ in range(1000):
            heard += stories(thread.step()) + stories(thread.look_for_files())
            if heard == files:
                break
        assert heard == files, f"pause {replay.pause}"
        if replay.pause == PAUSES:
            break
        replay.go_on()


def stories(told: list[Told]) -> Counter[tuple[Any, ...]]:
    """Without damage: of a line that is only half written somebody who waits for it says so later."""
    return Counter(
        (type(story.event), story.place, story.at, story.turn.index if story.turn is not None else None)
        for story in told
        if not isinstance(story.event, Damage)
    )


def test_tail_as_a_program_tells_a_whole_chain_while_it_is_written(replay: Replay) -> None:
    replay.go_on()
    path = str(replay.path(ORCHESTRATOR))
    command = [sys.executable, "-m", "trace_tui", "tail", path, "--chain", "--since", "start"]
    with subprocess.Popen([*command, "--until-done", "--json"], stdout=subprocess.PIPE) as process:
        for _ in replay:
            pass
        live, _ = process.communicate(timeout=60)
    afterwards = subprocess.run([*command, "--until-done", "--json"], capture_output=True, check=True)
    assert process.returncode == 0
    assert things(live) == things(afterwards.stdout)


def things(output: bytes) -> Counter[str]:
    """Events without those that say how things stood in between."""
    events = [json.loads(line) for line in output.splitlines()]
    passing = ("session_state", "problem", "call_running")
    return Counter(json.dumps(event, sort_keys=True) for event in events if event["type"] not in passing)


# -- who is at work ---------------------------------------------------------


@linux_only
def test_whoever_writes_a_session_is_found(replay: Replay) -> None:
    replay.go_on()
    orchestrator, resumed = str(replay.path(ORCHESTRATOR)), str(replay.path(RESUMED))
    writers = writers_of([orchestrator, resumed])
    assert writers.pids == {orchestrator: replay.pid("orchestrator"), resumed: replay.pid("resumer")}
    while replay.pause < 4:
        replay.go_on()
    assert replay.pid("resumer") not in writers_of([str(replay.path(COMPRESSED))]).pids.values()


@linux_only
def test_a_session_nobody_writes_has_no_writer(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"{}\n")
    with path.open("ab"):
        assert writers_of([str(path)]).pids == {}, "we ourselves are no writer"
    assert writers_of([]) == Writers({}, False)


def test_elsewhere_nobody_can_say_who_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert writers_of([__file__]) == Writers({}, False)


SURE, UNSURE = Writers({}, True), Writers({}, False)
SEEN = Writers({"a": 7}, True)


@pytest.mark.parametrize(
    ("silent_ms", "writers", "pulse"),
    [
        (0, UNSURE, Pulse.RUNNING),
        (liveness._RECENT_MS - 1, SURE, Pulse.RUNNING),
        (liveness._RECENT_MS, SURE, Pulse.INTERRUPTED),
        (liveness._RECENT_MS, UNSURE, Pulse.QUIET),
        (86_400_000, SEEN, Pulse.RUNNING),
        (86_400_000, Writers({"b": 7}, True), Pulse.INTERRUPTED),
        (86_400_000, Writers({"b": 7}, False), Pulse.QUIET),
    ],
)
def test_silence_alone_is_no_end(silent_ms: int, writers: Writers, pulse: Pulse) -> None:
    assert pulse_of("a", 1_000_000, 1_000_000 + silent_ms, writers) is pulse
