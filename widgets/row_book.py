"""Which rows a session has, or several sessions at once: turn by turn, and what stands between turns.

Pure and quick: a thread makes the rows of a hundred thousand steps while the screen shows the first of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from trace_tui.model import Call, Turn
from trace_tui.widgets.timeline_rows import WHOLE_SESSION, Choice, Kind, Link, Row, StepKind
from trace_tui.widgets.turn_rows import TurnRows, gap_between
from trace_tui.wording.agents import Badge


def rows_of(
    turns: Sequence[Turn],
    choice: Choice = Choice(),  # noqa: B008
    links: Sequence[Link] = (),
) -> list[Row]:
    """The session as a whole first, then turn by turn."""
    return RowBook(choice, links).update(turns).tail


class Growth(NamedTuple):
    """What has become of some rows: those from ``keep`` on are others now, and so may be one head above."""

    keep: int
    tail: list[Row]
    head: tuple[int, Row] | None = None


class _Mark(NamedTuple):
    """How things stood before a turn."""

    row: int
    ended: int | None = None
    undone: tuple[Turn, ...] = ()
    calls: int = 0
    failed: int = 0


_IS_REVERTED = attrgetter("reverted")


class RowBook:
    """The rows of a session that goes on: made again only from where they may be others than before."""

    def __init__(self, choice: Choice = Choice(), links: Sequence[Link] = ()) -> None:  # noqa: B008
        self.rows: list[Row] = []
        self.choice = choice
        is_wanted = StepKind.AGENTS in choice.kinds and not choice.only_failures
        self._links = list(links) if is_wanted else []
        self._marks: list[_Mark] = []
        self._steps: TurnRows | None = None
        """Those of the last turn."""
        self._reverted = 0
        self.calls = self.failed_calls = 0

    def update(self, turns: Sequence[Turn]) -> Growth:
        """The same turns as before, with more in the last one and more behind it."""
        growth = self._updated(turns)
        if self._marks and self._steps is not None:
            before, (calls, failed) = self._marks[-1], self._steps.counts
            self.calls, self.failed_calls = before.calls + calls, before.failed + failed
        return growth

    def _updated(self, turns: Sequence[Turn]) -> Growth:
        reverted = sum(map(_IS_REVERTED, turns))  # asked at each line that is written
        if reverted != self._reverted or len(turns) < len(self._marks) or not self._marks:
            return self._all(turns, reverted)
        last = len(self._marks) - 1
        if len(turns) > len(self._marks) or turns[last].reverted:
            return self._from(turns, last)
        return self._within(turns[last])

    def _all(self, turns: Sequence[Turn], reverted: int) -> Growth:
        self._reverted = reverted
        self._marks = []
        self.rows = [Row(Kind.SESSION, WHOLE_SESSION)]
        self.rows += [Row(Kind.LINK, WHOLE_SESSION, link=link) for link in self._links if link.is_origin]
        self._add_turns(turns, _Mark(len(self.rows)))
        return Growth(0, list(self.rows))

    def _from(self, turns: Sequence[Turn], first: int) -> Growth:
        mark = self._marks[first]
        del self._marks[first:], self.rows[mark.row :]
        self._add_turns(turns[first:], mark)
        return Growth(mark.row, self.rows[mark.row :])

    def _within(self, turn: Turn) -> Growth:
        steps = self._steps
        assert steps is not None
        places = range(self._marks[-1].row, len(self.rows))
        head = next((i for i in places if self.rows[i].kind is Kind.TURN), None)
        if head is None:  # so far nothing of it had failed
            steps.go_on()
            keep = len(self.rows)
            self._add_turn(turn, steps, self._marks[-1].ended)
            return Growth(keep, self.rows[keep:])
        keep = head + 1 + steps.go_on()
        self.rows[head] = Row(Kind.TURN, turn, words=steps.totals)
        self.rows[keep:] = steps.rows[keep - head - 1 :]
        return Growth(keep, self.rows[keep:], (head, self.rows[head]))

    def _add_turns(self, turns: Sequence[Turn], mark: _Mark) -> None:
        _, ended, before, calls, failed = mark
        undone = list(before)
        for turn, links in self._with_links(turns):
            self._marks.append(_Mark(len(self.rows), ended, tuple(undone), calls, failed))
            if undone and not turn.reverted:
                self.rows.append(_rewind(undone))
                undone = []
            steps = self._steps = TurnRows(turn, self.choice, links)
            steps.go_on()
            calls, failed = calls + steps.counts[0], failed + steps.counts[1]
            if self._add_turn(turn, steps, ended) and turn.reverted:
                undone.append(turn)
            ended = turn.ended_at or steps.ended or ended
        if undone:
            self.rows.append(_rewind(undone))

    def _add_turn(self, turn: Turn, steps: TurnRows, ended: int | None) -> bool:
        """Its head and its steps; of failures alone not where it has none."""
        head = Row(Kind.TURN, turn, words=steps.totals)
        if self.choice.only_failures and not head.is_failure and not steps.rows:
            return False
        if gap := gap_between(ended, turn.started_at):
            self.rows.append(Row(Kind.DIVIDER, turn, words=f"{gap} later"))
        self.rows += [head, *steps.rows]
        return True

    def _with_links(self, turns: Sequence[Turn]) -> Iterator[tuple[Turn, list[Link]]]:
        """Each turn with the links that came in its time; those before all turns go to the first."""
        first = len(self._marks) == 0
        for index, turn in enumerate(turns):
            start = None if first and index == 0 else turn.started_at
            end = next((one.started_at for one in turns[index + 1 :] if one.started_at is not None), None)
            yield turn, [link for link in self._links if _is_within(link, turn, start, end)]


def _is_within(link: Link, turn: Turn, start: int | None, end: int | None) -> bool:
    if link.is_origin or link.behind is not None:
        return link.behind == turn.index
    if link.at is None:
        return end is None
    return (start is None or start <= link.at) and (end is None or link.at < end)


def interleaved(told: Sequence[tuple[Badge | None, str, Sequence[Row]]]) -> Iterator[Row]:
    """The rows of several sessions in the order of time, each with its agent's badge.

    It is told where all of them were silent, not where one of them was.
    """
    yield Row(Kind.SESSION, WHOLE_SESSION)
    timed = heapq.merge(*(_timed(*one) for one in told), key=lambda one: one[0])
    yield from _with_gaps(timed)


def _timed(badge: Badge | None, thread: str, rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    at = 0
    for row in rows:
        if row.turn is WHOLE_SESSION or _is_gap(row):
            continue
        at = max(at, row.at or 0)  # what tells no time stands where it was written
        hidden = [one._replace(thread=thread, badge=badge) for one in row.hidden]
        yield at, row._replace(thread=thread, badge=badge, hidden=hidden)


def _is_gap(row: Row) -> bool:
    return row.kind is Kind.DIVIDER and row.item is None and row.link is None


def _with_gaps(timed: Iterable[tuple[int, Row]]) -> Iterator[Row]:
    ended = 0
    for at, row in timed:
        if ended and (gap := gap_between(ended, at)):
            yield Row(Kind.DIVIDER, row.turn, words=f"{gap} later", thread=row.thread)
        last = row.hidden[-1].item if row.hidden else row.item
        ended = max(ended, at, (last.ended_at or 0) if isinstance(last, Call) else 0)
        yield row


def _rewind(undone: list[Turn]) -> Row:
    first, last = undone[0].index, undone[-1].index
    which = f"turn {first}" if first == last else f"turns {first} to {last}"
    link = Link("rewound", None, turn=first)
    return Row(Kind.DIVIDER, undone[-1], words=f"rewound: {which} undone", link=link)
