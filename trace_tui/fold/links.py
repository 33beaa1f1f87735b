"""The links of one thread to others: who it is, whose child, and which workers its calls started."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from trace_tui.model import Agent, Call, Child, Relation, Session
from trace_tui.parsers.events import AgentActivity, AgentRef, CallMade, SessionHeader

_RELATIONS = {"worker": Relation.WORKER, "review": Relation.REVIEW, "guardian": Relation.GUARDIAN}


def describe(session: Session, header: SessionHeader) -> None:
    """Fills in what the first header of a thread tells."""
    session.id = header.id
    session.parent_id = header.parent_id
    session.relation = _relation(header)
    session.forked_from = header.forked_from_id if session.relation is Relation.FORK else None
    session.forked_at = header.forked_at_ordinal if session.relation is Relation.FORK else None
    session.root_id = header.root_id or _root_without_word(header)
    session.started_at = header.created_at
    session.originator, session.source = header.originator, header.source
    session.agent = Agent(header.agent_path, header.agent_nickname, header.agent_role, header.depth)
    refine(session, header)


def refine(session: Session, header: SessionHeader) -> None:
    """Later headers of the same thread bring attributes up to date, never the identity."""
    session.cwd = session.cwd or header.cwd
    session.branch = header.branch or session.branch
    session.commit = header.commit or session.commit
    session.repository = header.repository or session.repository
    if header.cli_version and header.cli_version not in session.cli_versions:
        session.cli_versions.append(header.cli_version)


def _relation(header: SessionHeader) -> Relation:
    if header.child_kind is not None:
        return _RELATIONS.get(header.child_kind, Relation.OTHER)
    if header.parent_id is not None:
        return Relation.WORKER
    return Relation.FORK if header.forked_from_id is not None else Relation.ROOT


def _root_without_word(header: SessionHeader) -> str | None:
    """Builds before 0.145 do not name the root; at depth 1 it is the parent."""
    if header.parent_id is None:
        return header.id
    return header.parent_id if header.depth <= 1 else None


class Links:
    """Children as the calls, items and outputs of this file name them."""

    __slots__ = ("_by_path", "_children", "_spawned_paths", "own_path")

    def __init__(self) -> None:
        self.own_path: str | None = None
        self._children: dict[str, Child] = {}
        self._by_path: dict[str, str] = {}
        self._spawned_paths: dict[str, Call] = {}

    @property
    def children(self) -> list[Child]:
        return list(self._children.values())

    @property
    def awaited_paths(self) -> dict[str, Call]:
        """Workers known by their path alone, with the calls that started them."""
        return {path: call for path, call in self._spawned_paths.items() if path not in self._by_path}

    def spawned(self, call: Call | None, thread_id: str, name: str | None, path: str | None = None) -> None:
        child = self._children.get(thread_id, Child(thread_id))
        child = child._replace(name=name or child.name or path)
        if path is not None:
            self._by_path[path] = thread_id
        if call is not None:
            child = child._replace(call_id=child.call_id or call.call_id)
            call.child_session = thread_id
        self._children[thread_id] = child

    def output_of_spawn(self, call: Call, output: str) -> None:
        """v1 answers with the thread's id, v2 with the path that the worker was given."""
        record = _json_object(output)
        agent_id, path = record.get("agent_id"), record.get("task_name")
        if isinstance(agent_id, str) and agent_id:
            nickname = record.get("nickname")
            self.spawned(call, agent_id, nickname if isinstance(nickname, str) else None)
        elif isinstance(path, str) and path:
            self._spawned_paths[path] = call
            if thread_id := self._by_path.get(path):
                self.spawned(call, thread_id, None, path)

    def of_item(self, call: Call, tool: str, agents: Iterable[AgentRef]) -> None:
        """The workers that an item names: a spawn's child, or whom the call addressed."""
        refs = list(agents)
        if tool == "spawn_agent":
            for ref in refs:
                if ref.state != "not_found":
                    self.spawned(call, ref.thread_id, ref.name)
        elif len(refs) == 1 and refs[0].state != "not_found":
            call.child_session = call.child_session or refs[0].thread_id

    def activity(self, event: AgentActivity, call: Call | None) -> None:
        if event.thread_id is None:
            return
        if event.what == "started":
            self.spawned(call, event.thread_id, None, event.path)
        elif call is not None:
            call.child_session = event.thread_id
            if event.path is not None:
                self._by_path.setdefault(event.path, event.thread_id)

    def addressed(self, event: CallMade) -> str | None:
        """The one worker that a call's arguments name, if it is known."""
        arguments = event.arguments or {}
        names: list[object] = [arguments.get("target"), arguments.get("id"), arguments.get("agent_id")]
        for key in ("targets", "ids"):
            several = arguments.get(key)
            names += several if isinstance(several, list) else []
        known = {found for name in names if isinstance(name, str) and (found := self._thread(name))}
        return known.pop() if len(known) == 1 else None

    def _thread(self, name: str) -> str | None:
        if name in self._children:
            return name
        path = name if name.startswith("/") else f"{self.own_path or '/root'}/{name}"
        return self._by_path.get(path)


def _json_object(written: str) -> dict[str, object]:
    if not written.startswith("{"):
        return {}
    try:
        record = orjson.loads(written)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}
