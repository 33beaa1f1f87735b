"""The screen as a traveller: along what a row leads to, from session to session, and back the same way."""

from __future__ import annotations

from typing import NamedTuple

from textual import on

from trace_tui.app.going import spot_wished
from trace_tui.app.messages import OpenWanted, StreamWanted
from trace_tui.app.opened import Opened
from trace_tui.app.panes import Pane
from trace_tui.app.reading_screen import ReadingScreen
from trace_tui.app.ways import Way, member_named, way_up, ways_from
from trace_tui.app.wishes import Spot, Wish
from trace_tui.library.chains import Member
from trace_tui.model import Call, Tool
from trace_tui.parsers.safe_text import one_line
from trace_tui.widgets.line_view import LineView
from trace_tui.widgets.timeline_rows import Row
from trace_tui.wording.absences import why_at_top


class Stop(NamedTuple):
    """Where one stood before one went elsewhere."""

    key: str
    """Of what was open then, and of what was gone to."""
    to: str
    wish: Wish
    head: str | None = None
    """Of the chain, where all its agents stood in one timeline."""


class TravellingScreen(ReadingScreen):
    def __init__(self) -> None:
        super().__init__()
        self._came_along: list[Stop] = []
        """The way that was gone, from session to session or within one."""
        self._from_chain = ""
        """The key of what was opened from the chain view."""

    def enter_step(self) -> None:
        """Where a step leads to another session, to enter it is to go there."""
        row = self.timeline.selected
        if row is not None and self._leads_elsewhere(row):
            self.action_worker()
        else:
            super().enter_step()

    @on(LineView.Entered)
    def _enter_what_a_line_is_about(self, event: LineView.Entered) -> None:
        row, opened, target = self.timeline.selected, self.opened, self.detail.target
        if event.view is not self.detail or row is None or opened is None or target is None:
            return
        part = opened.part_of(row)
        id_ = None if target.thread == part.session.id else target.thread
        member = member_named(id_, part, self.forest)
        self.go_to_pane(Pane.TIMELINE)
        self._go_along(Way(id_, Wish(place=target.place), member), row)

    def _leads_elsewhere(self, row: Row) -> bool:
        """A call about a worker whose session is here, or a link: to enter it is to go there."""
        if row.link is not None:
            return True
        if self.opened is None or not (isinstance(row.item, Call) and row.item.tool is Tool.AGENT):
            return False
        return any(way.member is not None for way in ways_from(row, self.opened, self.forest))

    def action_worker(self) -> None:
        """Along what the row under the cursor leads to: a worker, a fork, a review, an undone turn."""
        row, opened = self.timeline.selected, self.opened
        if row is None or opened is None:
            return
        ways = ways_from(row, opened, self.forest)
        if not ways:
            self.say("nothing leads from here: w follows workers, mails, forks and reviews", "yellow")
        elif len(ways) == 1:
            self._go_along(ways[0], row)
        else:
            self._choose(ways, row)

    def _choose(self, ways: list[Way], row: Row) -> None:
        """Several are meant: which of them?"""
        from trace_tui.app.filters import agents_offered
        from trace_tui.widgets.menu import Menu

        assert self.opened is not None
        by_id = {way.id or "": way for way in ways}

        def go(id_: str | None) -> None:
            if id_ is not None:
                self._go_along(by_id[id_], row)

        self.app.push_screen(Menu("Into which", agents_offered(list(by_id), self.opened.cast())), go)

    def _go_along(self, way: Way, row: Row) -> None:
        opened = self.opened
        if opened is None:
            return
        if way.member is None and way.id is not None:
            self.say_of_others(f"its session is not here ({one_line(way.id, 40)})")
            return
        part = opened.part_of(row) if way.id is None else _part_of_member(opened, way.member)
        back = Wish(place=row.place, thread=row.thread) if row.item is not None else Wish(row=row)
        if part is not None:
            self._came_along.append(Stop(opened.key, opened.key, back))
            self._select_wished(way.wish, part)
        elif way.member is not None:
            head = opened.member.entry.key if opened.member is not None and opened.is_chain else None
            self._came_along.append(Stop(opened.key, way.member.entry.key, back, head))
            self.post_message(OpenWanted(way.member, way.wish))

    def _select_wished(self, wish: Wish, part: Opened) -> None:
        if wish.link is not None and self.timeline.select_link(wish.link):
            return
        spot = spot_wished(wish, part.session) or next((Spot(turn) for turn in part.session.turns), None)
        if spot is not None:
            self.select(spot)

    def action_parent(self) -> None:
        """Back along the way one came, to the very row; else to who started this session."""
        opened = self.opened
        if opened is None:
            return
        while self._came_along and self._came_along[-1].to != opened.key:
            self._came_along.pop()  # somewhere else was gone to in between
        if self._came_along:
            self._go_back(self._came_along.pop(), opened)
            return
        way = way_up(opened, self.timeline.selected, self.forest)
        if way is None:
            self.say_of_others(why_at_top(opened.member))
        elif way.member is None:
            self.say_of_others(f"where it came from is not here ({one_line(way.id or '', 40)})")
        elif (part := _part_of_member(opened, way.member)) is not None:
            self._select_wished(way.wish, part)
        else:
            self.say("")
            self.post_message(OpenWanted(way.member, way.wish))

    def come_from_chain(self, member: Member, wish: Wish | None) -> None:
        """Opened in the chain view; to step back is to go there again."""
        self._came_along.clear()
        self._from_chain = member.entry.key
        self.post_message(OpenWanted(member, wish))

    def has_come_from_chain(self) -> bool:
        """Asked once: what comes back from there has not come from there."""
        key, self._from_chain = self._from_chain, ""
        return bool(key) and self.opened is not None and self.opened.key == key

    def has_come_along(self) -> bool:
        """Whether there is a way back from what is open."""
        key = self.opened.key if self.opened is not None else None
        return any(stop.to == key for stop in self._came_along)

    def _go_back(self, stop: Stop, opened: Opened) -> None:
        self.say("")
        if stop.key != opened.key:
            member = self.forest.keyed(stop.head or stop.key)
            if member is None:
                self.say_of_others("where you came from is not here any more")
            elif stop.head is not None:
                self.post_message(StreamWanted(None, member, stop.wish))
            else:
                self.post_message(OpenWanted(member, stop.wish))
        elif stop.wish.row is not None:
            self.return_to(stop.wish.row)
        else:
            self._select_wished(stop.wish, opened.part_named(stop.wish.thread))

    def return_to(self, row: Row) -> None:
        """To a row that was seen before, and is no step."""
        with self.timeline.prevent(LineView.Moved):
            self.timeline.select_row(row)
        self.follow(0)


def _part_of_member(opened: Opened, member: Member | None) -> Opened | None:
    """Where a member's steps are on the screen already."""
    if member is None:
        return None
    return next((one for one in opened.parts() if one.key == member.entry.key), None)
