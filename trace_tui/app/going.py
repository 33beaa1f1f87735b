"""Reads where a person wants to go within a session: ``12``, ``line 40``, ``14:05``, ``@1h30m``, an id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from trace_tui.app.wishes import Spot, Wish
from trace_tui.errors import NothingFound
from trace_tui.model import Call, Session, file_of, line_of
from trace_tui.targets import PlaceKind, PlaceName
from trace_tui.times import local
from trace_tui.widgets.timeline_rows import failures_of

_LINE = re.compile(r"(?:line|l)\s*[=:]?\s*(\d{1,9})|:(\d{1,9})", re.IGNORECASE)
_TURN = re.compile(r"(?:turn|t)?\s*=?\s*(\d{1,9})", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_OFFSET = re.compile(r"@\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?")


def spot_for(words: str, session: Session) -> Spot:
    """Raises `NothingFound` with one sentence where there is no such place."""
    words = words.strip()
    if match := _LINE.fullmatch(words):
        return _at_line(int(match[1] or match[2]), session)
    if match := _TURN.fullmatch(words):
        return _turn(int(match[1]), session)
    if match := _CLOCK.fullmatch(words):
        return _at_clock(int(match[1]), int(match[2]), int(match[3] or 0), session)
    if (match := _OFFSET.fullmatch(words)) and any(match.groups()):
        hours, minutes, seconds = (int(group or 0) for group in match.groups())
        return _at((session.started_at or 0) + 1000 * (3600 * hours + 60 * minutes + seconds), session)
    return _call(words, session)


def spot_named(place: PlaceName, session: Session) -> Spot:
    """The same for a place in a target or link."""
    if place.kind is PlaceKind.TURN:
        return _turn(place.number, session)
    if place.kind is PlaceKind.LINE:
        return _at_line(place.number, session)
    if place.kind is PlaceKind.CALL:
        return _call(place.value, session)
    failed = [(turn, call) for turn in session.turns for call in turn.calls() if call.status.is_failure]
    if not 0 < place.number <= len(failed):
        raise NothingFound(f"no failed call {place.number}: the session has {len(failed)}")
    return Spot(*failed[place.number - 1])


def spot_wished(wish: Wish, session: Session) -> Spot | None:
    """Where a wish leads; None where it asks for nothing that is there."""
    if wish.named is not None:
        return spot_named(wish.named, session)
    if wish.seek is not None:
        return wish.seek(session)
    if wish.first_failure:
        first = next(failures_of(session.turns), None)
        return None if first is None else Spot(*first)
    for spot in _steps(session):
        if wish.call_id is not None:
            if isinstance(spot.item, Call) and spot.item.call_id == wish.call_id:
                return spot
        elif wish.place is not None:
            if spot.item is not None and spot.item.place == wish.place:
                return spot
        elif spot.turn.index == wish.turn:
            return spot
    return None


def _turn(number: int, session: Session) -> Spot:
    for turn in session.turns:
        if turn.index == number:
            return Spot(turn)
    raise NothingFound(f"no turn {number}: the session has {len(session.turns)}")


def _steps(session: Session) -> Iterable[Spot]:
    for turn in session.turns:
        yield Spot(turn)
        for item in turn.items:
            yield Spot(turn, item)
            if isinstance(item, Call):
                for nested in item.nested or ():
                    yield Spot(turn, nested)


def _at_line(line: int, session: Session) -> Spot:
    """The step that a line of the last file tells of, else the last one before it."""
    file = len(session.files) - 1
    if file >= 0 and line > len(session.files[file].offsets):
        raise NothingFound(f"no line {line}: the file has {len(session.files[file].offsets):,}")
    best: Spot | None = None
    nearest = -1
    for spot in _steps(session):
        step = spot.turn if spot.item is None else spot.item
        places = [step.place]
        if isinstance(step, Call):
            places += [place for place in (step.output_place, step.item_place) if place is not None]
        for place in places:
            if file_of(place) == file and nearest < line_of(place) <= line:
                best, nearest = spot, line_of(place)
    if best is None:
        raise NothingFound(f"nothing was told before line {line}")
    return best


def _call(name: str, session: Session) -> Spot:
    for turn in session.turns:
        for call in turn.calls():
            if name and call.call_id.startswith(name):
                return Spot(turn, call)
    raise NothingFound(f"no call {name} in this session")


def _at_clock(hour: int, minute: int, second: int, session: Session) -> Spot:
    """That time of the day on which the session began, or of the next one that it went on to."""
    began = local(session.started_at)
    if began is None or not (hour < 24 and minute < 60 and second < 60):
        raise NothingFound(f"no time {hour}:{minute:02}")
    wanted = began.replace(hour=hour, minute=minute, second=second, microsecond=0)
    at = _milliseconds(wanted)
    if at < (session.started_at or 0) - 60_000 and (session.ended_at or 0) >= at + 86_400_000:
        at += 86_400_000
    return _at(at, session)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _at(at: int, session: Session) -> Spot:
    """The first step at a time or after it; behind the end, the last one."""
    last: Spot | None = None
    for spot in _steps(session):
        step = spot.item
        told = (
            spot.turn.started_at if step is None else step.started_at if isinstance(step, Call) else step.at
        )
        if told is None:
            continue
        last = spot
        if told >= at:
            return spot
    if last is None:
        raise NothingFound("this session tells no times")
    return last
