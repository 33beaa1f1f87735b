"""Details tell what parents and workers have to say, once these are read, and never in anybody's way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.driving import SAMPLES, Reader, reading, until
from tests.library import Story, id_of, keep_to, worker
from trace_tui.app import relatives
from trace_tui.loader import Loader
from trace_tui.model import Session
from trace_tui.sources import Source

SMALL = (80, 24)
PAULI, LORENTZ, DOOMED = "01a1f900-dbc2", "01a1f900-ddc3", "01a1f900-e157"
PARENT_V1, PARENT_V2 = "01a1f900-db21", "01a1f900-ded4"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return keep_to(tmp_path, monkeypatch)


class Gate:
    """Where readings of relatives wait until it is opened."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        self.read: list[str] = []
        self.stopped: list[str] = []

    def loader(self, sources: list[Source]) -> Loader:
        gate = self
        name = Path(sources[-1].path).name[-10:-6]

        class Waiting(Loader):
            async def load(self, *told: Any) -> Session:
                try:
                    await gate.is_open.wait()
                except asyncio.CancelledError:
                    gate.stopped.append(name)
                    raise
                gate.read.append(name)
                return await super().load(*told)

        return Waiting(sources)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(relatives, "loader_of", gate.loader)
    return gate


PARENT, CHILD = "0001", "0002"
"""The last signs of their ids."""


def chain(folder: Path, *, told: bool = True) -> tuple[Path, Path]:
    """A parent whose worker fails, first at a command and then altogether."""
    child = worker(2, 1, minutes=1).begin("Please check.").ran(1).fail()
    parent = Story(1).begin("Please delegate.").spawn(2, nickname="Ada")
    parent._now = child._now
    if told:
        parent.said("user", notice("The model is not there."))
    return parent.ran().end().put(folder), child.put(folder)


def notice(words: str) -> str:
    told = {"agent_path": id_of(2), "status": {"errored": words}}
    return f"<subagent_notification>\n{json.dumps(told)}\n</subagent_notification>"


@asynccontextmanager
async def reading_at_once(root: Path, **more: Any) -> AsyncIterator[Reader]:
    """Without waiting for anything but the session itself."""
    async with reading(root, waits=False, **more) as reader:
        await until(lambda: reader.main.opened is not None and reader.main.opened.is_whole)
        yield reader


def text_of_detail(reader: Reader) -> str:
    """All of it, also what is out of sight."""
    document = reader.main.detail.document
    return "" if document is None else document.text()


def cursor_row(reader: Reader) -> tuple[str, int]:
    """What the line under the cursor of the detail says, and where on the screen it is."""
    detail = reader.main.detail
    assert detail.document is not None
    words = "".join(text for text, _ in detail.document.line(detail.cursor))
    return words, detail.cursor - detail.scroll_offset.y


# -- the worker's side ----------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "key", "words"),
    [
        (PAULI, "e", "completed: The check fails: expected 6, got 7."),
        (LORENTZ, "e", "errored: (the error above)"),
        (DOOMED, "e", "errored: (the error above)"),
        ("01a1f900-e134", "]", "nothing: its parent stopped it"),
        ("01a1f902-461e", "e", "completed: It fails."),
    ],
    ids=["v1 call", "v1 turn", "v2 turn", "v2 stopped", "0.104.0"],
)
async def test_a_failed_worker_shows_what_its_parent_was_told(target: str, key: str, words: str) -> None:
    root = SAMPLES / "eras" / "0.104.0" if target.startswith("01a1f902") else SAMPLES
    async with reading(root, target=target, size=(80, 60)) as reader:
        await reader.press(key)
        await reader.reads("told its parent")
        await reader.reads(words)
        assert "told      line " in reader.detail
        assert "then      line " in reader.detail


async def test_it_can_be_read_in_a_small_terminal() -> None:
    async with reading(SAMPLES, target=LORENTZ, size=(80, 24)) as reader:
        await reader.press("e", "3", "z")
        await reader.reads("told its parent")
        assert "line 62  ✗ wait    E Lorentz" in reader.detail
        assert "line 68  ✓ close   B Ramanujan" in reader.detail


