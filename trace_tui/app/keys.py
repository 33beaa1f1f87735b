"""The keys of the main screen: what they do, in which words, and which name a config file has for them."""

from __future__ import annotations

from textual.binding import Binding

BINDINGS: list[Binding] = [
    Binding("e", "failure(1)", "next failure", id="next_failure"),
    Binding("E", "failure(-1)", "previous failure", show=False, id="previous_failure"),
    Binding("slash", "search", "search", key_display="/", id="search"),
    Binding("n", "hit(1)", "next hit", show=False, id="next_hit"),
    Binding("N", "hit(-1)", "previous hit", show=False, id="previous_hit"),
    Binding("f", "filter", "filter", id="filter"),
    Binding("w", "worker", "into worker", id="worker"),
    Binding("W", "parent", "to parent", show=False, id="parent"),
    Binding("c", "chain", "chain", id="chain"),
    Binding("C", "stream", "all agents", show=False, id="stream"),
    Binding("i", "hints", "hints", show=False, id="hints"),
    Binding("b", "busiest", "busiest agent", show=False, id="busiest"),
    Binding("escape,backspace", "back", "back", key_display="esc", id="back"),
    Binding("z", "zoom", "zoom", id="zoom"),
    Binding("r", "raw", "raw", id="raw"),
    Binding("y", "copy", "copy", id="copy"),
    Binding("o", "pager", "pager", show=False, id="pager"),
    Binding("O", "editor", "editor", show=False, id="editor"),
    Binding("colon", "go", "go to", key_display=":", id="go"),
    Binding("1", "pane('sessions')", "sessions", id="sessions"),
    Binding("2", "pane('timeline')", "timeline", show=False, id="timeline"),
    Binding("3", "pane('detail')", "detail", show=False, id="detail"),
    Binding("tab", "next_pane(1)", "next pane", show=False, id="next_pane", priority=True),
    Binding("shift+tab", "next_pane(-1)", "previous pane", show=False, id="previous_pane", priority=True),
    Binding("q", "app.quit", "quit", id="quit"),
    Binding("ctrl+l", "app.redraw", "redraw", show=False, id="redraw", system=True),
    Binding("ctrl+z", "app.suspend_process", "suspend", show=False, id="suspend", system=True),
    Binding("question_mark,f1", "help", "help", key_display="?", id="help"),
]
