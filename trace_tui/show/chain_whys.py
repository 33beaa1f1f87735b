"""Why things failed in a chain: what its sessions tell of each other, each read at most once."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from trace_tui.home import Home
from trace_tui.show.chain_reading import Part
from trace_tui.show.whys import Known, Whys
from trace_tui.texts import Readable, Texts
from trace_tui.wording.cast import Cast


class ChainWhys:
    """Nothing is read before a failure needs it."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._open = ExitStack()
        self._known: Known = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def of(self, part: Part, texts: Texts) -> Whys:
        """For the failures of one session."""
        own, home = Readable(part.session, texts), Home(Path(part.sources[0].path))
        return Whys(own, home, self._open, self._known, self._cast)
