"""The list as a page for people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from trace_tui.library.chains import Forest, Member
from trace_tui.listing.table import Row, Table
from trace_tui.printing.console import Lines
from trace_tui.wording.cells import folded
from trace_tui.wording.sessions import day_in_words, day_of, short_ids, today
from trace_tui.wording.words import count, tokens

Group = tuple[Member, list[Row]]
"""What stands together: a chain, or a session by itself."""


class ListPage:
    """Sessions under the days they began on, and below all what they come to."""

    def __init__(self, lines: Lines, forest: Forest, chosen: set[int], *, by_day: bool) -> None:
        self._forest = forest
        self._chosen = chosen
        self._by_day = by_day
        self._lines = lines

    def chains(self, heads: list[Member], limit: int | None, screen: int | None) -> None:
        """Workers under who started them; of a chain only what was chosen, and who stands above it.

        At most ``limit`` chains, and only as many as ``screen`` lines hold, but one.
        """
        self._print_some(((head, self._rows_of(head)) for head in heads[:limit]), len(heads), screen)

    def sessions(self, members: list[Member], limit: int | None, screen: int | None) -> None:
        """Each by itself."""
        self._print_some(((member, [Row(member, 0)]) for member in members[:limit]), len(members), screen)

    def _print_some(self, groups: Iterable[Group], there: int, screen: int | None) -> None:
        shown = list(groups) if screen is None else self._as_many_as_fit(groups, screen)
        self._print(shown)
        self._foot([row.member for _, rows in shown for row in rows if not row.is_context])
        self._rest(there - len(shown))

    def _as_many_as_fit(self, groups: Iterable[Group], screen: int) -> list[Group]:
        fit: list[Group] = []
        day = None
        for head, rows in groups:
            heading = 2 if self._by_day and day_of(head.entry) != day else 0
            screen -= len(rows) + heading
            if screen < 0 and fit:
                break
            day = day_of(head.entry)
            fit.append((head, rows))
        return fit

    def _rows_of(self, head: Member) -> list[Row]:
        """Each member before its children; who was not asked for only where somebody below it was."""
        if not head.children:
            return [Row(head, 0)] if id(head) in self._chosen else []
        members = list(head.members())
        shown: set[int] = set()
        for member in reversed(members):  # children before their parents
            if id(member) in self._chosen or any(id(child) in shown for child in member.children):
                shown.add(id(member))
        depths = {id(head): 0}
        rows: list[Row] = []
        for member in members:
            depth = depths[id(member)]
            depths.update((id(child), depth + 1) for child in member.children)
            if id(member) in shown:
                rows.append(Row(member, depth, is_context=id(member) not in self._chosen))
        return rows

    def _print(self, groups: list[Group]) -> None:
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
        for told in folded(facts, self._lines.width):
            self._lines.put((told, "dim"))

    def _rest(self, left_out: int) -> None:
        if left_out:
            many = f"… and {left_out:,} {'older' if self._by_day else 'more'}"
            for told in folded([many, "--limit N shows them"], self._lines.width):
                self._lines.put((told, "dim"))
        if self._lines.on_terminal:
            self._lines.put(("codex-trace-tui show ID opens one", "dim"))
