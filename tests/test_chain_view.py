"""The chain view: the agents of a chain on one time axis as they are seen, and how keys move in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from tests.big_tree import write_big_tree
from tests.driving import press, screen_lines, settled, squeezed
from tests.library import entry, library_of
from tests.reading_sessions import SAMPLES, sample
from trace_tui.library.chain_times import ChainTimes, times_of
from trace_tui.library.chains import Member, grow
from trace_tui.widgets.chain_view import ChainView
from trace_tui.widgets.line_view import LineView
from trace_tui.wording.agents import badge_of
from trace_tui.wording.chain_bars import Axis, clock_line

SMALL, LARGE = (80, 24), (200, 50)
ERA = SAMPLES / "eras" / "0.104.0"

Texts = Callable[[str, str], None]


class Stage(App[None]):
    CSS = "App.-ascii LineView { scrollbar-size-vertical: 0; }"

    def __init__(self, times: ChainTimes) -> None:
        super().__init__()
        self._chain = times
        self.entered: list[Member | None] = []

    def compose(self) -> ComposeResult:
        yield ChainView()

    def on_mount(self) -> None:
        self.view.show(self._chain)
        self.view.focus()

    @property
    def view(self) -> ChainView:
        return self.query_one(ChainView)

    def on_line_view_entered(self, message: LineView.Entered) -> None:
        assert isinstance(message.view, ChainView)
        self.entered.append(message.view.selected)


def seen(app: App[None]) -> str:
    return "\n".join(line.rstrip() for line in screen_lines(app)) + "\n"


def row_at(app: App[None], words: str) -> str:
    """The line with these words, with single blanks."""
    return next(squeezed(line) for line in screen_lines(app) if words in line)


def chain_of(root: Path, thread: str | None = None) -> ChainTimes:
    with library_of(root) as library:
        library.refresh()
        roots = [root for root in grow(library.entries()).roots if root.children]
        head = next(root for root in roots if thread is None or root.entry.id == thread)
        return times_of(head, library.catalog)


@cache
def sample_chain(scenario: str) -> ChainTimes:
    return chain_of(SAMPLES, sample(scenario).stem[-36:])


@pytest.fixture(scope="module")
def big_tree(tmp_path_factory: pytest.TempPathFactory) -> ChainTimes:
    home = tmp_path_factory.mktemp("big")
    write_big_tree(home)
    return chain_of(home)


# -- what is seen -------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
@pytest.mark.parametrize("scenario", ["f_agents_v1", "f_agents_v2", "0.104.0"])
async def test_a_chain_on_its_time_axis(scenario: str, size: tuple[int, int], text_snapshot: Texts) -> None:
    app = Stage(chain_of(ERA) if scenario == "0.104.0" else sample_chain(scenario))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        text_snapshot(seen(app), f"{scenario}-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_seventy_workers_four_levels_deep(
    size: tuple[int, int], big_tree: ChainTimes, text_snapshot: Texts
) -> None:
    app = Stage(big_tree)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        text_snapshot(seen(app), f"seventy-{size[0]}x{size[1]}")


async def test_ascii_has_a_sign_for_all_of_it(big_tree: ChainTimes, text_snapshot: Texts) -> None:
    app = Stage(big_tree)
    app.add_class("-ascii")
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        text_snapshot(seen(app), "seventy-80x24-ascii")
        assert seen(app).isascii()
        assert "?" not in seen(app)


async def test_work_on_the_critical_path_has_another_sign_than_other_work() -> None:
    app = Stage(sample_chain("f_agents_v1"))
    async with app.run_test(size=LARGE) as pilot:
        await settled(pilot)
        nested, first = row_at(app, "D Rawls"), row_at(app, "B Ramanujan:")
        assert "█" in nested
        assert "▄" not in nested
        assert first.index("▄") < first.index("█")  # only its second task was waited for to its end


async def test_the_row_under_the_cursor_says_what_it_came_to() -> None:
    app = Stage(sample_chain("f_agents_v2"))
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, "j", "j")
        told = squeezed(screen_lines(app)[4])
        assert told.startswith(
            "▌ 241 ms critical · waited 76 ms for D reader · 25.1k tokens · 36.4k with 1 below · "
        )
        assert "20 lines inherited" in screen_lines(app)[4]


async def test_a_member_without_times_is_there_and_says_so() -> None:
    parent = Member(entry(1, started_at=1_000, ended_at=9_000, title="With times"))
    child = Member(entry(2, title="Without"))
    parent.children.append(child)
    child.parent = parent
    with library_of(SAMPLES) as library:
        app = Stage(times_of(parent, library.catalog))
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        assert "times unknown" in row_at(app, "B Without")
        assert "────" in row_at(app, "A With times")


# -- keys ---------------------------------------------------------------


async def test_the_cursor_stays_among_the_members(big_tree: ChainTimes) -> None:
    app = Stage(big_tree)
    async with app.run_test(size=SMALL) as pilot:
        first, last = big_tree.members[0].member, big_tree.members[-1].member
        await press(pilot, "k")
        assert app.view.selected is first
        await press(pilot, "G")
        assert app.view.selected is last
        await press(pilot, "j", "pagedown")
        assert app.view.selected is last
        await press(pilot, "g")
        assert app.view.selected is first


@pytest.mark.parametrize("height", [24, 12, 9, 6, 3])
async def test_wherever_the_cursor_goes_it_is_seen(height: int, big_tree: ChainTimes) -> None:
    app = Stage(big_tree)
    async with app.run_test(size=(80, height)) as pilot:
        keys = ["j"] * 9 + ["pagedown", "pagedown", "k", "k", "G", "pageup", "k", "g", "end"]
        for key in keys:
            await press(pilot, key)
            assert sum(line.startswith("▌") for line in screen_lines(app)) == 2, f"{key} at {height}"


async def test_clock_and_sums_stay_in_sight(big_tree: ChainTimes) -> None:
    app = Stage(big_tree)
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        above, below = screen_lines(app)[0], screen_lines(app)[-3:]
        assert "12:01" in above
        assert "71 threads" in below[0]
        for key in ("pagedown", "pagedown", "G", "pageup"):
            await press(pilot, key)
            assert screen_lines(app)[0][:-1] == above[:-1]  # but for the scroll bar
            assert [line[:-1] for line in screen_lines(app)[-3:]] == [line[:-1] for line in below]


async def test_enter_says_which_member_one_wants_to_read() -> None:
    times = sample_chain("f_agents_v2")
    app = Stage(times)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "enter", "j", "j", "enter")
        assert [member.name for member in app.entered if member] == [None, "tester"]


async def test_the_cursor_stays_on_its_member_when_more_becomes_known() -> None:
    before = sample_chain("f_agents_v2")
    app = Stage(before._replace(members=[before.members[0], *before.members[2:]]))
    async with app.run_test(size=SMALL) as pilot:
        app.view.select(before.members[3].member)
        await settled(pilot)
        assert app.view.cursor == 3
        app.view.show(before)
        await settled(pilot)
        assert app.view.selected is before.members[3].member
        assert app.view.cursor == 4


async def test_a_click_on_a_row_is_for_its_member(big_tree: ChainTimes) -> None:
    app = Stage(big_tree)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "G", "pageup")
        line = screen_lines(app)[5]
        await pilot.click(ChainView, offset=(10, 5))
        assert app.view.selected is not None
        assert (app.view.selected.name or "") in line


# -- the clock ----------------------------------------------------------

NOON = 1_795_176_000_000
"""2026-11-20 12:00:00 in UTC."""


@pytest.mark.parametrize(
    ("span", "cells", "words"),
    [
        (0, 30, "12:00:00 12:00:00"),
        (800, 60, "12:00:00 │+0.2 s │+0.4 s 12:00:00"),
        (7_000, 60, "12:00:00 │+2 s │+4 s 12:00:07"),
        (95_000, 80, "12:00:00 │12:00:30 │12:01:00 12:01:35"),
        (3 * 3_600_000, 60, "12:00:00 │12:30 │13:00 │13:30 │14:00 15:00:00"),
        (5 * 86_400_000, 70, "11-20 12:00 │11-22 │11-23 │11-24 11-25 12:00"),
        (60_000, 12, "12:00:00"),
        (60_000, 4, "12:0"),
    ],
)
def test_ticks_stand_at_round_times(span: int, cells: int, words: str) -> None:
    line = clock_line(Axis(NOON, NOON + span, cells))
    assert len(line) == cells
    assert squeezed(line) == words


# -- badges -------------------------------------------------------------


def test_every_agent_has_a_letter_of_its_own_and_never_the_hue_of_failure() -> None:
    badges = badge_of([Member(entry(number)) for number in range(800)])
    letters = [badge.letter for badge in badges.values()]
    assert len(set(letters)) == 800
    assert letters[:2] + letters[25:27] + letters[51:54] == ["A", "B", "Z", "a", "z", "AA", "AB"]
    assert letters[-1] == "ACT"
    assert not any("red" in badge.style for badge in badges.values())
    assert len({badge.style for badge in badges.values()}) == 5
