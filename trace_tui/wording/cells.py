"""Text in columns of a terminal, where a character may take two cells or none."""

from __future__ import annotations

import re

Part = tuple[str, str]
"""A piece of a line, and the style it has on a terminal."""
Line = list[Part]

_NARROW = re.compile(
    "[ -~\u00a0-\u02ff\u2010-\u2027\u2039\u203a\u2190-\u2193\u21a9\u21b3\u21b6\u21bb\u2200-\u22ff\u23ce"
    "\u2500-\u259f\u25a0\u25b8\u25be\u2713\u2717]*"
)
"""Characters that take one cell each, our own signs among them: no wide ones, and none that joins the one
before it."""
_IDLE_JOINER = re.compile("\u200d(?=[ -~]|$)|(?<=[ -~])\u200d")
"""Beside plain letters a joiner joins nothing, and yet is measured as if it did."""


def is_plain(text: str) -> bool:
    return text.isascii() or _NARROW.fullmatch(text) is not None


def fitted(text: str, width: int) -> str:
    """Exactly ``width`` cells, with an ellipsis where something was cut."""
    if width <= 0:
        return ""
    if is_plain(text):  # nearly all, and a list has thousands
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
    from rich.cells import cell_len, set_cell_size  # only for what is not plain ASCII

    text = _IDLE_JOINER.sub("", text)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    # What is cut anyway need not be measured; and few characters take no cell at all.
    return set_cell_size(text[: 2 * width], width - 1).rstrip("\u200d") + "…"


def right(text: str, width: int) -> str:
    """The same, set at the right."""
    if len(text) <= width and is_plain(text):
        return text.rjust(width)
    return " " * (width - cells(text)) + text if cells(text) <= width else fitted(text, width)


def cells(text: str) -> int:
    """How wide a text is."""
    if is_plain(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def width_of(line: Line) -> int:
    return sum([cells(text) for text, _ in line])


_FAILURES = re.compile("✗[0-9,]*")


def failures_in_red(words: str, style: str) -> Line:
    """The number of failures stands out, and nothing else."""
    line: Line = []
    done = 0
    for match in _FAILURES.finditer(words):
        line += [(words[done : match.start()], style), (match[0], "bold red")]
        done = match.end()
    return [piece for piece in [*line, (words[done:], style)] if piece[0]]


def cut(line: Line, width: int) -> Line:
    """As much of a line as fits, with an ellipsis where something was cut."""
    told: Line = []
    for text, style in line:
        if cells(text) > width:
            return [*told, (fitted(text, width), style)]
        told.append((text, style))
        width -= cells(text)
    return told


def folded(facts: list[str], width: int) -> list[str]:
    """Facts beside each other, on as many lines as it takes to keep each whole."""
    lines: list[str] = []
    for fact in facts:
        if lines and cells(lines[-1]) + 3 + cells(fact) <= width:
            lines[-1] += f" · {fact}"
        else:
            lines.append(fact)
    return lines


_ASCII_SIGNS = str.maketrans(
    "⏎▐✓✗⊘■…·›‹└█‖×–−▌░▸▾│┌├─▁▏↳↩↶⋯“”‘’—•→←↑↓▄↻",
    "<#+x#!~.><`#|x--|.>v|/|-_|><<~\"\"''-*><^v=@",
)


def in_ascii(text: str) -> str:
    """Our own signs by others, and anything else that ASCII has no sign for as question marks."""
    if text.isascii():
        return text
    shown = text.translate(_ASCII_SIGNS)
    return shown if shown.isascii() else "".join([_as_ascii(sign) for sign in shown])


def _as_ascii(sign: str) -> str:
    return sign if sign.isascii() else "?" * cells(sign)
