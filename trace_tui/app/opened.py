"""What is open: a session, how it was reached, and the thread that reads it.

All that reads files is imported in that thread: the first screen should not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trace_tui.errors import Unreadable
from trace_tui.library.chains import Member
from trace_tui.library.finding import ThreadFiles
from trace_tui.model import Place, Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.targets import PlaceName
from trace_tui.widgets.timeline_rows import Choice, Growth, Row, RowBook
from trace_tui.wording.sessions import title_of

if TYPE_CHECKING:
    from trace_tui.findings import Finding
    from trace_tui.following import News
    from trace_tui.loader import Loader, Progress
    from trace_tui.sources import Source


class Wish(NamedTuple):
    """A place to stand on once a session has been read: a call, a record, the head of a turn, a failure."""

    turn: int | None = None
    call_id: str | None = None
    place: Place | None = None
    named: PlaceName | None = None
    first_failure: bool = False
    follows: bool = False
    """Stand at its end, wherever that moves."""
    words: str = ""
    """Said when one stands there."""
    thread: str = ""
    """The key of the session it is in, where those of a whole chain are open."""


@dataclass(repr=False)
class Opened:
    """A session on the screen, or on its way there."""

    number: int
    """Counts what was opened."""
    sources: list[Source]
    member: Member | None = None
    """Its place in its chain, if the library knows it."""
    session: Session = field(default_factory=Session)
    is_whole: bool = False
    grown: int = 0
    """Counts how often more of it was read."""
    state: str = "empty"
    """When it was drawn last: the session itself goes on."""
    wish: Wish | None = None
    book: RowBook = field(default_factory=RowBook)

    loader: Loader | None = None
    findings: Sequence[Finding] | None = None
    """Loops and stalls, once somebody has wanted to know, as far as it was read then."""

    @property
    def key(self) -> str:
        """Says the same session again."""
        return self.member.entry.key if self.member is not None else self.sources[0].path

    @property
    def name(self) -> str:
        """What a breadcrumb calls it."""
        return one_line(self.session.title, 200) if self.member is None else name_of(self.member)

    def workers(self) -> Mapping[str, str]:
        """What its children are called, by their ids: by their names, else by what they were asked."""
        members = self.member.children if self.member is not None else []
        called = {one.entry.id: one_line(name_of(one), 30) for one in members if one.entry.id is not None}
        return called | {child.id: one_line(child.name, 40) for child in self.session.children if child.name}

    def parts(self) -> list[Opened]:
        """The sessions whose steps are shown; of a whole chain several."""
        return [self]

    def part_named(self, thread: str) -> Opened:
        """The session of that key; the first where there is none."""
        parts = self.parts()
        return next((one for one in parts if one.key == thread), parts[0])

    def part_of(self, row: Row) -> Opened:
        """The session that a row is of."""
        return self

    async def load(
        self,
        choice: Callable[[], Choice],
        on_progress: Callable[[Progress], None],
        on_rows: Callable[[Session, list[Row], bool], None],
    ) -> None:
        """Reads it to its end; ``on_rows`` is told now and then, in the thread that reads."""

        def part(session: Session) -> None:
            self.book.update(session.turns)
            on_rows(session, list(self.book.rows), False)

        def whole(session: Session) -> None:
            self.complete(session)
            # What is known only now may fold otherwise than what was known on the way.
            self.arrange(choice())
            on_rows(session, self.rows(), True)

        self.book = RowBook(choice())
        self.loader = await asyncio.to_thread(_loader_of, self.sources)
        await self.loader.load(on_progress, part, whole)

    async def look(self, on_growth: Callable[[Session, Growth, list[Row]], None]) -> News:
        """Reads what has been written since; ``on_growth`` is told in the thread that reads."""

        def more(session: Session) -> None:
            self.complete(session)
            growth = self.book.update(session.turns)
            on_growth(session, growth, self.rows())  # a copy: the next look changes them

        assert self.loader is not None
        return await self.loader.look(more)

    def arrange(self, choice: Choice) -> None:
        """Other rows of it are wanted."""
        book = RowBook(choice)
        book.update(self.session.turns)
        self.book = book

    def rows(self) -> list[Row]:
        return list(self.book.rows)

    def complete(self, session: Session) -> None:
        """Adds what only others know of it; in the thread that reads."""
        from trace_tui.home import Home

        self.session = session
        self.grown += 1
        if self.member is not None:
            _complete(session, self.member)
        elif not self.is_whole:
            Home(Path(self.sources[0].path)).complete(session)


def name_of(member: Member) -> str:
    """A worker by its name, any other by its title."""
    if member.parent is not None and member.name:
        return one_line(member.name, 40)
    return title_of(member, 100)


def sources_of(thread: ThreadFiles | None, path: Path | None) -> list[Source]:
    """The files of a session that the library knows, or of the one that a file belongs to."""
    from trace_tui.home import Home
    from trace_tui.sources import file_source

    if thread is not None:
        return [file_source(Path(file.path)) for file in thread.files]
    if path is None:
        raise Unreadable("its files are not there any more")
    return Home(path).thread_sources()


def _loader_of(sources: list[Source]) -> Loader:
    from trace_tui.loader import Loader

    return Loader(sources)


def _complete(session: Session, member: Member) -> None:
    """Adds what only the library knows of it."""
    known = {child.id for child in session.children}
    session.children += [child for child in member.children_told() if child.id not in known]
    session.root_id = session.root_id or member.root_id
