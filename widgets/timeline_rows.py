"""Which rows a timeline has: turns, their steps, folded runs of quiet steps, and what divides them.

Pure and quick: a thread makes the rows of a hundred thousand steps while the screen shows the first of them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

from trace_tui.model import Call, Item, Note, NoteKind, Place, Tool, Turn, TurnStatus
from trace_tui.times import short_duration
from trace_tui.wording.agents import Badge
from trace_tui.wording.quiet import quiet_word
from trace_tui.wording.words import count

LONG_GAP_MS = 60_000
_FEWEST_OF_A_RUN = 3


class Kind(Enum):
    SESSION = "session"
    TURN = "turn"
    CALL = "call"
    NOTE = "note"
    RUN = "run"
    DIVIDER = "divider"
    LINK = "link"


class Link(NamedTuple):
    """To another session that no call of this one leads to; or, without an id, to a turn of this one."""

    word: str
    """What it is to this one: ``fork``, ``review``, ``from``, …"""
    id: str | None
    words: str = ""
    at: int | None = None
    """When it came; the row stands at its time."""
    behind: int | None = None
    """The turn behind whose steps it stands, where that is known better than the time."""
    turn: int | None = None
    """The turn that it leads to, where that is known."""
    is_origin: bool = False
    """It leads to where this session came from, and stands above all turns."""


class Row(NamedTuple):
    kind: Kind
    turn: Turn
    item: Item | None = None
    bracket: str = ""
    """Of calls that ran side by side."""
    words: str = ""
    """What a turn came to, what a run hides, or what a divider says."""
    hidden: Sequence[Row] = ()
    """The rows that opening this one shows."""
    thread: str = ""
    """Whose step it is, where those of several agents stand together: the key of its session."""
    badge: Badge | None = None
    link: Link | None = None

    @property
    def is_failure(self) -> bool:
        if self.kind is Kind.TURN:
            return self.turn.status is TurnStatus.FAILED
        return isinstance(self.item, Call) and self.item.status.is_failure

    @property
    def place(self) -> Place:
        """The record that tells of it first; of the session, its header."""
        return self.turn.place if self.item is None else self.item.place

    @property
    def at(self) -> int | None:
        if isinstance(self.item, Call):
            return self.item.started_at
        if self.link is not None and self.link.at is not None:
            return self.link.at
        return self.turn.started_at if self.item is None else self.item.at


LOOP, SILENCE = "↻", "~"


class Marks(NamedTuple):
    """What looks like a loop or a stall: signs for steps, and words for silences by when they ended.

    Both by whose step it is, as in a row's ``thread``.
    """

    steps: Mapping[tuple[str, Place], str]
    silences: Mapping[tuple[str, int], str]

    def sign_of(self, row: Row) -> str:
        rows = row.hidden if row.kind is Kind.RUN else (row,)
        signs = (self.steps.get((one.thread, one.place)) for one in rows if one.kind is Kind.CALL)
        return next((sign for sign in signs if sign is not None), " ")


NO_MARKS = Marks({}, {})


class StepKind(Enum):
    """What a person may leave out of a timeline."""

    MESSAGES = "messages"
    REASONING = "reasoning"
    COMMANDS = "commands"
    PATCHES = "patches"
    AGENTS = "agents"
    MCP = "MCP calls"
    TOOLS = "other tools"
    NOTES = "notes"


ALL_KINDS = frozenset(StepKind)
_OF_TOOLS = {
    Tool.EXEC: StepKind.COMMANDS,
    Tool.STDIN: StepKind.COMMANDS,
    Tool.CODE: StepKind.COMMANDS,
    Tool.PATCH: StepKind.PATCHES,
    Tool.AGENT: StepKind.AGENTS,
    Tool.MCP: StepKind.MCP,
}
_OF_NOTES = {
    NoteKind.MESSAGE: StepKind.MESSAGES,
    NoteKind.PROMPT: StepKind.MESSAGES,
    NoteKind.REASONING: StepKind.REASONING,
    NoteKind.AGENT_MESSAGE: StepKind.AGENTS,
}
_DIVIDERS = {NoteKind.COMPACTION: "compacted", NoteKind.MODEL_CHANGE: "model"}


class Choice(NamedTuple):
    """What is shown of a session."""

    kinds: frozenset[StepKind] = ALL_KINDS
    only_failures: bool = False
    quiet_runs: bool = True
    """Runs of quiet steps are folded."""


def step_kind(item: Item) -> StepKind:
    if isinstance(item, Call):
        return _OF_TOOLS.get(item.tool, StepKind.TOOLS)
    return _OF_NOTES.get(item.kind, StepKind.NOTES)


_WHOLE_SESSION = Turn(0, Place(1))
"""Stands for no turn in the row that tells of all of them."""


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
        self._steps: _Steps | None = None
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
        self.rows = [Row(Kind.SESSION, _WHOLE_SESSION)]
        self.rows += [Row(Kind.LINK, _WHOLE_SESSION, link=link) for link in self._links if link.is_origin]
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
        head = next(i for i in range(self._marks[-1].row, len(self.rows)) if self.rows[i].kind is Kind.TURN)
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
            if turn.reverted:
                undone.append(turn)
            if gap := _gap(ended, turn.started_at):
                self.rows.append(Row(Kind.DIVIDER, turn, words=f"{gap} later"))
            steps = self._steps = _Steps(turn, self.choice, links)
            steps.go_on()
            calls, failed = calls + steps.counts[0], failed + steps.counts[1]
            self.rows.append(Row(Kind.TURN, turn, words=steps.totals))
            self.rows += steps.rows
            ended = turn.ended_at or steps.ended or ended
        if undone:
            self.rows.append(_rewind(undone))

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
    yield Row(Kind.SESSION, _WHOLE_SESSION)
    timed = heapq.merge(*(_timed(*one) for one in told), key=lambda one: one[0])
    yield from _with_gaps(timed)


def _timed(badge: Badge | None, thread: str, rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    at = 0
    for row in rows:
        if row.turn is _WHOLE_SESSION or _is_gap(row):
            continue
        at = max(at, row.at or 0)  # what tells no time stands where it was written
        hidden = [one._replace(thread=thread, badge=badge) for one in row.hidden]
        yield at, row._replace(thread=thread, badge=badge, hidden=hidden)


def _is_gap(row: Row) -> bool:
    return row.kind is Kind.DIVIDER and row.item is None and row.link is None


def _with_gaps(timed: Iterable[tuple[int, Row]]) -> Iterator[Row]:
    ended = 0
    for at, row in timed:
        if ended and (gap := _gap(ended, at)):
            yield Row(Kind.DIVIDER, row.turn, words=f"{gap} later", thread=row.thread)
        last = row.hidden[-1].item if row.hidden else row.item
        ended = max(ended, at, (last.ended_at or 0) if isinstance(last, Call) else 0)
        yield row


def _rewind(undone: list[Turn]) -> Row:
    first, last = undone[0].index, undone[-1].index
    which = f"turn {first}" if first == last else f"turns {first} to {last}"
    link = Link("rewound", None, turn=first)
    return Row(Kind.DIVIDER, undone[-1], words=f"rewound: {which} undone", link=link)


def _gap(ended: int | None, started: int | None) -> str:
    if ended is None or started is None or started - ended < LONG_GAP_MS:
        return ""
    return short_duration(started - ended)


class _Progress(NamedTuple):
    """How far the steps of a turn have been told, at a place before which nothing changes any more."""

    item: int = 0
    rows: int = 0
    ended: int | None = None
    calls: int = 0
    failed: int = 0
    links: int = 0


_SETTLED = 400
"""Items of a turn after which one may still change: outputs come late, and cells get further calls."""


class _Steps:
    """The rows of one turn below its head."""

    def __init__(self, turn: Turn, choice: Choice, links: Sequence[Link] = ()) -> None:
        self._turn = turn
        self._choice = choice
        self._links = links
        self._linked = 0
        """So many of them have been told."""
        self.rows: list[Row] = []
        self.ended: int | None = turn.started_at
        self._waiting: list[Row] = []
        self._words: Counter[str] = Counter()
        self._calls = self._failed = 0
        self._sure = _Progress(ended=turn.started_at)

    def go_on(self) -> int:
        """Tells the items from the last sure place on; gives the number of rows before it."""
        sure = self._sure
        del self.rows[sure.rows :]
        self.ended, self._calls, self._failed = sure.ended, sure.calls, sure.failed
        self._linked = sure.links
        self._waiting, self._words = [], Counter()
        items = list(self._turn.items)
        last_sure = len(items) - _SETTLED
        for index in range(sure.item, len(items)):
            if index <= last_sure and not self._waiting and index % 64 == 0:
                self._sure = _Progress(
                    index, len(self.rows), self.ended, self._calls, self._failed, self._linked
                )
            item = items[index]
            self._count(item)
            if self._linked < len(self._links):
                self._link(item.started_at if isinstance(item, Call) else item.at)
            if self._is_wanted(item):
                self._add(item, _bracket(items, index) if isinstance(item, Call) else "")
        self._settle()
        self._link_rest()
        return sure.rows

    @property
    def counts(self) -> tuple[int, int]:
        return self._calls, self._failed

    @property
    def totals(self) -> str:
        calls = count(self._calls, "call") if self._calls else ""
        return calls + (f" ✗{self._failed}" if self._failed else "")

    def _count(self, item: Item) -> None:
        if isinstance(item, Call):
            for call in (item, *(item.nested or ())):
                self._calls += 1
                self._failed += call.status.is_failure

    def _link(self, until: int | None) -> None:
        """Tells the links that came before a moment."""
        while self._linked < len(self._links):
            link = self._links[self._linked]
            if link.at is None or link.behind is not None or until is None or link.at > until:
                return
            self._settle()
            self.rows.append(Row(Kind.LINK, self._turn, link=link))
            self._linked += 1

    def _link_rest(self) -> None:
        """Those that came after the last step; the count stays, as more steps may come before them."""
        self.rows += [Row(Kind.LINK, self._turn, link=link) for link in self._links[self._linked :]]

    def _is_wanted(self, item: Item) -> bool:
        if isinstance(item, Note) and self._stands_in_the_head(item):
            return False
        if self._choice.only_failures:
            return isinstance(item, Call) and _has_failure(item)
        return self._choice.kinds == ALL_KINDS or step_kind(item) in self._choice.kinds

    def _stands_in_the_head(self, note: Note) -> bool:
        prompt = self._turn.prompt
        return note.kind is NoteKind.PROMPT and prompt is not None and note.place == prompt.place

    def _add(self, item: Item, bracket: str) -> None:
        self._divide(item)
        if isinstance(item, Note):
            row = _note_row(self._turn, item)
            if item.kind is NoteKind.REASONING and self._waiting:
                self._waiting.append(row)  # it may go on
            else:
                self._settle()
                self.rows.append(row)
            return
        word = quiet_word(item) if self._choice.quiet_runs else None
        if word is not None:
            self._words[word] += 1
            self._waiting.append(Row(Kind.CALL, self._turn, item, bracket))
            return
        self._settle()
        self.rows.append(Row(Kind.CALL, self._turn, item, bracket))
        for call in item.nested or ():
            if not self._choice.only_failures or call.status.is_failure:
                self.rows.append(Row(Kind.CALL, self._turn, call))

    def _divide(self, item: Item) -> None:
        """Says so where nothing happened for long."""
        started = item.started_at if isinstance(item, Call) else item.at
        if gap := _gap(self.ended, started):
            self._settle()
            self.rows.append(Row(Kind.DIVIDER, self._turn, words=f"{gap} later"))
        ended = (item.ended_at or started) if isinstance(item, Call) else started
        if ended is not None and (self.ended is None or ended > self.ended):
            self.ended = ended

    def _settle(self) -> None:
        """A run has ended: it becomes one row, unless it is too short to save any."""
        if not self._waiting:
            return
        waiting, words = self._waiting, self._words
        self._waiting, self._words = [], Counter()
        thoughts: list[Row] = []
        while waiting[-1].kind is Kind.NOTE:
            thoughts.insert(0, waiting.pop())  # what was thought last belongs to what comes next
        if words.total() < _FEWEST_OF_A_RUN:
            self.rows += waiting
        else:
            told = ", ".join(count(number, word, _PLURALS.get(word)) for word, number in words.items())
            self.rows.append(Row(Kind.RUN, self._turn, waiting[0].item, words=told, hidden=waiting))
        self.rows += thoughts


_PLURALS = {"search": "searches", "tool search": "tool searches"}


def _note_row(turn: Turn, note: Note) -> Row:
    word = _DIVIDERS.get(note.kind)
    if word is None:
        return Row(Kind.NOTE, turn, note)
    return Row(Kind.DIVIDER, turn, note, words=word)


def _has_failure(call: Call) -> bool:
    return call.status.is_failure or any(nested.status.is_failure for nested in call.nested or ())


def _bracket(items: Sequence[Item], index: int) -> str:
    """One sign of the bracket around calls that ran side by side."""
    if not _is_parallel(items, index):
        return ""
    above, below = _is_parallel(items, index - 1), _is_parallel(items, index + 1)
    if above and below:
        return "│"
    return "┌" if below else "└" if above else ""


def _is_parallel(items: Sequence[Item], index: int) -> bool:
    if not 0 <= index < len(items):
        return False
    item = items[index]
    return isinstance(item, Call) and item.parallel


def failures_of(turns: Iterable[Turn]) -> Iterator[tuple[Turn, Call | None]]:
    """Failed turns and calls in the order of the rows; a failed turn is told before its calls."""
    for turn in turns:
        if turn.status is TurnStatus.FAILED:
            yield turn, None
        for call in turn.calls():
            if call.status.is_failure:
                yield turn, call
