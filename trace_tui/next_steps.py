"""What was done next, after something was heard of; asked by `heard` and `trail`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from trace_tui.model import Call, Item, Note, NoteKind

_STEPS = 3


def next_steps(items: Iterable[Item], after: int | None) -> tuple[Item, ...]:
    """The first of these, which are `flat`, that answer what was over then.

    A call that had begun before is no answer.
    """
    steps = (item for item in items if _is_step(item) and not _had_begun(item, after))
    return tuple(islice(steps, _STEPS))


def flat(items: Iterable[Item]) -> Iterator[Item]:
    """Each script before its calls."""
    for item in items:
        yield item
        if isinstance(item, Call):
            yield from item.nested or ()


def _is_step(item: Item) -> bool:
    """A script that did its work is told by its calls."""
    if isinstance(item, Note):
        return item.kind is NoteKind.MESSAGE
    return not item.nested or item.status.is_failure


def _had_begun(step: Item, moment: int | None) -> bool:
    if isinstance(step, Note) or moment is None:
        return False
    return step.started_at is not None and step.started_at < moment
