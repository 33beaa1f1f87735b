"""What is open: a session, how it was reached, and the thread that reads it.

All that reads files is imported in that thread: the first screen should not wait for it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from trace_tui.app.wishes import Wish
from trace_tui.errors import Unreadable
from trace_tui.library.chains import Forest, Member
from trace_tui.library.completing import complete, name_agents, paths_of
from trace_tui.library.finding import ThreadFiles
from trace_tui.model import Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.links import links_of
from trace_tui.widgets.row_book import Growth, RowBook
from trace_tui.widgets.timeline_rows import Choice, Link, Row
from trace_tui.wording.cast import Cast
from trace_tui.wording.sessions import title_of

if TYPE_CHECKING:
    from trace_tui.findings import Finding
    from trace_tui.following import News
    from trace_tui.loader import Loader, Progress
    from trace_tui.sources import Source


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
    forest: Forest | None = None
    """All that the library knows, in which its forks and its source are."""
    _told_forest: Forest | None = None
    """The one of which the links tell."""
    state: str = "empty"
    """When it was drawn last: the session itself goes on."""
    wish: Wish | None = None
    book: RowBook = field(default_factory=RowBook)
    links: list[Link] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    """Ids of the agents of its chain by their paths."""
    turns_named: int = 0
    """In so many turns, the calls have been told them."""

    loader: Loader | None = None
    findings: Sequence[Finding] | None = None
    """Loops and stalls, once they have been looked for."""
    findings_of: int = -1
    """How often it had grown when that was."""

    @property
    def key(self) -> str:
        """Says the same session again."""
        return self.member.entry.key if self.member is not None else self.sources[0].path

    @property
    def is_chain(self) -> bool:
        """Whether it is all agents of a chain at once."""
        return False

    @property
    def name(self) -> str:
        """What a breadcrumb calls it."""
        return one_line(self.session.title, 200) if self.member is None else name_of(self.member)

    def cast(self) -> Cast:
        """Who is who in its chain."""
        if self.member is None:
            return Cast.of_session(self.session)
        sessions = [part.session for part in self.parts()]
        return Cast.of_chain(self.member.root, sessions, self._akin())

    def _akin(self) -> list[Member]:
        """Its forks, and what it was forked from."""
        if self.forest is None or self.member is None:
            return []
        source = self.member.entry.forked_from
        return self.forest.forks_of(self.session.id) + (self.forest.named(source) if source else [])

    def take_place(self, forest: Forest, threads: Mapping[str, ThreadFiles]) -> None:
        """The library knows more by now: who belongs to it, and how they stand."""
        self.forest = forest
        if self.member is not None:
            self.member = forest.keyed(self.member.entry.key) or self.member
        else:
            self.member = member_of(Path(self.sources[0].path), forest, threads)

    def _hears_of_others(self) -> bool:
        """Whether the library knows more of other sessions than the rows tell."""
        if self.member is None or self.forest is None:
            return False
        if self._told_forest is self.forest:
            return False
        self._told_forest = self.forest
        before = self.links, self.paths
        self.links, self.paths = links_of(self.member, self.session, self.forest), paths_of(self.member)
        return (self.links, self.paths) != before

    def _tell_of_others(self) -> None:
        name_agents(self.session, self.paths)
        self.arrange(self.book.choice)

    def again(self, number: int, threads: Mapping[str, ThreadFiles], wish: Wish) -> Opened:
        """The same, to be read from the start."""
        sources = sources_of(threads.get(self.key), Path(self.sources[-1].path))
        return Opened(number, sources, self.member, wish=wish)

    def has_moved(self, threads: Mapping[str, ThreadFiles]) -> bool:
        """Archived, compressed, or gone on in another file."""
        thread = threads.get(self.key)
        here = [os.path.abspath(source.path) for source in self.sources]
        return thread is not None and bool(thread.files) and here != [file.path for file in thread.files]

    def trouble(self, news: News) -> str:
        """What is to be said after a look at it, where it is not as it should be."""
        from trace_tui.following import News

        return "its file is gone; what was read of it stays" if news is News.GONE else ""

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
            from trace_tui.app.memory import give_back_what_is_free

            self.complete(session)
            self._hears_of_others()
            # What is known only now may fold otherwise than what was known on the way.
            self.arrange(choice())
            on_rows(session, self.rows(), True)
            give_back_what_is_free()

        self.book = RowBook(choice())
        self.loader = await asyncio.to_thread(loader_of, self.sources)
        await self.loader.load(on_progress, part, whole)

    async def look(self, on_growth: Callable[[Session, Growth, list[Row]], None]) -> News:
        """Reads what has been written since; ``on_growth`` is told in the thread that reads."""

        def more(session: Session) -> None:
            self.complete(session)
            growth = self.book.update(session.turns)
            on_growth(session, growth, self.rows())  # a copy: the next look changes them

        assert self.loader is not None
        if self._hears_of_others():
            await asyncio.to_thread(self._tell_of_others)
            on_growth(self.session, Growth(0, self.rows()), self.rows())
        return await self.loader.look(more)

    def arrange(self, choice: Choice) -> None:
        """Other rows of it are wanted."""
        book = RowBook(choice, self.links)
        book.update(self.session.turns)
        self.book = book

    def rows(self) -> list[Row]:
        return list(self.book.rows)

    def complete(self, session: Session) -> None:
        """Adds what only others know of it; in the thread that reads."""
        from trace_tui.home import Home

        if session is not self.session:  # read from the start again
            self.turns_named = 0
        self.session = session
        self.grown += 1
        if self.member is not None:
            complete(session, self.member, self.turns_named)
            self.turns_named = max(len(session.turns) - 1, 0)  # the last one goes on
        elif not self.is_whole:
            Home(Path(self.sources[0].path)).complete(session)


def member_of(path: Path, forest: Forest, threads: Mapping[str, ThreadFiles]) -> Member | None:
    """The session that a file belongs to, if the library knows it."""
    wanted = str(path.absolute())
    for key, thread in threads.items():
        if any(file.path == wanted for file in thread.files):
            return forest.keyed(key)
    return None


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


def loader_of(sources: list[Source]) -> Loader:
    from trace_tui.app.memory import give_back_large_blocks
    from trace_tui.loader import Loader

    give_back_large_blocks()
    return Loader(sources)
