"""Blocks become lines: never wider than asked for, never with control in them, and nothing goes missing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.reading_sessions import call_named, sample
from trace_tui.home import Home
from trace_tui.parsers.events import CallMade, CallOutput
from trace_tui.reading import SessionReader
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import (
    Block,
    Checklist,
    Code,
    Facts,
    FileChange,
    Filled,
    Folded,
    Gauge,
    Heading,
    Later,
    Output,
    Patch,
    Plain,
    Prose,
    Rows,
    Title,
)
from trace_tui.widgets.document import Document
from trace_tui.widgets.palette import Palette
from trace_tui.wording.cells import Line

FOLD = 20
"""The line that stands for the middle of a long output."""
BIDI = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def laid_out(*blocks: Block, width: int = 80) -> Document:
    document = Document(blocks)
    document.lay_out(width)
    return document


def lines_of(document: Document) -> list[Line]:
    return [document.line(index) for index in range(len(document))]


def words(line: Line) -> str:
    return "".join(text for text, _ in line)


def shown(*blocks: Block, width: int = 80) -> list[str]:
    return [words(line) for line in lines_of(laid_out(*blocks, width=width))]


def styles(line: Line) -> dict[str, str]:
    return {text: style for text, style in line if text.strip()}


@cache
def sample_texts(scenario: str, summary: str) -> tuple[str, str]:
    """Input and output of a call, whole."""
    sources = Home(sample(scenario)).thread_sources()
    session = SessionReader(sources).run()
    call = call_named(session, summary)
    with Texts(session, sources) as texts:
        made = texts.event(call.place)
        assert call.output_place is not None
        output = texts.event(call.output_place)
    assert isinstance(made, CallMade)
    assert isinstance(output, CallOutput)
    return made.input, output.text or ""


def test_facts_stand_in_two_columns_and_long_values_go_on_under_themselves() -> None:
    facts = Facts([("folder", "/home/ada/work on the engine"), ("model", "gpt-5"), ("a label too long", "x")])
    assert shown(facts, width=34) == [
        "folder        /home/ada/work on",
        "              the engine",
        "model         gpt-5",
        "a label too…  x",
    ]


def test_a_heading_keeps_its_distance_but_not_at_the_top() -> None:
    lines = shown(Heading("Input"), Heading("Output", "12 lines"), Plain("text"), width=24)
    assert lines == ["Input", "", "Output          12 lines", "text"]
    assert shown(Heading("Output", "12 lines"), width=12) == ["Output"]


def test_titles_and_rows_are_cut_and_never_wrapped() -> None:
    row: Line = [("✗ exit 1", "bold red"), (" · cargo test --workspace", "")]
    for block in (Title(row), Rows([row])):
        document = laid_out(block, width=16)
        assert lines_of(document) == [[("✗ exit 1", "bold red"), (" · carg…", "")]]


@pytest.mark.parametrize(("share", "style"), [(0.2, ""), (0.5, "yellow"), (0.8, "red"), (1.7, "red")])
def test_a_gauge_warns_from_the_half_on(share: float, style: str) -> None:
    line = laid_out(Gauge("context", share, "of 258k", warns=True)).line(0)
    full = min(round(share * 20), 20)
    assert words(line) == "context " + "█" * full + "░" * (20 - full) + " of 258k"
    assert styles(line)["█" * full] == style


def test_a_checklist_says_how_far_each_step_is() -> None:
    document = laid_out(Checklist([("read", "completed"), ("fix", "in_progress"), ("test", "pending")]))
    assert [words(line) for line in lines_of(document)] == ["✓ read", "▸ fix", "· test"]
    assert [styles(line) for line in lines_of(document)] == [
        {"✓ ": "dim", "read": "dim"},
        {"▸ ": "bold", "fix": "bold"},
        {"· ": "", "test": ""},
    ]


def test_folded_blocks_open_under_their_line_and_close_again() -> None:
    document = laid_out(Folded("thought for 4 s", [Plain("first\nsecond")]), Plain("after"))
    assert [words(line) for line in lines_of(document)] == ["▸ thought for 4 s", "after"]
    assert document.can_toggle(0)
    assert not document.can_toggle(1)
    assert not document.toggle(1)
    assert document.toggle(0)
    opened = ["▾ thought for 4 s", "  first", "  second", "after"]
    assert [words(line) for line in lines_of(document)] == opened
    document.lay_out(9)
    assert words(document.line(1)) == "  first"
    assert document.toggle(0)
    assert len(document) == 2


def test_what_is_told_later_takes_its_place_and_leaves_the_rest_as_it_is() -> None:
    document = laid_out(Folded("reasoning", [Plain("one")]), Later("why"), Later("told"), Plain("end"))
    document.toggle(0)
    told = document.fill("told", [Heading("told its parent"), Plain("nothing")])
    assert told == Filled(2, 0, 3)
    assert document.fill("why", [Heading("why")]) == Filled(2, 0, 2)
    assert document.fill("told", [Plain("wrapped at the width of all")]) == Filled(4, 3, 1)
    assert [words(line) for line in lines_of(document)] == [
        "▾ reasoning",
        "  one",
        "",
        "why",
        "wrapped at the width of all",
        "end",
    ]
    assert document.fill("told", []) == Filled(4, 1, 0)
    assert document.text() == "reasoning\none\n\nwhy\nend"
    assert document.has("why")
    assert not document.has("end")


def test_lines_below_what_was_filled_in_are_found_again() -> None:
    filled = Filled(first=4, before=3, now=5)
    assert [filled.line_now(line) for line in (0, 3, 4, 6, 7, 9)] == [0, 3, 4, 6, 9, 11]
    shorter = Filled(first=4, before=3, now=1)
    assert [shorter.line_now(line) for line in (3, 4, 6, 7)] == [3, 4, 4, 5]
    assert Filled(0, 1, 0).line_now(0) == 0


def test_what_is_folded_inside_a_fold_is_opened_too() -> None:
    document = laid_out(Folded("output", [Output("line\n" * 100)]))
    document.toggle(0)
    assert document.can_toggle(1 + FOLD)
    document.open_all()
    assert len(document) == 1 + 100 + 1


def test_a_long_output_of_a_session_shows_its_ends_and_opens_at_the_same_line() -> None:
    _, output = sample_texts("b_exec", "seq 1 60000")
    rows = output.rstrip("\n").split("\n")
    document = laid_out(Output(output))
    assert len(document) == 41
    assert words(document.line(FOLD)) == f"… {len(rows) - 40:,} more lines – Enter shows all"
    assert [words(document.line(index)) for index in range(FOLD)] == rows[:20]
    assert [words(document.line(index)) for index in range(FOLD + 1, 41)] == rows[-20:]

    assert document.toggle(FOLD)
    assert words(document.line(FOLD)).startswith("▾ ")
    opened = [words(line) for line in lines_of(document)]
    assert opened[:FOLD] + opened[FOLD + 1 :] == rows
    document.lay_out(60)
    assert document.can_toggle(FOLD)
    assert len(document) == len(rows) + 1


def test_forty_lines_are_not_folded_and_one_enormous_line_is() -> None:
    assert len(laid_out(Output("line\n" * 40))) == 40
    document = laid_out(Output("x" * 8_000))
    assert words(document.line(FOLD)) == "… 60 more lines – Enter shows all"
    document.open_all()
    assert "".join(words(line) for line in lines_of(document)[FOLD + 1 :]) == "x" * 80 * 80


def test_colours_of_a_program_become_style_words_and_go_on_over_lines() -> None:
    output = Output("\x1b[1;31merror\x1b[0m: no\n\x1b[38;5;208ma\x1b[38;5;1mb\x1b[38;2;1;2;3mc\nd\x1b[39;4me")
    first, second, third = lines_of(laid_out(output))
    assert first == [("error", "bold red"), (": no", "")]
    assert second == [("a", "color(208)"), ("b", "red"), ("c", "#010203")]
    assert third == [("d", "#010203"), ("e", "underline")]


@pytest.mark.parametrize(
    ("sequence", "style"),
    [
        ("94", "blue"),
        ("30", "dim"),
        ("37", ""),
        ("30;42", "black on green"),
        ("2;3;7;36", "dim italic reverse cyan"),
        ("1;31;22;39", ""),
        ("38:2::10:11:12", "#0a0b0c"),
        ("4:3", "underline"),
        ("4;4:0", ""),
        ("58;5;1", ""),
        ("38", ""),
        ("48;2;300;0", "on #ff0000"),
        ("1" * 5000, ""),
        ("999;1", "bold"),
    ],
)
def test_every_way_to_write_a_colour_is_read(sequence: str, style: str) -> None:
    [line] = lines_of(laid_out(Output(f"\x1b[{sequence}mtext")))
    assert line == [("text", style)]
    assert bool(Palette({}).style(style)) == bool(style)


@pytest.mark.parametrize(
    ("output", "seen"),
    [
        ("10%\r20%\r100%\ndone", ["100%", "done"]),
        ("windows\r\nline ends\r\n", ["windows", "line ends"]),
        ("downloading\rok", ["okwnloading"]),
        ("downloading\r\x1b[Kok", ["ok"]),
        ("\x1b[31m10%\r\x1b[32m20%\r", ["20%"]),
        ("one\r\x1b[0m", ["one"]),
    ],
)
def test_a_progress_bar_is_seen_as_it_was_at_last(output: str, seen: list[str]) -> None:
    assert shown(Output(output)) == seen


def test_other_terminal_control_vanishes_or_can_be_seen() -> None:
    assert shown(
        Output("\x1b]0;title\x07a\x1b[2J\x1b[10;3Hb\x1b(Bc\x1b]8;;http://x\x1b\\d\x1b]8;;\x1b\\")
    ) == ["abcd"]
    assert shown(Output("\x1b]0;never ended\nnext \x9b31m\x00\u202e")) == [
        "␛]0;never ended",
        "next \ufffd31m␀\ufffd",
    ]


def test_tabs_reach_the_columns_that_they_would_in_a_terminal() -> None:
    assert shown(Output("ab\tc\n\x1b[31mab\x1b[0m\tc\tde\n     1\tx")) == [
        "ab      c",
        "ab      c       de",
        "     1  x",
    ]


def test_plain_text_wraps_between_words_and_code_anywhere() -> None:
    text = "the quick brown fox jumps"
    assert shown(Plain(text), width=12) == ["the quick", "brown fox", "jumps"]
    assert shown(Code(text), width=12) == ["the quick br", "own fox jump", "s"]
    assert shown(Plain("word a \nword b"), width=6) == ["word a", "word b"]
    assert shown(Plain("see " + "x" * 20), width=12) == ["see xxxxxxxx", "xxxxxxxxxxxx"]


def test_wide_and_joined_characters_keep_to_the_width() -> None:
    assert shown(Plain("漢字漢字"), width=5) == ["漢字", "漢字"]
    assert shown(Plain("漢"), width=1) == ["…"]
    assert shown(Plain("e\u0301e\u0301e\u0301"), width=2) == ["e\u0301e\u0301", "e\u0301"]
    assert shown(Plain("👩\u200d💻❤\ufe0f"), width=5) == ["👩💻❤"]


def test_nothing_makes_no_lines_but_an_empty_line_is_one() -> None:
    assert shown(Plain(""), Output(""), Code(""), Prose(""), Patch([])) == []
    assert shown(Plain("a\n\nb\n")) == ["a", "", "b"]


@pytest.mark.parametrize(
    ("language", "code", "styled"),
    [
        ("json", '{"a": [1, "x", true]} ', {'"a"': "code name", "1": "code number", '"x"': "code string"}),
        ("bash", "for x in *; do true; done # why", {"for": "code keyword", "# why": "code comment"}),
        ("python", "def f(): return 1", {"def": "code keyword", "f": "code name", "1": "code number"}),
        ("javascript", "const a = 'b'", {"const": "code keyword", "'b'": "code string"}),
        ("diff", "+new", {"+new": "added"}),
    ],
)
def test_code_is_highlighted(language: str, code: str, styled: dict[str, str]) -> None:
    [line] = lines_of(laid_out(Code(code, language)))
    assert words(line) == code
    assert styled.items() <= styles(line).items()


def test_code_that_is_unknown_or_long_is_shown_plain() -> None:
    assert lines_of(laid_out(Code("def f()", "klingon"))) == [[("def f()", "")]]
    assert laid_out(Code("return 1\n" * 10_000, "python")).line(5) == [("return 1", "")]


def test_a_text_that_would_take_a_lexer_minutes_is_shown_all_the_same() -> None:
    document = laid_out(Code("\n " * 30_000 + "\nend", "python"))
    assert words(document.line(len(document) - 1)) == "end"


def patch_of(sent: str) -> Sequence[str]:
    """The lines of the first file of a patch as it was sent."""
    body = sent.partition("File: ")[2].partition("\n")[2].partition("\n*** ")[0]
    return body.split("\n")


def test_a_patch_of_a_session_says_what_each_line_is_by_its_sign() -> None:
    sent, _ = sample_texts("c_patch", "docs/usage.md (+3 −0)")
    lines = patch_of(sent)
    change = FileChange("notes.txt", "update", lines)
    document = laid_out(Patch([change]))
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    counts = [f"+{added}" if added else "", f"−{removed}" if removed else ""]
    assert words(document.line(0)) == f"update notes.txt  {' '.join(filter(None, counts))}"
    assert [words(document.line(index + 1)) for index in range(len(lines))] == lines


def test_files_of_a_patch_are_counted_together_and_moves_are_told() -> None:
    changes = [
        FileChange("a.py", "update", ["@@", " same", "-old", "+new", "+more"], moved_to="b.py"),
        FileChange("c.py", "delete", []),
    ]
    document = laid_out(Patch(changes))
    assert [words(line) for line in lines_of(document)] == [
        "2 files  +2 −1",
        "move a.py → b.py  +2 −1",
        "@@",
        " same",
        "-old",
        "+new",
        "+more",
        "delete c.py",
    ]
    assert styles(document.line(4)) == {"-": "removed", "old": "removed"}
    assert styles(document.line(3)) == {"same": "dim"}


def test_changed_words_are_marked_in_lines_that_took_each_others_place() -> None:
    change = FileChange(
        "a.py",
        "update",
        ["-total = price + tax", "-import os", "+total = price - tax", "+def something_else():", "+x"],
    )
    _, old, other, new, *_ = lines_of(laid_out(Patch([change])))
    assert old[1:] == [("total = price ", "removed"), ("+", "removed word"), (" tax", "removed")]
    assert new[1:] == [("total = price ", "added"), ("-", "added word"), (" tax", "added")]
    assert other[1:] == [("import os", "removed")]


def test_a_wrapped_line_of_a_patch_keeps_its_sign_and_its_marks() -> None:
    lines = [f"{sign}{'same ' * 5}{word} end" for sign, word in (("-", "one"), ("+", "two"))]
    document = laid_out(Patch([FileChange("a", "update", lines)]), width=13)
    rows = [words(line) for line in lines_of(document)][1:]
    assert rows == [
        "-same same sa",
        "-me same same",
        "- one end",
        "+same same sa",
        "+me same same",
        "+ two end",
    ]
    assert styles(document.line(3))["one"] == "removed word"
    assert shown(Patch([FileChange("a", "add", ["+", "", "no sign"])]))[1:] == ["+", " ", " no sign"]


def test_enormous_lines_of_a_patch_are_not_compared() -> None:
    lines = ["-" + "a b " * 500, "+" + "a c " * 500]
    document = laid_out(Patch([FileChange("a", "update", lines)]), width=200)
    assert {style for line in lines_of(document)[1:] for _, style in line} == {"added", "removed"}


MARKDOWN = """
# Result

