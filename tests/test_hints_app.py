"""Hints in the app: marks in the timeline, what a silence was for, a list to go from, and growth."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.driving import SAMPLES, reading, squeezed, until
from tests.library import Story, id_of, worker


def failing(story: Story, times: int, first: int = 0) -> Story:
    for number in range(first, first + times):
        call_id = f"call_check_{number}"
        story.call(call_id, arguments={"cmd": "sh check.sh"})
        story.output(call_id, "Process exited with code 1\nOutput:\nFAIL\n")
    return story


def looping(home: Path) -> Path:
    story = failing(Story(1).begin("Please make the check pass."), 4)
    story.call("call_look", arguments={"cmd": "make docs"})
    story.output("call_look", "Process exited with code 0\nOutput:\nok\n")
    story._now += timedelta(minutes=3)
    return story.end().put(home)


async def test_calls_of_a_loop_are_marked_and_a_silence_says_what_it_was_for(tmp_path: Path) -> None:
    looping(tmp_path)
    async with reading(tmp_path) as reader:
        await reader.sees("↻", lambda: reader.timeline)
        rows = [squeezed(line) for line in reader.timeline.splitlines()]
        assert sum("↻ ✗ run sh check.sh" in row for row in rows) == 4
        assert not any("↻" in row for row in rows if "make docs" in row)
        assert any("waited 3m00s for the model" in row for row in rows)
        assert "2 hints" in rows[1]


async def test_the_list_of_hints_goes_to_each_and_the_detail_tells_its_evidence(tmp_path: Path) -> None:
    looping(tmp_path)
    async with reading(tmp_path) as reader:
        await reader.sees("↻", lambda: reader.timeline)
        await reader.press("i")
        assert "repeated · sh check.sh failed the same way 4 times (exit 1)" in reader.menu
        assert "waiting · waited 3m00s for the model" in reader.menu
        await reader.press("enter")
        await reader.stands_on("↻ ✗ run sh check.sh")
        await reader.reads("lines 5, 7, 9, 11")


async def test_where_nothing_looks_odd_it_is_said() -> None:
    async with reading(SAMPLES, target="01a1f900-9fb6") as reader:
        await reader.press("i")
        await reader.hears("no loops or stalls found")


async def test_marks_come_while_a_session_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trace_tui.app.app._HINTS_EVERY", 0.1)
    story = failing(Story(1).begin("Please make the check pass."), 2)
    path = story.put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await until(lambda: reader.app._watch is not None, "files are watched")
        assert "↻" not in reader.timeline
        before = len(story.lines)
        failing(story, 2, first=2)
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in story.lines[before:]))
        await reader.sees("↻", lambda: reader.timeline)


async def test_in_the_timeline_of_all_agents_each_has_its_own_marks(tmp_path: Path) -> None:
    Story(1).begin("Split it.").spawn(2, nickname="Ada").end().put(tmp_path)
    failing(worker(2, 1, minutes=0.01, agent_nickname="Ada").begin("Check."), 3).end().put(tmp_path)
    async with reading(tmp_path, target=id_of(1)) as reader:
        await reader.press("C")
        await reader.sees("↻", lambda: reader.timeline)
        rows = [squeezed(line) for line in reader.timeline.splitlines() if "↻" in line]
        assert len(rows) == 3
        assert all("B ✗ run sh check.sh" in row for row in rows)


async def test_marks_survive_in_ascii(tmp_path: Path) -> None:
    looping(tmp_path)
    async with reading(tmp_path, ascii=True) as reader:
        await reader.sees(
            "@ x run", lambda: "\n".join(squeezed(line) for line in reader.timeline.splitlines())
        )
        assert reader.screen().isascii()
