"""The `show` command: finds the files, reads them, and prints what was asked for."""

from __future__ import annotations

import argparse
import sys
import time
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from trace_tui.errors import NothingFound
from trace_tui.home import Home
from trace_tui.model import Call, Place, Session, Turn, file_of, line_of, place_of
from trace_tui.parsers.safe_text import safe_block
from trace_tui.reading import SessionReader
from trace_tui.show.contract import session_object
from trace_tui.sources import Source, stdin_source
from trace_tui.texts import Texts

_PATIENCE = 0.5
"""Seconds before a person is told how far it is."""
_PIPE_WIDTH = 120


def run(arguments: argparse.Namespace) -> int:
    if arguments.demo:
        with as_file(files("trace_tui") / "demo") as folder:
            return _show(str(sorted(folder.glob("*.jsonl"))[0]), arguments)
    return _show(arguments.target, arguments)


def _show(target: str, arguments: argparse.Namespace) -> int:
    home = None if target == "-" else Home(Path(target))
    sources = [stdin_source(sys.stdin.buffer)] if home is None else home.thread_sources()
    session = _read(sources)
    if home is not None:
        home.complete(session)
    with Texts(session, sources) as texts:
        return _print(session, sources, texts, arguments)


def _read(sources: list[Source]) -> Session:
    reader = SessionReader(sources)
    told, began = False, time.monotonic()
    watched = sys.stderr.isatty()
    for taken in reader.steps():
        if watched and time.monotonic() - began > _PATIENCE:
            share = min(99, 100 * taken // max(reader.total, taken, 1))
            sys.stderr.write(f"\rreading {share:2d} % of {reader.total / 1e6:.0f} MB")
            sys.stderr.flush()
            told = True
    if told:
        sys.stderr.write("\r\x1b[K")
    return reader.session()


def _print(session: Session, sources: list[Source], texts: Texts, arguments: argparse.Namespace) -> int:
    if arguments.raw is not None:
        return _print_raw(session, texts, arguments.raw)
    turns = _chosen_turns(session, arguments.turn)
    if arguments.call is not None:
        return _print_calls(session, texts, _calls_named(turns, arguments.call), as_json=arguments.json)
    if arguments.failed:
        failed = [(turn, call) for turn in turns for call in turn.calls() if call.status.is_failure]
        if not failed and not arguments.json:
            raise NothingFound("no call failed")
        _print_calls(session, texts, failed, as_json=arguments.json)
        return 0 if failed else 1
    if arguments.json:
        _write_json(session_object(session, texts, turns))
        return 0
    from trace_tui.show.console import plain_console
    from trace_tui.show.page import Page

    Page(plain_console(_PIPE_WIDTH), session, texts).whole(turns)
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
    every = [(turn, call) for turn in turns for call in turn.calls()]
    exact = [(turn, call) for turn, call in every if call.call_id == name]
    found = exact or [(turn, call) for turn, call in every if call.call_id.startswith(name)]
    if not found:
        raise NothingFound(f"no call {name} in this session")
    return found


def _print_calls(session: Session, texts: Texts, calls: list[tuple[Turn, Call]], *, as_json: bool) -> int:
    if as_json:
        from trace_tui.show.call_detail import calls_object

        _write_json(calls_object(calls, session, texts))
        return 0
    from trace_tui.show.call_detail import print_call
    from trace_tui.show.console import plain_console

    console = plain_console(_PIPE_WIDTH)
    for index, (turn, call) in enumerate(calls):
        if index:
            console.print()
        print_call(console, turn, call, texts)
    return 0


def _print_raw(session: Session, texts: Texts, wanted: str) -> int:
    for place in _raw_places(session, wanted):
        raw = texts.raw(place)
        if sys.stdout.isatty():
            raw = safe_block(raw.decode("utf-8", "replace")).encode("utf-8", "replace")
        _write(raw + b"\n")
    return 0


def _raw_places(session: Session, wanted: str) -> list[Place]:
    """A line number (``FILE:LINE`` where a thread has several files), or all lines that tell of a call."""
    file, _, line = wanted.rpartition(":")
    if line.isdecimal() and (not file or file.isdecimal()):
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


def _write_json(shown: dict[str, Any]) -> None:
    _write(orjson.dumps(shown, option=orjson.OPT_INDENT_2, default=str) + b"\n")


def _write(data: bytes) -> None:
    stream: BinaryIO = sys.stdout.buffer
    stream.write(data)
    stream.flush()