It *works* with **all** `flags`, see [the file](src/a.py), <https://example.org> and <b>tags</b>.

- one
  1. two

```python
def f():
```

| name | count |
|------|-------|
| x    | 12    |
"""


def test_markdown_is_rendered_in_the_words_of_our_palette() -> None:
    document = laid_out(Prose(MARKDOWN), width=60)
    lines = lines_of(document)
    assert lines[0] == [("Result", "bold underline")]
    told = styles(lines[2])
    assert (told["works"], told["all"], told["flags"], told["the file"]) == (
        "italic",
        "bold",
        "blue",
        "underline",
    )
    written = [words(line) for line in lines]
    assert written[2:] == [
        "It works with all flags, see the file (src/a.py),",
        "https://example.org and <b>tags</b>.",
        "",
        " • one",
        "    1 two",
        "",
        "  def f():",
        "",
        "name   count",
        "────────────",
        "x      12",
    ]
    known = {"", "bold", "italic", "underline", "dim", "blue"}
    assert {word for line in lines for _, style in line for word in style.split()} <= known


def test_prose_keeps_the_style_it_is_told_in() -> None:
    assert lines_of(laid_out(Prose("a **b**", "dim italic"))) == [
        [("a ", "dim italic"), ("b", "dim italic bold")]
    ]


@pytest.mark.parametrize(
    "prose", ["> " * 15 + "deep", "|a" * 40 + "|\n" + "|-" * 40 + "|\n" + "|deep" * 40 + "|"]
)
def test_prose_without_room_for_its_shape_is_shown_as_it_was_written(prose: str) -> None:
    assert "deep" in " ".join(shown(Prose(prose), width=30))
    assert not any(line.startswith("▌") for line in shown(Prose(prose), width=30))


def test_long_prose_is_shown_as_it_was_written_under_a_note() -> None:
    document = laid_out(Prose("**word** " * 3_000))
    assert document.line(0) == [("long text, shown as it was written", "dim")]
    assert words(document.line(1)).startswith("**word** **word**")


def test_markdown_cannot_write_control_characters_in_other_ways() -> None:
    [line] = shown(Prose("a&#8238;b&#27;c&#12;d&#x9b;e&#13;f"))
    assert not [character for character in line if unicodedata.category(character) in ("Cc", "Cf")]


def test_all_of_a_document_can_be_copied_as_plain_text() -> None:
    document = laid_out(
        Title([("✓ ok", "green"), (" · make", "")]),
        Facts([("model", "gpt-5")]),
        Heading("Output", "50 lines"),
        Output("\x1b[31mred\x1b[0m\n" * 50),
        Folded("thoughts", [Prose("**deep**")]),
        Patch([FileChange("a", "add", ["+b\x00"])]),
        width=10,
    )
    text = document.text().split("\n")
    assert text[:4] == ["✓ ok · make", "model: gpt-5", "", "Output  50 lines"]
    assert text[4:54] == ["red"] * 50
    assert text[54:] == ["thoughts", "**deep**", "add a  +1", "+b␀"]


def test_there_is_no_line_outside_of_a_document() -> None:
    document = laid_out(Plain("a"))
    for index in (-1, 1):
        with pytest.raises(IndexError):
            document.line(index)


# Any text at any width.

NASTY = [
    "\x1b[31m",
    "\x1b[0;1m",
    "\x1b]8;;x\x07",
    "\x1b[K",
    "\x1b",
    "\r",
    "\n",
    "\t",
    "\x9b",
    "\u202e",
    "\u2028",
]
NASTY += [
    "漢",
    "👩",
    "\u200d",
    "\ufe0f",
    "\u0301",
    "🇩🇪",
    "❤",
    "a",
    " ",
    "word ",
    "- ",
    "| a |\n|---|\n",
    "> ",
    "`",
    "#",
    "&#8238;",
]
texts = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=8)), max_size=40).map("".join)
widths = st.integers(1, 200)
makers: list[Callable[[str], Block]] = [
    lambda text: Title([(text, ""), (text, "bold")]),
    lambda text: Facts([(text, text), ("model", text)]),
    lambda text: Heading(text, text),
    Plain,
    Prose,
    lambda text: Code(text, "bash"),
    Output,
    lambda text: Output(text + "\nline" * 60),
    lambda text: Patch([FileChange(text, "update", [f"-{text}", f"+{text}x", text])]),
    lambda text: Checklist([(text, "completed")]),
    lambda text: Rows([[(text, "")]]),
    lambda text: Gauge(text, 0.3, text),
    lambda text: Folded(text, [Plain(text), Folded("more", [Output(text)])]),
]
blocks = st.builds(lambda make, text: make(text), st.sampled_from(makers), texts)


def assert_harmless(line: Line, width: int) -> None:
    assert sum(cell_len(text) for text, _ in line) <= width
    assert cell_len(words(line)) <= width
    for character in words(line):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert ord(character) not in BIDI


@given(st.lists(blocks, min_size=1, max_size=3), widths, widths)
def test_no_text_breaks_out_of_its_lines_at_any_width(told: list[Block], width: int, later: int) -> None:
    document = Document(told)
    for asked in (width, later):
        document.lay_out(asked)
        document.open_all()
        for line in lines_of(document):
            assert_harmless(line, asked)
        with pytest.raises(IndexError):
            document.line(len(document))
    for character in document.text():
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cs")


@given(st.lists(blocks, min_size=1, max_size=3), widths)
def test_what_opens_closes_again(told: list[Block], width: int) -> None:
    document = laid_out(*told, width=width)
    before = lines_of(document)
    for index in range(len(document)):
        assert document.toggle(index) == document.can_toggle(index)
        if document.can_toggle(index):
            document.toggle(index)
    assert lines_of(document) == before


@given(texts.filter(lambda text: not set(text) & {"\x1b", "\r", "\t"}), widths)
def test_an_opened_output_has_all_that_was_printed(text: str, width: int) -> None:
    """But for the blanks that rows end with, and for what a single cell is too little for."""
    document = laid_out(Output(text), width=width + 1)
    whole = document.text()
    document.open_all()
    rows = [words(line) for index, line in enumerate(lines_of(document)) if not document.can_toggle(index)]
    bare = str.maketrans("", "", " \n\u200d\ufe0f")
    assert "".join(rows).translate(bare) == whole.translate(bare)
