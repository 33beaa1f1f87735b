"""What all JSON that is printed has in common."""

from __future__ import annotations

import sys
from typing import Any, BinaryIO

from trace_tui.parsers.usage import Usage
from trace_tui.relatives import Agent, Child

JsonObject = dict[str, Any]


def printable_path(path: str) -> str:
    """A file name need not be UTF-8: JSON has a mark where it is not."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def agent_object(agent: Agent) -> JsonObject:
    return {"path": agent.path, "nickname": agent.nickname, "role": agent.role, "depth": agent.depth}


def children_objects(children: list[Child]) -> list[JsonObject]:
    return [
        {"id": child.id, "call_id": child.call_id, "relation": child.relation.value, "name": child.name}
        for child in children
    ]


def usage_object(usage: Usage) -> JsonObject:
    return {**usage._asdict(), "total": usage.total}


def write_json(shown: JsonObject) -> None:
    import orjson  # pages for people do without

    write_bytes(orjson.dumps(shown, option=orjson.OPT_INDENT_2, default=str) + b"\n")


def write_json_lines(shown: list[JsonObject]) -> None:
    import orjson

    write_bytes(b"".join(orjson.dumps(one, default=str) + b"\n" for one in shown))


def write_bytes(data: bytes) -> None:
    stream: BinaryIO = sys.stdout.buffer
    stream.write(data)
    stream.flush()
