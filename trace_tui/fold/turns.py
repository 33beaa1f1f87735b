"""Opens, names and closes turns, in every era.

With turn ids a turn is what stands between `task_started` and its end, wherever late lines stand. Without
them (bare files, 0.34 to 0.98) it begins with what a person asked and ends where the next one begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from trace_tui.model import (
    Call,
    CallStatus,
    Note,
    NoteKind,
    Place,
    Text,
    Turn,
    TurnError,
    TurnKind,
    TurnStatus,
)
from trace_tui.parsers.events import TurnContext, TurnEnded, TurnStarted

_CLOCK_SLACK_MS = 2000
"""`started_at` has whole seconds; a line written later than this was held back and its time misleads."""

NO_ANSWER = "no answer was written"


@dataclass(slots=True)
class TurnState:
    """What the fold must remember of a turn beyond what the model keeps."""

    turn: Turn
    ended: bool = False
    contexts: int = 0
    answered: bool = False
    """An assistant message was written."""
    worked: bool = False
    """The model wrote anything at all."""
    trouble: TurnError | None = None


class Guess(NamedTuple):
    """A turn without an end, as it was before its end was guessed: more of it may come."""

    turn: Turn
    kind: TurnKind
    status: TurnStatus
    error: TurnError | None
    final_answer: Text | None
    ended_at: int | None
    duration_ms: int | None

    @classmethod
    def of(cls, turn: Turn) -> Guess:
        return cls(
            turn, turn.kind, turn.status, turn.error, turn.final_answer, turn.ended_at, turn.duration_ms
        )

    def take_back(self) -> None:
        turn = self.turn
        turn.kind, turn.status, turn.error, turn.final_answer, turn.ended_at, turn.duration_ms = self[1:]


@dataclass(slots=True)
class TurnBook:
    is_child: bool = False
    """Another thread asks here, not a person."""
    turns: list[Turn] = field(default_factory=list)
    states: list[TurnState] = field(default_factory=list)
    _going_on: list[TurnState] = field(default_factory=list)
    """Those that have not ended, and some that have."""
    _by_id: dict[str, TurnState] = field(default_factory=dict)
    current: TurnState | None = None
    _live: list[TurnState] = field(default_factory=list)
    """Turns that are not undone."""
    _context: TurnContext | None = None

    # -- beginning ------------------------------------------------------

    def start(self, event: TurnStarted, place: Place) -> TurnState:
        if event.turn_id is not None and event.turn_id in self._by_id:
            state = self._by_id[event.turn_id]  # a repeated line
            self.current = state
            return state
        current = self.current
        if current is not None and self._may_take_id(current, event):
            state = current  # a prompt, or a review's beginning, stood before it
        else:
            state = self.open(place, event.at, event.ordinal)
        turn = state.turn
        turn.id = event.turn_id
        if event.turn_id is not None:
            self._by_id[event.turn_id] = state
        turn.started_at = _true_start(event.at, event.started_at)
        turn.context_window = event.window or turn.context_window
        turn.collaboration_mode = event.mode or turn.collaboration_mode
        turn.parent_turn_id = event.parent_turn_id
        return state

    def open(self, place: Place, at: int | None, ordinal: int | None) -> TurnState:
        """A new turn that is the current one."""
        turn = Turn(index=len(self.states) + 1, place=place, started_at=at, start_ordinal=ordinal)
        turn.kind = TurnKind.AGENT if self.is_child else TurnKind.USER
        state = TurnState(turn)
        self.turns.append(turn)
        self.states.append(state)
        self._going_on.append(state)
        self._live.append(state)
        self.current = state
        if self._context is not None:
            self._apply(state, self._context)
            self._context = None
        return state

    def _may_take_id(self, state: TurnState, event: TurnStarted) -> bool:
        """A turn that began without an id and in which nothing happened; one that asked the model did."""
        if state.ended or state.turn.id is not None or state.worked:
            return False
        asked = event.turn_id is not None and state.contexts > 0 and state.turn.prompt is not None
        return not asked and not any(isinstance(item, Call) for item in state.turn.items)

    def begins_with_prompt(self) -> bool:
        """Whether a prompt now would open a turn rather than join the one that runs."""
        current = self.current
        return current is None or current.ended or current.turn.id is None

    # -- finding --------------------------------------------------------

    def named(self, turn_id: str | None) -> TurnState | None:
        return self._by_id.get(turn_id) if turn_id is not None else None

    def holding(self, turn_id: str | None, place: Place, at: int | None, ordinal: int | None) -> TurnState:
        """The turn that a line belongs to: its own word, else the open turn; made up if there is none."""
        state = self._by_id.get(turn_id) if turn_id is not None else None
        if state is not None:
            return state
        current = self.current
        if current is not None and (not current.ended or turn_id is None):
            return current
        state = self.open(place, at, ordinal)
        if turn_id is not None:
            state.turn.id = turn_id
            self._by_id[turn_id] = state
        return state

    # -- context --------------------------------------------------------

    def context(self, event: TurnContext) -> TurnState | None:
        """Applies to its turn; what stands before a turn waits for it."""
        state = self._by_id.get(event.turn_id) if event.turn_id is not None else self.current
        if state is None or (event.turn_id is None and (state.ended or _is_answered(state))):
            self._context = event
            return None
        self._apply(state, event)
        return state

    def _apply(self, state: TurnState, event: TurnContext) -> None:
        turn = state.turn
        state.contexts += 1
        turn.model = event.model or turn.model
        turn.effort = event.effort or turn.effort
        turn.cwd = event.cwd or turn.cwd
        turn.approval_policy = event.approval_policy or turn.approval_policy
        turn.sandbox = event.sandbox or turn.sandbox
        turn.collaboration_mode = event.mode or turn.collaboration_mode

    # -- ending ---------------------------------------------------------

    def end(self, event: TurnEnded, place: Place) -> TurnState | None:
        """The turn that ended; None where an interruption came with nothing to interrupt."""
        state = self.named(event.turn_id)
        if state is None and event.aborted and (self.current is None or self.current.ended):
            return None
        state = state or self._unmatched(event, place)
        turn = state.turn
        if state.ended and turn.status is not TurnStatus.IN_PROGRESS:
            return state  # a repeated line
        state.ended = True
        turn.ended_at = event.at if event.at is not None else event.completed_at
        if turn.started_at is None:
            turn.started_at = event.started_at
        turn.duration_ms = event.duration_ms
        if turn.duration_ms is None and turn.started_at is not None and turn.ended_at is not None:
            turn.duration_ms = max(0, turn.ended_at - turn.started_at)
        self._classify(state)
        self._conclude(state, event, place)
        return state

    def _unmatched(self, event: TurnEnded, place: Place) -> TurnState:
        """A review's outer turn starts under the id of its inner one and ends under its own."""
        current = self.current
        if current is None or current.ended:
            current = self.open(place, event.started_at or event.at, event.ordinal)
        if event.turn_id is not None:
            current.turn.id = event.turn_id
            self._by_id[event.turn_id] = current
        return current

    def _classify(self, state: TurnState) -> None:
        """What kind of turn it was, now that all of it is there."""
        turn = state.turn
        if turn.prompt is not None or turn.prompt_sealed or turn.kind not in (TurnKind.USER, TurnKind.AGENT):
            return
        if turn.compactions and not state.answered and not any(isinstance(item, Call) for item in turn.items):
            turn.kind = TurnKind.COMPACTION

    def _conclude(self, state: TurnState, event: TurnEnded, place: Place) -> None:
        turn = state.turn
        if event.aborted:
            turn.status = TurnStatus.ABORTED
            if event.error is not None:
                turn.error = TurnError(event.error, event.error_code)
            return
        if event.error is not None:
            turn.status, turn.error = TurnStatus.FAILED, TurnError(event.error, event.error_code)
            return
        if event.last_message is None and not event.errors_are_told and self._owes_answer(state):
            # 0.101 to 0.143: the only sign of a failed turn is that no answer came.
            turn.status = TurnStatus.FAILED
            turn.error = state.trouble or TurnError(NO_ANSWER)
            return
        turn.status = TurnStatus.COMPLETED
        if event.last_message is not None:
            turn.final_answer = shortened(event.last_message, place)
        else:
            turn.final_answer = last_message(turn)

    def _owes_answer(self, state: TurnState) -> bool:
        """Somebody asked, and a plan, which is no message, is not all that was wanted."""
        turn = state.turn
        if turn.kind not in (TurnKind.USER, TurnKind.AGENT):
            return False
        planned = any(isinstance(item, Note) and item.kind is NoteKind.PLAN for item in turn.items)
        return not planned and (turn.prompt is not None or turn.prompt_sealed)

    # -- undoing --------------------------------------------------------

    def roll_back(self, count: int) -> None:
        """The last so many turns that people asked for are undone."""
        if self.current is not None and not self.current.ended:
            self._settle_open(self.current, is_last=False)
            self.current.ended = True
        while self._live and count > 0:
            turn = self._live.pop().turn
            turn.reverted = True
            count -= turn.prompt is not None

    def revert_from(self, ordinal: int) -> None:
        """A rewind: what stands at or behind this ordinal is undone."""
        for state in self.states:
            start = state.turn.start_ordinal
            if start is not None and start >= ordinal:
                state.turn.reverted = True
                state.ended = True
        self._live = [state for state in self._live if not state.turn.reverted]

    # -- the state now --------------------------------------------------

    def settle(self) -> list[Guess]:
        """Statuses of turns without an end line, as far as the file tells by now; what they were before."""
        self._going_on = [state for state in self._going_on if not state.ended]
        guesses = [Guess.of(state.turn) for state in self._going_on]
        for state in self._going_on:
            self._settle_open(state, is_last=state is self.states[-1])
        return guesses

    def _settle_open(self, state: TurnState, *, is_last: bool) -> None:
        turn = state.turn
        self._classify(state)
        if turn.id is not None:
            turn.status = TurnStatus.IN_PROGRESS if is_last else TurnStatus.UNENDED
            return
        # Eras without turn ids write no end either; the last message is the answer.
        turn.ended_at = next(
            (item_time(item) for item in reversed(turn.items) if item_time(item)), turn.started_at
        )
        if turn.started_at is not None and turn.ended_at is not None:
            turn.duration_ms = max(0, turn.ended_at - turn.started_at)
        last = turn.items[-1] if turn.items else None
        if isinstance(last, Call) and last.status is CallStatus.ABORTED:
            turn.status = TurnStatus.ABORTED
        elif _ends_with_message(turn):
            turn.status, turn.final_answer = TurnStatus.COMPLETED, last_message(turn)
        elif not state.worked and (not is_last or state.contexts > 1):
            turn.status, turn.error = TurnStatus.FAILED, state.trouble or TurnError(NO_ANSWER)
        elif turn.kind is TurnKind.SHELL or (turn.compactions and not state.worked):
            turn.status = TurnStatus.COMPLETED
        else:
            turn.status = TurnStatus.IN_PROGRESS if is_last else TurnStatus.UNENDED


def shortened(text: str, place: Place, limit: int = 400) -> Text:
    return Text(text[:limit], place, cut=len(text) > limit)


def last_message(turn: Turn) -> Text | None:
    for item in reversed(turn.items):
        if isinstance(item, Note) and item.kind is NoteKind.MESSAGE:
            return Text(item.text, item.place, item.cut)
    return None


def item_time(item: Call | Note) -> int | None:
    return (item.ended_at or item.started_at) if isinstance(item, Call) else item.at


def _is_answered(state: TurnState) -> bool:
    """Without turn ids: what comes now is about the next turn."""
    return state.turn.id is None and _ends_with_message(state.turn)


def _ends_with_message(turn: Turn) -> bool:
    """Whether nothing but notes stands behind the last message of the assistant."""
    for item in reversed(turn.items):
        if isinstance(item, Call):
            return False
        if item.kind is NoteKind.MESSAGE:
            return True
    return False


def _true_start(written: int | None, told: int | None) -> int | None:
    if written is None or told is None:
        return written if told is None else told
    return told if abs(written - told) > _CLOCK_SLACK_MS else written
