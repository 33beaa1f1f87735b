"""The parts of a detail that tell why something failed; some need the session of a parent or a worker.

Each tells what can be told with what is at hand, and once more when the other session is there.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from trace_tui.app.opened import Opened, name_of
from trace_tui.app.relatives import Part, Relative, Relatives
from trace_tui.errors import Unreadable
from trace_tui.heard import Hearing
from trace_tui.model import Call, Item, Session, TurnStatus
from trace_tui.naming import names_in
from trace_tui.parsers.safe_text import one_line
from trace_tui.past import Past
from trace_tui.relatives import Relation
from trace_tui.sources import Source
from trace_tui.telling.trails import told_parent_nothing
from trace_tui.telling.whys import WorkerWhys, own_blocks, parent_blocks, told_of, worker_blocks
from trace_tui.texts import Readable, Texts
from trace_tui.trail import Trail, trail_of
from trace_tui.widgets.blocks import Block, Plain
from trace_tui.widgets.timeline_rows import Kind, Row
from trace_tui.wording.cast import Cast


class Beside(NamedTuple):
    """The open session, or chain, and what is at hand besides it."""

    opened: Opened
    kept: Relatives

    def find(self, thread_id: str) -> Relative | None:
        for part in self.opened.parts():
            if _is_of(part, thread_id):
                return Relative(part.session, part.sources) if part.is_whole else None
        return self.kept.at_hand(thread_id)

    def is_open(self, thread_id: str) -> bool:
        """It is on the screen too, or on its way there: then all is told again."""
        return any(_is_of(part, thread_id) for part in self.opened.parts())

    def all(self) -> list[Relative]:
        parts = self.opened.parts() if len(self.opened.parts()) > 1 else []
        return [Relative(one.session, one.sources) for one in parts if one.is_whole] + self.kept.all_at_hand()


def _is_of(part: Opened, thread_id: str) -> bool:
    """Also where not even its header has been read."""
    return thread_id == (part.session.id if part.member is None else part.member.entry.id)


def whys_for(opened: Opened, row: Row, beside: Beside) -> list[Part]:
    """``opened`` is the session that the row is of."""
    whys: list[Part] = []
    if row.item is not None:
        for worker_id in _workers_told_of(row.item, opened):
            tell = partial(_why_worker, opened, row.item, worker_id, beside)
            whys.append(Part(f"worker {worker_id}", worker_id, tell))
    parent_id = _parent_of(opened)
    is_cut_short = row.kind is Kind.TURN and row.turn.status is not TurnStatus.COMPLETED
    if row.is_failure or (is_cut_short and parent_id is not None):
        whys.append(Part("why", parent_id, partial(_why_own, opened, row, parent_id, beside)))
    return whys


# -- its own failures -----------------------------------------------------------


def _parent_of(opened: Opened) -> str | None:
    """Who started it as a worker."""
    member, session = opened.member, opened.session
    if member is not None and member.parent is not None:
        return member.parent.entry.id if member.relation is Relation.WORKER else None
    return session.parent_id if session.relation is Relation.WORKER else None


def _why_own(opened: Opened, row: Row, parent_id: str | None, beside: Beside, is_late: bool) -> list[Block]:
    call = row.item if isinstance(row.item, Call) else None
    with ExitStack() as stack:
        own = _past(opened.session, opened.sources, stack)
        others = (
            _past(one.session, one.sources, stack)
            for one in beside.all()
            if one.session is not None and one.session is not opened.session
        )
        trail = trail_of(row.turn, call, own, others)
    why = own_blocks(trail, call, opened.cast()) if row.is_failure else []
    if parent_id is None:
        return why
    return [*why, *_told_parent(opened, row, trail, parent_id, beside, is_late)]


def _told_parent(
    opened: Opened, row: Row, trail: Trail, parent_id: str, beside: Beside, is_late: bool
) -> list[Block]:
    found = beside.find(parent_id)
    if found is None:
        return told_parent_nothing("reading its parent…") if is_late else []
    if found.session is None:
        words = f"can't be read: {found.trouble}" if found.trouble else f"is not here ({parent_id})"
        return told_parent_nothing(f"its parent {one_line(words, 400)}")
    try:
        with ExitStack() as stack:
            parent = Readable(found.session, stack.enter_context(Texts(found.session, found.sources)))
            told = told_of(Hearing(parent, opened.session), row.turn, trail)
    except Unreadable as problem:
        return told_parent_nothing(f"its parent can't be read any more: {problem}")
    member = opened.member.parent if opened.member is not None else None
    name = name_of(member) if member is not None else found.session.title
    cast = opened.cast() if opened.member is not None else Cast.of_session(found.session)
    call = row.item if isinstance(row.item, Call) else None
    return parent_blocks(told, row.turn, call, trail, found.session, cast, name)


# -- those of its workers --------------------------------------------------------


def _why_worker(opened: Opened, item: Item, worker_id: str, beside: Beside, is_late: bool) -> list[Block]:
    found = beside.find(worker_id)
    cast = opened.cast()
    name = cast.name_of(worker_id)
    if found is None:
        return [Plain(f"reading {name}…", "dim")] if is_late else []
    if found.session is None:
        has_failed_here = isinstance(item, Call) and item.status.is_failure
        words = f"can't be read: {found.trouble}" if found.trouble else "is not here"
        return [Plain(f"the session of {name} {words}", "dim")] if has_failed_here else []
    with ExitStack() as stack:
        own = _past(opened.session, opened.sources, stack)
        worker = _past(found.session, found.sources, stack)
        why = WorkerWhys(worker, own).of(item)
    return [] if why is None else worker_blocks(why, opened.session, cast, cast, name)


def _workers_told_of(item: Item, opened: Opened) -> list[str]:
    """The ids of workers that an item names, but for those of which it is known that nothing failed."""
    names = names_in(item)
    if not names:  # as of most
        return []
    cast = opened.cast()
    named = [known.id for name in names if (known := cast.find(name)) is not None]
    members = opened.member.children if opened.member is not None else []
    well = {
        one.entry.id for one in members if one.entry.state == TurnStatus.COMPLETED and not one.entry.failures
    }
    workers = {child.id for child in opened.session.children if child.relation is Relation.WORKER} - well
    return [worker_id for worker_id in dict.fromkeys(named) if worker_id in workers]


def _past(session: Session, sources: list[Source], stack: ExitStack) -> Past:
    return Past(Readable(session, stack.enter_context(Texts(session, sources))))
