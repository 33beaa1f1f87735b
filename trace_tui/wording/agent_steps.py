"""Calls about workers as lines: what was done, with whom, about what, and how these workers stand now."""

from __future__ import annotations

import re
from typing import NamedTuple

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call
from trace_tui.parsers.agent_replies import readable_error
from trace_tui.parsers.injected import WorkerNotice
from trace_tui.parsers.safe_text import one_line
from trace_tui.wording.cast import Cast, Known
from trace_tui.wording.cells import Line, cut, right
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS

_SEVERAL = " · "
_SEALED = "(sealed)"
SEALED = "sealed"
SEALED_TASK = f"the task is {SEALED}"
_ANYBODY = "any worker"
_ROLE = re.compile(r"\w+ · ")
"""The kind of worker that was asked for; the detail tells it."""
_WIDE, _MIDDLE = 46, 34
"""Cells of what was done from which on tokens, and how long it took, stand beside a worker's state."""
_FAILURES, _TOOK, _TOKENS = 4, 7, 7


class Dealt(NamedTuple):
    """A call about workers, in parts."""

    act: AgentAct
    workers: list[Known]
    words: str
    """What was said to them."""


def dealt(call: Call, cast: Cast) -> Dealt | None:
    """None of a call that is not about workers."""
    act = agent_act(call.tool, call.name)
    if act is None:
        return None
    workers: list[Known] = []
    child = cast.find(call.child_session)
    rest = call.summary.split(_SEVERAL) if call.summary else []
    while rest and (one := _named(rest[0], child, cast)) is not None:
        workers.append(one)
        rest = rest[1:]
    if child is not None and child not in workers:
        workers.append(child)
    words = _SEVERAL.join(rest)
    if act is AgentAct.OTHER:
        words = f"{call.name} {words}".rstrip()
    return Dealt(act, workers, one_line(words))


def _named(part: str, child: Known | None, cast: Cast) -> Known | None:
    """Whom a part of the summary names, as ids, paths or, among agents with paths, by its last part."""
    found = cast.find(part)
    if found is None and child is not None and part.rpartition("/")[2] == child.name:
        return child
    return found


def agent_words(call: Call, cast: Cast, width: int) -> Line:
    """With whom, and about what; at most so many cells."""
    told = dealt(call, cast)
    if told is None:
        return []
    if len(told.workers) > 1:
        return cut(_all_of(told.workers), width)
    line = told.workers[0].words() if told.workers else []
    answer = _answer(call)
    if answer:
        line += [(": ", "dim"), (answer, "")]
    elif words := _said(told, call):
        line += [(_SEVERAL if line else "", "dim"), (words, "dim" if words.endswith(SEALED) else "")]
    if not line:
        line = [(_ANYBODY if told.act is AgentAct.WAIT else "all agents", "dim")]
    return cut(line, width)


def _all_of(workers: list[Known]) -> Line:
    """Several with what has become of each."""
    line: Line = []
    for one in workers:
        line += [("  ", "")] if line else []
        line += one.words()
        if one.state is not None:
            line.append((f" {TURN_GLYPHS[one.state]}", STATE_STYLES[one.state]))
    return line


def _said(told: Dealt, call: Call) -> str:
    if call.reply is not None and call.reply.timed_out:
        return "time was up"
    words = told.words
    if told.act is AgentAct.SPAWN:
        words = _ROLE.sub("", words, count=1)
    if words != _SEALED:
        return words.replace(_SEALED, SEALED)
    if told.act is not AgentAct.SPAWN:
        return SEALED
    return (told.workers[0].task if told.workers else "") or SEALED_TASK


def _answer(call: Call) -> str:
    """Of a wait that one worker ended: what it said."""
    if (
        call.reply is None
        or len(call.reply.news) != 1
        or agent_act(call.tool, call.name) is not AgentAct.WAIT
    ):
        return ""
    return news_words(call.reply.news[0])


def news_words(notice: WorkerNotice) -> str:
    """What a worker said in the end, or what it failed with."""
    return one_line(readable_error(notice.words)) or notice.state


def standing(call: Call, cast: Cast, room: int) -> Line:
    """How the one worker that a call concerns stands now; as much of it as there is room for."""
    told = dealt(call, cast)
    return standing_of(told.workers[0], room) if told is not None and len(told.workers) == 1 else []


def standing_of(one: Known, room: int) -> Line:
    if one.state is None:
        return []
    line: Line = [
        (f" {TURN_GLYPHS[one.state]}", STATE_STYLES[one.state]),
        (right(one.failures, _FAILURES), "bold red"),
    ]
    if room >= _MIDDLE:
        line.append((right(one.took, _TOOK + 1), "dim"))
    if room >= _WIDE:
        line.append((right(one.tokens, _TOKENS), "dim"))
    return line
