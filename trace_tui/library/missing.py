"""Threads that members of a chain name, and whose own files are not here: nothing of them is in any sum."""

from __future__ import annotations

from typing import NamedTuple

from trace_tui.library.chains import Forest, Member
from trace_tui.library.entries import Link


class Missing(NamedTuple):
    named_by: Member
    link: Link


def missing_from(head: Member, forest: Forest) -> list[Missing]:
    """In the order of the tree; what a person forked from it is nobody's worker."""
    members = list(head.members())
    paths = {one.entry.agent.path for one in members}
    return [
        Missing(one, link) for one in members for link in one.entry.links if not _is_here(link, forest, paths)
    ]


def _is_here(link: Link, forest: Forest, paths: set[str | None]) -> bool:
    return link.path in paths if link.child_id is None else bool(forest.named(link.child_id))
