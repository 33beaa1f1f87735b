"""The model of a session: what the fold makes of the events, and what every face shows.

Plain slotted objects without behaviour beyond small questions about themselves. Long texts are not in
here: a `Text` keeps its beginning and the line where all of it stands.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, NewType

from trace_tui.kinds import (
    CallStatus as CallStatus,
)
from trace_tui.kinds import (
    Evidence as Evidence,
)
from trace_tui.kinds import (
    NoteKind as NoteKind,
)
from trace_tui.kinds import (
    Tool as Tool,
)
from trace_tui.kinds import (
    TurnKind as TurnKind,
)
from trace_tui.kinds import (
    TurnStatus as TurnStatus,
)
from trace_tui.parsers.agent_replies import AgentReply as AgentReply
from trace_tui.parsers.formats import Format
from trace_tui.parsers.usage import NO_USAGE, Usage
from trace_tui.relatives import Agent as Agent
from trace_tui.relatives import Child as Child
from trace_tui.relatives import Relation as Relation

Place = NewType("Place", int)
"""A record: index into the session's files and 1-based line, in one number; in a first file just the line."""

_FILE_SHIFT = 40


def place_of(file: int, line: int) -> Place:
    return Place(file << _FILE_SHIFT | line)


def file_of(place: Place) -> int:
    return place >> _FILE_SHIFT


def line_of(place: Place) -> int:
    return place & ((1 << _FILE_SHIFT) - 1)


@dataclass(slots=True)
class Text:
    """The beginning of a text, and where to read the rest when ``cut``."""

    head: str
    place: Place
    cut: bool = False


class Verdict(NamedTuple):
    """How a call ended, and why it is not ok in a few plain words."""

    status: CallStatus
    exit_code: int | None = None
    reason: str | None = None


@dataclass(slots=True, eq=False)
class Call:
    """One tool call: up to three lines tell of it, and it stands in the timeline once."""

    call_id: str
    name: str
    tool: Tool
    place: Place
    namespace: str | None = None
    summary: str = ""
    status: CallStatus = CallStatus.UNFINISHED
    exit_code: int | None = None
    reason: str | None = None
    evidence: Evidence = Evidence.NONE
    started_at: int | None = None
    ended_at: int | None = None
    duration_ms: int | None = None
    parallel: bool = False
    parent_call_id: str | None = None
    child_session: str | None = None
    output_place: Place | None = None
    item_place: Place | None = None
    nested: list[Call] | None = None
    reply: AgentReply | None = None
    """Of a call about workers: what it told of them."""


@dataclass(slots=True, eq=False)
class Note:
    """Anything in a turn that is no call."""

    kind: NoteKind
    place: Place
    at: int | None = None
    text: str = ""
    cut: bool = False
    author: str | None = None
    recipient: str | None = None
    phase: str | None = None


Item = Call | Note


@dataclass(slots=True)
class TurnError:
    message: str
    code: str | None = None


@dataclass(slots=True, eq=False)
class Turn:
    index: int
    place: Place
    id: str | None = None
    kind: TurnKind = TurnKind.USER
    status: TurnStatus = TurnStatus.IN_PROGRESS
    error: TurnError | None = None
    reverted: bool = False
    prompt: Text | None = None
    prompt_sealed: bool = False
    steered: list[Text] = field(default_factory=list)
    final_answer: Text | None = None
    model: str | None = None
    effort: str | None = None
    cwd: str | None = None
    approval_policy: str | None = None
    sandbox: str | None = None
    collaboration_mode: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    duration_ms: int | None = None
    usage: Usage = NO_USAGE
    responses: int = 0
    compactions: int = 0
    context_used: int | None = None
    context_window: int | None = None
    parent_turn_id: str | None = None
    start_ordinal: int | None = None
    items: list[Item] = field(default_factory=list)

    def calls(self) -> list[Call]:
        """All calls in order, those inside a code-mode cell right after it."""
        found: list[Call] = []
        for item in self.items:
            if isinstance(item, Call):
                found.append(item)
                if item.nested:
                    found.extend(item.nested)
        return found


