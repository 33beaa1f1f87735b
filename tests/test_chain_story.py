"""`show --chain --json`: who started whom, by which call, and what came of it, wherever the files lie."""

from __future__ import annotations

import gc
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.big_tree import WORKERS, write_big_tree
from tests.chain_homes import WAYS, SampleChain, put_chain, sample_chains
from tests.library import Story, id_of, keep_to, worker
from tests.reading_sessions import SAMPLES, Truth, read, sample, truths
from trace_tui.cli import main

Capture = pytest.CaptureFixture[str]
Told = dict[str, Any]

DOCS = SAMPLES.parents[2] / "docs"
SCHEMAS = {path.name: json.loads(path.read_text("utf-8")) for path in DOCS.glob("*.schema.json")}
SCHEMA = SCHEMAS["chain.schema.json"]
VALIDATOR = Draft202012Validator(
    SCHEMA,
    registry=Registry().with_resources(
        [(name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()]
    ),
)

CHAINS = sample_chains()
every_chain = pytest.mark.parametrize("chain", CHAINS, ids=str)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield keep_to(tmp_path, monkeypatch)
    gc.enable()


def story(capfd: Capture, *arguments: str | Path, status: int = 0) -> Told:
    assert main(["show", *map(str, arguments), "--chain", "--json"]) == status
    told: Told = json.loads(capfd.readouterr().out)
    VALIDATOR.validate(told)
    return told


def by_id(told: Told) -> dict[str, Told]:
    return {member["id"]: member for member in told["members"]}


def spawns(told: Told) -> dict[str, tuple[str, str]]:
    """By worker: who started it with which call, as the members tell it."""
    below = [member for member in told["members"] if member["depth"]]
    return {member["id"]: (member["parent_id"], member["call_id"]) for member in below}


def spawn_ties(told: Told) -> dict[str, tuple[str, str]]:
    """The same as the calls tell it."""
    return {
        tie["worker"]: (tie["session"], tie["call_id"])
        for tie in told["ties"]
        if tie["act"] == "spawn" and tie["causes"]
    }


# -- the schema ---------------------------------------------------------


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("truth", list(truths()), ids=str)
def test_every_session_of_the_samples_is_told_as_the_schema_says(truth: Truth, capfd: Capture) -> None:
    told = story(capfd, truth.paths[0], "--failed", status=0 if has_failures(truth) else 1)
    assert truth.facts["thread_id"] in by_id(told)
    assert (told["missing"], told["unread"]) == ([], [])


def has_failures(truth: Truth) -> bool:
    chain = next((one for one in CHAINS if truth.facts["thread_id"] in one.ids), SampleChain([truth]))
    sessions = [read(thread.paths[0]) for thread in chain.threads]
    return any(session.failed_calls() or session.failed_turns() for session in sessions)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("members", "letter", "1"),
        ("members", "turns", 2),
        ("members", "waits", [{}]),
        ("ties", "act", "list"),
        ("ties", "turn", 0),
        ("failures", "call_id", 7),
        ("chain", "parallelism", 0.5),
    ],
)
def test_the_schema_refuses_what_breaks_it(part: str, key: str, value: object, capfd: Capture) -> None:
    told = story(capfd, sample("f_agents_v2"))
    shown = told[part] if part == "chain" else told[part][0]
    shown[key] = value
    assert not VALIDATOR.is_valid(told)
    del shown[key]
    assert not VALIDATOR.is_valid(told)


def test_members_are_told_as_the_tree_tells_them(capfd: Capture) -> None:
    told = story(capfd, sample("f_agents_v2"))
    assert main(["ls", "--root", str(SAMPLES), "--tree", str(sample("f_agents_v2")), "--json"]) == 0
    tree = json.loads(capfd.readouterr().out)
    for member, listed in zip(told["members"], tree["members"], strict=True):
        assert len(member["turns"]) == listed.pop("turns")
        assert member.items() >= listed.items()
    assert told["chain"].items() >= tree["chain"].items()


