"""A chain on its time axis as lines: who ran when and waited for whom, and what it came to; for all faces."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from trace_tui.library.chain_times import ChainTimes, MemberTimes, Stretch
from trace_tui.library.chains import Member
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import short_duration
from trace_tui.wording.agents import badge_of
from trace_tui.wording.cast import called
from trace_tui.wording.cells import Line, cells, cut, failures_in_red, fitted, folded, right, width_of
from trace_tui.wording.chain_bars import (
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
from trace_tui.wording.sessions import failures, own_tokens, title_of, took
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, count, tokens

_NAME_SHARE = 0.26
_LEAST_NAME, _MOST_NAME = 8, 44
_WIDE_INDENT_FROM = 30
"""Cells of the name from which on a level takes two of them."""
_DEEPEST_INDENT = 8
_TOKENS_FROM = 100
"""Cells of a row that leave room for tokens."""
_LEAST_BAR = 12
"""A bar with fewer cells tells less than the numbers beside it; with none of both, names are all there is."""
_ASIDE = "    "
_WORTH_TELLING = 0.05
_AWAITED = 3
"""Workers that are named after a wait."""
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


class ChainRows:
    """All rows of one chain, at any width."""

    def __init__(self, times: ChainTimes) -> None:
        self.times = times
        self._badges = badge_of([one.member for one in times.members])
        self._path: defaultdict[str, list[Stretch]] = defaultdict(list)
        for stint in times.path:
            self._path[stint.member.entry.key].append((stint.start, stint.end))

    def clock(self, width: int) -> Line:
        """What stands above the bars."""
        columns = _Columns.within(width)
        words = [count(len(self.times.members), "thread"), short_duration(self.times.duration_ms)]
        line: Line = [(fitted(" · ".join(filter(None, words)), columns.name), "bold"), ("   ", "")]
        axis = self._axis(columns)
        line.append((" " * columns.bar if axis is None else clock_line(axis), "dim"))
        if columns.with_tokens:
            line.append((_TOKENS.format("tokens", "all"), "dim"))
        if columns.with_facts:
            line.append((_FACTS.format(FAILURE, "took"), "dim"))
        return line

    def member(self, one: MemberTimes, width: int) -> Line:
        columns = _Columns.within(width)
        entry = one.member.entry
        line = self._who(one, columns.name)
        line.append((f" {TURN_GLYPHS.get(entry.state, '·')} ", STATE_STYLES.get(entry.state, "")))
        if columns.bar:
            axis = self._axis(columns) or Axis(0, 1, columns.bar)
            line += bar_of(one, self._path[entry.key], axis, self._badges)
        if columns.with_tokens:
            below = tokens(one.whole.usage.total) if one.member.children else ""
            line.append((_TOKENS.format(own_tokens(one.member), below), "dim"))
        if columns.with_facts:
            failed, duration = failures(one.member), took(one.member)
            words = _FACTS.format(failed and FAILURE + failed, right(duration, 6))
            line += failures_in_red(words, "dim")
        return line

    def _who(self, one: MemberTimes, width: int) -> Line:
        badge = self._badges[one.member.entry.key]
        level = 2 if width >= _WIDE_INDENT_FROM else 1
        before = " " * (level * min(one.member.depth, _DEEPEST_INDENT))
        room = width - len(before) - len(badge.letter)
        return [
            (before + badge.letter, f"bold {badge.style}"),
            (fitted(f" {title_of(one.member, width)}", room), "" if one.member.depth else "bold"),
        ]

    def _axis(self, columns: _Columns) -> Axis | None:
        life = self.times.life
        return None if life is None or columns.bar == 0 else Axis(*life, columns.bar)

    def aside(self, one: MemberTimes, width: int) -> Line:
        """What a member's row does not tell, or may have no room for; the gist first, the rest gives way."""
        facts = self._facts(one)
        least = 1 + bool(self._path[one.member.entry.key] and one.waits)
        while len(facts) > least and cells(_ASIDE) + width_of(_side_by_side(facts)) > width:
            facts.pop()
        return cut([(_ASIDE, ""), *_side_by_side(facts)], width)

    def _facts(self, one: MemberTimes) -> list[Line]:
        entry = one.member.entry
        on_path = sum(end - start for start, end in self._path[entry.key])
        below = one.whole.threads - 1
        spent, all_spent = own_tokens(one.member), one.whole.usage.total
        words = [
            f"{spent} tokens" if spent else "",
            f"{tokens(all_spent)} with {below:,} below" if below and all_spent else "",
            count(entry.calls, "call"),
            count(entry.turns, "turn"),
            f"{count(entry.inherited_lines, 'line')} inherited" if entry.inherited_lines else "",
            one_line(entry.model, 30) if entry.model else "",
        ]
        facts: list[Line] = [[(fact, "dim")] for fact in words if fact]
        critical: list[Line] = [[(f"{short_duration(on_path)} critical", "dim")]] if on_path else []
        return [*critical, *([self._waited(one)] if one.waits else []), *facts]

    def _waited(self, one: MemberTimes) -> Line:
        """How long, and for whom."""
        shares = self._shares(one)
        whole = f"waited {short_duration(one.waited_ms)}"
        if len(shares) == 1 and shares[0][0] == one.waited_ms:
            return [(f"{whole} for ", "dim"), *shares[0][1]]
        line: Line = [(whole, "dim")]
        for spent, whom in shares[:_AWAITED]:
            line += [(f"{', ' if len(line) > 1 else ': '}{short_duration(spent)} for ", "dim"), *whom]
        if len(shares) > _AWAITED:
            line.append((f", {len(shares) - _AWAITED:,} more", "dim"))
        return line

    def _shares(self, one: MemberTimes) -> list[tuple[int, Line]]:
        """The longest first; what was waited for nobody, and what for whoever is not here, last."""
        awaited = one.awaited()
        shares = [(spent, self._name(member)) for member, spent in awaited]
        nobody = one.waited_ms - one.missed_ms - sum(spent for _, spent in awaited)
        rest = [(one.missed_ms, "workers not here")] + ([(nobody, "nobody")] if awaited else [])
        return shares + [
            (spent, [(whom, "dim")]) for spent, whom in rest if spent > one.waited_ms * _WORTH_TELLING
        ]

    def _name(self, member: Member) -> Line:
        badge = self._badges.get(member.entry.key)
        if badge is None:
            return [(called(member), "dim")]
        return [(f"{badge.letter} ", f"bold {badge.style}"), (called(member), badge.style)]

    def foot(self, width: int) -> list[Line]:
        """What the whole came to, and what the signs mean."""
        return [*_sums(self.times, width), self.legend(width)]

    def legend(self, width: int) -> Line:
        return _legend(self.times.members, width)


