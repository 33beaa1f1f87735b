"""What a call about workers told of them: their states and answers, the turn it began; asked by the fold."""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from trace_tui.parsers.fields import JsonObject, text
from trace_tui.parsers.injected import WorkerNotice, worker_notice
from trace_tui.parsers.particulars import states_in
from trace_tui.parsers.safe_text import one_line

_WORDS = 300
"""Characters of a worker's answer that are kept; all of it stands in the file."""
_STATE = 40


class AgentReply(NamedTuple):
    """Nothing of a kind that this build does not tell."""

    turn_id: str | None = None
    """The worker's turn that a message of v1 began (0.107 and later)."""
    news: tuple[WorkerNotice, ...] = ()
    """Of the workers that it names; without an id it is the one that was addressed."""
    timed_out: bool = False
    named: tuple[str, ...] = ()
    """The workers that the call itself names, where its summary has no room for all of them."""


_NOTHING = AgentReply()


def agent_reply(output: str, named: tuple[str, ...] = ()) -> AgentReply | None:
    """None where nothing is told of workers."""
    record = _record(output)
    news = tuple(_shortened(notice) for notice in states_in(record))
    reply = AgentReply(text(record, "submission_id") or None, news, record.get("timed_out") is True, named)
    return None if reply == _NOTHING else reply


def _record(output: str) -> JsonObject:
    if not output.startswith("{"):
        return {}
    try:
        record = orjson.loads(output)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def _shortened(notice: WorkerNotice) -> WorkerNotice:
    return WorkerNotice(
        notice.worker, one_line(notice.state, _STATE), one_line(notice.words[: 2 * _WORDS], _WORDS)
    )


FAILED_STATES = frozenset({"errored", "not_found"})
"""Of workers, as their parents are told."""
_MAILED_FAILURE = "Agent errored: "


def news_of(mail: str, author: str | None) -> WorkerNotice | None:
    """What a parent was told of a worker: by the harness, or by mail, which has a state only if it failed."""
    notice = worker_notice(mail)
    if notice is not None or author is None:
        return notice
    if mail.startswith(_MAILED_FAILURE):
        return WorkerNotice(author, "errored", mail.removeprefix(_MAILED_FAILURE))
    return WorkerNotice(author, "", mail)


def readable_error(words: str) -> str:
    """With the message alone where a model's error stands there as the JSON that it came in, maybe cut."""
    before, brace, rest = words.partition("{")
    message = _MESSAGE.search(rest) if brace else None
    if message is None:
        return words
    return before + _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), message[1])


_MESSAGE = re.compile(r'^\s*"error":.*?"message":\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t"}
