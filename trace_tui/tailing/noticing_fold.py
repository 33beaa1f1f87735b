"""A fold that says after each record which turns it may have touched; for whoever tells what is new."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from trace_tui.fold import Fold
from trace_tui.model import Child, Place, Turn, place_of
from trace_tui.parsers.events import Event, Quiet, TokenCount, UsageRecord

_SAYS_NOTHING = frozenset({Quiet, TokenCount, UsageRecord})


class NoticingFold(Fold):
    """A last line without its newline comes alone, by `feed`: it may go on, and is kept until others come."""

    def __init__(self, heard: Callable[[Event, Place, list[Turn]], None]) -> None:
        super().__init__()
        self._heard = heard
        self._kept: tuple[Event, Place, list[Turn]] | None = None
        self._is_taking = False

    def feed_all(self, first_line: int, events: Sequence[Event]) -> None:
        self.release()
        for line, event in enumerate(events, first_line):
            self._take(line, event)
            self.release()

    def feed(self, line: int, event: Event) -> None:
        if self._is_taking:
            super().feed(line, event)  # a part of the record that is being taken
            return
        self.release()
        self._take(line, event)

    def release(self) -> None:
        """Says what was kept: it is whole."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._heard(*kept)

    def _take(self, line: int, event: Event) -> None:
        turns = self._turns
        before, begun = turns.current, len(turns.states)
        self._is_taking = True
        super().feed(line, event)
        self._is_taking = False
        if type(event) in _SAYS_NOTHING:
            return
        touched = {id(state): state for state in (before, turns.named(event.turn_id), turns.current) if state}
        touched.update((id(state), state) for state in turns.states[begun:])
        found = sorted((state.turn for state in touched.values()), key=lambda turn: turn.index)
        self._kept = event, place_of(self._file, line), found

    def turns_by_now(self) -> list[Turn]:
        return self._turns.turns

    def children_by_now(self) -> list[Child]:
        return self._links.children

    def as_supposed(self, turn: Turn) -> Turn:
        """A turn as it would be if nothing more came; it itself stays as the records have it."""
        self.so_far()
        supposed = copy.copy(turn)
        self._take_back_guesses()
        return supposed
