"""What the command line may say: commands, options, and help for each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import NamedTuple

from trace_tui import __version__
from trace_tui.printing.console import page_width

_EXIT_CODES = (
    "exit codes: 0 done, 1 nothing matched, 2 usage error, 3 the target could not be read or is no session"
)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"codex-trace-tui {__version__}")
        parser.exit(0)


class _Help(argparse.HelpFormatter):
    """As wide as the page; argparse's own way to learn that imports half of the compressors there are."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=page_width() - 2)


class _RawHelp(_Help, argparse.RawDescriptionHelpFormatter):
    """With a list of commands at its end, a line each."""


def _add_places(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--root",
        action="append",
        metavar="DIR",
        help="look here instead of $CODEX_HOME or ~/.codex: a Codex home, any folder of session files, or "
        "a file; may be given several times",
    )
    command.add_argument(
        "--no-cache", action="store_true", help="neither use nor write the catalog in the cache folder"
    )


def _add_show(show: argparse.ArgumentParser) -> None:
    show.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="a session file, - for standard input, an id or how it begins, latest, latest:. (of this "
        "folder), latest:failed; behind it #turn=3, #call=ID or #error=1, behind a path :LINE",
    )
    _add_places(show)
    show.add_argument("--demo", action="store_true", help="show a small session that comes with the program")
    show.add_argument(
        "--json",
        action="store_true",
        help="print JSON for programs (docs/session.schema.json; with --chain docs/chain.schema.json)",
    )
    show.add_argument(
        "--chain", action="store_true", help="the orchestrator and all its workers as one story"
    )
    show.add_argument("--turn", type=int, metavar="N", help="only this turn")
    which = show.add_mutually_exclusive_group()
    which.add_argument("--failed", action="store_true", help="only failed calls, with their full output")
    which.add_argument("--call", metavar="ID", help="everything about one call (an id, or how it begins)")
    which.add_argument("--raw", metavar="ID|LINE", help="the raw lines of a call, or one line by its number")


def _add_ls(ls: argparse.ArgumentParser) -> None:
    _add_places(ls)
    chosen = ls.add_argument_group("which sessions")
    chosen.add_argument("--since", metavar="TIME", help="at work since then")
    chosen.add_argument("--until", metavar="TIME", help="begun until then")
    chosen.add_argument("--cwd", metavar="DIR", help="run in this folder, below it, or in one of this name")
    chosen.add_argument("--model", metavar="WORDS", help="whose model's name holds this")
    chosen.add_argument(
        "--state",
        choices=("completed", "failed", "aborted", "in_progress", "empty"),
        help="whose last turn ended so",
    )
    chosen.add_argument("--failed", action="store_true", help="in which a call or a turn failed")
    chosen.add_argument("--source", metavar="WORDS", help="started by this: exec, cli, vscode, …")
    chosen.add_argument("--grep", metavar="WORDS", help="with this in title, id, folder, branch or name")
    chosen.add_argument("--archived", action="store_true", help="only archived ones")
    shown = ls.add_argument_group("how they are shown")
    shown.add_argument("--flat", action="store_true", help="every session by itself, workers as well")
    shown.add_argument("--limit", type=_natural, metavar="N", help="at most so many")
    shown.add_argument(
        "--sort",
        choices=("started", "active", "duration", "tokens", "failures", "calls", "turns", "title"),
        default="started",
        help="most, longest or newest first (default: started)",
    )
    shown.add_argument("--tree", metavar="TARGET", help="one chain, with the share of each member")
    form = shown.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object for programs")
    form.add_argument("--jsonl", action="store_true", help="JSON, one session a line")


def _add_doctor(doctor: argparse.ArgumentParser) -> None:
    _add_places(doctor)
    doctor.add_argument("--json", action="store_true", help="one JSON object for programs")


