"""What the terminal is and can do, decided from the environment alone; asked before the app is made.

The terminal itself is never asked: over a slow line its answer may come as keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

COLOURLESS = "ansi-dark"
"""The theme in the terminal's own colours; the only one that Textual strips of them for `NO_COLOR`."""
DARK = "trace-dark"
LIGHT = "trace-light"

_OF_LIGHT_BACKGROUNDS = ("7", "15")
"""White and bright white, as COLORFGBG numbers them."""
_WITHOUT_SCREEN = ("", "dumb", "unknown")


def why_no_app(
    environ: Mapping[str, str], stdin_is_tty: bool, stdout_is_tty: bool, stderr_is_tty: bool = True
) -> str | None:
    """One sentence for people; None where the app can run."""
    if not stdout_is_tty:
        return "the app needs a terminal to draw on, and standard output is none; ls and show print anywhere"
    if not stdin_is_tty:
        return "the app needs a terminal for its keys, and standard input is none; ls and show need no keys"
    if not stderr_is_tty:  # on which Textual draws
        return "the app needs a terminal to draw on, and standard error is none; ls and show print anywhere"
    term = environ.get("TERM", "").strip().lower()
    if term in _WITHOUT_SCREEN and not _on_windows(environ):
        return f"the app needs a screen, and TERM is {term or 'not set'}; ls and show print anywhere"
    return None


def theme_for(environ: Mapping[str, str], wanted: str | None) -> str:
    if wanted:
        return wanted
    if environ.get("NO_COLOR") or _has_few_colours(environ):
        return COLOURLESS
    background = environ.get("COLORFGBG", "").rpartition(";")[2].strip()
    return LIGHT if background in _OF_LIGHT_BACKGROUNDS else DARK


def needs_ascii(environ: Mapping[str, str], encoding: str | None) -> bool:
    """Of standard output. Python may write UTF-8 of its own accord, so the locale has a say as well."""
    if "utf" not in (encoding or "").lower():
        return True
    if _on_windows(environ):
        return False
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environ.get(name))), "")
    named = re.fullmatch(r"[^.@]*\.([^@]*)(@.*)?", locale)
    return locale in ("C", "POSIX") or (named is not None and "utf" not in named[1].lower())


def is_remote(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))


def _has_few_colours(environ: Mapping[str, str]) -> bool:
    """Fewer than 256. A name that tells nothing gets 16 of them drawn, whatever the terminal could do."""
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit") or _on_windows(environ):
        return False
    return re.search("256color|direct|kitty", environ.get("TERM", "").lower()) is None


def _on_windows(environ: Mapping[str, str]) -> bool:
    """There TERM and the locale are unset, and the console does both colours and UTF-8."""
    return environ.get("OS") == "Windows_NT"
