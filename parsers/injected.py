"""Tells what people asked from what the harness put into the conversation in their name."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from trace_tui.parsers.fields import JsonObject, mapping, sequence, strings, text

_NOTICE_START, _NOTICE_END = "<subagent_notification>", "</subagent_notification>"
# How harness text begins, by the builds that wrote it; each content part is tested on its own.
_OPENERS: tuple[tuple[str, str], ...] = (
    ("<environment_context>", "environment"),
    ("<user_instructions>", "agents_md"),
    ("# AGENTS.md instructions", "agents_md"),
    ("<turn_aborted>", "turn_aborted"),
    ("<user_shell_command>", "shell_command"),
    ("<user_action>", "user_action"),
    (_NOTICE_START, "worker_notification"),
    ("<skill>", "skill"),
    ("<goal_context>", "goal"),
    ("<codex_internal_context", "goal"),
    ("<hook_prompt", "hook"),
    ("<INSTRUCTIONS>", "agents_md"),
    ("<permissions instructions>", "permissions"),
    ("<collaboration_mode>", "collaboration_mode"),
    ("<skills_instructions>", "skill"),
    ("<model_switch>", "model_switch"),
    ("<spawned_agent_context>", "spawned_agent"),
    ("<ENVIRONMENT_CONTEXT>", "environment"),
    ("Warning: apply_patch was requested via", "warning"),
    ("Warning: The maximum number of unified exec", "warning"),
    ("Another language model started to solve this problem", "summary"),
)
_IDE_REQUEST = "## My request for Codex:"


def injected_kind(part: str) -> str | None:
    """The kind of harness text that this is, None for what a person may have written."""
    start = part[:80].lstrip()
    if not start or start[0] not in "<#WA":
        return None
    return next((kind for opener, kind in _OPENERS if start.startswith(opener)), None)


class WorkerNotice(NamedTuple):
    """What the harness tells a parent of its worker, by its path or, where it has none, its thread's id."""

    worker: str
    state: str
    words: str


def worker_notice(part: str) -> WorkerNotice | None:
    """A notification's content, None for other text and for forms that no build is known to write."""
    told = part.strip()
    if not (told.startswith(_NOTICE_START) and told.endswith(_NOTICE_END)):
        return None
    try:
        notice = orjson.loads(told[len(_NOTICE_START) : -len(_NOTICE_END)])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(notice, dict):
        return None
    worker = text(notice, "agent_path") or text(notice, "agent_id")  # the id up to 0.116
    if worker is None:
        return None
    status = notice.get("status")
    if isinstance(status, str):
        return WorkerNotice(worker, status, "")
    if not isinstance(status, dict) or len(status) != 1:
        return None
    state, words = next(iter(status.items()))
    return WorkerNotice(worker, state, words if isinstance(words, str) else "")


def persons_words(prompt: str) -> str:
    """A prompt without what an editor put before it."""
    if prompt.startswith("#") and (at := prompt.find(_IDE_REQUEST)) >= 0:
        return prompt[at + len(_IDE_REQUEST) :].strip()
    return prompt


class Parts:
    """The content parts of a message, sorted into words, harness text and pictures."""

    def __init__(self, content: list[Any], kinds: list[Any]) -> None:
        self.words: list[str] = []
        self.injected: list[tuple[str, str]] = []
        self.images = 0
        self.labelled = False
        for index, part in enumerate(content):
            label = kinds[index] if index < len(kinds) else None
            if isinstance(part, str):
                self._add(part, label)
            elif isinstance(part, dict):
                words = text(part, "text")
                if words is not None:
                    self._add(words, label)
                elif "image" in (text(part, "type") or ""):
                    self.images += 1

    def _add(self, words: str, label: object) -> None:
        if isinstance(label, str) and label != "unknown":
            if label.startswith("user."):
                self.labelled = True
            else:
                self.injected.append((injected_kind(words) or label, words))
                return
        elif kind := injected_kind(words):
            self.injected.append((kind, words))
            return
        if not (words.startswith("<image name=") or words == "</image>"):
            self.words.append(words)


def message_parts(payload: JsonObject) -> Parts:
    """The parts of a response item's message, with the labels that newer builds put beside them."""
    content = payload.get("content")
    if isinstance(content, str):
        content = [content]
    passthrough = mapping(payload, "internal_chat_message_metadata_passthrough")
    return Parts(content if isinstance(content, list) else [], sequence(passthrough, "content_item_kinds"))


def joined_text(values: list[Any]) -> str:
    """The texts of a list of parts, one under the other."""
    found = [
        part if isinstance(part, str) else text(part, "text")
        for part in values
        if isinstance(part, str | dict)
    ]
    return "\n".join(strings(found))
