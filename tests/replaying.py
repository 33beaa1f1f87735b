"""A real writer: several processes write sample sessions into a home anew, many times as fast as they were.

`python tests/replaying.py HOME` plays all of it and waits for a line of input at every pause; tests use
`Replay`. It is the same every time: which lines come in two pieces follows from the seed, and at a pause each
process has written all that is meant to be there by then.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

SAMPLES = Path(__file__).resolve().parent / "data" / "samples" / "sessions"
ZST = ".zst"
ARCHIVE = "archived_sessions"

_PACE = 10.0
_LONGEST_WAIT = 0.02
"""Seconds between two lines, however long it really took."""
_CUT = 0.2
"""Of so many lines one part comes a little later than the other."""
_BETWEEN_PIECES = 0.005
_PATIENCE = 20.0
_MOMENT = re.compile(rb'"timestamp":"([^"Z]+)Z"')
_END = "9999"


class Cue(NamedTuple):
    """Words in the file of another process without which a file does not begin."""

    file: str
    words: bytes


class Copy(NamedTuple):
    sample: str
    """What the name of the sample's file has in it."""
    target: str
    """Where in the home it comes to lie."""
    cue: Cue | None = None
    old: str = ""
    """What was written before this moment is there from the start."""


class Part(NamedTuple):
    """What one process writes: all lines of its files in the order of their times."""

    copies: tuple[Copy, ...]
    pauses: tuple[str, ...]
    """Up to which moment it writes until each of the pauses."""
    packed: str | None = None
    """The file that is compressed before the last but one pause, and archived before the last."""


_DAY = "sessions/2026/11/20/rollout-2026-11-20T"
ORCHESTRATOR = _DAY + "12-49-06-01a1f900-ded4-7e41-8243-fd0f44eae547.jsonl"
COUNTER = _DAY + "12-49-06-01a1f900-df23-7591-823f-185bccaefce7.jsonl"
TESTER = _DAY + "12-49-06-01a1f900-df3d-7710-9bfb-ef38a2579738.jsonl"
READER = _DAY + "12-49-06-01a1f900-e02c-7fd2-afad-a56b8d1381c7.jsonl"
SLEEPER = _DAY + "12-49-06-01a1f900-e134-7670-b81e-14e9afa0d42d.jsonl"
DOOMED = _DAY + "12-49-06-01a1f900-e157-7351-bfc6-850605c70e2a.jsonl"
REWOUND = _DAY + "12-49-31-01a1f901-4283-7493-a744-7d65934eec53.jsonl"
RESUMED = "sessions/2026/11/18/rollout-2026-11-18T12-49-40-01a1f901-6347-7620-a56f-99b0a7812343.jsonl"
AFTER_MIDNIGHT = (
    "sessions/2026/11/21/rollout-2026-11-21T00-00-02-"
    "01a1f901-4283-7493-a744-7d65934eec53_01a1f901-56e0-75f1-864e-9e09558649da.jsonl"
)
"""The person went back to an earlier prompt, and the session goes on in the folder of a new day."""
COMPRESSED = RESUMED + ZST
ARCHIVED = f"{ARCHIVE}/{Path(COMPRESSED).name}"


def _worker(target: str, name: str, parent: str = ORCHESTRATOR) -> Copy:
    """Begins when its parent's call that starts it has been written."""
    cue = Cue(parent, rb"\"task_name\": \"%s\"" % name.encode())
    return Copy(Path(target).name, target, cue)


PARTS = {
    "orchestrator": Part(
        (Copy("-ded4-", ORCHESTRATOR),),
        ("2026-11-20T12:49:06.336", "2026-11-20T12:49:06.867", _END, _END, _END),
    ),
    "workers": Part(
        (
            _worker(COUNTER, "counter"),
            _worker(TESTER, "tester"),
            _worker(READER, "reader", TESTER),
            _worker(SLEEPER, "sleeper"),
            _worker(DOOMED, "doomed"),
        ),
        ("2026-11-20T12:49:06.410", "2026-11-20T12:49:06.930", _END, _END, _END),
    ),
    "rewinder": Part(
        (Copy("T12-49-31-", REWOUND), Copy("T12-49-36-", AFTER_MIDNIGHT)),
        ("2026-11-20T12:49:34.408", "2026-11-20T12:49:35.540", "2026-11-20T12:49:38.909", _END, _END),
    ),
    "resumer": Part(
        (Copy("-6347-", RESUMED, old="2026-11-20T12:49:40.400"),),
        ("2026-11-20T12:49:40.573", "2026-11-20T12:49:40.850", _END, _END, _END),
        packed=RESUMED,
    ),
}
PAUSES = 5