# -- links --------------------------------------------------------------


@every_chain
@pytest.mark.parametrize("way", WAYS)
def test_every_worker_is_tied_to_the_call_that_started_it_wherever_its_file_lies(
    way: str, chain: SampleChain, tmp_path: Path, capfd: Capture
) -> None:
    places = put_chain(chain, tmp_path / "home", WAYS[way])
    for thread in chain.ids:
        told = story(capfd, places[thread])
        assert [member["id"] for member in told["members"]] == chain.ids
        assert spawns(told) == spawn_ties(told) == chain.spawns()


@every_chain
@pytest.mark.parametrize("seed", range(4))
def test_it_does_not_matter_in_which_order_files_are_found(
    seed: int, chain: SampleChain, tmp_path: Path, capfd: Capture
) -> None:
    places = put_chain(chain, tmp_path / "home", seed=seed)
    told = story(capfd, places[chain.ids[seed % len(chain.ids)]])
    assert spawns(told) == spawn_ties(told) == chain.spawns()
    plain = story(capfd, chain.head.paths[0])
    for one in (told, plain):
        for member in one["members"]:
            member.pop("files")
        for failure in one["failures"]:
            failure.pop("target")
    assert told == plain


@every_chain
def test_of_a_chain_whose_head_is_missing_each_part_is_told_and_what_is_not_here(
    chain: SampleChain, tmp_path: Path, capfd: Capture
) -> None:
    head = chain.ids[0]
    places = put_chain(chain, tmp_path / "home", without=head)
    expected = {worker: spawn for worker, spawn in chain.spawns().items() if spawn[0] != head}
    found: dict[str, tuple[str, str]] = {}
    for thread in chain.ids[1:]:
        told = story(capfd, places[thread])
        assert spawns(told) == spawn_ties(told)
        found |= spawns(told)
        (top, *_) = told["members"]
        assert (top["oddity"], top["parent_id"], top["letter"]) == ("orphan", head, "A")
    assert found == expected


@every_chain
def test_of_a_chain_without_a_worker_the_rest_is_told_and_who_is_missing(
    chain: SampleChain, tmp_path: Path, capfd: Capture
) -> None:
    for gone in chain.ids[1:]:
        home = tmp_path / gone
        places = put_chain(chain, home, without=gone)
        told = story(capfd, places[chain.ids[0]])
        expected = chain.spawns()
        parent, call_id = expected.pop(gone)
        orphans = {worker for worker, (above, _) in expected.items() if above == gone}
        assert set(by_id(told)) == set(chain.ids) - {gone} - orphans
        assert spawns(told) == spawn_ties(told) == {w: s for w, s in expected.items() if w not in orphans}
        (missing,) = told["missing"]
        assert (missing["session"], missing["call_id"]) == (parent, call_id)
        assert gone in (missing["id"], None)
        assert missing["id"] or missing["path"]


@every_chain
def test_every_turn_that_a_call_caused_is_one_that_the_worker_had(chain: SampleChain, capfd: Capture) -> None:
    told = story(capfd, chain.head.paths[0])
    members = by_id(told)
    causes = Counter((tie["worker"], tie["turn"]) for tie in told["ties"] if tie["causes"])
    assert set(causes.values()) == {1}
    turns = {(id_, turn["turn"]) for id_, one in members.items() if one["depth"] for turn in one["turns"]}
    assert set(causes) == turns  # no worker does anything that nobody asked for
    assert all((tie["worker"], tie["turn"]) in turns for tie in told["ties"])


def test_a_tie_leads_to_the_turn_that_a_call_caused_or_met(capfd: Capture) -> None:
    told = story(capfd, sample("f_agents_v1"))
    ramanujan = next(member["id"] for member in told["members"] if member["name"] == "Ramanujan")
    ties = [(tie["act"], tie["turn"], tie["causes"]) for tie in told["ties"] if tie["worker"] == ramanujan]
    assert ties == [
        ("spawn", 1, True),
        ("wait", 1, False),
        ("tell", 2, True),
        ("wait", 2, False),
        ("close", 2, False),
    ]


