"""Who a thread is, what of its file was copied from others, and whom its calls started."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.building import OTHER_THREAD, START, THREAD, Rollout, read_file
from tests.reading_sessions import SAMPLES, call_named, calls_of, read, read_as_json, sample, truths
from trace_tui.model import Note, NoteKind, Relation, Session, TurnKind


def uuid7(seconds: float, number: int = 0) -> str:
    """An id made so many seconds after (or before) the start of all built files."""
    stamp = f"{int((START + timedelta(seconds=seconds)).timestamp() * 1000):012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{number:03x}-8000-{number:012x}"


GRANDPARENT, PARENT = uuid7(-7200, 1), uuid7(-3600, 2)
OLDEST_TURN, OLD_TURN = uuid7(-7100, 3), uuid7(-3500, 4)
FORK, OWN_TURN = uuid7(0, 5), uuid7(3, 6)


def copied(fork: Rollout, parent: Rollout) -> Rollout:
    """All of the parent's lines, its header too, with the moment of the fork as their time."""
    for line in parent.lines:
        record = json.loads(line)
        fork.line(record["type"], record["payload"], after_ms=1)
    return fork


def worked_turn(file: Rollout, turn_id: str | None, prompt: str, total: tuple[int, int]) -> Rollout:
    """A turn with a failing command, and 100 tokens in and 10 out."""
    if turn_id is not None:
        file.started(turn_id)
    file.asked(prompt).call("call_1", arguments={"cmd": f"sh {prompt}.sh"})
    file.output("call_1", "Process exited with code 3\nOutput:\nno\n")
    file.counted(total, (100, 10)).answered(f"{prompt} failed")
    return file.ended(turn_id, f"{prompt} failed") if turn_id is not None else file


def later(file: Rollout) -> Rollout:
    """Some seconds in which nobody wrote anything."""
    return file.line("event_msg", {"type": "thread_goal_updated"}, after_ms=5000)


def summaries(session: Session) -> list[str]:
    return [call.summary for call in calls_of(session)]


def prompts(session: Session) -> list[str | None]:
    return [turn.prompt.head if turn.prompt else None for turn in session.turns]


def only_own_turn_is_there(session: Session) -> None:
    """One turn of this thread's own, and nothing of what it copied."""
    assert session.id == FORK
    assert prompts(session) == ["own"]
    assert summaries(session) == ["sh own.sh"]
    assert len(session.failed_calls()) == 1
    assert (session.usage.input, session.usage.output) == (100, 10)
    assert not session.problems


# -- copied history ---------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "number"), [("f_agents_v2", 2), ("f_agents_v2", 3), ("f_agents_v1", 4)], ids=str
)
def test_a_paginated_worker_begins_where_its_header_says(scenario: str, number: int) -> None:
    path = sample(scenario, number)
    start = json.loads(path.read_bytes().partition(b"\n")[0])["payload"]["subagent_history_start_ordinal"]
    told = read_as_json(path)
    assert told["session"]["relation"] == "worker"
    assert told["inherited"]["lines"] == start - 1  # the first line is the worker's own header
    assert all(item["line"] > start for turn in told["turns"] for item in turn["items"])


def test_a_v2_worker_leaves_out_the_calls_it_copied() -> None:
    worker, parent = read(sample("f_agents_v2", 2)), read(sample("f_agents_v2", 0))
    assert worker.inherited_calls == 3
    assert not {call.call_id for call in calls_of(worker)} & {call.call_id for call in calls_of(parent)}
    assert [turn.kind for turn in worker.turns] == [TurnKind.AGENT]


def test_a_v1_worker_with_its_parents_context_copies_no_calls() -> None:
    worker = read(sample("f_agents_v1", 4))
    assert (worker.inherited_lines, worker.inherited_calls) == (10, 0)
    assert len(worker.turns) == 1
    assert worker.usage.total == 0


