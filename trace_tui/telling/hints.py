"""What looks like a loop or a stall, as blocks and rows: hints with their evidence, never verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trace_tui.findings import Finding
from trace_tui.model import Call, Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.rows import first_rows, where
from trace_tui.widgets.blocks import Block, Heading, Plain, Target
from trace_tui.wording.cells import Line, fitted
from trace_tui.wording.steps import TIME_WIDTH, clock

_WORDS = 300
_TURN_WIDTH = 9
_KIND_WIDTH = 12
_LINES = 10
"""Of the calls of a hint, which may be hundreds of polls."""


def finding_rows(findings: Iterable[Finding]) -> list[Line]:
    return [_finding_row(finding) for finding in findings]


def _finding_row(finding: Finding) -> Line:
    return [
        (fitted(clock(finding.at), TIME_WIDTH + 1), "dim"),
        (fitted(f"turn {finding.turn}", _TURN_WIDTH), "dim"),
        (fitted(finding.kind.value, _KIND_WIDTH), "yellow"),
        (one_line(finding.words, _WORDS), ""),
    ]


def hint_blocks(findings: Sequence[Finding]) -> list[Block]:
    """Of a session."""
    if not findings:
        return []
    return [
        Heading("hints", str(len(findings))),
        *first_rows(findings, _finding_row, "hint", target=lambda finding: Target(finding.place)),
    ]


def hint_blocks_of_call(call: Call, findings: Iterable[Finding], session: Session) -> list[Block]:
    """As far as the call is part of it."""
    lines = [hint_words(finding, session) for finding in findings if call in finding.calls]
    return [Heading("hint"), Plain("\n".join(lines))] if lines else []


def hint_words(finding: Finding, session: Session) -> str:
    """``repeated · make failed the same way 3 times (exit 2): lines 12, 18, 24``"""
    lines = f": {_where(finding, session)}" if finding.calls else ""
    return f"{finding.kind.value} · {one_line(finding.words, _WORDS)}{lines}"


def _where(finding: Finding, session: Session) -> str:
    more = len(finding.calls) - _LINES
    words = where([call.place for call in finding.calls[:_LINES]], session)
    return words + (f" and {more} more" if more > 0 else "")
