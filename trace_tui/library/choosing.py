"""Which sessions are wanted, and in which order."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from trace_tui.library.chains import Member, totals
from trace_tui.library.entries import Entry
from trace_tui.times import point_in_time

Order = Callable[[Member], tuple[object, ...]]


class Choice(NamedTuple):
    """What was asked for; None and False ask for nothing."""

    since: int | None = None
    until: int | None = None
    folder: str | None = None
    folder_words: str | None = None
    """In the name of a folder of its path."""
    model: str | None = None
    state: str | None = None
    failed: bool = False
    source: str | None = None
    words: str | None = None
    archived: bool = False

    def takes(self, entry: Entry) -> bool:
        return (
            self._takes_time(entry)
            and (self.folder is None or is_in_folder(entry.cwd, self.folder))
            and (self.folder_words is None or _has_folder(entry.cwd, self.folder_words))
            and (self.model is None or self.model in (entry.model or "").casefold())
            and (self.state is None or self.state == entry.state)
            and (not self.failed or entry.failures > 0 or entry.state == "failed")
            and (self.source is None or self._started_by(entry))
            and (not self.archived or entry.archived)
            and (self.words is None or self._found_in(entry))
        )

    def _takes_time(self, entry: Entry) -> bool:
        """Sessions that were at work at some time between the two."""
        if self.since is not None and entry.active_at < self.since:
            return False
        return self.until is None or (entry.started_at or entry.active_at) <= self.until

    def _started_by(self, entry: Entry) -> bool:
        wanted = self.source or ""
        return any(wanted in part.casefold() for part in (entry.source, entry.originator) if part)

    def _found_in(self, entry: Entry) -> bool:
        where = (entry.title, entry.id, entry.cwd, entry.branch, entry.agent.nickname, entry.agent.path)
        wanted = self.words or ""
        return any(wanted in part.casefold() for part in where if part)


_STATES = ("completed", "failed", "aborted", "in_progress", "empty")


def read_choice(words: str, now: datetime) -> Choice:
    """What was typed into a filter: ``state:failed``, ``folder:shop``, ``model:gpt``, ``day:today``, words.

    What can't be understood is looked for as it is.
    """
    choice, plain = Choice(), []
    for word in words.split():
        name, colon, value = word.partition(":")
        read = _FILTERS.get(name) if colon and value else None
        narrowed = read(choice, value, now) if read is not None else None
        if narrowed is None:
            plain.append(word)
        else:
            choice = narrowed
    return choice._replace(words=" ".join(plain).casefold() or None)


def _with_state(choice: Choice, value: str, _: datetime) -> Choice | None:
    state = next((state for state in _STATES if state.startswith(value.casefold())), None)
    return None if state is None else choice._replace(state=state)


def _with_day(choice: Choice, value: str, now: datetime) -> Choice | None:
    """A day, or from so long ago until now."""
    try:
        since = point_in_time(value, now)
        until = point_in_time(value, now, end=True)
    except (ValueError, OverflowError):
        return None
    return choice._replace(since=since, until=until if until > since else None)


_FILTERS: dict[str, Callable[[Choice, str, datetime], Choice | None]] = {
    "state": _with_state,
    "day": _with_day,
    "folder": lambda choice, value, _: choice._replace(folder_words=value.casefold()),
    "model": lambda choice, value, _: choice._replace(model=value.casefold()),
    "source": lambda choice, value, _: choice._replace(source=value.casefold()),
    "is": lambda choice, value, _: choice._replace(failed=True) if value == "failed" else None,
}


def _has_folder(cwd: str | None, words: str) -> bool:
    return any(words in part for part in (cwd or "").replace("\\", "/").casefold().split("/"))


def is_in_folder(cwd: str | None, folder: str) -> bool:
    """That folder or one below it; a bare name is any folder of that name."""
    if cwd is None:
        return False
    plain = cwd.replace("\\", "/").rstrip("/")
    if "/" not in folder and "\\" not in folder and folder not in (".", "..") and not Path(folder).is_dir():
        return folder in plain.split("/")
    wanted = os.path.abspath(os.path.expanduser(folder)).replace("\\", "/").rstrip("/")
    return plain == wanted or plain.startswith(wanted + "/")


def order_of(name: str, *, chains: bool) -> Order:
    """Most, longest or newest first; titles by the alphabet. Of a chain all its members count together."""

    def number(member: Member) -> int:
        if not chains or not member.children or name in ("started", "turns"):
            return _NUMBERS[name](member.entry)
        whole = totals(member)
        return {
            "active": whole.ended_at or 0,
            "duration": whole.duration_ms or 0,
            "tokens": whole.usage.total,
            "failures": whole.failures,
            "calls": whole.calls,
        }[name]

    def place(member: Member) -> tuple[object, ...]:
        entry = member.entry
        if name == "title":
            return (entry.title.strip().casefold(), entry.key)
        return (-number(member), -(entry.started_at or 0), entry.id or "", entry.key)

    return place


_NUMBERS: dict[str, Callable[[Entry], int]] = {
    "started": lambda entry: entry.started_at or 0,
    "active": lambda entry: entry.active_at,
    "duration": lambda entry: entry.duration_ms or 0,
    "tokens": lambda entry: entry.usage.total,
    "failures": lambda entry: entry.failures,
    "calls": lambda entry: entry.calls,
    "turns": lambda entry: entry.turns,
}
