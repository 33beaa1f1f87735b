"""Whatever happens to a session file on its way, reading it comes to an end and tells what is left."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.building import Rollout, read_file
from tests.reading_sessions import SAMPLES, calls_of
from trace_tui.errors import TraceError, Unreadable
from trace_tui.fold import Fold
from trace_tui.model import Place, Session, SessionFile
from trace_tui.parsers.detect import detect
from trace_tui.parsers.lines import LineReader
from trace_tui.parsers.records import RecordReader, decode
from trace_tui.show.contract import session_object
from trace_tui.sources import file_source
from trace_tui.texts import Texts

SHORT = 4096
"""Longer lines are left out of what is damaged, except one a file, to keep each try quick."""

FILES = sorted(SAMPLES.rglob("rollout-*.jsonl")) + sorted((SAMPLES / "exec-json").iterdir())
damaging = settings(suppress_health_check=[HealthCheck.too_slow])


class Lines(tuple[bytes, ...]):
    """The lines of a file, without all of them in a failure's report."""

    def __repr__(self) -> str:
        return f"<{len(self)} lines: {self[0][:160]!r}…>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@cache
def lines_of(path: Path) -> Lines:
    lines = path.read_bytes().split(b"\n")[:-1]
    long = [line for line in lines[1:] if len(line) > SHORT][:1]
    kept = [line for line in lines[1:] if len(line) <= SHORT or line in long]
    return Lines([lines[0], *kept])


def typescript() -> Lines:
    call = {"type": "function_call", "name": "shell", "arguments": '{"command":["ls"]}', "call_id": "call_a"}
    output = {
        "type": "function_call_output",
        "call_id": "call_a",
        "output": '{"output":"x","metadata":{"exit_code":1}}',
    }
    asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List"}]}
    session = {"timestamp": "2025-05-16T10:00:00.000Z", "id": "s1", "instructions": ""}
    return Lines(
        json.dumps({"session": session, "items": [asked, call, output]}, indent=2).encode().split(b"\n")
    )


def bare() -> Lines:
    header = {"id": "s1", "timestamp": "2025-08-09T10:00:00.000Z", "instructions": None}
    items = [json.loads(b"".join(typescript()))["items"]]
    return Lines(json.dumps(record).encode() for record in (header, {"record_type": "state"}, *items[0]))


KINDS: list[Lines] = [*map(lines_of, FILES), typescript(), bare()]
originals = st.sampled_from(KINDS)
ENVELOPED = [lines_of(path) for path in FILES if path.name.startswith("rollout-")]


def told(session: Session, *paths: Path) -> dict[str, Any]:
    with Texts(session, [file_source(path) for path in paths]) as texts:
        return session_object(session, texts)


def read_damaged(content: bytes, folder: Path) -> Session | None:
    """The session as every face would show it; None where nothing of one is left."""
    path = folder / "damaged.jsonl"
    path.write_bytes(content)
    started = time.process_time()
    try:
        session = read_file(path)
        shown = told(session, path)
    except TraceError:
        return None
    assert time.process_time() - started < 5
    json.dumps(shown)
    return session


# -- cuts ----------------------------------------------------------------


def folded(content: bytes, cuts: list[int]) -> dict[str, Any]:
    """Fed as it comes, as from a file that grows."""
    fold, file = Fold(), SessionFile("a.jsonl")
    format_ = detect(content)
    fold.begin_file(file, format_)
    lines, records = LineReader(), RecordReader(in_log=format_.is_log)
    pieces = [content[start:end] for start, end in pairwise([0, *cuts, len(content)])]
    for piece in pieces:
        for number, _, data in lines.feed(piece):
            fold.feed(number, records.read(data))
    for number, _, data in lines.finish():
        fold.feed(number, records.read(data))
    session = fold.session()
    return session_object(session, _HeadsOnly(session, []))


class _HeadsOnly(Texts):
    """The beginnings of texts: where they stand does not depend on cuts."""

    def whole(self, text: Any) -> str | None:
        return None if text is None else str(getattr(text, "head", None) or getattr(text, "text", ""))

    def __init__(self, session: Session, sources: list[Any]) -> None:
        pass

    def size(self, place: Place) -> int:
        return 0

    def raw(self, place: Place) -> bytes:
        raise Unreadable("it was never in a file")


@given(st.sampled_from(FILES), st.data())
def test_cuts_make_no_difference(path: Path, data: st.DataObject) -> None:
    content = path.read_bytes()
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=30).map(sorted))
    assert folded(content, cuts) == folded(content, [])


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_small_pieces_make_no_difference(size: int) -> None:
    path = SAMPLES / "eras" / "0.44.0"
    content = next(path.rglob("*.jsonl")).read_bytes()
    assert folded(content, list(range(size, len(content), size))) == folded(content, [])


