"""Stories as JSON events, one a line; described in docs/tail.schema.json."""

from __future__ import annotations

from trace_tui.model import Session, Turn, file_of, line_of
from trace_tui.printing.items import call_object, note_object
from trace_tui.printing.machine import (
    JsonObject,
    agent_object,
    printable_path,
    usage_object,
    write_json_lines,
)
from trace_tui.tailing.company import Company
from trace_tui.tailing.stories import (
    CallBegan,
    CallOver,
    CallRuns,
    Damage,
    Noted,
    SessionBegan,
    StateIs,
    TurnBegan,
    TurnOver,
    TurnUndone,
)
from trace_tui.tailing.tail import Heard
from trace_tui.tailing.wholes import Wholes
from trace_tui.times import rfc3339

_CALL_TYPES = {CallBegan: "call_started", CallRuns: "call_running", CallOver: "call"}


def print_events(heard: list[Heard], company: Company | None) -> None:
    """``company`` is there where a chain is followed."""
    with Wholes() as wholes:
        write_json_lines([event_object(one, wholes, company) for one in heard])


def event_object(heard: Heard, wholes: Wholes, company: Company | None) -> JsonObject:
    story = heard.story
    agent = None if company is None else company.find(heard.thread.key)
    type_, more = _told(heard, wholes)
    shown: JsonObject = {
        "type": type_,
        "session": story.session_id,
        "agent": story.agent_name,
        "letter": agent.badge.letter if agent is not None and agent.badge is not None else None,
        "at": rfc3339(story.at),
        "turn": story.turn.index if story.turn is not None else None,
        "line": line_of(story.place) or None,
    }
    if file_of(story.place):
        shown["file"] = file_of(story.place)
    return shown | more


def _told(heard: Heard, wholes: Wholes) -> tuple[str, JsonObject]:
    story = heard.story
    match story.event:
        case SessionBegan(session, titled):
            return "session", _session(session, titled=titled)
        case TurnBegan():
            assert story.turn is not None
            return "turn_started", {"turn_id": story.turn.id, "kind": story.turn.kind.value}
        case TurnOver(failed_calls):
            assert story.turn is not None
            answer = wholes.of(heard.thread, story.turn.final_answer)
            return "turn_ended", _turn(story.turn) | {"failed_calls": failed_calls, "final_answer": answer}
        case TurnUndone():
            return "turn_reverted", {}
        case CallBegan(call) | CallRuns(call) | CallOver(call):
            with_file = file_of(call.place) > 0
            return _CALL_TYPES[type(story.event)], {"call": call_object(call, with_file=with_file)}
        case Noted(note):
            shown = note_object(note, wholes.of(heard.thread, note))
            return shown["kind"], {key: shown[key] for key in shown.keys() - {"kind", "at", "line"}}
        case Damage(problem):
            return "problem", {"kind": problem.kind, "detail": problem.detail}
        case StateIs(state):
            return "session_state", {"state": state}


def _session(session: Session, *, titled: bool) -> JsonObject:
    return {
        "root_id": session.root_id,
        "parent_id": session.parent_id,
        "relation": session.relation.value,
        "agent_details": agent_object(session.agent),
        "files": [printable_path(file.path) for file in session.files],
        "format": session.format.value,
        "originator": session.originator,
        "source": session.source,
        "cli_versions": session.cli_versions,
        "cwd": session.cwd,
        "git": {"branch": session.branch, "commit": session.commit, "repository": session.repository},
        "started_at": rfc3339(session.started_at),
        "title": session.title if titled else None,
    }


def _turn(turn: Turn) -> JsonObject:
    error = None if turn.error is None else {"message": turn.error.message, "code": turn.error.code}
    return {
        "turn_id": turn.id,
        "kind": turn.kind.value,
        "status": turn.status.value,
        "error": error,
        "model": turn.model,
        "duration_ms": turn.duration_ms,
        "usage": usage_object(turn.usage),
    }
