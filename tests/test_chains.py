"""Who started whom: every thread stands in one chain, under its parent, from whichever end that is told."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.library import Story, entry, forest_of, id_of, ids, library_of, link_to, members_of, the, worker
from tests.reading_sessions import SAMPLES, Truth, read, sample, truths
from trace_tui.library.chains import Forest, Member, Oddity, grow, totals
from trace_tui.library.entries import Entry
from trace_tui.parsers.usage import Usage
from trace_tui.relatives import Relation

HOMES = list(dict.fromkeys(truth.home for truth in truths()))
every_thread = pytest.mark.parametrize("truth", list(truths()), ids=str)
every_home = pytest.mark.parametrize("home", HOMES, ids=lambda home: str(home.name))


@cache
def sample_forest(home: Path) -> Forest:
    return forest_of(home)


def picture(forest: Forest) -> dict[str, tuple[object, ...]]:
    """All that a forest says, without the order of what stands side by side."""
    return {
        member.entry.key: (
            member.parent.entry.key if member.parent is not None else None,
            member.parent_id,
            member.root_id,
            member.relation,
            member.name,
            member.call_id,
            member.oddity,
            [child.entry.key for child in member.children],
            sorted(copy.key for copy in member.copies),
        )
        for member in members_of(forest)
    }


def facts(member: Member) -> Truth:
    return next(truth for truth in truths() if truth.facts["thread_id"] == member.entry.id)


# -- the samples ------------------------------------------------------------


@every_thread
def test_every_thread_stands_where_it_ran(truth: Truth) -> None:
    member = the(sample_forest(truth.home), truth.facts["thread_id"])
    assert member.parent_id == truth.facts["parent_thread_id"]
    assert (member.parent is not None) == (truth.facts["parent_thread_id"] is not None)
    assert member.parent is None or member.parent.entry.id == truth.facts["parent_thread_id"]
    assert ids(member.children) == truth.facts["children"]
    assert [child.id for child in member.children_told()] == truth.facts["children"]
    assert member.oddity is None


@every_thread
def test_every_thread_knows_the_top_of_its_chain(truth: Truth) -> None:
    member = the(sample_forest(truth.home), truth.facts["thread_id"])
    top = truth.facts["root_session_id"]
    if truth.home.name == "0.104.0":  # its workers called themselves the root of their session
        top = truth.facts["parent_thread_id"] or top
    assert member.root_id == member.root.entry.id == top


@every_thread
def test_every_worker_has_the_path_it_was_given(truth: Truth) -> None:
    agent = the(sample_forest(truth.home), truth.facts["thread_id"]).entry.agent
    given = truth.facts["agent_path"]
    assert agent.path == (None if given == "/root" else given)  # all v1 workers are called so, in no file


@every_home
def test_the_heads_are_those_that_nobody_started(home: Path) -> None:
    expected = {truth.facts["thread_id"] for truth in truths() if truth.home == home}
    expected -= {child for truth in truths() for child in truth.facts["children"]}
    assert set(ids(sample_forest(home).roots)) == expected


@every_thread
def test_a_chain_adds_up_to_what_its_threads_used(truth: Truth) -> None:
    head = the(sample_forest(truth.home), truth.facts["thread_id"])
    whole, parts = totals(head), [facts(member).facts for member in head.members()]
    used = [part["usage_total"] for part in parts]
    assert whole.threads == len(parts)
    assert whole.usage.total == sum(usage.get("total_tokens", 0) for usage in used)
    assert whole.usage.input == sum(usage.get("input_tokens", 0) for usage in used)
    assert whole.state == truth.facts["state"]


@pytest.mark.parametrize("truth", [truth for truth in truths() if truth.facts["children"]], ids=str)
def test_a_chain_adds_up_to_what_its_threads_did(truth: Truth) -> None:
    head = the(sample_forest(truth.home), truth.facts["thread_id"])
    whole, parts = totals(head), [facts(member) for member in head.members()]
    sessions = [read(part.paths[0]) for part in parts]
    asked = [part.facts["tool_call_count"] + part.facts["nested_call_count"] for part in parts]
    assert whole.calls == sum(asked)
    assert whole.failed_calls == sum(len(session.failed_calls()) for session in sessions)
    assert whole.failed_turns == sum(part.facts["state"] == "failed" for part in parts)


def test_workers_are_named_by_their_path_or_their_nickname() -> None:
    v1, v2 = (the(sample_forest(SAMPLES), sample(kind).stem[-36:]) for kind in ("f_agents_v1", "f_agents_v2"))
    assert [child.name for child in v2.children] == ["counter", "tester", "sleeper", "doomed"]
    assert [child.name for child in v1.children] == ["Ramanujan", "Pauli", "Lorentz"]


def test_a_fork_of_the_samples_stands_on_its_own() -> None:
    forks = [the(sample_forest(SAMPLES), sample("n_fork", number).stem[-36:]) for number in (1, 2)]
    assert [fork.relation for fork in forks] == [Relation.FORK, Relation.FORK]
    assert [fork.parent for fork in forks] == [None, None]
    assert {fork.entry.forked_from for fork in forks} == {sample("n_fork").stem[-36:]}


# -- the order of reading -----------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_it_does_not_matter_which_session_is_read_first(seed: int) -> None:
    with library_of(SAMPLES) as library:
        expected = picture(sample_forest(SAMPLES))
        threads = list(library.threads)
        random.Random(seed).shuffle(threads)
        for thread in threads:
            library.refresh(only=lambda other, thread=thread: other is thread)  # type: ignore[misc]
            for member in grow(library.entries()).by_number.values():
                # Whoever has not been read yet is missing; nobody stands under anybody else.
                assert member.parent is None or member.parent.entry.key == expected[member.entry.key][0]
        assert picture(grow(library.entries())) == expected


def test_a_chain_may_be_read_in_two_runs(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    with library_of(SAMPLES, catalog=catalog) as library:
        some = {thread.key for thread in library.threads[::2]}
        library.refresh(only=lambda thread: thread.key in some)
        assert len(library.entries()) == len(some)
    with library_of(SAMPLES, catalog=catalog) as library:
        assert {thread.key for thread in library.stale}.isdisjoint(some)
        library.refresh()
        assert picture(grow(library.entries())) == picture(sample_forest(SAMPLES))


@every_home
def test_sessions_that_grew_are_known_as_if_read_at_once(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "home"
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("eras", "exec-json"))
    whole = {path: path.read_bytes() for path in copy.rglob("rollout-*.jsonl")}
    for share in (3, 2, 1):
        for path, content in whole.items():
            path.write_bytes(content[: len(content) // share])
        with library_of(copy, catalog=tmp_path / "catalog.sqlite") as library:
            library.refresh()
            grown = library.entries()
    with library_of(copy) as library:
        library.refresh()
        at_once = library.entries()
    assert picture(grow(grown)) == picture(grow(at_once))
    assert [one._replace(number=0) for one in grown] == [one._replace(number=0) for one in at_once]


# -- links from either end --------------------------------------------------------


def test_a_worker_that_does_not_know_its_parent_is_hung_up_by_it(tmp_path: Path) -> None:
    Story(1).begin().spawn(2, "call_a", nickname="Ada").end().put(tmp_path)
    Story(2, minutes=1).turn("Look.").put(tmp_path)
    forest = forest_of(tmp_path)
    child = the(forest, 2)
    assert child.parent is the(forest, 1)
    assert (child.parent_id, child.root_id) == (id_of(1), id_of(1))
    assert (child.relation, child.call_id, child.name) == (Relation.WORKER, "call_a", "Ada")


def test_a_worker_that_nobody_named_hangs_itself_up(tmp_path: Path) -> None:
    Story(1).turn().put(tmp_path)
    worker(2, 1, minutes=1, agent_nickname="Ada").turn().put(tmp_path)
    forest = forest_of(tmp_path)
    assert ids(the(forest, 1).children) == [id_of(2)]
    assert the(forest, 2).name == "Ada"
    assert [child.id for child in the(forest, 1).children_told()] == [id_of(2)]


def test_a_worker_known_by_its_path_alone_gets_the_call_that_started_it(tmp_path: Path) -> None:
    parent = Story(1).begin().call("call_a", "spawn_agent", {"task_name": "counter", "message": "Count."})
    parent.output("call_a", '{"task_name": "/root/counter"}').end().put(tmp_path)
    worker(2, 1, minutes=1, agent_path="/root/counter").turn().put(tmp_path)
    assert the(forest_of(tmp_path), 2).call_id == "call_a"


PLACES: dict[str, Callable[[Story, Path], Path]] = {
    "beside": lambda child, home: child.put(home),
    "archived": lambda child, home: child.put(home, archived=True),
    "compressed": lambda child, home: child.put(home, compressed=True),
    "on another day": lambda child, home: child.put(home, day="2027/01/02"),
    "under any name": lambda child, home: child.put_as(home / "sessions" / "kept.jsonl"),
    "in another root": lambda child, home: child.put(home.parent / "other"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_worker_is_found_wherever_it_lies(place: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    Story(1).turn().put(tmp_path / "home")
    PLACES[place](worker(2, 1, minutes=1).turn(), tmp_path / "home")
    Story(3, minutes=2).begin().spawn(4).end().put(tmp_path / "home")
    PLACES[place](Story(4, minutes=3).turn(), tmp_path / "home")
    if place == "under any name":  # there is only one of that name: the last one written
        PLACES["beside"](worker(2, 1, minutes=1).turn(), tmp_path / "home")
    forest = forest_of(tmp_path / "home", tmp_path / "other")
    assert ids(the(forest, 1).children) == [id_of(2)]
    assert ids(the(forest, 3).children) == [id_of(4)]


@pytest.mark.parametrize(
    ("header", "relation"),
    [
        ({"source": {"subagent": "review"}}, Relation.REVIEW),
        ({"thread_source": "guardian_review"}, Relation.GUARDIAN),
        ({"source": {"subagent": {"other": "guardian"}}}, Relation.GUARDIAN),
        ({"source": {"subagent": "memory_consolidation"}}, Relation.OTHER),
    ],
)
def test_reviews_and_guardians_are_children(
    header: dict[str, Any], relation: Relation, tmp_path: Path
) -> None:
    Story(1).turn().put(tmp_path)
    Story(2, minutes=1, parent_thread_id=id_of(1), **header).turn().put(tmp_path)
    forest = forest_of(tmp_path)
    (child,) = the(forest, 1).children
    assert (child.relation, child.name) == (relation, relation.value)


def test_a_fork_stands_on_its_own_whoever_names_it(tmp_path: Path) -> None:
    Story(1).begin().spawn(2).end().put(tmp_path)
    Story(2, minutes=1, forked_from_id=id_of(1)).turn().put(tmp_path)
    forest = forest_of(tmp_path)
    assert the(forest, 2).parent is None
    assert the(forest, 2).entry.forked_from == id_of(1)
    assert the(forest, 1).children == []


# -- what can't be --------------------------------------------------------------


def test_a_worker_whose_parent_is_gone_is_shown_as_such(tmp_path: Path) -> None:
    worker(2, 1).turn().put(tmp_path)
    worker(3, 1).turn().put(tmp_path)
    forest = forest_of(tmp_path)
    assert sorted(map(str, ids(forest.roots))) == [id_of(2), id_of(3)]
    orphan = the(forest, 2)
    assert orphan.oddity is Oddity.ORPHAN
    assert (orphan.parent_id, orphan.root_id, orphan.relation) == (id_of(1), id_of(1), Relation.WORKER)


def test_the_root_above_a_missing_parent_is_not_guessed(tmp_path: Path) -> None:
    """Older builds name only the parent, and that of a deep worker is no root."""
    worker(3, 2, depth=2).turn().put(tmp_path)
    worker(4, 3, minutes=1, depth=3).turn().put(tmp_path)
    forest = forest_of(tmp_path)
    assert (the(forest, 3).root_id, the(forest, 4).root_id) == (None, None)


def test_a_parent_that_turns_up_takes_in_its_workers(tmp_path: Path) -> None:
    worker(2, 1, minutes=1).turn().put(tmp_path)
    catalog = tmp_path / "catalog.sqlite"
    with library_of(tmp_path, catalog=catalog) as library:
        library.refresh()
        assert the(grow(library.entries()), 2).oddity is Oddity.ORPHAN
    Story(1).turn().put(tmp_path)
    with library_of(tmp_path, catalog=catalog) as library:
        library.refresh()
        forest = grow(library.entries())
    assert ids(forest.roots) == [id_of(1)]
    assert the(forest, 2).oddity is None


def test_a_parent_that_was_deleted_leaves_its_workers_behind(tmp_path: Path) -> None:
    parent = Story(1).begin().spawn(2).end().put(tmp_path)
    Story(2, minutes=1).turn().put(tmp_path)
    catalog = tmp_path / "catalog.sqlite"
    with library_of(tmp_path, catalog=catalog) as library:
        library.refresh()
        assert ids(grow(library.entries()).roots) == [id_of(1)]
    parent.unlink()
    with library_of(tmp_path, catalog=catalog) as library:
        library.refresh()
        assert ids(grow(library.entries()).roots) == [id_of(2)]


def test_of_threads_that_are_each_others_parents_the_first_stands_on_top(tmp_path: Path) -> None:
    worker(1, 2, minutes=5).turn().put(tmp_path)
    worker(2, 1).turn().put(tmp_path)
    worker(3, 1, minutes=9).turn().put(tmp_path)
    forest = forest_of(tmp_path)
    (head,) = forest.roots
    assert (head.entry.id, head.oddity) == (id_of(2), Oddity.CYCLE)
    assert ids(list(head.members())) == [id_of(2), id_of(1), id_of(3)]
    assert {member.root_id for member in head.members()} == {id_of(2)}


def test_a_thread_that_is_its_own_parent_is_a_circle_of_one(tmp_path: Path) -> None:
    worker(1, 1).turn().put(tmp_path)
    (head,) = forest_of(tmp_path).roots
    assert (head.parent, head.children) == (None, [])
    assert head.oddity is Oddity.CYCLE


def test_two_sessions_of_one_id_are_two(tmp_path: Path) -> None:
    Story(1).turn("The first.").put(tmp_path / "a")
    Story(1, minutes=3).turn("Another.").put(tmp_path / "b")
    first, other = forest_of(tmp_path / "a", tmp_path / "b").named(id_of(1))
    assert (first.entry.title, first.oddity) == ("The first.", None)
    assert (other.entry.title, other.oddity) == ("Another.", Oddity.IMPOSTOR)
    assert (first.copies, other.copies) == ([], [])


def test_workers_stand_under_the_parent_of_their_own_home(tmp_path: Path) -> None:
    for minutes, home in enumerate(("a", "b")):
        Story(1, minutes=minutes).turn().put(tmp_path / home)
        worker(2 + minutes, 1, minutes=5).turn().put(tmp_path / home)
    first, other = forest_of(tmp_path / "a", tmp_path / "b").named(id_of(1))
    assert (ids(first.children), ids(other.children)) == ([id_of(2)], [id_of(3)])


@pytest.mark.parametrize("longer", ["a", "b"])
def test_one_of_two_copies_stands_for_both_the_one_that_tells_more(longer: str, tmp_path: Path) -> None:
    for home in ("a", "b"):
        story = Story(1).turn()
        if home == longer:
            story.turn("And then?", calls=2)
        story.put(tmp_path / home)
        worker(2, 1, minutes=1).turn().put(tmp_path / home)
    forest = forest_of(tmp_path / "a", tmp_path / "b")
    (head,) = forest.roots
    assert (head.entry.home, head.entry.calls) == (str(tmp_path / longer), 2)
    assert ids(list(head.members())) == [id_of(1), id_of(2)]
    assert [len(member.copies) for member in head.members()] == [1, 1]
    assert head.oddity is None
    assert forest.of(head.copies[0]) is head
    assert totals(head).calls == 2


def test_an_active_copy_stands_before_an_archived_one(tmp_path: Path) -> None:
    Story(1).turn().put(tmp_path / "a", archived=True)
    Story(1).turn().put(tmp_path / "b")
    (head,) = forest_of(tmp_path / "a", tmp_path / "b").roots
    assert not head.entry.archived
    assert [copy.archived for copy in head.copies] == [True]


def test_what_codex_exec_printed_is_a_copy_of_its_session() -> None:
    forest = forest_of(SAMPLES, SAMPLES / "exec-json")
    assert len(members_of(forest)) == len(members_of(sample_forest(SAMPLES)))
    resumed = the(forest, sample("i_resume").stem[-36:])
    assert resumed.entry.format == "rollout-paginated"
    assert [copy.format for copy in resumed.copies] == ["exec-stream"] * 4
    assert totals(resumed) == totals(the(sample_forest(SAMPLES), resumed.entry.id or ""))
    assert all(member.oddity is None for member in members_of(forest))


def test_a_stream_alone_is_a_session_of_its_own() -> None:
    (head,) = forest_of(SAMPLES / "exec-json" / "b_exec-1.jsonl").roots
    assert (head.entry.id, head.oddity) == (sample("b_exec").stem[-36:], None)


# -- large ones -------------------------------------------------------------------


def test_workers_may_be_nested_deeply(tmp_path: Path) -> None:
    Story(1).turn(calls=1).put(tmp_path)
    for depth in range(1, 21):
        worker(1 + depth, depth, minutes=depth, depth=depth).turn(calls=1).put(tmp_path)
    (head,) = forest_of(tmp_path).roots
    chain = list(head.members())
    assert ids(chain) == [id_of(1 + depth) for depth in range(21)]
    assert {member.root_id for member in chain} == {id_of(1)}
    assert totals(head).calls == 21


def test_a_parent_may_have_hundreds_of_workers(tmp_path: Path) -> None:
    parent = Story(1).begin()
    for number in range(2, 302):
        parent.spawn(number, f"call_{number}")
        worker(number, 1, minutes=400 - number).turn().put(tmp_path)  # those named last began first
    parent.end().put(tmp_path)
    forest = forest_of(tmp_path)
    head = the(forest, 1)
    assert ids(head.children) == [id_of(number) for number in range(301, 1, -1)]
    assert [child.id for child in head.children_told()] == [id_of(number) for number in range(2, 302)]
    assert {child.call_id for child in head.children} == {f"call_{number}" for number in range(2, 302)}


# -- sums -------------------------------------------------------------------------


def chain_of_three(tmp_path: Path, last: Story) -> Member:
    Story(1).begin().ran().ran(1).used(100, 10).end().put(tmp_path)
    worker(2, 1, minutes=1).begin().ran(1).used(30, 3).fail().put(tmp_path)
    last.put(tmp_path)
    return the(forest_of(tmp_path), 1)


def test_a_chain_is_the_sum_of_its_threads(tmp_path: Path) -> None:
    head = chain_of_three(tmp_path, worker(3, 2, minutes=9, depth=2).begin().used(7, 1).end())
    whole = totals(head)
    assert whole.threads == 3
    assert whole.usage == Usage(input=137, output=14)
    assert (whole.calls, whole.failed_calls, whole.failed_turns, whole.failures) == (3, 2, 1, 3)


def test_a_chain_takes_from_the_first_start_to_the_last_end(tmp_path: Path) -> None:
    head = chain_of_three(tmp_path, worker(3, 2, minutes=9, depth=2).turn())
    whole, last = totals(head), list(head.members())[-1].entry
    assert (whole.started_at, whole.ended_at) == (head.entry.started_at, last.ended_at)
    assert whole.duration_ms is not None
    assert 9 * 60_000 < whole.duration_ms < 10 * 60_000


def test_a_chain_goes_on_as_long_as_anybody_in_it_does(tmp_path: Path) -> None:
    assert totals(chain_of_three(tmp_path, worker(3, 2, minutes=9).begin())).state == "in_progress"


def test_a_chain_ended_as_its_head_did(tmp_path: Path) -> None:
    head = chain_of_three(tmp_path, worker(3, 2, minutes=9).begin().abort())
    assert [member.entry.state for member in head.members()] == ["completed", "failed", "aborted"]
    assert totals(head).state == "completed"


def test_times_that_nobody_wrote_are_not_invented() -> None:
    (head,) = grow([entry(1)]).roots
    assert (totals(head).started_at, totals(head).duration_ms) == (None, None)


# -- any forest -------------------------------------------------------------------


def is_a_forest(forest: Forest, entries: list[Entry]) -> None:
    """Every entry is in exactly one tree, as a member or as a copy of one."""
    found: list[int] = []
    for root in forest.roots:
        assert root.parent is None
        for member in islice(root.members(), len(entries) + 1):
            found += [member.entry.number, *(copy.number for copy in member.copies)]
            assert all(child.parent is member for child in member.children)
            assert member.root is root
    assert sorted(found) == sorted(one.number for one in entries)
    assert all(forest.of(one) for one in entries)


pointers = st.none() | st.integers(0, 13)
"""Whom a thread names: another, itself, one that is not there, nobody."""
starts = st.none() | st.integers(0, 5)
threads = st.lists(st.tuples(pointers, starts), max_size=12)


def named_parents(drawn: list[tuple[int | None, int | None]]) -> list[Entry]:
    return [
        entry(number, parent_id=None if parent is None else id_of(parent), started_at=start)
        for number, (parent, start) in enumerate(drawn)
    ]


@given(threads, st.randoms())
def test_whatever_threads_say_of_their_parents_they_make_a_forest(
    drawn: list[tuple[int | None, int | None]], order: random.Random
) -> None:
    entries = named_parents(drawn)
    forest = grow(entries)
    is_a_forest(forest, entries)
    order.shuffle(entries)
    again = grow(entries)
    assert {member.entry.id: member.parent_id for member in members_of(again)} == {
        member.entry.id: member.parent_id for member in members_of(forest)
    }
    assert picture(again) == picture(forest)


@given(threads, st.lists(st.lists(st.integers(0, 12), max_size=3), min_size=12, max_size=12), st.randoms())
def test_a_child_may_be_named_by_many(
    drawn: list[tuple[int | None, int | None]], links: list[list[int]], order: random.Random
) -> None:
    entries = [
        one._replace(links=[link_to(child) for child in named])
        for one, named in zip(named_parents(drawn), links, strict=False)
    ]
    forest = grow(entries)
    is_a_forest(forest, entries)
    order.shuffle(entries)
    assert picture(grow(entries)) == picture(forest)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 2)), max_size=5), st.randoms())
def test_sessions_of_one_id_are_told_apart_in_whatever_order_they_come(
    drawn: list[tuple[bool, int, int]], order: random.Random
) -> None:
    entries = [
        entry(number, id=id_of(1), key=f"/home-{number}\n{id_of(1)}", format="exec-stream")
        if is_stream
        else entry(
            number, id=id_of(1), key=f"/home-{number}\n{id_of(1)}", started_at=start, ended_at=5 + more
        )
        for number, (is_stream, start, more) in enumerate(drawn)
    ]
    forest = grow(entries)
    is_a_forest(forest, entries)
    order.shuffle(entries)
    assert picture(grow(entries)) == picture(forest)
