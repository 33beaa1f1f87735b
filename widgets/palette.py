"""Style words as the terminal shows them: the one place where a theme's colours meet our words.

Everywhere else a style is a word or a few: ``dim``, ``bold red``, ``added``. Red, green, yellow, cyan, blue
and magenta are the theme's own error, success, warning, accent, primary and secondary colours.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.errors import StyleSyntaxError
from rich.style import Style

_COLOURS = {
    "red": "text-error",
    "green": "text-success",
    "yellow": "text-warning",
    "cyan": "text-accent",
    "blue": "text-primary",
    "magenta": "text-secondary",
}
"""Theme variables by the colour words that our styles use."""

_NAMED = {
    "added": "green",
    "removed": "red",
    "added word": "bold underline green",
    "removed word": "bold underline red",
    "hit": "reverse yellow",
    "hit here": "bold reverse green",
    "code keyword": "magenta",
    "code string": "green",
    "code number": "cyan",
    "code name": "blue",
    "code comment": "dim italic",
    "heading": "bold",
    "link": "underline",
}


class Palette:
    """Turns style words into styles, and remembers them."""

    def __init__(self, theme: Mapping[str, str], *, ascii: bool = False) -> None:
        """``theme`` is the app's theme variables; with ``ascii`` the terminal has no other signs."""
        self.ascii = ascii
        self._colours = {word: _colour(theme.get(variable, ""), word) for word, variable in _COLOURS.items()}
        self._known: dict[str, Style] = {}

    def style(self, words: str) -> Style:
        known = self._known.get(words)
        if known is None:
            known = self._known[words] = self._made(_NAMED.get(words, words))
        return known

    def _made(self, words: str) -> Style:
        own = " ".join(self._colours.get(word, word) for word in words.split())
        try:
            return Style.parse(own)
        except StyleSyntaxError:
            return Style.null()


def _colour(value: str, word: str) -> str:
    """A theme's colour as Rich writes it; where the theme has the terminal's own, the one of that name."""
    if value.startswith("ansi_"):
        return word
    plain = value.partition(" ")[0]  # Textual may give a share of a colour behind a blank
    return plain if plain.startswith("#") else "default"
