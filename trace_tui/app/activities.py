"""Finds out what the sessions that have not ended are doing; in the library's thread, every few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable

from trace_tui.kinds import Tool
from trace_tui.library.entries import Entry
from trace_tui.library.finding import ThreadFiles
from trace_tui.library.library import Library
from trace_tui.liveness import pulse_of, writers_of
from trace_tui.parsers.safe_text import one_line
from trace_tui.widgets.activity import Activity
from trace_tui.wording.words import tool_word

_LATELY_MS = 86_400_000
"""What has been silent for longer is looked for no more."""
_LONGEST = 30


def activities_of(library: Library, entries: Iterable[Entry]) -> dict[str, Activity]:
    """By the keys of sessions whose last turn is open."""
    now = int(time.time() * 1000)
    threads = {thread.key: thread for thread in library.threads}
    open_ones = [
        (entry, threads[entry.key])
        for entry in entries
        if entry.state == "in_progress"
        and entry.key in threads
        and now - _written(threads[entry.key]) < _LATELY_MS
    ]
    writers = writers_of({thread.files[-1].path for _, thread in open_ones})
    calls = library.catalog.last_calls([entry.number for entry, _ in open_ones])
    found: dict[str, Activity] = {}
    for entry, thread in open_ones:
        pulse = pulse_of(thread.files[-1].path, _written(thread), now, writers)
        doing, since = "", None
        if (call := calls.get(entry.number)) is not None:
            tool, name, summary, since = call
            doing = f"{tool_word(Tool(tool), name)} {one_line(summary, _LONGEST)}"
        found[entry.key] = Activity(pulse, _written(thread), doing, since)
    return found


def _written(thread: ThreadFiles) -> int:
    return thread.written_ns // 1_000_000
