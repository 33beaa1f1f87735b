"""The measured pieces of `benchmarks.live`. Each runs in a process of its own and prints one JSON object."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult

from benchmarks.driving import Driven, Silent, Told, Watched, driven
from trace_tui.app.starting import Start
from trace_tui.following import Follower, News
from trace_tui.model import Call, Turn
from trace_tui.sources import file_source
from trace_tui.targets import read_target
from trace_tui.widgets.row_book import Growth, RowBook
from trace_tui.widgets.timeline import Timeline
from trace_tui.wording.cast import NOBODY

_SIZE = (200, 50)
_MARK = re.compile(r"mark-(\d+)\.sh")
_PATIENCE = 20.0
_A_TURN = 60
"""Lines."""
_DAY = 86_400
_WARM = 8_000
_TOLD_EVERY = 200
"""Lines between two words to the timeline: what it costs to tell it is measured elsewhere."""


def header(thread: str) -> bytes:
    """The beginning of a session: its first line, and a turn that goes on."""
    meta = {"id": thread, "timestamp": _now(), "cwd": "/home/dev/work", "cli_version": "0.128.0"}
    return _line("session_meta", meta) + begin(1)


def begin(turn: int) -> bytes:
    prompt = f"Go on with part {turn}."
    return (
        _line("event_msg", {"type": "task_started", "turn_id": f"turn-{turn}"})
        + _line("response_item", _message("user", "input_text", prompt))
        + _line("event_msg", {"type": "user_message", "message": prompt})
    )


def call(number: int) -> bytes:
    arguments = json.dumps({"cmd": f"sh mark-{number}.sh"})
    named = {"type": "function_call", "name": "exec_command", "arguments": arguments}
    return _line("response_item", {**named, "call_id": f"call_{number}"})


def output(number: int) -> bytes:
    told = f"Process exited with code {number % 7 == 0:d}\nOutput:\n" + "some words of it\n" * 20
    return _line(
        "response_item", {"type": "function_call_output", "call_id": f"call_{number}", "output": told}
    )


def end(turn: int) -> bytes:
    answer = f"Part {turn} is done."
    return (
        _line("event_msg", {"type": "agent_message", "message": answer})
        + _line("response_item", _message("assistant", "output_text", answer))
        + _line(
            "event_msg", {"type": "task_complete", "turn_id": f"turn-{turn}", "last_agent_message": answer}
        )
    )


def _message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _line(type_: str, payload: dict[str, Any]) -> bytes:
    return json.dumps({"timestamp": _now(), "type": type_, "payload": payload}).encode() + b"\n"


def _now() -> str:
    seconds = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{stamp}.{int(1000 * seconds) % 1000:03d}Z"


# -- the writer -------------------------------------------------------------


def write(seconds: str, pause: str, *paths: str) -> dict[str, Any]:
    """A line to each of the files, a pause, and so on; tells when each call of the first file was written."""
    chance = random.Random(1)
    files = [os.open(path, os.O_WRONLY | os.O_APPEND) for path in paths]
    written: list[float] = []
    began = due = time.monotonic()
    number = 0
    while time.monotonic() - began < float(seconds):
        line = output(number // 2) if number % 2 else call(number // 2)
        for file in files:
            os.write(file, line)
            if file == files[0] and not number % 2:
                written.append(time.monotonic())
        number += 1
        due += float(pause) * chance.uniform(0.6, 1.4)  # or it might always meet the same moment of a cycle
        time.sleep(max(0.0, due - time.monotonic()))
    return {"written": written, "lines": number * len(files)}


# -- how soon it is seen ----------------------------------------------------


class Eyes:
    """Notes when each call was first in the rows of the model, and on the screen."""

    def __init__(self) -> None:
        self.modelled: list[float] = []
        self.shown: list[float] = []
        update = RowBook.update

        def heard(book: RowBook, turns: list[Turn]) -> Growth:
            growth = update(book, turns)
            _note(self.modelled, _newest(turns))
            return growth

        setattr(RowBook, "update", heard)  # noqa: B010

    def watch(self, running: Driven) -> None:
        timeline = running.app.main.timeline

        def look() -> None:
            for strip in timeline._on_screen.values():
                if found := _MARK.search(strip.text):
                    _note(self.shown, int(found[1]))

        running.driver.on_write = look


def _newest(turns: list[Turn]) -> int:
    for item in reversed(turns[-1].items if turns else []):
        if isinstance(item, Call) and (found := _MARK.search(item.summary)):
            return int(found[1])
    return -1


def _note(times: list[float], number: int) -> None:
    times.extend([time.monotonic()] * (number + 1 - len(times)))


async def latency(selector: Watched, home: str, seconds: str, pause: str, *paths: str) -> Told:
    """The first file is open and its end is followed."""
    eyes = Eyes()
    start = Start(roots=(home,), target=read_target(paths[0]))
    async with driven(start, _SIZE, selector) as running:
        await _ready(running)
        running.driver.press("F")
        await running.settled(frames=20)
        eyes.watch(running)
        cpu, busy = time.process_time(), time.monotonic() - selector.waited
        selector.longest = 0.0
        writer = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.living", "write", seconds, pause, *paths),
            stdout=subprocess.PIPE,
        )
        out, _ = await writer.communicate()
        told = json.loads(out)
        took = float(seconds)
        figures = {
            "cpu": (time.process_time() - cpu) / took,
            "loop": (time.monotonic() - selector.waited - busy) / took,
            "longest": 1000 * selector.longest,
        }
        calls = len(told["written"])
        await _until(lambda: len(eyes.shown) >= calls)
    return figures | {
        "lines": told["lines"],
        "model": _after(told["written"], eyes.modelled),
        "screen": _after(told["written"], eyes.shown),
    }


async def _ready(running: Driven) -> None:
    main = running.app.main
    await running.until(lambda: main.opened is not None and main.opened.is_whole and bool(main.forest.roots))
    await _until(lambda: running.app._watch is not None and running.app._watch.way.startswith("watching"))
    await running.settled(frames=20)


async def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("it never came so far")
        await asyncio.sleep(0.01)


def _after(written: list[float], heard: list[float]) -> list[float]:
    """The median, what 95 of 100 stay below, and the most, in milliseconds."""
    took = sorted(1000 * (at - before) for before, at in zip(written, heard, strict=False))
    return [took[len(took) // 2], took[int(0.95 * (len(took) - 1))], took[-1]]


# -- what a line costs ------------------------------------------------------


def follower(path: str, times: str) -> Told:
    """One line after the other, each read as soon as it is there; with all that follows up to the rows."""
    reading = Follower([file_source(Path(path))])
    for _ in reading.read():
        pass
    book = RowBook()
    book.update(reading.session().turns)
    gc.collect()
    fold: list[float] = []
    rows: list[float] = []
    asked: list[float] = []
    with open(path, "ab", buffering=0) as file:
        for line in _lines(int(times)):
            began = time.thread_time()
            assert reading.news() is News.NOTHING
            asked.append(time.thread_time() - began)
            file.write(line)
            began = time.thread_time()
            assert reading.news() is News.GROWN
            for _ in reading.read_on():
                pass
            session = reading.session()
            folded = time.thread_time()
            book.update(session.turns)
            fold.append(folded - began)
            rows.append(time.thread_time() - folded)
    return {"news": _three(asked), "fold": _three(fold), "rows": _three(rows), "items": _items(session.turns)}


async def app(selector: Watched, home: str, path: str, times: str, pause: str) -> Told:
    """Its whole process, the end followed; beside what it takes for as long when nothing is written."""
    async with driven(Start(roots=(home,), target=read_target(path)), _SIZE, selector) as running:
        await _ready(running)
        running.driver.press("F")
        await running.settled(frames=20)
        seconds = int(times) * float(pause)
        before = time.process_time()
        await asyncio.sleep(seconds)
        idle = time.process_time() - before
        before, busy = time.process_time(), time.monotonic() - selector.waited
        selector.longest = 0.0
        with open(path, "ab", buffering=0) as file:
            for line in _lines(int(times)):
                file.write(line)
                await asyncio.sleep(float(pause))
        cpu = time.process_time() - before
        loop = time.monotonic() - selector.waited - busy
        return {
            "idle": 1000 * idle / int(times),
            "cpu": 1000 * cpu / int(times),
            "loop": 1000 * loop / int(times),
            "longest": 1000 * selector.longest,
            "rows": running.app.main.timeline.count(),
        }


def _lines(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield output(number // 2) if number % 2 else call(number // 2)


def _items(turns: list[Turn]) -> int:
    return sum(len(turn.items) for turn in turns)


def _three(seconds: list[float]) -> list[float]:
    told = sorted(1000 * one for one in seconds)
    return [told[len(told) // 2], told[int(0.95 * (len(told) - 1))], told[-1]]


# -- a whole day ------------------------------------------------------------


class OneTimeline(App[None]):
    def compose(self) -> ComposeResult:
        yield Timeline()


async def day(selector: Watched, path: str, kind: str) -> Told:
    """As many lines as a day has seconds, in fast motion; kept are the rows, and nothing else that grows."""
    del selector
    app = OneTimeline()
    app.driver_class = Silent
    reading = Follower([file_source(Path(path))])
    for _ in reading.read():
        pass
    book, warm, began = RowBook(), 0.0, time.monotonic()
    async with app.run_test(size=_SIZE) as pilot:
        timeline = app.query_one(Timeline)
        book.update(reading.session().turns)
        timeline.show(book.rows, NOBODY, [])
        timeline.action_follow()
        with open(path, "ab", buffering=0) as file:
            for number, line in enumerate(_day_of(kind), 1):
                file.write(line)
                assert reading.news() is News.GROWN
                for _ in reading.read_on():
                    pass
                session = reading.session()
                book.update(session.turns)
                if number % _TOLD_EVERY == 0:
                    timeline.go_on(Growth(0, book.rows), book.rows, NOBODY, [])
                    await pilot.pause(0)
                if number == _WARM:
                    warm, items = _settled_rss(), _items(session.turns)
        return {
            "warm": warm,
            "end": _settled_rss(),
            "items": _items(session.turns) - items,
            "seconds": time.monotonic() - began,
        }


def _day_of(kind: str) -> Iterator[bytes]:
    """Of work, every minute a turn; of counts alone, nothing that a timeline shows."""
    for number in range(_DAY):
        if kind == "counts":
            yield _line("event_msg", {"type": "token_count", "info": None, "rate_limits": None})
        elif number % _A_TURN == _A_TURN - 1:
            turn = number // _A_TURN + 1
            yield end(turn) + begin(turn + 1)
        else:
            yield output(number // 2) if number % 2 else call(number // 2)


def loaded(path: str) -> Told:
    """The same file read whole, at the end of its day: what its rows take in any case."""
    before = _settled_rss()
    reading = Follower([file_source(Path(path))])
    for _ in reading.read():
        pass
    book = RowBook()
    book.update(reading.session().turns)
    return {"mb": _settled_rss() - before, "rows": len(book.rows)}


def _settled_rss() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


PARTS: dict[str, Callable[..., Told]] = {"write": write, "follower": follower, "loaded": loaded}
DRIVEN: dict[str, Callable[..., Coroutine[Any, Any, Told]]] = {"latency": latency, "app": app, "day": day}


def main(name: str, *arguments: str) -> None:
    if name in PARTS:
        told = PARTS[name](*arguments)
    else:
        selector = Watched()
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
            told = runner.run(DRIVEN[name](selector, *arguments))
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
