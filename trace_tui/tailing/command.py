"""The `tail` command: finds the session, then follows it until it is told to stop."""

from __future__ import annotations

import argparse
import gc
import select
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from trace_tui.errors import Unusable
from trace_tui.library.chain_search import place_around
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.progress import scan_progress
from trace_tui.tailing.chain import Chain
from trace_tui.tailing.clock import Clock
from trace_tui.tailing.stories import SessionBegan
from trace_tui.tailing.tail import Heard, Listener, Tail, Wishes
from trace_tui.targets import STDIN, Target, read_target

_INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    gc.enable()  # this may go on for hours
    try:
        return follow(arguments, Clock())
    except KeyboardInterrupt:
        return _INTERRUPTED  # the way to end it: no word is needed


def follow(arguments: argparse.Namespace, clock: Clock) -> int:
    target = _target(arguments.target)
    path = _path_of(target, arguments)
    wishes = Wishes(arguments.since == "start", arguments.until_done, arguments.timeout)
    with ExitStack() as stack:
        chain = stack.enter_context(_chain(path, target, arguments)) if arguments.chain else None
        teller = _teller(arguments, chain)
        listener = Listener(teller, _warn, _check_reader, wants_names=not arguments.json)
        return Tail(path, chain, wishes, listener, clock).run()


def _target(words: str) -> Target:
    target = read_target(words)
    if target.session == STDIN:
        raise Unusable("standard input can't be followed; name a session, or read it with show -")
    if target.place is not None:
        raise Unusable(f"{words}: a whole session is followed; leave out the place in it")
    return target


def _path_of(target: Target, arguments: argparse.Namespace) -> Path:
    if target.is_path:
        return Path(target.session).absolute()
    from trace_tui.library.targets import path_of
    from trace_tui.printing.library import open_library

    with open_library(arguments) as library, scan_progress() as listener:
        return path_of(target, library, listener)


def _chain(path: Path, target: Target, arguments: argparse.Namespace) -> Chain:
    """Looked for where the session was: a path names its own home."""
    roots: list[str | Path] = list(arguments.root or ())
    if not roots and target.is_path:
        roots = [place_around(path)]
    return Chain(path, roots, cached=not arguments.no_cache)


def _teller(arguments: argparse.Namespace, chain: Chain | None) -> Callable[[list[Heard]], None]:
    company = None if chain is None else chain.company
    tell: Callable[[list[Heard]], None]
    if arguments.json:
        from trace_tui.tailing.events import print_events

        tell = partial(print_events, company=company)
    else:
        from trace_tui.tailing.lines import PeoplesLines

        tell = PeoplesLines(company).tell
    return _failures_only(tell) if arguments.failed else tell


def _failures_only(tell: Callable[[list[Heard]], None]) -> Callable[[list[Heard]], None]:
    """Which session it is, is told all the same."""

    def tell_failures(heard: list[Heard]) -> None:
        wanted = [one for one in heard if one.story.is_failure or isinstance(one.story.event, SessionBegan)]
        if wanted:
            tell(wanted)

    return tell_failures


def _warn(words: str) -> None:
    print(f"codex-trace-tui: {one_line(words, 1000)}", file=sys.stderr, flush=True)


def _check_reader() -> None:
    """Raises where nobody reads our output any more: while a session is silent no writing would tell."""
    if not hasattr(select, "poll"):
        return  # Windows: the next line will tell
    try:
        output = sys.stdout.fileno()
    except (OSError, ValueError):
        return  # no file, as in tests
    poll = select.poll()
    poll.register(output, 0)
    if any(what & (select.POLLERR | select.POLLHUP) for _, what in poll.poll(0)):
        raise BrokenPipeError
