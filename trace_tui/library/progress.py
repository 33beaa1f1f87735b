"""How far a scan is, for whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Progress(NamedTuple):
    threads: int
    of_threads: int
    bytes: int
    of_bytes: int


Listener = Callable[[Progress], None]
