"""A fold put away and taken up again, so that a grown file costs only its growth.

What is stored is ours alone and may be thrown away at any time. Reading it makes nothing but the classes a
fold is built of, whatever the bytes say.
"""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Callable
from typing import Any

from trace_tui.fold.fold import Fold

_OURS = (
    "trace_tui.fold.",
    "trace_tui.model",
    "trace_tui.kinds",
    "trace_tui.relatives",
    "trace_tui.parsers.agent_replies",
    "trace_tui.parsers.events",
    "trace_tui.parsers.formats",
    "trace_tui.parsers.injected",
    "trace_tui.parsers.usage",
)
_OTHERS = frozenset(
    {
        ("array", "_array_reconstructor"),
        ("array", "array"),
        ("builtins", "set"),
        ("collections", "Counter"),
        ("collections", "deque"),
        ("copyreg", "__newobj__"),
    }
)
_QUICK = 1
"""zlib's lowest level: a fifth of the size, at a cost that does not show beside the folding."""


class StaleState(Exception):
    """What was stored is no fold of this program; fold from the start."""


def save(fold: Fold) -> bytes:
    """The fold as it stands, without whoever listens to it."""
    listener, fold.on_response = fold.on_response, None
    try:
        return zlib.compress(pickle.dumps(fold, protocol=5), _QUICK)
    finally:
        fold.on_response = listener


def restore(data: bytes) -> Fold:
    try:
        fold = _Restorer(io.BytesIO(zlib.decompress(data))).load()
    except (zlib.error, pickle.UnpicklingError, EOFError, AttributeError, TypeError, ValueError) as problem:
        raise StaleState(str(problem)) from problem
    if not isinstance(fold, Fold):
        raise StaleState(f"a {type(fold).__name__} where a fold belongs")
    return fold


class _Restorer(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        ours = module.startswith(_OURS) and "." not in name
        if not ours and (module, name) not in _OTHERS:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a fold")
        found: Callable[..., Any] = super().find_class(module, name)
        if ours and not isinstance(found, type):
            raise pickle.UnpicklingError(f"{module}.{name} is no class")
        return found
