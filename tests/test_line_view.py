"""The base of all panes, alone: what is drawn, what is sent again, and where the cursor stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from tests.driving import cursor_line, lines_of, press, settled
from trace_tui.widgets.line_view import LineView
from trace_tui.wording.cells import Line


class Numbers(LineView):
    """Rows by number; counts which of them were asked for, and what was sent again."""

    def __init__(self, rows: list[str], *, below: bool = False) -> None:
        super().__init__()
        self.rows = rows
        self.has_second_line = below
        self.asked: list[int] = []
        self.sent: list[Region] = []

    def count(self) -> int:
        return len(self.rows)

    def row(self, index: int, width: int) -> Line:
        self.asked.append(index)
        return [(self.rows[index][:width], "")]

    def below_cursor(self, width: int) -> Line:
        return [("below", "dim")]

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Numbers:
        self.sent += regions
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


class Alone(App[None]):
    def __init__(self, view: Numbers) -> None:
        super().__init__()
        self.animation_level = "none"
        self.view = view
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()
        self.view.rows_changed(0)

    def on_line_view_moved(self) -> None:
        self.told.append("moved")

    def on_line_view_entered(self) -> None:
        self.told.append("entered")


@asynccontextmanager
async def alone(
    rows: int, *, size: tuple[int, int] = (40, 12), below: bool = False
) -> AsyncIterator[tuple[Numbers, Pilot[None], Alone]]:
    app = Alone(Numbers([f"row {number}" for number in range(rows)], below=below))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app.view, pilot, app


async def test_of_a_hundred_thousand_rows_only_the_visible_ones_are_made() -> None:
    async with alone(100_000) as (view, pilot, _):
        assert set(view.asked) <= set(range(12))
        view.asked.clear()
        await press(pilot, "end")
        assert cursor_line(view) == "row 99999"
        assert len(set(view.asked)) <= 24
        view.asked.clear()
        await press(pilot, "up")
        assert set(view.asked) <= {99_998, 99_999}


async def test_a_move_sends_only_the_cells_that_differ() -> None:
    async with alone(100) as (view, pilot, _):
        await press(pilot, "down")
        view.sent.clear()
        await press(pilot, "down")
        assert {region.y for region in view.sent} == {1, 2}
        assert all(region.height == 1 for region in view.sent)


async def test_rows_that_change_are_sent_and_no_others() -> None:
    async with alone(5) as (view, pilot, _):
        view.sent.clear()
        view.rows[3] = "row 3 and more"
        view.rows_changed()
        assert [(region.y, region.height) for region in view.sent] == [(3, 1)]
        await settled(pilot)
        assert lines_of(view)[3] == " row 3 and more"
        view.sent.clear()
        view.rows_changed()
        assert view.sent == []


async def test_at_the_edge_the_window_leaps_by_a_third() -> None:
    async with alone(100) as (view, pilot, _):
        for _ in range(11):
            await press(pilot, "down")
        assert lines_of(view)[0].split()[:2] == ["row", "0"]
        await press(pilot, "down")
        assert lines_of(view)[0].split()[:2] == ["row", "5"]
        assert cursor_line(view) == "row 12"
        for _ in range(8):
            await press(pilot, "up")
        assert cursor_line(view) == "row 4"
        assert lines_of(view)[0].split()[:2] == ["row", "0"]


async def test_pages_and_ends() -> None:
    async with alone(100) as (view, pilot, app):
        stood = []
        for key in ("pagedown", "pagedown", "pageup", "G", "g", "up"):
            await press(pilot, key)
            stood.append(view.cursor)
        assert stood == [10, 20, 10, 99, 0, 0]
        assert app.told == ["moved"] * 5
        await press(pilot, "enter")
        assert app.told[-1] == "entered"


async def test_other_rows_leave_the_cursor_where_it_is_or_within_them() -> None:
    async with alone(50) as (view, pilot, _):
        await press(pilot, "pagedown", "down")
        view.rows += ["new"] * 10
        view.rows_changed()
        assert view.cursor == 11
        place = lines_of(view).index("▌row 11")
        view.rows = ["before"] * 7 + view.rows
        view.rows_changed(18)
        await settled(pilot)
        assert lines_of(view).index("▌row 11") == place
        view.rows = view.rows[:3]
        view.rows_changed()
        await settled(pilot)
        assert view.cursor == 2
        assert lines_of(view)[2] == "▌before"
        view.rows = []
        view.rows_changed()
        await settled(pilot)
        assert "".join(lines_of(view)) == ""
        await press(pilot, "down", "G", "g", "pagedown", "enter")
        assert view.cursor == 0


async def test_the_row_under_the_cursor_has_its_second_line_below_it() -> None:
    async with alone(30, below=True) as (view, pilot, _):
        assert [line[1:] for line in lines_of(view)[:3]] == ["row 0", "below", "row 1"]
        await press(pilot, "down")
        assert [line[1:] for line in lines_of(view)[:4]] == ["row 0", "row 1", "below", "row 2"]
        await press(pilot, "G")
        assert [line[1:] for line in lines_of(view)[-2:]] == ["row 29", "below"]
        await press(pilot, "g")
        assert [line[1:] for line in lines_of(view)[:2]] == ["row 0", "below"]


@pytest.mark.parametrize("below", [False, True])
async def test_no_window_is_too_small(below: bool) -> None:
    async with alone(30, below=below) as (view, pilot, _):
        await press(pilot, "pagedown")
        before = view.cursor
        for size in ((1, 1), (2, 1), (3, 2), (40, 12)):
            await pilot.resize_terminal(*size)
            await press(pilot, "down", "up")
            assert view.cursor == before
        assert cursor_line(view) == f"row {before}"


async def test_a_click_selects_and_a_second_one_enters() -> None:
    async with alone(30, below=True) as (view, pilot, app):
        await pilot.click(view, offset=(5, 4))
        await settled(pilot)
        assert cursor_line(view) == "row 3"
        await pilot.click(view, offset=(5, 4), times=2)
        await settled(pilot)
        assert "entered" in app.told
        assert view.cursor == 3


async def test_found_words_are_marked_wherever_they_are_seen() -> None:
    async with alone(30) as (view, pilot, app):
        view.words_to_mark = "row 1"
        view.look_changed()
        await settled(pilot)
        strips = app.screen._compositor.render_strips()
        marked = {
            (y, segment.text)
            for y, strip in enumerate(strips)
            for segment in strip
            if segment.text == "row 1" and segment.style is not None
        }
        assert marked == {(1, "row 1"), (10, "row 1"), (11, "row 1")}


async def test_brackets_and_controls_are_no_markup() -> None:
    async with alone(1) as (view, pilot, _):
        view.rows = ["[/foo] [red]x[/red] [@click=app.bell]y[/]"]
        view.set_title("[/foo] [b]title[/b]")
        view.rows_changed()
        await settled(pilot)
        assert lines_of(view)[0] == "▌[/foo] [red]x[/red] [@click=app.bell]y"[:40]
