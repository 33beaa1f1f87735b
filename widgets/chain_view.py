"""The chain view: all agents of a chain on one time axis, who ran when and who waited for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from trace_tui.library.chain_times import ChainTimes, MemberTimes, Stretch
from trace_tui.library.chains import Member
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import short_duration
from trace_tui.widgets.chain_bars import (
    FAILURE,
    IDLE,
    OPEN,
    WAIT,
    WORK,
    WORK_ON_PATH,
    Axis,
    bar_of,
    clock_line,
)
from trace_tui.widgets.line_view import BAR, GUTTER, LineView
from trace_tui.wording.agents import Badge, badge_of
from trace_tui.wording.cells import Line, cells, cut, fitted, folded, right
from trace_tui.wording.sessions import failures, own_tokens, title_of, took
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, count, tokens

_HEAD = 1
"""The clock stands above the first member, at the same index as a row."""
_NAME_SHARE = 0.26
_LEAST_NAME, _MOST_NAME = 8, 44
_WIDE_INDENT_FROM = 30
"""Cells of the name from which on a level takes two of them."""
_DEEPEST_INDENT = 8
_TOKENS_FROM = 100
"""Cells of a row that leave room for tokens."""
_LEAST_BAR = 12
"""A bar with fewer cells tells less than the numbers beside it; with none of both, names are all there is."""
_LEAST_ROOM = 4
"""Lines that must be left for members, or else clock and sums are scrolled away as they are."""

_ASIDE = "    "
_FACTS = " {:>3} {:>6}"
_TOKENS = " {:>6} {:>6}"


class _Columns(NamedTuple):
    name: int
    bar: int
    with_facts: bool
    with_tokens: bool

    @classmethod
    def within(cls, width: int) -> _Columns:
        name = max(_LEAST_NAME, min(round(width * _NAME_SHARE), _MOST_NAME))
        left = width - name - 3  # the state's sign, between blanks
        facts, sums = len(_FACTS.format("", "")), len(_TOKENS.format("", ""))
        if width >= _TOKENS_FROM:
            return cls(name, left - facts - sums, True, True)
        if left - facts >= _LEAST_BAR:
            return cls(name, left - facts, True, False)
        if left >= _LEAST_BAR:
            return cls(name, left, False, False)
        return cls(max(width - 3, 0), 0, False, False)


class ChainView(LineView):
    has_second_line = True

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._times: ChainTimes | None = None
        self._members: list[MemberTimes] = []
        self._badges: Mapping[str, Badge] = {}
        self._path: Mapping[str, list[Stretch]] = {}
        self._foot: list[Line] = []

    # -- what it shows --------------------------------------------------

    def show(self, times: ChainTimes) -> None:
        """Another chain, or the same as it is by now: then the cursor stays on its member."""
        before = self.selected
        self._times, self._members = times, times.members
        self._badges = badge_of([one.member for one in times.members])
        path: defaultdict[str, list[Stretch]] = defaultdict(list)
        for stint in times.path:
            path[stint.member.entry.key].append((stint.start, stint.end))
        self._path = path
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
        if self._times is not None:
            width = max(self.window.width - GUTTER - BAR, 1)
            self._foot = [*_sums(self._times, width), _legend(self._members, width)]
        super().rows_changed(cursor)

    # -- rows as lines --------------------------------------------------

    def row(self, index: int, width: int) -> Line:
        if index < _HEAD:
            return self._clock_row(width)
        place = index - _HEAD
        if place < len(self._members):
            return self._member_row(self._members[place], width)
        return self._foot[place - len(self._members)]

    def _clock_row(self, width: int) -> Line:
        columns = _Columns.within(width)
        if self._times is None:
            return []
        words = [count(len(self._members), "thread"), short_duration(self._times.duration_ms)]
        line: Line = [(fitted(" · ".join(filter(None, words)), columns.name), "bold"), ("   ", "")]
        axis = self._axis(columns)
        line.append((" " * columns.bar if axis is None else clock_line(axis), "dim"))
        if columns.with_tokens:
            line.append((_TOKENS.format("tokens", "all"), "dim"))
        if columns.with_facts:
            line.append((_FACTS.format(FAILURE, "took"), "dim"))
        return line

    def _member_row(self, one: MemberTimes, width: int) -> Line:
        columns = _Columns.within(width)
        entry = one.member.entry
        line = self._who(one, columns.name)
        line.append((f" {TURN_GLYPHS.get(entry.state, '·')} ", STATE_STYLES.get(entry.state, "")))
        if columns.bar:
            axis = self._axis(columns) or Axis(0, 1, columns.bar)
            line += bar_of(one, self._path.get(entry.key, []), axis, self._badges[entry.key].style)
        if columns.with_tokens:
            below = tokens(one.whole.usage.total) if one.member.children else ""
            line.append((_TOKENS.format(own_tokens(one.member), below), "dim"))
        if columns.with_facts:
            failed, duration = failures(one.member), took(one.member)
            words = _FACTS.format(failed and FAILURE + failed, right(duration, 6))
            line.append((words, "bold red" if failed else "dim"))
        return line

    def _who(self, one: MemberTimes, width: int) -> Line:
        badge = self._badges[one.member.entry.key]
        level = 2 if width >= _WIDE_INDENT_FROM else 1
        before = " " * (level * min(one.depth, _DEEPEST_INDENT))
        room = width - len(before) - len(badge.letter)
        return [
            (before + badge.letter, f"bold {badge.style}"),
            (fitted(f" {title_of(one.member, width)}", room), "" if one.depth else "bold"),
        ]

    def _axis(self, columns: _Columns) -> Axis | None:
        life = None if self._times is None else self._times.life
        return None if life is None or columns.bar == 0 else Axis(*life, columns.bar)

    def below_cursor(self, width: int) -> Line:
        one = self._at_cursor
        if one is None:
            return []
        on_path = sum(end - start for start, end in self._path.get(one.member.entry.key, []))
        facts = _facts(one, on_path)
        while len(facts) > 1 and cells(_ASIDE + " · ".join(facts)) > width:
            facts.pop()
        return [(fitted(_ASIDE + " · ".join(facts), width), "dim")]

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


# -- sums ---------------------------------------------------------------


def _facts(one: MemberTimes, on_path_ms: int) -> list[str]:
    """Of the member under the cursor, what its row does not tell or may have no room for; gist first."""
    entry = one.member.entry
    spent = own_tokens(one.member)
    below = one.whole.threads - 1
    all_of_them = f"{tokens(one.whole.usage.total)} with {below:,} below" if below else ""
    facts = [
        f"{spent} tokens" if spent else "",
        all_of_them,
        f"{short_duration(on_path_ms)} critical" if on_path_ms else "",
        f"waited {short_duration(one.waited_ms)}" if one.waits else "",
        count(entry.calls, "call"),
        count(entry.turns, "turn"),
        f"{count(one.inherited_lines, 'line')} inherited" if one.inherited_lines else "",
        one_line(entry.model, 30) if entry.model else "",
    ]
    return [fact for fact in facts if fact]


def _sums(times: ChainTimes, width: int) -> list[Line]:
    whole, head = times.whole, times.members[0].member
    parallelism = "" if times.parallelism is None else f", ×{times.parallelism:.1f} at once"
    facts = [
        count(whole.threads, "thread"),
        f"took {short_duration(times.duration_ms)}" if times.life else "times unknown",
        f"{short_duration(times.work_ms)} of work{parallelism}" if times.work_ms else "",
        f"{tokens(whole.usage.total)} tokens, {tokens(head.entry.usage.total)} the head's own",
        f"{count(times.inherited_lines, 'line')} inherited" if times.inherited_lines else "",
        count(whole.failures, "failure") if whole.failures else "no failures",
    ]
    return [cut([(words, "bold")], width) for words in folded([fact for fact in facts if fact], width)]


def _legend(members: list[MemberTimes], width: int) -> Line:
    signs = [
        (WORK_ON_PATH, "critical path"),
        (WORK, "at work"),
        (WAIT, "waiting"),
        (IDLE, "idle"),
        (FAILURE, "failure"),
    ]
    if any(one.is_open for one in members):
        signs.append((OPEN, "not ended"))
    return cut([("  ".join(f"{sign} {words}" for sign, words in signs), "dim")], width)
