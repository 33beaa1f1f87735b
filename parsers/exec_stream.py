"""`codex exec --json`: the events printed to stdout, in the three shapes they have had.

Up to 0.42 the raw event stream under ``msg``, then ``item_type``, since 0.44 ``item.type``. No line has
a time or a turn id, and item ids start again in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from trace_tui.parsers.commands import shown_command, summary_of_changes
from trace_tui.parsers.event_messages import parse_event_message
from trace_tui.parsers.events import (
    AgentText,
    Event,
    PlanText,
    Prompt,
    Quiet,
    Reasoning,
    SessionHeader,
    ToolEnded,
    ToolStarted,
    Trouble,
    TurnContext,
    TurnEnded,
    TurnStarted,
    Unknown,
)
from trace_tui.parsers.fields import JsonObject, integer, mapping, sequence, strings, text, usage
from trace_tui.parsers.items import agent_refs, mcp_verdict

_LINE_TYPES = frozenset(
    {
        "thread.started",
        "session.created",
        "turn.started",
        "turn.completed",
        "turn.failed",
        "item.started",
        "item.updated",
        "item.completed",
    }
)


def is_stream_record(record: JsonObject) -> bool:
    kind = record.get("type")
    if isinstance(kind, str):
        return kind in _LINE_TYPES or (kind == "error" and isinstance(record.get("message"), str))
    message = record.get("msg")
    if isinstance(message, dict):
        return isinstance(message.get("type"), str)
    return _is_config(record) or (set(record) == {"prompt"} and isinstance(record["prompt"], str))


def parse_stream_record(record: JsonObject) -> Event:
    kind = record.get("type")
    if kind is None:
        return _oldest(record)
    if kind in ("item.started", "item.updated", "item.completed"):
        return _item(mapping(record, "item"), done=kind == "item.completed")
    if kind in ("thread.started", "session.created"):
        thread_id = text(record, "thread_id") or text(record, "session_id")
        return SessionHeader(id=thread_id, shape="exec-stream")
    if kind == "turn.started":
        return TurnStarted()
    if kind == "turn.completed":
        return TurnEnded(errors_are_told=True, thread_total=usage(mapping(record, "usage")))
    if kind == "turn.failed":
        error = text(mapping(record, "error"), "message")
        return TurnEnded(errors_are_told=True, error=error or "the turn failed")
    return Trouble(message=text(record, "message") or "")


def _is_config(record: JsonObject) -> bool:
    return "workdir" in record and "model" in record and "payload" not in record


def _oldest(record: JsonObject) -> Event:
    message = record.get("msg")
    if not isinstance(message, dict):
        if "prompt" in record:
            return Prompt(text=text(record, "prompt") or "")
        return TurnContext(
            model=text(record, "model"),
            cwd=text(record, "workdir"),
            approval_policy=text(record, "approval") or text(record, "approval policy"),
            sandbox=text(record, "sandbox"),
        )
    if message.get("type") == "session_configured":
        return SessionHeader(id=text(message, "session_id"), shape="exec-stream")
    return parse_event_message(message)


def _item(item: JsonObject, *, done: bool) -> Event:
    kind = text(item, "type") or text(item, "item_type")
    if kind is None:
        return Unknown(type="item")
    read = _TOOLS.get(kind)
    if read is not None:
        ended = read(item)
        return ended if done else _started(ended)
    if not done:
        return Quiet()
    words = text(item, "text") or ""
    if kind in ("agent_message", "assistant_message"):
        return AgentText(text=words, id=text(item, "id"))
    if kind == "reasoning":
        return Reasoning(text=words, twin=True)
    if kind == "plan":
        return PlanText(text=words)
    if kind == "todo_list":
        return PlanText(text=_todo_text(sequence(item, "items")))
    if kind == "error":
        return Trouble(message=text(item, "message") or "")
    return Unknown(type=f"item/{kind}")


def _started(ended: ToolEnded) -> ToolStarted:
    return ToolStarted(
        call_id=ended.call_id,
        tool=ended.tool,
        name=ended.name,
        namespace=ended.namespace,
        summary=ended.summary,
        cwd=ended.cwd,
    )


def _todo_text(items: list[Any]) -> str:
    entries = [item for item in items if isinstance(item, dict)]
    return "\n".join(
        f"[{'x' if item.get('completed') is True else ' '}] {text(item, 'text') or ''}" for item in entries
    )


def _command(item: JsonObject) -> ToolEnded:
    return ToolEnded(
        call_id=text(item, "id"),
        tool="exec",
        name="command_execution",
        summary=shown_command(item.get("command")),
        status=text(item, "status"),
        exit_code=integer(item, "exit_code"),
        output=text(item, "aggregated_output"),
    )


def _file_change(item: JsonObject) -> ToolEnded:
    return ToolEnded(
        call_id=text(item, "id"),
        tool="patch",
        name="file_change",
        summary=summary_of_changes(item.get("changes")),
        status=text(item, "status"),
    )


def _mcp(item: JsonObject) -> ToolEnded:
    failed, words = mcp_verdict(mapping(item, "result"), item.get("error"))
    return ToolEnded(
        call_id=text(item, "id"),
        tool="mcp",
        name=text(item, "tool") or "mcp_tool_call",
        namespace=text(item, "server"),
        summary=_short_json(item.get("arguments")),
        status="failed" if failed else text(item, "status"),
        error=words,
    )


def _collab(item: JsonObject) -> ToolEnded:
    states = mapping(item, "agents_states")
    receivers = [{"thread_id": receiver} for receiver in strings(sequence(item, "receiver_thread_ids"))]
    return ToolEnded(
        call_id=text(item, "id"),
        tool="agent",
        name=text(item, "tool") or "collab_tool_call",
        summary=text(item, "prompt") or "",
        status=text(item, "status"),
        agents=tuple(agent_refs(receivers, states)),
    )


def _web_search(item: JsonObject) -> ToolEnded:
    return ToolEnded(
        call_id=text(item, "id"),
        tool="web_search",
        name="web_search",
        summary=text(item, "query") or "",
        status=text(item, "status") or "completed",
    )


def _short_json(value: object) -> str:
    return orjson.dumps(value).decode() if isinstance(value, dict) and value else ""


_TOOLS: dict[str, Callable[[JsonObject], ToolEnded]] = {
    "command_execution": _command,
    "file_change": _file_change,
    "mcp_tool_call": _mcp,
    "collab_tool_call": _collab,
    "web_search": _web_search,
}
