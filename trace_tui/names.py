"""The names that people gave their sessions: `session_index.jsonl` beside the folders of a Codex home."""

from __future__ import annotations

from pathlib import Path

INDEX = "session_index.jsonl"


def read_names(home: Path, only: str | None = None) -> dict[str, str]:
    """By thread id, or just that of ``only``; an id's last line is the one that counts."""
    names: dict[str, str] = {}
    wanted = only.encode() if only is not None else b""
    try:
        with (home / INDEX).open("rb") as index:
            lines = [line for line in index if wanted in line]
    except OSError:
        return {}  # most homes have none
    if not lines:
        return {}
    import orjson  # lists need names only when there are new ones

    for line in lines:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # torn, or being written
        if not isinstance(record, dict):
            continue
        thread_id, name = record.get("id"), record.get("thread_name")
        if isinstance(thread_id, str) and isinstance(name, str) and (only is None or thread_id == only):
            names[thread_id] = name
    return {thread_id: name for thread_id, name in names.items() if name}
