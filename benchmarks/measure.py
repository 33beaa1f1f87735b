"""Runs commands and takes what the operating system says they cost."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Cost:
    """One finished run, in seconds: of the work where the command tells it, else of the whole process."""

    cpu: float
    wall: float
    told: dict[str, Any] = field(default_factory=dict)


def run(command: list[str], **environment: str) -> Cost:
    # Nobody runs a program whose modules are compiled at every start.
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began, before = time.perf_counter(), os.times()
    # What a part tells is one short line; `cat` tells everything, which nobody should keep.
    out = subprocess.PIPE if command[0] == sys.executable else subprocess.DEVNULL
    done = subprocess.run(command, check=True, stdout=out, env=around | environment)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    lines = (done.stdout or b"").splitlines()
    told = json.loads(lines[-1]) if lines and lines[-1].startswith(b"{") else {}
    return Cost(told.get("cpu", cpu), told.get("wall", wall), told)


def part(name: str, target: object) -> Cost:
    return run([sys.executable, "-m", "benchmarks.parts", name, str(target)])


def rounds(commands: dict[str, list[str]], times: int) -> dict[str, list[Cost]]:
    """All commands in turn, so that a machine that changes its pace changes it for all of them."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            costs[name].append(run(command))
    return costs


def median_ratio(ones: list[float], others: list[float]) -> float:
    """Of runs made side by side: the median of their ratios."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def title(words: str) -> None:
    print(f"\n{words}")


def row(name: str, *figures: str) -> None:
    print(f"  {name:<16}" + "".join(f"{figure:<24}  " for figure in figures).rstrip(), flush=True)
