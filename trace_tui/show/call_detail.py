"""Everything about single calls: input and output whole, as a page or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text as Line

from trace_tui.call_texts import CallRecords, call_folder, call_input, call_output
from trace_tui.model import Call, Session, Tool, Turn, line_of
from trace_tui.parsers.safe_text import one_line, safe_block
from trace_tui.printing.items import call_object
from trace_tui.targets import PlaceKind, link
from trace_tui.telling.written import without_cipher_texts
from trace_tui.texts import Texts
from trace_tui.times import short_duration
from trace_tui.wording.steps import clock, tool_name
from trace_tui.wording.words import CALL_GLYPHS, CALL_STYLES, step_word

if TYPE_CHECKING:
    from trace_tui.show.whys import Whys

CALLS_SCHEMA = "codex-trace/calls@1"


def calls_object(
    calls: list[tuple[Turn, Call]], session: Session, texts: Texts, whys: Whys | None
) -> dict[str, Any]:
    """``whys`` are there where any of them failed."""
    with_file = len(session.files) > 1
    return {
        "schema": CALLS_SCHEMA,
        "session": session.id,
        "calls": [_call_object(turn, call, texts, whys, with_file=with_file) for turn, call in calls],
    }


def _call_object(
    turn: Turn, call: Call, texts: Texts, whys: Whys | None, *, with_file: bool
) -> dict[str, Any]:
    records = CallRecords.of(call, texts)
    return {
        **call_object(call, with_file=with_file),
        "turn": turn.index,
        "cwd": call_folder(records, turn),
        "input": call_input(records),
        "output": call_output(records),
        "why": whys.object_of(turn, call) if whys is not None and call.status.is_failure else None,
    }


def print_call(console: Console, turn: Turn, call: Call, texts: Texts, named: str | None) -> None:
    """``named`` is how to name the session again, where it can be."""
    style = CALL_STYLES[call.status]
    name = tool_name(call)
    head = Line(no_wrap=True)
    head.append(f"{CALL_GLYPHS[call.status]} {call.reason or call.status.value}", style)
    head.append(f" · {step_word(call)} {one_line(name, 80)}", "bold")
    console.print(head, crop=True, overflow="ellipsis")
    lines = [
        f"line {line_of(place)}"
        for place in (call.place, call.item_place, call.output_place)
        if place is not None
    ]
    facts = [f"turn {turn.index}", clock(call.started_at), short_duration(call.duration_ms)]
    facts += [f"exit {call.exit_code}" if call.exit_code is not None else "", ", ".join(dict.fromkeys(lines))]
    facts += [f"worker {one_line(call.child_session, 80)}" if call.child_session else ""]
    console.print(Line("  " + " · ".join(fact for fact in facts if fact), "dim"))
    here = call.call_id if named is None else link(named, PlaceKind.CALL, call.call_id)
    console.print(Line(f"  {one_line(here, 1000)}", "dim"), soft_wrap=True)
    records = CallRecords.of(call, texts)
    folder = call_folder(records, turn)
    if folder:
        console.print(Line(f"  in {one_line(folder, 400)}", "dim"))
    given = call_input(records)
    _print_block(console, without_cipher_texts(given) if call.tool is Tool.AGENT else given, "bold")
    output = call_output(records)
    if output is None:
        console.print(Line("  no output was written", "dim"))
    else:
        _print_block(console, output, "")


def _print_block(console: Console, text: str, style: str) -> None:
    """Line by line, wrapped by the terminal alone: what is copied from here is what was there."""
    if text.strip():
        for line in safe_block(text).rstrip("\n").split("\n"):
            console.print(Line("    " + line, style), soft_wrap=True)
