"""What the text of a tool output says about how the tool ended.

Reads only what the harness itself writes: the header before ``Output:``, the JSON wrapper of 2025,
and the fixed sentences that stand where an output would stand. What a program printed is never
searched for words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import orjson

ScriptState = Literal["completed", "failed", "terminated", "running"]

_HEADER = re.compile(
    r"(?:Chunk ID: \w+\n)?"
    r"(?:Exit code: (?P<exit>-?\d{1,10})\n?)?"
    r"(?:Wall time: (?P<wall>\d{1,9}(?:\.\d{1,9})?) seconds?\n?)?"
    r"(?:Process (?:exited with code (?P<code>-?\d{1,10})|running with session ID (?P<session>\d+))\n?)?"
    r"(?:Original token count: \d+\n?)?"
    r"(?:Total output lines: \d+\n?)?"
    r"(?P<output>Output:\n?)?"
)
_SCRIPT = re.compile(
    r"Script (?:(?P<state>completed|failed|terminated)|running with cell ID (?P<cell>\S+))"
    r"(?:\nWall time:? (?P<wall>\d{1,9}(?:\.\d{1,9})?) seconds?)?"
)
_STATES: dict[str, ScriptState] = {"completed": "completed", "failed": "failed", "terminated": "terminated"}
_ABORTED = re.compile(r"aborted(?: by user(?: after \d[\d.]* ?s)?)?\s*")
_REJECTED = re.compile(
    r"[\w ]{0,40}rejected by user(?: approval settings)?|user (?:rejected|cancelled) MCP tool call"
)
_NEVER_ASKS = re.compile(r"approval policy is [^\n]{1,40}reject command")
_WRAPPED_EXIT = re.compile(r'\\?"exit_code\\?": ?(-?\d{1,10})')
_WRAPPED_SECONDS = re.compile(r'\\?"duration_seconds\\?": ?(\d{1,9}(?:\.\d{1,9})?)')

# Sentences of the harness in place of an output, by their beginning, and what a person would call them.
# Collected from real files of 0.8 to 0.169; the first that fits decides.
_FAILURES: tuple[tuple[str, str], ...] = (
    ("failed to parse function arguments", "bad arguments"),
    ("failed to parse exec arguments", "bad arguments"),
    ("unsupported call", "unknown tool"),
    ("unsupported custom tool call", "unknown tool"),
    ("apply_patch verification failed", "patch did not apply"),
    ("apply_patch handler received", "patch did not apply"),
    ("error: Failed to", "patch did not apply"),
    ("error: IoError(", "patch did not apply"),
    ("error: ComputeReplacements(", "patch did not apply"),
    ("error: ParseError(", "patch did not apply"),
    ("error: InvalidPatch", "patch did not apply"),
    ("error: InvalidHunk", "patch did not apply"),
    ("command timed out after", "timed out"),
    ("write_stdin failed", "no such process"),
    ("Unknown process id", "no such process"),
    ("failed to apply patch", "patch did not apply"),
    ("sandbox error", "refused by the sandbox"),
    ("tool call error", "tool error"),
    ("err: ", "tool error"),
    ("tool call failed", "tool error"),
    ("Mcp error", "tool error"),
    ("unknown MCP server", "tool error"),
    ("unable to locate image", "image not found"),
    ("unable to read image", "image not found"),
    ("unable to process image", "image not readable"),
    ("agent with id ", "no such agent"),
    ("live agent path ", "no such agent"),
    ("unknown agent_type", "no such agent role"),
    ("agent_name must", "bad agent name"),
)


@dataclass(slots=True)
class OutputFacts:
    """``told`` is False where nothing in the text says how the tool ended."""

    told: bool = False
    exit_code: int | None = None
    seconds: float | None = None
    session: str | None = None
    """The process goes on under this session id."""
    script: ScriptState | None = None
    cell: str | None = None
    aborted: bool = False
    declined: str | None = None
    failure: str | None = None
    body: str = ""


def read_output(text: str) -> OutputFacts:
    """The facts of one output; ``text`` may be only the beginning of it."""
    if text.startswith('{"'):
        return _wrapped(text)
    if text.startswith("aborted"):
        stopped = _ABORTED.fullmatch(text) is not None
        return OutputFacts(told=stopped, aborted=stopped, body=text)
    if text.startswith("Script ") and (script := _SCRIPT.match(text)):
        return _script(text, script)
    header = _HEADER.match(text)
    if header is None or not header.end():
        return sentence(text)
    facts = OutputFacts(body=text[header.end() :])
    exit_text, wall, code, facts.session, _ = header.groups()
    if wall is not None:
        facts.seconds = float(wall)
    found = code if code is not None else exit_text
    if found is not None:
        facts.exit_code = int(found)
    elif facts.body.startswith("aborted"):
        facts.aborted = _ABORTED.fullmatch(facts.body) is not None
    facts.told = found is not None or facts.session is not None or facts.aborted
    return facts


def sentence(text: str) -> OutputFacts:
    """A fixed sentence of the harness that stands in place of an output, or after a bare header."""
    facts = OutputFacts(body=text)
    facts.failure = next((reason for start, reason in _FAILURES if text.startswith(start)), None)
    if text.startswith(("exec_command failed", "exec command failed", "failed in sandbox")):
        facts.declined, facts.failure = _refusal(text[:600])
    elif _REJECTED.fullmatch(text) or text.startswith("patch rejected:"):
        facts.declined = "declined"
    elif text.startswith(("blocked by policy", "rejected: blocked by policy")) or _NEVER_ASKS.match(text):
        facts.declined = "declined by policy"
    elif text.startswith("This action was rejected"):
        facts.declined = "declined by the reviewer"
    elif facts.failure is None and " is unavailable in " in text[:80] and text.count("\n") == 0:
        facts.failure = "not available in this mode"
    facts.told = facts.failure is not None or facts.declined is not None
    return facts


def wrapped_verdict(tail: str) -> tuple[int | None, float | None]:
    """Exit code and seconds from the end of a JSON wrapper whose middle was not decoded."""
    code, seconds = None, None
    for match in _WRAPPED_EXIT.finditer(tail):
        code = int(match[1])
    for match in _WRAPPED_SECONDS.finditer(tail):
        seconds = float(match[1])
    return code, seconds


def _wrapped(text: str) -> OutputFacts:
    """``{"output": …, "metadata": {"exit_code": …}}``; other JSON says nothing about the end."""
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return OutputFacts(body=text)
    metadata = record.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("exit_code"), int):
        return OutputFacts(body=text)
    seconds, body = metadata.get("duration_seconds"), record.get("output")
    return OutputFacts(
        told=True,
        exit_code=metadata["exit_code"],
        seconds=float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else None,
        body=body if isinstance(body, str) else "",
    )


def _script(text: str, match: re.Match[str]) -> OutputFacts:
    cell, wall = match["cell"], match["wall"]
    state: ScriptState = _STATES[match["state"]] if match["state"] else "running"
    body = text[match.end() :].lstrip("\n").removeprefix("Output:\n").lstrip("\n")
    return OutputFacts(told=True, script=state, cell=cell, seconds=float(wall) if wall else None, body=body)


def _refusal(text: str) -> tuple[str | None, str | None]:
    """Why a command never ran: (declined, failure), one of them set."""
    if "rejected by user" in text:
        return "declined", None
    if "This action was rejected" in text:
        return "declined by the reviewer", None
    if "blocked by policy" in text:
        return "declined by policy", None
    if "command timed out" in text:
        return None, "timed out"
    if "SandboxDenied" in text or "sandbox denied" in text:
        return None, "refused by the sandbox"
    return None, "could not start"
