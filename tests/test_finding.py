"""Where sessions are looked for, which files are taken, and which of them are one thread."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.building import OTHER_THREAD, THREAD
from trace_tui.errors import Unreadable
from trace_tui.library.finding import Findings, codex_home, find

DAY = "sessions/2026/11/20"
SEGMENT = "01a1f900-0000-7000-8000-00000000000a"
NAME = f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl"
REWOUND = f"rollout-2026-11-20T12-30-00-{THREAD}_{SEGMENT}.jsonl"
OTHER = f"rollout-2026-11-20T12-10-00-{OTHER_THREAD}.jsonl"

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


def put(path: Path, *, minutes: int = 0) -> Path:
    """Nothing is opened by the walk: any content will do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"{}\n")
    os.utime(path, (1_790_000_000 + 60 * minutes,) * 2)
    return path


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def taken(findings: Findings, below: Path) -> list[str]:
    return sorted(Path(file.path).relative_to(below).as_posix() for file in findings.files)


def troubles(findings: Findings, below: Path) -> list[str]:
    return sorted(Path(trouble.path).relative_to(below).as_posix() for trouble in findings.troubles)


def threads(findings: Findings) -> list[list[str]]:
    """The names of each thread's files."""
    return [[os.path.basename(file.path) for file in thread.files] for thread in findings.threads()]


# -- where to look ------------------------------------------------------------


def test_codex_own_variable_says_where_its_home_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "elsewhere"))
    put(tmp_path / "elsewhere" / DAY / NAME)
    assert codex_home() == tmp_path / "elsewhere"
    assert taken(find(), tmp_path) == [f"elsewhere/{DAY}/{NAME}"]


@pytest.mark.parametrize("variable", [None, ""])
def test_else_the_home_is_a_hidden_folder_of_the_person(
    variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODEX_HOME", raising=False)
    if variable is not None:
        monkeypatch.setenv("CODEX_HOME", variable)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    put(tmp_path / ".codex" / DAY / NAME)
    assert taken(find(), tmp_path) == [f".codex/{DAY}/{NAME}"]


def test_where_codex_has_never_run_there_is_nothing_and_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODEX_HOME", raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    findings = find()
    assert findings.roots == [str(tmp_path / ".codex")]
    assert not findings.files
    assert not findings.troubles


def test_a_home_that_the_variable_names_and_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "misspelt"))
    findings = find()
    assert not findings.files
    assert troubles(findings, tmp_path) == ["misspelt"]


def test_a_home_that_holds_no_sessions_yet_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    put(tmp_path / "history.jsonl")
    findings = find()
    assert not findings.files
    assert not findings.troubles


