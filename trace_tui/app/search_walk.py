"""What was looked for in the open session, what was found, and where in it one stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trace_tui.app.messages import HitsFound
from trace_tui.wording.words import count

if TYPE_CHECKING:
    from trace_tui.searching import Hit


@dataclass
class SearchWalk:
    number: int
    words: str
    order: Callable[[], Mapping[int, int]] | None = None
    """Of the rows by what they show; for hits of several agents, whose steps stand between each other."""
    hits: list[Hit] = field(default_factory=list)
    at: int | None = None
    """The hit on which one stands."""
    share: float = 0.0
    is_done: bool = False
    is_cut: bool = False
    _is_sorted: bool = True

    def take(self, found: HitsFound) -> None:
        self.hits += found.hits
        self._is_sorted = self.order is None
        self.share, self.is_done, self.is_cut = found.share, found.is_done, found.is_cut

    def step(self, by: int) -> Hit | None:
        """The next hit, or the one before; behind the last comes the first."""
        if not self.hits:
            return None
        self._sort()
        start = -1 if by > 0 else 0
        self.at = ((start if self.at is None else self.at) + by) % len(self.hits)
        return self.hits[self.at]

    def _sort(self) -> None:
        if self._is_sorted or self.order is None:
            return
        here = None if self.at is None else self.hits[self.at]
        rows = self.order()
        self.hits.sort(key=lambda hit: rows.get(id(hit.item), rows.get(id(hit.turn), 0)))
        self.at = next((at for at, hit in enumerate(self.hits) if hit is here), None)
        self._is_sorted = True

    def told(self) -> str:
        """How it stands, in one line."""
        if not self.hits:
            return f"“{self.words}”: nothing found" if self.is_done else f"looking for “{self.words}” …"
        times = sum(hit.times for hit in self.hits)
        more = "+" if self.is_cut else "" if self.is_done else "…"
        where = "" if self.at is None else f"{self.at + 1:,} of "
        steps = f"{where}{count(len(self.hits), 'step')}{more}"
        here = "" if self.at is None else f" · {self.hits[self.at].where}"
        return f"“{self.words}”: {steps}, {count(times, 'place')}{more}{here}"
