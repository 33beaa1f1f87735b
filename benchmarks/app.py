"""The app: how soon it shows rows, how a big session opens, what keys take, memory, bytes to the terminal."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import corpus
from benchmarks.measure import median_ratio, row, run, title
from benchmarks.terminal import DOWN, END, HOME, PAGE_DOWN, Terminal, environment, program, shows_rows

_SMALL, _LARGE = (120, 40), (200, 50)
_BIG_MB = 540
"""Makes a session of some 100,000 steps."""
_MANY = 20_000
_KB_A_SESSION = 25
_LATEST = 2.0
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self): yield Static("hello")
Bare().run()
"""
_WORD = "hello"


class Shown(NamedTuple):
    """Seconds until something was on the screen, and of CPU until then."""

    wall: float
    cpu: float


def app(folder: Path, sessions: int, megabytes: int, rounds: int) -> None:
    cache = folder / "cache-app"
    _start(corpus.home(folder, sessions, megabytes), cache, max(rounds, 10))
    big = corpus.one_session(folder, _BIG_MB)
    small = _small_session(folder)
    _open(big, small, cache, rounds)
    _keys_in_timeline(big, cache)
    many = corpus.home(folder, _MANY, _MANY * _KB_A_SESSION // 1000)
    _keys_in_list(many, small, cache)
    _memory_and_bytes(big, cache)


# -- start ------------------------------------------------------------------


def _start(home: Path, cache: Path, rounds: int) -> None:
    _index(cache, home)
    sessions = len(corpus.session_files(home))
    for size in (_SMALL, _LARGE):
        bare: list[Shown] = []
        warm: list[Shown] = []
        cold: list[Shown] = []
        for _ in range(rounds + 1):
            bare.append(_shown([sys.executable, "-c", _BARE], lambda text: _WORD in text, size, cache))
            warm.append(_shown(program("--root", home), shows_rows, size, cache))
            cold.append(_shown_cold(home, size, cache))
        title(f"start until the first of {sessions:,} sessions can be read, {size[0]}×{size[1]}")
        _tell_start(bare[1:], warm[1:], cold[1:])  # the first ones may have compiled modules


def _tell_start(bare: list[Shown], warm: list[Shown], cold: list[Shown]) -> None:
    for name, costs in (("bare Textual", bare), ("app", warm), ("without catalog", cold)):
        row(
            name,
            f"median {1000 * statistics.median(cost.wall for cost in costs):.0f} ms",
            f"best {1000 * min(cost.wall for cost in costs):.0f} ms",
            f"cpu {1000 * statistics.median(cost.cpu for cost in costs):.0f} ms",
        )
    ones, others = [cost.wall for cost in warm], [cost.wall for cost in bare]
    best = min(ones) / min(others)
    row("app / bare", f"{median_ratio(ones, others):.2f} ×", f"(at most 1.35, best of each {best:.2f})")
    more = [1000 * (one.wall - other.wall) for one, other in zip(cold, warm, strict=True)]
    row("no catalog", f"{statistics.median(more):+.0f} ms", f"(at most +500 ms, worst {max(more):+.0f})")


def _shown_cold(home: Path, size: tuple[int, int], cache: Path) -> Shown:
    """Nothing is known of any session: the newest are read first."""
    nothing = cache.with_name("cache-cold")
    shutil.rmtree(nothing, ignore_errors=True)
    return _shown(program("--root", home), shows_rows, size, nothing)


def _shown(command: list[str], seen: Callable[[str], bool], size: tuple[int, int], cache: Path) -> Shown:
    with Terminal(command, size, environment(cache)) as terminal:
        return Shown(terminal.until(seen), terminal.cpu())


# -- a big session ----------------------------------------------------------


def _open(big: Path, small: Path, cache: Path, rounds: int) -> None:
    _index(cache, big, small)
    told = _inside("opening", _LARGE, cache, big, small, rounds)
    title(f"a session of {told['items']:,} steps, {big.stat().st_size / 1e6:,.0f} MB, is opened")
    firsts, loads, wholes = told["first"], told["load"], told["whole"]
    row(
        "first rows",
        f"median {statistics.median(firsts):.0f} ms",
        f"worst of {len(firsts)}: {max(firsts):.0f} ms",
        "(at most 300 ms)",
    )
    row("load alone", f"median {statistics.median(loads):,.0f} ms", f"best {min(loads):,.0f} ms")
    row("all rows", f"median {statistics.median(wholes):,.0f} ms", f"best {min(wholes):,.0f} ms")
    row(
        "all rows / load",
        f"{median_ratio(wholes, loads):.2f} ×",
        f"(at most 1.2, best of each {min(wholes) / min(loads):.2f})",
    )
    stalls = told["stall"]
    row("loop held up", f"median {statistics.median(stalls):,.0f} ms", f"at most {max(stalls):,.0f} ms")


def _keys_in_timeline(big: Path, cache: Path) -> None:
    for size in (_LARGE, _SMALL):
        told = _inside("timeline", size, cache, big)
        title(f"keys in a timeline of {told['rows']:,} rows at {size[0]}×{size[1]}, CPU a key")
        _tell_keys(told["keys"])


def _keys_in_list(home: Path, small: Path, cache: Path) -> None:
    _index(cache, home)
    for size in (_LARGE, _SMALL):
        told = _inside("list", size, cache, home, small)
        title(f"keys in a list of {told['sessions']:,} sessions at {size[0]}×{size[1]}, CPU a key")
        _tell_keys(told["keys"])
        row("their arrival", f"holds up the loop for {told['arrival']:.0f} ms")


def _tell_keys(keys: dict[str, dict[str, list[float]]]) -> None:
    for name, told in keys.items():
        median, most_of_them, most = told["cpu"]
        row(
            name,
            f"p50 {median:5.1f}  p95 {most_of_them:5.1f} ms",
            f"max {most:5.1f} ms",
            f"loop p95 {told['loop'][1]:5.1f} ms",
            "" if "rest" in name else "(p95 at most 16 ms)",
        )


# -- memory and bytes -------------------------------------------------------


def _memory_and_bytes(big: Path, cache: Path) -> None:
    with Terminal(program(big), _LARGE, environment(cache)) as terminal:
        terminal.until_quiet()
        opened = _megabytes(terminal)
        bytes_a_key = _bytes_a_key(terminal)
        terminal.until_quiet()
        walked = _megabytes(terminal)
    title(f"memory of the whole process with {big.stat().st_size / 1e6:,.0f} MB open")
    row("opened", f"{opened[0]:.0f} MB", f"at most {opened[1]:.0f} MB", "(at most 150 MB)")
    row("after all keys", f"{walked[0]:.0f} MB", f"at most {walked[1]:.0f} MB")
    title(f"bytes to a terminal of {_LARGE[0]}×{_LARGE[1]}, the detail following")
    for name, counts in bytes_a_key.items():
        counts.sort()
        row(
            name,
            f"median {statistics.median(counts):,.0f}",
            f"p95 {counts[int(0.95 * (len(counts) - 1))]:,}",
            f"max {counts[-1]:,}",
            "(at most 4,000)" if name.startswith("down") else "",
        )


def _megabytes(terminal: Terminal) -> tuple[float, float]:
    return terminal.megabytes("VmRSS"), terminal.megabytes("VmHWM")


def _bytes_a_key(terminal: Terminal) -> dict[str, list[int]]:
    terminal.type(HOME)
    terminal.until_quiet()
    told = {"down": [_typed(terminal, DOWN, 0.15) for _ in range(200)]}
    told["down, held"] = [_held(terminal, DOWN, 30) for _ in range(10)]
    told["page down"] = [_typed(terminal, PAGE_DOWN, 0.2) for _ in range(50)]
    told["next failure"] = [_typed(terminal, b"e", 0.8) for _ in range(20)]
    terminal.type(END)
    return told


def _typed(terminal: Terminal, key: bytes, seconds: float) -> int:
    """What is written in that time; an app that is late is waited for."""
    terminal.type(key)
    written = terminal.during(seconds)
    return written or terminal.during(_LATEST) + terminal.during(seconds)


def _held(terminal: Terminal, key: bytes, times: int) -> int:
    """A key as terminals repeat it, thirty times a second; bytes of one of them."""
    written = 0
    for _ in range(times):
        terminal.type(key)
        written += terminal.during(1 / 30)
    return (written + terminal.during(0.15)) // times


# -- around -----------------------------------------------------------------


def _small_session(folder: Path) -> Path:
    """Of middling size among small ones."""
    files = sorted(corpus.session_files(corpus.home(folder, 200, 5)), key=lambda path: path.stat().st_size)
    return next(path for path in files[len(files) // 2 :] if "sessions" in path.parts)


def _index(cache: Path, *targets: Path) -> None:
    """The catalog knows their homes."""
    places: list[str] = []
    for target in targets:
        within = next((folder for folder in target.parents if folder.name == "sessions"), None)
        places += ["--root", str(target if within is None else within.parent)]
    run(program("ls", *places), **environment(cache))


def _inside(part: str, size: tuple[int, int], cache: Path, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.driving", part, f"{size[0]}x{size[1]}"]
    return run([*command, *map(str, arguments)], **environment(cache)).told
