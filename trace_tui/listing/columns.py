"""Columns of facts behind a title: as many as fit, the least important left out, in one order of reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from trace_tui.library.chains import Member
from trace_tui.wording.cells import Part, fitted, right

LEAST_TITLE = 24
"""Cells that a title should have before another column is worth its room."""
_FAILURES_STYLE = "bold red"


class Column(NamedTuple):
    label: str
    width: int
    value: Callable[[Member], str]
    set_: Callable[[str, int], str] = right


class Columns:
    """The first of the wanted columns are the most important; ``order`` is that of reading.

    The first in that order is the number of failures: it is always there, and has a colour of its own.
    """

    def __init__(self, wanted: list[Column], order: tuple[str, ...], room: int) -> None:
        kept = _as_many_as_fit(wanted, room)
        kept.sort(key=lambda column: order.index(column.label))
        self._columns = kept
        self._others = kept[1:]
        self.width = sum(column.width + 1 for column in kept)
        self._form = "".join(f" %{'-' if one.set_ is fitted else ''}{one.width}s" for one in self._others)

    def head(self) -> str:
        return "".join(" " + column.set_(column.label, column.width) for column in self._columns)

    def facts(self, member: Member) -> list[Part]:
        """In one go where all values fit, as nearly always: lists are long."""
        failures, *others = [column.value(member) for column in self._columns]
        first = " " + right(failures, self._columns[0].width)
        told = self._form % tuple(others)
        if len(first) + len(told) != self.width or not told.isascii():
            pairs = zip(self._others, others, strict=True)
            told = "".join([" " + column.set_(value, column.width) for column, value in pairs])
        return [(first, _FAILURES_STYLE), (told, "dim")]


def _as_many_as_fit(columns: list[Column], room: int) -> list[Column]:
    """All of them where there is room, and always the first."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width + 1 for column in kept) + LEAST_TITLE > room:
        kept.pop()
    return kept
