"""`event_msg` payloads: what Codex told its clients and kept.

The same payloads stand under ``msg`` in the oldest `codex exec --json` streams, so those come here too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trace_tui.parsers.commands import shown_command, summary_of_changes
from trace_tui.parsers.events import (
    AgentActivity,
    AgentRef,
    AgentText,
    Compacted,
    Event,
    PlanText,
    Prompt,
    Quiet,
    Reasoning,
    Review,
    RolledBack,
    ThreadNamed,
    TokenCount,
    ToolEnded,
    ToolStarted,
    Trouble,
    TurnEnded,
    TurnStarted,
    Unknown,
    UsageRecord,
)
from trace_tui.parsers.fields import (
    JsonObject,
    duration_ms,
    integer,
    mapping,
    natural,
    plain_path,
    seconds_as_ms,
    sequence,
    text,
    turn_named_in,
    usage,
)
from trace_tui.parsers.header import parse_settings
from trace_tui.parsers.injected import injected_kind, persons_words
from trace_tui.parsers.items import agent_refs, mcp_verdict, parse_command_end, parse_item_completed
from trace_tui.parsers.usage import Digits, digits_of


def parse_event_message(payload: JsonObject) -> Event:
    kind = payload.get("type")
    if not isinstance(kind, str):
        return Unknown(type="event_msg")
    read = EVENT_MESSAGE_READERS.get(kind)
    if read is None:
        return Unknown(type=f"event_msg/{kind}")
    event = read(payload)
    if event.turn_id is None:
        event.turn_id = turn_named_in(payload)
    return event


def parse_usage_record(payload: JsonObject) -> Event:
    return UsageRecord(
        turn_id=text(payload, "turn_id"),
        thread_id=text(payload, "thread_id"),
        response_id=text(payload, "response_id"),
        usage=usage(mapping(payload, "usage")),
    )


def error_code(value: Any) -> str | None:
    """A code is a word, or an object whose only key is the word: ``http_connection_failed (401)``."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or not value:
        return None
    name, detail = next(iter(value.items()))
    status = integer(detail, "http_status_code") if isinstance(detail, dict) else None
    return f"{name} ({status})" if status is not None else str(name)


def _user_message(payload: JsonObject) -> Event:
    words = text(payload, "message") or ""
    images = len(sequence(payload, "images")) + len(sequence(payload, "local_images"))
    if injected_kind(words):
        return Quiet()
    return Prompt(text=persons_words(words), images=images)


def _agent_message(payload: JsonObject) -> Event:
    return AgentText(text=text(payload, "message") or "", phase=text(payload, "phase"))


def _agent_reasoning(payload: JsonObject) -> Event:
    return Reasoning(text=text(payload, "text") or "", twin=True)


def _token_count(payload: JsonObject) -> Event:
    info = payload.get("info")
    if not isinstance(info, dict):
        if "input_tokens" in payload:  # the flat form of exec streams up to 0.20, one line a response
            return TokenCount(last=digits_of(usage(payload)), context=natural(payload, "total_tokens"))
        if "total_token_usage" not in payload:
            return TokenCount(empty=True)
        info = payload
    return TokenCount(
        total=_digits(info, "total_token_usage"),
        last=_digits(info, "last_token_usage"),
        context=natural(mapping(info, "last_token_usage"), "total_tokens"),
        window=natural(info, "model_context_window"),
    )


def _digits(info: JsonObject, key: str) -> Digits | None:
    counts = info.get(key)
    return digits_of(usage(counts)) if isinstance(counts, dict) else None


def _task_started(payload: JsonObject) -> Event:
    return TurnStarted(
        turn_id=text(payload, "turn_id"),
        window=natural(payload, "model_context_window"),
        mode=text(payload, "collaboration_mode_kind"),
        parent_turn_id=text(mapping(payload, "turn_attribution"), "parent_turn_id"),
        started_at=seconds_as_ms(payload, "started_at"),
    )


