"""Our two themes: calm, few colours, each with one meaning. Textual's own can be chosen as well."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

_DARK = Theme(
    name="trace-dark",
    dark=True,
    primary="#7aa2f7",
    secondary="#bb9af7",
    accent="#7dcfff",
    foreground="#c8d0e0",
    background="#14161c",
    surface="#1b1e26",
    panel="#3a4150",
    success="#8fc77f",
    warning="#e0b060",
    error="#ff6b73",
    variables={"cursor": "#2c3a58", "cursor-resting": "#20242e"},
)
_LIGHT = Theme(
    name="trace-light",
    dark=False,
    primary="#2457b3",
    secondary="#7a3fb0",
    accent="#00688b",
    foreground="#22262e",
    background="#fbfbf9",
    surface="#f1f1ee",
    panel="#b8bcc4",
    success="#2f7a2f",
    warning="#8f5e00",
    error="#c4202f",
    variables={"cursor": "#d3e0f8", "cursor-resting": "#ebedf0"},
)
THEMES = (_DARK, _LIGHT)


def cursors_of(theme: Theme) -> dict[str, str]:
    """The cursor's background where the keys go, and where they do not; for themes that are not ours."""
    if theme.ansi:
        return {"cursor": "ansi_default", "cursor-resting": "ansi_default"}
    ground = Color.parse(theme.background or ("#121212" if theme.dark else "#efefef"))
    return {
        "cursor": ground.blend(Color.parse(theme.primary), 0.3).hex,
        "cursor-resting": ground.blend(Color.parse(theme.primary), 0.1).hex,
    }
