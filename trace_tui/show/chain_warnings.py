"""What of a chain is not here, and what is damaged: one line each, on all its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trace_tui.library.chains import Member, Oddity
from trace_tui.library.missing import Missing
from trace_tui.parsers.safe_text import one_line
from trace_tui.show.chain import WholeChain
from trace_tui.wording.agents import badge_of
from trace_tui.wording.cast import called
from trace_tui.wording.words import count


def warnings_of(chain: WholeChain, unread: Mapping[str, str]) -> Iterator[str]:
    """``unread`` says by key why some could not be read."""
    badges = badge_of(chain.members)
    names = {
        member.entry.key: f"{badges[member.entry.key].letter} {called(member)}" for member in chain.members
    }
    head = chain.head
    if head.oddity is Oddity.ORPHAN:
        yield f"who started it is not here: {one_line(head.entry.parent_id or '', 80)}"
    for member in chain.members:
        if member.oddity in (Oddity.CYCLE, Oddity.IMPOSTOR):
            yield f"{names[member.entry.key]}: {member.oddity}"
    for missing in chain.missing:
        yield _not_here(missing, names[missing.named_by.entry.key])
    for member in chain.members:
        if why := unread.get(member.entry.key):
            yield f"{names[member.entry.key]} could not be read: {one_line(why, 300)}"
        elif member.entry.problems:
            yield _damaged(member, names[member.entry.key], chain.names.get(member.entry.key))


def _not_here(missing: Missing, named_by: str) -> str:
    link = missing.link
    name = (link.path or link.name or "").rpartition("/")[2]
    named = " ".join(one_line(part, 80) for part in (name, link.child_id) if part)
    return f"{link.relation.value} {named} of {named_by} is not here"


def _damaged(member: Member, name: str, where: str | None) -> str:
    words = f"{count(member.entry.problems, 'problem')} in the file of {name}"
    return words if where is None else f"{words}: show {one_line(where, 1000)}"
