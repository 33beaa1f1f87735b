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
    walk: SearchWalk, opened: Opened, tell: Callable[[HitsFound], object], stopped: Callable[[], bool]
) -> None:
    """Runs in a thread; tells what it finds at once, and then a few times a second."""
    looking = Search(opened.session, opened.sources, walk.words)
    waiting: list[Hit] = []
    told_at = 0.0
    for hits in looking.steps():
        if stopped():
            return
        waiting += hits
        if waiting and time.monotonic() - told_at > _TELL_EVERY:
            share = looking.read / max(looking.total, 1)
            tell(HitsFound(walk.number, waiting, share, is_done=False, is_cut=False))
            waiting, told_at = [], time.monotonic()
    tell(HitsFound(walk.number, waiting, 1.0, is_done=True, is_cut=looking.is_cut))
