"""The bell that a watch rings when the open session has been written to: a hint, never proof."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Written:
    """Made where the event loop runs; may be rung from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def ring(self) -> None:
        with suppress(RuntimeError):  # the loop has just ended
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait_for(self, seconds: float) -> None:
        """Until it rings, or so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()
