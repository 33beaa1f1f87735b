"""The catalog: made, mended and remade without a word, and true to the sessions it was made from."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.reading_sessions import SAMPLES, Truth, calls_of, truths
from trace_tui.cli import main
from trace_tui.library.catalog import Catalog
from trace_tui.library.library import Library
from trace_tui.library.opening import default_path
from trace_tui.library.rows import Row
from trace_tui.model import Response, Session, file_of, line_of
from trace_tui.reading import SessionReader
from trace_tui.sources import file_source

ROOT = Path(__file__).resolve().parents[1]
MAKER = Path(__file__).resolve().parent / "data" / "tools" / "make_corpus.py"
ERAS = sorted((SAMPLES / "eras").iterdir())
DAY = "sessions/2026/11/20"
NAME = f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl"
OTHER = f"rollout-2026-11-20T12-10-00-{OTHER_THREAD}.jsonl"
TURN = "01a1f900-0000-7000-8000-00000000000a"

posix_only = pytest.mark.skipif(os.name != "posix", reason="rights are told otherwise here")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the catalog goes to, which is not there yet."""
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "home"))
    return tmp_path / "cache"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two sessions, one of them with a call that failed."""
    worked().save(tmp_path / "home" / DAY, NAME)
    second = Rollout().meta(OTHER_THREAD).started(TURN).asked("Second").answered("Yes.").ended(TURN)
    second.save(tmp_path / "home" / DAY, OTHER)
    return tmp_path / "home"


def worked() -> Rollout:
    file = Rollout().meta().started(TURN).asked("First").call("call_1", arguments={"cmd": "make check"})
    file.output("call_1", "Process exited with code 2\nOutput:\nno\n").counted((100, 10), (100, 10))
    return file.answered("It fails.").ended(TURN, "It fails.")


def titles(catalog: Catalog, home: Path) -> list[str]:
    """After whatever has to be read was read."""
    library = Library(catalog, [home])
    library.refresh()
    return sorted(entry.title for entry in library.entries())


def refreshed(home: Path) -> list[str]:
    with Library.open([home]) as library:
        library.refresh()
        return sorted(entry.title for entry in library.entries())


def only_value(catalog: Catalog, sql: str, *values: object) -> Any:
    ((value,),) = catalog.query(sql, values)
    return value


# -- the file -----------------------------------------------------------------


def test_the_catalog_is_made_where_the_variable_says(cache: Path, home: Path) -> None:
    assert refreshed(home) == ["First", "Second"]
    assert default_path() == cache / "catalog.sqlite"
    assert os.listdir(cache) == ["catalog.sqlite"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_else_it_is_made_where_the_system_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODEX_TRACE_TUI_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert default_path() == tmp_path / "caches" / "codex-trace-tui" / "catalog.sqlite"


@posix_only
def test_nobody_else_may_look_into_it(cache: Path, home: Path) -> None:
    before = os.umask(0)
    try:
        with Library.open([home]) as library:
            library.refresh()
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in cache.iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert set(modes) >= {"catalog.sqlite", "catalog.sqlite-wal"}
    assert set(modes.values()) == {0o600}


def test_what_was_read_is_not_read_again(cache: Path, home: Path) -> None:
    refreshed(home)
    with Library.open([home]) as library:
        assert library.stale == []
        assert sorted(entry.title for entry in library.entries()) == ["First", "Second"]


def test_a_deleted_catalog_is_made_anew(cache: Path, home: Path) -> None:
    refreshed(home)
    for file in cache.iterdir():
        file.unlink()
    cache.rmdir()
    assert refreshed(home) == ["First", "Second"]
    assert (cache / "catalog.sqlite").exists()


@pytest.fixture(scope="module")
def real_catalog(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a catalog of all samples."""
    path = tmp_path_factory.mktemp("real") / "catalog.sqlite"
    with Catalog.open(path) as catalog:
        Library(catalog, [SAMPLES, *ERAS]).refresh()
    return path.read_bytes()


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * share)]


