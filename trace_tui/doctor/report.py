"""Gathers what `doctor` tells, out of the library and its catalog."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from typing import NamedTuple

from trace_tui import __version__
from trace_tui.library.catalog import AS_ASKED
from trace_tui.library.chains import Forest, Oddity, grow
from trace_tui.library.entries import Entry
from trace_tui.library.finding import Found, Trouble, is_within
from trace_tui.library.library import Library
from trace_tui.printing.console import page_width
from trace_tui.printing.machine import JsonObject, printable_path

SCHEMA = "codex-trace/doctor@1"
_JUST_NOW_NS = 600_000_000_000


class Place(NamedTuple):
    root: str
    files: int
    bytes: int


class Damage(NamedTuple):
    """What is wrong with one session's files, by kind."""

    path: str
    problems: int
    kinds: dict[str, int]
    first: str

    def is_only_torn(self, unfinished: dict[str, int]) -> bool:
        return self.path in unfinished and set(self.kinds) == {"torn_line"} and self.problems == 1


class UnknownKind(NamedTuple):
    """Lines that this program does not know: a sign that Codex writes something new."""

    type: str
    lines: int
    sessions: int
    versions: list[str]


class Report(NamedTuple):
    program: dict[str, str]
    places: list[Place]
    sessions: int
    archived: int
    compressed: int
    strangers: int
    """Files that end like sessions, and are something else."""
    formats: dict[str, int]
    versions: dict[str, int]
    troubles: list[Trouble]
    damaged: list[Damage]
    unknown: list[UnknownKind]
    chains: dict[str, int]
    catalog: dict[str, object]
    terminal: dict[str, object]

    @property
    def needs_care(self) -> int:
        """How many things; chains with missing ends are a fact about the files, not a fault of theirs."""
        broken_catalog = self.catalog["note"] is not None and not self.catalog["as_asked"]
        return len(self.troubles) + len(self.damaged) + len(self.unknown) + broken_catalog

    def as_json(self) -> JsonObject:
        return {
            "schema": SCHEMA,
            "needs_care": self.needs_care,
            **self._asdict(),
            "places": [one._asdict() | {"root": printable_path(one.root)} for one in self.places],
            "troubles": [one._asdict() | {"path": printable_path(one.path)} for one in self.troubles],
            "damaged": [one._asdict() | {"path": printable_path(one.path)} for one in self.damaged],
            "unknown": [unknown._asdict() for unknown in self.unknown],
        }


def examine(library: Library, *, catalog_failure: str | None = None) -> Report:
    """Of a library that has been refreshed."""
    entries = library.entries()
    numbers = {entry.number for entry in entries}
    versions = library.catalog.versions_of(numbers)
    unfinished = _unfinished(library.findings.files)
    by_version = Counter(version for told in versions.values() for version in told[-1:])
    return Report(
        {
            "codex-trace-tui": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()}",
        },
        _places(library.findings.roots, library.findings.files),
        len(entries),
        sum(entry.archived for entry in entries),
        sum(entry.compressed for entry in entries),
        library.strangers(),
        _sorted(Counter(entry.format for entry in entries)),
        dict(sorted(by_version.items(), key=lambda item: _as_numbers(item[0]), reverse=True)),
        [trouble for trouble in library.troubles() if unfinished.get(trouble.path) != 0],
        [damage for damage in _damaged(library, entries) if not damage.is_only_torn(unfinished)],
        _unknown(library, numbers, versions),
        _chains(grow(entries)),
        _catalog(library, catalog_failure),
        _terminal(),
    )


def _unfinished(files: list[Found]) -> dict[str, int]:
    """Sizes of files that somebody may be writing now: to be empty, or end in half a line, is no damage."""
    since = time.time_ns() - _JUST_NOW_NS
    return {file.path: file.size for file in files if file.mtime_ns >= since}


def _places(roots: list[str], files: list[Found]) -> list[Place]:
    places: list[Place] = []
    for root in roots:
        within = [file for file in files if is_within(file.path, root)]
        places.append(Place(root, len(within), sum(file.size for file in within)))
    return places


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _as_numbers(version: str) -> list[tuple[int, str]]:
    """``0.9.0`` before ``0.10.0``."""
    return [(int(part) if part.isdecimal() else -1, part) for part in version.replace("-", ".").split(".")]


def _damaged(library: Library, entries: list[Entry]) -> list[Damage]:
    hurt = {entry.number: entry for entry in entries if entry.problems}
    files = library.catalog.files_of(hurt)
    kinds: defaultdict[int, Counter[str]] = defaultdict(Counter)
    first: dict[int, tuple[int, str]] = {}
    for number, file, line, kind, detail in library.catalog.problems_of(hurt):
        kinds[number][kind] += 1
        first.setdefault(number, (file, f"line {line}: {detail}" if line else detail))
    damaged: list[Damage] = []
    for number, (file, words) in first.items():
        paths = files[number]
        path = paths[file] if file < len(paths) else paths[0]
        damaged.append(Damage(path, hurt[number].problems, dict(kinds[number]), words))
    return sorted(damaged)


def _unknown(library: Library, numbers: set[int], versions: dict[int, list[str]]) -> list[UnknownKind]:
    lines: Counter[str] = Counter()
    where: defaultdict[str, set[int]] = defaultdict(set)
    for number, kind, count in library.catalog.unknown_of(numbers):
        lines[kind] += count
        where[kind].add(number)
    return [
        UnknownKind(
            kind,
            count,
            len(where[kind]),
            sorted({version for number in where[kind] for version in versions[number]}, key=_as_numbers),
        )
        for kind, count in lines.most_common()
    ]


def _chains(forest: Forest) -> dict[str, int]:
    members = forest.members()
    odd = Counter(member.oddity for member in members if member.oddity is not None)
    return {
        "chains": sum(1 for head in forest.roots if head.children),
        "members": sum(1 for member in members if member.parent is not None),
        "parents_missing": odd[Oddity.ORPHAN],
        "cycles": odd[Oddity.CYCLE],
        "same_ids": odd[Oddity.IMPOSTOR],
        "copies": sum(len(member.copies) for member in members),
    }


def _catalog(library: Library, failure: str | None) -> dict[str, object]:
    catalog = library.catalog
    note = failure or catalog.note
    size = 0
    if catalog.path is not None:
        for ending in ("", "-wal"):
            try:
                size += os.stat(f"{catalog.path}{ending}").st_size
            except OSError:
                continue  # the log is not always there
    return {
        "path": printable_path(str(catalog.path)) if catalog.path is not None else None,
        "bytes": size,
        "sessions": catalog.query("SELECT count(*) FROM sessions")[0][0],
        "note": printable_path(note) if note is not None else None,
        "as_asked": note == AS_ASKED,
        "sqlite": sqlite3.sqlite_version,
    }


def _terminal() -> dict[str, object]:
    on_terminal = sys.stdout.isatty()
    colours = None
    if on_terminal:
        from trace_tui.printing.console import plain_console

        colours = plain_console().color_system
    return {
        "is_terminal": on_terminal,
        "width": page_width(),
        "term": os.environ.get("TERM"),
        "colours": colours,
        "no_color": bool(os.environ.get("NO_COLOR")),
        "encoding": getattr(sys.stdout, "encoding", None),
    }
