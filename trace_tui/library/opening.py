"""Opens the file that the catalog is in, and makes it what this version wants, whatever stood there."""

from __future__ import annotations

import os
import sqlite3
import time
from binascii import crc32
from pathlib import Path

from trace_tui import __version__
from trace_tui.library.schema import SCHEMA_VERSION, TABLES

MADE_BY = f"{__version__}/{SCHEMA_VERSION}/{crc32(TABLES.encode()):08x}"
"""Another version may read the same files in another way, so it makes its own catalog."""

_PATIENCE = 5.0
"""Seconds to wait for another process that writes: it does so for a fraction of one."""


def default_path() -> Path:
    """`$CODEX_TRACE_TUI_CACHE`, else the cache folder that the operating system has for programs."""
    named = os.environ.get("CODEX_TRACE_TUI_CACHE")
    if named:
        return Path(named) / "catalog.sqlite"
    from platformdirs import user_cache_path

    return user_cache_path("codex-trace-tui", appauthor=False) / "catalog.sqlite"


def opened_in_memory() -> sqlite3.Connection:
    return _made(sqlite3.connect(":memory:", isolation_level=None))


def opened(path: Path) -> sqlite3.Connection:
    try:
        return _made(_connected(path))
    except sqlite3.DatabaseError as problem:
        if not is_damage(problem):
            raise  # locked, read-only, no room: not the file's fault
    remove(path)
    return _made(_connected(path))


def is_damage(problem: sqlite3.DatabaseError) -> bool:
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _connected(path: Path) -> sqlite3.Connection:
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # prompts are nobody else's business
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        _wait_for_others(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _wait_for_others(connection: sqlite3.Connection, sql: str) -> None:
    """SQLite itself does not wait where a journal's kind is changed."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute(sql)
            return
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)


def _made(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The tables as this version wants them, whatever stood there."""
    try:
        if not _is_ours(connection):
            connection.execute("BEGIN IMMEDIATE")
            if not _is_ours(connection):  # another process may have been quicker
                _remake(connection)
            connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_ours(connection: sqlite3.Connection) -> bool:
    try:
        row = connection.execute("SELECT value FROM about WHERE name = 'made by'").fetchone()
    except sqlite3.OperationalError as problem:
        if "no such table" in str(problem) or "no such column" in str(problem):
            return False
        raise
    return row is not None and row[0] == MADE_BY


def _remake(connection: sqlite3.Connection) -> None:
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (name,) in names:
        quoted = name.replace('"', '""')
        connection.execute(f'DROP TABLE "{quoted}"')
    for statement in TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO about VALUES ('made by', ?)", [MADE_BY])