def test_a_worker_that_never_began_a_turn_is_tied_to_none(home: Path, capfd: Capture) -> None:
    path = Story(1).begin().spawn(2).end().put(home)
    worker(2, 1).put(home)
    told = story(capfd, path)
    assert [(tie["act"], tie["turn"], tie["causes"]) for tie in told["ties"]] == [("spawn", None, False)]


def test_waits_name_their_calls_and_whom_they_were_for(capfd: Capture) -> None:
    told = story(capfd, sample("f_agents_v1"))
    names = {member["id"]: member["name"] for member in told["members"]}
    waits = [[names[id_] for id_ in wait["for"]] for wait in told["members"][0]["waits"]]
    assert all(set(one) <= {"Ramanujan", "Pauli", "Lorentz"} and one for one in waits)
    tied = {tie["call_id"] for tie in told["ties"] if tie["act"] == "wait"}
    assert {wait["call_id"] for member in told["members"] for wait in member["waits"]} == tied


# -- numbers ------------------------------------------------------------


def add_up(told: Told) -> None:
    """Whatever is told of the chain is the sum of what is told of its members."""
    members, chain = told["members"], told["chain"]
    for key in chain["usage"]:
        assert chain["usage"][key] == sum(member["usage"][key] for member in members)
    for key in ("lines", "calls"):
        assert chain["inherited"][key] == sum(member["inherited"][key] for member in members)
    assert chain["threads"] == len(members)
    assert chain["calls"] == sum(member["calls"] for member in members)
    assert chain["work_ms"] == sum(member["work_ms"] for member in members)
    assert chain["own_usage"] == members[0]["usage"]
    assert chain["usage"] == members[0]["usage_with_descendants"]
    failures = [failure["call_id"] is None for failure in told["failures"]]
    assert chain["failures"] == {"calls": failures.count(False), "turns": failures.count(True)}
    for member in members:
        below = [one for one in members if one["parent_id"] == member["id"]]
        own = member["usage"]["total"] + sum(one["usage_with_descendants"]["total"] for one in below)
        assert member["usage_with_descendants"]["total"] == own


@every_chain
def test_what_a_chain_came_to_is_the_sum_of_its_members(chain: SampleChain, capfd: Capture) -> None:
    told = story(capfd, chain.head.paths[0])
    add_up(told)
    used = [thread.facts["usage_total"].get("total_tokens", 0) for thread in chain.threads]
    assert [member["usage"]["total"] for member in told["members"]] == used


def test_what_seventy_workers_came_to_is_the_sum_of_them(tmp_path: Path, capfd: Capture) -> None:
    write_big_tree(tmp_path / "tree")
    told = story(capfd, id_of(1), "--root", tmp_path / "tree")
    add_up(told)
    assert len(told["members"]) == 1 + WORKERS
    assert len({member["letter"] for member in told["members"]}) == 1 + WORKERS
    assert set(spawn_ties(told)) == {member["id"] for member in told["members"][1:]}
    assert spawn_ties(told) == spawns(told)


@every_chain
def test_copied_history_is_nobodys_work(chain: SampleChain, capfd: Capture) -> None:
    """Workers of some versions begin with what their parent had said and done until then."""
    told = story(capfd, chain.head.paths[0])
    for thread, member in zip(chain.threads, told["members"], strict=True):
        made = thread.facts["tool_call_count"] + thread.facts["nested_call_count"]
        assert member["calls"] == made
        assert member["usage"]["total"] == thread.facts["usage_total"].get("total_tokens", 0)
        assert len(member["turns"]) == len(thread.facts["turns"])
    made_by = {(tie["session"], tie["call_id"]) for tie in told["ties"]}
    assert len({call_id for _, call_id in made_by}) == len(made_by)  # no call of a parent is a worker's too
    failed = [failure["call_id"] for failure in told["failures"] if failure["call_id"] is not None]
    assert len(set(failed)) == len(failed)


