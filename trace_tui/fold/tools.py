"""Which kind of tool a call used, and its most telling argument; used where a call enters the model."""

from __future__ import annotations

import shlex

import orjson

from trace_tui.model import Tool
from trace_tui.parsers.commands import shown_command, summary_of_patch
from trace_tui.parsers.events import CallMade, ToolKind
from trace_tui.parsers.safe_text import one_line

SUMMARY_LENGTH = 160

_BY_NAME: dict[str, Tool] = {
    "exec_command": Tool.EXEC,
    "shell": Tool.EXEC,
    "shell_command": Tool.EXEC,
    "local_shell": Tool.EXEC,
    "container.exec": Tool.EXEC,
    "unified_exec": Tool.EXEC,
    "command_execution": Tool.EXEC,
    "bash": Tool.EXEC,
    "write_stdin": Tool.STDIN,
    "apply_patch": Tool.PATCH,
    "file_change": Tool.PATCH,
    "web_search": Tool.WEB_SEARCH,
    "update_plan": Tool.PLAN,
    "view_image": Tool.IMAGE,
    "image_generation": Tool.IMAGE,
    "spawn_agent": Tool.AGENT,
    "wait_agent": Tool.AGENT,
    "send_input": Tool.AGENT,
    "resume_agent": Tool.AGENT,
    "close_agent": Tool.AGENT,
    "send_message": Tool.AGENT,
    "followup_task": Tool.AGENT,
    "interrupt_agent": Tool.AGENT,
    "list_agents": Tool.AGENT,
    "tool_search": Tool.TOOL_SEARCH,
    "request_user_input": Tool.ASK,
    "request_user_input_async": Tool.ASK,
    "list_mcp_resources": Tool.MCP,
    "list_mcp_resource_templates": Tool.MCP,
    "read_mcp_resource": Tool.MCP,
}
_AGENT_NAMESPACES = ("multi_agent", "collaboration", "collab")
_BY_KIND: dict[ToolKind, Tool] = {
    "exec": Tool.EXEC,
    "patch": Tool.PATCH,
    "mcp": Tool.MCP,
    "agent": Tool.AGENT,
    "web_search": Tool.WEB_SEARCH,
    "image": Tool.IMAGE,
    "dynamic": Tool.DYNAMIC,
    "other": Tool.OTHER,
}
_TELLING = (
    "cmd",
    "command",
    "path",
    "file_path",
    "query",
    "pattern",
    "url",
    "task_name",
    "target",
    "message",
    "prompt",
    "question",
    "key",
    "name",
)


def tool_of_item(kind: ToolKind) -> Tool:
    return _BY_KIND[kind]


def tool_of_call(event: CallMade) -> Tool:
    name, namespace = event.name, event.namespace
    if namespace is not None:
        if namespace.startswith("mcp__"):
            return Tool.MCP
        if namespace.startswith(_AGENT_NAMESPACES):
            return Tool.AGENT
    tool = _BY_NAME.get(name)
    if tool is not None:
        return tool
    if name == "exec":
        return Tool.CODE if event.kind == "custom" else Tool.EXEC
    if name == "wait":  # both of code-mode cells and, up to 0.111, of workers
        return Tool.CODE if event.arguments is not None and "cell_id" in event.arguments else Tool.AGENT
    if "__" in name.strip("_"):  # server__tool, mcp__server__tool
        return Tool.MCP
    if "<|" in name:  # some builds let a model's own markers into the name: shell<|channel|>
        return _BY_NAME.get(name.partition("<|")[0], Tool.OTHER)
    return Tool.IMAGE if event.kind == "image" else Tool.OTHER


def summary_of_call(event: CallMade, tool: Tool) -> str:
    if event.summary is not None:
        return one_line(event.summary, SUMMARY_LENGTH)
    arguments = event.arguments
    if arguments is None:
        written = summary_of_patch(event.input) if tool is Tool.PATCH else _first_code_line(event.input)
        return one_line(written, SUMMARY_LENGTH)
    return one_line(_summary_of(arguments, tool), SUMMARY_LENGTH)


def _summary_of(arguments: dict[str, object], tool: Tool) -> str:
    if tool is Tool.EXEC:
        command = arguments.get("cmd", arguments.get("command"))
        if command is not None:
            return shown_command(command)
    if tool is Tool.STDIN:
        return _stdin(arguments)
    if tool is Tool.PATCH and isinstance(patch := arguments.get("input", arguments.get("patch")), str):
        return summary_of_patch(patch)
    if tool is Tool.PLAN:
        return _plan(arguments)
    if tool is Tool.AGENT:
        return _agent(arguments)
    if tool is Tool.CODE and "cell_id" in arguments:
        return f"cell {arguments['cell_id']}" + (" · terminate" if arguments.get("terminate") is True else "")
    if tool is Tool.ASK and isinstance(questions := arguments.get("questions"), list) and questions:
        first = questions[0]
        if isinstance(first, dict):
            return str(first.get("question", ""))
    for key in _TELLING:
        value = arguments.get(key)
        if isinstance(value, str) and value:
            return value
    return _pairs(arguments)


def _stdin(arguments: dict[str, object]) -> str:
    chars = arguments.get("chars")
    session = f"session {arguments.get('session_id', '?')}"
    return f"{session} · {orjson.dumps(chars).decode()}" if isinstance(chars, str) and chars else session


def _plan(arguments: dict[str, object]) -> str:
    """The step in progress, and how far the plan is."""
    steps = [step for step in _list(arguments.get("plan")) if isinstance(step, dict)]
    done = sum(step.get("status") == "completed" for step in steps)
    current = next((step for step in steps if step.get("status") == "in_progress"), None)
    name = current.get("step") if current else None
    return f"{done}/{len(steps)}" + (f" · {name}" if isinstance(name, str) else "")


def _agent(arguments: dict[str, object]) -> str:
    """Whom, and what; sealed messages (``gAAAAA…``) are not for reading."""
    parts: list[str] = []
    for key in ("task_name", "target", "id", "targets", "ids", "agent_type"):
        parts += _names(arguments.get(key))
    message = arguments.get("message")
    if isinstance(message, str) and message:
        parts.append("(sealed)" if message.startswith("gAAAA") else message)
    return " · ".join(parts)


def workers_waited_for(arguments: dict[str, object]) -> list[str]:
    return _names(arguments.get("targets")) + _names(arguments.get("ids"))


def _names(value: object) -> list[str]:
    """One, or several in a list."""
    return [
        name
        for name in ([value] if isinstance(value, str) else _list(value))
        if isinstance(name, str) and name
    ]


def _first_code_line(source: str) -> str:
    """The first line that does something: no pragma, no blank."""
    for line in source.split("\n"):
        if line.strip() and not line.startswith("// @exec"):
            return line
    return source


def _pairs(arguments: dict[str, object]) -> str:
    shown = []
    for key, value in list(arguments.items())[:6]:
        written = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
        shown.append(f"{key}={shlex.quote(written[:SUMMARY_LENGTH]) if isinstance(value, str) else written}")
    return " ".join(shown)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
