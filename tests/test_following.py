"""A session that is read while it is written is, at every stop, the session that its file holds by then."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.building import Rollout
from tests.reading_sessions import SAMPLES
from trace_tui.errors import Unreadable
from trace_tui.following import Follower, News, NotTheSame
from trace_tui.loader import Loader
from trace_tui.model import CallStatus, Session
from trace_tui.reading import SessionReader
from trace_tui.sources import Source, file_source
from trace_tui.widgets.row_book import RowBook, rows_of
from trace_tui.widgets.timeline_rows import Row

FILES = sorted(SAMPLES.rglob("rollout-*.jsonl")) + sorted((SAMPLES / "exec-json").iterdir())


class Fate(Enum):
    """What may happen to a file besides being written on."""

    GROWS = "grows"
    SHRINKS = "shrinks"
    IS_REPLACED = "is replaced"
    IS_TOUCHED = "is touched"
    GOES_AWAY_FOR_A_WHILE = "goes away for a while"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("following")


class Reader:
    """Somebody who has the session open: reads on, and from the start where that is all that is left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun_anew = 0
        self.follower: Follower | None = None
        self.look()

    def look(self) -> None:
        try:
            if self.follower is None:
                self._begin()
                return
            news = self.follower.news()
            if news is News.GROWN:
                list(self.follower.read_on())
            elif news is News.CHANGED:
                raise NotTheSame("changed")
            self.follower.session()
        except NotTheSame:
            self.begun_anew += 1
            self.follower = None
            self.look()

    def _begin(self) -> None:
        try:
            follower = Follower([file_source(self.path)])
            list(follower.read())
        except Unreadable:
            return  # not there, or not yet a session: there will be another look
        self.follower = follower
        follower.session()

    def told(self) -> dict[str, Any] | None:
        return None if self.follower is None else asdict(self.follower.whole())


def at_once(path: Path) -> dict[str, Any] | None:
    try:
        return asdict(SessionReader([file_source(path)]).run())
    except Unreadable:
        return None


@given(st.data())
def test_growth_cut_anywhere_ends_in_what_the_file_holds(folder: Path, data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(FILES)).read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(1, len(content)), min_size=1, max_size=8)))
    path = folder / "rollout-2026-11-20T12-00-00-01a1f900-0000-7000-8000-000000000001.jsonl"
    path.write_bytes(content[: cuts[0]])
    reader = Reader(path)
    for start, end in zip(cuts, [*cuts[1:], len(content)], strict=True):
        with path.open("ab") as file:
            file.write(content[start:end])
        reader.look()
    assert reader.told() == at_once(path)
    assert not reader.begun_anew, "a file that only grows is never read twice"


@given(st.data())
def test_whatever_becomes_of_a_file_the_end_is_what_it_holds(folder: Path, data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(FILES)).read_bytes()
    other = data.draw(st.sampled_from(FILES)).read_bytes()
    path, away = folder / "rollout-x.jsonl", folder / "away"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    reader = Reader(path)
    for fate in data.draw(st.lists(st.sampled_from(Fate), max_size=6)):
        _let_happen(fate, path, away, content, other, data)
        if fate is Fate.GOES_AWAY_FOR_A_WHILE:
            reader.look()
            shutil.move(away, path)
        reader.look()
    reader.look()
    assert reader.told() == at_once(path)


def _let_happen(
    fate: Fate, path: Path, away: Path, content: bytes, other: bytes, data: st.DataObject
) -> None:
    size = path.stat().st_size
    if fate is Fate.GROWS:
        end = data.draw(st.integers(0, len(content)))
        with path.open("ab") as file:
            file.write(content[size:end])
    elif fate is Fate.SHRINKS:
        os.truncate(path, data.draw(st.integers(0, size)))
    elif fate is Fate.IS_REPLACED:
        new = path.with_suffix(".new")
        new.write_bytes(other[: data.draw(st.integers(1, len(other)))])
        new.replace(path)
    elif fate is Fate.IS_TOUCHED:
        path.touch()
    else:
        shutil.move(path, away)


def test_a_line_that_is_whole_without_its_newline_counts_once(tmp_path: Path) -> None:
    lines = Rollout().meta().event("user_message", message="hello").event("agent_message", message="hi").lines
    path = tmp_path / "rollout-a.jsonl"
    path.write_bytes(b"\n".join(lines))
    reader = Reader(path)
    for more in (b"\n", b"\n", lines[1], b"\n"):
        with path.open("ab") as file:
            file.write(more)
        reader.look()
    assert reader.told() == at_once(path)
    assert not reader.begun_anew


