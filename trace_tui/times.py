"""Moments and durations, as they are written for people and machines, and as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

_zone: tzinfo | None = None
"""Of the clock that moments are shown by; None is the system's own."""


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


def use_zone(zone: tzinfo | None) -> None:
    """From now on the reader's clock is one of this zone; the system's own with None."""
    global _zone
    _zone = zone


def zone_named(name: str) -> tzinfo | None:
    """``utc``, ``local`` (None), or a name like ``Europe/Berlin``; `ValueError` over any other."""
    word = name.strip()
    if word.lower() in ("utc", "local"):
        return UTC if word.lower() == "utc" else None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(word)
    except (LookupError, ValueError, OSError) as problem:  # OSError: the name of a folder of zones
        raise ValueError(f"no time zone is called {word}") from problem


def local(at: int | None) -> datetime | None:
    """A moment by the clock of whoever reads it; None for what no calendar holds."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at / 1000, _zone)
    except (OverflowError, OSError, ValueError):
        return None


def local_with_zone(at: int | None) -> datetime | None:
    """The same for ``%Z``; `local` leaves out what costs time and rows do not show."""
    moment = local(at)
    if moment is None or moment.tzinfo is not None:
        return moment
    try:
        return moment.astimezone()
    except (OverflowError, ValueError):
        return None


def local_now() -> datetime:
    """By the clock of whoever reads it."""
    return datetime.now(_zone)


def minute(at: int | None) -> str:
    """``2026-11-20 14:05`` by the reader's clock."""
    moment = local(at)
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""


_SPAN = r"(\d+)\s*([smhdw])"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def point_in_time(words: str, now: datetime, *, end: bool = False) -> int:
    """``2h`` and ``7d`` ago, ``today``, ``yesterday``, a date, a date and time; a day's end with ``end``.

    Without a time zone it is meant as the reader's own. Raises `ValueError` over anything else,
    `OverflowError` over what no calendar holds.
    """
    words = words.strip().lower()
    if span := re.fullmatch(_SPAN, words):
        return _milliseconds(now - timedelta(**{_UNITS[span[2]]: int(span[1])}))
    days = {"today": 0, "yesterday": 1}
    if words in days:
        day = now.astimezone(_zone).date() - timedelta(days=days[words])
    else:
        try:
            day = date.fromisoformat(words)
        except ValueError:
            return _milliseconds(_by_readers_clock(datetime.fromisoformat(words.upper())))
    midnight = _midnight(day)
    # The next one is looked up, not counted: the day on which clocks change has 23 or 25 hours.
    return _midnight(day + timedelta(days=1)) - 1 if end else midnight


def _midnight(day: date) -> int:
    return _milliseconds(_by_readers_clock(datetime(day.year, day.month, day.day)))


def _by_readers_clock(moment: datetime) -> datetime:
    if moment.tzinfo is not None or _zone is None:
        return moment.astimezone()
    return moment.replace(tzinfo=_zone)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
