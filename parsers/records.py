"""One record of a session file into one event; the only place that tells the shapes of records apart.

A file may change its shape in the middle (resumed or migrated by another build), so the shape is decided
for each record. Nothing here ever raises: what can't be read becomes `Malformed`, what is new `Unknown`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence

import orjson

from trace_tui.parsers import skim
from trace_tui.parsers.event_messages import EVENT_MESSAGE_READERS, parse_event_message, parse_usage_record
from trace_tui.parsers.events import (
    Compacted,
    Event,
    Malformed,
    Message,
    Quiet,
    Salvaged,
    TurnContext,
    Unknown,
)
from trace_tui.parsers.exec_stream import is_stream_record, parse_stream_record
from trace_tui.parsers.fields import Clock, JsonObject, integer, text, turn_named_in
from trace_tui.parsers.header import parse_bare_header, parse_session_meta, parse_turn_context
from trace_tui.parsers.json_text import loads_patiently
from trace_tui.parsers.lines import trimmed
from trace_tui.parsers.response_items import (
    RESPONSE_ITEM_READERS,
    is_response_item,
    mail_from,
    parse_response_item,
)

_LOST_RECORD = 16
"""So many NUL bytes on a line of their own are no padding: a crash took what stood there."""
_CLOSE = b"}\n"
# How all builds since 0.34 begin a line: 40 bytes of timestamp, perhaps an ordinal, then what it is.
_STAMP = b'{"timestamp":"'
_STAMP_END = b'Z",'
_ORDINAL = b'"ordinal":'
_EVENT = b'"type":"event_msg","payload":{"type":"'
_ITEM = b'"type":"response_item","payload":{"type":"'
_EVENT_TYPE, _ITEM_TYPE = len(_EVENT), len(_ITEM)
_RECORD_STARTS = re.compile(rb'\{"timestamp":"')
_LOG_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\s")

# Lines that hold nothing for the model, and may be long: known, and never decoded.
_QUIET_LINES = frozenset(
    {
        "world_state",
        "retained_context",
        "security_risk_score",
        "realtime_item",
        "dynamic_tools_updated",
        "inter_agent_communication_metadata",
    }
)
_QUIET_ITEMS = frozenset({"additional_tools", "ghost_snapshot", "compaction", "context_compaction"})


def decode(data: bytes) -> JsonObject | Malformed:
    """One JSON object, or what is wrong with it."""
    try:
        record = loads_patiently(data)
    except orjson.JSONDecodeError as problem:
        return Malformed(detail=_plain_reason(data, problem))
    if not isinstance(record, dict):
        return Malformed(
            kind="not_an_object", detail=f"a JSON {type(record).__name__} where an object belongs"
        )
    return record


def _plain_reason(data: bytes, problem: orjson.JSONDecodeError) -> str:
    if data.startswith(b"{") and not data.rstrip().endswith(b"}"):
        return f"cut off after {len(data)} bytes"
    return str(problem)


class RecordReader:
    """Reads records of one file. ``whole`` decodes every text; else long ones give their beginning."""

    def __init__(self, *, whole: bool = False, in_log: bool = False) -> None:
        self._whole = whole
        self._in_log = in_log
        """The records stand between other lines, as in a CI log."""
        self._clock = Clock()
        self._last_context: tuple[bytes, TurnContext] | None = None

    def read(self, data: bytes) -> Event:
        return self.read_all([data if data.endswith(b"\n") else data + b"\n"])[0]

    def read_all(self, lines: Sequence[bytes]) -> list[Event]:
        """The events of many lines, each with its newline; a blank one is `Quiet`.

        Most of a load's time goes here, so the loop is one piece: a call more for each line is felt.
        """
        events: list[Event] = []
        add, clock, whole = events.append, self._clock, self._whole
        for data in lines:
            begin = 40
            if data[40:50] == _ORDINAL:
                begin = data.find(b",", 50) + 1
            # The first letters of the line's type tell where its payload's type stands, if it has one.
            letters = data[begin + 8 : begin + 11]
            if letters == b"res":
                end = data.find(b'"', begin + _ITEM_TYPE)
            elif letters == b"eve":
                end = data.find(b'"', begin + _EVENT_TYPE)
            else:
                end = data.find(b"{", begin)
            route = _ROUTES.get(data[begin:end])
            if route is None or data[:14] != _STAMP or data[37:40] != _STAMP_END:
                add(self._read_loose(data))
                continue
            skimmer, shortest, reader = route
            event = None
            if skimmer is not None and len(data) >= shortest and data[-2:] == _CLOSE and not whole:
                # Unescaped, the bytes searched for begin a record: two on a line are for a patient look.
                event = skimmer(data, end + 1) if data.find(_STAMP, 14) < 0 else None
            if event is None:
                event = self._decoded(data, reader) if reader is not None else None
                if event is None:
                    add(self._read_decoded(data))
                    continue
            if data[14:31] == clock.minute and (digits := data[31:33] + data[34:37]).isdigit():
                event.at = clock.base + int(digits)
            elif (at := clock.ms_of_bytes(data[14:38])) is not None:
                event.at = at
            else:  # no time: neither is the rest to be trusted unseen
                add(self._read_decoded(data))
                continue
            if begin > 40 and (digits := data[50 : begin - 1]).isdigit():
                event.ordinal = int(digits)
            add(event)
        return events

    def _decoded(self, data: bytes, reader: Reader) -> Event | None:
        """None where the line is not what it begins like; it is then looked at more patiently."""
        if reader is parse_turn_context:
            return self._turn_context(data)
        try:
            record = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        payload = record.get("payload")
        if not isinstance(payload, dict):
            return None
        event = reader(payload)
        if event.turn_id is None:
            event.turn_id = turn_named_in(payload)
        if "metadata" in record:
            _apply_metadata(event, record["metadata"])
        return event

    def _turn_context(self, data: bytes) -> Event | None:
        """Builds up to 0.101 repeat the same context before every request."""
        body = data[38:]
        if self._last_context is not None and self._last_context[0] == body:
            return copy.copy(self._last_context[1])
        record = decode(data)
        if isinstance(record, Malformed) or not isinstance(record.get("payload"), dict):
            return None
        event = parse_turn_context(record["payload"])
        self._last_context = (body, event)
        return copy.copy(event)

    def _read_decoded(self, data: bytes) -> Event:
        record = decode(data)
        if isinstance(record, Malformed):
            return self._salvage(data, record)
        return self._event(record)

    def _read_loose(self, data: bytes) -> Event:
        """A record whose keys stand in another order, or in a line with something before them."""
        whole, data = data, trimmed(data)
        if not data:
            lost = whole.count(b"\x00")
            if lost < _LOST_RECORD:
                return Quiet()
            return Malformed(kind="nul_bytes", detail=f"{lost} NUL bytes where a record should be")
        if self._in_log and not data.startswith(b"{"):
            return self._read_from_log(data)
        return self._read_decoded(data)

    def _read_from_log(self, data: bytes) -> Event:
        start = data.find(b'{"')
        record = decode(data[start:]) if start >= 0 else Malformed()
        if isinstance(record, Malformed) or not is_stream_record(record):
            return Quiet()
        event = self._event(record)
        if event.at is None and (stamp := _LOG_STAMP.search(data, 0, start)):
            event.at = self._clock.ms(stamp[1].decode())
        return event

    def _salvage(self, data: bytes, problem: Malformed) -> Event:
        """A torn write may have other records right behind it, on the same line."""
        if self._in_log:
            return Quiet()
        starts = [match.start() for match in _RECORD_STARTS.finditer(data)]
        if not starts or starts == [0]:
            return problem
        events: list[Event] = []
        seen: set[bytes] = set()
        good = 0
        first = 0
        while first < len(starts):
            # A record may hold the same bytes as a part of its own, so a piece can be too short.
            for last in range(first + 1, min(first + 4, len(starts) + 1)):
                piece = trimmed(data[starts[first] : starts[last] if last < len(starts) else len(data)])
                record = decode(piece)
                if not isinstance(record, Malformed):
                    if piece not in seen:  # what is written twice is meant once
                        events.append(self._event(record))
                    seen.add(piece)
                    good += len(piece)
                    first = last - 1
                    break
            first += 1
        if not events:
            return problem
        lost = len(trimmed(data)) - good
        detail = f"{lost} bytes of a torn record on this line" if lost > 2 else "several records on one line"
        return Salvaged(events, detail, at=events[-1].at, ordinal=events[-1].ordinal)

    def _event(self, record: JsonObject) -> Event:
        kind, payload = record.get("type"), record.get("payload")
        if isinstance(payload, dict) and isinstance(kind, str):
            event = _enveloped(kind, payload)
            event.ordinal = integer(record, "ordinal")
            _apply_metadata(event, record.get("metadata"))
        elif is_stream_record(record):
            event = parse_stream_record(record)
        else:
            event = _bare(record)
            if isinstance(event, Message):
                event.bare = True
        event.at = self._clock.ms(record.get("timestamp"))
        return event


def _enveloped(kind: str, payload: JsonObject) -> Event:
    read = _LINES.get(kind)
    if read is not None:
        return read(payload)
    return Quiet() if kind in _QUIET_LINES else Unknown(type=kind)


def _apply_metadata(event: Event, metadata: object) -> None:
    if isinstance(event, Message) and isinstance(metadata, dict):
        event.for_compaction = metadata.get("compaction_output") is True
        event.inherited = metadata.get("inherited_user_message") is True


def _bare(record: JsonObject) -> Event:
    kind = record.get("type")
    if is_response_item(kind):
        return parse_response_item(record)
    if "record_type" in record:
        return Quiet()
    if kind is None and "id" in record and "timestamp" in record:
        return parse_bare_header(record)
    return Unknown(type=kind if isinstance(kind, str) else "record without a type")


def _compacted(payload: JsonObject) -> Event:
    return Compacted(text=text(payload, "message") or "")


def _inter_agent_mail(payload: JsonObject) -> Event:
    content = text(payload, "content") or ""
    return mail_from(payload, content, sealed=payload.get("encrypted_content") is not None)


_LINES: dict[str, Callable[[JsonObject], Event]] = {
    "session_meta": parse_session_meta,
    "turn_context": parse_turn_context,
    "response_item": parse_response_item,
    "event_msg": parse_event_message,
    "token_usage_record": parse_usage_record,
    "compacted": _compacted,
    "inter_agent_communication": _inter_agent_mail,
}

Skimmer = Callable[[bytes, int], Event | None]
Reader = Callable[[JsonObject], Event]
Route = tuple[Skimmer | None, int, Reader | None]
"""How to skim a line, how long it must be for that to pay, and how to read it decoded."""


def _quiet(_data: bytes, _start: int) -> Event:
    return Quiet()


def _routes(
    form: bytes, readers: dict[str, Reader], skimmers: dict[str, tuple[Skimmer, int]]
) -> dict[bytes, Route]:
    """By the bytes from a line's type to what tells the rest of its kind."""
    no_skimmer: tuple[None, int] = (None, 0)
    return {
        form % kind.encode(): (*skimmers.get(kind, no_skimmer), readers.get(kind))
        for kind in readers | skimmers
    }


_EVENTS = _routes(
    _EVENT + b"%b",
    EVENT_MESSAGE_READERS,
    {
        "token_count": (skim.token_count, 0),
        "agent_reasoning": (skim.reasoning_shown, 0),
        "item_completed": (skim.item_end, 0),
        "exec_command_end": (skim.command_end, 0),
    },
)
_ITEMS = _routes(
    _ITEM + b"%b",
    RESPONSE_ITEM_READERS,
    {
        "reasoning": (skim.reasoning, 0),
        "function_call": (skim.function_call, 0),
        "function_call_output": (skim.call_output, 0),
        "custom_tool_call_output": (skim.call_output, 0),
        "message": (skim.developer_message, skim.LONG),
        "custom_tool_call": (skim.custom_call, skim.LONG),
        **dict.fromkeys(_QUIET_ITEMS, (_quiet, skim.LONG)),
    },
)
_OTHERS = _routes(
    b'"type":"%b","payload":',
    _LINES,
    {"compacted": (skim.compacted, skim.LONG), **dict.fromkeys(_QUIET_LINES, (_quiet, skim.LONG))},
)
_ROUTES = _OTHERS | _EVENTS | _ITEMS
