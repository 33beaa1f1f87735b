"""The built-in demo, for the app and `show`: a home of sessions that have just been, one going on.

Real Codex binaries wrote its lines; the session that goes on is put together from several of their runs. Here
their times are moved, so that the home looks lived in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import monotonic

from trace_tui.file_names import read_name

Clock = Callable[[], datetime]
Wait = Callable[[float], bool]
"""Waits so many seconds; true when there is nothing to wait for any more."""

WRITER = "demo writer"
"""The name of the thread by which a session goes on."""

_ENDED_AGO = {
    "workers": timedelta(minutes=6),
    "failing-check": timedelta(hours=2, minutes=10),
    "rewound": timedelta(days=1),
    "patches": timedelta(days=1, hours=3, minutes=25),
    "interrupted": timedelta(days=3, minutes=50),
    "older": timedelta(days=9, hours=1),
}
"""The folders of finished sessions, one story in each."""

_BEGUN_LINES = 18
"""So much of the session that goes on is there from the start."""

_HALVED_ABOVE = 800
"""A longer line is written in two goes, as Codex's own big lines arrive."""
_BETWEEN_HALVES = 0.1

_MOMENT = re.compile(rb'(?<=")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?=Z")')
_NUMBER = re.compile(rb'("(?:(?:started|completed)_at(?:_ms)?|create_time)":)(\d{13}|\d{10})(?!\d)')
_DATE = re.compile(rb'(current_date(?:":"|>))\d{4}-\d\d-\d\d')
_NAMED_TIME = len("rollout-2026-11-20T12-48-55")


@contextmanager
def demo_session() -> Iterator[Path]:
    """The file of the session that `show --demo` prints; its worker's lies beside it."""
    with as_file(_data()) as folder:
        yield min(folder.glob("*.jsonl"))


@contextmanager
def demo_home(*, now: datetime | None = None, live: bool = True) -> Iterator[Path]:
    """A CODEX_HOME in a temporary folder, gone afterwards; with `live` one session in it is written on."""
    now = (now or datetime.now(UTC)).astimezone(UTC)
    clock = _clock_from(now)
    with TemporaryDirectory(prefix="codex-trace-tui-demo-") as folder, ExitStack() as stack:
        home = Path(folder)
        for story, ago in _ENDED_AGO.items():
            _put(home, _texts(_data() / "home" / story), now - ago)
        [(name, text)] = _texts(_data() / "live").items()
        lines = text.splitlines(keepends=True)
        path = _put(home, {name: b"".join(lines[:_BEGUN_LINES])}, now)
        if live:
            last = _moment(lines[_BEGUN_LINES - 1])
            stack.enter_context(_going_on(path, lines[_BEGUN_LINES:], last, clock))
        yield home


def live_pieces(lines: Iterable[bytes], last: datetime, wait: Wait, clock: Clock) -> Iterator[bytes]:
    """The lines as they are to be written, each after its time since the ``last`` one, until told to stop."""
    for line in lines:
        moment = _moment(line)
        if wait((moment - last).total_seconds()):
            return
        last = moment
        piece = _later(line, clock() - moment)
        if len(piece) > _HALVED_ABOVE:
            half = len(piece) // 2
            yield piece[:half]
            if wait(_BETWEEN_HALVES):
                return
            piece = piece[half:]
        yield piece


def _data() -> Traversable:
    return files("trace_tui") / "demo"


def _texts(story: Traversable) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in story.iterdir()}


# -- what is over -------------------------------------------------------


def _put(home: Path, texts: dict[str, bytes], ended: datetime) -> Path:
    """Writes files of one story, whose last line gets that time; the path of the last file by name."""
    by = ended - max(map(_last_moment, texts.values()))
    by -= timedelta(microseconds=by.microseconds)  # what has whole seconds stays true to what has not
    path = home
    for name, text in sorted(texts.items()):
        path = _place(home, name, by)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_later(text, by))
        written = (_last_moment(text) + by).timestamp()
        os.utime(path, (written, written))
    return path


def _place(home: Path, name: str, by: timedelta) -> Path:
    """Session files lie in the folder of their day, and both tell the time by the clock on the wall."""
    named = read_name(name)
    if named is None:
        return home / name
    started = (named.started + by).astimezone()
    folder = home / "sessions" / f"{started:%Y}" / f"{started:%m}" / f"{started:%d}"
    return folder / f"rollout-{started:%Y-%m-%dT%H-%M-%S}{name[_NAMED_TIME:]}"


# -- what goes on -------------------------------------------------------


@contextmanager
def _going_on(path: Path, lines: list[bytes], last: datetime, clock: Clock) -> Iterator[None]:
    stop = Event()
    pieces = live_pieces(lines, last, stop.wait, clock)
    thread = Thread(target=_append, args=(path, pieces), name=WRITER, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _append(path: Path, pieces: Iterable[bytes]) -> None:
    try:
        with path.open("ab", buffering=0) as file:
            for piece in pieces:
                file.write(piece)
    except OSError:
        return  # somebody cleared the temporary folder: nobody is left to read on


# -- times --------------------------------------------------------------


def _clock_from(now: datetime) -> Clock:
    """Goes on from there, whatever the time really is."""
    begun = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - begun)


def _later(lines: bytes, by: timedelta) -> bytes:
    """The same lines, written so much later."""
    milliseconds = by // timedelta(milliseconds=1)

    def number(match: re.Match[bytes]) -> bytes:
        unit = 1000 if len(match[2]) == 10 else 1
        return match[1] + b"%d" % ((int(match[2]) * unit + milliseconds) // unit)

    day = f"{_moment(lines) + by:%Y-%m-%d}".encode()
    lines = _DATE.sub(lambda match: match[1] + day, lines)
    lines = _NUMBER.sub(number, lines)
    return _MOMENT.sub(lambda match: _written(_read(match[0]) + by), lines)


def _moment(lines: bytes) -> datetime:
    """When the first of them was written."""
    match = _MOMENT.search(lines)
    assert match is not None
    return _read(match[0])


def _last_moment(lines: bytes) -> datetime:
    return _moment(lines.splitlines()[-1])


def _read(moment: bytes) -> datetime:
    return datetime.fromisoformat(moment.decode()).replace(tzinfo=UTC)


def _written(moment: datetime) -> bytes:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00").encode()
