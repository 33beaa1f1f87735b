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

_PLACE = re.compile(r"(turn|call|error|line)=(.+)")
_FILE_ENDINGS = (".jsonl", ".json", ".zst", ".gz")
_LINE = re.compile(r"(.+):(\d+)")


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
        if os.path.exists(self.session):
            return True
        looks_like_one = os.sep in self.session or self.session.endswith(_FILE_ENDINGS)
        return looks_like_one and not self.is_latest

    @property
    def is_latest(self) -> bool:
        return self.session == LATEST or self.session.startswith(LATEST + ":")


def read_target(words: str) -> Target:
    """What there is under that very name comes first: a path may hold any character."""
    if words == STDIN or os.path.exists(words):
        return Target(words)
    session, sharp, place = words.rpartition("#")
    if sharp and session:
        return Target(session, _place(place, words))
    if (match := _LINE.fullmatch(words)) and os.path.exists(match[1]):
        return Target(match[1], PlaceName(PlaceKind.LINE, match[2]))
    return Target(words)


def _place(words: str, whole: str) -> PlaceName:
    match = _PLACE.fullmatch(words)
    if match is None:
        raise Unusable(f"{whole}: after # write turn=3, call=ID, error=1 or line=12")
    kind = PlaceKind(match[1])
    if kind is not PlaceKind.CALL and not match[2].isdecimal():
        raise Unusable(f"{whole}: {kind}= wants a number")
    return PlaceName(kind, match[2])


def link(session: str, kind: PlaceKind, value: str | int) -> str:
    """How to name a place in a session, for people to copy."""
    return f"{session}#{kind}={value}"
