"""Stories as lines for people: one after the other, none of them ever written again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trace_tui.model import Call, Note, NoteKind, Session, Turn, line_of
from trace_tui.naming import path_of_worker
from trace_tui.parsers.agent_replies import readable_error
from trace_tui.parsers.safe_text import one_line, safe_block
from trace_tui.printing.console import Lines
from trace_tui.tailing.company import Company
from trace_tui.tailing.stories import (
    CallOver,
    CallRuns,
    Damage,
    Noted,
    SessionBegan,
    TurnBegan,
    TurnOver,
    TurnUndone,
)
from trace_tui.tailing.tail import Heard
from trace_tui.tailing.wholes import Wholes
from trace_tui.times import short_duration
from trace_tui.wording.cast import Cast
from trace_tui.wording.cells import Line, cells, cut, fitted, width_of
from trace_tui.wording.steps import NARROW, TIME_WIDTH, WORD_WIDTH, call_line, clock, note_line
from trace_tui.wording.words import (
    NOTE_STYLES,
    NOTE_WORDS,
    STATE_STYLES,
    TURN_GLYPHS,
    TURN_KINDS,
    TURN_WORDS,
    count,
    tokens,
)

_AGENT_WIDTH = len("A orchestrator")
_NARROW_AGENT_WIDTH = len("A orche…")
_NARROWEST = 20
_MOST_LINES = {NoteKind.PROMPT: 4, NoteKind.MESSAGE: 6, NoteKind.PLAN: 6, NoteKind.ERROR: 6}
"""Of notes that may take several; all others take one."""


class PeoplesLines:
    """Prints what is heard; where a chain is followed, each line says whose it is."""

    def __init__(self, company: Company | None) -> None:
        self._company = company
        self._lines = Lines()

    def tell(self, heard: list[Heard]) -> None:
        with Wholes() as wholes, self._lines as lines:
            for one in heard:
                for line in self._lines_of(one, wholes):
                    lines.put(*cut(line, lines.width))

    def _lines_of(self, heard: Heard, wholes: Wholes) -> Iterator[Line]:
        start = self._start(heard)
        room = max(self._lines.width - width_of(start), _NARROWEST)
        cast = self._cast_for(heard.thread.session)
        for number, line in enumerate(_told(heard, wholes, room, cast)):
            yield (start if number == 0 else [(" " * width_of(start), "")]) + line

    def _cast_for(self, session: Session) -> Cast:
        if self._company is None:
            return Cast.of_session(session)
        return self._company.cast.with_children_of(session)

    def _start(self, heard: Heard) -> Line:
        start: Line = []
        if self._lines.width >= NARROW:
            start.append((fitted(clock(heard.story.at), TIME_WIDTH + 2), "dim"))
        agent = None if self._company is None else self._company.find(heard.thread.key)
        if agent is not None:
            width = _AGENT_WIDTH if self._lines.width >= NARROW else _NARROW_AGENT_WIDTH
            name = cut(agent.words(), width)
            start += [*name, (" " * (width + 1 - width_of(name)), "")]
        return start


def _told(heard: Heard, wholes: Wholes, room: int, cast: Cast) -> Iterator[Line]:
    story = heard.story
    match story.event:
        case SessionBegan(session, titled):
            yield _session_line(session, titled=titled)
        case TurnBegan():
            assert story.turn is not None
            yield [("· ", "dim"), (_turn_words(story.turn, " begins"), "bold")]
        case TurnOver(failed_calls):
            assert story.turn is not None
            yield from _turn_over(story.turn, failed_calls, room)
        case TurnUndone():
            assert story.turn is not None
            yield [("· ", "dim"), (_turn_words(story.turn, " undone"), "dim")]
        case CallRuns(call) | CallOver(call):
            yield _call(call, heard, room, cast)
        case Noted(note):
            yield from _note(note, heard, wholes, room, cast)
        case Damage(problem):
            detail = one_line(problem.detail, 300)
            yield [("! ", "yellow"), (f"line {line_of(story.place)}: {detail}", "yellow")]
        case _:
            pass


def _session_line(session: Session, *, titled: bool) -> Line:
    """The title and the state stand first where they are known: behind them there may be no room."""
    state, title = (session.state, one_line(session.title, 200)) if titled else ("empty", "")
    facts = [f"session {session.id}" if session.id else "session", session.cwd or ""]
    facts += [f"Codex {session.cli_versions[0]}" if session.cli_versions else "", session.source or ""]
    words = " · ".join(one_line(fact, 200) for fact in facts if fact)
    return [
        (f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]),
        (f"{title} · {TURN_WORDS[state]} · " if titled else "", "bold"),
        (words, "dim"),
    ]


def _turn_words(turn: Turn, what: str) -> str:
    kind = TURN_KINDS[turn.kind]
    return f"turn {turn.index}{' · ' if kind else ''}{kind}{what}"


def _turn_over(turn: Turn, failed_calls: int, room: int) -> Iterator[Line]:
    facts = [f"{count(failed_calls, 'call')} failed"] if failed_calls else []
    facts.append(short_duration(turn.duration_ms))
    facts += [f"{tokens(turn.usage.total)} tokens" if turn.usage.total else ""]
    style = STATE_STYLES[turn.status]
    words = "".join(f" · {fact}" for fact in facts if fact)
    yield [
        (f"{TURN_GLYPHS[turn.status]} ", style),
        (_turn_words(turn, f" · {TURN_WORDS[turn.status]}"), style),
        (words, "dim"),
    ]
    said = [item.text for item in turn.items if isinstance(item, Note) and item.kind is NoteKind.ERROR]
    if turn.error is not None and not any(turn.error.message.startswith(text) for text in said):
        code = f" ({turn.error.code})" if turn.error.code else ""
        error = readable_error(turn.error.message) + code
        for line in _wrapped(error, room - 2, _MOST_LINES[NoteKind.ERROR]):
            yield [("  " + line, "red")]


def _call(call: Call, heard: Heard, room: int, cast: Cast) -> Line:
    worker = cast.find(path_of_worker(call, heard.thread.session))
    if worker is not None:
        call = replace(call, child_session=worker.id)
    nested: Line = [("  ", "")] if call.parent_call_id else []
    return nested + call_line(call, room - width_of(nested), cast)


def _note(note: Note, heard: Heard, wholes: Wholes, room: int, cast: Cast) -> Iterator[Line]:
    most = _MOST_LINES.get(note.kind, 1)
    # News of a worker can only be read as a whole; of all others what fits is enough.
    enough = note.kind is not NoteKind.AGENT_MESSAGE and len(note.text) >= room
    text = note.text if enough else wholes.of(heard.thread, note) or ""
    if most == 1:
        yield note_line(note, text, room, cast)
        return
    if note.kind is NoteKind.ERROR:
        text = readable_error(text)
    style = NOTE_STYLES.get(note.kind, "")
    before = 2 + WORD_WIDTH + 1
    for number, line in enumerate(_wrapped(text, room - before, most, more=note.cut)):
        word = NOTE_WORDS[note.kind] if number == 0 else ""
        sign = "· " if number == 0 else "  "
        yield [(sign + fitted(word, WORD_WIDTH + 1), style or "dim"), (line, style)]


def _wrapped(text: str, width: int, most: int, *, more: bool = False) -> list[str]:
    """The first lines of a text, made safe; the last one says where there are more."""
    lines: list[str] = []
    for paragraph in safe_block(text).strip().split("\n"):
        if len(lines) > most:
            break
        lines += _folded(paragraph.rstrip(), max(width, _NARROWEST))
    if len(lines) > most or more:
        lines = lines[:most]
        lines[-1] = lines[-1][: max(width, _NARROWEST) - 2].rstrip(" …") + " …"
    return lines


def _folded(paragraph: str, width: int) -> list[str]:
    """One line of a text on as many as it takes, broken between words where there are any."""
    lines: list[str] = []
    line: str | None = None
    for word in paragraph.split(" "):
        joined = word if line is None else f"{line} {word}"
        if cells(joined) <= width:
            line = joined
            continue
        if line is not None:
            lines.append(line)
        while cells(word) > width:  # a path, a hash, a script without blanks
            end = _fitting(word, width)
            lines.append(word[:end])
            word = word[end:]
        line = word
    return [*lines, line or ""]


def _fitting(word: str, width: int) -> int:
    end = min(len(word), width)
    while end > 1 and cells(word[:end]) > width:
        end -= 1
    return end
