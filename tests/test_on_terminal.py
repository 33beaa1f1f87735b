"""What is sent to the terminal: the same picture as Textual would send, in few bytes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from trace_tui.app.on_terminal import OnTerminal

WIDTH, HEIGHT = 24, 3
CONSOLE = Console(force_terminal=True, color_system="truecolor")
STYLES = [
    Style.parse(words)
    for words in (
        "red on black",
        "green on black",
        "bold red on black",
        "italic on blue",
        "underline red on black",
        "reverse",
        "none",
        "#c8d0e0 on #14161c",
        "bold dim #c8d0e0 on #14161c",
    )
]
_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([Hm])|([^\x1b])", re.DOTALL)
_COLOURS = {str(code) for code in (*range(30, 38), 39, *range(90, 98))}
_GROUNDS = {str(code) for code in (*range(40, 48), 49, *range(100, 108))}


class Screen:
    """Draws what it is sent: moves, looks, and signs that take one cell."""

    def __init__(self) -> None:
        self.cells = {(y, x): ("?", "?") for y in range(HEIGHT) for x in range(WIDTH)}

    def draw(self, sequence: str) -> None:
        y = x = 0
        look = ("", "39", "49")
        for numbers, kind, sign in _SEQUENCE.findall(sequence):
            if kind == "H":
                y, x = (int(number) - 1 for number in numbers.split(";"))
            elif kind == "m":
                look = _turned(look, numbers)
            else:
                self.cells[y, x] = (sign, _as_seen(sign, look))
                x += 1
        assert look == ("", "39", "49"), "looks must not leak into what others write"


def _turned(look: tuple[str, str, str], numbers: str) -> tuple[str, str, str]:
    attributes, colour, ground = look
    codes = numbers.split(";")
    while codes:
        code = codes.pop(0)
        if code in ("38", "48"):
            length = 4 if codes[0] == "2" else 2
            code, codes = ";".join([code, *codes[:length]]), codes[length:]
        if code in ("0", ""):
            attributes, colour, ground = "", "39", "49"
        elif code.startswith("38") or code in {
            str(number) for number in (*range(30, 38), 39, *range(90, 98))
        }:
            colour = code
        elif code in _GROUNDS or code.startswith("48;"):
            ground = code
        else:
            attributes = ";".join(sorted({*attributes.split(";"), code} - {""}))
    return attributes, colour, ground


def _as_seen(sign: str, look: tuple[str, str, str]) -> str:
    """Of a blank that is neither underlined nor turned about only the ground is seen."""
    attributes, _, ground = look
    return ground if sign == " " and not {"4", "7"} & set(attributes.split(";")) else "/".join(look)


pieces = st.lists(st.tuples(st.text("ab ✓", max_size=9), st.sampled_from(STYLES)), max_size=6)


@st.composite
def strips(draw: st.DrawFn) -> Strip:
    return Strip([Segment(*piece) for piece in draw(pieces)]).adjust_cell_length(WIDTH, STYLES[0])


def lines_of(lines: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[line] for line in lines], Region(0, 0, WIDTH, HEIGHT))


def change_of(y: int, line: Strip, cut: int = WIDTH) -> ChopsUpdate:
    """A line in two panes, of which both have changed."""
    chops: list[dict[int, Strip | None]] = [{0: None, cut: None} for _ in range(HEIGHT)]
    spans, ends = [(y, 0, cut)], [[cut, WIDTH]] * HEIGHT
    chops[y] = {0: line.crop(0, cut), cut: line.crop(cut, WIDTH)}
    if cut == WIDTH:
        chops[y], ends = {0: line}, [[WIDTH]] * HEIGHT
    else:
        spans.append((y, cut, WIDTH))
    return ChopsUpdate(chops, spans, ends)


def sent(terminal: OnTerminal, update: CompositorUpdate) -> str:
    changes = terminal.changes("screen", update)  # type: ignore[arg-type]
    assert isinstance(changes, CompositorUpdate)
    return changes.render_segments(CONSOLE)


def picture(lines: list[Strip]) -> Screen:
    """As Textual sends it."""
    screen = Screen()
    for y, line in enumerate(lines):
        screen.draw(f"\x1b[{y + 1};1H{line.render(CONSOLE)}")
    return screen


@given(
    st.lists(strips(), min_size=HEIGHT, max_size=HEIGHT),
    st.lists(st.tuples(st.integers(0, HEIGHT - 1), strips(), st.integers(1, WIDTH)), max_size=4),
)
def test_the_picture_is_the_one_that_textual_would_send(
    lines: list[Strip], changes: list[tuple[int, Strip, int]]
) -> None:
    terminal, screen = OnTerminal(), Screen()
    screen.draw(sent(terminal, lines_of(lines)))
    assert screen.cells == picture(lines).cells
    for y, line, cut in changes:
        lines[y] = line
        screen.draw(sent(terminal, change_of(y, line, cut)))
        assert screen.cells == picture(lines).cells


def line(*told: tuple[str, str]) -> Strip:
    segments = [Segment(text, Style.parse(style)) for text, style in told]
    return Strip(segments).adjust_cell_length(WIDTH, Style.parse("white on black"))


LINES = [line(("one", "red on black"), (" two three", "white on black"))] * HEIGHT


def test_what_is_there_already_is_not_sent_again() -> None:
    terminal = OnTerminal()
    assert sent(terminal, lines_of(LINES))
    assert sent(terminal, change_of(1, LINES[1])) == ""


def test_only_the_cells_that_differ_are_sent() -> None:
    terminal = OnTerminal()
    sent(terminal, lines_of(LINES))
    other = line(("one", "red on black"), (" two threa", "white on black"))
    assert sent(terminal, change_of(1, other)) == "\x1b[2;13H\x1b[40;37ma\x1b[49;39m"


def test_what_is_sent_can_be_read_line_by_line() -> None:
    """Whoever sees only part of it yet, or reads a recording, finds words in one piece."""
    terminal = OnTerminal()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", sent(terminal, lines_of(LINES)))
    assert [piece.rstrip() for piece in re.split(r"\x1b\[[0-9;]*H", plain)[1:]] == [
        one.text.rstrip() for one in LINES
    ]


def test_a_line_of_which_terminals_may_not_know_how_wide_it_is_is_sent_whole() -> None:
    terminal = OnTerminal()
    sent(terminal, lines_of(LINES))
    wide = line(("你好 one two", "red on black"))
    assert wide.render(CONSOLE) in sent(terminal, change_of(1, wide))
    assert sent(terminal, change_of(1, wide)) == ""
    other = line(("你好 one twa", "red on black"))
    assert other.render(CONSOLE) in sent(terminal, change_of(1, other))
    assert sent(terminal, change_of(1, LINES[1])).count("one two three") == 0
    assert "one" in sent(terminal, change_of(1, other))


def test_of_another_screen_or_size_nothing_is_known() -> None:
    terminal = OnTerminal()
    sent(terminal, lines_of(LINES))
    menu = terminal.changes("menu", change_of(1, LINES[1]))
    assert isinstance(menu, CompositorUpdate)
    assert "three" in menu.render_segments(CONSOLE)
    assert "three" in sent(terminal, change_of(1, LINES[1]))
    assert "three" in sent(terminal, lines_of(LINES))
