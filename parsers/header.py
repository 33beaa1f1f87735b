"""The lines that tell about a thread or a turn as a whole: session_meta, turn_context, settings."""

from __future__ import annotations

from typing import Any

from trace_tui.parsers.events import HistoryBase, SessionHeader, SettingsApplied, TurnContext
from trace_tui.parsers.fields import Clock, JsonObject, integer, mapping, policy_name, text

_CLOCK = Clock()


def parse_session_meta(payload: JsonObject) -> SessionHeader:
    header = SessionHeader(
        id=text(payload, "id"),
        root_id=text(payload, "session_id"),
        parent_id=text(payload, "parent_thread_id"),
        forked_from_id=text(payload, "forked_from_id"),
        forked_at_ordinal=integer(payload, "forked_from_ordinal_exclusive"),
        history_base=_history_base(payload),
        own_start_ordinal=integer(payload, "subagent_history_start_ordinal"),
        created_at=_CLOCK.ms(payload.get("timestamp")),
        cwd=text(payload, "cwd"),
        originator=text(payload, "originator"),
        cli_version=text(payload, "cli_version"),
        agent_path=text(payload, "agent_path"),
        agent_nickname=text(payload, "agent_nickname"),
        agent_role=text(payload, "agent_role") or text(payload, "agent_type"),
        paginated=payload.get("history_mode") == "paginated",
    )
    read_git(header, mapping(payload, "git"))
    _read_source(header, payload.get("source"), text(payload, "thread_source"))
    return header


def parse_bare_header(record: JsonObject) -> SessionHeader:
    """The first line of 2025's files without envelope, or the TypeScript CLI's ``session`` object."""
    header = SessionHeader(id=text(record, "id"), created_at=_CLOCK.ms(record.get("timestamp")), shape="bare")
    read_git(header, mapping(record, "git"))
    return header


def read_git(header: SessionHeader, git: JsonObject) -> None:
    header.branch = text(git, "branch")
    header.commit = text(git, "commit_hash")
    header.repository = text(git, "repository_url")


def _history_base(payload: JsonObject) -> HistoryBase | None:
    base = mapping(payload, "history_base")
    thread_id = text(base, "thread_id")
    return HistoryBase(thread_id, integer(base, "end_ordinal_exclusive")) if thread_id else None


def _read_source(header: SessionHeader, source: Any, thread_source: str | None) -> None:
    """``source`` is a word for what people started, an object for what another thread did."""
    if isinstance(source, str):
        header.source = source
    elif isinstance(source, dict):
        if isinstance(source.get("subagent"), str | dict):
            _read_subagent(header, source["subagent"])
        elif isinstance(source.get("internal"), str):
            header.child_kind = header.source = source["internal"]
        elif isinstance(source.get("custom"), str):
            header.source = source["custom"]
    if header.child_kind is None and thread_source == "guardian_review":
        header.child_kind = "guardian"
    if header.child_kind is None and thread_source == "subagent":
        header.child_kind = "worker"
    if header.source is None:
        header.source = header.child_kind


def _read_subagent(header: SessionHeader, subagent: str | JsonObject) -> None:
    if isinstance(subagent, str):
        header.child_kind = subagent
        return
    other = text(subagent, "other")
    if other is not None:
        header.child_kind = other
        return
    spawn = mapping(subagent, "thread_spawn")
    header.child_kind = "worker"
    header.parent_id = header.parent_id or text(spawn, "parent_thread_id")
    header.depth = integer(spawn, "depth") or 0
    header.agent_path = header.agent_path or text(spawn, "agent_path")
    header.agent_nickname = header.agent_nickname or text(spawn, "agent_nickname")
    header.agent_role = header.agent_role or text(spawn, "agent_role") or text(spawn, "agent_type")


def parse_turn_context(payload: JsonObject) -> TurnContext:
    mode = mapping(payload, "collaboration_mode")
    settings = mapping(mode, "settings")
    return TurnContext(
        turn_id=text(payload, "turn_id"),
        model=text(payload, "model") or text(payload, "model_name"),
        effort=text(payload, "effort") or text(settings, "reasoning_effort"),
        cwd=text(payload, "cwd"),
        approval_policy=policy_name(payload.get("approval_policy")),
        sandbox=policy_name(payload.get("sandbox_policy")) or policy_name(payload.get("permission_profile")),
        mode=text(mode, "mode"),
    )


def parse_settings(payload: JsonObject) -> SettingsApplied:
    settings = mapping(payload, "thread_settings")
    mode = mapping(settings, "collaboration_mode")
    return SettingsApplied(
        model=text(settings, "model"),
        effort=text(settings, "reasoning_effort") or text(mapping(mode, "settings"), "reasoning_effort"),
        cwd=text(settings, "cwd"),
        approval_policy=policy_name(settings.get("approval_policy")),
        sandbox=policy_name(settings.get("sandbox_policy"))
        or policy_name(settings.get("permission_profile")),
        mode=text(mode, "mode"),
        service_tier=text(settings, "service_tier"),
    )
