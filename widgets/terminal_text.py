"""What is left of terminal control in a text: lines as a terminal would show them, colours as style words.

Everything else that a text tells a terminal vanishes here or becomes a visible character, so that rows of it
can be cut at any place and made safe one by one.
"""

from __future__ import annotations

import re
from itertools import accumulate

from trace_tui.widgets.painted_text import Runs
from trace_tui.widgets.terminal_colours import Colours
from trace_tui.wording.cells import Line

_ESCAPE = re.compile(
    r"(\x1b(?:"
    r"\[[0-?]*+[ -/]*+[@-~]"  # control sequences, colours among them
    r"|[\]PX^_][^\x07\x1b\n]*+(?:\x07|\x1b\\)"  # strings: titles, links, clipboards
    r"|[ -/]++[0-~]"
    r"|[0-OQ-WYZ\\`-~]"
    r"))"
)
_COLOUR = re.compile(r"\x1b\[[0-9;:]*+m")
_ERASED = re.compile(r"\x1b\[[0-2]?[JK]")
_ESCAPE_SHOWN = "\u241b"
_TAB_IN_OUTPUT = 8
_TAB_IN_TEXT = 4


def plain_text(text: str) -> str:
    """Escape sequences vanish, carriage returns are line breaks, tabs are blanks."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text).replace("\x1b", _ESCAPE_SHOWN)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.expandtabs(_TAB_IN_TEXT).rstrip("\n")


def literal_line(text: str) -> str:
    """One line in which every character counts: control becomes visible."""
    text = text.replace("\x1b", _ESCAPE_SHOWN).replace("\r", "\u240d").replace("\n", "\u240a")
    return text.expandtabs(_TAB_IN_TEXT)


class TerminalText:
    """What a program printed, with its colours."""

    def __init__(self, printed: str) -> None:
        printed = _written_over(printed).rstrip("\n")
        self._runs = Runs()
        if "\x1b" in printed:
            pieces = _ESCAPE.split(printed)
            texts = _with_blanks(pieces[::2]) if "\t" in printed else pieces[::2]
            self._paint(texts, pieces[1::2])
            self.text = "".join(texts).rstrip("\n").replace("\x1b", _ESCAPE_SHOWN)
        else:
            self.text = printed.expandtabs(_TAB_IN_OUTPUT) if "\t" in printed else printed

    def parts(self, start: int, end: int) -> Line:
        return self._runs.parts(self.text, start, end)

    def _paint(self, texts: list[str], escapes: list[str]) -> None:
        """Colours go on over line ends."""
        colours = Colours()
        for at, escape in zip(accumulate(map(len, texts)), escapes, strict=False):
            self._runs.begin(at, colours.after(escape))


def _with_blanks(texts: list[str]) -> list[str]:
    """Instead of tabs, up to the columns that they reach without the escape sequences between the texts."""
    expanded: list[str] = []
    column = 0
    for text in texts:
        blanks = (" " * column + text).expandtabs(_TAB_IN_OUTPUT)[column:] if "\t" in text else text
        line_start = blanks.rfind("\n") + 1
        column = (len(blanks) - line_start + (0 if line_start else column)) % _TAB_IN_OUTPUT
        expanded.append(blanks)
    return expanded


def _written_over(text: str) -> str:
    """Progress bars as they were at last."""
    if "\r" not in text:
        return text
    text = text.replace("\r\n", "\n")
    if "\r" not in text:
        return text
    return "\n".join([_last_state(line) if "\r" in line else line for line in text.split("\n")])


def _last_state(line: str) -> str:
    """Read backwards: what was written earlier is seen only where it reached further."""
    writings = line.split("\r")
    seen: list[str] = []
    covered = 0
    last = len(writings)
    for index in range(len(writings) - 1, -1, -1):
        writing = writings[index]
        visible = _ESCAPE.sub("", writing)
        if len(visible) > covered:
            seen.append(visible[covered:] if seen else writing)
            last = last if len(seen) > 1 else index
            covered = len(visible)
        if _ERASED.search(writing):
            break
    return _colours_in(writings[:last]) + "".join(seen) + _colours_in(writings[last + 1 :])


def _colours_in(writings: list[str]) -> str:
    return "".join([colour for writing in writings for colour in _COLOUR.findall(writing)])
