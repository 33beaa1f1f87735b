"""One session as lists show it: what the catalog tells without opening its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trace_tui.parsers.usage import NO_USAGE, Usage
from trace_tui.relatives import Agent, Relation
from trace_tui.times import between


class Link(NamedTuple):
    """A child that a session names, by its id or, until the child's own file tells it, by its path."""

    child_id: str | None
    path: str | None
    call_id: str | None
    relation: Relation
    name: str | None


class Entry(NamedTuple):
    number: int
    """By which the catalog's tables know the session."""
    key: str
    id: str | None
    root_id: str | None
    parent_id: str | None
    relation: Relation
    agent: Agent
    forked_from: str | None
    forked_at: int | None
    format: str
    originator: str | None
    source: str | None
    cwd: str | None
    branch: str | None
    commit: str | None
    repository: str | None
    title: str
    started_at: int | None
    ended_at: int | None
    state: str
    model: str | None
    archived: bool
    compressed: bool
    turns: int
    calls: int
    failed_turns: int
    failed_calls: int
    usage: Usage = NO_USAGE
    usage_source: str = "none"
    problems: int = 0
    inherited_lines: int = 0
    """Copied from others; what they tell of is counted there."""
    inherited_calls: int = 0
    links: Sequence[Link] = ()

    @property
    def home(self) -> str:
        """The folder that holds this thread and its relatives, or the file itself."""
        return self.key.partition("\n")[0]

    @property
    def failures(self) -> int:
        return self.failed_calls + self.failed_turns

    @property
    def duration_ms(self) -> int | None:
        return between(self.started_at, self.ended_at)

    @property
    def active_at(self) -> int:
        """The last moment that anything is known of."""
        return self.ended_at or self.started_at or 0
