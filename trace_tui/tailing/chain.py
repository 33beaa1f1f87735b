"""Finds the threads of a chain, and those that join it while it is being followed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from trace_tui.errors import CatalogFailed
from trace_tui.library.catalog import Catalog
from trace_tui.library.chain_search import ChainSearch, key_of
from trace_tui.library.library import Library
from trace_tui.library.progress import Listener
from trace_tui.tailing.company import Company
from trace_tui.wording.absences import absences


class Chain:
    """The chain that one session file belongs to; it is looked for in the same places again and again."""

    def __init__(self, path: Path, roots: Sequence[str | Path], *, cached: bool) -> None:
        self._path = path
        self._roots = roots
        self._catalog = Catalog.open(in_memory=not cached)
        self._search: ChainSearch | None = None
        self.company = Company()
        self.absences: list[str] = []
        """Who is not here, as of the last look."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._catalog.__exit__(kind, problem, trace)

    def look(self, listener: Listener | None = None) -> dict[str, Path]:
        """The first files of all its threads by what tells these apart, the head's before all others."""
        try:
            with self._catalog.failures():
                return self._look(listener)
        except CatalogFailed:
            self._catalog = Catalog.open(in_memory=True)
            return self._look(listener)

    def _look(self, listener: Listener | None) -> dict[str, Path]:
        library = Library(self._catalog, self._roots)
        if self._search is None:
            self._search = ChainSearch(key_of(self._path, library))
        found = self._search.look(library, listener)
        if found is None:
            return {}
        members = list(found.member.root.members())
        self.company.meet(members)
        self.absences = absences(members[0], found.forest)
        files = self._catalog.files_of([one.entry.number for one in members])
        return {one.entry.key: Path(files[one.entry.number][0]) for one in members}
