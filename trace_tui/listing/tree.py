"""One chain as a page for people: what it came to, then each member with its share."""

from __future__ import annotations

from trace_tui.library.chains import Forest, Member, Totals, totals
from trace_tui.listing.columns import Column, Columns
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.console import Lines
from trace_tui.times import minute, short_duration
from trace_tui.wording.absences import absences
from trace_tui.wording.agents import Badge, badge_of
from trace_tui.wording.cells import Line, cells, cut, fitted, folded, width_of
from trace_tui.wording.sessions import (
    calls,
    chain_facts,
    failures,
    indent_of,
    inherited,
    marks_of,
    own_tokens,
    short_ids,
    title_of,
    took,
)
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_WORDS

_BAR = 10
_GLYPH_WIDTH = 2
_LEAST_WHO = 8


def print_tree(lines: Lines, head: Member, forest: Forest) -> None:
    whole = totals(head)
    _print_head(lines, head, whole)
    lines.put()
    members = list(head.members())
    columns = _columns(members, whole, forest, lines.width - _GLYPH_WIDTH)
    width = max(lines.width - _GLYPH_WIDTH - columns.width, _LEAST_WHO)
    lines.put((f"{'':{_GLYPH_WIDTH}}{fitted('who', width)}{columns.head()}", "dim"))
    badges = badge_of(members)
    for member in members:
        state = member.entry.state
        lines.put(
            (f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]),
            *_who(member, badges[member.entry.key], width),
            *columns.facts(member),
        )
    for words in absences(head, forest):
        lines.put((f"! {words}", "yellow"))


def _print_head(lines: Lines, head: Member, whole: Totals) -> None:
    title = one_line(head.entry.title, 300)
    room = max(lines.width - _GLYPH_WIDTH, _LEAST_WHO)
    lines.put(
        (f"{TURN_GLYPHS[whole.state]} ", STATE_STYLES[whole.state]),
        (fitted(title, room).rstrip(), "bold"),
    )
    facts = [
        TURN_WORDS[whole.state],
        minute(whole.started_at),
        short_duration(whole.duration_ms),
        *chain_facts(head, whole),
        inherited(whole),
    ]
    for told in folded([fact for fact in facts if fact], room):
        lines.put((f"  {told}", ""))


def _columns(members: list[Member], whole: Totals, forest: Forest, room: int) -> Columns:
    ids = short_ids(forest.ids(), [member.entry.id or "" for member in members])

    def id_(member: Member) -> str:
        return ids[member.entry.id or ""]

    def share(member: Member) -> str:
        part = member.entry.usage.total / whole.usage.total if whole.usage.total else 0.0
        full = round(part * _BAR)
        return "█" * full + "·" * (_BAR - full) + f"{part:5.0%}"

    wanted = [
        Column("✗", 3, failures),
        Column("id", max([2, *(len(id_(member)) for member in members)]), id_, fitted),
        Column("tokens", 6, own_tokens),
        Column("took", 6, took),
        Column("share", _BAR + 5, share, fitted),
        Column("calls", 6, calls),
    ]
    return Columns(wanted, ("✗", "calls", "took", "tokens", "share", "id"), room)


def _who(member: Member, badge: Badge, width: int) -> Line:
    """Indented under its parent, with its letter, its name and what is odd about it."""
    marks = marks_of(member, with_workers=False)
    while marks and width - cells("".join(marks)) < _LEAST_WHO:
        marks.pop()
    before: Line = [(indent_of(member.depth), ""), (f"{badge.letter} ", f"bold {badge.style}")]
    after = "".join(marks)
    room = width - width_of(before)
    title = fitted(title_of(member, width), max(room - cells(after), 0)).rstrip()
    return cut([*before, (fitted(title + after, room), "" if member.depth else "bold")], width)
