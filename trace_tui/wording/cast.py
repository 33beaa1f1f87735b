"""Who is who in a chain: its agents as rows of every face speak of them, found by whatever names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from trace_tui.library.chains import Member
from trace_tui.parsers.safe_text import one_line
from trace_tui.wording.agents import Badge, badge_of
from trace_tui.wording.cells import Line
from trace_tui.wording.sessions import failures, folder, is_worker, own_tokens, took

if TYPE_CHECKING:
    from trace_tui.model import Session

HEAD = "orchestrator"
"""What the others call the agent that started them all."""
_ROOT_PATH = "/root"
_NAME = 30
_TASK = 300


class Known(NamedTuple):
    """An agent; of one that only a name is known of, no more than that."""

    name: str
    badge: Badge | None = None
    state: str | None = None
    """Of its last turn, now."""
    failures: str = ""
    took: str = ""
    tokens: str = ""
    task: str = ""
    """What it was asked first, where that can be read."""
    id: str | None = None
    """Of its thread."""

    def lettered(self) -> str:
        return self.name if self.badge is None else f"{self.badge.letter} {self.name}"

    def words(self) -> Line:
        """Its letter and name, in its colour."""
        if self.badge is None:
            return [(self.name, "bold")]
        return [(f"{self.badge.letter} ", f"bold {self.badge.style}"), (self.name, self.badge.style)]


class Cast:
    """By the ids and keys of their threads, and by the paths that agents have since 0.121."""

    def __init__(self, known: Mapping[str, Known] | None = None, head: Known | None = None) -> None:
        self._known = known or {}
        self._head = head

    @classmethod
    def of_session(cls, session: Session) -> Cast:
        """Where no more is known than what the session calls its children."""
        return cls(_named(session), Known(HEAD))

    @classmethod
    def of_chain(cls, head: Member, sessions: Iterable[Session] = (), others: Iterable[Member] = ()) -> Cast:
        """All members of a chain; the sessions name workers whose own files are not here.

        ``others`` are no agents of the chain: where it was forked from, and what was forked from it.
        """
        members = list(head.members())
        badges = badge_of(members) if len(members) > 1 else {}
        known = {name: one for session in sessions for name, one in _named(session).items()}
        known |= {one.entry.id: _known(one, None) for one in others if one.entry.id is not None}
        for member in members:
            one = _known(member, badges.get(member.entry.key))
            for name in (member.entry.key, member.entry.id, member.entry.agent.path):
                if name is not None:
                    known[name] = one
        is_top = head.entry.parent_id is None  # else the top of all is not here
        return cls(known, _known(head, badges.get(head.entry.key)) if is_top else Known(HEAD))

    def with_children_of(self, session: Session) -> Cast:
        """The same, and those whose own files are not here by what the session calls them."""
        named = _named(session)
        return Cast({**named, **self._known}, self._head) if named else self

    def find(self, name: str | None) -> Known | None:
        """An id or a path; the path of them all is that of the head."""
        if name == _ROOT_PATH:
            return self._head
        return None if name is None else self._known.get(name)

    def told_apart(self, name: str | None) -> str:
        """A name in a sentence, with its letter where others are called the same."""
        one = self.find(name)
        if one is None:
            return ""
        namesakes = {other.id for other in self._known.values() if other.name == one.name}
        return one.name if one.badge is None or len(namesakes) == 1 else f"{one.badge.letter} {one.name}"

    def name_of(self, name: str) -> str:
        found = self.find(name)
        return one_line(name, _NAME) if found is None else found.name


NOBODY = Cast()


def _named(session: Session) -> dict[str, Known]:
    """Names may be paths, of which the last part is enough."""
    named: dict[str, Known] = {}
    for child in session.children:
        if child.name:
            one = Known(one_line(child.name.rpartition("/")[2] or child.name, _NAME), id=child.id)
            named[child.id] = named[child.name] = one
    return named


def called(member: Member) -> str:
    """What an agent is called within its chain; up to 0.106 workers have no names."""
    if member.children and not is_worker(member):
        return HEAD
    if is_worker(member):
        return one_line(member.name or member.entry.agent.role or member.relation.value, _NAME)
    return one_line(member.entry.title[: 2 * _NAME], _NAME)


def _known(member: Member, badge: Badge | None) -> Known:
    entry = member.entry
    failed = failures(member)
    return Known(
        called(member),
        badge,
        entry.state,
        f"✗{failed}" if failed else "",
        took(member),
        own_tokens(member),
        "" if entry.title == folder(member) else one_line(entry.title[: 2 * _TASK], _TASK),
        entry.id,
    )
