"""The reader's clock: moments are shown and understood in the system's zone, or in one that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from trace_tui.times import (
    local,
    local_now,
    local_with_zone,
    minute,
    point_in_time,
    rfc3339,
    use_zone,
    zone_named,
)
from trace_tui.wording.sessions import today
from trace_tui.wording.steps import clock

zoneinfo = pytest.importorskip("zoneinfo")
if not zoneinfo.available_timezones():
    pytest.skip("no time zones on this system", allow_module_level=True)

EVENING = 1_795_219_200_250
"""2026-11-21 00:00:00.250 UTC."""
NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def systems_own() -> Iterator[None]:
    yield
    use_zone(None)


def read_in(name: str) -> None:
    use_zone(zone_named(name))


def shown(milliseconds: int) -> str | None:
    return rfc3339(milliseconds)


def test_without_a_word_the_systems_zone_is_used() -> None:
    assert minute(EVENING) == "2026-11-21 00:00"  # the tests' system keeps UTC
    assert clock(EVENING) == "00:00:00"


def test_moments_are_shown_by_the_clock_of_a_zone() -> None:
    read_in("America/Los_Angeles")
    assert minute(EVENING) == "2026-11-20 16:00"
    assert clock(EVENING) == "16:00:00"
    moment = local(EVENING)
    assert moment is not None
    assert moment.date() == date(2026, 11, 20)
    assert moment.timestamp() * 1000 == EVENING


def test_the_systems_zone_comes_back() -> None:
    read_in("Asia/Tokyo")
    assert clock(EVENING) == "09:00:00"
    read_in("local")
    assert clock(EVENING) == "00:00:00"


def test_what_machines_read_stays_in_utc() -> None:
    read_in("Asia/Tokyo")
    assert rfc3339(EVENING) == "2026-11-21T00:00:00.250Z"


@pytest.mark.parametrize(
    ("zone", "called"),
    [("Europe/Berlin", "CET"), ("America/Los_Angeles", "PST"), ("utc", "UTC"), ("local", "UTC")],
)
def test_a_moment_says_its_zone_where_there_is_room(zone: str, called: str) -> None:
    read_in(zone)
    moment = local_with_zone(EVENING)
    assert moment is not None
    assert moment.strftime("%Z") == called


@pytest.mark.parametrize("zone", ["local", "Asia/Tokyo"])
@pytest.mark.parametrize("at", [None, 10**18, -(10**18)])
def test_what_no_calendar_holds_is_no_moment(zone: str, at: int | None) -> None:
    read_in(zone)
    assert local(at) is None
    assert local_with_zone(at) is None
    assert minute(at) == ""


def test_today_and_now_are_those_of_the_zone() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart: never the same day
        read_in(zone)
        assert local_now().tzinfo is not None
        before, answer, after = local_now().date(), today(), local_now().date()
        assert before <= answer <= after


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("today", "2026-11-20T08:00:00.000Z", "2026-11-21T07:59:59.999Z"),
        ("yesterday", "2026-11-19T08:00:00.000Z", "2026-11-20T07:59:59.999Z"),
        ("2026-11-20", "2026-11-20T08:00:00.000Z", "2026-11-21T07:59:59.999Z"),
        ("2026-11-20 14:05", "2026-11-20T22:05:00.000Z", "2026-11-20T22:05:00.000Z"),
        ("2026-11-20T14:05Z", "2026-11-20T14:05:00.000Z", "2026-11-20T14:05:00.000Z"),
        ("2h", "2026-11-21T02:00:00.000Z", "2026-11-21T02:00:00.000Z"),
    ],
)
def test_days_and_times_are_meant_by_the_readers_clock(words: str, start: str, end: str) -> None:
    read_in("America/Los_Angeles")
    assert shown(point_in_time(words, NOW)) == start
    assert shown(point_in_time(words, NOW, end=True)) == end


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-07-01", 24), ("2026-10-25", 25)])
def test_a_day_ends_at_the_next_midnight_also_when_clocks_change(day: str, hours: int) -> None:
    read_in("Europe/Berlin")
    length = point_in_time(day, NOW, end=True) + 1 - point_in_time(day, NOW)
    assert length == hours * 3_600_000


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_calendars_own_ends_have_no_day(day: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        point_in_time(day, NOW, end=True)


@pytest.mark.parametrize("name", ["utc", "UTC", " Utc "])
def test_utc_needs_no_list_of_zones(name: str) -> None:
    assert zone_named(name) is UTC


def test_local_is_the_systems_own() -> None:
    assert zone_named("Local") is None


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "Europe", "/etc/passwd", "../Berlin", "x\0y", "\udc80", "a" * 5000]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone is called"):
        zone_named(name)
