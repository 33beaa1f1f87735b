"""The config file: what it sets is used, and what can't be used is told with its place; nothing stops us."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trace_tui.config import Config, load_config

Written = Callable[[str | bytes], Config]

EVERYTHING = """
theme = "trace-light"
ascii = true
mouse = false
roots = ["~/old-codex", "/srv/codex"]
time_zone = "Europe/Berlin"

[keys]
next_failure = "n,f8"
quit = "q"
"""


@pytest.fixture(autouse=True)
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file is looked for; it is not there yet."""
    folder = tmp_path / "config"
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: folder)
    monkeypatch.delenv("CODEX_TRACE_TUI_CONFIG", raising=False)
    return folder / "config.toml"


@pytest.fixture
def written(usual: Path) -> Written:
    def write_and_load(content: str | bytes) -> Config:
        usual.parent.mkdir(exist_ok=True)
        usual.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_config()

    return write_and_load


def test_without_a_file_everything_is_as_usual() -> None:
    config = load_config()
    assert config == Config()
    assert (config.theme, config.ascii, config.mouse, config.roots) == (None, False, True, ())


def test_everything_can_be_set(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("USERPROFILE", "/home/ada")
    assert written(EVERYTHING) == Config(
        theme="trace-light",
        ascii=True,
        mouse=False,
        roots=("/home/ada/old-codex", "/srv/codex"),
        time_zone="Europe/Berlin",
        keys={"next_failure": "n,f8", "quit": "q"},
        problems=(),
    )


@pytest.mark.parametrize("content", [b"", b"# nothing yet\n", b"\xef\xbb\xbfascii = false\r\n"])
def test_a_file_that_sets_nothing_changes_nothing(content: bytes, written: Written) -> None:
    assert written(content) == Config()


def test_the_environment_can_name_another_file(
    tmp_path: Path, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written('theme = "usual"')
    other = tmp_path / "other.toml"
    other.write_text('theme = "other"', encoding="utf-8")
    monkeypatch.setenv("CODEX_TRACE_TUI_CONFIG", str(other))
    assert load_config().theme == "other"
    monkeypatch.setenv("CODEX_TRACE_TUI_CONFIG", "")
    assert load_config().theme == "usual"


def test_a_named_file_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing.toml"
    monkeypatch.setenv("CODEX_TRACE_TUI_CONFIG", str(missing))
    assert load_config() == Config(
        problems=(f"{missing}: $CODEX_TRACE_TUI_CONFIG names a file that is not there.",)
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("theme = 3", "theme must be a text in quotes, not a number."),
        ('theme = ""', "theme must be a text in quotes, not an empty text."),
        ('ascii = "yes"', "ascii must be true or false, not a text."),
        ("mouse = 0", "mouse must be true or false, not a number."),
        ('roots = "/srv"', "roots must be a list of folders, not a text."),
        ('roots = ["/srv", 2026-11-20]', "roots, number 2, must be a text in quotes, not a date or time."),
        ('roots = ["codex"]', 'roots must hold whole paths or such as begin with ~/, not "codex".'),
        ('time_zone = "Mars"', 'time_zone must be utc, local or a name like Europe/Berlin, not "Mars".'),
        ("time_zone = 1.5", "time_zone must be a text in quotes, not a number."),
        ('keys = "q"', "keys must be a table, [keys], not a text."),
        ("[keys]\nquit = true", 'keys, "quit", must be a text in quotes, not true or false.'),
        ("[keys]\nview.quit = 'q'", 'keys, "view", must be a text in quotes, not a table.'),
        (
            "colour = 1",
            'There is no setting "colour"; there are theme, ascii, mouse, bell, roots, time_zone, keys.',
        ),
    ],
)
def test_what_can_not_be_used_is_told_with_its_place(
    content: str, sentence: str, written: Written, usual: Path
) -> None:
    config = written(content)
    assert config.problems == (f"{usual}: {sentence}",)
    assert config.theme is config.time_zone is None


def test_bad_settings_leave_the_good_ones_alone(written: Written) -> None:
    config = written(
        'wat = 1\ntheme = "trace-dark"\nascii = 1\nroots = ["/srv", 7, "x"]\n[keys]\nquit = "q"\nhelp = 1\n'
    )
    assert (config.theme, config.ascii, config.roots, config.keys) == (
        "trace-dark",
        False,
        ("/srv",),
        {"quit": "q"},
    )
    assert len(config.problems) == 5


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'theme = "a"\nmouse =\n', "line 2"),
        (b"theme = 'a'\n\n[keys\n", "line 3"),
        (b'theme = "a"\ntheme = "b"\n', "line 2"),
        (b"# one\n# two\ntheme = '\xff'\n", "line 3 is not UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_one_problem_with_its_line(
    content: bytes, place: str, written: Written, usual: Path
) -> None:
    config = written(content)
    (problem,) = config.problems
    assert problem.startswith(f"{usual}: Nothing of it is used: ")
    assert place in problem
    assert config == Config(problems=config.problems)


def test_a_folder_in_its_place_is_told(usual: Path) -> None:
    usual.mkdir(parents=True)
    (problem,) = load_config().problems
    assert problem.startswith(f"{usual}: The file can't be read: ")


def test_a_name_that_no_file_can_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: Path("no\0folder"))
    (problem,) = load_config().problems
    assert "The file can't be read" in problem


def test_problems_can_not_control_the_terminal(written: Written) -> None:
    config = written('"\\u001b[2Jx\\n" = 1\n[keys]\n"\\u001b]0;y\\u0007" = 2\n')
    assert len(config.problems) == 2
    assert all(problem.isprintable() for problem in config.problems)


def test_nothing_is_imported_for_a_file_that_is_not_there(tmp_path: Path) -> None:
    program = "import sys; from trace_tui.config import load_config; load_config(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"CODEX_TRACE_TUI_CONFIG": str(tmp_path / "missing.toml")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert {"tomllib", "platformdirs", "zoneinfo", "textual"}.isdisjoint(done.stdout.split())
