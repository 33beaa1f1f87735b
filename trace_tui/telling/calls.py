"""All about one call: how it ended, the facts, what it was given, what came back."""

from __future__ import annotations

from collections.abc import Iterator

from trace_tui.call_texts import CallRecords, call_folder, call_output, typed_command, without_header
from trace_tui.model import Call, CallStatus, Evidence, Session, Tool, Turn, line_of
from trace_tui.parsers.injected import WorkerNotice
from trace_tui.parsers.outputs import read_output
from trace_tui.parsers.particulars import (
    described,
    item_worker_states,
    pictures_in,
    without_pictures,
    worker_states,
)
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.amounts import from_to
from trace_tui.telling.inputs import extra_arguments, input_blocks
from trace_tui.telling.rows import call_row, first_rows, target_of, where
from trace_tui.telling.written import result_block
from trace_tui.texts import Texts
from trace_tui.times import between, short_duration
from trace_tui.widgets.blocks import Block, Facts, Heading, Output, Plain, Prose, Title
from trace_tui.wording.cast import Cast, Known
from trace_tui.wording.steps import tool_name
from trace_tui.wording.words import CALL_GLYPHS, CALL_STYLES, TOOL_WORDS, TURN_WORDS, step_word

_WAITED = 1000
"""So many milliseconds between a call and its end that it was not at work are worth telling."""
_EVIDENCE = {
    Evidence.POLL: "how it ended is known from a later poll",
    Evidence.NONE: "the file does not say how it ended",
}


def call_document(call: Call, turn: Turn, session: Session, texts: Texts, cast: Cast) -> list[Block]:
    records = CallRecords.of(call, texts)
    given, result = input_blocks(records), list(_result(records, cast))
    if call.nested:
        given.append(Heading("its calls"))
        given += first_rows(call.nested, lambda inner: call_row(inner, cast), "call", target=target_of)
    if call.tool is Tool.PATCH and call.status.is_failure:
        given, result = result, given
    facts = Facts(list(_facts(records, turn, session, cast)))
    # A small pane shows only the beginning: what was done and what came of it, and not its ids.
    head = [_title(call), _when_and_where(records, turn), Plain("")]
    return [*head, *given, *result, Heading("facts"), facts]


def _when_and_where(records: CallRecords, turn: Turn) -> Block:
    call = records.call
    folder = call_folder(records, turn)
    told = (_took(call), from_to(call.started_at, call.ended_at), f"in {folder}" if folder else "")
    return Plain(" · ".join(one_line(fact, 200) for fact in told if fact), "dim")


def command_of(call: Call, texts: Texts) -> str | None:
    """The command as typed, for copying; None where the call is none."""
    return typed_command(CallRecords(call, texts))


def _title(call: Call) -> Title:
    ended = one_line(call.reason or call.status.value, 80)
    if call.status is CallStatus.DECLINED and not ended.startswith("declined"):
        ended = f"declined: {ended}"
    return Title(
        [
            (f"{CALL_GLYPHS[call.status]} {ended}", CALL_STYLES[call.status]),
            (f" · {step_word(call)} {one_line(tool_name(call), 80)}", ""),
        ]
    )


# -- facts ----------------------------------------------------------------


def _facts(records: CallRecords, turn: Turn, session: Session, cast: Cast) -> Iterator[tuple[str, str]]:
    call = records.call
    if call.exit_code is not None:
        yield "exit code", str(call.exit_code)
    elif call.evidence in _EVIDENCE:
        yield "evidence", _EVIDENCE[call.evidence]
    yield "where", f"turn {turn.index} · {where((call.place, call.item_place, call.output_place), session)}"
    yield "call", call.call_id
    if call.child_session is not None:
        known = cast.find(call.child_session)
        yield "worker", call.child_session if known is None else f"{known.lettered()} ({call.child_session})"
        if known is not None and known.state is not None:
            yield "by now", _standing(known)
    if call.parent_call_id is not None:
        yield "inside", _cell(call.parent_call_id, turn)
    if call.parallel:
        yield "beside", "ran side by side with its neighbours"
    yield from extra_arguments(records)


