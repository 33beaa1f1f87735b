"""What the command line asks of the app."""

from __future__ import annotations

from dataclasses import dataclass

from trace_tui.library.glance import NOTHING, Glance
from trace_tui.targets import LATEST, Target

NEWEST = Target(LATEST)
TERMINATED = 143
OPEN_DEMO = 200
"""Leaves to be started again, with the demo."""


@dataclass(frozen=True)
class Start:
    """What the command line asked for."""

    roots: tuple[str, ...] = ()
    cached: bool = True
    target: Target = NEWEST
    failed: bool = False
    """Stand on the first failure."""
    glance: Glance = NOTHING
    theme: str = "trace-dark"
    ascii: bool = False
    bell: bool = False
    """Ring when the open session ends."""
    keys: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    """What the person should know of their settings."""