def test_own_calls_count_though_copied_ones_have_the_same_ids(tmp_path: Path) -> None:
    file = Rollout(ordinals=True).meta(FORK, parent_thread_id=PARENT, subagent_history_start_ordinal=5)
    file.meta(PARENT).call("call_1", arguments={"cmd": "sh parent.sh"})
    file.output("call_1", "Process exited with code 1\nOutput:\n").event("turn_aborted", turn_id=OLD_TURN)
    file.started(OWN_TURN).call("call_1", arguments={"cmd": "sh own.sh"})
    file.output("call_1", "Process exited with code 0\nOutput:\n").ended(OWN_TURN)
    session = file.read(tmp_path)
    assert summaries(session) == ["sh own.sh"]
    assert not session.failed_calls()
    assert (session.inherited_lines, session.inherited_calls) == (4, 1)
    assert not session.problems


def test_a_legacy_fork_copies_all_lines_and_its_turn_ids_tell_which(tmp_path: Path) -> None:
    parent = worked_turn(Rollout().meta(PARENT), OLD_TURN, "copied", (100, 10))
    fork = copied(Rollout().meta(FORK, forked_from_id=PARENT), parent)
    session = worked_turn(fork, OWN_TURN, "own", (200, 20)).read(tmp_path)
    only_own_turn_is_there(session)
    assert session.relation is Relation.FORK
    assert session.forked_from == PARENT
    assert (session.inherited_lines, session.inherited_calls) == (len(parent.lines), 1)


def test_a_fork_of_a_fork_carries_the_headers_of_all_its_ancestors(tmp_path: Path) -> None:
    oldest = worked_turn(Rollout().meta(GRANDPARENT), OLDEST_TURN, "oldest", (100, 10))
    parent = copied(Rollout().meta(PARENT, forked_from_id=GRANDPARENT), oldest)
    worked_turn(parent, OLD_TURN, "copied", (200, 20))
    fork = copied(Rollout().meta(FORK, forked_from_id=PARENT), parent)
    session = worked_turn(fork, OWN_TURN, "own", (300, 30)).read(tmp_path)
    only_own_turn_is_there(session)
    assert session.forked_from == PARENT
    assert (session.inherited_lines, session.inherited_calls) == (len(parent.lines), 2)


def test_a_copied_turn_that_was_still_open_is_not_ours(tmp_path: Path) -> None:
    parent = Rollout().meta(PARENT).started(OLD_TURN).asked("copied").call("call_1")
    fork = copied(Rollout().meta(FORK, forked_from_id=PARENT), parent)
    session = worked_turn(later(fork), OWN_TURN, "own", (100, 10)).read(tmp_path)
    only_own_turn_is_there(session)


def test_the_first_own_count_repeats_a_copied_one_and_adds_nothing(tmp_path: Path) -> None:
    parent = worked_turn(Rollout().meta(PARENT), OLD_TURN, "copied", (100, 10))
    fork = copied(Rollout().meta(FORK, forked_from_id=PARENT), parent)
    fork.started(OWN_TURN).asked("own").counted((100, 10), (100, 10)).counted((150, 15), (50, 5))
    session = fork.ended(OWN_TURN).read(tmp_path)
    assert (session.usage.input, session.usage.output) == (50, 5)


def test_a_fork_that_was_never_used_is_empty(tmp_path: Path) -> None:
    parent = worked_turn(Rollout().meta(PARENT), OLD_TURN, "copied", (100, 10))
    session = copied(Rollout().meta(FORK, forked_from_id=PARENT), parent).read(tmp_path)
    assert session.turns == []
    assert session.state == "empty"
    assert session.usage.total == 0


def test_in_0_80_the_burst_tells_what_was_copied(tmp_path: Path) -> None:
    parent = worked_turn(Rollout().meta(PARENT), None, "copied", (100, 10))
    worked_turn(parent, None, "copied too", (200, 20))
    fork = later(copied(Rollout().meta(FORK), parent))
    session = worked_turn(fork, None, "own", (300, 30)).read(tmp_path)
    only_own_turn_is_there(session)
    assert session.relation is Relation.FORK
    assert session.forked_from == PARENT
    assert session.inherited_calls == 2


