"""What stands on the terminal, cell by cell: of what Textual draws, only the cells that differ are sent.

Textual itself sends a line that has changed from the left edge of its pane on, and each piece of it with all
of its colours and a reset: 7.3 kB for a move of the cursor at 200×50, the detail following.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, groupby, pairwise
from typing import NamedTuple, cast

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from trace_tui.wording.cells import is_plain

_UNKNOWN = ""
_SENT_ALONG = 7
"""So many cells that are the same take no more than to leap over them."""
_UNSEEN_ON_BLANKS = frozenset({"", "1", "2", "3", "1;2", "1;3", "2;3", "1;2;3"})
"""The codes for bold, dim and italic."""


class _Look(NamedTuple):
    """How a cell is drawn, in the terminal's codes."""

    ground: str = "49"
    attributes: str = ""
    colour: str = "39"

    def is_same_on_blanks(self, other: _Look) -> bool:
        """Whether a blank looks the same in both."""
        attributes = {self.attributes, other.attributes}
        return self.ground == other.ground and attributes <= _UNSEEN_ON_BLANKS


_PLAIN = _Look()
_NO_STYLE = Style.null()


class _Piece(NamedTuple):
    is_sure: bool
    """How wide it is."""
    look: _Look
    y: int
    x: int
    text: str


class OnTerminal:
    """Knows what was sent, and tells what to send next."""

    def __init__(self) -> None:
        self._screen: object = None
        self._size = (0, 0)
        self._signs: list[list[str]] = []
        self._looks: list[list[_Look]] = []

    def forget(self) -> None:
        """Nothing that stands there is known any more."""
        self._screen = None

    def changes(self, screen: object, drawn: RenderableType | None) -> RenderableType | None:
        """What to send instead of what Textual has drawn of a screen."""
        if isinstance(drawn, ChopsUpdate):
            self._expect(screen, (drawn.chop_ends[0][-1], len(drawn.chops)))
            return cast(RenderableType, _Changes(self, _changed_strips(drawn)))
        if isinstance(drawn, LayoutUpdate):
            self._screen = None  # all of it is to be sent
            self._expect(screen, drawn.region.size)
            return cast(RenderableType, _Changes(self, _all_strips(drawn)))
        return drawn

    def _expect(self, screen: object, size: tuple[int, int]) -> None:
        """Where another screen was, or another size, nothing is known."""
        if (screen, size) != (self._screen, self._size):
            self._screen, self._size = screen, size
            width, height = size
            self._signs = [[_UNKNOWN] * width for _ in range(height)]
            self._looks = [[_PLAIN] * width for _ in range(height)]

    def take(self, y: int, x: int, strip: Strip, console: Console) -> list[_Piece]:
        """This stands there from now on; what is to be sent for it."""
        text = strip.text
        is_sure = is_plain(text)
        if is_sure:
            signs, looks = list(text), _looks_of(strip, console._color_system or ColorSystem.TRUECOLOR)
        else:  # not all terminals agree on how wide it is: it is sent whole, and stands in its first cell
            signs = [strip.render(console), *[_UNKNOWN] * (strip.cell_length - 1)]
            looks = [_PLAIN] * strip.cell_length
        cells = slice(x, x + len(signs))
        signs_before, looks_before = self._signs[y][cells], self._looks[y][cells]
        if signs == signs_before and looks == looks_before:
            return []
        self._signs[y][cells], self._looks[y][cells] = signs, looks
        if not is_sure:
            beside = x + len(signs)
            if beside < len(self._signs[y]):
                self._signs[y][beside] = _UNKNOWN  # it may have been drawn over
            return [_Piece(False, _PLAIN, y, x, signs[0])]
        pairs = enumerate(zip(signs, signs_before, looks, looks_before, strict=True))
        differing = [
            at
            for at, (sign, other, look, its) in pairs
            if sign != other or (look is not its and not (sign == " " and look.is_same_on_blanks(its)))
        ]
        pieces: list[_Piece] = []
        for start, end in _runs(differing):
            pieces += _pieces(y, x + start, signs[start:end], looks[start:end])
        return pieces


class _Changes(CompositorUpdate):
    def __init__(self, terminal: OnTerminal, strips: Iterable[tuple[int, int, Strip]]) -> None:
        self._terminal = terminal
        self._strips = strips
        """Each with its line and its first cell."""

    def render_segments(self, console: Console) -> str:
        taken = (self._terminal.take(y, x, strip, console) for y, x, strip in self._strips)
        return _written(sorted(chain.from_iterable(taken), key=_place))


def _changed_strips(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, start, end in update.spans:
        for x, strip in update.chops[y].items():
            if strip is not None and x < end and x + strip.cell_length > start:
                yield y, x, strip


def _all_strips(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


# -- what is sent -----------------------------------------------------------


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """Cells that are sent in one go."""
    ends = [at for at in range(1, len(places)) if places[at] - places[at - 1] > _SENT_ALONG]
    for first, end in pairwise([0, *ends, len(places)]):
        if first < end:
            yield places[first], places[end - 1] + 1


def _pieces(y: int, x: int, signs: list[str], looks: list[_Look]) -> list[_Piece]:
    """A run by its looks; blanks go with what stands beside them."""
    pieces: list[_Piece] = []
    for look, places in groupby(range(len(looks)), key=looks.__getitem__):
        piece = _Piece(True, look, y, x, "".join([signs[at] for at in places]))
        x += len(piece.text)
        joined = _joined(pieces[-1], piece) if pieces else None
        if joined is None:
            pieces.append(piece)
        else:
            pieces[-1] = joined
    return pieces


def _joined(one: _Piece, other: _Piece) -> _Piece | None:
    """Two neighbours in one look, where one of them is blank."""
    if not (one.text.isspace() or other.text.isspace()) or not one.look.is_same_on_blanks(other.look):
        return None
    look = one.look if other.text.isspace() else other.look
    return one._replace(look=look, text=one.text + other.text)


def _written(pieces: Iterable[_Piece]) -> str:
    written: list[str] = []
    before, here = _PLAIN, (-1, -1)
    for is_sure, look, y, x, text in pieces:
        if (y, x) != here:
            written.append(f"\x1b[{y + 1};{x + 1}H")
        written += [_turn(before, look), text]
        before, here = look, (y, x + len(text)) if is_sure else (-1, -1)
    return "".join([*written, _turn(before, _PLAIN)])


def _place(piece: _Piece) -> tuple[int, int]:
    """Line by line from the left, as one reads: what is on its way over a slow line makes sense so far."""
    return piece.y, piece.x


def _turn(before: _Look, after: _Look) -> str:
    """Tells the terminal what is other than before."""
    codes: list[str] = []
    if before.attributes and before.attributes != after.attributes:
        codes.append("0")
        before = _PLAIN
    codes += [code for code, known in zip(after, before, strict=True) if code and code != known]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


# -- looks ------------------------------------------------------------------


def _looks_of(strip: Strip, colours: ColorSystem) -> list[_Look]:
    looks: list[_Look] = []
    for text, style, _ in strip:
        looks += [_look_of(style or _NO_STYLE, colours)] * len(text)
    return looks


@lru_cache(maxsize=1024)
def _look_of(style: Style, colours: ColorSystem) -> _Look:
    ground, colour = (
        ";".join(one.downgrade(colours).get_ansi_codes(is_colour)) if one is not None else ""
        for one, is_colour in ((style.bgcolor, False), (style.color, True))
    )
    attributes = Strip.render_ansi(style.without_color, colours)
    return _Look(ground or _PLAIN.ground, attributes, colour or _PLAIN.colour)
