"""Why things failed in a chain: what its sessions tell of each other."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from trace_tui.home import Home
from trace_tui.past import Past
from trace_tui.relatives import Relation
from trace_tui.show.chain import WholeChain
from trace_tui.show.chain_reading import Part
from trace_tui.show.whys import Relatives, Whys, lying_in
from trace_tui.sources import Source
from trace_tui.texts import Readable
from trace_tui.wording.cast import Cast


class ChainWhys:
    """Whoever is not given is read when a failure needs it."""

    def __init__(self, chain: WholeChain) -> None:
        self._chain = chain
        self._cast = Cast.of_chain(chain.head)
        self._relatives = Relatives(self._find)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._relatives.__exit__()

    def of(self, part: Part) -> Whys:
        """For the failures of one session."""
        member = part.member
        past = Past(Readable(part.session, part.texts()))
        if member.children:  # its workers' failures will ask for it
            self._relatives.keep(past)
        parent = member.parent if member.relation is Relation.WORKER else None
        return Whys(past, self._relatives, None if parent is None else parent.entry.id, self._cast)

    def _find(self, thread_id: str) -> list[Source]:
        """Members wherever they lie; others, such as the source of a fork, where the head does."""
        sources = self._chain.sources_of(thread_id)
        if sources:
            return sources
        head = self._chain.sources_of(self._chain.head.entry.id or "")
        return lying_in(Home(Path(head[0].path)), thread_id) if head else []
