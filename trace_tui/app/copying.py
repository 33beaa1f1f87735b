"""What can be copied of what is selected: its text, its command, ways to come back to it."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.app.opened import Opened
from trace_tui.errors import Unreadable
from trace_tui.model import Call, file_of, line_of
from trace_tui.parsers.safe_text import safe_block
from trace_tui.targets import PlaceKind, link
from trace_tui.telling.calls import command_of
from trace_tui.texts import Texts
from trace_tui.widgets.detail import Laid
from trace_tui.widgets.menu import Entry
from trace_tui.widgets.timeline_rows import Kind, Row


class Copy(NamedTuple):
    entry: Entry


def copies_of(opened: Opened, row: Row | None, document: Laid | None, *, by_path: bool = False) -> list[Copy]:
    """``row`` is None where the session as a whole is meant; ``by_path`` where an id does not lead here."""
    session = opened.session
    offered: list[tuple[str, str, str | None]] = [
        ("t", "the text of the detail", document.text() if document is not None else None),
        ("c", "the command", _command(opened, row)),
        ("l", "a link to this place", _link(opened, row, by_path=by_path)),
        ("p", "file and line", _file_and_line(opened, row)),
        ("r", "the command that resumes this session", f"codex resume {session.id}" if session.id else None),
        ("s", "the session's id", session.id),
    ]
    return [Copy(Entry(key, words, value)) for key, words, value in offered if value]


def _command(opened: Opened, row: Row | None) -> str | None:
    if row is None or not isinstance(row.item, Call):
        return None
    try:
        with Texts(opened.session, opened.sources) as texts:
            command = command_of(row.item, texts)
    except Unreadable:
        return None  # the detail says so
    return safe_block(command) if command else None


def _link(opened: Opened, row: Row | None, *, by_path: bool) -> str:
    if row is not None and row.link is not None and row.link.id is not None:
        return row.link.id
    path = opened.sources[-1].path
    named = path if by_path else opened.session.id or path
    if row is None or row.kind is Kind.SESSION:
        return named
    if isinstance(row.item, Call):
        return link(named, PlaceKind.CALL, row.item.call_id)
    if row.item is not None:
        return link(named, PlaceKind.LINE, line_of(row.item.place))
    return link(named, PlaceKind.TURN, row.turn.index)


def _file_and_line(opened: Opened, row: Row | None) -> str | None:
    files = opened.session.files
    if row is None or not files:
        return None
    return f"{files[file_of(row.place)].path}:{line_of(row.place)}"
