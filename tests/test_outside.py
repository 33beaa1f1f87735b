"""Pager and editor: the person's own programs get the text, harmlessly, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from trace_tui.app.outside import edit, page

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake programs are shell scripts")

Program = Callable[..., Path]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies are made; nothing names a program, and only `program`s are found."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for name in ("PAGER", "VISUAL", "EDITOR", "LESSSECURE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program of that name that writes down what it was called with, and then does what it is told to."""

    def make(name: str, does: str = "") -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            "#!/bin/sh\nPATH=/usr/bin:/bin\n"
            f'printf "%s\\n" "$0" "$@" > "{tmp_path}/called"\n'
            f'echo "$LESSSECURE" > "{tmp_path}/secure"\n{does}\n',
            encoding="utf-8",
        )
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def called(tmp_path: Path) -> Callable[[], list[str]]:
    def read() -> list[str]:
        name, *arguments = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
        return [Path(name).name, *arguments]

    return read


def test_the_pager_reads_the_text_from_standard_input(
    tmp_path: Path, program: Program, called: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("my pager", f'cat > "{tmp_path}/shown"')
    monkeypatch.setenv("PAGER", f"'{tmp_path}/bin/my pager' --plain '$HOME; exit 3'")
    assert page("first\nsecond ✗ \ud800\n") is None
    assert called() == ["my pager", "--plain", "$HOME; exit 3"]
    assert (tmp_path / "shown").read_text(encoding="utf-8") == "first\nsecond ✗ ?\n"


@pytest.mark.parametrize(("there", "expected"), [(["less", "more"], ["less", "-S"]), (["more"], ["more"])])
@pytest.mark.parametrize("pager", [None, " "])
def test_without_a_pager_named_less_or_more_is_taken(
    there: list[str],
    expected: list[str],
    pager: str | None,
    program: Program,
    called: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in there:
        program(name)
    if pager is not None:
        monkeypatch.setenv("PAGER", pager)
    assert page("text") is None
    assert called() == expected


def test_less_can_neither_write_nor_run_anything(tmp_path: Path, program: Program) -> None:
    program("less")
    assert page("text") is None
    assert (tmp_path / "secure").read_text(encoding="utf-8") == "1\n"
    assert "LESSSECURE" not in os.environ


def test_a_pager_that_is_left_early_is_fine(program: Program) -> None:
    program("less", "exit 0")
    assert page("a line of output\n" * 100_000) is None


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("exit 2", "less ended with exit 2"),
        ("kill -TERM $$", "less was ended by signal 15"),
        ("kill -INT $$", None),
        ("exit 130", None),
    ],
)
def test_how_a_pager_ended_is_told_where_it_went_wrong(does: str, told: str | None, program: Program) -> None:
    program("less", does)
    assert page("text") == told


def test_a_pager_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page("text") == "more can't be started: No such file or directory"
    monkeypatch.setenv("PAGER", "nowhere --fast")
    assert page("text") == "nowhere can't be started: No such file or directory"


@pytest.mark.parametrize("variable", ["PAGER", "VISUAL", "EDITOR"])
def test_what_no_command_line_can_be_is_told(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "less 'unended")
    said = page("text") if variable == "PAGER" else edit("text", "text")
    assert said == f"${variable} can't be understood: No closing quotation"


def test_ctrl_c_in_the_other_program_does_not_end_ours(tmp_path: Path, program: Program) -> None:
    before = signal.getsignal(signal.SIGINT)
    program("less", f'kill -INT $PPID\ncat > "{tmp_path}/shown"')
    assert page("text") is None
    assert (tmp_path / "shown").read_text(encoding="utf-8") == "text"
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_still_reaches_the_other_program(tmp_path: Path, program: Program) -> None:
    program("less", f"trap 'echo reached > \"{tmp_path}/reached\"' INT\nkill -INT $$")
    assert page("text") is None
    assert (tmp_path / "reached").exists()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"VISUAL": "visual -n", "EDITOR": "editor"}, ["visual", "-n"]),
        ({"VISUAL": "", "EDITOR": "editor"}, ["editor"]),
        ({}, ["vi"]),
    ],
)
def test_the_editor_is_the_persons_own(
    variables: dict[str, str],
    expected: list[str],
    program: Program,
    called: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program(expected[0])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert edit("text", "call-3.txt") is None
    *command, path = called()
    assert command == expected
    assert Path(path).name == "call-3.txt"


def test_the_editor_gets_a_private_copy_that_is_gone_afterwards(
    tmp_path: Path, temporary: Path, program: Program
) -> None:
    modes = f'ls -ld "${{1%/*}}" "$1" | cut -c1-10 > "{tmp_path}/modes"'
    program("vi", f'cp "$1" "{tmp_path}/seen"\n{modes}\ntouch "$1~"')
    assert edit("what was said ✗", "turn 2") is None
    assert (tmp_path / "seen").read_text(encoding="utf-8") == "what was said ✗"
    assert (tmp_path / "modes").read_text(encoding="utf-8").split() == ["drwx------", "-rw-------"]
    assert list(temporary.iterdir()) == []


def test_the_copy_is_gone_also_when_the_editor_fails(temporary: Path, program: Program) -> None:
    program("vi", "exit 1")
    assert edit("text", "text") == "vi ended with exit 1"
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("-c:quit", "c_quit"),
        (".dir-locals.el", "dir-locals.el"),
        ("", "text"),
        ("\x1b[2J✗", "2J_"),
        ("x" * 300 + ".jsonl", "x" * 74 + ".jsonl"),
    ],
)
def test_the_name_of_the_copy_is_harmless(
    name: str, given: str, temporary: Path, program: Program, called: Callable[[], list[str]]
) -> None:
    program("vi")
    assert edit("text", name) is None
    path = Path(called()[1])
    assert path.name == given
    assert path.parent.parent == temporary


def test_where_no_copy_can_be_made_that_is_told(temporary: Path, program: Program) -> None:
    program("vi")
    temporary.rmdir()
    assert edit("text", "text") == "the copy for the editor: No such file or directory"
