"""Notices, record by record, what is new in a session; nothing twice, even where its files are read anew.

What is told depends on the records alone, never on how many of them came at once: a file that grew under our
eyes and the same file read whole tell the same.
"""

from __future__ import annotations

import copy

from trace_tui.model import Call, Item, Note, Place, Session, Turn, TurnStatus, place_of
from trace_tui.parsers.events import (
    AgentText,
    CallMade,
    Event,
    Message,
    Prompt,
    Reasoning,
    RolledBack,
    Salvaged,
    SessionHeader,
    ToolEnded,
    TurnContext,
)
from trace_tui.tailing.calls import CallWatch, until_known
from trace_tui.tailing.ledger import Ledger, Told
from trace_tui.tailing.noticing_fold import NoticingFold
from trace_tui.tailing.stories import (
    Damage,
    Noted,
    SessionBegan,
    StateIs,
    Story,
    TurnBegan,
    TurnOver,
    TurnUndone,
)

_TALK = frozenset({AgentText, CallMade, Message, Prompt, Reasoning, TurnContext})
"""Records that change no call's outcome."""
_UNDOING = frozenset({RolledBack, SessionHeader})


class Noticer:
    """One reading of a thread; ``told`` is what earlier readings of it have told."""

    def __init__(self, told: Told) -> None:
        self.fold = NoticingFold(self._hear)
        self.session = self.fold.so_far()
        self._ledger = Ledger(self.session, told)
        self._calls = CallWatch(self._ledger)
        self._known: dict[int, Item] = {}
        """By identity: every item that was looked at."""
        self._begun = 0
        """The index of the last turn that was looked at."""
        self._ended: dict[int, TurnStatus] = {}
        """By their index: turns whose end was told."""
        self._undone: set[int] = set()
        self._problems = 0
        self._state = ""
        self._state_may_differ = False

    def take(self) -> list[Story]:
        """What is new since this was asked last."""
        self.session.children = self.fold.children_by_now()  # calls about them are told by their names
        return self._ledger.take()

    def outline(self) -> list[Story]:
        """How things stand, for somebody who was not told how they came to be so."""
        add = self._ledger.add
        self._ledger.take()
        self.fold.so_far()
        add(SessionBegan(self._snapshot(), titled=True), None, self.session.started_at, Place(1))
        for turn in self.fold.turns_by_now()[-1:]:
            add(TurnBegan(), turn, turn.started_at, turn.place)
            for note in _prompt_of(turn):
                add(Noted(copy.copy(note)), turn, note.at, note.place)
            if turn.index in self._ended:
                self._add_turn_over(turn)
            add(StateIs(self._state), turn)
        self._calls.tell_running()
        return self.take()

    def long_calls(self, now: float, wall_ms: int, patience: float) -> list[Story]:
        """Calls that have been out for so long, each once."""
        self._calls.tell_long(now, wall_ms, patience)
        return self.take()

    def has_open_turn(self) -> bool:
        """Its last turn has no end in the file."""
        turns = self.fold.turns_by_now()
        return bool(turns) and turns[-1].index not in self._ended

    def settle(self) -> list[Story]:
        """What is left to tell where nothing more is to come."""
        self.fold.release()
        self.fold.session()
        for turn in self.fold.turns_by_now()[-2:]:
            self._notice_turn(turn)
        self._calls.give_up()
        self._tell_problems()
        for turn in self.fold.turns_by_now()[-1:]:
            supposed = self.fold.as_supposed(turn)
            if supposed.status is not TurnStatus.IN_PROGRESS:
                self._tell_turn_over(supposed)
        self._tell_state()
        return self.take()

    # -- a record -------------------------------------------------------

    def _hear(self, event: Event, place: Place, touched: list[Turn]) -> None:
        ledger, kind = self._ledger, type(event)
        ledger.at = event.at if event.at is not None else ledger.at
        self._tell_problems(before=place)
        ledger.place = place
        if ledger.is_first("session"):
            ledger.add(SessionBegan(self._snapshot(), titled=False), None, self.session.started_at)
        for turn in touched:
            self._notice_turn(turn)
        self._notice_calls(kind)
        for turn in touched:
            if turn.status is not TurnStatus.IN_PROGRESS:
                self._tell_turn_over(turn)
        if kind in _UNDOING:
            self._notice_undone()
        if self._state_may_differ:
            self._tell_state()

    def _notice_calls(self, kind: type[Event]) -> None:
        if kind is ToolEnded or kind is Salvaged:
            self._calls.notice_nested()
        self._calls.notice_outcomes()
        if kind not in _TALK:
            self._calls.notice_corrections()

    def _notice_turn(self, turn: Turn) -> None:
        ledger = self._ledger
        if turn.index > self._begun:
            self._leave_turn()
            self._begun = turn.index
            self._state_may_differ = True
            if ledger.is_new("turn", turn.index):
                ledger.add(TurnBegan(), turn)
        for item in until_known(turn.items, self._known):
            if isinstance(item, Call):
                self._calls.notice(item, turn)
            elif ledger.is_new("note", turn.index, item.kind, item.at, item.text):
                ledger.add(Noted(copy.copy(item)), turn, item.at, item.place)

    def _leave_turn(self) -> None:
        """Another one begins, whether or not the file tells the end of the last one."""
        self._calls.leave_turn()
        for turn in self.fold.turns_by_now()[: self._begun][-1:]:
            if turn.index not in self._ended:
                self._tell_turn_over(self.fold.as_supposed(turn))

    def _notice_undone(self) -> None:
        for turn in self.fold.turns_by_now():
            if turn.reverted and turn.index not in self._undone:
                self._undone.add(turn.index)
                self._state_may_differ = True
                if self._ledger.is_new("undone", turn.index):
                    self._ledger.add(TurnUndone(), turn)

    # -- telling --------------------------------------------------------

    def _snapshot(self) -> Session:
        session = copy.copy(self.session)
        session.files, session.cli_versions = list(session.files), list(session.cli_versions)
        return session

    def _tell_turn_over(self, turn: Turn) -> None:
        if self._ended.get(turn.index) is turn.status:
            return
        self._ended[turn.index] = turn.status
        self._state_may_differ = True
        if self._ledger.is_new("ended", turn.index, turn.status):
            self._add_turn_over(turn)

    def _add_turn_over(self, turn: Turn) -> None:
        failed = sum(call.status.is_failure for call in turn.calls())
        self._ledger.add(TurnOver(failed), turn, turn.ended_at)

    def _tell_state(self) -> None:
        """Of the last turn that still counts."""
        self._state_may_differ = False
        turns = self.fold.turns_by_now()
        last = next((turn for turn in reversed(turns) if not turn.reverted), turns[-1] if turns else None)
        if last is None:
            return
        status = self._ended.get(last.index, TurnStatus.IN_PROGRESS)
        state = TurnStatus.IN_PROGRESS if status is TurnStatus.UNENDED else status
        if state != self._state:
            self._state = state
            if self._ledger.is_new("state", last.index, state):
                self._ledger.add(StateIs(state), last)

    def _tell_problems(self, before: Place | None = None) -> None:
        """Those of lines behind which there are others: a last line may only be half written."""
        for problem in self.session.problems[self._problems :]:
            place = place_of(problem.file, problem.line)
            if before is not None and place >= before:
                return
            self._problems += 1
            if self._ledger.is_new("problem", problem.kind, problem.detail):
                self._ledger.add(Damage(problem), None, place=place)


def _prompt_of(turn: Turn) -> list[Note]:
    """The note that says what the turn was asked, if there is one."""
    prompt = turn.prompt
    notes = (item for item in turn.items if isinstance(item, Note))
    return [note for note in notes if prompt is not None and note.place == prompt.place][:1]
