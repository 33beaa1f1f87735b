"""How the app starts: what is open, where the cursor stands, with nothing to read, and without a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.driving import SAMPLES, reading, reading_demo, sample, squeezed, until
from tests.library import Story
from trace_tui.app.app import TraceApp
from trace_tui.app.messages import SessionsKnown
from trace_tui.app.panes import Pane
from trace_tui.app.shelf import Shelf
from trace_tui.app.starting import OPEN_DEMO, Start
from trace_tui.cli import main
from trace_tui.library.chains import Forest
from trace_tui.targets import LATEST, Target, read_target

COMMANDS = "01a1f900-a138"
RESUMED = "01a1f901-6347"
OLD = SAMPLES / "eras" / "0.104.0"


# -- what is open -------------------------------------------------------


async def test_the_newest_session_is_open_and_keys_go_to_its_timeline() -> None:
    async with reading_demo() as reader:
        assert reader.top == "… Please find out why the check fails, and fix it."
        assert reader.here is Pane.TIMELINE
        assert "1 turn · 1 call" in reader.at()
        await reader.reads("state ")
        assert "Sessions 9" in reader.sessions
        assert "Please find out why" in reader.at(Pane.SESSIONS)
        assert reader.bottom.endswith("? help")


async def test_a_failed_run_tells_so_in_its_first_row() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        assert reader.at().startswith("✓ completed · 10 failures · 1 turn · 16 calls")


@pytest.mark.parametrize(
    ("place", "row"),
    [
        ("#turn=3", "▾ 3 ✓ Please do step three."),
        ("#error=1", "sh check.sh exit 1"),
        ("#line=10", "run ls -1"),
    ],
)
async def test_a_target_may_name_a_place(place: str, row: str) -> None:
    async with reading(SAMPLES, target=RESUMED + place) as reader:
        await reader.stands_on(row)
        assert reader.top == "✓ Please do step one."


async def test_a_target_may_name_a_call_or_a_line_of_a_file() -> None:
    path = sample(COMMANDS)
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.down_to("frobnicate --version")
        row = reader.main.timeline.selected
        assert row is not None
        line = row.place
        await reader.reads("call_")
        call = next(word for word in reader.detail.split() if word.startswith("call_"))
    for target in (f"{COMMANDS}#call={call}", f"{path}#call={call}", f"{path}:{line}"):
        async with reading(SAMPLES, target=target) as reader:
            await reader.stands_on("frobnicate --version")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("#turn=99", "no turn 99: the session has 4"),
        ("#error=2", "no failed call 2: the session has 1"),
        ("#call=call_nowhere", "no call call_nowhere in this session"),
    ],
)
async def test_a_place_that_does_not_exist_is_told_and_the_session_is_open(place: str, words: str) -> None:
    async with reading(SAMPLES, target=RESUMED + place) as reader:
        await reader.hears(words)
        assert reader.top == "✓ Please do step one."


async def test_a_session_that_does_not_exist_is_told_and_the_newest_is_open() -> None:
    async with reading(OLD, target="ffffffff") as reader:
        await reader.hears("ffffffff")
        assert reader.top.startswith("✓ Please split the work")


async def test_a_beginning_that_several_sessions_share_is_told() -> None:
    async with reading(OLD, target="01a1f902") as reader:
        await reader.hears("01a1f902")
        assert reader.top


async def test_a_file_that_does_not_exist_is_told_beside_the_sessions_there_are() -> None:
    async with reading(OLD, target="nowhere/at-all.jsonl", waits=False) as reader:
        await reader.hears("nowhere/at-all.jsonl")
        await reader.sees("Please split the", lambda: reader.sessions)
        await reader.press("1", "enter")
        await reader.sees("✓ spawn", lambda: reader.timeline)


async def test_a_file_outside_of_any_home_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "copy.jsonl"
    path.write_bytes(sample(RESUMED).read_bytes())
    async with reading(tmp_path, target=str(path)) as reader:
        assert reader.top == "✓ Please do step one."


async def test_the_latest_failed_session_opens_on_its_first_failure() -> None:
    async with reading(OLD, target=f"{LATEST}:failed", failed=True) as reader:
        await until(lambda: "✗" in reader.at())
        await reader.reads("✗")
    async with reading(SAMPLES, target=COMMANDS, failed=True) as reader:
        await reader.stands_on("sh check.sh exit 1")


async def test_where_nothing_failed_it_is_said() -> None:
    async with reading(SAMPLES, target="01a1f900-9fb6", failed=True) as reader:
        await reader.hears("nothing failed in this session")


# -- nothing to read ----------------------------------------------------


async def test_an_empty_home_welcomes_with_the_place_and_opens_the_demo(tmp_path: Path) -> None:
    async with reading(tmp_path, waits=False) as reader:
        await reader.sees("No sessions yet")
        assert str(tmp_path)[:60] in reader.screen()
        await reader.press("d")
        await until(lambda: reader.app.return_code is not None)
        assert reader.app.return_code == OPEN_DEMO


async def test_no_key_and_no_size_takes_the_welcome_away(tmp_path: Path) -> None:
    async with reading(tmp_path, waits=False) as reader:
        await reader.sees("No sessions yet")
        for key in ("tab", "e", "w", "W", "n", "r", "z", "z", "y", "o", "1", "3", "escape"):
            await reader.press(key)
        await reader.resize(10, 3)
        await reader.resize(80, 24)
        await reader.sees("No sessions yet")
        await reader.press("d")
        await until(lambda: reader.app.return_code is not None, "d leaves for the demo")
        assert reader.app.return_code == OPEN_DEMO


@pytest.mark.parametrize("width", [80, 200])
async def test_the_first_session_of_a_home_takes_the_place_of_the_welcome(tmp_path: Path, width: int) -> None:
    async with reading(tmp_path, waits=False, size=(width, 40)) as reader:
        await reader.sees("No sessions yet")
        await until(lambda: reader.app._watch is not None, "files are watched")
        Story(1).turn("Please look.", calls=2, failed=1).put(tmp_path)
        await reader.sees("✓ Please look.", lambda: reader.top)
        await reader.sees("✗ run sh step-2.sh", lambda: squeezed(reader.timeline))
        assert "No sessions yet" not in reader.screen()
        await reader.idle()
        await reader.press("2", "e")
        await reader.stands_on("✗ run sh step-2.sh")


async def test_the_welcome_comes_however_soon_the_library_has_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SessionsKnown(Forest([], {}, {}, {}), {}, None)
    monkeypatch.setattr(Shelf, "start", lambda shelf: shelf._tell(nothing))
    async with reading(waits=False) as reader:
        await reader.sees("No sessions yet")


async def test_a_home_that_does_not_exist_welcomes_as_well(tmp_path: Path) -> None:
    async with reading(tmp_path / "nowhere", waits=False) as reader:
        await reader.sees("No sessions yet")
        await reader.press("q")
        await until(lambda: reader.app.return_code is not None)
        assert reader.app.return_code == 0


# -- the person's settings ----------------------------------------------


async def test_keys_of_ones_own_work_and_stand_in_the_help() -> None:
    keys = (("next_failure", "x"), ("down", "ctrl+n"), ("fold", "v"))
    async with reading(SAMPLES, target=RESUMED, keys=keys) as reader:
        assert "x next failure" in reader.bottom
        await reader.press("x")
        assert "exit 1" in reader.at()
        assert "failure 1 of 1" in reader.bottom
        await reader.press("e")
        assert "failure" not in reader.bottom.replace("next failure", ""), "e is no key any more"
        await reader.press("g", "ctrl+n", "j")
        assert reader.at().startswith("▾ 1 ")
        await reader.press("v")
        assert reader.at().startswith("▸ 1 ")
        await reader.press("?")
        told = squeezed(reader.menu)
        await reader.press("pagedown")
        told += squeezed(reader.menu)
        assert "ctrl+n down" in told
        assert "x next failure" in told


async def test_what_is_wrong_with_the_settings_is_said() -> None:
    async with reading(OLD, problems=("colour is no setting.", "another")) as reader:
        assert "colour is no setting." in reader.bottom


async def test_an_unknown_theme_is_replaced_by_ours() -> None:
    async with reading(OLD, theme="nonsense") as reader:
        assert reader.app.theme == "trace-dark"


async def test_every_theme_can_be_chosen() -> None:
    async with reading(OLD, size=(120, 30)) as reader:
        before = reader.timeline
        for theme in reader.app.available_themes:
            reader.app.theme = theme
            await reader.pilot.pause(0)
            assert reader.timeline == before
        await reader.press("2", "j")
        assert reader.at().startswith("▾ 1 ")


async def test_with_ascii_signs_only_nothing_else_of_ours_is_drawn() -> None:
    async with reading(SAMPLES, target=RESUMED, ascii=True) as reader:
        await reader.reads("state ")
        for key in ("", "?", "escape", "f", "escape"):
            if key:
                await reader.press(key)
            assert reader.screen().isascii(), [
                line for line in reader.screen().splitlines() if not line.isascii()
            ]


# -- from the command line ----------------------------------------------


class Terminal(io.StringIO):
    """Stands for a stream that is one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Start]]:
    """Runs the command line on a terminal and gives the apps that it started; they end with these codes."""

    def start(*arguments: str, config: str = "", codes: tuple[int, ...] = (0,)) -> list[Start]:
        starts: list[Start] = []

        def run(app: TraceApp, **_: object) -> None:
            starts.append(app.start)
            app.exit(return_code=codes[len(starts) - 1])

        settings = tmp_path / "config.toml"
        settings.write_text(config)
        monkeypatch.setenv("CODEX_TRACE_TUI_CONFIG", str(settings))
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("LANG", "C.UTF-8")
        monkeypatch.delenv("LC_ALL", raising=False)
        monkeypatch.setattr(TraceApp, "run", run)
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, Terminal())
        assert main([*arguments, "--no-cache"]) == codes[len(starts) - 1]
        return starts

    return start


