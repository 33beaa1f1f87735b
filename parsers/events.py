"""The typed events that every format is read into; the fold consumes them and never looks at JSON.

One record of a file (a line, or an item of the TypeScript CLI's object) gives exactly one event. Texts
are whole unless ``cut`` is set: then only their beginning was decoded, and the rest stays on disk until
somebody reads the span.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from trace_tui.parsers.usage import NO_USAGE, Digits, Usage

Role = Literal["user", "assistant", "developer", "system"]
CallKind = Literal["function", "custom", "local_shell", "web_search", "tool_search", "image"]
ToolKind = Literal["exec", "patch", "mcp", "agent", "web_search", "image", "dynamic", "other"]


@dataclass(slots=True, eq=False)
class Event:
    """What all events share; ``at`` is the time of writing in milliseconds since 1970."""

    at: int | None = field(default=None, kw_only=True)
    ordinal: int | None = field(default=None, kw_only=True)
    turn_id: str | None = field(default=None, kw_only=True)


@dataclass(slots=True, eq=False)
class HistoryBase:
    """The part of another file that this one continues from."""

    thread_id: str
    end_ordinal: int | None


@dataclass(slots=True, eq=False)
class SessionHeader(Event):
    id: str | None = None
    root_id: str | None = None
    parent_id: str | None = None
    forked_from_id: str | None = None
    forked_at_ordinal: int | None = None
    history_base: HistoryBase | None = None
    own_start_ordinal: int | None = None
    created_at: int | None = None
    cwd: str | None = None
    originator: str | None = None
    source: str | None = None
    """``cli``, ``exec``, ``vscode``…; for children what kind of child they are."""
    child_kind: str | None = None
    cli_version: str | None = None
    agent_path: str | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    depth: int = 0
    branch: str | None = None
    commit: str | None = None
    repository: str | None = None
    paginated: bool = False
    shape: Literal["rollout", "bare", "typescript", "exec-stream"] = "rollout"


@dataclass(slots=True, eq=False)
class TurnStarted(Event):
    window: int | None = None
    mode: str | None = None
    parent_turn_id: str | None = None
    started_at: int | None = None


@dataclass(slots=True, eq=False)
class TurnEnded(Event):
    aborted: bool = False
    reason: str | None = None
    error: str | None = None
    error_code: str | None = None
    last_message: str | None = None
    errors_are_told: bool = False
    """This build writes an ``error`` when a turn failed, so its absence means something."""
    started_at: int | None = None
    completed_at: int | None = None
    duration_ms: int | None = None
    thread_total: Usage | None = None
    """`codex exec --json` tells the thread's running total at the end of a turn, and nothing else."""


@dataclass(slots=True, eq=False)
class TurnContext(Event):
    model: str | None = None
    effort: str | None = None
    cwd: str | None = None
    approval_policy: str | None = None
    sandbox: str | None = None
    mode: str | None = None


@dataclass(slots=True, eq=False)
class SettingsApplied(TurnContext):
    service_tier: str | None = None


@dataclass(slots=True, eq=False)
class Prompt(Event):
    """A line that exists only for what a person (or a worker's parent) asked."""

    text: str = ""
    images: int = 0
    bare: bool = False


@dataclass(slots=True, eq=False)
class Message(Event):
    """A message as the model saw or wrote it; user messages may be harness text."""

    role: str = "user"
    text: str = ""
    images: int = 0
    injected: str | None = None
    """What kind of harness text this is, when it is no prompt."""
    labelled_prompt: bool = False
    """The line itself says that a person wrote it."""
    id: str | None = None
    phase: str | None = None
    for_compaction: bool = False
    inherited: bool = False
    bare: bool = False
    """From a format without envelope, where no second line confirms what a message is."""


@dataclass(slots=True, eq=False)
class AgentText(Event):
    """The line that shows an assistant message to a person (the twin of a Message)."""

    text: str = ""
    phase: str | None = None
    id: str | None = None


@dataclass(slots=True, eq=False)
class Reasoning(Event):
    """``text`` is empty unless everything is decoded: nobody reads reasoning before asking for it."""

    text: str = ""
    twin: bool = False
    """True for the line made for display, false for the model's own item."""
    parts: int = 1
    """How many lines for display an item has."""
    sealed: bool = False
    """There is nothing to read but cipher text."""