def test_the_time_that_was_critical_leads_from_the_first_moment_to_the_last(capfd: Capture) -> None:
    told = story(capfd, sample("f_agents_v1"))
    stretches = sorted(
        (one["started_at"], one["ended_at"]) for member in told["members"] for one in member["critical"]
    )
    assert [start for start, _ in stretches[1:]] == [end for _, end in stretches[:-1]]
    head = told["members"][0]["turns"][0]
    assert (stretches[0][0], stretches[-1][1]) == (head["started_at"], head["ended_at"])


# -- failures -----------------------------------------------------------


@every_chain
def test_failures_stand_in_the_order_of_time_with_who_they_are_of(chain: SampleChain, capfd: Capture) -> None:
    told = story(capfd, chain.head.paths[0])
    moments = [failure["at"] for failure in told["failures"]]
    assert moments == sorted(moments)
    members = by_id(told)
    for failure in told["failures"]:
        member = members[failure["session"]]
        assert (failure["letter"], failure["name"]) == (member["letter"], member["name"])


def test_a_failure_tells_why_and_where_to_look(home: Path, capfd: Capture) -> None:
    Story(1).begin().spawn(2).ran(1).end().put(home)
    worker(2, 1, minutes=1, agent_nickname="Ada").begin("Look.").fail().put(home)
    told = story(capfd, "latest")
    failed, broken = told["failures"]
    assert (failed["reason"], failed["summary"]) == ("exit 1", "sh step-1.sh")
    assert (broken["letter"], broken["name"], broken["turn"], broken["call_id"]) == ("B", "Ada", 1, None)
    assert (broken["reason"], broken["summary"]) == ("The model is not there.", "Look.")
    for failure in told["failures"]:
        assert main(["show", failure["target"]]) == 0
    assert "input" not in failed


def test_with_failed_calls_come_with_what_they_gave_back(home: Path, capfd: Capture) -> None:
    Story(1).begin().ran(1).end().put(home)
    (failed,) = story(capfd, "latest", "--failed")["failures"]
    assert failed["input"] == "sh step-1.sh"
    assert failed["output"].endswith("out 1\n")


def test_nothing_failed_is_a_no_for_programs_too(home: Path, capfd: Capture) -> None:
    Story(1).turn().put(home)
    assert story(capfd, "latest", "--failed", status=1)["failures"] == []


# -- what is asked for --------------------------------------------------


def test_any_member_names_the_whole_chain(home: Path, capfd: Capture) -> None:
    Story(1).turn(calls=3).put(home)
    worker(2, 1, minutes=1).turn(calls=1, failed=1).put(home)
    last = worker(3, 2, minutes=2, depth=2).turn().put(home)
    Story(9, minutes=5).turn().put(home)  # nobody's
    expected = story(capfd, id_of(1))
    assert [member["id"] for member in expected["members"]] == [id_of(1), id_of(2), id_of(3)]
    for target in (id_of(3), id_of(2)[:8], last, "latest:failed"):
        assert story(capfd, target) == expected


def test_workers_that_were_written_long_before_by_the_files_own_times_are_found(
    home: Path, capfd: Capture
) -> None:
    """Archives may have been unpacked with any times."""
    path = Story(1).begin().spawn(2).end().put(home)
    os.utime(worker(2, 1, minutes=1).turn().put(home), (0, 0))
    assert len(story(capfd, path)["members"]) == 2


def test_a_session_alone_is_a_chain_of_one(home: Path, capfd: Capture) -> None:
    told = story(capfd, Story(1).turn("Please look.", calls=2).put(home))
    (alone,) = told["members"]
    assert (told["chain"]["threads"], alone["letter"], alone["name"]) == (1, "A", "Please look.")
    assert (told["ties"], told["chain"]["parallelism"]) == ([], 1.0)
