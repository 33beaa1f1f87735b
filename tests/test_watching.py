"""What is told of session files that appear, grow, are replaced or go away while somebody looks."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from tests.building import OTHER_THREAD, THREAD
from trace_tui import mounts, stamps
from trace_tui import watching as in_which_way
from trace_tui.library.finding import find
from trace_tui.looking import Look
from trace_tui.watching import ASKS_FOR_POLLING, Watch

LINE = b'{"type":"event_msg"}\n'
NAME = f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl"
OTHER = f"rollout-2026-11-20T12-10-00-{OTHER_THREAD}.jsonl"
GENEROUS = 20.0

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of its mounts so")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as ever, without the waiting."""
    monkeypatch.delenv(ASKS_FOR_POLLING, raising=False)
    monkeypatch.setattr(in_which_way, "_TICK", 0.05)
    monkeypatch.setattr(in_which_way, "_ROOTS_EVERY", 0.1)
    monkeypatch.setattr(in_which_way, "_UNSETTLED_EVERY", 0.1)
    monkeypatch.setattr(in_which_way, "_POLLED", in_which_way._Pace(files=0.05, folders=0.1, everything=1.0))


class Ear:
    """Hears what a watch tells."""

    def __init__(self) -> None:
        self.told: list[frozenset[str]] = []
        self.as_it_hears: Callable[[], None] = lambda: None
        self._news = threading.Condition()

    def __call__(self, paths: frozenset[str]) -> None:
        self.as_it_hears()
        with self._news:
            self.told.append(paths)
            self._news.notify_all()

    def heard(self) -> set[str]:
        return set().union(*self.told)

    def forget(self) -> None:
        with self._news:
            self.told.clear()

    def waits_for(self, *paths: Path) -> bool:
        wanted = {str(path) for path in paths}
        with self._news:
            return self._news.wait_for(lambda: wanted <= self.heard(), GENEROUS)