class Response(NamedTuple):
    """What one answer of the model used; of streams, which tell no more, one turn."""

    turn: int
    """The turn's index."""
    at: int | None
    model: str | None
    tier: str | None
    usage: Usage


@dataclass(slots=True)
class Problem:
    """Damage, never fatal; ``file`` is an index into the session's files."""

    line: int
    kind: str
    detail: str
    file: int = 0


@dataclass(slots=True, eq=False)
class SessionFile:
    """A file of the thread and where each of its lines begins; a line goes on to where the next begins."""

    path: str
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    end: int = 0
    """Where the last line ends, as far as the file was read."""
    lengths: dict[int, int] = field(default_factory=dict)
    """By line, where something other than a newline stands between two records."""

    def add_lines(self, pieces: Sequence[bytes]) -> None:
        """The next lines of the file, as they stand in it."""
        ends = list(accumulate(map(len, pieces), initial=self.end))
        self.end = ends.pop()
        self.offsets.extend(ends)

    def add_record(self, line: int, offset: int, length: int) -> None:
        """A record that does not fill its lines; lines before it that hold none are empty."""
        self.offsets.extend([offset] * (line - len(self.offsets)))
        self.lengths[line] = length
        self.end = offset + length

    def span(self, line: int) -> tuple[int, int] | None:
        """Offset and length of a line; trailing blanks may be within it."""
        if not 0 < line <= len(self.offsets):
            return None
        offset = self.offsets[line - 1]
        if line in self.lengths:
            return offset, self.lengths[line]
        end = self.offsets[line] if line < len(self.offsets) else self.end
        return offset, end - offset


@dataclass(slots=True, eq=False)
class Session:
    id: str | None = None
    root_id: str | None = None
    parent_id: str | None = None
    relation: Relation = Relation.ROOT
    agent: Agent = field(default_factory=Agent)
    forked_from: str | None = None
    forked_at: int | None = None
    children: list[Child] = field(default_factory=list)
    awaited_workers: dict[str, Call] = field(default_factory=dict)
    """Workers known by their path alone, with the calls that started them: their own files tell their ids."""
    files: list[SessionFile] = field(default_factory=list)
    format: Format = Format.ROLLOUT
    originator: str | None = None
    source: str | None = None
    cli_versions: list[str] = field(default_factory=list)
    cwd: str | None = None
    branch: str | None = None
    commit: str | None = None
    repository: str | None = None
    name: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    archived: bool = False
    compressed: bool = False
    turns: list[Turn] = field(default_factory=list)
    usage: Usage = NO_USAGE
    usage_source: str = "none"
    inherited_lines: int = 0
    inherited_calls: int = 0
    problems: list[Problem] = field(default_factory=list)
    problems_left_out: int = 0
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def title(self) -> str:
        """The thread's name, else the first real prompt, else its folder's name."""
        if self.name:
            return self.name
        if self.title_prompt is not None:
            return self.title_prompt.head
        folder = (self.cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
        return folder or self.id or "session"

    @property
    def title_prompt(self) -> Text | None:
        """The prompt that the title is the beginning of, if it is."""
        if self.name:
            return None
        prompts = (turn.prompt for turn in self.turns)
        return next((prompt for prompt in prompts if prompt is not None and prompt.head.strip()), None)

    @property
    def state(self) -> str:
        """The status of the last turn that still counts, ``empty`` where there is none."""
        last = next((turn for turn in reversed(self.turns) if not turn.reverted), None)
        if last is None:
            last = self.turns[-1] if self.turns else None
        if last is None:
            return "empty"
        return TurnStatus.IN_PROGRESS if last.status is TurnStatus.UNENDED else last.status

    def failed_calls(self) -> list[Call]:
        return [call for turn in self.turns for call in turn.calls() if call.status.is_failure]

    def failed_turns(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.status is TurnStatus.FAILED]