def scratched(share: float) -> Callable[[bytes], bytes]:
    """Noise from some page on, as a failing disk leaves it; the length stays."""

    def damage(content: bytes) -> bytes:
        begin = int(len(content) * share) // 4096 * 4096
        return content[:begin] + bytes(range(1, 252)) * ((len(content) - begin) // 251 + 1)

    return damage


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing is left": lambda _: b"",
    "another file": lambda _: b"Dear diary,\n" * 1000,
    "noise": lambda content: bytes(byte ^ 0xA5 for byte in content),
    "half of the first page": lambda content: content[:2048],
    "a tenth": cut(0.1),
    "half": cut(0.5),
    "all but a byte": lambda content: content[:-1],
    "a spoiled head": lambda content: b"SQLite format 3\0" + b"\xff" * 84 + content[100:],
    "noise behind the first page": lambda content: content[:4096] + b"\x5a" * (len(content) - 4096),
    "noise in the second half": scratched(0.5),
    "noise at the end": scratched(0.9),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_catalog_is_made_anew_and_full_again(
    damage: Callable[[bytes], bytes], real_catalog: bytes, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.mkdir()
    (cache / "catalog.sqlite").write_bytes(damage(real_catalog))
    assert main(["ls", "--root", str(SAMPLES), "--jsonl"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 30
    with Library.open([SAMPLES]) as library:
        assert library.catalog.path == cache / "catalog.sqlite"
        assert library.stale == []
        assert len(library.entries()) == 30
        assert library.catalog.query("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE about SET value = '1/0.0.1'",
        "UPDATE about SET value = ''",
        "DELETE FROM about",
        "DROP TABLE about",
        "DROP TABLE about; DROP TABLE calls; CREATE TABLE calls (something TEXT)",
        "ALTER TABLE about RENAME COLUMN value TO words",
        'UPDATE about SET value = \'99/9.0\'; CREATE TABLE "of ""later""" (session INTEGER)',
    ],
)
def test_what_another_version_made_is_made_anew(change: str, cache: Path, home: Path) -> None:
    refreshed(home)
    connection = sqlite3.connect(cache / "catalog.sqlite")
    connection.executescript(f"UPDATE sessions SET title = 'as the other read it'; {change}")
    connection.close()
    with Library.open([home]) as library:
        assert len(library.stale) == 2
        assert library.catalog.path is not None
        assert ('of "later"',) not in library.catalog.query("SELECT name FROM sqlite_master")
    assert refreshed(home) == ["First", "Second"]


# -- where no file can be -----------------------------------------------------


def in_a_file(folder: Path) -> Path:
    (folder / "taken").write_bytes(b"")
    return folder / "taken" / "cache"


def where_a_folder_is(folder: Path) -> Path:
    (folder / "cache" / "catalog.sqlite").mkdir(parents=True)
    return folder / "cache"


def in_a_folder_that_may_not_be_written(folder: Path) -> Path:
    (folder / "shut").mkdir(mode=0o500)
    if os.access(folder / "shut", os.W_OK):
        pytest.skip("this user may write anywhere")
    return folder / "shut"


def in_what_is_no_disk(folder: Path) -> Path:
    if not os.path.isdir("/proc/self"):
        pytest.skip("there is no such folder here")
    return Path("/proc/self/cache")


@pytest.mark.parametrize(
    "place", [in_a_file, where_a_folder_is, in_a_folder_that_may_not_be_written, in_what_is_no_disk]
)
def test_where_no_catalog_can_be_it_lives_in_memory_and_says_so(
    place: Callable[[Path], Path], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place(tmp_path)
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(folder))
    with Library.open([home]) as library:
        library.refresh()
        assert sorted(entry.title for entry in library.entries()) == ["First", "Second"]
        assert library.catalog.path is None
        assert library.catalog.note is not None
        assert library.catalog.note.startswith(f"not kept: {folder / 'catalog.sqlite'}: ")


def test_without_a_cache_nothing_is_written(
    cache: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(home.rglob("*"))
    assert main(["ls", "--no-cache", "--json"]) == 0
    assert '"First"' in capsys.readouterr().out
    assert main(["doctor", "--no-cache"]) == 0
    assert main(["show", "--no-cache", THREAD]) == 0
    assert not cache.exists()
    assert sorted(home.rglob("*")) == before


def test_without_a_cache_one_that_is_there_is_not_used(cache: Path, home: Path) -> None:
    refreshed(home)
    before = (cache / "catalog.sqlite").read_bytes()
    with Library.open([home], cached=False) as library:
        assert len(library.stale) == 2
        library.refresh()
        assert library.catalog.note == "not kept, as asked"
    assert (cache / "catalog.sqlite").read_bytes() == before


# -- two at once --------------------------------------------------------------


def test_what_one_has_read_another_need_not(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "cache" / "catalog.sqlite"
    with Catalog.open(path) as one, Catalog.open(path) as other:
        assert titles(one, home) == ["First", "Second"]
        assert Library(other, [home]).stale == []
        (home / DAY / OTHER).unlink()
        assert titles(other, home) == ["First"]
        assert titles(one, home) == ["First"]


def test_both_may_read_the_same_file_anew(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "cache" / "catalog.sqlite"
    with Catalog.open(path) as one, Catalog.open(path) as other:
        libraries = [Library(one, [home]), Library(other, [home])]
        for library in libraries:
            library.refresh()
        assert only_value(one, "SELECT count(*) FROM sessions") == 2
        assert only_value(other, "SELECT count(*) FROM calls") == 1


def test_who_is_reading_does_not_keep_another_from_writing(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "cache" / "catalog.sqlite"
    with Catalog.open(path) as one, Catalog.open(path) as other:
        titles(one, home)
        (number, *_) = one.query("SELECT session FROM sessions")[0]
        reading = one.problems_of([number])
        next(reading, None)
        (home / DAY / OTHER).unlink()
        assert titles(other, home) == ["First"]


def test_a_catalog_that_another_process_is_just_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    maker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    maker.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.2, maker.close)
    done.start()
    try:
        with Catalog.open(path) as catalog:
            assert catalog.note is None
    finally:
        done.join()


# -- what is kept of each session ---------------------------------------------


class Kept(NamedTuple):
    """A thread of the samples as its files tell it, and as the catalog has it."""

    session: Session
    responses: list[Response]
    catalog: Catalog
    number: int

    def rows(self, columns: str, table: str, order: str = "position") -> list[Row]:
        sql = f"SELECT {columns} FROM {table} WHERE session = ? ORDER BY {order}"
        return self.catalog.query(sql, [self.number])


@pytest.fixture(scope="module")
def samples() -> Iterator[Catalog]:
    with Catalog.open(in_memory=True) as catalog:
        Library(catalog, [SAMPLES, *ERAS]).refresh()
        yield catalog


@pytest.fixture(scope="module", params=truths(), ids=str)
def kept(request: pytest.FixtureRequest, samples: Catalog) -> Kept:
    truth: Truth = request.param
    reader = SessionReader([file_source(path) for path in sorted(truth.paths, key=lambda path: path.name)])
    responses: list[Response] = []
    reader.fold.on_response = responses.append
    key = f"{truth.home}\n{truth.facts['thread_id']}"
    number = only_value(samples, "SELECT session FROM sessions WHERE key = ?", key)
    return Kept(reader.run(), responses, samples, number)


def test_who_a_session_is(kept: Kept) -> None:
    session = kept.session
    columns = (
        "id, root_id, parent_id, relation, agent_path, agent_nickname, agent_role, agent_depth, forked_from, "
        "forked_at, format, originator, source, cwd, branch, git_commit, repository"
    )
    assert kept.rows(columns, "sessions", "session") == [
        (
            session.id,
            session.root_id,
            session.parent_id,
            session.relation,
            session.agent.path,
            session.agent.nickname,
            session.agent.role,
            session.agent.depth,
            session.forked_from,
            session.forked_at,
            session.format,
            session.originator,
            session.source,
            session.cwd,
            session.branch,
            session.commit,
            session.repository,
        )
    ]


def test_how_a_session_went(kept: Kept) -> None:
    session = kept.session
    columns = (
        "started_at, ended_at, state, archived, compressed, turns, calls, failed_turns, failed_calls, "
        "usage_source, inherited_lines, inherited_calls, problems"
    )
    assert kept.rows(columns, "sessions", "session") == [
        (
            session.started_at,
            session.ended_at,
            session.state,
            session.archived,
            session.compressed,
            len(session.turns),
            len(calls_of(session)),
            len(session.failed_turns()),
            len(session.failed_calls()),
            session.usage_source,
            session.inherited_lines,
            session.inherited_calls,
            len(session.problems),
        )
    ]


def test_its_turns(kept: Kept) -> None:
    columns = (
        "turn, id, kind, status, error, reverted, prompt, model, effort, started_at, ended_at, duration_ms, "
        "input, cached_input, cache_write_input, output, reasoning_output, responses, compactions, "
        "context_used, context_window, file, line"
    )
    assert kept.rows(columns, "turns", "turn") == [
        (
            turn.index,
            turn.id,
            turn.kind,
            turn.status,
            turn.error.message if turn.error else None,
            turn.reverted,
            turn.prompt.head if turn.prompt else None,
            turn.model,
            turn.effort,
            turn.started_at,
            turn.ended_at,
            turn.duration_ms,
            *turn.usage,
            turn.responses,
            turn.compactions,
            turn.context_used,
            turn.context_window,
            file_of(turn.place),
            line_of(turn.place),
        )
        for turn in kept.session.turns
    ]


def test_its_calls_in_their_order(kept: Kept) -> None:
    columns = (
        "turn, call_id, name, namespace, tool, status, exit_code, reason, summary, started_at, ended_at, "
        "duration_ms, parallel, parent_call_id, child_session, file, line"
    )
    assert kept.rows(columns, "calls") == [
        (
            turn.index,
            call.call_id,
            call.name,
            call.namespace,
            call.tool,
            call.status,
            call.exit_code,
            call.reason,
            call.summary,
            call.started_at,
            call.ended_at,
            call.duration_ms,
            call.parallel,
            call.parent_call_id,
            call.child_session,
            file_of(call.place),
            line_of(call.place),
        )
        for turn in kept.session.turns
        for call in turn.calls()
    ]


def test_its_responses(kept: Kept) -> None:
    columns = (
        "turn, at, model, tier, input, cached_input, cache_write_input, output, reasoning_output, position"
    )
    assert kept.rows(columns, "responses") == [
        (turn, at, model, tier, *usage, position)
        for position, (turn, at, model, tier, usage) in enumerate(kept.responses)
    ]


def test_the_responses_add_up_to_what_the_session_used(kept: Kept) -> None:
    counts = ("input", "cached_input", "cache_write_input", "output", "reasoning_output")
    (used,) = kept.rows(", ".join(f"total({count})" for count in counts), "responses", "1")
    assert used == tuple(kept.session.usage)
    assert kept.rows(", ".join(counts), "sessions", "session") == [used]


def test_what_is_wrong_with_it(kept: Kept) -> None:
    assert kept.rows("file, line, kind, detail", "problems") == [
        (problem.file, problem.line, problem.kind, problem.detail) for problem in kept.session.problems
    ]
    assert dict(kept.rows("type, lines", "unknown_lines", "type")) == kept.session.unknown


def test_whom_it_names(kept: Kept) -> None:
    session = kept.session
    named = [(child.id, None, child.call_id, child.relation.value, child.name) for child in session.children]
    awaited = [(None, path, call.call_id, "worker", None) for path, call in session.awaited_workers.items()]
    assert kept.rows("child_id, path, call_id, relation, name", "links") == named + awaited


def test_its_versions_and_files(kept: Kept) -> None:
    assert [version for (version,) in kept.rows("version", "versions")] == kept.session.cli_versions
    assert kept.rows("path, size, read_to, lines, refused", "files") == [
        (file.path, os.stat(file.path).st_size, file.end, len(file.offsets), None)
        for file in kept.session.files
    ]


def test_the_samples_hold_something_for_every_table(samples: Catalog) -> None:
    for table in ("turns", "calls", "responses", "links", "versions", "names"):
        assert only_value(samples, f"SELECT count(*) FROM {table}") > 3, table
    assert only_value(samples, "SELECT count(*) FROM files WHERE position > 0") > 0


def test_damage_is_kept_with_its_place(tmp_path: Path) -> None:
    file = worked().raw(b'{"torn').line("brand_new", {}).line("brand_new", {}).ended(TURN)
    file.save(tmp_path / DAY, NAME)
    with Catalog.open(in_memory=True) as catalog:
        assert titles(catalog, tmp_path) == ["First"]
        ((_, file_, line, kind, _),) = catalog.problems_of([1])
        assert (file_, line, kind) == (0, len(worked().lines) + 1, "bad_json")
        assert [tuple(row[1:]) for row in catalog.unknown_of([1])] == [("brand_new", 2)]
        assert only_value(catalog, "SELECT problems FROM sessions") == 1


def test_a_file_that_is_no_session_is_remembered_with_the_reason(tmp_path: Path, home: Path) -> None:
    diary = home / DAY / "diary.jsonl"
    diary.write_text("Dear diary\n", "utf-8")
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, home) == ["First", "Second"]
        library = Library(catalog, [home])
        assert library.stale == []
        ((path, words),) = library.troubles()
        assert path == str(diary)
        assert "text without" in words
        Rollout().meta().asked("Not a diary").save(home / DAY, "diary.jsonl")
        assert titles(catalog, home) == ["First", "Not a diary", "Second"]
        assert Library(catalog, [home]).troubles() == []
        diary.write_text("Dear diary\n", "utf-8")
        assert titles(catalog, home) == ["First", "Second"]
        assert only_value(catalog, "SELECT count(*) FROM sessions") == 2


# -- a made-up home whose maker wrote down what was used ----------------------

USED = ("input", "cached", "cache_write", "output", "reasoning")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, list[dict[str, Any]]]]:
    folder = tmp_path_factory.mktemp("corpus") / "made"
    options = ["--sessions", "40", "--mb", "3", "--seed", "2", "--workers", "0.3", "--malformed", "0.002"]
    subprocess.run(
        [sys.executable, str(MAKER), "--out", str(folder), *options], check=True, capture_output=True
    )
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    with Catalog.open(in_memory=True) as catalog:
        Library(catalog, [folder / "codex"]).refresh()
        yield catalog, manifest["sessions"]


def test_use_by_hour_model_and_tier_is_what_the_maker_wrote_down(
    corpus: tuple[Catalog, list[dict[str, Any]]],
) -> None:
    catalog, facts = corpus
    told: Counter[tuple[Any, ...]] = Counter()
    for id_, at, model, tier, *used in catalog.query(
        "SELECT id, at, responses.model, tier, responses.input, responses.cached_input, "
        "responses.cache_write_input, responses.output, responses.reasoning_output "
        "FROM responses JOIN sessions USING (session)"
    ):
        hour = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H")
        # Files that name no tier were written with the default one.
        where = (id_, hour, model, tier or "default")
        told[*where, "responses"] += 1
        for key, count in zip(USED, used, strict=True):
            told[*where, key] += count
    written = {
        (session["id"], use["hour"], use["model"], use["tier"], key): use[key]
        for session in facts
        for use in session["usage"]
        for key in (*USED, "responses")
    }
    assert {key[3] for key in written} == {"default", "priority"}
    assert {key: count for key, count in told.items() if count} == {
        key: count for key, count in written.items() if count
    }


def test_responses_of_every_session_add_up_to_what_it_used(
    corpus: tuple[Catalog, list[dict[str, Any]]],
) -> None:
    catalog, facts = corpus
    counts = ("input", "cached_input", "cache_write_input", "output", "reasoning_output")
    sums = ", ".join(
        f"(SELECT total({count}) FROM responses r WHERE r.session = s.session)" for count in counts
    )
    rows = catalog.query(f"SELECT {', '.join(counts)}, {sums} FROM sessions s")
    assert len(rows) == len(facts)
    assert all(row[:5] == row[5:] for row in rows)


# -- what no table can hold ---------------------------------------------------

HUGE = 10**30


def odd() -> bytes:
    """Numbers that no column takes, and texts that are none: halves of characters, and zeros."""
    file = Rollout().meta(cli_version="0.1").started(TURN, started_at=HUGE).asked("Odd \x00 \u202e")
    file.call("call_\x00", name="\x1b[31m").output("call_\x00", f"Process exited with code {HUGE}\nOutput:\n")
    file.event("exec_command_end", call_id="call_b", exit_code=HUGE, duration={"secs": HUGE, "nanos": -1})
    file.counted((HUGE, HUGE), (HUGE, HUGE), context=HUGE)
    for type_ in ("\ud800", "\udfff", "\ud800"):
        payload = {"type": HUGE, "cwd": "/home/\udcff", "model": "\udc00", "turn_id": "\ud800"}
        file.raw(
            json.dumps({"timestamp": "2026-11-20T12:00:05Z", "type": type_, "payload": payload}).encode()
        )
        file.raw(json.dumps({"type": "turn_context", "payload": payload}).encode())
    return file.ended(TURN, duration_ms=HUGE, completed_at=-HUGE).content()


def test_numbers_and_texts_that_no_table_holds_stop_nothing(tmp_path: Path, home: Path) -> None:
    (home / DAY / "odd.jsonl").write_bytes(odd())
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        library = Library(catalog, [home])
        library.refresh()
        assert sorted(entry.title for entry in library.entries()) == ["First", "Odd \x00 \u202e", "Second"]
        assert library.troubles() == []
        assert Library(catalog, [home]).stale == []
        assert only_value(catalog, "SELECT name FROM calls WHERE call_id = ?", "call_\x00") == "\x1b[31m"


def test_file_systems_may_number_their_files_beyond_all_columns(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stat_of = home / DAY / NAME, os.stat

    def numbered(asked: Any, **how: Any) -> os.stat_result:
        found = stat_of(asked, **how)
        if str(asked) != str(path):
            return found
        beyond = 2**64 - 5
        return os.stat_result((found[0], beyond, *found[2:]), {"st_mtime_ns": found.st_mtime_ns})

    monkeypatch.setattr(os, "stat", numbered)
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, path) == ["First"]
        assert Library(catalog, [path]).stale == []


LINES = [
    json.loads(line)
    for path in sorted((SAMPLES / DAY).glob("*.jsonl"))
    for line in path.read_bytes().splitlines()
    if len(line) < 2000
]
wild: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([HUGE, -HUGE, 2**63, -1, 1e300, -0.5]),
    st.sampled_from(["", "\x00", "\ud800", "9999-12-31T23:59:59Z", "0000-00-00", "x" * 5000]),
    st.sampled_from([[], {}, [[]], {"type": {}}, [None], {"secs": HUGE, "nanos": "1"}]),
)


def spoil(value: Any, data: st.DataObject) -> Any:
    """One value of a record, anywhere in it, replaced by another."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 7)):
        key = data.draw(st.sampled_from(sorted(value)))
        return value | {key: spoil(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 7)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], spoil(value[place], data), *value[place + 1 :]]
    return data.draw(wild)


@given(data=st.data())
def test_a_value_of_any_kind_in_any_place_stops_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "wild"
    folder.mkdir(exist_ok=True)
    chosen = data.draw(st.lists(st.sampled_from(LINES), min_size=5, max_size=15))
    records = [*Rollout().meta().lines, *(json.dumps(spoil(record, data)).encode() for record in chosen)]
    (folder / "wild.jsonl").write_bytes(b"".join(record + b"\n" for record in records))
    with Catalog.open(in_memory=True) as catalog:
        library = Library(catalog, [folder])
        library.refresh()
        assert library.troubles() == []
        assert len(library.entries()) == 1
        assert only_value(catalog, "SELECT count(*) FROM calls") == only_value(
            catalog, "SELECT calls FROM sessions"
        )


def odd_name(home: Path, content: bytes) -> Path:
    path = home / DAY / os.fsdecode(b"caf\xe9.jsonl")
    try:
        path.write_bytes(content)
    except OSError:
        pytest.skip("this file system takes no such names")
    return path


def test_a_file_whose_name_is_not_utf8_is_kept_found_again_and_forgotten(tmp_path: Path, home: Path) -> None:
    path = odd_name(home, Rollout().meta().asked("Third").content())
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, home) == ["First", "Second", "Third"]
        library = Library(catalog, [home])
        assert library.stale == []
        (third,) = [entry for entry in library.entries() if entry.title == "Third"]
        assert catalog.files_of([third.number]) == {third.number: [str(path)]}
        path.unlink()
        assert titles(catalog, home) == ["First", "Second"]
        assert only_value(catalog, "SELECT count(*) FROM files") == 2


@pytest.mark.parametrize(
    "content", [b"Dear diary\n", b"", b"\x1f\x8b broken"], ids=["text", "nothing", "a broken archive"]
)
def test_a_file_whose_name_is_not_utf8_may_be_no_session(content: bytes, tmp_path: Path, home: Path) -> None:
    path = odd_name(home, content)
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, home) == ["First", "Second"]
        library = Library(catalog, [home])
        assert library.stale == []
        assert [trouble.path for trouble in library.troubles()] == [str(path)]


def test_a_home_whose_name_is_not_utf8_has_names_too(tmp_path: Path) -> None:
    home = tmp_path / os.fsdecode(b"h\xf6st")
    try:
        worked().save(home / DAY, NAME)
    except OSError:
        pytest.skip("this file system takes no such names")
    name_threads(home, {THREAD: "Named"})
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, home) == ["Named"]
        assert titles(catalog, home) == ["Named"]


# -- names of threads ---------------------------------------------------------


def name_threads(home: Path, names: dict[str, str]) -> None:
    lines = [json.dumps({"id": id_, "thread_name": name, "updated_at": "x"}) for id_, name in names.items()]
    (home / "session_index.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def test_threads_have_the_names_they_were_given(tmp_path: Path, home: Path) -> None:
    name_threads(home, {THREAD: "Naïve 名"})
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, home) == ["Naïve 名", "Second"]


def test_names_come_change_and_go_though_no_session_does(tmp_path: Path, home: Path) -> None:
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, home) == ["First", "Second"]
        name_threads(home, {THREAD: "Named"})
        assert Library(catalog, [home]).stale == []
        assert titles(catalog, home) == ["Named", "Second"]
        name_threads(home, {THREAD: "Renamed", OTHER_THREAD: "Other"})
        assert titles(catalog, home) == ["Other", "Renamed"]
        name_threads(home, {OTHER_THREAD: "Other"})
        assert titles(catalog, home) == ["First", "Other"]
        (home / "session_index.jsonl").unlink()
        assert titles(catalog, home) == ["First", "Second"]


def test_names_are_those_of_the_home_that_a_thread_is_in(tmp_path: Path) -> None:
    for host in ("alpha", "beta"):
        worked().save(tmp_path / host / DAY, NAME)
        name_threads(tmp_path / host, {THREAD: f"On {host}"})
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert titles(catalog, tmp_path) == ["On alpha", "On beta"]


@pytest.mark.parametrize("part", [".", "sessions", "sessions/2026", DAY, f"{DAY}/{NAME}"])
def test_a_thread_has_its_name_whichever_part_of_its_home_is_looked_at(
    part: str, tmp_path: Path, home: Path
) -> None:
    name_threads(home, {THREAD: "Named"})
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert "Named" in titles(catalog, home / part)


# -- what is written about it -------------------------------------------------


def tables() -> dict[str, list[str]]:
    """Every table's columns."""
    with Catalog.open(in_memory=True) as catalog:
        names = catalog.query("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: [row[1] for row in catalog.query(f"PRAGMA table_info({name})")]
            for (name,) in names
            if name != "sqlite_sequence"
        }


@pytest.mark.parametrize(("table", "columns"), tables().items(), ids=tables())
def test_every_column_is_explained_under_its_table(table: str, columns: list[str]) -> None:
    page = (ROOT / "docs" / "catalog.md").read_text("utf-8")
    sections = re.split(r"^#+ ", page, flags=re.MULTILINE)
    (section,) = [section for section in sections if re.match(rf"`?{table}\b", section)]
    told = set(re.findall(r"`(\w+)`", section.partition("\n")[2]))
    assert set(columns) <= told