def _standing(known: Known) -> str:
    """How a worker is by now, in words."""
    facts = [TURN_WORDS.get(known.state or "", ""), known.failures, known.took]
    facts.append(f"{known.tokens} tokens" if known.tokens else "")
    return " · ".join(fact for fact in facts if fact)


def _took(call: Call) -> str:
    """How long it worked, and how much longer it took until it was over: somebody had to approve it first."""
    words = short_duration(call.duration_ms)
    whole = between(call.started_at, call.ended_at)
    if call.duration_ms is None or whole is None or whole - call.duration_ms < _WAITED:
        return words
    return f"{words}, with waiting {short_duration(whole)}"


def _cell(call_id: str, turn: Turn) -> str:
    cell = next((item for item in turn.items if isinstance(item, Call) and item.call_id == call_id), None)
    return f"{TOOL_WORDS[Tool.CODE]} {call_id}" + (f" · line {line_of(cell.place)}" if cell else "")


# -- what came back -------------------------------------------------------


def _result(records: CallRecords, cast: Cast) -> Iterator[Block]:
    call = records.call
    written = call_output(records)
    body = None if written is None else without_header(written, call)
    aside = ""
    if written is not None and (all_of_it := _of_whole_process(written, records)) is not None:
        body, aside = all_of_it, "with what later polls read"
    yield Heading("error" if _is_error(call) else "output", aside)
    if call.status.is_failure and call.reason not in (None, f"exit {call.exit_code}", body):
        yield Plain(call.reason, CALL_STYLES[call.status])
    pictures = _pictures(records)
    if body is not None and body.strip():
        yield from _body(body, call, cast)
    elif body is None and (notices := _told_by_item(records)):
        yield from _news(notices, cast)
    elif not pictures:
        yield Plain(_no_output(body, call), "dim")
    if pictures:
        yield Plain("\n".join(pictures), "dim")


def _is_error(call: Call) -> bool:
    """All that came back says what went wrong."""
    return call.status.is_failure and call.tool in (Tool.MCP, Tool.PATCH)


def _no_output(body: str | None, call: Call) -> str:
    if body is not None:
        return "the output is empty"
    return "no output yet" if call.status is CallStatus.RUNNING else "no output was written"


def _told_by_item(records: CallRecords) -> list[WorkerNotice]:
    record = records.item_record if records.call.tool is Tool.AGENT else None
    return item_worker_states(record) if record is not None else []


def _of_whole_process(written: str, records: CallRecords) -> str | None:
    """Where a command was left running its own output is only the beginning; its item has all of it."""
    if records.output is None or records.item is None or records.call.tool is not Tool.EXEC:
        return None
    return records.item.output if read_output(written).session is not None else None


def _body(body: str, call: Call, cast: Cast) -> Iterator[Block]:
    notices = worker_states(body) if call.tool is Tool.AGENT else []
    if notices:
        yield from _news(notices, cast)
    elif _is_error(call):
        yield Plain(without_pictures(body), "red")
    elif call.tool in (Tool.EXEC, Tool.STDIN):
        yield Output(without_pictures(body))
    else:
        yield result_block(body)


def _news(notices: list[WorkerNotice], cast: Cast) -> Iterator[Block]:
    for notice in notices:
        yield Plain(f"{cast.name_of(notice.worker)} {notice.state}".strip(), "bold")
        if notice.words:
            yield Prose(notice.words)


def _pictures(records: CallRecords) -> list[str]:
    output = records.output
    if output is not None:
        record = records.output_record if output.images else None
    else:
        record = records.item_record if records.call.tool in (Tool.MCP, Tool.DYNAMIC) else None
    return [described(picture) for picture in pictures_in(record)] if record is not None else []
