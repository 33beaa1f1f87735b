"""The app as the owner of its threads: the library that knows all sessions, and the watch on their files."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from rich.console import RenderableType
from textual import events, on, work
from textual.app import App
from textual.screen import Screen

from trace_tui.app.main_screen import MainScreen
from trace_tui.app.messages import (
    ActivitiesKnown,
    LibraryFailed,
    SessionsKnown,
)
from trace_tui.app.on_terminal import OnTerminal
from trace_tui.app.shelf import Shelf
from trace_tui.app.starting import TERMINATED, Start
from trace_tui.app.themes import THEMES, cursors_of
from trace_tui.library.chains import Forest, grow
from trace_tui.library.finding import ThreadFiles, codex_home

if TYPE_CHECKING:
    from trace_tui.watching import Watch

_TELL_WAY_EVERY = 2.0
"""Seconds between two looks at how files are watched: it may change."""


class LibraryApp(App[int]):
    """Hears of sessions as they become known and shows them; opens none."""

    TITLE = "codex-trace-tui"
    CSS_PATH = "app.tcss"

    def __init__(self, start: Start) -> None:
        # Textual chooses now whether colours are sent as they are, and which of them `NO_COLOR` takes away.
        super().__init__(ansi_color=True if start.theme.startswith("ansi-") else None)
        self.animation_level = "none"
        self.start = start
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = start.theme if start.theme in self.available_themes else "trace-dark"
        self.set_class(start.ascii, "-ascii")
        self.set_keymap(dict(start.keys))
        self.main = MainScreen()
        self.main.links_need_paths = bool(start.roots) or start.target.is_path
        self.threads: dict[str, ThreadFiles] = {}
        self.shelf = Shelf(start.roots, cached=start.cached, tell=self.post_message)
        self._on_terminal = OnTerminal()
        self._note = ""
        self._watch: Watch | None = None
        self._is_watching = False
        self._has_walked = False

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return cursors_of(self.current_theme)

    def on_mount(self) -> None:
        self._end_by_signals()
        # Textual shows an empty screen to whoever comes back from a shell, until something changes.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh())
        known = self.start.glance.entries
        if known:
            self.main.show_sessions(grow(known), f"Sessions {len(known):,}")
        self.shelf.start()

    def action_redraw(self) -> None:
        """Where something else has written to the terminal."""
        self._on_terminal.forget()
        self.screen.refresh(layout=True)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and self.main.keys.said:
            self.main.say("")  # what was said was about the key before
        await super().on_event(event)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, self._on_terminal.changes(screen, renderable))

    def on_unmount(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        self.main.relatives.stop()
        self.shelf.stop()

    def _end_by_signals(self) -> None:
        """A dropped connection or a polite kill leave the terminal as it was."""
        if sys.platform == "win32":
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: self.exit(return_code=TERMINATED))

    # -- what others do with it -----------------------------------------

    def sessions_known(self, forest: Forest) -> None:
        """These are known by now; they are on the screen already."""

    def files_written(self, paths: frozenset[str]) -> None:
        """Something has been written to these files; told in the watch's thread."""

    @property
    def has_session(self) -> bool:
        """A session is open, or on its way."""
        return False

    # -- the library ----------------------------------------------------

    @on(SessionsKnown)
    def _on_sessions_known(self, event: SessionsKnown) -> None:
        self.threads = self.main.relatives.threads = event.threads
        if event.progress is None:
            self._start_watching(event.roots)
        self.main.is_looking = event.progress is not None
        self.main.show_sessions(event.forest, _sessions_title(event))
        self.main.show_activities(event.activities)
        if event.note and event.note != self._note and not self.main.keys.said:
            self.main.say(event.note, "yellow")
        self._note = event.note
        if event.progress is None and not event.forest.roots and not self.has_session:
            self.main.show_no_sessions(list(self.start.roots) or [str(codex_home())])
        self.sessions_known(event.forest)

    @on(ActivitiesKnown)
    def _on_activities_known(self, event: ActivitiesKnown) -> None:
        self.main.show_activities(event.activities)

    @on(LibraryFailed)
    def _on_library_failed(self, event: LibraryFailed) -> None:
        self.main.say(event.words, "yellow")
        if not self.has_session:
            self.main.show_no_sessions(list(self.start.roots) or [str(codex_home())])

    def _start_watching(self, roots: list[str]) -> None:
        if self._watch is None and not self._is_watching:
            self._is_watching = True
            self._watch_files(roots)
            self.set_interval(_TELL_WAY_EVERY, self._tell_way)

    def _tell_way(self) -> None:
        from trace_tui.watching import NOT_YET

        if self._watch is None or self._watch.way == NOT_YET:
            return
        self.main.tell_way(self._watch.way)
        if not self._has_walked:
            self._has_walked = True
            self.shelf.walk_again()

    @work(group="watch", thread=True, description="watch")
    def _watch_files(self, roots: list[str]) -> None:
        """In a thread, because what watches has to be imported first."""
        from trace_tui.watching import Watch

        def tell(paths: frozenset[str]) -> None:
            self.shelf.look_again(paths)
            self.files_written(paths)

        watch = self._watch = Watch(roots, tell)
        watch.start()


def _sessions_title(event: SessionsKnown) -> str:
    sessions = len(event.forest.members())
    if event.progress is None:
        return f"Sessions {sessions:,}"
    return f"Sessions {sessions:,} of {event.progress.of_threads:,}, reading"
