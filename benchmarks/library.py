"""The library: a cold catalog against the orjson floor, warm lists, grown files, and how all of it grows."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import corpus
from benchmarks.measure import Cost, median_ratio, part, row, run, title

_GROWN = 20
_KB_A_SESSION = 25


def cold_and_warm(folder: Path, sessions: int, megabytes: int, times: int) -> None:
    home = corpus.home(folder, sessions, megabytes)
    size = sum(path.stat().st_size for path in corpus.session_files(home))
    cache = folder / "cache"
    floors: list[Cost] = []
    colds: list[Cost] = []
    for _ in range(times):
        floors.append(part("floor", home))
        colds.append(_cold(home, cache))
    title(f"library of {sessions:,} sessions, {size / 1e6:,.0f} MB (median of {times})")
    row("orjson floor", f"cpu {_cpu(floors):.2f} s", f"wall {_wall(floors):.2f} s")
    row("cold ls", f"cpu {_cpu(colds):.2f} s", f"wall {_wall(colds):.2f} s")
    costs, floor = [cost.cpu for cost in colds], [cost.cpu for cost in floors]
    best = min(one / other for one, other in zip(costs, floor, strict=True))
    row("cold / floor", f"cpu {median_ratio(costs, floor):.2f} ×", f"(at most 3.0, best {best:.2f})")
    _warm(home, cache, max(times, 10))
    _grown(home, cache, times)
    stored = _stored(cache)
    row("catalog", f"{stored / 1e6:.1f} MB", f"{stored / size:.1%} of the sessions", "(at most 12 %)")


def growth(folder: Path, times: int) -> None:
    """Sessions of one size, ten times as many each time."""
    title(f"how it grows, sessions of {_KB_A_SESSION} kB")
    for sessions in (200, 2_000, 20_000):
        home = corpus.home(folder, sessions, max(1, sessions * _KB_A_SESSION // 1000))
        cache = folder / "cache"
        cold = _cold(home, cache)
        bare, warm = _bare(times), [_ls(home, cache) for _ in range(times)]
        row(
            f"{sessions:,}",
            f"cold cpu {cold.cpu:.2f} s, wall {cold.wall:.2f} s",
            f"warm +{1000 * (_cpu(warm) - _cpu(bare)):,.0f} ms",
            f"catalog {_stored(cache) / 1e6:.1f} MB",
        )


def _warm(home: Path, cache: Path, times: int) -> None:
    bare: list[Cost] = []
    warm: list[Cost] = []
    for _ in range(times):
        bare += _bare(1)
        warm.append(_ls(home, cache))
    more = [1000 * (one.wall - other.wall) for one, other in zip(warm, bare, strict=True)]
    row(
        "warm ls",
        f"+{statistics.median(more):.0f} ms over bare Python",
        f"best +{min(more):.0f} ms",
        "(at most 150 ms)",
    )


def _grown(home: Path, cache: Path, times: int) -> None:
    told: list[float] = []
    for _ in range(times):
        with _appended(corpus.session_files(home)[-_GROWN * 7 :: 7]):
            told.append(1000 * (_ls(home, cache).wall - _wall(_bare(3))))
        _ls(home, cache)
    row(f"{_GROWN} grown files", f"+{statistics.median(told):.0f} ms over bare Python", "(at most 300 ms)")


@contextmanager
def _appended(files: list[Path]) -> Iterator[None]:
    """Each file with its last lines once more, and as it was afterwards."""
    before = {path: path.stat() for path in files}
    try:
        for path in files:
            last = path.read_bytes().splitlines(keepends=True)[-4:]
            with path.open("ab") as file:
                file.writelines(last)
        yield
    finally:
        for path, status in before.items():
            os.truncate(path, status.st_size)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _cold(home: Path, cache: Path) -> Cost:
    shutil.rmtree(cache, ignore_errors=True)
    return _ls(home, cache)


def _ls(home: Path, cache: Path) -> Cost:
    return run(
        [sys.executable, "-m", "trace_tui", "ls", "--root", str(home)], CODEX_TRACE_TUI_CACHE=str(cache)
    )


def _bare(times: int) -> list[Cost]:
    return [run([sys.executable, "-c", "pass"]) for _ in range(times)]


def _stored(cache: Path) -> int:
    return sum(file.stat().st_size for file in cache.iterdir())


def _cpu(costs: list[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def _wall(costs: list[Cost]) -> float:
    return statistics.median(cost.wall for cost in costs)
