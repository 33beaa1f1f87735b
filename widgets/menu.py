"""A small list over the panes from which one thing is chosen, or several are ticked; and the page of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen

from trace_tui.widgets.line_view import LineView
from trace_tui.wording.cells import Line, fitted


class Entry(NamedTuple):
    key: str
    """Chooses it at once."""
    words: str
    value: str
    is_ticked: bool | None = None
    """None where there is nothing to tick."""


class MenuEntries(LineView):
    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self.entries = list(entries)

    def count(self) -> int:
        return len(self.entries)

    def row(self, index: int, width: int) -> Line:
        entry = self.entries[index]
        tick = "" if entry.is_ticked is None else "[x] " if entry.is_ticked else "[ ] "
        return [(f"{entry.key} ", "bold cyan"), (fitted(tick + entry.words, max(width - 2, 1)), "")]


class Menu(ModalScreen[str | None]):
    """Dismissed with the value of what was chosen, or None."""

    DEFAULT_CSS = """
    Menu {
        align: center middle;
        background: $background 50%;
        & > MenuEntries {
            width: 46; max-width: 100%; height: auto; max-height: 100%;
            border: round $primary; padding: 0; scrollbar-gutter: auto;
            &.-wide { width: 110; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "close", "close", show=False),
        Binding("space", "take", "take", show=False),
    ]
    HELP = ""
    """Stands at the lower edge, where the keys are not what one would guess."""

    def __init__(self, title: str, entries: Sequence[Entry], *, is_wide: bool = False) -> None:
        super().__init__()
        self._title = title
        self._view = MenuEntries(entries)
        self._view.set_class(is_wide, "-wide")
        self._has_ended = False

    def compose(self) -> ComposeResult:
        self._view.border_title = Content(self._title)
        self._view.border_subtitle = Content(self.HELP)
        self._view.styles.height = self._view.count() + 2
        yield self._view

    def on_mount(self) -> None:
        self._view.focus()

    @on(LineView.Entered)
    def _choose(self, event: LineView.Entered) -> None:
        event.stop()
        self.entered()

    def entered(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        """What is under the cursor."""
        self._take(self._view.entries[self._view.cursor])

    @on(LineView.Moved)
    def _stay(self, event: LineView.Moved) -> None:
        event.stop()

    def on_key(self, event: events.Key) -> None:
        for entry in self._view.entries:
            if entry.key.strip() and event.character == entry.key:
                event.stop()
                self._take(entry)
                return

    def action_close(self) -> None:
        self.end(None)

    def _take(self, entry: Entry) -> None:
        self.end(entry.value)

    def end(self, value: str | None) -> None:
        """Once: the next key may have come before the menu was gone."""
        if not self._has_ended:
            self._has_ended = True
            self.dismiss(value)


class TickMenu(Menu):
    """Ticks stay until the menu is closed; then it gives all that are ticked."""

    HELP = "space ticks, enter shows"

    def entered(self) -> None:
        self.action_close()

    def _take(self, entry: Entry) -> None:
        entries = self._view.entries
        entries[entries.index(entry)] = entry._replace(is_ticked=not entry.is_ticked)
        self._view.look_changed()

    def action_close(self) -> None:
        self.end("\n".join(entry.value for entry in self._view.entries if entry.is_ticked))


class HelpPage(LineView):
    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self._lines = lines

    def count(self) -> int:
        return len(self._lines)

    def row(self, index: int, width: int) -> Line:
        return self._lines[index]


class Help(ModalScreen[None]):
    """All keys, as they are bound."""

    DEFAULT_CSS = """
    Help {
        align: center middle;
        background: $background 50%;
        & > HelpPage { width: 78; max-width: 100%; height: auto; max-height: 100%; border: round $primary; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,backspace,enter", "close", "close", show=False, priority=True)
    ]

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._has_ended = False

    def compose(self) -> ComposeResult:
        page = HelpPage(self._lines)
        page.border_title = Content(self._title)
        page.styles.height = len(self._lines) + 2
        yield page

    @on(LineView.Moved)
    def _stay(self, event: LineView.Moved) -> None:
        event.stop()

    def action_close(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self.dismiss(None)
