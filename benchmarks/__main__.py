"""`python -m benchmarks`: start-up, loads beside floors, memory, stalls, library, app, chains, whys, live."""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import corpus
from benchmarks.app import app
from benchmarks.chains import chains
from benchmarks.library import cold_and_warm, growth
from benchmarks.live import live
from benchmarks.measure import Cost, median_ratio, part, rounds, row, title
from benchmarks.whys import whys


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", help=f"some of: {', '.join(_ALL)} (default: all)")
    parser.add_argument(
        "--folder", type=Path, help="where generated files are kept (default: a temporary folder)"
    )
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--mb", type=int, default=500, help="size of the generated home")
    parser.add_argument("--big-mb", type=int, default=1000, help="size of the one big session")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.gettempdir()) / "codex-trace-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.what or _ALL:
        _ALL[name](arguments, folder)
    return 0


def start_up(arguments: argparse.Namespace, _: Path) -> None:
    costs = rounds(
        {
            "python -c pass": [sys.executable, "-c", "pass"],
            "--version": [sys.executable, "-m", "trace_tui", "--version"],
            "show --demo": [sys.executable, "-m", "trace_tui", "show", "--demo"],
        },
        max(arguments.rounds, 10),
    )
    bare = _cpu(costs["python -c pass"])
    title("start-up, CPU beside a bare interpreter")
    for name, measured in costs.items():
        row(name, f"{1000 * _cpu(measured):6.0f} ms", f"+{1000 * (_cpu(measured) - bare):.0f} ms")


def whole_load(arguments: argparse.Namespace, folder: Path) -> None:
    home = corpus.home(folder, arguments.sessions, arguments.mb)
    files = corpus.session_files(home)
    size = sum(path.stat().st_size for path in files)
    commands = {
        "cat": [shutil.which("cat") or "cat", *map(str, files)],
        "orjson floor": [sys.executable, "-m", "benchmarks.parts", "floor", str(home)],
        "load": [sys.executable, "-m", "benchmarks.parts", "load", str(home)],
    }
    costs = rounds(commands, arguments.rounds)
    title(f"whole load of {len(files):,} sessions, {size / 1e6:,.0f} MB (median of {arguments.rounds})")
    for name, measured in costs.items():
        wall = statistics.median(cost.wall for cost in measured)
        row(name, f"cpu {_cpu(measured):6.2f} s", f"wall {wall:6.2f} s", f"{size / 1e6 / wall:,.0f} MB/s")
    load, floor = ([cost.cpu for cost in costs[name]] for name in ("load", "orjson floor"))
    row(
        "load / floor",
        f"cpu {median_ratio(load, floor):5.2f} ×",
        f"(at most 2.0, best {_best(load, floor):.2f})",
    )


def first_header(arguments: argparse.Namespace, folder: Path) -> None:
    big = corpus.one_session(folder, arguments.big_mb)
    told = part("header", big).told
    title(f"first header of a session of {big.stat().st_size / 1e6:,.0f} MB")
    row(
        "header",
        f"best {told['best_ms']:.1f} ms",
        f"worst of 20: {told['worst_ms']:.1f} ms",
        "(at most 20 ms)",
    )


def one_big_session(arguments: argparse.Namespace, folder: Path) -> None:
    big = corpus.one_session(folder, arguments.big_mb)
    cost = part("memory", big)
    title(f"one session of {big.stat().st_size / 1e6:,.0f} MB")
    row(
        "memory",
        f"grows by {cost.told['peak_mb']:.0f} MB",
        f"for {cost.told['items']:,} items",
        "(at most 150 MB)",
    )
    row("time", f"cpu {cost.cpu:.2f} s", f"wall {cost.wall:.2f} s")


def event_loop(arguments: argparse.Namespace, folder: Path) -> None:
    big = corpus.one_session(folder, arguments.big_mb)
    measured = {name: [part(name, big).told for _ in range(arguments.rounds)] for name in ("idle", "stall")}
    title(f"longest stall of an event loop, {big.stat().st_size / 1e6:,.0f} MB loaded behind it or nothing")
    for label, name in (("nothing", "idle"), ("loading", "stall")):
        longest = [told["longest_ms"] for told in measured[name]]
        p99 = statistics.median(told["p99_ms"] for told in measured[name])
        row(
            label,
            f"median {statistics.median(longest):.1f} ms",
            f"worst of {len(longest)}: {max(longest):.1f} ms",
            f"p99 {p99:.1f} ms",
            "(at most 20 ms)" if name == "stall" else "",
        )


def library(arguments: argparse.Namespace, folder: Path) -> None:
    cold_and_warm(folder, arguments.sessions, arguments.mb, arguments.rounds)


def library_growth(arguments: argparse.Namespace, folder: Path) -> None:
    growth(folder, arguments.rounds)


def whole_app(arguments: argparse.Namespace, folder: Path) -> None:
    app(folder, arguments.sessions, arguments.mb, arguments.rounds)


def big_chain(arguments: argparse.Namespace, folder: Path) -> None:
    chains(folder, arguments.rounds)


def many_failures(arguments: argparse.Namespace, folder: Path) -> None:
    whys(folder, arguments.rounds)


def while_written(arguments: argparse.Namespace, folder: Path) -> None:
    live(folder, arguments.sessions, arguments.mb)


_ALL = {
    "start": start_up,
    "load": whole_load,
    "header": first_header,
    "memory": one_big_session,
    "stall": event_loop,
    "library": library,
    "growth": library_growth,
    "app": whole_app,
    "chains": big_chain,
    "whys": many_failures,
    "live": while_written,
}


def _cpu(costs: list[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def _best(ones: list[float], others: list[float]) -> float:
    return min(one / other for one, other in zip(ones, others, strict=True))


if __name__ == "__main__":
    sys.exit(main())
