"""Reads the facts of a long line without decoding all of it.

Everything here rests on one property of JSON: inside a string every quote is written ``\\"``, so the
bytes ``,"some_key":`` can only ever be a key of the line itself, never part of a text. Each function
returns None where the line is not as expected; the caller then decodes the whole line.
"""

from __future__ import annotations

import re

import orjson

from trace_tui.parsers.events import (
    CallMade,
    CallOutput,
    Compacted,
    Event,
    Quiet,
    Reasoning,
    TokenCount,
    ToolEnded,
    Usage,
)
from trace_tui.parsers.items import command_execution
from trace_tui.parsers.outputs import wrapped_verdict
from trace_tui.parsers.response_items import parse_response_item

LONG = 2048
"""Shorter lines are mostly decoded whole: that is as quick, and needs no care."""

_KEPT = 480
_TAIL = 400

_OUTPUT_START = re.compile(rb',"call_id":"([^"\\]{1,200})",(?:"\w+":"[^"\\]*",)*"output":"')
_INPUT_START = re.compile(rb',"input":"')
_DEVELOPER = re.compile(rb'(?:"id":"[^"\\]*",)?"role":"developer"')
_EXIT_CODE = re.compile(rb',"exit_code":(-?\d{1,10})[,}]')
_DURATION = re.compile(rb',"duration":(\{"secs":\d{1,12},"nanos":\d{1,12}\})')
_STATUS = re.compile(rb',"status":"(\w{1,20})"')
_STARTED = re.compile(rb',"started_at_ms":(\d{1,15})')
_COMPLETED = re.compile(rb',"completed_at_ms":(\d{1,15})')
_PATCH_FILE = re.compile(rb'(?:"|\\n)\*\*\* (?:Add|Update|Delete) File: ((?:[^"\\]|\\[^n"])+)')
_LONG_TEXT_KEYS = (b',"stdout":"', b',"aggregated_output":"', b',"formatted_output":"')
_COUNTS = (
    rb'\{"input_tokens":(\d{1,15}),"cached_input_tokens":(\d{1,15}),(?:"cache_write_input_tokens":(\d{1,15}),)?'
    rb'"output_tokens":(\d{1,15}),"reasoning_output_tokens":(\d{1,15}),"total_tokens":(\d{1,15})\}'
)
_TOKEN_COUNT = re.compile(
    rb',"info":\{"total_token_usage":'
    + _COUNTS
    + rb',"last_token_usage":'
    + _COUNTS
    + rb',"model_context_window":(\d{1,15}|null)\}'
)
_PASSTHROUGH = re.compile(rb',"internal_chat_message_metadata_passthrough":\{"turn_id":"([^"\\]{1,80})"')


def beginning(line: bytes, start: int) -> str | None:
    """The first characters of the JSON string whose content starts at ``start``."""
    piece = line[start : start + _KEPT]
    if (cut := piece.rfind(b"\\", -12)) >= 0:
        while cut > 0 and piece[cut - 1] == 0x5C:
            cut -= 1
        piece = piece[:cut]
    try:
        decoded = orjson.loads(b'"' + piece.decode("utf-8", "ignore").encode() + b'"')
    except orjson.JSONDecodeError:
        return None
    return decoded if isinstance(decoded, str) else None


def call_output(line: bytes, start: int) -> Event | None:
    match = _OUTPUT_START.search(line, start - 1, start + 600)
    if match is None or (head := beginning(line, match.end())) is None:
        return None
    event = CallOutput(
        call_id=match[1].decode("ascii", "replace"), text=head, cut=True, size=len(line) - match.end()
    )
    if head.startswith('{"output"') or head.startswith('{"metadata"'):
        tail = line[-_TAIL:].decode("utf-8", "replace")
        event.exit_code, event.seconds = wrapped_verdict(tail)
        if event.exit_code is None:
            return None
    return event


def token_count(line: bytes, start: int) -> Event | None:
    """A third of all lines in some files; their keys have kept one order since 0.34."""
    match = _TOKEN_COUNT.match(line, start)
    if match is None:
        return None
    counts = [int(digits or 0) for digits in match.groups()[:-1]]
    window = match[13]
    return TokenCount(
        total=Usage._make(counts[0:5]),
        last=Usage._make(counts[6:11]),
        context_used=counts[11],
        window=None if window == b"null" else int(window),
    )


