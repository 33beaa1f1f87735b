"""The bell that a watch rings when the open session has been written to: a hint, never proof."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Written:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait_for(self, seconds: float) -> None:
        """Until it rings, or so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()
