"""What fails: the walk from failure to failure in a chain, and sessions that can't be read or mean ill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.driving import SAMPLES, Reader, reading, sample, screen_lines, until
from tests.library import Story, id_of, worker

WORKERS = "01a1f900-db21"
RESUMED = "01a1f901-6347"


# -- the walk -----------------------------------------------------------


async def test_e_walks_through_a_chain_in_the_order_of_time_and_capital_e_back() -> None:
    walk = [
        ("failure 1 of 6 · in orchestrator", "spawn Worker none. no such agent role"),
        ("failure 2 of 6 · in Pauli", "run sh check.sh exit 1"),
        ("failure 3 of 6 · in Lorentz", "▾ 1 ✗ Worker three: summarise what we know."),
        ("failure 4 of 6 · in orchestrator", "wait E Lorentz: This worker may not run."),
        ("failure 5 of 6 · in orchestrator", "close E Lorentz"),
        ("failure 6 of 6 · in orchestrator", "no such agent 0 ms"),
    ]
    async with reading(SAMPLES, target=WORKERS, size=(240, 30)) as reader:
        for words, row in walk:
            await reader.press("e")
            await reader.hears(words)
            await reader.stands_on(row)
            await reader.idle()
        await reader.press("e")
        await reader.hears("no failure after this place: 6 in all")
        for words, row in walk[-2::-1]:
            await reader.press("E")
            await reader.hears(words.split(" · ")[0])
            await reader.stands_on(row)
            await reader.idle()
        await reader.press("E")
        await reader.hears("no failure before this place: 6 in all")
        await reader.stands_on("spawn Worker none.")


async def test_the_walk_begins_where_one_stands() -> None:
    async with reading(SAMPLES, target="01a1f900-a138") as reader:
        await reader.down_to("timeout 1 sleep 20")
        await reader.press("k", "k")
        await reader.press("e")
        assert "failure 2 of 10" in reader.bottom
        assert "frobnicate --version" in reader.at()
        await reader.press("G", "E")
        assert "failure 10 of 10" in reader.bottom
        await reader.press("g", "E")
        assert "no failure before this place: 10 in all" in reader.bottom


async def test_in_a_session_where_all_went_well_it_is_said() -> None:
    async with reading(SAMPLES, target="01a1f900-9fb6") as reader:
        await reader.press("e")
        assert "nothing failed" in reader.bottom
        await reader.press("E")
        assert "nothing failed" in reader.bottom


async def test_a_failure_in_a_folded_turn_is_unfolded() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("j", "left")
        assert reader.at().startswith("▸ 1 ")
        await reader.press("g", "e")
        assert "sh check.sh exit 1" in reader.at()


async def test_failures_that_tell_no_other_time_are_walked_in_the_order_of_the_file(tmp_path: Path) -> None:
    story = Story().begin().ran(1).ran(0).ran(2).fail().begin().ran(3).end()
    story.put(tmp_path)
    async with reading(tmp_path) as reader:
        stood: list[str] = []
        for number in range(1, 5):
            await reader.press("e")
            assert f"failure {number} of 4" in reader.bottom
            stood.append(reader.at())
        assert stood[0].startswith("▾ 1 ✗")
        assert [row.partition("exit ")[2][:1] for row in stood[1:]] == ["1", "2", "3"]


# -- files that can't be read -------------------------------------------


async def test_a_file_that_vanishes_while_it_is_open_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "sessions" / sample(RESUMED).name
    path.parent.mkdir()
    path.write_bytes(sample(RESUMED).read_bytes())
    async with reading(tmp_path) as reader:
        path.unlink()
        await reader.press("j", "j")
        await reader.reads("its file can't be read any more")
        assert "run ls -1" in reader.at()
        for key in ("r", "a", "3", "2", "y", "escape", "e"):
            await reader.press(key)
        await reader.answer("/", "step")
        await until(lambda: "looking for" not in reader.bottom)
        assert reader.bottom
        await reader.press("escape", "1", "enter")
        assert reader.app.is_running


async def test_a_file_that_shrinks_while_it_is_open_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sessions" / sample(RESUMED).name
    path.parent.mkdir()
    path.write_bytes(sample(RESUMED).read_bytes())
    async with reading(tmp_path) as reader:
        os.truncate(path, 200)
        await reader.hears("its file was changed")
        for key in ("k", "k", "r", "e"):
            await reader.press(key)
        assert reader.app.is_running


async def test_a_file_that_holds_no_session_is_told_beside_those_that_do(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    good = sample(RESUMED)
    (folder / good.name).write_bytes(good.read_bytes())
    bad = folder / "rollout-2026-11-20T12-00-00-01a1f900-0000-7000-8000-000000000009.jsonl.zst"
    bad.write_bytes(b"this is no archive")
    async with reading(tmp_path, target=RESUMED) as reader:
        await reader.hears("could not be read; doctor tells which")
        assert "Please do step one." in reader.top
    async with reading(tmp_path, target=str(bad), waits=False) as reader:
        await reader.hears(bad.name[:20])
        await reader.sees("Please do step one.", lambda: reader.sessions)


# -- texts that mean ill ------------------------------------------------

EVIL = (
    "[/foo] [red]x[/red] [@click=app.bell]y[/] "
    "\x1b]0;owned\x07\x1b[31mred\x1b[0m\x1b]8;;http://x\x1b\\\x9b2J\x00\u202e\r"
)
LITERAL = "[/foo] [red]x[/red] [@click=app.bell]y[/]"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A home with one session that says it everywhere, and a worker of that name."""
    story = Story(1, cwd=f"/home/{EVIL}", git={"branch": EVIL}).begin(EVIL, model=EVIL)
    story.answered(EVIL).spawn(2, nickname=EVIL)
    story.call("call_evil", arguments={"cmd": EVIL}).output("call_evil", f"{EVIL}\nexit code: 1\n{EVIL}")
    story.call(f"call_{EVIL}", name=EVIL, arguments=EVIL).output(f"call_{EVIL}", EVIL)
    story.end().put(tmp_path)
    worker(2, 1, minutes=1, agent_nickname=EVIL).begin(EVIL).fail().put(tmp_path)
    return tmp_path


