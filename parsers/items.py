"""`item_completed`: the paginated layout's one line for each finished item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trace_tui.parsers.commands import shown_command, summary_of_changes
from trace_tui.parsers.events import (
    AgentActivity,
    AgentRef,
    AgentText,
    Event,
    PlanText,
    Prompt,
    Quiet,
    Reasoning,
    Review,
    ToolEnded,
    Trouble,
    Unknown,
)
from trace_tui.parsers.fields import (
    JsonObject,
    duration_ms,
    integer,
    mapping,
    plain_path,
    sequence,
    strings,
    text,
)
from trace_tui.parsers.injected import Parts, joined_text, persons_words


def parse_item_completed(payload: JsonObject) -> Event:
    item = mapping(payload, "item")
    kind = text(item, "type")
    if kind is None:
        return Unknown(type="event_msg/item_completed")
    read = _READERS.get(kind)
    if read is None:
        return Unknown(type=f"event_msg/item_completed/{kind}")
    event = read(item)
    event.turn_id = text(payload, "turn_id")
    if isinstance(event, ToolEnded):
        event.started_at = integer(payload, "started_at_ms")
        event.completed_at = integer(payload, "completed_at_ms")
    return event


def mcp_verdict(result: JsonObject, error: Any) -> tuple[bool, str | None]:
    """Did an MCP call fail, and in which words: a protocol error, or a result marked ``isError``."""
    if isinstance(error, str):
        return True, error
    if isinstance(error, dict) and error:
        return True, text(error, "message") or str(error)
    if result.get("isError") is True or result.get("is_error") is True:
        return True, joined_text(sequence(result, "content"))
    return False, None


def agent_refs(agents: list[Any], states: JsonObject) -> list[AgentRef]:
    """Workers named in an item, with what was known of their state then."""
    refs: dict[str, AgentRef] = {}
    for agent in agents:
        if isinstance(agent, dict) and (thread_id := text(agent, "thread_id")):
            state = agent_state(states.get(thread_id, agent.get("status")))
            refs[thread_id] = AgentRef(thread_id, text(agent, "agent_nickname"), state=state)
    for thread_id, state in states.items():
        if thread_id not in refs:
            refs[thread_id] = AgentRef(thread_id, state=agent_state(state))
    return list(refs.values())


def agent_state(value: Any) -> str | None:
    """``"running"``, ``{"completed": …}`` or ``{"status": …}`` as one word."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value:
        return text(value, "status") or str(next(iter(value)))
    return None


def _user_message(item: JsonObject) -> Event:
    parts = Parts(sequence(item, "content"), [])
    words = "\n".join(parts.words)
    if not words and not parts.images and parts.injected:
        return Quiet()
    return Prompt(text=persons_words(words), images=parts.images)


def _agent_message(item: JsonObject) -> Event:
    words = joined_text(sequence(item, "content"))
    return AgentText(text=words, phase=text(item, "phase"), id=text(item, "id"))


def _reasoning(item: JsonObject) -> Event:
    words = strings(sequence(item, "summary_text")) or strings(sequence(item, "raw_content"))
    return Reasoning(text="\n".join(words), twin=True, sealed=not words)


def _plan(item: JsonObject) -> Event:
    return PlanText(text=text(item, "text") or "")


def command_execution(item: JsonObject, id_key: str = "id") -> ToolEnded:
    return ToolEnded(
        call_id=text(item, id_key),
        tool="exec",
        name="exec_command",
        summary=shown_command(item.get("command")),
        status=text(item, "status"),
        exit_code=integer(item, "exit_code"),
        duration_ms=duration_ms(item),
        cwd=plain_path(text(item, "cwd")),
        process_id=text(item, "process_id"),
        by_user=item.get("source") == "user_shell",
        output=text(item, "aggregated_output"),
    )


def parse_command_end(payload: JsonObject) -> Event:
    """The legacy event that says the same of a command as its item."""
    event = command_execution(payload, "call_id")
    event.output = event.output or text(payload, "formatted_output") or text(payload, "stdout")
    return event


