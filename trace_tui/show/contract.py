"""The session as one JSON object, the machine's face of the model; described in docs/session.schema.json."""

from __future__ import annotations

from trace_tui.findings import Finding, findings_in
from trace_tui.model import Item, Note, Session, Turn, file_of, line_of
from trace_tui.printing.items import call_object, note_object
from trace_tui.printing.machine import (
    JsonObject,
    agent_object,
    children_objects,
    printable_path,
    usage_object,
)
from trace_tui.texts import Texts
from trace_tui.time_spent import time_split
from trace_tui.times import rfc3339

SCHEMA = "codex-trace/session@1"


def session_object(session: Session, texts: Texts, turns: list[Turn] | None = None) -> JsonObject:
    """Everything known of a session; ``turns`` narrows what is listed, not what is counted."""
    listed = session.turns if turns is None else turns
    return {
        "schema": SCHEMA,
        "session": session_facts(session, texts),
        "turns": [turn_object(turn, session, texts) for turn in listed],
        "usage": usage_object(session.usage),
        "usage_source": session.usage_source,
        "inherited": {"lines": session.inherited_lines, "calls": session.inherited_calls},
        "failures": {"calls": len(session.failed_calls()), "turns": len(session.failed_turns())},
        "hints": [hint_object(finding, session) for finding in findings_in(session, texts)],
        "problems": [problem_object(session, index) for index in range(len(session.problems))],
        "problems_left_out": session.problems_left_out,
        "unknown": dict(session.unknown),
    }


def session_facts(session: Session, texts: Texts) -> JsonObject:
    """The keys that name a session, here and in lists."""
    forked = None if session.forked_from is None else {"id": session.forked_from, "at": session.forked_at}
    return {
        "id": session.id,
        "root_id": session.root_id,
        "parent_id": session.parent_id,
        "relation": session.relation.value,
        "agent": agent_object(session.agent),
        "forked_from": forked,
        "children": children_objects(session.children),
        "files": [printable_path(file.path) for file in session.files],
        "format": session.format.value,
        "originator": session.originator,
        "source": session.source,
        "cli_versions": session.cli_versions,
        "cwd": session.cwd,
        "git": {"branch": session.branch, "commit": session.commit, "repository": session.repository},
        "title": texts.title(session),
        "started_at": rfc3339(session.started_at),
        "ended_at": rfc3339(session.ended_at),
        "state": session.state,
        "archived": session.archived,
        "compressed": session.compressed,
    }


def turn_object(turn: Turn, session: Session, texts: Texts) -> JsonObject:
    error = None if turn.error is None else {"message": turn.error.message, "code": turn.error.code}
    split = time_split(turn)
    return {
        "index": turn.index,
        "id": turn.id,
        "kind": turn.kind.value,
        "status": turn.status.value,
        "error": error,
        "reverted": turn.reverted,
        "prompt": texts.whole(turn.prompt),
        "prompt_sealed": turn.prompt_sealed,
        "steered": [texts.whole(text) for text in turn.steered],
        "final_answer": texts.whole(turn.final_answer),
        "model": turn.model,
        "effort": turn.effort,
        "cwd": turn.cwd,
        "approval_policy": turn.approval_policy,
        "sandbox": turn.sandbox,
        "collaboration_mode": turn.collaboration_mode,
        "started_at": rfc3339(turn.started_at),
        "ended_at": rfc3339(turn.ended_at),
        "duration_ms": turn.duration_ms,
        "time": None if split is None else split._asdict(),
        "usage": usage_object(turn.usage),
        "responses": turn.responses,
        "compactions": turn.compactions,
        "context": {"used": turn.context_used, "window": turn.context_window},
        "parent_turn_id": turn.parent_turn_id,
        "items": [shown for item in turn.items for shown in _item_objects(item, session, texts)],
    }


def _item_objects(item: Item, session: Session, texts: Texts) -> list[JsonObject]:
    several_files = len(session.files) > 1
    if isinstance(item, Note):
        return [note_object(item, texts.whole(item), with_file=several_files)]
    return [call_object(call, with_file=several_files) for call in (item, *(item.nested or ()))]


def hint_object(finding: Finding, session: Session) -> JsonObject:
    shown: JsonObject = {
        "kind": finding.kind.value,
        "turn": finding.turn,
        "words": finding.words,
        "calls": [call.call_id for call in finding.calls],
        "lines": [line_of(call.place) for call in finding.calls],
        "started_at": rfc3339(finding.at),
        "ended_at": rfc3339(finding.until),
        "waited_for": finding.waited_for,
    }
    if len(session.files) > 1:
        shown["files"] = [file_of(call.place) for call in finding.calls]
    return shown


def problem_object(session: Session, index: int) -> JsonObject:
    problem = session.problems[index]
    shown: JsonObject = {"line": problem.line, "kind": problem.kind, "detail": problem.detail}
    if len(session.files) > 1:
        shown["file"] = problem.file
    return shown
