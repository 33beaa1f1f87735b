"""What the tests of whole sessions share: reading files as `show` does, and where the samples lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from trace_tui.home import Home
from trace_tui.model import Call, Session
from trace_tui.reading import SessionReader
from trace_tui.show.contract import session_object
from trace_tui.texts import Readable, Texts

SAMPLES = Path(__file__).resolve().parent / "data" / "samples"


class Truth(NamedTuple):
    """One thread of the samples: where it lies, and what its driver knows of it."""

    home: Path
    facts: dict[str, Any]

    @property
    def paths(self) -> list[Path]:
        return [self.home / file for file in self.facts["files"]]

    def __str__(self) -> str:
        era = self.home.name if self.home != SAMPLES else "0.169.0"
        return f"{self.facts['scenario']}-{era}-{self.facts['thread_id'][-6:]}"


def truths() -> Iterator[Truth]:
    for expected in [SAMPLES / "expected.json", *sorted((SAMPLES / "eras").glob("*/expected.json"))]:
        for facts in json.loads(expected.read_text("utf-8"))["sessions"]:
            if facts["files"]:
                yield Truth(expected.parent, facts)


def sample(scenario: str, number: int = 0) -> Path:
    """A file of a scenario of the newest version, by its number among the scenario's threads."""
    return [truth for truth in truths() if truth.facts["scenario"] == scenario][number].paths[0]


def read(path: Path) -> Session:
    """The whole thread that a file belongs to, with what lies beside it."""
    home = Home(path)
    reader = SessionReader(home.thread_sources())
    session = reader.run()
    home.complete(session)
    return session


@contextmanager
def readable(path: Path) -> Iterator[Readable]:
    """The same, with its texts."""
    session = read(path)
    with Texts(session, Home(path).thread_sources()) as texts:
        yield Readable(session, texts)


def read_as_json(path: Path) -> dict[str, Any]:
    home = Home(path)
    sources = home.thread_sources()
    session = SessionReader(sources).run()
    home.complete(session)
    with Texts(session, sources) as texts:
        return session_object(session, texts)


def calls_of(session: Session) -> list[Call]:
    return [call for turn in session.turns for call in turn.calls()]


def call_named(session: Session, summary: str) -> Call:
    return next(call for call in calls_of(session) if call.summary.startswith(summary))
