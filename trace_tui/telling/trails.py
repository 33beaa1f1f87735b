"""Why something failed, and what looks like a loop or a stall, as blocks and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trace_tui.findings import Finding
from trace_tui.likeness import is_patch, work_of
from trace_tui.model import Call, Item, Note, NoteKind, Session, Tool, line_of
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.rows import call_row, first_rows, where
from trace_tui.trail import Trail, notice_of
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows
from trace_tui.wording.cells import Line, fitted
from trace_tui.wording.steps import TIME_WIDTH, WORD_WIDTH, clock, told
from trace_tui.wording.words import NOTE_STYLES, NOTE_WORDS, count

_WORDS = 300
_LABEL_WIDTH = 10
_TURN_WIDTH = 9
_KIND_WIDTH = 12
_PATCHES = 6
"""The last ones before a failure; whoever wants all of them has the timeline."""
_LINES = 10
"""Of the calls of a hint, which may be hundreds of polls."""
_NEVER = "it never ended ok before in this session"
_UNCHANGED = "no patch was applied in between"


def trail_blocks(trail: Trail, workers: Mapping[str, str]) -> list[Block]:
    """``workers`` are names by ids. None of a trail that leads nowhere."""
    blocks: list[Block] = []
    lines = [*_before(trail, workers), *_labelled("then", _rows(trail.next_steps, workers))]
    if lines:
        blocks += [Heading("why"), Rows([*_failure(trail, workers), *lines])]
    if trail.told_parent is not None and trail.told_parent.heard:
        heard, did_next = trail.told_parent
        blocks.append(Heading("told its parent"))
        blocks += first_rows(heard, lambda item: _item_row(item, workers), "time")
        blocks += [Rows(_labelled("then", _rows(did_next, workers)))] if did_next else []
    return blocks


def finding_rows(findings: Iterable[Finding]) -> list[Line]:
    return [_finding_row(finding) for finding in findings]


def _finding_row(finding: Finding) -> Line:
    return [
        (fitted(clock(finding.at), TIME_WIDTH + 1), "dim"),
        (fitted(f"turn {finding.turn}", _TURN_WIDTH), "dim"),
        (fitted(finding.kind.value, _KIND_WIDTH), "yellow"),
        (one_line(finding.words, _WORDS), ""),
    ]


def _failure(trail: Trail, workers: Mapping[str, str]) -> list[Line]:
    lines: list[Line] = []
    if trail.failing is not None:
        lines += _labelled("failed", [call_row(trail.failing, workers)])
    if trail.error is not None:
        lines += _labelled("error", [[(one_line(trail.error, _WORDS), "red")]])
    return lines


def _before(trail: Trail, workers: Mapping[str, str]) -> list[Line]:
    if trail.last_passing is None:
        return _labelled("last ok", [[(_NEVER, "dim")]]) if _is_command(trail.failing) else []
    patches = _rows(trail.between[-_PATCHES:], workers)
    if more := len(trail.between) - len(patches):
        patches.insert(0, [(f"{count(more, 'earlier patch', 'earlier patches')} and", "dim")])
    return [
        *_labelled("last ok", [call_row(trail.last_passing, workers)]),
        *_labelled("patched", patches or [[(_UNCHANGED, "dim")]]),
    ]


def _is_command(call: Call | None) -> bool:
    """One of which it is known whether it was run before."""
    return call is not None and call.tool is Tool.EXEC and not is_patch(call) and work_of(call) is not None


def _labelled(label: str, rows: Sequence[Line]) -> list[Line]:
    """The label stands before the first of them."""
    return [[(fitted("" if number else label, _LABEL_WIDTH), "dim"), *row] for number, row in enumerate(rows)]


def _rows(items: Sequence[Item], workers: Mapping[str, str]) -> list[Line]:
    return [_item_row(item, workers) for item in items]


def _item_row(item: Item, workers: Mapping[str, str]) -> Line:
    return call_row(item, workers) if isinstance(item, Call) else _note_row(item, workers)


def _note_row(note: Note, workers: Mapping[str, str]) -> Line:
    style = NOTE_STYLES.get(note.kind, "")
    return [
        (fitted(f"line {line_of(note.place)}", TIME_WIDTH + 1), "dim"),
        ("· ", style or "dim"),
        (fitted(NOTE_WORDS[note.kind], WORD_WIDTH + 1), style or "dim"),
        (one_line(_note_words(note, workers), _WORDS), style),
    ]


def _note_words(note: Note, workers: Mapping[str, str]) -> str:
    notice = notice_of(note) if note.kind is NoteKind.AGENT_MESSAGE else None
    if notice is not None:
        name = workers.get(notice.worker, notice.worker)
        return f"{name} {notice.state}" + (f": {notice.words}" if notice.words else "")
    author = f"{note.author}: " if note.author and note.kind is NoteKind.AGENT_MESSAGE else ""
    return author + told(note, note.text, workers)


def hint_blocks(findings: Sequence[Finding]) -> list[Block]:
    """Loops and stalls: hints with their evidence, never verdicts."""
    if not findings:
        return []
    return [
        Heading("hints", str(len(findings))),
        *first_rows(finding_rows(findings), lambda row: row, "hint"),
    ]


def hint_blocks_of_call(call: Call, findings: Iterable[Finding], session: Session) -> list[Block]:
    """What looks like a loop or a stall, as far as the call is part of it."""
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
