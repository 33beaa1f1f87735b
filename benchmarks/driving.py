"""The app driven in a process of its own, by keys; prints what they took as one JSON object.

The app believes in a terminal: a driver that takes all that is written and draws nothing. So the figures hold
all of our own work up to the bytes, and none of a terminal's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import selectors
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from textual import events
from textual.drivers.headless_driver import HeadlessDriver

from trace_tui.app.app import TraceApp
from trace_tui.app.messages import OpenWanted
from trace_tui.app.starting import Start
from trace_tui.library.chains import Member
from trace_tui.loader import Loader
from trace_tui.sources import file_source
from trace_tui.targets import read_target

_FRAME = 0.018
"""Seconds; Textual paints what has changed at most sixty times a second."""
_IDLE = 0.001
_LONGEST_WAIT = 300
_SOME = 1000
"""More sessions than are shown before the library has spoken."""

Told = dict[str, Any]


class Silent(HeadlessDriver):
    """Takes what a terminal would be sent, and sends keys as a terminal's driver does."""

    written = 0
    on_write: Callable[[], None] | None = None

    @property
    def is_headless(self) -> bool:
        return False  # or Textual would not even make the bytes

    def write(self, data: str) -> None:
        self.written += len(data.encode())
        if self.on_write is not None:
            self.on_write()

    def press(self, key: str) -> None:
        self.process_message(events.Key(key, key if len(key) == 1 else None))


class Watched(selectors.DefaultSelector):
    """Knows for how long the event loop has had nothing to do, and how long it was at work in one go."""

    waited = 0.0
    longest = 0.0
    _left = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.perf_counter()
        if self._left:
            self.longest = max(self.longest, began - self._left)
        try:
            return super().select(timeout)
        finally:
            self._left = time.perf_counter()
            self.waited += self._left - began


class Work(NamedTuple):
    cpu: float
    """Milliseconds of all threads."""
    loop: float
    """Milliseconds for which the event loop was at work, by the clock."""
    longest: float
    """The longest of them in one go."""
    written: int


class Driven:
    """A running app, and what it has cost so far."""

    def __init__(self, app: TraceApp, driver: Silent, selector: Watched) -> None:
        self.app = app
        self.driver = driver
        self._selector = selector

    async def press(self, key: str, rest: float = 0) -> Work:
        """One key, handled and painted; with a rest, also what follows it.

        Textual's own `Pilot` sleeps after each key. Here the loop is left alone until it has come to rest,
        and only what it worked counts: neither the wait for the next frame nor that for other programs.
        """

        async def pressed() -> None:
            self.driver.press(key)
            await asyncio.sleep(rest)
            await self.settled()

        return await self.cost_of(pressed)

    async def cost_of(self, work: Callable[[], Awaitable[None]]) -> Work:
        cpu, busy, written = time.process_time(), self._busy(), self.driver.written
        self._selector.longest = 0.0
        await work()
        return Work(
            1000 * (time.process_time() - cpu),
            1000 * (self._busy() - busy),
            1000 * self._selector.longest,
            self.driver.written - written,
        )

    async def settled(self, frames: int = 1) -> None:
        """Until so many frames have gone by, after a first one, in which nothing happened to speak of."""
        await asyncio.sleep(_FRAME)
        quiet = 0
        while quiet < frames:
            before = self._busy()
            await asyncio.sleep(_FRAME)
            quiet = quiet + 1 if self._busy() - before < _IDLE else 0

    async def until(self, is_so: Callable[[], bool]) -> None:
        end = time.perf_counter() + _LONGEST_WAIT
        while not is_so():
            if time.perf_counter() > end:
                raise TimeoutError("the app never came so far")
            await asyncio.sleep(0.01)
        await self.settled(frames=50)

    def _busy(self) -> float:
        return time.perf_counter() - self._selector.waited


@asynccontextmanager
async def driven(start: Start, size: tuple[int, int], selector: Watched) -> AsyncIterator[Driven]:
    app = TraceApp(start)
    app.driver_class = Silent
    running = asyncio.create_task(app.run_async(size=size))
    while not isinstance(app._driver, Silent):
        await asyncio.sleep(0.01)
    try:
        yield Driven(app, app._driver, selector)
    finally:
        app.exit()
        await running


# -- the parts --------------------------------------------------------------


