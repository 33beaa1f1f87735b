"""A chain of seventy workers: how soon one sees it on its time axis, and all its agents in one timeline."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import median_ratio, row, run, title
from benchmarks.terminal import Terminal, environment, program
from tests.big_tree import WORKERS, write_big_tree
from tests.library import id_of

_SIZES = ((80, 24), (200, 50))
_ESCAPE = b"\x1b"
_ESCAPES_ARE_READ_AFTER = 0.3


def chains(folder: Path, rounds: int) -> None:
    home = folder / f"tree-{WORKERS}"
    if not home.exists():
        write_big_tree(home)
    cache = folder / "cache-chains"
    run(program("ls", "--root", home), **environment(cache))
    for size in _SIZES:
        with Terminal(program("--root", home, id_of(1)), size, environment(cache)) as terminal:
            terminal.until_quiet()
            _tell(terminal, size, max(rounds, 10))


def _tell(terminal: Terminal, size: tuple[int, int], rounds: int) -> None:
    views, pages = [], []
    for _ in range(rounds):
        pages.append(_opened(terminal, b"?", lambda text: "Keys" in text))
        views.append(_opened(terminal, b"c", lambda text: f"Chain of {WORKERS + 1}" in text))
    terminal.text = ""
    terminal.type(b"C")
    began = time.perf_counter()
    stream = _seen(terminal, lambda text: f"{WORKERS + 1} turns" in text, began)
    title(f"a chain of {WORKERS} workers at {size[0]}×{size[1]}, from the key to the screen")
    row("page of keys", f"median {_median(pages):.0f} ms", f"worst of {rounds}: {1000 * max(pages):.0f} ms")
    row(
        "chain view",
        f"median {_median(views):.0f} ms",
        f"worst of {rounds}: {1000 * max(views):.0f} ms",
        "(at most 300 ms)",
    )
    row("view / page", f"{median_ratio(views, pages):.2f} ×")
    row("all agents", f"{1000 * stream:.0f} ms", "to read all of them")


def _opened(terminal: Terminal, key: bytes, seen: Callable[[str], bool]) -> float:
    """Seconds until it is seen; then it is closed again."""
    terminal.text = ""
    began = time.perf_counter()
    terminal.type(key)
    took = _seen(terminal, seen, began)
    terminal.type(_ESCAPE)
    terminal.during(_ESCAPES_ARE_READ_AFTER)
    return took


def _seen(terminal: Terminal, seen: Callable[[str], bool], began: float) -> float:
    terminal.until(seen, at_most=10_000)
    return time.perf_counter() - began


def _median(seconds: list[float]) -> float:
    return 1000 * statistics.median(seconds)
