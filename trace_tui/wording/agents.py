"""The letter and hue by which each agent of a chain is known, the same wherever it is spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from trace_tui.library.chains import Member

_SINGLE = ascii_uppercase + ascii_lowercase
_HUES = ("cyan", "magenta", "yellow", "blue", "green")
"""Never red: that is failure."""
_NEVER = 1 << 62


class Badge(NamedTuple):
    letter: str
    style: str
    """The hue alone, to be joined with what else is to be said: ``bold``, ``dim``."""


def badge_of(members: Sequence[Member]) -> dict[str, Badge]:
    """By the keys of a chain's members, the first of which is its head, ``A``.

    The others come in the order in which they began: whoever joins later takes nobody's letter.
    """
    later = sorted(members[1:], key=lambda member: (member.entry.started_at or _NEVER, member.entry.key))
    return {member.entry.key: badge_at(place) for place, member in enumerate([*members[:1], *later])}


def badge_at(place: int) -> Badge:
    return Badge(_letter(place), _HUES[place % len(_HUES)])


def aligned(badges: dict[str, Badge]) -> dict[str, Badge]:
    """All letters as wide as the widest, for columns."""
    widest = max((len(badge.letter) for badge in badges.values()), default=0)
    return {key: badge._replace(letter=badge.letter.ljust(widest)) for key, badge in badges.items()}


def _letter(place: int) -> str:
    """``A`` to ``Z``, ``a`` to ``z``, then ``AA``, ``AB`` and so on."""
    if place < len(_SINGLE):
        return _SINGLE[place]
    number = place - len(_SINGLE) + len(ascii_uppercase) + 1
    letters = ""
    while number:
        number, last = divmod(number - 1, len(ascii_uppercase))
        letters = ascii_uppercase[last] + letters
    return letters