def test_a_place_that_was_named_must_be_there(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    with pytest.raises(Unreadable, match="missing: No such file"):
        find([tmp_path, tmp_path / "missing"])


@pytest.mark.parametrize("root", [".", "sessions", "sessions/2026", DAY, f"{DAY}/{NAME}"])
def test_a_root_may_be_a_home_or_any_folder_in_it_or_one_file(root: str, tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    assert taken(find([tmp_path / root]), tmp_path) == [f"{DAY}/{NAME}"]


def test_a_thread_is_the_same_from_whichever_folder_it_was_found(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    roots = [tmp_path, tmp_path / "sessions", tmp_path / DAY, tmp_path / DAY / NAME]
    keys = {thread.key for root in roots for thread in find([root]).threads()}
    assert keys == {f"{tmp_path}\n{THREAD}"}


def test_a_relative_root_is_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / DAY / NAME)
    monkeypatch.chdir(tmp_path / "sessions")
    crooked = Path("2026") / ".." / "2026"
    assert find([crooked]).files == find([tmp_path / "sessions" / "2026"]).files


def test_an_archive_holds_the_homes_of_many_machines(tmp_path: Path) -> None:
    deep = "/".join(["deep"] * 60)
    homes = {
        "alpha/.codex": f"{DAY}/{NAME}",
        "beta/codex": f"archived_sessions/{OTHER}",
        "gamma": f"{DAY}/{NAME}",
        deep: f"{DAY}/{OTHER}",
    }
    for home, file in homes.items():
        put(tmp_path / home / file)
    findings = find([tmp_path])
    assert taken(findings, tmp_path) == sorted(f"{home}/{file}" for home, file in homes.items())
    assert {thread.home for thread in findings.threads()} == {str(tmp_path / home) for home in homes}


def test_the_same_thread_on_two_machines_is_two(tmp_path: Path) -> None:
    put(tmp_path / "alpha" / DAY / NAME)
    put(tmp_path / "beta" / DAY / NAME)
    keys = {thread.key for thread in find([tmp_path]).threads()}
    assert keys == {f"{tmp_path / host}\n{THREAD}" for host in ("alpha", "beta")}


def test_places_that_overlap_give_each_file_once(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    put(tmp_path / "archived_sessions" / OTHER)
    roots = [tmp_path / DAY / NAME, tmp_path / DAY, tmp_path, tmp_path / "sessions", tmp_path / DAY / NAME]
    for order in (roots, roots[::-1]):
        assert taken(find(order), tmp_path) == [f"archived_sessions/{OTHER}", f"{DAY}/{NAME}"]


# -- which files --------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        f"{NAME}.zst",
        f"{NAME}.gz",
        REWOUND,
        "rollout-2025-05-16-5973b6c0.json",
        "printed-by-exec.jsonl",
    ],
)
@pytest.mark.parametrize("folder", [DAY, "archived_sessions"])
def test_session_files_of_every_era_are_taken(folder: str, name: str, tmp_path: Path) -> None:
    put(tmp_path / folder / name)
    assert taken(find([tmp_path]), tmp_path) == [f"{folder}/{name}"]


@pytest.mark.parametrize("name", ["notes.json", f"{NAME}.tmp", f"{NAME}.bak", "rollout.txt", "state.sqlite"])
def test_other_files_are_not(name: str, tmp_path: Path) -> None:
    put(tmp_path / DAY / name)
    assert not find([tmp_path]).files


@pytest.mark.parametrize("name", ["history.jsonl", "session_index.jsonl"])
@pytest.mark.parametrize("folder", [".", "sessions", DAY, "host/.codex"])
def test_what_codex_keeps_beside_its_sessions_is_none(folder: str, name: str, tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    put(tmp_path / folder / name)
    assert taken(find([tmp_path]), tmp_path) == [f"{DAY}/{NAME}"]


def test_of_a_home_only_the_session_folders_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / DAY / NAME)
    put(tmp_path / "archived_sessions" / OTHER)
    for other in ("config.toml", "log/trace.jsonl", "backup.jsonl", "skills/examples/chat.jsonl"):
        put(tmp_path / other)
    wanted = [f"archived_sessions/{OTHER}", f"{DAY}/{NAME}"]
    assert taken(find([tmp_path]), tmp_path) == wanted
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    assert taken(find(), tmp_path) == wanted


def test_repositories_in_an_archive_are_not_searched(tmp_path: Path) -> None:
    put(tmp_path / "project" / ".git" / NAME)
    put(tmp_path / "project" / "node_modules" / "x" / NAME)
    put(tmp_path / "project" / NAME)
    assert taken(find([tmp_path]), tmp_path) == [f"project/{NAME}"]


def test_a_folder_with_a_sessions_name_is_only_a_folder(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME / OTHER)
    assert taken(find([tmp_path]), tmp_path) == [f"{DAY}/{NAME}/{OTHER}"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_with_a_sessions_name_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    os.mkfifo(tmp_path / DAY / OTHER)
    assert taken(find([tmp_path]), tmp_path) == [f"{DAY}/{NAME}"]


@pytest.mark.parametrize("part", ["folder", "file"])
def test_names_need_not_be_utf8(part: str, tmp_path: Path) -> None:
    odd = os.fsdecode(b"h\xf6st")
    file = tmp_path / odd / DAY / NAME if part == "folder" else tmp_path / DAY / f"{odd}.jsonl"
    try:
        put(file)
    except OSError:
        pytest.skip("this file system takes no such names")
    findings = find([tmp_path])
    assert [os.fsencode(found.path) for found in findings.files] == [os.fsencode(file)]
    assert not findings.troubles
    assert len(findings.threads()) == 1


# -- which are one thread -----------------------------------------------------


def test_a_rewound_thread_is_one_in_two_files_the_older_first(tmp_path: Path) -> None:
    put(tmp_path / "sessions/2026/12/01" / REWOUND.replace("11-20", "12-01"))
    put(tmp_path / DAY / NAME)
    assert threads(find([tmp_path])) == [[NAME, REWOUND.replace("11-20", "12-01")]]


def test_a_thread_may_be_archived_in_part(tmp_path: Path) -> None:
    put(tmp_path / "archived_sessions" / NAME)
    put(tmp_path / DAY / REWOUND)
    assert threads(find([tmp_path])) == [[NAME, REWOUND]]


def test_a_thread_may_be_compressed_in_part(tmp_path: Path) -> None:
    put(tmp_path / DAY / f"{NAME}.zst")
    put(tmp_path / DAY / REWOUND)
    assert threads(find([tmp_path])) == [[f"{NAME}.zst", REWOUND]]


@pytest.mark.parametrize(
    ("plain", "packed"), [(DAY, DAY), (DAY, "archived_sessions"), ("archived_sessions", DAY)]
)
def test_of_a_file_and_its_compressed_copy_the_plain_one_is_taken(
    plain: str, packed: str, tmp_path: Path
) -> None:
    put(tmp_path / plain / NAME)
    put(tmp_path / packed / f"{NAME}.zst", minutes=5)
    (thread,) = find([tmp_path]).threads()
    assert [file.path for file in thread.files] == [str(tmp_path / plain / NAME)]


def test_of_a_file_and_its_archived_copy_the_active_one_is_taken(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    put(tmp_path / "archived_sessions" / NAME, minutes=5)
    (thread,) = find([tmp_path]).threads()
    assert [file.path for file in thread.files] == [str(tmp_path / DAY / NAME)]


def test_files_without_an_id_in_their_name_are_each_a_thread(tmp_path: Path) -> None:
    put(tmp_path / "one.jsonl")
    put(tmp_path / "two.jsonl")
    assert sorted(threads(find([tmp_path]))) == [["one.jsonl"], ["two.jsonl"]]


def test_threads_written_to_last_come_first(tmp_path: Path) -> None:
    put(tmp_path / "old.jsonl", minutes=1)
    put(tmp_path / DAY / OTHER, minutes=3)
    put(tmp_path / DAY / NAME, minutes=0)
    put(tmp_path / DAY / REWOUND, minutes=4)
    put(tmp_path / "new.jsonl", minutes=5)
    assert threads(find([tmp_path])) == [["new.jsonl"], [NAME, REWOUND], [OTHER], ["old.jsonl"]]


def test_threads_written_at_the_same_time_come_as_their_names_say(tmp_path: Path) -> None:
    names = [NAME.replace("12-00-00", f"12-00-0{second}") for second in (3, 1, 4, 2, 0)]
    for name in names:
        put(tmp_path / name / name)
    newest_first = [[name] for name in sorted(names, reverse=True)]
    assert threads(find([tmp_path])) == newest_first


# -- links and what can't be looked at ----------------------------------------


@needs_links
def test_folders_are_followed_wherever_links_lead(tmp_path: Path) -> None:
    put(tmp_path / "disk" / "2026" / NAME)
    put(tmp_path / "shelf" / OTHER)
    link(tmp_path / "home" / "sessions", tmp_path / "disk")
    link(tmp_path / "home" / "archived_sessions", tmp_path / "shelf")
    findings = find([tmp_path / "home"])
    assert taken(findings, tmp_path) == [
        f"home/archived_sessions/{OTHER}",
        f"home/sessions/2026/{NAME}",
    ]
    assert not findings.troubles


@needs_links
def test_a_home_that_is_a_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "disk" / DAY / NAME)
    link(tmp_path / "home", tmp_path / "disk")
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "home"))
    assert taken(find(), tmp_path) == [f"home/{DAY}/{NAME}"]


