"""Who of a chain is not here, in a sentence: for whoever asks for the chain, or for who started a session."""

from __future__ import annotations

from trace_tui.library.chains import Forest, Member, Oddity
from trace_tui.library.entries import Link
from trace_tui.library.missing import missing_from
from trace_tui.parsers.safe_text import one_line
from trace_tui.wording.words import count

NO_CHAIN = "this session started no workers, and none started it"
_ID = 80
_NAMED = 4


def why_alone(member: Member, forest: Forest) -> str:
    """Of a session that is all there is of its chain."""
    return "; ".join(absences(member, forest)) or NO_CHAIN


def absences(head: Member, forest: Forest) -> list[str]:
    """Who started it, where that is not here, and whom it or its workers started."""
    return [words for words in (_starter(head), who_is_absent(head, forest)) if words]


def why_at_top(member: Member | None) -> str:
    """Of a session with nobody above it."""
    told = "" if member is None else _starter(member)
    return told or "nobody started this session: it stands at the top"


def who_is_absent(head: Member, forest: Forest) -> str:
    """Whom members of a chain started and whose own files are not here; empty where all are."""
    links = [missing.link for missing in missing_from(head, forest)]
    if not links:
        return ""
    names = [_short(link) for link in links[:_NAMED]]
    more = f" and {len(links) - _NAMED:,} more" if len(links) > _NAMED else ""
    verb = "is" if len(links) == 1 else "are"
    return f"{count(len(links), 'worker')} {verb} not here: {', '.join(names)}{more}"


def _starter(member: Member) -> str:
    if member.oddity is Oddity.CYCLE:
        return "this session and who started it name each other as parents"
    if member.oddity is not Oddity.ORPHAN:
        return ""
    return f"who started this session is not here: {one_line(member.entry.parent_id or '', _ID)}"


def _short(link: Link) -> str:
    """By the name that its parent has for it; else by its id."""
    return one_line((link.path or link.name or "").rpartition("/")[2] or link.child_id or "?", _ID)
