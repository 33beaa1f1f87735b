"""Response items: what went to the model and came from it, in every era the same shapes.

Called with the payload of an enveloped line, with a bare record, or with an item of the TypeScript
CLI's list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from trace_tui.parsers.events import (
    CallMade,
    CallOutput,
    Event,
    Mail,
    Message,
    Quiet,
    Reasoning,
    Role,
    Unknown,
)
from trace_tui.parsers.fields import JsonObject, integer, mapping, sequence, text, turn_named_in
from trace_tui.parsers.injected import joined_text, message_parts, persons_words
from trace_tui.parsers.json_text import loads_patiently

_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "developer": "developer",
    "system": "system",
}
_MAIL_KEYS = ("author", "recipient", "content")


def parse_response_item(payload: JsonObject) -> Event:
    kind = payload.get("type")
    if not isinstance(kind, str):
        return Unknown(type="response_item")
    read = RESPONSE_ITEM_READERS.get(kind)
    if read is None:
        return Unknown(type=f"response_item/{kind}")
    event = read(payload)
    event.turn_id = turn_named_in(payload)
    return event


def is_response_item(kind: object) -> bool:
    return isinstance(kind, str) and kind in RESPONSE_ITEM_READERS


def _message(payload: JsonObject) -> Event:
    role = _ROLES.get(text(payload, "role") or "", "user")
    if role == "assistant":
        words = _content_text(payload)
        mail = _mail_as_json(words)
        if mail is not None:
            return mail
        return Message(role=role, text=words, id=text(payload, "id"), phase=text(payload, "phase"))
    parts = message_parts(payload)
    if not parts.words and not parts.images and parts.injected:
        kind, words = parts.injected[0]
        return Message(role=role, text=words, injected=kind, id=text(payload, "id"))
    words = "\n".join(parts.words)
    return Message(
        role=role,
        text=persons_words(words) if role == "user" else words,
        images=parts.images,
        labelled_prompt=parts.labelled,
        id=text(payload, "id"),
    )


def _content_text(payload: JsonObject) -> str:
    content = payload.get("content")
    if isinstance(content, str):
        return content
    return joined_text(content) if isinstance(content, list) else ""


def _mail_as_json(words: str) -> Mail | None:
    """0.121 to 0.130 wrote mail between agents as an assistant message that is a JSON object."""
    if not (words.startswith('{"') and '"recipient"' in words):
        return None
    try:
        record = orjson.loads(words)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(record, dict) or not all(isinstance(record.get(key), str) for key in _MAIL_KEYS):
        return None
    return mail_from(record, record["content"])


def mail_from(record: JsonObject, words: str, *, sealed: bool = False) -> Mail:
    """A message between agents, without the header lines that say once more who sent it."""
    kind = None
    if words.startswith("Message Type: "):
        first, _, rest = words.partition("\n")
        kind = first.removeprefix("Message Type: ").strip()
        words = rest.partition("Payload:\n")[2]
    return Mail(
        author=text(record, "author"),
        recipient=text(record, "recipient"),
        kind=kind,
        text=words,
        sealed=sealed,
    )


def _agent_message(payload: JsonObject) -> Event:
    parts = sequence(payload, "content")
    sealed = any(isinstance(part, dict) and part.get("type") == "encrypted_content" for part in parts)
    return mail_from(payload, joined_text(parts), sealed=sealed)


def _reasoning(payload: JsonObject) -> Event:
    summary = sequence(payload, "summary")
    words = joined_text(summary) or joined_text(sequence(payload, "content"))
    return Reasoning(text=words, sealed=not words, parts=max(1, len(summary)))


def decoded_arguments(arguments: str) -> dict[str, object] | None:
    """The arguments of a call, None where they are no JSON object."""
    if not arguments.startswith("{"):
        return None
    try:
        record = loads_patiently(arguments.encode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


def _function_call(payload: JsonObject) -> Event:
    arguments = payload.get("arguments")
    decoded: dict[str, object] | None
    if isinstance(arguments, dict):
        decoded, written = arguments, orjson.dumps(arguments).decode()
    else:
        written = arguments if isinstance(arguments, str) else ""
        decoded = decoded_arguments(written)
    return CallMade(
        kind="function",
        call_id=text(payload, "call_id") or text(payload, "id") or None,
        name=text(payload, "name") or "",
        namespace=text(payload, "namespace"),
        input=written,
        arguments=decoded,
    )


def _custom_tool_call(payload: JsonObject) -> Event:
    return CallMade(
        kind="custom",
        call_id=text(payload, "call_id") or text(payload, "id") or None,
        name=text(payload, "name") or "",
        namespace=text(payload, "namespace"),
        input=text(payload, "input") or "",
    )


def _local_shell_call(payload: JsonObject) -> Event:
    action = mapping(payload, "action")
    return CallMade(
        kind="local_shell",
        call_id=text(payload, "call_id") or text(payload, "id") or None,
        name="local_shell",
        input=orjson.dumps(action).decode(),
        arguments=action,
    )


def _web_search_call(payload: JsonObject) -> Event:
    action = mapping(payload, "action")
    return CallMade(
        kind="web_search",
        call_id=text(payload, "id") or text(payload, "call_id") or None,
        name="web_search",
        input=orjson.dumps(action).decode(),
        arguments=action,
    )


def _tool_search_call(payload: JsonObject) -> Event:
    event = _function_call(payload)
    assert isinstance(event, CallMade)
    event.kind, event.name = "tool_search", event.name or "tool_search"
    return event


def _image_generation_call(payload: JsonObject) -> Event:
    return CallMade(
        kind="image",
        call_id=text(payload, "id") or text(payload, "call_id") or None,
        name="image_generation",
        input=text(payload, "revised_prompt") or "",
    )


def parse_output(payload: JsonObject) -> Event:
    event = CallOutput(call_id=text(payload, "call_id") or None)
    event.by_harness = "name" in payload or "namespace" in payload
    output = payload.get("output")
    if isinstance(output, dict):
        output = _read_object(output, event)
    if isinstance(output, str):
        event.text = output
    elif isinstance(output, list):
        _read_parts(output, event)
    return event


def _read_object(output: JsonObject, event: CallOutput) -> Any:
    """Of Codex itself or other writers: ``{content, success}``, ``{output, metadata}``, ``{stdout}``."""
    success = output.get("success")
    event.success = success if isinstance(success, bool) else None
    exit_code = integer(mapping(output, "metadata"), "exit_code")
    event.exit_code = exit_code if exit_code is not None else integer(output, "exit_code")
    for key in ("content", "output", "stdout"):
        if output.get(key) is not None:
            return output[key]
    return None


def _read_parts(parts: list[Any], event: CallOutput) -> None:
    """Parts are joined, but code mode's last part matters alone: it holds the script's error."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict):
            words = text(part, "text")
            if words is not None:
                found.append(words)
            elif "image" in (text(part, "type") or ""):
                event.images += 1
    event.text = "\n".join(found)
    event.last_part = found[-1] if len(found) > 1 else None


def _tool_search_output(payload: JsonObject) -> Event:
    tools = payload.get("tools")
    names = (
        [text(tool, "name") or "" for tool in tools if isinstance(tool, dict)]
        if isinstance(tools, list)
        else []
    )
    return CallOutput(call_id=text(payload, "call_id"), text=", ".join(names))


def _quiet(_: JsonObject) -> Event:
    return Quiet()


RESPONSE_ITEM_READERS: dict[str, Callable[[JsonObject], Event]] = {
    "message": _message,
    "agent_message": _agent_message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "custom_tool_call": _custom_tool_call,
    "local_shell_call": _local_shell_call,
    "web_search_call": _web_search_call,
    "tool_search_call": _tool_search_call,
    "image_generation_call": _image_generation_call,
    "function_call_output": parse_output,
    "custom_tool_call_output": parse_output,
    "local_shell_call_output": parse_output,
    "tool_search_output": _tool_search_output,
    "ghost_snapshot": _quiet,
    "compaction": _quiet,
    "compaction_summary": _quiet,
    "context_compaction": _quiet,
    "compaction_trigger": _quiet,
    "additional_tools": _quiet,
    "configuration_update": _quiet,
    "item_reference": _quiet,
}
