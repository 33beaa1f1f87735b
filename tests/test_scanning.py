"""Whatever happens to files, and to whoever reads them: the catalog ends up as one that was made anew."""

from __future__ import annotations

import errno
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import trace_tui
from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.reading_sessions import SAMPLES, truths
from trace_tui.errors import Cancelled
from trace_tui.library import indexing, scanning
from trace_tui.library.catalog import Catalog
from trace_tui.library.library import Library
from trace_tui.library.progress import Progress
from trace_tui.library.rows import Row
from trace_tui.reading import SessionReader
from trace_tui.sources import Source

MAKER = Path(__file__).resolve().parent / "data" / "tools" / "make_corpus.py"
DAY = "sessions/2026/11/20"
NAME = f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl"
OTHER = f"rollout-2026-11-20T12-10-00-{OTHER_THREAD}.jsonl"
REWOUND = next(truth for truth in truths() if len(truth.paths) > 1)
TURN = "01a1f900-0000-7000-8000-00000000000a"

posix_only = pytest.mark.skipif(os.name != "posix", reason="processes are killed otherwise there")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="processes are listed otherwise there")


def scan(catalog: Catalog, home: Path) -> Library:
    library = Library(catalog, [home])
    library.refresh()
    return library


def contents(catalog: Catalog) -> dict[str, list[Row]]:
    """All rows but those that only make reading quicker, each with its session's key for its number."""
    dump: dict[str, list[Row]] = {}
    for (table,) in catalog.query("SELECT name FROM sqlite_master WHERE type = 'table'"):
        if table in ("about", "halts", "name_files", "sqlite_sequence"):
            continue
        columns = [row[1] for row in catalog.query(f"PRAGMA table_info({table})")]
        if table == "sessions" or "session" not in columns:
            wanted = ", ".join(column for column in columns if column != "session")
            rows = catalog.query(f"SELECT {wanted} FROM {table}")
        else:
            wanted = ", ".join(f"{table}.{column}" for column in columns if column != "session")
            rows = catalog.query(f"SELECT key, {wanted} FROM {table} LEFT JOIN sessions USING (session)")
        dump[table] = sorted(rows, key=repr)
    return dump


def made_anew(*homes: Path) -> dict[str, list[Row]]:
    with Catalog.open(in_memory=True) as catalog:
        Library(catalog, homes).refresh()
        return contents(catalog)


def unlike(one: dict[str, list[Row]], other: dict[str, list[Row]]) -> dict[str, tuple[list[Row], list[Row]]]:
    """By table, the rows that only one of them has."""
    found: dict[str, tuple[list[Row], list[Row]]] = {}
    for table in one.keys() | other.keys():
        mine, theirs = Counter(one.get(table, [])), Counter(other.get(table, []))
        if mine != theirs:
            found[table] = (list((mine - theirs).elements()), list((theirs - mine).elements()))
    return found


def unlike_one_made_anew(catalog: Catalog, home: Path) -> dict[str, tuple[list[Row], list[Row]]]:
    return unlike(contents(catalog), made_anew(home))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "cache" / "catalog.sqlite") as catalog:
        yield catalog


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A few real sessions: one rewound, some with workers, one archived, one compressed."""
    folder = tmp_path / "home"
    for truth in truths():
        if truth.home == SAMPLES and truth.facts["scenario"] in KINDS:
            for path in truth.paths:
                to = folder / path.relative_to(SAMPLES)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)
    return folder


KINDS = ("h_rollback_tui", "f_agents_v1", "i_resume", "o_archive", "o_compressed")


@pytest.fixture
def always_halting(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with files of many megabytes, the state of every reading is kept."""
    monkeypatch.setattr(indexing, "ALWAYS_HALT", 0)


# -- files that grow ----------------------------------------------------------