def test_a_worker_spawned_with_history_copies_counts_too(tmp_path: Path) -> None:
    parent = worked_turn(Rollout().meta(PARENT), OLD_TURN, "copied", (900, 90))
    spawn = {"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}}
    worker = copied(Rollout().meta(FORK, forked_from_id=PARENT, source=spawn), parent)
    session = worked_turn(worker, OWN_TURN, "own", (1000, 100)).read(tmp_path)
    only_own_turn_is_there(session)
    assert session.relation is Relation.WORKER
    assert session.parent_id == PARENT
    assert session.forked_from is None


def test_a_copied_compaction_and_rollback_change_nothing_of_ours(tmp_path: Path) -> None:
    parent = worked_turn(Rollout().meta(PARENT), OLD_TURN, "copied", (100, 10))
    parent.line("compacted", {"message": "So far"}).event("thread_rolled_back", num_turns=1)
    fork = copied(Rollout().meta(FORK, forked_from_id=PARENT), parent)
    session = worked_turn(fork, OWN_TURN, "own", (200, 20)).read(tmp_path)
    only_own_turn_is_there(session)
    assert session.turns[0].compactions == 0
    assert not session.turns[0].reverted


# -- headers ----------------------------------------------------------------


def test_a_later_header_of_the_same_thread_brings_it_up_to_date(tmp_path: Path) -> None:
    file = Rollout().meta(THREAD, cli_version="0.145.0", git={"branch": "main"}, originator="codex-tui")
    worked_turn(file, OWN_TURN, "own", (100, 10))
    file.meta(
        THREAD, cli_version="0.150.0", git={"branch": "topic"}, originator="else", parent_thread_id=PARENT
    )
    session = worked_turn(file, uuid7(60, 7), "again", (200, 20)).read(tmp_path)
    assert session.id == THREAD
    assert session.branch == "topic"
    assert session.cli_versions == ["0.145.0", "0.150.0"]
    assert session.originator == "codex-tui"
    assert session.parent_id is None
    assert session.relation is Relation.ROOT
    assert len(session.turns) == 2
    assert session.inherited_lines == 0


def test_a_later_header_without_git_forgets_nothing(tmp_path: Path) -> None:
    file = Rollout().meta(THREAD, git={"branch": "main", "commit_hash": "abc"}).meta(THREAD)
    session = file.read(tmp_path)
    assert (session.branch, session.commit) == ("main", "abc")


def test_another_threads_header_late_in_the_file_is_ignored(tmp_path: Path) -> None:
    file = worked_turn(Rollout().meta(THREAD), OWN_TURN, "own", (100, 10))
    file.meta(OTHER_THREAD, cwd="/elsewhere", git={"branch": "elsewhere"})
    session = worked_turn(file, uuid7(60, 7), "again", (200, 20)).read(tmp_path)
    assert session.id == THREAD
    assert session.relation is Relation.ROOT
    assert session.forked_from is None
    assert (session.cwd, session.branch) == ("/home/dev/work", None)
    assert prompts(session) == ["own", "again"]
    assert (session.usage.input, session.usage.output) == (200, 20)


# -- forks by reference and rewinds -----------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_a_fork_by_reference_holds_only_its_own_part(number: int) -> None:
    fork, source = read(sample("n_fork", number)), read(sample("n_fork", 0))
    header = json.loads(sample("n_fork", number).read_bytes().partition(b"\n")[0])["payload"]
    assert fork.relation is Relation.FORK
    assert fork.forked_from == source.id
    assert fork.forked_at == header["forked_from_ordinal_exclusive"]
    assert (fork.inherited_lines, fork.inherited_calls) == (0, 0)
    assert len(fork.turns) == 1
    assert fork.usage.total == 11257
    assert not {call.call_id for call in calls_of(fork)} & {call.call_id for call in calls_of(source)}


def rewound(*, second_end: int, second_base: str) -> list[Rollout]:
    """Three files of one thread: the second rewinds the first behind its ordinal 4, the third is free."""
    first = Rollout(ordinals=True).meta(THREAD)  # 0
    first.started(uuid7(1)).asked("one").ended(uuid7(1))  # 1 to 4
    first.started(uuid7(2)).asked("two").ended(uuid7(2))  # 5 to 8
    second = Rollout(ordinals=True, first_ordinal=5, start=START + timedelta(minutes=1))
    second.meta(THREAD, history_base={"thread_id": THREAD, "end_ordinal_exclusive": 5})  # 5
    second.started(uuid7(61)).asked("three").ended(uuid7(61))  # 6 to 9
    second.started(uuid7(62)).asked("four").ended(uuid7(62))  # 10 to 13
    third = Rollout(ordinals=True, first_ordinal=second_end, start=START + timedelta(minutes=2))
    third.meta(THREAD, history_base={"thread_id": second_base, "end_ordinal_exclusive": second_end})
    third.started(uuid7(121)).asked("five").ended(uuid7(121))
    return [first, second, third]


def saved(folder: Path, files: list[Rollout]) -> list[Path]:
    names = [
        f"rollout-2026-11-20T12-0{number}-00-{THREAD}{segment}.jsonl"
        for number, segment in enumerate(["", "_" + uuid7(60), "_" + uuid7(120)])
    ]
    return [file.save(folder, name) for file, name in zip(files, names, strict=False)]


def test_a_rewind_starts_a_second_file_and_undoes_the_tail_of_the_first(tmp_path: Path) -> None:
    paths = saved(tmp_path, rewound(second_end=10, second_base=uuid7(60))[:2])
    session = read(paths[0])
    assert [Path(file.path) for file in session.files] == paths
    assert prompts(session) == ["one", "two", "three", "four"]
    assert [turn.reverted for turn in session.turns] == [False, True, False, False]
    assert session.relation is Relation.ROOT


def test_a_second_rewind_undoes_the_tail_of_the_second_file(tmp_path: Path) -> None:
    paths = saved(tmp_path, rewound(second_end=10, second_base=uuid7(60)))
    for path in paths:
        session = read(path)
        assert prompts(session) == ["one", "two", "three", "four", "five"]
        assert [turn.reverted for turn in session.turns] == [False, True, False, True, False]


def test_a_second_rewind_to_the_beginning_undoes_both_files(tmp_path: Path) -> None:
    session = read_file(*saved(tmp_path, rewound(second_end=1, second_base=THREAD)))
    assert [turn.reverted for turn in session.turns] == [True, True, True, True, False]
    assert session.state == "completed"


def test_work_undone_by_a_rewind_stays_and_was_paid_for() -> None:
    told = read_as_json(sample("h_rollback_tui"))
    assert [turn["reverted"] for turn in told["turns"]] == [False, True, True, False]
    assert all(turn["usage"]["total"] > 0 for turn in told["turns"])
    assert {item["file"] for turn in told["turns"][:3] for item in turn["items"]} == {0}
    assert {item["file"] for item in told["turns"][3]["items"]} == {1}


def test_a_rollback_undoes_the_last_prompts(tmp_path: Path) -> None:
    file = Rollout().meta()
    for number, prompt in enumerate(["one", "two", "three"]):
        file.started(uuid7(number)).asked(prompt).answered("Yes").ended(uuid7(number))
    file.event("thread_rolled_back", num_turns=2)
    file.started(uuid7(9)).asked("four").answered("Yes").ended(uuid7(9))
    session = file.read(tmp_path)
    assert [turn.reverted for turn in session.turns] == [False, True, True, False]


def test_a_second_rollback_goes_on_from_the_first(tmp_path: Path) -> None:
    file = Rollout().meta()
    for prompt in ["one", "two", "three"]:
        file.asked(prompt).answered("Yes")
    file.event("thread_rolled_back", num_turns=1).event("thread_rolled_back", num_turns=1)
    session = file.asked("four").answered("Yes").read(tmp_path)
    assert prompts(session) == ["one", "two", "three", "four"]
    assert [turn.reverted for turn in session.turns] == [False, True, True, False]


def test_a_rollback_of_more_turns_than_there_are_undoes_all(tmp_path: Path) -> None:
    session = (
        Rollout().meta().asked("one").answered("Yes").event("thread_rolled_back", num_turns=9).read(tmp_path)
    )
    assert [turn.reverted for turn in session.turns] == [True]


# -- who a thread is --------------------------------------------------------


def test_workers_know_their_parent_their_root_and_themselves() -> None:
    root = read(sample("f_agents_v2", 0))
    direct, nested = read(sample("f_agents_v2", 2)), read(sample("f_agents_v2", 3))
    assert (direct.relation, direct.parent_id, direct.root_id) == (Relation.WORKER, root.id, root.id)
    assert (direct.agent.path, direct.agent.nickname, direct.agent.depth) == ("/root/tester", "Singer", 1)
    assert (nested.relation, nested.parent_id, nested.root_id) == (Relation.WORKER, direct.id, root.id)
    assert (nested.agent.path, nested.agent.nickname, nested.agent.depth) == (
        "/root/tester/reader",
        "Kepler",
        2,
    )


def test_v1_workers_have_a_nickname_and_a_role_and_no_path() -> None:
    agent = read(sample("f_agents_v1", 1)).agent
    assert (agent.path, agent.nickname, agent.role, agent.depth) == (None, "Ramanujan", "worker", 1)


@pytest.mark.parametrize(
    ("header", "relation"),
    [
        ({}, Relation.ROOT),
        ({"source": "vscode", "thread_source": "user"}, Relation.ROOT),
        ({"forked_from_id": PARENT}, Relation.FORK),
        (
            {"source": {"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}}},
            Relation.WORKER,
        ),
        ({"source": {"subagent": "review"}, "parent_thread_id": PARENT}, Relation.REVIEW),
        ({"source": {"subagent": {"other": "guardian"}}, "parent_thread_id": PARENT}, Relation.GUARDIAN),
        ({"source": {"internal": "guardian"}}, Relation.GUARDIAN),
        ({"thread_source": "guardian_review", "parent_thread_id": PARENT}, Relation.GUARDIAN),
        ({"source": {"subagent": "compact"}}, Relation.OTHER),
        ({"source": {"subagent": "memory_consolidation"}}, Relation.OTHER),
        ({"source": {"internal": "memory_consolidation"}}, Relation.OTHER),
    ],
    ids=str,
)
def test_the_header_says_what_kind_of_thread_it_is(
    tmp_path: Path, header: dict[str, Any], relation: Relation
) -> None:
    assert Rollout().meta(FORK, **header).read(tmp_path).relation is relation


def test_the_role_had_another_name_once(tmp_path: Path) -> None:
    spawn = {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}
    session = Rollout().meta(FORK, source={"subagent": spawn}, agent_type="explorer").read(tmp_path)
    assert session.agent.role == "explorer"


def test_a_worker_of_a_build_that_names_no_root_has_its_parents(tmp_path: Path) -> None:
    names = [f"rollout-2026-11-20T12-00-0{number}-{uuid7(number)}.jsonl" for number in range(3)]
    Rollout().meta(uuid7(0)).save(tmp_path, names[0])
    for number in (1, 2):
        spawn = {"parent_thread_id": uuid7(number - 1), "depth": number}
        file = Rollout().meta(uuid7(number), source={"subagent": {"thread_spawn": spawn}})
        file.save(tmp_path, names[number])
    assert read(tmp_path / names[1]).root_id == uuid7(0)
    assert read(tmp_path / names[2]).root_id == uuid7(0)


# -- children ---------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["f_agents_v1", "f_agents_v2"])
def test_children_have_the_call_that_spawned_them(scenario: str) -> None:
    session = read(sample(scenario, 0))
    by_id = {call.call_id: call for call in calls_of(session)}
    assert session.children
    for child in session.children:
        call = by_id[child.call_id or ""]
        assert call.name == "spawn_agent"
        assert call.child_session == child.id
        assert child.relation is Relation.WORKER
        assert child.name is not None


def test_in_0_104_only_the_output_names_the_child() -> None:
    path = next(truth.paths[0] for truth in truths() if truth.facts["scenario"] == "era_agents")
    session = read(path)
    spawns = [call for call in calls_of(session) if call.name == "spawn_agent" and call.child_session]
    assert [child.call_id for child in session.children] == [call.call_id for call in spawns]
    assert [child.id for child in session.children] == [call.child_session for call in spawns]


def spawning(arguments: dict[str, Any] | None = None) -> Rollout:
    file = Rollout().meta(PARENT).started(OLD_TURN).asked("Split the work")
    return file.call("call_s", "spawn_agent", arguments or {"message": "Count", "task_name": "counter"})


def test_a_v1_output_names_the_child_and_its_nickname(tmp_path: Path) -> None:
    file = spawning({"message": "Count"}).output(
        "call_s", json.dumps({"agent_id": FORK, "nickname": "Noether"})
    )
    (child,) = file.ended(OLD_TURN).read(tmp_path).children
    assert (child.id, child.call_id, child.name) == (FORK, "call_s", "Noether")


def test_a_refused_spawn_has_no_child(tmp_path: Path) -> None:
    session = spawning().output("call_s", "agent thread limit reached").ended(OLD_TURN).read(tmp_path)
    assert session.children == []
    assert calls_of(session)[0].child_session is None


def test_sub_agent_activity_names_the_child(tmp_path: Path) -> None:
    file = spawning().event(
        "sub_agent_activity",
        event_id="call_s",
        kind="started",
        agent_thread_id=FORK,
        agent_path="/root/counter",
    )
    session = file.output("call_s", '{"task_name":"/root/counter"}').ended(OLD_TURN).read(tmp_path)
    (child,) = session.children
    assert (child.id, child.call_id, child.name) == (FORK, "call_s", "/root/counter")
    assert calls_of(session)[0].child_session == FORK


def test_collab_agent_spawn_end_names_the_child(tmp_path: Path) -> None:
    file = spawning().event(
        "collab_agent_spawn_end",
        call_id="call_s",
        new_thread_id=FORK,
        new_agent_nickname="Euler",
        status="running",
    )
    (child,) = file.output("call_s", '{"task_name":"/root/counter"}').ended(OLD_TURN).read(tmp_path).children
    assert (child.id, child.call_id, child.name) == (FORK, "call_s", "Euler")


def beside(folder: Path, parent: Rollout, header: dict[str, Any]) -> Session:
    """The parent, with the file of a child lying beside it."""
    Rollout(start=START + timedelta(seconds=1)).meta(FORK, **header).save(
        folder, f"rollout-2026-11-20T12-00-01-{FORK}.jsonl"
    )
    return read(parent.save(folder, f"rollout-2026-11-20T12-00-00-{PARENT}.jsonl"))


def test_a_v2_worker_known_by_its_path_is_found_beside(tmp_path: Path) -> None:
    parent = spawning().output("call_s", '{"task_name":"/root/counter"}').ended(OLD_TURN)
    spawn = {"parent_thread_id": PARENT, "depth": 1, "agent_path": "/root/counter"}
    session = beside(tmp_path, parent, {"source": {"subagent": {"thread_spawn": spawn}}})
    (child,) = session.children
    assert (child.id, child.call_id, child.relation) == (FORK, "call_s", Relation.WORKER)
    assert calls_of(session)[0].child_session == FORK


def test_a_review_beside_is_a_child_without_a_call(tmp_path: Path) -> None:
    header = {"source": {"subagent": "review"}, "parent_thread_id": PARENT}
    parent = Rollout().meta(PARENT).started(OLD_TURN).asked("Hello").ended(OLD_TURN)
    (child,) = beside(tmp_path, parent, header).children
    assert (child.id, child.call_id, child.relation) == (FORK, None, Relation.REVIEW)


def test_a_call_to_a_worker_names_it() -> None:
    session = read(sample("f_agents_v2", 0))
    workers = {child.name: child.id for child in session.children}
    for summary, path in (("sleeper", "/root/sleeper"), ("counter", "/root/counter")):
        assert call_named(session, summary).child_session == workers[path]
    followup = next(call for call in calls_of(session) if call.name == "followup_task")
    assert followup.child_session == workers["/root/counter"]


# -- mail -------------------------------------------------------------------


def mail(session: Session) -> list[tuple[str | None, str | None, str]]:
    notes = [item for turn in session.turns for item in turn.items if isinstance(item, Note)]
    return [(note.author, note.recipient, note.text) for note in notes if note.kind is NoteKind.AGENT_MESSAGE]


def test_the_orchestrator_gets_its_workers_answers() -> None:
    letters = mail(read(sample("f_agents_v2", 0)))
    assert ("/root/counter", "/root", "There are 3 files.") in letters
    assert [author for author, _, text in letters if text.startswith("Agent errored")] == ["/root/doomed"]


def test_a_worker_whose_task_is_sealed_says_so() -> None:
    told = read_as_json(sample("f_agents_v2", 1))
    first = told["turns"][0]
    assert first["kind"] == "agent"
    assert (first["prompt"], first["prompt_sealed"]) == (None, True)
    letter = next(item for item in first["items"] if item["kind"] == "agent_message")
    assert (letter["author"], letter["recipient"]) == ("/root", "/root/counter")


def test_a_task_in_clear_is_the_prompt_of_the_worker(tmp_path: Path) -> None:
    spawn = {"parent_thread_id": PARENT, "depth": 1, "agent_path": "/root/counter"}
    file = Rollout().meta(FORK, source={"subagent": {"thread_spawn": spawn}}).started(OWN_TURN)
    text = "Message Type: NEW_TASK\nTask name: /root/counter\nSender: /root\nPayload:\nCount the files"
    content = [{"type": "input_text", "text": text}]
    file.item("agent_message", author="/root", recipient="/root/counter", content=content)
    session = file.ended(OWN_TURN, "3").read(tmp_path)
    assert prompts(session) == ["Count the files"]
    assert mail(session) == [("/root", "/root/counter", "Count the files")]


def test_from_0_121_to_0_130_mail_looked_like_an_answer(tmp_path: Path) -> None:
    letter = {"author": "/root/counter", "recipient": "/root", "other_recipients": [], "content": "Three"}
    file = Rollout().meta(PARENT).started(OLD_TURN).asked("Split the work")
    session = (
        file.said("assistant", json.dumps(letter | {"trigger_turn": False}))
        .ended(OLD_TURN, None)
        .read(tmp_path)
    )
    assert mail(session) == [("/root/counter", "/root", "Three")]
    assert not any(
        isinstance(item, Note) and item.kind is NoteKind.MESSAGE
        for turn in session.turns
        for item in turn.items
    )


def test_in_0_140_mail_was_a_line_of_its_own(tmp_path: Path) -> None:
    file = Rollout().meta(PARENT).started(OLD_TURN).asked("Split the work")
    letter = {"author": "/root/counter", "recipient": "/root", "other_recipients": [], "content": "Three"}
    file.line("inter_agent_communication", letter | {"trigger_turn": False})
    assert mail(file.ended(OLD_TURN).read(tmp_path)) == [("/root/counter", "/root", "Three")]


def test_v1_workers_report_by_a_notification() -> None:
    letters = mail(read(sample("f_agents_v1", 0)))
    assert any("There are 3 files." in text for _, _, text in letters)


def test_no_own_call_of_any_sample_stands_in_another_thread_too() -> None:
    """Reviews apart, of which there is none: a call is made by one thread."""
    owners: dict[str, str] = {}
    for truth in truths():
        if truth.home != SAMPLES:
            continue
        session = read(truth.paths[0])
        for call in calls_of(session):
            assert owners.setdefault(call.call_id, session.id or "") == session.id
    assert owners


def test_a_workers_turn_names_the_turn_that_asked_for_it() -> None:
    worker, parent = read(sample("f_agents_v2", 1)), read(sample("f_agents_v2", 0))
    assert worker.turns[0].parent_turn_id == parent.turns[0].id