@dataclass(slots=True, eq=False)
class CallMade(Event):
    kind: CallKind = "function"
    call_id: str | None = None
    name: str = ""
    namespace: str | None = None
    input: str = ""
    arguments: dict[str, object] | None = None
    cut: bool = False
    summary: str | None = None
    """Set where the parser saw more of a cut input than ``input`` holds."""


@dataclass(slots=True, eq=False)
class CallOutput(Event):
    call_id: str | None = None
    text: str = ""
    last_part: str | None = None
    images: int = 0
    exit_code: int | None = None
    seconds: float | None = None
    cut: bool = False
    success: bool | None = None
    by_harness: bool = False
    """It names itself: harness text in the shape of an output, belonging to no call."""
    plain_success: bool = False
    """Exit code 0 stands in its header, and nothing but what the program printed follows."""
    whole: Callable[[], Event] | None = None
    """Reads the line again with all its text, where ``text`` is its beginning."""


@dataclass(slots=True, eq=False)
class ToolStarted(Event):
    """Only streams tell of a beginning; rollouts have the call itself."""

    call_id: str | None = None
    tool: ToolKind = "other"
    name: str = ""
    namespace: str | None = None
    summary: str = ""
    cwd: str | None = None


@dataclass(slots=True, eq=False)
class ToolEnded(Event):
    """The harness' own account of a finished tool run."""

    call_id: str | None = None
    tool: ToolKind = "other"
    name: str = ""
    namespace: str | None = None
    summary: str = ""
    status: str | None = None
    exit_code: int | None = None
    error: str | None = None
    duration_ms: int | None = None
    started_at: int | None = None
    completed_at: int | None = None
    cwd: str | None = None
    process_id: str | None = None
    by_user: bool = False
    output: str | None = None
    agents: tuple[AgentRef, ...] = ()
    whole: Callable[[], Event] | None = None
    """Reads the line again with all its facts, where only those were read that its call does not tell."""


class AgentRef(NamedTuple):
    thread_id: str
    name: str | None = None
    path: str | None = None
    state: str | None = None


@dataclass(slots=True, eq=False)
class AgentActivity(Event):
    """Something happened to a worker: started, interacted, completed, interrupted."""

    call_id: str | None = None
    what: str = ""
    thread_id: str | None = None
    path: str | None = None


@dataclass(slots=True, eq=False)
class Mail(Event):
    """A message between agents; ``sealed`` when its text is encrypted."""

    author: str | None = None
    recipient: str | None = None
    kind: str | None = None
    text: str = ""
    sealed: bool = False


@dataclass(slots=True, eq=False)
class UsageRecord(Event):
    thread_id: str | None = None
    response_id: str | None = None
    usage: Usage = NO_USAGE


@dataclass(slots=True, eq=False)
class TokenCount(Event):
    """Running totals; ``empty`` where the line says that nothing was counted yet."""

    total: Digits | None = None
    last: Digits | None = None
    """Of the last response."""
    context: int | None = None
    window: int | None = None
    empty: bool = False


@dataclass(slots=True, eq=False)
class Compacted(Event):
    text: str = ""


@dataclass(slots=True, eq=False)
class RolledBack(Event):
    turns: int = 0


@dataclass(slots=True, eq=False)
class Review(Event):
    entered: bool = True
    text: str = ""


@dataclass(slots=True, eq=False)
class PlanText(Event):
    text: str = ""


@dataclass(slots=True, eq=False)
class Trouble(Event):
    """An error line: a retry, a warning, or what ended a turn."""

    message: str = ""
    code: str | None = None


@dataclass(slots=True, eq=False)
class ThreadNamed(Event):
    name: str = ""


@dataclass(slots=True, eq=False)
class Quiet(Event):
    """Understood, and nothing for the model to keep."""


@dataclass(slots=True, eq=False)
class Unknown(Event):
    """Kept and counted: a type this program has not met."""

    type: str = ""


@dataclass(slots=True, eq=False)
class Malformed(Event):
    """A record that is no JSON, or not of the shape its type promises."""

    kind: str = "bad_json"
    detail: str = ""


@dataclass(slots=True, eq=False)
class Salvaged(Event):
    """Good records on one line with a torn one, or with each other."""

    events: list[Event] = field(default_factory=list)
    detail: str = ""
