"""What the person has set once and for all, in a file of their own; read by the command line and the app.

Nothing in it can stop the program: what can't be used is told, and the rest is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trace_tui.parsers.safe_text import one_line
from trace_tui.times import zone_named

_NAMED_BY = "CODEX_TRACE_TUI_CONFIG"
_LONGEST_PROBLEM = 400
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Config:
    theme: str | None = None
    ascii: bool = False
    mouse: bool = True
    bell: bool = False
    """Ring when the open session ends."""
    roots: tuple[str, ...] = ()
    time_zone: str | None = None
    """A name that `zone_named` knows."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys by the ids of actions, separated by commas as Textual takes them; only the app knows the ids."""
    problems: tuple[str, ...] = ()
    """What could not be used, one plain sentence each, safe to show."""


def load_config() -> Config:
    named = os.environ.get(_NAMED_BY)
    path = Path(named) if named else _usual_path()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _unusable(path, f"${_NAMED_BY} names a file that is not there.") if named else Config()
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        return _unusable(path, f"The file can't be read: {getattr(problem, 'strerror', problem)}.")
    return _understood(data, path)


def _usual_path() -> Path:
    from platformdirs import user_config_path

    return user_config_path("codex-trace-tui", appauthor=False) / "config.toml"


def _understood(data: bytes, path: Path) -> Config:
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        return _unusable(path, f"Nothing of it is used: line {line} is not UTF-8.")
    except tomllib.TOMLDecodeError as problem:  # its own words end with the line
        return _unusable(path, f"Nothing of it is used: {problem}.")
    return _chosen(_Settings(table, path))


def _unusable(path: Path, sentence: str) -> Config:
    return Config(problems=(_problem(path, sentence),))


def _problem(path: Path, sentence: str) -> str:
    return one_line(f"{path}: {sentence}", _LONGEST_PROBLEM)


def _chosen(settings: _Settings) -> Config:
    return Config(
        theme=settings.text("theme"),
        ascii=settings.switch("ascii", usual=False),
        mouse=settings.switch("mouse", usual=True),
        bell=settings.switch("bell", usual=False),
        roots=settings.folders("roots"),
        time_zone=settings.time_zone("time_zone"),
        keys=settings.texts_by_name("keys"),
        problems=settings.problems(),
    )


class _Settings:
    """The table that the file is; notes what was asked for, and what can't be what it should be."""

    def __init__(self, table: Mapping[str, Any], path: Path) -> None:
        self._table = table
        self._path = path
        self._asked: list[str] = []
        self._problems: list[str] = []

    def text(self, name: str) -> str | None:
        value = self._value(name)
        return None if value is None else self._as_text(name, value)

    def switch(self, name: str, *, usual: bool) -> bool:
        value = self._value(name)
        if value is None or isinstance(value, bool):
            return usual if value is None else value
        self._refuse(name, f"must be true or false, not {_kind(value)}")
        return usual

    def folders(self, name: str) -> tuple[str, ...]:
        value = self._value(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self._refuse(name, f"must be a list of folders, not {_kind(value)}")
            return ()
        texts = [self._as_text(f"{name}, number {index},", one) for index, one in enumerate(value, start=1)]
        return tuple(folder for text in texts if text and (folder := self._as_folder(name, text)))

    def time_zone(self, name: str) -> str | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            zone_named(text)
        except ValueError:
            self._refuse(name, f"must be utc, local or a name like Europe/Berlin, not {_quoted(text)}")
            return None
        return text

    def texts_by_name(self, name: str) -> dict[str, str]:
        value = self._value(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._refuse(name, f"must be a table, [{name}], not {_kind(value)}")
            return {}
        texts = {one: self._as_text(f"{name}, {_quoted(one)},", text) for one, text in value.items()}
        return {one: text for one, text in texts.items() if text}

    def problems(self) -> tuple[str, ...]:
        """Asked for last: what nobody asked for is one as well."""
        for name in self._table:
            if name not in self._asked:
                known = ", ".join(self._asked)
                self._problems.append(
                    _problem(self._path, f"There is no setting {_quoted(name)}; there are {known}.")
                )
        return tuple(self._problems)

    def _value(self, name: str) -> object:
        self._asked.append(name)
        return self._table.get(name)

    def _as_text(self, place: str, value: object) -> str | None:
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._refuse(place, f"must be a text in quotes, not {_kind(value)}")
        return None

    def _as_folder(self, place: str, text: str) -> str | None:
        """A relative one would be another folder wherever the program is started."""
        folder = os.path.expanduser(text)
        if os.path.isabs(folder):
            return folder
        self._refuse(place, f"must hold whole paths or such as begin with ~/, not {_quoted(text)}")
        return None

    def _refuse(self, place: str, words: str) -> None:
        self._problems.append(_problem(self._path, f"{place} {words}."))


def _quoted(text: str) -> str:
    return f'"{one_line(text, _LONGEST_NAME)}"'


_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "an empty text",
    list: "a list",
    dict: "a table",
}


def _kind(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return "a text"
    return _KINDS.get(type(value), "a date or time")
