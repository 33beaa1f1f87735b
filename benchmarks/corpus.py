"""Makes the homes and files that the benchmarks read, once, in a folder that is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

GENERATOR = Path(__file__).resolve().parents[1] / "tests" / "data" / "tools" / "make_corpus.py"


def home(folder: Path, sessions: int, megabytes: int) -> Path:
    """A synthetic CODEX_HOME of that size."""
    target = folder / f"home-{sessions}-{megabytes}"
    if not (target / "manifest.json").exists():
        _make(target, "--sessions", str(sessions), "--mb", str(megabytes))
    return target / "codex"


def one_session(folder: Path, megabytes: int) -> Path:
    """One session file of that size, of the newest layout."""
    target = folder / f"session-{megabytes}"
    if not (target / "manifest.json").exists():
        _make(target, "--sessions", "1", "--mb", str(megabytes), "--workers", "0", "--era", "2026-10")
    return next((target / "codex").rglob("rollout-*.jsonl"))


def session_files(codex_home: Path) -> list[Path]:
    return sorted(codex_home.rglob("rollout-*.jsonl"))


def _make(target: Path, *options: str) -> None:
    print(f"making {target} …", file=sys.stderr)
    command = [sys.executable, str(GENERATOR), "--out", str(target), "--seed", "1", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
