"""Notices calls that are made, that take long, that end, and whose outcome turns out to be another."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from trace_tui.likeness import is_agent_wait
from trace_tui.model import Call, CallStatus, Item, Tool, Turn
from trace_tui.tailing.ledger import Ledger
from trace_tui.tailing.stories import CallBegan, CallOver, CallRuns

_CELLS_WATCHED = 40
"""Scripts that commands may still be found to belong to; the fold looks back no further."""
_CALLS_WATCHED = 64
"""Calls told of whose outcome a later record may yet change."""
_OPEN = (CallStatus.RUNNING, CallStatus.UNFINISHED)

AnItem = TypeVar("AnItem", bound=Item)


class _InTurn(NamedTuple):
    call: Call
    turn: Turn


class _Over(NamedTuple):
    call: Call
    turn: Turn
    status: CallStatus
    """As it was told."""


class CallWatch:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._open: dict[int, _InTurn] = {}
        """By identity, as the next one."""
        self._since: dict[int, float] = {}
        """When an open call was first asked about, by the clock on the wall."""
        self._over: deque[_Over] = deque(maxlen=_CALLS_WATCHED)
        self._cells: deque[_InTurn] = deque(maxlen=_CELLS_WATCHED)
        self._nested: dict[int, Item] = {}

    def notice(self, call: Call, turn: Turn) -> None:
        """One that stands in its turn for the first time."""
        if call.tool is Tool.CODE:
            self._cells.append(_InTurn(call, turn))
        if _is_over(call):
            self._tell_over(call, turn)
            return
        self._open[id(call)] = _InTurn(call, turn)
        if self._ledger.is_new("made", turn.index, call.call_id):
            self._ledger.add(CallBegan(_running(call)), turn, call.started_at, call.place)

    def notice_nested(self) -> None:
        """Calls that scripts have made."""
        for cell, turn in self._cells:
            for call in until_known(cell.nested or (), self._nested):
                self.notice(call, turn)

    def notice_outcomes(self) -> None:
        for call, turn in [one for one in self._open.values() if _is_over(one.call)]:
            self._tell_over(call, turn)

    def notice_corrections(self) -> None:
        for one in list(self._over):
            if one.call.status is not one.status and one.call.status not in _OPEN:
                self._over.remove(one)
                self._tell_over(one.call, one.turn)

    def leave_turn(self) -> None:
        """Another one begins: what was not answered yet will hardly be; processes may go on."""
        for call, turn in list(self._open.values()):
            if call.status is not CallStatus.RUNNING:
                self._tell_over(call, turn)

    def give_up(self) -> None:
        """Nothing more is to come."""
        for call, turn in list(self._open.values()):
            self._tell_over(call, turn)

    def tell_running(self) -> None:
        """All that are out, to somebody who was not told that they were made."""
        for key, (call, turn) in self._open.items():
            self._tell_running(key, call, turn, call.started_at)

    def tell_long(self, now: float, wall_ms: int, patience: float) -> None:
        """Those that have been out for so long, each once."""
        for key, (call, turn) in self._open.items():
            if now - self._since.setdefault(key, now) >= patience:
                self._tell_running(key, call, turn, wall_ms)

    def _tell_running(self, key: int, call: Call, turn: Turn, at: int | None) -> None:
        self._since[key] = math.inf
        if self._ledger.is_new("runs", turn.index, call.call_id):
            self._ledger.add(CallRuns(_running(call)), turn, at, call.place)

    def _tell_over(self, call: Call, turn: Turn) -> None:
        self._open.pop(id(call), None)
        self._since.pop(id(call), None)
        self._over.append(_Over(call, turn, call.status))
        if self._ledger.is_new("over", turn.index, call.call_id, call.status):
            told = copy.copy(call)
            if call.status is CallStatus.UNFINISHED:
                told.reason = call.reason or "no output"
            self._ledger.add(CallOver(told), turn, place=call.place)


def _is_over(call: Call) -> bool:
    """What came of a wait is told by its answer, in the line behind the one that tells of its end."""
    is_answer_to_come = call.item_place is not None and call.output_place is None and is_agent_wait(call)
    return call.status not in _OPEN and not is_answer_to_come


def until_known(items: Sequence[AnItem], known: dict[int, Item]) -> Iterator[AnItem]:
    """The items at the end that are not known, in order; now they are. None is ever put between others."""
    fresh: list[AnItem] = []
    for item in reversed(items):
        if id(item) in known:
            break
        fresh.append(item)
    known.update((id(item), item) for item in fresh)
    return reversed(fresh)


def _running(call: Call) -> Call:
    shown = copy.copy(call)
    shown.status, shown.reason, shown.duration_ms = CallStatus.RUNNING, None, None
    return shown