def test_a_line_that_goes_on_after_it_was_whole_is_read_anew(tmp_path: Path) -> None:
    lines = Rollout().meta().event("user_message", message="hello").lines
    path = tmp_path / "rollout-a.jsonl"
    path.write_bytes(b"\n".join(lines))
    reader = Reader(path)
    with path.open("ab") as file:
        file.write(b"garbage\n")
    reader.look()
    assert reader.told() == at_once(path)
    assert reader.begun_anew == 1


def test_a_file_rewritten_at_the_same_length_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "rollout-a.jsonl"
    path.write_bytes(b"\n".join(Rollout().meta().event("user_message", message="hello").lines) + b"\n")
    reader = Reader(path)
    path.write_bytes(path.read_bytes().replace(b"hello", b"howdy"))
    os.utime(path, (2e9, 2e9))
    reader.look()
    assert reader.told() == at_once(path)


def test_a_compressed_session_is_read_anew_when_it_changes(tmp_path: Path) -> None:
    content = FILES[0].read_bytes()
    path = tmp_path / "rollout-a.jsonl.zst"
    path.write_bytes(zstandard.compress(content[: len(content) // 2]))
    reader = Reader(path)
    path.write_bytes(zstandard.compress(content))
    os.utime(path, (2e9, 2e9))
    reader.look()
    assert reader.told() == at_once(path)


def test_a_call_that_is_out_is_running_until_its_output_comes(tmp_path: Path) -> None:
    rollout = Rollout().meta().event("task_started", turn_id="t1").event("user_message", message="go")
    rollout.item("function_call", name="shell", arguments='{"command":["sleep","9"]}', call_id="call_a")
    path = tmp_path / "rollout-a.jsonl"
    path.write_bytes(b"\n".join(rollout.lines) + b"\n")
    follower = Follower([file_source(path)])
    list(follower.read())
    assert _only_call(follower.session()).status is CallStatus.RUNNING
    rollout.item("function_call_output", call_id="call_a", output="Exit code: 0\nOutput:\nok")
    with path.open("ab") as file:
        file.write(rollout.lines[-1] + b"\n")
    assert follower.news() is News.GROWN
    list(follower.read_on())
    assert _only_call(follower.session()).status is CallStatus.OK


def _only_call(session: Session) -> Any:
    (call,) = (call for turn in session.turns for call in turn.calls())
    return call


def test_a_file_that_is_gone_is_told_as_gone(tmp_path: Path) -> None:
    path = tmp_path / "rollout-a.jsonl"
    path.write_bytes(b"\n".join(Rollout().meta().lines) + b"\n")
    follower = Follower([file_source(path)])
    list(follower.read())
    path.unlink()
    assert follower.news() is News.GONE


async def test_the_loader_goes_on_where_it_stopped(tmp_path: Path) -> None:
    content = FILES[0].read_bytes()
    half = content.index(b"\n", len(content) // 2) + 1
    path = tmp_path / "rollout-a.jsonl"
    path.write_bytes(content[:half])
    loader = Loader([file_source(path)])
    await loader.load()
    told: list[Session] = []
    assert await loader.look(told.append) is News.NOTHING
    with path.open("ab") as file:
        file.write(content[half:])
    assert await loader.look(told.append) is News.GROWN
    assert [len(session.turns) for session in told] == [len(_read(path).turns)]


async def test_whoever_stops_waiting_stops_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "rollout-a.jsonl"
    path.write_bytes(FILES[0].read_bytes())
    loader = Loader([file_source(path)])
    task = asyncio.create_task(loader.load())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def _read(path: Path) -> Session:
    return SessionReader([file_source(path)]).run()


# -- the rows of a timeline that goes on ------------------------------------


@given(st.data())
def test_rows_made_on_the_way_are_those_made_at_once(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(FILES))
    follower_sources: list[Source] = [file_source(path)]
    session = SessionReader(follower_sources).run()
    turns = session.turns
    items = [list(turn.items) for turn in turns]
    many = sum(len(of_turn) + 1 for of_turn in items)
    book, shown = RowBook(), list[Row]()
    for told in [*sorted(data.draw(st.lists(st.integers(0, many), max_size=6))), many]:
        left, begun = told, 0
        for turn, whole in zip(turns, items, strict=True):
            turn.items = whole[: max(0, left - 1)]
            begun += left > 0
            left -= len(whole) + 1
        growth = book.update(turns[:begun])
        shown[growth.keep :] = growth.tail
        if growth.head is not None:
            shown[growth.head[0]] = growth.head[1]
        assert shown == book.rows == rows_of(turns[:begun])
