"""Finds words in the texts of one session, whole ones, out of its files; the app runs it in a thread.

Decoding every record would take a hundred times longer than looking at bytes. So a record is decoded only
when its bytes hold those pieces of the words that look the same however a text was written into JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple, Self

import orjson

from trace_tui.errors import Unreadable
from trace_tui.model import (
    Call,
    Item,
    Note,
    NoteKind,
    Place,
    Session,
    SessionFile,
    Text,
    Tool,
    Turn,
    file_of,
    line_of,
)
from trace_tui.parsers.commands import shown_command
from trace_tui.parsers.containers import DamagedContainer
from trace_tui.parsers.events import CallMade, CallOutput, Event, Message, Salvaged, ToolEnded, ToolStarted
from trace_tui.parsers.formats import Format
from trace_tui.parsers.injected import worker_notice
from trace_tui.parsers.lines import trimmed
from trace_tui.parsers.outputs import read_output
from trace_tui.parsers.records import RecordReader
from trace_tui.reading import BLOCK, SLICE
from trace_tui.sources import Source
from trace_tui.texts import text_of

HITS_KEPT = 10_000
"""A search ends here: nobody steps through more, and each one keeps memory."""
_PIECES_TRIED = 4
_SORTED_AT_ONCE = 1 << 12
"""Lines."""

# What JSON never escapes, in the files that Codex writes: quotes, backslashes and what some writers spell
# \u0026 are missing. The second is for texts that are made of what the record says (a command line of its
# words, arguments written anew): of them only words stay as they are.
_VERBATIM = re.compile(r"[\w \-./:;,()\[\]{}@#%*=|~?!^$]+", re.ASCII)
_RESHAPED = re.compile(r"[\w\-.]+", re.ASCII)

_FOLD_TO_ASCII = "ßİŉſǰẖẗẘẙẚẞ\u212aﬀﬁﬂﬃﬄﬅﬆ"
"""All characters that become ASCII letters when case is folded; the unreadable one is the Kelvin sign."""
_CONTROL = b"\\u001"
_COLOUR_CODE = re.compile(rb"\\u001b\[[0-?]*[ -/]*[@-~]")
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")

_SEALED = "gAAAA"
_OF_CALLS = CallMade | CallOutput | ToolStarted | ToolEnded

_AT_HAND, _AS_WRITTEN, _MADE_OF_WORDS, _MADE_UP = range(4)
"""How a text stands in its record: not needed there, verbatim, in pieces, or not at all."""
_MADE_UP_NOTES = (NoteKind.PLAN, NoteKind.NOTE, NoteKind.MODEL_CHANGE)

_Target = tuple[Place, int, Turn, "Item | Text"]
"""A record to look at, how its text stands in it, and whose text it is."""
_Readings = list[list[str]]
"""A text in the forms in which a person may see it; each form may be several strings."""
_NOTE_WORDS = {NoteKind.MODEL_CHANGE: "model change", NoteKind.AGENT_MESSAGE: "mail"}


class Hit(NamedTuple):
    turn: Turn
    item: Item | None
    """None for the turn's own prompt or final answer, where no item stands for it."""
    times: int
    where: str
    """``prompt``, ``message``, ``reasoning``, ``command``, ``output``, ``answer``…"""


