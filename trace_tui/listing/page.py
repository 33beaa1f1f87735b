"""The list and the tree as pages for people."""

from __future__ import annotations

from datetime import date

from trace_tui.library.chains import Forest, Member, totals
from trace_tui.listing.table import Row, Table, day_in_words, day_of, marks_of, short_ids, title_of, today
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.cells import cells, fitted, folded, right
from trace_tui.printing.console import Lines, Part
from trace_tui.printing.words import STATE_STYLES, TURN_GLYPHS, TURN_WORDS, count, tokens
from trace_tui.times import minute, short_duration

_BAR = 10


class ListPage:
    """Sessions under the days they began on, and below all what they come to."""

    def __init__(self, lines: Lines, forest: Forest, chosen: set[int], *, by_day: bool) -> None:
        self._forest = forest
        self._chosen = chosen
        self._by_day = by_day
        self._lines = lines

    def chains(self, heads: list[Member], *, left_out: int) -> None:
        """Workers under who started them; of a chain only what was chosen, and who stands above it."""
        groups = [(head, self._rows_of(head)) for head in heads]
        self._print(groups)
        self._foot([row.member for _, rows in groups for row in rows if not row.is_context])
        self._rest(left_out, "chain" if any(head.children for head in heads) else "session")

    def sessions(self, members: list[Member], *, left_out: int) -> None:
        self._print([(member, [Row(member, 0)]) for member in members])
        self._foot(members)
        self._rest(left_out, "session")

    def _rows_of(self, head: Member) -> list[Row]:
        """Each member before its children; who was not asked for only where somebody below it was."""
        rows: list[Row] = []

        def add(member: Member, depth: int) -> bool:
            at = len(rows)
            is_chosen = id(member) in self._chosen
            rows.append(Row(member, depth, is_context=not is_chosen))
            below = [add(child, depth + 1) for child in member.children]
            if not is_chosen and not any(below):
                del rows[at:]
                return False
            return True

        add(head, 0)
        return rows

    def _print(self, groups: list[tuple[Member, list[Row]]]) -> None:
        rows = [row for _, rows in groups for row in rows]
        ids = short_ids(self._forest.ids(), [row.member.entry.id or "" for row in rows])
        table = Table(self._lines, rows, ids, dated=not self._by_day)
        table.head()
        now, day = today(), None
        for index, (head, of_head) in enumerate(groups):
            if self._by_day and (index == 0 or day_of(head.entry) != day):
                day = day_of(head.entry)
                self._heading(day, now, first=index == 0)
            for row in of_head:
                table.row(row)

    def _heading(self, day: date | None, now: date, *, first: bool) -> None:
        if not first:
            self._lines.put()
        self._lines.put((day_in_words(day, now), "bold cyan"))

    def _foot(self, members: list[Member]) -> None:
        entries = [member.entry for member in members]
        failures = sum(entry.failures for entry in entries)
        facts = [
            count(len(entries), "session"),
            count(sum(entry.calls for entry in entries), "call"),
            f"{count(failures, 'failure')}" if failures else "no failures",
            f"{tokens(sum(entry.usage.total for entry in entries))} tokens",
        ]
        self._lines.put()
        self._lines.put((" · ".join(facts), "dim"))

    def _rest(self, left_out: int, noun: str) -> None:
        if left_out:
            kind = f"older {noun}" if self._by_day else f"more {noun}"
            self._lines.put((f"… and {count(left_out, kind)}: --limit N shows more", "dim"))
        if self._lines.on_terminal:
            self._lines.put(("open one: codex-trace-tui show ID (or: latest)", "dim"))


def print_tree(lines: Lines, head: Member, forest: Forest) -> None:
    """One chain: what it came to, then each member with its share."""
    whole = totals(head)
    state = whole.state
    lines.put(
        (f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]),
        (fitted(one_line(head.entry.title, 300), max(lines.width - 2, 8)).rstrip(), "bold"),
    )
    facts = [
        TURN_WORDS[state],
        minute(whole.started_at),
        short_duration(whole.duration_ms),
        count(whole.threads, "thread"),
        count(whole.calls, "call"),
        count(whole.failures, "failure") if whole.failures else "no failures",
        f"{tokens(whole.usage.total)} tokens ({tokens(head.entry.usage.total)} of its own)",
    ]
    for told in folded([fact for fact in facts if fact], lines.width - 2):
        lines.put((f"  {told}", ""))
    lines.put()
    members = list(head.members())
    ids = short_ids(forest.ids(), [member.entry.id or "" for member in members])
    id_width = max(len(ids.get(member.entry.id or "", "")) for member in members)
    fixed = 2 + 4 + 7 + 8 + 7 + _BAR + 6 + id_width + 1
    width = max(lines.width - fixed, 12)
    _tree_head(lines, width, id_width)
    for member in members:
        short = fitted(ids.get(member.entry.id or "", ""), id_width)
        _tree_row(lines, member, whole.usage.total, width, short)


def _tree_head(lines: Lines, width: int, id_width: int) -> None:
    labels = ("✗", 4), ("calls", 7), ("took", 8), ("tokens", 7)
    words = "  " + fitted("who", width) + "".join(right(label, size) for label, size in labels)
    lines.put((words + " " + fitted("share", _BAR + 5) + " " + fitted("id", id_width), "dim"))


def _tree_row(lines: Lines, member: Member, all_tokens: int, width: int, id_: str) -> None:
    entry = member.entry
    depth = _depth(member)
    indent = "  " * (depth - 1) + "└ " if depth else ""
    marks = "".join(marks_of(member, with_workers=False))
    who = fitted(indent + title_of(member, width), max(width - cells(marks), 8)).rstrip() + marks
    share = entry.usage.total / all_tokens if all_tokens else 0.0
    full = round(share * _BAR)
    parts: list[Part] = [
        (f"{TURN_GLYPHS[entry.state]} ", STATE_STYLES[entry.state]),
        (fitted(who, width), "" if depth else "bold"),
        (right(str(entry.failures) if entry.failures else "", 4), "bold red"),
        (right(f"{entry.calls:,}", 7), "dim"),
        (right(short_duration(entry.duration_ms), 8), "dim"),
        (right(tokens(entry.usage.total) if entry.usage_source != "none" else "", 7), "dim"),
        (" " + "█" * full + "·" * (_BAR - full), "cyan"),
        (right(f"{share:.0%}", 5), "dim"),
        (f" {id_}", "dim"),
    ]
    lines.put(*parts)


def _depth(member: Member) -> int:
    depth, above = 0, member.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    return depth
