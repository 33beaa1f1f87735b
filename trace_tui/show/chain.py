"""The `show --chain` command: finds an orchestrator with all its workers, and tells them as one story."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trace_tui.errors import NothingFound, Unreadable, Unusable
from trace_tui.library.chain_search import ChainSearch, key_of, place_around
from trace_tui.library.chain_times import ChainTimes, times_of
from trace_tui.library.chains import Forest, Member, grow
from trace_tui.library.finding import codex_home
from trace_tui.library.library import Library
from trace_tui.library.missing import Missing, missing_from
from trace_tui.library.targets import path_of
from trace_tui.printing.library import open_library
from trace_tui.printing.progress import scan_progress
from trace_tui.show.chain_reading import Part, parts_of, sources_in
from trace_tui.sources import Source
from trace_tui.targets import STDIN, Target, read_target

_NARROWER = ("turn", "call", "raw")
"""Options that are about one session."""


class WholeChain(NamedTuple):
    """What is known of a chain before any of its sessions is read."""

    head: Member
    members: Sequence[Member]
    forest: Forest
    times: ChainTimes
    missing: list[Missing]
    library: Library
    names: dict[str, str]
    """How to name its sessions again, by key, where that can be."""

    def parts(self, unread: dict[str, str]) -> Iterator[Part]:
        """Its sessions, one after the other; ``unread`` tells by key why some of them can't be read."""

        def refuse(member: Member, why: str) -> None:
            unread[member.entry.key] = why

        return parts_of(self.members, self.library.threads, refuse)

    def sources_of(self, thread_id: str) -> list[Source]:
        """The files of a member; none of who is no member, or has no id."""
        keys = {one.entry.key for one in self.members if one.entry.id == thread_id}
        thread = next((one for one in self.library.threads if one.key in keys), None)
        return [] if thread is None else sources_in(thread)


def run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    if arguments.demo:
        return _show_demo(arguments)
    target = _target(arguments.target)
    with open_library(arguments, _places(target, arguments)) as library:
        member, forest = _find(target, library)
        by_path = not _is_in_codex_home(target, arguments)
        return _show(_whole(member.root, forest, library, by_path=by_path), arguments)


def _check(arguments: argparse.Namespace) -> None:
    for option in _NARROWER:
        if getattr(arguments, option) is not None:
            raise Unusable(f"--chain shows whole sessions, and --{option} a part of one; choose one")


def _target(words: str) -> Target:
    target = read_target(words)
    if target.session == STDIN:
        raise Unusable("standard input is one session; for --chain name one that lies among the others")
    if target.place is not None:
        raise Unusable(f"{words}: --chain shows whole sessions; leave out the place in one")
    if target.is_path and Path(target.session).is_dir():
        raise Unreadable(f"{words}: a folder; name one session file in it")
    return target


def _places(target: Target, arguments: argparse.Namespace) -> list[str | Path]:
    """A path names its own home; where it is in none, the folder it lies in."""
    if arguments.root or not target.is_path:
        return list(arguments.root or ())
    path = Path(target.session).absolute()
    return [path, place_around(path)]


def _is_in_codex_home(target: Target, arguments: argparse.Namespace) -> bool:
    """There an id is enough to find a session by."""
    if target.is_path:
        return place_around(Path(target.session).absolute()) == codex_home().absolute()
    return not arguments.root


def _find(target: Target, library: Library) -> tuple[Member, Forest]:
    with scan_progress() as listener:
        path = Path(target.session).absolute() if target.is_path else path_of(target, library, listener)
        found = ChainSearch(key_of(path, library)).look(library, listener)
    if found is None:
        troubles = {trouble.path: trouble.words for trouble in library.troubles()}
        raise Unreadable(troubles.get(str(path), f"{path}: no session"))
    return found.member, found.forest


def _show_demo(arguments: argparse.Namespace) -> int:
    """The chain among the sessions of the demo."""
    from trace_tui.demonstration import demo_home

    with demo_home(live=False) as home, Library.open([home], cached=False) as library:
        library.refresh()
        forest = grow(library.entries())
        head = next(root for root in forest.roots if root.children)
        return _show(_whole(head, forest, library, by_path=False)._replace(names={}), arguments)


def _whole(head: Member, forest: Forest, library: Library, *, by_path: bool) -> WholeChain:
    members = list(head.members())
    return WholeChain(
        head,
        members,
        forest,
        times_of(head, library.catalog),
        missing_from(head, forest),
        library,
        _names(members, library, by_path=by_path),
    )


def _names(members: list[Member], library: Library, *, by_path: bool) -> dict[str, str]:
    """The id where that is enough; otherwise the path."""
    files = library.catalog.files_of([member.entry.number for member in members])
    return {
        entry.key: files[entry.number][0] if by_path or entry.id is None else entry.id
        for entry in (member.entry for member in members)
    }


def _show(chain: WholeChain, arguments: argparse.Namespace) -> int:
    if arguments.json:
        from trace_tui.printing.machine import write_json
        from trace_tui.show.chain_contract import chain_story

        story = chain_story(chain, with_texts=arguments.failed)
        write_json(story)
        return 1 if arguments.failed and not story["failures"] else 0
    if arguments.failed:
        from trace_tui.show.chain_failures import print_failures

        if not print_failures(chain):
            raise NothingFound("nothing failed in this chain")
        return 0
    from trace_tui.show.chain_page import print_chain

    print_chain(chain)
    return 0