class Search:
    """One search; words without upper-case letters find both cases. Stop it by not going on."""

    def __init__(self, session: Session, sources: list[Source], words: str) -> None:
        by_path = {source.path: source for source in sources}
        self._sources = [by_path[file.path] for file in session.files]
        self._session = session
        self._words = _Words(words)
        self._records = RecordReader(whole=True, in_log=session.format.is_log)
        self._left = HITS_KEPT
        self.read = 0
        self.total = sum(file.end for file in session.files)
        self.is_cut = False
        """There are more hits than `HITS_KEPT`."""

    def steps(self) -> Iterator[list[Hit]]:
        """Works a little at each step and yields what it found: in the order of the files, often nothing."""
        if self._words.wanted:
            targets = _Targets(in_stream=self._session.format is Format.EXEC_STREAM)
            for turn in self._session.turns:
                targets.add_turn(turn)
                yield []
            for index, own in groupby(targets.in_order(), key=_file_of_target):
                for hits in self._search_file(own, index):
                    yield hits
                    if self.is_cut:
                        return
        self.read = self.total

    def _search_file(self, targets: Iterable[_Target], index: int) -> Iterator[list[Hit]]:
        files = self._session.files
        before = sum(file.end for file in files[:index])
        with _Window(self._sources[index], files[index]) as window:
            for batch, begin, end in _batches(targets, files[index]):
                data = _Slice(window.piece(begin, end), begin, self._words)
                hits = [hit for target, *span in batch for hit in self._hits(target, data, *span)]
                self.is_cut = len(hits) > self._left
                hits = hits[: self._left]
                self._left -= len(hits)
                self.read = before + end
                yield hits

    def _hits(self, target: _Target, data: _Slice, offset: int, length: int) -> Iterable[Hit]:
        place, form, turn, subject = target
        if form == _AT_HAND:
            assert not isinstance(subject, Call)
            return self._counted(turn, subject, _word_for(turn, subject), [[_seen_note(_head(subject))]])
        if not data.may_hold(offset, length, form):
            return ()
        event = self._records.read(trimmed(data.line(offset, length)))
        return [
            hit
            for meant in _meant(event, subject)
            for where, readings in _told(meant, place, turn, subject)
            for hit in self._counted(turn, subject, where, readings)
        ]

    def _counted(self, turn: Turn, subject: Item | Text, where: str, readings: _Readings) -> list[Hit]:
        times = max(sum(map(self._words.times_in, reading)) for reading in readings)
        return [Hit(turn, None if isinstance(subject, Text) else subject, times, where)] if times else []


class _Words:
    """What is searched for, and how to see in the bytes of a record that it can't be there."""

    def __init__(self, words: str) -> None:
        words = _seen(words)
        self.both_cases = not any(letter.isupper() for letter in words)
        self.wanted = words.casefold() if self.both_cases else words
        self.is_ascii = self.wanted.isascii()
        self.pieces: dict[int, list[bytes]] = {
            _AS_WRITTEN: _longest(_VERBATIM.findall(self.wanted)),
            _MADE_OF_WORDS: _longest(_RESHAPED.findall(self.wanted)),
        }
        self.stand_ins = list(_stand_ins(self.wanted)) if self.both_cases else []
        self.may_be_escaped = bool(self.stand_ins) or not self.is_ascii

    def times_in(self, text: str) -> int:
        return (text.casefold() if self.both_cases else text).count(self.wanted)


def _longest(pieces: list[str]) -> list[bytes]:
    return [piece.encode() for piece in sorted(set(pieces), key=len, reverse=True)[:_PIECES_TRIED]]


def _stand_ins(wanted: str) -> Iterator[bytes]:
    """Characters that may be a part of the words once case is folded, though other bytes are written."""
    for letter in _FOLD_TO_ASCII:
        folded = letter.casefold()
        is_part = folded in wanted or wanted in folded
        if is_part or any(
            wanted.startswith(folded[at:]) or wanted.endswith(folded[:at]) for at in range(1, len(folded))
        ):
            yield letter.encode()
            yield b"\\u%04x" % ord(letter)


class _Slice:
    """The bytes of some neighbouring records."""

    def __init__(self, data: bytes, begin: int, words: _Words) -> None:
        self._data = data
        self._begin = begin
        self._words = words
        self._comparable = data.lower() if words.both_cases else data
        self._is_ascii = data.isascii()
        self._has_controls = _CONTROL in data
        self._has_letters_escaped = words.may_be_escaped and data.count(b"\\u") > data.count(_CONTROL)
        self._stand_ins = [mark for mark in words.stand_ins if self._has(mark)]
        self._is_hopeless = not self._may_be_within(words.pieces[_MADE_OF_WORDS], 0, len(data))

    def line(self, offset: int, length: int) -> bytes:
        start = offset - self._begin
        return self._data[start : start + length]

    def may_hold(self, offset: int, length: int, form: int) -> bool:
        if form == _MADE_UP:
            return True
        start = offset - self._begin
        end = start + length
        if self._is_hopeless or not self._may_be_within(self._words.pieces[form], start, end):
            return False
        return self._words.is_ascii or self._is_beyond_ascii(start, end)

    def _has(self, mark: bytes) -> bool:
        if mark.isascii():
            return self._has_letters_escaped and mark in self._comparable
        # A single byte is found ten times as quickly, and most of these are rare.
        return not self._is_ascii and mark[:1] in self._comparable and mark in self._comparable

    def _may_be_within(self, pieces: list[bytes], start: int, end: int) -> bool:
        find = self._comparable.find
        missing = [piece for piece in pieces if find(piece, start, end) < 0]
        if not missing or any(find(mark, start, end) >= 0 for mark in self._stand_ins):
            return True
        if not self._has_controls or find(_CONTROL, start, end) < 0:
            return False
        written = self._comparable[start:end]
        if b"\\\\u" in written:
            written = written.replace(b"\\\\u", b"\\u")
        plain = _COLOUR_CODE.sub(b"", written)
        return _CONTROL in plain or all(piece in plain for piece in missing)

    def _is_beyond_ascii(self, start: int, end: int) -> bool:
        if not self._is_ascii and not self._data[start:end].isascii():
            return True
        return self._has_letters_escaped and self._data.find(b"\\u", start, end) >= 0


