"""Where the bytes of a session come from: a file, or standard input kept so that it can be read again."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trace_tui.errors import Unreadable
from trace_tui.parsers.containers import Unwrapped

_KEPT_IN_MEMORY = 64 << 20


@dataclass(slots=True)
class Source:
    """One file of a session; ``size`` is what it takes on disk."""

    path: str
    size: int
    open_raw: Callable[[], BinaryIO]

    def open(self) -> Unwrapped:
        """The content, unwrapped; raises `Unreadable` with a reason for people."""
        try:
            return Unwrapped(self.open_raw())
        except OSError as problem:
            raise Unreadable(f"{self.path}: {_words(problem)}") from problem

    @property
    def compressed(self) -> bool:
        return self.path.endswith((".zst", ".gz"))


def file_source(path: Path) -> Source:
    name = str(path)
    try:
        status = os.stat(name)
    except OSError as problem:
        raise Unreadable(f"{path}: {_words(problem)}") from problem
    if stat.S_ISDIR(status.st_mode):
        raise Unreadable(f"{path}: a folder; name one session file in it")
    if not stat.S_ISREG(status.st_mode):  # a pipe can be read only once
        with open(name, "rb") as stream:
            kept = stdin_source(stream)
        return Source(name, kept.size, kept.open_raw)
    return Source(name, status.st_size, lambda: open(name, "rb"))


def stdin_source(stream: BinaryIO) -> Source:
    """All of standard input, in memory while it is small, else in a file that vanishes with the program."""
    kept = stream.read(_KEPT_IN_MEMORY)
    rest = stream.read(1)
    if not rest:
        return Source("-", len(kept), lambda: io.BytesIO(kept))
    spool = tempfile.NamedTemporaryFile(prefix="codex-trace-", suffix=".jsonl")  # noqa: SIM115
    spool.write(kept)
    while rest:
        spool.write(rest)
        rest = stream.read(1 << 20)
    spool.flush()
    size = os.fstat(spool.fileno()).st_size

    def reopened() -> BinaryIO:
        return open(spool.name, "rb")

    return Source("-", size, reopened)


def _words(problem: OSError) -> str:
    return problem.strerror or str(problem)
