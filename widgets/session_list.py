"""The list of sessions: by day, workers folded under who started them, filtered as one types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from trace_tui.library.chains import Forest, Member
from trace_tui.library.choosing import Choice
from trace_tui.parsers.safe_text import one_line
from trace_tui.widgets.activity import Activity
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.session_rows import Arrangement, DayRow, MemberRow, SessionRow, rows_of
from trace_tui.wording.cells import Line, cells, failures_in_red, fitted, right
from trace_tui.wording.sessions import (
    clock_minute,
    date_and_minute,
    failures,
    folder,
    indent_of,
    marks_of,
    title_of,
    today,
    took,
    workers_of,
)
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, count

ORDERS = ("started", "active", "failures", "duration", "tokens", "turns", "calls", "title")
_LEAST_WORDS = 8
_ID_LENGTH = 13
_TURNS_FROM = 40
"""Cells from which on a row has room for the number of turns."""
_WORDS_FROM = 64
"""Cells from which on they are called by their name."""
_CHIP_FROM = 36
"""Cells of a title that leave room for the word for workers."""


class SessionList(LineView):
    has_second_line = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "fold", "fold", id="fold_sessions"),
        Binding("right,l", "open", "unfold", show=False, id="unfold_sessions"),
        Binding("left,h", "close", "fold", show=False, id="close_sessions"),
        Binding("s", "sort", "sort", id="sort"),
    ]

    class Arranged(Message):
        """The person wants to see them in another way."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SessionList.Arranged)

    def __init__(self, *, id: str | None = None, today: Callable[[], date] = today) -> None:
        super().__init__(id=id)
        self._forest = Forest([], {}, {}, {})
        self._rows: list[SessionRow] = []
        self._activities: Mapping[str, Activity] = {}
        self._now = 0
        self._today = today
        self.arrangement = Arrangement()

    # -- what it shows --------------------------------------------------

    def show(self, forest: Forest) -> None:
        """Sessions as they are known by now; the cursor stays on its own."""
        self._forest = forest
        self._arrange()

    def show_activities(self, activities: Mapping[str, Activity], now: int) -> None:
        """What those that have not ended are doing."""
        before = self._at_work()
        self._activities, self._now = activities, now
        if self._at_work() != before:
            self._arrange()
        else:
            self.look_changed()

    def tick(self, now: int) -> None:
        """A second has gone by."""
        self._now = now
        if self._at_work():
            self.look_changed()

    def _at_work(self) -> frozenset[str]:
        return frozenset(key for key, activity in self._activities.items() if activity.is_running)

    def choose(self, choice: Choice) -> None:
        self._rearrange(choice=choice)

    def count(self) -> int:
        return len(self._rows)

    @property
    def selected(self) -> Member | None:
        """The session under the cursor; on a day, none."""
        row = self._rows[self.cursor] if self._rows else None
        return row.member if isinstance(row, MemberRow) else None

    def sessions_shown(self) -> int:
        return sum(isinstance(row, MemberRow) for row in self._rows)

    def select(self, member: Member) -> None:
        """Brings the cursor to a session, out of whatever fold it is in."""
        above = member.parent
        opened = set(self.arrangement.opened)
        while above is not None:
            opened.add(above.entry.key)
            above = above.parent
        if opened != self.arrangement.opened:
            self._rearrange(opened=frozenset(opened))
        index = self._index_of(member.entry.key)
        if index is not None:
            self.move_to(index)

    # -- rows as lines --------------------------------------------------

    def row(self, index: int, width: int) -> Line:
        row = self._rows[index]
        return _day_line(row, width) if isinstance(row, DayRow) else self._member_line(row, width)

    def below_cursor(self, width: int) -> Line:
        row = self._rows[self.cursor] if self._rows else None
        if isinstance(row, DayRow):
            return [(fitted(f"    {count(row.sessions, 'session')}", width), "dim")]
        member = self.selected
        if member is None:
            return []
        entry = member.entry
        activity = self._activities.get(entry.key)
        facts = [folder(member), entry.branch, entry.model, (entry.id or "")[:_ID_LENGTH]]
        if activity is not None:
            facts.insert(0, activity.call(self._now) or activity.words(self._now))
        words = " · ".join(one_line(fact, 60) for fact in facts if fact)
        return [(fitted("    " + words, width), "dim")]

    def _member_line(self, row: MemberRow, width: int) -> Line:
        member, entry = row.member, row.member.entry
        when = clock_minute(member) if self.arrangement.order == "started" else date_and_minute(member)[5:]
        activity = self._activities.get(entry.key)
        glyph = TURN_GLYPHS.get(entry.state, "·") if activity is None else activity.glyph(self._now)
        start = f"{glyph} "
        doing = "" if activity is None else activity.call(self._now)
        facts = f" {right('✗' + failures(member) if failures(member) else '', 4)}"
        if width >= _WORDS_FROM:
            facts += f" {right(count(entry.turns, 'turn'), 9)}"
        elif width >= _TURNS_FROM:
            facts += f" {right(f'{entry.turns}t', 4)}"
        facts += f" {right(took(member), 6)}"
        room = width - 2 - len(when) - 1 - len(facts)
        return [
            (start, STATE_STYLES.get(entry.state, "")),
            (f"{when} ", "dim"),
            *_title(row, room, doing),
            *failures_in_red(facts, "dim"),
        ]

    # -- folds and order ------------------------------------------------

    def action_fold(self) -> None:
        row = self._rows[self.cursor] if self._rows else None
        if isinstance(row, DayRow):
            self._fold_day(row.day, fold=not row.is_folded)
        elif row is not None and row.member.children:
            self._open_chain(row.member, open_=not row.is_open)

    def action_open(self) -> None:
        row = self._rows[self.cursor] if self._rows else None
        if isinstance(row, DayRow):
            self._fold_day(row.day, fold=False)
        elif row is not None:
            self._open_chain(row.member, open_=True)

    def action_close(self) -> None:
        """Folds what is open; on a worker, goes to who started it; on a session, folds nothing more."""
        row = self._rows[self.cursor] if self._rows else None
        if isinstance(row, DayRow):
            self._fold_day(row.day, fold=True)
        elif row is not None and row.is_open:
            self._open_chain(row.member, open_=False)
        elif row is not None and row.member.parent is not None:
            self.select(row.member.parent)

    def action_sort(self) -> None:
        order = ORDERS[(ORDERS.index(self.arrangement.order) + 1) % len(ORDERS)]
        self._rearrange(order=order)

    def action_enter(self) -> None:
        if self.selected is None:
            self.action_fold()
        else:
            super().action_enter()

    def _fold_day(self, day: date | None, *, fold: bool) -> None:
        days = self.arrangement.folded_days
        self._rearrange(folded_days=days | {day} if fold else days - {day})

    def _open_chain(self, member: Member, *, open_: bool) -> None:
        opened = self.arrangement.opened
        key = frozenset({member.entry.key})
        self._rearrange(opened=opened | key if open_ else opened - key)

    def _rearrange(self, **changes: object) -> None:
        self.arrangement = self.arrangement._replace(**changes)  # type: ignore[arg-type]
        self._arrange()
        self.post_message(self.Arranged())

    def _arrange(self) -> None:
        before = self._rows[self.cursor] if self._rows else None
        self._rows = rows_of(self._forest, self.arrangement, self._today(), self._at_work())
        self.rows_changed(self._find_again(before))

    def _find_again(self, before: SessionRow | None) -> int | None:
        if before is None:
            return next((i for i, row in enumerate(self._rows) if isinstance(row, MemberRow)), 0)
        if isinstance(before, MemberRow):
            return self._index_of(before.member.entry.key)
        days = (i for i, row in enumerate(self._rows) if isinstance(row, DayRow) and row.day == before.day)
        return next(days, None)

    def _index_of(self, key: str) -> int | None:
        for index, row in enumerate(self._rows):
            if isinstance(row, MemberRow) and row.member.entry.key == key:
                return index
        return None


def _day_line(row: DayRow, width: int) -> Line:
    number = f" {row.sessions:,}"
    words = f"{'▸' if row.is_folded else '▾'} {row.words}"
    return [(fitted(words, width - cells(number)), "bold cyan"), (number, "dim")]


def _title(row: MemberRow, room: int, doing: str) -> Line:
    """Indented under its parent; what hangs on it stands behind it, and the words in between give way."""
    before = indent_of(row.depth)
    marks = marks_of(row.member)
    if doing:
        marks.insert(0, f" · {doing}")
    elif row.member.children and room < _CHIP_FROM:  # the workers in short
        workers, failed = workers_of(row.member)
        marks[0] = f" +{workers}" + (f" ✗{failed}" if failed else "")
    while marks and room - cells(before + "".join(marks)) < _LEAST_WORDS:
        marks.pop()
    after = "".join(marks)
    left = max(room - cells(before) - cells(after), 0)
    title = fitted(title_of(row.member, left + 1), left)
    if after:
        title = title.rstrip()
        after = after.ljust(room - cells(before) - cells(title))
    return [
        (before, "dim"),
        (title, "" if row.depth else "bold"),
        (after, "yellow" if "✗" in after else "dim"),
    ]
