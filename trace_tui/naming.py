"""Whom calls and notes name: workers by their ids, paths and names.

In newer versions calls tell no more of a worker than its path, and waits nobody: who is meant, the rest of
the chain tells.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from trace_tui.kinds import AgentAct, agent_act
from trace_tui.model import Call, Item, Note, NoteKind, Session, Tool
from trace_tui.parsers.injected import WorkerNotice, worker_notice

_ROOT = "/root"
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def concerned(call: Call) -> list[str]:
    """The ids of the threads that a call about workers names, or that its answer tells of."""
    named = [] if call.child_session is None else [call.child_session]
    named += thread_ids_in(call.summary)
    if call.reply is not None:
        named += [*call.reply.named, *(one.worker for one in call.reply.news)]
    return [id_ for id_ in dict.fromkeys(named) if id_]


def thread_ids_in(summary: str) -> list[str]:
    found: list[str] = _ID.findall(summary)
    return found


def names_in(item: Item) -> list[str]:
    """What an item calls the workers that it tells of or speaks to: ids, paths, names."""
    if isinstance(item, Call):
        return [*concerned(item), *item.summary.split(" · ")] if item.tool is Tool.AGENT else []
    if item.kind is NoteKind.NOTE:
        return [item.text.partition(" ")[0]]
    if item.kind is not NoteKind.AGENT_MESSAGE:
        return []
    notice = notice_of(item)
    return [notice.worker if notice is not None else item.author or ""]


def notice_of(note: Note) -> WorkerNotice | None:
    """A worker's notice, also where the note has only its beginning: there its last words are left open."""
    if not note.cut:
        return worker_notice(note.text)
    return worker_notice(_TORN_ESCAPE.sub(r"\1", note.text) + "…" + _NOTICE_END)


_TORN_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?$")
"""At the end of a text in JSON that breaks off."""
_NOTICE_END = '"}}</subagent_notification>'


# -- who is meant ---------------------------------------------------------


def name_workers(session: Session, by_path: Mapping[str, str], first: int = 0) -> None:
    """Tells calls that name a worker by its path alone which thread that is; ``by_path`` are ids.

    Those before the ``first`` turn have been told.
    """
    if not by_path:
        return
    for turn in session.turns[first:]:
        for call in turn.calls():
            if (path := path_of_worker(call, session)) is not None:
                call.child_session = by_path.get(path)


def path_of_worker(call: Call, session: Session) -> str | None:
    """The worker's path, where the call names a worker by nothing else."""
    if call.tool is not Tool.AGENT or call.child_session is not None:
        return None
    if agent_act(call.tool, call.name) is AgentAct.SPAWN and call.status.is_failure:
        return None  # another worker may have the name that this one was to have
    name = call.summary.partition(" · ")[0]
    if not name or " " in name:
        return None
    return name if name.startswith("/") else f"{session.agent.path or _ROOT}/{name}"


def name_the_heard(session: Session, by_name: Mapping[str, str], first: int = 0) -> None:
    """Tells waits for any worker which one it was, where news of one alone came with it; ``by_name`` are ids.

    Those before the ``first`` turn have been told.
    """
    for turn in session.turns[first:]:
        waiting: Call | None = None
        heard: set[str] = set()
        for item in turn.items:
            if isinstance(item, Note):
                heard.update(id_ for name in names_in(item) if (id_ := by_name.get(name)) is not None)
                continue
            _name_heard(waiting, heard)
            waiting, heard = (item if _is_for_anybody(item) else None), set()
        _name_heard(waiting, heard)


def _is_for_anybody(call: Call) -> bool:
    return agent_act(call.tool, call.name) is AgentAct.WAIT and not concerned(call)


def _name_heard(wait: Call | None, heard: Collection[str]) -> None:
    if wait is not None and len(heard) == 1:
        (wait.child_session,) = heard
