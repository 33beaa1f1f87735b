"""All about one turn: what was asked and answered, what it took, what failed, what it changed."""

from __future__ import annotations

from collections.abc import Iterator

from trace_tui.model import Call, Session, Tool, Turn, TurnError, TurnKind, file_of, line_of
from trace_tui.parsers.particulars import without_pictures
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.amounts import context_blocks, from_to, time_blocks, token_blocks
from trace_tui.telling.files import changed_blocks
from trace_tui.telling.problems import problem_blocks
from trace_tui.telling.rows import call_row, facts_in_order, first_rows, folded_rows, target_of, where
from trace_tui.telling.written import SEALED
from trace_tui.texts import Texts
from trace_tui.times import short_duration
from trace_tui.widgets.blocks import Block, Facts, Heading, Plain, Prose, Title
from trace_tui.wording.cast import Cast
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_KINDS, TURN_WORDS, count


def turn_document(turn: Turn, session: Session, texts: Texts, cast: Cast) -> list[Block]:
    return [
        _title(turn),
        *_talk(turn, texts),
        Heading("facts"),
        Facts(_facts(turn, session)),
        *token_blocks(turn.usage, session.usage_source, turn.responses),
        *context_blocks(turn),
        *time_blocks([turn]),
        *_calls(turn, texts, cast),
        *_problems(turn, session),
    ]


def _title(turn: Turn) -> Title:
    words = [f"turn {turn.index}", TURN_KINDS[turn.kind], TURN_WORDS[turn.status]]
    words.append("undone later" if turn.reverted else "")
    prompt = one_line(turn.prompt.head.strip().partition("\n")[0], 120) if turn.prompt else ""
    return Title(
        [
            (f"{TURN_GLYPHS[turn.status]} ", STATE_STYLES[turn.status]),
            (" · ".join(word for word in words if word), "bold"),
            (f"  {prompt}" if prompt else "", ""),
        ]
    )


# -- what was said ----------------------------------------------------------


def _talk(turn: Turn, texts: Texts) -> Iterator[Block]:
    prompt = texts.whole(turn.prompt)
    asked = "task" if turn.kind is TurnKind.AGENT else "asked"
    if prompt:
        yield Heading(asked)
        yield Prose(without_pictures(prompt))
    elif turn.prompt_sealed:
        yield Heading(asked)
        yield Plain(SEALED, "dim")
    for steered in turn.steered:
        yield Heading("asked meanwhile", f"line {line_of(steered.place)}")
        yield Prose(without_pictures(texts.whole(steered) or ""))
    if turn.error is not None:
        yield Heading("error")
        yield Plain(_error(turn.error), "red")
    answer = texts.whole(turn.final_answer)
    if answer:
        yield Heading("answer")
        yield Prose(without_pictures(answer))


def _error(error: TurnError) -> str:
    return error.message + (f" ({error.code})" if error.code else "")


# -- facts ------------------------------------------------------------------


def _facts(turn: Turn, session: Session) -> list[tuple[str, str]]:
    calls = turn.calls()
    failed = sum(call.status.is_failure for call in calls)
    return facts_in_order(
        ("took", short_duration(turn.duration_ms)),
        ("time", from_to(turn.started_at, turn.ended_at)),
        ("model", " ".join(part for part in (turn.model, turn.effort) if part)),
        ("approvals", turn.approval_policy),
        ("sandbox", turn.sandbox),
        ("folder", turn.cwd),
        ("mode", turn.collaboration_mode),
        ("calls", count(len(calls), "call") + (f", {failed} failed" if failed else "")),
        ("compactions", str(turn.compactions) if turn.compactions else None),
        ("where", where([turn.place], session)),
        ("turn", turn.id),
        ("turn of parent", turn.parent_turn_id),
    )


# -- calls ------------------------------------------------------------------


def _calls(turn: Turn, texts: Texts, cast: Cast) -> Iterator[Block]:
    calls = turn.calls()
    failed = [call for call in calls if call.status.is_failure]
    if failed:
        yield Heading("failed calls", str(len(failed)))
        yield from first_rows(failed, lambda call: call_row(call, cast), "failed call", target=target_of)
    yield from changed_blocks([turn], texts)
    commands = [call for call in calls if call.tool is Tool.EXEC]
    if commands:
        yield Heading("commands run", str(len(commands)))
        bad = _failed_words(commands)
        yield from folded_rows(commands, lambda call: call_row(call, cast), "command", bad, target=target_of)


def _failed_words(calls: list[Call]) -> str:
    failed = sum(call.status.is_failure for call in calls)
    return f", {failed} failed" if failed else ""


# -- problems ---------------------------------------------------------------


def _problems(turn: Turn, session: Session) -> list[Block]:
    """Of the lines from its first to that of the next turn."""
    file, first = file_of(turn.place), line_of(turn.place)
    later = [line_of(one.place) for one in session.turns if file_of(one.place) == file]
    end = min((line for line in later if line > first), default=None)
    inside = [
        problem
        for problem in session.problems
        if problem.file == file and problem.line >= first and (end is None or problem.line < end)
    ]
    return problem_blocks(inside, session)
