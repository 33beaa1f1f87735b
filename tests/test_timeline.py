"""The timeline alone: which rows a session has, how they look, and what stays where the person put it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.building import read_file
from tests.driving import cursor_line, lines_of, press, sample, settled, squeezed
from trace_tui.model import (
    Call,
    CallStatus,
    Item,
    Note,
    NoteKind,
    Place,
    Text,
    Tool,
    Turn,
    TurnStatus,
)
from trace_tui.widgets.row_book import RowBook, interleaved, rows_of
from trace_tui.widgets.timeline import Timeline
from trace_tui.widgets.timeline_rows import Choice, Kind, Row, StepKind, failures_of
from trace_tui.wording.agents import badge_at
from trace_tui.wording.cast import NOBODY
from trace_tui.wording.cells import Line

BEGAN = 1_795_176_000_000
MINUTE = 60_000
_places = count(2)


def call(summary: str, status: CallStatus = CallStatus.OK, tool: Tool = Tool.EXEC, **more: object) -> Call:
    place = Place(next(_places))
    made = Call(f"call_{place}", "exec_command", tool, place, summary=summary, status=status)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def note(kind: NoteKind, text: str, at: int | None = None) -> Note:
    return Note(kind, Place(next(_places)), at, text)


def turn(*items: Item, index: int = 1, prompt: str = "Please check.", **more: object) -> Turn:
    place = Place(next(_places))
    made = Turn(index, place, status=TurnStatus.COMPLETED, prompt=Text(prompt, place), items=list(items))
    for name, value in more.items():
        setattr(made, name, value)
    return made


FAILED = CallStatus.FAILED
SUMMARY: Line = [("what it came to", "")]


class Alone(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        self.timeline = Timeline()

    def compose(self) -> ComposeResult:
        yield self.timeline

    def on_mount(self) -> None:
        self.timeline.focus()


@asynccontextmanager
async def shown(
    turns: Sequence[Turn], choice: Choice | None = None, *, size: tuple[int, int] = (80, 30)
) -> AsyncIterator[tuple[Timeline, Pilot[None]]]:
    app = Alone()
    async with app.run_test(size=size) as pilot:
        app.timeline.show(rows_of(turns, choice or Choice()), NOBODY, SUMMARY)
        await settled(pilot)
        yield app.timeline, pilot


def seen(timeline: Timeline) -> list[str]:
    return [squeezed(line.lstrip("▌")) for line in lines_of(timeline) if line.strip()]


def told(turns: Sequence[Turn], choice: Choice | None = None) -> list[str]:
    """The rows in short: what they are, and of what."""
    return [_told(row) for row in rows_of(turns, choice or Choice())]


def _told(row: Row) -> str:
    if isinstance(row.item, Call) and row.kind is Kind.CALL:
        return f"{row.bracket}{row.item.summary}"
    if isinstance(row.item, Note) and row.kind is Kind.NOTE:
        return row.item.text
    return f"{row.kind.value} {row.words}".strip()


# -- which rows ---------------------------------------------------------


def test_a_session_begins_with_itself_then_come_its_turns() -> None:
    assert told([turn(call("make")), turn(index=2)]) == ["session", "turn 1 call", "make", "turn"]


def test_seven_reads_are_one_row() -> None:
    reads = [call(f"cat {name}") for name in "abcdefg"]
    assert told([turn(*reads, call("make"))]) == ["session", "turn 8 calls", "run 7 reads", "make"]


def test_two_reads_are_not_worth_a_fold() -> None:
    assert told([turn(call("cat a"), call("ls"))])[2:] == ["cat a", "ls"]


def test_a_run_never_hides_a_failure() -> None:
    reads = [call(f"cat {name}") for name in "abc"]
    failed = call("cat nowhere", FAILED)
    assert told([turn(*reads, failed, *[call("ls") for _ in range(3)])])[2:] == [
        "run 3 reads",
        "cat nowhere",
        "run 3 reads",
    ]


def test_a_run_never_hides_a_message_of_anybody() -> None:
    reads = [call(f"cat {name}") for name in "abc"]
    for kind in (NoteKind.PROMPT, NoteKind.MESSAGE, NoteKind.AGENT_MESSAGE, NoteKind.ERROR):
        assert told([turn(*reads, note(kind, "Stop."), *reads)])[2:] == [
            "run 3 reads",
            "Stop.",
            "run 3 reads",
        ]


def test_thoughts_within_a_run_are_in_it_and_the_last_one_is_not() -> None:
    items: list[Item] = [call("cat a"), note(NoteKind.REASONING, "Hm."), call("cat b"), call("cat c")]
    items += [note(NoteKind.REASONING, "Now build."), call("make")]
    assert told([turn(*items)])[2:] == ["run 3 reads", "Now build.", "make"]


def test_unfolded_runs_can_be_asked_for() -> None:
    reads = [call(f"cat {name}") for name in "abc"]
    assert told([turn(*reads)], Choice(quiet_runs=False))[2:] == ["cat a", "cat b", "cat c"]


def test_calls_side_by_side_are_bracketed() -> None:
    together = [call(name, parallel=True) for name in ("make a", "make b", "make c")]
    assert told([turn(call("make"), *together, call("make d"))])[2:] == [
        "make",
        "┌make a",
        "│make b",
        "└make c",
        "make d",
    ]
    assert told([turn(call("make", parallel=True))])[2:] == ["make"]


def test_more_than_a_minute_of_silence_is_told() -> None:
    first = call("make", started_at=BEGAN, ended_at=BEGAN + MINUTE)
    soon = call("make a", started_at=BEGAN + 2 * MINUTE - 1, ended_at=BEGAN + 2 * MINUTE)
    late = call("make b", started_at=BEGAN + 4 * MINUTE, ended_at=BEGAN + 4 * MINUTE)
    first_turn = turn(first, soon, late, started_at=BEGAN, ended_at=BEGAN + 4 * MINUTE)
    next_day = turn(index=2, started_at=BEGAN + 24 * 60 * MINUTE)
    rows = told([first_turn, next_day])
    assert rows[2:] == ["make", "make a", rows[4], "make b", rows[6], "turn"]
    assert rows[4].endswith("later")
    assert "2 min" in rows[4] or "2m" in rows[4]
    assert rows[6].endswith("later")


def test_compactions_and_other_models_divide() -> None:
    rows = rows_of([turn(note(NoteKind.COMPACTION, "A summary"), note(NoteKind.MODEL_CHANGE, "gpt-6"))])
    assert [(row.kind, row.words) for row in rows[2:]] == [
        (Kind.DIVIDER, "compacted"),
        (Kind.DIVIDER, "model"),
    ]


def test_undone_turns_are_divided_from_what_came_instead() -> None:
    turns = [turn(), turn(index=2, reverted=True), turn(index=3, reverted=True), turn(index=4)]
    assert told(turns) == ["session", "turn", "turn", "turn", "divider rewound: turns 2 to 3 undone", "turn"]
    assert told(turns[:2])[-1] == "divider rewound: turn 2 undone"


def test_filters_keep_the_heads_of_turns_but_only_failures_those_where_something_failed() -> None:
    items: list[Item] = [
        note(NoteKind.MESSAGE, "I look."),
        note(NoteKind.REASONING, "Hm."),
        call("make", FAILED),
        call("a.py", tool=Tool.PATCH),
        call("tracker.lookup", tool=Tool.MCP),
    ]
    turns = [turn(*items), turn(note(NoteKind.MESSAGE, "Done."), index=2)]
    only = {kind: told(turns, Choice(frozenset({kind}))) for kind in StepKind}
    heads = "turn 3 calls ✗1"
    assert only[StepKind.MESSAGES] == ["session", heads, "I look.", "turn", "Done."]
    assert only[StepKind.REASONING] == ["session", heads, "Hm.", "turn"]
    assert only[StepKind.COMMANDS] == ["session", heads, "make", "turn"]
    assert only[StepKind.PATCHES] == ["session", heads, "a.py", "turn"]
    assert only[StepKind.MCP] == ["session", heads, "tracker.lookup", "turn"]
    assert only[StepKind.AGENTS] == ["session", heads, "turn"]
    assert told(turns, Choice(only_failures=True)) == ["session", heads, "make"]


# -- nothing is lost, nothing stands twice ------------------------------

_calls = st.builds(
    lambda summary, status, tool, parallel, nested: call(
        summary, status, tool, parallel=parallel, nested=[call("sh x", one) for one in nested] or None
    ),
    st.sampled_from(["cat a", "ls", "make", "rg x | head", ""]),
    st.sampled_from(CallStatus),
    st.sampled_from(Tool),
    st.booleans(),
    st.lists(st.sampled_from(CallStatus), max_size=2),
)
_notes = st.builds(note, st.sampled_from(NoteKind), st.sampled_from(["Hm.", ""]))
_turns = st.lists(
    st.builds(
        lambda items, reverted: turn(*items, reverted=reverted),
        st.lists(st.one_of(_calls, _notes), max_size=12),
        st.booleans(),
    ),
    max_size=3,
).map(lambda turns: [_numbered(one, index) for index, one in enumerate(turns, 1)])
_choices = st.builds(Choice, st.frozensets(st.sampled_from(StepKind)), st.booleans(), st.booleans())


def _numbered(one: Turn, index: int) -> Turn:
    one.index = index
    return one


def _items(rows: Sequence[Row]) -> list[Item]:
    """What stands in rows, by itself or within a run."""
    found: list[Item] = []
    for row in rows:
        if row.kind is Kind.RUN:
            found += _items(row.hidden)
        elif row.item is not None:
            found.append(row.item)
    return found


@given(_turns)
@settings(max_examples=60)
def test_every_item_stands_in_the_rows_exactly_once_and_no_failure_is_hidden(turns: list[Turn]) -> None:
    rows = rows_of(turns)
    items = [item for one in turns for item in one.items]
    nested = [inner for item in items if isinstance(item, Call) for inner in item.nested or ()]
    assert Counter(map(id, _items(rows))) == Counter(map(id, [*items, *nested]))
    in_sight = {id(row.item) for row in rows if row.kind is Kind.CALL}
    assert all(id(one) in in_sight for turn in turns for one in turn.calls() if one.status.is_failure)


@given(_turns, _choices)
@settings(max_examples=60)
def test_whatever_is_chosen_no_item_stands_twice_and_every_turn_that_counts_has_its_head(
    turns: list[Turn], choice: Choice
) -> None:
    rows = rows_of(turns, choice)
    assert max(Counter(map(id, _items(rows))).values(), default=1) == 1
    failed = [turn for turn, _ in failures_of(turns)]
    heads = [turn for turn in turns if not choice.only_failures or turn in failed]
    assert [row.turn for row in rows if row.kind is Kind.TURN] == heads
    if choice.only_failures:
        in_sight = {id(row.item) for row in rows}
        assert all(id(one) in in_sight for turn in turns for one in turn.calls() if one.status.is_failure)


def test_a_rewind_names_no_turn_that_still_counts() -> None:
    turns = [turn(call("make", FAILED), index=number) for number in range(1, 6)]
    turns[2].items = [call("make")]
    turns[1].reverted = turns[3].reverted = True
    rewinds = [row.words for row in rows_of(turns, Choice(only_failures=True)) if row.kind is Kind.DIVIDER]
    assert rewinds == ["rewound: turn 2 undone", "rewound: turn 4 undone"]


@given(_turns, _choices)
@settings(max_examples=60)
def test_rows_that_grow_are_those_of_the_whole(turns: list[Turn], choice: Choice) -> None:
    """Item by item: what is told of each growth leads to the same rows."""
    book = RowBook(choice)
    seen = book.update([]).tail
    for number, whole in enumerate(turns):
        items, whole.items = whole.items, []
        for end in range(len(items) + 1):
            whole.items = items[:end]
            growth = book.update(turns[: number + 1])
            seen[growth.keep :] = growth.tail
            if growth.head is not None:
                seen[growth.head[0]] = growth.head[1]
    assert seen == rows_of(turns, choice)


# -- how they look ------------------------------------------------------


async def test_rows_of_a_real_session() -> None:
    session = read_file(sample("01a1f900-b678"))
    async with shown(session.turns) as (timeline, _):
        rows = seen(timeline)
        assert rows[0] == "what it came to"
        assert rows[1].startswith("▾ 1 ✓ Please make the check pass. 18 calls ✗5")
        lines = lines_of(timeline)
        outer = next(line for line in lines if "script" in line)
        inner = next(line for line in lines if "sh check.sh" in line)
        assert inner.index("run") == outer.index("script") + 2


async def test_a_narrow_timeline_leaves_out_the_times() -> None:
    turns = [turn(call("make", started_at=BEGAN))]
    async with shown(turns, size=(80, 10)) as (timeline, pilot):
        assert seen(timeline)[2].startswith("12:")
        await pilot.resize_terminal(40, 10)
        await settled(pilot)
        assert seen(timeline)[2].startswith("✓ run make")


async def test_a_run_opens_into_its_rows() -> None:
    reads = [call(f"cat {name}") for name in "abcdefg"]
    async with shown([turn(*reads, call("make"))]) as (timeline, pilot):
        assert seen(timeline)[2].startswith("▸ 7 reads cat a cat b")
        await press(pilot, "down", "down", "enter")
        assert [row.split()[3] for row in seen(timeline)[2:9]] == list("abcdefg")
        assert cursor_line(timeline).endswith("cat a")


async def test_a_step_is_found_within_a_run_and_within_a_folded_turn() -> None:
    reads = [call(f"cat {name}") for name in "abcdefg"]
    one = turn(*reads, call("make"))
    async with shown([one, turn(index=2)]) as (timeline, pilot):
        timeline.select(one, reads[4])
        await settled(pilot)
        assert cursor_line(timeline).endswith("cat e")
        await press(pilot, "left")
        assert cursor_line(timeline).startswith("▸ 1 ")
        timeline.select(one, reads[5])
        await settled(pilot)
        assert cursor_line(timeline).endswith("cat f")
        timeline.select(one, None)
        await settled(pilot)
        assert cursor_line(timeline).startswith("▾ 1 ")


async def test_what_is_told_further_moves_neither_cursor_nor_folds() -> None:
    first, second = turn(call("make a"), call("make b")), turn(call("make c"), index=2)
    async with shown([first, second]) as (timeline, pilot):
        await press(pilot, "down", "left", "down", "down")
        assert cursor_line(timeline).endswith("make c")
        second.items.append(call("make d"))
        timeline.update(rows_of([first, second]), NOBODY, SUMMARY)
        await settled(pilot)
        assert cursor_line(timeline).endswith("make c")
        assert seen(timeline)[1].startswith("▸ 1 ")
        assert seen(timeline)[-1].endswith("make d")


async def test_an_empty_timeline_takes_every_key() -> None:
    async with shown([]) as (timeline, pilot):
        for key in ("space", "left", "right", "]", "[", "t", "enter", "G", "g", "pagedown"):
            await press(pilot, key)
        assert cursor_line(timeline) == "what it came to"


async def test_texts_are_shown_as_they_are() -> None:
    evil = "[/foo] [red]x[/red] \x1b]0;owned\x07\x1b[31mred\x00\u202e"
    turns = [turn(call(evil), note(NoteKind.MESSAGE, evil), prompt=evil)]
    async with shown(turns, size=(120, 10)) as (timeline, _):
        text = "\n".join(lines_of(timeline))
        assert text.count("[/foo] [red]x[/red]") == 3
        assert all(character.isprintable() for character in text.replace("\n", ""))


# -- several agents in one timeline -------------------------------------


def test_of_several_agents_only_the_silence_of_all_is_told() -> None:
    """One is silent for five minutes, and meanwhile the other is at work for three."""
    one = turn(*(note(NoteKind.MESSAGE, "I say.", BEGAN + at * MINUTE) for at in (0, 5)), started_at=BEGAN)
    long_call = call("make", started_at=BEGAN, ended_at=BEGAN + 3 * MINUTE)
    other = turn(long_call, started_at=BEGAN)
    told = list(interleaved([(badge_at(0), "a", rows_of([one])), (badge_at(1), "b", rows_of([other]))]))
    assert [row.words for row in rows_of([one]) if row.kind is Kind.DIVIDER] == ["5m00s later"]
    assert [row.words for row in told if row.kind is Kind.DIVIDER] == ["2m00s later"]
    assert [row.badge.letter for row in told if row.badge is not None] == ["A", "A", "B", "B", "A"]
