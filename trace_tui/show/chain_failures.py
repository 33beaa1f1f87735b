"""All that failed in a chain, whole: calls with their input and output, turns with their error."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.text import Text as Line

from trace_tui.errors import Unreadable
from trace_tui.model import line_of
from trace_tui.parsers.agent_replies import readable_error
from trace_tui.parsers.safe_text import one_line, safe_block
from trace_tui.printing.console import plain_console
from trace_tui.show.call_detail import print_call
from trace_tui.show.chain import WholeChain
from trace_tui.show.chain_reading import Failure, Part, failures_in, in_time, target_of
from trace_tui.show.chain_warnings import warnings_of
from trace_tui.show.chain_whys import ChainWhys
from trace_tui.show.whys import Whys
from trace_tui.texts import Texts
from trace_tui.times import short_duration
from trace_tui.wording.agents import badge_of
from trace_tui.wording.cast import Known, called
from trace_tui.wording.steps import clock


def print_failures(chain: WholeChain) -> bool:
    """In the order of time, each headed by its agent where there are several; whether there were any."""
    console = plain_console()
    parts, failures = _read(chain, console)
    badges = badge_of(chain.members) if len(chain.members) > 1 else {}
    whys: dict[str, Whys] = {}
    with ChainWhys(chain) as chain_whys:
        for index, (key, together) in enumerate(groupby(failures, lambda one: one.member.entry.key)):
            if key not in whys:
                whys[key] = chain_whys.of(parts[key])
            with parts[key].texts() as texts:
                agent = Known(called(parts[key].member), badges[key]) if badges else None
                for number, failure in enumerate(together):
                    if index or number:
                        console.print()
                    _print(console, failure, agent, texts, chain.names.get(key))
                    whys[key].print(console, failure.turn, failure.call)
    return bool(failures)


def _read(chain: WholeChain, console: Console) -> tuple[dict[str, Part], list[Failure]]:
    """Of the sessions only those stay in which something failed."""
    parts: dict[str, Part] = {}
    failures: list[Failure] = []
    unread: dict[str, str] = {}
    for part in chain.parts(unread):
        if found := failures_in(part):
            parts[part.member.entry.key] = part
            failures += found
    for words in warnings_of(chain, unread):
        console.print(Line(f"! {words}", "yellow"), soft_wrap=True)
    return parts, in_time(failures)


def _print(console: Console, failure: Failure, agent: Known | None, texts: Texts, named: str | None) -> None:
    if agent is not None:
        console.print(Line.assemble(*agent.words(), no_wrap=True))
    if failure.call is None:
        _print_turn(console, failure, named)
        return
    try:
        print_call(console, failure.turn, failure.call, texts, named)
    except Unreadable as problem:  # the file is not what it was when it was read
        console.print(Line(f"! {one_line(str(problem), 1000)}", "yellow"), soft_wrap=True)


def _print_turn(console: Console, failure: Failure, named: str | None) -> None:
    turn = failure.turn
    console.print(Line.assemble(("✗ failed", "bold red"), (f" · turn {turn.index}", "bold")))
    facts = [clock(failure.at), short_duration(turn.duration_ms), f"line {line_of(turn.place)}"]
    console.print(Line("  " + " · ".join(fact for fact in facts if fact), "dim"))
    if named is not None:
        console.print(Line(f"  {one_line(target_of(failure, named), 1000)}", "dim"), soft_wrap=True)
    error = turn.error
    if error is None:
        return
    for line in safe_block(readable_error(error.message)).strip().split("\n"):
        console.print(Line(f"    {line}", "red"), soft_wrap=True)
