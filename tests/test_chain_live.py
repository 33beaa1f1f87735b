"""A chain in the app while its files come and go, and while the library does not know all of it yet."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import zstandard

from tests.driving import Reader, chain_view, reading, squeezed, text_of, until
from tests.library import Story, id_of, worker
from trace_tui.app import hints
from trace_tui.app.chain_screen import ChainScreen
from trace_tui.app.opened import Opened
from trace_tui.library.library import Library


class Chain:
    """An orchestrator with two workers: Ada, in which one call failed, and Grace, in which two did."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.head = Story(1).begin("Split it.").spawn(2, "call_a", "Ada").spawn(3, "call_b", "Grace")
        self.ada = worker(2, 1, minutes=0.1, agent_nickname="Ada").turn("Count.", calls=2, failed=1)
        self.grace = worker(3, 1, minutes=0.2, agent_nickname="Grace").turn("Count.", calls=2, failed=2)
        self.paths = {story: story.put(home) for story in (self.head, self.ada, self.grace)}

    def lose(self, story: Story) -> None:
        self.paths[story].unlink()

    def go_on(self, story: Story, written: int) -> None:
        """What stands behind so many lines is written now."""
        with self.paths[story].open("ab") as file:
            file.write(b"".join(line + b"\n" for line in story.lines[written:]))


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


def steps(reader: Reader) -> str:
    return "\n".join(squeezed(line) for line in reader.timeline.splitlines())


async def all_agents(reader: Reader) -> None:
    await until(lambda: reader.app._watch is not None, "files are watched")
    await reader.press("C")
    await reader.sees("all 3 agents", lambda: reader.top)
    await reader.idle()


async def knows(reader: Reader, sessions: int) -> None:
    await until(lambda: len(list(reader.main.forest.members())) == sessions, f"{sessions} sessions are known")


# -- all agents in one timeline -----------------------------------------------


