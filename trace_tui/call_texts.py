"""What a tool was given and what it gave back, whole; for hints, `why`, `show` and the app's detail."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Self

import orjson

from trace_tui.errors import Unreadable
from trace_tui.model import Call, Place, Tool, Turn
from trace_tui.parsers.commands import shown_command
from trace_tui.parsers.events import CallMade, CallOutput, Event, Message, Salvaged, ToolEnded, ToolStarted
from trace_tui.parsers.outputs import read_output
from trace_tui.parsers.particulars import OwnCommand, item_changes, item_error, item_result, own_command
from trace_tui.parsers.patches import FilePatch, patch_in_command, read_patch
from trace_tui.texts import Texts

_HAVE_HEADERS = frozenset({Tool.EXEC, Tool.STDIN, Tool.PATCH, Tool.OTHER})
"""Whose outputs begin with lines of the harness; those of other tools may look alike by accident."""


class CallRecords:
    """The up to three records that tell of a call, each read once and only when asked for."""

    def __init__(self, call: Call, texts: Texts) -> None:
        self.call = call
        self._texts = texts
        self._records: dict[Place, bytes] = {}
        self._events: dict[Place, Event] = {}

    @classmethod
    def of(cls, call: Call, texts: Texts) -> Self:
        (records,) = cls.of_many([call], texts)
        return records

    @classmethod
    def of_many(cls, calls: Sequence[Call], texts: Texts) -> list[Self]:
        """All of them read now, in the order of the file: that is quickest where it is compressed.

        What can't be read raises where it is asked for.
        """
        many = [cls(call, texts) for call in calls]
        for place, number in sorted((place, n) for n, call in enumerate(calls) for place in places_of(call)):
            with suppress(Unreadable):
                many[number]._record(place)
        return many

    @property
    def made(self) -> CallMade | None:
        """The call itself; None where only a stream or an item tells of it."""
        event = self._event(self.call.place)
        return event if isinstance(event, CallMade) else None

    @property
    def begun(self) -> ToolStarted | ToolEnded | None:
        """The same where there is no line of the call's own."""
        event = self._event(self.call.place)
        return event if isinstance(event, ToolStarted | ToolEnded) else None

    @property
    def item(self) -> ToolEnded | None:
        """The harness' account of the finished tool."""
        event = self._event(self.call.item_place) if self.call.item_place is not None else self.begun
        return event if isinstance(event, ToolEnded) else None

    @property
    def output(self) -> CallOutput | None:
        event = self._event(self.call.output_place) if self.call.output_place is not None else None
        return event if isinstance(event, CallOutput) else None

    @property
    def own_command(self) -> OwnCommand | None:
        """What a person ran, where a message is all that tells of it."""
        event = self._event(self.call.place)
        return own_command(event.text) if isinstance(event, Message) else None

    @property
    def arguments(self) -> dict[str, object]:
        """None of them where the call has no arguments that can be read."""
        made = self.made
        return (made.arguments or {}) if made is not None else {}

    @property
    def item_record(self) -> bytes | None:
        """The item's bytes, for what no event carries."""
        item = self.item
        if item is None:
            return None
        return self._record(self.call.place if self.call.item_place is None else self.call.item_place)

    @property
    def output_record(self) -> bytes | None:
        return self._record(self.call.output_place) if self.call.output_place is not None else None

    def _record(self, place: Place) -> bytes:
        record = self._records.get(place)
        if record is None:
            record = self._records[place] = self._texts.raw(place)
        return record

    def _event(self, place: Place) -> Event:
        event = self._events.get(place)
        if event is None:
            event = self._events[place] = self._of_this_call(self._texts.read(self._record(place)))
        return event

    def _of_this_call(self, event: Event) -> Event:
        """Of several records on one line the one that is about this call."""
        if isinstance(event, Salvaged):
            kinds = (CallMade, CallOutput, ToolStarted, ToolEnded)
            told = [one for one in event.events if isinstance(one, kinds)]
            return next((one for one in told if one.call_id == self.call.call_id), event)
        if isinstance(event, CallMade | CallOutput) and event.call_id not in (None, self.call.call_id):
            raise Unreadable(f"where {self.call.call_id} was something else stands by now")
        return event


def places_of(call: Call) -> list[Place]:
    """The records that tell of a call, in the order of the file."""
    places = (call.place, call.item_place, call.output_place)
    return sorted({place for place in places if place is not None})


def call_input(records: CallRecords) -> str:
    """What the tool was given: a command as typed, a patch or script as written, other arguments as JSON."""
    made = records.made
    if made is None:
        own, begun = records.own_command, records.begun
        if own is not None:
            return own.command
        return begun.summary if begun is not None else records.call.summary
    if made.arguments is None:
        return made.input
    command = typed_command(records)
    if command is not None:
        return command
    return orjson.dumps(made.arguments, option=orjson.OPT_INDENT_2, default=str).decode()


def typed_command(records: CallRecords) -> str | None:
    """A command as a person would have typed it; None where the call is no command, or can't be read."""
    if records.call.tool is not Tool.EXEC:
        return None
    made = records.made
    if made is None:
        return call_input(records) or None
    command = records.arguments.get("cmd", records.arguments.get("command"))
    return shown_command(command) if command is not None else None


def call_output(records: CallRecords) -> str | None:
    """What the model was given back, else what the harness' item holds; None where nothing was written."""
    if (output := records.output) is not None:
        return output.text
    if (own := records.own_command) is not None:
        return own.result
    if (item := records.item) is None:
        return None
    told = item.output or item.error or item.output
    if told is None and records.call.tool is Tool.MCP and (record := records.item_record) is not None:
        return item_result(record) or item_error(record)
    return told


def without_header(text: str, call: Call) -> str:
    """What the tool itself gave back, without the lines that the harness put before it."""
    if call.tool is Tool.CODE:
        return read_output(text).body if text.startswith("Script ") else text
    if call.tool not in _HAVE_HEADERS:
        return read_output(text).body if text.startswith("Wall time:") else text
    if text.startswith("Script "):
        return text
    body = read_output(text).body
    if body == text or "apply_patch" not in call.summary:
        return body
    inner = read_output(body)  # the patch has a header of its own below that of the command
    return inner.body if inner.exit_code is not None else body


def written_patch(records: CallRecords) -> str:
    """The patch as the model wrote it; empty where only an item tells of it."""
    made = records.made
    if made is None:
        return ""
    for key in ("input", "patch"):
        if isinstance(patch := records.arguments.get(key), str):
            return patch
    return made.input


def patched_files(records: CallRecords) -> list[FilePatch]:
    """What a patch was to change: by its own words, else by the item of the finished patch."""
    if records.call.tool is Tool.EXEC:
        inside = patch_in_command(typed_command(records) or "")
        return read_patch(inside.patch) if inside is not None else []
    files = read_patch(written_patch(records))
    if not files and (record := records.item_record) is not None:
        files = item_changes(record)
    return files


def call_folder(records: CallRecords, turn: Turn) -> str | None:
    """Where a command ran."""
    item = records.item
    if item is not None and item.cwd:
        return item.cwd
    folder = records.arguments.get("workdir")
    if isinstance(folder, str):
        return folder
    return turn.cwd if records.call.tool in (Tool.EXEC, Tool.PATCH) else None
