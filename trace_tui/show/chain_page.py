"""A whole chain as a page for people: what it came to, who was at work when, what failed, every step."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import NamedTuple

from trace_tui.library.chains import Member
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.console import Lines
from trace_tui.show.chain import WholeChain
from trace_tui.show.chain_reading import (
    Failure,
    Part,
    failures_in,
    hints_in,
    in_time,
    reason_of,
    rows_in,
    target_of,
)
from trace_tui.show.chain_warnings import warnings_of
from trace_tui.telling.hints import hint_words
from trace_tui.times import local_with_zone, short_duration
from trace_tui.widgets.row_book import interleaved
from trace_tui.widgets.timeline_lines import Look, step_line, turn_line
from trace_tui.widgets.timeline_rows import Kind, Row
from trace_tui.wording.absences import NO_CHAIN
from trace_tui.wording.agents import Badge, aligned, badge_of
from trace_tui.wording.cast import Cast, Known, called
from trace_tui.wording.cells import Line, cells, cut, fitted, folded, width_of
from trace_tui.wording.chain_rows import ChainRows
from trace_tui.wording.sessions import chain_facts, inherited
from trace_tui.wording.steps import DURATION_WIDTH, NARROW, TIME_WIDTH, WORD_WIDTH, call_line, clock
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_WORDS

_INDENT = "  "
_NAME = len("A orchestrator")
_LEAST_HINT = 20
_HINTS = 12
"""So many are printed."""


def print_chain(chain: WholeChain) -> None:
    with Lines() as lines:
        page = ChainPage(lines, chain, _read(chain, lines.width))
        page.header()
        page.axis()
        page.failures()
        page.hints()
        page.steps()


class Hint(NamedTuple):
    is_silence: bool
    place: int
    """In the order of time."""
    member: Member
    words: str


class _Story(NamedTuple):
    """What the sessions of a chain tell, without these sessions."""

    rows: Iterator[Row]
    """Of all its agents, by time; made when they are asked for."""
    failures: list[Failure]
    hints: list[Hint]
    cast: Cast
    unread: dict[str, str]


def _read(chain: WholeChain, width: int) -> _Story:
    badges = aligned(badge_of(chain.members)) if len(chain.members) > 1 else {}
    cast = Cast.of_chain(chain.head, (), _akin(chain))
    told: list[tuple[Badge | None, str, list[Row]]] = []
    failures: list[Failure] = []
    hints: list[Hint] = []
    unread: dict[str, str] = {}
    for part in chain.parts(unread):
        key = part.member.entry.key
        told.append((badges.get(key), key, rows_in(part, chain.forest, width)))
        failures += failures_in(part)
        hints += _hints_of(part)
        cast = cast.with_children_of(part.session)
    return _Story(interleaved(told), in_time(failures), hints, cast, unread)


def _hints_of(part: Part) -> list[Hint]:
    known = part.member.entry.started_at or 0
    return [
        Hint(
            finding.waited_for is not None,
            finding.at or known,
            part.member,
            f"turn {finding.turn} · {hint_words(finding, part.session)}",
        )
        for finding in hints_in(part)
    ]


def _akin(chain: WholeChain) -> list[Member]:
    """What was forked from its members, and what these were forked from."""
    sources = [source for one in chain.members if (source := one.entry.forked_from) is not None]
    forks = [fork for one in chain.members for fork in chain.forest.forks_of(one.entry.id)]
    return forks + [one for source in sources for one in chain.forest.named(source)]


class ChainPage:
    """Prints to one place, as wide as that is."""

    def __init__(self, lines: Lines, chain: WholeChain, story: _Story) -> None:
        self._lines = lines
        self._width = lines.width
        self._chain = chain
        self._story = story
        self._rows = ChainRows(chain.times)
        self._badges = badge_of(chain.members) if len(chain.members) > 1 else {}

    # -- what it came to ------------------------------------------------

    def header(self) -> None:
        head, whole = self._chain.head, self._chain.times.whole
        title = one_line(head.entry.title, 400)
        self._lines.put(
            (f"{TURN_GLYPHS[whole.state]} ", STATE_STYLES[whole.state]),
            (fitted(title, max(self._width - 2, 0)).rstrip(), "bold"),
        )
        self._fold([TURN_WORDS[whole.state], *chain_facts(head, whole)])
        self._fold([*self._times(), inherited(whole)])
        for name, value in self._facts():
            self._lines.put((f"{_INDENT}{name:<10}", "dim"), (value, ""))  # for copying: may be wider
        for words in warnings_of(self._chain, self._story.unread):
            self._lines.put((f"! {words}", "yellow"))  # with ids and paths, as well
        if not self._badges and head.parent_id is None and not self._chain.missing:
            self._fold([NO_CHAIN])

    def _times(self) -> list[str]:
        times = self._chain.times
        at_once = "" if times.parallelism is None else f", ×{times.parallelism:.1f} at once"
        return [
            f"took {short_duration(times.duration_ms)}" if times.life else "times unknown",
            f"{short_duration(times.work_ms)} of work{at_once}" if times.work_ms else "",
        ]

    def _facts(self) -> Iterator[tuple[str, str]]:
        head = self._chain.head.entry
        started = local_with_zone(head.started_at)
        if started is not None:
            yield "started", started.strftime("%a %d %b %Y %H:%M:%S %Z")
        if head.cwd:
            yield "folder", one_line(head.cwd)
        yield "session", one_line(head.id or "no id")

    def _fold(self, facts: list[str]) -> None:
        for told in folded([fact for fact in facts if fact], max(self._width - len(_INDENT), 1)):
            self._lines.put(*cut([(_INDENT + told, "")], self._width))

    # -- who was at work when -------------------------------------------

    def axis(self) -> None:
        width = max(self._width - len(_INDENT), 1)
        lines = [self._rows.clock(width)]
        lines += [self._rows.member(one, width) for one in self._chain.times.members]
        lines.append(self._rows.legend(width))
        self._lines.put()
        for line in lines:
            self._lines.put((_INDENT, ""), *line)

    # -- what failed ----------------------------------------------------

    def failures(self) -> None:
        if not self._story.failures:
            return
        self._heading("failures")
        names = {failure.member.entry.key: self._words(failure.member) for failure in self._story.failures}
        width = min(max(map(width_of, names.values())), _NAME)
        for failure in self._story.failures:
            name = cut(names[failure.member.entry.key], width)
            self._failure(failure, [*name, (" " * (width + bool(width) - width_of(name)), "")])

    def _words(self, member: Member) -> Line:
        """Its letter and, where there is room, its name; nothing of one alone."""
        badge = self._badges.get(member.entry.key)
        if badge is None:
            return []
        if self._width < NARROW:
            return [(badge.letter, f"bold {badge.style}")]
        return Known(called(member), badge).words()

    def _failure(self, failure: Failure, name: Line) -> None:
        line: Line = [(_INDENT, "")]
        if self._width >= NARROW:
            line.append((fitted(clock(failure.at), TIME_WIDTH + 1), "dim"))
        line += name
        room = self._width - width_of(line)
        if failure.call is not None:
            line += call_line(failure.call, room, self._story.cast)
        else:
            line += _turn_line(failure, room)
        self._lines.put(*line)
        if where := self._target(failure):
            self._lines.put((f"{_INDENT * 2}show {where}", "dim"))  # for copying: may be wider

    def _target(self, failure: Failure) -> str:
        named = self._chain.names.get(failure.member.entry.key)
        return "" if named is None else one_line(target_of(failure, named), 1000)

    # -- what looks like a loop or a stall ------------------------------

    def hints(self) -> None:
        """In the order of time; where they are many, loops rather than silences."""
        hints = sorted(self._story.hints, key=lambda hint: hint[:2])
        if not hints:
            return
        self._heading("hints")
        for hint in sorted(hints[:_HINTS], key=lambda hint: hint.place):
            name = self._words(hint.member)
            start: Line = [(_INDENT, ""), *name, (" " if name else "", "")]
            room = max(self._width - width_of(start), _LEAST_HINT)
            for number, words in enumerate(wrap(hint.words, room)):
                before: Line = start if number == 0 else [(" " * width_of(start), "")]
                self._lines.put(*cut([*before, (words, "")], self._width))

        if len(hints) > _HINTS:
            self._fold([f"… and {len(hints) - _HINTS} more: see them all with --json"])

    def _heading(self, words: str) -> None:
        self._lines.put()
        self._lines.put((words, "bold"))

    # -- every step -----------------------------------------------------

    def steps(self) -> None:
        self._heading("steps")
        look = Look(self._story.cast)
        for row in self._story.rows:
            if row.kind is Kind.TURN:
                self._lines.put(*turn_line(row, self._width, look))
            elif row.kind is not Kind.SESSION:
                self._lines.put(*step_line(row, self._width, look))


def _turn_line(failure: Failure, width: int) -> Line:
    """In the columns of a call."""
    turn = failure.turn
    word = f"turn {turn.index}"
    begin: Line = [("✗ ", "bold red"), (fitted(word, max(cells(word) + 1, WORD_WIDTH + 1)), "bold red")]
    took = short_duration(turn.duration_ms).rjust(DURATION_WIDTH)
    room = max(width - width_of(begin) - cells(took) - 1, 0)
    return [*begin, (fitted(one_line(reason_of(failure), 400), room), "bold"), (f" {took}", "bold red")]
