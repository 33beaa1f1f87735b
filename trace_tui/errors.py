"""The few ways in which something asked for can't be done; faces turn them into one line for people."""

from __future__ import annotations


class TraceError(Exception):
    """The message is for people, and says what to do where that is known."""


class Unreadable(TraceError):
    """The target could not be read, or is no session."""


class NothingFound(TraceError):
    """The session was read, and what was asked for is not in it."""


class Unusable(TraceError):
    """What was asked for can't be understood, or may mean several things."""


class CatalogFailed(TraceError):
    """The catalog was damaged and is gone, or can't be written; everything can be read without it."""

    def __init__(self, words: str, *, is_gone: bool) -> None:
        super().__init__(words)
        self.is_gone = is_gone


class Cancelled(TraceError):
    """The reader was told to stop."""
