"""Events into a session, incrementally; `Fold` is the door."""

from trace_tui.fold.fold import Fold
from trace_tui.fold.saving import StaleState, restore, save

__all__ = ["Fold", "StaleState", "restore", "save"]
