"""Who writes a session right now, as far as the system tells: nobody is called dead for being silent.

Linux tells which process has a file open. Elsewhere, and where other people's processes can't be looked
into, all that is known is when the file was written to last.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

_RECENT_MS = 15_000
"""A file written to so short a while ago belongs to somebody at work, seen or not."""


class Pulse(StrEnum):
    RUNNING = "running"
    QUIET = "quiet"
    """Nothing has been written for a while, and nobody can say whether something will be."""
    INTERRUPTED = "interrupted"
    """Its turn is open and no process has the file open."""


class Writers(NamedTuple):
    """Which processes have which files open."""

    pids: dict[str, int]
    is_certain: bool
    """Every process that might have one open could be looked into."""


def writers_of(paths: Collection[str]) -> Writers:
    if not sys.platform.startswith("linux") or not paths:
        return Writers({}, False)
    wanted = {os.path.realpath(path): path for path in paths}
    owners = {owner for path in paths if (owner := _owner(path)) is not None}
    found: dict[str, int] = {}
    is_certain = True
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return Writers({}, False)
    for number in numbers:
        if int(number) == os.getpid():
            continue
        folder = f"/proc/{number}/fd"
        try:
            descriptors = os.listdir(folder)
        except PermissionError:
            # Another person's process can't write this file, unless it is root's.
            is_certain = is_certain and _owner(f"/proc/{number}") not in owners | {0}
            continue
        except OSError:
            continue  # it has just ended
        for descriptor in descriptors:
            try:
                target = os.readlink(f"{folder}/{descriptor}")
            except OSError:
                continue
            if target in wanted and _is_for_writing(number, descriptor):
                found[wanted[target]] = int(number)
    return Writers(found, is_certain)


def pulse_of(path: str, written_ms: int, now_ms: int, writers: Writers) -> Pulse:
    """Of a session whose last turn is open."""
    if path in writers.pids or now_ms - written_ms < _RECENT_MS:
        return Pulse.RUNNING
    return Pulse.INTERRUPTED if writers.is_certain else Pulse.QUIET


def _is_for_writing(process: str, descriptor: str) -> bool:
    """Whoever only reads it, in a pager or here, is no writer."""
    try:
        with open(f"/proc/{process}/fdinfo/{descriptor}", encoding="ascii") as file:
            flags = next((line for line in file if line.startswith("flags:")), "flags: 1")
    except OSError:
        return True  # it may be one
    return int(flags.split()[1], 8) & (os.O_WRONLY | os.O_RDWR) != 0


def _owner(path: str) -> int | None:
    try:
        return os.stat(path).st_uid
    except OSError:
        return None
