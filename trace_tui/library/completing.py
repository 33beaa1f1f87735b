"""Tells a session what only the rest of its chain knows: children that it never named, and who is who."""

from __future__ import annotations

from collections.abc import Mapping

from trace_tui.library.chains import Member
from trace_tui.model import Child, Session
from trace_tui.naming import name_the_heard, name_workers


def complete(session: Session, member: Member, turns_named: int = 0) -> None:
    """``member`` is the session's place in its chain; in so many turns, workers have their names by now."""
    told = {child.id: child for child in member.children_told()}
    known = {child.id for child in session.children}
    session.children = [_named(child, told.get(child.id)) for child in session.children]
    session.children += [child for child in told.values() if child.id not in known]
    session.root_id = session.root_id or member.root_id
    name_agents(session, paths_of(member), turns_named)


def name_agents(session: Session, paths: Mapping[str, str], turns_named: int = 0) -> None:
    """Tells its calls whom they mean; ``paths`` are the ids of the chain's agents by their paths."""
    name_workers(session, paths, turns_named)
    names = {name: one.id for one in session.children for name in (one.id, one.name) if name}
    name_the_heard(session, {**names, **paths}, turns_named)


def _named(child: Child, told: Child | None) -> Child:
    """By its own file, where its parent has no name for it."""
    return child if child.name or told is None else child._replace(name=told.name)


def paths_of(member: Member) -> dict[str, str]:
    """The ids of the agents of its chain by their paths."""
    entries = [one.entry for one in member.root.members()]
    return {one.agent.path: one.id for one in entries if one.agent.path and one.id}
