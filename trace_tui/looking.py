"""Remembers the session files of some folders and says which have changed since: how `watching` makes sure.

Nothing is opened here. It is made so that looking often costs next to nothing: only the few files and folders
that changed last are asked often, as what is written to now was mostly written to a moment ago.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from trace_tui.file_names import SESSION_FOLDERS
from trace_tui.library.finding import is_within
from trace_tui.names import INDEX
from trace_tui.stamps import Identity, Stamp, identity_of, is_passed_over, list_folder, may_matter, stamp_of

_FILES_IN_MIND = 100
_FOLDERS_IN_MIND = 12
_FRESH = 60.0
_UNSETTLED = 2.0
"""Some file systems count time in steps so long; of two changes within one, a time tells only one."""


@dataclass(slots=True)
class _Folder:
    identity: Identity
    mtime_ns: int = -1
    mtime_known_at: float = 0.0
    listed_at: float = 0.0
    files: dict[str, Stamp] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @property
    def is_settled(self) -> bool:
        return self.listed_at - self.mtime_known_at >= _UNSETTLED


class _Lately:
    """The paths that changed last, and when; no more than a given number of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._at: dict[str, float] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._at))

    def note(self, path: str, at: float) -> None:
        self._at.pop(path, None)
        self._at[path] = at
        if len(self._at) > self._most:
            del self._at[next(iter(self._at))]

    def forget(self, path: str) -> None:
        self._at.pop(path, None)

    def since(self, at: float) -> list[str]:
        fresh = []
        for path, noted in reversed(self._at.items()):
            if noted < at:
                break
            fresh.append(path)
        return fresh


