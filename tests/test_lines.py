"""Bytes become lines, whatever the cuts, the wrapping and the damage."""

from __future__ import annotations

import gzip
import io
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.building import Rollout, read_file
from tests.reading_sessions import sample
from trace_tui.errors import Unreadable
from trace_tui.parsers.containers import DamagedContainer, Unwrapped, wrapping_of
from trace_tui.parsers.lines import LineReader, RawLine, read_lines

CONTENT = (
    b'\xef\xbb\xbf{"a":1}\r\n\n  {"b":2} \n\x00\x00\x00{"c":3}\x00\n\r\n'
    b'no json\n{"d":"\xc3\xa9"}\n{"unfinished":'
)
RECORDS = [b'{"a":1}', b'{"b":2}', b'{"c":3}', b"no json", b'{"d":"\xc3\xa9"}', b'{"unfinished":']

pieces = st.sampled_from(
    [b"{}", b'{"a":1}', b"\n", b"\r\n", b"\x00", b" ", b"\xef\xbb\xbf", b"x", b"\xff", b'"']
)
contents = st.lists(pieces, max_size=40).map(b"".join)


def lines_of(content: bytes) -> list[RawLine]:
    return list(read_lines(io.BytesIO(content)))


def compressed(content: bytes, wrapping: str) -> bytes:
    return gzip.compress(content) if wrapping == "gzip" else zstandard.ZstdCompressor().compress(content)


def test_records_come_without_what_stands_around_them() -> None:
    assert [data for _, _, data in lines_of(CONTENT)] == RECORDS


def test_blank_lines_are_no_records_but_count() -> None:
    assert [number for number, _, _ in lines_of(CONTENT)] == [1, 3, 4, 6, 7, 8]


def test_offsets_point_at_the_record_in_the_file() -> None:
    for _, offset, data in lines_of(CONTENT):
        assert CONTENT[offset : offset + len(data)] == data


@given(contents, st.data())
def test_any_cuts_give_the_same_lines(content: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=12).map(sorted))
    reader = LineReader()
    found: list[RawLine] = []
    for start, end in pairwise([0, *cuts, len(content)]):
        found += reader.feed(content[start:end])
    assert found + reader.finish() == lines_of(content)
    assert reader.offset == len(content)


@given(contents)
def test_one_byte_at_a_time_gives_the_same_lines(content: bytes) -> None:
    reader = LineReader()
    found = [line for at in range(len(content)) for line in reader.feed(content[at : at + 1])]
    assert found + reader.finish() == lines_of(content)


@given(contents)
def test_offsets_and_numbers_are_those_of_the_file(content: bytes) -> None:
    for number, offset, data in lines_of(content):
        assert content[offset : offset + len(data)] == data
        assert content.count(b"\n", 0, offset) == number - 1


@given(contents)
def test_nothing_but_blanks_is_left_out(content: bytes) -> None:
    kept = b"".join(data for _, _, data in lines_of(content))
    blanks = bytes.maketrans(b"", b"")
    assert kept.translate(blanks, b" \t\r\x00") == content.removeprefix(b"\xef\xbb\xbf").translate(
        blanks, b" \t\r\n\x00"
    )


def test_an_unfinished_line_is_kept_back() -> None:
    reader = LineReader()
    assert reader.feed(b'{"a":1}\n{"b"') == [(1, 0, b'{"a":1}')]
    assert reader.held == 4
    assert reader.offset == 8
    assert reader.feed(b":2}") == []
    assert reader.feed(b"\n") == [(2, 8, b'{"b":2}')]
    assert reader.held == 0
    assert reader.finish() == []


def test_finishing_hands_out_the_unfinished_line_once() -> None:
    reader = LineReader()
    reader.feed(b"\n{half")
    assert reader.finish() == [(2, 1, b"{half")]
    assert reader.offset == 6
    assert reader.finish() == []


def test_reading_goes_on_behind_what_was_read_before() -> None:
    content = b'{"a":1}\n{"b":2}\n'
    assert LineReader(offset=8, lines=1).feed(content[8:]) == lines_of(content)[1:]


def test_a_byte_order_mark_is_one_only_at_the_beginning() -> None:
    mark = b"\xef\xbb\xbf"
    assert lines_of(mark + b"{}\n" + mark + b"{}\n") == [(1, 3, b"{}"), (2, 6, mark + b"{}")]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n", b"\x00" * 5000, b" \t\n \x00\n"])
def test_blanks_alone_are_no_lines(content: bytes) -> None:
    assert lines_of(content) == []


