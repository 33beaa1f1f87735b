"""Short lists of calls, and how much of a long list is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from trace_tui.model import Call, CallStatus, Item, Place, Session, file_of, line_of
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import short_duration
from trace_tui.widgets.blocks import Block, Folded, Plain, Rows, Target
from trace_tui.wording.cast import Cast
from trace_tui.wording.cells import Line, fitted, right
from trace_tui.wording.steps import DURATION_WIDTH, TIME_WIDTH, WORD_WIDTH, summary
from trace_tui.wording.words import CALL_GLYPHS, CALL_STYLES, count, step_word

SHOWN = 12
LISTED = 500
"""Nobody reads further in a pane; the timeline has all of them."""

Thing = TypeVar("Thing")
Leading = Callable[[Thing], Target | None]
"""Where the row of a thing leads to."""


def call_row(call: Call, cast: Cast) -> Line:
    """The words of a step; what it came to stands before the summary, which may be cut."""
    style = CALL_STYLES[call.status]
    good = call.status is CallStatus.OK
    row: Line = [
        (fitted(f"line {line_of(call.place)}", TIME_WIDTH + 1), "dim"),
        (f"{CALL_GLYPHS[call.status]} ", style),
        (fitted(step_word(call), WORD_WIDTH + 1), "" if good else style),
        (right(short_duration(call.duration_ms), DURATION_WIDTH) + "  ", "dim"),
    ]
    if not good:
        row.append((one_line(call.reason or call.status.value, 80) + "  ", style))
    return [*row, (summary(call, cast), "" if good else "bold")]


def short_call_row(call: Call, cast: Cast) -> Line:
    """The same without how long it took, where something else stands before it."""
    line, mark, word, _, *rest = call_row(call, cast)
    return [line, mark, word, *rest]


def target_of(item: Item) -> Target:
    return Target(item.place)


def call_rows(calls: Sequence[Call], cast: Cast) -> Rows:
    return _rows(calls, lambda call: call_row(call, cast), target_of)


def first_rows(
    things: Sequence[Thing],
    row: Callable[[Thing], Line],
    noun: str,
    *,
    shown: int = SHOWN,
    target: Leading[Thing] | None = None,
) -> list[Block]:
    """The first of them in sight, the others folded."""
    blocks: list[Block] = [_rows(things[:shown], row, target)] if things else []
    rest = things[shown:]
    if rest:
        blocks.append(Folded(count(len(rest), f"more {noun}"), _capped(rest, row, noun, target)))
    return blocks


def folded_rows(
    things: Sequence[Thing],
    row: Callable[[Thing], Line],
    noun: str,
    aside: str = "",
    *,
    target: Leading[Thing] | None = None,
) -> list[Block]:
    """All of them in sight where they are few, else all folded."""
    if len(things) <= SHOWN:
        return [_rows(things, row, target)] if things else []
    return [Folded(count(len(things), noun) + aside, _capped(things, row, noun, target))]


def _capped(
    things: Sequence[Thing], row: Callable[[Thing], Line], noun: str, target: Leading[Thing] | None
) -> list[Block]:
    blocks: list[Block] = [_rows(things[:LISTED], row, target)]
    left_out = len(things) - LISTED
    if left_out > 0:
        blocks.append(Plain(f"… and {count(left_out, f'more {noun}')}", "dim"))
    return blocks


def _rows(things: Sequence[Thing], row: Callable[[Thing], Line], target: Leading[Thing] | None) -> Rows:
    targets = [] if target is None else [target(thing) for thing in things]
    return Rows([row(thing) for thing in things], targets)


def where(places: Iterable[Place | None], session: Session) -> str:
    """``lines 12, 14``, with the file where the thread has several."""
    known = sorted({place for place in places if place is not None})
    numbers = ", ".join(str(line_of(place)) for place in known)
    words = f"{'line' if len(known) == 1 else 'lines'} {numbers}"
    return words + (f" of file {file_of(known[0]) + 1}" if len(session.files) > 1 and known else "")


def facts_in_order(*pairs: tuple[str, str | None]) -> list[tuple[str, str]]:
    """Those of which something is known."""
    return [(name, value) for name, value in pairs if value]
