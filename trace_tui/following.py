"""Reads a thread on as its last file grows, into the same fold that read it first.

Nothing is read twice and nothing is guessed: where what stands in the file is not what was read before, the
whole thread has to be read anew, and `NotTheSame` says so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from enum import Enum

from trace_tui.errors import TraceError, Unreadable
from trace_tui.model import Session
from trace_tui.parsers.detect import HEAD_SIZE, NotASession, detect
from trace_tui.reading import BLOCK, SLICE, SessionReader, Tail
from trace_tui.sources import Source

_CHECKED = 256
"""So many bytes before the end of what was read must still be there."""
_FRESH = 900
"""Seconds after the last word of a session in which its open calls are told as running."""


class NotTheSame(TraceError):
    """The files are not what was read of them: they have been replaced, cut, or rewritten."""


class News(Enum):
    NOTHING = "nothing"
    GROWN = "grown"
    CHANGED = "changed"
    """It has to be read anew."""
    GONE = "gone"


class Follower:
    """One reading of a thread's files, that can go on."""

    def __init__(self, sources: list[Source]) -> None:
        self.reader = SessionReader(sources)
        self._checked = b""
        self._identity: tuple[int, int] | None = None
        self._changed_at = 0

    def read(self) -> Iterator[int]:
        """All that is there; yields how many bytes have been taken."""
        self._remember_file()
        yield from self.reader.steps()
        self._keep_back()
        self._remember_end()

    def session(self) -> Session:
        """As far as it has been read, for looking at."""
        return self._described(self.reader.fold.so_far())

    def settled(self) -> Session:
        """The same, where nothing more seems to come: what has been written to of late may well go on."""
        if time.time() - self._changed_at / 1e9 < _FRESH and self.reader.tail is not None:
            return self.session()
        return self.whole()

    def whole(self) -> Session:
        """The same, where nothing more is to come."""
        tail = self.reader.tail
        if tail is not None and not tail.last:
            self.reader.take_last(tail)
        return self._described(self.reader.fold.session())

    def news(self) -> News:
        """What has become of the last file; costs one question to the file system."""
        source = self.reader.sources[-1]
        try:
            status = os.stat(source.path)
        except FileNotFoundError:
            return News.GONE
        except OSError as problem:
            raise Unreadable(f"{source.path}: {problem.strerror or problem}") from problem
        tail = self.reader.tail
        same = (status.st_dev, status.st_ino) == self._identity
        if tail is None:
            is_as_read = same and status.st_mtime_ns == self._changed_at
            return News.NOTHING if is_as_read else News.CHANGED
        if not same or status.st_size < tail.read_to:
            return News.CHANGED
        if status.st_size > tail.read_to:
            return News.GROWN
        if status.st_mtime_ns != self._changed_at:
            self._changed_at = status.st_mtime_ns
            return News.NOTHING if self._still_ends_so(tail) else News.CHANGED
        return News.NOTHING

    def read_on(self) -> Iterator[int]:
        """What has been written since; raises `NotTheSame` where that can't be said."""
        tail = self.reader.tail
        if tail is None or not self.reader.fold.can_go_on or not self._still_ends_so(tail):
            raise NotTheSame("the file was changed")
        if tail.read_to < HEAD_SIZE and not _is_still(tail):
            raise NotTheSame("its beginning is another than it seemed")
        self._remember_file()
        with open(tail.source.path, "rb") as stream:
            stream.seek(tail.read_to)
            while block := stream.read(BLOCK):
                for start in range(0, len(block), SLICE):
                    self._take(block[start : start + SLICE], tail)
                    yield tail.read_to
        self.reader.take_last(tail)
        self._keep_back()
        self._remember_end()

    def _keep_back(self) -> None:
        """A line that breaks off is being written: it is no damage before nothing more comes."""
        tail = self.reader.tail
        if tail is not None and tail.last_is_torn:
            self._take_back(tail)

    def _take_back(self, tail: Tail) -> bytes:
        """The last line is not told any more, as far as that can be; what can't be untold is given."""
        told, tail.last = tail.last, b""
        if told:
            tail.file.offsets.pop()
            tail.file.end -= len(told)
        if told and tail.last_is_torn:
            self.reader.fold.take_back_problem()
        return b"" if tail.last_is_torn or tail.last_is_noise else told

    def _take(self, data: bytes, tail: Tail) -> None:
        told = self._take_back(tail)
        pieces = tail.lines.feed_pieces(data)
        if told and (not pieces or pieces[0].rstrip(b"\r\n") != told):
            raise NotTheSame("its last line went on after it was whole")
        first = len(tail.file.offsets) + 1
        tail.file.add_lines(pieces)
        fresh = pieces[1:] if told else pieces
        self.reader.fold.feed_all(first + len(pieces) - len(fresh), tail.records.read_all(fresh))

    def _described(self, session: Session) -> Session:
        session.compressed = any(source.compressed for source in self.reader.sources)
        session.archived = any("archived_sessions" in source.path for source in self.reader.sources)
        return session

    def _remember_file(self) -> None:
        try:
            status = os.stat(self.reader.sources[-1].path)
        except OSError:
            return  # reading it will say why
        self._identity = (status.st_dev, status.st_ino)
        self._changed_at = status.st_mtime_ns

    def _remember_end(self) -> None:
        tail = self.reader.tail
        if tail is not None:
            self._checked = _before(tail.source.path, tail.read_to)

    def _still_ends_so(self, tail: Tail) -> bool:
        return _before(tail.source.path, tail.read_to) == self._checked


def _is_still(tail: Tail) -> bool:
    """What a file is was decided by its first bytes; there may have been few of them."""
    try:
        with open(tail.source.path, "rb") as file:
            return detect(file.read(HEAD_SIZE)) is tail.format
    except (NotASession, OSError):
        return False


def _before(path: str, end: int) -> bytes:
    """The last bytes before a place in a file; as many of them as are there."""
    start = max(0, end - _CHECKED)
    try:
        with open(path, "rb") as file:
            file.seek(start)
            return file.read(end - start)
    except OSError:
        return b""
