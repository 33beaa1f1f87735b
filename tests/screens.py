"""What pictures are taken of: scenes from the demo, played the same way at any size and in any look."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import NamedTuple

import pytest
from textual.pilot import Pilot

from tests.driving import NOW, Reader, until
from trace_tui.app.app import TraceApp
from trace_tui.app.starting import Start
from trace_tui.demonstration import demo_home, demo_session
from trace_tui.targets import LATEST, read_target
from trace_tui.widgets.line_view import LineView

SHOWN_AS = "~/.codex/sessions/2026/11/20/"
CHECK = "01a1f900-b678"
PATCHES = "01a1f900-c7a7"
REWOUND = "01a1f901-4283"
WORKERS = "01a1f902-451c"
TOOLS = "01a1f901-a775"
"""Tells of plans and of failing tools; not one of the demo's home."""

Play = Callable[[Reader], Awaitable[None]]


class Scene(NamedTuple):
    play: Play
    target: str = CHECK


class Size(NamedTuple):
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


SMALL, MIDDLE, LARGE = Size(80, 24), Size(120, 35), Size(200, 50)


# -- the place ----------------------------------------------------------


class _Then(datetime):
    """The moment at which the demo's home is looked at."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _Then:
        return cls.fromtimestamp(NOW.timestamp(), tz)


@contextmanager
def same_every_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The demo's home, at the same time and in the same place for all pictures; nothing waits for a rest."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setattr("trace_tui.times.datetime", _Then)
    monkeypatch.setattr(time, "time", NOW.timestamp)
    monkeypatch.setattr(TraceApp, "_start_watching", lambda app, roots: None)
    monkeypatch.setattr("trace_tui.app.reading_screen._REST", 0)
    monkeypatch.setattr("trace_tui.app.reading_screen._LONGER_REST", 0)
    monkeypatch.setattr("trace_tui.telling.sessions._files", _files_of_a_home)
    with demo_home(now=NOW, live=False) as home:
        yield home


def _files_of_a_home(paths: list[str]) -> list[tuple[str, str]]:
    return [("file" if index == 0 else "", SHOWN_AS + Path(path).name) for index, path in enumerate(paths)]


@contextmanager
def app_for(
    scene: Scene, home: Path, *, theme: str = "trace-dark", ascii: bool = False
) -> Iterator[TraceApp]:
    with demo_session() as tools:
        root = tools if scene.target == TOOLS else home
        target = str(tools) if scene.target == TOOLS else scene.target
        start = Start((str(root),), cached=False, target=read_target(target), theme=theme, ascii=ascii)
        yield TraceApp(start)


async def played(scene: Scene, app: TraceApp, pilot: Pilot[int]) -> Reader:
    """The app as the scene leaves it, when nothing moves any more."""
    reader = Reader(app, pilot)
    main = app.main
    await until(lambda: main.opened is not None and main.opened.is_whole, "a session is read")
    await until(lambda: main.forest.roots, "the library has told what there is")
    await reader.idle()
    await scene.play(reader)
    await reader.idle()
    return reader


# -- what is played -----------------------------------------------------


async def down_to(reader: Reader, words: str, view: LineView | None = None) -> None:
    """Goes down until the cursor's row tells this."""
    view = view or reader.main.timeline
    while words not in "".join(text for text, _ in view.row(view.cursor, 300)):
        before = view.cursor
        await reader.press("down")
        await reader.idle()  # what is passed may be opened: always all of it, or the order would be chance
        assert view.cursor > before, f"no row tells {words!r}"


def at(words: str, *keys: str, of: str = CHECK) -> Scene:
    """Stands on the step with these words, then presses keys."""

    async def play(reader: Reader) -> None:
        await down_to(reader, words)
        await reader.press(*keys)

    return Scene(play, of)


def keys(*keys: str, of: str = CHECK) -> Scene:
    async def play(reader: Reader) -> None:
        await reader.press(*keys)

    return Scene(play, of)


def among_sessions(words: str, *keys: str) -> Scene:
    """Stands on the session with these words."""

    async def play(reader: Reader) -> None:
        await reader.press("1", "home")
        await down_to(reader, words, reader.main.sessions)
        await reader.press(*keys)

    return Scene(play)


def asked(key: str, words: str, *before: str, of: str = CHECK) -> Scene:
    """Words typed behind a key, and sent."""

    async def play(reader: Reader) -> None:
        await reader.press(*before)
        await reader.answer(key, words)

    return Scene(play, of)


async def _into_worker(reader: Reader) -> None:
    await down_to(reader, "spawn   C worker")
    before = reader.main.opened
    await reader.press("w")
    await until(lambda: reader.main.opened is not before, "the worker is open")
    await reader.idle()
    await reader.press("e")


async def _asks(reader: Reader) -> None:
    await reader.press("/")
    await reader.type("totals")


SCENES: dict[str, Scene] = {
    "start": keys(),
    "not-ended": keys(of=LATEST),
    "sessions": among_sessions("Please split"),
    "chain-unfolded": among_sessions("Please split", "right"),
    "day-folded": among_sessions("Yesterday", "space"),
    "sessions-filtered": asked("/", "is:failed folder:shop", "1"),
    "sessions-by-failures": keys("1", "s", "s"),
    "failed-call": keys("e", "e"),
    "nested-calls": at("Promise.all"),
    "patch": at("and 2 more", of=PATCHES),
    "failed-patch": at("app/missing.sh", of=PATCHES),
    "plan": at("✓ plan", of=TOOLS),
    "mcp-error": at("close_ticket", of=TOOLS),
    "worker": Scene(_into_worker, WORKERS),
    "rewound": at("▾ 2", of=REWOUND),
    "turn": at("▾ 1"),
    "session-detail": keys("3", "pagedown"),
    "reasoning": at("thinks", of=TOOLS),
    "answer": keys("end"),
    "raw": keys("e", "r"),
    "search": asked("/", "totals"),
    "search-prompt": Scene(_asks),
    "turn-folded": at("▾ 1", "space"),
    "steps-menu": keys("f"),
    "sessions-menu": keys("1", "f"),
    "copy-menu": keys("e", "y"),
    "help": keys("?"),
    "zoomed": keys("e", "3", "z"),
}
