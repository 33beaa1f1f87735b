"""The `ls` command: brings the catalog up to date, chooses, and prints a list, a tree or JSON."""

from __future__ import annotations

import argparse
import sys

from trace_tui.errors import NothingFound, Unusable
from trace_tui.library.chains import Forest, Member, grow
from trace_tui.library.finding import ThreadFiles, Trouble
from trace_tui.library.library import Library
from trace_tui.listing.choosing import Choice, order_of
from trace_tui.printing.console import Lines
from trace_tui.printing.machine import write_json, write_json_lines
from trace_tui.printing.progress import scan_progress
from trace_tui.printing.words import count

_SCREENFUL = 100
"""Chains on a terminal, unless more are asked for; a pipe gets all."""
_CLOCK_SLACK_NS = 3_600_000_000_000


def run(arguments: argparse.Namespace) -> int:
    try:
        choice = Choice.of(arguments)
    except (ValueError, OverflowError) as problem:
        raise Unusable(f"no time that can be read: {problem}") from problem
    with Library.open(arguments.root or (), cached=not arguments.no_cache) as library:
        if arguments.tree is not None:
            return _tree(library, arguments)
        _refresh(library, choice.since)
        forest = grow(library.entries())
        troubles = library.troubles()  # asked before anything is printed: the catalog may fail
        try:
            return _list(library, forest, choice, arguments)
        finally:
            _say_what_is_missing(troubles)


def _refresh(library: Library, since: int | None = None) -> None:
    """What was last written before ``since`` can't have been at work later."""

    def recent(thread: ThreadFiles) -> bool:
        return since is None or thread.written_ns + _CLOCK_SLACK_NS >= since * 1_000_000

    with scan_progress() as listener:
        library.refresh(listener, only=recent)
        if since is not None:
            library.read_parents(listener)


def _list(library: Library, forest: Forest, choice: Choice, arguments: argparse.Namespace) -> int:
    members = list(forest.by_number.values())
    chosen = {id(member) for member in members if choice.takes(member.entry)}
    as_json = arguments.json or arguments.jsonl
    if as_json or arguments.flat:
        every = [member for member in dict.fromkeys(members) if id(member) in chosen]
        every.sort(key=order_of(arguments.sort, chains=False))
        return _flat(library, forest, every, arguments)
    heads = [head for head in forest.roots if any(id(member) in chosen for member in head.members())]
    heads.sort(key=order_of(arguments.sort, chains=True))
    if not heads:
        raise NothingFound(_nothing(library))
    from trace_tui.listing.page import ListPage

    limit = _limit(arguments)
    with Lines() as lines:
        page = ListPage(lines, forest, chosen, by_day=arguments.sort == "started")
        page.chains(heads[:limit], left_out=len(heads) - len(heads[:limit]))
    return 0


def _flat(library: Library, forest: Forest, members: list[Member], arguments: argparse.Namespace) -> int:
    shown = members[: arguments.limit]
    if arguments.json or arguments.jsonl:
        from trace_tui.listing.as_json import LIST_SCHEMA, session_objects

        objects = session_objects(library.catalog, shown)
        if arguments.jsonl:
            write_json_lines(objects)
        else:
            write_json({"schema": LIST_SCHEMA, "sessions": objects})
        return 0 if objects else 1
    if not members:
        raise NothingFound(_nothing(library))
    from trace_tui.listing.page import ListPage

    limit = _limit(arguments)
    chosen = {id(member) for member in members}
    with Lines() as lines:
        page = ListPage(lines, forest, chosen, by_day=arguments.sort == "started")
        page.sessions(members[:limit], left_out=len(members) - len(members[:limit]))
    return 0


def _tree(library: Library, arguments: argparse.Namespace) -> int:
    from trace_tui.library.targets import member_named

    _refresh(library)
    forest = grow(library.entries())
    head = member_named(arguments.tree, forest, library).root
    if arguments.json or arguments.jsonl:
        from trace_tui.listing.as_json import session_objects, tree_object

        if arguments.jsonl:
            write_json_lines(session_objects(library.catalog, list(head.members())))
        else:
            write_json(tree_object(library.catalog, head))
        return 0
    from trace_tui.listing.tree import print_tree

    with Lines() as lines:
        print_tree(lines, head, forest)
    return 0


def _limit(arguments: argparse.Namespace) -> int | None:
    limit: int | None = arguments.limit
    return _SCREENFUL if limit is None and sys.stdout.isatty() else limit


def _nothing(library: Library) -> str:
    if library.threads:
        return f"none of {count(len(library.threads), 'session')} is like that"
    where = ", ".join(library.findings.roots)
    return f"no sessions in {where}; name another folder with --root"


def _say_what_is_missing(troubles: list[Trouble]) -> None:
    if troubles:
        words = (
            f"{count(len(troubles), 'file')} could not be read; codex-trace-tui doctor tells which and why"
        )
        print(words, file=sys.stderr)
