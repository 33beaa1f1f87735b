"""Finds the threads of a chain, and those that join it while it is being followed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from trace_tui.errors import CatalogFailed, Unreadable
from trace_tui.file_names import read_name
from trace_tui.library.catalog import Catalog
from trace_tui.library.chains import Member, grow
from trace_tui.library.library import Library
from trace_tui.library.progress import Listener


class Chain:
    """The chain that one session file belongs to; it is looked for in the same places again and again."""

    def __init__(self, path: Path, roots: Sequence[str | Path], *, cached: bool) -> None:
        self._path = path
        self._roots = roots
        self._catalog = Catalog.open(in_memory=not cached)
        self._key: str | None = None
        self._began_ms = 0

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
        if self._key is None:
            self._key = self._key_of(self._path, library)
            library.refresh(listener, only=lambda thread: thread.key == self._key)
            self._began_ms = _start(self._own(library))
        member = self._read(library, listener)
        while member is not None and _start(member.root) < self._began_ms:  # found by its worker
            self._began_ms = _start(member.root)
            member = self._read(library, listener)
        if member is None:
            return {}
        members = list(member.root.members())
        files = self._catalog.files_of([one.entry.number for one in members])
        return {one.entry.key: Path(files[one.entry.number][0]) for one in members}

    def _read(self, library: Library, listener: Listener | None) -> Member | None:
        """What was written since the chain began: nothing else can belong to it."""
        library.refresh(listener, only=lambda thread: thread.written_ns >= self._began_ms * 1_000_000)
        library.read_parents(listener)
        return self._own(library)

    def _own(self, library: Library) -> Member | None:
        """The thread that was named; None while its file is not there."""
        forest = grow(library.entries())
        return next((one for one in forest.members() if one.entry.key == self._key), None)

    def _key_of(self, path: Path, library: Library) -> str:
        name = read_name(path.name)
        for thread in library.threads:
            if str(path) in [file.path for file in thread.files]:
                return thread.key
            if name is not None and thread.thread_id == name.thread_id:
                return thread.key
        where = ", ".join(library.findings.roots)
        raise Unreadable(f"{path}: not among the sessions of {where}; name its folder with --root")


def _start(member: Member | None) -> int:
    return (member.entry.started_at or 0) if member is not None else 0