def working(calls: int, first: int = 0) -> Rollout:
    """A session with so many calls, a failure among every three, and tokens for each."""
    file = Rollout().meta() if first == 0 else Rollout()
    for number in range(first, first + calls):
        turn = f"{TURN[:-2]}{number:02d}"
        file.started(turn).asked(f"Do {number}").call(f"call_{number}", arguments={"cmd": f"make {number}"})
        file.output(f"call_{number}", f"Process exited with code {number % 3 // 2}\nOutput:\nout {number}\n")
        file.counted((100 * number + 100, 10), (100, 10)).answered(f"Did {number}").ended(turn)
    return file


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def spoil_all_but_the_end(path: Path) -> None:
    """The same file of the same length, of which only the last bytes still make sense."""
    size = path.stat().st_size
    assert size > 2 * indexing.TAIL
    with path.open("r+b") as file:
        file.write(b"x" * (size - indexing.TAIL))


def calls_in(catalog: Catalog) -> list[str]:
    return [call for (call,) in catalog.query("SELECT call_id FROM calls ORDER BY session, position")]


def named(numbers: range) -> list[str]:
    return [f"call_{number}" for number in numbers]


@pytest.mark.usefixtures("always_halting")
def test_what_was_read_of_a_growing_file_is_not_read_again(catalog: Catalog, tmp_path: Path) -> None:
    path = working(20).save(tmp_path / DAY, NAME)
    scan(catalog, tmp_path)
    spoil_all_but_the_end(path)
    append(path, working(5, first=20).content())
    scan(catalog, tmp_path)
    assert calls_in(catalog) == named(range(25))
    assert catalog.query("SELECT turns, calls, failed_calls, input, problems FROM sessions") == [
        (25, 25, 8, 2500, 0)
    ]
    assert catalog.query("SELECT count(*), sum(input), sum(output) FROM responses") == [(25, 2500, 250)]
    assert catalog.query("SELECT read_to FROM files") == [(path.stat().st_size,)]


def test_a_big_file_is_kept_in_mind_once_it_has_grown(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "HALT_IF_GROWING", 0)
    path = working(20).save(tmp_path / DAY, NAME)
    scan(catalog, tmp_path)
    assert catalog.query("SELECT count(*) FROM halts") == [(0,)]
    append(path, working(5, first=20).content())
    scan(catalog, tmp_path)
    spoil_all_but_the_end(path)
    append(path, working(5, first=25).content())
    scan(catalog, tmp_path)
    assert calls_in(catalog) == named(range(30))


