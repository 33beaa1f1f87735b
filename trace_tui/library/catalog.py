"""The catalog: one SQLite file that remembers what was read of every session, for all processes of ours.

It can be deleted at any time; the session files hold everything. Every thread is written in one transaction
with others, so whoever is stopped in between leaves a catalog that is merely behind. What is another
version's or damaged is made anew, and where no file can be written the catalog lives in memory.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from trace_tui.errors import CatalogFailed
from trace_tui.halt import Halt
from trace_tui.library.entries import Entry, Link
from trace_tui.library.finding import Found, ThreadFiles, Trouble
from trace_tui.library.opening import default_path, is_damage, opened, opened_in_memory, remove
from trace_tui.library.rows import NEVER, Earlier, Indexed, KnownFile, Row
from trace_tui.library.storing import drop, keep, path_of, storable, stored_path
from trace_tui.parsers.formats import Format
from trace_tui.parsers.usage import Usage
from trace_tui.relatives import Agent, Relation

AS_ASKED = "not kept, as asked"

_FEW = 500
"""So many sessions are asked for by their numbers; more are quicker told by reading all."""


class Catalog:
    """An open catalog; ``path`` is None where it lives in memory, and ``note`` says why."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None, note: str | None) -> None:
        self._connection = connection
        self.path = path
        self.note = note

    @classmethod
    def open(cls, path: Path | None = None, *, in_memory: bool = False) -> Self:
        if in_memory:
            return cls(opened_in_memory(), None, AS_ASKED)
        path = path or default_path()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(opened(path), path, None)
        except (OSError, sqlite3.Error) as problem:
            words = getattr(problem, "strerror", None) or str(problem)
            note = f"not kept: {path}: {words}"
            return cls(opened_in_memory(), None, note)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """What goes wrong with the catalog within is told as `CatalogFailed`; a damaged one is removed."""
        try:
            yield
        except sqlite3.OperationalError as problem:  # locked, read-only, no room
            raise CatalogFailed(f"{self.path}: {problem}", is_gone=False) from problem
        except sqlite3.DatabaseError as problem:
            if not is_damage(problem):
                raise
            self._connection.close()
            if self.path is not None:
                remove(self.path)
            raise CatalogFailed(f"{self.path} was damaged: {problem}", is_gone=True) from problem

    @contextmanager
    def released(self) -> Iterator[Path]:
        """Other processes may be forked meanwhile: no connection may be inherited by them."""
        assert self.path is not None
        self._connection.close()
        try:
            yield self.path
        finally:
            self._connection = opened(self.path)

    def query(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    # -- what is known --------------------------------------------------

    def known_files(self) -> dict[str, KnownFile]:
        rows = self._connection.execute("SELECT path, size, mtime_ns, inode, session FROM files")
        return {
            (path := path_of(stored)): KnownFile(Found(path, size, mtime, inode), session)
            for stored, size, mtime, inode, session in rows
        }

    def earlier(self, thread: ThreadFiles) -> Earlier | None:
        """How far this thread was read before."""
        rows = self.query(_READ_FILES, [stored_path(thread.key)])
        if not rows:
            return None
        number, *_, read_to, tail_digest = rows[-1]
        files = [Found(path_of(path), size, mtime, inode) for _, path, size, mtime, inode, _, _ in rows]
        halts = self.query("SELECT fold, format, responses FROM halts WHERE session = ?", [number])
        if not halts:
            return Earlier(files, read_to, tail_digest, None, 0)
        fold, format_, responses = halts[0]
        return Earlier(files, read_to, tail_digest, Halt(fold, Format(format_)), responses)

    def entries(self, numbers: Iterable[int] | None = None) -> list[Entry]:
        """Sessions as lists show them, with their names and the children they name."""
        wanted = None if numbers is None else set(numbers)
        names = {(home, id_): name for home, id_, name in self.query("SELECT home, id, name FROM names")}
        links: defaultdict[int, list[Link]] = defaultdict(list)
        for number, child_id, path, call_id, relation, name in self._of_sessions(_LINKS, wanted):
            links[number].append(Link(child_id, path, call_id, Relation(relation), name))
        entries = [_entry(row, links.get(row[0], [])) for row in self._of_sessions(_ENTRIES, wanted)]
        if not names:
            return entries
        anywhere = {id_: name for (_, id_), name in names.items()}
        return [_named(entry, names, anywhere) for entry in entries]

    def newest(self, most: int) -> list[int]:
        """The numbers of the sessions that began last."""
        rows = self.query("SELECT session FROM sessions ORDER BY started_at DESC LIMIT ?", [most])
        return [number for (number,) in rows]

    def failures_of(self, numbers: Iterable[int]) -> Iterator[Row]:
        """Session, turn, call id (None for a failed turn), time, what it was and why, of all that failed."""
        wanted = set(numbers)
        yield from self._of_sessions(_FAILED_TURNS, wanted)
        yield from self._of_sessions(_FAILED_CALLS, wanted)

    def last_calls(self, numbers: Iterable[int]) -> dict[int, tuple[str, str, str, int | None]]:
        """Tool, name, summary and time of the last call of each session, where it was not answered yet."""
        found: dict[int, tuple[str, str, str, int | None]] = {}
        for number in numbers:
            for tool, name, summary, started_at, status in self.query(_LAST_CALL, [number]):
                if status in ("running", "unfinished"):
                    found[number] = (tool, name, summary, started_at)
        return found

    def files_of(self, numbers: Iterable[int]) -> dict[int, list[str]]:
        """The paths of sessions' files, oldest first."""
        return {number: list(map(path_of, paths)) for number, paths in self._lists(_FILES, numbers).items()}

    def versions_of(self, numbers: Iterable[int]) -> dict[int, list[str]]:
        return self._lists(_VERSIONS, numbers)

    def problems_of(self, numbers: Iterable[int]) -> Iterator[Row]:
        """Session, file, line, kind and detail of each."""
        return self._of_sessions(_PROBLEMS, set(numbers))

    def unknown_of(self, numbers: Iterable[int]) -> Iterator[Row]:
        """Session, type and number of the lines that were not understood."""
        return self._of_sessions(_UNKNOWN, set(numbers))

    def _lists(self, sql: str, numbers: Iterable[int]) -> dict[int, list[Any]]:
        wanted = set(numbers)
        found: dict[int, list[Any]] = {number: [] for number in wanted}
        for number, value in self._of_sessions(sql, wanted):
            found[number].append(value)
        return found

    def _of_sessions(self, sql: str, wanted: set[int] | None) -> Iterator[Row]:
        """Rows of these sessions, which are told in the first column."""
        if wanted is not None and len(wanted) <= _FEW:
            marks = ", ".join("?" * len(wanted))
            yield from self._connection.execute(sql.format(f"session IN ({marks})"), sorted(wanted))
            return
        for row in self._connection.execute(sql.format("session NOT NULL")):
            if wanted is None or row[0] in wanted:
                yield row

    def refused(self, paths: set[str]) -> list[Trouble]:
        """Those of these files that could not be read as sessions, and why."""
        rows = self.query(
            "SELECT path, refused FROM files WHERE refused NOT NULL AND NOT stranger ORDER BY path"
        )
        return [Trouble(path_of(path), reason) for path, reason in rows if path_of(path) in paths]

    def strangers(self, paths: set[str]) -> int:
        """How many of these files are no sessions, nor ever looked like Codex's."""
        rows = self.query("SELECT path FROM files WHERE stranger")
        return sum(path_of(path) in paths for (path,) in rows)

    # -- keeping --------------------------------------------------------

    def keep(self, indexed: Iterable[Indexed]) -> None:
        """All of it, or none: one transaction."""
        with self._writing() as connection:
            for thread in indexed:
                try:
                    keep(connection, thread)
                except (OverflowError, UnicodeEncodeError):
                    keep(connection, storable(thread))

    def forget(self, paths: Iterable[str]) -> None:
        """Files that are gone, and the sessions that have none left."""
        gone = [(stored_path(path),) for path in paths]
        if not gone:
            return
        with self._writing() as connection:
            # What is left of their sessions tells of them still, until it is read again.
            connection.executemany(
                "UPDATE files SET mtime_ns = ? WHERE session = (SELECT session FROM files WHERE path = ?)",
                [(NEVER, path) for (path,) in gone],
            )
            connection.executemany("DELETE FROM files WHERE path = ?", gone)
            left = "SELECT session FROM files WHERE session NOT NULL"
            empty = connection.execute(f"SELECT session FROM sessions WHERE session NOT IN ({left})")
            for (number,) in empty.fetchall():
                drop(connection, number)

    def keep_names(self, home: str, size: int, mtime_ns: int, names: dict[str, str]) -> None:
        with self._writing() as connection:
            stored = stored_path(home)
            connection.execute("DELETE FROM names WHERE home = ?", [stored])
            connection.executemany(
                "INSERT INTO names VALUES (?, ?, ?)", [(stored, id_, name) for id_, name in names.items()]
            )
            connection.execute("REPLACE INTO name_files VALUES (?, ?, ?)", [stored, size, mtime_ns])

    def known_names(self) -> dict[str, tuple[int, int]]:
        """By home, size and time of the file its names were read from."""
        rows = self.query("SELECT home, size, mtime_ns FROM name_files")
        return {path_of(home): (size, mtime) for home, size, mtime in rows}

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


_ENTRIES = """
SELECT session, key, id, root_id, parent_id, relation, agent_path, agent_nickname, agent_role, agent_depth,
    forked_from, forked_at, format, originator, source, cwd, branch, git_commit, repository, title,
    started_at, ended_at, state, model, archived, compressed, turns, calls, failed_turns, failed_calls,
    input, cached_input, cache_write_input, output, reasoning_output, usage_source, problems,
    inherited_lines, inherited_calls
FROM sessions WHERE {}
"""
_LINKS = """
SELECT session, child_id, path, call_id, relation, name FROM links WHERE {} ORDER BY session, position
"""
_PROBLEMS = "SELECT session, file, line, kind, detail FROM problems WHERE {} ORDER BY session, position"
_UNKNOWN = "SELECT session, type, lines FROM unknown_lines WHERE {} ORDER BY session, type"
_FAILED_TURNS = """
SELECT session, turn, NULL, started_at, 'turn ' || turn, COALESCE(error, 'failed') FROM turns
WHERE {} AND status = 'failed'
"""
_FAILED_CALLS = """
SELECT session, turn, call_id, started_at, summary, COALESCE(reason, status) FROM calls
WHERE {} AND status IN ('failed', 'declined')
ORDER BY session, position
"""
_LAST_CALL = """
SELECT tool, name, summary, started_at, status FROM calls WHERE session = ? ORDER BY position DESC LIMIT 1
"""
_REFUSED = "SELECT path, refused FROM files WHERE refused NOT NULL AND NOT stranger ORDER BY path"
_READ_FILES = """
SELECT session, path, size, mtime_ns, inode, read_to, tail_digest FROM sessions JOIN files USING (session)
WHERE key = ? ORDER BY files.position
"""
_FILES = "SELECT session, path FROM files WHERE {} AND refused IS NULL ORDER BY session, position"
_VERSIONS = "SELECT session, version FROM versions WHERE {} ORDER BY session, position"


def _entry(row: Row, links: list[Link] | None) -> Entry:
    agent = Agent(*row[6:10])
    usage = Usage(*row[30:35])
    begin = (row[0], path_of(row[1]), *row[2:5], _RELATIONS[row[5]], agent)
    return Entry._make(
        (*begin, *row[10:24], *map(bool, row[24:26]), *row[26:30], usage, *row[35:], links or [])
    )


_RELATIONS = {relation.value: relation for relation in Relation}


def _named(entry: Entry, names: dict[tuple[str | bytes, str], str], anywhere: dict[str, str]) -> Entry:
    """With the name that a person gave it: in its own home, or where it was copied from."""
    name = anywhere.get(entry.id or "")
    if name is None or entry.id is None:  # as most of them
        return entry
    return entry._replace(title=names.get((stored_path(entry.home), entry.id), name))
