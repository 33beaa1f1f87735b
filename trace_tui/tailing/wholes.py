"""Whole texts of what is told, out of the files, as long as one batch of stories is being told."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from trace_tui.errors import Unreadable
from trace_tui.model import Note, Text
from trace_tui.parsers.containers import DamagedContainer
from trace_tui.tailing.thread import FollowedThread
from trace_tui.texts import Texts


class Wholes:
    def __init__(self) -> None:
        self._stack = ExitStack()
        self._opened: dict[FollowedThread, Texts] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def of(self, thread: FollowedThread, text: Text | Note | None) -> str | None:
        """All of a text; its beginning where the file is not what it was when that was read."""
        if text is None:
            return None
        head = text.head if isinstance(text, Text) else text.text
        if not text.cut:
            return head
        if thread not in self._opened:
            self._opened[thread] = self._stack.enter_context(thread.texts())
        try:
            whole = self._opened[thread].whole(text) or head
        except (Unreadable, DamagedContainer, OSError):
            return head
        return whole if whole.startswith(head) else head
