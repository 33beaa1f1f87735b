"""Draws the pictures of the README from the demo and the tests' samples: `python docs/screenshots.py`."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

from rich.console import Console

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

FOLDER = Path(__file__).resolve().parent
SAMPLES = FOLDER.parent / "tests" / "data" / "samples"
SHOWN_AS = "~/.codex/sessions/2026/11/20/"


def main() -> None:
    _draw(_show, "show", "codex-trace-tui show --demo")
    _draw(_list, "ls", "codex-trace-tui ls")


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
