"""A chain in the app: on its time axis and as one timeline of all its agents, by keys, and as it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.big_tree import write_big_tree
from tests.driving import SAMPLES, Reader, chain_view, reading, screen_lines, squeezed, text_of, until
from tests.library import Story, id_of, worker
from trace_tui.app.chain_screen import ChainScreen
from trace_tui.app.panes import Pane
from trace_tui.home import Home

V1, V2 = "01a1f900-db21", "01a1f900-ded4"


def steps(reader: Reader) -> list[str]:
    return [squeezed(line) for line in reader.timeline.splitlines()]


# -- on the time axis ---------------------------------------------------


async def test_the_cursor_begins_at_what_is_open_and_opens_any_bar() -> None:
    async with reading(SAMPLES, target="01a1f900-dbc2") as reader:
        screen = await chain_view(reader)
        assert screen.view.selected is not None
        assert screen.view.selected.name == "Pauli"
        await reader.press("j", "enter")
        await reader.sees("› ✓ D Rawls", lambda: reader.top)


async def test_the_failure_walk_goes_through_the_bars_and_enter_opens_at_the_failure() -> None:
    async with reading(SAMPLES, target=V2) as reader:
        screen = await chain_view(reader)
        await reader.press("E")
        assert reader.bottom.startswith("failure 4 of 4 · in orchestrator · nobody")
        await reader.press("E", "E")
        assert reader.bottom.startswith("failure 2 of 4 · in tester · sh check.sh · exit 1")
        assert screen.view.selected is not None
        assert screen.view.selected.name == "tester"
        await reader.press("enter")
        await reader.stands_on("run sh check.sh exit 1")


async def test_a_key_that_does_nothing_among_the_bars_says_so() -> None:
    async with reading(SAMPLES, target=V2) as reader:
        await chain_view(reader)
        await reader.press("y")
        assert reader.bottom.startswith("that key does nothing among the bars")
        await reader.press("j")
        assert reader.bottom.startswith("enter open")


async def test_the_walk_ends_at_both_ends() -> None:
    async with reading(SAMPLES, target=V2) as reader:
        await chain_view(reader)
        await reader.press("e", "e", "e", "e", "e")
        assert "no failure after this one: 4 in all" in reader.bottom
        await reader.press("E", "E", "E", "E")
        assert "no failure before this one: 4 in all" in reader.bottom


async def test_escape_leads_back_from_an_agent_to_the_bars_and_then_out_of_them() -> None:
    async with reading(SAMPLES, target=V2) as reader:
        await chain_view(reader)
        await reader.press("j", "enter")
        await reader.sees("› ✓ B counter", lambda: reader.top)
        await reader.idle()
        await reader.press("escape")
        await until(lambda: isinstance(reader.app.screen, ChainScreen), "the chain view is open again")
        screen = reader.app.screen
        assert isinstance(screen, ChainScreen)
        await reader.idle()
        assert screen.view.selected is not None
        assert screen.view.selected.name == "counter"
        await reader.press("escape")
        assert reader.app.screen is reader.main
        await reader.press("escape")
        assert reader.main.pane is Pane.SESSIONS


async def test_escape_leaves_the_timeline_of_all_agents_at_the_same_step() -> None:
    async with reading(SAMPLES, target=V1) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents", lambda: reader.top)
        await reader.idle()
        await reader.down_to("C ✗ run sh check.sh")
        await reader.press("escape")
        await reader.sees("› ✓ C Pauli", lambda: reader.top)
        await reader.stands_on("run sh check.sh exit 1")


async def test_a_bar_that_one_went_to_by_oneself_is_opened_at_its_beginning() -> None:
    async with reading(SAMPLES, target=V2) as reader:
        await chain_view(reader)
        await reader.press("e", "j", "enter")
        await reader.sees("› ✓ B counter", lambda: reader.top)
        await reader.stands_on("✓ completed · 2 turns")


async def test_capital_c_goes_from_the_bars_to_the_steps_of_all() -> None:
    async with reading(SAMPLES, target="01a1f900-9fb6") as reader:
        await reader.press("1", "home")
        await reader.down_to("Please split the wo… +5", Pane.SESSIONS)
        await chain_view(reader)
        await reader.press("C")
        await reader.sees("all 6 agents", lambda: reader.top)


@pytest.mark.parametrize("key", ["escape", "backspace", "c", "q"])
async def test_the_chain_view_is_left_by_several_keys(key: str) -> None:
    async with reading(SAMPLES, target=V1) as reader:
        await chain_view(reader)
        await reader.press(key)
        assert reader.app.screen is reader.main


async def test_the_chain_view_has_its_own_page_of_keys() -> None:
    async with reading(SAMPLES, target=V1) as reader:
        screen = await chain_view(reader)
        await reader.press("?")
        assert "In the chain" in reader.menu
        assert "next failure" in reader.menu
        await reader.press("escape")
        assert reader.app.screen is screen


async def test_a_session_by_itself_has_no_chain() -> None:
    async with reading(SAMPLES, target="01a1f900-9fb6") as reader:
        await reader.press("c")
        await reader.hears("this session started no workers")
        await reader.press("C")
        await reader.hears("this session started no workers")


async def test_bars_grow_and_agents_join_while_one_looks(tmp_path: Path) -> None:
    head = Story(1).begin("Split it.").spawn(2, nickname="Ada")
    head.put(tmp_path)
    first = worker(2, 1, minutes=0.1, agent_nickname="Ada").begin("Count.")
    path = first.put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        screen = await chain_view(reader)
        await until(lambda: reader.app._watch is not None, "files are watched")
        assert "B Ada" in text_of(screen.view)
        begun = len(first.lines)
        first.ran(1).end()
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in first.lines[begun:]))
        worker(3, 1, minutes=0.2, agent_nickname="Grace").begin("Check.").put(tmp_path)
        await until(lambda: "C Grace" in text_of(screen.view), "the second worker is there")
        await until(lambda: "✗" in next(line for line in text_of(screen.view).split("\n") if "B Ada" in line))


async def test_seventy_workers_are_walked_in_eighty_columns(tmp_path: Path) -> None:
    write_big_tree(tmp_path)
    async with reading(tmp_path, target=id_of(1), size=(80, 24)) as reader:
        screen = await chain_view(reader)
        assert "71 threads" in text_of(screen.view)
        await reader.press("G", "e")
        assert reader.bottom.startswith("failure 1 of 9 · in parser-49 · sh step-2.sh")
        assert all(len(line) <= 80 for line in screen_lines(reader.app))


# -- all agents in one timeline -----------------------------------------


async def test_the_steps_of_all_stand_in_the_order_of_time_each_with_its_letter() -> None:
    async with reading(SAMPLES, target=V1, size=(180, 70)) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents", lambda: reader.top)
        await reader.idle()
        rows = steps(reader)
        spawned = next(i for i, row in enumerate(rows) if "A │✓ spawn C Pauli" in row)
        begun = next(i for i, row in enumerate(rows) if row.startswith("C Pauli 1 ✓ Worker two"))
        failed = next(i for i, row in enumerate(rows) if "C ✗ run sh check.sh exit 1" in row)
        told = next(i for i, row in enumerate(rows) if "A · mail C Pauli completed" in row)
        assert spawned < begun < failed < told


async def test_filters_and_the_failure_walk_work_in_it_too() -> None:
    async with reading(SAMPLES, target=V1) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents", lambda: reader.top)
        await reader.idle()
        await reader.press("e")
        assert reader.bottom.startswith("failure 1 of 6 · in orchestrator")
        await reader.press("e")
        assert reader.bottom.startswith("failure 2 of 6 · in Pauli")
        assert "C ✗ run sh check.sh" in reader.at()
        await reader.press("f", "x", "escape")
        await reader.sees("Timeline · filtered")
        rows = [row for row in steps(reader) if row.startswith("12:49")]
        assert all("✗" in row for row in rows)


async def test_hits_of_a_search_are_gone_through_in_the_order_of_the_timeline() -> None:
    async with reading(SAMPLES, target=V1) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents", lambda: reader.top)
        await reader.idle()
        await reader.answer("/", "files")
        await until(lambda: reader.main.search is not None and reader.main.search.is_done)
        await reader.idle()
        assert reader.main.search is not None
        walk = reader.main.search
        while walk.at:
            await reader.press("N")
        places = []
        for _ in walk.hits:
            places.append(reader.app.main.timeline.cursor)
            await reader.press("n")
        assert len(places) > 3
        assert places == sorted(places)


async def test_w_goes_from_a_call_to_the_workers_turn_in_the_same_timeline_and_back() -> None:
    async with reading(SAMPLES, target=V1) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents", lambda: reader.top)
        await reader.idle()
        await reader.down_to("A ✓ tell B Ramanujan")
        await reader.press("w")
        assert "B Ramanujan 2 ✓ Worker one, once more" in reader.at()
        await reader.press("W")
        assert "A ✓ tell B Ramanujan" in reader.at()


async def test_a_wait_for_anybody_names_whom_it_heard_of_and_w_goes_from_mail_to_who_sent_it() -> None:
    async with reading(SAMPLES, target=V2) as reader:
        await reader.down_to("wait C tester")
        await reader.press("w")
        await reader.sees("› ✓ C tester", lambda: reader.top)
        await reader.idle()
        await reader.down_to("· mail A orchestrator")
        await reader.press("w")
        await reader.stands_on("spawn C tester")
        await reader.down_to("mail B counter: There are 14 lines.")
        await reader.press("w")
        await reader.sees("› ✓ B counter", lambda: reader.top)
        await reader.stands_on("▾ 2 ✓")


async def test_capital_c_leaves_to_the_agent_of_the_selected_step_at_that_step() -> None:
    async with reading(SAMPLES, target=V1) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents", lambda: reader.top)
        await reader.idle()
        await reader.down_to("C ✗ run sh check.sh")
        await reader.press("C")
        await reader.sees("› ✓ C Pauli", lambda: reader.top)
        await reader.stands_on("✗ run sh check.sh")


async def test_agents_that_join_come_in(tmp_path: Path) -> None:
    Story(1).begin("Split it.").spawn(2, "call_a").spawn(3, "call_b").put(tmp_path)
    worker(2, 1, minutes=0.1, agent_nickname="Ada").turn("Count.").put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await until(lambda: reader.app._watch is not None, "files are watched")
        await reader.press("C")
        await reader.sees("all 2 agents", lambda: reader.top)
        worker(3, 1, minutes=0.2, agent_nickname="Grace").turn("Check it.", calls=1, failed=1).put(tmp_path)
        await reader.sees("C Grace 1 ✓ Check it.", lambda: "\n".join(steps(reader)))
        await reader.sees("all 3 agents", lambda: reader.top)


# -- what no call started -----------------------------------------------


def review(number: int, parent: int, *, minutes: float) -> Story:
    source = {"subagent": "review"}
    return Story(number, minutes=minutes, source=source, parent_thread_id=id_of(parent))


async def test_a_review_stands_at_its_time_and_leads_there_and_back(tmp_path: Path) -> None:
    Story(1).turn("Write it.").put(tmp_path)
    review(2, 1, minutes=5).turn("Review the changes.").put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await reader.down_to("→ review B review")
        await reader.press("enter")
        await reader.sees("› ✓ B review", lambda: reader.top)
        await reader.idle()
        await reader.press("W")
        await reader.stands_on("→ review B review")


async def test_a_guardian_is_linked_from_whom_it_watches(tmp_path: Path) -> None:
    Story(1).turn("Write it.").put(tmp_path)
    source = {"subagent": {"other": "guardian"}}
    Story(2, minutes=1, source=source, parent_thread_id=id_of(1)).turn("The history follows.").put(tmp_path)
    async with reading(tmp_path, target=id_of(2)) as reader:
        await reader.down_to("← from A orchestrator")
        await reader.press("w")
        await reader.stands_on("→ guard B guardian")


async def test_a_worker_of_a_torn_parent_is_reached_all_the_same(tmp_path: Path) -> None:
    Story(1).turn("Split it.").put(tmp_path)  # the call that started the worker was never written
    worker(2, 1, minutes=1, agent_nickname="Ada").turn("Count.").put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await reader.down_to("→ worker B Ada")
        await reader.press("w")
        await reader.sees("› ✓ B Ada", lambda: reader.top)


async def test_a_worker_whose_parent_is_missing_says_so(tmp_path: Path) -> None:
    worker(2, 1, agent_nickname="Ada").turn("Count.").put(tmp_path)
    async with reading(tmp_path, target=id_of(2)) as reader:
        await reader.down_to("← from not found here · 01a1f901-0000")
        await reader.sees(f"from {id_of(1)}", lambda: reader.detail)
        await reader.sees("This session is not found here.", lambda: reader.detail)
        await reader.press("w")
        await reader.hears(f"its session is not here ({id_of(1)})")


async def test_a_path_alone_is_enough_to_link_a_call_and_its_worker(tmp_path: Path) -> None:
    head = Story(1, cli_version="0.121.0").begin("Split it.")
    head.call("call_a", "spawn_agent", {"task_name": "counter", "message": "Count them."})
    head.output("call_a", json.dumps({"task_name": "/root/counter"}))
    head.call("call_b", "send_message", {"target": "counter", "message": "Hurry."}).output("call_b", "")
    head.end().put(tmp_path)
    worker(2, 1, minutes=0.1, agent_path="/root/counter").turn("Count them.").put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await reader.down_to("spawn B counter · Count them.")
        await reader.press("j", "w")
        await reader.sees("› ✓ B counter", lambda: reader.top)
        await reader.idle()
        await reader.press("W")
        await reader.stands_on("tell B counter · Hurry.")


async def test_a_file_outside_any_home_is_opened_with_what_lies_beside_it(tmp_path: Path) -> None:
    for path in SAMPLES.rglob("*01a1f900-d[bcd]*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    start = next(tmp_path.glob("*01a1f900-dbc2*"))
    roots = Home(start).places()
    async with reading(*roots, target=str(start)) as reader:
        await reader.sees("A Please split the work betwe… › ✓ C Pauli", lambda: reader.top)
        await reader.sees("← from", lambda: reader.timeline)
        assert "new ↓" not in reader.screen()  # what was put in above the end is no news
        await reader.press("W")
        await reader.stands_on("spawn C Pauli")


async def test_the_first_row_of_all_agents_is_told_with_the_sums_of_the_chain() -> None:
    async with reading(SAMPLES, target=V2) as reader:
        await reader.press("C")
        await reader.sees("all 6 agents", lambda: reader.top)
        await reader.idle()
        await reader.press("home")
        await reader.sees("failures 4", lambda: squeezed(reader.detail))
        assert "F doomed" in reader.detail
