"""Looks for loops and stalls of what is open, and tells the timeline where they stand. In a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from trace_tui.app.opened import Opened
from trace_tui.app.wishes import Spot
from trace_tui.model import Call, Item, Place
from trace_tui.parsers.safe_text import one_line
from trace_tui.widgets.menu import Entry
from trace_tui.widgets.timeline_rows import LOOP, NO_MARKS, SILENCE, Marks
from trace_tui.wording.steps import clock

if TYPE_CHECKING:
    from trace_tui.findings import Finding

_WORDS = 200


class Hint(NamedTuple):
    part: Opened
    finding: Finding

    def spot(self) -> Spot | None:
        """The first of its calls; of a silence the step before it."""
        turns = (turn for turn in self.part.session.turns if turn.index == self.finding.turn)
        turn = next(turns, None)
        if turn is None:
            return None
        steps: list[Item] = [one for item in turn.items for one in _with_nested(item)]
        return Spot(turn, next((step for step in steps if step.place == self.finding.place), None))


def look_for_hints(opened: Opened) -> None:
    """What is found stays with each of the open sessions; where a file has gone, what needs no texts."""
    from trace_tui.errors import Unreadable
    from trace_tui.findings import findings_in
    from trace_tui.texts import Texts

    for part in opened.parts():
        if part.findings is not None and part.findings_of == part.grown:
            continue
        part.findings_of = part.grown
        try:
            with Texts(part.session, part.sources) as texts:
                part.findings = findings_in(part.session, texts)
        except Unreadable:
            part.findings = part.findings or ()


def hints_of(opened: Opened) -> list[Hint]:
    """In the order of time, where several sessions are open."""
    hints = [Hint(part, finding) for part in opened.parts() for finding in part.findings or ()]
    return sorted(hints, key=lambda hint: hint.finding.at or 0) if len(opened.parts()) > 1 else hints


def marks_of(opened: Opened) -> Marks:
    calls: dict[tuple[str, Place], str] = {}
    silences: dict[tuple[str, int], str] = {}
    is_many = len(opened.parts()) > 1
    for part, finding in hints_of(opened):
        thread = part.key if is_many else ""
        if finding.waited_for is None:
            calls.update(((thread, call.place), LOOP) for call in finding.calls)
            continue
        if finding.until is not None:
            silences[thread, finding.until] = one_line(finding.words, _WORDS)
        for call in finding.calls:
            calls.setdefault((thread, call.place), SILENCE)
    return Marks(calls, silences) if calls or silences else NO_MARKS


def hints_offered(hints: Sequence[Hint]) -> list[Entry]:
    """To be chosen from, and gone to."""
    is_many = len({hint.part.key for hint in hints}) > 1
    return [Entry(" ", _told(hint, is_many=is_many), str(number)) for number, hint in enumerate(hints)]


def _told(hint: Hint, *, is_many: bool) -> str:
    part, finding = hint
    known = part.cast().find(part.key) if is_many else None
    who = "" if known is None else f"{known.lettered()}: "
    return f"{clock(finding.at)} {who}{finding.kind.value} · {one_line(finding.words, _WORDS)}"


def _with_nested(item: Item) -> list[Item]:
    return [item, *(item.nested or ())] if isinstance(item, Call) else [item]
