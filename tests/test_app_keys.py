"""Every key of the app: where it leads, what it shows, and what it says where it can do nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from tests.driving import SAMPLES, cursor_line, lines_of, reading, reading_demo, settled, squeezed, until
from trace_tui.app.panes import Pane

COMMANDS = "01a1f900-a138"
"""One turn of sixteen calls, of which ten fail."""
RESUMED = "01a1f901-6347"
"""Four turns, each by another run of Codex."""
WORKERS = "01a1f900-db21"
"""Starts workers, one of which starts another."""
CODE = "01a1f900-b678"
"""Code-mode cells with calls inside."""
OLD = SAMPLES / "eras" / "0.104.0"
"""A small home."""


# -- the cursor ---------------------------------------------------------


@pytest.mark.parametrize("pane", list(Pane))
async def test_the_cursor_moves_by_letters_arrows_and_pages_in_every_pane(pane: Pane) -> None:
    async with reading(SAMPLES, target=COMMANDS, size=(200, 14)) as reader:
        await reader.press(str(1 + list(Pane).index(pane)))
        view = reader.main.view(pane)
        await until(lambda: view.count() > 16)
        await reader.press("g")
        last = view.count() - 1
        stood: list[int] = []
        for key in (
            "j",
            "down",
            "down",
            "k",
            "up",
            "pagedown",
            "pageup",
            "ctrl+d",
            "ctrl+u",
            "G",
            "g",
            "end",
        ):
            await reader.press(key)
            stood.append(view.cursor)
            assert any(line.startswith("▌") for line in lines_of(view)), f"no cursor in sight after {key}"
        page = stood[5] - 1
        assert page >= 5
        assert stood == [1, 2, 3, 2, 1, 1 + page, 1, 1 + page, 1, last, 0, last]
        await reader.press("home")
        assert view.cursor == 0


async def test_the_cursor_stops_at_both_ends() -> None:
    async with reading(OLD) as reader:
        view = reader.main.timeline
        await reader.press("g", "k", "up", "pageup")
        assert view.cursor == 0
        await reader.press("G", "j", "down", "pagedown")
        assert view.cursor == view.count() - 1


async def test_the_detail_follows_the_cursor_of_the_timeline() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.reads("facts")
        await reader.press("j", "j", "j")
        await reader.reads("I will look at the layout first.")
        assert reader.at().endswith("I will look at the layout first.")
        await reader.press("j")
        await reader.reads("0bca025 First version")


async def test_the_cursor_in_the_sessions_opens_what_it_rests_on() -> None:
    async with reading_demo() as reader:
        await reader.press("1", "j")
        await reader.sees("Please split the work", lambda: reader.top)
        await reader.sees("✓ spawn", lambda: reader.timeline)
        assert reader.here is Pane.SESSIONS


# -- panes --------------------------------------------------------------


async def test_tab_and_numbers_go_from_pane_to_pane() -> None:
    async with reading(OLD) as reader:
        stood: list[Pane | None] = [reader.here]
        for key in ("tab", "tab", "tab", "shift+tab", "shift+tab", "1", "2", "3"):
            await reader.press(key)
            stood.append(reader.here)
        sessions, timeline, detail = Pane
        assert stood == [timeline, detail, sessions, timeline, sessions, detail, sessions, timeline, detail]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((150, 30), {"1": [0, 1, 2], "2": [0, 1, 2], "3": [0, 1, 2]}),
        ((100, 30), {"1": [0, 1], "2": [1, 2], "3": [1, 2]}),
        ((80, 24), {"1": [0], "2": [1, 2], "3": [1, 2]}),
        ((50, 24), {"1": [0], "2": [1], "3": [2]}),
    ],
)
async def test_as_many_panes_are_shown_as_there_is_room_for(
    size: tuple[int, int], shown: dict[str, list[int]]
) -> None:
    async with reading(OLD, size=size) as reader:
        for key, numbers in shown.items():
            await reader.press(key)
            assert reader.shown() == [list(Pane)[number] for number in numbers]
            assert reader.here is list(Pane)[int(key) - 1]


async def test_enter_leads_from_the_session_to_the_step_to_its_detail_and_escape_back() -> None:
    async with reading(OLD) as reader:
        await reader.press("1")
        stood: list[Pane | None] = []
        for key in ("enter", "enter", "escape", "backspace", "escape"):
            await reader.press(key)
            stood.append(reader.here)
        assert stood == [Pane.TIMELINE, Pane.DETAIL, Pane.TIMELINE, Pane.SESSIONS, Pane.SESSIONS]


async def test_zoom_shows_one_pane_and_escape_leaves_it_first() -> None:
    async with reading(OLD) as reader:
        await reader.press("3", "z")
        assert reader.shown() == [Pane.DETAIL]
        await reader.press("tab")
        assert reader.shown() == [Pane.SESSIONS]
        await reader.press("escape")
        assert reader.shown() == list(Pane)
        assert reader.here is Pane.SESSIONS
        await reader.press("z", "z")
        assert reader.shown() == list(Pane)


# -- turns, folds and times ---------------------------------------------


async def test_brackets_leap_from_turn_to_turn() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("]")
        assert reader.at().startswith("▾ 1 ")
        await reader.press("]", "]")
        assert reader.at().startswith("▾ 3 ")
        await reader.press("j", "[")
        assert reader.at().startswith("▾ 3 ")
        await reader.press("[")
        assert reader.at().startswith("▾ 2 ")
        await reader.press("]", "]", "]", "]")
        assert reader.at().startswith("▾ 4 ")


async def test_t_tells_the_time_of_day_then_since_the_turn_began_then_none() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("j", "j")
        assert reader.at().startswith("12:49:40 ")
        await reader.press("t")
        assert reader.at().startswith("+")
        await reader.press("t")
        assert reader.at().startswith("✓ run")
        await reader.press("t")
        assert reader.at().startswith("12:49:40 ")


async def test_a_turn_folds_from_any_of_its_steps_and_unfolds_again() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        whole = reader.timeline.splitlines()[2:]
        await reader.press("j", "j", "j", "space")
        assert reader.at().startswith("▸ 1 ✓ Please do step one.")
        assert "sh check.sh" not in reader.timeline.partition("▾ 2")[0]
        assert "▾ 2 ✓ Please do step two." in reader.timeline
        await reader.press("space")
        assert reader.at().startswith("▾ 1 ✓ Please do step one.")
        await reader.press("left")
        assert reader.at().startswith("▸ 1 ")
        await reader.press("right", "k")
        assert reader.timeline.splitlines()[2:] == [
            line.replace("▌", " ", 1) if line.startswith("▌") else line for line in whole
        ]


async def test_days_and_chains_fold_in_the_sessions() -> None:
    async with reading_demo() as reader:
        await reader.press("1", "j")
        assert "+2" in reader.at(Pane.SESSIONS)
        before = reader.sessions
        await reader.press("space")
        assert "task-one" not in before
        workers = [line for line in reader.sessions.splitlines() if line not in before.splitlines()]
        assert len(workers) >= 2
        await reader.press("j")
        in_worker = reader.at(Pane.SESSIONS)
        await reader.press("left")
        assert "+2" in reader.at(Pane.SESSIONS) != in_worker
        await reader.press("left")
        assert reader.sessions == before
        await reader.press("right", "space")
        assert reader.sessions == before
        await reader.press("g", "space")
        assert reader.at(Pane.SESSIONS).startswith("▸")
        assert "Please split the" not in reader.sessions
        await reader.press("right")
        assert reader.at(Pane.SESSIONS).startswith("▾")
        await reader.press("left", "enter")
        assert reader.at(Pane.SESSIONS).startswith("▾")
        assert "Please split the" in reader.sessions


async def test_s_sorts_the_sessions_and_keeps_the_cursor_on_its_own() -> None:
    async with reading_demo(size=(240, 50)) as reader:
        await reader.press("1", "j")
        own = "Please split the work"
        assert own in reader.at(Pane.SESSIONS)
        orders: list[str] = []
        for _ in range(8):
            await reader.press("s")
            assert own in reader.at(Pane.SESSIONS)
            orders.append(reader.sessions.splitlines()[0].partition("· by ")[2].split("─")[0].strip("━ "))
            if orders[-1] == "failures":
                assert "✗5" in reader.sessions.splitlines()[1]
                assert "✗5" in reader.sessions.splitlines()[2]
        assert orders == ["active", "failures", "duration", "tokens", "turns", "calls", "title", ""]


# -- workers ------------------------------------------------------------


async def test_w_follows_a_call_to_the_turn_that_it_caused_and_capital_w_returns_to_the_very_row() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.down_to("tell B Ramanujan")
        await reader.press("w")
        await reader.sees("A Please split the work betwe… › ✓ B Ramanujan", lambda: reader.top)
        await reader.stands_on("▾ 2 ✓ Worker one, once more")
        assert reader.here is Pane.TIMELINE
        await reader.press("W")
        await reader.stands_on("tell B Ramanujan")
        assert "›" not in reader.top


async def test_enter_on_a_call_about_a_worker_goes_to_it_and_backspace_returns() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.down_to("wait C Pauli")
        await reader.press("enter")
        await reader.stands_on("▾ 1 ✓ Worker two: run the check")
        await reader.press("backspace")
        await reader.stands_on("wait C Pauli")


async def test_enter_on_a_call_that_started_nobody_reads_it() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.down_to("spawn Worker none.")
        await reader.press("enter")
        assert reader.here is Pane.DETAIL


async def test_w_goes_two_workers_deep_and_escape_comes_back_step_by_step() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.down_to("spawn C Pauli")
        await reader.press("w")
        await reader.sees("› ✓ C Pauli", lambda: reader.top)
        await reader.idle()
        await reader.down_to("spawn D Rawls")
        inner = reader.at()
        await reader.press("w")
        await until(lambda: reader.top.count("›") == 2)
        await reader.idle()
        await reader.press("escape")
        await reader.stands_on(inner)
        await reader.press("escape")
        await reader.stands_on("spawn C Pauli")
        await reader.press("escape")
        assert reader.here is Pane.SESSIONS


async def test_capital_w_in_a_worker_opened_by_itself_goes_to_the_call_that_caused_the_turn() -> None:
    async with reading(SAMPLES, target="01a1f900-dba4") as reader:
        await reader.down_to("Worker one, once more")
        await reader.press("j", "W")
        await reader.stands_on("tell B Ramanujan")


async def test_w_on_a_mail_goes_to_the_turn_of_the_worker_that_wrote_it() -> None:
    async with reading(SAMPLES, target="01a1f900-ded4") as reader:
        await reader.down_to("mail B counter: There are 14 lines.")
        await reader.press("w")
        await reader.sees("› ✓ B counter", lambda: reader.top)
        await reader.stands_on("▾ 2 ")


async def test_a_wait_for_several_workers_asks_which_is_meant() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.down_to("wait B Ramanujan ✓ C Pauli ✓")
        await reader.press("w")
        assert "Into which" in reader.menu
        assert "✓ C Pauli · ✗1 · 351 ms" in reader.menu
        await reader.press("c")
        await reader.sees("› ✓ C Pauli", lambda: reader.top)
        await reader.idle()
        await reader.press("W")
        await reader.stands_on("wait B Ramanujan")


async def test_the_first_row_of_an_orchestrator_leads_to_any_of_its_workers() -> None:
    async with reading(SAMPLES, target="01a1f900-ded4") as reader:
        await reader.press("w", "f")
        await reader.sees("› ✗ F doomed", lambda: reader.top)


async def test_a_worker_says_who_started_it_and_leads_there() -> None:
    async with reading(SAMPLES, target="01a1f900-dbc2") as reader:
        await reader.down_to("← from A orchestrator")
        await reader.press("enter")
        await reader.stands_on("spawn C Pauli")


async def test_forks_stand_where_they_were_made_and_lead_there_and_back() -> None:
    async with reading(SAMPLES, target="01a1f901-b0ad") as reader:
        rows = [squeezed(line) for line in reader.timeline.splitlines()]
        forks = [index for index, row in enumerate(rows) if "→ fork" in row]
        second = next(index for index, row in enumerate(rows) if "▾ 2 ✓ Do the second step." in row)
        assert len(forks) == 2
        assert forks[0] < second < forks[1]
        await reader.down_to("→ fork Do it the other way, from")
        await reader.press("enter")
        await reader.sees("Do the first step. › ✓ Do it the other way, from", lambda: reader.top)
        await reader.idle()
        await reader.press("j", "W")
        await reader.stands_on("→ fork Do it the other way, from")


async def test_a_fork_opened_by_itself_leads_to_its_row_in_what_it_was_forked_from() -> None:
    async with reading(SAMPLES, target="01a1f901-b285") as reader:
        await reader.down_to("← forked Do the first step.")
        await reader.press("w")
        await reader.stands_on("→ fork Do it the other way.")


async def test_a_rewind_leads_to_what_was_undone_and_back() -> None:
    async with reading(SAMPLES, target="01a1f901-4283") as reader:
        await reader.down_to("rewound: turns 2 to 3 undone")
        await reader.press("w")
        await reader.stands_on("▾ 2 ✓ My second question.")
        await reader.press("W")
        await reader.stands_on("rewound: turns 2 to 3 undone")


async def test_where_nothing_leads_on_it_is_said() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.press("j", "w")
        assert "nothing leads from here" in reader.bottom
        await reader.press("W")
        assert "nobody started this session" in reader.bottom
        await reader.press("j")
        assert "nobody started" not in reader.bottom


async def test_a_worker_whose_file_is_missing_is_told(tmp_path: Path) -> None:
    source = next(SAMPLES.rglob(f"*{WORKERS}*"))
    copy = tmp_path / "sessions" / source.name
    copy.parent.mkdir()
    copy.write_bytes(source.read_bytes())
    async with reading(tmp_path) as reader:
        await reader.down_to("spawn Pauli")
        await reader.press("w")
        assert "its session is not here (01a1f900-dbc2-7c60-a7d2-97f2678b3f1f)" in reader.bottom


# -- what is shown of a step --------------------------------------------


async def test_r_shows_the_raw_records_and_goes_back() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.press("j", "j", "j", "j")
        await reader.reads("0bca025 First version")
        await reader.press("r")
        await reader.reads('"type"')
        assert "Detail · raw" in reader.detail
        await reader.press("r")
        await reader.reads("exit code")
        assert '"type"' not in reader.detail


async def test_a_shows_what_was_left_out_of_a_long_output() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.down_to("seq 1 60000")
        await reader.reads("output")
        await reader.press("3")
        view = reader.main.detail
        before = view.count()
        await reader.press("a")
        assert view.count() > before


# -- anything else ------------------------------------------------------


async def test_unknown_keys_and_typed_counts_break_nothing() -> None:
    async with reading(OLD) as reader:
        for key in ("5", "j", "x", "X", "%", "ö", "漢", "f7", "ctrl+b", "alt+q", "insert", "delete", "0"):
            await reader.press(key)
        assert reader.main.timeline.cursor == 1
        assert reader.app.is_running


async def test_q_leaves_with_exit_0() -> None:
    async with reading(OLD) as reader:
        await reader.press("q")
        await until(lambda: reader.app.return_code is not None)
        assert reader.app.return_code == 0


@pytest.mark.parametrize("pane", list(Pane))
async def test_the_cursor_outlives_the_smallest_window(pane: Pane) -> None:
    async with reading(OLD, size=(200, 50)) as reader:
        await reader.press("j", "j", "j", str(1 + list(Pane).index(pane)))
        view = reader.main.view(pane)
        row = reader.at()
        before = reader.main.timeline.selected, reader.main.sessions.selected
        for size in ((10, 3), (1, 1), (60, 5), (200, 50)):
            await reader.resize(*size)
            assert reader.here is pane
            assert (reader.main.timeline.selected, reader.main.sessions.selected) == before
        assert reader.shown() == list(Pane)
        assert cursor_line(view) or pane is Pane.DETAIL
        assert reader.at() == row


async def test_a_click_selects_and_a_double_click_enters() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        timeline = reader.main.timeline
        line = next(i for i, row in enumerate(reader.timeline.splitlines()) if "frobnicate --version" in row)
        await reader.pilot.click(timeline, offset=(12, line))
        await settled(reader.pilot)
        assert "frobnicate --version" in reader.at()
        assert reader.here is Pane.TIMELINE
        await reader.reads("exit 127")
        await reader.pilot.click(timeline, offset=(12, line - 1), times=2)
        await settled(reader.pilot)
        assert "sh check.sh" in reader.at()
        assert reader.main.detail.has_focus


async def test_a_click_below_the_last_row_moves_nothing() -> None:
    async with reading(OLD) as reader:
        await reader.pilot.click(reader.main.timeline, offset=(3, 25))
        await settled(reader.pilot)
        assert reader.main.timeline.cursor == 0


@pytest.mark.parametrize("name", ["slash", "colon", "c", "question_mark"])
async def test_a_key_behind_the_one_that_quits_does_no_harm(name: str) -> None:
    async with reading(SAMPLES) as reader:
        await reader.idle()
        for key in ("q", name):
            reader.app.post_message(events.Key(key, None))
        await until(lambda: reader.app.return_code == 0, "the app has ended")


async def test_enter_on_a_line_of_the_detail_goes_to_the_step_it_is_about_and_escape_back() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.idle()
        await reader.press("3")
        await reader.down_to("exit 6", Pane.DETAIL)
        await reader.press("enter")
        assert reader.main.pane is Pane.TIMELINE
        assert "exit 6" in reader.at()
        await reader.press("escape")
        assert "10 failures" in reader.at()


async def test_enter_on_a_line_about_a_worker_goes_to_that_step_of_the_worker() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.down_to("wait C Pauli")
        await reader.press("3")
        await reader.reads("lines of its file")
        await reader.down_to("failed line", Pane.DETAIL)
        await reader.press("enter")
        await reader.sees("› ✓ C Pauli", lambda: reader.top)
        await reader.stands_on("run sh check.sh exit 1")
        await reader.press("W")
        await reader.stands_on("wait C Pauli")


async def test_enter_on_an_agent_of_the_chain_opens_it() -> None:
    async with reading(SAMPLES, target=WORKERS) as reader:
        await reader.idle()
        await reader.press("3")
        await reader.down_to("D Rawls", Pane.DETAIL)
        await reader.press("enter")
        await reader.sees("› ✓ D Rawls", lambda: reader.top)
