"""Tells all about what is selected in the app, as blocks for its detail pane; knows no screen."""

from trace_tui.telling.calls import call_document, command_of
from trace_tui.telling.notes import note_document
from trace_tui.telling.raw import raw_document
from trace_tui.telling.sessions import entry_document, session_document
from trace_tui.telling.turns import turn_document

__all__ = [
    "call_document",
    "command_of",
    "entry_document",
    "note_document",
    "raw_document",
    "session_document",
    "turn_document",
]
