"""Draws the pictures of the README from the built-in demo: `python docs/screenshots.py`."""

from __future__ import annotations

from importlib.resources import as_file, files
from io import StringIO
from pathlib import Path

from rich.console import Console

from trace_tui.home import Home
from trace_tui.reading import SessionReader
from trace_tui.show.page import Page
from trace_tui.texts import Texts

FOLDER = Path(__file__).resolve().parent
SHOWN_AS = "~/.codex/sessions/2026/11/20/"


def main() -> None:
    console = Console(
        record=True,
        file=StringIO(),
        width=100,
        force_terminal=True,
        markup=False,
        emoji=False,
        highlight=False,
    )
    with as_file(files("trace_tui") / "demo") as demo:
        path = min(demo.glob("*.jsonl"))
        home = Home(path)
        sources = home.thread_sources()
        session = SessionReader(sources).run()
        home.complete(session)
        with Texts(session, sources) as texts:
            for file in session.files:
                file.path = SHOWN_AS + Path(file.path).name
            Page(console, session, texts, None).whole(session.turns)
    console.save_svg(str(FOLDER / "show.svg"), title="codex-trace-tui show --demo")


if __name__ == "__main__":
    main()
