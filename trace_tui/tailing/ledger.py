"""What one reading of a thread tells, and what has been told before: nothing twice."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Hashable

from trace_tui.model import Place, Session, Turn
from trace_tui.tailing.stories import Event, Story, TurnBegan, TurnOver

Told = Counter[Hashable]
"""How often each thing was told; outlives the reading of a file."""


class Ledger:
    def __init__(self, session: Session, told: Told) -> None:
        self.session = session
        self.at: int | None = None
        """When the record was written that is being told of, and where it stands."""
        self.place = Place(0)
        self._told = told
        self._seen: Told = Counter()
        self._stories: list[Story] = []

    def take(self) -> list[Story]:
        """What is new since this was asked last."""
        stories, self._stories = self._stories, []
        return stories

    def is_new(self, *key: Hashable) -> bool:
        """Whether this was told less often than it was seen; the same may truly happen several times."""
        whole = (self.session.id, *key)
        self._seen[whole] += 1
        if self._seen[whole] <= self._told[whole]:
            return False
        self._told[whole] = self._seen[whole]
        return True

    def is_first(self, *key: Hashable) -> bool:
        """Whether this was never told, however often it is seen."""
        whole = (self.session.id, *key)
        self._told[whole] += 1
        return self._told[whole] == 1

    def add(self, what: Event, turn: Turn | None, at: int | None = None, place: Place | None = None) -> None:
        shown = copy.copy(turn) if isinstance(what, TurnBegan | TurnOver) else turn
        at = self.at if at is None else at
        place = self.place if place is None else place
        self._stories.append(Story(what, at, place, self.session.id, self.session.agent, shown))
