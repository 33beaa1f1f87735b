"""Notices, record by record, what is new in a session; nothing twice, even where its files are read anew.

What is told depends on the records alone, never on how many of them came at once: a file that grew under our
eyes and the same file read whole tell the same.
"""

from __future__ import annotations

import copy
import math
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from trace_tui.fold import Fold
from trace_tui.model import (
    Call,
    CallStatus,
    Item,
    Note,
    Place,
    Session,
    Tool,
    Turn,
    TurnStatus,
    place_of,
)
from trace_tui.parsers.events import (
    AgentText,
    CallMade,
    Event,
    Message,
    Prompt,
    Quiet,
    Reasoning,
    RolledBack,
    Salvaged,
    SessionHeader,
    TokenCount,
    ToolEnded,
    TurnContext,
    UsageRecord,
)
from trace_tui.tailing.stories import (
    CallBegan,
    CallOver,
    CallRuns,
    Damage,
    Noted,
    SessionBegan,
    StateIs,
    Story,
    TurnBegan,
    TurnOver,
    TurnUndone,
)
from trace_tui.tailing.stories import Event as What

_SAYS_NOTHING = frozenset({Quiet, TokenCount, UsageRecord})
_TALK = frozenset({AgentText, CallMade, Message, Prompt, Reasoning, TurnContext})
"""Records that change no call's outcome."""
_UNDOING = frozenset({RolledBack, SessionHeader})
_CELLS_WATCHED = 40
"""Scripts that commands may still be found to belong to; the fold looks back no further."""
_CALLS_WATCHED = 64
"""Calls told of whose outcome a later record may yet change."""
_OPEN = (CallStatus.RUNNING, CallStatus.UNFINISHED)

AnItem = TypeVar("AnItem", bound=Item)
Told = Counter[Hashable]
"""How often each thing was told; outlives the reading of a file."""


class NoticingFold(Fold):
    """Says after each record which turns it may have touched."""

    def __init__(self, heard: Callable[[Event, Place, list[Turn]], None]) -> None:
        super().__init__()
        self._heard = heard

    def feed_all(self, first_line: int, events: Sequence[Event]) -> None:
        for line, event in enumerate(events, first_line):
            self.feed(line, event)

    def feed(self, line: int, event: Event) -> None:
        turns = self._turns
        before, begun = turns.current, len(turns.states)
        super().feed(line, event)
        if type(event) in _SAYS_NOTHING:
            return
        touched = {id(state): state for state in (before, turns.named(event.turn_id), turns.current) if state}
        touched.update((id(state), state) for state in turns.states[begun:])
        found = sorted((state.turn for state in touched.values()), key=lambda turn: turn.index)
        self._heard(event, place_of(self._file, line), found)

    def turns_by_now(self) -> list[Turn]:
        return self._turns.turns

    def as_supposed(self, turn: Turn) -> Turn:
        """A turn as it would be if nothing more came; it itself stays as the records have it."""
        self.so_far()
        supposed = copy.copy(turn)
        self._take_back_guesses()
        return supposed


class _Open(NamedTuple):
    call: Call
    turn: Turn