class _Window:
    """Pieces of one file, each behind the one before; it is read once and in blocks (`reading.BLOCK`)."""

    def __init__(self, source: Source, file: SessionFile) -> None:
        self._file = file
        self._stream = source.open()
        self._begin = 0
        self._data = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def piece(self, begin: int, end: int) -> bytes:
        if end > self._begin + len(self._data):
            try:
                self._read_on(begin, min(max(end, begin + BLOCK), self._file.end))
            except (DamagedContainer, OSError) as problem:
                raise Unreadable(f"{self._file.path}: {problem}") from problem
        found = self._data[begin - self._begin : end - self._begin]
        if len(found) < end - begin:
            raise Unreadable(f"{self._file.path} has become shorter since it was read")
        return found

    def _read_on(self, begin: int, end: int) -> None:
        position = self._begin + len(self._data)
        kept = [self._data[begin - self._begin :]]
        if begin > position:
            self._skip(position, begin)
        self._begin, missing = begin, end - max(begin, position)
        while missing > 0 and (read := self._stream.read(missing)):
            kept.append(read)
            missing -= len(read)
        self._data = b"".join(kept)

    def _skip(self, position: int, begin: int) -> None:
        if self._stream.wrapping == "plain":
            self._stream.seek_plain(begin)
            return
        while position < begin and (skipped := self._stream.read(min(begin - position, BLOCK))):
            position += len(skipped)


def _batches(
    targets: Iterable[_Target], file: SessionFile
) -> Iterator[tuple[list[tuple[_Target, int, int]], int, int]]:
    """Neighbours, each with offset and length, and where all begin and end: a few milliseconds' work."""
    batch: list[tuple[_Target, int, int]] = []
    begin = end = 0
    for target in targets:
        span = file.span(line_of(target[0]))
        if span is None:
            raise Unreadable(f"{file.path} has no line {line_of(target[0])}")
        offset, length = span
        if batch and offset + length - begin > SLICE:
            yield batch, begin, end
            batch = []
        if not batch:
            begin = offset
        end = offset + length
        batch.append((target, offset, length))
    if batch:
        yield batch, begin, end


# -- whose texts they are ----------------------------------------------------


def _file_of_target(target: _Target) -> int:
    return file_of(target[0])


