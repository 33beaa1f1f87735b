"""Builds small session files of any era, line by line, for what no sample holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from trace_tui.model import Session
from trace_tui.reading import SessionReader
from trace_tui.sources import file_source

START = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
THREAD = "01a1f900-0000-7000-8000-000000000001"
OTHER_THREAD = "01a1f800-0000-7000-8000-000000000002"


class Rollout:
    """An enveloped file; ``ordinals`` gives it the paginated form. Every line is 100 ms after the last."""

    def __init__(self, *, ordinals: bool = False, first_ordinal: int = 0, start: datetime = START) -> None:
        self.lines: list[bytes] = []
        self._ordinal = first_ordinal if ordinals else None
        self._now = start

    def pause(self, seconds: float) -> Self:
        self._now += timedelta(seconds=seconds)
        return self

    def line(self, type_: str, payload: dict[str, Any], *, after_ms: int = 100, **envelope: Any) -> Self:
        self._now += timedelta(milliseconds=after_ms)
        stamp = self._now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self._now.microsecond // 1000:03d}Z"
        record: dict[str, Any] = {"timestamp": stamp}
        if self._ordinal is not None:
            record["ordinal"] = self._ordinal
            self._ordinal += 1
        record |= {"type": type_, "payload": payload, **envelope}
        return self.raw(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode())

    def raw(self, line: bytes) -> Self:
        self.lines.append(line)
        return self

    def meta(self, id_: str = THREAD, **more: Any) -> Self:
        payload = {"id": id_, "timestamp": "2026-11-20T12:00:00.000Z", "cwd": "/home/dev/work", **more}
        return self.line("session_meta", payload)

    def event(self, type_: str, **payload: Any) -> Self:
        return self.line("event_msg", {"type": type_, **payload})

    def item(self, type_: str, **payload: Any) -> Self:
        return self.line("response_item", {"type": type_, **payload})

    def done(self, turn_id: str | None = None, **item: Any) -> Self:
        """A paginated `item_completed`."""
        return self.event("item_completed", turn_id=turn_id, item=item)

    def said(self, role: str, *texts: str, **more: Any) -> Self:
        kind = "output_text" if role == "assistant" else "input_text"
        return self.item(
            "message", role=role, content=[{"type": kind, "text": text} for text in texts], **more
        )

    def asked(self, text: str) -> Self:
        """A prompt as legacy files have it: the message, then its twin."""
        return self.said("user", text).event("user_message", message=text)

    def answered(self, text: str) -> Self:
        """An answer as legacy files have it: the twin, then the message."""
        return self.event("agent_message", message=text).said("assistant", text)

    def call(self, call_id: str, name: str = "exec_command", arguments: Any = None, **more: Any) -> Self:
        written = (
            arguments
            if isinstance(arguments, str)
            else json.dumps({"cmd": "ls"} if arguments is None else arguments)
        )
        return self.item("function_call", name=name, arguments=written, call_id=call_id, **more)

    def output(self, call_id: str, output: Any) -> Self:
        return self.item("function_call_output", call_id=call_id, output=output)

    def started(self, turn_id: str, **more: Any) -> Self:
        return self.event("task_started", turn_id=turn_id, model_context_window=258400, **more)

    def ended(self, turn_id: str, last: str | None = "Done.", **more: Any) -> Self:
        return self.event("task_complete", turn_id=turn_id, last_agent_message=last, **more)

    def counted(self, total: tuple[int, int], last: tuple[int, int], context: int | None = None) -> Self:
        """A `token_count` by (input, output) of the running total and of the last response."""
        info = {
            "total_token_usage": usage(*total),
            "last_token_usage": usage(*last) | ({"total_tokens": context} if context is not None else {}),
            "model_context_window": 258400,
        }
        return self.event("token_count", info=info, rate_limits=None)

    def content(self) -> bytes:
        return b"".join(line + b"\n" for line in self.lines)

    def save(self, folder: Path, name: str = "session.jsonl") -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content())
        return path

    def read(self, folder: Path) -> Session:
        return read_file(self.save(folder))


def usage(input_: int, output: int) -> dict[str, int]:
    return {
        "input_tokens": input_,
        "cached_input_tokens": 0,
        "output_tokens": output,
        "reasoning_output_tokens": 0,
        "total_tokens": input_ + output,
    }


def read_file(*paths: Path) -> Session:
    """Just these files, as one thread."""
    return SessionReader([file_source(path) for path in paths]).run()
