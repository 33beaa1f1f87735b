"""Reads whole texts again, out of the files, when somebody asks for them."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, Self

from trace_tui.errors import Unreadable
from trace_tui.model import Note, Place, Session, Text, file_of, line_of
from trace_tui.parsers.containers import DamagedContainer, Unwrapped
from trace_tui.parsers.events import (
    CallMade,
    CallOutput,
    Event,
    Malformed,
    SessionHeader,
    ToolEnded,
    TurnEnded,
)
from trace_tui.parsers.lines import trimmed
from trace_tui.parsers.records import RecordReader
from trace_tui.sources import Source


class Texts:
    """Random access to the records of a session's files; asking in file order is quickest."""

    def __init__(self, session: Session, sources: list[Source]) -> None:
        self._files = session.files
        by_path = {source.path: source for source in sources}
        self._sources = [by_path[file.path] for file in session.files]
        self._streams: dict[int, Unwrapped] = {}
        self._positions: dict[int, int] = {}
        self._reader = RecordReader(whole=True, in_log=session.format.is_log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Closes its files; whatever is asked then opens them again."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()

    def raw(self, place: Place) -> bytes:
        """The bytes of one record, as they stand in the file."""
        file = self._files[file_of(place)]
        span = file.span(line_of(place))
        if span is None:
            raise Unreadable(f"{file.path} has no line {line_of(place)}")
        data = self._at(file_of(place), *span)
        if len(data) < span[1]:
            raise Unreadable(f"{file.path} has become shorter: line {line_of(place)} is gone")
        return trimmed(data)

    def event(self, place: Place) -> Event:
        """The record with all of its texts."""
        return self.read(self.raw(place))

    def read(self, raw: bytes) -> Event:
        """The same of bytes that are at hand."""
        return self._reader.read(raw)

    def size(self, place: Place) -> int:
        """How many bytes a record takes, as far as it was there when the session was read."""
        span = self._files[file_of(place)].span(line_of(place))
        return span[1] if span is not None else 0

    def whole(self, text: Text | Note | None) -> str | None:
        if text is None:
            return None
        head = text.head if isinstance(text, Text) else text.text
        if not text.cut:
            return head
        found = text_of(self.event(text.place))
        return head if found is None else found

    def title(self, session: Session) -> str:
        """The session's title, whole."""
        return self.whole(session.title_prompt) or session.title

    def _at(self, index: int, offset: int, length: int) -> bytes:
        stream = self._streams.get(index)
        if stream is None or self._positions[index] > offset:
            if stream is not None:
                stream.close()
            stream = self._streams[index] = self._sources[index].open()
            self._positions[index] = 0
        try:
            self._skip_to(index, stream, offset)
            data = stream.read(length)
            while len(data) < length and (more := stream.read(length - len(data))):
                data += more
        except (DamagedContainer, OSError) as problem:
            raise Unreadable(f"{self._files[index].path}: {problem}") from problem
        self._positions[index] = offset + len(data)
        return data

    def _skip_to(self, index: int, stream: Unwrapped, offset: int) -> None:
        if stream.wrapping == "plain":
            stream.seek_plain(offset)
            return
        missing = offset - self._positions[index]
        while missing > 0 and (skipped := stream.read(min(missing, 1 << 20))):
            missing -= len(skipped)


class Readable(NamedTuple):
    """A session, and all that its files say."""

    session: Session
    texts: Texts


def text_of(event: Event) -> str | None:
    """The text that an event is about."""
    if isinstance(event, TurnEnded):
        return event.last_message
    if isinstance(event, ToolEnded):
        return event.output
    if isinstance(event, CallMade):
        return event.input
    if isinstance(event, CallOutput | Malformed | SessionHeader):
        return event.text if isinstance(event, CallOutput) else None
    for name in ("text", "message"):
        if name in (field.name for field in dataclasses.fields(event)):
            value = getattr(event, name)
            return value if isinstance(value, str) else None
    return None
