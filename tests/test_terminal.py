"""What is decided about a terminal from its environment alone."""

from __future__ import annotations

import pytest

from trace_tui.app.terminal import is_remote, needs_ascii, theme_for, why_no_app

FULL = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environ", "stdin_is_tty", "stdout_is_tty", "words"),
    [
        (FULL, True, True, None),
        ({"TERM": "linux"}, True, True, None),
        ({"OS": "Windows_NT"}, True, True, None),
        (FULL, True, False, "standard output is none"),
        (FULL, False, True, "standard input is none"),
        (FULL, False, False, "standard output is none"),
        ({"TERM": "dumb"}, True, True, "TERM is dumb"),
        ({"TERM": "Dumb"}, True, True, "TERM is dumb"),
        ({"TERM": "unknown"}, True, True, "TERM is unknown"),
        ({"TERM": ""}, True, True, "TERM is not set"),
        ({}, True, True, "TERM is not set"),
        ({"OS": "Windows_NT"}, True, False, "standard output is none"),
    ],
)
def test_where_the_app_can_not_run(
    environ: dict[str, str], stdin_is_tty: bool, stdout_is_tty: bool, words: str | None
) -> None:
    sentence = why_no_app(environ, stdin_is_tty, stdout_is_tty)
    if words is None:
        assert sentence is None
    else:
        assert sentence is not None
        assert words in sentence
        assert "ls and show" in sentence  # a hint at what works there
        assert "\n" not in sentence


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        (FULL, "trace-dark"),
        ({"TERM": "screen-256color"}, "trace-dark"),
        ({"TERM": "tmux-256color"}, "trace-dark"),
        ({"TERM": "xterm-direct"}, "trace-dark"),
        ({"TERM": "xterm-kitty"}, "trace-dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "trace-dark"),
        ({"TERM": "linux", "COLORTERM": "24bit"}, "trace-dark"),
        ({"OS": "Windows_NT"}, "trace-dark"),
        ({"TERM": "linux"}, "ansi-dark"),
        ({"TERM": "xterm"}, "ansi-dark"),
        ({"TERM": "xterm-16color"}, "ansi-dark"),
        ({"TERM": "vt100"}, "ansi-dark"),
        ({"TERM": "vt220"}, "ansi-dark"),
        ({"TERM": "screen"}, "ansi-dark"),
        ({"TERM": "ansi"}, "ansi-dark"),
        ({"TERM": "xterm", "COLORTERM": "yes"}, "ansi-dark"),
        ({}, "ansi-dark"),
        ({**FULL, "NO_COLOR": "1"}, "ansi-dark"),
        ({**FULL, "NO_COLOR": ""}, "trace-dark"),
        ({**FULL, "NO_COLOR": "1", "COLORFGBG": "0;15"}, "ansi-dark"),
        ({**FULL, "COLORFGBG": "0;15"}, "trace-light"),
        ({**FULL, "COLORFGBG": "0;default;7"}, "trace-light"),
        ({**FULL, "COLORFGBG": "15;0"}, "trace-dark"),
        ({**FULL, "COLORFGBG": "7;8"}, "trace-dark"),
        ({**FULL, "COLORFGBG": "default;default"}, "trace-dark"),
        ({**FULL, "COLORFGBG": ""}, "trace-dark"),
        ({"TERM": "xterm", "COLORFGBG": "0;15"}, "ansi-dark"),
    ],
)
def test_which_theme_suits(environ: dict[str, str], theme: str) -> None:
    assert theme_for(environ, None) == theme
    assert theme_for(environ, "") == theme
    assert theme_for(environ, "nord") == "nord"  # what was asked for, always


@pytest.mark.parametrize(
    ("environ", "encoding", "ascii_only"),
    [
        ({}, "utf-8", False),
        ({}, "UTF8", False),
        ({"LANG": "de_DE.UTF-8"}, "utf-8", False),
        ({"LANG": "de_DE.utf8"}, "utf-8", False),
        ({"LANG": "de_DE"}, "utf-8", False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8", False),  # Python itself sets LC_CTYPE there
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "en_GB.UTF-8"}, "utf-8", False),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, "utf-8", False),
        ({"OS": "Windows_NT", "LANG": "C"}, "utf-8", False),
        ({}, "ascii", True),
        ({}, "iso8859-1", True),
        ({}, "cp1252", True),
        ({}, None, True),
        ({"LANG": "de_DE.UTF-8"}, "ascii", True),
        ({"LC_ALL": "C"}, "utf-8", True),
        ({"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, "utf-8", True),
        ({"LC_CTYPE": "ru_RU.KOI8-R", "LANG": "ru_RU.UTF-8"}, "utf-8", True),
        ({"OS": "Windows_NT"}, "cp437", True),
    ],
)
def test_where_only_ascii_is_safe(environ: dict[str, str], encoding: str | None, ascii_only: bool) -> None:
    assert needs_ascii(environ, encoding) == ascii_only


@pytest.mark.parametrize(
    ("environ", "remote"),
    [
        ({}, False),
        ({"SSH_CONNECTION": "10.0.0.1 5000 10.0.0.2 22"}, True),
        ({"SSH_TTY": "/dev/pts/3"}, True),
        ({"SSH_CLIENT": "10.0.0.1 5000 22"}, True),
        ({"SSH_TTY": ""}, False),
        ({"SSH_AUTH_SOCK": "/run/agent"}, False),
    ],
)
def test_whether_the_terminal_is_far_away(environ: dict[str, str], remote: bool) -> None:
    assert is_remote(environ) == remote
