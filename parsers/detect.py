"""What kind of session a file is, by its content alone: never by its name, its date or a version.

The first record of a known shape decides. A file that is none gets a precise reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from trace_tui.parsers.exec_stream import is_stream_record
from trace_tui.parsers.fields import JsonObject
from trace_tui.parsers.formats import Format
from trace_tui.parsers.response_items import is_response_item
from trace_tui.parsers.typescript import looks_like_typescript

_HEADER_START = re.compile(rb'\{"timestamp":"[^"]*",("ordinal":\d+,)?"type":"session_meta","payload":\{')

_LINE_TYPE = re.compile(rb'"type":"(?:session_meta|response_item|event_msg|turn_context|compacted)"')
_BARE_TYPE = re.compile(
    rb'"type":"(?:message|reasoning|function_call|function_call_output|local_shell_call)"'
)
_KEYS_WITHIN = 1 << 16

HEAD_SIZE = 1 << 18
"""How many bytes of a file `detect` wants to see, if it has as many."""


class NotASession(Exception):
    """The file is something else; the message says what, for people."""


def detect(head: bytes) -> Format:
    content = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x00")
    if not content:
        raise NotASession("the file is empty" if not head else "the file holds only blanks or NUL bytes")
    if content.startswith(b"version https://git-lfs.github.com/"):
        raise NotASession("a Git-LFS pointer: the session itself was not downloaded (git lfs pull)")
    if looks_like_typescript(content):
        return Format.TYPESCRIPT
    first_json: JsonObject | None = None
    for line in _lines(content):
        if (header := _HEADER_START.match(line)) and line.endswith(b"}"):
            paginated = header[1] is not None or b',"history_mode":"paginated"' in line
            return Format.PAGINATED if paginated else Format.ROLLOUT
        record = _object_in(line)
        if record is None:
            if found := _cut_record(line):
                return found
            continue
        if found := _shape(record):
            return found
        first_json = first_json or record
    raise NotASession(_reason(content, first_json))


def _lines(content: bytes) -> Iterator[bytes]:
    """One by one: mostly the first is enough."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = end if end >= 0 else len(content)
        yield content[start:end]
        start = end + 1


def _object_in(line: bytes) -> JsonObject | None:
    start = line.find(b"{")
    if start < 0:
        return None
    try:
        record = orjson.loads(line[start:].rstrip(b" \t\r\x00"))
    except orjson.JSONDecodeError:
        return None
    # A log may hold anything before a record of a stream, other formats nothing.
    return record if isinstance(record, dict) and (start == 0 or is_stream_record(record)) else None


def _shape(record: JsonObject) -> Format | None:
    kind, payload = record.get("type"), record.get("payload")
    if isinstance(kind, str) and isinstance(payload, dict):
        return _envelope_shape(record, payload) if "timestamp" in record else None
    if is_stream_record(record) and kind != "error":
        return Format.EXEC_STREAM
    if is_response_item(kind):
        return Format.BARE if "role" in record or "call_id" in record or "summary" in record else None
    if kind is None and "id" in record and "timestamp" in record:
        return Format.BARE if "instructions" in record or "git" in record else None
    return Format.BARE if record.get("record_type") == "state" else None


def _envelope_shape(record: JsonObject, payload: JsonObject) -> Format:
    if payload.get("history_mode") == "paginated" or "ordinal" in record:
        return Format.PAGINATED
    return Format.ROLLOUT


def _cut_record(line: bytes) -> Format | None:
    """A first record longer than what `detect` was given, or torn, is known by its keys."""
    beginning = line[:_KEYS_WITHIN].replace(b'": ', b'":')
    if not beginning.startswith(b"{"):
        return None
    if b'"payload":' in beginning and b'"timestamp":"' in beginning and _LINE_TYPE.search(beginning):
        return Format.PAGINATED if b'"ordinal":' in beginning else Format.ROLLOUT
    is_item = _BARE_TYPE.search(beginning) and (b'"role":"' in beginning or b'"call_id":"' in beginning)
    is_header = b'"id":"' in beginning and b'"timestamp":"' in beginning and b'"instructions":' in beginning
    return Format.BARE if is_item or is_header else None


def _reason(content: bytes, first_json: JsonObject | None) -> str:
    if first_json is not None:
        keys = ", ".join(list(first_json)[:5]) or "none"
        return f"JSON, but not a Codex session: no record has its shape (keys of the first: {keys})"
    sample = content[:4096]
    if b"\x00" in sample or sum(byte < 9 for byte in sample) > len(sample) // 20:
        return "binary data, not a Codex session"
    if content[:1] in b"{[":
        return "JSON that breaks off or is damaged, and no record of a Codex session in it"
    return "text without a single record of a Codex session"