def test_a_huge_line_takes_little_time_and_few_copies() -> None:
    chunk = b"x" * (1 << 18)
    chunks = 240
    reader = LineReader()
    tracemalloc.start()
    started = time.process_time()
    reader.feed(b'{"')
    for _ in range(chunks):
        assert reader.feed(chunk) == []
    ((number, offset, data),) = reader.feed(b'":1}\n')
    taken = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (number, offset, len(data)) == (1, 0, chunks * len(chunk) + 6)
    assert taken < 3
    assert peak < 4 * len(data)


def test_a_session_with_a_huge_line_is_read(tmp_path: Path) -> None:
    rollout = Rollout().meta().asked("Print a lot.").call("call_big")
    rollout.output("call_big", "Exit code: 3\nWall time: 1 seconds\nOutput:\n" + "x" * 20_000_000)
    started = time.process_time()
    (call,) = rollout.answered("Done.").read(tmp_path).turns[0].calls()
    assert call.exit_code == 3
    assert time.process_time() - started < 5


def test_where_each_line_of_a_session_stands_is_known(tmp_path: Path) -> None:
    rollout = Rollout().meta().raw(b"").raw(b"\x00\x00").asked("Hello").raw(b'{"type":').answered("Hi")
    path = rollout.save(tmp_path)
    content = path.read_bytes()
    file = read_file(path).files[0]
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        if line.strip(b"\x00"):
            span = file.span(number)
            assert span is not None
            assert content[span[0] : sum(span)].rstrip(b"\n\x00") == line
    assert file.end == len(content)
    assert file.span(0) is None
    assert file.span(len(rollout.lines) + 1) is None


def test_the_wrapping_is_told_by_the_first_bytes() -> None:
    for wrapping in ("gzip", "zstd"):
        assert wrapping_of(compressed(CONTENT, wrapping)) == wrapping
    assert wrapping_of(CONTENT) == wrapping_of(b"") == "plain"


@pytest.mark.parametrize("wrapping", ["gzip", "zstd"])
def test_compressed_lines_are_those_of_the_plain_file(wrapping: str) -> None:
    with Unwrapped(io.BytesIO(compressed(CONTENT, wrapping))) as stream:
        assert list(read_lines(stream, 5)) == lines_of(CONTENT)


@pytest.mark.parametrize("wrapping", ["gzip", "zstd"])
def test_several_frames_in_a_row_are_one_file(wrapping: str) -> None:
    half = len(CONTENT) // 2
    wrapped = compressed(CONTENT[:half], wrapping) + compressed(CONTENT[half:], wrapping)
    with Unwrapped(io.BytesIO(wrapped)) as stream:
        assert list(read_lines(stream)) == lines_of(CONTENT)


@pytest.mark.parametrize("wrapping", ["gzip", "zstd"])
@pytest.mark.parametrize("kept", [5, 12, 0.25, 0.5, 0.9, -3])
def test_a_compressed_session_cut_short_says_so(tmp_path: Path, wrapping: str, kept: float) -> None:
    whole = sample("b_exec").read_bytes()
    wrapped = compressed(whole, wrapping)
    path = tmp_path / "session.jsonl"
    path.write_bytes(wrapped[: int(kept if abs(kept) >= 1 else kept * len(wrapped))])
    try:
        session = read_file(path)
    except Unreadable as problem:  # not a single record could be unpacked
        assert f"damaged {wrapping}" in str(problem)  # noqa: PT017
        return
    assert "damaged_compression" in [problem.kind for problem in session.problems]
    assert session.id == read_file(sample("b_exec")).id


@given(st.data())
def test_damaged_compression_is_named_or_harmless(data: st.DataObject) -> None:
    wrapping = data.draw(st.sampled_from(["gzip", "zstd"]))
    content = b"".join(b'{"number":%d}\n' % number for number in range(500))
    wrapped = bytearray(compressed(content, wrapping))
    for _ in range(data.draw(st.integers(1, 4))):
        wrapped[data.draw(st.integers(4, len(wrapped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = b""
    try:
        with Unwrapped(io.BytesIO(bytes(wrapped))) as stream:
            while piece := stream.read(4096):
                found += piece
                assert len(found) < 100 * len(content)
    except DamagedContainer as damage:
        assert wrapping in str(damage)  # noqa: PT017


def test_good_lines_before_the_damage_are_kept() -> None:
    wrapped = bytearray(compressed(sample("b_exec").read_bytes(), "gzip"))
    middle = len(wrapped) // 2
    wrapped[middle : middle + 64] = bytes(64)
    kept: list[RawLine] = []
    with Unwrapped(io.BytesIO(bytes(wrapped))) as stream, pytest.raises(DamagedContainer):
        kept.extend(read_lines(stream, 1024))
    assert kept[:1] == lines_of(sample("b_exec").read_bytes())[:1]


def test_plain_content_is_entered_anywhere() -> None:
    with Unwrapped(io.BytesIO(b"0123456789")) as stream:
        stream.seek_plain(7)
        assert stream.read() == b"789"
    assert stream.closed
