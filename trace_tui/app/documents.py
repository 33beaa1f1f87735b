"""Makes the document of what is selected; in a thread, because it reads the session's files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from trace_tui.app.opened import Opened
from trace_tui.app.relatives import Part, Relatives, Telling
from trace_tui.app.whys import Beside, whys_for
from trace_tui.call_texts import places_of as places_of_call
from trace_tui.errors import Unreadable
from trace_tui.library.chains import Member
from trace_tui.model import Call, Note, Place
from trace_tui.telling.calls import call_document
from trace_tui.telling.hints import hint_blocks_of_call
from trace_tui.telling.links import link_document
from trace_tui.telling.notes import note_document
from trace_tui.telling.raw import raw_document
from trace_tui.telling.sessions import chain_document, entry_document, session_document
from trace_tui.telling.turns import turn_document
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import Block, Heading, Later, Plain, Rows, Title
from trace_tui.widgets.document import Document
from trace_tui.widgets.timeline_rows import Kind, Row
from trace_tui.wording.cast import Cast
from trace_tui.wording.steps import call_line

_WIDEST_ROW = 200
_HEAD = 400
"""Characters of a text that a row may need."""


def document_of_row(opened: Opened, row: Row, relatives: Relatives, *, raw: bool, width: int) -> Telling:
    part, beside = opened.part_of(row), Beside(opened, relatives)
    whys = [] if raw else whys_for(part, row, beside)

    def tell(texts: Texts) -> list[Block]:
        if raw:
            return raw_document(places_of(row), texts)
        return _with_whys(_blocks_of(part, row, texts, opened.cast()), whys)

    document = _laid_out(part, tell, width)
    missing = [
        one._replace(tell=partial(_told, one))
        for one in whys
        if one.thread_id is not None and not beside.is_open(one.thread_id) and document.has(one.name)
    ]
    return Telling(document, missing)


def document_of_session(opened: Opened, width: int) -> Document:
    if opened.is_chain and opened.member is not None:
        document = Document(chain_document(opened.member))
        document.lay_out(width)
        return document

    def tell(texts: Texts) -> list[Block]:
        return session_document(opened.session, opened.member, texts, opened.cast(), opened.findings or ())

    return _laid_out(opened, tell, width)


def document_of_entry(member: Member, width: int) -> Document:
    document = Document(entry_document(member))
    document.lay_out(width)
    return document


def _laid_out(opened: Opened, tell: Callable[[Texts], list[Block]], width: int) -> Document:
    def told() -> list[Block]:
        with Texts(opened.session, opened.sources) as texts:
            return tell(texts)

    document = Document(_whatever_comes(told))
    document.lay_out(width)
    return document


def _whatever_comes(tell: Callable[[], list[Block]]) -> list[Block]:
    try:
        return tell()
    except Unreadable as problem:
        return [Plain(f"its file can't be read any more: {problem}", "red")]
    except Exception as bug:
        # One record that this program stumbles over must not end the reading of all others.
        return [Plain(f"this program failed on it: {type(bug).__name__}: {bug}\nr shows its records", "red")]


def read_notes(opened: Opened, rows: Sequence[Row]) -> None:
    """Gives notes the beginnings of their texts, which nobody needed before."""
    by_part: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_part[row.thread].append(row)
    for of_part in by_part.values():
        part = opened.part_of(of_part[0])
        try:
            with Texts(part.session, part.sources) as texts:
                for row in sorted(of_part, key=lambda row: row.place):
                    if isinstance(row.item, Note):
                        row.item.text = (texts.whole(row.item) or "")[:_HEAD]
        except Unreadable:
            return  # the detail says so where somebody looks


def places_of(row: Row) -> list[Place]:
    """The records that tell of a row."""
    item = row.item
    if row.kind is Kind.RUN:
        return [place for hidden in row.hidden for place in places_of(hidden)]
    if isinstance(item, Call):
        return places_of_call(item)
    return [row.place]


def _blocks_of(opened: Opened, row: Row, texts: Texts, cast: Cast) -> list[Block]:
    session = opened.session
    if row.kind is Kind.RUN:
        return _run_blocks(row, cast)
    if isinstance(row.item, Call):
        blocks = call_document(row.item, row.turn, session, texts, cast)
        return _before_facts(blocks, hint_blocks_of_call(row.item, opened.findings or (), session))
    if row.item is not None:
        return note_document(row.item, row.turn, session, texts, cast)
    if row.link is not None and row.link.id is not None:
        return link_document(row.link)
    return turn_document(row.turn, session, texts, cast)


def _with_whys(blocks: list[Block], whys: Sequence[Part]) -> list[Block]:
    """What led to a failure and what came of it, before the bare facts."""
    return _before_facts(blocks, [Later(why.name, _told(why, False)) for why in whys])


def _told(why: Part, is_late: bool) -> list[Block]:
    return _whatever_comes(lambda: why.tell(is_late))


def _before_facts(blocks: list[Block], more: Sequence[Block]) -> list[Block]:
    place = next(
        (i for i, one in enumerate(blocks) if isinstance(one, Heading) and one.words == "facts"), len(blocks)
    )
    return [*blocks[:place], *more, *blocks[place:]]


def _run_blocks(row: Row, cast: Cast) -> list[Block]:
    calls = [one.item for one in row.hidden if isinstance(one.item, Call)]
    return [
        Title([(row.words, "bold"), (f" · turn {row.turn.index}", "dim")]),
        Plain("Enter shows each by itself.", "dim"),
        Plain(""),
        Rows([call_line(call, _WIDEST_ROW, cast) for call in calls]),
    ]