@given(st.sampled_from(FILES))
def test_asking_on_the_way_makes_no_difference(path: Path) -> None:
    fold, asked = Fold(), Fold()
    content = path.read_bytes()
    format_ = detect(content)
    for one in (fold, asked):
        one.begin_file(SessionFile("a.jsonl"), format_)
    records, others = RecordReader(in_log=format_.is_log), RecordReader(in_log=format_.is_log)
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        fold.feed(number, records.read(line))
        asked.feed(number, others.read(line))
        asked.so_far()
    assert asdict(asked.session()) == asdict(fold.session())


# -- damage to lines --------------------------------------------------------

Damage = Callable[[st.DataObject, list[bytes]], list[bytes]]
NOISE = [
    b"",
    b"\x00" * 64,
    b"{",
    b"{}",
    b"null",
    b"[]",
    b'"',
    b"\xff\xfe",
    b'{"type":"error","message":"x"}',
    b'{"timestamp":"2026-11-20T12:00:00.000Z","type":"event_msg","payload":{"type":"task_started"}}',
    b'{"timestamp":"2026-11-20T12:00:00.000Z","type":"event_msg","payload":{"type":"task_complete","turn_id":5}}',
    b'{"timestamp":"2026-11-20T12:00:00.000Z","type":"session_meta","payload":{"id":7}}',
    b'{"timestamp":"2026-11-20T12:00:00.000Z","type":"event_msg","payload":{"type":"thread_rolled_back","num_turns":9}}',
]


def somewhere(data: st.DataObject, lines: list[bytes]) -> int:
    return data.draw(st.integers(0, max(0, len(lines) - 1)))


