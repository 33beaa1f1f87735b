"""Going to a place by its name: a turn, a line, a time, an id, typed behind a colon or written in a link."""

from __future__ import annotations

from functools import cache

import pytest

from tests.building import read_file
from tests.driving import SAMPLES, reading, sample
from trace_tui.app.going import spot_for, spot_named, spot_wished
from trace_tui.app.wishes import Spot, Wish
from trace_tui.errors import NothingFound
from trace_tui.model import Call, Session, line_of
from trace_tui.targets import PlaceKind, PlaceName

RESUMED = "01a1f901-6347"
"""Four turns from 12:49:40 on, by four runs of Codex."""


@cache
def resumed() -> Session:
    return read_file(sample(RESUMED))


def what(spot: Spot) -> str:
    if isinstance(spot.item, Call):
        return f"{spot.turn.index} {spot.item.summary}"
    return f"{spot.turn.index} {spot.item.text}" if spot.item is not None else f"{spot.turn.index}"


@pytest.mark.parametrize("words", ["3", "turn 3", "t3", " Turn 3 ", "turn=3", "03"])
def test_a_number_is_a_turn(words: str) -> None:
    assert what(spot_for(words, resumed())) == "3"


@pytest.mark.parametrize("form", ["line {}", "l{}", ":{}", "line={}", "Line:{}"])
def test_a_line_is_the_step_that_it_tells_of(form: str) -> None:
    call = resumed().failed_calls()[0]
    assert call.output_place is not None
    for place in (call.place, call.output_place):
        assert what(spot_for(form.format(line_of(place)), resumed())) == "1 sh check.sh"


def test_a_line_behind_the_last_step_is_that_step() -> None:
    last = len(resumed().files[0].offsets)
    assert what(spot_for(f"line {last}", resumed())).startswith("4")


def test_a_time_of_the_day_is_the_first_step_from_then_on() -> None:
    assert what(spot_for("12:49", resumed())).startswith("1")
    assert what(spot_for("12:49:41", resumed())).startswith("4")
    assert what(spot_for("23:59", resumed())).startswith("4")


def test_an_offset_counts_from_the_beginning() -> None:
    assert what(spot_for("@1s", resumed())).startswith("4")
    assert what(spot_for("@1h30m", resumed())).startswith("4")
    assert what(spot_for("@0m", resumed())).startswith("1")


def test_an_id_is_a_call_by_how_it_begins() -> None:
    call = resumed().failed_calls()[0]
    assert spot_for(call.call_id, resumed()).item is call
    assert spot_for(call.call_id[:14], resumed()).item is call


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("99", "no turn 99: the session has 4"),
        ("0", "no turn 0: the session has 4"),
        ("line 99999", "no line 99999: the file has 69"),
        ("25:61", "no time 25:61"),
        ("12:99", "no time 12:99"),
        ("@", "no call @ in this session"),
        ("nonsense", "no call nonsense in this session"),
        ("9999999999", "no call 9999999999 in this session"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(words: str, why: str) -> None:
    with pytest.raises(NothingFound) as told:
        spot_for(words, resumed())
    assert str(told.value) == why


@pytest.mark.parametrize("words", ["1", "line 3", "12:00", "@1s", "call_x"])
def test_a_session_without_turns_has_no_places(words: str) -> None:
    with pytest.raises(NothingFound):
        spot_for(words, Session())


def test_places_in_links() -> None:
    call = resumed().failed_calls()[0]
    named = {
        PlaceName(PlaceKind.TURN, "2"): "2",
        PlaceName(PlaceKind.ERROR, "1"): "1 sh check.sh",
        PlaceName(PlaceKind.CALL, call.call_id): "1 sh check.sh",
        PlaceName(PlaceKind.LINE, str(line_of(call.place))): "1 sh check.sh",
    }
    assert [what(spot_named(place, resumed())) for place in named] == list(named.values())
    for missing in ("0", "2"):
        with pytest.raises(NothingFound, match=f"no failed call {missing}: the session has 1"):
            spot_named(PlaceName(PlaceKind.ERROR, missing), resumed())


def test_wishes_lead_to_calls_records_turns_and_failures_or_nowhere() -> None:
    session = resumed()
    call = session.failed_calls()[0]
    for wish in (Wish(call_id=call.call_id), Wish(place=call.place), Wish(first_failure=True)):
        spot = spot_wished(wish, session)
        assert spot is not None
        assert spot.item is call
    assert spot_wished(Wish(turn=2), session) == Spot(session.turns[1])
    assert spot_wished(Wish(call_id="call_gone"), session) is None
    assert spot_wished(Wish(first_failure=True), Session()) is None


# -- in the app ---------------------------------------------------------


async def test_a_colon_goes_wherever_one_types() -> None:
    call = resumed().failed_calls()[0]
    row = f"run {call.summary} exit 1"
    places = {
        "3": "▾ 3 ✓ Please do step three.",
        f"line {line_of(call.place)}": row,
        "turn 2": "▾ 2 ✓ Please do step two.",
        call.call_id: row,
        "12:49:41": "▾ 4 ✓ Please do step four.",
        "@0s": "▾ 1 ✓ Please do step one.",
    }
    async with reading(SAMPLES, target=RESUMED) as reader:
        for words, row in places.items():
            await reader.go(words)
            assert row in reader.at(), words
        stood = reader.at()
        await reader.go("99")
        assert "no turn 99: the session has 4" in reader.bottom
        await reader.go("[/foo] [red]")
        assert "no call [/foo] [red] in this session" in reader.bottom
        await reader.press(":", "enter")
        await reader.press(":", "7", "escape")
        assert reader.at() == stood


async def test_a_colon_and_the_beginning_of_an_id_opens_another_session() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.go("01a1f900-a138")
        await reader.sees("✓ Please find out why the check fails.", lambda: reader.top)
        await reader.idle()
        await reader.go("01a1f90")
        assert "no call 01a1f90 in this session" in reader.bottom
        assert reader.top == "✓ Please find out why the check fails."
