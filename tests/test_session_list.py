"""The list of sessions alone: days, chains under their heads, order, filters, and rows at any width."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.driving import cursor_line, lines_of, press, settled, squeezed
from tests.library import entry, id_of
from trace_tui.library.chains import Forest, grow
from trace_tui.library.choosing import Choice, read_choice
from trace_tui.library.entries import Entry
from trace_tui.relatives import Agent, Relation
from trace_tui.widgets.session_list import SessionList

TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def session(number: int, title: str, *, days: int = 0, minutes: int = 0, **facts: Any) -> Entry:
    began = int((NOON - timedelta(days=days, minutes=minutes)).timestamp() * 1000)
    lasted = {"started_at": began, "ended_at": began + 60_000, "cwd": "/home/dev/shop", "turns": 2}
    return entry(number, **({"title": title} | lasted | facts))


def worker(number: int, parent: int, title: str, **facts: Any) -> Entry:
    told: dict[str, Any] = {"relation": Relation.WORKER, "parent_id": id_of(parent), "root_id": id_of(parent)}
    return session(number, title, agent=Agent(nickname=title), **(told | facts))


SESSIONS = [
    session(1, "Fix the sum", failed_calls=3, state="failed"),
    session(2, "Split the work", minutes=30),
    worker(3, 2, "Ada", minutes=29),
    worker(4, 2, "Grace", minutes=28, failed_calls=1),
    session(5, "Write docs", days=1, cwd="/home/dev/handbook"),
    session(6, "Old things", days=9),
]


class Alone(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        self.sessions = SessionList(today=lambda: TODAY)

    def compose(self) -> ComposeResult:
        yield self.sessions

    def on_mount(self) -> None:
        self.sessions.focus()


@asynccontextmanager
async def listed(
    entries: Sequence[Entry] = SESSIONS, *, size: tuple[int, int] = (70, 24)
) -> AsyncIterator[tuple[SessionList, Pilot[None]]]:
    app = Alone()
    async with app.run_test(size=size) as pilot:
        app.sessions.show(grow(entries))
        await settled(pilot)
        yield app.sessions, pilot


def seen(sessions: SessionList) -> list[str]:
    return [squeezed(line.lstrip("▌")) for line in lines_of(sessions) if line.strip()]


def titles(sessions: SessionList) -> list[str]:
    """Which of the titles are seen, from above."""
    names = [one.title for one in SESSIONS]
    return [name for row in seen(sessions) for name in names if name in row]


async def test_sessions_stand_under_their_days_and_the_cursor_on_the_newest() -> None:
    async with listed() as (sessions, _):
        rows = seen(sessions)
        assert rows[0].startswith("▾ Today · Friday 20 Nov 2026 2")
        assert rows[2].startswith("shop")
        assert rows[4].startswith("▾ Yesterday · Thursday 19 Nov 2026 1")
        assert titles(sessions) == ["Fix the sum", "Split the work", "Write docs", "Old things"]
        assert cursor_line(sessions).startswith("✗ 12:00 Fix the sum")
        assert "✗3" in cursor_line(sessions)


async def test_workers_are_folded_under_their_head_which_tells_of_them() -> None:
    async with listed() as (sessions, pilot):
        await press(pilot, "down")
        assert "+2" in cursor_line(sessions) or "2 workers" in cursor_line(sessions)
        assert "✗1" in cursor_line(sessions)
        await press(pilot, "right", "down")
        assert sorted(titles(sessions)[2:4]) == ["Ada", "Grace"]
        assert any(name in cursor_line(sessions) for name in ("Ada", "Grace"))
        await press(pilot, "left")
        assert "Split the work" in cursor_line(sessions)
        await press(pilot, "left")
        assert "Ada" not in titles(sessions)


async def test_a_worker_is_found_in_its_folded_chain() -> None:
    async with listed() as (sessions, pilot):
        forest = grow(SESSIONS)
        sessions.show(forest)
        [grace] = [member for member in forest.members() if member.entry.title == "Grace"]
        sessions.select(grace)
        await settled(pilot)
        assert "Grace" in cursor_line(sessions)


async def test_a_day_folds_and_stays_folded_when_sessions_come() -> None:
    async with listed() as (sessions, pilot):
        await press(pilot, "up", "space")
        assert titles(sessions) == ["Write docs", "Old things"]
        assert cursor_line(sessions).startswith("▸ Today")
        sessions.show(grow([session(7, "Just now", minutes=-5), *SESSIONS]))
        await settled(pilot)
        assert cursor_line(sessions).startswith("▸ Today · Friday 20 Nov 2026 3")
        assert "Just now" not in "".join(seen(sessions))


async def test_sessions_that_come_leave_the_cursor_on_its_own() -> None:
    async with listed() as (sessions, pilot):
        await press(pilot, "G")
        assert "Old things" in cursor_line(sessions)
        sessions.show(grow([session(7, "Just now", minutes=-5), *SESSIONS]))
        await settled(pilot)
        assert "Old things" in cursor_line(sessions)


async def test_a_filter_shows_what_it_takes_and_opens_chains_for_it() -> None:
    async with listed() as (sessions, pilot):
        sessions.choose(read_choice("grace", NOON))
        await settled(pilot)
        assert titles(sessions) == ["Split the work", "Grace"]
        sessions.choose(read_choice("folder:handbook", NOON))
        await settled(pilot)
        assert titles(sessions) == ["Write docs"]
        sessions.choose(read_choice("nowhere", NOON))
        await settled(pilot)
        assert seen(sessions) == []
        for key in ("down", "space", "right", "left", "enter", "s", "G"):
            await press(pilot, key)
        sessions.choose(Choice())
        await settled(pilot)
        assert len(titles(sessions)) == 4


async def test_by_failures_the_worst_comes_first_and_there_are_no_days() -> None:
    async with listed() as (sessions, pilot):
        await press(pilot, "s", "s")
        assert titles(sessions)[:2] == ["Fix the sum", "Split the work"]
        assert "Today" not in "".join(seen(sessions))


@pytest.mark.parametrize("width", [1, 2, 5, 12, 20, 36, 44, 64, 120])
async def test_rows_fit_at_any_width(width: int) -> None:
    async with listed(size=(width, 12)) as (sessions, pilot):
        await press(pilot, "down", "right", "down")
        assert all(len(line) <= width for line in lines_of(sessions))
        if width >= 44:
            assert titles(sessions)[0] == "Fix the sum"


async def test_titles_are_shown_as_they_are() -> None:
    evil = "[/foo] [red]x[/red] \x1b]0;owned\x07\x1b[31mred\x00\u202e"
    async with listed([session(1, evil, cwd=f"/home/{evil}", branch=evil, model=evil)], size=(160, 10)) as (
        sessions,
        _,
    ):
        text = "\n".join(lines_of(sessions))
        assert text.count("[/foo] [red]x[/red]") >= 3
        assert all(character.isprintable() for character in text.replace("\n", ""))


async def test_an_empty_list_takes_every_key() -> None:
    async with listed([]) as (sessions, pilot):
        sessions.show(Forest([], {}, {}, {}))
        for key in ("up", "down", "space", "left", "right", "enter", "s", "G", "g", "pagedown"):
            await press(pilot, key)
        assert seen(sessions) == []
        assert sessions.selected is None
