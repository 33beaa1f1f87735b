"""Sessions of lists and chains as JSON: the same words as `show --json`, and the numbers that a list is for.

Told by `ls --json`, `ls --tree --json` and `show --chain --json`.
"""

from __future__ import annotations

from collections.abc import Iterable

from trace_tui.library.catalog import Catalog
from trace_tui.library.chains import Forest, Member, Totals, totals
from trace_tui.library.missing import Missing, missing_from
from trace_tui.printing.machine import (
    JsonObject,
    agent_object,
    children_objects,
    printable_path,
    usage_object,
)
from trace_tui.times import rfc3339
from trace_tui.wording.agents import badge_of

LIST_SCHEMA = "codex-trace/list@1"
TREE_SCHEMA = "codex-trace/tree@1"


def session_objects(catalog: Catalog, members: list[Member]) -> list[JsonObject]:
    numbers = [member.entry.number for member in members]
    files, versions = catalog.files_of(numbers), catalog.versions_of(numbers)
    return [
        session_object(member, files[member.entry.number], versions[member.entry.number])
        for member in members
    ]


def session_object(member: Member, files: list[str], versions: list[str]) -> JsonObject:
    entry = member.entry
    forked = None if entry.forked_from is None else {"id": entry.forked_from, "at": entry.forked_at}
    return {
        "id": entry.id,
        "root_id": member.root_id,
        "parent_id": member.parent_id,
        "relation": member.relation.value,
        "agent": agent_object(entry.agent),
        "forked_from": forked,
        "children": children_objects(member.children_told()),
        "files": [printable_path(path) for path in files],
        "format": entry.format,
        "originator": entry.originator,
        "source": entry.source,
        "cli_versions": versions,
        "cwd": entry.cwd,
        "git": {"branch": entry.branch, "commit": entry.commit, "repository": entry.repository},
        "title": entry.title,
        "started_at": rfc3339(entry.started_at),
        "ended_at": rfc3339(entry.ended_at),
        "state": entry.state,
        "archived": entry.archived,
        "compressed": entry.compressed,
        "model": entry.model,
        "usage": usage_object(entry.usage),
        "usage_source": entry.usage_source,
        "inherited": {"lines": entry.inherited_lines, "calls": entry.inherited_calls},
        "failures": {"calls": entry.failed_calls, "turns": entry.failed_turns},
        "turns": entry.turns,
        "calls": entry.calls,
        "duration_ms": entry.duration_ms,
        "problems": entry.problems,
        "oddity": member.oddity.name.lower() if member.oddity is not None else None,
        "copies": len(member.copies),
        "chain": chain_object(totals(member)) if member.children else None,
    }


def chain_object(whole: Totals) -> JsonObject:
    """A thread and all below it, added up."""
    return {
        "threads": whole.threads,
        "state": whole.state,
        "started_at": rfc3339(whole.started_at),
        "ended_at": rfc3339(whole.ended_at),
        "duration_ms": whole.duration_ms,
        "usage": usage_object(whole.usage),
        "inherited": {"lines": whole.inherited_lines, "calls": whole.inherited_calls},
        "failures": {"calls": whole.failed_calls, "turns": whole.failed_turns},
        "calls": whole.calls,
    }


def tree_object(catalog: Catalog, head: Member, forest: Forest) -> JsonObject:
    return {
        "schema": TREE_SCHEMA,
        "chain": chain_object(totals(head)),
        "members": member_objects(catalog, head),
        "missing": missing_objects(missing_from(head, forest)),
    }


def missing_objects(missing: Iterable[Missing]) -> list[JsonObject]:
    return [_missing(one) for one in missing]


def _missing(missing: Missing) -> JsonObject:
    link = missing.link
    return {
        "session": missing.named_by.entry.id,
        "call_id": link.call_id,
        "id": link.child_id,
        "path": link.path,
        "name": link.name,
        "relation": link.relation.value,
    }


def member_objects(catalog: Catalog, head: Member) -> list[JsonObject]:
    """Sessions with their part in their chain, each before those it started."""
    members = list(head.members())
    badges = badge_of(members)
    whole = totals(head)
    objects = session_objects(catalog, members)
    for member, shown in zip(members, objects, strict=True):
        shown |= {
            "letter": badges[member.entry.key].letter,
            "depth": member.depth,
            "usage_with_descendants": usage_object(totals(member).usage),
            "share": _shares(member, whole),
        }
    return objects


def _shares(member: Member, whole: Totals) -> JsonObject:
    return {
        "tokens": _share(member.entry.usage.total, whole.usage.total),
        "calls": _share(member.entry.calls, whole.calls),
        "time": _share(member.entry.duration_ms or 0, whole.duration_ms or 0),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
