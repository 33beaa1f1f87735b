"""Which records of a file are its own, and which were copied from a parent when it was forked or spawned.

Decided by structure, best evidence first:

1. `subagent_history_start_ordinal` of the first header: smaller ordinals are copies (paginated workers).
2. A second header with another id means that copies follow. They end where the thread's own first turn
   starts: turn ids are UUIDv7 and carry their birth, and an own turn is not older than the thread.
3. Files without turn ids (0.80, 0.90): copies are written in one burst, so they end at the first message
   or turn context that did not come in the same moment as the line before it.
"""

from __future__ import annotations

from trace_tui.parsers.events import (
    Event,
    Message,
    Prompt,
    SessionHeader,
    TurnContext,
    TurnStarted,
    UsageRecord,
)

BURST_GAP_MS = 20
"""Lines of a copied history follow each other within a few milliseconds."""


def uuid7_ms(value: str | None) -> int | None:
    """When an id was made, if it is one that tells."""
    if value is None or len(value) != 36 or value[14] != "7":
        return None
    try:
        return int(value[:8] + value[9:13], 16)
    except ValueError:
        return None


class Lineage:
    """Sorts the records of one thread into own and inherited."""

    __slots__ = (
        "_born_at",
        "_copying",
        "_last_at",
        "_own_start",
        "_turn_ids_seen",
        "all_own",
        "copied_from",
        "id",
    )

    def __init__(self) -> None:
        self.id: str | None = None
        self.copied_from: str | None = None
        self._own_start: int | None = None
        self._born_at: int | None = None
        self._copying = False
        self.all_own = False
        """Nothing that may still come can be a copy."""
        self._turn_ids_seen = False
        self._last_at: int | None = None

    def identity(self, header: SessionHeader) -> None:
        """The first header of a thread's first file says who it is."""
        self.id = header.id
        self._own_start = header.own_start_ordinal
        born = [moment for moment in (uuid7_ms(header.id), header.created_at) if moment is not None]
        self._born_at = max(born, default=None)

    def foreign_header(self, header: SessionHeader) -> bool:
        """Another thread's header before anything of our own means that its history follows."""
        if self.all_own:
            return False
        if self._own_start is None:
            self._copying = True
            self.copied_from = self.copied_from or header.id
        return True

    def is_own(self, event: Event) -> bool:
        if self._own_start is not None:
            return event.ordinal is None or event.ordinal >= self._own_start
        if not self._copying:
            if not self.all_own and isinstance(event, TurnStarted | Prompt):
                self.all_own = True
            return True
        if self._begins_own(event):
            self._copying, self.all_own = False, True
        self._last_at = event.at
        return not self._copying

    def _begins_own(self, event: Event) -> bool:
        if isinstance(event, TurnStarted):
            made = uuid7_ms(event.turn_id)
            if made is not None and self._born_at is not None:
                self._turn_ids_seen = True
                return made >= self._born_at
            return self._after_a_pause(event)
        if isinstance(event, UsageRecord):
            return event.thread_id is not None and event.thread_id == self.id
        # Resumed and forked threads are told their surroundings again before the first own prompt.
        if self._turn_ids_seen or not isinstance(event, Prompt | Message | TurnContext):
            return False
        return self._after_a_pause(event)

    def _after_a_pause(self, event: Event) -> bool:
        return event.at is not None and self._last_at is not None and event.at - self._last_at > BURST_GAP_MS
