"""What a call was given, told by its tool: commands, patches, scripts, plans, tasks, arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trace_tui.call_texts import CallRecords, call_input, patched_files, typed_command, written_patch
from trace_tui.model import Tool
from trace_tui.parsers.particulars import item_arguments, without_pictures
from trace_tui.parsers.patches import patch_in_command, read_patch
from trace_tui.telling.files import patch_block, patch_counts
from trace_tui.telling.rows import facts_in_order
from trace_tui.telling.written import SEALED, as_json, is_sealed, on_one_line, pretty_json
from trace_tui.widgets.blocks import Block, Checklist, Code, Facts, Heading, Plain, Prose
from trace_tui.wording.steps import tool_name

_COMMAND_KEYS = ("cmd", "command")
_FOLDER_KEYS = ("workdir", "working_directory")
_NOT_UNDERSTOOD = "bad arguments"
"""Then it matters how they were written."""
_NOTHING = ("", "{}")
_ESCALATED = "with_escalated_permissions"
_APPROVAL_KEYS = (_ESCALATED, "sandbox_permissions", "justification")


def input_blocks(records: CallRecords) -> list[Block]:
    return list(_TELLERS.get(records.call.tool, _arguments)(records))


def extra_arguments(records: CallRecords) -> Iterator[tuple[str, str]]:
    """What a command was given besides itself: permissions it asked for, limits."""
    if records.call.tool is not Tool.EXEC:
        return
    arguments = records.arguments
    asked = ["escalated permissions"] if arguments.get(_ESCALATED) is True else []
    asked += [value for key in _APPROVAL_KEYS if isinstance(value := arguments.get(key), str)]
    if asked:
        yield "asked for", " · ".join(asked)
    told = (*_COMMAND_KEYS, *_FOLDER_KEYS, *_APPROVAL_KEYS)
    others = [f"{key} {on_one_line(value)}" for key, value in arguments.items() if key not in told]
    if others:
        yield "with", " · ".join(others)


# -- by tool --------------------------------------------------------------


def _command(records: CallRecords) -> Iterator[Block]:
    command = typed_command(records)
    if command is None or records.call.reason == _NOT_UNDERSTOOD:
        yield from _arguments(records)
        return
    inside = patch_in_command(command)
    files = read_patch(inside.patch) if inside is not None else []
    if inside is None or not files:
        yield from _code(command, "bash")
        return
    yield from _code(inside.before, "bash")
    yield Heading("patch", patch_counts(files))
    yield patch_block(files)
    yield from _code(inside.after, "bash")


def _typed(records: CallRecords) -> Iterator[Block]:
    arguments = records.arguments
    if not arguments:
        yield from _code(call_input(records))
        return
    yield Facts(facts_in_order(("process", _told(arguments.get("session_id")))))
    chars = arguments.get("chars")
    if isinstance(chars, str) and chars:
        yield Heading("typed")
        yield Plain(chars)
    else:
        yield Plain("waited for output", "dim")


def _patch(records: CallRecords) -> Iterator[Block]:
    files = patched_files(records)
    yield Heading("patch", patch_counts(files) if files else "")
    if files:
        yield patch_block(files)
    else:
        yield from _code(written_patch(records) or call_input(records))


def _plan(records: CallRecords) -> Iterator[Block]:
    arguments = records.arguments
    plan = arguments.get("plan")
    if not isinstance(plan, list):
        yield from _arguments(records)
        return
    if isinstance(words := arguments.get("explanation"), str) and words:
        yield Prose(words)
    steps = [step for step in plan if isinstance(step, dict)]
    yield Checklist([(str(step.get("step", "")), str(step.get("status", "pending"))) for step in steps])


def _script(records: CallRecords) -> Iterator[Block]:
    arguments = records.arguments
    if "cell_id" not in arguments:
        yield from _code(call_input(records), "javascript")
        return
    word = "terminated" if arguments.get("terminate") is True else "waited for"
    yield Plain(f"{word} cell {on_one_line(arguments['cell_id'])}")


def _mcp(records: CallRecords) -> Iterator[Block]:
    server, _, tool = tool_name(records.call).partition(".")
    yield Facts(facts_in_order(("server", server if tool else None), ("tool", tool or server)))
    yield from _arguments(records)


def _search(records: CallRecords) -> Iterator[Block]:
    arguments = records.arguments
    queries = arguments.get("queries")
    several = [on_one_line(query) for query in queries] if isinstance(queries, list) else []
    query = _told(arguments.get("query")) or (None if arguments else call_input(records))
    pairs = facts_in_order(
        ("action", _told(arguments.get("type"))),
        ("query", query),
        ("queries", "\n".join(several) if several != [query] else None),
        ("url", _told(arguments.get("url"))),
        ("pattern", _told(arguments.get("pattern"))),
    )
    yield Facts(pairs)
    if not pairs and records.call.summary:
        yield Plain(records.call.summary)


def _image(records: CallRecords) -> Iterator[Block]:
    path = records.arguments.get("path")
    if isinstance(path, str):
        yield Facts([("path", path)])
    elif records.made is None and records.call.name == "view_image":
        yield Facts([("path", call_input(records))])
    elif words := call_input(records):
        yield Prose(words)


def _agent(records: CallRecords) -> Iterator[Block]:
    """The task or message; whom it is for stands in the summary's words and the facts."""
    arguments = records.arguments or _item_arguments(records)
    message = arguments.get("message", arguments.get("prompt"))
    others = {key: value for key, value in arguments.items() if key not in ("message", "prompt")}
    if others:
        yield Facts([(key, _names(value)) for key, value in others.items()])
    words = message if arguments else call_input(records)
    if isinstance(words, str) and words.strip() not in _NOTHING:
        yield Heading("task" if records.call.name == "spawn_agent" else "message")
        yield Plain(SEALED, "dim") if is_sealed(words) else Prose(words)


def _arguments(records: CallRecords) -> Iterator[Block]:
    """As JSON where they are JSON; what can't be read as such stands as it is written."""
    arguments = records.arguments or _item_arguments(records)
    if arguments:
        yield Code(without_pictures(as_json(arguments)), "json")
        return
    written = call_input(records).strip()
    if written in _NOTHING:
        return
    pretty = pretty_json(written.encode("utf-8", "replace"))
    yield from _code(written) if pretty is None else _code(pretty, "json")


def _item_arguments(records: CallRecords) -> dict[str, object]:
    record = records.item_record if records.made is None else None
    return (item_arguments(record) or {}) if record is not None else {}


def _code(text: str, language: str = "") -> Iterator[Block]:
    if text.strip():
        yield Code(without_pictures(text), language)


def _told(value: object) -> str | None:
    return None if value is None else on_one_line(value)


def _names(value: object) -> str:
    return ", ".join(on_one_line(one) for one in value) if isinstance(value, list) else on_one_line(value)


_TELLERS: dict[Tool, Callable[[CallRecords], Iterator[Block]]] = {
    Tool.EXEC: _command,
    Tool.STDIN: _typed,
    Tool.PATCH: _patch,
    Tool.PLAN: _plan,
    Tool.CODE: _script,
    Tool.MCP: _mcp,
    Tool.WEB_SEARCH: _search,
    Tool.IMAGE: _image,
    Tool.AGENT: _agent,
}
"""All other tools are told by their arguments."""