class Replay:
    """All processes at once, from one pause to the next; nothing is written in between."""

    def __init__(self, home: Path, *, seed: int = 1, pace: float = _PACE) -> None:
        self.home = home
        self.pause = 0
        command = [sys.executable, str(Path(__file__).resolve()), str(home), "--seed", str(seed)]
        self._commands = {name: [*command, "--pace", str(pace), "--part", name] for name in PARTS}
        self._writers: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for name in PARTS:
            _put_old(self.home, name)
        for name, command in self._commands.items():
            writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._writers[name] = self._stack.enter_context(writer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.kill()
        self._stack.close()

    def __iter__(self) -> Iterator[int]:
        """Plays on; gives the number of each pause, when all of them have come to it."""
        while self.pause < PAUSES:
            yield self.go_on()

    def go_on(self) -> int:
        """Until everybody has written all that belongs before the next pause."""
        for writer in self._writers.values():
            assert writer.stdin is not None
            writer.stdin.write(b"go on\n")
            writer.stdin.flush()
        for name, writer in self._writers.items():
            assert writer.stdout is not None
            if not writer.stdout.readline():
                raise RuntimeError(f"{name} is gone")
        self.pause += 1
        return self.pause

    def path(self, target: str) -> Path:
        return self.home / target

    def pid(self, name: str) -> int:
        return self._writers[name].pid


class Writer:
    """One process of it."""

    def __init__(self, home: Path, name: str, *, seed: int, pace: float) -> None:
        self._home = home
        self._part = PARTS[name]
        self._pace = pace
        self._chance = random.Random(f"{seed} {name}")
        self._files: dict[Path, BinaryIO] = {}
        self._last: datetime | None = None
        self._owed: tuple[Path, bytes] | None = None
        """The second half of a line of which the first is written."""
        self._lines = sorted(_lines_of(self._part), key=lambda line: line[0])

    def play(self) -> Iterator[None]:
        """Stops at every pause."""
        for number, until in enumerate(self._part.pauses, 1):
            self._write_until(until)
            if self._part.packed is not None and number >= PAUSES - 1:
                self._put_away(self._home / self._part.packed, is_last=number == PAUSES)
            yield

    def _write_until(self, moment: str) -> None:
        self._pay()
        while self._lines and self._lines[0][0] <= moment:
            at, copy, line = self._lines.pop(0)
            self._wait_for(at)
            self._write(self._file_of(copy), line)
        if self._lines and self._lines[0][1].cue is None and self._chance.random() < 0.5:
            self._begin_next_line()

    def _wait_for(self, at: str) -> None:
        now = datetime.fromisoformat(at)
        if self._last is not None:
            time.sleep(min((now - self._last).total_seconds() / self._pace, _LONGEST_WAIT))
        self._last = now

    def _write(self, path: Path, line: bytes) -> None:
        file = self._files[path]
        if self._chance.random() < _CUT:
            half = self._chance.randrange(1, len(line))
            file.write(line[:half])
            time.sleep(_BETWEEN_PIECES)
            line = line[half:]
        file.write(line)

    def _begin_next_line(self) -> None:
        """A pause may come in the middle of one."""
        _, copy, line = self._lines[0]
        path = self._home / copy.target
        if path in self._files:
            self._lines.pop(0)
            self._files[path].write(line[: len(line) // 2])
            self._owed = path, line[len(line) // 2 :]

    def _pay(self) -> None:
        if self._owed is not None:
            path, rest = self._owed
            self._owed = None
            self._files[path].write(rest)

    def _file_of(self, copy: Copy) -> Path:
        path = self._home / copy.target
        if path not in self._files:
            if copy.cue is not None:
                _wait_until_told(self._home / copy.cue.file, copy.cue.words)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[path] = path.open("ab", buffering=0)
        return path

    def _put_away(self, path: Path, *, is_last: bool) -> None:
        if path in self._files:
            self._files.pop(path).close()
        packed = path.with_name(path.name + ZST)
        if is_last:
            archive = self._home / ARCHIVE
            archive.mkdir(exist_ok=True)
            packed.rename(archive / packed.name)
            return
        import zstandard

        half_done = path.with_name(path.name + ".tmp")
        half_done.write_bytes(zstandard.compress(path.read_bytes()))
        half_done.rename(packed)
        path.unlink()


def _lines_of(part: Part) -> Iterator[tuple[str, Copy, bytes]]:
    """Without what is there from the start."""
    for copy in part.copies:
        for moment, line in _timed(copy):
            if moment > copy.old:
                yield moment, copy, line


def _put_old(home: Path, name: str) -> None:
    """What was there before anybody began to look."""
    for copy in PARTS[name].copies:
        lines = [line for moment, line in _timed(copy) if moment <= copy.old]
        if lines:
            path = home / copy.target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(lines))


def _timed(copy: Copy) -> Iterator[tuple[str, bytes]]:
    """Each line with the moment at which it was written: copied history tells older ones."""
    [path] = SAMPLES.rglob(f"*{copy.sample.removesuffix('.jsonl')}*.jsonl")
    last = ""
    for line in path.read_bytes().splitlines(keepends=True):
        match = _MOMENT.search(line)
        assert match is not None
        last = max(last, match[1].decode())
        yield last, line


def _wait_until_told(path: Path, words: bytes) -> None:
    end = time.monotonic() + _PATIENCE
    while not path.exists() or words not in path.read_bytes():
        if time.monotonic() > end:
            raise RuntimeError(f"{path} never told {words!r}")
        time.sleep(0.002)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=_PACE, help="how many times as fast as it was")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part is not None:
        writer = Writer(arguments.home, arguments.part, seed=arguments.seed, pace=arguments.pace)
        playing = writer.play()
        for _ in sys.stdin:
            next(playing)
            print("written", flush=True)
        return
    with Replay(arguments.home, seed=arguments.seed, pace=arguments.pace) as replay:
        for pause in replay:
            print(f"pause {pause} of {PAUSES}: all is written; enter goes on", flush=True)
            sys.stdin.readline()


if __name__ == "__main__":
    main()
