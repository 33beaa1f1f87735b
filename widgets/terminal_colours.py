"""Colour sequences of terminals (SGR) as style words; `terminal_text` reads them in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_SEQUENCE = re.compile(r"\x1b\[([0-9;:]{0,64})m")
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_BRIGHT = ("bright_black", *_COLOURS[1:])
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 21: "underline"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",)}
_ORDER = ("bold", "dim", "italic", "underline", "reverse")


@dataclass(frozen=True, slots=True)
class _Look:
    attributes: frozenset[str] = frozenset()
    colour: str = ""
    ground: str = ""

    def words(self) -> str:
        colour, ground = self.colour, self.ground
        if not ground and "reverse" not in self.attributes:
            # On whatever ground the reader has: black might not be seen on it, nor white on another.
            colour = {"black": "dim", "bright_black": "dim", "white": ""}.get(colour, colour)
        words = [word for word in _ORDER if word in self.attributes and word != colour]
        return " ".join([*words, *([colour] if colour else []), *(["on", ground] if ground else [])])


class Colours:
    """The look of what is printed next."""

    def __init__(self) -> None:
        self._looks = [_Look()]
        self._words = [""]
        self._now = 0
        self._numbers = {_Look(): 0}
        self._after: dict[tuple[int, str], int] = {}
        """Few sequences make all of a text: each is read once for each look it changes."""

    def after(self, sequence: str) -> str:
        """Style words once this sequence was printed; others than colours change nothing."""
        step = (self._now, sequence)
        known = self._after.get(step)
        if known is None:
            known = self._after[step] = self._numbered(_changed(self._looks[self._now], sequence))
        self._now = known
        return self._words[known]

    def _numbered(self, look: _Look) -> int:
        number = self._numbers.setdefault(look, len(self._looks))
        if number == len(self._looks):
            self._looks.append(look)
            self._words.append(look.words())
        return number


def _changed(look: _Look, sequence: str) -> _Look:
    match = _SEQUENCE.fullmatch(sequence)
    if match is None:
        return look
    codes = iter(_codes(match[1]))
    for code in codes:
        if code == 0:
            look = _Look()
        elif code in _ON:
            look = replace(look, attributes=look.attributes | {_ON[code]})
        elif code in _OFF:
            look = replace(look, attributes=look.attributes.difference(_OFF[code]))
        elif code in (38, 39) or 30 <= code <= 37 or 90 <= code <= 97:
            look = replace(look, colour=_colour(code, codes))
        elif code == 58:  # of the underline, which has none here
            _free_colour(codes)
        elif code in (48, 49) or 40 <= code <= 47 or 100 <= code <= 107:
            look = replace(look, ground=_colour(code - 10, codes))
    return look


def _codes(parameters: str) -> list[int]:
    """``38:2::1:2:3``, which newer programs write, is the same as ``38;2;1;2;3``."""
    codes: list[int] = []
    for parameter in parameters.split(";"):
        first, *rest = map(_number, parameter.split(":"))
        if first == 4 and rest:
            codes.append(4 if rest[0] else 24)
        elif rest[:1] == [2]:
            codes += [first, 2, *rest[-3:]]
        else:
            codes += [first, *rest]
    return codes


def _number(digits: str) -> int:
    return int(digits or 0) if len(digits) <= 3 else -1


def _colour(code: int, following: Iterator[int]) -> str:
    if code == 38:
        return _free_colour(following)
    if code == 39:
        return ""
    return _COLOURS[code - 30] if code < 90 else _BRIGHT[code - 90]


def _free_colour(following: Iterator[int]) -> str:
    """One of 256, or any: the numbers behind a 38."""
    kind = next(following, 0)
    if kind == 5:
        number = min(next(following, 0), 255)
        return (*_COLOURS, *_BRIGHT)[number] if number < 16 else f"color({number})"
    if kind == 2:
        red, green, blue = (min(next(following, 0), 255) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return ""
