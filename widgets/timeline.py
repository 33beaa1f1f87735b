"""The timeline: turns as blocks and their steps under them, on as many rows as it takes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from trace_tui.model import Item, Note, Turn
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.row_book import Growth
from trace_tui.widgets.timeline_lines import Look, Times, step_line, turn_line
from trace_tui.widgets.timeline_rows import NO_MARKS, Kind, Marks, Row
from trace_tui.wording.cast import NOBODY, Cast
from trace_tui.wording.cells import Line, cut


class Timeline(LineView):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "fold", "fold", id="fold"),
        Binding("right,l", "open", "unfold", show=False, id="unfold"),
        Binding("left,h", "close", "fold", show=False, id="close"),
        Binding("right_square_bracket", "turn(1)", "next turn", key_display="]", id="next_turn"),
        Binding(
            "left_square_bracket",
            "turn(-1)",
            "previous turn",
            show=False,
            key_display="[",
            id="previous_turn",
        ),
        Binding("F", "follow", "follow", id="follow"),
        Binding("t", "times", "times", show=False, id="times"),
    ]

    class Followed(Message):
        """The end has moved: it was followed, or there is more behind what one sees."""

        def __init__(self, view: Timeline) -> None:
            self.view = view
            super().__init__()

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Timeline.Followed)

    class Unread(Message):
        """Texts are in sight that the model does not hold."""

        def __init__(self, view: Timeline, rows: list[Row]) -> None:
            self.view = view
            self.rows = rows
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._unread: list[Row] = []
        self._asked_for: set[tuple[str, int]] = set()
        self.follows = False
        """The cursor stays at the end, whatever comes."""
        self.unseen = 0
        """Rows that have come since one left the end."""
        self.now: int | None = None
        """Until when running calls have been running."""
        self._rows: list[Row] = []
        self._folded: dict[int, list[Row]] = {}
        """By turn, the rows of those that the person folded."""
        self._cast = NOBODY
        self._marks = NO_MARKS
        self._summary: Line = []
        self.times = Times.CLOCK

    # -- what it shows --------------------------------------------------

    def show(self, rows: Sequence[Row], cast: Cast, summary: Line) -> None:
        """Another session; ``summary`` is its first row."""
        self._rows, self._cast, self._folded, self._summary = list(rows), cast, {}, summary
        self.follows, self.unseen = False, 0
        self._marks = NO_MARKS
        self._asked_for.clear()
        self.scroll_to(y=0, animate=False, force=True)
        self.rows_changed(0)

    def update(self, rows: Sequence[Row], cast: Cast, summary: Line) -> None:
        """The same session, told further or otherwise; the cursor stays on its step."""
        before = self.selected
        opened = self._opened_runs()
        folded = list(self._folded)
        self._rows, self._cast, self._folded, self._summary = list(rows), cast, {}, summary
        for index in self._runs_of(opened):
            self._open_run(index)
        for turn in folded:
            self._fold_turn(turn)
        self.rows_changed(None if before is None else self._find_again(before))

    def go_on(self, growth: Growth, rows: Sequence[Row], cast: Cast, summary: Line) -> None:
        """The same session with more at its end; ``rows`` are all of them, where they are needed."""
        before = len(self._rows)
        is_replaced = self._replace_head(growth)
        anchor = rows[growth.keep - 1] if growth.keep else None
        place = next((i for i in range(before - 1, -1, -1) if self._rows[i] is anchor), None)
        if place is None or not is_replaced:
            last = self._rows[-1] if self._rows else None
            self.update(rows, cast, summary)
            self._follow_end(0 if last is None else self._rows_behind(last))
        else:
            self._cast, self._summary = cast, summary
            self._replace_tail(place + 1, growth.tail)
            self._follow_end(len(self._rows) - before)

    def _rows_behind(self, last: Row) -> int:
        """What came behind a row; others may have been put in above it."""
        places = (i for i in range(len(self._rows) - 1, -1, -1) if _is_same(self._rows[i], last))
        return len(self._rows) - 1 - next(places, len(self._rows) - 1)

    def _replace_tail(self, start: int, tail: Sequence[Row]) -> None:
        """Other rows from there on; the cursor and the runs that were opened stay as they are."""
        selected = self.selected
        opened = {id(row.item) for row in self._rows[start:] if row.kind is Kind.CALL}
        fresh: list[Row] = []
        for row in tail:
            fresh += row.hidden if row.kind is Kind.RUN and id(row.item) in opened else [row]
        self._rows[start:] = fresh
        if selected is None or self.cursor < start:
            self.rows_changed()
            return
        here = (i for i in range(start, len(self._rows)) if _is_same(self._rows[i], selected))
        self.rows_changed(next(here, self.cursor))

    def _replace_head(self, growth: Growth) -> bool:
        """A turn's head has other totals than before."""
        if growth.head is None:
            return True
        row = growth.head[1]
        heads = (i for i in range(len(self._rows) - 1, -1, -1) if _is_head(self._rows[i], row.turn.index))
        index = next(heads, None)
        if index is None or row.turn.index in self._folded:
            return False
        self._rows[index] = row
        return True

    def _follow_end(self, more: int) -> None:
        if self.follows:
            with self.prevent(self.Moved):
                self.move_to(len(self._rows) - 1)
            self.post_message(self.Followed(self))
        elif more > 0 and self.cursor < len(self._rows) - 1:
            self.unseen += more
            self.post_message(self.Followed(self))

    def move_to(self, index: int, *, center: bool = False) -> None:
        """Whoever goes up leaves the end; at the end, everything has been seen."""
        if index < self.cursor and self.follows:
            self.follows = False
            self.post_message(self.Followed(self))
        super().move_to(index, center=center)
        if self.unseen and self.cursor >= len(self._rows) - 1:
            self.unseen = 0
            self.post_message(self.Followed(self))

    def action_follow(self) -> None:
        self.follows = not self.follows
        if self.follows:
            self.move_to(len(self._rows) - 1)
        self.post_message(self.Followed(self))

    def count(self) -> int:
        return len(self._rows)

    @property
    def selected(self) -> Row | None:
        return self._rows[self.cursor] if self._rows else None

    def select(self, turn: Turn, item: Item | None) -> None:
        """Brings the cursor to a step, or to the head of a turn, out of whatever fold it is in."""
        if turn.index in self._folded and item is not None:
            self._unfold_turn(turn.index)
            self.rows_changed(self.cursor)
        index = self._index_of(turn, item)
        if index is None:  # the prompt, which stands in the head, or something that is filtered out
            index = self._index_of(turn, None)
        if index is None:
            return
        row = self._rows[index]
        if row.kind is Kind.RUN and item is not None:
            self._open_run(index)
            index = self._index_of(turn, item) or index
            self.rows_changed(self.cursor)
        self.move_to(index, center=not self._is_in_sight(index))

    def select_link(self, id_: str) -> bool:
        """Brings the cursor to the row that leads to this session; whether there is one."""
        places = (i for i, row in enumerate(self._rows) if row.link is not None and row.link.id == id_)
        index = next(places, None)
        if index is not None:
            self.move_to(index, center=not self._is_in_sight(index))
        return index is not None

    def select_row(self, row: Row) -> None:
        """Brings the cursor to where a row that was seen before stands now."""
        index = self._find_again(row)
        self.move_to(index, center=not self._is_in_sight(index))

    def _is_in_sight(self, index: int) -> bool:
        return 0 <= index - self.scroll_offset.y < self.window.height

    # -- rows as lines --------------------------------------------------

    def row(self, index: int, width: int) -> Line:
        row = self._rows[index]
        look = Look(self._cast, self.times, self._began(), self.now, self._marks)
        if row.kind is Kind.SESSION:
            return cut(self._summary, width)
        if row.kind is Kind.TURN:
            fold = "▸" if row.turn.index in self._folded else "▾"
            return turn_line(row, width, look, "" if row.badge is not None else fold)
        if isinstance(row.item, Note) and row.item.cut and not row.item.text and row.kind is Kind.NOTE:
            self._ask_for(row)
        if row.kind is Kind.DIVIDER and (silence := self._silence_before(index)):
            row = row._replace(words=silence)
        return step_line(row, width, look)

    def _silence_before(self, index: int) -> str:
        """What was waited for until the step below a divider."""
        below = self._rows[index + 1] if index + 1 < len(self._rows) else None
        if below is None or below.at is None:
            return ""
        return self._marks.silences.get((below.thread, below.at), "")

    def _ask_for(self, row: Row) -> None:
        """Reasoning is not read before somebody sees it."""
        if (row.thread, row.place) in self._asked_for:
            return
        self._asked_for.add((row.thread, row.place))
        if not self._unread:
            self.call_later(self._tell_unread)
        self._unread.append(row)

    def _tell_unread(self) -> None:
        unread, self._unread = self._unread, []
        self.post_message(self.Unread(self, unread))

    def texts_read(self, rows: Sequence[Row]) -> None:
        """What was unread of them is there by now."""
        read = {(row.thread, row.place) for row in rows}
        self.some_look_changed(lambda index: (self._rows[index].thread, self._rows[index].place) in read)

    def _began(self) -> int | None:
        """When the first of several agents did."""
        first = self._rows[1] if len(self._rows) > 1 else None
        return None if first is None or not first.thread else first.at

    def order(self) -> dict[int, int]:
        """The rows by the identity of what they show: steps, and the turns of heads."""
        places: dict[int, int] = {}
        for index, row in enumerate(self._rows):
            for one in (row, *row.hidden):
                places.setdefault(id(one.turn if one.item is None else one.item), index)
        return places

    def show_marks(self, marks: Marks) -> None:
        """Where something looks like a loop or a stall."""
        self._marks = marks
        self.look_changed()

    def show_cast(self, cast: Cast) -> None:
        """How the agents stand by now."""
        self._cast = cast
        self.look_changed()

    def summarize(self, summary: Line) -> None:
        """What the session has come to by now."""
        if summary != self._summary:
            self._summary = summary
            self.look_changed()

    def tick(self, now: int | None) -> None:
        """Running calls have been running for longer by now; None where nobody is at work any more."""
        if now != self.now:
            self.now = now
            self.look_changed()

    # -- folds ----------------------------------------------------------

    def action_fold(self) -> None:
        row = self.selected
        if row is None:
            return
        if row.kind is Kind.RUN:
            self.action_open()
        elif row.turn.index in self._folded:
            self._unfold_turn(row.turn.index)
            self.rows_changed()
        else:
            self.action_close()

    def action_open(self) -> None:
        """Opens the fold under the cursor."""
        row = self.selected
        if row is None:
            return
        if row.kind is Kind.RUN:
            self._open_run(self.cursor)
        elif row.kind is Kind.TURN and row.turn.index in self._folded:
            self._unfold_turn(row.turn.index)
        self.rows_changed()

    def action_close(self) -> None:
        """Folds the turn around the cursor, which stays on its head."""
        row = self.selected
        if row is None or row.turn.index in self._folded or row.thread:
            return  # the steps of several agents' turns stand between each other
        self._fold_turn(row.turn.index)
        self.rows_changed(self._index_of(row.turn, None))
        self.post_message(self.Moved(self))

    def action_enter(self) -> None:
        if self.selected is not None and self.selected.kind is Kind.RUN:
            self.action_open()
        else:
            super().action_enter()

    def action_turn(self, by: int) -> None:
        step = 1 if by > 0 else -1
        index = self.cursor + step
        while 0 < index < len(self._rows) and self._rows[index].kind is not Kind.TURN:
            index += step
        if 0 <= index < len(self._rows):
            self.move_to(index, center=not self._is_in_sight(index))

    def action_times(self) -> None:
        every = list(Times)
        self.times = every[(every.index(self.times) + 1) % len(every)]
        self.look_changed()

    def _open_run(self, index: int) -> None:
        self._rows[index : index + 1] = self._rows[index].hidden

    def _opened_runs(self) -> set[int]:
        """Of runs that the person opened, what they began with."""
        return {id(row.item) for row in self._rows if row.kind is Kind.CALL}

    def _runs_of(self, first_items: set[int]) -> list[int]:
        """From the last to the first, so that opening one does not move the others."""
        runs = [i for i, row in enumerate(self._rows) if row.kind is Kind.RUN and id(row.item) in first_items]
        return runs[::-1]

    def _fold_turn(self, turn: int) -> None:
        head = next((i for i, row in enumerate(self._rows) if _is_head(row, turn)), None)
        if head is None:
            return
        end = head + 1
        while end < len(self._rows) and self._rows[end].turn.index == turn:
            end += 1
        self._folded[turn] = self._rows[head + 1 : end]
        del self._rows[head + 1 : end]

    def _unfold_turn(self, turn: int) -> None:
        head = next(i for i, row in enumerate(self._rows) if _is_head(row, turn))
        self._rows[head + 1 : head + 1] = self._folded.pop(turn)

    def _index_of(self, turn: Turn, item: Item | None) -> int | None:
        """The row of a step; the run that hides it; without a step, the head of the turn."""
        rows = self._rows
        first = 0
        if rows and not rows[-1].thread:  # of one session, whose turns stand in order
            first = bisect_left(rows, turn.index, key=lambda row: row.turn.index)
        for index in range(first, len(rows)):
            row = rows[index]
            if row.turn is not turn:
                if not row.thread and row.turn.index > turn.index:
                    return None
                continue
            if row.item is item and (item is not None or row.kind is Kind.TURN):
                return index
            if row.kind is Kind.RUN and any(one.item is item for one in row.hidden):
                return index
        return None

    def _find_again(self, before: Row) -> int:
        """Where a row stands now; else the head of its turn; else where the cursor was."""
        for index, row in enumerate(self._rows):
            if _is_same(row, before):
                return index
        rows = ((i, row) for i, row in enumerate(self._rows) if row.thread == before.thread)
        return next((i for i, row in rows if _is_head(row, before.turn.index)), self.cursor)


def _is_same(one: Row, other: Row) -> bool:
    """They tell of the same step."""
    return _step_of(one) == _step_of(other)


def _step_of(row: Row) -> tuple[object, ...]:
    link = None if row.link is None else (row.link.word, row.link.id)
    return (row.thread, row.turn.index, row.kind, row.place, link)


def _is_head(row: Row, turn: int) -> bool:
    return row.kind is Kind.TURN and row.turn.index == turn