def _add_tail(tail: argparse.ArgumentParser) -> None:
    tail.add_argument(
        "target",
        nargs="?",
        default="latest",
        metavar="TARGET",
        help="a session file, an id or how it begins, latest (default), latest:. (of this folder)",
    )
    _add_places(tail)
    tail.add_argument(
        "--since",
        choices=("start", "now"),
        default="now",
        help="tell all from the beginning, or how it stands and then what is new (default)",
    )
    tail.add_argument("--failed", action="store_true", help="only failed calls, failed turns and errors")
    tail.add_argument(
        "--chain", action="store_true", help="all agents of the chain, those that join later as well"
    )
    tail.add_argument(
        "--json", action="store_true", help="JSON for programs, one event a line (docs/tail.schema.json)"
    )
    tail.add_argument("--until-done", action="store_true", help="end when the last turn has ended")
    tail.add_argument(
        "--timeout", type=_seconds, metavar="TIME", help="end after so long: 90 (seconds), 2m, 1h"
    )


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def _seconds(words: str) -> float:
    number, unit = (words[:-1], words[-1:]) if words[-1:] in ("s", "m", "h") else (words, "")
    whole, dot, part = number.partition(".")
    if not whole.isdecimal() or (dot and not part.isdecimal()) or len(words) > 12:
        raise argparse.ArgumentTypeError(f"{words!r} is no time; write 90, 2m or 1h")
    return float(number) * _UNITS[unit]


def _natural(words: str) -> int:
    if not words.isdecimal():
        raise argparse.ArgumentTypeError(f"{words!r} is no number")
    return int(words)


def _add_app(app: argparse.ArgumentParser) -> None:
    app.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="what to open: a session file, an id or how it begins, latest, latest:. (of this folder), "
        "latest:failed; behind it #turn=3, #call=ID or #error=1 (default: the newest session)",
    )
    _add_places(app)
    app.add_argument("--failed", action="store_true", help="stand on the first failure")
    app.add_argument("--demo", action="store_true", help="look at sessions that come with the program")
    look = app.add_argument_group("the look")
    look.add_argument("--theme", metavar="NAME", help="trace-dark, trace-light, ansi-dark, nord, …")
    look.add_argument("--ascii", action="store_true", help="draw with ASCII signs only")
    look.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")


class _Command(NamedTuple):
    name: str
    help: str
    description: str
    epilog: str
    add_options: Callable[[argparse.ArgumentParser], None]


_COMMANDS = (
    _Command(
        "show",
        "print one session: a summary, then turn by turn",
        "Prints one session: what it was, where it went wrong, then turn by turn.",
        _EXIT_CODES,
        _add_show,
    ),
    _Command(
        "ls",
        "list sessions: what ran, what failed, how long, how much",
        "Lists sessions by day, newest first, workers under who started them.",
        "TIME is 2h, 7d, today, yesterday, 2026-11-20 or 2026-11-20T14:30. " + _EXIT_CODES,
        _add_ls,
    ),
    _Command(
        "tail",
        "follow a session line by line while it runs",
        "Follows a session while it runs: a line for each thing that happens, until Ctrl-C.",
        "exit codes: 0 done, with --until-done completed; 1 no such session, or its last turn failed or was "
        "interrupted; 2 usage error; 3 it could not be read, or is gone; 124 the time is up; 130 Ctrl-C",
        _add_tail,
    ),
    _Command(
        "doctor",
        "what was found where, and what is damaged or unknown",
        "Tells what was found where, what is damaged or unknown, and how the catalog stands.",
        "exit codes: 0 all is well, 1 something needs care, 2 usage error, 3 a place can't be read",
        _add_doctor,
    ),
)


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Only the command that is called gets its options: every start would pay for all of them."""
    command = next((command for command in _COMMANDS if argv and argv[0] == command.name), None)
    return _app_parser() if command is None else _command_parser(command)


def _app_parser() -> argparse.ArgumentParser:
    """Without a command the app is meant."""
    parser = argparse.ArgumentParser(
        prog="codex-trace-tui",
        usage="codex-trace-tui [TARGET] [options]\n       codex-trace-tui COMMAND …",
        description="Reads the session files of Codex CLI: what did the agent do, and where did it go wrong?",
        epilog="commands that print (each has its own --help):\n"
        + "".join(f"  {command.name:<22}{command.help}\n" for command in _COMMANDS)
        + f"\n{_EXIT_CODES}",
        formatter_class=_RawHelp,
    )
    parser.set_defaults(command=None)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    _add_app(parser)
    return parser


def _command_parser(command: _Command) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="codex-trace-tui", formatter_class=_Help)
    added = parser.add_subparsers(dest="command").add_parser(
        command.name, description=command.description, epilog=command.epilog, formatter_class=_Help
    )
    command.add_options(added)
    return parser