@needs_links
def test_a_session_that_is_a_link_is_taken(tmp_path: Path) -> None:
    real = put(tmp_path / "store" / "kept.bin")
    link(tmp_path / "home" / DAY / NAME, real)
    (found,) = find([tmp_path / "home"]).files
    assert found.path == str(tmp_path / "home" / DAY / NAME)
    assert found.size == real.stat().st_size
    assert found.inode == real.stat().st_ino


@needs_links
def test_a_folder_that_links_lead_to_twice_is_walked_once(tmp_path: Path) -> None:
    put(tmp_path / "store" / NAME)
    for name in ("one", "two"):
        link(tmp_path / "home" / name, tmp_path / "store")
    findings = find([tmp_path / "home"])
    assert len(findings.files) == 1
    assert not findings.troubles


@needs_links
def test_a_link_back_to_a_folder_above_is_told_once(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    link(tmp_path / DAY / "loop", tmp_path / "sessions")
    findings = find([tmp_path])
    assert taken(findings, tmp_path) == [f"{DAY}/{NAME}"]
    assert troubles(findings, tmp_path) == [f"{DAY}/loop"]
    assert "link back" in findings.troubles[0].words


@needs_links
def test_folders_that_lead_to_each_other_do_no_harm(tmp_path: Path) -> None:
    put(tmp_path / "one" / NAME)
    put(tmp_path / "two" / OTHER)
    link(tmp_path / "one" / "next", tmp_path / "two")
    link(tmp_path / "two" / "next", tmp_path / "one")
    findings = find([tmp_path])
    assert len(findings.files) == 2
    assert len(findings.troubles) == 1


@needs_links
def test_a_link_to_itself_is_told(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    for name in (OTHER, "folder"):
        link(tmp_path / DAY / name, tmp_path / DAY / name)
    findings = find([tmp_path])
    assert taken(findings, tmp_path) == [f"{DAY}/{NAME}"]
    assert troubles(findings, tmp_path) == sorted([f"{DAY}/{OTHER}", f"{DAY}/folder"])


@needs_links
def test_a_session_that_links_to_nowhere_is_told(tmp_path: Path) -> None:
    put(tmp_path / DAY / NAME)
    link(tmp_path / DAY / OTHER, tmp_path / "gone")
    findings = find([tmp_path])
    assert taken(findings, tmp_path) == [f"{DAY}/{NAME}"]
    assert troubles(findings, tmp_path) == [f"{DAY}/{OTHER}"]


@needs_links
@pytest.mark.parametrize("named", [True, False], ids=["as a root", "as the home of Codex"])
def test_a_folder_of_sessions_on_a_disk_that_is_not_there_is_told(
    named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "archived_sessions" / NAME)
    link(tmp_path / "sessions", tmp_path / "unplugged")
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    findings = find([tmp_path] if named else [])
    assert taken(findings, tmp_path) == [f"archived_sessions/{NAME}"]
    assert troubles(findings, tmp_path) == ["sessions"]


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Takes away the right to look into a folder; from root, who may look anywhere, by other means."""
    folders: list[Path] = []
    listed: Callable[..., Any] = os.scandir

    def scandir(path: Any = ".") -> Any:
        if Path(os.fsdecode(path)) in folders:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return listed(path)

    def take_away(folder: Path) -> None:
        folders.append(folder)
        folder.chmod(0)
        if os.access(folder, os.R_OK):
            monkeypatch.setattr(os, "scandir", scandir)

    yield take_away
    monkeypatch.undo()
    for folder in folders:
        folder.chmod(0o700)


def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path: Path, shut: Callable[[Path], None]) -> None:
    put(tmp_path / DAY / NAME)
    put(tmp_path / "sessions/2026/11/21" / OTHER)
    shut(tmp_path / "sessions/2026/11/21")
    findings = find([tmp_path])
    assert taken(findings, tmp_path) == [f"{DAY}/{NAME}"]
    assert troubles(findings, tmp_path) == ["sessions/2026/11/21"]
    assert findings.troubles[0].words == "Permission denied"


def test_only_files_that_would_have_been_seen_count_as_gone(
    tmp_path: Path, shut: Callable[[Path], None]
) -> None:
    put(tmp_path / DAY / NAME)
    put(tmp_path / "sessions/2026/11/21" / OTHER)
    shut(tmp_path / "sessions/2026/11/21")
    findings = find([tmp_path / "sessions"])
    assert findings.covers(str(tmp_path / DAY / "deleted.jsonl"))
    assert not findings.covers(str(tmp_path / "sessions/2026/11/21" / OTHER))
    assert not findings.covers(str(tmp_path / "archived_sessions" / OTHER))
    assert not findings.covers(str(tmp_path / "sessions-of-another" / OTHER))
