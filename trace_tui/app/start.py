"""Starts the app as the command line and the config want it; where no app can be, prints instead."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from trace_tui.app.terminal import needs_ascii, theme_for, why_no_app
from trace_tui.config import Config, load_config
from trace_tui.targets import LATEST, Target, read_target
from trace_tui.times import use_zone, zone_named


def run(arguments: argparse.Namespace) -> int:
    streams = (sys.stdin, sys.stdout, sys.stderr)
    reason = why_no_app(os.environ, *(stream is not None and stream.isatty() for stream in streams))
    if reason is not None:
        print(f"codex-trace-tui: {reason}", file=sys.stderr)
        return _print_instead(arguments)
    config = load_config()
    if config.time_zone is not None:
        use_zone(zone_named(config.time_zone))
    _check(arguments)
    from trace_tui.app.starting import OPEN_DEMO

    if arguments.demo:
        return _run_demo(arguments, config)
    code = _run_app(arguments, config, _roots(arguments, config), cached=not arguments.no_cache)
    return _run_demo(arguments, config) if code == OPEN_DEMO else code


def _check(arguments: argparse.Namespace) -> None:
    """What can be told to be wrong without a screen is told there."""
    from trace_tui.errors import Unreadable

    for root in arguments.root or ():
        if not os.path.exists(root):
            raise Unreadable(f"{root}: no such file or folder")
    target = read_target(arguments.target) if arguments.target else None
    if target is not None and target.is_path:
        from trace_tui.sources import file_source

        file_source(Path(target.session))
    elif arguments.target and os.path.isdir(arguments.target):
        raise Unreadable(f"{arguments.target}: a folder; look into it with --root {arguments.target}")


def _print_instead(arguments: argparse.Namespace) -> int:
    from trace_tui.show.command import run as show

    given = dict.fromkeys(("turn", "call", "raw")) | dict.fromkeys(("json", "chain"), False)
    wanted = argparse.Namespace(**{**vars(arguments), **given})
    wanted.target = arguments.target or LATEST
    return show(wanted)


def _run_demo(arguments: argparse.Namespace, config: Config) -> int:
    from trace_tui.demonstration import demo_home

    with demo_home() as home:
        arguments.target = None
        return _run_app(arguments, config, (str(home),), cached=False)


def _run_app(arguments: argparse.Namespace, config: Config, roots: tuple[str, ...], *, cached: bool) -> int:
    for name in ("COLUMNS", "LINES"):  # what a shell exported once is not how large the terminal is
        os.environ.pop(name, None)
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]  # by its definition, empty asks for nothing
    from trace_tui.app.app import TraceApp
    from trace_tui.app.starting import Start
    from trace_tui.library.glance import NOTHING, glance

    start = Start(
        roots=roots,
        cached=cached,
        target=_target(arguments),
        failed=arguments.failed,
        glance=glance(roots) if cached else NOTHING,
        theme=theme_for(os.environ, arguments.theme or config.theme),
        ascii=arguments.ascii or config.ascii or needs_ascii(os.environ, sys.stdout.encoding),
        bell=config.bell,
        keys=tuple(config.keys.items()),
        problems=config.problems,
    )
    app = TraceApp(start)
    gc.enable()  # unlike a command that prints, the app stays
    app.run(mouse=config.mouse and not arguments.no_mouse)
    return app.return_code or 0


def _target(arguments: argparse.Namespace) -> Target:
    if arguments.target:
        return read_target(arguments.target)
    return Target(f"{LATEST}:failed" if arguments.failed else LATEST)


def _roots(arguments: argparse.Namespace, config: Config) -> tuple[str, ...]:
    """Where to look; around a file that is named, in the home that it is in."""
    if arguments.root:
        return tuple(arguments.root)
    target = read_target(arguments.target) if arguments.target else None
    if target is not None and target.is_path:
        from trace_tui.home import Home

        return tuple(map(str, Home(Path(target.session)).places()))
    return config.roots
