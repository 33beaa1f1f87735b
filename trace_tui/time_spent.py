"""How a turn's time was spent: on the model, on tools, on waiting for workers."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Tool, Turn


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
        (waits if is_wait(call.tool, call.name) else tools).append(span)
    limit = turn.duration_ms
    tools_ms = min(_covered(tools), limit)
    both = min(_covered(tools + waits), limit)
    return TimeSplit(limit - both, tools_ms, both - tools_ms)


def is_wait(tool: Tool, name: str) -> bool:
    """Of the calls about workers, those that do nothing until one of them ends or writes."""
    return agent_act(tool, name) is AgentAct.WAIT


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
