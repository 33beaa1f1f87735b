"""Why calls failed: printed below each, and as JSON. A parent or a worker is read when a failure needs it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.text import Text as Line

from trace_tui.errors import Unreadable
from trace_tui.heard import Heard, Told, names_in, told_of_turn
from trace_tui.home import Home
from trace_tui.model import Call, Item, Session, Turn
from trace_tui.parsers.safe_text import one_line, safe_block
from trace_tui.printing.items import call_object, note_object
from trace_tui.printing.machine import JsonObject
from trace_tui.relatives import Relation
from trace_tui.show.reading import read
from trace_tui.telling.trails import told_parent, told_parent_nothing, why_call, why_turn, why_worker
from trace_tui.texts import Readable, Texts
from trace_tui.trail import Trail, trail_of, trail_of_worker
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows
from trace_tui.wording.cast import Cast

if TYPE_CHECKING:
    from trace_tui.wording.cells import Line as Parts


Known = dict[str, Readable | str]
"""Sessions by their ids; or why they are not there."""


@dataclass(slots=True)
class Whys:
    """Of one session; what was read of others is kept until all is told."""

    own: Readable
    home: Home | None
    """Where others of its chain lie; None where it came from standard input."""
    opened: ExitStack = field(default_factory=ExitStack)
    known: Known = field(default_factory=dict)
    """What was read of others; may be shared by the sessions of a chain."""
    cast: Cast | None = None
    """Who is who in the whole chain, where that is known."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    # -- as a page ------------------------------------------------------

    def print(self, console: Console, turn: Turn, call: Call | None) -> None:
        """Without a call, of the turn itself."""
        for block in self._blocks(turn, call):
            _print_block(console, block)

    def _blocks(self, turn: Turn, call: Call | None) -> list[Block]:
        session = self.own.session
        trail, names = self._trail(turn, call), self._names(session)
        blocks = why_turn(trail, names) if call is None else why_call(trail, names)
        parent = self._parent()
        if isinstance(parent, str):
            blocks += told_parent_nothing(parent)
        elif parent is not None:
            since = None if call is None else call.started_at
            told, cast = told_of_turn(parent, session, turn, since), self._names(parent.session)
            blocks += told_parent(told, turn, parent.session, cast, aside=parent.session.title)
        for worker, its_turn, its_trail in self._failed_workers(call):
            name = names.name_of(worker.session.id or worker.session.title)
            blocks += why_worker(name, its_turn, its_trail, self._names(worker.session))
        return blocks

    # -- as JSON --------------------------------------------------------

    def object_of(self, turn: Turn, call: Call | None) -> JsonObject:
        parent = self._parent()
        told: JsonObject | None = None
        if isinstance(parent, Readable):
            since = None if call is None else call.started_at
            told = _told_object(told_of_turn(parent, self.own.session, turn, since), parent)
        workers = [
            {"session": worker.session.id, "turn": its_turn.index, **_trail_object(its_trail, worker)}
            for worker, its_turn, its_trail in self._failed_workers(call)
        ]
        return {
            **_trail_object(self._trail(turn, call), self.own),
            "told_parent": told,
            "workers": workers,
        }

    def _names(self, session: Session) -> Cast:
        return Cast.of_session(session) if self.cast is None else self.cast

    # -- who else tells of it -------------------------------------------

    def _trail(self, turn: Turn, call: Call | None) -> Trail:
        parent = self._parent()
        return trail_of(turn, call, self.own, [parent] if isinstance(parent, Readable) else [])

    def _parent(self) -> Readable | str | None:
        """None where nobody started it as a worker."""
        session = self.own.session
        if session.relation is not Relation.WORKER or session.parent_id is None:
            return None
        return self._relative(session.parent_id, "its parent")

    def _failed_workers(self, call: Call | None) -> list[tuple[Readable, Turn, Trail]]:
        """Those that a failed call tells of, where their files are here, with what they failed with."""
        if call is None:
            return []
        cast = self._names(self.own.session)
        named = [known.id for name in names_in(call) if (known := cast.find(name)) is not None]
        found: list[tuple[Readable, Turn, Trail]] = []
        for worker_id in dict.fromkeys(one for one in named if one is not None):
            worker = self._relative(worker_id, "the worker")
            if isinstance(worker, str):
                continue
            if (failed := trail_of_worker(call, worker, self.own)) is not None:
                found.append((worker, *failed))
        return found

    def _relative(self, thread_id: str, words: str) -> Readable | str:
        if thread_id not in self.known:
            self.known[thread_id] = self._look_for(thread_id, words)
        return self.known[thread_id]

    def _look_for(self, thread_id: str, words: str) -> Readable | str:
        path = self.home.find(thread_id) if self.home is not None else None
        if path is None:
            return one_line(f"{words} is not here ({thread_id})")
        try:
            sources = Home(path).thread_sources()
            session = read(sources)
        except Unreadable as problem:
            return one_line(f"{words} can't be read: {problem}", 400)
        return Readable(session, self.opened.enter_context(Texts(session, sources)))


# -- as JSON ---------------------------------------------------------------


def _trail_object(trail: Trail, where: Readable) -> JsonObject:
    elsewhere: JsonObject | None = None
    if trail.elsewhere is not None:
        session, call = trail.elsewhere
        elsewhere = {"session": session.id, **_call_object(call, session)}
    return {
        "failing": _known_call(trail.failing, where.session),
        "error": trail.error,
        "last_ok": _known_call(trail.last_passing, where.session),
        "last_ok_elsewhere": elsewhere,
        "patched": [_call_object(call, where.session) for call in trail.between],
        "next": _item_objects(trail.next_steps, where),
    }


def _told_object(told: Told, parent: Readable) -> JsonObject:
    return {
        "session": parent.session.id,
        "heard": [_heard_object(heard, parent) for heard in told.heard],
        "next": _item_objects(told.did_next, parent),
    }


def _heard_object(heard: Heard, parent: Readable) -> JsonObject:
    """Of a call, with what its answer says of the worker."""
    shown = _item_object(heard.item, parent)
    if heard.notice is not None:
        shown |= {"told": {"state": heard.notice.state, "text": heard.notice.words}}
    return shown


def _item_objects(items: Sequence[Item], where: Readable) -> list[JsonObject]:
    return [_item_object(item, where) for item in items]


def _item_object(item: Item, where: Readable) -> JsonObject:
    if isinstance(item, Call):
        return _call_object(item, where.session)
    return note_object(item, where.texts.whole(item), with_file=len(where.session.files) > 1)


def _known_call(call: Call | None, session: Session) -> JsonObject | None:
    return None if call is None else _call_object(call, session)


def _call_object(call: Call, session: Session) -> JsonObject:
    return call_object(call, with_file=len(session.files) > 1)


# -- as a page -------------------------------------------------------------


def _print_block(console: Console, block: Block) -> None:
    match block:
        case Heading(words, aside):
            _print_row(console, [(f"  {words}", "bold"), (f"  {aside}" if aside else "", "dim")])
        case Plain(text, style):
            for written in safe_block(text).split("\n"):
                console.print(Line("    " + written, style), soft_wrap=True)
        case Rows(lines):
            for parts in lines:
                _print_row(console, [("    ", ""), *parts])
        case _:
            raise TypeError(f"nobody prints {type(block).__name__} here")


def _print_row(console: Console, parts: Parts) -> None:
    line = Line(no_wrap=True)
    for text, style in parts:
        line.append(text, style)
    line.rstrip()
    line.truncate(console.width, overflow="ellipsis")
    console.print(line)
