"""The first row of a timeline: what the whole session came to, failures first."""

from __future__ import annotations

from trace_tui.app.opened import Opened, name_of
from trace_tui.library.chains import Member
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import between, short_duration
from trace_tui.widgets.activity import Activity
from trace_tui.wording.cast import Cast
from trace_tui.wording.cells import Line
from trace_tui.wording.sessions import workers_of
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_WORDS, count, tokens

_ABOVE, _NAME = 28, 24
"""Characters of who stands above: at the end of the line is what is open."""


def summary_of(opened: Opened, activity: Activity | None, now: int) -> Line:
    """``activity`` is known of a session that has not ended."""
    session = opened.session
    state = session.state
    words = TURN_WORDS[state] if activity is None else activity.words(now)
    sessions = [part.session for part in opened.parts()]
    calls = sum(part.book.calls for part in opened.parts())
    failed = sum(part.book.failed_calls for part in opened.parts())
    failed += sum(len(one.failed_turns()) for one in sessions)
    used = sum(one.usage.total for one in sessions)
    problems = sum(len(one.problems) for one in sessions)
    facts = [
        count(sum(len(one.turns) for one in sessions), "turn"),
        count(calls, "call"),
        short_duration(between(session.started_at, session.ended_at)),
        f"{tokens(used)} tokens" if used else "",
        f"{count(problems, 'problem')} in the file" if problems else "",
    ]
    told: Line = [(f"{TURN_GLYPHS[state]} {words}", STATE_STYLES[state])]
    if failed:
        told.append((f" · {count(failed, 'failure')}", "bold red"))
    told += _below(opened)
    if hints := sum(len(part.findings or ()) for part in opened.parts()):
        told.append((f" · {count(hints, 'hint')}", "yellow"))
    told.append((" · " + " · ".join(fact for fact in facts if fact), "dim"))
    return told


def _below(opened: Opened) -> Line:
    """The workers of a session by itself; where all agents stand together they are counted already."""
    member = opened.member
    if member is None or not member.children or len(opened.parts()) > 1:
        return []
    workers, failed = workers_of(member)
    told: Line = [(f" · {count(workers, 'worker')}", "dim")]
    return told + ([(f" ✗{failed}", "bold red")] if failed else [])


def crumbs_of(above: list[Member], opened: Opened) -> Line:
    """Where one is: who started whom, down to what is open; in a chain each with its letter."""
    cast = opened.cast()
    line: Line = []
    for member in above:
        line += [*_crumb(member, cast, _ABOVE if member.parent is None else _NAME), (" › ", "dim")]
    state = opened.session.state
    line.append((f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]))
    known = cast.find(opened.member.entry.id) if opened.member is not None else None
    if above and known is not None and known.badge is not None:
        line.append((f"{known.badge.letter} ", f"bold {known.badge.style}"))
    line.append((one_line(opened.name, 200), "bold"))
    return line


def _crumb(member: Member, cast: Cast, limit: int) -> Line:
    known = cast.find(member.entry.id)
    name = (one_line(name_of(member), limit), "cyan")
    if known is None or known.badge is None:
        return [name]
    return [(f"{known.badge.letter} ", f"bold {known.badge.style}"), name]
