"""Finds the session that a person named, reading no more than it takes."""

from __future__ import annotations

import os
from pathlib import Path

from trace_tui.errors import NothingFound, Unreadable, Unusable
from trace_tui.library.chains import Forest, Member, grow
from trace_tui.library.entries import Entry
from trace_tui.library.finding import ThreadFiles, is_within
from trace_tui.library.library import Library
from trace_tui.library.progress import Listener
from trace_tui.parsers.safe_text import one_line
from trace_tui.relatives import Relation
from trace_tui.targets import Target, read_target
from trace_tui.times import minute

_FEWEST = 4
"""Characters that may be the beginning of an id; fewer are more likely a slip."""
_CANDIDATES = 12


def path_of(target: Target, library: Library, listener: Listener | None = None) -> Path:
    """A file of the one session that is meant; raises with the candidates where there are several."""
    if target.is_latest:
        return _first_file(library, _latest(target.session, library, listener))
    found = _by_file_name(target.session.lower(), library)
    if len(found) == 1:
        return Path(found[0].files[0].path)
    # Some names hold no id; the sessions themselves do, and tell several of one id apart.
    keys = {thread.key for thread in found or library.threads}
    if len(target.session) >= _FEWEST:
        library.refresh(listener, only=lambda thread: thread.key in keys)
    forest = grow(entry for entry in library.entries() if entry.key in keys)
    return _first_file(library, _only(target.session, _begun_with(target.session, forest), library))


def member_named(words: str, forest: Forest, library: Library) -> Member:
    """The thread in its chain; all sessions have been read. A place within it makes no difference."""
    target = read_target(words)
    name = target.session
    if target.is_latest:
        return forest.of(_latest(name, library, None))
    if not os.path.isfile(name):
        return forest.of(_only(name, _begun_with(name, forest), library))
    path = os.path.abspath(name)
    for number, paths in library.catalog.files_of(forest.by_number).items():
        if path in paths:
            return forest.by_number[number]
    where = ", ".join(library.findings.roots)
    raise Unreadable(f"{name}: not among the sessions of {where}; name its folder with --root")


def _begun_with(words: str, forest: Forest) -> list[Entry]:
    """Threads whose ids begin so; of copies the forest has chosen one."""
    if len(words) < _FEWEST:
        return []
    entries = (member.entry for member in forest.members())
    return [entry for entry in entries if (entry.id or "").lower().startswith(words.lower())]


def _by_file_name(prefix: str, library: Library) -> list[ThreadFiles]:
    if len(prefix) < _FEWEST:
        return []
    return [thread for thread in library.threads if (thread.thread_id or "").startswith(prefix)]


def _latest(words: str, library: Library, listener: Listener | None) -> Entry:
    """The session that was written to last: of all, of a folder, or of those in which something failed."""
    _, _, which = words.partition(":")
    folder = None if which in ("", "failed") else os.path.abspath(os.path.expanduser(which))
    workers: list[Entry] = []
    ids: set[str | None] = set()
    for entry in library.newest(listener):
        ids.add(entry.id)
        if which == "failed":
            if entry.failures or entry.state == "failed":
                return entry
        elif _is_at(entry, folder):
            if entry.relation in (Relation.ROOT, Relation.FORK):
                return entry
            workers += [entry] if entry.relation is Relation.WORKER else []
    alone = next((entry for entry in workers if entry.parent_id not in ids), None)
    if alone is not None:  # whoever started it is not here
        return alone
    where = f" in {folder}" if folder else " in which anything failed" if which else ""
    raise NothingFound(f"{words}: no session{where} ({', '.join(library.findings.roots)})")


def _is_at(entry: Entry, folder: str | None) -> bool:
    if folder is None:
        return True
    return entry.cwd is not None and is_within(os.path.normpath(entry.cwd), folder)


def _only(name: str, entries: list[Entry], library: Library) -> Entry:
    """The one that is meant: an exact id before a longer one; of printed streams the one that tells most."""
    exact = [entry for entry in entries if entry.id == name.lower()] or entries
    if not exact:
        raise Unreadable(_not_found(name, library))
    best = max(exact, key=lambda entry: (entry.active_at, entry.calls, entry.key))
    if all((entry.id, entry.started_at) == (best.id, best.started_at) for entry in exact):
        return best
    raise Unusable(_several(name, exact))


def _several(name: str, entries: list[Entry]) -> str:
    entries.sort(key=lambda entry: entry.started_at or 0, reverse=True)
    different = list({(entry.id, entry.started_at): entry for entry in entries}.values())
    shared_id = len({entry.id for entry in different}) < len(different)
    lines = [f"{name} may be one of {len(different)} sessions:"]
    for entry in different[:_CANDIDATES]:
        when = minute(entry.started_at) or "no date"
        where = f"  {one_line(entry.home, 200)}" if shared_id else ""
        lines.append(f"{entry.id}  {when:<16}  {one_line(entry.title, 22)}{where}")
    if len(different) > _CANDIDATES:
        lines.append(f"… and {len(different) - _CANDIDATES} more")
    return "\n".join(lines)


def _not_found(name: str, library: Library) -> str:
    if os.path.isdir(name):
        return f"{name}: a folder; name one session file in it, or list it with ls --root"
    where = ", ".join(library.findings.roots)
    short = f" (give at least {_FEWEST} characters of an id)" if len(name) < _FEWEST else ""
    return f"{name}: no such file, and no session of that id in {where}{short}"


def _first_file(library: Library, entry: Entry) -> Path:
    return Path(library.catalog.files_of([entry.number])[entry.number][0])
