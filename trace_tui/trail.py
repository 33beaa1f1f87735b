"""Why did it fail: what went well before, what was patched since, what was done next, what the parent heard.

Pure questions about sessions that are already read; `telling.trails` makes blocks of the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from trace_tui.likeness import is_agent_wait, is_patch, work_of
from trace_tui.model import Call, CallStatus, Item, Note, NoteKind, Session, Turn, TurnStatus
from trace_tui.parsers.injected import WorkerNotice, worker_notice

_STEPS = 3


class Told(NamedTuple):
    """What a parent heard of a worker, and did when it had heard the last of it."""

    heard: tuple[Note | Call, ...]
    """Mails, notices, and waits that name it."""
    did_next: tuple[Item, ...]


class Trail(NamedTuple):
    failing: Call | None
    error: str | None
    """The turn's own."""
    last_passing: Call | None
    """The last call before it that did the same and ended ok; of a patch, the last one of that file."""
    between: tuple[Call, ...]
    """Patches that were applied after the one and before the other."""
    next_steps: tuple[Item, ...]
    """What was done right after it in its turn."""
    told_parent: Told | None = None
    """None where the parent is unknown."""


def trail_of(turn: Turn, call: Call | None, session: Session, parent: Session | None = None) -> Trail:
    """Of a call of the turn; without one, of what a failed turn failed with."""
    failing = call or _last_failure(turn)
    told = told_of_worker(parent, session.id) if parent is not None and session.id is not None else None
    error = turn.error.message if turn.error is not None else None
    if failing is None:
        return Trail(None, error, None, (), (), told)
    before = _calls_before(failing, session)
    last, since = _last_passing(failing, before)
    between = tuple(one for one in since if one.status is CallStatus.OK and is_patch(one))
    return Trail(failing, error, last, between, _steps_after(failing, turn), told)


def told_of_worker(parent: Session, worker_id: str) -> Told:
    names = _names_of(parent, worker_id)
    items = [item for turn in parent.turns for item in turn.items]
    heard = [at for at, item in enumerate(items) if _tells_of(item, names)]
    if not heard:
        return Told((), ())
    after = (item for item in _flat(items[heard[-1] + 1 :]) if _is_step(item))
    return Told(tuple(items[at] for at in heard), tuple(islice(after, _STEPS)))


# -- what came before ---------------------------------------------------------


def _last_failure(turn: Turn) -> Call | None:
    if turn.status is not TurnStatus.FAILED:
        return None
    return next((call for call in reversed(turn.calls()) if call.status.is_failure), None)


def _calls_before(failing: Call, session: Session) -> list[Call]:
    calls: list[Call] = []
    for turn in session.turns:
        for call in turn.calls():
            if call is failing:
                return calls
            calls.append(call)
    return calls


def _last_passing(failing: Call, before: list[Call]) -> tuple[Call | None, list[Call]]:
    """The call, and those from it to the failing one."""
    work = work_of(failing)
    if work is None:
        return None, []
    for at in range(len(before) - 1, -1, -1):
        call = before[at]
        is_same = call.status is CallStatus.OK and work_of(call) == work
        if is_same and not _began_before_end(failing, call):
            return call, before[at + 1 :]
    return None, []


def _began_before_end(later: Call, earlier: Call) -> bool:
    """They ran side by side, or one inside the other."""
    return (
        later.started_at is not None and earlier.ended_at is not None and later.started_at < earlier.ended_at
    )


# -- what came after ------------------------------------------------------------


def _steps_after(failing: Call, turn: Turn) -> tuple[Item, ...]:
    """What had begun before it ended was no answer to it."""
    steps = iter(_flat(turn.items))
    if all(step is not failing for step in steps):
        return ()
    after = (step for step in steps if _is_step(step))
    answers = (step for step in after if isinstance(step, Note) or not _began_before_end(step, failing))
    return tuple(islice(answers, _STEPS))


def _flat(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        if isinstance(item, Call):
            yield from item.nested or ()


def _is_step(item: Item) -> bool:
    """A script that did its work is told by its calls."""
    if isinstance(item, Note):
        return item.kind is NoteKind.MESSAGE
    return not item.nested or item.status.is_failure


# -- what the parent heard --------------------------------------------------------


def _names_of(parent: Session, worker_id: str) -> frozenset[str]:
    """The worker's id, and its path or name."""
    named = {child.name for child in parent.children if child.id == worker_id and child.name}
    return frozenset({worker_id, *named})


def _tells_of(item: Item, names: frozenset[str]) -> bool:
    if isinstance(item, Call):
        return is_agent_wait(item) and not names.isdisjoint([item.child_session, *item.summary.split(" · ")])
    if item.kind is NoteKind.NOTE:
        return item.text.partition(" ")[0] in names
    if item.kind is not NoteKind.AGENT_MESSAGE:
        return False
    notice = notice_of(item)
    return item.author in names or (notice is not None and notice.worker in names)


def notice_of(note: Note) -> WorkerNotice | None:
    """A worker's notice, also where the note has only its beginning: there its last words are left open."""
    if not note.cut:
        return worker_notice(note.text)
    return worker_notice(_TORN_ESCAPE.sub(r"\1", note.text) + "…" + _NOTICE_END)


_TORN_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?$")
"""At the end of a text in JSON that breaks off."""
_NOTICE_END = '"}}</subagent_notification>'
