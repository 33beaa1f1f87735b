"""Where session files are: walks homes, folders and archives, and puts the files of a thread together.

Nothing is opened here. What can't be looked at is told as a `Trouble`, and the walk goes on.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import NamedTuple

from trace_tui.errors import Unreadable
from trace_tui.file_names import SESSION_FOLDERS, better_copy, in_time, stem, thread_named

_ENDINGS = (".jsonl", ".jsonl.zst", ".jsonl.gz")
_OTHER_LINES = frozenset({"history.jsonl", "session_index.jsonl"})
"""Codex keeps these beside its sessions; they are none."""
_SIGNS_OF_A_HOME = frozenset(
    {"config.toml", "auth.json", "version.json", "history.jsonl", "session_index.jsonl"}
)
_NEVER = frozenset({".git", "node_modules"})


class Found(NamedTuple):
    """One session file, as the folder tells of it."""

    path: str
    size: int
    mtime_ns: int
    inode: int


class ThreadFiles(NamedTuple):
    """The files of one thread in one home, oldest first."""

    key: str
    """Says the same thread again in the next walk: its home and its id, or the path where no id is known."""
    files: tuple[Found, ...]

    @property
    def thread_id(self) -> str | None:
        """As the files' names have it."""
        return self.key.partition("\n")[2] or None

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def written_ns(self) -> int:
        return max([file.mtime_ns for file in self.files])


class Trouble(NamedTuple):
    path: str
    words: str


class Findings(NamedTuple):
    roots: list[str]
    files: list[Found]
    homes: set[str]
    """Folders that hold `sessions` or `archived_sessions`; session names lie in them."""
    troubles: list[Trouble]

    def threads(self) -> list[ThreadFiles]:
        """The threads these files belong to, those written to last first."""
        together: defaultdict[str, dict[str, Found]] = defaultdict(dict)
        for file in self.files:
            folder, name = os.path.split(file.path)
            by_stem = together[_key(folder, name)]
            same = stem(name)
            known = by_stem.get(same)
            if known is None or better_copy(PurePath(known.path), path := PurePath(file.path)) == path:
                by_stem[same] = file
        threads = [
            ThreadFiles(key, _in_time(by_stem.values()) if len(by_stem) > 1 else tuple(by_stem.values()))
            for key, by_stem in together.items()
        ]
        threads.sort(key=lambda thread: thread.key)
        threads.sort(key=lambda thread: thread.written_ns, reverse=True)  # keeps the order of what is equal
        return threads

    def covers(self, path: str) -> bool:
        """Whether a file of this path would have been found, were it there."""
        if not any(is_within(path, root) for root in self.roots):
            return False
        return not any(is_within(path, trouble.path) for trouble in self.troubles)


def codex_home() -> Path:
    """Where Codex itself keeps its sessions: `$CODEX_HOME`, else `~/.codex`."""
    named = os.environ.get("CODEX_HOME")
    return Path(named) if named else Path.home() / ".codex"


def find(roots: Sequence[Path] = ()) -> Findings:
    """All session files of these places; of Codex's own home where none is named."""
    places = [Path(os.path.abspath(root)) for root in roots or [codex_home()]]
    findings = Findings([str(place) for place in places], [], set(), [])
    walk = _Walk(findings)
    for place in places:
        _start(walk, place, is_home=not roots)
    return findings


def _start(walk: _Walk, place: Path, *, is_home: bool) -> None:
    try:
        status = os.stat(place)
    except OSError as problem:
        if is_home and isinstance(problem, FileNotFoundError):
            return  # Codex has never run here
        raise Unreadable(f"{place}: {problem.strerror or problem}") from problem
    if not stat.S_ISDIR(status.st_mode):
        walk.take(Found(str(place), status.st_size, status.st_mtime_ns, status.st_ino))
        return
    if is_home:
        walk.home(str(place))
    else:
        walk.folder(str(place), ())


class _Walk:
    """Goes down the folders, each once, whatever links lead where."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._seen: set[tuple[int, int]] = set()
        self._taken: set[str] = set()

    def take(self, found: Found) -> None:
        if found.path not in self._taken:
            self._taken.add(found.path)
            self._findings.files.append(found)

    def home(self, path: str) -> None:
        for name in SESSION_FOLDERS:
            folder = os.path.join(path, name)
            if os.path.lexists(folder):
                self.folder(folder, ())

    def folder(self, path: str, above: tuple[tuple[int, int], ...]) -> None:
        try:
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                self._trouble(path, "a link back to a folder above it")
                return
            if identity in self._seen:
                return
            self._seen.add(identity)
            with os.scandir(path) as entries:
                within = list(entries)
        except OSError as problem:
            self._trouble(path, problem.strerror or str(problem))
            return
        if os.path.basename(path) in SESSION_FOLDERS:
            self._findings.homes.add(os.path.dirname(path))
        below = (*above, identity)
        if any(entry.name in SESSION_FOLDERS for entry in within):
            within = _only_sessions_of_a_home(within)
        for entry in within:
            self._entry(entry, below)

    def _entry(self, entry: os.DirEntry[str], above: tuple[tuple[int, int], ...]) -> None:
        try:
            if entry.is_dir():
                if entry.name not in _NEVER:
                    self.folder(entry.path, above)
            elif entry.name in SESSION_FOLDERS and entry.is_symlink():
                self.folder(entry.path, above)  # on a disk that is not there: that is to be told
            elif _may_be_session(entry.name):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    self.take(Found(entry.path, status.st_size, status.st_mtime_ns, status.st_ino))
        except OSError as problem:  # vanished while we looked, or a link to nowhere
            self._trouble(entry.path, problem.strerror or str(problem))

    def _trouble(self, path: str, words: str) -> None:
        self._findings.troubles.append(Trouble(path, words))


def _only_sessions_of_a_home(within: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """What else lies in a Codex home is none; other folders may hold sessions anywhere."""
    if not any(entry.name in _SIGNS_OF_A_HOME for entry in within):
        return within
    return [entry for entry in within if entry.name in SESSION_FOLDERS]


def _may_be_session(name: str) -> bool:
    if name.endswith(_ENDINGS):
        return name not in _OTHER_LINES
    return name.endswith(".json") and name.startswith("rollout-")


def _key(folder: str, name: str) -> str:
    thread_id = thread_named(name)
    return os.path.join(folder, name) if thread_id is None else f"{_home_of(folder)}\n{thread_id}"


@lru_cache(maxsize=4096)
def _home_of(folder: str) -> str:
    """The home that a folder of sessions is in, or the folder itself."""
    above = folder
    while True:
        above, name = os.path.split(above)
        if name in SESSION_FOLDERS:
            return above
        if not name:
            return folder


def _in_time(files: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(sorted(files, key=lambda file: in_time(PurePath(file.path))))


def is_within(path: str, folder: str) -> bool:
    """That very path, or one below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
