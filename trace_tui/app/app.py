"""The app: brings library, sessions and screen together, and goes from session to session."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text as RichText
from textual import on, work
from textual.app import App, SystemCommand
from textual.screen import Screen

from trace_tui.app.failures import Failure, Here, failures_in, failures_told, next_failure
from trace_tui.app.going import spot_wished
from trace_tui.app.main_screen import MainScreen
from trace_tui.app.messages import (
    ActivitiesKnown,
    ChainWanted,
    FailureWanted,
    LibraryFailed,
    OpenWanted,
    SessionGrew,
    SessionRead,
    SessionsKnown,
)
from trace_tui.app.opened import Opened, Wish, load, look, name_of, sources_of
from trace_tui.app.panes import Pane
from trace_tui.app.shelf import Shelf
from trace_tui.app.summary import crumbs_of
from trace_tui.app.themes import THEMES, cursors_of
from trace_tui.app.written import Written
from trace_tui.errors import Cancelled, NothingFound, TraceError
from trace_tui.library.chains import Forest, Member, grow
from trace_tui.library.finding import ThreadFiles, codex_home
from trace_tui.library.glance import NOTHING, Glance
from trace_tui.library.library import Library
from trace_tui.library.targets import path_of
from trace_tui.model import Call, Session, TurnStatus
from trace_tui.relatives import Relation
from trace_tui.targets import LATEST, Target
from trace_tui.times import short_duration
from trace_tui.widgets.timeline_rows import Growth, Kind, Row, failures_of
from trace_tui.wording.words import STATE_STYLES, TURN_WORDS

if TYPE_CHECKING:
    from trace_tui.loader import Progress
    from trace_tui.sources import Source
    from trace_tui.watching import Watch

NEWEST = Target(LATEST)
TERMINATED = 143
_NEXT_LOOK = 0.25
"""Seconds between two looks at the open file where nothing says that it was written to."""
_LIVELY = 60
"""Seconds for which a session counts as at work after its last word."""
_NEXT_LOOK_WHEN_QUIET = 1.0
_TELL_WAY_EVERY = 2.0
_BREATH = 0.05
"""Seconds between two readings of a file that grows all the time."""
OPEN_DEMO = 200
"""Leaves to be started again, with the demo."""


@dataclass(frozen=True)
class Start:
    """What the command line asked for."""

    roots: tuple[str, ...] = ()
    cached: bool = True
    target: Target = NEWEST
    failed: bool = False
    """Stand on the first failure."""
    glance: Glance = NOTHING
    theme: str = "trace-dark"
    ascii: bool = False
    bell: bool = False
    """Ring when the open session ends."""
    keys: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    """What the person should know of their settings."""


class TraceApp(App[int]):
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
        self._threads: dict[str, ThreadFiles] = {}
        self._opened: Opened | None = None
        self._opened_before = 0
        self._chain_failures: list[Failure] = []
        """Of the others in the chain of what is open."""
        self._note = ""
        self._watch: Watch | None = None
        self._is_watching = False
        self._written: Written | None = None
        self._following: asyncio.Task[None] | None = None
        self._has_found_target = False
        self._is_touched = False
        """The person has gone somewhere: nothing else is opened by itself."""
        self._shelf = Shelf(start.roots, cached=start.cached, tell=self.post_message)

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return cursors_of(self.current_theme)

    def on_mount(self) -> None:
        self._written = Written()
        self._end_by_signals()
        known = self.start.glance.entries
        if known:
            self.main.show_sessions(grow(known), f"Sessions {len(known):,}")
        self._shelf.start()
        if self.start.target.is_path:
            self._open_path(Path(self.start.target.session))
        elif self.start.target.session == LATEST and not self.start.failed:
            self.call_after_refresh(self._open_newest_known)
        for problem in self.start.problems[:1]:
            self.main.say(problem, "yellow")

    def on_unmount(self) -> None:
        self._stop_following()
        if self._watch is not None:
            self._watch.stop()
        self._shelf.stop()

    def _stop_following(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None

    def _end_by_signals(self) -> None:
        """A dropped connection or a polite kill leave the terminal as it was."""
        if sys.platform == "win32":
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: self.exit(return_code=TERMINATED))

    # -- the library ----------------------------------------------------

    @on(SessionsKnown)
    def _on_sessions_known(self, event: SessionsKnown) -> None:
        self._threads = event.threads
        self._find_place_of_opened(event.forest)
        if event.progress is None:
            self._start_watching(event.roots)
        self.main.show_sessions(event.forest, _sessions_title(event))
        self.main.show_activities(event.activities)
        if event.note and event.note != self._note:
            self.main.say(event.note, "yellow")
        self._note = event.note
        if event.progress is None and not event.forest.roots and self._opened is None:
            self.main.show_no_sessions(list(self.start.roots) or [str(codex_home())])
        elif not self._has_found_target and event.forest.roots:
            self._has_found_target = True
            self._open_target(event.forest)

    @on(ActivitiesKnown)
    def _on_activities_known(self, event: ActivitiesKnown) -> None:
        self.main.show_activities(event.activities)

    @on(LibraryFailed)
    def _on_library_failed(self, event: LibraryFailed) -> None:
        self.main.say(event.words, "yellow")
        if self._opened is None:
            self.main.show_no_sessions(list(self.start.roots) or [str(codex_home())])

    def _start_watching(self, roots: list[str]) -> None:
        if self._watch is None and not self._is_watching:
            self._is_watching = True
            self._watch_files(roots)
            self.set_interval(_TELL_WAY_EVERY, self._tell_way)

    def _tell_way(self) -> None:
        if self._watch is not None:
            self.main.tell_way(self._watch.way)

    @work(group="watch", thread=True)
    def _watch_files(self, roots: list[str]) -> None:
        """In a thread, because what watches has to be imported first."""
        from trace_tui.watching import Watch

        def tell(paths: frozenset[str]) -> None:
            self._shelf.look_again(paths)
            opened = self._opened
            if opened is not None and self._written is not None and opened.sources[-1].path in paths:
                self._written.ring()

        watch = self._watch = Watch(roots, tell)
        watch.start()

    def _open_target(self, forest: Forest) -> None:
        """What was asked for, once it is known where it is."""
        target = self.start.target
        if target.is_path:
            return  # it is open already
        if target.session == LATEST:
            newest = _newest(forest)
            is_open = newest is not None and self._opened is not None and self._opened.key == newest.entry.key
            if newest is not None and not is_open and not self._is_touched:
                self._open_member(newest, _wish_of(self.start))
            return
        self._find_target(target)

    @work(group="target")
    async def _find_target(self, target: Target) -> None:
        try:
            path = await asyncio.wrap_future(self._shelf.ask(lambda library: path_of(target, library)))
        except TraceError as problem:
            self.main.say(str(problem).partition("\n")[0], "bold red")
            newest = _newest(self.main.forest)
            if newest is not None and self._opened is None:
                self._open_member(newest, None)
        else:
            self._open_path(path)

    def _find_place_of_opened(self, forest: Forest) -> None:
        """The open session may have just become known, or have a new place in its chain."""
        opened = self._opened
        if opened is None:
            return
        if opened.member is not None:
            opened.member = _keyed(forest, opened.member.entry.key) or opened.member
        else:
            opened.member = self._member_of(Path(opened.sources[0].path), forest)
        self._show_crumbs()
        thread = self._threads.get(opened.key)
        here = [file.path for file in thread.files] if thread is not None else []
        if opened.is_whole and here and here != [os.path.abspath(source.path) for source in opened.sources]:
            self._open_again(opened)  # archived, compressed, or gone on in another file

    def _member_of(self, path: Path, forest: Forest) -> Member | None:
        wanted = str(path.absolute())
        for key, thread in self._threads.items():
            if any(file.path == wanted for file in thread.files):
                return _keyed(forest, key)
        return None

    # -- opening sessions -----------------------------------------------

    @on(OpenWanted)
    def _on_open_wanted(self, event: OpenWanted) -> None:
        self._is_touched = True
        if self._opened is not None and self._opened.key == event.member.entry.key:
            if event.wish is not None:
                self._opened.wish = event.wish
                self._fulfil(self._opened)
        else:
            self._open_member(event.member, event.wish)
        if not event.keep_focus:
            self.main.go_to_pane(Pane.TIMELINE)

    def _open_newest_known(self) -> None:
        """What was newest the last time, until the library knows better."""
        glance = self.start.glance
        newest = _newest(self.main.forest)
        paths = glance.files.get(newest.entry.number, []) if newest is not None else []
        if not paths:
            return
        try:
            self._open(sources_of(None, Path(paths[-1])), newest, _wish_of(self.start))
        except TraceError:
            return  # it is gone; the library is about to find what there is

    def _open_path(self, path: Path) -> None:
        member = self._member_of(path, self.main.forest)
        try:
            self._open(sources_of(None, path), member, _wish_of(self.start))
        except TraceError as problem:
            self.main.say(str(problem), "bold red")

    def _open_member(self, member: Member, wish: Wish | None) -> None:
        try:
            self._open(sources_of(self._threads.get(member.entry.key), None), member, wish)
        except TraceError as problem:
            self.main.say(str(problem), "bold red")

    def _open(self, sources: list[Source], member: Member | None, wish: Wish | None) -> None:
        if not sources:
            return
        self._stop_following()
        self._opened_before += 1
        opened = self._opened = Opened(self._opened_before, sources, member, wish=wish)
        self._read(opened)

    @work(group="open", exclusive=True)
    async def _read(self, opened: Opened) -> None:
        try:
            await self._load(opened)
        except Cancelled:
            return
        except TraceError as problem:
            self.main.say(str(problem), "bold red")
            return
        self._following = asyncio.create_task(self._follow(opened))

    async def _follow(self, opened: Opened) -> None:
        """Reads on as the file grows, for as long as it is open."""
        from trace_tui.following import NotTheSame

        try:
            await self._go_on(opened)
        except Cancelled:
            return
        except NotTheSame:
            self._open_again(opened)
        except TraceError as problem:
            self.main.say(str(problem), "bold red")

    async def _load(self, opened: Opened) -> None:
        def rows(session: Session, rows: list[Row], is_whole: bool) -> None:
            self.post_message(SessionRead(opened.number, session, rows, is_whole=is_whole))

        def progress(progress: Progress) -> None:
            share = 100 * progress.read // max(progress.total, 1)
            self.main.tell_progress(f"reading {share} %" if share < 100 else "")

        await load(opened, lambda: self.main.choice, progress, rows)

    async def _go_on(self, opened: Opened) -> None:
        def growth(session: Session, growth: Growth, rows: list[Row]) -> None:
            self.post_message(SessionGrew(opened.number, session, growth, rows))

        from trace_tui.following import News, NotTheSame

        grown_at = time.monotonic()
        is_gone = False
        while True:
            quiet = time.monotonic() - grown_at
            assert self._written is not None
            await self._written.wait_for(_NEXT_LOOK if quiet < _LIVELY else _NEXT_LOOK_WHEN_QUIET)
            news = await look(opened, growth)
            if news is News.GROWN:
                grown_at = time.monotonic()
                await asyncio.sleep(_BREATH)
            elif news is News.CHANGED:
                raise NotTheSame("its file was changed")
            elif (news is News.GONE) != is_gone:
                is_gone = news is News.GONE
                self.main.say("its file is gone; what was read of it stays" if is_gone else "", "yellow")

    def _open_again(self, opened: Opened) -> None:
        """From the start, but on the screen as if it had gone on."""
        row = self.main.timeline.selected
        stay = None if row is None or row.kind is Kind.SESSION else Wish(turn=row.turn.index, place=row.place)
        thread = self._threads.get(opened.key)
        path = Path(opened.sources[-1].path)
        try:
            self._open(sources_of(thread, path), opened.member, stay)
        except TraceError as problem:
            self.main.say(str(problem), "bold red")

    @on(SessionGrew)
    def _on_session_grew(self, event: SessionGrew) -> None:
        opened = self._opened
        if opened is None or opened.number != event.opening:
            return
        before, opened.session = opened.state, event.session
        opened.state = event.session.state
        self.main.show_growth(opened, event.growth, event.rows)
        self._show_crumbs()
        if before == TurnStatus.IN_PROGRESS != opened.state:
            self._tell_end(opened)

    def _tell_end(self, opened: Opened) -> None:
        """What one may have been waiting for."""
        turn = opened.session.turns[-1]
        words = f"turn {turn.index} {TURN_WORDS[opened.state]} after {short_duration(turn.duration_ms)}"
        self.main.say(words, "bold " + STATE_STYLES[opened.state].removeprefix("bold "))
        if self.start.bell:
            self.bell()

    @on(SessionRead)
    def _on_session_read(self, event: SessionRead) -> None:
        opened = self._opened
        if opened is None or opened.number != event.opening:
            return
        opened.session, opened.is_whole = event.session, event.is_whole
        opened.state = event.session.state
        self.main.show_opened(opened, event.rows)
        self._show_crumbs()
        if event.is_whole:
            self._chain_failures = []
            self._learn_failures(opened)
            self._fulfil(opened)

    def _fulfil(self, opened: Opened) -> None:
        """Goes where one wished to stand, now that all places are known."""
        wish, opened.wish = opened.wish, None
        if wish is None:
            return
        try:
            spot = spot_wished(wish, opened.session)
        except NothingFound as nothing:
            self.main.say(str(nothing), "yellow")
            return
        if spot is not None:
            self.main.select(spot)
        elif wish.first_failure:
            self.main.say("nothing failed in this session", "green")
        if wish.words:
            self.main.say(wish.words, "bold")

    def _show_crumbs(self) -> None:
        opened = self._opened
        if opened is None:
            return
        above: list[str] = []
        member = opened.member.parent if opened.member is not None else None
        while member is not None:
            above.insert(0, name_of(member))
            member = member.parent
        self.main.show_crumbs(crumbs_of([*above, opened.name], opened.session))

    # -- the chain as a whole -------------------------------------------

    @on(ChainWanted)
    @work(group="chain", exclusive=True)
    async def _show_chain(self) -> None:
        from trace_tui.app.chain_screen import ChainScreen
        from trace_tui.library.chain_times import times_of

        here = self.main.sessions.selected if self.main.pane is Pane.SESSIONS else None
        here = here or (self._opened.member if self._opened is not None else None)
        if here is None or not here.root.children:
            self.main.say("this session started no workers, and none started it", "yellow")
            return
        head = here.root
        times = await asyncio.wrap_future(self._shelf.ask(lambda library: times_of(head, library.catalog)))
        await self.push_screen(ChainScreen(times, here), self._on_chain_left)

    def _on_chain_left(self, member: Member | None) -> None:
        if member is not None:
            self.main.post_message(OpenWanted(member))

    # -- the walk from failure to failure -------------------------------

    @work(group="failures", exclusive=True)
    async def _learn_failures(self, opened: Opened) -> None:
        """What failed elsewhere in the chain: the catalog knows it, whatever is open."""
        if opened.member is None:
            return
        others = [
            one for one in opened.member.root.members() if one.entry.key != opened.key and one.entry.failures
        ]
        by_number = {one.entry.number: one.entry for one in others}
        if not by_number:
            return

        def ask(library: Library) -> list[Failure]:
            told: dict[int, list[tuple[int, str | None, int | None]]] = {number: [] for number in by_number}
            for number, turn, call_id, at in library.catalog.failures_of(by_number):
                told[number].append((turn, call_id, at))
            return [
                failure
                for number, rows in told.items()
                for failure in failures_told(rows, by_number[number].key, by_number[number].started_at)
            ]

        self._chain_failures = await asyncio.wrap_future(self._shelf.ask(ask))

    @on(FailureWanted)
    def _on_failure_wanted(self, event: FailureWanted) -> None:
        opened = self._opened
        if opened is None:
            return
        self._is_touched = True
        own = failures_in(opened.session, opened.key)
        failures = sorted([*own, *self._chain_failures], key=lambda one: one.at)
        index = next_failure(failures, self._here(opened, own), event.by)
        if index is None:
            where = "after" if event.by > 0 else "before"
            words = f"no failure {where} this place: {len(failures)} in all" if failures else "nothing failed"
            self.main.say(words, "green" if not failures else "yellow")
            return
        self._go_to_failure(failures[index], f"failure {index + 1} of {len(failures)}", opened)

    def _go_to_failure(self, failure: Failure, words: str, opened: Opened) -> None:
        wish = Wish(turn=failure.turn, call_id=failure.call_id, words=words)
        if failure.thread == opened.key:
            opened.wish = wish
            self._fulfil(opened)
            return
        member = _keyed(self.main.forest, failure.thread)
        if member is not None:
            self._open_member(member, wish._replace(words=f"{words} · in {name_of(member)}"))

    def _here(self, opened: Opened, own: list[Failure]) -> Here:
        row = self.main.timeline.selected
        if row is None:
            return Here(opened.key, 0, 0)
        call_id = row.item.call_id if isinstance(row.item, Call) else None
        on_one = next(
            (one for one in own if row.is_failure and (one.turn, one.call_id) == (row.turn.index, call_id)),
            None,
        )
        before = 0
        for turn, call in failures_of(opened.session.turns):
            if (turn.index, -1 if call is None else call.place) >= (
                row.turn.index,
                row.place if row.item else -1,
            ):
                break
            before += 1
        at = row.at or row.turn.started_at or opened.session.started_at or 0
        return Here(opened.key, at, before, on_one)

    # -- the rest -------------------------------------------------------

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """All that a key does, by its words, and the choice of a theme."""
        yield SystemCommand("theme", "Choose colours", self.action_change_theme)
        seen: set[str] = set()
        for active in self.main.active_bindings.values():
            words, action = active.binding.description, active.binding.action
            if words and words not in seen:
                seen.add(words)
                key = self.get_key_display(active.binding)
                yield SystemCommand(words, f"key {key}", partial(self.run_action, action, active.node))

    def action_demo(self) -> None:
        """Leaves with the wish to be started again with the demo."""
        self.exit(return_code=OPEN_DEMO)

    def _fatal_error(self) -> None:
        """Leaves with one line; what went wrong is kept without what the session says."""
        from trace_tui.app.crash import keep

        error = self._exception
        kept = None if error is None else keep(error)
        where = f"; what happened is in {kept}" if kept is not None else ""
        self._exit_renderables.append(RichText(f"codex-trace-tui stopped: {type(error).__name__}{where}"))
        self._close_messages_no_wait()


def _sessions_title(event: SessionsKnown) -> str:
    sessions = sum(len(known) for known in event.forest.by_id.values())
    if event.progress is None:
        return f"Sessions {sessions:,}"
    return f"Sessions {sessions:,} of {event.progress.of_threads:,}, reading"


def _newest(forest: Forest) -> Member | None:
    """The session that was written to last; workers are not meant."""
    heads = [head for head in forest.roots if head.relation in (Relation.ROOT, Relation.FORK)] or forest.roots
    return max(heads, key=lambda head: (head.entry.active_at, head.entry.key), default=None)


def _keyed(forest: Forest, key: str) -> Member | None:
    return next((member for member in forest.members() if member.entry.key == key), None)


def _wish_of(start: Start) -> Wish | None:
    if start.target.place is not None:
        return Wish(named=start.target.place)
    return Wish(first_failure=True) if start.failed else None
