"""What the names of session files tell, and which of two copies of a file to read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath
from typing import NamedTuple

SESSION_FOLDERS = ("sessions", "archived_sessions")
"""In these a Codex home keeps its sessions: by day, and flat."""

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_NAME = re.compile(
    rf"rollout-(\d{{4}}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-({_UUID})(?:_({_UUID}))?\.jsonl(\.zst)?$"
)


class FileName(NamedTuple):
    """What the name of a session file says; the time is the local one of the machine that wrote it."""

    started: datetime
    thread_id: str
    segment: str | None
    compressed: bool


def read_name(name: str) -> FileName | None:
    match = _NAME.match(name)
    if match is None:
        return None
    day, hour, minute, second, thread_id, segment, suffix = match.groups()
    try:
        started = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second}+00:00")
    except ValueError:
        return None
    return FileName(started, thread_id.lower(), segment, suffix is not None)


def thread_named(name: str) -> str | None:
    """The id alone, for whoever looks at thousands of names."""
    match = _NAME.match(name)
    return match[5].lower() if match else None


def in_time(path: PurePath) -> tuple[datetime, str]:
    """Sorts the files of a thread, oldest first."""
    name = read_name(path.name)
    return (name.started if name else datetime.min.replace(tzinfo=UTC), path.name)


def stem(name: str) -> str:
    """Files of one stem are the same file, compressed or not."""
    return name.removesuffix(".zst")


def better_copy(known: PurePath, found: PurePath) -> PurePath:
    """Of two files of one stem: the plain one, else the one that is not archived."""
    if known.suffix == ".zst" and found.suffix != ".zst":
        return found
    if known.suffix != ".zst" and found.suffix == ".zst":
        return known
    archived = "archived_sessions" in known.parts and "archived_sessions" not in found.parts
    return found if archived else known
