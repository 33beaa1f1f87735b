"""Keeps Python's collector of cycles from looking through a hundred thousand steps while keys are pressed.

A look at everything that a large session holds takes a quarter of a second, and finds nothing: reading makes
no cycles.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected meanwhile, and what is there afterwards is never looked through again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
