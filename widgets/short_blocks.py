"""Lines of short blocks: titles, facts, headings, rows, gauges, checklists; used by `document`."""

from __future__ import annotations

from trace_tui.widgets.blocks import Checklist, Facts, Gauge, Heading, Rows, Title
from trace_tui.widgets.terminal_text import plain_text
from trace_tui.widgets.wrapping import WordWrapped, one_row, shown
from trace_tui.wording.cells import Line, fitted, width_of

_WIDEST_LABEL = 12
_WIDEST_BAR = 20
_GAUGE_LABEL = 7
"""Bars under each other begin in the same column."""
_NARROWEST_BAR = 4
_WARNING, _ALARM = 0.5, 0.8
_MARKS = {"completed": ("✓ ", "dim"), "in_progress": ("▸ ", "bold"), "pending": ("· ", "")}


def title_lines(title: Title, width: int) -> list[Line]:
    return [one_row(title.parts, width)]


def rows_lines(rows: Rows, width: int) -> list[Line]:
    return [one_row(line, width) for line in rows.lines]


def heading_lines(heading: Heading, width: int) -> list[Line]:
    words = one_row([(heading.words, "heading")], width)
    aside = one_row([(heading.aside, "dim")], width)
    gap = width - width_of(words) - width_of(aside)
    if not aside or gap < 1:
        return [words]
    return [[*words, (" " * gap, ""), *aside]]


def facts_lines(facts: Facts, width: int) -> list[Line]:
    """A label may be cut, a value never."""
    labels = [one_row([(label, "")], _WIDEST_LABEL) for label, _ in facts.pairs]
    column = min(max(map(width_of, labels), default=0), max(width // 2 - 2, 0))
    lines: list[Line] = []
    for label, value in facts.pairs:
        named = fitted(shown(label[: 8 * _WIDEST_LABEL]), column) + "  " if column else ""
        lines += _set_in(value, (named, "dim"), width)
    return lines


def gauge_lines(gauge: Gauge, width: int) -> list[Line]:
    label, words = shown(gauge.label).ljust(_GAUGE_LABEL), shown(gauge.words)
    room = width - width_of([(label, ""), (words, "")]) - 2
    length = max(min(room, _WIDEST_BAR), _NARROWEST_BAR)
    full = round(min(max(gauge.share, 0.0), 1.0) * length)
    style = "" if not gauge.warns or gauge.share < _WARNING else "red" if gauge.share >= _ALARM else "yellow"
    bar: Line = [("█" * full, style), ("░" * (length - full), "dim")]
    return [one_row([(f"{label} ", "dim"), *bar, (f" {words}", "")], width)]


def checklist_lines(checklist: Checklist, width: int) -> list[Line]:
    lines: list[Line] = []
    for step, status in checklist.steps:
        mark, style = _MARKS.get(status, _MARKS["pending"])
        lines += _set_in(step, (mark if width > len(mark) else "", style), width, style)
    return lines


def checklist_text(checklist: Checklist) -> str:
    return "\n".join(f"{_MARKS.get(status, _MARKS['pending'])[0]}{step}" for step, status in checklist.steps)


def _set_in(text: str, before: tuple[str, str], width: int, style: str = "") -> list[Line]:
    """Wrapped under itself, with something before its first row."""
    indent = width_of([before])
    wrapped = WordWrapped(plain_text(text))
    wrapped.wrap(width - indent)
    rows = [wrapped.text[slice(*wrapped.span(row))] for row in range(len(wrapped))]
    lines = [one_row([(" " * indent, ""), (row, style)], width) for row in rows]
    lines[0] = one_row([before, (rows[0], style)], width)
    return lines
