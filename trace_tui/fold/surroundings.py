"""Model, effort, folder and policies of a turn, and where they became others than before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trace_tui.model import NoteKind
from trace_tui.parsers.events import TurnContext


class Surroundings(NamedTuple):
    """What a turn runs in, as far as the file has told it by now."""

    model: str | None = None
    effort: str | None = None
    cwd: str | None = None
    approval_policy: str | None = None
    sandbox: str | None = None

    @classmethod
    def of(cls, event: TurnContext, before: Surroundings) -> Surroundings:
        told = (event.model, event.effort, event.cwd, event.approval_policy, event.sandbox)
        if told == before:  # as most often: builds up to 0.101 say it before every request
            return before
        return cls(*(new or old for new, old in zip(told, before, strict=True)))

    def changes(self, now: Surroundings) -> Iterator[tuple[NoteKind, str, str, str]]:
        labels = (
            (NoteKind.MODEL_CHANGE, ""),
            (NoteKind.MODEL_CHANGE, "effort "),
            (NoteKind.NOTE, "folder "),
            (NoteKind.NOTE, "approvals "),
            (NoteKind.NOTE, "sandbox "),
        )
        for (kind, label), old, new in zip(labels, self, now, strict=True):
            if old is not None and new is not None and old != new:
                yield kind, label, old, new
