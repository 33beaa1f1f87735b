"""Follows one thread or a whole chain, round by round, until it is told to stop or there is nothing left."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from trace_tui.errors import Unreadable
from trace_tui.tailing.chain import Chain
from trace_tui.tailing.clock import Clock
from trace_tui.tailing.stories import CallOver, SessionBegan, StateIs, Story
from trace_tui.tailing.thread import FollowedThread

COMPLETED, FAILED, TIMED_OUT = 0, 1, 124

_AWAKE, _DROWSY = 0.1, 0.5
"""Seconds between two rounds: while something happens, and when nothing has for long."""
_LONG = 30.0
_LOOK_EVERY = 1.5
"""Seconds between two looks for further files and workers."""
_SHARE = 20
"""Such looks may take a twentieth of the time."""
_NAMED = 5
_HELD = 2.0
"""Seconds for which a line may wait for the file of the worker that it names."""


class Heard(NamedTuple):
    thread: FollowedThread
    story: Story


class Wishes(NamedTuple):
    from_start: bool = False
    until_done: bool = False
    timeout: float | None = None


class Listener(NamedTuple):
    """Who is told what happens, and who hears of trouble."""

    tell: Callable[[list[Heard]], None]
    warn: Callable[[str], None]
    check: Callable[[], None]
    """Raises where nobody listens any more."""
    wants_names: bool = False
    """What is told is to name workers; their letters and names are told by their own files alone."""


class Tail:
    """``begin``, then ``step`` again and again, until one of them gives an exit code."""

    def __init__(
        self, path: Path, chain: Chain | None, wishes: Wishes, listener: Listener, clock: Clock
    ) -> None:
        self._path = path
        self._chain = chain
        self._wishes = wishes
        self._listener = listener
        self._clock = clock
        self._began = self._heard_at = clock.now()
        self._threads: dict[str, FollowedThread] = {}
        """The head of the chain first."""
        self._missed: set[str] = set()
        self._looks = 0
        self._next_look = 0.0
        self._hasty_look = 0.0
        self._held: list[Heard] = []
        self._held_since = 0.0

    def run(self) -> int:
        try:
            code = self.begin()
            while code is None:
                self._clock.sleep(_AWAKE if self._clock.now() - self._heard_at < _LONG else _DROWSY)
                self._listener.check()
                code = self.step()
        except KeyboardInterrupt:
            self._tell_held()
            raise
        return code

    def begin(self) -> int | None:
        """Tells what is there, or how it stands."""
        members = {"": self._path} if self._chain is None else self._chain.look()
        heard = []
        for key, path in members.items():
            thread = FollowedThread(path, self._clock, key)
            heard.append(_by(thread, self._first(thread)))
            self._threads[key] = thread
        if not self._threads:
            raise Unreadable(f"{self._path}: the file is gone")
        for words in self._chain.absences if self._chain is not None else ():
            self._listener.warn(words)
        self._tell(heard)
        self._next_look = self._clock.now() + _LOOK_EVERY
        return self._code()

    def step(self) -> int | None:
        """Tells what is new."""
        heard = [_by(thread, thread.step()) for thread in self._threads.values()]
        now = self._clock.now()
        strangers = self._strangers_in(self._held + _flat(heard))
        if now >= self._next_look or (strangers and now >= self._hasty_look):
            heard += self._look()
        self._tell_or_hold(heard)
        self._warn_of_missing()
        return self._code()

    # -- what there is to tell ------------------------------------------

    def _first(self, thread: FollowedThread) -> list[Story]:
        """Of workers that are done a word is enough."""
        stories = thread.begin(from_start=self._wishes.from_start)
        if self._wishes.from_start or not self._threads or thread.outcome() is None:
            return stories
        return [story for story in stories if isinstance(story.event, SessionBegan | StateIs)]

    def _strangers_in(self, heard: list[Heard]) -> list[str]:
        """Workers that were started, and whose own files were not found yet."""
        if self._chain is None or not self._listener.wants_names:
            return []
        company = self._chain.company
        calls = ((one, one.story.event.call) for one in heard if isinstance(one.story.event, CallOver))
        named = (company.stranger_in(call, one.thread.session) for one, call in calls)
        return [name for name in named if name is not None]

    def _tell_or_hold(self, heard: list[list[Heard]]) -> None:
        """For a moment all waits for the file of a worker that was started: it may be about to be made."""
        if not self._held:
            self._held_since = self._clock.now()
        self._held += _flat(heard)
        strangers = self._strangers_in(self._held)
        if strangers and self._clock.now() - self._held_since < _HELD:
            return
        if self._chain is not None:
            self._chain.company.give_up(strangers)
        self._tell_held()

    def _tell_held(self) -> None:
        by_thread: defaultdict[FollowedThread, list[Heard]] = defaultdict(list)
        for one in self._held:
            by_thread[one.thread].append(one)
        self._held = []
        self._tell(list(by_thread.values()))

    def _look(self) -> list[list[Heard]]:
        """For workers that joined, and for further files of one thread after the other."""
        began = self._clock.now()
        threads = list(self._threads.values())
        thread = threads[self._looks % len(threads)]
        self._looks += 1
        heard = [_by(thread, thread.look_for_files()), *self._newcomers()]
        took = self._clock.now() - began
        self._next_look = self._clock.now() + max(_LOOK_EVERY, _SHARE * took)
        self._hasty_look = self._clock.now() + took
        return heard

    def _newcomers(self) -> list[list[Heard]]:
        heard = []
        for key, path in self._chain.look().items() if self._chain is not None else ():
            if key not in self._threads:
                try:
                    thread = FollowedThread(path, self._clock, key)
                    heard.append(_by(thread, thread.begin(from_start=True)))
                except Unreadable:
                    continue  # it has only just been made: the next look will find more of it
                self._threads[key] = thread
        return heard

    def _tell(self, heard: list[list[Heard]]) -> None:
        together = list(heapq.merge(*map(_in_time, heard), key=lambda timed: timed[0]))
        if together:
            self._heard_at = self._clock.now()
            self._listener.tell([one for _, one in together])

    def _warn_of_missing(self) -> None:
        for key, thread in self._threads.items():
            if thread.gone is None:
                self._missed.discard(key)
            elif key not in self._missed:
                self._missed.add(key)
                if self._wishes.until_done and thread is self._head:
                    raise Unreadable(f"{thread.gone}; the session is gone")
                self._listener.warn(f"{thread.gone}; waiting for it to come back")

    # -- when it is over ------------------------------------------------

    @property
    def _head(self) -> FollowedThread:
        return next(iter(self._threads.values()))

    def _code(self) -> int | None:
        if self._wishes.until_done and self._all_done():
            return self._finish()
        timeout = self._wishes.timeout
        if timeout is not None and self._clock.now() - self._began >= timeout:
            self._tell_held()
            self._listener.warn(f"the time is up{self._still_open() if self._wishes.until_done else ''}")
            return TIMED_OUT
        return None

    def _still_open(self) -> str:
        company = None if self._chain is None else self._chain.company
        open_keys = [key for key, thread in self._threads.items() if thread.outcome() in (None, "empty")]
        agents = [company.find(key) for key in open_keys] if company is not None else []
        names = [known.lettered() for known in agents if known is not None]
        if not names:
            return ", and the last turn has not ended"
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"; not ended yet: {', '.join(names[:_NAMED])}{more}"

    def _all_done(self) -> bool:
        if self._head.outcome() in (None, "empty"):
            return False
        return all(thread.outcome() is not None for thread in self._threads.values() if thread.gone is None)

    def _finish(self) -> int | None:
        """A last look: what was begun at the last moment is not left out."""
        heard = [_by(thread, thread.look_for_files()) for thread in self._threads.values()]
        heard += self._newcomers()
        self._held += _flat(heard)
        self._tell_held()
        if not self._all_done():
            return None
        self._tell([_by(thread, thread.settle()) for thread in self._threads.values()])
        return COMPLETED if self._head.outcome() == "completed" else FAILED


def _by(thread: FollowedThread, stories: list[Story]) -> list[Heard]:
    return [Heard(thread, story) for story in stories]


def _flat(heard: list[list[Heard]]) -> list[Heard]:
    return [one for some in heard for one in some]


def _in_time(heard: list[Heard]) -> Iterator[tuple[int, Heard]]:
    """With a time to sort by: what one thread tells stays in its order."""
    latest = 0
    for one in heard:
        latest = max(latest, one.story.at or 0)
        yield latest, one
