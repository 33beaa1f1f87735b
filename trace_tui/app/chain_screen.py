"""The chain view over the whole screen: who ran when, who waited for whom, where the failures are."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from trace_tui.library.chain_times import ChainTimes
from trace_tui.library.chains import Member
from trace_tui.widgets.chain_view import ChainView
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.one_line import KeyBar

_KEYS = (("enter", "open"), ("esc", "back"))


class ChainScreen(Screen[Member | None]):
    """Dismissed with the member that is to be opened, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,q,c", "leave", "back", id="leave_chain"),
    ]

    def __init__(self, times: ChainTimes, here: Member | None) -> None:
        super().__init__()
        self._times = times
        self._here = here
        self._has_ended = False
        self.view = ChainView(id="chain")
        self.keys = KeyBar(id="keys")

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.keys

    def on_mount(self) -> None:
        self.view.set_title(f"Chain of {len(self._times.members)}")
        self.view.show(self._times)
        if self._here is not None:
            self.view.select(self._here)
        self.set_focus(self.view)
        self.keys.show_keys(_KEYS)

    def show(self, times: ChainTimes) -> None:
        """The same chain, further on."""
        self.view.show(times)

    @on(LineView.Entered)
    def _open(self) -> None:
        self._end(self.view.selected)

    def action_leave(self) -> None:
        self._end(None)

    def _end(self, member: Member | None) -> None:
        """Once: the next key may have come before this was gone."""
        if not self._has_ended:
            self._has_ended = True
            self.dismiss(member)
