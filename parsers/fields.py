"""Reading values out of decoded JSON without trusting their types; used by every format module."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from trace_tui.parsers.usage import Usage

JsonObject = dict[str, Any]

_LARGEST = 10**15
"""No count, time or size is as large; what is, is damage, and would not fit into JSON once added up."""

_USAGE_KEYS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)


def text(record: JsonObject, key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) else None


def integer(record: JsonObject, key: str) -> int | None:
    value = record.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST:
        return value
    return None


def natural(record: JsonObject, key: str) -> int | None:
    """A whole number that is not negative: durations of clocks that went back tell nothing."""
    value = integer(record, key)
    return value if value is not None and value >= 0 else None


def mapping(record: JsonObject, key: str) -> JsonObject:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def sequence(record: JsonObject, key: str) -> list[Any]:
    value = record.get(key)
    return value if isinstance(value, list) else []


def strings(values: list[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def usage(record: JsonObject) -> Usage:
    """Counts of one response; anything that is no positive whole number counts as zero."""
    counts = [record.get(key, 0) for key in _USAGE_KEYS]
    for index, count in enumerate(counts):
        if type(count) is not int or not 0 <= count < _LARGEST:
            counts[index] = 0
    return Usage._make(counts)


def turn_named_in(payload: JsonObject) -> str | None:
    """The turn that a payload says it belongs to, by itself or in what is passed through with it."""
    turn_id = payload.get("turn_id")
    if turn_id is None:
        passthrough = payload.get("internal_chat_message_metadata_passthrough")
        turn_id = passthrough.get("turn_id") if isinstance(passthrough, dict) else None
    return turn_id if isinstance(turn_id, str) else None


def duration_ms(record: JsonObject, key: str = "duration") -> int | None:
    """A ``{secs, nanos}`` object as whole milliseconds."""
    value = record.get(key)
    if not isinstance(value, dict):
        return None
    secs, nanos = natural(value, "secs"), natural(value, "nanos")
    if secs is None and nanos is None:
        return None
    return (secs or 0) * 1000 + (nanos or 0) // 1_000_000


def seconds_as_ms(record: JsonObject, key: str) -> int | None:
    value = record.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12:
        return int(value * 1000)
    return None


def plain_path(value: str | None) -> str | None:
    """``file:///home/x`` as ``/home/x``; paths are shown, never opened."""
    if value is None or not value.startswith("file://"):
        return value
    return unquote(value[len("file://") :])


def policy_name(value: object) -> str | None:
    """A policy is a word, or an object whose ``type``, ``mode`` or only key is that word."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or not value:
        return None
    for key in ("type", "mode"):
        if isinstance(value.get(key), str):
            return str(value[key])
    return str(next(iter(value)))


class Clock:
    """Turns timestamps into milliseconds; remembers the last minute, as neighbours share it."""

    __slots__ = ("base", "minute")

    def __init__(self) -> None:
        self.minute = b""
        self.base = 0

    def ms(self, stamp: object) -> int | None:
        return self.ms_of_bytes(stamp.encode("utf-8", "replace")) if isinstance(stamp, str) else None

    def ms_of_bytes(self, stamp: bytes) -> int | None:
        """``2026-11-20T12:48:50.123Z``, or anything else that ISO 8601 allows."""
        if stamp[:17] == self.minute and len(stamp) == 24:
            digits = stamp[17:19] + stamp[20:23]
            if digits.isdigit() and digits < b"60":
                return self.base + int(digits)
        return self._parse(stamp.decode("utf-8", "replace"))

    def _parse(self, stamp: str) -> int | None:
        try:
            moment = datetime.fromisoformat(stamp)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            value = round(moment.timestamp() * 1000)
        except (ValueError, OverflowError):
            return None
        if len(stamp) == 24 and stamp[19] == "." and stamp[23] == "Z":
            self.minute, self.base = stamp[:17].encode(), value - value % 60_000
        return value
