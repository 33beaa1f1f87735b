"""The loader reads in the background: the header at once, the rest without holding up anybody."""

from __future__ import annotations

import asyncio
import io
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.building import Rollout
from tests.reading_sessions import read_as_json, sample
from trace_tui.errors import TraceError, Unreadable
from trace_tui.home import Home
from trace_tui.loader import Loader, Progress
from trace_tui.model import Session
from trace_tui.reading import SessionReader
from trace_tui.show.contract import session_object
from trace_tui.sources import Source, file_source
from trace_tui.texts import Texts

BIG = 30_000_000
TURN = "01a1f900-0000-7000-8000-00000000000a"


@pytest.fixture(scope="module")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 30 MB of calls with outputs short and long, as a long session has them."""
    head = Rollout().meta().started(TURN).asked("Work all day")
    part = Rollout()
    part.call("call_NUMBER", arguments={"cmd": "make check"}).counted((100, 10), (100, 10))
    part.output("call_NUMBER", "Process exited with code 0\nOutput:\n" + "fine\n" * 40)
    part.call("call_NUMBERb", arguments={"cmd": "make report"})
    part.output("call_NUMBERb", "Process exited with code 2\nOutput:\n" + "a line of a report\n" * 400)
    piece = part.content()
    path = tmp_path_factory.mktemp("big") / "session.jsonl"
    with path.open("wb") as file:
        file.write(head.content())
        for number in range(BIG // len(piece) + 1):
            file.write(piece.replace(b"NUMBER", b"%d" % number))
    return path


class Counted:
    """A source that counts what is read of it."""

    def __init__(self, path: Path) -> None:
        self.read = 0
        content = path.read_bytes()
        outer = self

        class Stream(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                data = super().read(size)
                outer.read += len(data)
                return data

        def opened() -> BinaryIO:
            return Stream(content)

        self.source = Source(str(path), len(content), opened)


def told(session: Session, sources: list[Source]) -> object:
    with Texts(session, sources) as texts:
        return session_object(session, texts)


async def test_the_header_is_told_without_reading_on(big_file: Path) -> None:
    counted = Counted(big_file)
    session = await Loader([counted.source]).header()
    assert session.id == "01a1f900-0000-7000-8000-000000000001"
    assert session.title == "Work all day"
    assert 0 < counted.read < BIG / 20


async def test_the_header_of_a_small_file_has_all_of_it() -> None:
    path = sample("a_simple")
    session = await Loader([file_source(path)]).header()
    assert session.state == "completed"


async def test_loading_tells_how_far_it_is(big_file: Path) -> None:
    heard: list[Progress] = []
    source = file_source(big_file)
    await Loader([source]).load(heard.append)
    assert len(heard) > 10
    assert [progress.read for progress in heard] == sorted({progress.read for progress in heard})
    assert heard[0].read < BIG / 4
    assert heard[-1] == Progress(source.size, source.size)
    assert all(progress.read <= progress.total for progress in heard)


@pytest.mark.parametrize("scenario", ["f_agents_v2", "h_rollback_tui", "o_compressed"])
async def test_what_is_loaded_is_what_is_read(scenario: str) -> None:
    path = sample(scenario)
    home = Home(path)
    sources = home.thread_sources()
    session = await Loader(sources).load()
    home.complete(session)
    assert told(session, sources) == read_as_json(path)


async def test_a_big_load_is_what_is_read_too(big_file: Path) -> None:
    sources = [file_source(big_file)]
    loaded = await Loader(sources).load()
    assert told(loaded, sources) == told(SessionReader(sources).run(), sources)
    assert len(loaded.failed_calls()) == len(loaded.turns[0].calls()) / 2 > 1000


async def test_a_loader_can_be_used_again() -> None:
    sources = [file_source(sample("b_exec"))]
    loader = Loader(sources)
    await loader.header()
    first = await loader.load()
    assert told(await loader.load(), sources) == told(first, sources)


async def test_two_loads_side_by_side_do_not_mix() -> None:
    paths = [sample("b_exec"), sample("f_agents_v1"), sample("g_compact_auto")]
    loaded = await asyncio.gather(*(Loader([file_source(path)]).load() for path in paths))
    alone = [SessionReader([file_source(path)]).run() for path in paths]
    assert [session.id for session in loaded] == [session.id for session in alone]
    assert [session.usage for session in loaded] == [session.usage for session in alone]


async def test_a_load_can_be_stopped_at_once(big_file: Path) -> None:
    heard: list[Progress] = []
    begun = asyncio.Event()

    def hear(progress: Progress) -> None:
        heard.append(progress)
        begun.set()

    load = asyncio.create_task(Loader([file_source(big_file)]).load(hear))
    await begun.wait()
    load.cancel()
    with pytest.raises(asyncio.CancelledError):
        await load
    count = len(heard)
    await asyncio.sleep(0.1)
    assert len(heard) == count
    assert heard[-1].read < BIG


async def test_a_load_that_is_stopped_closes_its_file(big_file: Path) -> None:
    streams: list[BinaryIO] = []

    def opened() -> BinaryIO:
        streams.append(big_file.open("rb"))
        return streams[-1]

    source = Source(str(big_file), big_file.stat().st_size, opened)
    begun = asyncio.Event()
    load = asyncio.create_task(Loader([source]).load(lambda _: begun.set()))
    await begun.wait()
    load.cancel()
    with pytest.raises(asyncio.CancelledError):
        await load
    assert [stream.closed for stream in streams] == [True]


async def test_the_loop_goes_on_while_a_big_file_is_loaded(big_file: Path) -> None:
    gaps: list[float] = []

    async def tick() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.001)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    gaps.clear()
    began = time.monotonic()
    await Loader([file_source(big_file)]).load(lambda _: None)
    taken = time.monotonic() - began
    ticking.cancel()
    # Work on the loop itself would be one gap as long as the load; a busy machine makes a few short ones.
    assert len(gaps) > 5
    assert sum(gap for gap in gaps if gap > 0.02) < taken / 2


async def test_a_file_that_is_no_session_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "diary.jsonl"
    path.write_text("Dear diary\n", "utf-8")
    loader = Loader([file_source(path)])
    with pytest.raises(Unreadable, match=r"diary\.jsonl: text without"):
        await loader.load()
    with pytest.raises(Unreadable, match=r"diary\.jsonl: text without"):
        await loader.header()


async def test_a_file_that_vanished_is_unreadable(tmp_path: Path) -> None:
    path = Rollout().meta().save(tmp_path)
    loader = Loader([file_source(path)])
    path.unlink()
    with pytest.raises(Unreadable, match="No such file"):
        await loader.load()
    with pytest.raises(Unreadable, match="No such file"):
        await loader.header()


async def test_a_disk_that_fails_at_once_is_an_error_of_ours(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(TraceError, match="Input/output error"):
        await Loader([Source("disk", 100, Broken)]).load()


async def test_a_disk_that_fails_later_costs_only_what_follows() -> None:
    file = Rollout().meta().started(TURN).asked("Work all day")
    while len(file.content()) < 600_000:
        for _ in range(100):
            file.answered("fine " * 40)

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= 400_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    session = await Loader([Source("disk", 600_000, lambda: Failing(file.content()))]).load()
    assert session.title == "Work all day"
    assert any("Input/output error" in problem.detail for problem in session.problems)