class Noticer:
    """One reading of a thread; ``told`` is what earlier readings of it have told."""

    def __init__(self, told: Told) -> None:
        self.fold = NoticingFold(self._hear)
        self.session = self.fold.so_far()
        self._told = told
        self._seen: Told = Counter()
        self._stories: list[Story] = []
        self._known: dict[int, Item] = {}
        """By identity: every item that was looked at."""
        self._open: dict[int, _Open] = {}
        self._since: dict[int, float] = {}
        """When an open call was first heard of, by the clock on the wall."""
        self._over: deque[tuple[Call, Turn, CallStatus]] = deque(maxlen=_CALLS_WATCHED)
        self._cells: deque[_Open] = deque(maxlen=_CELLS_WATCHED)
        self._begun = 0
        self._ended: dict[int, TurnStatus] = {}
        """By their index: turns whose end was told."""
        self._undone: set[int] = set()
        self._problems = 0
        self._state = ""
        self._state_may_differ = False
        self._at: int | None = None
        self._place = Place(0)

    def take(self) -> list[Story]:
        """What is new since this was asked last."""
        stories, self._stories = self._stories, []
        return stories

    def outline(self) -> list[Story]:
        """How things stand, for somebody who was not told how they came to be so."""
        self._stories = []
        self.fold.so_far()
        self._add(SessionBegan(self._snapshot(), titled=True), None, self.session.started_at, Place(1))
        for turn in self.fold.turns_by_now()[-1:]:
            self._add(TurnBegan(), turn, turn.started_at, turn.place)
            for note in _prompt_of(turn):
                self._add(Noted(copy.copy(note)), turn, note.at, note.place)
            if turn.index in self._ended:
                self._add_turn_over(turn)
            self._add(StateIs(self._state), turn)
        for call, turn in self._open.values():
            self._add(CallBegan(_running(call)), turn, call.started_at, call.place)
        return self.take()

    def running(self, now: float, wall_ms: int, patience: float) -> list[Story]:
        """Calls that have been out for so long, each once."""
        for key, (call, turn) in self._open.items():
            if now - self._since.setdefault(key, now) < patience:
                continue
            self._since[key] = math.inf
            if self._is_new("runs", turn.index, call.call_id):
                self._add(CallRuns(_running(call)), turn, wall_ms, call.place)
        return self.take()

    def has_open_turn(self) -> bool:
        """Its last turn has no end in the file."""
        turns = self.fold.turns_by_now()
        return bool(turns) and turns[-1].index not in self._ended

    def settle(self) -> list[Story]:
        """What is left to tell where nothing more is to come."""
        self.fold.session()
        for turn in self.fold.turns_by_now()[-2:]:
            self._notice_turn(turn)
        for call, turn in list(self._open.values()):
            self._tell_call_over(call, turn)
        self._tell_problems()
        for turn in self.fold.turns_by_now()[-1:]:
            supposed = self.fold.as_supposed(turn)
            if supposed.status is not TurnStatus.IN_PROGRESS:
                self._tell_turn_over(turn, supposed)
        self._tell_state()
        return self.take()

    # -- a record -------------------------------------------------------

    def _hear(self, event: Event, place: Place, touched: list[Turn]) -> None:
        self._at = event.at if event.at is not None else self._at
        self._tell_problems(before=place)
        self._place = place
        if self.session.files and self._is_new_session():
            self._add(SessionBegan(self._snapshot(), titled=False), None, self.session.started_at or self._at)
        for turn in touched:
            self._notice_turn(turn)
        kind = type(event)
        if kind is ToolEnded or kind is Salvaged:
            self._notice_nested()
        self._notice_outcomes()
        if kind not in _TALK:
            self._notice_corrections()
        for turn in touched:
            if turn.status is not TurnStatus.IN_PROGRESS:
                self._tell_turn_over(turn, turn)
        if kind in _UNDOING:
            self._notice_undone()
        if self._state_may_differ:
            self._tell_state()

    def _snapshot(self) -> Session:
        session = copy.copy(self.session)
        session.files, session.cli_versions = list(session.files), list(session.cli_versions)
        return session

    def _is_new_session(self) -> bool:
        key = ("session", self.session.id)
        if self._told[key]:
            return False
        self._told[key] = 1
        return True

    def _notice_turn(self, turn: Turn) -> None:
        if turn.index > self._begun:
            self._leave_turns()
            self._begun = turn.index
            self._state_may_differ = True
            if self._is_new("turn", turn.index):
                self._add(TurnBegan(), turn)
        for item in _until_known(turn.items, self._known):
            self._known[id(item)] = item
            if isinstance(item, Call):
                self._notice_call(item, turn)
            elif self._is_new("note", turn.index, item.kind, item.at, item.text):
                self._add(Noted(copy.copy(item)), turn, item.at, item.place)

    def _leave_turns(self) -> None:
        """Another turn begins: what was left open in those before it will hardly be answered."""
        for call, turn in list(self._open.values()):
            if call.status is CallStatus.UNFINISHED:
                self._tell_call_over(call, turn)
        for turn in self.fold.turns_by_now()[: self._begun][-1:]:
            if turn.index not in self._ended:
                self._tell_turn_over(turn, self.fold.as_supposed(turn))

    def _notice_undone(self) -> None:
        for turn in self.fold.turns_by_now():
            if turn.reverted and turn.index not in self._undone:
                self._undone.add(turn.index)
                self._state_may_differ = True
                if self._is_new("undone", turn.index):
                    self._add(TurnUndone(), turn)

    # -- calls ----------------------------------------------------------

    def _notice_call(self, call: Call, turn: Turn) -> None:
        if call.tool is Tool.CODE:
            self._cells.append(_Open(call, turn))
        if call.status not in _OPEN:
            self._tell_call_over(call, turn)
            return
        self._open[id(call)] = _Open(call, turn)
        if self._is_new("made", turn.index, call.call_id):
            self._add(CallBegan(_running(call)), turn, call.started_at, call.place)

    def _notice_nested(self) -> None:
        for cell, turn in self._cells:
            for call in _until_known(cell.nested or (), self._known):
                self._known[id(call)] = call
                self._notice_call(call, turn)

    def _notice_outcomes(self) -> None:
        for call, turn in [one for one in self._open.values() if one.call.status not in _OPEN]:
            self._tell_call_over(call, turn)

    def _notice_corrections(self) -> None:
        for call, turn, status in list(self._over):
            if call.status is not status and call.status not in _OPEN:
                self._over.remove((call, turn, status))
                self._tell_call_over(call, turn)

    def _tell_call_over(self, call: Call, turn: Turn) -> None:
        self._open.pop(id(call), None)
        self._since.pop(id(call), None)
        self._over.append((call, turn, call.status))
        if self._is_new("over", turn.index, call.call_id, call.status):
            told = copy.copy(call)
            if call.status is CallStatus.UNFINISHED:
                told.reason = call.reason or "no output"
            self._add(CallOver(told), turn, place=call.place)

    # -- telling --------------------------------------------------------

    def _tell_turn_over(self, turn: Turn, as_told: Turn) -> None:
        if self._ended.get(turn.index) is as_told.status:
            return
        self._ended[turn.index] = as_told.status
        self._state_may_differ = True
        if self._is_new("ended", turn.index, as_told.status):
            self._add_turn_over(as_told)

    def _add_turn_over(self, turn: Turn) -> None:
        failed = sum(call.status.is_failure for call in turn.calls())
        self._add(TurnOver(failed), turn, turn.ended_at or self._at)

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
            if self._is_new("state", last.index, state):
                self._add(StateIs(state), last)

    def _tell_problems(self, before: Place | None = None) -> None:
        """Those of lines behind which there are others: a last line may only be half written."""
        for problem in self.session.problems[self._problems :]:
            place = place_of(problem.file, problem.line)
            if before is not None and place >= before:
                return
            self._problems += 1
            if self._is_new("problem", problem.kind, problem.line, problem.detail):
                self._add(Damage(problem), None, place=place)

    def _is_new(self, *key: Hashable) -> bool:
        """Whether this was told less often than it was seen; the same may truly happen several times."""
        whole = (self.session.id, *key)
        self._seen[whole] += 1
        if self._seen[whole] <= self._told[whole]:
            return False
        self._told[whole] = self._seen[whole]
        return True

    def _add(self, what: What, turn: Turn | None, at: int | None = None, place: Place | None = None) -> None:
        shown = copy.copy(turn) if isinstance(what, TurnBegan | TurnOver) else turn
        at = at if at is not None else self._at
        place = self._place if place is None else place
        self._stories.append(Story(what, at, place, self.session.id, self.session.agent, shown))


def _until_known(items: Sequence[AnItem], known: dict[int, Item]) -> Iterator[AnItem]:
    """The items at the end that were not looked at, in their order; nothing is ever put between others."""
    fresh: list[AnItem] = []
    for item in reversed(items):
        if id(item) in known:
            break
        fresh.append(item)
    return reversed(fresh)


def _running(call: Call) -> Call:
    shown = copy.copy(call)
    shown.status, shown.reason, shown.duration_ms = CallStatus.RUNNING, None, None
    return shown


def _prompt_of(turn: Turn) -> list[Note]:
    """The note that says what the turn was asked, if there is one."""
    prompt = turn.prompt
    notes = (item for item in turn.items if isinstance(item, Note))
    return [note for note in notes if prompt is not None and note.place == prompt.place][:1]