def test_the_command_line_says_what_the_app_starts_with(started: Callable[..., list[Start]]) -> None:
    config = 'theme = "trace-light"\n[keys]\nnext_failure = "x"\n'
    [start] = started("--root", str(OLD), "01a1f902#turn=1", config=config)
    assert start.roots == (str(OLD),)
    assert start.target == read_target("01a1f902#turn=1")
    assert start.theme == "trace-light"
    assert start.keys == (("next_failure", "x"),)
    assert not start.cached


def test_failed_without_a_target_means_the_latest_failed_one(started: Callable[..., list[Start]]) -> None:
    [start] = started("--failed", "--root", str(OLD))
    assert start.failed
    assert start.target == Target(f"{LATEST}:failed")


def test_for_a_file_its_own_home_is_looked_at(started: Callable[..., list[Start]]) -> None:
    [start] = started(str(sample(COMMANDS)))
    assert start.roots == (str(SAMPLES),)


def test_the_demo_wanted_from_the_welcome_is_started(
    started: Callable[..., list[Start]], tmp_path: Path
) -> None:
    first, second = started("--root", str(tmp_path), codes=(OPEN_DEMO, 0))
    assert first.roots == (str(tmp_path),)
    assert "demo" in second.roots[0]
    assert second.target == Target(LATEST)
    assert not Path(second.roots[0]).exists()


def test_the_demo_can_be_asked_for_at_once(started: Callable[..., list[Start]]) -> None:
    [start] = started("--demo")
    assert "demo" in start.roots[0]


def test_without_a_terminal_the_session_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(SAMPLES), "--no-cache", RESUMED]) == 0
    told = capsys.readouterr()
    assert "the app needs a terminal" in told.err
    assert "Please do step one." in told.out
    assert "Step four is done." in told.out