async def test_a_parent_that_is_not_here_is_told(tmp_path: Path) -> None:
    parent, _ = chain(tmp_path)
    parent.unlink()
    async with reading(tmp_path, target=id_of(2), size=(80, 60)) as reader:
        await reader.press("e")
        await reader.reads(f"its parent is not here ({id_of(1)})")


async def test_a_parent_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    parent, _ = chain(tmp_path)
    parent.write_text("no session\n")
    async with reading(tmp_path, target=id_of(2), size=(200, 60)) as reader:
        await reader.press("e")
        await reader.reads("its parent can't be read: ")


async def test_a_parent_that_was_told_nothing_is_told(tmp_path: Path) -> None:
    chain(tmp_path, told=False)
    async with reading(tmp_path, target=id_of(2), size=(80, 60)) as reader:
        await reader.press("e")
        await reader.reads("its parent was told nothing")


async def test_what_went_well_has_no_such_part(tmp_path: Path, gate: Gate) -> None:
    gate.is_open.set()
    worker(2, 1).turn(calls=2).put(tmp_path)
    Story(1).begin().spawn(2).end().put(tmp_path)
    for target in (id_of(1), id_of(2)):
        async with reading(tmp_path, target=target) as reader:
            for _ in range(5):
                await reader.press("j")
                await reader.idle()
                assert "why" not in reader.detail
                assert "its parent" not in reader.detail
    assert gate.read == []


# -- while it is being read -------------------------------------------------------


async def test_a_parent_that_takes_long_keeps_nobody_waiting(tmp_path: Path, gate: Gate) -> None:
    chain(tmp_path)
    async with reading_at_once(tmp_path, target=id_of(2), size=(80, 60)) as reader:
        await reader.press("e", "e")
        await reader.stands_on("sh step-1.sh")
        await reader.reads("✗ exit 1 · run exec_command")
        await reader.reads("reading its parent…")
        await reader.press("g")
        await reader.stands_on("failed")
        await reader.reads("failed turns")
        await reader.press("e", "e")
        await reader.stands_on("sh step-1.sh")
        await reader.reads("reading its parent…")
        gate.is_open.set()
        await reader.reads("errored: The model is not there.")
        assert "reading its parent" not in reader.detail
        assert gate.read == [PARENT]
        assert gate.stopped == []


async def test_whoever_reads_on_meanwhile_stays_where_they_are(tmp_path: Path, gate: Gate) -> None:
    chain(tmp_path)
    async with reading_at_once(tmp_path, target=id_of(2), size=(80, 24)) as reader:
        await reader.press("e", "e")
        await reader.reads("✗ exit 1 · run exec_command")
        await until(lambda: "reading its parent" in text_of_detail(reader))
        await reader.press("3", "G")
        before = cursor_row(reader)
        assert before[0].startswith("call ")
        gate.is_open.set()
        await until(lambda: "errored:" in text_of_detail(reader))
        assert cursor_row(reader) == before
        await reader.press("g")
        assert cursor_row(reader) == ("✗ exit 1 · run exec_command", 0)


async def test_what_was_unfolded_meanwhile_stays_unfolded(tmp_path: Path, gate: Gate) -> None:
    child = worker(2, 1, minutes=1).begin().call("call_1", arguments={"cmd": "sh long.sh"})
    printed = "".join(f"line {number}\n" for number in range(100))
    child.output("call_1", f"Process exited with code 1\nOutput:\n{printed}")
    child.put(tmp_path)
    Story(1).begin().spawn(2).end().put(tmp_path)
    async with reading_at_once(tmp_path, target=id_of(2), size=(80, 24)) as reader:
        await reader.press("e")
        await reader.reads("sh long.sh")
        await reader.press("3", "a")
        gate.is_open.set()
        await until(lambda: "told nothing" in text_of_detail(reader))
        detail = reader.main.detail
        lines = [detail.row(index, 80) for index in range(detail.count())]
        assert any("Enter folds them again" in text for line in lines for text, _ in line)


