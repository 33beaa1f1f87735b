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
from trace_tui.parsers.fields import Clock, JsonObject, integer, mapping, text, turn_named_in
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
_CLOSE = ord("}")
# How all builds since 0.34 begin a line: 40 bytes of timestamp, perhaps an ordinal, then what it is.
_STAMP = b'{"timestamp":"'
_STAMP_END = b'Z",'
_ORDINAL = b'"ordinal":'
_EVENT = b'"type":"event_msg","payload":{"type":"'
_ITEM = b'"type":"response_item","payload":{"type":"'
_TURN_CONTEXT = b'"type":"turn_context","payload":{'
_RECORD_STARTS = re.compile(rb'\{"timestamp":"')
_LOG_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\s")

# Lines that hold nothing for the model, and may be long: known, and never decoded.
_QUIET_LINES = frozenset(
    {
        b"world_state",
        b"retained_context",
        b"security_risk_score",
        b"realtime_item",
        b"dynamic_tools_updated",
        b"inter_agent_communication_metadata",
    }
)
_QUIET_ITEMS = frozenset({b"additional_tools", b"ghost_snapshot", b"compaction", b"context_compaction"})


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
        return self.read_all([data])[0]

    def read_all(self, lines: Sequence[bytes]) -> list[Event]:
        """The events of many lines; a blank one is `Quiet`.

        Most of a load's time goes here, so the loop is one piece: a call more for each line is felt.
        """
        events: list[Event] = []
        add, routes, clock, whole = events.append, _ROUTES, self._clock, self._whole
        for data in lines:
            at = 40
            if data[40:50] == _ORDINAL:
                at = data.find(b",", 50) + 1
            # `"type":"event_msg","payload":{"type":"token_count"` up to the quote that ends it.
            if data[at : at + 38] == _EVENT:
                end = data.find(b'"', at + 38) + 1
            elif data[at : at + 42] == _ITEM:
                end = data.find(b'"', at + 42) + 1
            else:
                end = data.find(b"{", at) + 1
            kind = data[at:end]
            if kind not in routes or data[:14] != _STAMP or data[37:40] != _STAMP_END:
                add(self._read_loose(data))
                continue
            skimmer, reader = routes[kind]
            event = None
            if data[-1] == _CLOSE and not whole:
                if skimmer is not None:
                    # Unescaped, these bytes begin a record: two on a line are for a patient look.
                    event = skimmer(data, end) if data.find(_STAMP, 14) < 0 else None
                elif kind == _TURN_CONTEXT:
                    event = self._turn_context(data, end)
            if event is None and reader is not None:
                event = _decoded(data, reader)
            if event is None:
                add(self._read_decoded(data))
                continue
            digits = data[31:33] + data[34:37]
            if data[14:31] == clock.minute and digits.isdigit():
                event.at = clock.base + int(digits)
            else:
                event.at = clock.ms_of_bytes(data[14:38])
            if event.at is None:  # no time: neither is the rest to be trusted unseen
                events.append(self._read_decoded(data))
                continue
            if at > 40 and (digits := data[50 : at - 1]).isdigit():
                event.ordinal = int(digits)
            add(event)
        return events

    def _turn_context(self, data: bytes, start: int) -> Event | None:
        """Builds up to 0.101 repeat the same context before every request."""
        body = data[start:]
        if self._last_context is not None and self._last_context[0] == body:
            return copy.copy(self._last_context[1])
        record = decode(data)
        if isinstance(record, Malformed):
            return record
        event = parse_turn_context(mapping(record, "payload"))
        self._last_context = (body, event)
        return event

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


def _decoded(data: bytes, reader: Reader) -> Event | None:
    """None where the line is not what it begins like; it is then looked at more patiently."""
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


def _enveloped(kind: str, payload: JsonObject) -> Event:
    read = _LINES.get(kind)
    if read is not None:
        return read(payload)
    return Quiet() if kind.encode("utf-8", "replace") in _QUIET_LINES else Unknown(type=kind)


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


def _if_long(skimmer: Skimmer) -> Skimmer:
    return lambda data, start: skimmer(data, start) if len(data) >= skim.LONG else None


Route = tuple[Skimmer | None, Reader | None]


def _quiet(_data: bytes, _start: int) -> Event:
    return Quiet()


def _routes() -> dict[bytes, Route]:
    """By line type and payload type: how to skim the line, and how to read it decoded."""
    readers: dict[bytes, Reader] = {line.encode(): reader for line, reader in _LINES.items()}
    readers |= {b"response_item/" + name.encode(): reader for name, reader in RESPONSE_ITEM_READERS.items()}
    readers |= {b"event_msg/" + name.encode(): reader for name, reader in EVENT_MESSAGE_READERS.items()}
    skimmers = dict(_SKIMMERS)
    skimmers |= dict.fromkeys(_QUIET_LINES, _if_long(_quiet))
    skimmers |= {b"response_item/" + name: _if_long(_quiet) for name in _QUIET_ITEMS}
    return {_begun(kind): (skimmers.get(kind), readers.get(kind)) for kind in readers | skimmers}


def _begun(kind: bytes) -> bytes:
    """``event_msg/token_count`` as the bytes that a line of the kind begins with."""
    line, _, payload = kind.partition(b"/")
    return b'"type":"' + line + b'","payload":{' + (b'"type":"' + payload + b'"' if payload else b"")


_SKIMMERS: dict[bytes, Skimmer] = {
    b"event_msg/token_count": skim.token_count,
    b"event_msg/agent_reasoning": skim.reasoning_shown,
    b"event_msg/item_completed": skim.item_end,
    b"event_msg/exec_command_end": skim.command_end,
    b"response_item/reasoning": skim.reasoning,
    b"response_item/message": _if_long(skim.developer_message),
    b"response_item/function_call": skim.function_call,
    b"response_item/function_call_output": skim.call_output,
    b"response_item/custom_tool_call_output": skim.call_output,
    b"response_item/custom_tool_call": _if_long(skim.custom_call),
    b"compacted": _if_long(skim.compacted),
}
_ROUTES = _routes()
