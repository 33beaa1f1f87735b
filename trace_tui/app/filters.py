"""What the filter menus offer: kinds of steps to tick, and sessions by state, day, folder and model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from trace_tui.library.chains import Forest
from trace_tui.parsers.safe_text import one_line
from trace_tui.widgets.menu import Entry
from trace_tui.widgets.timeline_rows import Choice, StepKind
from trace_tui.wording.cast import Cast, Known
from trace_tui.wording.sessions import folder
from trace_tui.wording.words import TURN_GLYPHS

_ONLY_FAILURES = "only failures"
_RUNS = "fold runs of quiet steps"
_MOST = 4
_KEYS = "abcdefhilmnoprstuvwyz"
"""Without those that move the cursor or leave."""


def kinds_offered(choice: Choice) -> list[Entry]:
    kinds = [
        Entry(_KEYS[index], kind.value, kind.value, kind in choice.kinds)
        for index, kind in enumerate(StepKind)
    ]
    return [
        *kinds,
        Entry("x", _ONLY_FAILURES, _ONLY_FAILURES, choice.only_failures),
        Entry("r", _RUNS, _RUNS, choice.quiet_runs),
    ]


def kinds_chosen(ticked: str) -> Choice:
    """What the menu gives, each on a line."""
    values = set(ticked.split("\n"))
    kinds = frozenset(kind for kind in StepKind if kind.value in values)
    return Choice(kinds, _ONLY_FAILURES in values, _RUNS in values)


def agents_offered(ids: Sequence[str], cast: Cast) -> list[Entry]:
    """Agents of a chain, each chosen by its letter where that is a key of its own."""
    return [_agent_entry(id_, cast.find(id_)) for id_ in ids]


def _agent_entry(id_: str, known: Known | None) -> Entry:
    if known is None:
        return Entry(" ", f"{one_line(id_, 8)} · not here", id_)
    state = f"{TURN_GLYPHS[known.state]} " if known.state is not None else ""
    facts = [known.lettered(), known.failures, known.took, known.tokens and f"{known.tokens} tokens"]
    return Entry(_letter_key(known), state + " · ".join(fact for fact in facts if fact), id_)


def _letter_key(known: Known) -> str:
    """None where a letter is one of two, or small, or moves the cursor."""
    letter = known.badge.letter if known.badge is not None else ""
    return letter.lower() if len(letter) == 1 and letter.isupper() and letter.lower() in _KEYS else " "


def facets(forest: Forest) -> list[Entry]:
    """Filters worth having here, as they would be typed."""
    members = forest.members()
    folders = _most_common(folder(member) for member in members)
    models = _most_common(one_line(member.entry.model or "") for member in members)
    offered = [("all sessions", ""), ("with failures", "is:failed"), ("not ended", "state:in_progress")]
    offered += [("today", "day:today"), ("yesterday", "day:yesterday"), ("the last 7 days", "day:7d")]
    offered += [(f"folder {name}", f"folder:{name}") for name in folders]
    offered += [(f"model {name}", f"model:{name}") for name in models]
    return [Entry(_KEYS[index], words, value) for index, (words, value) in enumerate(offered)]


def _most_common(names: Iterable[str]) -> list[str]:
    counted = Counter(name for name in names if name and " " not in name)
    return [name for name, _ in counted.most_common(_MOST)]
