"""Sessions in columns, as many as fit: the title gives way first, then what matters least is left out."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.library.chains import Member
from trace_tui.listing.columns import Column, Columns
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.console import Lines
from trace_tui.wording.cells import Part, cells, fitted
from trace_tui.wording.sessions import (
    SHORTEST_ID,
    calls,
    clock_minute,
    date_and_minute,
    failures,
    folder,
    indent_of,
    marks_of,
    own_tokens,
    title_of,
    took,
)
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS

_GLYPH_WIDTH = 2
_LEAST_WORDS = 8


class Row(NamedTuple):
    member: Member
    depth: int
    is_context: bool = False
    """It was not asked for itself, but somebody below it was."""


class Table:
    """Prints rows under each other; ``dated`` where no headings say the day."""

    def __init__(self, lines: Lines, rows: list[Row], short_ids: dict[str, str], *, dated: bool) -> None:
        self._lines = lines
        self._ids = short_ids
        self._when = Column("when", 16, date_and_minute) if dated else Column("time", 5, clock_minute)
        id_width = max([len(self._id(row.member)) for row in rows], default=SHORTEST_ID)
        # The most important first: what does not fit is dropped from the end.
        wanted = [
            Column("✗", 3, failures),
            Column("id", max(id_width, 2), self._id, fitted),
            Column("took", 6, took),
            Column("tokens", 6, own_tokens),
            Column("turns", 5, lambda member: str(member.entry.turns)),
            Column("calls", 6, calls),
            Column("model", 14, lambda member: one_line(member.entry.model or ""), fitted),
            Column("folder", 16, folder, fitted),
        ]
        before = _GLYPH_WIDTH + self._when.width + 1
        order = ("✗", "turns", "calls", "took", "tokens", "model", "folder", "id")
        self._columns = Columns(wanted, order, lines.width - before)
        self._title_width = max(lines.width - before - self._columns.width, _LEAST_WORDS)

    def head(self) -> None:
        words = f"{'':{_GLYPH_WIDTH}}{fitted(self._when.label, self._when.width)} "
        self._lines.put((words + fitted("title", self._title_width) + self._columns.head(), "dim"))

    def row(self, row: Row) -> None:
        member = row.member
        state = member.entry.state
        self._lines.put(
            (TURN_GLYPHS.get(state, "·") + " ", STATE_STYLES.get(state, "")),
            (self._when.value(member).ljust(self._when.width + 1), "dim"),
            *self._title(row),
            *self._columns.facts(member),
        )

    def _title(self, row: Row) -> list[Part]:
        """Indented under its parent, with its name and what hangs on it; the words in between give way."""
        before, marks = indent_of(row.depth), marks_of(row.member)
        style = "dim" if row.is_context else ("" if row.depth else "bold")
        if not before and not marks:  # nearly all, and a list has thousands
            return [(fitted(title_of(row.member, self._title_width + 1), self._title_width), style)]
        room = self._title_width - cells(before)
        while marks and room - cells("".join(marks)) < _LEAST_WORDS:
            marks.pop()
        after = "".join(marks)
        room -= cells(after)
        title = fitted(title_of(row.member, room + 1), room)
        if after:
            title = title.rstrip()
            after += " " * (room - cells(title))
        return [(before, "dim"), (title, style), (after, "yellow" if "✗" in after else "dim")]

    def _id(self, member: Member) -> str:
        return self._ids.get(member.entry.id or "", "")
