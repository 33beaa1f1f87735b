"""The words that the model uses: kinds of turns, calls and notes, and how they end.

Apart from the model itself, because lists need them at once and not the rest.
"""

from __future__ import annotations

from enum import StrEnum


class TurnKind(StrEnum):
    USER = "user"
    AGENT = "agent"
    SHELL = "shell"
    COMPACTION = "compaction"
    REVIEW = "review"


class TurnStatus(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    IN_PROGRESS = "in_progress"
    UNENDED = "unended"


class CallStatus(StrEnum):
    OK = "ok"
    FAILED = "failed"
    DECLINED = "declined"
    ABORTED = "aborted"
    RUNNING = "running"
    UNFINISHED = "unfinished"

    @property
    def is_failure(self) -> bool:
        return self in (CallStatus.FAILED, CallStatus.DECLINED)


class Tool(StrEnum):
    EXEC = "exec"
    STDIN = "stdin"
    PATCH = "patch"
    MCP = "mcp"
    WEB_SEARCH = "web_search"
    PLAN = "plan"
    IMAGE = "image"
    AGENT = "agent"
    CODE = "code"
    TOOL_SEARCH = "tool_search"
    ASK = "ask"
    DYNAMIC = "dynamic"
    OTHER = "other"


class AgentAct(StrEnum):
    """What a call about workers does, whatever its version calls it."""

    SPAWN = "spawn"
    TELL = "tell"
    TASK = "task"
    RESUME = "resume"
    WAIT = "wait"
    STOP = "stop"
    CLOSE = "close"
    LIST = "list"
    OTHER = "agent"

    @property
    def gives_work(self) -> bool:
        """A turn of the worker may begin with it."""
        return self in (AgentAct.SPAWN, AgentAct.TELL, AgentAct.TASK, AgentAct.RESUME)


_ACTS = {
    "spawn_agent": AgentAct.SPAWN,
    "send_input": AgentAct.TELL,
    "send_message": AgentAct.TELL,
    "followup_task": AgentAct.TASK,
    "resume_agent": AgentAct.RESUME,
    "wait": AgentAct.WAIT,
    "wait_agent": AgentAct.WAIT,
    "interrupt_agent": AgentAct.STOP,
    "close_agent": AgentAct.CLOSE,
    "list_agents": AgentAct.LIST,
}


def agent_act(tool: Tool, name: str) -> AgentAct | None:
    """None of a call that is not about workers."""
    return _ACTS.get(name, AgentAct.OTHER) if tool is Tool.AGENT else None


class NoteKind(StrEnum):
    PROMPT = "prompt"
    MESSAGE = "message"
    REASONING = "reasoning"
    PLAN = "plan"
    COMPACTION = "compaction"
    MODEL_CHANGE = "model_change"
    AGENT_MESSAGE = "agent_message"
    NOTE = "note"
    ERROR = "error"


class Evidence(StrEnum):
    """What a call's outcome rests on, from the surest to none at all."""

    ITEM = "item"
    OUTPUT = "output"
    POLL = "poll"
    NONE = "none"