async def test_the_steps_of_an_agent_whose_file_goes_away_stay(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        await all_agents(reader)
        chain.lose(chain.grace)
        await reader.hears("the file of Grace is gone; what was read of it stays")
        await knows(reader, 2)
        written = len(chain.head.lines)
        chain.go_on(chain.head.ran(0), written)
        await reader.sees("A ✓ run sh step-1.sh", lambda: steps(reader))
        await reader.press("f", "x", "escape")
        await reader.sees("? ✗ run sh step-2.sh", lambda: steps(reader))


async def test_an_agent_whose_file_is_replaced_is_read_anew_in_its_place(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        await all_agents(reader)
        await reader.down_to("C ✗ run sh step-2.sh")
        other = worker(3, 1, minutes=0.2, agent_nickname="Grace").turn("Count again.", calls=3, failed=3)
        beside = chain.home / "beside"
        beside.write_bytes(other.content())
        os.replace(beside, chain.paths[chain.grace])
        await reader.sees("C ✗ run sh step-3.sh", lambda: steps(reader))
        assert "all 3 agents" in reader.top
        assert "C ✗ run sh step-2.sh" in squeezed(reader.at())


async def test_an_agent_whose_file_is_compressed_can_be_read_all_the_same(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        await all_agents(reader)
        path = chain.paths[chain.grace]
        path.with_name(path.name + ".zst").write_bytes(zstandard.compress(path.read_bytes()))
        chain.lose(chain.grace)
        opened = reader.app.opened
        assert opened is not None
        await until(lambda: opened.parts()[-1].sources[0].compressed)
        await reader.down_to("C ✗ run sh step-2.sh")
        await reader.reads("out 2")
        assert "all 3 agents" in reader.top


async def test_an_agent_that_can_not_be_read_does_not_keep_the_others_away(chain: Chain) -> None:
    path = chain.paths[chain.grace]
    packed = path.with_name(path.name + ".zst")
    packed.write_bytes(zstandard.compress(path.read_bytes()))
    chain.lose(chain.grace)
    async with reading(chain.home, target=id_of(1)) as reader:
        await knows(reader, 3)
        packed.write_bytes(packed.read_bytes()[: len(packed.read_bytes()) // 2])
        await reader.press("C")
        await reader.sees("all 3 agents", lambda: reader.top)
        await reader.hears(packed.name)
        await reader.sees("B ✗ run sh step-2.sh", lambda: steps(reader))


async def test_back_from_a_fork_is_back_in_the_timeline_of_all(chain: Chain) -> None:
    Story(5, minutes=1, forked_from_id=id_of(1)).turn("Another way.").put(chain.home)
    async with reading(chain.home, target=id_of(1)) as reader:
        await all_agents(reader)
        await reader.down_to("→ fork")
        await reader.press("w")
        await reader.sees("✓ Another way.", lambda: reader.top)
        await reader.press("W")
        await reader.sees("all 3 agents", lambda: reader.top)
        await reader.stands_on("→ fork")


async def test_what_is_shown_otherwise_leaves_the_cursor_with_its_agent(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        await all_agents(reader)
        await reader.down_to("C ‹ answer")
        await reader.press("f", "x", "escape")
        await reader.stands_on("C Grace 1 ✓ Count.")


async def test_running_calls_of_all_agents_count_their_seconds(tmp_path: Path) -> None:
    Story(1).begin("Split it.").spawn(2, "call_a", "Ada").put(tmp_path)
    path = worker(2, 1, minutes=0.1, agent_nickname="Ada").begin("Count.").call("call_1").put(tmp_path)
    os.utime(path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await reader.press("C")
        await reader.sees("all 2 agents", lambda: reader.top)
        await reader.sees("running", lambda: reader.timeline.splitlines()[1])


# -- on the time axis -----------------------------------------------------------


async def test_the_walk_on_the_bars_outlives_the_failure_it_stood_on(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        screen = await chain_view(reader)
        await reader.press("E")
        assert reader.bottom.startswith("failure 3 of 3 · in Grace")
        chain.lose(chain.grace)
        await until(lambda: "C Grace" not in text_of(screen.view), "its bar is gone")
        await reader.press("e")
        assert reader.bottom.startswith("failure 1 of 1 · in Ada")
        await reader.press("enter")
        await reader.stands_on("✗ run sh step-2.sh")


async def test_the_walk_on_the_bars_goes_on_from_where_it_stood(tmp_path: Path) -> None:
    Story(1).begin("Split it.").spawn(2, "call_a", "Ada").spawn(3, "call_b", "Grace").end().put(tmp_path)
    ada = worker(2, 1, minutes=0.1, agent_nickname="Ada").begin("Count.")
    path = ada.put(tmp_path)
    worker(3, 1, minutes=2, agent_nickname="Grace").turn("Count.", calls=2, failed=2).put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        screen = await chain_view(reader)
        await reader.press("e")
        assert reader.bottom.startswith("failure 1 of 2 · in Grace · sh step-1.sh")
        written = len(ada.lines)
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in ada.ran(1).end().lines[written:]))
        await until(lambda: len(screen._failures) == 3, "another failure came in before")
        await reader.press("e")
        assert reader.bottom.startswith("failure 3 of 3 · in Grace · sh step-2.sh")


# -- the walk from failure to failure -------------------------------------------


async def test_the_walk_goes_into_workers_though_the_session_was_opened_by_its_path(chain: Chain) -> None:
    async with reading(chain.home, target=str(chain.paths[chain.head])) as reader:
        await reader.sees("2 workers ✗3")
        await reader.idle()
        await reader.press("e")
        await reader.hears("failure 1 of 3 · in Ada")


async def test_what_fails_while_one_looks_is_walked_to(tmp_path: Path) -> None:
    Story(1).begin("Split it.").spawn(2, "call_a", "Ada").put(tmp_path)
    ada = worker(2, 1, minutes=0.1, agent_nickname="Ada").begin("Count.")
    path = ada.put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await until(lambda: reader.app._watch is not None, "files are watched")
        await reader.sees("1 worker")
        written = len(ada.lines)
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in ada.ran(1).end().lines[written:]))
        await reader.sees("1 worker ✗1")
        await reader.idle()
        await reader.press("e")
        await reader.hears("failure 1 of 1 · in Ada")


# -- while not all is known -------------------------------------------------------


async def test_nothing_is_claimed_of_others_before_the_library_has_looked(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = Library.entries

    def late(library: Library) -> object:
        time.sleep(1.5)
        return entries(library)

    monkeypatch.setattr(Library, "entries", late)
    async with reading(chain.home, target=str(chain.paths[chain.head]), waits=False) as reader:
        await reader.sees("spawn Ada", lambda: steps(reader))
        await reader.down_to("spawn Ada")
        for key in ("c", "C", "w", "W"):
            await reader.press(key)
            assert "still looking for the other sessions" in reader.bottom


async def test_a_slow_look_for_hints_of_one_session_does_not_keep_those_of_the_next_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trace_tui.app.app._HINTS_EVERY", 0.2)
    one = Story(1).begin("Grow.").ran(0)
    path = one.put(tmp_path)
    loop = Story(2, minutes=1).begin("Loop.")
    for number in range(4):
        loop.call(f"call_{number}", arguments={"cmd": "make"})
        loop.output(f"call_{number}", "Process exited with code 2\nOutput:\nno\n")
    loop.end().put(tmp_path)
    look = hints.look_for_hints

    def slow(opened: Opened) -> None:
        time.sleep(0.6)
        look(opened)

    monkeypatch.setattr(hints, "look_for_hints", slow)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await until(lambda: reader.app._watch is not None, "files are watched")
        written = len(one.lines)
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in one.ran(0).lines[written:]))
        await until(lambda: reader.app._next_hints is not None, "a look for hints is due")
        await reader.press("1", "G", "enter")
        await reader.sees("1 hint")


async def test_w_names_workers_whose_files_are_missing_too(chain: Chain) -> None:
    chain.lose(chain.grace)
    async with reading(chain.home, target=id_of(1)) as reader:
        await reader.sees("1 worker")
        await reader.press("home", "w")
        assert "B Ada" in reader.menu
        assert "Grace" in reader.menu


async def test_a_wait_names_whom_it_heard_of_as_soon_as_that_worker_is_known(tmp_path: Path) -> None:
    """Newer calls tell paths alone; who that is, the worker's own file says."""
    head = Story(1, cli_version="0.121.0").begin("Split it.")
    head.call("call_a", "spawn_agent", {"task_name": "counter", "message": "Count them."})
    head.output("call_a", json.dumps({"task_name": "/root/counter"}))
    head.call("call_b", "wait_agent", {}).output("call_b", json.dumps({"timed_out": False}))
    told = json.dumps({"agent_path": "/root/counter", "status": {"completed": "There are 3."}})
    head.said("user", f"<subagent_notification>\n{told}\n</subagent_notification>").end().put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await until(lambda: reader.app._watch is not None, "files are watched")
        assert "wait any worker" in steps(reader)
        worker(2, 1, minutes=0.1, agent_path="/root/counter").turn("Count them.").put(tmp_path)
        await reader.sees("wait B counter", lambda: steps(reader))


async def test_whoever_asks_for_the_chain_is_told_who_of_it_is_not_here(chain: Chain) -> None:
    chain.lose(chain.grace)
    async with reading(chain.home, target=id_of(1)) as reader:
        await reader.sees("1 worker")
        await chain_view(reader)
        assert reader.bottom.startswith("1 worker is not here: Grace ")
        await reader.press("C")
        await reader.sees("all 2 agents", lambda: reader.top)
        await reader.hears("1 worker is not here: Grace")


@pytest.mark.parametrize("key", ["c", "C"])
async def test_a_session_whose_workers_are_all_missing_says_so(chain: Chain, key: str) -> None:
    chain.lose(chain.grace)
    chain.lose(chain.ada)
    async with reading(chain.home, target=id_of(1)) as reader:
        await knows(reader, 1)
        await reader.press(key)
        await reader.hears("2 workers are not here: Ada, Grace")


@pytest.mark.parametrize("key", ["c", "W"])
async def test_a_worker_whose_parent_is_missing_does_not_claim_to_stand_at_the_top(
    chain: Chain, key: str
) -> None:
    chain.lose(chain.head)
    async with reading(chain.home, target=id_of(2)) as reader:
        await knows(reader, 2)
        await reader.press(key)
        await reader.hears(f"who started this session is not here: {id_of(1)}"[:70])


async def test_the_bars_begin_at_the_agent_of_the_selected_step_and_lead_back_to_it(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        await all_agents(reader)
        await reader.press("e", "e")
        assert "C ✗ run" in reader.at()
        await reader.press("c")
        await until(lambda: isinstance(reader.app.screen, ChainScreen), "the chain view is open")
        await reader.idle()
        screen = reader.app.screen
        assert isinstance(screen, ChainScreen)
        assert screen.view.selected is not None
        assert screen.view.selected.name == "Grace"
        await reader.press("C")
        await until(lambda: reader.app.screen is reader.main, "the steps are there again")
        assert "C ✗ run" in reader.at()


async def test_what_was_said_is_over_with_the_next_key(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        await reader.idle()
        await reader.press("e")
        await reader.hears("failure 1 of 3")
        await reader.press("z")
        assert "failure 1 of 3" not in reader.bottom


async def test_offsets_of_all_agents_are_counted_from_the_beginning_of_the_chain(chain: Chain) -> None:
    async with reading(chain.home, target=id_of(1)) as reader:
        await all_agents(reader)
        await reader.press("t")
        await reader.down_to("C ✗ run sh step-2.sh")
        assert reader.at().startswith("+12.5 s C ✗")


async def test_a_worker_whose_parent_is_missing_is_no_orchestrator(tmp_path: Path) -> None:
    worker(2, 1, agent_nickname="Ada").begin("Count.").spawn(3, "call_a", "Grace").end().put(tmp_path)
    worker(3, 2, minutes=0.1, agent_nickname="Grace").turn("Count.").put(tmp_path)
    async with reading(tmp_path, target=id_of(2)) as reader:
        await reader.press("C")
        await reader.sees("all 2 agents", lambda: reader.top)
        await reader.idle()
        assert "A Ada" in steps(reader)
        assert "orchestrator" not in steps(reader)