async def opening(selector: Watched, size: tuple[int, int], big: str, small: str, rounds: str) -> Told:
    """A big session opened from a list, again and again, and in turn with a small one and its own load."""
    start = Start(roots=(str(_home(big)), str(_home(small))), target=read_target(small))
    told: dict[str, list[float]] = {"load": [], "first": [], "whole": [], "stall": []}
    items = 0
    async with driven(start, size, selector) as running:
        main = running.app.main
        await running.until(lambda: len(main.forest.roots) > 1 and main.timeline.count() > 0)
        own, other = _member_of(big, running), _member_of(small, running)
        for _ in range(int(rounds)):
            told["load"].append(await _load_alone(big))
            gc.collect()
            await running.settled(frames=20)
            first, whole, stall = await _open(own, running)
            told["first"].append(first)
            told["whole"].append(whole)
            told["stall"].append(stall)
            assert main.opened is not None
            items = sum(len(turn.items) for turn in main.opened.session.turns)
            await _open(other, running)
            gc.collect()
    return {**told, "items": items}


async def timeline_keys(selector: Watched, size: tuple[int, int], path: str) -> Told:
    async with driven(Start(roots=(str(_home(path)),), target=read_target(path)), size, selector) as running:
        main = running.app.main
        await running.until(lambda: main.opened is not None and main.opened.is_whole)
        told = await _walk(running)
        told["next failure"] = [await running.press("e") for _ in range(60)]
        await running.press("end")
        told["failure before"] = [await running.press("E") for _ in range(60)]
        await running.press("home")
        told["down and rest"] = [await running.press("down", rest=0.2) for _ in range(60)]
        return {"rows": main.timeline.count(), "keys": _told(told)}


async def list_keys(selector: Watched, size: tuple[int, int], home: str, small: str) -> Told:
    async with driven(Start(roots=(home,), target=read_target(small)), size, selector) as running:
        main = running.app.main

        async def listed() -> None:
            await running.until(lambda: main.sessions.count() > _SOME)

        arrival = await running.cost_of(listed)
        await running.press("1")
        told = await _walk(running)
        told["sort"] = [await running.press("s") for _ in range(8)]
        await running.press("home")
        told["down and rest"] = [await running.press("down", rest=0.4) for _ in range(20)]
        return {
            "rows": main.sessions.count(),
            "sessions": sum(1 for _ in main.forest.members()),
            "arrival": arrival.longest,
            "keys": _told(told),
        }


async def _walk(running: Driven) -> dict[str, list[Work]]:
    """Up and down, and from one end to the other, far from both of them too."""
    await running.settled(frames=20)
    await running.press("home")
    told = {"down": [await running.press("down") for _ in range(100)]}
    told["page down"] = [await running.press("pagedown") for _ in range(100)]
    told["up"] = [await running.press("up") for _ in range(100)]
    ends = [await running.press(key) for _ in range(30) for key in ("end", "home")]
    return told | {"end": ends[::2], "home": ends[1::2]}


async def _load_alone(path: str) -> float:
    began = time.perf_counter()
    await Loader([file_source(Path(path))]).load()
    return 1000 * (time.perf_counter() - began)


async def _open(member: Member, running: Driven) -> tuple[float, float, float]:
    """Milliseconds until its first rows are written, and until all are; and the longest stall meanwhile."""
    main = running.app.main
    seen: list[float] = []
    whole: list[float] = []

    def look() -> None:
        opened = main.opened
        if opened is not None and opened.key == member.entry.key and main.timeline.count() > 1:
            seen.append(time.perf_counter())
            if opened.is_whole:
                whole.append(seen[-1])

    async def opened() -> None:
        running.driver.on_write = look
        running.app.post_message(OpenWanted(member))
        await running.until(lambda: bool(whole))
        running.driver.on_write = None

    began = time.perf_counter()
    cost = await running.cost_of(opened)
    return 1000 * (seen[0] - began), 1000 * (whole[0] - began), cost.longest


def _member_of(path: str, running: Driven) -> Member:
    name = Path(path).stem
    return next(
        member
        for member in running.app.main.forest.members()
        if member.entry.id is not None and name.endswith(member.entry.id)
    )


def _home(path: str) -> Path:
    return next(folder.parent for folder in Path(path).parents if folder.name == "sessions")


def _told(works: dict[str, list[Work]]) -> dict[str, dict[str, list[float]]]:
    return {
        name: {field: _three([getattr(work, field) for work in of_key]) for field in Work._fields}
        for name, of_key in works.items()
    }


def _three(values: list[float]) -> list[float]:
    """The median, what 95 of 100 stay below, and the most."""
    values = sorted(values)
    return [statistics.median(values), values[int(0.95 * (len(values) - 1))], values[-1]]


PARTS: dict[str, Callable[..., Coroutine[Any, Any, Told]]] = {
    "opening": opening,
    "timeline": timeline_keys,
    "list": list_keys,
}


def main(name: str, size: str, *arguments: str) -> None:
    width, height = size.split("x")
    selector = Watched()
    # The program collects garbage as it is: what that takes belongs to its keys.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        told = runner.run(PARTS[name](selector, (int(width), int(height)), *arguments))
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
