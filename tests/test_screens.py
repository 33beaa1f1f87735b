"""How the app looks: the telling screens as pictures, others as text, at three sizes and in every look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.driving import Reader, settled, until
from tests.screens import LARGE, MIDDLE, SCENES, SMALL, Scene, Size, app_for, played, same_every_time
from trace_tui.app.app import TraceApp
from trace_tui.app.starting import Start

TINY, TINIEST = Size(40, 10), Size(10, 3)

PICTURES = {
    TINY: ("failed-call",),
    SMALL: ("sessions", "failed-call", "search", "copy-menu"),
    MIDDLE: (
        *("chain-unfolded", "failed-call", "nested-calls", "patch", "plan", "mcp-error", "worker"),
        *("rewound", "raw", "steps-menu", "help"),
    ),
    LARGE: ("failed-call", "session-detail"),
}
"""Scenes with a picture of their own; all others are kept as text, which is much smaller."""
OTHER_LOOKS = {SMALL: ("search",), MIDDLE: ("failed-call",)}
"""Scenes that are worth a picture in other colours."""
IN_ASCII = {
    SMALL: ("sessions", "failed-call", "copy-menu", "help"),
    MIDDLE: ("chain-unfolded", "failed-call", "nested-calls", "patch", "rewound", "session-detail"),
}
SAME_WHEN_LARGE = {
    "copy-menu",
    "steps-menu",
    "sessions-menu",
    "help",
    "search-prompt",
    "zoomed",
    "turn-folded",
}
AS_TEXT = {
    TINY: ("sessions", "steps-menu", "help"),
    SMALL: tuple(name for name in SCENES if name not in PICTURES[SMALL]),
    MIDDLE: tuple(name for name in SCENES if name not in PICTURES[MIDDLE]),
    LARGE: tuple(name for name in SCENES if name not in SAME_WHEN_LARGE.union(PICTURES[LARGE])),
}

Pictures = Callable[..., bool]
Texts = Callable[[str, str], None]


def each(chosen: Mapping[Size, tuple[str, ...]]) -> pytest.MarkDecorator:
    cases = [
        pytest.param(name, size, id=f"{name}-{size}") for size, names in chosen.items() for name in names
    ]
    return pytest.mark.parametrize(("name", "size"), cases)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with same_every_time(tmp_path, monkeypatch) as home:
        yield home


@pytest.fixture
def is_pictured(snap_compare: Pictures) -> Callable[[TraceApp, Scene, Size], bool]:
    def compare(app: TraceApp, scene: Scene, size: Size) -> bool:
        async def play(pilot: Pilot[int]) -> None:
            await played(scene, app, pilot)

        return snap_compare(app, terminal_size=size, run_before=play)

    return compare


async def seen(app: TraceApp, scene: Scene, size: Size) -> str:
    async with app.run_test(size=size) as pilot:
        reader = await played(scene, app, pilot)
        return reader.screen() + "\n"


# -- everything, in the dark --------------------------------------------


@each(PICTURES)
def test_picture(name: str, size: Size, home: Path, is_pictured: Callable[..., bool]) -> None:
    with app_for(SCENES[name], home) as app:
        assert is_pictured(app, SCENES[name], size)


@each(AS_TEXT)
async def test_text(name: str, size: Size, home: Path, text_snapshot: Texts) -> None:
    with app_for(SCENES[name], home) as app:
        text_snapshot(await seen(app, SCENES[name], size), f"{name}-{size}")


# -- other looks --------------------------------------------------------


@each(OTHER_LOOKS)
def test_picture_in_the_light(name: str, size: Size, home: Path, is_pictured: Callable[..., bool]) -> None:
    with app_for(SCENES[name], home, theme="trace-light") as app:
        assert is_pictured(app, SCENES[name], size)


@each(OTHER_LOOKS)
def test_picture_without_colours(
    name: str, size: Size, home: Path, is_pictured: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with app_for(SCENES[name], home, theme="ansi-dark") as app:
        assert is_pictured(app, SCENES[name], size)


@each(IN_ASCII)
async def test_ascii_text_has_no_other_signs(name: str, size: Size, home: Path, text_snapshot: Texts) -> None:
    with app_for(SCENES[name], home, ascii=True) as app:
        text = await seen(app, SCENES[name], size)
    text_snapshot(text, f"{name}-{size}-ascii")
    assert text.isascii()


# -- nothing to read, no room -------------------------------------------


@pytest.mark.parametrize("size", [TINY, SMALL, MIDDLE], ids=str)
async def test_welcome_where_there_is_nothing(
    size: Size, home: Path, text_snapshot: Texts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "codex-home").mkdir()
    monkeypatch.chdir(tmp_path)
    app = TraceApp(Start(("codex-home",), cached=False))
    async with app.run_test(size=size) as pilot:
        reader = Reader(app, pilot)
        await reader.sees("No sessions")
        await settled(pilot)
        text_snapshot(reader.screen() + "\n", f"welcome-{size}")


@pytest.mark.parametrize(
    "name", ["sessions", "failed-call", "worker", "session-detail", "search", "copy-menu", "help"]
)
async def test_no_terminal_is_too_small(name: str, home: Path) -> None:
    """What is asked for may be out of sight, but nothing breaks."""
    with app_for(SCENES[name], home) as app:
        text = await seen(app, SCENES[name], TINIEST)
    assert len(text.splitlines()) == TINIEST.height
    assert text.strip()


async def test_a_terminal_may_shrink_to_nothing_and_grow_again(home: Path) -> None:
    scene = SCENES["failed-call"]
    with app_for(scene, home) as app:
        async with app.run_test(size=MIDDLE) as pilot:
            reader = await played(scene, app, pilot)
            before = reader.screen()
            for size in (TINY, Size(1, 1), TINIEST, LARGE, MIDDLE):
                await reader.resize(*size)
            await reader.idle()
            await until(lambda: reader.screen() == before, "the same screen as before")
