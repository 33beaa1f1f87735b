"""Token use of one thread: which lines count, and which only repeat or estimate.

Rules, from files of 0.34 to 0.169: `token_usage_record` lines are exact, one a response, and nothing else
counts once the first has come. Before that, `token_count` lines count, which repeat themselves (twice a
response from 0.42 to 0.130, and at retries), estimate the context after compactions, start again at zero
when builds up to 0.58 resume, and are overwritten by a context overflow.
"""

from __future__ import annotations

from trace_tui.parsers.events import TokenCount, UsageRecord
from trace_tui.parsers.usage import Digits, Usage, usage_of

_REMEMBERED = 256
"""Two processes on one file interleave their counters, so a repeat may stand some lines back."""


class TokenMeter:
    """Says what each line adds to the thread's own use."""

    __slots__ = ("_epoch_total", "_response_ids", "_seen", "_started", "_stream_total", "source")

    def __init__(self) -> None:
        self.source = "none"
        self._response_ids: set[str] = set()
        self._seen: dict[Digits, None] = {}
        self._epoch_total: Digits | None = None
        self._stream_total: Usage | None = None
        self._started = False
        """A line without counts came last: so every process of Codex begins."""

    def record(self, event: UsageRecord, own_id: str | None) -> Usage | None:
        """A response of this thread, once; records of other threads are copies."""
        if event.thread_id is not None and own_id is not None and event.thread_id != own_id:
            return None
        self.source = "records"
        if event.response_id is not None:
            if event.response_id in self._response_ids:
                return None
            self._response_ids.add(event.response_id)
        return event.usage

    def count(self, event: TokenCount) -> Usage | None:
        """The use of the response that this line reports, None where it reports none."""
        if self.source == "records":
            return None
        if event.empty:
            self._started = True
            return None
        total = event.total
        if self._started and total == event.last:
            self._seen.clear()  # up to 0.58 totals begin again with every start
            self._epoch_total = None
        self._started = False
        if total is not None:
            if total in self._seen:  # totals only grow: a repeat, or an estimate of the context
                return None
            self._remember(total)
        previous, self._epoch_total = self._epoch_total, total or self._epoch_total
        added = self._added(event, previous)
        if added is not None:
            self.source = "counts"
        return added

    def _added(self, event: TokenCount, previous: Digits | None) -> Usage | None:
        if event.last is not None:
            last = usage_of(event.last)
            return last if last.input or last.output else None
        if event.total is None:
            return None
        total = usage_of(event.total)
        before = usage_of(previous) if previous is not None else None
        if before is None or _fell(total, before):
            return total if total.total else None  # a new epoch begins at zero
        return total.minus(before)

    def _remember(self, total: Digits) -> None:
        self._seen[total] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def stream(self, total: Usage) -> Usage:
        """`exec --json` tells the thread's running total; up to 0.58 it starts again with each run."""
        previous, self._stream_total = self._stream_total, total
        self.source = "counts"
        return total if previous is None or _fell(total, previous) else total.minus(previous)

    def inherited(self, event: TokenCount) -> None:
        """A copied line moves the counter that own lines go on from, and adds nothing."""
        if not event.empty and event.total is not None:
            self._epoch_total = event.total
            self._remember(event.total)


def _fell(now: Usage, then: Usage) -> bool:
    return any(one < other for one, other in zip(now, then, strict=True))
