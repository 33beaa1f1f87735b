"""Draws the pictures of the README from the demo and the tests' samples.

From the top folder: `PYTHONPATH=. python docs/screenshots.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from tests.driving import NOW, reading, reading_demo, until
from trace_tui.app.panes import Pane
from trace_tui.demonstration import demo_session
from trace_tui.home import Home
from trace_tui.library.chains import grow
from trace_tui.library.choosing import order_of
from trace_tui.library.library import Library
from trace_tui.listing.page import ListPage
from trace_tui.printing.console import Lines
from trace_tui.reading import SessionReader
from trace_tui.show.page import Page
from trace_tui.texts import Texts
from trace_tui.times import use_zone

FOLDER = Path(__file__).resolve().parent
SAMPLES = FOLDER.parent / "tests" / "data" / "samples"
ORCHESTRATOR = "01a1f900-db21"
SHOWN_AS = "~/.codex/sessions/2026/11/20/"


def main() -> None:
    use_zone(UTC)
    asyncio.run(_draw_app("app", 160, 30))
    asyncio.run(_draw_app("app-80x24", 80, 24))
    asyncio.run(_draw_chain("chain", 110, 14))
    asyncio.run(_draw_agents("agents", 110, 26))
    _draw(_show, "show", "codex-trace-tui show --demo")
    _draw(_list, "ls", "codex-trace-tui ls")


async def _draw_app(name: str, width: int, height: int) -> None:
    """The demo's second failed call, as one gets there from the list."""
    with patch("trace_tui.wording.sessions.local_now", lambda: NOW):
        async with reading_demo(size=(width, height)) as reader:
            await reader.press("1", "down", "down")
            await reader.stands_on("Please make the che", Pane.SESSIONS)
            await reader.press("enter")
            await reader.sees("18 calls")
            await reader.idle()
            await reader.press("e", "e")
            await reader.reads("command not found")
            await reader.idle()
            picture = reader.app.export_screenshot(title="codex-trace-tui --demo")
    (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")


async def _draw_chain(name: str, width: int, height: int) -> None:
    """An orchestrator and its workers on their time axis, the second of three failures found."""
    async with reading(SAMPLES, target=ORCHESTRATOR, size=(width, height)) as reader:
        await reader.press("c")
        await until(lambda: reader.app.screen is not reader.main, "the chain is seen")
        await reader.press("e", "e")
        picture = reader.app.export_screenshot(title="codex-trace-tui")
    (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")


async def _draw_agents(name: str, width: int, height: int) -> None:
    """All their steps in one timeline."""
    async with reading(SAMPLES, target=ORCHESTRATOR, size=(width, height)) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents", lambda: reader.top)
        await reader.idle()
        await reader.press("z", "e", "e")
        await reader.idle()
        picture = reader.app.export_screenshot(title="codex-trace-tui")
    (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")


def _draw(page: Callable[[Console], None], name: str, title: str) -> None:
    console = Console(
        record=True,
        file=StringIO(),
        width=100,
        force_terminal=True,
        markup=False,
        emoji=False,
        highlight=False,
    )
    page(console)
    console.save_svg(str(FOLDER / f"{name}.svg"), title=title)


def _show(console: Console) -> None:
    with demo_session() as path:
        home = Home(path)
        sources = home.thread_sources()
        session = SessionReader(sources).run()
        home.complete(session)
        with Texts(session, sources) as texts:
            for file in session.files:
                file.path = SHOWN_AS + Path(file.path).name
            Page(console, session, texts, None).whole(session.turns)


def _list(console: Console) -> None:
    with Library.open([SAMPLES], cached=False) as library:
        library.refresh()
        forest = grow(library.entries())
    chosen = {id(member) for member in forest.members()}
    with Lines(console) as lines:
        heads = sorted(forest.roots, key=order_of("started", chains=True))
        ListPage(lines, forest, chosen, by_day=True).chains(heads, None, None)


if __name__ == "__main__":
    main()