def leave_out(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    at = somewhere(data, lines)
    return lines[:at] + lines[at + data.draw(st.integers(1, 3)) :]


def repeat(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    at = somewhere(data, lines)
    return lines[: at + 3] + lines[at:]


def swap(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    one, other = somewhere(data, lines), somewhere(data, lines)
    lines = list(lines)
    if lines:
        lines[one], lines[other] = lines[other], lines[one]
    return lines


def turn_around(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    at = somewhere(data, lines)
    return lines[:at] + lines[at:][::-1]


def insert(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    at = somewhere(data, lines)
    other = data.draw(originals)
    return [*lines[:at], data.draw(st.sampled_from(NOISE) | st.sampled_from(other)), *lines[at:]]


def flip(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    at = somewhere(data, lines)
    if not lines or not lines[at]:
        return lines
    line = bytearray(lines[at])
    line[data.draw(st.integers(0, len(line) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    return [*lines[:at], bytes(line), *lines[at + 1 :]]


def cut_out(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    at = somewhere(data, lines)
    if not lines:
        return lines
    line = lines[at]
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.sampled_from([start + 1, start + 16, len(line)]))
    return [*lines[:at], line[:start] + line[end:], *lines[at + 1 :]]


def put_in(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    at = somewhere(data, lines)
    if not lines:
        return lines
    line = lines[at]
    start = data.draw(st.integers(0, len(line)))
    put = data.draw(
        st.sampled_from([b'"', b"\\", b"}", b"{", b"\n", b"\x00", b",", b"\xc3", b"\\ud800", b"null", b"-1"])
    )
    return [*lines[:at], line[:start] + put + line[start:], *lines[at + 1 :]]


def retype(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    """Valid JSON in which one value is of another type than anybody expects."""
    at = somewhere(data, lines)
    try:
        record = orjson.loads(lines[at])
    except (orjson.JSONDecodeError, IndexError):
        return lines
    value: object = data.draw(
        st.sampled_from([None, True, -1, 2**63, 1e300, "", "x", [], [None], {}, {"type": 5}, {"a": []}])
    )
    holder: Any = record
    while isinstance(holder, dict | list) and holder:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.integers(0, 3)) == 0:
            holder[key] = value
            break
        holder = holder[key]
    return [*lines[:at], orjson.dumps(record), *lines[at + 1 :]]


DAMAGES: list[Damage] = [leave_out, repeat, swap, turn_around, insert, flip, cut_out, put_in, retype]


@damaging
@given(originals, st.data())
def test_damaged_files_are_read_to_their_end(folder: Path, original: Lines, data: st.DataObject) -> None:
    lines = list(original)
    for damage in data.draw(st.lists(st.sampled_from(DAMAGES), min_size=1, max_size=6)):
        lines = damage(data, lines)
    read_damaged(b"\n".join(lines) + b"\n", folder)


@damaging
@given(originals, st.data())
def test_values_of_any_type_are_read_without_complaint(
    folder: Path, original: Lines, data: st.DataObject
) -> None:
    lines = list(original)
    for _ in range(data.draw(st.integers(1, 8))):
        lines = retype(data, lines)
    read_damaged(b"\n".join(lines) + b"\n", folder)


@damaging
@given(originals, st.data())
def test_a_file_cut_anywhere_is_read(folder: Path, original: Lines, data: st.DataObject) -> None:
    content = b"\n".join(original) + b"\n"
    start = data.draw(st.just(0) | st.integers(0, len(content)))
    read_damaged(content[start : data.draw(st.integers(0, len(content)))], folder)


@damaging
@given(st.sampled_from(ENVELOPED), st.data())
def test_lines_that_are_damaged_are_named(folder: Path, original: Lines, data: st.DataObject) -> None:
    """A line cut short is named, and the rest of the file is told as before."""
    lines = list(original)
    chosen = data.draw(st.sets(st.integers(1, len(lines) - 1), min_size=1, max_size=4))
    for at in chosen:
        # What is cut right behind a brace may pass for whole; its facts stand before it.
        lines[at] = lines[at][: data.draw(st.integers(1, len(lines[at]) - 1))].rstrip(b"}")
    session = read_damaged(b"\n".join(lines) + b"\n", folder)
    assert session is not None
    named = {problem.line for problem in session.problems}
    assert {at + 1 for at in chosen} <= named


@damaging
@given(st.sampled_from(ENVELOPED), st.data())
def test_lines_that_are_no_json_any_more_are_named(
    folder: Path, original: Lines, data: st.DataObject
) -> None:
    """Those of the commonest lines that are read in passing are not looked at in full."""
    places = [at for at, line in enumerate(original) if at and not any(kind in line for kind in IN_PASSING)]
    lines = list(original)
    at = data.draw(st.sampled_from(places))
    line = data.draw(st.sampled_from([flip, cut_out, put_in]))(data, [lines[at]])[0]
    if b"\n" in line or isinstance(decode(line.strip(b" \t\r\x00")), dict):
        return
    lines[at] = line
    session = read_damaged(b"\n".join(lines) + b"\n", folder)
    assert session is not None
    if line.strip(b" \t\r\x00"):
        assert at + 1 in {problem.line for problem in session.problems}


IN_PASSING = [
    b'"type":"token_count"',
    b'"type":"function_call',
    b'"type":"custom_tool_call',
    b'"type":"CommandExecution"',
    b'"type":"exec_command_end"',
    b'"type":"reasoning"',
    b'"type":"agent_reasoning"',
    b'"role":"developer"',
    b'"type":"world_state"',
    b'"type":"compact',
    b'"type":"additional_tools"',
]


def call_lines(lines: Lines, own: set[str]) -> dict[str, set[int]]:
    """By call, where the file tells of it."""
    found: dict[str, set[int]] = {call_id: set() for call_id in own}
    for at, line in enumerate(lines):
        for call_id in own:
            if call_id.encode() in line:
                found[call_id].add(at)
    return found


@damaging
@given(st.sampled_from(ENVELOPED), st.data())
def test_calls_whose_lines_are_intact_are_still_told(
    folder: Path, original: Lines, data: st.DataObject
) -> None:
    before = read_damaged(b"\n".join(original) + b"\n", folder)
    assert before is not None
    own = {call.call_id: call for call in calls_of(before) if call.parent_call_id is None}
    places = call_lines(original, set(own))
    lines = list(original)
    chosen = data.draw(st.sets(st.integers(1, len(lines) - 1), min_size=1, max_size=5))
    for at in chosen:
        damage = data.draw(st.sampled_from([flip, cut_out]))
        lines[at] = damage(data, [lines[at]])[0].replace(b"\n", b" ")
    after = read_damaged(b"\n".join(lines) + b"\n", folder)
    assert after is not None
    told_now = {call.call_id for call in calls_of(after)}
    # A turn's own line decides whether it is the parent's; then its calls are, too.
    if not before.inherited_lines:
        assert {call_id for call_id, at in places.items() if not at & chosen} <= told_now


@pytest.mark.parametrize("kind", ["session_meta", "turn_context", "response_item", "event_msg", "compacted"])
@damaging
@given(
    payload=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "id", "item", "content", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_payloads_of_any_shape_are_read(kind: str, payload: Any, folder: Path) -> None:
    rollout = Rollout().meta().asked("Hello")
    record = {"timestamp": "2026-11-20T12:00:00.000Z", "type": kind, "payload": payload}
    rollout.raw(json.dumps(record, separators=(",", ":")).encode())
    session = read_damaged(rollout.content(), folder)
    assert session is not None
    assert session.title == "Hello"
