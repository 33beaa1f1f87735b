"""Reads the facts of a long line without decoding all of it.

Everything here rests on one property of JSON: inside a string every quote is written ``\\"``, so the
bytes ``,"some_key":`` can only ever be a key of the line itself, never part of a text. Each function
returns None where the line is not as expected; the caller then decodes the whole line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import partial

import orjson

from trace_tui.parsers.commands import patch_summary
from trace_tui.parsers.events import (
    CallMade,
    CallOutput,
    Compacted,
    Event,
    Malformed,
    Quiet,
    Reasoning,
    TokenCount,
    ToolEnded,
)
from trace_tui.parsers.items import command_execution, parse_command_end, parse_item_completed
from trace_tui.parsers.json_text import loads_patiently
from trace_tui.parsers.outputs import wrapped_verdict
from trace_tui.parsers.response_items import parse_output

_UTF8 = codecs.getincrementaldecoder("utf-8")

LONG = 2048
"""Shorter lines are mostly decoded whole: that is as quick, and needs no care."""

_KEPT = 700
"""Bytes of a long text that are decoded: more than a summary of any script needs."""
_TAIL = 400
_NEAR = 900
_OVERLAP = 120
"""Longer than any fact, so that none is cut in two."""

# What may stand between a payload's type and its call id, in the builds that write it.
_ID = rb'(?:,"status":"\w{1,20}")?(?:,"id":"[^"\\]{1,200}")?'
_CALL_ID = re.compile(rb',"call_id":"([^"\\{}:]{1,200})"')
_PASSTHROUGH = re.compile(rb',"internal_chat_message_metadata_passthrough":\{"turn_id":"([^"\\]{1,80})"')
_COMMAND = re.compile(
    _ID + rb',"name":"(exec_command|shell|shell_command)"(?:,"call_id":"([^"\\{}:]{1,200})")?'
    rb',"arguments":"\{\\"(?:cmd|command)\\": ?(?:\[\\"(?:/bin/)?bash\\", ?\\"-lc\\", ?)?'
    rb'\\"([^"\\]*)\\"[\],}]'
)
_CUSTOM = re.compile(_ID + rb',"call_id":"([^"\\{}:]{1,200})","name":"(\w{1,80})","input":"')
_PATCH_FILE = re.compile(rb"(?:Add|Update|Delete) File: ([^\"\\]+)")
_DEVELOPER = re.compile(rb'(?:,"id":"[^"\\]*")?,"role":"developer"')

_OUTPUT_HEAD = _ID + rb',"call_id":"([^"\\{}:]{1,200})"(?:,"\w+":"[^"\\]{0,200}"){0,4},"output":"'
_OUTPUT_START = re.compile(_OUTPUT_HEAD)
_EXIT_ZERO = re.compile(
    _OUTPUT_HEAD
    + rb"(?:(?:Chunk ID: \w+\\n)?(?:Wall time: (\d{1,9}\.?\d{0,9}) seconds?\\n)?Process exited with code 0\\n"
    rb"|Exit code: 0\\nWall time: (\d{1,9}\.?\d{0,9}) seconds?\\n)"
)
_WRAPPED_ZERO = re.compile(
    rb'\\"metadata\\": ?\{\\"exit_code\\": ?0'
    rb'(?:, ?\\"duration_seconds\\": ?(\d{1,9}\.?\d{0,9}))?\}\}"\}\}\s?$'
)

_ENDED_CALL = re.compile(rb'"(?:call_id|id)":"(call_[0-9A-Za-z_-]{1,80})"')
_TURN_ID = re.compile(rb'"turn_id":"([^"\\]{1,80})"')
_COMMAND_ITEM = b',"item":{"type":"CommandExecution",'
_EXIT_CODE = re.compile(rb"(-?\d{1,10})[,}]")
_DURATION = re.compile(rb'\{"secs":(\d{1,12}),"nanos":(\d{1,12})\}')
_STATUS = re.compile(rb'"(\w{1,20})"')
_MILLISECONDS = re.compile(rb"(\d{1,15})[,}]")
_LONG_TEXT_KEYS = (b',"stdout":"', b',"aggregated_output":"', b',"formatted_output":"')

_BACKSLASH = ord("\\")
_SUMMARY_PART = b'{"type":"summary_text",'
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


def beginning(line: bytes, start: int) -> str | None:
    """The first characters of the JSON string whose content starts at ``start``."""
    piece = line[start : start + _KEPT]
    if (cut := piece.rfind(b"\\", -12)) >= 0:
        while cut > 0 and piece[cut - 1] == 0x5C:
            cut -= 1
        piece = piece[:cut]
    try:
        whole_characters = _UTF8("replace").decode(piece)  # a last one that was cut is left out
        decoded = orjson.loads(b'"' + whole_characters.encode() + b'"')
    except orjson.JSONDecodeError:
        return None
    return decoded if isinstance(decoded, str) else None


def function_call(line: bytes, start: int) -> Event | None:
    """A command of one plain string, the commonest call by far; other calls are decoded."""
    match = _COMMAND.match(line, start)
    if match is None:
        return None
    name, call_id, command = match.groups()
    if b"sh" in command[:24] and b" -" in command[:40]:
        return None  # perhaps a shell with a script of its own, to be unwrapped
    if call_id is None:
        called = _CALL_ID.search(line, match.end())
        if called is None:
            return None
        call_id = called[1]
    event = CallMade("function", call_id.decode("ascii", "replace"), name.decode("ascii"))
    event.summary = command.decode("utf-8", "replace")
    if turn := _PASSTHROUGH.search(line, match.end()):
        event.turn_id = turn[1].decode("ascii", "replace")
    return event


def call_output(line: bytes, start: int) -> Event | None:
    if success := _EXIT_ZERO.match(line, start):
        call_id, wall, older_wall = success.groups()
        seconds = wall or older_wall
        return CallOutput(
            call_id.decode("ascii", "replace"),
            exit_code=0,
            seconds=float(seconds) if seconds else None,
            cut=True,
            plain_success=True,
        )
    match = _OUTPUT_START.match(line, start)
    if match is None:
        return None
    call_id, begin = match[1].decode("ascii", "replace"), match.end()
    if success := _wrapped_success(line, begin):
        seconds = float(success[1]) if success[1] else None
        return CallOutput(call_id, cut=True, exit_code=0, seconds=seconds, plain_success=True)
    if len(line) < LONG or (head := beginning(line, begin)) is None:
        return None
    event = CallOutput(call_id, head, cut=True, whole=partial(_whole, line, parse_output))
    if head.startswith(('{"output"', '{"metadata"')) or '\nOutput:\n{"output"' in head[:120]:
        event.exit_code, event.seconds = wrapped_verdict(line[-_TAIL:].decode("utf-8", "replace"))
        if event.exit_code is None:
            return None
    return event


def _wrapped_success(line: bytes, start: int) -> re.Match[bytes] | None:
    if not line.startswith(b'{\\"output\\":', start):
        return None
    return _WRAPPED_ZERO.search(line, max(start, len(line) - 120))


def token_count(line: bytes, start: int) -> Event | None:
    """A third of all lines in some files; their keys have kept one order since 0.34."""
    match = _TOKEN_COUNT.match(line, start)
    if match is None:
        return None
    groups = match.groups(b"0")
    window = groups[12]
    return TokenCount(groups[0:5], groups[6:11], int(groups[11]), None if window == b"null" else int(window))


def reasoning(line: bytes, start: int) -> Event | None:
    """Only whether there is a summary to read, or nothing but sealed text."""
    if (at := line.find(b',"summary":', start, start + 200)) < 0:
        return None
    if line.startswith(b"[]", at + 11):
        return Reasoning(sealed=b',"content":[' not in line[at : at + 40])
    end = line.find(b',"encrypted_content":', at)
    return Reasoning(parts=line.count(_SUMMARY_PART, at, end if end > 0 else len(line)))


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
    return Quiet() if _DEVELOPER.match(line, start) else None


def custom_call(line: bytes, start: int) -> Event | None:
    """A call whose input is a long text: a patch or a script."""
    match = _CUSTOM.match(line, start)
    head = beginning(line, match.end()) if match is not None else None
    if match is None or head is None:
        return None
    event = CallMade("custom", match[1].decode("ascii", "replace"), match[2].decode(), None, head, cut=True)
    if turn := _PASSTHROUGH.search(line, max(match.end(), len(line) - _NEAR)):
        event.turn_id = turn[1].decode("ascii", "replace")
    if event.name == "apply_patch":
        files = _patched_files(line, match.end())
        event.summary = patch_summary(files, *_signed_lines(line, match.end()))
    return event


def _patched_files(line: bytes, start: int) -> list[str]:
    files: list[str] = []
    at = line.find(rb"\n*** ", start)
    while at >= 0:
        match = _PATCH_FILE.match(line, at + 6)
        if match is not None and line[at - 1] != _BACKSLASH:
            files.append(match[1].decode("utf-8", "replace").strip())
        at = line.find(rb"\n*** ", at + 6)
    return files


def _signed_lines(line: bytes, start: int) -> tuple[int, int]:
    """Lines of a text in JSON that begin with + and with -."""
    added, removed = line.count(rb"\n+", start), line.count(rb"\n-", start)
    if line.find(rb"\\n", start) >= 0:  # an escaped backslash before the n is no line break
        added -= line.count(rb"\\n+", start)
        removed -= line.count(rb"\\n-", start)
    return added, removed


def item_end(line: bytes, start: int) -> Event | None:
    if not line.startswith(_COMMAND_ITEM, line.find(b',"item":', start, start + 300)):
        return None
    return _known_command_end(line, start, parse_item_completed) or _command_end(line, start, in_item=True)


def command_end(line: bytes, start: int) -> Event | None:
    return _known_command_end(line, start, parse_command_end) or _command_end(line, start, in_item=False)


def _known_command_end(line: bytes, start: int, parse: Callable[[dict[str, object]], Event]) -> Event | None:
    """The end of a command that a call of the model started: all but its outcome is known from the call."""
    head = line[start : start + _NEAR]
    match = _ENDED_CALL.search(head)
    if match is None or b',"source":"user_shell"' in head:
        return None
    event = ToolEnded(match[1].decode("ascii"), "exec", "exec_command")
    event.turn_id = _turn_id(line, start)
    _add_facts(event, head)
    if len(line) > start + _NEAR:
        _add_facts(event, line[max(start + _NEAR - _OVERLAP, len(line) - _TAIL) :])
        if event.status is None and (match := _fact(_STATUS, b',"status":', line)):
            event.status = match[1].decode()
    if event.exit_code is None or event.duration_ms is None:
        return None
    event.whole = partial(_whole, line, parse)
    return event


def _turn_id(line: bytes, start: int) -> str | None:
    at = line.find(b'"turn_id":"', start)
    match = _TURN_ID.match(line, at) if at >= 0 else None
    return match[1].decode("ascii", "replace") if match is not None else None


def _whole(line: bytes, parse: Callable[[dict[str, object]], Event]) -> Event:
    try:
        record = loads_patiently(line)
    except orjson.JSONDecodeError as problem:
        return Malformed(detail=str(problem))
    payload = record.get("payload") if isinstance(record, dict) else None
    return parse(payload) if isinstance(payload, dict) else Malformed(kind="not_an_object")


def _command_end(line: bytes, start: int, *, in_item: bool) -> Event | None:
    """A finished command with a long output: all that is short, none of the texts."""
    if len(line) < LONG:
        return None
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
    event = command_execution(item, "id" if in_item else "call_id")
    if event.call_id is None:
        return None  # it stands behind the long texts
    event.turn_id = _turn_id(line, start)
    _add_facts(event, line[min(ends) :])
    return event


def _add_facts(event: ToolEnded, part: bytes) -> None:
    """What a part of the line tells, where an earlier one did not."""
    if event.exit_code is None and (match := _fact(_EXIT_CODE, b',"exit_code":', part)):
        event.exit_code = int(match[1])
    if event.duration_ms is None and (match := _fact(_DURATION, b',"duration":', part)):
        event.duration_ms = int(match[1]) * 1000 + int(match[2]) // 1_000_000
    if event.status is None and (match := _fact(_STATUS, b',"status":', part)):
        event.status = match[1].decode()
    if event.started_at is None and (match := _fact(_MILLISECONDS, b',"started_at_ms":', part)):
        event.started_at = int(match[1])
    if event.completed_at is None and (match := _fact(_MILLISECONDS, b',"completed_at_ms":', part)):
        event.completed_at = int(match[1])


def _fact(value: re.Pattern[bytes], key: bytes, part: bytes) -> re.Match[bytes] | None:
    at = part.find(key)
    return value.match(part, at + len(key)) if at >= 0 else None


def _cut(line: bytes, end: int, closing: bytes) -> dict[str, dict[str, object]] | None:
    try:
        record = orjson.loads(line[:end] + closing)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("payload"), dict) else None
