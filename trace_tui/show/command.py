"""The `show` command: finds the files, reads them, and prints what was asked for."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trace_tui.errors import NothingFound, Unusable
from trace_tui.home import Home
from trace_tui.model import Call, Place, Session, Turn, file_of, line_of, place_of
from trace_tui.parsers.safe_text import safe_block
from trace_tui.printing.machine import write_bytes, write_json
from trace_tui.printing.progress import scan_progress
from trace_tui.show.contract import session_object
from trace_tui.show.reading import read
from trace_tui.sources import Source, stdin_source
from trace_tui.targets import STDIN, PlaceKind, PlaceName, Target, read_target
from trace_tui.texts import Readable, Texts

if TYPE_CHECKING:
    from trace_tui.show.whys import Whys


def run(arguments: argparse.Namespace) -> int:
    if arguments.chain:
        from trace_tui.show.chain import run as run_chain

        return run_chain(arguments)
    if arguments.demo:
        from trace_tui.demonstration import demo_session

        with demo_session() as path:
            return _show(Target(str(path)), arguments)
    return _show(read_target(arguments.target), arguments)


def _show(target: Target, arguments: argparse.Namespace) -> int:
    if target.session == STDIN:
        if sys.stdin.isatty():
            print("reading standard input; Ctrl-D ends it", file=sys.stderr)
        home, sources = None, [stdin_source(sys.stdin.buffer)]
    else:
        home = Home(_path_of(target, arguments))
        sources = home.thread_sources()
    session = read(sources)
    if home is not None:
        home.complete(session)
    named = None if arguments.demo or home is None else _name_again(target, session, home, arguments)
    with Texts(session, sources) as texts:
        printer = _Printer(session, sources, texts, named, home, as_json=arguments.json)
        if target.place is not None:
            return _show_place(target.place, printer, arguments, home)
        return _show_asked(printer, arguments)


def _name_again(target: Target, session: Session, home: Home, arguments: argparse.Namespace) -> str:
    """The id where it is enough to find the session by; otherwise its path."""
    if target.is_path:
        return target.session
    return str(home.path) if arguments.root or session.id is None else session.id


def _path_of(target: Target, arguments: argparse.Namespace) -> Path:
    if target.is_path:
        return Path(target.session)
    from trace_tui.library.targets import path_of
    from trace_tui.printing.library import open_library

    with open_library(arguments) as library, scan_progress() as listener:
        return path_of(target, library, listener)


def _show_place(place: PlaceName, printer: _Printer, arguments: argparse.Namespace, home: Home | None) -> int:
    """A place in the target asks for the same as an option; both at once would be two questions."""
    if arguments.turn is not None or arguments.call or arguments.raw or arguments.failed:
        raise Unusable(f"{place.kind}={place.value} and an option name two places; choose one")
    session = printer.session
    if place.kind is PlaceKind.TURN:
        return printer.turns(_chosen_turns(session, place.number))
    if place.kind is PlaceKind.CALL:
        return printer.calls(_calls_named(session.turns, place.value))
    if place.kind is PlaceKind.ERROR:
        return printer.calls([_failed_call(session, place.number)])
    return _show_line(printer, place.number, home)


def _show_asked(printer: _Printer, arguments: argparse.Namespace) -> int:
    session = printer.session
    if arguments.raw is not None:
        return printer.raw(_raw_places(session, arguments.raw))
    turns = _chosen_turns(session, arguments.turn)
    if arguments.call is not None:
        return printer.calls(_calls_named(turns, arguments.call))
    if arguments.failed:
        failed = _failed_calls(turns)
        if not failed and not arguments.json:
            raise NothingFound("no call failed")
        printer.calls(failed)
        return 0 if failed else 1
    return printer.turns(turns)


def _show_line(printer: _Printer, line: int, home: Home | None) -> int:
    """The call that a line tells of, else the turn that it stands in, else the line itself."""
    session = printer.session
    paths = [Path(file.path).absolute() for file in session.files]
    file = paths.index(home.path) if home is not None and home.path in paths else 0
    place = place_of(file, line)
    for turn in session.turns:
        for call in turn.calls():
            if place in (call.place, call.item_place, call.output_place):
                return printer.calls([(turn, call)])
    before = [turn for turn in session.turns if turn.place <= place and file_of(turn.place) == file]
    if before and line <= len(session.files[file].offsets):
        return printer.turns([before[-1]])
    return printer.raw(_raw_places(session, f"{file}:{line}"))


def _failed_calls(turns: list[Turn]) -> list[tuple[Turn, Call]]:
    return [(turn, call) for turn in turns for call in turn.calls() if call.status.is_failure]


def _failed_call(session: Session, number: int) -> tuple[Turn, Call]:
    failed = _failed_calls(session.turns)
    if not 0 < number <= len(failed):
        raise NothingFound(f"no failed call {number}: the session has {len(failed)}")
    return failed[number - 1]


_DIGITS = 12
"""More of them name no line of any file."""


@dataclass(frozen=True, slots=True)
class _Printer:
    """Prints parts of one session, as a page or as JSON."""

    session: Session
    sources: list[Source]
    texts: Texts
    named: str | None
    """How to name the session again, where it can be."""
    home: Home | None
    as_json: bool

    def turns(self, turns: list[Turn]) -> int:
        if self.as_json:
            write_json(session_object(self.session, self.texts, turns))
            return 0
        from trace_tui.printing.console import plain_console
        from trace_tui.show.page import Page

        Page(plain_console(), self.session, self.texts, self.named).whole(turns)
        return 0

    def calls(self, calls: list[tuple[Turn, Call]]) -> int:
        if not any(call.status.is_failure for _, call in calls):
            return self._calls(calls, None)
        from trace_tui.show.whys import Relatives, Whys

        with Relatives.around(self.home) as relatives:
            return self._calls(calls, Whys.of_session(Readable(self.session, self.texts), relatives))

    def _calls(self, calls: list[tuple[Turn, Call]], whys: Whys | None) -> int:
        """``whys`` are there where any of them failed."""
        if self.as_json:
            from trace_tui.show.call_detail import calls_object

            write_json(calls_object(calls, self.session, self.texts, whys))
            return 0
        from trace_tui.printing.console import plain_console
        from trace_tui.show.call_detail import print_call

        console = plain_console()
        for index, (turn, call) in enumerate(calls):
            if index:
                console.print()
            print_call(console, turn, call, self.texts, self.named)
            if whys is not None and call.status.is_failure:
                whys.print(console, turn, call)
        return 0

    def raw(self, places: list[Place]) -> int:
        for place in places:
            raw = self.texts.raw(place)
            if sys.stdout.isatty():
                raw = safe_block(raw.decode("utf-8", "replace")).encode("utf-8", "replace")
            write_bytes(raw + b"\n")
        return 0


def _chosen_turns(session: Session, number: int | None) -> list[Turn]:
    if number is None:
        return session.turns
    chosen = [turn for turn in session.turns if turn.index == number]
    if not chosen:
        raise NothingFound(f"no turn {number}: the session has {len(session.turns)}")
    return chosen


def _calls_named(turns: list[Turn], name: str) -> list[tuple[Turn, Call]]:
    """The call of that id, or all whose id begins so."""
    every = [(turn, call) for turn in turns for call in turn.calls()] if name else []
    exact = [(turn, call) for turn, call in every if call.call_id == name]
    found = exact or [(turn, call) for turn, call in every if call.call_id.startswith(name)]
    if not found:
        raise NothingFound(f"no call {name} in this session")
    return found


def _raw_places(session: Session, wanted: str) -> list[Place]:
    """A line number (``FILE:LINE`` where a thread has several files), or all lines that tell of a call."""
    file, _, line = wanted.rpartition(":")
    if line.isdecimal() and (not file or file.isdecimal()) and len(wanted) <= _DIGITS:
        place = place_of(int(file or 0), int(line))
        if file_of(place) >= len(session.files):
            raise NothingFound(f"no file {file_of(place)}: the session has {len(session.files)}")
        if not 0 < line_of(place) <= len(session.files[file_of(place)].offsets):
            raise NothingFound(
                f"no line {line_of(place)}: the file has {len(session.files[file_of(place)].offsets)}"
            )
        return [place]
    places: list[Place] = []
    for _, call in _calls_named(session.turns, wanted):
        places += [place for place in (call.place, call.item_place, call.output_place) if place is not None]
    return sorted(set(places))
