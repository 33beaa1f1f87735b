"""Opens the library that the command line names, with a word on how far it is where that takes long."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from trace_tui.library.library import Library
from trace_tui.printing.progress import progress


@contextmanager
def open_library(
    arguments: argparse.Namespace, places: Sequence[str | Path] | None = None
) -> Iterator[Library]:
    """Of the places that the command line names, where the command knows no better."""
    with ExitStack() as stack:
        with progress() as tell:

            def found(files: int) -> None:
                tell(f"looking for sessions: {files:,} files")

            roots = (arguments.root or ()) if places is None else places
            cached = not arguments.no_cache
            library = stack.enter_context(Library.open(roots, cached=cached, heard=found))
        yield library
