"""Reads the sessions of a chain for `show --chain`: one after the other; only what is told of them stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from trace_tui.errors import Unreadable
from trace_tui.findings import Finding, findings_in
from trace_tui.library.chains import Forest, Member
from trace_tui.library.completing import complete
from trace_tui.library.finding import ThreadFiles
from trace_tui.model import Call, Note, NoteKind, Session, Turn
from trace_tui.parsers.agent_replies import readable_error
from trace_tui.printing.progress import progress
from trace_tui.reading import SessionReader
from trace_tui.sources import Source, file_source
from trace_tui.targets import PlaceKind, link
from trace_tui.telling.links import links_of
from trace_tui.texts import Texts
from trace_tui.widgets.row_book import RowBook
from trace_tui.widgets.timeline_rows import Choice, Row, failures_of
from trace_tui.wording.words import count

_EVERY_STEP = Choice(quiet_runs=False)
"""Nobody can unfold what is printed."""


class Part(NamedTuple):
    """A member with its session, as long as it is being looked at."""

    member: Member
    session: Session
    sources: list[Source]

    def texts(self) -> Texts:
        return Texts(self.session, self.sources)


class Failure(NamedTuple):
    """A call that failed, or, without one, a turn."""

    place: int
    """In the order of time; what tells no time stands where it was written."""
    member: Member
    turn: Turn
    call: Call | None

    @property
    def at(self) -> int | None:
        """When what failed had begun."""
        one = self.call or self.turn
        return one.started_at or one.ended_at


def parts_of(
    members: Sequence[Member], threads: Iterable[ThreadFiles], refuse: Callable[[Member, str], None]
) -> Iterator[Part]:
    """Those that can be read; of all others ``refuse`` is told why not."""
    by_key = {thread.key: thread for thread in threads}
    with progress() as tell:
        for number, member in enumerate(members, 1):
            try:
                reader = SessionReader(sources_in(by_key[member.entry.key]))
                for taken in reader.steps():
                    share = min(99, 100 * taken // max(reader.total, taken, 1))
                    tell(f"reading {number:,} of {count(len(members), 'session')}, {share:2d} %")
            except (Unreadable, OSError) as problem:
                refuse(member, str(problem))
                continue
            session = reader.session()
            complete(session, member)
            yield Part(member, session, reader.sources)


def sources_in(thread: ThreadFiles) -> list[Source]:
    return [file_source(Path(file.path)) for file in thread.files]


def failures_in(part: Part) -> list[Failure]:
    found: list[Failure] = []
    known = part.member.entry.started_at or 0
    for turn, call in failures_of(part.session.turns):
        failure = Failure(known, part.member, turn, call)
        known = max(known, failure.at or 0)
        found.append(failure._replace(place=failure.at or known))
    return found


def in_time(failures: Iterable[Failure]) -> list[Failure]:
    return sorted(failures, key=lambda failure: failure.place)


def target_of(failure: Failure, named: str) -> str:
    """What to copy, to see all of it."""
    if failure.call is not None:
        return link(named, PlaceKind.CALL, failure.call.call_id)
    return link(named, PlaceKind.TURN, failure.turn.index)


def reason_of(failure: Failure) -> str:
    """Why, in a few words."""
    if failure.call is not None:
        return failure.call.reason or failure.call.status.value
    error = failure.turn.error
    return "failed" if error is None else readable_error(error.message)


def hints_in(part: Part) -> list[Finding]:
    """What looks like a loop or a stall; where the file is not what it was, what can be told without it."""
    with part.texts() as texts:
        return findings_in(part.session, texts)


def rows_in(part: Part, forest: Forest, width: int) -> list[Row]:
    """Every step, with as much text as a line of that width may need."""
    links = links_of(part.member, part.session, forest)
    rows = RowBook(_EVERY_STEP, links).update(part.session.turns).tail
    with part.texts() as texts:
        return [_with_text(row, texts, width) for row in rows]


def _with_text(row: Row, texts: Texts, width: int) -> Row:
    """Reasoning is not held in a session; news of a worker can only be read as a whole."""
    note = row.item
    if not isinstance(note, Note) or not note.cut:
        return row
    if len(note.text) >= width and note.kind is not NoteKind.AGENT_MESSAGE:
        return row
    try:
        text = texts.whole(note)
    except (Unreadable, OSError):
        return row  # the file is not what it was when it was read
    return row._replace(item=replace(note, text=text or ""))
