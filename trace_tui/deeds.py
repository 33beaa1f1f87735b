"""What calls did: equal where the same was asked for and the same came back; for `findings`.

Only for calls that look alike are the files read, in one go, and no more of them than is quick.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import orjson

from trace_tui.call_texts import (
    CallRecords,
    call_input,
    call_output,
    places_of,
    without_header,
)
from trace_tui.errors import Unreadable
from trace_tui.model import Call, Tool
from trace_tui.parsers.outputs import read_output
from trace_tui.parsers.particulars import item_arguments
from trace_tui.texts import Texts

Deed = tuple[str | None, ...]

_CALLS_READ = 2000
_BYTES_READ = 4 << 20
_LARGE = 1 << 19
"""What takes a quarter of a second at most. A session with more of them has said it by then."""

# Begins with a plain digit, for which the search leaps: elsewhere it costs nothing.
_VARYING = re.compile(
    r"[0-9](?<![0-9.].)(?:"
    r"\d{3}-\d\d-\d\d(?:[T _]\d\d[:_]\d\d[:_]\d\d(?:[.,_]\d{1,9})?Z?)?"
    r"|\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"|\d{0,8}(?:m ?\d{1,9})?(?:\.\d{1,9})? ?(?:[nuµm]?s|secs?|seconds?|min|minutes?)\b"
    r"|(?<=0)x[0-9a-fA-F]{6,16}\b)"
)
"""Times and addresses: what a program prints of them is new with every run."""


def records_of(calls: Iterable[Call], texts: Texts) -> dict[Call, CallRecords]:
    """By call; of very many the first ones, and none of the largest."""
    chosen: dict[Call, None] = {}
    total = 0
    for call in calls:
        if call in chosen or (size := sum(map(texts.size, places_of(call)))) > _LARGE:
            continue
        total += size
        if total > _BYTES_READ or len(chosen) == _CALLS_READ:
            break
        chosen[call] = None
    return dict(zip(chosen, CallRecords.of_many(list(chosen), texts), strict=True))


def deeds_of(
    calls: Iterable[Call], records: Mapping[Call, CallRecords], polls: Mapping[Call, Sequence[Call]]
) -> dict[Call, Deed]:
    """Those that are known; ``polls`` are the ones behind a command that was left running."""
    deeds: dict[Call, Deed] = {}
    for call in calls:
        if call not in records or call in deeds:
            continue
        behind = [records[poll] for poll in polls.get(call, ()) if poll in records]
        try:
            deed = _deed(records[call], behind)
        except Unreadable:
            continue
        if deed is not None:
            deeds[call] = deed
    return deeds


def _deed(records: CallRecords, polls: Sequence[CallRecords]) -> Deed | None:
    given = _given(records)
    gave = _gave(records, polls) if given is not None else None
    if given is None or gave is None:
        return None
    call = records.call
    outcome = str(call.exit_code) if call.exit_code is not None else call.reason
    return (call.name, call.namespace, given, outcome, _VARYING.sub("", gave))


def _given(records: CallRecords) -> str | None:
    """Without limits on time and output, which change nothing of what was asked for."""
    call, made = records.call, records.made
    if made is None:
        return _given_to_item(records)
    arguments = records.arguments
    if call.tool is Tool.EXEC and (command := arguments.get("cmd", arguments.get("command"))) is not None:
        return f"{command}\0{arguments.get('workdir')}"
    if call.tool is Tool.STDIN and arguments:
        return f"{arguments.get('session_id')}\0{arguments.get('chars')}"
    return call_input(records)


def _given_to_item(records: CallRecords) -> str | None:
    """Where there is no line of the call's own, as inside a script and in streams."""
    begun, item = records.begun, records.item
    if begun is None:
        return None
    if records.call.tool is Tool.EXEC:
        return f"{begun.summary}\0{item.cwd if item is not None else None}"
    if records.call.tool not in (Tool.MCP, Tool.DYNAMIC) or (record := records.item_record) is None:
        return None
    arguments = item_arguments(record)
    return orjson.dumps(arguments).decode() if arguments is not None else None


def _gave(records: CallRecords, polls: Sequence[CallRecords]) -> str | None:
    call, output = records.call, records.output
    if output is None:
        return call_output(records) if call.output_place is None else None
    if output.images:
        return None
    body = without_header(output.text, call)
    if call.tool is Tool.EXEC and (process := read_output(output.text).session) is not None:
        return records.item.output if records.item is not None else _read_by_polls(process, body, polls)
    # What was typed into a process may have no answer yet.
    return body if body.strip() or call.tool is not Tool.STDIN else None


def _read_by_polls(process: str, begun: str, polls: Sequence[CallRecords]) -> str | None:
    """The whole output of a command that was left running; None where nobody read its end."""
    parts = [begun]
    for poll in polls:
        if str(poll.arguments.get("session_id")) != process or (output := poll.output) is None:
            continue
        facts = read_output(output.text)
        parts.append(facts.body)
        if facts.exit_code is not None:
            return "".join(parts)
    return None
