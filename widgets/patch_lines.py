"""Lines of a patch: what each file came to, and which words changed in lines that took each other's place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import accumulate

from trace_tui.widgets.blocks import FileChange, Patch
from trace_tui.widgets.terminal_text import literal_line
from trace_tui.wording.cells import Line
from trace_tui.wording.words import count

_SIGNS = ("+", "-", " ", "@", "\\")
"""The last one stands before a remark on the line above it; lines without a sign are shown as unchanged."""
_STYLES = {"+": "added", "-": "removed"}
_WORD_STYLES = {"+": "added word", "-": "removed word"}
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_LEAST_SHARED = 0.3
"""Lines with less in common are other lines: marks all over them would say nothing."""
_MOST_COMPARED = 40_000
"""Tokens of one line times those of the other."""

Span = tuple[int, int]


def summary_line(patch: Patch) -> Line:
    """What all files came to."""
    lines = [line for change in patch.changes for line in change.lines]
    return [(count(len(patch.changes), "file"), ""), *_counts(lines)]


def title_line(change: FileChange) -> Line:
    what = f"move {change.path} → {change.moved_to}" if change.moved_to else f"{change.action} {change.path}"
    return [(what, "bold"), *_counts(change.lines)]


def _counts(lines: Sequence[str]) -> Line:
    signs = Counter([line[:1] for line in lines])
    counts: Line = []
    if signs["+"]:
        counts.append((f"+{signs['+']:,}", "added"))
    if signs["-"]:
        counts.append((f"−{signs['-']:,}", "removed"))
    gaps = ("  ", " ")
    return [part for gap, told in zip(gaps, counts, strict=False) for part in ((gap, ""), told)]


class PatchText:
    """The lines of one file without their signs; words are compared when a line is asked for."""

    def __init__(self, lines: Sequence[str]) -> None:
        signed = [line if line[:1] in _SIGNS else f" {line}" for line in lines]
        self._signs = [line[0] for line in signed]
        self._lines = [literal_line(line[1:]) for line in signed]
        self._starts = list(accumulate((len(line) + 1 for line in self._lines), initial=0))
        self._partners = _partners(self._signs)
        self.text = "\n".join(self._lines)

    def whole(self) -> str:
        return "\n".join([sign + line for sign, line in zip(self._signs, self._lines, strict=True)])

    def sign_at(self, start: int) -> tuple[str, str]:
        """The sign of the line that stands there, and its style."""
        sign = self._signs[self._index(start)]
        return sign, _STYLES.get(sign, "dim")

    def parts(self, start: int, end: int) -> Line:
        index = self._index(start)
        sign = self._signs[index]
        style, word_style = _STYLES.get(sign, "dim"), _WORD_STYLES.get(sign, "dim")
        first = self._starts[index]
        parts: Line = []
        for begin, stop in self._changed_words(index):
            begin, stop = max(begin + first, start), min(stop + first, end)
            if begin < stop:
                parts += [(self.text[start:begin], style), (self.text[begin:stop], word_style)]
                start = stop
        parts.append((self.text[start:end], style))
        return [part for part in parts if part[0]]

    def _index(self, start: int) -> int:
        return min(bisect_right(self._starts, start), len(self._lines)) - 1

    def _changed_words(self, index: int) -> tuple[Span, ...]:
        partner = self._partners.get(index)
        if partner is None:
            return ()
        if self._signs[index] == "-":
            return changed_words(self._lines[index], self._lines[partner])[0]
        return changed_words(self._lines[partner], self._lines[index])[1]


def _partners(signs: list[str]) -> dict[int, int]:
    """Lines that took each other's place: of removed ones and the added ones right behind, one by one."""
    partners: dict[int, int] = {}
    index = 0
    while index < len(signs):
        removed = _run_end(signs, index, "-")
        added = _run_end(signs, removed, "+")
        for old, new in zip(range(index, removed), range(removed, added), strict=False):
            partners[old], partners[new] = new, old
        index = max(added, index + 1)
    return partners


def _run_end(signs: list[str], index: int, sign: str) -> int:
    while index < len(signs) and signs[index] == sign:
        index += 1
    return index


@lru_cache(maxsize=256)
def changed_words(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where words differ, in the old line and in the new one; nothing where nearly all of them do."""
    if len(old) * len(new) > 100 * _MOST_COMPARED:  # too many tokens in any case
        return (), ()
    ours, theirs = _TOKEN.findall(old), _TOKEN.findall(new)
    if not ours or not theirs or len(ours) * len(theirs) > _MOST_COMPARED:
        return (), ()
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    kept = [word for at, _, size in matcher.get_matching_blocks() for word in ours[at : at + size]]
    if 2 * _words_in(kept) < _LEAST_SHARED * (_words_in(ours) + _words_in(theirs)):
        return (), ()
    operations = [operation for operation in matcher.get_opcodes() if operation[0] != "equal"]
    return (
        _spans(ours, [(begin, end) for _, begin, end, _, _ in operations]),
        _spans(theirs, [(begin, end) for _, _, _, begin, end in operations]),
    )


def _words_in(tokens: list[str]) -> int:
    return sum(not token.isspace() for token in tokens)


def _spans(tokens: list[str], changed: list[Span]) -> tuple[Span, ...]:
    starts = list(accumulate(map(len, tokens), initial=0))
    return tuple((starts[begin], starts[end]) for begin, end in changed if begin < end)
