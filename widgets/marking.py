"""Marks what was searched for in a line."""

from __future__ import annotations

from trace_tui.wording.cells import Line


def marked(line: Line, words: str, style: str = "hit") -> Line:
    """The line with every place where the words stand in the style of a hit."""
    spans = _spans("".join(text for text, _ in line), words)
    if not spans:
        return line
    told: Line = []
    at = 0
    for text, own in line:
        told += _cut(text, own, style, [(start - at, end - at) for start, end in spans])
        at += len(text)
    return told


def _spans(text: str, words: str) -> list[tuple[int, int]]:
    """Where the words stand; capitals count only where they were asked for."""
    folded = text if words != words.lower() else text.lower()
    if len(folded) != len(text):  # a letter whose small form is two
        folded = text
    spans: list[tuple[int, int]] = []
    start = folded.find(words)
    while words and start >= 0:
        spans.append((start, start + len(words)))
        start = folded.find(words, start + len(words))
    return spans


def _cut(text: str, own: str, style: str, spans: list[tuple[int, int]]) -> Line:
    pieces: Line = []
    done = 0
    for start, end in spans:
        start, end = max(start, done), min(end, len(text))
        if start >= end:
            continue
        pieces += [(text[done:start], own), (text[start:end], style)]
        done = end
    pieces.append((text[done:], own))
    return [piece for piece in pieces if piece[0]]