class Look:
    """What was seen below some roots. Its methods look at a part of it again and give the changed files."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.roots = list(dict.fromkeys(os.path.abspath(root) for root in roots))
        self.is_unsettled = False
        """Something may have come into a folder while it was looked at: look at the folders again soon."""
        self._folders: dict[str, _Folder] = {}
        self._known_as: dict[Identity, str] = {}
        self._single: dict[str, Stamp | None] = dict.fromkeys([*self.roots, *_indexes(self.roots)])
        self._files_lately = _Lately(_FILES_IN_MIND)
        self._folders_lately = _Lately(_FOLDERS_IN_MIND)

    def learn(self) -> None:
        """The first look: nothing is news."""
        self.everything()
        now, wall = time.monotonic(), time.time_ns()
        files = [
            (stamp[1], os.path.join(path, name))
            for path, folder in self._folders.items()
            for name, stamp in folder.files.items()
        ]
        for mtime_ns, path in sorted(files)[-_FILES_IN_MIND:]:
            self._files_lately.note(path, now - max(0, wall - mtime_ns) / 1e9)
        for path in sorted(self._folders, key=lambda path: self._folders[path].mtime_ns)[-_FOLDERS_IN_MIND:]:
            self._folders_lately.note(path, now)

    def present(self) -> dict[str, Identity]:
        """The roots that are there, and what they are."""
        return {root: identity_of(status) for root in self.roots if (status := _status(root)) is not None}

    def devices(self, root: str) -> set[int]:
        """All that a root lies on: links may lead to other disks."""
        devices = {folder.identity[0] for path, folder in self._folders.items() if is_within(path, root)}
        status = _status(root)
        return devices if status is None else devices | {status.st_dev}

    # -- looking again, the cheapest first ----------------------------------------------------

    def fresh_files(self) -> set[str]:
        """Files that changed within the last minute, and roots that are files."""
        return self._files(self._files_lately.since(time.monotonic() - _FRESH)) | self._singles()

    def late_files_and_folders(self) -> set[str]:
        """The files and folders that changed last, however long ago."""
        changed = self._files(self._files_lately)
        self.is_unsettled = False
        for path in self._lively():
            folder, status = self._folders.get(path), _status(path)
            if folder is None or status is None or not _is_as_listed(folder, status):
                changed |= self._down(path)
            if path in self._folders and not self._folders[path].is_settled:
                self.is_unsettled = True
        return changed

    def everything(self) -> set[str]:
        changed = self._singles()
        for root in self.roots:
            changed |= self._down(root, all_below=True)
        return changed

    def hinted(self, paths: Iterable[str]) -> set[str]:
        """What somebody else said may have changed."""
        changed: set[str] = set()
        stale: set[str] = set()
        for path in paths:
            if path in self._folders:
                stale.add(path)
            elif (place := self._place(path)) is not None:
                known, below = place
                here = os.path.join(known, *below)
                if len(below) == 1 and may_matter(below[0]):
                    changed |= self._files([here])
                elif len(below) > 1 or here in self._folders or os.path.isdir(path):
                    stale.add(known)
        for path in stale:
            changed |= self._down(path)
        return changed | self._singles()

    # -- folders ------------------------------------------------------------------------------

    def _lively(self) -> list[str]:
        """The folders that changed last and all above them, as a new month begins with a change far above."""
        lively = set(self.roots)
        for path in self._folders_lately:
            while path in self._folders and path not in lively:
                lively.add(path)
                path = os.path.dirname(path)
        return sorted(lively, key=len)

    def _place(self, path: str) -> tuple[str, list[str]] | None:
        """The nearest folder that is known, by the path it was found by, and what lies below it.

        Watchers may tell of a file by another path than the one through the root.
        """
        above, name = os.path.split(path)
        below = [name]
        while name:
            status = None if above in self._folders else _status(above)
            known = above if status is None else self._known_as.get(identity_of(status))
            if known in self._folders:
                below.reverse()
                return None if any(map(is_passed_over, below)) else (known, below)
            above, name = os.path.split(above)
            below.append(name)
        return None

    def _down(self, start: str, *, all_below: bool = False) -> set[str]:
        """Lists a folder and the folders below it that are new, or all of them."""
        changed: set[str] = set()
        waiting = [start]
        while waiting:
            path = waiting.pop()
            try:
                status = os.stat(path)
            except (FileNotFoundError, NotADirectoryError):
                changed |= self._forget(path)
                continue
            except OSError:
                continue  # a disk that does not answer now: what is known of it stays
            if not stat.S_ISDIR(status.st_mode):
                changed |= self._forget(path)
            elif (folder := self._folder(path, identity_of(status), changed)) is not None:
                changed |= self._list(path, folder, status)
                waiting += [below for below in folder.folders if all_below or below not in self._folders]
        return changed

    def _folder(self, path: str, identity: Identity, changed: set[str]) -> _Folder | None:
        """Each folder once, by whatever path it was found first."""
        other = self._known_as.get(identity)
        if other is not None and other != path:
            status = _status(other)
            if status is not None and identity_of(status) == identity:
                changed |= self._forget(path)
                return None
            changed |= self._forget(other)
        self._known_as[identity] = path
        folder = self._folders.get(path)
        if folder is None:
            folder = self._folders[path] = _Folder(identity)
        elif folder.identity != identity:
            self._known_as.pop(folder.identity, None)
            folder.identity = identity
        return folder

    def _list(self, path: str, folder: _Folder, status: os.stat_result) -> set[str]:
        try:
            files, folders = list_folder(path)
        except OSError:
            return set()  # what is known of it stays; asked again next time
        now = time.monotonic()
        if folder.mtime_ns != status.st_mtime_ns:
            folder.mtime_ns, folder.mtime_known_at = status.st_mtime_ns, now
            self._folders_lately.note(path, now)
            self.is_unsettled = True
        folder.listed_at = now
        changed: set[str] = set()
        for gone in set(folder.folders).difference(folders):
            changed |= self._forget(gone)
        folder.folders = folders
        return changed | self._files([os.path.join(path, name) for name in files | folder.files.keys()])

    def _forget(self, start: str) -> set[str]:
        """All files of a folder that has gone, and of those below it."""
        gone: set[str] = set()
        waiting = [start]
        while waiting:
            path = waiting.pop()
            folder = self._folders.pop(path, None)
            if folder is None:
                continue
            if self._known_as.get(folder.identity) == path:
                del self._known_as[folder.identity]
            self._folders_lately.forget(path)
            gone.update(os.path.join(path, name) for name in folder.files)
            waiting += folder.folders
        for path in gone:
            self._files_lately.forget(path)
        return gone

    # -- files --------------------------------------------------------------------------------

    def _files(self, paths: Iterable[str]) -> set[str]:
        changed: set[str] = set()
        now = time.monotonic()
        for path in paths:
            above, name = os.path.split(path)
            folder = self._folders.get(above)
            known = folder.files.get(name) if folder is not None else None
            stamp = stamp_of(path, known)
            if folder is None or stamp == known:
                continue
            changed.add(path)
            if stamp is None:
                del folder.files[name]
                self._files_lately.forget(path)
            else:
                folder.files[name] = stamp
                self._files_lately.note(path, now)
        return changed

    def _singles(self) -> set[str]:
        changed = set()
        for path, known in self._single.items():
            stamp = stamp_of(path, known)
            if stamp != known:
                self._single[path] = stamp
                changed.add(path)
        return changed


def _indexes(roots: Sequence[str]) -> list[str]:
    """The names that people gave the sessions of a home lie beside its folders."""
    homes = [os.path.dirname(root) for root in roots if os.path.basename(root) in SESSION_FOLDERS]
    return [os.path.join(home, INDEX) for home in homes]


def _is_as_listed(folder: _Folder, status: os.stat_result) -> bool:
    is_same = folder.mtime_ns == status.st_mtime_ns and folder.identity == identity_of(status)
    return is_same and folder.is_settled


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None
