"""What a session that has not ended is doing right now, as lists and headings tell it."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.liveness import Pulse
from trace_tui.times import between, short_duration

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧"


class Activity(NamedTuple):
    pulse: Pulse
    written_at: int
    """When something was written last."""
    doing: str = ""
    """The call that is out."""
    since: int | None = None

    @property
    def is_running(self) -> bool:
        return self.pulse is Pulse.RUNNING

    def glyph(self, now: int) -> str:
        """Turns while it runs, with every second."""
        return _SPINNER[now // 1000 % len(_SPINNER)] if self.is_running else "…"

    def words(self, now: int) -> str:
        """``running``, ``quiet for 12m05s``, ``interrupted``: silence alone is no end."""
        if self.is_running:
            return "running"
        if self.pulse is Pulse.INTERRUPTED:
            return "interrupted: nobody writes it any more"
        return f"quiet for {short_duration(between(self.written_at, now))}"

    def call(self, now: int) -> str:
        """What is being waited for, and for how long."""
        if not self.is_running or not self.doing:
            return ""
        return f"{self.doing} {short_duration(between(self.since, now))}".rstrip()
