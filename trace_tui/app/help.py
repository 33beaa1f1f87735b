"""The page of keys, made from what is really bound, with a person's own keys in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from trace_tui.wording.cells import Line, fitted

if TYPE_CHECKING:
    from trace_tui.app.main_screen import MainScreen
    from trace_tui.widgets.line_view import LineView

_KEY_WIDTH = 18
_SIGNS = {
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def help_lines(screen: MainScreen) -> list[Line]:
    """Keys by where they work; those of all lists first."""
    lines: list[Line] = []
    everywhere = _told(screen._bindings.key_to_bindings)
    moving: dict[str, str] = {}
    for title, view in (
        ("sessions", screen.sessions),
        ("timeline", screen.timeline),
        ("detail", screen.detail),
    ):
        own = _told(view._bindings.key_to_bindings)
        shared = {words: keys for words, keys in own.items() if words in _words_of_all(screen)}
        moving |= shared
        lines += _section(f"In {title}", {words: keys for words, keys in own.items() if words not in shared})
    return [*_section("In every pane", moving), *_section("Anywhere", everywhere), *lines][:-1]


def _words_of_all(screen: MainScreen) -> set[str]:
    views: tuple[LineView, ...] = (screen.sessions, screen.timeline, screen.detail)
    told = [set(_told(view._bindings.key_to_bindings)) for view in views]
    return set.intersection(*told)


def _told(bindings: dict[str, list[Binding]]) -> dict[str, str]:
    """Keys by what they do."""
    told: dict[str, list[str]] = {}
    for key, bound in bindings.items():
        for binding in bound:
            if binding.description and binding.id is not None:  # what is not ours has none
                told.setdefault(binding.description, []).append(_SIGNS.get(key, key))
    return {words: " ".join(keys) for words, keys in told.items()}


def _section(title: str, keys: dict[str, str]) -> list[Line]:
    if not keys:
        return []
    rows: list[Line] = [
        [(f" {fitted(told, _KEY_WIDTH)} ", "cyan"), (words, "")] for words, told in keys.items()
    ]
    return [[(title, "bold")], *rows, []]
