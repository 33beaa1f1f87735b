"""Makes the document of what is selected; in a thread, because it reads the session's files."""

from __future__ import annotations

from collections.abc import Callable

from trace_tui.app.opened import Opened
from trace_tui.errors import Unreadable
from trace_tui.library.chains import Member
from trace_tui.model import Call, Place
from trace_tui.telling.calls import call_document
from trace_tui.telling.notes import note_document
from trace_tui.telling.raw import raw_document
from trace_tui.telling.sessions import entry_document, session_document
from trace_tui.telling.turns import turn_document
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import Block, Plain, Rows, Title
from trace_tui.widgets.document import Document
from trace_tui.widgets.timeline_rows import Kind, Row
from trace_tui.wording.steps import call_line

_WIDEST_ROW = 200


def document_of_row(opened: Opened, row: Row, *, raw: bool, width: int) -> Document:
    return _laid_out(opened, lambda texts: _blocks_of(opened, row, texts, raw=raw), width)


def document_of_session(opened: Opened, width: int) -> Document:
    return _laid_out(opened, lambda texts: session_document(opened.session, opened.member, texts), width)


def document_of_entry(member: Member, width: int) -> Document:
    document = Document(entry_document(member))
    document.lay_out(width)
    return document


def _laid_out(opened: Opened, tell: Callable[[Texts], list[Block]], width: int) -> Document:
    try:
        with Texts(opened.session, opened.sources) as texts:
            blocks = tell(texts)
    except Unreadable as problem:
        blocks = [Plain(f"its file can't be read any more: {problem}", "red")]
    except Exception as bug:
        # One record that this program stumbles over must not end the reading of all others.
        blocks = [
            Plain(f"this program failed on it: {type(bug).__name__}: {bug}\nr shows its records", "red")
        ]
    document = Document(blocks)
    document.lay_out(width)
    return document


def places_of(row: Row) -> list[Place]:
    """The records that tell of a row."""
    item = row.item
    if row.kind is Kind.RUN:
        return [place for hidden in row.hidden for place in places_of(hidden)]
    if isinstance(item, Call):
        places = (item.place, item.item_place, item.output_place)
        return sorted({place for place in places if place is not None})
    return [row.place]


def _blocks_of(opened: Opened, row: Row, texts: Texts, *, raw: bool) -> list[Block]:
    session = opened.session
    if raw:
        return raw_document(places_of(row), texts)
    if row.kind is Kind.RUN:
        return _run_blocks(opened, row)
    if isinstance(row.item, Call):
        return call_document(row.item, row.turn, session, texts)
    if row.item is not None:
        return note_document(row.item, row.turn, session, texts)
    return turn_document(row.turn, session, texts)


def _run_blocks(opened: Opened, row: Row) -> list[Block]:
    workers = opened.workers()
    calls = [one.item for one in row.hidden if isinstance(one.item, Call)]
    return [
        Title([(row.words, "bold"), (f" · turn {row.turn.index}", "dim")]),
        Plain("Enter shows each by itself.", "dim"),
        Plain(""),
        Rows([call_line(call, _WIDEST_ROW, workers) for call in calls]),
    ]
