"""The app as a reader: opens a session, reads it on as it is written, and says where in its chain it is."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from trace_tui.app.garbage import uncollected
from trace_tui.app.going import spot_wished
from trace_tui.app.library_app import LibraryApp
from trace_tui.app.messages import (
    OpenWanted,
    SessionGrew,
    SessionRead,
)
from trace_tui.app.opened import Opened, member_of, sources_of
from trace_tui.app.panes import ORDER, Pane, layout_for
from trace_tui.app.starting import NEWEST, Start
from trace_tui.app.summary import crumbs_of
from trace_tui.app.wishes import Wish
from trace_tui.app.written import Written
from trace_tui.errors import Cancelled, NothingFound, TraceError
from trace_tui.library.chains import Forest, Member
from trace_tui.library.targets import path_of
from trace_tui.model import Session, TurnStatus
from trace_tui.relatives import Relation
from trace_tui.targets import LATEST, Target
from trace_tui.times import short_duration
from trace_tui.widgets.row_book import Growth
from trace_tui.widgets.timeline_rows import Kind, Row
from trace_tui.wording.words import STATE_STYLES, TURN_WORDS

if TYPE_CHECKING:
    from trace_tui.loader import Progress
    from trace_tui.sources import Source

_NEXT_LOOK = 0.25
"""Seconds between two looks at the open file where nothing says that it was written to."""
_LIVELY = 60
"""Seconds for which a session counts as at work after its last word."""
_NEXT_LOOK_WHEN_QUIET = 1.0
_TRY_AGAIN = 2.0
_BREATH = 0.03
"""Seconds between two readings of a file that grows all the time."""


class ReadingApp(LibraryApp):
    """Has one session open at a time."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.opened: Opened | None = None
        self.is_touched = False
        """The person has gone somewhere: nothing else is opened by itself."""
        self._opened_before = 0
        self._pointed_at: Member | None = None
        self._written: Written | None = None
        self._following: asyncio.Task[None] | None = None
        self._has_found_target = False

    def on_mount(self) -> None:
        self._written = Written()
        if (
            self.start.target == NEWEST
            and layout_for(*self.size, Pane.SESSIONS, zoomed=False).shown == ORDER[:2]
        ):
            self.main.pane = Pane.SESSIONS  # the list, and the newest beside it
        if self.start.target.is_path:
            self._open_path(Path(self.start.target.session))
        elif self.start.target.session == LATEST and not self.start.failed:
            self.call_after_refresh(self._open_newest_known)
        for problem in self.start.problems[:1]:
            self.main.say(problem, "yellow")

    def on_unmount(self) -> None:
        self._stop_following()

    @property
    def has_session(self) -> bool:
        return self.opened is not None

    def files_written(self, paths: frozenset[str]) -> None:
        opened = self.opened
        if opened is None or self._written is None:
            return
        if any(one.sources[-1].path in paths for one in opened.parts()):
            self._written.ring()

    def sessions_known(self, forest: Forest) -> None:
        self._find_place_of_opened(forest)
        if not self._has_found_target and forest.roots:
            self._has_found_target = True
            self._open_target(forest)

    def session_whole(self, opened: Opened) -> None:
        """All of it has been read."""

    def session_grown(self, opened: Opened) -> None:
        """More of it has been read."""

    # -- what was asked for ---------------------------------------------

    def _open_target(self, forest: Forest) -> None:
        """What was asked for, once it is known where it is."""
        target = self.start.target
        if target.is_path:
            return  # it is open already
        if target.session == LATEST:
            newest = _newest(forest)
            is_open = newest is not None and self.opened is not None and self.opened.key == newest.entry.key
            if newest is not None and not is_open and not self.is_touched:
                self.open_member(newest, _wish_of(self.start))
            return
        self._find_target(target)

    @work(group="target", description="target")
    async def _find_target(self, target: Target) -> None:
        try:
            path = await asyncio.wrap_future(self.shelf.ask(lambda library: path_of(target, library)))
        except TraceError as problem:
            self.main.say(str(problem).partition("\n")[0], "bold red")
            newest = _newest(self.main.forest)
            if newest is not None and self.opened is None:
                self.open_member(newest, None)
        else:
            self._open_path(path)

    def _find_place_of_opened(self, forest: Forest) -> None:
        """The open session may have just become known, or have a new place in its chain."""
        opened = self.opened
        if opened is None:
            return
        opened.take_place(forest, self.threads)
        self._show_crumbs()
        if self.main.opened is opened:
            self.main.show_place(opened)
        if opened.is_whole and opened.has_moved(self.threads):
            self._open_again(opened)

    # -- opening sessions -----------------------------------------------

    @on(OpenWanted)
    def _on_open_wanted(self, event: OpenWanted) -> None:
        if event.keep_focus and self.main.pane is not Pane.SESSIONS:
            return  # the cursor rested on it, and then the person went elsewhere
        self.is_touched = True
        if self.opened is not None and self.opened.key == event.member.entry.key:
            if event.wish is not None:
                self.opened.wish = event.wish
                self.fulfil(self.opened)
        else:
            self.open_member(event.member, event.wish)
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
        member = member_of(path, self.main.forest, self.threads)
        try:
            self._open(sources_of(None, path), member, _wish_of(self.start))
        except TraceError as problem:
            self.main.say(str(problem), "bold red")

    def open_member(self, member: Member, wish: Wish | None) -> None:
        try:
            self._open(sources_of(self.threads.get(member.entry.key), None), member, wish)
        except TraceError as problem:
            self.main.say(str(problem), "bold red")

    def _open(self, sources: list[Source], member: Member | None, wish: Wish | None) -> None:
        if sources:
            self.show(Opened(self.next_number(), sources, member, wish=wish))

    def next_number(self) -> int:
        """Of what is opened next."""
        self._opened_before += 1
        return self._opened_before

    def show(self, opened: Opened) -> None:
        """Reads it, and has it on the screen as soon as there is something to see."""
        self._stop_following()
        self.opened = opened
        opened.take_place(self.main.forest, self.threads)
        self._read(opened)

    def _stop_following(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None

    @work(group="open", exclusive=True, description="open")
    async def _read(self, opened: Opened) -> None:
        try:
            with uncollected():
                await self._load(opened)
        except Cancelled:
            return
        except TraceError as problem:
            self.main.say(str(problem), "bold red")
            self._following = asyncio.create_task(self._try_again(opened))
        else:
            self._following = asyncio.create_task(self._follow(opened))

    async def _follow(self, opened: Opened) -> None:
        """Reads on as the file grows, for as long as it is open."""
        from trace_tui.following import NotTheSame

        try:
            await self._go_on(opened)
        except Cancelled:
            return
        except NotTheSame:
            self._open_again(opened, "its file was changed: it was read again")
        except TraceError as problem:
            self.main.say(str(problem), "bold red")
            await self._try_again(opened)

    async def _load(self, opened: Opened) -> None:
        def rows(session: Session, rows: list[Row], is_whole: bool) -> None:
            self.post_message(SessionRead(opened.number, session, rows, is_whole=is_whole))

        def progress(progress: Progress) -> None:
            share = 100 * progress.read // max(progress.total, 1)
            self.main.tell_progress(f"reading {share} %" if share < 100 else "")

        await opened.load(lambda: self.main.choice, progress, rows)

    async def _go_on(self, opened: Opened) -> None:
        def growth(session: Session, growth: Growth, rows: list[Row]) -> None:
            self.post_message(SessionGrew(opened.number, session, growth, rows))

        from trace_tui.following import News, NotTheSame

        grown_at = time.monotonic()
        is_growing, trouble = False, ""
        while True:
            if is_growing:
                await asyncio.sleep(_BREATH)
            else:
                await self._rest(time.monotonic() - grown_at)
            news = await opened.look(growth)
            is_growing = news is News.GROWN
            if is_growing:
                grown_at = time.monotonic()
            elif news is News.CHANGED:
                raise NotTheSame("its file was changed")
            if (words := opened.trouble(news)) != trouble:
                trouble = words
                self.main.say(words, "yellow")

    async def _rest(self, quiet: float) -> None:
        """Until something is said to be written, or it is time to look anyway."""
        assert self._written is not None
        await self._written.wait_for(_NEXT_LOOK if quiet < _LIVELY else _NEXT_LOOK_WHEN_QUIET)

    async def _try_again(self, opened: Opened) -> None:
        """What can't be read now may be whole again in a while, or as soon as it is written to."""
        assert self._written is not None
        await self._written.wait_for(_TRY_AGAIN)
        if self.opened is opened:
            self._open_again(opened)

    def _open_again(self, opened: Opened, words: str = "") -> None:
        """From the start, but on the screen as if it had gone on; ``words`` are said then."""
        row = self.main.timeline.selected
        stay = Wish(words=words)
        if row is not None and row.kind is not Kind.SESSION:
            stay = Wish(turn=row.turn.index, place=row.place, thread=row.thread, words=words)
        try:
            self.show(opened.again(self.next_number(), self.threads, stay))
        except TraceError as problem:
            self.main.say(str(problem), "bold red")
            self._following = asyncio.create_task(self._try_again(opened))

    @on(SessionGrew)
    def _on_session_grew(self, event: SessionGrew) -> None:
        opened = self.opened
        if opened is None or opened.number != event.opening:
            return
        before, opened.session = opened.state, event.session
        opened.state = event.session.state
        self.main.show_growth(opened, event.growth, event.rows)
        self.session_grown(opened)
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
        opened = self.opened
        if opened is None or opened.number != event.opening:
            return
        opened.session, opened.is_whole = event.session, event.is_whole
        opened.state = event.session.state
        self.main.show_opened(opened, event.rows)
        self._show_crumbs()
        if event.is_whole:
            self.session_whole(opened)
            self.fulfil(opened)

    def fulfil(self, opened: Opened) -> None:
        """Goes where one wished to stand, now that all places are known."""
        wish, opened.wish = opened.wish, None
        if wish is None:
            return
        if wish.follows:
            self.main.timeline.action_follow()
            return
        if wish.row is not None:
            self.main.return_to(wish.row)
            return
        if wish.link is not None and self.main.timeline.select_link(wish.link):
            return
        try:
            spot = spot_wished(wish, opened.part_named(wish.thread).session)
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
        opened = self.opened
        if opened is None:
            return
        if opened.member is not None and opened.member is not self._pointed_at:
            self._pointed_at = opened.member
            self.main.point_at(opened.member)
        above = [] if opened.member is None else self._above(opened.member)
        self.main.show_crumbs(crumbs_of(above, opened))

    def _above(self, member: Member) -> list[Member]:
        """Who started it, from the head on; before a fork what it was forked from."""
        line = [member]
        while (above := self._next_above(line[0])) is not None and above not in line:
            line.insert(0, above)
        return line[:-1]

    def _next_above(self, member: Member) -> Member | None:
        source = member.entry.forked_from
        if member.parent is not None or source is None:
            return member.parent
        return self.main.forest.nearest(source, member.entry)


def _newest(forest: Forest) -> Member | None:
    """The session that was written to last; workers are not meant."""
    heads = [head for head in forest.roots if head.relation in (Relation.ROOT, Relation.FORK)] or forest.roots
    return max(heads, key=lambda head: (head.entry.active_at, head.entry.key), default=None)


def _wish_of(start: Start) -> Wish | None:
    if start.target.place is not None:
        return Wish(named=start.target.place)
    return Wish(first_failure=True) if start.failed else None
