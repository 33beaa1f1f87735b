"""Drives a thread's files through parser and fold, in small steps.

`SessionReader.steps` is the one loop: the command line runs it to its end, the asynchronous loader runs it
in slices, the library keeps where it stopped and goes on from there when the file has grown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trace_tui.errors import Unreadable
from trace_tui.fold import Fold, restore, save
from trace_tui.halt import Halt
from trace_tui.model import Session, SessionFile
from trace_tui.parsers.containers import DamagedContainer, Unwrapped
from trace_tui.parsers.detect import HEAD_SIZE, NotASession, detect
from trace_tui.parsers.events import Malformed, Quiet, SessionHeader
from trace_tui.parsers.formats import Format
from trace_tui.parsers.lines import LineReader
from trace_tui.parsers.records import RecordReader, decode
from trace_tui.parsers.typescript import typescript_records
from trace_tui.sources import Source

_STOPPED = "reading stopped"
STOPPED_READING = "reading_stopped"
"""The problem of a file that the system would not give to its end: it may be whole the next time."""
SLICE = 1 << 17
"""Small enough that its work takes a few milliseconds."""
BLOCK = 1 << 21
"""Every read lets go of Python's lock for a moment. A waiting event loop is too slow to take it then, and
its turn is put off each time: with small reads it once waited 170 ms, with these about 6."""


@dataclass(slots=True)
class Tail:
    """The end of the last file, as far as it was read: from here it goes on."""

    source: Source
    file: SessionFile
    lines: LineReader
    records: RecordReader
    format: Format
    last: bytes = b""
    """A last line without its newline, which was told as far as it stands there."""
    last_is_torn: bool = False
    last_is_noise: bool = False
    """In a log: nothing was made of it, and of the whole line something may be."""

    @property
    def read_to(self) -> int:
        return self.lines.offset + self.lines.held


class SessionReader:
    """Reads the files of one thread, oldest first, into one fold.

    With ``halted`` all files but the last, and the last as far as it was read then, are not read again;
    that raises `StaleState` where it is not what this program stored.
    """

    def __init__(self, sources: list[Source], *, halted: Halt | None = None) -> None:
        self.sources = sources
        self.fold = Fold() if halted is None else restore(halted.fold)
        self.total = sum(source.size for source in sources)
        self.on_halt: Callable[[Halt], None] | None = None
        """Hears of the place to go on from, if there is one, when the last file has been read."""
        self.tail: Tail | None = None
        """Set when all has been read, if the last file can go on."""
        self._halted = halted

    def steps(self) -> Iterator[int]:
        """Works a little at each step and yields how many bytes it has taken so far."""
        taken = 0
        refused: list[Unreadable] = []
        for source in self.sources:
            is_last = source is self.sources[-1]
            if self._halted is not None and not is_last:
                taken += source.size
                continue
            try:
                reading = self._read(source) if self._halted is None else self._go_on(source, self._halted)
                for content in reading:
                    yield taken + content
            except Unreadable as reason:
                refused.append(reason)
                if len(refused) == len(self.sources):
                    raise
            taken += source.size
            yield taken
        for refusal in refused:
            kind = "not_a_session" if isinstance(refusal.__cause__, NotASession) else "unreadable_file"
            self.fold.problem(0, kind, str(refusal))

    def run(self) -> Session:
        for _ in self.steps():
            pass
        return self.session()

    def session(self) -> Session:
        session = self.fold.session()
        session.compressed = any(source.compressed for source in self.sources)
        session.archived = any("archived_sessions" in source.path for source in self.sources)
        return session

    def _read(self, source: Source) -> Iterator[int]:
        with source.open() as stream:
            head, damage = _read_some(stream, HEAD_SIZE)
            try:
                format_ = detect(head)
            except NotASession as reason:
                raise Unreadable(f"{source.path}: {damage or reason}") from reason
            file = SessionFile(source.path)
            self.fold.begin_file(file, format_)
            if format_ is Format.TYPESCRIPT:
                yield from self._read_object(stream, head, file)
            else:
                yield from self._read_lines(stream, (head, damage), file, format_)

    def _go_on(self, source: Source, halted: Halt) -> Iterator[int]:
        file = self.fold.last_file
        with source.open() as stream:
            stream.seek_plain(file.end)
            yield from self._read_lines(stream, _read_some(stream, BLOCK), file, halted.format)

    def _read_lines(
        self, stream: Unwrapped, first: tuple[bytes, str | None], file: SessionFile, format_: Format
    ) -> Iterator[int]:
        lines = LineReader(offset=file.end, lines=len(file.offsets))
        records = RecordReader(in_log=format_.is_log)
        taken = file.end
        block, damage = first
        while block:
            for start in range(0, len(block), SLICE):
                self._take(lines.feed_pieces(block[start : start + SLICE]), records, file)
                yield taken + min(start + SLICE, len(block))
            taken += len(block)
            if damage is not None or len(block) < HEAD_SIZE:
                break  # a short block is the last one
            block, damage = _read_some(stream, BLOCK)
        if damage is not None:
            stopped = damage.startswith(_STOPPED)
            kind = STOPPED_READING if stopped else "damaged_compression"
            self.fold.problem(lines.lines + 1, kind, damage)
        elif self.on_halt is not None and file.path == self.sources[-1].path and stream.wrapping == "plain":
            self.on_halt(Halt(save(self.fold), format_))
        tail = Tail(self.sources[-1], file, lines, records, format_)
        self.take_last(tail)
        if file.path == self.sources[-1].path and stream.wrapping == "plain" and damage is None:
            self.tail = tail

    def _take(self, pieces: list[bytes], records: RecordReader, file: SessionFile) -> None:
        first = len(file.offsets) + 1
        file.add_lines(pieces)
        # All reading, then all folding: the processor's caches like it.
        self.fold.feed_all(first, records.read_all(pieces))

    def take_last(self, tail: Tail) -> None:
        """A last line without its newline counts if it is whole; else it was cut, or is being written."""
        piece = tail.last = tail.lines.unfinished()
        if not piece:
            return
        tail.file.add_lines([piece])
        event = tail.records.read(piece)
        if piece.startswith(b"{") and isinstance(decode(piece), Malformed):
            event = Malformed()  # it looked whole, up to where it was looked at
        tail.last_is_torn = isinstance(event, Malformed)
        tail.last_is_noise = tail.format.is_log and isinstance(event, Quiet)
        if isinstance(event, Malformed):
            event.kind = "torn_line"
            event.detail = f"the last line breaks off after {len(piece)} bytes"
        self.fold.feed(len(tail.file.offsets), event)

    def _read_object(self, stream: Unwrapped, head: bytes, file: SessionFile) -> Iterator[int]:
        """The TypeScript CLI's one object; such files are small, and rewritten whole."""
        pieces, records = [head], RecordReader()
        while (piece := _read_some(stream, BLOCK)[0]) != b"":
            pieces.append(piece)
        data = b"".join(pieces)
        last = 0
        for number, offset, record in typescript_records(data):
            last = max(last + 1, number)  # two items on one line are still two records
            event = records.read(record)
            if isinstance(event, SessionHeader):
                event.shape = "typescript"
            elif isinstance(event, Malformed):
                event.kind, event.detail = (
                    "torn_line",
                    f"the file breaks off in this item ({len(record)} bytes)",
                )
            file.add_record(last, offset, len(record))
            self.fold.feed(last, event)
            yield offset


def _read_some(stream: Unwrapped, size: int) -> tuple[bytes, str | None]:
    """Up to ``size`` bytes, and what stopped them short of it, if anything did."""
    pieces: list[bytes] = []
    missing = size
    try:
        while missing > 0 and (piece := stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
    except DamagedContainer as damage:
        return b"".join(pieces), str(damage)
    except OSError as problem:
        return b"".join(pieces), f"{_STOPPED}: {problem.strerror or problem}"
    return b"".join(pieces), None
