"""What a timeline is made of: rows of several kinds, and what a person chose to see of a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from trace_tui.model import Call, Item, NoteKind, Place, Tool, Turn, TurnStatus
from trace_tui.wording.agents import Badge


class Kind(Enum):
    SESSION = "session"
    TURN = "turn"
    CALL = "call"
    NOTE = "note"
    RUN = "run"
    DIVIDER = "divider"
    LINK = "link"


class Link(NamedTuple):
    """To another session that no call of this one leads to; or, without an id, to a turn of this one."""

    word: str
    """What it is to this one: ``fork``, ``review``, ``from``, …"""
    id: str | None
    words: str = ""
    at: int | None = None
    """When it came; the row stands at its time."""
    behind: int | None = None
    """The turn behind whose steps it stands, where that is known better than the time."""
    turn: int | None = None
    """The turn that it leads to, where that is known."""
    is_origin: bool = False
    """It leads to where this session came from, and stands above all turns."""


class Row(NamedTuple):
    kind: Kind
    turn: Turn
    item: Item | None = None
    bracket: str = ""
    """Of calls that ran side by side."""
    words: str = ""
    """What a turn came to, what a run hides, or what a divider says."""
    hidden: Sequence[Row] = ()
    """The rows that opening this one shows."""
    thread: str = ""
    """Whose step it is, where those of several agents stand together: the key of its session."""
    badge: Badge | None = None
    link: Link | None = None

    @property
    def is_failure(self) -> bool:
        if self.kind is Kind.TURN:
            return self.turn.status is TurnStatus.FAILED
        return isinstance(self.item, Call) and self.item.status.is_failure

    @property
    def place(self) -> Place:
        """The record that tells of it first; of the session, its header."""
        return self.turn.place if self.item is None else self.item.place

    @property
    def at(self) -> int | None:
        if isinstance(self.item, Call):
            return self.item.started_at
        if self.link is not None and self.link.at is not None:
            return self.link.at
        return self.turn.started_at if self.item is None else self.item.at


LOOP, SILENCE = "↻", "~"


class Marks(NamedTuple):
    """What looks like a loop or a stall: signs for steps, and words for silences by when they ended.

    Both by whose step it is, as in a row's ``thread``.
    """

    steps: Mapping[tuple[str, Place], str]
    silences: Mapping[tuple[str, int], str]

    def sign_of(self, row: Row) -> str:
        rows = row.hidden if row.kind is Kind.RUN else (row,)
        signs = (self.steps.get((one.thread, one.place)) for one in rows if one.kind is Kind.CALL)
        return next((sign for sign in signs if sign is not None), " ")


NO_MARKS = Marks({}, {})


class StepKind(Enum):
    """What a person may leave out of a timeline."""

    MESSAGES = "messages"
    REASONING = "reasoning"
    COMMANDS = "commands"
    PATCHES = "patches"
    AGENTS = "agents"
    MCP = "MCP calls"
    TOOLS = "other tools"
    NOTES = "notes"


ALL_KINDS = frozenset(StepKind)
_OF_TOOLS = {
    Tool.EXEC: StepKind.COMMANDS,
    Tool.STDIN: StepKind.COMMANDS,
    Tool.CODE: StepKind.COMMANDS,
    Tool.PATCH: StepKind.PATCHES,
    Tool.AGENT: StepKind.AGENTS,
    Tool.MCP: StepKind.MCP,
}
_OF_NOTES = {
    NoteKind.MESSAGE: StepKind.MESSAGES,
    NoteKind.PROMPT: StepKind.MESSAGES,
    NoteKind.REASONING: StepKind.REASONING,
    NoteKind.AGENT_MESSAGE: StepKind.AGENTS,
}


class Choice(NamedTuple):
    """What is shown of a session."""

    kinds: frozenset[StepKind] = ALL_KINDS
    only_failures: bool = False
    quiet_runs: bool = True
    """Runs of quiet steps are folded."""


def step_kind(item: Item) -> StepKind:
    if isinstance(item, Call):
        return _OF_TOOLS.get(item.tool, StepKind.TOOLS)
    return _OF_NOTES.get(item.kind, StepKind.NOTES)


WHOLE_SESSION = Turn(0, Place(1))
"""Stands for no turn in the row that tells of all of them."""


def failures_of(turns: Iterable[Turn]) -> Iterator[tuple[Turn, Call | None]]:
    """Failed turns and calls in the order of the rows; a failed turn is told before its calls."""
    for turn in turns:
        if turn.status is TurnStatus.FAILED:
            yield turn, None
        for call in turn.calls():
            if call.status.is_failure:
                yield turn, call
