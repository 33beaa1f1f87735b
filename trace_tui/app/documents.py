"""Makes the document of what is selected; in a thread, because it reads the session's files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from trace_tui.app.opened import Opened
from trace_tui.call_texts import places_of as places_of_call
from trace_tui.errors import Unreadable
from trace_tui.findings import Finding, findings_in
from trace_tui.library.chains import Member
from trace_tui.model import Call, Note, Place, Turn, TurnStatus
from trace_tui.telling.calls import call_document
from trace_tui.telling.notes import note_document
from trace_tui.telling.raw import raw_document
from trace_tui.telling.sessions import entry_document, session_document
from trace_tui.telling.trails import hint_blocks_of_call, trail_blocks
from trace_tui.telling.turns import turn_document
from trace_tui.texts import Texts
from trace_tui.trail import trail_of
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows, Title
from trace_tui.widgets.document import Document
from trace_tui.widgets.timeline_rows import Kind, Row
from trace_tui.wording.steps import call_line

_WIDEST_ROW = 200
_HEAD = 400
"""Characters of a text that a row may need."""


def document_of_row(opened: Opened, row: Row, *, raw: bool, width: int) -> Document:
    return _laid_out(opened, lambda texts: _blocks_of(opened, row, texts, raw=raw), width)


def document_of_session(opened: Opened, width: int) -> Document:
    def tell(texts: Texts) -> list[Block]:
        return session_document(opened.session, opened.member, texts, _findings(opened, texts))

    return _laid_out(opened, tell, width)


def _findings(opened: Opened, texts: Texts) -> Sequence[Finding]:
    """Looked for once a session is whole; none before."""
    if opened.findings is None and opened.is_whole:
        opened.findings = findings_in(opened.session, texts)
    return opened.findings or ()


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


def _blocks_of(opened: Opened, row: Row, texts: Texts, *, raw: bool) -> list[Block]:
    session = opened.session
    if raw:
        return raw_document(places_of(row), texts)
    if row.kind is Kind.RUN:
        return _run_blocks(opened, row)
    if isinstance(row.item, Call):
        blocks = call_document(row.item, row.turn, session, texts)
        hints = hint_blocks_of_call(row.item, _findings(opened, texts), session)
        blocks = _before_facts(blocks, hints)
        return _with_trail(blocks, opened, row.turn, row.item) if row.item.status.is_failure else blocks
    if row.item is not None:
        return note_document(row.item, row.turn, session, texts)
    blocks = turn_document(row.turn, session, texts)
    return _with_trail(blocks, opened, row.turn, None) if row.turn.status is TurnStatus.FAILED else blocks


def _with_trail(blocks: list[Block], opened: Opened, turn: Turn, call: Call | None) -> list[Block]:
    """What led to a failure and what came of it, before the bare facts."""
    return _before_facts(blocks, trail_blocks(trail_of(turn, call, opened.session), opened.workers()))


def _before_facts(blocks: list[Block], more: list[Block]) -> list[Block]:
    place = next(
        (i for i, one in enumerate(blocks) if isinstance(one, Heading) and one.words == "facts"), len(blocks)
    )
    return [*blocks[:place], *more, *blocks[place:]]


def _run_blocks(opened: Opened, row: Row) -> list[Block]:
    workers = opened.workers()
    calls = [one.item for one in row.hidden if isinstance(one.item, Call)]
    return [
        Title([(row.words, "bold"), (f" · turn {row.turn.index}", "dim")]),
        Plain("Enter shows each by itself.", "dim"),
        Plain(""),
        Rows([call_line(call, _WIDEST_ROW, workers) for call in calls]),
    ]
