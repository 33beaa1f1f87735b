"""What lies beside a session file: the thread's other files, its children, its name.

Everything is found by file names and first lines; nothing but session files and the name index is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trace_tui.errors import Unreadable
from trace_tui.file_names import SESSION_FOLDERS, better_copy, in_time, read_name, stem
from trace_tui.model import Child, Relation, Session
from trace_tui.names import read_names
from trace_tui.naming import name_workers
from trace_tui.parsers.containers import DamagedContainer
from trace_tui.parsers.events import SessionHeader
from trace_tui.parsers.records import RecordReader
from trace_tui.relatives import Agent, name_for_parent
from trace_tui.sources import Source, file_source

_PEEK = 1 << 16
_MORE = 1 << 18
_HEADER_LIMIT = 1 << 20
_DEEPEST_CHAIN = 16


class Home:
    """The folders around one session file: a CODEX_HOME where it is in one, else just its folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        root = next((parent for parent in self.path.parents if parent.name in SESSION_FOLDERS), None)
        self.folder = root.parent if root is not None else None
        self._roots = [self.folder / name for name in SESSION_FOLDERS] if self.folder else [self.path.parent]

    # -- the thread -----------------------------------------------------

    def thread_sources(self) -> list[Source]:
        """All files of the thread that the file belongs to, oldest first."""
        given = file_source(self.path)
        name = read_name(self.path.name)
        if name is None:
            return [given]
        by_stem: dict[str, Path] = {stem(self.path.name): self.path}
        for path in self._named(name.thread_id):
            same = stem(path.name)
            by_stem[same] = _better(by_stem.get(same), path, self.path)
        paths = sorted(by_stem.values(), key=in_time)
        return [given if path == self.path else file_source(path) for path in paths]

    def places(self) -> list[Path]:
        """Where its relatives are: its home; of a file in none, the sessions that lie right beside it."""
        if self.folder is not None:
            return [self.folder]
        return [self.path, *(path for path in self._session_files() if path != self.path)]

    def find(self, thread_id: str) -> Path | None:
        """The first file of another thread of this home."""
        paths = sorted(self._named(thread_id.lower()), key=in_time)
        return paths[0] if paths else None

    def _named(self, thread_id: str) -> Iterator[Path]:
        for path in self._session_files():
            name = read_name(path.name) if thread_id in path.name.lower() else None
            if name is not None and name.thread_id == thread_id and path.is_file():
                yield path

    def _session_files(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Path]:
        seen: set[tuple[int, int]] = set()
        for root in self._roots:
            for folder, subfolders, names in os.walk(root, followlinks=True):
                if self.folder is None or not _is_new(folder, seen):
                    subfolders.clear()
                subfolders.sort()
                for name in sorted(names):
                    if not name.startswith("rollout-"):
                        continue
                    if (
                        since is None
                        or until is None
                        or ((read := read_name(name)) and since <= read.started <= until)
                    ):
                        yield Path(folder, name)

    # -- the thread's relatives -----------------------------------------

    def complete(self, session: Session) -> None:
        """Adds what only other files tell: the name, children nobody named, the root of a deep worker."""
        if session.id is None:
            return
        if self.folder is not None:
            session.name = read_names(self.folder, session.id).get(session.id) or session.name
        known = {child.id for child in session.children}
        by_path: dict[str, str] = {}
        for header in self._child_headers(session):
            if header.id is not None and header.id not in known:
                known.add(header.id)
                session.children.append(_child(header, session))
            if header.id is not None and header.agent_path is not None:
                by_path[header.agent_path] = header.id
        name_workers(session, by_path)
        if session.root_id is None and session.parent_id is not None:
            session.root_id = self._root_above(session.parent_id)

    def _child_headers(self, session: Session) -> Iterator[SessionHeader]:
        """Headers of files from this session's time that name it as their parent."""
        assert session.id is not None
        wanted = session.id.encode()
        start, end = _moment(session.started_at), _moment(session.ended_at)
        if start is None or end is None or not 1 < start.year <= end.year < 9999:
            return
        day = timedelta(days=1)  # names are in local time, which may be far from ours
        own = {Path(file.path).name for file in session.files}
        for path in self._session_files(start - day, end + day):
            if path.name in own:
                continue
            header = read_header(path, only_if=wanted)
            if header is not None and header.parent_id == session.id and header.id != session.id:
                yield header

    def _root_above(self, thread_id: str) -> str | None:
        for _ in range(_DEEPEST_CHAIN):
            path = self.find(thread_id)
            header = read_header(path) if path is not None else None
            if header is None:
                return None
            if header.root_id is not None or header.parent_id is None:
                return header.root_id or header.id
            thread_id = header.parent_id
        return None


def _is_new(folder: str, seen: set[tuple[int, int]]) -> bool:
    """Links may lead back to a folder above, or into one twice."""
    try:
        status = os.stat(folder)
    except OSError:
        return False  # it has just gone
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def read_header(path: Path, only_if: bytes | None = None) -> SessionHeader | None:
    """The first record of a session file, if it is a header (and mentions ``only_if`` early on)."""
    try:
        with file_source(path).open() as stream:
            data = stream.read(_PEEK)
            if only_if is not None and only_if not in data:
                return None
            while b"\n" not in data and len(data) < _HEADER_LIMIT and (more := stream.read(_MORE)):
                data += more
    except (Unreadable, DamagedContainer, OSError):
        return None  # this file will tell its own trouble when it is opened
    event = RecordReader().read(data.partition(b"\n")[0])
    return event if isinstance(event, SessionHeader) else None


def _better(known: Path | None, found: Path, given: Path) -> Path:
    """Of two copies: the one that was asked for, else the one that is easier to read."""
    if known is None or found == given:
        return found
    return known if known == given else Path(better_copy(known, found))


def _child(header: SessionHeader, session: Session) -> Child:
    relations = {"worker": Relation.WORKER, "review": Relation.REVIEW, "guardian": Relation.GUARDIAN}
    assert header.id is not None
    call = session.awaited_workers.get(header.agent_path or "")
    if call is not None:
        call.child_session = header.id
    relation = relations.get(header.child_kind or "worker", Relation.OTHER)
    agent = Agent(header.agent_path, header.agent_nickname)
    return Child(header.id, call.call_id if call else None, relation, name_for_parent(agent, relation))


def _moment(at: int | None) -> datetime | None:
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
