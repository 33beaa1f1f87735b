"""How a call ended: the decision table, from structure alone.

Two accounts may exist, the harness' item and the text of the output. `item_verdict` and `output_verdict`
read one each; `decide` says which is right where they differ.
"""

from __future__ import annotations

from functools import lru_cache

from trace_tui.model import CallStatus, Tool, Verdict
from trace_tui.parsers.events import CallOutput, ToolEnded
from trace_tui.parsers.outputs import OutputFacts, read_output, sentence
from trace_tui.parsers.safe_text import one_line

OK = Verdict(CallStatus.OK)
OK_ZERO = Verdict(CallStatus.OK, 0)
ABORTED = Verdict(CallStatus.ABORTED, None, "interrupted")
RUNNING = Verdict(CallStatus.RUNNING, None, "still running")
TERMINATED = Verdict(CallStatus.ABORTED, None, "terminated")
KILLED = Verdict(CallStatus.ABORTED, None, "killed")

_REASON_LENGTH = 80
# Whose outputs may hold what: elsewhere the same words are what a tool or a person wrote.
_MAY_BE_DECLINED = frozenset({Tool.EXEC, Tool.STDIN, Tool.PATCH, Tool.MCP})
HAVE_EXIT_CODES = frozenset({Tool.EXEC, Tool.STDIN, Tool.PATCH, Tool.OTHER})
_SENTENCES_OF: dict[str, frozenset[Tool]] = {
    "tool error": frozenset({Tool.MCP}),
    "no such agent": frozenset({Tool.AGENT}),
    "no such agent role": frozenset({Tool.AGENT}),
    "bad agent name": frozenset({Tool.AGENT}),
    "image not found": frozenset({Tool.IMAGE}),
    "image not readable": frozenset({Tool.IMAGE}),
    "no such process": frozenset({Tool.STDIN, Tool.EXEC}),
    "timed out": frozenset({Tool.EXEC}),
}
_STOPPED = (CallStatus.ABORTED, CallStatus.DECLINED)
_KILLED_EXIT = -1
_TIMED_OUT_EXIT = 124


@lru_cache(maxsize=512)
def failed(exit_code: int | None, reason: str | None = None) -> Verdict:
    words = reason or (f"exit {exit_code}" if exit_code is not None else "failed")
    return Verdict(CallStatus.FAILED, exit_code, words)


def declined(reason: str = "declined") -> Verdict:
    return Verdict(CallStatus.DECLINED, None, reason)


def item_verdict(event: ToolEnded) -> Verdict | None:
    """What the harness said of a finished tool; None while it is still at work."""
    status, code = event.status, event.exit_code
    if status == "declined":
        return declined()
    if status == "in_progress":
        return None
    if status == "failed" or (code is not None and code != 0):
        return failed(code, _item_reason(event))
    return OK_ZERO if code == 0 else OK


def _item_reason(event: ToolEnded) -> str | None:
    if event.exit_code is not None and event.exit_code != _KILLED_EXIT:
        return None
    if event.error is not None:
        return sentence(event.error).failure or one_line(event.error, _REASON_LENGTH) or None
    if event.tool == "agent":
        return _agent_reason(event)
    if event.tool == "dynamic" and event.output:
        return one_line(event.output, _REASON_LENGTH)
    return "patch did not apply" if event.tool == "patch" else None


def _agent_reason(event: ToolEnded) -> str:
    states = {agent.state for agent in event.agents}
    if "errored" in states:
        return "the worker failed"
    return "no such agent" if "not_found" in states else "agent call failed"


def output_verdict(event: CallOutput, tool: Tool) -> tuple[Verdict | None, OutputFacts]:
    """What the output says; None where nothing in it tells how the call ended."""
    if event.exit_code is not None:  # read from the end of a wrapper whose middle was left alone
        facts = OutputFacts(told=True, exit_code=event.exit_code, seconds=event.seconds, body=event.text)
        facts.body = facts.body.removeprefix('{"output":"')
    else:
        facts = read_output(event.text)
    if event.success is False:
        return failed(facts.exit_code), facts
    return _told(facts, event, tool) or _by_tool(facts, event, tool), facts


