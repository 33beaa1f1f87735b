"""The screen as a reader: it shows what the app gives it, and the detail follows the cursor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from textual import on, work
from textual.timer import Timer

from trace_tui.app.hints import marks_of
from trace_tui.app.messages import ChainWanted, FailureWanted, OpenWanted, StreamWanted
from trace_tui.app.opened import Opened
from trace_tui.app.pane_screen import PaneScreen
from trace_tui.app.panes import ORDER, Pane
from trace_tui.app.relatives import Relatives, Telling
from trace_tui.app.search_walk import SearchWalk
from trace_tui.app.summary import summary_of
from trace_tui.app.wishes import Spot, Wish
from trace_tui.library.chains import Forest, Member
from trace_tui.model import Call, CallStatus, TurnStatus
from trace_tui.widgets.activity import Activity
from trace_tui.widgets.blocks import Block
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.row_book import Growth
from trace_tui.widgets.session_list import SessionList
from trace_tui.widgets.timeline import Timeline
from trace_tui.widgets.timeline_rows import Choice, Kind, Row
from trace_tui.wording.cells import Line

_REST = 0.06
"""Seconds for which the cursor rests until the detail follows: holding a key costs only the list."""
_LONGER_REST = 0.25
"""The same until a session is opened because the cursor stands on it."""


class ReadingScreen(PaneScreen):
    """Draws sessions, the open one, and what is selected in it; says what the person wants of others."""

    def __init__(self) -> None:
        super().__init__()
        self.forest = Forest([], {}, {}, {})
        self.is_looking = True
        """The library has not told of all sessions yet."""
        self.opened: Opened | None = None
        self.relatives = Relatives()
        self.activities: dict[str, Activity] = {}
        self.choice = Choice()
        self.filter_words = ""
        self.is_raw = False
        self.search: SearchWalk | None = None
        self._sessions_title = "Sessions"
        self._asked = 0
        self._subject: object = None
        """What the detail is about."""
        self._telling: Telling | None = None
        """What is in it."""
        self._resting: Timer | None = None
        self._ticking: Timer | None = None
        self._said_at = -1
        """Where the cursor stood when something was said."""

    def pane_changed(self) -> None:
        self.follow(_REST)

    # -- what the app gives ---------------------------------------------

    def show_sessions(self, forest: Forest, title: str) -> None:
        """``title`` tells how many there are, and whether that is all."""
        self.forest = forest
        self._sessions_title = title
        self.sessions.show(forest)
        self.title_sessions()
        if self.welcome.display and forest.roots:
            self.welcome.display = False
            self.go_to_pane(self.pane)
        self._complete()  # a parent may have heard more, or may have been found

    @on(SessionList.Arranged)
    def title_sessions(self) -> None:
        order = self.sessions.arrangement.order
        if self.filter_words:
            title = f"Sessions {self.sessions.sessions_shown():,} · {self.filter_words}"
        else:
            title = self._sessions_title
        self.sessions.set_title(title + (f" · by {order}" if order != "started" else ""))

    def show_opened(self, opened: Opened, rows: list[Row]) -> None:
        """A session, as far as it has been read: another one, or more of the same."""
        is_same = self.opened is opened
        self.opened = opened
        summary = self._summary()
        if is_same:
            self.timeline.update(rows, opened.cast(), summary)
        else:
            self.forget_search()
            self.relatives.gather_round(opened)
            self.timeline.show(rows, opened.cast(), summary)
            self.title_timeline()
        self.follow(0 if not is_same else _REST, again=True)

    def show_growth(self, opened: Opened, growth: Growth, rows: list[Row]) -> None:
        """The open session goes on; where one stands is not touched."""
        before = self.timeline.selected
        self.timeline.go_on(growth, rows, opened.cast(), self._summary())
        after = self.timeline.selected
        if before is not after or (after is not None and not _is_over(after)):
            self.follow(_REST, again=True)

    def _summary(self) -> Line:
        opened = self.opened
        if opened is None:
            return []
        activity = self._activity() if opened.session.state == "in_progress" else None
        return summary_of(opened, activity, _now())

    def _activity(self) -> Activity | None:
        """Of what is open; of a whole chain, of one that is at work."""
        parts = self.opened.parts() if self.opened is not None else []
        known = [one for part in parts if (one := self.activities.get(part.key)) is not None]
        return next((one for one in known if one.is_running), known[0] if known else None)

    def show_hints(self, opened: Opened) -> None:
        """Loops and stalls have been looked for; the detail may tell of them."""
        if self.opened is opened:
            self.timeline.show_marks(marks_of(opened))
            self.timeline.summarize(self._summary())
            self.follow(_REST, again=True)

    def show_place(self, opened: Opened) -> None:
        """Who is who in its chain may be known only now, and how they stand."""
        self.timeline.show_cast(opened.cast())
        self.timeline.summarize(self._summary())

    def show_activities(self, activities: dict[str, Activity]) -> None:
        """Who is at work; as long as somebody is, the seconds are counted."""
        self.activities = activities
        self.sessions.show_activities(activities, _now())
        self._tick()

    def _tick(self) -> None:
        now = _now()
        self.sessions.tick(now)
        own = self._activity()
        self.timeline.summarize(self._summary())
        self.timeline.tick(now if own is not None and own.is_running else None)
        if self.activities and self._ticking is None:
            self._ticking = self.set_interval(1.0, self._tick)
        elif not self.activities and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    @on(Timeline.Followed)
    def title_timeline(self) -> None:
        title = "Timeline" if self.choice == Choice() else "Timeline · filtered"
        if self.timeline.follows:
            title += " · following"
        elif self.timeline.unseen:
            title += f" · {self.timeline.unseen:,} new ↓"
        self.timeline.set_title(title)

    def show_no_sessions(self, places: list[str]) -> None:
        for pane in ORDER:
            self.view(pane).display = False
        self.welcome.display = True
        self.welcome.tell(places)
        self.set_focus(self.welcome)

    def point_at(self, member: Member) -> None:
        """The list shows what is open, unless the person is looking at something else in it."""
        if self.pane is not Pane.SESSIONS:
            with self.sessions.prevent(LineView.Moved):
                self.sessions.select(member)

    def say_of_others(self, words: str) -> None:
        """What may turn out otherwise while not all sessions are known."""
        self.say("still looking for the other sessions" if self.is_looking else words, "yellow")

    def select(self, spot: Spot) -> None:
        self.say("")
        with self.timeline.prevent(LineView.Moved):
            self.timeline.select(spot.turn, spot.item)
        if self.pane is Pane.SESSIONS:
            self.go_to_pane(Pane.TIMELINE)
        self.follow(0)

    # -- what follows the cursor ----------------------------------------

    def say(self, words: str, style: str = "") -> None:
        super().say(words, style)
        self._said_at = self.view(self.pane).cursor

    @on(LineView.Moved)
    def _on_moved(self, event: LineView.Moved) -> None:
        if event.view.cursor != self._said_at:  # a key that came at once may have been answered already
            self.say("")
        if event.view is self.sessions:
            self.follow(_LONGER_REST)
        elif event.view is self.timeline:
            self.follow(_REST)

    def forget_search(self) -> None:
        self.search = None
        self.mark("")

    def mark(self, words: str) -> None:
        """Shows where they stand."""
        for view in (self.timeline, self.detail):
            view.words_to_mark = words
            view.look_changed()

    def follow(self, rest: float, *, again: bool = False) -> None:
        """The detail is told of what is selected, once the cursor has come to rest; or told again."""
        if self._resting is not None:
            self._resting.stop()
        if rest:
            self._resting = self.set_timer(rest, lambda: self._ask(again=again))
        else:
            self._ask(again=again)

    def _ask(self, *, again: bool = False) -> None:
        opened, member = self.opened, self.sessions.selected
        if self.pane is Pane.SESSIONS and member is not None and not self._is_open(member):
            if self.timeline.display:
                self.post_message(OpenWanted(member, keep_focus=True))
            elif self.detail.display:
                self._tell(member.entry.key, partial(_document_of_entry, member))
            return
        row = self.timeline.selected
        linked = self._linked(row)
        if linked is not None and self.detail.display:
            self._tell(linked.entry.key, partial(_document_of_entry, linked))
        elif opened is not None and row is not None and self.detail.display:
            subject = (opened.number, row.thread, row.kind, row.turn.index, row.place, row.link, self.is_raw)
            make = partial(_document_of, opened, row, self.relatives, self.is_raw)
            self._tell(subject, make, again=again)

    def _linked(self, row: Row | None) -> Member | None:
        """The session that a row of the timeline leads to, where it tells nothing of its own."""
        if row is None or row.kind is not Kind.LINK or row.link is None or row.link.id is None:
            return None
        return next(iter(self.forest.named(row.link.id)), None)

    def _is_open(self, member: Member) -> bool:
        parts = self.opened.parts() if self.opened is not None else []
        return any(one.key == member.entry.key for one in parts)

    def _tell(self, subject: object, make: Callable[[int], Telling], *, again: bool = False) -> None:
        """Whoever reads the detail stays where they are, as long as it is about the same."""
        is_same = subject == self._subject
        self._subject = subject
        if again or not is_same:
            self._show_document(make, again=is_same)

    @work(group="detail", exclusive=True, description="detail")
    async def _show_document(self, make: Callable[[int], Telling], *, again: bool = False) -> None:
        self._asked += 1
        asked = self._asked
        telling = await asyncio.to_thread(make, self.detail.text_width)
        if asked != self._asked:
            return
        self._telling = telling
        if again:
            self.detail.update(telling.document)
        else:
            self.detail.show(telling.document)
        self._complete()

    def _complete(self) -> None:
        """What parents and workers have to say comes in when they have been read."""
        if self.opened is not None and self._telling is not None and self._telling.parts:
            self._fill_in(self.opened, self._telling)

    @work(group="relatives", exclusive=True, description="relatives")
    async def _fill_in(self, opened: Opened, telling: Telling) -> None:
        def fill(name: str, blocks: list[Block]) -> bool:
            if is_looked_at := self._telling is telling:
                self.detail.fill(name, blocks)
            return is_looked_at

        await self.relatives.complete(telling.parts, opened, fill)

    @on(Timeline.Unread)
    def _on_unread(self, event: Timeline.Unread) -> None:
        if self.opened is not None:
            self._read_notes(self.opened, event.rows)

    @work(group="notes", description="notes")
    async def _read_notes(self, opened: Opened, rows: list[Row]) -> None:
        from trace_tui.app.documents import read_notes

        await asyncio.to_thread(read_notes, opened, rows)
        self.timeline.texts_read(rows)

    @on(LineView.Entered)
    def _on_entered(self, event: LineView.Entered) -> None:
        if event.view is self.sessions and self.sessions.selected is not None:
            self.post_message(OpenWanted(self.sessions.selected))
        elif event.view is self.timeline:
            self.enter_step()

    def enter_step(self) -> None:
        """The person wants to read what is selected in the timeline."""
        self.go_to_pane(Pane.DETAIL)
        self.follow(0)

    # -- keys: where one is ---------------------------------------------

    def action_pane(self, name: str) -> None:
        self.go_to_pane(Pane(name))
        self.follow(0)

    def action_next_pane(self, by: int) -> None:
        if not self.welcome.display:
            self.action_pane(ORDER[(ORDER.index(self.pane) + by) % len(ORDER)])

    def action_stream(self) -> None:
        """The steps of all agents in one timeline; or back to the one whose step is selected."""
        row = self.timeline.selected
        self.post_message(StreamWanted(row))

    def action_chain(self) -> None:
        self.post_message(ChainWanted())

    def action_busiest(self) -> None:
        """To the agent of this chain that has written last, following its end."""
        member = self.opened.member if self.opened is not None else None
        at_work = [] if member is None else list(member.root.members())
        running = {key: one for key, one in self.activities.items() if one.is_running}
        at_work = [one for one in at_work if one.entry.key in running]
        if not at_work:
            self.say("nobody in this chain is at work", "yellow")
            return
        busiest = max(at_work, key=lambda one: running[one.entry.key].written_at)
        if not self._is_open(busiest):
            self.post_message(OpenWanted(busiest, Wish(follows=True)))
        elif not self.timeline.follows:
            self.timeline.action_follow()

    def action_failure(self, by: int) -> None:
        self.post_message(FailureWanted(by))


def _document_of_entry(member: Member, width: int) -> Telling:
    from trace_tui.app.documents import document_of_entry

    return Telling(document_of_entry(member, width))


def _document_of(opened: Opened, row: Row, relatives: Relatives, raw: bool, width: int) -> Telling:
    from trace_tui.app.documents import document_of_row, document_of_session

    if row.kind is Kind.SESSION and not raw:
        return Telling(document_of_session(opened, width))
    return document_of_row(opened, row, relatives, raw=raw, width=width)


def _now() -> int:
    return int(time.time() * 1000)


def _is_over(row: Row) -> bool:
    """What is told of it will not change."""
    if row.kind is Kind.SESSION or (row.kind is Kind.TURN and row.turn.status is TurnStatus.IN_PROGRESS):
        return False
    return not (isinstance(row.item, Call) and row.item.status is CallStatus.RUNNING)
