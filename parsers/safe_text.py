"""Makes session text harmless to show: it is data from elsewhere and may hold terminal control.

Control characters, C1 codes and bidirectional overrides become visible stand-ins; used by every
face that puts session text on a screen. JSON output keeps texts verbatim.
"""

from __future__ import annotations

import re

_STAND_IN = {code: chr(0x2400 + code) for code in range(0x20)}
_STAND_IN |= {0x7F: "\u2421"}
_STAND_IN |= dict.fromkeys(range(0x80, 0xA0), "\ufffd")
_STAND_IN |= dict.fromkeys((0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
_STAND_IN |= dict.fromkeys((0x2028, 0x2029), " ")
_STAND_IN |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")

_LINE = {**_STAND_IN, 0x09: "    "}
_BLOCK = {**_LINE, 0x0A: "\n"}

_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"


def safe_block(text: str) -> str:
    """Several lines; line breaks stay, carriage returns become line breaks, colour codes vanish."""
    if "\x1b" in text:
        text = re.sub(_ANSI, "", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_BLOCK)


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line, at most ``limit`` characters, with an ellipsis where it was cut."""
    if len(text) <= limit and text.isprintable():  # neither control nor format characters in it
        return text
    shown = " ".join(text[: limit * 4].split())
    if shown.isprintable():
        safe = shown
    else:
        safe = (re.sub(_ANSI, "", shown) if "\x1b" in shown else shown).translate(_LINE)
    if len(safe) > limit or len(text) > limit * 4:
        return safe[: limit - 1].rstrip() + "…"
    return safe