def _told(facts: OutputFacts, event: CallOutput, tool: Tool) -> Verdict | None:
    if facts.aborted:
        return ABORTED
    if facts.declined is not None and tool in _MAY_BE_DECLINED:
        return declined(facts.declined)
    if facts.script is not None and tool is Tool.CODE:
        return _script(facts, event)
    if tool in HAVE_EXIT_CODES:
        if facts.exit_code is not None:
            return _exit(facts, tool)
        if facts.session is not None:
            return RUNNING
    return _failed_as_told(facts, tool)


def _failed_as_told(facts: OutputFacts, tool: Tool) -> Verdict | None:
    if facts.failure is None or tool not in _SENTENCES_OF.get(facts.failure, (tool,)):
        return None
    return failed(None, facts.failure)


def _exit(facts: OutputFacts, tool: Tool) -> Verdict:
    code = facts.exit_code
    if code == 0:
        return OK_ZERO
    if code == _TIMED_OUT_EXIT and facts.body.startswith("command timed out after"):
        return failed(code, "timed out")
    return failed(code, sentence(facts.body[:400]).failure if tool is Tool.PATCH else None)


def _script(facts: OutputFacts, event: CallOutput) -> Verdict:
    if facts.script == "completed":
        return OK
    if facts.script == "running":
        return RUNNING
    if facts.script == "terminated":
        return TERMINATED
    told = (event.last_part or facts.body).removeprefix("Script error:").strip()
    first_line = told.partition("\n")[0]
    known = sentence(first_line).failure
    return failed(
        None, known or (f"script error: {one_line(first_line, 60)}" if first_line else "script error")
    )


def _by_tool(facts: OutputFacts, event: CallOutput, tool: Tool) -> Verdict | None:
    """Outputs without a verdict of their own: what a good one looks like depends on the tool."""
    body = facts.body
    if tool in (Tool.EXEC, Tool.PATCH):
        inner = read_output(body) if body is not event.text else facts
        if inner.exit_code is not None:
            return _exit(inner, tool)
        if inner.failure is not None:
            return failed(None, inner.failure)
        return failed(None, "could not start") if body.startswith(("error:", "execution error:")) else None
    if tool is Tool.MCP:
        told = sentence(body)
        return declined(told.declined) if told.declined else _failed_as_told(told, tool)
    if tool is Tool.PLAN:
        return OK if body.startswith("Plan updated") or not body else failed(None, _words(body))
    if tool is Tool.IMAGE:
        good = event.images or not body or body.startswith("attached local image")
        return OK if good else failed(None, _words(body))
    if tool in (Tool.AGENT, Tool.ASK):
        good = not body.strip() or body.lstrip()[0] in "{["
        return OK if good else failed(None, _words(body))
    return None


def _words(body: str) -> str:
    return one_line(body, _REASON_LENGTH) or "failed"


def decide(item: Verdict | None, output: Verdict | None) -> Verdict | None:
    """The item is more precise than the text, except where the text says why an item looks bad."""
    if item is None:
        return output
    if output is not None and item.status is not CallStatus.OK and output.status in _STOPPED:
        return output
    if item.exit_code == _KILLED_EXIT:
        if output is not None and output.status is CallStatus.FAILED:
            return output
        return KILLED
    if item.status is CallStatus.FAILED and output is not None and output.status is CallStatus.FAILED:
        own_words = item.reason not in (None, "failed") and item.exit_code is None
        return failed(item.exit_code, item.reason if own_words else output.reason)
    if item.exit_code is None and output is not None and output.exit_code is not None:
        return item._replace(exit_code=output.exit_code)
    return item
