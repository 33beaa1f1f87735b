"""One chain as a page for people: what it came to, then each member with its share."""

from __future__ import annotations

from trace_tui.library.chains import Forest, Member, Totals, totals
from trace_tui.listing.columns import Column, Columns
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.console import Lines
from trace_tui.times import minute, short_duration
from trace_tui.wording.cells import cells, fitted, folded
from trace_tui.wording.sessions import (
    calls,
    failures,
    indent_of,
    marks_of,
    own_tokens,
    short_ids,
    title_of,
    took,
)
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_WORDS, count, tokens

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
    depths = {id(head): 0}
    for member in members:
        depth = depths[id(member)]
        depths.update((id(child), depth + 1) for child in member.children)
        state = member.entry.state
        lines.put(
            (f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]),
            (_who(member, depth, width), "" if depth else "bold"),
            *columns.facts(member),
        )


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
        count(whole.threads, "thread"),
        count(whole.calls, "call"),
        count(whole.failures, "failure") if whole.failures else "no failures",
        f"{tokens(whole.usage.total)} tokens",
        f"{tokens(head.entry.usage.total)} of its own",
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


def _who(member: Member, depth: int, width: int) -> str:
    marks = marks_of(member, with_workers=False)
    before = indent_of(depth)
    while marks and width - cells("".join(marks)) < _LEAST_WHO:
        marks.pop()
    after = "".join(marks)
    title = fitted(before + title_of(member, width), max(width - cells(after), 0)).rstrip()
    return fitted(title + after, width)
