"""What there is to tell of a session that goes on: a story for each thing that happened, as it stood then."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.model import Agent, Call, Note, NoteKind, Place, Problem, Session, Turn, TurnStatus


class SessionBegan(NamedTuple):
    session: Session
    titled: bool
    """Enough has been read to know its title and its state."""


class TurnBegan(NamedTuple):
    pass


class TurnOver(NamedTuple):
    failed_calls: int


class TurnUndone(NamedTuple):
    pass


class CallBegan(NamedTuple):
    call: Call


class CallRuns(NamedTuple):
    """It has been running for a while."""

    call: Call


class CallOver(NamedTuple):
    call: Call


class Noted(NamedTuple):
    note: Note


class Damage(NamedTuple):
    problem: Problem


class StateIs(NamedTuple):
    """How the session stands now: the status of its last turn, or that it is gone."""

    state: str


Event = (
    SessionBegan
    | TurnBegan
    | TurnOver
    | TurnUndone
    | CallBegan
    | CallRuns
    | CallOver
    | Noted
    | Damage
    | StateIs
)

GONE = "gone"


class Story(NamedTuple):
    event: Event
    at: int | None
    """When the record that tells it was written."""
    place: Place
    session_id: str | None
    agent: Agent
    turn: Turn | None = None

    @property
    def agent_name(self) -> str | None:
        """Since agents have paths these tell what they are for; before, they only had nicknames."""
        path = (self.agent.path or "").rstrip("/").rpartition("/")[2]
        return path or self.agent.nickname

    @property
    def is_failure(self) -> bool:
        """Whether somebody who asks for failures alone wants to hear it."""
        if isinstance(self.event, CallOver):
            return self.event.call.status.is_failure
        if isinstance(self.event, TurnOver):
            return self.turn is not None and self.turn.status is TurnStatus.FAILED
        return isinstance(self.event, Noted) and self.event.note.kind is NoteKind.ERROR
