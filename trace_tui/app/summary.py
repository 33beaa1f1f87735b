"""The first row of a timeline: what the whole session came to, failures first."""

from __future__ import annotations

from trace_tui.app.opened import Opened
from trace_tui.model import Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import between, short_duration
from trace_tui.widgets.activity import Activity
from trace_tui.wording.cells import Line
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_WORDS, count, tokens


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
    told.append((" · " + " · ".join(fact for fact in facts if fact), "dim"))
    return told


def crumbs_of(names: list[str], session: Session) -> Line:
    """Where one is: who started whom, down to the session that is open."""
    line: Line = []
    for name in names[:-1]:
        line += [(one_line(name, 40), "cyan"), (" › ", "dim")]
    state = session.state
    line.append((f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]))
    line.append((one_line(names[-1], 200), "bold"))
    return line
