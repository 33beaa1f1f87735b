"""Places in sessions: where one stands, and where one wishes to stand in a session that is yet to be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from trace_tui.model import Item, Place, Session, Turn
from trace_tui.targets import PlaceName
from trace_tui.widgets.timeline_rows import Row


class Spot(NamedTuple):
    """A place in the timeline: a step, or the head of a turn."""

    turn: Turn
    item: Item | None = None


class Wish(NamedTuple):
    """A place to stand on once a session has been read: a call, a record, the head of a turn, a failure."""

    turn: int | None = None
    call_id: str | None = None
    place: Place | None = None
    named: PlaceName | None = None
    seek: Callable[[Session], Spot | None] | None = None
    """Finds it, where another session tells what to look for."""
    link: str | None = None
    """The id of a session: the row that leads to it, where no call does."""
    row: Row | None = None
    """Where one stood before, on something that is no step."""
    first_failure: bool = False
    follows: bool = False
    """Stand at its end, wherever that moves."""
    words: str = ""
    """Said when one stands there."""
    thread: str = ""
    """The key of the session it is in, where those of a whole chain are open."""
