"""Damage of a file, and lines that this program does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trace_tui.model import Problem, Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.rows import first_rows
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows
from trace_tui.wording.cells import Line
from trace_tui.wording.words import count

_SHOWN = 20


def problem_blocks(problems: Sequence[Problem], session: Session, left_out: int = 0) -> list[Block]:
    """``left_out`` more are known to be, and not where."""
    if not problems:
        return []
    several_files = len(session.files) > 1
    blocks: list[Block] = [Heading("problems", f"{len(problems) + left_out:,}")]
    blocks += first_rows(
        problems, lambda problem: _row(problem, several_files=several_files), "problem", shown=_SHOWN
    )
    if left_out:
        blocks.append(Plain(f"… and {count(left_out, 'more problem')}", "yellow"))
    return blocks


def unknown_blocks(unknown: Mapping[str, int]) -> list[Block]:
    if not unknown:
        return []
    rows: list[Line] = [
        [(f"! {count(number, 'line')} of a kind this program does not know: {one_line(kind)}", "yellow")]
        for kind, number in unknown.items()
    ]
    return [Heading("unknown lines"), Rows(rows)]


def _row(problem: Problem, *, several_files: bool) -> Line:
    file = f" of file {problem.file}" if several_files else ""
    return [(f"! line {problem.line}{file}: {one_line(problem.detail, 300)}", "yellow")]
