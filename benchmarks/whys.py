"""Why calls failed: a session with many failures explained, beside the same session only read and told."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.measure import median_ratio, rounds, row, title
from benchmarks.terminal import program
from tests.stories import Story

_CALLS = 20_000
_EVERY = 20
"""One of so many calls fails: the same command each time, or one that never comes again."""


def whys(folder: Path, times: int) -> None:
    for name, command in (
        ("one command again and again", "make test"),
        ("another command each", "make part-{}"),
    ):
        session = _session(folder / f"whys-{len(command)}", command)
        costs = rounds(
            {
                "told": program("show", session, "--json"),
                "explained": program("show", session, "--failed", "--json"),
            },
            times,
        )
        title(f"{_CALLS // _EVERY:,} failures of {_CALLS:,} calls, {name}")
        told, explained = ([cost.wall for cost in costs[one]] for one in ("told", "explained"))
        row("all told", f"median {statistics.median(told):.2f} s")
        row("failures, why", f"median {statistics.median(explained):.2f} s")
        row("why / told", f"{median_ratio(explained, told):.2f} ×")


def _session(folder: Path, command: str) -> Path:
    path = folder / "session.jsonl"
    if path.exists():
        return path
    story = Story().begin()
    for number in range(_CALLS):
        if number % _EVERY:
            story.runs(f"sed -n {number}p src/file_{number % 300}.py")
        else:
            story.runs(command.format(number), code=1)
    return story.end().save(folder, path.name)
