"""The rows of one turn below its head: its steps, folded runs of quiet ones, links, and what divides them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from trace_tui.model import Call, Item, Note, NoteKind, Turn
from trace_tui.times import short_duration
from trace_tui.widgets.timeline_rows import ALL_KINDS, Choice, Kind, Link, Row, step_kind
from trace_tui.wording.quiet import quiet_word
from trace_tui.wording.words import count

LONG_GAP_MS = 60_000
_FEWEST_OF_A_RUN = 3
_DIVIDERS = {NoteKind.COMPACTION: "compacted", NoteKind.MODEL_CHANGE: "model"}
_SETTLED = 400
"""Items of a turn after which one may still change: outputs come late, and cells get further calls."""
_PLURALS = {"search": "searches", "tool search": "tool searches"}


class _Progress(NamedTuple):
    """How far the steps of a turn have been told, at a place before which nothing changes any more."""

    item: int = 0
    rows: int = 0
    ended: int | None = None
    calls: int = 0
    failed: int = 0
    links: int = 0


class TurnRows:
    """Of a turn that may go on."""

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
        if gap := gap_between(self.ended, started):
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


def gap_between(ended: int | None, started: int | None) -> str:
    if ended is None or started is None or started - ended < LONG_GAP_MS:
        return ""
    return short_duration(started - ended)


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
