"""What a document is made of: pieces of text that say what they are, and not yet how they look.

Whoever tells of a call, a turn or a session makes a list of blocks; `document` lays them out for a width.
All texts in here are as the session has them: they are made safe where they become lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trace_tui.model import Place
from trace_tui.wording.cells import Line


class Target(NamedTuple):
    """What a line is about, and enter leads to."""

    place: Place | None
    """A record; none where a session as a whole is meant."""
    thread: str | None = None
    """The id of its session, where that is another."""


@dataclass(frozen=True, slots=True)
class Title:
    """What the document is about: one line of our own making, cut where it does not fit."""

    parts: Line


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values under each other, the values wrapped."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Heading:
    """Stands above what follows, with an empty line before it; ``aside`` is dim, at its right."""

    words: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Plain:
    """Text as it is, wrapped."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown of an agent or a person."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Highlighted where the language is known: ``bash``, ``json``, ``python``, ``javascript`` …"""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """What a program printed: its colours are kept, its middle is folded away where it is long."""

    text: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a patch. Lines begin with ``+``, ``-``, a blank, or ``@`` where lines are left out."""

    path: str
    action: str
    """``update``, ``add`` or ``delete``."""
    lines: Sequence[str]
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    changes: Sequence[FileChange]


@dataclass(frozen=True, slots=True)
class Checklist:
    """Steps of a plan, each with ``completed``, ``in_progress`` or ``pending``."""

    steps: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Ready lines, cut where they do not fit: short lists of calls or files."""

    lines: Sequence[Line]
    targets: Sequence[Target | None] = ()
    """Where each leads to, if they lead anywhere."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A share of something as a bar with words behind it."""

    label: str
    share: float
    words: str
    warns: bool = False
    """It is something that gets used up."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks under one line that opens them: reasoning, long lists."""

    words: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Later:
    """A place of a name for blocks that are still being found out; until then others may stand there."""

    name: str
    blocks: Sequence[Block] = ()


class Filled(NamedTuple):
    """Lines of a document that others have taken the place of."""

    first: int
    before: int
    """How many there were."""
    now: int

    def line_now(self, line: int) -> int:
        """Where a line stands that stood there before."""
        if line >= self.first + self.before:
            return line + self.now - self.before
        return min(line, max(self.first + self.now - 1, 0)) if line >= self.first else line


Block = (
    Title
    | Facts
    | Heading
    | Plain
    | Prose
    | Code
    | Output
    | Patch
    | Checklist
    | Rows
    | Gauge
    | Folded
    | Later
)
