"""Sessions that are being written: how soon a line is seen, what it and silence cost, a whole day."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import corpus, living
from benchmarks.measure import row, run, title
from benchmarks.terminal import Terminal, environment, program

_FOLDER = "sessions/2026/11/20"
_SECONDS = 20.0
_IDLE_PAUSE = 0.31
"""Seconds between two lines of a session at rest; no multiple of any of the app's own waits."""
_FILES, _LINES_A_SECOND = 5, 500
_BIG_MB = 540
_LENGTHS = (10_000, 1_000_000, 10_000_000, 100_000_000, 500_000_000)
_FEW, _MANY = "100", "400"
_WATCHED_FOR = 30.0
_LARGE = (200, 50)


def live(folder: Path, sessions: int, megabytes: int) -> None:
    source = corpus.home(folder, sessions, megabytes)
    with _copy(folder, source) as home, _cache(folder, home) as cache:
        _latency(home, cache)
        _silence(home, cache, sessions)
    big = corpus.one_session(folder, _BIG_MB)
    _append(folder, big)
    _day(folder)


# -- how soon, and for how much ---------------------------------------------


def _latency(home: Path, cache: Path) -> None:
    paths = _begun(home, _FILES)
    title("from the moment a line is in the file, among many other sessions")
    pause = _FILES / _LINES_A_SECOND
    for name, wait, files in (("now and then", _IDLE_PAUSE, paths[:1]), ("500 lines/s", pause, paths)):
        told = _inside("latency", cache, home, _SECONDS, wait, *files)
        row(name, _three("model", told["model"]), "(p95 at most 50 ms)")
        row("", _three("screen", told["screen"]), "(p95 at most 120 ms)")
        busy = f"cpu {100 * told['cpu']:.0f} %  loop {100 * told['loop']:.0f} %"
        row("", busy, f"longest {told['longest']:.0f} ms", f"{told['lines']:,} lines")


def _silence(home: Path, cache: Path, sessions: int) -> None:
    title(f"the app on {sessions:,} sessions while nothing is written, {_WATCHED_FOR:.0f} s")
    for path in (home / _FOLDER).glob("*-01a1f9ff-*.jsonl"):
        path.unlink()
    with Terminal(program("--root", home), _LARGE, environment(cache)) as terminal:
        terminal.until_quiet()
        _tell_silence("nobody at work", terminal)
        with _begun(home, 1)[0].open("ab"):
            terminal.during(4)  # until it is known
            _tell_silence("one at work", terminal)


def _tell_silence(name: str, terminal: Terminal) -> None:
    before = terminal.cpu()
    written = terminal.during(_WATCHED_FOR)
    share = 100 * (terminal.cpu() - before) / _WATCHED_FOR
    row(name, f"cpu {share:.2f} %", f"{written / _WATCHED_FOR:,.0f} bytes/s", "(below 1 %)")


def _append(folder: Path, big: Path) -> None:
    title("one appended line by the length of its file, CPU in ms")
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        for length in _LENGTHS:
            home, cache = Path(inside) / f"home-{length}", Path(inside) / f"cache-{length}"
            path = _beginning_of(big, length, home)
            told = _inside("follower", cache, path, _MANY)
            name = f"{length / 1e6:g} MB"
            row(
                name,
                _three("read on", told["fold"]),
                _three("rows", told["rows"]),
                f"{told['items']:,} items",
            )
            told = _inside("app", cache, home, path, _FEW, _IDLE_PAUSE)
            row(
                "  the app",
                f"cpu {told['cpu']:.1f}, idle {told['idle']:.1f}",
                f"loop {told['loop']:.1f}, longest {told['longest']:.1f}",
                f"{told['rows']:,} rows",
            )
            shutil.rmtree(home)


def _day(folder: Path) -> None:
    title("a day of lines, one a second, in fast motion: memory")
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        cache = Path(inside) / "cache"
        for kind in ("counts", "work"):
            [path] = _begun(Path(inside) / kind, 1)
            told = _inside("day", cache, path, kind)
            more, items = told["end"] - told["warm"], told["items"]
            each = f"{1e6 * more / items:,.0f} bytes for each of {items:,} items" if items else "(flat)"
            row(kind, f"{told['warm']:.0f} → {told['end']:.0f} MB", each, f"{told['seconds']:.0f} s")
            whole = _inside("loaded", cache, path)
            row("  read at once", f"+{whole['mb']:.0f} MB", f"{whole['rows']:,} rows")


# -- around -----------------------------------------------------------------


@contextmanager
def _copy(folder: Path, source: Path) -> Iterator[Path]:
    """What is written to is nobody else's."""
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        yield Path(shutil.copytree(source, Path(inside) / "codex"))


@contextmanager
def _cache(folder: Path, home: Path) -> Iterator[Path]:
    """A catalog that knows the home."""
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        run(program("ls", "--root", home), **environment(Path(inside)))
        yield Path(inside)


def _begun(home: Path, count: int) -> list[Path]:
    """Sessions of which only the beginning is there."""
    paths: list[Path] = []
    for number in range(count):
        thread = f"01a1f9ff-0000-7000-8000-{number:012x}"
        path = home / _FOLDER / f"rollout-2026-11-20T21-00-00-{thread}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(living.header(thread))
        paths.append(path)
    return paths


def _beginning_of(big: Path, length: int, home: Path) -> Path:
    """As many whole lines as so many bytes hold, but at least one."""
    path = home / _FOLDER / big.name
    path.parent.mkdir(parents=True)
    with big.open("rb") as whole, path.open("wb") as part:
        left = length
        while left > 0 and (line := whole.readline()):
            part.write(line)
            left -= len(line)
        part.write(living.begin(1))
    return path


def _three(name: str, values: list[float]) -> str:
    return f"{name} {values[0]:.2f} p95 {values[1]:.2f}"


def _inside(part: str, cache: Path, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.living", part, *map(str, arguments)]
    return run(command, **environment(cache)).told
