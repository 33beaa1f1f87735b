"""What belongs to a session file: the other files of its thread, its children, its name."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import zstandard

from tests.building import OTHER_THREAD, THREAD, Rollout
from tests.reading_sessions import SAMPLES, read, sample, truths
from trace_tui.errors import Unreadable
from trace_tui.file_names import read_name
from trace_tui.home import Home, read_header
from trace_tui.model import Relation

DAY = "sessions/2026/11/20"
SEGMENT = "01a1f900-0000-7000-8000-00000000000a"
NAME = f"rollout-2026-11-20T12-00-00-{THREAD}.jsonl"
REWOUND = f"rollout-2026-11-20T12-30-00-{THREAD}_{SEGMENT}.jsonl"
CHILD = f"rollout-2026-11-20T12-10-00-{OTHER_THREAD}.jsonl"

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


def first() -> Rollout:
    return Rollout(ordinals=True).meta().started("t1").asked("First").ended("t1")


def second() -> Rollout:
    base = {"thread_id": THREAD, "end_ordinal_exclusive": 1, "end_byte_offset": 0}
    rollout = Rollout(ordinals=True, first_ordinal=1).meta(history_base=base)
    return rollout.started("t2").asked("Second").ended("t2")


def child(id_: str = OTHER_THREAD, parent: str = THREAD, depth: int = 1) -> Rollout:
    spawn = {"parent_thread_id": parent, "depth": depth, "agent_nickname": "Ada"}
    return Rollout().meta(id_, source={"subagent": {"thread_spawn": spawn}})


def compress(path: Path, *, keep: bool = False) -> Path:
    packed = path.with_name(path.name + ".zst")
    packed.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    if not keep:
        path.unlink()
    return packed


def found(path: Path) -> list[str]:
    home = Home(path)
    return [
        str(Path(source.path).relative_to(home.folder or path.parent)) for source in home.thread_sources()
    ]


# -- names ------------------------------------------------------------------


def test_names_tell_the_thread_and_the_segment() -> None:
    plain, rewound, packed = read_name(NAME), read_name(REWOUND), read_name(NAME + ".zst")
    assert plain is not None
    assert rewound is not None
    assert packed is not None
    assert (plain.thread_id, plain.segment, plain.compressed) == (THREAD, None, False)
    assert (rewound.thread_id, rewound.segment) == (THREAD, SEGMENT)
    assert packed.compressed
    assert plain.started < rewound.started


@pytest.mark.parametrize(
    "name",
    [
        "session.jsonl",
        NAME + ".tmp",
        NAME.replace("11-20", "13-40"),
        "rollout-2026-11-20T12-00-00-short.jsonl",
        "x" + NAME,
        "rollout-2025-05-16-" + THREAD + ".json",
    ],
)
def test_other_names_tell_nothing(name: str) -> None:
    assert read_name(name) is None


# -- the files of a thread ----------------------------------------------------


@pytest.mark.parametrize("name", [NAME, REWOUND])
def test_a_rewound_thread_is_whole_from_either_file(name: str, tmp_path: Path) -> None:
    first().save(tmp_path / DAY, NAME)
    second().save(tmp_path / DAY, REWOUND)
    session = read(tmp_path / DAY / name)
    assert [Path(file.path).name for file in session.files] == [NAME, REWOUND]
    assert [(turn.prompt.head, turn.reverted) for turn in session.turns if turn.prompt] == [
        ("First", True),
        ("Second", False),
    ]


def test_files_of_a_thread_may_lie_days_apart(tmp_path: Path) -> None:
    first().save(tmp_path / DAY, NAME)
    later = second().save(tmp_path / "sessions/2026/12/01", REWOUND.replace("11-20", "12-01"))
    assert found(later) == [f"{DAY}/{NAME}", f"sessions/2026/12/01/{later.name}"]


def test_a_file_rewound_and_archived_in_part_is_found(tmp_path: Path) -> None:
    first().save(tmp_path / "archived_sessions", NAME)
    newer = second().save(tmp_path / DAY, REWOUND)
    assert found(newer) == [f"archived_sessions/{NAME}", f"{DAY}/{REWOUND}"]


def test_the_plain_file_counts_beside_its_compressed_copy(tmp_path: Path) -> None:
    compress(first().save(tmp_path / DAY, NAME), keep=True)
    assert found(second().save(tmp_path / DAY, REWOUND)) == [f"{DAY}/{NAME}", f"{DAY}/{REWOUND}"]
    assert found(tmp_path / DAY / NAME) == [f"{DAY}/{NAME}", f"{DAY}/{REWOUND}"]


def test_the_active_file_counts_beside_its_archived_copy(tmp_path: Path) -> None:
    first().save(tmp_path / "archived_sessions", NAME)
    first().save(tmp_path / DAY, NAME)
    assert found(second().save(tmp_path / DAY, REWOUND)) == [f"{DAY}/{NAME}", f"{DAY}/{REWOUND}"]


def test_the_copy_that_was_asked_for_is_the_one_read(tmp_path: Path) -> None:
    first().save(tmp_path / DAY, NAME)
    archived = first().save(tmp_path / "archived_sessions", NAME)
    assert found(archived) == [f"archived_sessions/{NAME}"]
    session = read(archived)
    assert session.archived
    assert len(session.turns) == 1


def test_a_compressed_file_is_read_like_any_other(tmp_path: Path) -> None:
    packed = compress(first().save(tmp_path / DAY, NAME))
    second().save(tmp_path / DAY, REWOUND)
    session = read(packed)
    assert session.compressed
    assert len(session.turns) == 2


def test_the_home_is_told_by_its_folders() -> None:
    assert Home(sample("b_exec")).folder == SAMPLES
    assert Home(SAMPLES / "archived_sessions" / "x.jsonl").folder == SAMPLES


def test_a_path_with_dots_in_it_is_the_same_file(tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    (tmp_path / "sessions" / "2027").mkdir()
    crooked = tmp_path / "sessions" / "2027" / ".." / path.relative_to(tmp_path / "sessions")
    assert len(read(crooked).files) == 1


def test_a_lone_file_is_a_session_too(tmp_path: Path) -> None:
    path = first().save(tmp_path, "anything.txt")
    home = Home(path)
    assert home.folder is None
    assert read(path).title == "First"


def test_a_file_outside_any_home_finds_what_lies_beside_it(tmp_path: Path) -> None:
    path = first().save(tmp_path, NAME)
    second().save(tmp_path, REWOUND)
    child().save(tmp_path, CHILD)
    first().save(tmp_path / "deeper", NAME.replace("12-00", "12-01"))
    session = read(path)
    assert [Path(file.path).name for file in session.files] == [NAME, REWOUND]
    assert [one.id for one in session.children] == [OTHER_THREAD]


def test_missing_files_and_folders_are_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / DAY / NAME)
    with pytest.raises(Unreadable, match="a folder"):
        read(tmp_path)


# -- relatives -----------------------------------------------------------------


def test_children_that_nobody_named_are_found_by_their_header(tmp_path: Path) -> None:
    child().save(tmp_path / DAY, CHILD)
    (one,) = read(first().save(tmp_path / DAY, NAME)).children
    assert (one.id, one.relation, one.name) == (OTHER_THREAD, Relation.WORKER, "Ada")


@pytest.mark.parametrize("folder", [DAY, "sessions/2026/11/21", "archived_sessions"])
def test_children_are_found_in_every_folder_of_the_home(folder: str, tmp_path: Path) -> None:
    compress(child().save(tmp_path / folder, CHILD))
    assert [one.id for one in read(first().save(tmp_path / DAY, NAME)).children] == [OTHER_THREAD]


def test_children_have_a_long_header_too(tmp_path: Path) -> None:
    rollout = Rollout().meta(OTHER_THREAD, parent_thread_id=THREAD, base_instructions={"text": "x" * 90_000})
    rollout.save(tmp_path / DAY, CHILD)
    assert [one.id for one in read(first().save(tmp_path / DAY, NAME)).children] == [OTHER_THREAD]


def test_children_may_name_their_parent_late_in_the_header(tmp_path: Path) -> None:
    rollout = Rollout().meta(OTHER_THREAD, base_instructions={"text": "x" * 9000}, parent_thread_id=THREAD)
    rollout.save(tmp_path / DAY, CHILD)
    assert [one.id for one in read(first().save(tmp_path / DAY, NAME)).children] == [OTHER_THREAD]


def test_files_that_only_mention_a_thread_are_no_children(tmp_path: Path) -> None:
    Rollout().meta(OTHER_THREAD, note=THREAD).save(tmp_path / DAY, CHILD)
    assert read(first().save(tmp_path / DAY, NAME)).children == []


@pytest.mark.parametrize(
    "content", [b"", b"\x28\xb5\x2f\xfd broken", b"\x1f\x8b broken", b"\xff" * 5000, b"[]"]
)
def test_broken_neighbours_do_no_harm(content: bytes, tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    (tmp_path / DAY / CHILD).write_bytes(content + THREAD.encode())
    assert read(path).children == []
    assert read_header(tmp_path / DAY / CHILD) is None


def test_a_missing_parent_is_named_all_the_same(tmp_path: Path) -> None:
    near = read(child().save(tmp_path / DAY, CHILD))
    deep = read(child(depth=3).save(tmp_path / DAY, CHILD))
    assert (near.id, near.parent_id, near.root_id) == (OTHER_THREAD, THREAD, THREAD)
    assert (deep.id, deep.parent_id, deep.root_id) == (OTHER_THREAD, THREAD, None)


def test_the_root_stands_above_all_parents(tmp_path: Path) -> None:
    ids = [f"01a1f900-0000-7000-8000-0000000001{number:02d}" for number in range(4)]
    for depth, id_ in enumerate(ids):
        rollout = child(id_, ids[depth - 1], depth) if depth else Rollout().meta(id_)
        rollout.save(tmp_path / DAY, f"rollout-2026-11-20T12-00-00-{id_}.jsonl")
    session = read(tmp_path / DAY / f"rollout-2026-11-20T12-00-00-{ids[-1]}.jsonl")
    assert session.parent_id == ids[2]
    assert session.root_id == ids[0]


def test_threads_that_are_each_others_parents_do_no_harm(tmp_path: Path) -> None:
    child(depth=2).save(tmp_path / DAY, CHILD)
    session = read(child(THREAD, OTHER_THREAD, depth=2).save(tmp_path / DAY, NAME))
    assert (session.parent_id, session.root_id) == (OTHER_THREAD, None)


# -- names of threads ------------------------------------------------------------


def named(folder: Path, *names: object) -> None:
    lines = [{"id": THREAD, "thread_name": name, "updated_at": "2026-11-20T12:00:00Z"} for name in names]
    (folder / "session_index.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def test_the_last_name_in_the_index_counts(tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    named(tmp_path, "old", "new é")
    assert read(path).title == "new é"


@pytest.mark.parametrize("name", [None, "", 5, []])
def test_a_name_that_is_none_leaves_the_prompt_as_title(name: object, tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    named(tmp_path, name)
    assert read(path).title == "First"


def test_a_damaged_index_tells_what_it_can(tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    named(tmp_path, "good")
    with (tmp_path / "session_index.jsonl").open("ab") as index:
        index.write(b'["' + THREAD.encode() + b'"]\n\xff\n{"id":"' + THREAD.encode() + b'","thread_na')
    assert read(path).title == "good"


def test_real_threads_have_the_names_they_were_given() -> None:
    names = {truth.facts["name"]: read(truth.paths[0]).name for truth in truths() if truth.facts.get("name")}
    assert names
    assert all(given == told for given, told in names.items())


# -- links ---------------------------------------------------------------------


@needs_links
def test_folders_that_lead_back_to_themselves_do_no_harm(tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    (tmp_path / DAY / "loop").symlink_to(tmp_path / "sessions", target_is_directory=True)
    (tmp_path / "archived_sessions").symlink_to(tmp_path / "archived_sessions", target_is_directory=True)
    assert len(read(path).files) == 1


@needs_links
@pytest.mark.parametrize("name", [CHILD, REWOUND])
@pytest.mark.parametrize("target", ["itself", "nowhere"])
def test_files_that_lead_nowhere_do_no_harm(name: str, target: str, tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    (tmp_path / DAY / name).symlink_to(tmp_path / DAY / (name if target == "itself" else "missing"))
    assert read(path).title == "First"


@needs_links
def test_a_folder_named_like_a_session_does_no_harm(tmp_path: Path) -> None:
    path = first().save(tmp_path / DAY, NAME)
    (tmp_path / DAY / REWOUND).mkdir()
    assert read(path).title == "First"


@needs_links
def test_a_session_is_read_through_a_link(tmp_path: Path) -> None:
    real = first().save(tmp_path / "store", "kept.jsonl")
    (tmp_path / DAY).mkdir(parents=True)
    (tmp_path / DAY / NAME).symlink_to(real)
    assert read(tmp_path / DAY / NAME).id == THREAD
