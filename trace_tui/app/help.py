"""The page of keys, made from what is really bound, with a person's own keys in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.dom import DOMNode

from trace_tui.wording.cells import Line, fitted

if TYPE_CHECKING:
    from trace_tui.app.chain_screen import ChainScreen
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
    views: tuple[tuple[str, LineView], ...] = (
        ("In sessions", screen.sessions),
        ("In the timeline", screen.timeline),
        ("In the detail", screen.detail),
    )
    keys = [_bound(view) for _, view in views]
    shared = {key for key in keys[0] if all(_does(one, key) == _does(keys[0], key) for one in keys)}
    lines = _section("In every pane", {key: bound for key, bound in keys[0].items() if key in shared})
    lines += _section("Anywhere", _bound(screen))
    for (title, _), own in zip(views, keys, strict=True):
        lines += _section(title, {key: bound for key, bound in own.items() if key not in shared})
    return lines[:-1]


def chain_help_lines(screen: ChainScreen) -> list[Line]:
    return [*_section("In the chain", _bound(screen)), *_section("In every pane", _bound(screen.view))][:-1]


def _bound(node: DOMNode) -> dict[str, list[Binding]]:
    """With the keys that a person has chosen where ours would stand."""
    own = node._bindings
    order = [binding.id for bindings in own.key_to_bindings.values() for binding in bindings]
    chosen = own.copy()
    chosen.apply_keymap(node.app._keymap)
    bound = sorted(chosen.key_to_bindings.items(), key=lambda one: order.index(one[1][0].id))
    return dict(bound)


def _does(bindings: dict[str, list[Binding]], key: str) -> list[str]:
    return [binding.description for binding in bindings.get(key, [])]


def _told(bindings: dict[str, list[Binding]]) -> dict[str, str]:
    """Keys by what they do."""
    told: dict[str, dict[str, None]] = {}
    for key, bound in bindings.items():
        for binding in bound:
            if binding.description and binding.id is not None:  # what is not ours has none
                told.setdefault(binding.description, {})[_SIGNS.get(key, key)] = None
    return {words: " ".join(keys) for words, keys in told.items()}


def _section(title: str, bindings: dict[str, list[Binding]]) -> list[Line]:
    keys = _told(bindings)
    rows: list[Line] = [
        [(f" {fitted(told, _KEY_WIDTH)} ", "cyan"), (words, "")] for words, told in keys.items()
    ]
    return [[(title, "bold")], *rows, []] if rows else []