class _Targets:
    """All records whose texts are the session's own, each text once.

    In columns: a tuple for each would be half of the time, all of it spent by the collector of garbage.
    """

    def __init__(self, *, in_stream: bool) -> None:
        self._places: list[Place] = []
        self._forms: list[int] = []
        self._turns: list[Turn] = []
        self._subjects: list[Item | Text] = []
        self._neighbours: dict[int, list[int]] = {}
        """Indexes, roughly in order: sorting all at once would keep other threads out all the while."""
        self._in_stream = in_stream

    def in_order(self) -> Iterator[_Target]:
        """As they stand in the files."""
        for some in sorted(self._neighbours):
            for index in sorted(self._neighbours[some], key=self._places.__getitem__):
                yield self._places[index], self._forms[index], self._turns[index], self._subjects[index]

    def add_turn(self, turn: Turn) -> None:
        said: set[Place] = set()
        for item in turn.items:
            if isinstance(item, Call):
                self._add_call(item, turn)
                for call in item.nested or ():
                    self._add_call(call, turn)
            else:
                said.add(item.place)
                self._add(item.place, _note_form(item), turn, item)
        for text in _texts_of_turn(turn):
            if text.place not in said:
                self._add(text.place, _AS_WRITTEN if text.cut else _AT_HAND, turn, text)

    def _add_call(self, call: Call, turn: Turn) -> None:
        place, told = call.place, call.output_place
        if told is None:
            told = call.item_place
        # The harness tells of a patch by its files, out of which a summary is made.
        summed_up = call.tool is Tool.PATCH and (self._in_stream or place == call.item_place)
        self._add(place, _MADE_UP if summed_up else _MADE_OF_WORDS, turn, call)
        if told is not None and told != place:
            form = _MADE_UP if call.tool is Tool.TOOL_SEARCH else _AS_WRITTEN
            self._add(told, form, turn, call)

    def _add(self, place: Place, form: int, turn: Turn, subject: Item | Text) -> None:
        self._neighbours.setdefault(place // _SORTED_AT_ONCE, []).append(len(self._places))
        self._places.append(place)
        self._forms.append(form)
        self._turns.append(turn)
        self._subjects.append(subject)


def _note_form(note: Note) -> int:
    if not note.cut:
        return _AT_HAND
    return _MADE_UP if note.kind in _MADE_UP_NOTES else _AS_WRITTEN


def _texts_of_turn(turn: Turn) -> list[Text]:
    """What was asked, and the answer where no message says the same."""
    texts = [turn.prompt] if turn.prompt is not None else []
    texts += turn.steered
    answer = turn.final_answer
    if answer is not None and not any(
        isinstance(item, Note) and item.kind is NoteKind.MESSAGE and item.text == answer.head
        for item in reversed(turn.items)
    ):
        texts.append(answer)
    return texts


def _word_for(turn: Turn, subject: Note | Text) -> str:
    if isinstance(subject, Note):
        return _NOTE_WORDS.get(subject.kind, subject.kind.value)
    return "prompt" if subject == turn.prompt or subject in turn.steered else "answer"


def _head(subject: Note | Text) -> str:
    return subject.text if isinstance(subject, Note) else subject.head


# -- what a person sees of a record ------------------------------------------


def _seen(text: str) -> str:
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _seen_note(text: str) -> str:
    notice = worker_notice(text)
    return _seen(text if notice is None else "\n".join(notice))


def _meant(event: Event, subject: Item | Text) -> list[Event]:
    """A torn write may have left several records on one line."""
    if not isinstance(event, Salvaged):
        return [event]
    if isinstance(subject, Call):
        of_calls = CallMade | CallOutput | ToolStarted | ToolEnded
        return [
            told for told in event.events if isinstance(told, of_calls) and told.call_id == subject.call_id
        ]
    head = _head(subject)
    return [told for told in event.events if (text_of(told) or "").startswith(head)][:1]


def _told(event: Event, place: Place, turn: Turn, subject: Item | Text) -> Iterator[tuple[str, _Readings]]:
    if isinstance(subject, Call):
        yield from _told_of_call(event, place, subject)
        return
    text = text_of(event)
    yield _word_for(turn, subject), [[_seen_note(_head(subject) if text is None else text)]]


def _told_of_call(event: Event, place: Place, call: Call) -> Iterator[tuple[str, _Readings]]:
    is_first = place == call.place
    if isinstance(event, CallMade):
        yield "command", _inputs(event, call)
    elif isinstance(event, CallOutput):
        yield "output", _outputs(event.text)
    elif isinstance(event, ToolStarted | ToolEnded) and is_first:
        yield "command", [[_seen(event.summary)]]
    elif isinstance(event, Message):  # a person's own command, as the model is told of it
        command, _, result = event.text.partition("</command>")
        yield "command", [[_seen(command.rpartition("<command>")[2].strip("\n"))]]
        yield "output", [[_seen(result.partition("<result>")[2].rpartition("</result>")[0])]]
    if isinstance(event, ToolEnded) and call.output_place is None:
        yield "output", [[_seen(event.output or event.error or "")]]


def _inputs(event: CallMade, call: Call) -> _Readings:
    """A command as typed, a patch or script as written, other arguments as JSON or each by itself."""
    if event.arguments is None:
        return [[_seen(event.input)]]
    command = event.arguments.get("cmd", event.arguments.get("command"))
    if call.tool is Tool.EXEC and command is not None:
        return [[_seen(shown_command(command))]]
    readable = event.arguments
    if call.tool is Tool.AGENT:
        readable = {key: value for key, value in readable.items() if not _is_sealed(value)}
    written = orjson.dumps(readable, option=orjson.OPT_INDENT_2, default=str).decode()
    return [[written], [_seen(text) for text in _strings(readable)]]


def _is_sealed(value: object) -> bool:
    return isinstance(value, str) and value.startswith(_SEALED)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings(part)


def _outputs(text: str) -> _Readings:
    """As it was given to the model, and without the JSON that builds of 2025 put around it."""
    if not text.startswith('{"'):
        return [[_seen(text)]]
    return [[_seen(text)], [_seen(read_output(text).body)]]
