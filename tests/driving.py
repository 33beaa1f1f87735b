"""Drives the app as a person does: presses keys, waits until something is seen, reads the screen as text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.geometry import Region
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widget import Widget

from trace_tui.app.app import TraceApp
from trace_tui.app.chain_screen import ChainScreen
from trace_tui.app.main_screen import MainScreen
from trace_tui.app.panes import Pane
from trace_tui.app.starting import Start
from trace_tui.demonstration import demo_home
from trace_tui.targets import LATEST, read_target
from trace_tui.widgets.line_view import LineView

NOW = datetime(2026, 11, 20, 15, 0, 0, tzinfo=UTC)
"""When the demo home is looked at."""
SAMPLES = Path(__file__).parent / "data" / "samples"
WIDE = (180, 30)
CURSOR = "▌"
_ENDS = " ▐"
_LIMIT = 10.0
"""Seconds after which nobody waits any longer: a machine may be slow, but not that slow."""


def screen_lines(app: App[Any], region: Region | None = None) -> list[str]:
    """What a terminal shows, or a part of it."""
    strips = app.screen._compositor.render_strips()
    if region is None:
        return [strip.text for strip in strips]
    return [strip.crop(region.x, region.right).text for strip in strips[region.y : region.bottom]]


def lines_of(widget: Widget) -> list[str]:
    """What is seen where a widget stands, without what fills the ends; nothing where it is hidden."""
    if not widget.is_on_screen:
        return []
    return [line.rstrip(_ENDS) for line in screen_lines(widget.app, widget.region)]


def text_of(widget: Widget) -> str:
    return "\n".join(lines_of(widget))


def cursor_line(view: LineView) -> str:
    """The row in which the cursor's mark is seen, with single blanks between its words."""
    marked = [line for line in lines_of(view) if line.startswith(CURSOR)]
    return squeezed(marked[0].removeprefix(CURSOR)) if marked else ""


def squeezed(text: str) -> str:
    """How wide gaps are is not what it says."""
    return " ".join(text.split())


async def settled(pilot: Pilot[Any]) -> None:
    """Until whatever has been said within the app has been heard."""
    quiet = 0
    while quiet < 2 and pilot.app.is_running:
        await pilot.pause(0)
        pumps = [pilot.app, *pilot.app.screen.walk_children(with_self=True)]
        quiet = quiet + 1 if all(pump.message_queue_size == 0 for pump in pumps) else 0


