"""The calls of a session that ended ok, found by what they did: what `trail` asks for, from any call on.

Of the first few calls that are asked about it looks through the session from there on, which mostly does not
take it far. Whoever asks about more, as a page of all failures does, is given an index over all calls.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from heapq import merge
from itertools import dropwhile, islice

from trace_tui.likeness import is_patch
from trace_tui.model import Call, CallStatus, Item, Place, Session, Turn
from trace_tui.next_steps import flat
from trace_tui.same_work import PATCHES, Step, asked_for, filed_under, ran_together
from trace_tui.texts import Readable, Texts

_LOOKED_THROUGH_FOR = 4
"""So many questions are answered without an index."""


class Past:
    """Calls come in the order of their turns, and in each as `Turn.calls` has them."""

    def __init__(self, own: Readable) -> None:
        self.own = own
        self._asked = 0

    @property
    def session(self) -> Session:
        return self.own.session

    @property
    def texts(self) -> Texts:
        return self.own.texts

    def before(self, step: Step) -> Iterator[Step]:
        """What may have done the same before it, the last one first."""
        index = self._index_by_now()
        steps = _back_from(step, self.session) if index is None else index.before(step)
        alike = _filed_alike(step.call, steps) if index is None else steps
        return _that_count((one for one in alike if not ran_together(step.call, one.call)), step.turn)

    def later_in_turn(self, step: Step) -> Iterator[Step]:
        """What may have done the same after it in its turn, in order."""
        index = self._index_by_now()
        if index is not None:
            return index.later_in_turn(step)
        behind = dropwhile(lambda call: call is not step.call, step.turn.calls())
        return _filed_alike(step.call, (Step(step.turn, call) for call in islice(behind, 1, None)))

    def like(self, call: Call) -> Iterator[Step]:
        """What may have done the same as another session's call, the last one first."""
        index = self._index_by_now()
        steps = _filed_alike(call, _back(self.session.turns)) if index is None else index.like(call)
        return (one for one in steps if not one.turn.reverted and not ran_together(call, one.call))

    def patches_between(self, first: Step, last: Step) -> list[Call]:
        index = self._index_by_now()
        if index is not None:
            return [one.call for one in _that_count(index.patches_between(first, last), last.turn)]
        found: list[Call] = []
        for one in _that_count(_back_from(last, self.session), last.turn):
            if one.call is first.call:
                break
            if one.call.status is CallStatus.OK and is_patch(one.call):
                found.append(one.call)
        return found[::-1]

    def items_after(self, call: Call, turn: Turn) -> Iterable[Item]:
        """Behind it in its turn, `flat`."""
        index = self._index_by_now()
        if index is not None:
            return index.items_after(call, turn)
        return islice(dropwhile(lambda item: item is not call, flat(turn.items)), 1, None)

    def _index_by_now(self) -> _Index | None:
        self._asked += 1
        return self._index if self._asked > _LOOKED_THROUGH_FOR else None

    @cached_property
    def _index(self) -> _Index:
        return _Index(self.session)


def _that_count(steps: Iterable[Step], turn: Turn) -> Iterator[Step]:
    """What was undone later counts for what was undone with it."""
    return (step for step in steps if step.turn is turn or turn.reverted or not step.turn.reverted)


# -- without an index -------------------------------------------------------


def _back_from(step: Step, session: Session) -> Iterator[Step]:
    calls = step.turn.calls()
    yield from (Step(step.turn, call) for call in reversed(calls[: calls.index(step.call)]))
    yield from _back(session.turns[: session.turns.index(step.turn)])


def _back(turns: list[Turn]) -> Iterator[Step]:
    for turn in reversed(turns):
        for call in reversed(turn.calls()):
            yield Step(turn, call)


def _filed_alike(call: Call, steps: Iterable[Step]) -> Iterator[Step]:
    wanted = set(asked_for(call))
    for step in steps:
        if step.call.status is CallStatus.OK and not wanted.isdisjoint(filed_under(step.call)):
            yield step


# -- with one ---------------------------------------------------------------


class _Index:
    def __init__(self, session: Session) -> None:
        self._steps = [Step(turn, call) for turn in session.turns for call in turn.calls()]
        self._at: dict[Place, int] = {step.call.place: at for at, step in enumerate(self._steps)}
        self._filed: defaultdict[Hashable, list[int]] = defaultdict(list)
        for at, step in enumerate(self._steps):
            if step.call.status is CallStatus.OK:
                for key in filed_under(step.call):
                    self._filed[key].append(at)
        self._flat_turn: Turn | None = None
        self._items: list[Item] = []
        self._item_at: dict[Place, int] = {}

    def before(self, step: Step) -> Iterator[Step]:
        return self._back(step.call, self._at[step.call.place])

    def later_in_turn(self, step: Step) -> Iterator[Step]:
        first = self._at[step.call.place] + 1
        places = [self._filed[key] for key in asked_for(step.call)]
        for at in merge(*(found[bisect_left(found, first) :] for found in places)):
            if self._steps[at].turn is not step.turn:
                return
            yield self._steps[at]

    def like(self, call: Call) -> Iterator[Step]:
        return self._back(call, len(self._steps))

    def patches_between(self, first: Step, last: Step) -> Iterator[Step]:
        found = self._filed[PATCHES]
        begin = bisect_right(found, self._at[first.call.place])
        return (self._steps[at] for at in found[begin : bisect_left(found, self._at[last.call.place])])

    def items_after(self, call: Call, turn: Turn) -> list[Item]:
        if self._flat_turn is not turn:
            self._flat_turn, self._items = turn, list(flat(turn.items))
            self._item_at = {item.place: at for at, item in enumerate(self._items) if isinstance(item, Call)}
        at = self._item_at.get(call.place)
        return [] if at is None else self._items[at + 1 :]

    def _back(self, call: Call, end: int) -> Iterator[Step]:
        places = [self._filed[key] for key in asked_for(call)]
        back = (reversed(found[: bisect_left(found, end)]) for found in places)
        return (self._steps[at] for at in merge(*back, reverse=True))
