"""What the app's threads tell it; each is drawn when its turn comes, and only the newest of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from trace_tui.app.wishes import Wish
from trace_tui.library.chains import Forest, Member
from trace_tui.library.finding import ThreadFiles
from trace_tui.library.progress import Progress
from trace_tui.model import Session
from trace_tui.widgets.activity import Activity
from trace_tui.widgets.row_book import Growth
from trace_tui.widgets.timeline_rows import Row

if TYPE_CHECKING:
    from trace_tui.searching import Hit


class SessionsKnown(Message):
    """The library knows these sessions by now."""

    def __init__(
        self,
        forest: Forest,
        threads: dict[str, ThreadFiles],
        progress: Progress | None,
        note: str = "",
        activities: dict[str, Activity] | None = None,
        roots: list[str] | None = None,
    ) -> None:
        self.forest = forest
        self.threads = threads
        self.progress = progress
        """Of a scan that still goes on."""
        self.note = note
        self.activities = activities or {}
        """Of sessions that have not ended."""
        self.roots = roots or []
        """The folders and files that all this is in."""
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SessionsKnown)


class ActivitiesKnown(Message):
    """What the sessions that have not ended are doing by now."""

    def __init__(self, activities: dict[str, Activity]) -> None:
        self.activities = activities
        super().__init__()


class LibraryFailed(Message):
    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__()


class SessionRead(Message):
    """As much of the session that is being opened as has been read, with the rows of its timeline."""

    def __init__(self, opening: int, session: Session, rows: list[Row], *, is_whole: bool) -> None:
        self.opening = opening
        """Counts what was opened: what comes late is nobody's any more."""
        self.session = session
        self.rows = rows
        self.is_whole = is_whole
        super().__init__()


class SessionGrew(Message):
    """The open session goes on: what has become of its rows, and all of them."""

    def __init__(self, opening: int, session: Session, growth: Growth, rows: list[Row]) -> None:
        self.opening = opening
        self.session = session
        self.growth = growth
        self.rows = rows
        super().__init__()


class HitsFound(Message):
    """More places that hold what is looked for."""

    def __init__(self, search: int, hits: list[Hit], share: float, *, is_done: bool, is_cut: bool) -> None:
        self.search = search
        self.hits = hits
        self.share = share
        """How much of the session has been searched."""
        self.is_done = is_done
        self.is_cut = is_cut
        """There are more than anybody will look at."""
        super().__init__()


class OpenWanted(Message):
    """The person wants to read this session, and maybe a place in it."""

    def __init__(self, member: Member, wish: Wish | None = None, *, keep_focus: bool = False) -> None:
        self.member = member
        self.wish = wish
        self.keep_focus = keep_focus
        super().__init__()


class ChainWanted(Message):
    """The person wants to see all agents of the chain at once."""


class StreamWanted(Message):
    """The person wants the steps of the whole chain in one timeline, or out of there again."""

    def __init__(self, row: Row | None, head: Member | None = None, wish: Wish | None = None) -> None:
        self.row = row
        self.head = head
        """Of another chain than that of what is open."""
        self.wish = wish
        super().__init__()


class FailureWanted(Message):
    """The person wants to see the next failure of the chain, or the one before."""

    def __init__(self, by: int) -> None:
        self.by = by
        super().__init__()


class Said(Message):
    """One line for the bottom of the screen."""

    def __init__(self, words: str, style: str = "yellow") -> None:
        self.words = words
        self.style = style
        super().__init__()
