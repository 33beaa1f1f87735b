"""Tokens, context and time of a turn or a session as facts and gauges."""

from __future__ import annotations

from collections.abc import Iterable

from trace_tui.model import Turn
from trace_tui.parsers.usage import Usage
from trace_tui.telling.rows import facts_in_order
from trace_tui.time_spent import TimeSplit, time_split
from trace_tui.times import local, short_duration
from trace_tui.widgets.blocks import Block, Facts, Gauge, Heading, Plain
from trace_tui.wording.steps import clock

_SOURCES = {
    "records": "the record of each response",
    "counts": "running totals",
}
UNKNOWN_TOKENS = "the file does not tell"


def token_blocks(usage: Usage, source: str, responses: int = 0) -> list[Block]:
    """By kind, and what they were counted from."""
    heading = Heading("tokens")
    if source == "none":
        return [heading, Plain(UNKNOWN_TOKENS, "dim")]
    pairs = facts_in_order(
        ("input", f"{usage.input:,}"),
        ("cached", f"{usage.cached_input:,}" + _share_of(usage.cached_input, usage.input, "of the input")),
        ("cache write", f"{usage.cache_write_input:,}" if usage.cache_write_input else None),
        ("output", f"{usage.output:,}"),
        (
            "reasoning",
            f"{usage.reasoning_output:,}" + _share_of(usage.reasoning_output, usage.output, "of the output"),
        ),
        ("total", f"{usage.total:,}"),
        ("responses", f"{responses:,}" if responses else None),
        ("counted from", _SOURCES.get(source, source)),
    )
    return [heading, Facts(pairs)]


def context_blocks(turn: Turn) -> list[Block]:
    """How full the context was at the end of the turn."""
    used, window = turn.context_used, turn.context_window
    if not used:
        return []
    if not window:
        return [Facts([("context", f"{used:,} tokens at the end, of a window unknown")])]
    words = f"{used:,} of {window:,} tokens · {100 * used / window:.0f} %"
    return [Gauge("context", min(1.0, used / window), words, warns=True)]


def time_blocks(turns: Iterable[Turn]) -> list[Block]:
    """What the time of turns went to; those whose length nobody knows are left out."""
    splits = [split for turn in turns if (split := time_split(turn)) is not None]
    total = TimeSplit(
        sum(split.model_ms for split in splits),
        sum(split.tools_ms for split in splits),
        sum(split.workers_ms for split in splits),
    )
    whole = sum(total)
    if not whole:
        return []
    return [
        Heading("time", short_duration(whole)),
        *(
            Gauge(label, spent / whole, f"{short_duration(spent)} · {100 * spent / whole:.0f} %")
            for label, spent in zip(("model", "tools", "workers"), total, strict=True)
        ),
    ]


def day_and_clock(at: int | None) -> str:
    moment = local(at)
    return moment.strftime("%a %d %b %Y %H:%M:%S") if moment else ""


def from_to(start: int | None, end: int | None) -> str:
    """``12:49:05 – 12:49:07`` by the reader's clock."""
    return " – ".join(dict.fromkeys(told for told in (clock(start), clock(end)) if told))


def _share_of(part: int, whole: int, words: str) -> str:
    return f" ({100 * part / whole:.0f} % {words})" if whole else ""
