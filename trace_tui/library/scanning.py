"""Brings the catalog up to date with the files: threads that are new or have changed are folded again.

Newest first, and a few threads at a time: each batch is kept in one transaction, by whichever process folded
it. Whoever stops a scan loses nothing of the batches before. Large scans are spread over `processes`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from trace_tui.library.catalog import Catalog
from trace_tui.library.finding import ThreadFiles
from trace_tui.library.indexing import Heard, index
from trace_tui.library.progress import Listener, Progress

_BATCH_BYTES = 4 << 20
_BATCH_THREADS = 64
_WORTH_PROCESSES = 48 << 20
"""Starting two processes costs as much as folding some 20 MB."""
_MOST_PROCESSES = 8


Batch = list[ThreadFiles]


def scan(catalog: Catalog, threads: Sequence[ThreadFiles], listener: Listener | None = None) -> None:
    """Folds these threads and keeps what is known of them, in this order."""
    batches = list(_batches(threads))
    tally = _Tally(threads, listener)
    processes = min(_processors(), _MOST_PROCESSES, len(batches))
    if catalog.path is not None and processes > 1 and tally.of_bytes >= _WORTH_PROCESSES:
        from trace_tui.library.processes import scan_in_processes  # slow to import, and seldom needed

        with catalog.released() as path:
            batches = scan_in_processes(path, batches, processes, tally.done)
    for batch in batches:
        scan_batch(catalog, batch, tally.read)
        tally.done(batch)


def scan_batch(catalog: Catalog, batch: Batch, heard: Heard | None = None) -> None:
    # All folding, then all keeping: others wait for the catalog only while rows are written.
    indexed = [index(thread, catalog.earlier(thread), heard) for thread in batch]
    catalog.keep(indexed)


class _Tally:
    """Tells whoever listens how far it is."""

    def __init__(self, threads: Sequence[ThreadFiles], listener: Listener | None) -> None:
        self.of_threads = len(threads)
        self.of_bytes = sum(thread.size for thread in threads)
        self._threads = 0
        self._bytes = 0
        self._listener = listener

    def done(self, batch: Batch) -> None:
        self._threads += len(batch)
        self._bytes += sum(thread.size for thread in batch)
        self.read(0)

    def read(self, taken: int) -> None:
        """So many bytes of a thread that is not done yet."""
        if self._listener is not None:
            self._listener(Progress(self._threads, self.of_threads, self._bytes + taken, self.of_bytes))


def _batches(threads: Sequence[ThreadFiles]) -> Iterator[Batch]:
    batch: Batch = []
    size = 0
    for thread in threads:
        batch.append(thread)
        size += thread.size
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_THREADS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _processors() -> int:
    """Those this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
