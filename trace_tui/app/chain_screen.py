"""The chain view over the whole screen: who ran when, who waited for whom, where the failures are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from trace_tui.app.failures import Failure
from trace_tui.app.wishes import Wish
from trace_tui.library.chain_times import ChainTimes
from trace_tui.library.chains import Member
from trace_tui.naming import thread_ids_in
from trace_tui.widgets.chain_view import ChainView
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.one_line import KeyBar
from trace_tui.wording.cast import Cast

_KEYS = (("enter", "open"), ("e", "next failure"), ("C", "all agents"), ("esc", "back"), ("?", "help"))


class Choice(NamedTuple):
    """Where one goes from the chain view."""

    member: Member
    wish: Wish | None = None
    is_stream: bool = False
    """To the steps of all agents."""


class ChainScreen(Screen[Choice | None]):
    """Dismissed with where one goes, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,q,c", "leave", "back", id="leave_chain"),
        Binding("w", "open", "open", show=False, id="open_agent"),
        Binding("e", "failure(1)", "next failure", id="next_failure"),
        Binding("E", "failure(-1)", "previous failure", show=False, id="previous_failure"),
        Binding("C", "stream", "all agents", id="stream"),
        Binding("question_mark,f1", "help", "help", id="help"),
    ]

    def __init__(
        self, times: ChainTimes, failures: Sequence[Failure], here: Member | None, absent: str = ""
    ) -> None:
        """``absent`` says who is not here."""
        super().__init__()
        self._absent = absent
        self._times = times
        self._failures = sorted(failures, key=lambda one: one.at)
        self._on: Failure | None = None
        """Where the walk stands."""
        self._here = here
        self._has_ended = False
        self.view = ChainView(id="chain")
        self.keys = KeyBar(id="keys")

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.keys

    def on_mount(self) -> None:
        self.show(self._times, self._failures)
        if self._here is not None:
            self.view.select(self._here)
        self.set_focus(self.view)
        self.keys.show_keys(_KEYS)
        if self._absent:
            self.keys.say(self._absent, "yellow")

    @property
    def head(self) -> Member:
        return self._times.members[0].member

    def show(self, times: ChainTimes, failures: Sequence[Failure]) -> None:
        """The same chain, further on."""
        self._times = times
        self._failures = sorted(failures, key=lambda one: one.at)
        index = self._index()
        self._on = None if index is None else self._failures[index]
        self.view.set_title(f"Chain of {len(times.members)}")
        self.view.show(times)

    @on(LineView.Moved)
    def _moved(self, event: LineView.Moved) -> None:
        event.stop()
        self.keys.say("")

    def on_key(self, event: events.Key) -> None:
        """A key that nothing here is bound to."""
        if event.is_printable:
            self.keys.say("that key does nothing among the bars; esc leads to the steps", "yellow")

    # -- failures -------------------------------------------------------

    def action_failure(self, by: int) -> None:
        """To the agent of the next failure in the order of time, or of the one before."""
        if not self._failures:
            self.keys.say("nothing failed in this chain", "green")
            return
        at, start = self._index(), -1 if by > 0 else len(self._failures)
        index = (start if at is None else at) + by
        if not 0 <= index < len(self._failures):
            where = "after" if by > 0 else "before"
            self.keys.say(f"no failure {where} this one: {len(self._failures):,} in all", "yellow")
            return
        failure = self._on = self._failures[index]
        one = next((one for one in self._times.members if one.member.entry.key == failure.thread), None)
        if one is not None:
            with self.view.prevent(LineView.Moved):
                self.view.select(one.member)
            self.keys.say(self._told(index, one.member), "bold")

    def _index(self) -> int | None:
        """Of the failure that the walk stands on, among those that are known by now."""
        if self._on is None:
            return None
        return next((i for i, one in enumerate(self._failures) if one.name == self._on.name), None)

    def _told(self, index: int, member: Member) -> str:
        cast = Cast.of_chain(self.head)
        name = cast.told_apart(member.entry.id)
        words = self._failures[index].words
        for id_ in thread_ids_in(words):
            words = words.replace(id_, cast.name_of(id_))
        told = f"failure {index + 1:,} of {len(self._failures):,} · in {name}"
        return f"{told} · {words}" if words else told

    # -- out of here ----------------------------------------------------

    @on(LineView.Entered)
    def action_open(self) -> None:
        """The agent under the cursor; at the failure, where the walk stands on one of it."""
        member = self.view.selected
        if member is None:
            return
        failure, wish = self._on, None
        if failure is not None and failure.thread == member.entry.key:
            wish = Wish(turn=failure.turn, call_id=failure.call_id)
        self._end(Choice(member, wish))

    def action_stream(self) -> None:
        self._end(Choice(self.head, is_stream=True))

    def action_leave(self) -> None:
        self._end(None)

    def action_help(self) -> None:
        from trace_tui.app.help import chain_help_lines
        from trace_tui.widgets.menu import Help

        self.app.push_screen(Help("Keys", chain_help_lines(self)))

    def _end(self, choice: Choice | None) -> None:
        """Once: the next key may have come before this was gone."""
        if not self._has_ended:
            self._has_ended = True
            self.dismiss(choice)
