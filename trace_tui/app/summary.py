"""The first row of a timeline: what the whole session came to, failures first."""

from __future__ import annotations

from trace_tui.model import Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.times import between, short_duration
from trace_tui.widgets.activity import Activity
from trace_tui.wording.cells import Line
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_WORDS, count, tokens


def summary_of(session: Session, activity: Activity | None, now: int) -> Line:
    """``activity`` is known of a session that has not ended."""
    state = session.state
    words = TURN_WORDS[state] if activity is None else activity.words(now)
    failed_calls = sum(call.status.is_failure for turn in session.turns for call in turn.calls())
    failed = failed_calls + len(session.failed_turns())
    calls = sum(len(turn.calls()) for turn in session.turns)
    facts = [
        count(len(session.turns), "turn"),
        count(calls, "call"),
        short_duration(between(session.started_at, session.ended_at)),
        f"{tokens(session.usage.total)} tokens" if session.usage_source != "none" else "",
        f"{count(len(session.problems), 'problem')} in the file" if session.problems else "",
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
