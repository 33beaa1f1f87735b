"""`show` tells why a call failed: by its session, by what its parent heard, by the workers it speaks of."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.reading_sessions import SAMPLES, sample
from tests.stories import Story
from trace_tui.cli import main
from trace_tui.home import Home

Capture = pytest.CaptureFixture[str]

ERA = SAMPLES / "eras" / "0.104.0"


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """The command line switches the garbage collector off for its short life."""
    yield
    gc.enable()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads that were looked for beside the one that is shown."""
    ids: list[str] = []
    find = Home.find

    def heard(home: Home, thread_id: str) -> Path | None:
        ids.append(thread_id[-6:])
        return find(home, thread_id)

    monkeypatch.setattr(Home, "find", heard)
    return ids


def show(*arguments: str | Path) -> int:
    return main(["show", *map(str, arguments)])


def why(capfd: Capture, number: int = 0) -> dict[str, Any] | None:
    told: dict[str, Any] | None = json.loads(capfd.readouterr().out)["calls"][number]["why"]
    return told


def of_era(thread: str) -> Path:
    [path] = ERA.rglob(f"rollout-*-{thread}*.jsonl")
    return path


def failing_worker() -> Path:
    return of_era("01a1f902-461e")


# -- as a page ----------------------------------------------------------------


def test_below_a_failed_call_stands_why(tmp_path: Path, capfd: Capture) -> None:
    story = Story().begin().runs().patches("a.py").runs(code=1).answered("Hm.").end()
    assert show(story.save(tmp_path), "--failed") == 0
    lines = capfd.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in lines[lines.index("  why") :]] == [
        "why",
        "last ok line 5 ✓ run sh check.sh",
        "patched line 7 ✓ patch a.py (+1 −1)",
        "then line 11 · says Hm.",
    ]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (failing_worker(), "#error=1"),
        (sample("f_agents_v1", 2), "#error=1"),
        (sample("f_agents_v1"), "#error=2"),
    ],
    ids=["0.104.0 worker", "v1 worker", "v1 parent"],
)
@pytest.mark.parametrize("width", [60, 80])
def test_the_page(
    path: Path,
    place: str,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: Capture,
    text_snapshot: Any,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert show(f"{path}{place}") == 0
    printed = capfd.readouterr().out.replace(str(SAMPLES), "SAMPLES")
    text_snapshot(printed, request.node.callspec.id.replace(" ", "-"))


def test_a_parent_that_is_not_here_is_told(tmp_path: Path, capfd: Capture) -> None:
    path = tmp_path / failing_worker().name
    path.write_bytes(failing_worker().read_bytes())
    assert show(path, "--failed") == 0
    assert "    its parent is not here (01a1f902-451c-7f22-8361-450ae62c0093)\n" in capfd.readouterr().out


def test_a_parent_that_can_not_be_read_is_told(tmp_path: Path, capfd: Capture) -> None:
    for path in ERA.rglob("*.jsonl"):
        (tmp_path / path.name).write_bytes(path.read_bytes() if path == failing_worker() else b"no session\n")
    assert show(tmp_path / failing_worker().name, "--failed") == 0
    assert "    its parent can't be read: " in capfd.readouterr().out


# -- as JSON ------------------------------------------------------------------


def test_json_has_all_of_it(tmp_path: Path, capfd: Capture) -> None:
    story = Story().begin().runs().patches("a.py").runs(code=1).answered("Hm. " * 200).end()
    assert show(story.save(tmp_path), "--failed", "--json") == 0
    told = why(capfd)
    assert told is not None
    assert set(told) == {
        *("failing", "error", "last_ok", "last_ok_elsewhere", "patched", "next", "told_parent", "workers")
    }
    assert [told[key]["line"] for key in ("failing", "last_ok")] == [9, 5]
    assert [call["summary"] for call in told["patched"]] == ["a.py (+1 −1)"]
    assert [note["text"] for note in told["next"]] == ["Hm. " * 200]
    assert (told["error"], told["last_ok_elsewhere"], told["told_parent"], told["workers"]) == (
        None,
        None,
        None,
        [],
    )


def test_json_tells_what_the_parent_heard_and_did_next(capfd: Capture) -> None:
    assert show(failing_worker(), "--failed", "--json") == 0
    told = why(capfd)
    assert told is not None
    parent = told["told_parent"]
    assert parent["session"] == "01a1f902-451c-7f22-8361-450ae62c0093"
    assert [(call["name"], call["told"]) for call in parent["heard"]] == [
        ("wait", {"state": "completed", "text": "It fails."})
    ]
    assert [item.get("name", item["kind"]) for item in parent["next"]] == [
        *("close_agent", "close_agent", "message")
    ]


def test_json_tells_of_the_workers_that_a_failed_call_speaks_of(capfd: Capture) -> None:
    assert show(f"{sample('f_agents_v1')}#error=2", "--json") == 0
    told = why(capfd)
    assert told is not None
    (worker,) = told["workers"]
    assert (worker["session"][-6:], worker["turn"], worker["failing"]) == ("b9655f", 1, None)
    assert "This worker may not run." in worker["error"]


def test_a_command_that_passed_in_its_parent_is_told(tmp_path: Path, capfd: Capture) -> None:
    parent, worker = of_era("01a1f902-451c"), failing_worker()
    lines = worker.read_bytes().splitlines(keepends=True)
    ran = [line.replace(b"12:50:", b"12:40:") for line in lines if b"call_bUCQ" in line]
    passed = b"".join(ran).replace(b"exited with code 1", b"exited with code 0")
    (tmp_path / worker.name).write_bytes(worker.read_bytes())
    (tmp_path / parent.name).write_bytes(parent.read_bytes() + passed)
    assert show(tmp_path / worker.name, "--failed", "--json") == 0
    told = why(capfd)
    assert told is not None
    assert told["last_ok"] is None
    assert told["last_ok_elsewhere"]["session"] == "01a1f902-451c-7f22-8361-450ae62c0093"
    assert told["last_ok_elsewhere"]["summary"] == "sh check.sh"


# -- what is read for it ------------------------------------------------------


def test_nobody_else_is_looked_for_where_nothing_failed_or_only_a_page_is_shown(
    found: list[str], capfd: Capture
) -> None:
    assert show(failing_worker()) == 0
    assert show(failing_worker(), "--json") == 0
    assert show(sample("f_agents_v1", 1), "--failed", "--json") == 1
    assert show(sample("f_agents_v1", 1), "--call", "call_kulcs") == 0
    assert found == []
    capfd.readouterr()
    assert show(sample("f_agents_v1"), "--call", "call_o90B9", "--json") == 0
    assert why(capfd) is None
    assert found == []


def test_a_parent_is_read_once_for_all_failures(found: list[str], tmp_path: Path, capfd: Capture) -> None:
    lines = failing_worker().read_bytes().splitlines(keepends=True)
    twice = [line.replace(b"call_bUCQ", b"call_again") for line in lines if b"call_bUCQ" in line]
    (tmp_path / failing_worker().name).write_bytes(b"".join([*lines, *twice]))
    assert show(tmp_path / failing_worker().name, "--failed") == 0
    assert capfd.readouterr().out.count("its parent is not here") == 2
    assert found == ["2c0093"]
