"""Turns told step by step, for tests about what happens between steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from tests.building import Rollout

WORKER = "01a1f900-0000-7000-8000-0000000000aa"


class Story(Rollout):
    """A session whose commands, patches and polls are one word each; `begin` opens its turns."""

    def __init__(self) -> None:
        super().__init__()
        self.meta(cli_version="0.104.0")
        self._turns = self._calls = 0

    def begin(self, prompt: str = "Please fix it.", **context: Any) -> Self:
        self._turns += 1
        self.started(f"t{self._turns}").asked(prompt)
        return self.line("turn_context", {"cwd": "/home/dev/work", **context}) if context else self

    def end(self) -> Self:
        return self.ended(f"t{self._turns}")

    def pause(self, seconds: float) -> Self:
        self._now += timedelta(seconds=seconds)
        return self

    def thinks(self) -> Self:
        return self.event("agent_reasoning", text="**Thinking**")

    def runs(
        self, command: str = "sh check.sh", code: int = 0, *, took: float = 0.1, approved: float = 0
    ) -> Self:
        call = self._call("exec_command", {"cmd": command})
        self.pause(approved + took)
        head = f"Chunk ID: 7af4d2\nWall time: {took:.4f} seconds\nProcess exited with code {code}\n"
        return self.output(call, f"{head}Original token count: 8\nOutput:\nx")

    def is_declined(self, command: str, *, after: float = 0) -> Self:
        call = self._call("exec_command", {"cmd": command})
        return self.pause(after).output(call, "exec_command failed: rejected by user")

    def patches(self, file: str, added: int = 1, removed: int = 1, *more: str, applies: bool = True) -> Self:
        lines = ["*** Begin Patch", f"*** Update File: {file}", "@@", *["-x"] * removed, *["+y"] * added]
        lines += [f"*** Update File: {other}" for other in more]
        call = self._next_id()
        self.item(
            "custom_tool_call", call_id=call, name="apply_patch", input="\n".join([*lines, "*** End Patch"])
        )
        good = "Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\nM x"
        said = good if applies else "apply_patch verification failed: no such line"
        return self.item("custom_tool_call_output", call_id=call, output=said)

    def polls(self, process: int = 7, *, every: float = 10, typed: str = "") -> Self:
        call = self._call("write_stdin", {"session_id": process, "chars": typed})
        self.pause(every)
        head = (
            f"Chunk ID: 7af4d2\nWall time: {every:.4f} seconds\nProcess running with session ID {process}\n"
        )
        return self.output(call, f"{head}Original token count: 0\nOutput:\n")

    def spawns(self, worker: str = WORKER, nickname: str = "Ada") -> Self:
        call = self._call("spawn_agent", {"message": "Count."})
        return self.output(call, f'{{"agent_id":"{worker}","nickname":"{nickname}"}}')

    def awaits(self, *workers: str, took: float = 0.1) -> Self:
        call = self._call("wait_agent", {"targets": list(workers)})
        return self.pause(took).output(call, '{"status":{},"timed_out":false}')

    def hears(self, worker: str, words: str) -> Self:
        """A notice of the harness; ``words`` are as JSON has them."""
        notice = f'{{"agent_path":"{worker}","status":{{"completed":"{words}"}}}}'
        return self.said("user", f"<subagent_notification>\n{notice}\n</subagent_notification>")

    def _call(self, name: str, arguments: dict[str, Any]) -> str:
        call = self._next_id()
        self.call(call, name, arguments)
        return call

    def _next_id(self) -> str:
        self._calls += 1
        return f"call_{self._calls}"
