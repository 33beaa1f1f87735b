"""What the catalog remembers, without looking whether it is still so: something to show at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from trace_tui.errors import CatalogFailed
from trace_tui.library.catalog import Catalog
from trace_tui.library.entries import Entry
from trace_tui.library.finding import codex_home, is_within
from trace_tui.library.opening import default_path

_MOST = 200


class Glance(NamedTuple):
    entries: list[Entry]
    """Newest first."""
    files: dict[int, list[str]]
    """Of each, by its number."""


NOTHING = Glance([], {})


def glance(roots: Sequence[str | Path] = ()) -> Glance:
    """The sessions of these roots that began last, as they were read last."""
    path = default_path()
    if not path.exists():
        return NOTHING
    places = [os.path.abspath(root) for root in roots or [codex_home()]]
    try:
        with Catalog.open(path) as catalog, catalog.failures():
            found = [entry for entry in catalog.entries(catalog.newest(_MOST)) if _is_in(entry, places)]
            found.sort(key=lambda entry: (entry.started_at or 0, entry.id or "", entry.key), reverse=True)
            return Glance(found, catalog.files_of([entry.number for entry in found]))
    except CatalogFailed:
        return NOTHING  # the library will find the same, and tells of it


def _is_in(entry: Entry, places: Sequence[str]) -> bool:
    return any(is_within(entry.home, place) for place in places)
