"""docs/app.md tells the keys and settings that there really are."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from textual.binding import Binding

from trace_tui.app.app import TraceApp
from trace_tui.app.help import _SIGNS
from trace_tui.app.keys import BINDINGS
from trace_tui.config import Config, load_config
from trace_tui.library.choosing import _FILTERS
from trace_tui.widgets.detail import Detail
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.session_list import SessionList
from trace_tui.widgets.timeline import Timeline

APP = Path(__file__).resolve().parents[1] / "docs" / "app.md"
TEXT = APP.read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (`.+`) \| .+ \| `(\w+)` \|$", re.MULTILINE)


def keys_bound() -> dict[str, set[str]]:
    """By their names, as the help page writes them."""
    bound: dict[str, set[str]] = {}
    in_panes = [*LineView.BINDINGS, *SessionList.BINDINGS, *Timeline.BINDINGS, *Detail.BINDINGS]
    for binding in [*BINDINGS, *in_panes]:
        assert isinstance(binding, Binding)
        assert binding.id is not None
        bound[binding.id] = {_SIGNS.get(key, key) for key in binding.key.split(",")}
    return bound


def test_every_key_is_told_and_none_that_is_not_there() -> None:
    told = {name: set(re.findall(r"`(\S+?)`", keys)) for keys, name in _ROW.findall(TEXT)}
    assert told == keys_bound()


def test_no_name_of_a_key_is_told_twice() -> None:
    names = Counter(name for _, name in _ROW.findall(TEXT))
    assert [name for name, times in names.items() if times > 1] == []


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config file in the text, for the program to read."""
    [block] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(block, encoding="utf-8")
    monkeypatch.setenv("CODEX_TRACE_TUI_CONFIG", str(path))
    return path


def test_the_example_of_settings_has_all_of_them_and_works(example: Path) -> None:
    config = load_config()
    assert config.problems == ()
    settings = set(tomllib.loads(example.read_text(encoding="utf-8")))
    assert settings == set(Config.__dataclass_fields__) - {"problems"}
    assert set(config.keys) <= set(keys_bound())


def test_every_filter_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+):", TEXT, re.MULTILINE)) == set(_FILTERS)


def test_the_themes_of_the_example_are_there(example: Path) -> None:
    from trace_tui.app.starting import Start

    themes = TraceApp(Start()).available_themes
    assert load_config().theme in themes
    assert {"trace-dark", "trace-light", "ansi-dark"} <= set(themes)
