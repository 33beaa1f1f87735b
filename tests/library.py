"""What the tests of many sessions share: whole homes of built sessions, and entries that need no file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
import zstandard

from tests.building import START, Rollout
from trace_tui.library.catalog import Catalog
from trace_tui.library.chains import Forest, Member, grow
from trace_tui.library.entries import Entry, Link
from trace_tui.library.library import Library
from trace_tui.relatives import Agent, Relation


def keep_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hides the person's own sessions and catalog; gives the home that is Codex's own instead."""
    home = folder / "codex-home"
    monkeypatch.setenv("CODEX_HOME", str(home))
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(folder / "cache"))
    return home


def id_of(number: int) -> str:
    """Ids that differ early, so that lists can show them short."""
    return f"{0x01A1F900 + number:08x}-0000-7000-8000-{number:012x}"


class Story(Rollout):
    """A session as Codex writes it: a header when it is made, then turns."""

    def __init__(self, number: int = 1, *, minutes: float = 0, id_: str | None = None, **header: Any) -> None:
        """Begun so many minutes after all other built files; ``header`` is what else its first line tells."""
        self.begun = START + timedelta(minutes=minutes)
        self.id = id_of(number) if id_ is None else id_
        super().__init__(start=self.begun)
        self._turns = self._calls = 0
        stamp = self.begun.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        self.meta(self.id, **({"timestamp": stamp, "cli_version": "0.128.0"} | header))

    def turn(
        self, prompt: str = "Please check.", *, calls: int = 0, failed: int = 0, model: str | None = None
    ) -> Self:
        """A whole turn: commands, of which the last fail, then an answer."""
        self.begin(prompt, model)
        for index in range(calls):
            self.ran(1 if index >= calls - failed else 0)
        return self.end()

    def begin(self, prompt: str = "Please check.", model: str | None = None) -> Self:
        self._turns += 1
        self.started(self._turn_id)
        if model is not None:
            self.line("turn_context", {"turn_id": self._turn_id, "model": model})
        return self.asked(prompt)

    def ran(self, code: int = 0) -> Self:
        self._calls += 1
        call_id = f"call_{self._calls}"
        self.call(call_id, arguments={"cmd": f"sh step-{self._calls}.sh"})
        return self.output(call_id, f"Process exited with code {code}\nOutput:\nout {self._calls}\n")

    def end(self) -> Self:
        return self.answered("Done.").ended(self._turn_id)

    def fail(self, message: str = "The model is not there.") -> Self:
        error = {"message": message, "codex_error_info": "other"}
        return self.event("error", **error).event("task_complete", turn_id=self._turn_id, error=error)

    def abort(self) -> Self:
        return self.event("turn_aborted", turn_id=self._turn_id, reason="interrupted")

    def spawn(self, child: int | str, call_id: str = "call_spawn", nickname: str | None = None) -> Self:
        """Starts a worker and is told its id."""
        child_id = id_of(child) if isinstance(child, int) else child
        self.call(call_id, "spawn_agent", {"message": "Please look."})
        return self.output(call_id, json.dumps({"agent_id": child_id, "nickname": nickname}))

    def used(self, input_: int, output: int) -> Self:
        """The one response's tokens."""
        return self.counted((input_, output), (input_, output))

    @property
    def _turn_id(self) -> str:
        return f"01a1f9ff-0000-7000-8000-{self._turns:012x}"

    # -- files --------------------------------------------------------------

    @property
    def file_name(self) -> str:
        return f"rollout-{self.begun:%Y-%m-%dT%H-%M-%S}-{self.id}.jsonl"

    def put(
        self, home: Path, *, day: str = "2026/11/20", archived: bool = False, compressed: bool = False
    ) -> Path:
        """Where Codex keeps it in a home."""
        folder = home / "archived_sessions" if archived else home / "sessions" / day
        path = self.put_as(folder / self.file_name)
        if not compressed:
            return path
        packed = path.with_name(path.name + ".zst")
        packed.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
        path.unlink()
        return self._stamped(packed)

    def put_as(self, path: Path) -> Path:
        return self._stamped(self.save(path.parent, path.name))

    def _stamped(self, path: Path) -> Path:
        """Last written when its last line was."""
        moment = datetime.fromisoformat(json.loads(self.lines[-1])["timestamp"]).timestamp()
        os.utime(path, (moment, moment))
        return path


def worker(number: int, parent: int | str, *, minutes: float = 0, depth: int = 1, **spawn: Any) -> Story:
    """A thread whose header says who started it."""
    parent_id = id_of(parent) if isinstance(parent, int) else parent
    source = {"subagent": {"thread_spawn": {"parent_thread_id": parent_id, "depth": depth, **spawn}}}
    return Story(number, minutes=minutes, source=source)


# -- reading ----------------------------------------------------------------


@contextmanager
def library_of(*roots: Path, catalog: Path | None = None) -> Iterator[Library]:
    """Some places, looked through and not read yet; in memory where no catalog is named."""
    with Catalog.open(catalog, in_memory=catalog is None) as opened:
        yield Library(opened, roots)


def forest_of(*roots: Path) -> Forest:
    with library_of(*roots) as library:
        library.refresh()
        return grow(library.entries())


def members_of(forest: Forest) -> list[Member]:
    """Every thread once, however many copies there are of it."""
    return forest.members()


def the(forest: Forest, thread: int | str) -> Member:
    """The only thread of that id."""
    (member,) = forest.named(id_of(thread) if isinstance(thread, int) else thread)
    return member


def ids(members: Sequence[Member]) -> list[str | None]:
    return [member.entry.id for member in members]


# -- entries without files --------------------------------------------------

_BLANK: dict[str, Any] = {
    **dict.fromkeys(["root_id", "parent_id", "forked_from", "forked_at", "originator", "source", "cwd"]),
    **dict.fromkeys(["branch", "commit", "repository", "started_at", "ended_at", "model"]),
    "relation": Relation.ROOT,
    "agent": Agent(),
    "format": "rollout",
    "state": "completed",
    "archived": False,
    "compressed": False,
    **dict.fromkeys(["turns", "calls", "failed_turns", "failed_calls"], 0),
}


def entry(number: int, **facts: Any) -> Entry:
    told = {"number": number, "key": f"/home\n{id_of(number)}", "id": id_of(number), "title": str(number)}
    return Entry(**(_BLANK | told | facts))


def link_to(child: int) -> Link:
    return Link(id_of(child), None, f"call_{child}", Relation.WORKER, None)
