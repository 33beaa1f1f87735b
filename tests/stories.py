"""Turns told step by step, for tests about what happens between steps."""

from __future__ import annotations

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

    def thinks(self) -> Self:
        return self.event("agent_reasoning", text="**Thinking**")

    def runs(
        self,
        command: str = "sh check.sh",
        code: int = 0,
        *,
        prints: str = "x",
        took: float = 0.1,
        approved: float = 0,
        **arguments: Any,
    ) -> Self:
        call = self._call("exec_command", {"cmd": command, **arguments})
        self.pause(approved + took)
        return self.output(call, self._printed(f"Process exited with code {code}", prints, took))

    def ran(self, command: str, *, took: float) -> Self:
        """As some versions write it: the call when it has ended, beside its output."""
        self.pause(took)
        call = self._call("exec_command", {"cmd": command})
        return self.output(call, self._printed("Process exited with code 0", "x", took))

    def leaves_running(self, command: str, process: int = 7, *, prints: str = "x", took: float = 10) -> Self:
        call = self._call("exec_command", {"cmd": command})
        self.pause(took)
        return self.output(call, self._printed(f"Process running with session ID {process}", prints, took))

    def runs_side_by_side(self, *commands: str, took: float = 0.1, approved: float = 0) -> Self:
        """All calls, then all outputs."""
        calls = [self._call("exec_command", {"cmd": command}) for command in commands]
        self.pause(approved + took)
        for call in calls:
            self.output(call, self._printed("Process exited with code 0", "x", took))
        return self

    def uses(self, tool: str, arguments: dict[str, Any], answer: Any = "x", *, took: float = 0.1) -> Self:
        call = self._call(tool, arguments)
        return self.pause(took).output(call, answer)

    def is_declined(self, command: str, *, after: float = 0) -> Self:
        call = self._call("exec_command", {"cmd": command})
        return self.pause(after).output(call, "exec_command failed: rejected by user")

    def patches(self, file: str, added: int = 1, removed: int = 1, *more: str, applies: bool = True) -> Self:
        others = [f"*** Update File: {other}" for other in more]
        return self.edits(file, *["-x"] * removed, *["+y"] * added, *others, applies=applies)

    def edits(self, file: str, *lines: str, applies: bool = True, approved: float = 0) -> Self:
        """A patch of these lines, with their signs; further files may be among them."""
        patch = ["*** Begin Patch", f"*** Update File: {file}", "@@", *lines, "*** End Patch"]
        return self.hands_in("\n".join(patch), applies=applies, approved=approved)

    def hands_in(self, patch: str, *, applies: bool = True, approved: float = 0) -> Self:
        call = self._next_id()
        self.item("custom_tool_call", call_id=call, name="apply_patch", input=patch)
        self.pause(approved)
        good = "Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\nM x"
        said = good if applies else "apply_patch verification failed: no such line"
        return self.item("custom_tool_call_output", call_id=call, output=said)

    def polls(
        self,
        process: int = 7,
        *,
        every: float = 10,
        typed: str = "",
        prints: str = "",
        code: int | None = None,
    ) -> Self:
        """With an exit code it is the last one."""
        call = self._call("write_stdin", {"session_id": process, "chars": typed})
        self.pause(every)
        state = f"running with session ID {process}" if code is None else f"exited with code {code}"
        return self.output(call, self._printed(f"Process {state}", prints, every))

    def spawns(self, worker: str = WORKER, nickname: str = "Ada") -> Self:
        call = self._call("spawn_agent", {"message": "Count."})
        return self.output(call, f'{{"agent_id":"{worker}","nickname":"{nickname}"}}')

    def awaits(self, *workers: str, took: float = 0.1) -> Self:
        return self.uses(
            "wait_agent", {"targets": list(workers)}, '{"status":{},"timed_out":false}', took=took
        )

    def awaits_any(self, *, took: float = 0.1) -> Self:
        """As newer versions do, which name nobody."""
        return self.uses(
            "wait_agent", {"timeout_ms": 20000}, '{"message":"Wait completed.","timed_out":false}', took=took
        )

    def hears(self, worker: str, words: str) -> Self:
        """A notice of the harness; ``words`` are as JSON has them."""
        notice = f'{{"agent_path":"{worker}","status":{{"completed":"{words}"}}}}'
        return self.said("user", f"<subagent_notification>\n{notice}\n</subagent_notification>")

    def _printed(self, state: str, printed: str, took: float) -> str:
        """What stands before an output is new with every call."""
        head = f"Chunk ID: {self._calls:06x}\nWall time: {took:.4f} seconds\n{state}\n"
        return f"{head}Original token count: {len(printed)}\nOutput:\n{printed}"

    def _call(self, name: str, arguments: dict[str, Any]) -> str:
        call = self._next_id()
        self.call(call, name, arguments)
        return call

    def _next_id(self) -> str:
        self._calls += 1
        return f"call_{self._calls}"
