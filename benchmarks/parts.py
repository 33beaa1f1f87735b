"""The measured pieces. Each runs in a process of its own and prints its figures as one JSON object.

CPU and wall are those of the work: starting Python and importing are measured as start-up.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson

from benchmarks.corpus import session_files
from trace_tui.loader import Loader
from trace_tui.reading import SessionReader
from trace_tui.sources import file_source


def floor(home: str) -> dict[str, float]:
    """`orjson.loads` over every line and nothing else."""
    lines = 0
    for path in session_files(Path(home)):
        with path.open("rb") as file:
            for line in file:
                lines += 1
                try:
                    orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue  # broken lines are part of the corpus
    return {"lines": lines}


def load(home: str) -> dict[str, float]:
    """Every session read whole into the model, one after another."""
    sessions = calls = 0
    for path in session_files(Path(home)):
        session = SessionReader([file_source(path)]).run()
        sessions += 1
        calls += sum(len(turn.calls()) for turn in session.turns)
    return {"sessions": sessions, "calls": calls}


def header(path: str) -> dict[str, float]:
    """From nothing but the imports to the first header, the best and the worst of twenty times."""

    async def once() -> float:
        began = time.perf_counter()
        session = await Loader([file_source(Path(path))]).header()
        assert session.id
        return 1000 * (time.perf_counter() - began)

    taken = [asyncio.run(once()) for _ in range(20)]
    return {"best_ms": min(taken), "worst_ms": max(taken)}


def memory(path: str) -> dict[str, float]:
    """How much the process grows while it reads one session and holds its model."""
    before = _resident()
    session = SessionReader([file_source(Path(path))]).run()
    items = sum(len(turn.items) for turn in session.turns)
    return {"items": items, "held_mb": _resident() - before, "peak_mb": _peak() - before}


def stall(path: str) -> dict[str, float]:
    """The longest time for which the event loop did not come round while a session was loaded."""

    async def load() -> None:
        await Loader([file_source(Path(path))]).load()

    return asyncio.run(_gaps_during(load))


def idle(_: str) -> dict[str, float]:
    """The same of a loop with nothing else to do, for as long as a load may take."""

    async def wait() -> None:
        await asyncio.sleep(10)

    return asyncio.run(_gaps_during(wait))


async def _gaps_during(work: Callable[[], Awaitable[None]]) -> dict[str, float]:
    gaps: list[float] = []

    async def watch() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            gaps.append(1000 * (now - last) - 1)
            last = now

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.2)
    gaps.clear()
    await work()
    watcher.cancel()
    gaps.sort()
    return {"ticks": len(gaps), "p99_ms": gaps[int(len(gaps) * 0.99)], "longest_ms": gaps[-1]}


def _resident() -> float:
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _status(key: str) -> float:
    """Megabytes; where the system has no /proc, the most there ever were."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(key))


PARTS: dict[str, Callable[[str], dict[str, float]]] = {
    "floor": floor,
    "load": load,
    "header": header,
    "memory": memory,
    "stall": stall,
    "idle": idle,
}

if __name__ == "__main__":
    # As the command line does it; for the floor it makes no difference but for fairness.
    gc.disable()
    cpu, wall = time.process_time(), time.perf_counter()
    told = PARTS[sys.argv[1]](sys.argv[2])
    told |= {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps(told))