def assert_is_harmless(reader: Reader) -> None:
    text = "".join(screen_lines(reader.app))
    bad = {character for character in text if not character.isprintable()}
    assert not bad, f"{bad} on the screen"


async def test_what_looks_like_markup_or_control_is_shown_literally(hostile: Path) -> None:
    async with reading(hostile, target=id_of(1), size=(240, 50)) as reader:
        assert LITERAL in reader.top
        assert LITERAL in reader.sessions
        assert LITERAL in reader.timeline
        for key in ["", *["j"] * (reader.main.timeline.count() - 1)]:
            if key:
                await reader.press(key)
            await reader.idle()
            assert_is_harmless(reader)
        await reader.press("g")
        await reader.reads("[/foo]")


async def test_every_view_of_it_is_harmless(hostile: Path) -> None:
    async with reading(hostile, target=id_of(1), size=(240, 50)) as reader:
        await reader.press("j", "j")
        for keys in (["r"], ["r", "y"], ["escape", "f"], ["escape", "1", "f"], ["escape", "2", "t", "?"]):
            await reader.press(*keys)
            await reader.idle()
            assert_is_harmless(reader)
        await reader.press("escape")
        await reader.answer("/", "[red]x[/red]")
        await reader.hears("[red]x[/red]")
        assert_is_harmless(reader)
        await reader.press("escape", "G", "e")
        await reader.hears("failure")
        assert_is_harmless(reader)
        await reader.press("1")
        await reader.answer("/", "[/foo]")
        assert "[/foo] [red]x[/red]" in reader.sessions
        assert_is_harmless(reader)
        assert reader.app.is_running


async def test_no_escape_ever_reaches_a_strip(hostile: Path) -> None:
    async with reading(hostile, target=id_of(1), size=(240, 50)) as reader:
        await reader.press("j")
        await reader.idle()
        strips = reader.app.screen._compositor.render_strips()
        segments = [segment for strip in strips for segment in strip]
        assert segments
        assert all(segment.control is None for segment in segments)
        assert not any("\x1b" in segment.text or "\x9b" in segment.text for segment in segments)
        styles = [segment.style for segment in segments if segment.style is not None]
        assert not any(style.link or style.meta.get("@click") for style in styles)
