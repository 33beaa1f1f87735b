"""Durations and moments: how a turn's time was spent, and how times are written for people and machines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from trace_tui.model import Call, Tool, Turn

_WAITS = frozenset({"wait", "wait_agent"})


class TimeSplit(NamedTuple):
    """Milliseconds of a turn by what was being waited for; parallel calls count once."""

    model_ms: int
    tools_ms: int
    workers_ms: int


def time_split(turn: Turn) -> TimeSplit | None:
    """None where the turn has no duration."""
    if turn.duration_ms is None:
        return None
    waits: list[tuple[int, int]] = []
    tools: list[tuple[int, int]] = []
    for call in turn.calls():
        if call.started_at is None or call.duration_ms is None:
            continue
        span = (call.started_at, call.started_at + call.duration_ms)
        (waits if _is_wait(call) else tools).append(span)
    limit = turn.duration_ms
    tools_ms = min(_covered(tools), limit)
    both = min(_covered(tools + waits), limit)
    return TimeSplit(limit - both, tools_ms, both - tools_ms)


def _is_wait(call: Call) -> bool:
    return call.tool is Tool.AGENT and call.name in _WAITS


def _covered(spans: list[tuple[int, int]]) -> int:
    total, reached = 0, None
    for start, end in sorted(spans):
        if reached is None or start > reached:
            total += end - start
            reached = end
        elif end > reached:
            total += end - reached
            reached = end
    return total


def rfc3339(at: int | None) -> str | None:
    moment = moment_of(at)
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment_of(at: int | None) -> datetime | None:
    """A moment in UTC; None for what no calendar holds."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)
    except (OverflowError, OSError, ValueError):
        return None


def short_duration(milliseconds: int | None) -> str:
    """``4 ms``, ``1.3 s``, ``2m05s``, ``3h12m``: at most six characters wide where it can be."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
