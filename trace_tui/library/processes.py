"""A scan spread over several processes, which end by themselves when the one that started them is gone."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from pathlib import Path

from trace_tui.interrupts import uninterrupted
from trace_tui.library import scanning
from trace_tui.library.catalog import Catalog
from trace_tui.library.finding import ThreadFiles

Batch = list[ThreadFiles]


def scan_in_processes(
    path: Path, batches: list[Batch], processes: int, done: Callable[[Batch], None]
) -> list[Batch]:
    """The batches that are left over because a process died of one."""
    _start_helper()
    with ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context(_way_to_start()),
        initializer=_begin_work,
        initargs=(path,),
    ) as pool:
        waiting: dict[Future[None], Batch] = {}
        try:
            with uninterrupted():  # half a pool can neither work nor be ended
                waiting = {pool.submit(_work, batch): batch for batch in batches}
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    future.result()
                    done(waiting.pop(future))
        except BrokenProcessPool:
            return list(waiting.values())
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return []


def _start_helper() -> None:
    """Python's own helper of processes is given our standard error: the real one.

    Whoever draws a screen has put something else in its place, which is no file.
    """
    drawn_on = sys.stderr
    sys.stderr = sys.__stderr__
    try:
        resource_tracker.ensure_running()
    finally:
        sys.stderr = drawn_on


def _way_to_start() -> str:
    """Forked processes need not import everything again, but no other thread may be at work meanwhile."""
    alone = sys.platform == "linux" and threading.active_count() == 1
    return "fork" if alone else "spawn"


_catalog: Catalog
"""A worker's own connection."""


def _begin_work(path: Path) -> None:
    global _catalog
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us hears it, and stops us between batches
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()  # folding makes no cycles
    _catalog = Catalog.open(path)
    if _catalog.note is not None:  # what a worker kept in its own memory would be lost
        raise OSError(_catalog.note)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(batch: Batch) -> None:
    scanning.scan_batch(_catalog, batch)
