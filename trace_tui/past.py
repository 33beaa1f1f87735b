"""The calls of a session that ended ok, found by what they did: what `trail` asks for, from any call on.

Built once for a session, so that many failures of it can be explained; what is asked then takes no look at
all the other calls.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from heapq import merge

from trace_tui.model import Call, CallStatus, Item, Place, Session, Turn
from trace_tui.next_steps import flat
from trace_tui.same_work import PATCHES, Step, asked_for, filed_under, ran_together
from trace_tui.texts import Readable, Texts


class Past:
    """Calls come in the order of their turns, and in each as `Turn.calls` has them."""

    def __init__(self, own: Readable) -> None:
        self.own = own
        self._steps = [Step(turn, call) for turn in own.session.turns for call in turn.calls()]
        self._at: dict[Place, int] = {step.call.place: at for at, step in enumerate(self._steps)}
        self._filed: defaultdict[Hashable, list[int]] = defaultdict(list)
        for at, step in enumerate(self._steps):
            if step.call.status is CallStatus.OK:
                for key in filed_under(step.call):
                    self._filed[key].append(at)
        self._flat_turn: Turn | None = None
        self._items: list[Item] = []
        self._item_at: dict[Place, int] = {}

    @property
    def session(self) -> Session:
        return self.own.session

    @property
    def texts(self) -> Texts:
        return self.own.texts

    def before(self, step: Step) -> Iterator[Step]:
        """What may have done the same before it, the last one first."""
        return self._counted(self._back(step.call, self._at[step.call.place]), step.turn)

    def later_in_turn(self, step: Step) -> Iterator[Step]:
        """What may have done the same after it in its turn, in order."""
        first = self._at[step.call.place] + 1
        places = [self._filed[key] for key in asked_for(step.call)]
        for at in merge(*(found[bisect_left(found, first) :] for found in places)):
            if self._steps[at].turn is not step.turn:
                return
            yield self._steps[at]

    def like(self, call: Call) -> Iterator[Step]:
        """What may have done the same as another session's call, the last one first."""
        for step in self._back(call, len(self._steps)):
            if not step.turn.reverted:
                yield step

    def patches_between(self, first: Step, last: Step) -> list[Call]:
        found = self._filed[PATCHES]
        begin = bisect_right(found, self._at[first.call.place])
        between = found[begin : bisect_left(found, self._at[last.call.place])]
        return [step.call for step in self._counted((self._steps[at] for at in between), last.turn)]

    def items_after(self, call: Call, turn: Turn) -> Sequence[Item]:
        """Behind it in its turn, `flat`."""
        if self._flat_turn is not turn:
            self._flat_turn, self._items = turn, list(flat(turn.items))
            self._item_at = {item.place: at for at, item in enumerate(self._items) if isinstance(item, Call)}
        at = self._item_at.get(call.place)
        return () if at is None else self._items[at + 1 :]

    def _back(self, call: Call, end: int) -> Iterator[Step]:
        places = [self._filed[key] for key in asked_for(call)]
        back = merge(*(reversed(found[: bisect_left(found, end)]) for found in places), reverse=True)
        return (step for at in back if not ran_together(call, (step := self._steps[at]).call))

    def _counted(self, steps: Iterator[Step], turn: Turn) -> Iterator[Step]:
        """What was undone later counts for what was undone with it."""
        return (step for step in steps if step.turn is turn or turn.reverted or not step.turn.reverted)