async def test_a_parent_is_read_once_for_all_of_its_chain(tmp_path: Path, gate: Gate) -> None:
    chain(tmp_path)
    worker(3, 1, minutes=2).begin("Please look.").ran(1).end().put(tmp_path)
    gate.is_open.set()
    async with reading(tmp_path, target=id_of(2), size=(80, 60)) as reader:
        await reader.press("e")
        await reader.reads("told its parent")
        await reader.press("e")
        await reader.reads("told its parent")
        await reader.press("e")
        await reader.hears("failure 3 of 3")
        await reader.reads("its parent was told nothing")
    assert gate.read == [PARENT]


async def test_what_nobody_waits_for_any_more_is_not_read_on(tmp_path: Path, gate: Gate) -> None:
    chain(tmp_path)
    Story(9, minutes=9).turn("Something else.").put(tmp_path)
    async with reading_at_once(tmp_path, target=id_of(2), size=(180, 30)) as reader:
        await until(lambda: len(reader.main.forest.members()) == 3)
        await reader.press("e", "1", "g")
        await until(lambda: reader.main.relatives._reading)
        await reader.down_to("Something else.", pane=reader.main.pane)
        await reader.press("enter")
        await until(lambda: gate.stopped == [PARENT])
        await reader.press("E")
    assert gate.read == []


async def test_leaving_the_app_waits_for_no_parent(tmp_path: Path, gate: Gate) -> None:
    chain(tmp_path)
    async with reading_at_once(tmp_path, target=id_of(2)) as reader:
        await reader.press("e")
        await until(lambda: reader.main.relatives._reading)
        await reader.press("q")
    await until(lambda: gate.stopped == [PARENT])


async def test_a_parent_that_has_heard_more_since_is_read_on(tmp_path: Path, gate: Gate) -> None:
    gate.is_open.set()
    parent, _ = chain(tmp_path, told=False)
    async with reading(tmp_path, target=id_of(2), size=(80, 60)) as reader:
        await reader.press("e")
        await reader.reads("its parent was told nothing")
        more = Story(1, minutes=3).begin().said("user", notice("It came late.")).lines[1:]
        with parent.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in more))
        await reader.press("j")
        await reader.idle()
        await reader.press("k")
        await reader.reads("errored: It came late.")
    assert gate.read == [PARENT]


# -- the parent's side ------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "row", "words"),
    [
        (PARENT_V1, "spawn E Lorentz", "why Lorentz failed"),
        (PARENT_V1, "wait E Lorentz", "why Lorentz failed"),
        (PARENT_V1, "mail E Lorentz errored", "why Lorentz failed"),
        (PARENT_V1, "close E Lorentz", "why Lorentz failed"),
        (PARENT_V1, "wait C Pauli", "failed in Pauli"),
        (PARENT_V2, "spawn F doomed", "why doomed failed"),
        (PARENT_V2, "mail F doomed errored", "why doomed failed"),
        (PARENT_V2, "stop E sleeper", "sleeper was interrupted"),
        (PARENT_V2, "note C tester completed", "failed in tester"),
    ],
)
async def test_calls_and_mail_tell_why_their_worker_failed(target: str, row: str, words: str) -> None:
    async with reading(SAMPLES, target=target, size=(240, 60)) as reader:
        await reader.down_to(row)
        await reader.reads(words)
        await reader.reads("told its parent")


async def test_workers_in_which_nothing_failed_are_not_read(gate: Gate) -> None:
    gate.is_open.set()
    async with reading(SAMPLES, target=PARENT_V1, size=(120, 60)) as reader:
        await reader.sees("4 workers ✗2")
        for row in ("spawn B Ramanujan", "mail B Ramanujan", "tell B Ramanujan"):
            await reader.down_to(row)
            await reader.idle()
            assert "lines of its file" not in reader.detail
    assert gate.read == []


# -- all agents at once -----------------------------------------------------------


async def test_where_all_sessions_are_open_none_is_read_again(gate: Gate) -> None:
    gate.is_open.set()
    async with reading(SAMPLES, target=PARENT_V1, size=(160, 60)) as reader:
        await reader.press("C")
        await reader.sees("all 5 agents")
        await reader.idle()
        await reader.press("g", "e", "e")
        await reader.stands_on("sh check.sh")
        await reader.reads("completed: The check fails: expected 6, got 7.")
        await reader.down_to("wait E Lorentz")
        await reader.reads("why Lorentz failed")
    assert gate.read == []
