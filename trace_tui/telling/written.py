"""Texts of a session as blocks: what is JSON as JSON, pictures by their kind and size."""

from __future__ import annotations

import re

import orjson

from trace_tui.parsers.json_text import loads_patiently
from trace_tui.parsers.particulars import without_pictures
from trace_tui.widgets.blocks import Block, Code, Output

SEALED = "sealed: the file holds only its cipher text"
_SEALED_START = "gAAAA"
"""How all cipher texts begin."""
_SEALED_VALUE = re.compile(rf'"{_SEALED_START}[^"]*"')
_PRETTY = 256_000
"""Larger JSON takes long to set and longer to read."""


def is_sealed(text: str) -> bool:
    return text.startswith(_SEALED_START)


def without_cipher_texts(arguments: str) -> str:
    """Of JSON that is to be printed."""
    return _SEALED_VALUE.sub('"(sealed)"', arguments)


def pretty_json(data: bytes) -> str | None:
    """Objects and lists set out over lines; None for all else, and for what is too large."""
    if len(data) > _PRETTY or not data.lstrip().startswith((b"{", b"[")):
        return None
    try:
        return orjson.dumps(loads_patiently(data), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def as_json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def on_one_line(value: object) -> str:
    """A word as it is, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def result_block(text: str) -> Block:
    """What a tool gave back: JSON set out, else as it was printed."""
    text = without_pictures(text)
    pretty = pretty_json(text.encode("utf-8", "replace"))
    return Output(text) if pretty is None else Code(pretty, "json")
