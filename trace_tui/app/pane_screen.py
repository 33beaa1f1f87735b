"""The screen as panes: which of them are seen and have the keys, and the lines above and below them."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen

from trace_tui.app.panes import ORDER, Pane, layout_for
from trace_tui.widgets.detail import Detail
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.one_line import KeyBar, OneLine
from trace_tui.widgets.session_list import SessionList
from trace_tui.widgets.timeline import Timeline
from trace_tui.widgets.welcome import Welcome
from trace_tui.wording.cells import Line


class PaneScreen(Screen[None]):
    """What all that is done on the screen stands on."""

    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.sessions = SessionList(id="sessions")
        self.timeline = Timeline(id="timeline")
        self.detail = Detail(id="detail")
        self.welcome = Welcome(id="welcome")
        self.crumbs = OneLine(id="crumbs")
        self.keys = KeyBar(id="keys")
        for view, title in (
            (self.sessions, "Sessions"),
            (self.timeline, "Timeline"),
            (self.detail, "Detail"),
        ):
            view.border_title = Content(title)
        self.welcome.display = False
        self.pane = Pane.TIMELINE
        self.is_zoomed = False
        self._crumbs: Line = []
        self._progress = ""
        self._way = ""

    def compose(self) -> ComposeResult:
        yield self.crumbs
        with Container(id="panes"):
            yield self.sessions
            yield self.timeline
            yield self.detail
            yield self.welcome
        yield self.keys

    def on_mount(self) -> None:
        self.arrange_panes()
        if not self.welcome.display:
            self.set_focus(self.view(self.pane))

    # -- panes ----------------------------------------------------------

    def view(self, pane: Pane) -> LineView:
        return {Pane.SESSIONS: self.sessions, Pane.TIMELINE: self.timeline, Pane.DETAIL: self.detail}[pane]

    def arrange_panes(self) -> None:
        """Shows the panes that there is room for."""
        if self.welcome.display:
            return
        size = self.app.size
        layout = layout_for(size.width, size.height, self.pane, zoomed=self.is_zoomed)
        panes = self.query_one("#panes")
        panes.set_class(layout.is_stacked, "-stacked")
        panes.set_class(len(layout.shown) == 1, "-one")
        panes.set_class(len(layout.shown) == 3, "-three")
        detail_was_hidden = not self.detail.display
        for pane in ORDER:
            self.view(pane).display = pane in layout.shown
        if detail_was_hidden and self.detail.display:
            self.pane_changed()

    def go_to_pane(self, pane: Pane) -> None:
        self.pane = pane
        self.arrange_panes()
        self.set_focus(self.view(pane))  # at once: the next keys may be here already

    def pane_changed(self) -> None:
        """Another pane has the keys, or the detail has come into sight."""

    def on_resize(self) -> None:
        self.arrange_panes()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for pane in ORDER:
            if event.widget is self.view(pane) and pane is not self.pane:
                self.pane = pane
                self.arrange_panes()
                self.pane_changed()
        self.call_after_refresh(self.show_keys)

    def show_keys(self) -> None:
        """The keys that do something where one stands, as they are bound."""
        told: dict[str, str] = {}
        for active in self.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.id != "help":
                told.setdefault(binding.key_display or self.app.get_key_display(binding), binding.description)
        self.keys.show_keys([*told.items(), ("?", "help")])

    def say(self, words: str, style: str = "") -> None:
        self.keys.say(words, style)

    def show_crumbs(self, line: Line) -> None:
        self._crumbs = line
        self._draw_top()

    def tell_progress(self, words: str) -> None:
        self._progress = words
        self._draw_top()

    def tell_way(self, words: str) -> None:
        """How changes of files are noticed."""
        self._way = words
        self._draw_top()

    def _draw_top(self) -> None:
        right: Line = [(self._progress, "yellow")] if self._progress else [(self._way, "dim")]
        self.crumbs.show(self._crumbs, right)

    # -- keys -----------------------------------------------------------

    def action_zoom(self) -> None:
        self.is_zoomed = not self.is_zoomed
        self.arrange_panes()
