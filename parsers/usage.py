"""Token counts as every format tells them."""

from __future__ import annotations

from typing import NamedTuple


class Usage(NamedTuple):
    """The five counts of one response, or of several added up; ``total`` is input + output."""

    input: int = 0
    cached_input: int = 0
    cache_write_input: int = 0
    output: int = 0
    reasoning_output: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output

    def plus(self, other: Usage) -> Usage:
        a, b, c, d, e = self
        f, g, h, i, j = other
        return Usage(a + f, b + g, c + h, d + i, e + j)

    def minus(self, other: Usage) -> Usage:
        return Usage(*(max(0, mine - theirs) for mine, theirs in zip(self, other, strict=True)))


NO_USAGE = Usage()

Digits = tuple[bytes, ...]
"""The five counts of a `Usage` as they are written: enough to compare, and quick to take from a line."""


def usage_of(digits: Digits) -> Usage:
    return Usage._make(map(int, digits))


def digits_of(usage: Usage) -> Digits:
    return tuple(b"%d" % count for count in usage)
