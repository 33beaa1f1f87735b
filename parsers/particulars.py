"""What a record tells beyond its event: read from its bytes when somebody looks at a single call.

The model needs none of it, so no event carries it: the changes of a patch, the arguments and the result
that stand in an item, pictures, what workers answered.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

from trace_tui.parsers.fields import JsonObject, mapping, sequence, text
from trace_tui.parsers.injected import WorkerNotice, joined_text
from trace_tui.parsers.json_text import loads_patiently
from trace_tui.parsers.patches import FilePatch, read_changes

_DATA_URL = re.compile(
    r"data:([\w.+-]{1,40}/[\w.+-]{1,80})(?:;[\w=.+-]{1,80}){0,4};base64,([A-Za-z0-9+/=_-]*)"
)
_SHELL_HEADER = re.compile(r"(?:Exit code: -?\d+\n)?(?:Duration: [\d.]+ seconds?\n)?Output:\n")
_STATES = frozenset(
    {"completed", "errored", "interrupted", "running", "pending_init", "shutdown", "not_found"}
)


class Picture(NamedTuple):
    media: str
    """``image/png``; only ``image`` where the record does not tell."""
    size: int | None
    """In bytes, where the picture itself stands in the record."""


class OwnCommand(NamedTuple):
    """A person's own ``!command`` and what it printed."""

    command: str
    result: str


def item_changes(record: bytes) -> list[FilePatch]:
    """The files that a finished patch changed."""
    return read_changes(_item(record).get("changes"))


def item_arguments(record: bytes) -> JsonObject | None:
    """What a tool was given, where only its item tells."""
    item = _item(record)
    arguments = item.get("arguments", mapping(item, "invocation").get("arguments"))
    return arguments if isinstance(arguments, dict) else None


def item_result(record: bytes) -> str | None:
    """What a tool gave back, where only its item tells; the content of an MCP result, else its structure."""
    result = mapping(_item(record), "result")
    result = mapping(result, "Ok") or result
    words = joined_text(sequence(result, "content"))
    if words:
        return words
    structured = result.get("structuredContent", result.get("structured_content"))
    return orjson.dumps(structured).decode() if structured is not None else None


def item_error(record: bytes) -> str | None:
    """The words of an MCP call that failed before there was a result."""
    item = _item(record)
    error = item.get("error", mapping(item, "result").get("Err"))
    if isinstance(error, dict):
        return text(error, "message")
    return error if isinstance(error, str) else None


def pictures_in(record: bytes) -> list[Picture]:
    """The pictures among the parts of an output."""
    found: list[Picture] = []
    for part in _parts(_item(record)):
        if isinstance(part, dict) and "image" in (text(part, "type") or ""):
            url = text(part, "image_url") or ""
            match = _DATA_URL.match(url)
            found.append(_picture(match) if match else Picture("image", None))
    return found


def without_pictures(words: str) -> str:
    """The text with each picture that stands in it replaced by its kind and size."""
    if ";base64," not in words:
        return words
    return _DATA_URL.sub(lambda match: described(_picture(match)), words)


def described(picture: Picture) -> str:
    """``image/png, 34 kB``"""
    if picture.size is None:
        return picture.media
    size = f"{picture.size} bytes" if picture.size < 1000 else f"{picture.size / 1000:,.0f} kB"
    return f"{picture.media}, {size}"


def worker_states(answer: str) -> list[WorkerNotice]:
    """What became of workers, as an answer to a wait or a closing tells it."""
    return states_in(_decoded(answer.encode("utf-8", "replace"))) if answer.lstrip().startswith("{") else []


def states_in(record: JsonObject) -> list[WorkerNotice]:
    """By their ids in the answer to a wait, without one in that to a closing."""
    states = record.get("status", record.get("previous_status"))
    if not isinstance(states, dict):
        return []
    if len(states) == 1 and next(iter(states)) in _STATES:
        states = {"": states}
    return [notice for worker, state in states.items() if (notice := _notice(worker, state)) is not None]


def item_worker_states(record: bytes) -> list[WorkerNotice]:
    """The same as the item of an agent call tells it, where there is no answer to it."""
    states = mapping(_item(record), "agents_states")
    return [notice for worker, state in states.items() if (notice := _notice(worker, state)) is not None]


def own_command(message: str) -> OwnCommand | None:
    """The parts of the message by which builds without an item tell of a ``!command``."""
    _, opened, rest = message.partition("<command>")
    command, closed, rest = rest.partition("</command>")
    _, told, result = rest.partition("<result>")
    if not (opened and closed and told):
        return None
    result = result.rpartition("</result>")[0] or result
    return OwnCommand(command.strip("\n"), _SHELL_HEADER.sub("", result.strip("\n"), count=1))


def _notice(worker: str, state: Any) -> WorkerNotice | None:
    if isinstance(state, str):
        return WorkerNotice(worker, state, "")
    if not isinstance(state, dict):
        return None
    if (status := text(state, "status")) is not None:
        return WorkerNotice(worker, status, text(state, "message") or "")
    if len(state) == 1:
        name, words = next(iter(state.items()))
        return WorkerNotice(worker, name, words if isinstance(words, str) else "")
    return None


def _picture(match: re.Match[str]) -> Picture:
    written = match[2]
    return Picture(match[1], len(written) * 3 // 4 - written[-2:].count("="))


def _parts(item: JsonObject) -> list[Any]:
    output = item.get("output")
    if isinstance(output, dict):
        output = output.get("content")
    if isinstance(output, list):
        return output
    return sequence(item, "content_items") or sequence(mapping(item, "result"), "content")


def _item(record: bytes) -> JsonObject:
    """The innermost object that tells of a tool: an item, or what stands in its place."""
    told = _decoded(record)
    for key in ("payload", "msg", "item"):
        told = mapping(told, key) or told
    return told


def _decoded(data: bytes) -> JsonObject:
    """In the log of a CI job words may stand before the record."""
    data = data if data.startswith(b"{") else data[max(data.find(b'{"'), 0) :]
    try:
        record = loads_patiently(data)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}
