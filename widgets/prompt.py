"""The line in which one types: what to look for, what to filter by, where to go."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from trace_tui.widgets.one_line import OneLine


class Prompt(Horizontal):
    DEFAULT_CSS = """
    Prompt {
        height: 1;
        & > OneLine { width: auto; min-width: 8; }
        & > Input { width: 1fr; padding: 0; background: transparent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel", show=False)]

    class Changed(Message):
        """Other words than before stand there; nobody has said yet that these are all."""

        def __init__(self, purpose: str, words: str) -> None:
            self.purpose, self.words = purpose, words
            super().__init__()

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Prompt.Changed)

    class Done(Message):
        def __init__(self, purpose: str, words: str) -> None:
            self.purpose, self.words = purpose, words
            super().__init__()

    class Left(Message):
        """Never mind."""

        def __init__(self, purpose: str) -> None:
            self.purpose = purpose
            super().__init__()

    def __init__(self, purpose: str, label: str, words: str = "", *, replaces: bool = True) -> None:
        """What is typed ``replaces`` the words that stand there already, or goes on behind them."""
        super().__init__(id="prompt")
        self._replaces = replaces
        self._purpose = purpose
        self._label = label
        self._words = words

    def compose(self) -> ComposeResult:
        label = OneLine()
        label.styles.width = len(self._label) + 1
        label.show([(self._label, "bold cyan")])
        yield label
        yield Input(self._words, select_on_focus=self._replaces, compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _tell_change(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self._purpose, event.value))

    @on(Input.Submitted)
    def _tell_end(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Done(self._purpose, event.value))

    def action_leave(self) -> None:
        self.post_message(self.Left(self._purpose))
