"""The command line: reads the arguments, runs one command, turns errors into one line and an exit code.

Nothing heavy is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from trace_tui import __version__

DONE = 0
NOTHING_FOUND = 1
USAGE = 2
UNREADABLE = 3

_EXIT_CODES = (
    "exit codes: 0 done, 1 nothing matched, 2 usage error, 3 the target could not be read or is no session"
)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"codex-trace-tui {__version__}")
        parser.exit(DONE)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codex-trace-tui",
        description="Reads the session files of Codex CLI: what did the agent do, and where did it go wrong?",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_show(commands)
    return parser


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    show = commands.add_parser(
        "show",
        help="print one session: a summary, then turn by turn",
        description="Prints one session: what it was, where it went wrong, then turn by turn.",
        epilog=_EXIT_CODES,
    )
    show.add_argument(
        "target", nargs="?", metavar="TARGET", help="a session file (.jsonl, .jsonl.zst, .json), or - "
    )
    show.add_argument("--demo", action="store_true", help="show a small session that comes with the program")
    show.add_argument(
        "--json", action="store_true", help="print JSON for programs (docs/session.schema.json)"
    )
    show.add_argument("--turn", type=int, metavar="N", help="only this turn")
    which = show.add_mutually_exclusive_group()
    which.add_argument("--failed", action="store_true", help="only failed calls, with their full output")
    which.add_argument("--call", metavar="ID", help="everything about one call (an id, or how it begins)")
    which.add_argument("--raw", metavar="ID|LINE", help="the raw lines of a call, or one line by its number")


def main(argv: Sequence[str] | None = None) -> int:
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else USAGE
    if arguments.command is None:
        parser.print_help()
        return USAGE
    if arguments.target is None and not arguments.demo:
        print("codex-trace-tui show: name a session file, - for standard input, or --demo", file=sys.stderr)
        return USAGE
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    import gc

    from trace_tui.errors import NothingFound, TraceError
    from trace_tui.show.command import run

    # The process ends with this command, and the fold makes no cycles: collecting would only cost time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return run(arguments)
    except NothingFound as nothing:
        return _tell(str(nothing), NOTHING_FOUND)
    except TraceError as problem:
        return _tell(str(problem), UNREADABLE)
    except KeyboardInterrupt:
        return _tell("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output has gone; writing what is still buffered would only fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    finally:
        if collecting:
            gc.enable()


def _tell(words: str, code: int) -> int:
    from trace_tui.parsers.safe_text import one_line

    print(f"codex-trace-tui: {one_line(words, 1000)}", file=sys.stderr)
    return code
