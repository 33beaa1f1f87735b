"""What a person may name: a session, and a place in it. Read here, found by the library.

A session is a path, an id or how it begins, or `latest`, `latest:.`, `latest:failed`. A place is written
behind it: `#turn=3`, `#call=call_…`, `#error=1`, or `:LINE` behind a path.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from typing import NamedTuple

from trace_tui.errors import Unusable

STDIN = "-"
LATEST = "latest"

_DIGITS = 9
_PLACE = re.compile(r"(turn|call|error|line)=(.+)")
_FILE_ENDINGS = (".jsonl", ".json", ".zst", ".gz")
_LINE = re.compile(r"(.+):(\d{1,9})")


class PlaceKind(StrEnum):
    TURN = "turn"
    CALL = "call"
    ERROR = "error"
    LINE = "line"


class PlaceName(NamedTuple):
    """A place within a session, as it is written behind the session's name."""

    kind: PlaceKind
    value: str

    @property
    def number(self) -> int:
        return int(self.value)


class Target(NamedTuple):
    session: str
    place: PlaceName | None = None

    @property
    def is_path(self) -> bool:
        return _is_file(self.session) or (_looks_like_a_path(self.session) and not self.is_latest)

    @property
    def is_latest(self) -> bool:
        return self.session == LATEST or self.session.startswith(LATEST + ":")


def read_target(words: str) -> Target:
    """What there is under that very name comes first: a path may hold any character."""
    if words == STDIN or _is_file(words):
        return Target(words)
    if (match := _LINE.fullmatch(words)) and _is_file(match[1]):
        return Target(match[1], PlaceName(PlaceKind.LINE, match[2]))
    session, sharp, place = words.rpartition("#")
    if sharp and session and not _looks_like_a_path(place):
        return Target(session, _place(place, words))
    return Target(words)


def _is_file(words: str) -> bool:
    """Anything that can be read: a pipe is as good as a file; a folder is no session."""
    return os.path.exists(words) and not os.path.isdir(words)


def _looks_like_a_path(words: str) -> bool:
    return os.sep in words or words.endswith(_FILE_ENDINGS)


def _place(words: str, whole: str) -> PlaceName:
    match = _PLACE.fullmatch(words)
    if match is None:
        raise Unusable(f"{whole}: after # write turn=3, call=ID, error=1 or line=12")
    kind = PlaceKind(match[1])
    if kind is not PlaceKind.CALL and not (match[2].isdecimal() and len(match[2]) <= _DIGITS):
        raise Unusable(f"{whole}: {kind}= wants a number")
    return PlaceName(kind, match[2])


def link(session: str, kind: PlaceKind, value: str | int) -> str:
    """How to name a place in a session, for people to copy."""
    return f"{session}#{kind}={value}"
