"""The library: homes, what is in them, and the catalog that remembers it. The door for all faces."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trace_tui.interrupts import uninterrupted
from trace_tui.library.catalog import Catalog
from trace_tui.library.entries import Entry
from trace_tui.library.finding import Findings, ThreadFiles, Trouble, find
from trace_tui.library.progress import Listener
from trace_tui.names import INDEX, read_names


class Library:
    """The sessions of some roots, as far as they were found and read."""

    def __init__(
        self, catalog: Catalog, roots: Sequence[str | Path] = (), heard: Callable[[int], None] | None = None
    ) -> None:
        self.catalog = catalog
        self._roots = [Path(root) for root in roots]
        self.findings: Findings = find(self._roots, heard)
        self.threads: list[ThreadFiles] = self.findings.threads()
        self._known = catalog.known_files()
        self._gone = self._find_gone()
        self._stale = self._changed()
        self._is_tidy = False

    @classmethod
    @contextmanager
    def open(
        cls,
        roots: Sequence[str | Path] = (),
        *,
        cached: bool = True,
        heard: Callable[[int], None] | None = None,
    ) -> Iterator[Library]:
        """``heard`` is told now and then how many files have been found."""
        with Catalog.open(in_memory=not cached) as catalog, catalog.failures():
            yield cls(catalog, roots, heard)

    @property
    def stale(self) -> list[ThreadFiles]:
        """Threads whose files are not as they were read, those written to last first."""
        return list(self._stale)

    def refresh(
        self,
        listener: Listener | None = None,
        *,
        only: Callable[[ThreadFiles], bool] = lambda _: True,
    ) -> None:
        """Reads what has changed since it was read last, or that part of it that is wanted."""
        if not self._is_tidy:
            self._forget_gone()
            self._refresh_names()
            self._is_tidy = True
        wanted = [thread for thread in self._stale if only(thread)]
        if wanted:
            with uninterrupted():
                from trace_tui.library.scanning import scan  # brings in all that reads sessions

            scan(self.catalog, wanted, listener)
            done = {thread.key for thread in wanted}
            self._stale = [thread for thread in self._stale if thread.key not in done]
            self._known = self.catalog.known_files()

    def look_again(self, paths: Iterable[str]) -> None:
        """These files may have changed, come or gone; `refresh` then reads what is other than it was."""
        self._found(self.findings.looked_again(paths))

    def walk_again(self) -> None:
        """The same for all there is."""
        self._found(find(self._roots))

    def _found(self, findings: Findings) -> None:
        self.findings = findings
        self.threads = self.findings.threads()
        self._gone = self._find_gone()
        self._stale = self._changed()
        self._is_tidy = False

    def read_parents(self, listener: Listener | None = None) -> None:
        """Reads the parents of all that has been read, however old: without them chains fall apart."""
        while True:
            entries = self.entries()
            known = {entry.id for entry in entries}
            wanted = {entry.parent_id for entry in entries} - known - {None}
            above = [thread for thread in self._stale if thread.thread_id in wanted]
            if not above:
                return
            keys = {thread.key for thread in above}
            self.refresh(listener, only=lambda thread, keys=keys: thread.key in keys)  # type: ignore[misc]

    def entries(self) -> list[Entry]:
        """The sessions of these roots that have been read, newest first."""
        return _newest_first(self.catalog.entries(self._numbers(self.threads)))

    def entries_by_now(self) -> list[Entry]:
        """The same while a scan is at work: for its listener, who can't wait for its end."""
        if self.catalog.path is None:
            return self._entries_of(self.catalog)
        with Catalog.open(self.catalog.path) as own:
            return self._entries_of(own)

    def _entries_of(self, catalog: Catalog) -> list[Entry]:
        known = catalog.known_files()
        files = (known.get(file.path) for thread in self.threads for file in thread.files)
        numbers = {file.session for file in files if file is not None and file.session is not None}
        return _newest_first(catalog.entries(numbers))

    def newest(self, listener: Listener | None = None) -> Iterator[Entry]:
        """The sessions, those written to last first; more of them are read as more are asked for."""
        begin, many = 0, 1
        while begin < len(self.threads):
            some = self.threads[begin : begin + many]
            keys = {thread.key for thread in some}
            self.refresh(listener, only=lambda thread, keys=keys: thread.key in keys)  # type: ignore[misc]
            entries = {entry.key: entry for entry in self.catalog.entries(self._numbers(some))}
            yield from (entries[thread.key] for thread in some if thread.key in entries)
            begin, many = begin + many, many * 2

    def troubles(self) -> list[Trouble]:
        """What could not be looked at, and files that are no sessions."""
        return self.findings.troubles + self.catalog.refused(self._paths())

    def strangers(self) -> int:
        """How many files end like sessions, are none, and were never Codex's."""
        return self.catalog.strangers(self._paths())

    def _paths(self) -> set[str]:
        return {file.path for file in self.findings.files}

    def _numbers(self, threads: Iterable[ThreadFiles]) -> set[int]:
        """Of the sessions whose files are here; a changed one that was not read again counts as it was."""
        known = (self._known.get(file.path) for thread in threads for file in thread.files)
        return {file.session for file in known if file is not None and file.session is not None}

    # -- what has changed -----------------------------------------------

    def _changed(self) -> list[ThreadFiles]:
        broken = {self._known[path].session for path in self._gone}
        return [thread for thread in self.threads if not self._is_known(thread, broken)]

    def _is_known(self, thread: ThreadFiles, broken: set[int | None]) -> bool:
        for found in thread.files:
            known = self._known.get(found.path)
            if known is None or known.found != found:
                return False
            if known.session is not None and known.session in broken:
                return False
        return True

    def _find_gone(self) -> list[str]:
        """Files that are not there any more; one that was only passed over this time is none of them."""
        here = {file.path for thread in self.threads for file in thread.files}
        missing = (path for path in self._known if path not in here)
        return [path for path in missing if self.findings.covers(path) and not os.path.lexists(path)]

    def _forget_gone(self) -> None:
        self.catalog.forget(self._gone)
        for path in self._gone:
            del self._known[path]

    def _refresh_names(self) -> None:
        known = self.catalog.known_names()
        for home in {thread.home for thread in self.threads if thread.thread_id is not None}:
            try:
                status = (Path(home) / INDEX).stat()
                stamp = (status.st_size, status.st_mtime_ns)
            except OSError:
                stamp = (0, 0)
            if stamp != known.get(home, (0, 0)):
                self.catalog.keep_names(home, *stamp, read_names(Path(home)))


def _newest_first(entries: list[Entry]) -> list[Entry]:
    entries.sort(key=lambda entry: (entry.started_at or 0, entry.id or "", entry.key), reverse=True)
    return entries
