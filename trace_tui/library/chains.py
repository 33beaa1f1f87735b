"""Who started whom: all sessions as one forest, from whichever end a link is told.

A thread belongs under its parent: the one its own header names, else the one whose call names it. Forks are
the person's own new threads; they stand on their own and keep a link to where they came from. What can't be
is shown as such: a parent that is nowhere, threads that are each other's parents, two sessions of one id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from trace_tui.library.entries import Entry, Link
from trace_tui.parsers.formats import Format
from trace_tui.parsers.usage import NO_USAGE, Usage
from trace_tui.relatives import Child, Relation, name_for_parent
from trace_tui.times import between


class Oddity(StrEnum):
    ORPHAN = "parent not found"
    CYCLE = "circular parents"
    IMPOSTOR = "id used twice"


class Member:
    """A thread in its chain."""

    __slots__ = ("call_id", "children", "copies", "entry", "name", "oddity", "parent", "relation")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.relation = entry.relation
        """What it says it is; of one that does not know its parent, what the parent says."""
        self.parent: Member | None = None
        self.children: list[Member] = []
        self.call_id: str | None = None
        """The parent's call that started it, where it is known."""
        self.name = _name(entry)
        """What its parent, or it itself, calls it."""
        self.oddity: Oddity | None = None
        self.copies: list[Entry] = []

    @property
    def parent_id(self) -> str | None:
        return self.entry.parent_id or (self.parent.entry.id if self.parent is not None else None)

    @property
    def root(self) -> Member:
        above = self
        while above.parent is not None:
            above = above.parent
        return above

    @property
    def root_id(self) -> str | None:
        """Of the chain as it is here; where its top is missing, what the thread itself says."""
        top = self.root
        if top.oddity is Oddity.ORPHAN:
            return top.entry.root_id
        if self.parent is not None or top.oddity is Oddity.CYCLE:
            return top.entry.id
        return self.entry.root_id or self.entry.id

    def members(self) -> Iterator[Member]:
        """This thread and all below it, each before its children."""
        waiting = [self]
        while waiting:
            member = waiting.pop()
            yield member
            waiting.extend(reversed(member.children))

    def children_told(self) -> list[Child]:
        """All children: those it names, in that order, then those that only name it."""
        here = {child.entry.id: child for child in self.children}
        told: list[Child] = []
        for link in self.entry.links:
            found = here.pop(link.child_id, None) if link.child_id is not None else None
            if found is not None:
                told.append(_child(found, link))
            elif link.child_id is not None and link.child_id != self.entry.id:
                told.append(Child(link.child_id, link.call_id, link.relation, link.name))
        return told + [_child(member, None) for member in here.values()]


class Totals(NamedTuple):
    """Of a thread and all below it; each response, call and failure once, in the thread it belongs to."""

    threads: int
    usage: Usage
    calls: int
    failed_calls: int
    failed_turns: int
    started_at: int | None
    ended_at: int | None
    state: str

    @property
    def failures(self) -> int:
        return self.failed_calls + self.failed_turns

    @property
    def duration_ms(self) -> int | None:
        """By the clock, from the first line of any to the last."""
        return between(self.started_at, self.ended_at)


def totals(member: Member) -> Totals:
    usage, threads, calls, failed_calls, failed_turns = NO_USAGE, 0, 0, 0, 0
    starts: list[int] = []
    ends: list[int] = []
    states: set[str] = set()
    for one in member.members():
        entry = one.entry
        threads += 1
        usage = usage.plus(entry.usage)
        calls += entry.calls
        failed_calls += entry.failed_calls
        failed_turns += entry.failed_turns
        states.add(entry.state)
        if entry.started_at is not None:
            starts.append(entry.started_at)
        if entry.ended_at is not None:
            ends.append(entry.ended_at)
    # A chain goes on as long as anybody in it does; otherwise it ended as its head did.
    state = "in_progress" if "in_progress" in states else member.entry.state
    return Totals(
        threads,
        usage,
        calls,
        failed_calls,
        failed_turns,
        min(starts, default=None),
        max(ends, default=None),
        state,
    )


class Forest(NamedTuple):
    roots: list[Member]
    """The heads of all chains, in the order the entries came in."""
    by_number: dict[int, Member]
    by_id: dict[str, list[Member]]
    by_key: dict[str, Member]

    def members(self) -> list[Member]:
        """All threads; copies are not among them."""
        return list(dict.fromkeys(self.by_number.values()))

    def ids(self) -> Iterable[str]:
        return self.by_id.keys()

    def of(self, entry: Entry) -> Member:
        return self.by_number[entry.number]

    def named(self, thread_id: str) -> list[Member]:
        return self.by_id.get(thread_id, [])

    def keyed(self, key: str) -> Member | None:
        return self.by_key.get(key)

    def nearest(self, thread_id: str, entry: Entry) -> Member | None:
        """The session of that id that belongs to another one."""
        return _nearest(self.named(thread_id), entry)

    def forks_of(self, thread_id: str | None) -> list[Member]:
        """What a person began from it, the first before all others."""
        forks = [one for one in self.roots if thread_id is not None and one.entry.forked_from == thread_id]
        return sorted(forks, key=_by_start)


def grow(entries: Iterable[Entry]) -> Forest:
    """The same forest whatever the order of the entries, but for the order of what stands side by side."""
    members, by_id = _members(entries)
    told_by = _links_by_child(members)
    by_path = _links_by_path(members)
    for member in members:
        _hang(member, by_id, told_by, by_path)
    for member in members:
        _break_cycle(member)
    for member in members:
        if member.parent is not None:
            member.parent.children.append(member)
    for member in members:
        member.children.sort(key=_by_start)
    roots = [member for member in members if member.parent is None]
    by_number = {member.entry.number: member for member in members}
    for member in members:
        by_number.update((copy.number, member) for copy in member.copies)
    return Forest(roots, by_number, by_id, {member.entry.key: member for member in members})


