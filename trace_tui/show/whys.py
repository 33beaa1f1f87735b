"""Why calls failed: printed below each, and as JSON. A parent or a worker is read when a failure needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.text import Text as Line

from trace_tui.errors import Unreadable
from trace_tui.heard import Heard, Hearing, Told
from trace_tui.home import Home
from trace_tui.model import Call, Item, Session, Turn
from trace_tui.naming import names_in
from trace_tui.parsers.safe_text import one_line, safe_block
from trace_tui.past import Past
from trace_tui.printing.items import call_object, note_object
from trace_tui.printing.machine import JsonObject
from trace_tui.relatives import Relation
from trace_tui.show.reading import read
from trace_tui.sources import Source
from trace_tui.telling.trails import told_parent_nothing
from trace_tui.telling.whys import (
    WorkerWhy,
    WorkerWhys,
    own_blocks,
    parent_blocks,
    told_of,
    worker_blocks,
)
from trace_tui.texts import Readable, Texts
from trace_tui.trail import Trail, trail_of
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows
from trace_tui.wording.cast import Cast

if TYPE_CHECKING:
    from trace_tui.wording.cells import Line as Parts


_OPEN = 16
"""So many sessions have their files open at once."""


class Relatives:
    """Sessions of a chain by their ids, or why one is not there; read when a failure needs it, and kept."""

    def __init__(self, find: Callable[[str], list[Source]]) -> None:
        """``find`` gives the files of a thread; none where it is not here."""
        self._find = find
        self._known: dict[str, Past | str] = {}
        self._used: dict[int, Past] = {}
        """Those whose files may be open, the last used last."""

    @classmethod
    def around(cls, home: Home | None) -> Self:
        """Those that lie where one session does; nobody is known beside one that is piped in."""

        return cls(lambda thread_id: [] if home is None else lying_in(home, thread_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for past in self._used.values():
            past.texts.release()

    def keep(self, past: Past) -> None:
        """It has been read by somebody else."""
        if past.session.id is not None:
            self._known[past.session.id] = past

    def find(self, thread_id: str, words: str) -> Past | str:
        if thread_id not in self._known:
            self._known[thread_id] = self._read(thread_id, words)
        found = self._known[thread_id]
        if isinstance(found, Past):
            self.use(found)
        return found

    def use(self, past: Past) -> None:
        """Its files may be opened now."""
        self._used.pop(id(past), None)
        self._used[id(past)] = past
        if len(self._used) > _OPEN:
            self._used.pop(next(iter(self._used))).texts.release()

    def _read(self, thread_id: str, words: str) -> Past | str:
        try:
            sources = self._find(thread_id)
            if not sources:
                return one_line(f"{words} is not here ({thread_id})")
            session = read(sources)
        except Unreadable as problem:
            return one_line(f"{words} can't be read: {problem}", 400)
        return Past(Readable(session, Texts(session, sources)))


def lying_in(home: Home, thread_id: str) -> list[Source]:
    """The files of a thread; none where it is not there."""
    path = home.find(thread_id)
    return [] if path is None else Home(path).thread_sources()


class Whys:
    """Of the failures of one session."""

    def __init__(
        self, own: Past, relatives: Relatives, parent_id: str | None = None, cast: Cast | None = None
    ) -> None:
        """``parent_id`` is who started it as a worker; ``cast`` who is who in the chain, if known."""
        self._own = own
        self._relatives = relatives
        self._parent_id = parent_id
        self._cast = cast
        self._hearing: Hearing | None = None
        self._of_workers: dict[str, WorkerWhys] = {}

    @classmethod
    def of_session(cls, own: Readable, relatives: Relatives) -> Self:
        """Of a session by itself."""
        is_worker = own.session.relation is Relation.WORKER
        return cls(Past(own), relatives, own.session.parent_id if is_worker else None)

    # -- as a page ------------------------------------------------------

    def print(self, console: Console, turn: Turn, call: Call | None) -> None:
        """Without a call, of the turn itself."""
        self._relatives.use(self._own)
        for block in self._blocks(turn, call):
            _print_block(console, block)

    def _blocks(self, turn: Turn, call: Call | None) -> list[Block]:
        parent = self._parent()
        trail, names = self._trail(turn, call, parent), self._names(self._own.session)
        blocks = own_blocks(trail, call, names)
        if isinstance(parent, str):
            blocks += told_parent_nothing(parent)
        elif parent is not None:
            told, session = told_of(self._heard_by(parent), turn, trail), parent.session
            blocks += parent_blocks(told, turn, call, trail, session, self._names(session), session.title)
        for why in self._failed_workers(call):
            worker = why.worker.session
            name = names.name_of(worker.id or worker.title)
            blocks += worker_blocks(why, self._own.session, names, self._names(worker), name)
        return blocks

    # -- as JSON --------------------------------------------------------

    def object_of(self, turn: Turn, call: Call | None) -> JsonObject:
        self._relatives.use(self._own)
        parent = self._parent()
        trail = self._trail(turn, call, parent)
        told: JsonObject | None = None
        if isinstance(parent, Past):
            told = _told_object(told_of(self._heard_by(parent), turn, trail), parent.own)
        workers = [
            {
                "session": why.worker.session.id,
                "turn": why.turn.index,
                **_trail_object(why.trail, why.worker.own),
            }
            for why in self._failed_workers(call)
        ]
        return {**_trail_object(trail, self._own.own), "told_parent": told, "workers": workers}

    def _names(self, session: Session) -> Cast:
        return Cast.of_session(session) if self._cast is None else self._cast

    # -- who else tells of it -------------------------------------------

    def _trail(self, turn: Turn, call: Call | None, parent: Past | str | None) -> Trail:
        return trail_of(turn, call, self._own, [parent] if isinstance(parent, Past) else [])

    def _parent(self) -> Past | str | None:
        """None where nobody started it as a worker."""
        return None if self._parent_id is None else self._relatives.find(self._parent_id, "its parent")

    def _heard_by(self, parent: Past) -> Hearing:
        if self._hearing is None:
            self._hearing = Hearing(parent.own, self._own.session)
        return self._hearing

    def _failed_workers(self, call: Call | None) -> list[WorkerWhy]:
        """Those that a failed call tells of, where their files are here, with what they failed with."""
        if call is None:
            return []
        cast = self._names(self._own.session)
        named = [known.id for name in names_in(call) if (known := cast.find(name)) is not None]
        found: list[WorkerWhy] = []
        for worker_id in dict.fromkeys(one for one in named if one is not None):
            worker = self._relatives.find(worker_id, "the worker")
            if isinstance(worker, Past) and (why := self._whys_of(worker).of(call)) is not None:
                found.append(why)
        return found

    def _whys_of(self, worker: Past) -> WorkerWhys:
        key = worker.session.id or ""
        if key not in self._of_workers:
            self._of_workers[key] = WorkerWhys(worker, self._own)
        return self._of_workers[key]


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