def _turn_ended(payload: JsonObject, *, aborted: bool) -> TurnEnded:
    error = mapping(payload, "error")
    return TurnEnded(
        turn_id=text(payload, "turn_id"),
        aborted=aborted,
        reason=text(payload, "reason"),
        error=text(error, "message") or (text(payload, "error") if not error else None),
        error_code=error_code(error.get("codex_error_info")),
        last_message=text(payload, "last_agent_message"),
        errors_are_told="started_at" in payload or "error" in payload,
        started_at=seconds_as_ms(payload, "started_at"),
        completed_at=seconds_as_ms(payload, "completed_at"),
        duration_ms=natural(payload, "duration_ms"),
    )


def _task_complete(payload: JsonObject) -> Event:
    return _turn_ended(payload, aborted=False)


def _turn_aborted(payload: JsonObject) -> Event:
    return _turn_ended(payload, aborted=True)


def _exec_command_begin(payload: JsonObject) -> Event:
    return ToolStarted(
        call_id=text(payload, "call_id"),
        tool="exec",
        name="exec_command",
        summary=shown_command(payload.get("command")),
        cwd=plain_path(text(payload, "cwd")),
    )


def _patch_apply_begin(payload: JsonObject) -> Event:
    return ToolStarted(
        call_id=text(payload, "call_id"),
        tool="patch",
        name="apply_patch",
        summary=summary_of_changes(payload.get("changes")),
    )


def _patch_apply_end(payload: JsonObject) -> Event:
    status, success = text(payload, "status"), payload.get("success")
    if status is None and isinstance(success, bool):
        status = "completed" if success else "failed"
    return ToolEnded(
        call_id=text(payload, "call_id"),
        tool="patch",
        name="apply_patch",
        summary=summary_of_changes(payload.get("changes")),
        status=status,
        output=text(payload, "stdout") or text(payload, "stderr"),
    )


def _mcp_tool_call_begin(payload: JsonObject) -> Event:
    invocation = mapping(payload, "invocation")
    return ToolStarted(
        call_id=text(payload, "call_id"),
        tool="mcp",
        name=text(invocation, "tool") or "",
        namespace=text(invocation, "server"),
    )


def _mcp_tool_call_end(payload: JsonObject) -> Event:
    invocation, result = mapping(payload, "invocation"), mapping(payload, "result")
    failed, words = mcp_verdict(mapping(result, "Ok") or result, result.get("Err"))
    return ToolEnded(
        call_id=text(payload, "call_id"),
        tool="mcp",
        name=text(invocation, "tool") or "",
        namespace=text(invocation, "server"),
        status="failed" if failed else "completed",
        error=words if failed else None,
        duration_ms=duration_ms(payload),
    )


def _web_search_end(payload: JsonObject) -> Event:
    return ToolEnded(
        call_id=text(payload, "call_id"),
        tool="web_search",
        name="web_search",
        summary=text(payload, "query") or "",
        status="completed",
    )


def _image_generation_end(payload: JsonObject) -> Event:
    return ToolEnded(
        call_id=text(payload, "call_id"),
        tool="image",
        name="image_generation",
        summary=text(payload, "revised_prompt") or "",
        status=text(payload, "status"),
    )


def _view_image(payload: JsonObject) -> Event:
    return ToolEnded(
        call_id=text(payload, "call_id"),
        tool="image",
        name="view_image",
        summary=plain_path(text(payload, "path")) or "",
        status="completed",
    )


def _dynamic_response(payload: JsonObject) -> Event:
    success = payload.get("success")
    return ToolEnded(
        call_id=text(payload, "call_id"),
        tool="dynamic",
        name=text(payload, "tool") or "",
        namespace=text(payload, "namespace"),
        status="failed" if success is False else "completed",
        error=text(payload, "error"),
        duration_ms=duration_ms(payload),
    )


def _collab_end(payload: JsonObject) -> Event:
    """The `collab_*_end` events of 0.107 to 0.125: a worker was spawned, told, waited for or closed."""
    agents = agent_refs(sequence(payload, "agent_statuses"), mapping(payload, "statuses"))
    for id_key, name_key in (
        ("new_thread_id", "new_agent_nickname"),
        ("new_session_id", "new_agent_nickname"),
        ("receiver_thread_id", "receiver_agent_nickname"),
    ):
        if thread_id := text(payload, id_key):
            agents.append(AgentRef(thread_id, text(payload, name_key)))
    status = payload.get("status")
    name = (text(payload, "type") or "").removesuffix("_end")
    return ToolEnded(
        call_id=text(payload, "call_id"),
        tool="agent",
        name={"collab_agent_spawn": "spawn_agent", "collab_waiting": "wait"}.get(name, name),
        status="failed" if status == "not_found" else "completed",
        agents=tuple(agents),
    )