def _members(entries: Iterable[Entry]) -> tuple[list[Member], dict[str, list[Member]]]:
    """One member a thread; of copies the one that tells most stands for all."""
    given = list(entries)
    by_id: defaultdict[str, list[Member]] = defaultdict(list)
    by_number: dict[int, Member] = {}
    # Streams last: what they print is a copy of a session that may come behind them.
    for entry in sorted(given, key=lambda one: (_is_stream(one), one.started_at or 0, one.key)):
        same = by_id[entry.id] if entry.id is not None else []
        twin = next((one for one in same if _are_one(one.entry, entry)), None)
        if twin is None:
            twin = Member(entry)
            same.append(twin)
        elif _tells_more(entry, twin.entry):
            twin.copies.append(twin.entry)
            twin.entry = entry
        else:
            twin.copies.append(entry)
        by_number[entry.number] = twin
    for same in by_id.values():
        for impostor in same[1:]:
            impostor.oddity = Oddity.IMPOSTOR
    return list(dict.fromkeys(by_number[entry.number] for entry in given)), by_id


def _is_stream(entry: Entry) -> bool:
    return entry.format == Format.EXEC_STREAM


def _name(entry: Entry) -> str | None:
    """Since agents have paths these tell what they are for; before, they only had nicknames."""
    path = (entry.agent.path or "").rstrip("/").rpartition("/")[2]
    return path or entry.agent.nickname


def _are_one(one: Entry, other: Entry) -> bool:
    """Two sessions of one id: the same one twice, or told once more by what `codex exec --json` printed."""
    if _is_stream(one) and _is_stream(other):  # every run prints its own, under the id of its thread
        return _told(one) == _told(other)
    same_start = one.started_at is not None and one.started_at == other.started_at
    return same_start or _is_stream(one) or _is_stream(other)


def _told(entry: Entry) -> tuple[object, ...]:
    return (entry.usage, entry.turns, entry.calls, entry.failures, entry.title)


def _tells_more(one: Entry, other: Entry) -> bool:
    def told(entry: Entry) -> tuple[bool, int, int, int, bool, str]:
        return (
            not _is_stream(entry),
            entry.active_at,
            entry.calls,
            entry.turns,
            not entry.archived,
            entry.key,
        )

    return told(one) > told(other)


def _links_by_child(members: list[Member]) -> dict[str, list[tuple[Member, Link]]]:
    told: defaultdict[str, list[tuple[Member, Link]]] = defaultdict(list)
    for member in members:
        for link in member.entry.links:
            if link.child_id is not None:
                told[link.child_id].append((member, link))
    return told


def _links_by_path(members: list[Member]) -> dict[tuple[str, str], Link]:
    """Spawns whose answer was a path: by the parent's id and the path it gave."""
    return {
        (member.entry.id, link.path): link
        for member in members
        for link in member.entry.links
        if link.path is not None and member.entry.id is not None
    }


def _hang(
    member: Member,
    by_id: dict[str, list[Member]],
    told_by: dict[str, list[tuple[Member, Link]]],
    by_path: dict[tuple[str, str], Link],
) -> None:
    entry = member.entry
    links = told_by.get(entry.id or "", [])
    parent_id = entry.parent_id
    if parent_id is None:
        others = [told for told in links if told[0] is not member]
        if others and entry.relation is not Relation.FORK:
            _under(
                member, *min(others, key=lambda told: (told[0].entry.home != entry.home, *_by_start(told[0])))
            )
        return
    parent = _nearest(by_id.get(parent_id, []), entry)
    if parent is None or parent is member:
        member.oddity = member.oddity or (Oddity.ORPHAN if parent is None else Oddity.CYCLE)
        return
    link = next((link for one, link in links if one is parent), None)
    link = link or by_path.get((parent_id, entry.agent.path or ""))
    _under(member, parent, link)


def _nearest(candidates: list[Member], entry: Entry) -> Member | None:
    """Of several sessions of one id the one in the same home, else the first of them."""
    here = next((one for one in candidates if one.entry.home == entry.home), None)
    return here or (candidates[0] if candidates else None)


def _under(member: Member, parent: Member, link: Link | None) -> None:
    member.parent = parent
    if link is not None:
        member.call_id = link.call_id
        member.name = member.name or link.name
        if member.relation is Relation.ROOT:
            member.relation = link.relation
    if member.name is None and member.relation is not Relation.WORKER:
        member.name = member.relation.value


def _break_cycle(member: Member) -> None:
    """Threads that are each other's parents: the one that began first stands at the top."""
    seen: dict[Member, None] = {}
    above: Member | None = member
    while above is not None and above not in seen:
        seen[above] = None
        above = above.parent
    if above is None:
        return
    way = list(seen)
    ring = way[way.index(above) :]
    top = min(ring, key=_by_start)
    top.parent, top.oddity = None, Oddity.CYCLE


def _by_start(member: Member) -> tuple[int, str, str]:
    return (member.entry.started_at or 0, member.entry.id or "", member.entry.key)


def _child(member: Member, link: Link | None) -> Child:
    name = (
        link.name if link is not None and link.name else name_for_parent(member.entry.agent, member.relation)
    )
    return Child(member.entry.id or "", member.call_id, member.relation, name)
