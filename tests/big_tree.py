"""Writes a chain of seventy workers, four levels deep, as session files: for what must bear many agents."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from tests.building import START
from tests.library import Story, id_of

WORKERS = 70
_CHILDREN = ((4,), (3,), (2,), (2, 1, 1, 1), (0,))
"""By depth, how many workers each thread there starts, in turns: 4 + 12 + 24 + 30."""
_NAMES = ("survey", "parser", "totals", "checks", "docs", "schema", "import", "report")
_BETWEEN_SPAWNS = 1_500


class Agent(Story):
    """A thread of the tree that is told by moments instead of lines: milliseconds since the tree began."""

    def __init__(self, number: int, parent: int | None, depth: int, at: int) -> None:
        header: dict[str, Any] = {}
        if parent is not None:
            name = f"{_NAMES[number % len(_NAMES)]}-{number}"
            spawn = {"parent_thread_id": id_of(parent), "depth": depth, "agent_nickname": name}
            header["source"] = {"subagent": {"thread_spawn": spawn}}
        super().__init__(number, minutes=at / 60_000, **header)
        self.depth = depth

    def at(self, moment: int) -> Agent:
        """What comes next is written then."""
        self._now = START + timedelta(milliseconds=moment)
        return self

    def wait_for(self, worker: int, since: int, until: int) -> None:
        call_id = f"call_wait_{worker}"
        named = {"targets": [id_of(worker)], "timeout_ms": 600_000}
        self.at(since).call(call_id, "wait_agent", named, namespace="multi_agent_v1")
        status = {"status": {id_of(worker): {"completed": "Done."}}, "timed_out": False}
        self.at(until).output(call_id, json.dumps(status))


class BigTree:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._numbers = count(1)
        self._next_children = [count() for _ in _CHILDREN]

    def write(self) -> None:
        self._run(None, 0, 0)

    def _run(self, parent: int | None, depth: int, start: int) -> tuple[int, int]:
        """Writes a thread and all below it; gives its number, and when it ended."""
        number = next(self._numbers)
        agent = Agent(number, parent, depth, start)
        agent.at(start).begin(f"Part {number}: look at it, and say what you found.")
        now = self._work(agent, number, start + 500)
        below: list[tuple[int, int]] = []
        for _ in range(self._children_at(depth)):
            child, end = self._run(number, depth + 1, now + 200)
            agent.at(now).spawn(child, f"call_spawn_{child}")
            below.append((child, end))
            now += _BETWEEN_SPAWNS
        for child, end in below:
            until = max(now + 20, end + 20)
            agent.wait_for(child, now, until)
            now = until + 400
        agent.at(now + 1_000 + 700 * (number % 5)).used(8_000 + 310 * number, 400 + 7 * number)
        return number, self._finish(agent, number)

    def _children_at(self, depth: int) -> int:
        kinds = _CHILDREN[depth]
        return kinds[next(self._next_children[depth]) % len(kinds)]

    def _work(self, agent: Agent, number: int, now: int) -> int:
        """A few commands; every ninth thread has one that fails."""
        for step in range(2 + number % 3):
            agent.at(now).ran(1 if number % 9 == 4 and step == 1 else 0)
            now += 900 + 1_300 * ((number * 7 + step) % 6)
        return now

    def _finish(self, agent: Agent, number: int) -> int:
        if number == 23:
            agent.fail()
        elif number == 42:
            agent.abort()
        elif number != WORKERS + 1:  # the last of all was never heard of again
            agent.end()
        agent.put(self._home)
        return round((agent._now - START) / timedelta(milliseconds=1))


def write_big_tree(home: Path) -> None:
    BigTree(home).write()
