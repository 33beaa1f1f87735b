"""The command line: reads the arguments, runs one command, turns errors into one line and an exit code.

Nothing heavy is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from trace_tui.arguments import build_parser

DONE = 0
NOTHING_FOUND = 1
USAGE = 2
UNREADABLE = 3
INTERRUPTED = 130


def command_line() -> NoReturn:
    """The program itself: does what was asked and leaves."""
    code = main()
    if sys.argv[1:2] == ["show"]:
        sys.exit(code)  # it may have laid standard input down in a file, which is to be removed
    # Taking apart thousands of sessions in memory takes a tenth of the time that listing them takes.
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    if sys.stdout is None:  # closed before we began
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    argv = sys.argv[1:] if argv is None else argv
    parser = build_parser(argv)
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else USAGE
    if arguments.command == "show" and bool(arguments.target) == arguments.demo:
        print("codex-trace-tui show: name a session (or latest), or use --demo", file=sys.stderr)
        return USAGE
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    import gc

    from trace_tui.errors import NothingFound, TraceError, Unusable
    from trace_tui.interrupts import uninterrupted

    # The process ends with this command, and the fold makes no cycles: collecting would only cost time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        with uninterrupted():
            run = _command(arguments.command)
        return _run_without_a_catalog_if_need_be(run, arguments)
    except NothingFound as nothing:
        return _tell(str(nothing), NOTHING_FOUND)
    except Unusable as problem:
        return _tell(str(problem), USAGE)
    except TraceError as problem:
        return _tell(str(problem), UNREADABLE)
    except KeyboardInterrupt:
        kept = arguments.command in ("ls", "doctor") and not arguments.no_cache
        return _tell("interrupted; what was read so far is kept" if kept else "interrupted", INTERRUPTED)
    except BrokenPipeError:
        _write_no_more()  # the reader of our output has gone
        return DONE
    except OSError as problem:
        _write_no_more()
        return _tell(f"{problem.filename or 'output'}: {problem.strerror or problem}", UNREADABLE)
    finally:
        if collecting:
            gc.enable()


def _command(name: str | None) -> Callable[[argparse.Namespace], int]:
    if name == "ls":
        from trace_tui.listing.command import run
    elif name == "doctor":
        from trace_tui.doctor.command import run
    elif name == "show":
        from trace_tui.show.command import run
    elif name == "tail":
        from trace_tui.tailing.command import run
    else:
        from trace_tui.app.start import run
    return run


def _write_no_more() -> None:
    """Writing what is still buffered would only fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run_without_a_catalog_if_need_be(
    run: Callable[[argparse.Namespace], int], arguments: argparse.Namespace
) -> int:
    """The catalog is a convenience: a damaged one is made anew, and where it can't be written it is not."""
    from trace_tui.errors import CatalogFailed

    arguments.catalog_failure = None
    for _ in range(2):
        try:
            return run(arguments)
        except CatalogFailed as failure:
            _tell(f"{failure}; reading the sessions themselves", DONE)
            if not failure.is_gone:
                arguments.catalog_failure = f"not kept: {failure}"
                break
    arguments.no_cache = True
    return run(arguments)


def _tell(words: str, code: int) -> int:
    from trace_tui.parsers.safe_text import one_line

    first, *more = words.split("\n")
    print(f"codex-trace-tui: {one_line(first, 1000)}", file=sys.stderr)
    for line in more:  # candidates, one each
        print(f"  {one_line(line, 1000)}", file=sys.stderr)
    return code