def put(path: Path, content: bytes = LINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def append(path: Path, content: bytes = LINE) -> None:
    with path.open("ab") as file:
        file.write(content)


def comes_true(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + GENEROUS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def watching(*roots: Path) -> Iterator[tuple[Watch, Ear]]:
    """From here on every change is told."""
    ear = Ear()
    watch = Watch([str(root) for root in roots], ear)
    watch.start()
    try:
        assert comes_true(lambda: watch.way != "starting to watch")
        yield watch, ear
    finally:
        watch.stop()


@pytest.fixture(params=["as the system tells", "by polling"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What such a watch says of itself."""
    if request.param == "by polling":
        monkeypatch.setenv(ASKS_FOR_POLLING, "1")
        return "polling (asked for)"
    monkeypatch.setattr(mounts, "_MOUNTS", Path("no such list"))  # wherever these tests run
    return "watching"


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "sessions"
    put(folder / "2026" / "11" / "20" / NAME)
    return folder


# -- what is told, either way --------------------------------------------------


def test_a_session_that_grows_is_told_of(sessions: Path, either_way: str) -> None:
    with watching(sessions) as (watch, ear):
        append(sessions / "2026/11/20" / NAME)
        assert ear.waits_for(sessions / "2026/11/20" / NAME)
        assert watch.way == either_way


@pytest.mark.usefixtures("either_way")
def test_the_first_session_of_a_new_day_is_told_of(sessions: Path) -> None:
    with watching(sessions) as (_, ear):
        first = put(sessions / "2031" / "01" / "01" / OTHER)
        assert ear.waits_for(first)
        second = put(sessions / "2031" / "01" / "01" / NAME)
        assert ear.waits_for(second)
        ear.forget()
        append(first)
        assert ear.waits_for(first)


@pytest.mark.usefixtures("either_way")
def test_a_session_that_is_compressed_goes_and_comes_back_under_its_new_name(sessions: Path) -> None:
    plain = sessions / "2026/11/20" / NAME
    compressed = plain.with_name(NAME + ".zst")
    with watching(sessions) as (_, ear):
        plain.rename(compressed)
        assert ear.waits_for(plain, compressed)


@pytest.mark.usefixtures("either_way")
def test_deleted_and_replaced_sessions_are_told_of(sessions: Path, tmp_path: Path) -> None:
    deleted = put(sessions / "2026/11/20" / OTHER)
    replaced = sessions / "2026/11/20" / NAME
    written_aside = put(tmp_path / "aside.jsonl")
    with watching(sessions) as (_, ear):
        deleted.unlink()
        os.replace(written_aside, replaced)
        assert ear.waits_for(deleted, replaced)


@pytest.mark.usefixtures("either_way")
def test_all_sessions_of_a_folder_that_goes_are_told_of(sessions: Path) -> None:
    with watching(sessions) as (_, ear):
        shutil.rmtree(sessions / "2026")
        assert ear.waits_for(sessions / "2026/11/20" / NAME)


@pytest.mark.usefixtures("either_way")
def test_a_burst_is_told_of_in_few_words_and_to_its_end(sessions: Path) -> None:
    growing = sessions / "2026/11/20" / NAME
    size_when_told: list[int] = []
    with watching(sessions) as (_, ear):
        ear.as_it_hears = lambda: size_when_told.append(growing.stat().st_size)
        began = time.monotonic()
        for _ in range(500):
            append(growing)
        assert comes_true(lambda: growing.stat().st_size in size_when_told)
        took = time.monotonic() - began
        assert len(ear.told) <= 3 + took / 0.1


@pytest.mark.usefixtures("either_way")
def test_a_folder_that_codex_has_yet_to_make_is_waited_for(tmp_path: Path) -> None:
    sessions = tmp_path / "home" / "sessions"
    with watching(sessions) as (_, ear):
        session = put(sessions / "2026" / "11" / "20" / NAME)
        assert ear.waits_for(session)


@pytest.mark.usefixtures("either_way")
def test_the_names_of_sessions_lie_beside_their_folder(sessions: Path) -> None:
    with watching(sessions) as (_, ear):
        index = put(sessions.parent / "session_index.jsonl")
        assert ear.waits_for(index)


@pytest.mark.usefixtures("either_way")
def test_a_single_file_is_watched_whatever_its_name(tmp_path: Path) -> None:
    log = put(tmp_path / "exec.log")
    with watching(log) as (_, ear):
        append(log)
        assert ear.waits_for(log)
        ear.forget()
        os.replace(put(tmp_path / "other.log", LINE * 3), log)
        assert ear.waits_for(log)
        put(tmp_path / "beside.jsonl")
        ear.forget()
        append(log)
        assert ear.waits_for(log)
        assert ear.heard() == {str(log)}


@needs_links
@pytest.mark.usefixtures("either_way")
def test_files_are_told_by_the_path_through_the_root_as_they_are_found(tmp_path: Path) -> None:
    archive = put(tmp_path / "disk" / "archive" / NAME).parent
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "archived_sessions").symlink_to(archive)
    (archive / "years").symlink_to(put(tmp_path / "disk" / "years" / OTHER).parent)
    (archive / "back").symlink_to(archive)
    root = tmp_path / "home" / "archived_sessions"
    with watching(root) as (_, ear):
        append(archive / NAME)
        append(tmp_path / "disk" / "years" / OTHER)
        assert ear.waits_for(root / NAME, root / "years" / OTHER)
        assert ear.heard() == {file.path for file in find([root]).files}


# -- the way -------------------------------------------------------------------


def test_where_the_system_tells_of_changes_nobody_has_to_look(
    sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = in_which_way._Pace(files=1e9, folders=1e9, everything=1e9)
    monkeypatch.setattr(in_which_way, "_WATCHED", never)
    monkeypatch.setattr(in_which_way, "_UNSETTLED_EVERY", 1e9)
    monkeypatch.setattr(mounts, "_MOUNTS", Path("no such list"))
    session = sessions / "2026/11/20" / NAME
    with watching(sessions) as (_, ear):
        for _ in range(3):  # the first may have been seen while the watch was made
            append(session)
            assert ear.waits_for(session)
            ear.forget()
        session.unlink()
        assert ear.waits_for(session)


def test_what_is_no_session_is_not_told_of(sessions: Path) -> None:
    day = sessions / "2026/11/20"
    with watching(sessions) as (_, ear):
        put(day / "notes.txt")
        put(day / "history.jsonl")
        put(sessions / "node_modules" / "left" / "pad.jsonl")
        append(day / NAME)
        assert ear.waits_for(day / NAME)
    assert ear.heard() == {str(day / NAME)}


@pytest.mark.parametrize("name", [".git", ".venv", "node_modules"])
def test_a_home_may_lie_below_folders_that_watchers_like_to_leave_out(name: str, tmp_path: Path) -> None:
    session = put(tmp_path / name / "sessions" / NAME)
    with watching(session.parent) as (_, ear):
        append(session)
        assert ear.waits_for(session)


def limit_reached(*_: Any, **__: Any) -> Iterator[set[tuple[watchfiles.Change, str]]]:
    raise OSError("OS file watch limit reached. about [...] (Error { kind: MaxFilesWatch, paths: [...] })")


def instances_used_up(*_: Any, **__: Any) -> Iterator[set[tuple[watchfiles.Change, str]]]:
    raise RuntimeError("Error creating recommended watcher: Too many open files (os error 24)")


def something_else(*_: Any, **__: Any) -> Iterator[set[tuple[watchfiles.Change, str]]]:
    yield set()
    raise OSError("it is raining")


@pytest.mark.parametrize(
    ("failure", "way"),
    [
        (limit_reached, "polling (too many watches)"),
        (instances_used_up, "polling (too many watches)"),
        (something_else, "polling (watching failed)"),
    ],
)
def test_where_the_system_has_no_watches_left_sessions_are_polled(
    failure: Callable[..., Any], way: str, sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchfiles, "watch", failure)
    with watching(sessions) as (watch, ear):
        assert comes_true(lambda: watch.way == way)
        append(sessions / "2026/11/20" / NAME)
        assert ear.waits_for(sessions / "2026/11/20" / NAME)


def mounted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, place: str = "/mnt/data") -> None:
    """As if the file system of these tests were of another kind."""
    device = tmp_path.stat().st_dev
    lines = [
        "22 27 0:0 / /proc rw,relatime - proc proc rw",
        f"36 27 {os.major(device)}:{os.minor(device)} / {place} rw shared:1 - {kind} server:/export rw",
    ]
    monkeypatch.setattr(mounts, "_MOUNTS", put(tmp_path / "mountinfo", "\n".join(lines).encode()))


@linux_only
@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "virtiofs", "9p", "overlay"])
def test_disks_that_others_write_to_are_polled(
    kind: str, sessions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounted(monkeypatch, tmp_path, kind)
    with watching(sessions) as (watch, _):
        assert watch.way == "polling (network file system)"


@linux_only
@pytest.mark.parametrize(
    ("kind", "place"), [("ext4", "/mnt/data"), ("fuseblk", "/mnt/data"), ("overlay", "/")]
)
def test_disks_of_this_machine_are_watched(
    kind: str, place: str, sessions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounted(monkeypatch, tmp_path, kind, place)
    with watching(sessions) as (watch, _):
        assert watch.way == "watching"


def test_nothing_to_watch_yet_is_said_so(tmp_path: Path) -> None:
    with watching(tmp_path / "sessions") as (watch, _):
        assert watch.way == "waiting for the folder"
        (tmp_path / "sessions").mkdir()
        assert comes_true(lambda: watch.way == "watching")


@pytest.mark.usefixtures("either_way")
def test_stopping_is_prompt_and_final(sessions: Path) -> None:
    with watching(sessions) as (watch, ear):
        append(sessions / "2026/11/20" / NAME)
        assert ear.waits_for(sessions / "2026/11/20" / NAME)
        began = time.monotonic()
        watch.stop()
        watch.stop()
        assert time.monotonic() - began < GENEROUS / 2
        assert not watch._thread.is_alive()
        told = len(ear.told)
        append(sessions / "2026/11/20" / NAME)
        assert len(ear.told) == told


def test_a_watch_that_was_never_started_can_be_stopped(sessions: Path) -> None:
    Watch([str(sessions)], lambda _: None).stop()


# -- looking, without a thread ---------------------------------------------------


@pytest.fixture
def look(sessions: Path) -> Look:
    look = Look([str(sessions)])
    look.learn()
    return look


def test_nothing_has_changed_where_nothing_has_changed(look: Look) -> None:
    assert look.everything() | look.late_files_and_folders() | look.fresh_files() == set()


def test_hints_by_another_path_are_understood(look: Look, sessions: Path, tmp_path: Path) -> None:
    """macOS tells of `/private/tmp` for `/tmp`; here a link leads there."""
    if sys.platform == "win32":
        pytest.skip("links need rights there")
    (tmp_path / "private").symlink_to(sessions.parent)
    elsewhere = tmp_path / "private" / "sessions" / "2026" / "11"
    append(elsewhere / "20" / NAME)
    put(elsewhere / "21" / OTHER)
    assert look.hinted([str(elsewhere / "20" / NAME), str(elsewhere / "21")]) == {
        str(sessions / "2026/11/20" / NAME),
        str(sessions / "2026/11/21" / OTHER),
    }


def test_a_hint_from_deep_below_new_folders_is_enough(look: Look, sessions: Path) -> None:
    new = put(sessions / "2031" / "01" / "01" / OTHER)
    assert look.hinted([str(new)]) == {str(new)}


def test_hints_about_other_places_say_nothing(look: Look, tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere" / NAME)
    assert look.hinted([str(elsewhere), str(elsewhere.parent), os.sep, ""]) == set()


def test_a_folder_that_went_and_came_back_is_seen_again(look: Look, sessions: Path) -> None:
    session = sessions / "2026/11/20" / NAME
    shutil.rmtree(sessions / "2026")
    assert look.hinted([str(sessions / "2026")]) == {str(session)}
    put(session)
    assert look.hinted([str(sessions / "2026")]) == {str(session)}


def test_a_folder_that_was_moved_is_seen_in_its_new_place(look: Look, sessions: Path) -> None:
    (sessions / "2027").mkdir()
    look.everything()
    (sessions / "2026" / "11").rename(sessions / "2027" / "11")
    assert look.everything() == {
        str(sessions / "2026/11/20" / NAME),
        str(sessions / "2027/11/20" / NAME),
    }


def test_a_session_of_an_old_day_that_goes_on_is_seen_by_looking_everywhere(sessions: Path) -> None:
    for day in range(1, 15):
        for number in range(10):
            put(sessions / "2027" / "01" / f"{day:02}" / f"rollout-{number}.jsonl")
    os.utime(sessions / "2026/11/20" / NAME, (0, 0))
    look = Look([str(sessions)])
    look.learn()
    append(sessions / "2026/11/20" / NAME)
    assert look.fresh_files() | look.late_files_and_folders() == set()
    assert look.everything() == {str(sessions / "2026/11/20" / NAME)}
    append(sessions / "2026/11/20" / NAME)
    assert look.fresh_files() == {str(sessions / "2026/11/20" / NAME)}


def test_a_disk_that_does_not_answer_has_lost_nothing(
    look: Look, sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(_: str) -> None:
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", stale)
        assert look.everything() == set()
    append(sessions / "2026/11/20" / NAME)
    assert look.everything() == {str(sessions / "2026/11/20" / NAME)}


def test_in_a_home_only_its_sessions_and_their_names_are_looked_at(tmp_path: Path) -> None:
    home = put(tmp_path / "home" / "config.toml").parent
    look = Look([str(home)])
    look.learn()
    session = put(home / "sessions" / NAME)
    index = put(home / "session_index.jsonl")
    put(home / "worktrees" / "project" / "data.jsonl")
    assert look.everything() == {str(session), str(index)}


def test_only_sessions_and_the_names_given_to_them_matter() -> None:
    names = [NAME, NAME + ".zst", "trace.jsonl.gz", "rollout-old.json", "session_index.jsonl"]
    assert [name for name in names if not stamps.may_matter(name)] == []
    assert [name for name in ("history.jsonl", "auth.json", "a.txt") if stamps.may_matter(name)] == []


def test_a_system_without_a_list_of_mounts_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "none")
    assert mounts.silent_devices() == frozenset()


def test_a_list_of_mounts_in_an_unknown_form_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", put(tmp_path / "mountinfo", b"\n- nfs\n1 2 x:y / /a - nfs\n\xff"))
    assert mounts.silent_devices() == frozenset()
