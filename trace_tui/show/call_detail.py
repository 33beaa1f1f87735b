"""Everything about single calls: input and output whole, as a page or as JSON."""

from __future__ import annotations

from typing import Any

import orjson
from rich.console import Console
from rich.text import Text as Line

from trace_tui.model import Call, Session, Tool, Turn, line_of
from trace_tui.parsers.commands import shown_command
from trace_tui.parsers.events import CallMade, CallOutput, ToolEnded
from trace_tui.parsers.safe_text import one_line, safe_block
from trace_tui.show.contract import call_object
from trace_tui.targets import PlaceKind, link
from trace_tui.texts import Texts
from trace_tui.times import short_duration
from trace_tui.wording.steps import clock, tool_name
from trace_tui.wording.words import CALL_GLYPHS, CALL_STYLES, TOOL_WORDS

CALLS_SCHEMA = "codex-trace/calls@1"


def call_input(call: Call, texts: Texts) -> str:
    """What the tool was given: a command as typed, a patch or script as written, other arguments as JSON."""
    event = texts.event(call.place)
    if isinstance(event, ToolEnded):
        return event.summary
    if not isinstance(event, CallMade):
        return call.summary
    arguments = event.arguments
    if arguments is None:
        return event.input
    command = arguments.get("cmd", arguments.get("command"))
    if call.tool is Tool.EXEC and command is not None:
        return shown_command(command)
    return orjson.dumps(arguments, option=orjson.OPT_INDENT_2, default=str).decode()


def call_output(call: Call, texts: Texts) -> str | None:
    """What the model was given back, else what the harness' item holds; None where nothing was written."""
    if call.output_place is not None:
        event = texts.event(call.output_place)
        if isinstance(event, CallOutput):
            return event.text
    if call.item_place is not None:
        event = texts.event(call.item_place)
        if isinstance(event, ToolEnded):
            return event.output or event.error
    return None


def call_folder(call: Call, turn: Turn, texts: Texts) -> str | None:
    """Where a command ran."""
    if call.item_place is not None:
        item = texts.event(call.item_place)
        if isinstance(item, ToolEnded) and item.cwd:
            return item.cwd
    event = texts.event(call.place)
    if isinstance(event, CallMade) and event.arguments is not None:
        folder = event.arguments.get("workdir")
        if isinstance(folder, str):
            return folder
    return turn.cwd if call.tool in (Tool.EXEC, Tool.PATCH) else None


def calls_object(calls: list[tuple[Turn, Call]], session: Session, texts: Texts) -> dict[str, Any]:
    with_file = len(session.files) > 1
    return {
        "schema": CALLS_SCHEMA,
        "session": session.id,
        "calls": [
            {
                **call_object(call, with_file=with_file),
                "turn": turn.index,
                "cwd": call_folder(call, turn, texts),
                "input": call_input(call, texts),
                "output": call_output(call, texts),
            }
            for turn, call in calls
        ],
    }


def print_call(console: Console, turn: Turn, call: Call, texts: Texts, named: str | None) -> None:
    """``named`` is how to name the session again, where it can be."""
    style = CALL_STYLES[call.status]
    name = tool_name(call)
    head = Line(no_wrap=True)
    head.append(f"{CALL_GLYPHS[call.status]} {call.reason or call.status.value}", style)
    head.append(f" · {TOOL_WORDS[call.tool]} {one_line(name, 80)}", "bold")
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
    folder = call_folder(call, turn, texts)
    if folder:
        console.print(Line(f"  in {one_line(folder, 400)}", "dim"))
    _print_block(console, call_input(call, texts), "bold")
    output = call_output(call, texts)
    if output is None:
        console.print(Line("  no output was written", "dim"))
    else:
        _print_block(console, output, "")


def _print_block(console: Console, text: str, style: str) -> None:
    """Line by line, wrapped by the terminal alone: what is copied from here is what was there."""
    if text.strip():
        for line in safe_block(text).rstrip("\n").split("\n"):
            console.print(Line("    " + line, style), soft_wrap=True)