# -- sums ---------------------------------------------------------------


def _side_by_side(facts: list[Line]) -> Line:
    line: Line = []
    for fact in facts:
        line += [(" · ", "dim")] if line else []
        line += fact
    return line


def _sums(times: ChainTimes, width: int) -> list[Line]:
    whole, head = times.whole, times.members[0].member
    parallelism = "" if times.parallelism is None else f", ×{times.parallelism:.1f} at once"
    facts = [
        count(whole.threads, "thread"),
        f"took {short_duration(times.duration_ms)}" if times.life else "times unknown",
        f"{short_duration(times.work_ms)} of work{parallelism}" if times.work_ms else "",
        f"{tokens(whole.usage.total)} tokens, {tokens(head.entry.usage.total)} the head's own",
        f"{count(times.whole.inherited_lines, 'line')} inherited" if times.whole.inherited_lines else "",
        count(whole.failures, "failure") if whole.failures else "no failures",
    ]
    return [cut([(words, "bold")], width) for words in folded([fact for fact in facts if fact], width)]


def _legend(members: list[MemberTimes], width: int) -> Line:
    signs = [
        (WORK_ON_PATH, "critical path"),
        (WORK, "at work"),
        (f"{WAIT}B", "waiting for B"),
        (IDLE, "idle"),
        (FAILURE, "failure"),
    ]
    if any(one.is_open for one in members):
        signs.append((OPEN, "not ended"))
    return cut([("  ".join(f"{sign} {words}" for sign, words in signs), "dim")], width)
