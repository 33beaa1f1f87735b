"""Decoding JSON patiently: what a strict reader refuses and a person could still read.

Invalid UTF-8, lone surrogates and NaN spoil a character or a number, not the record they stand in.
"""

from __future__ import annotations

import json

import orjson


def loads_patiently(data: bytes) -> object:
    """The decoded value; raises `orjson.JSONDecodeError` where even patience does not help."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        written = data.decode("utf-8", "replace")
        if (
            "\ufffd" not in written
            and "\\u" not in written
            and "NaN" not in written
            and "Infinity" not in written
        ):
            raise
        try:
            mended = json.dumps(json.loads(written, parse_constant=lambda _: None), ensure_ascii=False)
        except (ValueError, RecursionError):
            mended = ""
        if not mended:
            raise
        return orjson.loads(mended.encode("utf-8", "replace"))
