"""One thread that is followed: finds its files again when they move, reads on, and gives what is new."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from trace_tui.errors import Unreadable
from trace_tui.file_names import read_name
from trace_tui.following import Follower, News, NotTheSame
from trace_tui.home import Home
from trace_tui.model import Place, Session
from trace_tui.tailing.clock import Clock
from trace_tui.tailing.ledger import Told
from trace_tui.tailing.noticing import Noticer
from trace_tui.tailing.stories import GONE, StateIs, Story
from trace_tui.texts import Texts

LONG_CALL = 10.0
"""Seconds after which a call that is still out is told of."""
QUIET = 10.0
"""Files without end lines for turns have ended when nothing was written for so many seconds."""
WHOLE = 1.0
"""Seconds after which a last line without its newline is taken for whole."""
GRACE = 2.0
"""So many seconds a file may be missing: it is being moved, packed or written anew."""


class FollowedThread:
    def __init__(self, path: Path, clock: Clock, key: str = "") -> None:
        self.key = key
        """By which its chain knows it."""
        self._home = Home(path)
        self._clock = clock
        self._told: Told = Counter()
        self._missing_since: float | None = None
        self.gone: str | None = None
        """Why, where it has been missing for longer than moving a file takes."""
        self._grew_at = clock.now()
        self._follower, self._noticer = self._reading()

    @property
    def session(self) -> Session:
        return self._noticer.session

    @property
    def path(self) -> Path:
        return self._home.path

    def texts(self) -> Texts:
        """To be closed when the stories that were given last have been told."""
        return Texts(self.session, self._follower.reader.sources)

    # -- reading --------------------------------------------------------

    def begin(self, *, from_start: bool) -> list[Story]:
        """All that is there, or an outline of it."""
        self._read_all()
        self._grew_at -= self._silent_for()
        self._take_last_line()
        if from_start:
            return self._noticer.take()
        return self._noticer.outline()

    def step(self) -> list[Story]:
        """What is new since the last step."""
        stories = self._what_is_new()
        self._take_last_line()
        return stories + self._noticer.long_calls(self._clock.now(), self._clock.wall_ms(), LONG_CALL)

    def _what_is_new(self) -> list[Story]:
        if self._missing_since is not None:
            return [] if self.gone is not None else self._anew()
        try:
            news = self._follower.news()
        except Unreadable as reason:
            return self._miss(str(reason))
        if news is News.NOTHING:
            return []
        self._grew_at = self._clock.now()
        if news is not News.GROWN:
            return self._anew()
        try:
            for _ in self._follower.read_on():
                pass
        except (NotTheSame, OSError):
            return self._noticer.take() + self._anew()
        return self._noticer.take()

    def look_for_files(self) -> list[Story]:
        """A thread that is taken up again may go on in another file; one that was gone may be back."""
        if self.gone is not None:
            return self._anew()
        try:
            paths = [source.path for source in self._home.thread_sources()]
        except Unreadable:
            return []  # the next step finds out why
        if paths == [source.path for source in self._follower.reader.sources]:
            return []
        return self._anew()

    def settle(self) -> list[Story]:
        """What is left to tell where nothing more is waited for."""
        return self._noticer.settle()

    # -- reading anew ---------------------------------------------------

    def _reading(self) -> tuple[Follower, Noticer]:
        follower, noticer = Follower(self._home.thread_sources()), Noticer(self._told)
        follower.reader.fold = noticer.fold
        return follower, noticer

    def _read_all(self) -> None:
        for _ in self._follower.read():
            pass

    def _anew(self) -> list[Story]:
        """Reads the thread from its beginning, where it is now; what was told is not told again."""
        before = self._home, self._follower, self._noticer
        try:
            self._home = Home(self._where_now())
            self._follower, self._noticer = self._reading()
            self._read_all()
        except (Unreadable, OSError) as reason:
            stories = self._noticer.take()
            self._home, self._follower, self._noticer = before
            return stories + self._miss(str(reason))
        self._missing_since = self.gone = None
        return self._noticer.take()

    def _where_now(self) -> Path:
        path = self.path
        name = read_name(path.name)
        if path.exists() or name is None:
            return path
        return self._home.find(name.thread_id) or path

    def _miss(self, why: str) -> list[Story]:
        now = self._clock.now()
        if self._missing_since is None:
            self._missing_since = now
        if self.gone is not None or now - self._missing_since < GRACE:
            return []
        self.gone = why
        return [Story(StateIs(GONE), self._clock.wall_ms(), Place(0), self.session.id, self.session.agent)]

    def _take_last_line(self) -> None:
        """One without its newline is taken for whole when it has stood there for a while."""
        if self._follower.reader.tail is None or self._clock.now() - self._grew_at >= WHOLE:
            self._noticer.fold.release()

    # -- how it stands --------------------------------------------------

    def _silent_for(self) -> float:
        """Seconds since the last file was written to."""
        try:
            written_ms = os.stat(self._follower.reader.sources[-1].path).st_mtime_ns // 1_000_000
        except OSError:
            return 0.0  # the next step finds out why
        return max(0, self._clock.wall_ms() - written_ms) / 1000

    def outcome(self) -> str | None:
        """How its last turn ended; None while it goes on."""
        state = self._follower.session().state
        if state == "in_progress":
            return None
        is_quiet = self._clock.now() - self._grew_at >= QUIET
        return state if is_quiet or not (state == "empty" or self._noticer.has_open_turn()) else None
