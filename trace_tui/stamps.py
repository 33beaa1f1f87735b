"""What the file system says of a file or a folder at one moment; `looking` compares it with another one."""

from __future__ import annotations

import os
import stat

from trace_tui.file_names import SESSION_FOLDERS
from trace_tui.library.finding import NEVER_WALKED, may_be_session, only_sessions_of_a_home
from trace_tui.names import INDEX

Identity = tuple[int, int]
"""Device and number, the same for a folder by whatever path."""
Stamp = tuple[int, int, int, int]
"""Size, times and number of a file. The second time is that of its inode: a change of rights is one, too."""


def identity_of(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def stamp_of(path: str, known: Stamp | None) -> Stamp | None:
    """None where there is no such file.

    Each file is asked itself: on Windows, what folders say of files that are being written to is out of date.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return known  # nothing can be said about it now
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def may_matter(name: str) -> bool:
    return name == INDEX or may_be_session(name)


def is_passed_over(name: str) -> bool:
    """Whether folders of this name are never looked into."""
    return name in NEVER_WALKED


def list_folder(path: str) -> tuple[set[str], list[str]]:
    """The names of files that may matter, and the paths of folders that may hold some."""
    with os.scandir(path) as entries:
        within = list(entries)
    if any(entry.name in SESSION_FOLDERS for entry in within):
        wanted = {INDEX, *(entry.name for entry in only_sessions_of_a_home(within))}
        within = [entry for entry in within if entry.name in wanted]
    files = {entry.name for entry in within if may_matter(entry.name)}
    folders = [entry.path for entry in within if not is_passed_over(entry.name) and _is_folder(entry)]
    return files, folders


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link in a circle, or to a disk that does not answer
