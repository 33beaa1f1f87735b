"""Moments and durations, as they are written for people and machines, and as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta


def rfc3339(at: int | None) -> str | None:
    moment = moment_of(at)
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment_of(at: int | None) -> datetime | None:
    """A moment in UTC; None for what no calendar holds."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)
    except (OverflowError, OSError, ValueError):
        return None


def between(start: int | None, end: int | None) -> int | None:
    """Milliseconds from one moment to another, where both are known; clocks may have been set back."""
    return None if start is None or end is None else max(0, end - start)


def short_duration(milliseconds: int | None) -> str:
    """``4 ms``, ``1.3 s``, ``2m05s``, ``3h12m``: at most six characters wide where it can be."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def local(at: int | None) -> datetime | None:
    """A moment by the clock of whoever reads it; None for what no calendar holds."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at / 1000)
    except (OverflowError, OSError, ValueError):
        return None


def minute(at: int | None) -> str:
    """``2026-11-20 14:05`` by the reader's clock."""
    moment = local(at)
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""


_SPAN = r"(\d+)\s*([smhdw])"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def point_in_time(words: str, now: datetime, *, end: bool = False) -> int:
    """``2h`` and ``7d`` ago, ``today``, ``yesterday``, a date, a date and time; a day's end with ``end``.

    Without a time zone it is meant as the reader's own. Raises `ValueError` over anything else.
    """
    words = words.strip().lower()
    if span := re.fullmatch(_SPAN, words):
        return _milliseconds(now - timedelta(**{_UNITS[span[2]]: int(span[1])}))
    days = {"today": 0, "yesterday": 1}
    if words in days:
        day = (now.astimezone() - timedelta(days=days[words])).date()
    else:
        try:
            day = date.fromisoformat(words)
        except ValueError:
            return _milliseconds(datetime.fromisoformat(words.upper()).astimezone())
    midnight = datetime(day.year, day.month, day.day).astimezone()
    return _milliseconds(midnight + timedelta(days=1)) - 1 if end else _milliseconds(midnight)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
