"""Where session files are: walks homes, folders and archives, and puts the files of a thread together.

Nothing is opened here. What can't be looked at is told as a `Trouble`, and the walk goes on.
"""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
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
_LARGEST = (1 << 63) - 1
_CODEX_NAME = "rollout-"
_A_FEW = 500
NEVER_WALKED = frozenset({".git", "node_modules"})


class Found(NamedTuple):
    """One session file, as the folder tells of it."""

    path: str
    size: int
    mtime_ns: int
    inode: int

    @property
    def name(self) -> str:
        return self.path.rpartition(os.sep)[2]


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
    def home(self) -> str:
        """The folder that holds it and its relatives, with their names; or the file itself."""
        return self.key.partition("\n")[0]

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
    troubles: list[Trouble]
    walked: set[str]
    """The roots that were there to be looked at."""

    def places(self) -> list[str]:
        """The folders and files to watch: of a home only what holds sessions."""
        places: list[str] = []
        for root in self.roots:
            homely = [os.path.join(root, name) for name in SESSION_FOLDERS]
            is_home = any(map(os.path.isdir, homely)) or not os.path.exists(root)
            places += homely if is_home else [root]
        return places

    def threads(self) -> list[ThreadFiles]:
        """The threads these files belong to, those written to last first."""
        together: defaultdict[str, dict[str, Found]] = defaultdict(dict)
        for file in self.files:
            folder, _, name = file.path.rpartition(os.sep)
            by_stem = together[_key(folder, name)]
            same = stem(name)
            known = by_stem.get(same)
            if known is None or better_copy(PurePath(known.path), path := PurePath(file.path)) == path:
                by_stem[same] = file
        threads = [
            ThreadFiles(key, _in_time(by_stem.values()) if len(by_stem) > 1 else tuple(by_stem.values()))
            for key, by_stem in together.items()
        ]
        # Unpacked archives may have one time for all files; names begin with the time of the session.
        threads.sort(
            key=lambda thread: (thread.files[-1].path.rpartition(os.sep)[2], thread.key), reverse=True
        )
        threads.sort(key=lambda thread: thread.written_ns, reverse=True)  # keeps the order of what is equal
        return threads

    def looked_again(self, paths: Iterable[str]) -> Findings:
        """The same with these files as they are now; what is not below the roots is passed over."""
        files = {file.path: file for file in self.files}
        for path in paths:
            if not may_be_session(os.path.basename(path)) or not self.covers(path):
                continue
            try:
                status = os.stat(path)
            except OSError:
                files.pop(path, None)
            else:
                if stat.S_ISREG(status.st_mode):
                    files[path] = _found(path, status)
        return self._replace(files=list(files.values()))

    def covers(self, path: str) -> bool:
        """Whether a file of this path would have been found, were it there."""
        if not any(is_within(path, root) for root in self.walked):
            return False
        return not any(is_within(path, trouble.path) for trouble in self.troubles)


def codex_home() -> Path:
    """Where Codex itself keeps its sessions: `$CODEX_HOME`, else `~/.codex`."""
    named = os.environ.get("CODEX_HOME")
    return Path(named) if named else Path.home() / ".codex"


def find(roots: Sequence[Path] = (), heard: Callable[[int], None] | None = None) -> Findings:
    """All session files of these places; of Codex's own home where none is named.

    ``heard`` is told now and then how many there are so far.
    """
    places = [Path(os.path.abspath(root)) for root in roots or [codex_home()]]
    findings = Findings([str(place) for place in places], [], [], set())
    walk = _Walk(findings, heard)
    for place in places:
        _start(walk, place, is_home=not roots)
    return findings


def _start(walk: _Walk, place: Path, *, is_home: bool) -> None:
    try:
        status = os.stat(place)
    except OSError as problem:
        if not is_home:
            raise Unreadable(f"{place}: {problem.strerror or problem}") from problem
        if "CODEX_HOME" in os.environ or not isinstance(problem, FileNotFoundError):
            walk.trouble(str(place), problem.strerror or str(problem))
        return  # or Codex has never run here
    if stat.S_ISDIR(status.st_mode):
        walk.root(str(place), SESSION_FOLDERS if is_home else None)
    elif stat.S_ISREG(status.st_mode):
        walk.file(str(place), status)
    else:
        raise Unreadable(f"{place}: neither a file nor a folder")


