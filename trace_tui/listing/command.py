"""The `ls` command: brings the catalog up to date, chooses, and prints a list, a tree or JSON."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from trace_tui.errors import NothingFound, Unusable
from trace_tui.library.chains import Forest, Member, grow
from trace_tui.library.choosing import Choice, order_of
from trace_tui.library.finding import ThreadFiles
from trace_tui.library.library import Library
from trace_tui.printing.console import Lines
from trace_tui.printing.library import open_library
from trace_tui.printing.machine import write_json, write_json_lines
from trace_tui.printing.progress import scan_progress
from trace_tui.times import point_in_time
from trace_tui.wording.words import count

_TIMES = "a time is written 2h, 7d, today, yesterday, 2026-11-20 or 2026-11-20T14:30"
_AROUND = 6
"""Lines of a screen that are no sessions: headings, sums, the prompt that comes back."""
_CLOCK_SLACK_NS = 3_600_000_000_000


def run(arguments: argparse.Namespace) -> int:
    try:
        choice = _choice(arguments)
    except (ValueError, OverflowError) as problem:
        raise Unusable(_TIMES) from problem
    with open_library(arguments) as library:
        if arguments.tree is not None:
            return _tree(library, arguments)
        _refresh(library, choice.since)
        forest = grow(library.entries())
        missing = _what_is_missing(library)  # asked before anything is printed: the catalog may fail
        try:
            return _list(library, forest, choice, arguments)
        finally:
            if missing:
                print(missing, file=sys.stderr)


def _choice(arguments: argparse.Namespace) -> Choice:
    now = datetime.now(UTC)
    return Choice(
        since=None if arguments.since is None else point_in_time(arguments.since, now),
        until=None if arguments.until is None else point_in_time(arguments.until, now, end=True),
        folder=arguments.cwd,
        model=_folded(arguments.model),
        state=arguments.state,
        failed=arguments.failed,
        source=_folded(arguments.source),
        words=_folded(arguments.grep),
        archived=arguments.archived,
    )


def _folded(words: str | None) -> str | None:
    return None if words is None else words.casefold()


def _refresh(library: Library, since: int | None = None) -> None:
    """What was last written before ``since`` can't have been at work later."""

    def recent(thread: ThreadFiles) -> bool:
        return since is None or thread.written_ns + _CLOCK_SLACK_NS >= since * 1_000_000

    with scan_progress() as listener:
        library.refresh(listener, only=recent)
        if since is not None:
            library.read_parents(listener)


def _list(library: Library, forest: Forest, choice: Choice, arguments: argparse.Namespace) -> int:
    members = forest.members()
    chosen = {id(member) for member in members if choice.takes(member.entry)}
    as_json = arguments.json or arguments.jsonl
    if as_json or arguments.flat:
        every = [member for member in members if id(member) in chosen]
        every.sort(key=order_of(arguments.sort, chains=False))
        return _flat(library, forest, every, choice, arguments)
    heads = [head for head in forest.roots if any(id(member) in chosen for member in head.members())]
    heads.sort(key=order_of(arguments.sort, chains=True))
    if not heads:
        raise NothingFound(_nothing(library, choice))
    from trace_tui.listing.page import ListPage

    with Lines() as lines:
        page = ListPage(lines, forest, chosen, by_day=arguments.sort == "started")
        page.chains(heads, _limit(arguments), _screen(arguments, lines))
    return 0


def _flat(
    library: Library, forest: Forest, members: list[Member], choice: Choice, arguments: argparse.Namespace
) -> int:
    shown = members[: _limit(arguments)]
    if arguments.json or arguments.jsonl:
        from trace_tui.printing.sessions import LIST_SCHEMA, session_objects

        objects = session_objects(library.catalog, shown)
        if arguments.jsonl:
            write_json_lines(objects)
        else:
            write_json({"schema": LIST_SCHEMA, "sessions": objects})
        return 0 if objects else 1
    if not members:
        raise NothingFound(_nothing(library, choice))
    from trace_tui.listing.page import ListPage

    chosen = {id(member) for member in members}
    with Lines() as lines:
        page = ListPage(lines, forest, chosen, by_day=arguments.sort == "started")
        page.sessions(members, _limit(arguments), _screen(arguments, lines))
    return 0


def _tree(library: Library, arguments: argparse.Namespace) -> int:
    from trace_tui.library.targets import member_named

    _refresh(library)
    forest = grow(library.entries())
    head = member_named(arguments.tree, forest, library).root
    if arguments.json or arguments.jsonl:
        from trace_tui.printing.sessions import session_objects, tree_object

        if arguments.jsonl:
            write_json_lines(session_objects(library.catalog, list(head.members())))
        else:
            write_json(tree_object(library.catalog, head, forest))
        return 0
    from trace_tui.listing.tree import print_tree

    with Lines() as lines:
        print_tree(lines, head, forest)
    return 0


def _limit(arguments: argparse.Namespace) -> int | None:
    limit: int | None = arguments.limit
    return limit or None  # 0 is no limit


def _screen(arguments: argparse.Namespace, lines: Lines) -> int | None:
    """Lines that fit a terminal: the newest session is on top, and would be the first to scroll away."""
    if arguments.limit is not None or not lines.on_terminal:
        return None
    return max(lines.height - _AROUND, 1)


def _nothing(library: Library, choice: Choice) -> str:
    where = ", ".join(library.findings.roots)
    places = {trouble.path: trouble.words for trouble in library.findings.troubles}
    away = [f"{root}: {places[root]}" for root in library.findings.roots if root in places]
    if away:
        return "; ".join(away)
    if library.threads and choice != Choice():
        return f"none of {count(len(library.threads), 'session')} is like that"
    return f"no sessions in {where}; name another folder with --root"


def _what_is_missing(library: Library) -> str:
    """But for places that are away as a whole, which are told where nothing is found."""
    troubles = [trouble for trouble in library.troubles() if trouble.path not in library.findings.roots]
    if not troubles:
        return ""
    return f"{count(len(troubles), 'file')} could not be read; codex-trace-tui doctor tells which and why"
