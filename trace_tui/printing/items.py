"""Calls and notes as JSON objects, the same wherever JSON is printed."""

from __future__ import annotations

from trace_tui.model import AgentReply, Call, Note, file_of, line_of
from trace_tui.printing.machine import JsonObject
from trace_tui.times import rfc3339


def call_object(call: Call, *, with_file: bool = False) -> JsonObject:
    shown: JsonObject = {
        "kind": "tool_call",
        "call_id": call.call_id,
        "name": call.name,
        "namespace": call.namespace,
        "tool": call.tool.value,
        "status": call.status.value,
        "exit_code": call.exit_code,
        "reason": call.reason,
        "evidence": call.evidence.value,
        "summary": call.summary,
        "started_at": rfc3339(call.started_at),
        "ended_at": rfc3339(call.ended_at),
        "duration_ms": call.duration_ms,
        "parallel": call.parallel,
        "parent_call_id": call.parent_call_id,
        "child_session": call.child_session,
        "line": line_of(call.place),
    }
    if call.reply is not None:
        shown["reply"] = reply_object(call.reply)
    if with_file:
        shown["file"] = file_of(call.place)
    return shown


def reply_object(reply: AgentReply) -> JsonObject:
    news = [{"worker": one.worker or None, "state": one.state, "words": one.words} for one in reply.news]
    return {
        "turn_id": reply.turn_id,
        "workers": news,
        "timed_out": reply.timed_out,
        "named": list(reply.named),
    }


def note_object(note: Note, text: str | None, *, with_file: bool = False) -> JsonObject:
    """``text`` is all of it."""
    shown: JsonObject = {
        "kind": note.kind.value,
        "text": text,
        "at": rfc3339(note.at),
        "line": line_of(note.place),
    }
    for key, value in (("phase", note.phase), ("author", note.author), ("recipient", note.recipient)):
        if value is not None:
            shown[key] = value
    if with_file:
        shown["file"] = file_of(note.place)
    return shown