_Above = tuple[tuple[int, int], ...]
"""Device and number of the folders that a folder is in."""


class _Walk:
    """Goes down the folders, each once, whatever links lead where."""

    def __init__(self, findings: Findings, heard: Callable[[int], None] | None) -> None:
        self._findings = findings
        self._heard = heard
        self._seen: set[tuple[int, int]] = set()
        self._taken: set[str] = set()
        self._waiting: list[tuple[str, _Above]] = []

    def root(self, path: str, only: Sequence[str] | None) -> None:
        self._findings.walked.add(path)
        if only is None:
            self._waiting.append((path, ()))
        else:
            self._waiting += [(os.path.join(path, name), ()) for name in only if self._is_there(path, name)]
        while self._waiting:
            self._folder(*self._waiting.pop())

    def file(self, path: str, status: os.stat_result) -> None:
        self._findings.walked.add(path)
        self._take(_found(path, status))

    def trouble(self, path: str, words: str) -> None:
        self._findings.troubles.append(Trouble(path, words))

    def _is_there(self, path: str, name: str) -> bool:
        """A link to a disk that is away is there, too, and will be told of."""
        try:
            os.lstat(os.path.join(path, name))
        except FileNotFoundError:
            return False
        except OSError as problem:
            self.trouble(os.path.join(path, name), problem.strerror or str(problem))
            return False
        return True

    def _take(self, found: Found) -> None:
        if found.path not in self._taken:
            self._taken.add(found.path)
            self._findings.files.append(found)
            if self._heard is not None and len(self._taken) % _A_FEW == 0:
                self._heard(len(self._taken))

    def _folder(self, path: str, above: _Above) -> None:
        try:
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                self.trouble(path, "a link back to a folder above it")
                return
            if identity in self._seen:
                return
            self._seen.add(identity)
            with os.scandir(path) as entries:
                within = list(entries)
        except OSError as problem:
            self.trouble(path, problem.strerror or str(problem))
            return
        below = (*above, identity)
        if any(entry.name in SESSION_FOLDERS for entry in within):
            within = only_sessions_of_a_home(within)
        for entry in within:
            self._entry(entry, below)

    def _entry(self, entry: os.DirEntry[str], above: _Above) -> None:
        try:
            if entry.is_dir():
                if entry.name not in NEVER_WALKED:
                    self._waiting.append((entry.path, above))
            elif entry.name in SESSION_FOLDERS and entry.is_symlink():
                self._waiting.append((entry.path, above))  # on a disk that is not there: that is to be told
            elif may_be_session(entry.name):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    self._take(_found(entry.path, status))
        except OSError as problem:  # vanished while we looked, or a link to nowhere
            self.trouble(entry.path, problem.strerror or str(problem))


def _found(path: str, status: os.stat_result) -> Found:
    # Some file systems number their files beyond what a column holds.
    return Found(path, status.st_size, status.st_mtime_ns, status.st_ino & _LARGEST)


def only_sessions_of_a_home(within: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """What else lies in a Codex home is none; other folders may hold sessions anywhere."""
    if not any(entry.name in _SIGNS_OF_A_HOME for entry in within):
        return within
    return [entry for entry in within if entry.name in SESSION_FOLDERS]


def may_be_session(name: str) -> bool:
    if name.endswith(_ENDINGS):
        return name not in _OTHER_LINES
    return name.endswith(".json") and name.startswith(_CODEX_NAME)


def may_be_codex(path: str) -> bool:
    """Codex itself may have written it, by its name or its place."""
    folder, name = os.path.split(path)
    return name.startswith(_CODEX_NAME) or home_of(folder) != folder


def _key(folder: str, name: str) -> str:
    thread_id = thread_named(name)
    return os.path.join(folder, name) if thread_id is None else f"{home_of(folder)}\n{thread_id}"


@lru_cache(maxsize=4096)
def home_of(folder: str) -> str:
    """The home that a folder of sessions is in; else what holds the folders of days, or the folder itself."""
    above = folder
    while True:
        above, name = os.path.split(above)
        if name in SESSION_FOLDERS:
            return above
        if not name:
            break
    return _DAY.sub("", folder) or folder


_DAY = re.compile(r"[/\\]\d{4}[/\\]\d\d[/\\]\d\d$")


def _in_time(files: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(sorted(files, key=lambda file: in_time(PurePath(file.path))))


def is_within(path: str, folder: str) -> bool:
    """That very path, or one below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
