"""How chains look: calls about workers, the time axis, all agents in one timeline; samples and a big tree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.big_tree import write_big_tree
from tests.driving import SAMPLES, Reader, until
from tests.library import Story, id_of
from tests.screens import LARGE, MIDDLE, SMALL, Scene, Size, played, same_every_time
from trace_tui.app.app import TraceApp
from trace_tui.app.chain_screen import ChainScreen
from trace_tui.app.starting import Start
from trace_tui.targets import read_target

V1, V2 = "01a1f900-db21", "01a1f900-ded4"
ERA = SAMPLES / "eras" / "0.104.0"
ANYBODY = "latest"

Texts = Callable[[str, str], None]
Play = Callable[[Reader], Awaitable[None]]


async def as_it_opens(reader: Reader) -> None:
    await reader.idle()


async def on_the_time_axis(reader: Reader) -> None:
    await reader.press("c")
    await until(lambda: isinstance(reader.app.screen, ChainScreen), "the chain view is open")
    await reader.press("e", "e")


async def in_one_timeline(reader: Reader) -> None:
    await reader.press("C")
    await reader.sees(" agents", lambda: reader.top)
    await reader.idle()
    await reader.press("z", "e", "e")


async def at_a_worker_that_failed(reader: Reader) -> None:
    await reader.press("G", *["k"] * 5)
    await reader.idle()


async def in_a_worker(reader: Reader) -> None:
    before = reader.main.opened
    await reader.press("e", "e")
    await until(lambda: reader.main.opened is not before, "the worker is open")
    await reader.idle()
    await reader.press("3")


async def its_hints(reader: Reader) -> None:
    await reader.sees("↻", lambda: reader.timeline)
    await reader.press("i")


VIEWS: dict[str, Play] = {
    "timeline": as_it_opens,
    "axis": on_the_time_axis,
    "agents": in_one_timeline,
    "failed-worker": at_a_worker_that_failed,
    "worker": in_a_worker,
}


@pytest.fixture(autouse=True)
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with same_every_time(tmp_path, monkeypatch):
        yield


@pytest.fixture(scope="module")
def seventy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seventy")
    write_big_tree(home)
    return home


async def seen(home: Path, target: str, play: Play, size: Size) -> str:
    app = app_of(home, target)
    async with app.run_test(size=size) as pilot:
        reader = await played(Scene(play), app, pilot)
        return reader.screen() + "\n"


def app_of(home: Path, target: str) -> TraceApp:
    return TraceApp(Start((str(home),), cached=False, target=read_target(target)))


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=str)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("target", [V1, V2], ids=["v1", "v2"])
async def test_the_samples(target: str, view: str, size: Size, text_snapshot: Texts) -> None:
    name = "v1" if target == V1 else "v2"
    text_snapshot(await seen(SAMPLES, target, VIEWS[view], size), f"{name}-{view}-{size}")


@pytest.mark.parametrize("view", ["timeline", "axis", "agents"])
async def test_workers_without_names(view: str, text_snapshot: Texts) -> None:
    text_snapshot(await seen(ERA, "01a1f902-451c", VIEWS[view], SMALL), f"0.104.0-{view}-{SMALL}")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
@pytest.mark.parametrize("view", ["timeline", "axis", "agents"])
async def test_seventy_workers(view: str, size: Size, seventy: Path, text_snapshot: Texts) -> None:
    text_snapshot(await seen(seventy, id_of(1), VIEWS[view], size), f"seventy-{view}-{size}")


async def test_hints_that_are_marked_and_listed(tmp_path: Path, text_snapshot: Texts) -> None:
    story = Story(1).begin("Please make the check pass.")
    for number in range(3):
        for command, code in (("make build", 0), ("make test", 2)):
            call_id = f"call_{command}_{number}"
            story.call(call_id, arguments={"cmd": command})
            story.output(call_id, f"Process exited with code {code}\nOutput:\nout\n")
    home = tmp_path / "hints"
    story.end().put(home)
    text_snapshot(await seen(home, ANYBODY, its_hints, SMALL), f"hints-{SMALL}")


@pytest.mark.parametrize("view", ["axis", "agents"])
def test_in_colours(view: str, snap_compare: Callable[..., bool]) -> None:
    app = app_of(SAMPLES, V1)

    async def play(pilot: Pilot[int]) -> None:
        await played(Scene(VIEWS[view]), app, pilot)

    assert snap_compare(app, terminal_size=MIDDLE, run_before=play)
