"""Runs a search of the open session in a thread, and tells what it finds."""

from __future__ import annotations

import time
from collections.abc import Callable

from trace_tui.app.messages import HitsFound
from trace_tui.app.opened import Opened
from trace_tui.app.search_walk import SearchWalk
from trace_tui.searching import Hit, Search

_TELL_EVERY = 0.05
"""Seconds between two words; the first comes at once."""


def search(
    walk: SearchWalk, parts: list[Opened], tell: Callable[[HitsFound], object], stopped: Callable[[], bool]
) -> None:
    """Runs in a thread; tells what it finds at once, and then a few times a second."""
    is_cut = False
    waiting: list[Hit] = []
    told_at = 0.0
    for number, part in enumerate(parts):
        looking = Search(part.session, part.sources, walk.words)
        for hits in looking.steps():
            if stopped():
                return
            waiting += hits
            if waiting and time.monotonic() - told_at > _TELL_EVERY:
                share = (number + looking.read / max(looking.total, 1)) / len(parts)
                tell(HitsFound(walk.number, waiting, share, is_done=False, is_cut=False))
                waiting, told_at = [], time.monotonic()
        is_cut = is_cut or looking.is_cut
    tell(HitsFound(walk.number, waiting, 1.0, is_done=True, is_cut=is_cut))
