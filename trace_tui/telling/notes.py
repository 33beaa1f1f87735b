"""All about one note: who says it, when, where, and the whole of it."""

from __future__ import annotations

from collections.abc import Callable

from trace_tui.model import Note, NoteKind, Session, Turn
from trace_tui.parsers.agent_replies import FAILED_STATES, news_of, readable_error
from trace_tui.parsers.particulars import without_pictures
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.amounts import day_and_clock
from trace_tui.telling.rows import facts_in_order, where
from trace_tui.telling.written import SEALED
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import Block, Facts, Plain, Prose, Title
from trace_tui.wording.cast import Cast
from trace_tui.wording.words import NOTE_STYLES, NOTE_WORDS

_SUMMARY_INTRODUCTION = "Another language model started"
"""Since 0.75 a fixed sentence stands before the summary of a compaction."""
_NOT_READABLE = "(sealed)"


def note_document(note: Note, turn: Turn, session: Session, texts: Texts, cast: Cast) -> list[Block]:
    text = without_pictures(texts.whole(note) or "")
    facts = facts_in_order(
        ("time", day_and_clock(note.at)),
        ("from", _agent(note.author, cast)),
        ("to", _agent(note.recipient, cast)),
        ("phase", note.phase),
        ("where", f"turn {turn.index} · {where([note.place], session)}"),
    )
    return [_title(note), Facts(facts), *_words(note, text, cast)]


def _title(note: Note) -> Title:
    style = NOTE_STYLES.get(note.kind, "")
    author = f" {one_line(note.author, 60)}" if note.kind is NoteKind.AGENT_MESSAGE and note.author else ""
    return Title([(f"· {NOTE_WORDS[note.kind]}{author}", style or "bold")])


def _words(note: Note, text: str, cast: Cast) -> list[Block]:
    if not text.strip() or (text == _NOT_READABLE and note.kind is NoteKind.AGENT_MESSAGE):
        return [_nothing_to_read(note)]
    if note.kind is NoteKind.AGENT_MESSAGE:
        return _mail(note, text, cast)
    return _TELLERS.get(note.kind, _plain)(text)


def _nothing_to_read(note: Note) -> Block:
    may_be_sealed = note.kind in (NoteKind.REASONING, NoteKind.AGENT_MESSAGE, NoteKind.COMPACTION)
    return Plain(SEALED if may_be_sealed else "the file holds no words of it", "dim")


def _mail(note: Note, text: str, cast: Cast) -> list[Block]:
    """Of a worker's news: who, how it is, its words; an error is told by its message."""
    news = news_of(text, note.author)
    if news is None:
        return [Prose(text)]
    worker = None if news.worker == note.author else _agent(news.worker, cast)
    facts = facts_in_order(("worker", worker), ("state", news.state))
    told: list[Block] = [Facts(facts)] if facts else []
    if news.words:
        failed = news.state in FAILED_STATES
        told.append(Plain(readable_error(news.words), "red") if failed else Prose(news.words))
    return told


def _agent(name: str | None, cast: Cast) -> str | None:
    """As it is called in the chain, and as the session names it."""
    known = cast.find(name)
    return name if known is None else f"{known.lettered()} ({name})"


def _prose(text: str) -> list[Block]:
    return [Prose(text)]


def _plain(text: str) -> list[Block]:
    return [Plain(text)]


def _reasoning(text: str) -> list[Block]:
    return [Prose(text, "dim")]


def _error(text: str) -> list[Block]:
    return [Plain(text, "red")]


def _summary(text: str) -> list[Block]:
    if text.startswith(_SUMMARY_INTRODUCTION):
        text = text.partition("\n")[2] or text
    return [Prose(text)]


_TELLERS: dict[NoteKind, Callable[[str], list[Block]]] = {
    NoteKind.PROMPT: _prose,
    NoteKind.MESSAGE: _prose,
    NoteKind.PLAN: _prose,
    NoteKind.REASONING: _reasoning,
    NoteKind.COMPACTION: _summary,
    NoteKind.ERROR: _error,
}
"""All else is told as it stands."""
