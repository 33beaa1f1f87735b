"""A small home of made-up sessions of every era, whose maker wrote down what each one used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.reading_sessions import calls_of, read
from trace_tui.model import Session

MAKER = Path(__file__).resolve().parent / "data" / "tools" / "make_corpus.py"
COUNTS = ("input", "cached", "cache_write", "output", "reasoning")
NOT_COUNTED = {"spawn_agent", "wait_agent", "close_agent"}


class Known(NamedTuple):
    """What the maker wrote down of a session, and what was read from it."""

    facts: dict[str, Any]
    session: Session

    def used(self, key: str) -> int:
        return sum(use[key] for use in self.facts["usage"])

    def __str__(self) -> str:
        return str(self.facts["path"])


def worker_of(worker: Known, parent: Known) -> bool:
    return (worker.facts["kind"], worker.facts["parent"]) == ("worker", parent.facts["id"])


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Known]:
    folder = tmp_path_factory.mktemp("corpus") / "made"
    options = ["--sessions", "60", "--mb", "6", "--seed", "7", "--workers", "0.3", "--malformed", "0.002"]
    subprocess.run(
        [sys.executable, str(MAKER), "--out", str(folder), *options], check=True, capture_output=True
    )
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return [Known(facts, read(folder / "codex" / facts["path"])) for facts in manifest["sessions"]]


def test_the_home_holds_what_makes_counting_hard(corpus: list[Known]) -> None:
    kinds = {(known.facts["kind"], known.facts["with_history"]) for known in corpus}
    assert len(corpus) == 60
    assert {("root", False), ("worker", False), ("worker", True)} <= kinds
    assert len({known.facts["era"] for known in corpus}) >= 4
    for fact in ("reemitted", "malformed_lines", "spawned", "tool_errors"):
        assert any(known.facts.get(fact) for known in corpus)


def test_every_session_is_recognised(corpus: list[Known]) -> None:
    for known in corpus:
        assert known.session.id == known.facts["id"], known
        above = known.session.forked_from if known.facts["kind"] == "fork" else known.session.parent_id
        assert above == known.facts["parent"], known
        assert not known.session.unknown, known


def test_own_tokens_are_what_the_session_used(corpus: list[Known]) -> None:
    for known in corpus:
        assert list(known.session.usage) == [known.used(key) for key in COUNTS], known


def test_own_responses_are_counted_once(corpus: list[Known]) -> None:
    for known in corpus:
        assert sum(turn.responses for turn in known.session.turns) == known.used("responses"), known


def test_tokens_of_turns_add_up_to_those_of_the_session(corpus: list[Known]) -> None:
    for known in corpus:
        for index in range(len(COUNTS)):
            total = sum(turn.usage[index] for turn in known.session.turns)
            assert total == known.session.usage[index], known


def test_own_turns_are_those_of_the_session(corpus: list[Known]) -> None:
    for known in corpus:
        assert len(known.session.turns) == known.facts["turns"], known


def test_own_calls_are_those_of_the_session(corpus: list[Known]) -> None:
    for known in corpus:
        if not known.facts.get("malformed_lines"):
            calls = [call for call in calls_of(known.session) if call.name not in NOT_COUNTED]
            assert len(calls) == known.facts.get("tool_calls", 0), known
            assert len(known.session.failed_calls()) == known.facts.get("tool_errors", 0), known


def test_only_spoiled_sessions_have_problems(corpus: list[Known]) -> None:
    for known in corpus:
        assert len(known.session.problems) <= known.facts.get("malformed_lines", 0) * 2, known


def test_models_are_those_that_answered(corpus: list[Known]) -> None:
    for known in corpus:
        models = {use["model"] for use in known.facts["usage"] if use["responses"]}
        told = {turn.model for turn in known.session.turns if turn.responses and turn.model}
        assert told <= models or not models, known


def test_parents_know_their_workers(corpus: list[Known]) -> None:
    for known in corpus:
        workers = {other.facts["id"] for other in corpus if worker_of(other, known)}
        assert workers <= {child.id for child in known.session.children}, known
