"""What is left out of lists on demand, and what can be taken out of the app: text, links, files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.app import SuspendNotSupported

from tests.driving import SAMPLES, reading, reading_demo, sample, squeezed
from tests.library import Story, id_of, keep_to
from trace_tui.app.app import TraceApp
from trace_tui.app.panes import Pane
from trace_tui.model import Call

COMMANDS = "01a1f900-a138-7fd0-b319-d6dcafcd8b49"
RESUMED = "01a1f901-6347"
OLD = SAMPLES / "eras" / "0.104.0"


# -- filters ------------------------------------------------------------


async def test_typing_filters_the_sessions_at_once_and_escape_shows_all_again() -> None:
    async with reading_demo() as reader:
        await reader.press("1", "/")
        await reader.type("fix the sum")
        assert reader.here is None
        rows = [row for row in reader.sessions.splitlines() if "✗" in row]
        assert len(rows) == 2
        assert "Sessions 2 · fix the sum" in reader.sessions
        await reader.press("enter")
        assert reader.here is Pane.SESSIONS
        assert "Sessions 2 · fix the sum" in reader.sessions
        await reader.press("escape")
        assert "Sessions 9" in reader.sessions
        assert "Please split the" in reader.sessions


async def test_escape_while_typing_leaves_no_filter_behind() -> None:
    async with reading_demo() as reader:
        await reader.press("1", "/", "x", "y", "z", "q", "u")
        assert "Sessions 0 · xyzqu" in reader.sessions
        await reader.press("escape")
        assert "Sessions 9" in reader.sessions
        assert reader.here is Pane.SESSIONS


async def test_a_filter_can_be_changed_where_it_was_left() -> None:
    async with reading_demo() as reader:
        await reader.press("1")
        await reader.answer("/", "fixx")
        await reader.press("/", "backspace", "enter")
        assert "· fix" in reader.sessions
        assert "fixx" not in reader.sessions


async def test_the_menu_offers_filters_worth_having() -> None:
    async with reading_demo() as reader:
        await reader.press("1", "f")
        assert "with failures" in reader.menu
        assert "folder shop" in reader.menu
        assert "model gpt-5.5" in reader.menu
        await reader.press("down", "enter")
        assert "· is:failed" in reader.sessions
        assert "Please start the long" not in reader.sessions
        assert reader.here is Pane.SESSIONS
        await reader.press("f", "a")
        assert "Sessions 9" in reader.sessions
        await reader.press("f", "escape")
        assert reader.menu == ""
        assert "Sessions 9" in reader.sessions


async def test_kinds_of_steps_are_ticked_off_and_on() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.press("f")
        assert "a [x] messages" in squeezed(reader.menu)
        assert "x [ ] only failures" in squeezed(reader.menu)
        await reader.press("a", "b")
        assert "a [ ] messages" in squeezed(reader.menu)
        await reader.press("escape")
        assert "filtered" in reader.timeline
        assert "I will look" not in reader.timeline
        assert "Looking around" not in reader.timeline
        assert "▾ 1 ✓ Please find out" in reader.timeline
        assert "sh check.sh" in reader.timeline
        await reader.press("f", "a", "b", "escape")
        assert "filtered" not in reader.timeline
        assert "I will look" in reader.timeline


async def test_only_failures_leaves_the_cursor_on_its_failure() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.down_to("frobnicate --version")
        await reader.press("f", "x", "q")
        assert "frobnicate --version" in reader.at()
        steps = reader.timeline.splitlines()[3:]
        assert len([line for line in steps if line.strip("▌ ")]) == 10
        assert all("✗" in line for line in steps if line.strip("▌ "))
        await reader.press("e")
        assert "timeout 1 sleep 20" in reader.at()


async def test_the_choice_of_steps_holds_for_the_next_session() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.press("f", "x", "escape")
        await reader.go(RESUMED)
        await reader.sees("✓ Please do step one.", lambda: reader.top)
        await reader.idle()
        assert "ls -1" not in reader.timeline
        assert "sh check.sh" in reader.timeline
        heads = [line for line in reader.timeline.splitlines() if "▾" in line]
        assert len(heads) == 1, "those of turns in which nothing failed say nothing"


async def test_escape_shows_all_steps_again() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("f", "x", "enter")
        assert "Timeline · filtered" in reader.timeline
        await reader.press("escape")
        assert "filtered" not in reader.timeline
        assert "▾ 4 ✓ Please do step four." in reader.timeline


async def test_only_failures_leaves_whoever_stands_on_a_turn_without_any_beside_it() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.down_to("▾ 4 ✓ Please do step four.")
        await reader.press("f", "x", "enter")
        assert "run sh check.sh" in reader.at()
        await reader.press("k")
        assert "▾ 1 ✓ Please do step one." in reader.at()


# -- copying ------------------------------------------------------------


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []

    def copy(text: str, write: Callable[[str], None]) -> str:
        texts.append(text)
        return f"copied {len(texts)}"

    monkeypatch.setattr("trace_tui.app.clipboard.copy", copy)
    return texts


async def test_every_way_to_copy_a_call(copied: list[str]) -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.down_to("frobnicate --version")
        row = reader.main.timeline.selected
        assert row is not None
        assert isinstance(row.item, Call)
        await reader.reads("frobnicate")
        for number, key in enumerate("tclprs", 1):
            await reader.press("y", key)
            assert f"copied {number}" in reader.bottom
            assert reader.menu == ""
        text, command, link, place, resume, own_id = copied
        assert "frobnicate --version" in text
        assert "exit 127" in text
        assert "frobnicate" in command
        assert "\n" not in command
        assert link == f"{sample(COMMANDS)}#call={row.item.call_id}"
        assert place == f"{sample(COMMANDS)}:{row.place}"
        assert resume == f"codex resume {COMMANDS}"
        assert own_id == COMMANDS


@pytest.mark.parametrize("size", [(180, 40), (80, 24)])
async def test_the_links_that_are_copied_lead_back(size: tuple[int, int], copied: list[str]) -> None:
    async with reading(SAMPLES, target=RESUMED, size=size) as reader:
        rows = {"Please do step two.": "#turn=2", "Step two is done.": "#line=", "app/totals.sh": "#call="}
        for words, form in rows.items():
            await reader.press("g")
            await reader.down_to(words)
            await reader.press("y", "l")
            assert form in copied[-1]
    if size == (180, 40):
        for words, link in zip(rows, copied, strict=True):
            async with reading(SAMPLES, target=link) as reader:
                await reader.stands_on(words)


async def test_of_a_session_and_of_a_turn_no_command_is_offered(copied: list[str]) -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.reads("state ")
        await reader.press("y")
        assert "the command that resumes" in reader.menu
        assert "c the command" not in squeezed(reader.menu)
        await reader.press("j", "enter")
        assert copied[-1] == str(sample(RESUMED))
        await reader.press("y", "escape")
        assert len(copied) == 1
        assert reader.here is Pane.TIMELINE


async def test_in_codexs_own_home_an_id_is_link_enough(
    copied: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story(1).turn().put(keep_to(tmp_path, monkeypatch))
    async with reading() as reader:
        await reader.press("y", "l")
        assert copied == [id_of(1)]


async def test_what_went_into_the_clipboard_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("y", "s")
        assert "copied 1 line" in reader.bottom


# -- other programs -----------------------------------------------------


@contextmanager
def _left_alone(_: TraceApp) -> Iterator[None]:
    yield


@pytest.mark.parametrize("key", ["o", "O"])
async def test_the_detail_goes_whole_to_pager_and_editor(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    def run(command: list[str], *, input: bytes | None, **_: object) -> subprocess.CompletedProcess[bytes]:
        given.append((Path(command[-1]).read_bytes() if input is None else input).decode())
        return subprocess.CompletedProcess(command, 0 if len(given) == 1 else 3)

    monkeypatch.setattr("trace_tui.app.outside.subprocess.run", run)
    monkeypatch.setattr(TraceApp, "suspend", _left_alone)
    for name in ("PAGER", "VISUAL", "EDITOR"):
        monkeypatch.setenv(name, "mine")
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.down_to("seq 1 60000")
        await reader.reads("seq 1 60000")
        await reader.press(key)
        assert "seq 1 60000" in given[0]
        assert given[0].count("\n") > 50
        await reader.press(key)
        assert "mine ended with exit 3" in reader.bottom
        assert reader.here is Pane.TIMELINE


async def test_where_no_other_program_can_be_started_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def refuse(_: TraceApp) -> Iterator[None]:
        raise SuspendNotSupported
        yield

    monkeypatch.setattr(TraceApp, "suspend", refuse)
    async with reading(OLD) as reader:
        await reader.reads("state ")
        await reader.press("o")
        assert "other programs can't be started from here" in reader.bottom
