"""Which rows the list of sessions has: days, sessions under them, workers under who started them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from trace_tui.library.chains import Forest, Member
from trace_tui.library.choosing import Choice, order_of
from trace_tui.wording.sessions import day_in_words, day_of

RUNNING = "Running now"


class DayRow(NamedTuple):
    day: date | None
    words: str
    sessions: int
    is_folded: bool = False


class MemberRow(NamedTuple):
    member: Member
    depth: int = 0
    is_open: bool = False
    """Its workers stand under it."""


SessionRow = DayRow | MemberRow


class Arrangement(NamedTuple):
    """How the person wants to see them."""

    choice: Choice = Choice()
    order: str = "started"
    folded_days: frozenset[date | None] = frozenset()
    opened: frozenset[str] = frozenset()
    """Chains whose workers are shown, by the keys of their heads."""


def rows_of(
    forest: Forest, arrangement: Arrangement, today: date, running: frozenset[str] = frozenset()
) -> list[SessionRow]:
    """``running`` are the keys of sessions at work: their chains stand on top."""
    choice = arrangement.choice
    wanted: set[int] | None = None
    if choice != Choice():
        wanted = {id(member) for member in forest.members() if choice.takes(member.entry)}
    heads = _in_order(_heads(forest, wanted), arrangement.order)
    below = _members_below(arrangement.opened, wanted)
    rows: list[SessionRow] = []
    if arrangement.order != "started":
        for head in heads:
            rows += below(head, 0)
        return rows
    at_work = [head for head in heads if running and any(one.entry.key in running for one in head.members())]
    if at_work:
        rows.append(DayRow(None, RUNNING, len(at_work)))
        for head in at_work:
            rows += below(head, 0)
        heads = [head for head in heads if head not in at_work]
    for day, of_day in _by_day(heads):
        is_folded = day in arrangement.folded_days
        rows.append(DayRow(day, day_in_words(day, today), len(of_day), is_folded))
        if not is_folded:
            for head in of_day:
                rows += below(head, 0)
    return rows


def _heads(forest: Forest, wanted: set[int] | None) -> list[Member]:
    if wanted is None:
        return forest.roots
    return [head for head in forest.roots if any(id(member) in wanted for member in head.members())]


def _in_order(heads: list[Member], order: str) -> list[Member]:
    if order == "started":
        return heads  # as the library gives them
    return sorted(heads, key=order_of(order, chains=True))


def _by_day(heads: Sequence[Member]) -> Iterator[tuple[date | None, list[Member]]]:
    day: date | None = None
    together: list[Member] = []
    for head in heads:
        its = day_of(head.entry)
        if together and its != day:
            yield day, together
            together = []
        day = its
        together.append(head)
    if together:
        yield day, together


def _members_below(
    opened: frozenset[str], wanted: set[int] | None
) -> Callable[[Member, int], list[SessionRow]]:
    """Each member before its children; a filter opens the chains in which it finds something."""

    def rows(member: Member, depth: int) -> list[SessionRow]:
        if not member.children:
            return [MemberRow(member, depth)]
        shown = member.children
        is_open = member.entry.key in opened
        if wanted is not None:
            shown = [one for one in shown if any(id(below) in wanted for below in one.members())]
            is_open = is_open or bool(shown)
        told: list[SessionRow] = [MemberRow(member, depth, is_open)]
        for child in shown if is_open else ():
            told += rows(child, depth + 1)
        return told

    return rows
