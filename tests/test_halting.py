"""A fold that was put away and taken up again tells the same as one that read everything at once."""

from __future__ import annotations

import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading_sessions import SAMPLES
from trace_tui.fold import Fold, StaleState, restore, save
from trace_tui.halt import Halt
from trace_tui.model import Response
from trace_tui.reading import SessionReader
from trace_tui.show.contract import session_object
from trace_tui.sources import file_source
from trace_tui.texts import Texts

FILES = sorted(SAMPLES.rglob("rollout-*.jsonl")) + sorted((SAMPLES / "exec-json").iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("halting")


def told(reader: SessionReader) -> dict[str, Any]:
    session = reader.run()
    with Texts(session, reader.sources) as texts:
        shown: dict[str, Any] = orjson.loads(orjson.dumps(session_object(session, texts), default=str))
        return shown


def halt_after(path: Path) -> tuple[Halt, list[Response]]:
    reader = SessionReader([file_source(path)])
    halts: list[Halt] = []
    responses: list[Response] = []
    reader.on_halt = halts.append
    reader.fold.on_response = responses.append
    reader.run()
    return halts[0], responses


@given(data=st.data())
def test_a_file_may_grow_by_any_bytes_between_two_readings(folder: Path, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(FILES))
    content = whole.read_bytes()
    header_end = content.index(b"\n") + 1
    cuts = sorted(data.draw(st.lists(st.integers(header_end, len(content)), min_size=1, max_size=3)))
    growing = folder / whole.name
    growing.write_bytes(content[: cuts[0]])
    halt, _ = halt_after(growing)
    for cut in [*cuts[1:], len(content)]:
        growing.write_bytes(content[:cut])
        reader = SessionReader([file_source(growing)], halted=halt)
        halts: list[Halt] = []
        reader.on_halt = halts.append
        resumed = told(reader)
        halt = halts[0]
    assert resumed == told(SessionReader([file_source(growing)]))


def test_responses_are_heard_of_once_whether_read_at_once_or_in_two_goes(tmp_path: Path) -> None:
    whole = next(path for path in FILES if "01a1f901-6347" in path.name)  # one session over four runs
    content = whole.read_bytes()
    growing = tmp_path / whole.name
    growing.write_bytes(content[: len(content) // 2])
    halt, heard = halt_after(growing)
    growing.write_bytes(content)
    reader = SessionReader([file_source(growing)], halted=halt)
    reader.fold.on_response = heard.append
    reader.run()
    assert heard == halt_after(growing)[1]
    assert len(heard) > 4
    assert {response.model for response in heard} == {"gpt-5.5"}


def test_a_stored_fold_holds_no_listener() -> None:
    fold = Fold()
    heard: list[Response] = []
    fold.on_response = heard.append
    assert restore(save(fold)).on_response is None
    assert fold.on_response is not None


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.getenv, ("HOME",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not compressed",
        zlib.compress(b"no pickle"),
        zlib.compress(pickle.dumps({"some": "thing"})),
        zlib.compress(pickle.dumps(_Evil())),
        save(Fold())[:-20],
    ],
    ids=["nothing", "noise", "no pickle", "something else", "a call of a function", "half"],
)
def test_what_is_no_stored_fold_is_refused(data: bytes) -> None:
    with pytest.raises(StaleState):
        restore(data)