def test_a_small_file_is_read_anew_and_nothing_of_it_is_kept_in_mind(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = working(20).save(tmp_path / DAY, NAME)
    scan(catalog, tmp_path)
    append(path, working(5, first=20).content())
    scan(catalog, tmp_path)
    assert calls_in(catalog) == named(range(25))
    assert catalog.query("SELECT count(*) FROM halts") == [(0,)]


@pytest.mark.usefixtures("always_halting")
def test_a_file_that_grew_many_times_is_as_if_read_at_once(catalog: Catalog, tmp_path: Path) -> None:
    path = working(5).save(tmp_path / DAY, NAME)
    for number in range(5, 30, 5):
        scan(catalog, tmp_path)
        append(path, working(5, first=number).content())
    scan(catalog, tmp_path)
    assert calls_in(catalog) == named(range(30))
    assert unlike_one_made_anew(catalog, tmp_path) == {}


@pytest.mark.usefixtures("always_halting")
def test_a_last_line_may_be_finished_later(catalog: Catalog, tmp_path: Path) -> None:
    content = working(20).content()
    path = working(20).save(tmp_path / DAY, NAME)
    path.write_bytes(content[:-30])
    scan(catalog, tmp_path)
    assert catalog.query("SELECT kind FROM problems") == [("torn_line",)]
    append(path, content[-30:-10])
    scan(catalog, tmp_path)
    assert catalog.query("SELECT kind FROM problems") == [("torn_line",)]
    assert unlike_one_made_anew(catalog, tmp_path) == {}
    append(path, content[-10:])
    scan(catalog, tmp_path)
    assert catalog.query("SELECT kind FROM problems") == []
    assert unlike_one_made_anew(catalog, tmp_path) == {}


@pytest.mark.usefixtures("always_halting")
def test_a_torn_line_may_be_taken_back(catalog: Catalog, tmp_path: Path) -> None:
    path = working(20).save(tmp_path / DAY, NAME)
    append(path, b'{"timestamp":"2026-11-20T13:00:00.000Z","type":"event_msg","payl')
    scan(catalog, tmp_path)
    path.write_bytes(working(20).content() + working(5, first=20).content())
    scan(catalog, tmp_path)
    assert calls_in(catalog) == named(range(25))
    assert unlike_one_made_anew(catalog, tmp_path) == {}


def shrink(path: Path) -> None:
    path.write_bytes(working(10).content())


def rewrite(path: Path) -> None:
    path.write_bytes(working(20).content().replace(b"make", b"nice") + working(5, first=20).content())


def scrub(path: Path) -> None:
    """Something early on is blotted out where it stands: size, end and inode stay."""
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(content.index(b"make 3"))
        file.write(b"XXXXXX")


def replace(path: Path) -> None:
    """By another file that ends in the same way and goes on."""
    new = path.with_suffix(".new")
    changed = path.read_bytes().replace(b"make 3", b"make X")
    new.write_bytes(changed + working(5, first=20).content())
    new.replace(path)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.usefixtures("always_halting")
@pytest.mark.parametrize("change", [shrink, rewrite, scrub, replace, empty])
def test_a_file_that_did_more_than_grow_is_read_from_its_start(
    change: Callable[[Path], None], catalog: Catalog, tmp_path: Path
) -> None:
    path = working(20).save(tmp_path / DAY, NAME)
    scan(catalog, tmp_path)
    change(path)
    scan(catalog, tmp_path)
    assert unlike_one_made_anew(catalog, tmp_path) == {}
    append(path, working(1, first=25).content())
    scan(catalog, tmp_path)
    assert unlike_one_made_anew(catalog, tmp_path) == {}


@pytest.mark.usefixtures("always_halting")
def test_the_last_of_several_files_may_grow(catalog: Catalog, home: Path) -> None:
    last = sorted(home / path.relative_to(SAMPLES) for path in REWOUND.paths)[-1]
    content = last.read_bytes()
    for share in (0.3, 0.6, 1):
        last.write_bytes(content[: int(len(content) * share)])
        scan(catalog, home)
        assert unlike_one_made_anew(catalog, home) == {}


@pytest.mark.usefixtures("always_halting")
def test_an_older_one_of_several_files_may_change(catalog: Catalog, home: Path) -> None:
    first = sorted(home / path.relative_to(SAMPLES) for path in REWOUND.paths)[0]
    scan(catalog, home)
    append(first, b'{"torn')
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}


FILES = sorted((SAMPLES / DAY).glob("*.jsonl"))


