"""Copying: to the terminal in front of the person, through tmux and screen, or into a private file."""

from __future__ import annotations

import os
import re
import stat
from base64 import b64decode
from pathlib import Path

import pytest

from trace_tui.app.clipboard import copy

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake tmux is a shell script")

OSC_52 = r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07"


class Terminal:
    def __init__(self) -> None:
        self.written = ""

    def write(self, sequence: str) -> None:
        self.written += sequence

    def clipboard(self) -> str:
        sequence = re.fullmatch(OSC_52, self.written)
        assert sequence is not None, self.written[:200]
        return b64decode(sequence[1]).decode()


class Tmux:
    """A program of that name, which does what it is told to and notes what it was given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.does("exit 0")

    def does(self, script: str) -> None:
        program = self._folder / "tmux"
        notes = f'echo "$*" >> "{self._folder}/commands"\ncat > "{self._folder}/buffer"\n'
        program.write_text(f"#!/bin/sh\n{notes}{script}\n", encoding="utf-8")
        program.chmod(0o755)

    def commands(self) -> list[str]:
        notes = self._folder / "commands"
        return notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []

    def buffer(self) -> str:
        return (self._folder / "buffer").read_text(encoding="utf-8")


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file for what no terminal takes; outside tmux and screen."""
    monkeypatch.setenv("CODEX_TRACE_TUI_CACHE", str(tmp_path / "cache"))
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "copied.txt"


@pytest.fixture
def tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tmux:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMUX", "/run/tmux/default,1,0")
    return Tmux(folder)


def refuse(_: str) -> None:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exit 1", "copied 1 line"),
        ("exit 1\n", "copied 1 line"),
        ("one\ntwo", "copied 2 lines"),
        ("one\n\n", "copied 2 lines"),
        ("\n", "copied 1 line"),
        ("✗ größer\tals \x1b[31m", "copied 1 line"),
    ],
)
def test_the_terminal_gets_the_text_as_it_is(text: str, said: str, terminal: Terminal) -> None:
    assert copy(text, terminal.write) == said
    assert terminal.clipboard() == text


def test_nothing_empties_no_clipboard(terminal: Terminal, tmux: Tmux) -> None:
    assert copy("", terminal.write) == "nothing to copy"
    assert terminal.written == ""
    assert tmux.commands() == []


def test_half_a_surrogate_pair_is_copied_as_a_question_mark(terminal: Terminal) -> None:
    assert copy("a\ud800b", terminal.write) == "copied 1 line"
    assert terminal.clipboard() == "a?b"


def test_tmux_gets_it_too(terminal: Terminal, tmux: Tmux) -> None:
    assert copy("one\ntwo\n", terminal.write) == "copied 2 lines to tmux and the terminal"
    assert tmux.commands() == ["load-buffer -w -"]
    assert tmux.buffer() == "one\ntwo\n"
    assert terminal.clipboard() == "one\ntwo\n"


def test_an_old_tmux_that_passes_nothing_on_keeps_it_for_itself(terminal: Terminal, tmux: Tmux) -> None:
    tmux.does('[ "$2" != -w ]')
    assert copy("one", terminal.write) == "copied 1 line to tmux and the terminal"
    assert tmux.commands() == ["load-buffer -w -", "load-buffer -"]


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$"])
def test_a_tmux_that_fails_leaves_the_terminal(script: str, terminal: Terminal, tmux: Tmux) -> None:
    tmux.does(script)
    assert copy("one", terminal.write) == "copied 1 line"
    assert terminal.clipboard() == "one"


def test_a_tmux_that_hangs_is_asked_but_once(
    terminal: Terminal, tmux: Tmux, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trace_tui.app.clipboard._PATIENCE", 0.1)
    tmux.does("exec sleep 60")
    assert copy("one", terminal.write) == "copied 1 line"
    assert len(tmux.commands()) <= 1


def test_no_tmux_to_be_found_leaves_the_terminal(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/run/tmux/default,1,0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert copy("one", terminal.write) == "copied 1 line"


def test_outside_tmux_no_tmux_is_asked(
    terminal: Terminal, tmux: Tmux, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX")
    assert copy("one", terminal.write) == "copied 1 line"
    assert tmux.commands() == []


def test_screen_passes_it_on_in_pieces_that_it_takes(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STY", "1234.pts-0.host")
    text = "a line of a session\n" * 100
    assert copy(text, terminal.write) == "copied 100 lines"
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", terminal.written, re.DOTALL)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == terminal.written
    assert max(map(len, pieces)) + 4 <= 256
    terminal.written = "".join(pieces)
    assert terminal.clipboard() == text


def test_what_is_too_long_is_kept_in_a_file(terminal: Terminal, tmux: Tmux, kept: Path) -> None:
    text = "0123456789" * 210_000
    said = copy(text, terminal.write)
    assert said == f"too long for the terminal's clipboard (2.1 MB): kept in {kept}"
    assert kept.read_text(encoding="utf-8") == text
    assert terminal.written == ""
    assert tmux.commands() == []


@pytest.mark.parametrize(("size", "fits"), [(100_000, True), (100_001, False)])
def test_the_length_counts_in_bytes(size: int, fits: bool, terminal: Terminal, kept: Path) -> None:
    copy("é" * (size // 2) + "e" * (size % 2), terminal.write)
    assert bool(terminal.written) == fits
    assert kept.exists() != fits


def test_the_file_is_for_its_owner_alone_whatever_stood_there(terminal: Terminal, kept: Path) -> None:
    kept.parent.mkdir()
    elsewhere = kept.parent / "elsewhere"
    elsewhere.write_text("mine", encoding="utf-8")
    elsewhere.chmod(0o644)
    kept.symlink_to(elsewhere)
    copy("x" * 200_000, terminal.write)
    assert stat.S_IMODE(kept.lstat().st_mode) == 0o600
    assert elsewhere.read_text(encoding="utf-8") == "mine"
    assert {file.name for file in kept.parent.iterdir()} == {"copied.txt", "elsewhere"}


def test_where_the_terminal_takes_nothing_it_is_kept(kept: Path) -> None:
    assert copy("one", refuse) == f"the terminal takes nothing (Input/output error): kept in {kept}"
    assert kept.read_text(encoding="utf-8") == "one"


def test_where_only_tmux_takes_it_that_is_said(tmux: Tmux, kept: Path) -> None:
    assert copy("one", refuse) == "copied 1 line to tmux"
    assert not kept.exists()


def test_where_nothing_takes_it_that_is_said(kept: Path) -> None:
    kept.parent.write_text("a file where the folder should be", encoding="utf-8")
    said = copy("one", refuse)
    assert said.startswith(f"the terminal takes nothing (Input/output error), and {kept} can't be written: ")
