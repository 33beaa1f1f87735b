"""Ties that no call of a session tells of: where it came from, its forks, reviews, workers it never named.

They stand as rows of their own in the timeline. The app asks anew whenever the library knows more; the page
of a whole chain asks once.
"""

from __future__ import annotations

from collections.abc import Iterator

from trace_tui.kinds import TurnStatus
from trace_tui.library.chains import Forest, Member, Oddity
from trace_tui.model import Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.relatives import Relation
from trace_tui.ties import turn_before
from trace_tui.widgets.blocks import Block, Plain, Title
from trace_tui.widgets.timeline_rows import Link

_WORDS = {Relation.WORKER: "worker", Relation.REVIEW: "review", Relation.GUARDIAN: "guard"}


def links_of(member: Member, session: Session, forest: Forest) -> list[Link]:
    """Those behind a turn come last: they have no place among its steps."""
    links = [*_origin(member, forest), *_uncalled(member), *_forks(session, forest)]
    return sorted(links, key=lambda link: (link.behind is not None, link.at or 0))


def link_document(link: Link) -> list[Block]:
    """Of a link to a session that is not here."""
    return [
        Title([(f"{link.word} ", "bold"), (one_line(link.id or "", 80), "")]),
        Plain(f"This session is {link.words or 'not here'}.", "yellow"),
    ]


def _origin(member: Member, forest: Forest) -> Iterator[Link]:
    entry = member.entry
    if member.parent is not None:
        yield Link("from", member.parent.entry.id, is_origin=True)
    elif entry.parent_id is not None:
        words = "not found here" if member.oddity is Oddity.ORPHAN else str(member.oddity or "")
        yield Link("from", entry.parent_id, words, is_origin=True)
    elif entry.forked_from is not None:
        yield Link("forked", entry.forked_from, is_origin=True)


def _uncalled(member: Member) -> Iterator[Link]:
    """Children that no call started: reviews, guardians, and workers of a file that is torn."""
    for child in member.children:
        if child.entry.id is None or child.call_id is not None:
            continue
        # Of a worker that has just begun the call may be told in a moment.
        if child.relation is not Relation.WORKER or member.entry.state != TurnStatus.IN_PROGRESS:
            yield Link(_WORDS.get(child.relation, "other"), child.entry.id, at=child.entry.started_at)


def _forks(session: Session, forest: Forest) -> Iterator[Link]:
    for fork in forest.forks_of(session.id):
        last = turn_before(session, fork.entry.forked_at)
        behind = None if last is None else last.index
        yield Link("fork", fork.entry.id, at=fork.entry.started_at, behind=behind)
