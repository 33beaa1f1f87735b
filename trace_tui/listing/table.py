"""Sessions in columns, as many as fit: the title gives way first, then what matters least is left out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from trace_tui.library.chains import Member
from trace_tui.library.entries import Entry
from trace_tui.listing.columns import Column, Columns
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.cells import cells, fitted
from trace_tui.printing.console import Lines, Part
from trace_tui.printing.words import STATE_STYLES, TURN_GLYPHS, count, tokens
from trace_tui.relatives import Relation
from trace_tui.times import local, minute, short_duration

_GLYPH_WIDTH = 2
_LEAST_WORDS = 8
_SHORTEST_ID = 8
_DEEPEST_INDENT = 8
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
        self._when = Column("when", 16, _date_and_time) if dated else Column("time", 5, _time)
        id_width = max([len(self._id(row.member)) for row in rows], default=_SHORTEST_ID)
        # The most important first: what does not fit is dropped from the end.
        wanted = [
            Column("✗", 3, failures),
            Column("id", max(id_width, 2), self._id, fitted),
            Column("took", 6, took),
            Column("tokens", 6, own_tokens),
            Column("turns", 5, lambda member: str(member.entry.turns)),
            Column("calls", 6, calls),
            Column("model", 14, lambda member: one_line(member.entry.model or ""), fitted),
            Column("folder", 16, _folder, fitted),
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


def title_of(member: Member, limit: int) -> str:
    """On one line, with the worker's name; about so many characters of it."""
    # Titles may be whole prompts; blanks of theirs shrink in `one_line`.
    title = one_line(member.entry.title[: 2 * limit].lstrip(), 2 * limit)
    if not member.name or member.parent is None:
        return title
    name = one_line(member.name, 40)
    # Without a prompt to be read (a sealed task) the title is but the folder, which all of a chain share.
    return name if title == _folder(member) else f"{name}: {title}"


def indent_of(depth: int) -> str:
    return "  " * (min(depth, _DEEPEST_INDENT) - 1) + "└ " if depth else ""


def marks_of(member: Member, *, with_workers: bool = True) -> list[str]:
    """What is said behind a title, the most important first."""
    marks: list[str] = []
    if with_workers and member.children:
        below = [one for one in member.members() if one is not member]
        failed = sum(one.entry.failures for one in below)
        marks.append(f" · {count(len(below), 'worker')}" + (f" ✗{failed}" if failed else ""))
    if member.oddity is not None:
        marks.append(f" · {member.oddity.value}")
    if member.relation is Relation.FORK:
        marks.append(" · fork")
    if member.entry.archived:
        marks.append(" · archived")
    return marks


def _time(member: Member) -> str:
    moment = local(member.entry.started_at)
    return f"{moment.hour:02}:{moment.minute:02}" if moment else ""


def _date_and_time(member: Member) -> str:
    return minute(member.entry.started_at)


def failures(member: Member) -> str:
    return str(member.entry.failures or "")


def took(member: Member) -> str:
    """Nothing where calls were made in no time: the files of 2025 tell only when they began."""
    duration = member.entry.duration_ms
    return "" if duration == 0 and member.entry.calls else short_duration(duration)


def calls(member: Member) -> str:
    return f"{member.entry.calls:,}"


def own_tokens(member: Member) -> str:
    entry = member.entry
    return tokens(entry.usage.total) if entry.usage_source != "none" else ""


def _folder(member: Member) -> str:
    return _last_part(member.entry.cwd or "")


@lru_cache(maxsize=1024)
def _last_part(cwd: str) -> str:
    return one_line(cwd.replace("\\", "/").rstrip("/").rpartition("/")[2])


def day_of(entry: Entry) -> date | None:
    moment = local(entry.started_at)
    return moment.date() if moment else None


def day_in_words(day: date | None, today: date) -> str:
    if day is None:
        return "No date"
    written = f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"
    ago = (today - day).days
    return {0: f"Today · {written}", 1: f"Yesterday · {written}"}.get(ago, written)


def today() -> date:
    return datetime.now().astimezone().date()


def short_ids(ids: Iterable[str], shown: Iterable[str]) -> dict[str, str]:
    """The shown ids as short as tells each from all others, and all of one length."""
    wanted = set(shown)
    ordered = sorted(set(ids))
    needed = _SHORTEST_ID
    for one, other in pairwise(ordered):
        if one[:_SHORTEST_ID] == other[:_SHORTEST_ID] and (one in wanted or other in wanted):
            needed = max(needed, _shared(one, other) + 1)
    return {one: one_line(one[:needed].rstrip("-"), needed) for one in wanted}


def _shared(one: str, other: str) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length
