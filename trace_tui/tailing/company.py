"""Who is who in a chain that is followed: letters and names, and nothing that is another a moment later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trace_tui.kinds import AgentAct, CallStatus, agent_act
from trace_tui.library.chains import Member
from trace_tui.model import Call, Session
from trace_tui.naming import path_of_worker
from trace_tui.wording.agents import Badge, badge_at, badge_of
from trace_tui.wording.cast import HEAD, NOBODY, Cast, Known, called
from trace_tui.wording.sessions import is_worker


class Company:
    """A letter that was told is nobody else's, even where somebody turns out to have begun before."""

    def __init__(self) -> None:
        self._badges: dict[str, Badge] = {}
        self._known: dict[str, Known] = {}
        self._given_up: set[str] = set()
        self.cast: Cast = NOBODY

    def meet(self, members: Sequence[Member]) -> None:
        """All of them by now, the head first."""
        for key in badge_of(members):
            if key not in self._badges:
                self._badges[key] = badge_at(len(self._badges))
        self._known = {one.entry.key: self._as_known(one) for one in members}
        named = [
            (name, self._known[one.entry.key])
            for one in members
            for name in (one.entry.id, one.entry.agent.path)
            if name is not None
        ]
        self.cast = Cast(dict(named), self._known[members[0].entry.key])

    def _as_known(self, member: Member) -> Known:
        """Its head is called so before it has started anybody: what is told does not depend on when."""
        name = called(member) if is_worker(member) else HEAD
        return Known(name, self._badges[member.entry.key], id=member.entry.id)

    def find(self, key: str) -> Known | None:
        return self._known.get(key)

    def stranger_in(self, call: Call, session: Session) -> str | None:
        """The worker that the call started, where its own file was not found yet and is still waited for."""
        if agent_act(call.tool, call.name) is not AgentAct.SPAWN or call.status is not CallStatus.OK:
            return None
        name = call.child_session or path_of_worker(call, session)
        return name if self.cast.find(name) is None and name not in self._given_up else None

    def give_up(self, names: Iterable[str]) -> None:
        """Nobody waits for their files any longer."""
        self._given_up.update(names)
