"""Start-up stays light: what a command does not need is not imported. Each runs in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

import pytest

import trace_tui

PROGRAM = """
import sys
before = set(sys.modules)
from trace_tui.cli import main
report, *argv = sys.argv[1:]
try:
    status = main(argv)
except SystemExit as stop:    # argparse leaves this way after --version and --help
    status = stop.code
with open(report, "w") as file:
    file.write("\\n".join(sorted(set(sys.modules) - before)))
sys.exit(status)
"""

HEAVY = ("textual", "rich", "orjson", "asyncio", "zstandard", "watchfiles")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this Python in another folder, with the `trace_tui` that the tests themselves import."""
    assert trace_tui.__file__ is not None
    environment = os.environ | {
        "PYTHONPATH": str(Path(trace_tui.__file__).absolute().parents[1]),
        "CODEX_HOME": str(folder / "no-codex-home"),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def imported_by(folder: Path, *argv: str) -> set[str]:
    """The top-level modules that `codex-trace-tui ARGV…` imports."""
    report = folder / "modules.txt"
    done = run(folder, "-c", PROGRAM, str(report), *argv)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    return {name.partition(".")[0] for name in report.read_text(encoding="utf-8").splitlines()}


@pytest.fixture
def sample() -> str:
    demo = files("trace_tui").joinpath("demo")
    return min(str(file) for file in demo.iterdir() if file.name.endswith(".jsonl"))


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_word_about_the_program_imports_nothing_heavy(tmp_path: Path, option: str) -> None:
    assert imported_by(tmp_path, option).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "options",
    [[], ["--json"], ["--failed"], ["--chain"], ["--chain", "--json"]],
    ids=["text", "json", "failed", "chain", "chain-json"],
)
def test_show_never_imports_textual(tmp_path: Path, sample: str, options: list[str]) -> None:
    assert "textual" not in imported_by(tmp_path, "show", sample, *options)


def test_show_demo_never_imports_textual(tmp_path: Path) -> None:
    assert "textual" not in imported_by(tmp_path, "show", "--demo")


def test_importing_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", "import sys, trace_tui; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()).isdisjoint(HEAVY)


def test_the_module_runs_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "parsers").mkdir()
    (tmp_path / "widgets").mkdir()
    done = run(tmp_path, "-m", "trace_tui", "--version")
    assert done.returncode == 0, done.stderr
    try:
        assert version("codex-trace-tui") in done.stdout
    except PackageNotFoundError:
        assert done.stdout.strip()


def test_the_first_screen_waits_for_nothing_that_only_reading_needs(tmp_path: Path) -> None:
    wanted = ("findings", "heard", "trail", "searching", "call_texts", "parsers.records", "telling.calls")
    program = "import sys, trace_tui.app.app; print('\\n'.join(sys.modules))"
    imported = run(tmp_path, "-c", program).stdout.split()
    assert "textual.app" in imported
    assert not {f"trace_tui.{name}" for name in wanted} & set(imported)