@given(data=st.data())
@settings(max_examples=25)
def test_files_may_grow_in_any_order_and_be_cut_anywhere(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    home = tmp_path_factory.mktemp("growing")
    rewound = [path for path in FILES if path.name in {one.name for one in REWOUND.paths}]
    others = data.draw(st.lists(st.sampled_from(FILES), max_size=2, unique=True), label="files")
    files = list(dict.fromkeys([*rewound, *others]))
    written = dict.fromkeys(files, 0)
    with pytest.MonkeyPatch.context() as patch, Catalog.open(in_memory=True) as catalog:
        patch.setattr(indexing, "ALWAYS_HALT", 0)
        for _ in range(data.draw(st.integers(1, 6), label="steps")):
            for file in data.draw(st.lists(st.sampled_from(files), min_size=1, unique=True)):
                content = file.read_bytes()
                end = data.draw(st.integers(written[file], len(content)))
                to = home / file.relative_to(SAMPLES)
                to.parent.mkdir(parents=True, exist_ok=True)
                append(to, content[written[file] : end])
                written[file] = end
            scan(catalog, home)
            assert unlike_one_made_anew(catalog, home) == {}
    shutil.rmtree(home)


# -- files that come, go and move ---------------------------------------------


def compress(path: Path, *, keep: bool = False) -> None:
    path.with_name(f"{path.name}.zst").write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    if not keep:
        path.unlink()


def a_file(home: Path) -> Path:
    """One of a thread of its own."""
    return next(path for path in sorted((home / DAY).glob("*.jsonl")) if "01a1f901-6347" in path.name)


def rewound_files(home: Path) -> list[Path]:
    return sorted(home / path.relative_to(SAMPLES) for path in REWOUND.paths)


def archive(home: Path) -> None:
    path = a_file(home)
    path.rename(home / "archived_sessions" / path.name)


def take_back_from_the_archive(home: Path) -> None:
    path = next((home / "archived_sessions").iterdir())
    path.rename(home / DAY / path.name)


def compress_one(home: Path) -> None:
    compress(a_file(home))


def compress_a_copy(home: Path) -> None:
    compress(a_file(home), keep=True)


def uncompress(home: Path) -> None:
    packed = next((home / DAY).glob("*.zst"))
    with packed.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as plain:
        packed.with_suffix("").write_bytes(plain.read())
    packed.unlink()


def uncompress_a_copy(home: Path) -> None:
    packed = next((home / DAY).glob("*.zst"))
    content = packed.read_bytes()
    uncompress(home)
    packed.write_bytes(content)


def delete(home: Path) -> None:
    a_file(home).unlink()


def rename(home: Path) -> None:
    a_file(home).rename(home / DAY / "renamed.jsonl")


def move_to_another_day(home: Path) -> None:
    (home / DAY).rename(home / "sessions/2026/11/21")


def put_a_copy_in_the_archive(home: Path) -> None:
    shutil.copy(a_file(home), home / "archived_sessions")


def delete_the_older_file(home: Path) -> None:
    rewound_files(home)[0].unlink()


def delete_the_newer_file(home: Path) -> None:
    rewound_files(home)[-1].unlink()


def archive_the_older_file(home: Path) -> None:
    path = rewound_files(home)[0]
    path.rename(home / "archived_sessions" / path.name)


def compress_both_files(home: Path) -> None:
    for path in rewound_files(home):
        compress(path)


def delete_all(home: Path) -> None:
    shutil.rmtree(home / "sessions")


def make_it_something_else(home: Path) -> None:
    a_file(home).write_text("Dear diary\n", "utf-8")


CHANGES = [
    archive,
    take_back_from_the_archive,
    compress_one,
    compress_a_copy,
    uncompress,
    uncompress_a_copy,
    delete,
    rename,
    move_to_another_day,
    put_a_copy_in_the_archive,
    delete_the_older_file,
    delete_the_newer_file,
    archive_the_older_file,
    compress_both_files,
    delete_all,
    make_it_something_else,
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_happens_to_files_is_followed(
    change: Callable[[Path], None], catalog: Catalog, home: Path
) -> None:
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}
    before = contents(catalog)
    change(home)
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}
    assert Library(catalog, [home]).stale == []
    assert contents(catalog) != before or change in (compress_a_copy, put_a_copy_in_the_archive)


@pytest.mark.parametrize("change", CHANGES)
def test_so_it_is_when_who_followed_was_stopped_on_the_way(
    change: Callable[[Path], None], catalog: Catalog, home: Path
) -> None:
    scan(catalog, home)
    change(home)
    Library(catalog, [home]).refresh(only=lambda _: False)
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}


def test_a_second_file_of_a_thread_may_come_later(catalog: Catalog, home: Path) -> None:
    newer = rewound_files(home)[-1]
    content = newer.read_bytes()
    newer.unlink()
    scan(catalog, home)
    newer.write_bytes(content)
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}


