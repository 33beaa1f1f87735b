"""The chain view: all agents of a chain on one time axis, who ran when and who waited for whom."""

from __future__ import annotations

from trace_tui.library.chain_times import ChainTimes, MemberTimes
from trace_tui.library.chains import Member
from trace_tui.widgets.line_view import BAR, GUTTER, LineView
from trace_tui.wording.cells import Line
from trace_tui.wording.chain_rows import ChainRows

_HEAD = 1
"""The clock stands above the first member, at the same index as a row."""
_LEAST_ROOM = 4
"""Lines that must be left for members, or else clock and sums are scrolled away as they are."""


class ChainView(LineView):
    has_second_line = True

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: ChainRows | None = None
        self._members: list[MemberTimes] = []
        self._foot: list[Line] = []

    # -- what it shows --------------------------------------------------

    def show(self, times: ChainTimes) -> None:
        """Another chain, or the same as it is by now: then the cursor stays on its member."""
        before = self.selected
        self._rows, self._members = ChainRows(times), times.members
        found = None if before is None else self._index_of(before.entry.key)
        if found is None:
            self.cursor = _HEAD
            self.scroll_to(y=0, animate=False, force=True)
        self.rows_changed(found)

    @property
    def selected(self) -> Member | None:
        one = self._at_cursor
        return None if one is None else one.member

    def select(self, member: Member) -> None:
        index = self._index_of(member.entry.key)
        if index is not None:
            self.move_to(index)

    @property
    def _at_cursor(self) -> MemberTimes | None:
        place = self.cursor - _HEAD
        return self._members[place] if 0 <= place < len(self._members) else None

    def _index_of(self, key: str) -> int | None:
        keys = (index for index, one in enumerate(self._members, _HEAD) if one.member.entry.key == key)
        return next(keys, None)

    def count(self) -> int:
        return _HEAD + len(self._members) + len(self._foot) if self._members else 0

    def rows_changed(self, cursor: int | None = None) -> None:
        if self._rows is not None:
            self._foot = self._rows.foot(max(self.window.width - GUTTER - BAR, 1))
        super().rows_changed(cursor)

    # -- rows as lines --------------------------------------------------

    def row(self, index: int, width: int) -> Line:
        assert self._rows is not None
        if index < _HEAD:
            return self._rows.clock(width)
        place = index - _HEAD
        if place < len(self._members):
            return self._rows.member(self._members[place], width)
        return self._foot[place - len(self._members)]

    def below_cursor(self, width: int) -> Line:
        one = self._at_cursor
        return [] if one is None or self._rows is None else self._rows.aside(one, width)

    # -- clock and sums stay in sight -----------------------------------

    @property
    def _is_pinned(self) -> bool:
        """Where not all fits, the members scroll between clock and sums."""
        height = self.window.height
        return _HEAD + _LEAST_ROOM + len(self._foot) <= height < self.count() + 1

    def _row_at(self, line: int) -> tuple[int, bool]:
        if self._is_pinned:
            y = line - self.scroll_offset.y
            left = self.window.height - y
            if 0 <= y < _HEAD:
                return y, False
            if 0 < left <= len(self._foot):
                return self.count() - left, False
        return super()._row_at(line)

    def _within(self, index: int) -> int:
        return max(_HEAD, min(index, _HEAD + len(self._members) - 1)) if self._members else 0

    def _keep_cursor_in_sight(self) -> None:
        if not self._is_pinned:
            super()._keep_cursor_in_sight()
            return
        room = self.window.height - _HEAD - len(self._foot)
        leap = room // 3
        top, line = self.scroll_offset.y + _HEAD, self._line_of(self.cursor)
        below = line + 1 - (top + room - 1)
        """How many lines of the cursor's two are too low, if any."""
        if line < top:
            self._scroll_to_line(line - _HEAD - (leap if top - line <= leap else 0))
        elif below > 0:
            self._scroll_to_line(self.scroll_offset.y + below + (leap if below <= leap else 0))
