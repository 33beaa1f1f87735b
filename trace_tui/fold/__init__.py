"""Events into a session, incrementally; `Fold` is the door."""

from trace_tui.fold.fold import Fold

__all__ = ["Fold"]