def test_files_moved_to_and_fro_leave_nothing_behind(catalog: Catalog, home: Path) -> None:
    scan(catalog, home)
    path = a_file(home)
    content = path.read_bytes()
    for place in ("archived_sessions", DAY, "sessions/2026/12/01", "archived_sessions", DAY):
        (home / place).mkdir(parents=True, exist_ok=True)
        path = path.rename(home / place / path.name)
        scan(catalog, home)
        assert unlike_one_made_anew(catalog, home) == {}
    path.unlink()
    scan(catalog, home)
    path.write_bytes(content)
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}


def test_places_that_were_not_looked_at_stay_as_they_were(catalog: Catalog, home: Path) -> None:
    scan(catalog, home)
    before = contents(catalog)
    other = working(3).save(home.parent / "other" / DAY, NAME)
    scan(catalog, home.parent / "other")
    home.rename(home.parent / "a disk that is not there")
    other.unlink()
    scan(catalog, home.parent / "other")
    assert unlike(contents(catalog), before) == {}


def test_a_part_of_a_home_may_be_looked_at_alone(catalog: Catalog, home: Path) -> None:
    archive_the_older_file(home)
    for part in ("archived_sessions", DAY, ".", DAY, "archived_sessions"):
        append(rewound_files(home)[-1], b"\n")
        scan(catalog, home / part)
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}


