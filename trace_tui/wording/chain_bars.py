"""A chain's time axis in cells: what a member did, cell by cell, and the clock above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from trace_tui.library.chain_times import MemberTimes, Stretch
from trace_tui.times import local
from trace_tui.wording.agents import Badge
from trace_tui.wording.cells import Line

WORK, WORK_ON_PATH, WAIT, IDLE, FAILURE, OPEN = "▄", "█", "░", "─", "✗", "…"

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_STEPS = (
    *(100, 200, 500),
    *(number * _SECOND for number in (1, 2, 5, 10, 15, 30)),
    *(number * _MINUTE for number in (1, 2, 5, 10, 15, 30)),
    *(number * _HOUR for number in (1, 2, 3, 6, 12)),
    *(number * _DAY for number in (1, 2, 7, 14, 30)),
)
"""Between two ticks; people count in these."""
_SHORT = 10 * _SECOND
"""Where all took less, ticks say how long after the start they are: a clock's seconds would be too coarse."""
_LEAST_GAP = 2


class Axis(NamedTuple):
    start: int
    end: int
    cells: int

    def place(self, at: int) -> float:
        return (at - self.start) * self.cells / max(1, self.end - self.start)

    def cell(self, at: int) -> int:
        return max(0, min(int(self.place(at)), self.cells - 1))

    def nearest(self, stretch: Stretch) -> range:
        """The cells that a stretch fills, rounded; at least one."""
        first = min(round(self.place(stretch[0])), self.cells - 1)
        return range(max(0, first), min(max(first + 1, round(self.place(stretch[1]))), self.cells))


# -- bars ---------------------------------------------------------------


def bar_of(one: MemberTimes, path: list[Stretch], axis: Axis, badges: Mapping[str, Badge]) -> Line:
    """``path`` is where the member is on the critical path; ``badges`` are those of all agents, by key."""
    hue = badges[one.member.entry.key].style
    if one.life is None:
        return [("times unknown".ljust(axis.cells)[: axis.cells], "dim")]
    signs = _signs(one, axis)
    styles = ["" if sign == " " else hue if sign == WORK else f"dim {hue}" for sign in signs]
    for stint in path:
        for cell in axis.nearest(stint):
            if signs[cell] in (WORK, WORK_ON_PATH):
                signs[cell], styles[cell] = WORK_ON_PATH, f"bold {hue}"
            elif signs[cell] != " ":
                styles[cell] = f"bold underline {hue}"
    _name_awaited(one, signs, styles, axis, badges)
    if one.is_open:
        end = min(axis.cell(one.life[1]) + 1, axis.cells - 1)
        signs[end], styles[end] = OPEN, f"bold {hue}"
    for moment in one.failures:
        signs[axis.cell(moment)], styles[axis.cell(moment)] = FAILURE, "bold red"
    return _parts(signs, styles)


def _name_awaited(
    one: MemberTimes, signs: list[str], styles: list[str], axis: Axis, badges: Mapping[str, Badge]
) -> None:
    """At the end of a wait stands the letter of the worker that it was for, where there is room for both."""
    for wait in one.waits:
        badge = next((badges[key] for key in wait.ended_by if key in badges), None)
        if badge is None:
            continue
        whole = range(axis.cell(wait.start), axis.cell(wait.until) + 1)
        cells = [cell for cell in whole if signs[cell] == WAIT]
        if len(cells) <= len(badge.letter):
            continue
        for cell, letter in zip(cells[-len(badge.letter) :], badge.letter, strict=True):
            signs[cell], styles[cell] = letter, f"bold {badge.style}"


def _signs(one: MemberTimes, axis: Axis) -> list[str]:
    """Work is never hidden by idleness, however short it was; beside waiting, the longer is shown."""
    signs = [" "] * axis.cells
    if one.life is not None:
        for cell in axis.nearest(one.life):
            signs[cell] = IDLE
    work = _covered(one.work, axis)
    wait = _covered([(wait.start, wait.until) for wait in one.waits], axis)
    for cell in range(axis.cells):
        if work[cell] or wait[cell]:
            signs[cell] = WORK if work[cell] >= wait[cell] else WAIT
    return signs


def _covered(stretches: list[Stretch], axis: Axis) -> list[float]:
    """How much of each cell; the shortest stretch covers something."""
    covered = [0.0] * axis.cells
    for start, end in stretches:
        left, right = axis.place(start), axis.place(max(end, start + 1))
        for cell in range(axis.cell(start), axis.cell(max(end - 1, start)) + 1):
            covered[cell] += max(min(right, cell + 1) - max(left, cell), 0.0)
    return covered


def _parts(signs: list[str], styles: list[str]) -> Line:
    pairs = zip(styles, signs, strict=True)
    return [
        ("".join([sign for _, sign in group]), style) for style, group in groupby(pairs, lambda one: one[0])
    ]


# -- the clock ----------------------------------------------------------


def clock_line(axis: Axis) -> str:
    """Start and end by the clock, and ticks in between wherever there is room."""
    form = "%m-%d %H:%M" if axis.end - axis.start >= _DAY else "%H:%M:%S"
    start, end = _clock(axis.start, form), _clock(axis.end, form)
    line = start[: axis.cells].ljust(axis.cells)
    if axis.cells >= len(start) + _LEAST_GAP + len(end):
        line = line[: axis.cells - len(end)] + end
    for at, words in _ticks(axis):
        first, behind = axis.cell(at), axis.cell(at) + len(words)
        around = line[max(0, first - _LEAST_GAP) : behind + _LEAST_GAP]
        if behind <= axis.cells and not around.strip():
            line = line[:first] + words + line[behind:]
    return line


def _ticks(axis: Axis) -> Iterator[tuple[int, str]]:
    span = axis.end - axis.start
    for step in _STEPS:
        room = axis.cells * step / max(1, span)
        if room >= len(_tick(axis, axis.end, step)) + 2 * _LEAST_GAP:
            break
    else:
        return
    moment = local(axis.start)
    if moment is None:
        return
    since = 0
    if span >= _SHORT:
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        since = seconds * _SECOND + moment.microsecond // 1000
    at = axis.start - since + (since // step + 1) * step
    while at < axis.end:
        yield at, _tick(axis, at, step)
        at += step


def _tick(axis: Axis, at: int, step: int) -> str:
    if axis.end - axis.start < _SHORT:
        seconds = (at - axis.start) / _SECOND
        return f"│+{seconds:.1f} s" if step < _SECOND else f"│+{seconds:.0f} s"
    return "│" + _clock(at, "%m-%d" if step >= _DAY else "%H:%M" if step >= _MINUTE else "%H:%M:%S")


def _clock(at: int, form: str) -> str:
    moment = local(at)
    return moment.strftime(form) if moment else "?"
