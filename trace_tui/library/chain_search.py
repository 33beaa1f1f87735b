"""Finds the whole chain of one session, and reads no more files than may belong to it.

For commands that are about one chain: `show --chain` asks once, `tail --chain` again and again.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from trace_tui.errors import Unreadable
from trace_tui.file_names import read_name
from trace_tui.library.chains import Forest, Member, grow
from trace_tui.library.finding import ThreadFiles, home_of
from trace_tui.library.library import Library
from trace_tui.library.progress import Listener

_HOUR_MS = 3_600_000
_SLACK_MS = _HOUR_MS
"""Clocks of file systems may be wrong by so much."""
_ZONES_MS = 26 * _HOUR_MS
"""Names of files have the local time of any place, and two of these may be so far apart."""


class Found(NamedTuple):
    member: Member
    """The one that was asked for; its chain is around it."""
    forest: Forest
    """As much as was read."""


class ChainSearch:
    """Of the thread of that key; whoever joins its chain later is found by the next look."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._began_ms: int | None = None

    def look(self, library: Library, listener: Listener | None = None) -> Found | None:
        """None while the thread's own file is not there."""
        if self._began_ms is None:
            library.refresh(listener, only=lambda thread: thread.key == self._key)
            own = self._own(library)
            if own is None:
                return None
            self._began_ms = _start(own)
        found = self._read(library, self._began_ms, listener)
        while found is not None and (began_ms := _start(found)) < self._began_ms:  # found by its worker
            self._began_ms = began_ms
            found = self._read(library, self._began_ms, listener)
        return found

    def _read(self, library: Library, began_ms: int, listener: Listener | None) -> Found | None:
        library.refresh(listener, only=lambda thread: _may_belong(thread, began_ms))
        library.read_parents(listener)
        return self._own(library)

    def _own(self, library: Library) -> Found | None:
        forest = grow(library.entries())
        member = forest.keyed(self._key) or _copied(self._key, forest)
        return None if member is None else Found(member, forest)


def _copied(key: str, forest: Forest) -> Member | None:
    """Of two copies the other one may stand for both."""
    return next((one for one in forest.members() if any(copy.key == key for copy in one.copies)), None)


def _may_belong(thread: ThreadFiles, began_ms: int) -> bool:
    """It was written or made since: nothing else can belong to a chain that began then."""
    if thread.written_ns >= (began_ms - _SLACK_MS) * 1_000_000:
        return True
    name = read_name(thread.files[-1].name)
    return name is not None and name.started.timestamp() * 1000 >= began_ms - _ZONES_MS


def _start(found: Found) -> int:
    return found.member.root.entry.started_at or 0


def key_of(path: Path, library: Library) -> str:
    """By which the library knows the thread that a file belongs to."""
    name = read_name(path.name)
    for thread in library.threads:
        if str(path) in [file.path for file in thread.files]:
            return thread.key
        if name is not None and thread.thread_id == name.thread_id:
            return thread.key
    where = ", ".join(library.findings.roots)
    raise Unreadable(f"{path}: not among the sessions of {where}; name its folder with --root")


def place_around(path: Path) -> Path:
    """Where the relatives of a session file lie: in its home, or in the folder it is in."""
    return Path(home_of(str(path.parent)))
