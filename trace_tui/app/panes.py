"""Which panes a terminal of some size has room for, and how they stand beside each other."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Pane(StrEnum):
    SESSIONS = "sessions"
    TIMELINE = "timeline"
    DETAIL = "detail"


ORDER = (Pane.SESSIONS, Pane.TIMELINE, Pane.DETAIL)
_THREE_FROM = 150
_TWO_FROM = 100
_STACKED_FROM = 60
_STACKED_LINES = 18


class Layout(NamedTuple):
    shown: tuple[Pane, ...]
    is_stacked: bool = False


def layout_for(width: int, height: int, focus: Pane, *, zoomed: bool) -> Layout:
    """All three side by side, two of them, two above each other, or the one that has the focus."""
    if zoomed:
        return Layout((focus,))
    if width >= _THREE_FROM:
        return Layout(ORDER)
    if width >= _TWO_FROM:
        return Layout(ORDER[:2] if focus is Pane.SESSIONS else ORDER[1:])
    if width >= _STACKED_FROM and height >= _STACKED_LINES and focus is not Pane.SESSIONS:
        return Layout(ORDER[1:], is_stacked=True)
    return Layout((focus,))