def reasoning(line: bytes, start: int) -> Event | None:
    """Only whether there is a summary to read, or nothing but sealed text."""
    if (at := line.find(b',"summary":', start, start + 200)) < 0:
        return None
    return Reasoning(sealed=line.startswith(b"[]", at + 11) and b',"content":[' not in line[at : at + 40])


def reasoning_shown(line: bytes, start: int) -> Event | None:
    return Reasoning(twin=True)


def compacted(line: bytes, start: int) -> Event | None:
    end = line.find(b',"replacement_history":', start)
    record = _cut(line, end, b"}}") if end > 0 else None
    if record is None:
        return None
    message = record["payload"].get("message")
    return Compacted(text=message if isinstance(message, str) else "")


def developer_message(line: bytes, start: int) -> Event | None:
    return Quiet() if _DEVELOPER.match(line, start + 1) else None


def custom_call(line: bytes, start: int) -> Event | None:
    """A call whose input is a long text: a patch or a script."""
    match = _INPUT_START.search(line, start, start + 800)
    if match is None:
        return None
    record = _cut(line, match.start(), b"}}")
    head = beginning(line, match.end())
    if record is None or head is None:
        return None
    event = parse_response_item(record["payload"])
    if not isinstance(event, CallMade):
        return None
    event.input, event.cut = head, True
    if turn := _PASSTHROUGH.search(line, match.end()):
        event.turn_id = turn[1].decode("ascii", "replace")
    if head.startswith("*** Begin Patch"):
        files = [name.decode("utf-8", "replace").strip() for name in _PATCH_FILE.findall(line, match.end())]
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        added, removed = line.count(rb"\n+", match.end()), line.count(rb"\n-", match.end())
        counts = f" (+{added} −{removed})" if added or removed else ""
        event.summary = files[0] + counts + more if files else None
    return event


def item_end(line: bytes, start: int) -> Event | None:
    return _command_end(line, start, in_item=True)


def command_end(line: bytes, start: int) -> Event | None:
    return _command_end(line, start, in_item=False)


def _command_end(line: bytes, start: int, *, in_item: bool) -> Event | None:
    """A finished command with a long output: all that is short, none of the texts."""
    ends = [at for key in _LONG_TEXT_KEYS if (at := line.find(key, start)) >= 0]
    if not ends:
        return None
    record = _cut(line, min(ends), b"}}}" if in_item else b"}}")
    if record is None:
        return None
    payload = record["payload"]
    item = payload.get("item") if in_item else payload
    if not isinstance(item, dict) or (in_item and item.get("type") != "CommandExecution"):
        return None
    if not in_item:
        item["id"] = item.get("call_id")
    event = command_execution(item)
    turn_id = payload.get("turn_id")
    event.turn_id = turn_id if isinstance(turn_id, str) else None
    _add_late_facts(event, line, min(ends))
    return event


def _add_late_facts(event: ToolEnded, line: bytes, start: int) -> None:
    """What stands behind the long texts, searched backwards from the end where it is short."""
    tail_start = max(start, line.rfind(b',"exit_code":'))
    if event.exit_code is None and (match := _EXIT_CODE.search(line, tail_start)):
        event.exit_code = int(match[1])
    if event.duration_ms is None and (match := _DURATION.search(line, tail_start)):
        duration = orjson.loads(match[1])
        event.duration_ms = duration["secs"] * 1000 + duration["nanos"] // 1_000_000
    if event.status is None and (match := _STATUS.search(line, tail_start)):
        event.status = match[1].decode()
    if match := _STARTED.search(line, tail_start):
        event.started_at = int(match[1])
    if match := _COMPLETED.search(line, tail_start):
        event.completed_at = int(match[1])


def _cut(line: bytes, end: int, closing: bytes) -> dict[str, dict[str, object]] | None:
    try:
        record = orjson.loads(line[:end] + closing)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("payload"), dict) else None
