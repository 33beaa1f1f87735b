"""Rows into the catalog's tables and out of them, within a transaction of the caller's."""

from __future__ import annotations

import os
import sqlite3
from functools import cache
from typing import Any

from trace_tui.library.rows import BLANK_MEANS_NULL, Indexed, Row
from trace_tui.library.schema import TABLES, TOLD_ANEW

_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1


def keep(connection: sqlite3.Connection, thread: Indexed) -> None:
    key = stored_path(thread.key)
    found = connection.execute("SELECT session FROM sessions WHERE key = ?", [key]).fetchone()
    if thread.session is None:
        if found is not None:
            drop(connection, found[0])
        _keep_files(connection, None, thread.files)
        return
    if found is None and thread.responses_kept:
        return  # another process has forgotten it meanwhile, and with it what this reading went on from
    if found is None:
        number = connection.execute(_INSERT_SESSION, (None, key, *thread.session)).lastrowid
    else:
        number = found[0]
        _clear(connection, number, thread.responses_kept)
        connection.execute(_UPDATE_SESSION, (*thread.session, number))
    assert number is not None
    _keep_files(connection, number, thread.files)
    for table, rows in thread.rows.items():
        if rows:
            connection.executemany(_inserts(table), [(number, *row) for row in rows])
    if thread.halt is not None:
        halt, responses = thread.halt
        connection.execute(
            "INSERT INTO halts VALUES (?, ?, ?, ?)", (number, halt.format.value, responses, halt.fold)
        )


@cache
def _inserts(table: str) -> str:
    blank = BLANK_MEANS_NULL if table == "calls" else frozenset()
    marks = ["NULLIF(?, '')" if column in blank else "?" for column in _columns(table)]
    return f"INSERT INTO {table} VALUES ({', '.join(marks)})"


def _columns(table: str) -> list[str]:
    rest = TABLES.split(f"CREATE TABLE {table} (")[1].split("\n)")[0]
    return [line.split()[0] for line in rest.splitlines() if line.strip() and "PRIMARY KEY (" not in line]


def _clear(connection: sqlite3.Connection, number: int, responses_kept: int) -> None:
    for table in TOLD_ANEW:
        connection.execute(f"DELETE FROM {table} WHERE session = ?", [number])
    connection.execute("DELETE FROM responses WHERE session = ? AND position >= ?", [number, responses_kept])


def drop(connection: sqlite3.Connection, number: int) -> None:
    _clear(connection, number, 0)
    connection.execute("DELETE FROM sessions WHERE session = ?", [number])


def _keep_files(connection: sqlite3.Connection, number: int | None, files: list[Row]) -> None:
    connection.executemany(
        "REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (stored_path(path), number, position, size, mtime, inode, *rest)
            for path, size, mtime, inode, position, *rest in files
        ],
    )


_SESSION_COLUMNS = _columns("sessions")
_INSERT_SESSION = f"INSERT INTO sessions VALUES ({', '.join('?' * len(_SESSION_COLUMNS))})"
_UPDATE_SESSION = (
    f"UPDATE sessions SET {', '.join(f'{name} = ?' for name in _SESSION_COLUMNS[2:])} WHERE session = ?"
)


# -- values -------------------------------------------------------------


def stored_path(path: str) -> str | bytes:
    """File names need not be UTF-8; those that are not are stored as the bytes they are."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def path_of(stored: str | bytes) -> str:
    return os.fsdecode(stored) if isinstance(stored, bytes) else stored


def storable(thread: Indexed) -> Indexed:
    """The same without what no table can hold: numbers beyond 64 bits, halves of characters."""
    rows = {table: [_row(row) for row in rows] for table, rows in thread.rows.items()}
    session = None if thread.session is None else _row(thread.session)
    files = [(row[0], *_row(row[1:])) for row in thread.files]
    return thread._replace(session=session, rows=rows, files=files)


def _row(row: Row) -> Row:
    return tuple(_value(value) for value in row)


def _value(value: Any) -> Any:
    if isinstance(value, int):
        return min(max(value, _SMALLEST), _LARGEST)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
