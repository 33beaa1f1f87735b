"""What comes over the panes or below them: the search and its marks, the page of keys, the palette, menus."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.command import CommandList
from textual.pilot import Pilot

from tests.driving import SAMPLES, Reader, lines_of, press, reading, settled, squeezed, type_words, until
from trace_tui.app.panes import Pane
from trace_tui.widgets.menu import Entry, Menu, TickMenu
from trace_tui.widgets.prompt import Prompt

COMMANDS = "01a1f900-a138"
RESUMED = "01a1f901-6347"
OLD = SAMPLES / "eras" / "0.104.0"


# -- searching in a session ---------------------------------------------


async def test_a_search_leads_to_the_first_hit_and_n_around_all_of_them() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.answer("/", "is done")
        await reader.hears("“is done”: 1 of 4 steps, 4 places")
        rows = [f"answer Step {number} is done." for number in ("one", "two", "three", "four")]
        for number, row in [(1, rows[0]), (2, rows[1]), (3, rows[2]), (4, rows[3]), (1, rows[0])]:
            assert row in reader.at()
            assert f"“is done”: {number} of 4 steps" in reader.bottom
            await reader.press("n")
        await reader.press("N", "N")
        assert "4 of 4 steps" in reader.bottom
        assert rows[3] in reader.at()


async def test_hits_are_marked_until_the_search_is_forgotten() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.answer("/", "step two")
        await reader.hears("1 of")
        assert marked(reader, "step two") >= 1
        await reader.press("escape")
        assert marked(reader, "step two") == 0
        assert reader.here is Pane.TIMELINE
        await reader.press("n")
        assert "nothing is looked for: / searches" in reader.bottom


def marked(reader: Reader, words: str) -> int:
    """How many times the words stand on the screen in a piece of their own."""
    strips = reader.app.screen._compositor.render_strips()
    return sum(segment.text.lower() == words for strip in strips for segment in strip)


async def test_capitals_count_only_where_they_are_typed() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.answer("/", "step one is done")
        await reader.hears("1 of 1 step")
        await reader.press("escape")
        await reader.answer("/", "STEP one is done")
        await reader.hears("nothing found")


async def test_where_nothing_is_found_it_is_said_and_the_cursor_stays() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("j", "j")
        stood = reader.at()
        await reader.answer("/", "[/nowhere]")
        await reader.hears("“[/nowhere]”: nothing found")
        await reader.press("n", "N")
        assert reader.at() == stood
        assert "nothing found" in reader.bottom


async def test_a_search_left_with_escape_searches_nothing() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("/", "d", "o", "escape")
        assert reader.here is Pane.TIMELINE
        assert "search" not in reader.bottom.partition("search f")[0].replace("/ search", "")
        await reader.press("n")
        assert "nothing is looked for" in reader.bottom


async def test_keys_typed_into_the_line_are_words_and_not_keys() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        before = reader.timeline
        await reader.press("/")
        await reader.type("q e w 1 ? f")
        assert "search: q e w 1 ? f" in squeezed(reader.bottom)
        await reader.press("escape")
        assert reader.timeline == before


async def test_in_the_detail_n_goes_from_line_to_line_first() -> None:
    async with reading(SAMPLES, target=COMMANDS) as reader:
        await reader.answer("/", "seq 1 60000")
        await reader.stands_on("seq 1 60000")
        await reader.reads("seq 1 60000")
        await reader.press("3", "g", "n")
        assert "seq 1 60000" in reader.at(Pane.DETAIL) or "seq 1 60000" in reader.detail.splitlines()[1]
        assert reader.here is Pane.DETAIL


# -- the page of keys ---------------------------------------------------


async def test_the_page_of_keys_tells_every_key_that_is_bound() -> None:
    async with reading(OLD, size=(120, 70)) as reader:
        await reader.press("?")
        told = squeezed(reader.menu)
        views = [reader.main, *(reader.main.view(pane) for pane in Pane)]
        bindings = [
            binding
            for view in views
            for bound in view._bindings.key_to_bindings.values()
            for binding in bound
            if binding.id is not None
        ]
        assert len({binding.id for binding in bindings}) > 35
        missing = {binding.description for binding in bindings if binding.description not in told}
        assert not missing
        await reader.press("?")
        assert reader.menu == ""


async def test_the_page_of_keys_can_be_scrolled_where_it_is_too_long() -> None:
    async with reading(OLD, size=(60, 15)) as reader:
        await reader.press("f1")
        first = reader.menu
        await reader.press("G")
        assert reader.menu != first
        await reader.press("escape")
        assert reader.here is Pane.TIMELINE


# -- the palette --------------------------------------------------------


async def test_the_palette_has_the_actions_and_runs_one() -> None:
    async with reading(SAMPLES, target=RESUMED) as reader:
        await reader.press("ctrl+p")
        await reader.type("zoom")
        await until(lambda: reader.app.screen.query(CommandList) and "zoom" in reader.screen())
        await reader.sees("key z")
        await reader.press("enter")
        await until(lambda: reader.shown() == [Pane.TIMELINE], "the timeline fills the screen")


async def test_the_palette_offers_all_that_keys_do() -> None:
    async with reading(OLD, size=(120, 60)) as reader:
        words = {command.title for command in reader.app.get_system_commands(reader.app.screen)}
        assert words >= {"theme", "next failure", "search", "filter", "raw", "copy", "go to", "help", "quit"}
        assert words >= {"previous failure", "to parent", "pager", "editor", "next turn", "times", "fold"}


# -- menus and the line alone -------------------------------------------


class Alone(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        self.said: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield Prompt("search", "search:", "be", replaces=False)

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        self.said.append(("changed", event.words))

    def on_prompt_done(self, event: Prompt.Done) -> None:
        self.said.append(("done", event.words))

    def on_prompt_left(self, event: Prompt.Left) -> None:
        self.said.append(("left", event.purpose))


async def ask(menu: Menu, pilot: Pilot[None], *keys: str) -> tuple[str, list[str | None]]:
    """What the menu showed before the last key, and what it was dismissed with."""
    given: list[str | None] = []
    pilot.app.push_screen(menu, given.append)
    await settled(pilot)
    await press(pilot, *keys[:-1])
    shown = "\n".join(line for line in lines_of(menu.children[0]) if line)
    await press(pilot, keys[-1])
    return shown, given


ENTRIES = [Entry("a", "the [/first]", "1"), Entry("b", "the [red]second[/red]", "2")]
TICKED = [Entry("a", "messages", "m", True), Entry("b", "notes", "n", False)]


async def test_a_menu_gives_what_was_chosen_by_cursor_or_letter_or_nothing() -> None:
    app = Alone()
    async with app.run_test(size=(60, 12)) as pilot:
        shown, given = await ask(Menu("Choose [/x]", ENTRIES), pilot, "j", "k", "j", "enter")
        assert "a the [/first]" in shown
        assert "b the [red]second[/red]" in shown
        assert "Choose [/x]" in shown
        assert given == ["2"]
        assert (await ask(Menu("Choose", ENTRIES), pilot, "a"))[1] == ["1"]
        unnamed = [Entry(" ", "the first", "1"), Entry(" ", "the second", "2")]
        assert (await ask(Menu("Choose", unnamed), pilot, "j", "space"))[1] == ["2"]
        for key in ("escape", "q", "backspace"):
            assert (await ask(Menu("Choose", ENTRIES), pilot, key))[1] == [None]
        assert (await ask(Menu("Choose", ENTRIES), pilot, "x", "5", "escape"))[1] == [None]


async def test_ticks_stay_until_the_menu_is_closed() -> None:
    app = Alone()
    async with app.run_test(size=(60, 12)) as pilot:
        shown, given = await ask(TickMenu("Show", TICKED), pilot, "a", "j", "space", "escape")
        assert "a [ ] messages" in shown
        assert "b [x] notes" in shown
        assert given == ["n"]
        assert (await ask(TickMenu("Show", TICKED), pilot, "a", "escape"))[1] == [""]
        assert (await ask(TickMenu("Show", TICKED), pilot, "b", "enter"))[1] == ["m\nn"]


@pytest.mark.parametrize("size", [(46, 5), (20, 3), (3, 2), (1, 1)])
async def test_menus_outlive_small_windows(size: tuple[int, int]) -> None:
    app = Alone()
    async with app.run_test(size=size) as pilot:
        assert (await ask(Menu("Choose", ENTRIES), pilot, "G", "g", "j", "enter"))[1] == ["2"]


async def test_the_line_tells_each_change_its_end_and_its_leaving() -> None:
    app = Alone()
    async with app.run_test(size=(40, 3)) as pilot:
        await type_words(pilot, "e[/")
        assert lines_of(app.query_one(Prompt))[0].startswith("search: bee[/")
        await press(pilot, "enter", "escape")
        assert app.said[-3:] == [("changed", "bee[/"), ("done", "bee[/"), ("left", "search")]