def _sub_agent_activity(payload: JsonObject) -> Event:
    return AgentActivity(
        call_id=text(payload, "event_id") or text(payload, "call_id"),
        what=text(payload, "kind") or "",
        thread_id=text(payload, "agent_thread_id"),
        path=text(payload, "agent_path"),
    )


def _context_compacted(_: JsonObject) -> Event:
    return Quiet()  # `compacted` is the line that counts


def _thread_rolled_back(payload: JsonObject) -> Event:
    return RolledBack(turns=integer(payload, "num_turns") or 0)


def _entered_review(payload: JsonObject) -> Event:
    hint = text(payload, "user_facing_hint") or text(mapping(payload, "target"), "type") or ""
    return Review(entered=True, text=hint)


def _exited_review(payload: JsonObject) -> Event:
    return Review(entered=False, text=text(mapping(payload, "review_output"), "overall_explanation") or "")


def _thread_name(payload: JsonObject) -> Event:
    return ThreadNamed(name=text(payload, "thread_name") or "")


def _error(payload: JsonObject) -> Event:
    return Trouble(message=text(payload, "message") or "", code=error_code(payload.get("codex_error_info")))


def _plan_text(payload: JsonObject) -> Event:
    return PlanText(text=text(payload, "text") or "")


def _compacted_event(payload: JsonObject) -> Event:
    return Compacted(text=text(payload, "message") or "")


def _quiet(_: JsonObject) -> Event:
    return Quiet()


EVENT_MESSAGE_READERS: dict[str, Callable[[JsonObject], Event]] = {
    "user_message": _user_message,
    "agent_message": _agent_message,
    "agent_reasoning": _agent_reasoning,
    "agent_reasoning_raw_content": _agent_reasoning,
    "token_count": _token_count,
    "task_started": _task_started,
    "turn_started": _task_started,
    "task_complete": _task_complete,
    "turn_complete": _task_complete,
    "turn_aborted": _turn_aborted,
    "exec_command_begin": _exec_command_begin,
    "exec_command_end": parse_command_end,
    "patch_apply_begin": _patch_apply_begin,
    "patch_apply_end": _patch_apply_end,
    "mcp_tool_call_begin": _mcp_tool_call_begin,
    "mcp_tool_call_end": _mcp_tool_call_end,
    "web_search_end": _web_search_end,
    "image_generation_end": _image_generation_end,
    "view_image_tool_call": _view_image,
    "dynamic_tool_call_response": _dynamic_response,
    "collab_agent_spawn_end": _collab_end,
    "collab_agent_interaction_end": _collab_end,
    "collab_waiting_end": _collab_end,
    "collab_close_end": _collab_end,
    "collab_resume_end": _collab_end,
    "sub_agent_activity": _sub_agent_activity,
    "context_compacted": _context_compacted,
    "thread_rolled_back": _thread_rolled_back,
    "entered_review_mode": _entered_review,
    "exited_review_mode": _exited_review,
    "thread_name_updated": _thread_name,
    "thread_settings_applied": parse_settings,
    "item_completed": parse_item_completed,
    "plan": _plan_text,
    "compacted": _compacted_event,
    "error": _error,
    "stream_error": _error,
    "warning": _error,
    # Kept by some builds for their own use, or only ever seen in streams.
    "undo_completed": _quiet,
    "thread_goal_updated": _quiet,
    "guardian_assessment": _quiet,
    "dynamic_tool_call_request": _quiet,
    "session_configured": _quiet,
    "agent_message_delta": _quiet,
    "agent_reasoning_delta": _quiet,
    "agent_reasoning_section_break": _quiet,
    "exec_command_output_delta": _quiet,
    "turn_diff": _quiet,
    "plan_update": _quiet,
    "background_event": _quiet,
    "web_search_begin": _quiet,
    "mcp_startup_update": _quiet,
    "mcp_startup_complete": _quiet,
    "shutdown_complete": _quiet,
    "deprecation_notice": _quiet,
    "item_started": _quiet,
}