def _file_change(item: JsonObject) -> Event:
    return ToolEnded(
        call_id=text(item, "id"),
        tool="patch",
        name="apply_patch",
        summary=summary_of_changes(item.get("changes")),
        status=text(item, "status"),
        output=text(item, "stdout") or text(item, "stderr"),
    )


def _mcp_tool_call(item: JsonObject) -> Event:
    failed, words = mcp_verdict(mapping(item, "result"), item.get("error"))
    status = text(item, "status")
    return ToolEnded(
        call_id=text(item, "id"),
        tool="mcp",
        name=text(item, "tool") or "",
        namespace=text(item, "server"),
        status="failed" if failed else status,
        error=words,
        duration_ms=duration_ms(item),
        output=joined_text(sequence(mapping(item, "result"), "content")) or None,
    )


def _dynamic_tool_call(item: JsonObject) -> Event:
    status = "failed" if item.get("success") is False else text(item, "status")
    return ToolEnded(
        call_id=text(item, "id"),
        tool="dynamic",
        name=text(item, "tool") or "",
        namespace=text(item, "namespace"),
        status=status,
        error=text(item, "error"),
        duration_ms=duration_ms(item),
        output=joined_text(sequence(item, "content_items")) or None,
    )


def _collab_agent(item: JsonObject) -> Event:
    refs = agent_refs(sequence(item, "receiver_agents"), mapping(item, "agents_states"))
    named = {ref.thread_id for ref in refs}
    receivers = strings(sequence(item, "receiver_thread_ids"))
    refs += [AgentRef(thread_id) for thread_id in receivers if thread_id not in named]
    return ToolEnded(
        call_id=text(item, "id"),
        tool="agent",
        name=text(item, "tool") or "",
        summary=text(item, "prompt") or "",
        status=text(item, "status"),
        agents=tuple(refs),
    )


def _sub_agent_activity(item: JsonObject) -> Event:
    return AgentActivity(
        call_id=text(item, "id"),
        what=text(item, "kind") or "",
        thread_id=text(item, "agent_thread_id"),
        path=text(item, "agent_path"),
    )


def _web_search(item: JsonObject) -> Event:
    return ToolEnded(
        call_id=text(item, "id"),
        tool="web_search",
        name="web_search",
        summary=text(item, "query") or "",
        status="completed",
    )


def _image_view(item: JsonObject) -> Event:
    return ToolEnded(
        call_id=text(item, "id"),
        tool="image",
        name="view_image",
        summary=plain_path(text(item, "path")) or "",
        status="completed",
    )


def _image_generation(item: JsonObject) -> Event:
    return ToolEnded(
        call_id=text(item, "id"),
        tool="image",
        name="image_generation",
        summary=text(item, "revised_prompt") or "",
        status=text(item, "status"),
    )


def _entered_review(item: JsonObject) -> Event:
    return Review(entered=True, text=text(item, "user_facing_hint") or text(item, "review") or "")


def _exited_review(item: JsonObject) -> Event:
    return Review(entered=False, text=text(mapping(item, "review_output"), "overall_explanation") or "")


def _error(item: JsonObject) -> Event:
    return Trouble(message=text(item, "message") or "")


def _quiet(_: JsonObject) -> Event:
    return Quiet()


_READERS: dict[str, Callable[[JsonObject], Event]] = {
    "UserMessage": _user_message,
    "AgentMessage": _agent_message,
    "Reasoning": _reasoning,
    "Plan": _plan,
    "CommandExecution": command_execution,
    "FileChange": _file_change,
    "McpToolCall": _mcp_tool_call,
    "DynamicToolCall": _dynamic_tool_call,
    "CollabAgentToolCall": _collab_agent,
    "SubAgentActivity": _sub_agent_activity,
    "WebSearch": _web_search,
    "ImageView": _image_view,
    "ImageGeneration": _image_generation,
    "EnteredReviewMode": _entered_review,
    "ExitedReviewMode": _exited_review,
    "Error": _error,
    "ContextCompaction": _quiet,
    "Extension": _quiet,
    "FunctionCallOutput": _quiet,
    "HookPrompt": _quiet,
}
