"""The time that passes while a session is followed; tests have a clock of their own."""

from __future__ import annotations

import time


class Clock:
    def now(self) -> float:
        """Seconds; only differences mean anything."""
        return time.monotonic()

    def wall_ms(self) -> int:
        """Milliseconds since 1970, as session files have them."""
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