def test_a_folder_that_is_shut_for_a_while_is_not_forgotten(
    catalog: Catalog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(catalog, home)
    before = contents(catalog)
    listed: Callable[..., Any] = os.scandir

    def refused(path: Any) -> Any:
        if str(path).endswith(DAY):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return listed(path)

    with monkeypatch.context() as shut:
        shut.setattr(os, "scandir", refused)
        assert scan(catalog, home).troubles() != []
    assert unlike(contents(catalog), before) == {}
    assert Library(catalog, [home]).stale == []


# -- what can't be read -------------------------------------------------------


@pytest.mark.parametrize("name", [OTHER, os.fsdecode(b"caf\xe9.jsonl")], ids=["any name", "no UTF-8"])
def test_a_file_that_this_program_fails_on_hides_no_other_and_is_told_of(
    name: str, catalog: Catalog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        spoilt = working(1).save(home / DAY, name)
    except OSError:
        pytest.skip("this file system takes no such names")

    def reader(sources: list[Source], **how: Any) -> SessionReader:
        if sources[0].path == str(spoilt):
            raise RuntimeError(f"stumbled over {sources[0].path}")
        return SessionReader(sources, **how)

    others = {str(path) for path in home.rglob("*.jsonl*")} - {str(spoilt)}
    monkeypatch.setattr(indexing, "SessionReader", reader)
    (trouble,) = scan(catalog, home).troubles()
    assert trouble.path == str(spoilt)
    assert trouble.words.startswith("this program failed on it: RuntimeError: stumbled over")
    assert {path for (path,) in catalog.query("SELECT path FROM files WHERE session NOT NULL")} == others
    monkeypatch.undo()
    assert scan(catalog, home).troubles() == []
    assert unlike_one_made_anew(catalog, home) == {}


def older_of_two(home: Path) -> Path:
    return rewound_files(home)[0]


@pytest.mark.parametrize("which", [a_file, older_of_two])
def test_a_file_that_could_not_be_opened_is_tried_again(
    which: Callable[[Path], Path], catalog: Catalog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = which(home)

    def refused(name: str, mode: str) -> Any:
        if name == str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        return open(name, mode)

    with monkeypatch.context() as shut:
        shut.setattr("trace_tui.sources.open", refused, raising=False)
        assert [trouble.path for trouble in scan(catalog, home).troubles()] == [str(path)]
    assert scan(catalog, home).troubles() == []
    assert unlike_one_made_anew(catalog, home) == {}


def test_a_file_that_the_disk_would_not_give_to_its_end_is_read_again(
    catalog: Catalog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_file(home)

    class Failing(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 4:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size) or b""

    def opened(name: str, mode: str) -> Any:
        return Failing(name) if name == str(path) else open(name, mode)

    with monkeypatch.context() as broken:
        broken.setattr("trace_tui.sources.open", opened, raising=False)
        scan(catalog, home)
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}


def test_a_file_that_vanishes_while_it_is_read_is_gone(catalog: Catalog, home: Path) -> None:
    library = Library(catalog, [home])
    a_file(home).unlink()
    library.refresh()
    scan(catalog, home)
    assert unlike_one_made_anew(catalog, home) == {}


@pytest.mark.usefixtures("always_halting")
def test_what_another_process_forgets_meanwhile_is_kept_whole(catalog: Catalog, tmp_path: Path) -> None:
    path = working(20).save(tmp_path / DAY, NAME)
    scan(catalog, tmp_path)
    append(path, working(5, first=20).content())
    (thread,) = Library(catalog, [tmp_path]).stale
    read_on = indexing.index(thread, catalog.earlier(thread))
    catalog.forget([str(path)])
    catalog.keep([read_on])
    scan(catalog, tmp_path)
    assert unlike_one_made_anew(catalog, tmp_path) == {}


# -- scans that are interrupted -----------------------------------------------


@pytest.mark.parametrize("reason", [KeyboardInterrupt, Cancelled, BrokenPipeError])
@pytest.mark.parametrize("when", ["after a few", "within one"])
def test_whoever_stops_a_scan_keeps_what_was_read_before(
    reason: type[BaseException], when: str, catalog: Catalog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_BATCH_THREADS", 2)
    heard: list[Progress] = []

    def stop(progress: Progress) -> None:
        heard.append(progress)
        if progress.threads == 4 and (when == "after a few" or heard[-2].threads == 4):
            raise reason

    library = Library(catalog, [home])
    with pytest.raises(reason):
        library.refresh(stop)
    assert catalog.query("SELECT count(*) FROM sessions") == [(4,)]
    later = Library(catalog, [home])
    assert [thread.key for thread in later.stale] == [thread.key for thread in library.threads[4:]]
    later.refresh()
    assert unlike_one_made_anew(catalog, home) == {}


def test_progress_is_told_up_to_the_end(
    catalog: Catalog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_BATCH_THREADS", 2)
    heard: list[Progress] = []
    library = Library(catalog, [home])
    library.refresh(heard.append)
    many, size = len(library.threads), sum(file.size for file in library.findings.files)
    assert list(dict.fromkeys(progress.threads for progress in heard)) == [0, *range(2, many, 2), many]
    assert heard[-1] == Progress(many, many, size, size)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "made"
    options = ["--sessions", "60", "--mb", "8", "--seed", "5", "--workers", "0.3"]
    subprocess.run(
        [sys.executable, str(MAKER), "--out", str(folder), *options], check=True, capture_output=True
    )
    return folder / "codex"


@pytest.fixture(scope="module")
def whole(corpus: Path) -> dict[str, list[Row]]:
    """What a catalog of that home has to hold."""
    return made_anew(corpus)


SCAN = r"""
import multiprocessing, os, signal, sys, threading, time
from trace_tui.library import scanning
from trace_tui.library.library import Library

home, way, pause, *deadly = sys.argv[1:]
told = 0
scan_batch = scanning.scan_batch
scanning._BATCH_BYTES = 100_000
scanning._processors = lambda: 2
if way in ("forked", "spawned"):
    scanning._WORTH_PROCESSES = 0


def scan_slowly_or_die(catalog, batch, *heard):
    time.sleep(float(pause))
    names = [os.path.basename(file.path) for thread in batch for file in thread.files]
    if multiprocessing.parent_process() is not None and set(deadly) & set(names):
        say("dying")
        os.kill(os.getpid(), signal.SIGKILL)
    scan_batch(catalog, batch, *heard)


def tell(progress):
    global told
    if progress.threads == told:
        return
    told = progress.threads
    say(told)
    if way == "waiting" and progress.threads > 20 and not sys.stdin.closed:
        sys.stdin.readline()
        sys.stdin.close()


def say(what):
    os.write(1, f"{what}\n".encode())  # in one piece: several are talking


scanning.scan_batch = scan_slowly_or_die
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it would be ignored
    if way == "spawned":  # beside another thread nothing is forked
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    say("begun")
    with Library.open([home]) as library:
        library.refresh(tell)
        say(library.catalog.note or "done")
"""
"""Scans as a process of its own: alone, with others that are forked or spawned, or waiting in the middle."""


class Scans:
    """Starts them, all with one catalog."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.path = folder / "cache" / "catalog.sqlite"
        self._script = folder / "scan.py"
        self._script.write_text(SCAN, "utf-8")
        self._home = home
        self._started: list[subprocess.Popen[bytes]] = []
        assert trace_tui.__file__ is not None
        self.environment = os.environ | {
            "PYTHONPATH": str(Path(trace_tui.__file__).absolute().parents[1]),
            "CODEX_TRACE_TUI_CACHE": str(self.path.parent),
            "CODEX_HOME": str(home),
        }

    def start(self, way: str, *deadly: str, pause: float = 0) -> subprocess.Popen[bytes]:
        """One that has just begun; it rests before every batch."""
        started = subprocess.Popen(
            [sys.executable, str(self._script), str(self._home), way, str(pause), *deadly],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._started.append(started)
        assert hear(started) == "begun"
        return started

    def contents(self) -> dict[str, list[Row]]:
        with Catalog.open(self.path) as catalog:
            assert catalog.query("PRAGMA integrity_check") == [("ok",)]
            return contents(catalog)

    def finish(self) -> dict[str, list[Row]]:
        """What the next scan makes of what was left."""
        with Catalog.open(self.path) as catalog:
            scan(catalog, self._home)
            return contents(catalog)

    def end(self) -> None:
        for started in self._started:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)  # and whatever it has left behind
            started.communicate()


@pytest.fixture
def scans(tmp_path: Path, corpus: Path) -> Iterator[Scans]:
    scans = Scans(tmp_path, corpus)
    yield scans
    scans.end()


def hear(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().rstrip()


def of_sessions(whole: dict[str, list[Row]], keys: set[str]) -> dict[str, list[Row]]:
    return {table: [row for row in rows if row[0] in keys] for table, rows in whole.items()}


def known(contents: dict[str, list[Row]]) -> set[str]:
    return {row[0] for row in contents["sessions"]}


def said(process: subprocess.Popen[bytes], answer: bytes | None = None) -> list[str]:
    """What is told until the end, which has to be a good one."""
    out, err = process.communicate(answer, timeout=60)
    assert (process.returncode, err) == (0, b"")
    return out.decode().split()


def state_of(process: int) -> tuple[str, int]:
    """Its letter and its parent; the dead are in state X."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("latin-1")
    except OSError:
        return "X", 0
    state, parent = stat.rpartition(")")[2].split()[:2]
    return state, int(parent)


def children(parent: int) -> set[int]:
    processes = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return {process for process in processes if state_of(process)[1] == parent}


def wait_for_the_end(processes: set[int]) -> None:
    """Of processes whose parent is dead: they are nobody's here to wait for."""
    deadline = time.monotonic() + 20
    while left := {process for process in processes if state_of(process)[0] not in "ZX"}:
        assert time.monotonic() < deadline, f"still at work: {left}"
        time.sleep(0.01)


@posix_only
def test_a_scan_may_be_killed_at_any_moment(scans: Scans, whole: dict[str, list[Row]]) -> None:
    chance = random.Random(7)
    in_the_middle = 0
    for _ in range(15):
        process = scans.start("alone")
        for _ in range(chance.randrange(6)):
            hear(process)
        time.sleep(chance.uniform(0, 0.005))
        process.kill()
        process.wait()
        kept = scans.contents()
        in_the_middle += 0 < len(known(kept)) < len(known(whole))
        assert unlike(kept, of_sessions(whole, known(kept))) == {}
        if known(kept) == known(whole):
            shutil.rmtree(scans.path.parent)
    assert in_the_middle > 0
    assert unlike(scans.finish(), whole) == {}


@linux_only
@pytest.mark.parametrize("way", ["forked", "spawned"])
def test_of_a_scan_that_was_killed_no_process_is_left(
    way: str, scans: Scans, whole: dict[str, list[Row]]
) -> None:
    process = scans.start(way, pause=0.05)
    assert hear(process).isdecimal()
    helpers = children(process.pid)
    process.kill()
    process.wait()
    assert len(helpers) >= 2
    wait_for_the_end(helpers)
    kept = scans.contents()
    assert 0 < len(known(kept)) < len(known(whole))
    assert unlike(kept, of_sessions(whole, known(kept))) == {}
    assert unlike(scans.finish(), whole) == {}


@linux_only
@pytest.mark.parametrize("way", ["alone", "forked", "spawned"])
def test_whoever_interrupts_a_scan_at_the_keyboard_keeps_what_was_read_before(
    way: str, scans: Scans, whole: dict[str, list[Row]]
) -> None:
    process = scans.start(way, pause=0.05)
    for _ in range(4):
        assert hear(process).isdecimal()
    helpers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all of them hear it
    _, said = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert said.count(b"Traceback") == 1  # of the script itself
    wait_for_the_end(helpers)
    kept = scans.contents()
    assert 0 < len(known(kept)) < len(known(whole))
    assert unlike(kept, of_sessions(whole, known(kept))) == {}
    assert unlike(scans.finish(), whole) == {}


@posix_only
@pytest.mark.parametrize("way", ["forked", "spawned"])
def test_what_several_processes_read_is_what_one_alone_reads(
    way: str, scans: Scans, whole: dict[str, list[Row]]
) -> None:
    assert said(scans.start(way))[-2:] == ["60", "done"]
    assert unlike(scans.contents(), whole) == {}


@posix_only
@pytest.mark.parametrize("way", ["forked", "spawned"])
def test_when_processes_die_the_rest_is_read_without_them(
    way: str, scans: Scans, corpus: Path, whole: dict[str, list[Row]]
) -> None:
    deadly = sorted(corpus.rglob("rollout-*"))[20]
    told = said(scans.start(way, deadly.name))
    assert told.count("dying") == 1
    assert told[-2:] == ["60", "done"]
    assert unlike(scans.contents(), whole) == {}


@posix_only
@pytest.mark.parametrize("ways", [("alone", "forked"), ("forked", "spawned")], ids=str)
def test_two_scans_at_once_end_well(ways: tuple[str, str], scans: Scans, whole: dict[str, list[Row]]) -> None:
    both = [scans.start(way) for way in ways]
    for process in both:
        assert said(process)[-1] == "done"
    assert unlike(scans.contents(), whole) == {}


@posix_only
def test_a_list_may_be_asked_for_in_the_middle_of_a_scan(scans: Scans, whole: dict[str, list[Row]]) -> None:
    process = scans.start("waiting")
    while int(hear(process)) <= 20:
        pass
    listed = subprocess.run(
        [sys.executable, "-m", "trace_tui", "ls", "--json"],
        env=scans.environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    ids = {session["id"] for session in json.loads(listed.stdout)["sessions"]}
    assert ids == {row[1] for row in whole["sessions"]}
    assert listed.stderr == b""
    assert said(process, b"go on\n")[-1] == "done"
    assert unlike(scans.contents(), whole) == {}