async def until(is_so: Callable[[], object], what: str = "") -> None:
    end = time.monotonic() + _LIMIT
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"it never came so far: {what or 'what was waited for'}")
        await asyncio.sleep(0.01)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Keys by their names or characters, each handled before the next comes.

    A pilot's own `press` sleeps after every key until the machine is idle.
    """
    for key in keys:
        pilot.app.post_message(_key(key))
        await settled(pilot)


async def type_words(pilot: Pilot[Any], words: str) -> None:
    """As fast as a terminal sends what is pasted."""
    for character in words:
        pilot.app.post_message(_key("space" if character == " " else character))
    await settled(pilot)


def _key(key: str) -> events.Key:
    is_character = len(key) == 1
    name = _character_to_key(key) if is_character and not key.isalnum() else key
    return events.Key(name, key if is_character else " " if key == "space" else None)


class Reader:
    """A person in front of the app."""

    def __init__(self, app: TraceApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def main(self) -> MainScreen:
        return self.app.main

    # -- what is seen ---------------------------------------------------

    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in screen_lines(self.app))

    def pane(self, pane: Pane) -> str:
        return text_of(self.main.view(pane))

    @property
    def sessions(self) -> str:
        return self.pane(Pane.SESSIONS)

    @property
    def timeline(self) -> str:
        return self.pane(Pane.TIMELINE)

    @property
    def detail(self) -> str:
        return self.pane(Pane.DETAIL)

    def at(self, pane: Pane = Pane.TIMELINE) -> str:
        """The row that the cursor stands on."""
        return cursor_line(self.main.view(pane))

    @property
    def bottom(self) -> str:
        """The last line: what was said, or the keys."""
        return screen_lines(self.app)[-1].strip()

    @property
    def top(self) -> str:
        """The first line: where one is; without what stands at its right end."""
        return screen_lines(self.app)[0].strip().partition("   ")[0]

    @property
    def here(self) -> Pane | None:
        """The pane that keys go to."""
        return next((pane for pane in Pane if self.main.view(pane).has_focus), None)

    @property
    def menu(self) -> str:
        """The list or page that stands over the panes."""
        return text_of(self.app.screen.query_one(LineView)) if self.app.screen is not self.main else ""

    def shown(self) -> list[Pane]:
        return [pane for pane in Pane if self.main.view(pane).is_on_screen]

    # -- what is done ---------------------------------------------------

    async def press(self, *keys: str) -> None:
        await press(self.pilot, *keys)

    async def type(self, words: str) -> None:
        await type_words(self.pilot, words)

    async def answer(self, key: str, words: str) -> None:
        """Opens a line to type in, types, and says that this is all."""
        await self.press(key)
        await self.type(words)
        await self.press("enter")

    async def down_to(self, words: str, pane: Pane = Pane.TIMELINE) -> None:
        """Brings the cursor of the pane that has the keys to the next row with these words."""
        for _ in range(self.main.view(pane).count()):
            if words in self.at(pane):
                return
            await self.press("j")
        raise AssertionError(f"no row with {words!r} in:\n{self.pane(pane)}")

    async def go(self, words: str) -> None:
        await self.answer(":", words)

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await settled(self.pilot)

    # -- what is waited for ---------------------------------------------

    async def sees(self, words: str, where: Callable[[], str] | None = None) -> None:
        """Waits until words stand on the screen, or in a part of it."""
        look = where or self.screen
        try:
            await until(lambda: words in look())
        except AssertionError:
            raise AssertionError(f"{words!r} was never seen in:\n{look()}") from None

    async def hears(self, words: str) -> None:
        await self.sees(words, lambda: self.bottom)

    async def stands_on(self, words: str, pane: Pane = Pane.TIMELINE) -> None:
        await self.sees(words, lambda: self.at(pane))

    async def reads(self, words: str) -> None:
        """Waits until the detail shows it."""
        await self.sees(words, lambda: self.detail)

    async def idle(self) -> None:
        """Until the library has told all it knows, and what is open has been read."""
        await until(
            lambda: "reading" not in self.sessions and (self.main.opened is None or self.main.opened.is_whole)
        )
        await until(lambda: all(worker.is_finished for worker in self.app.workers if worker.group != "watch"))
        await settled(self.pilot)


@asynccontextmanager
async def reading(
    *roots: Path, target: str = LATEST, size: tuple[int, int] = WIDE, waits: bool = True, **start: Any
) -> AsyncIterator[Reader]:
    """The app over these homes or files, with a session open and read to its end."""
    wanted = Start(roots=tuple(map(str, roots)), cached=False, target=read_target(target), **start)
    app = TraceApp(wanted)
    async with app.run_test(size=size) as pilot:
        reader = Reader(app, pilot)
        if waits:
            await until(lambda: app.main.opened is not None and app.main.opened.is_whole, "a session is read")
            await until(lambda: app.main.forest.roots, "the library has told what there is")
            await reader.idle()
        yield reader


@asynccontextmanager
async def reading_demo(**more: Any) -> AsyncIterator[Reader]:
    with demo_home(now=NOW, live=False) as home:
        async with reading(home, **more) as reader:
            yield reader


def sample(beginning: str, under: Sequence[str] = ()) -> Path:
    """The sample file of the thread whose id begins so."""
    [path] = SAMPLES.joinpath(*under).rglob(f"rollout-*-{beginning}*.jsonl")
    return path


async def chain_view(reader: Reader) -> ChainScreen:
    """Opens it, once the library knows who belongs to the chain."""
    await until(lambda: reader.app._watch is not None, "files are watched")
    await reader.press("c")
    await until(lambda: isinstance(reader.app.screen, ChainScreen), "the chain view is open")
    await reader.idle()
    screen = reader.app.screen
    assert isinstance(screen, ChainScreen)
    return screen
