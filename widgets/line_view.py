"""The base of all panes: any number of rows, of which only the visible ones are ever drawn.

A row is one line, made when it is looked at; the row under the cursor may have a second line below it. What
changes is compared with what is on the screen, and only the cells that differ are sent to the terminal.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trace_tui.widgets.marking import marked
from trace_tui.widgets.palette import Palette
from trace_tui.wording.cells import Line, in_ascii

GUTTER = 1
BAR = 1
"""Cells beside the text of a row: the cursor's mark, and the bar that says where in the list one is."""
_MARK = "▌"
_THUMB = "▐"


class LineView(ScrollView, can_focus=True):
    ALLOW_SELECT = False
    has_second_line: bool = False
    """The row under the cursor has a second line below it."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-view--cursor", "line-view--resting"}
    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 0;
        & > .line-view--cursor { text-style: reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="up"),
        Binding("down,j", "move(1)", "down", show=False, id="down"),
        Binding("pageup,ctrl+u", "page(-1)", "page up", show=False, id="page_up"),
        Binding("pagedown,ctrl+d", "page(1)", "page down", show=False, id="page_down"),
        Binding("home,g", "first", "first", show=False, id="first"),
        Binding("end,G", "last", "last", show=False, id="last"),
        Binding("enter", "enter", "open", key_display="enter", id="enter"),
    ]

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, view: LineView) -> None:
            self.view = view
            super().__init__()

        @property
        def control(self) -> LineView:
            return self.view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LineView.Moved) and message.view is self.view

    class Entered(Message):
        """The person wants into the row under the cursor."""

        def __init__(self, view: LineView) -> None:
            self.view = view
            super().__init__()

        @property
        def control(self) -> LineView:
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor = 0
        self.words_to_mark = ""
        """What was searched for, marked wherever it is seen."""
        self._strips: LRUCache[tuple[int, bool, bool, bool, int, bool], Strip] = LRUCache(1024)
        self._on_screen: dict[int, Strip] = {}
        self._palette: Palette | None = None
        self._bases: dict[tuple[bool, bool], Style] = {}
        self._window: Size | None = None

    # -- what subclasses tell -------------------------------------------

    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row(self, index: int, width: int) -> Line:
        """A row, at most so many cells wide."""
        raise NotImplementedError

    def below_cursor(self, width: int) -> Line:
        """The second line of the row under the cursor, where the view has such lines."""
        return []

    # -- what changes ---------------------------------------------------

    def rows_changed(self, cursor: int | None = None) -> None:
        """Other rows than before; the cursor stays or is set, and the place in the window with it."""
        before = self._line_of(self.cursor) - self.scroll_offset.y
        had_rows = self.virtual_size.height > 0
        self._strips.clear()
        self.cursor = self._within(self.cursor if cursor is None else cursor)
        lines = self.count() + (1 if self.count() and self.has_second_line else 0)
        if self.virtual_size.height != lines:
            # Setting it as usual would arrange and draw everything on the screen anew.
            self.set_reactive(LineView.virtual_size, Size(self.size.width, lines))
        if cursor is not None and had_rows and 0 <= before < self.size.height:
            self._scroll_to_line(self._line_of(self.cursor) - before)
        self._keep_cursor_in_sight()
        self._repaint_what_differs()

    def look_changed(self) -> None:
        """The same rows, told otherwise."""
        self._strips.clear()
        self._repaint_what_differs()

    def set_title(self, words: str) -> None:
        self.border_title = Content(in_ascii(words) if self.app.has_class("-ascii") else words)

    def move_to(self, index: int, *, center: bool = False) -> None:
        index = self._within(index)
        moved = index != self.cursor
        self.cursor = index
        if center:
            self._scroll_to_line(self._line_of(index) - self.size.height // 3)
        self._keep_cursor_in_sight()
        self._repaint_what_differs()
        if moved:
            self.post_message(self.Moved(self))

    # -- drawing --------------------------------------------------------

    @property
    def window(self) -> Size:
        """Cells and lines for rows; asked for with every line, and slow to find out."""
        if self._window is None:
            region = self.scrollable_content_region
            self._window = Size(max(region.width, 0), max(region.height, 0))
        return self._window

    def render_line(self, y: int) -> Strip:
        top = self.scroll_offset.y
        strip = self._on_screen[y] = self._strip_at(y + top, top)
        return strip

    def _strip_at(self, line: int, top: int) -> Strip:
        index, is_second = self._row_at(line)
        width = self.window.width - BAR
        in_bar = self._bar_at(line - top)
        if width <= 0 or index >= self.count():
            index = -1  # nothing is there
        at_cursor = index == self.cursor
        key = (index, is_second, at_cursor, at_cursor and self.has_focus, width, in_bar)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._drawn(index, is_second, width, in_bar)
        return strip

    def _bar_at(self, y: int) -> bool:
        """Whether a line is beside the scroll bar's thumb.

        Textual's own bar is drawn anew, all of it, whenever anything moves.
        """
        height, lines = self.window.height, self.virtual_size.height
        if lines <= height or height <= 0:
            return False
        length = max(1, height * height // lines)
        start = round((height - length) * self.scroll_offset.y / (lines - height))
        return start <= y < start + length

    def _drawn(self, index: int, is_second: bool, width: int, in_bar: bool) -> Strip:
        if width <= 0:
            return Strip.blank(max(width + BAR, 0), self._plain)
        bar = self._segment(_THUMB, "blue" if self.has_focus else "dim", self._plain)
        last = bar if in_bar else Segment(" ", self._plain)
        if index < 0:
            return Strip([Segment(" " * width, self._plain), last], width + BAR)
        room = width - GUTTER
        line = self.below_cursor(room) if is_second else self.row(index, room)
        if self.words_to_mark:
            line = marked(line, self.words_to_mark)
        at_cursor = index == self.cursor
        base = self._base(at_cursor)
        mark = self._segment(_MARK, "bold" if self.has_focus else "dim", base)
        segments = [mark if at_cursor else Segment(" ", base)]
        segments += [self._segment(text, style, base) for text, style in line]
        told = Strip(segments).adjust_cell_length(width, base)
        return Strip([*told, last], width + BAR).simplify()

    @property
    def _plain(self) -> Style:
        return self._base(False)

    def _base(self, at_cursor: bool) -> Style:
        """What a row's own styles stand on; asked for with every row, and slow to find out."""
        which = (at_cursor, at_cursor and self.has_focus)
        base = self._bases.get(which)
        if base is None:
            base = self.rich_style
            if at_cursor:
                name = "line-view--cursor" if self.has_focus else "line-view--resting"
                base += self.get_component_rich_style(name, partial=True)
            self._bases[which] = base
        return base

    def _segment(self, text: str, style: str, base: Style) -> Segment:
        palette = self.palette
        own = palette.style(style)
        if base.reverse:  # in the terminal's own colours: turned about, each would be a ground of its own
            own = own.without_color
        return Segment(in_ascii(text) if palette.ascii else text, base + own)

    @property
    def palette(self) -> Palette:
        if self._palette is None:
            self._palette = Palette(self.app.theme_variables, ascii=self.app.has_class("-ascii"))
        return self._palette

    def notify_style_update(self) -> None:
        self._strips.clear()
        self._on_screen.clear()
        self._palette = None
        self._bases.clear()
        self._window = None
        super().notify_style_update()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if round(old_value) != round(new_value):
            self._repaint_what_differs()

    def _repaint_what_differs(self) -> None:
        """Over a slow line every cell counts: a move of the cursor changes few of them."""
        top = self.scroll_offset.y
        for y in range(self.window.height):
            before, after = self._on_screen.get(y), self._strip_at(top + y, top)
            if before is None:
                self.refresh(Region(0, y, self.size.width, 1))
            elif before is not after and (span := _difference(before, after)):
                self.refresh(Region(span[0], y, span[1] - span[0], 1))

    # -- lines and rows -------------------------------------------------

    def _line_of(self, index: int) -> int:
        return index + (1 if index > self.cursor and self.has_second_line else 0)

    def _row_at(self, line: int) -> tuple[int, bool]:
        """The row that a line belongs to, and whether it is its second line."""
        if line <= self.cursor or not self.has_second_line:
            return line, False
        return line - 1, line == self.cursor + 1

    def _within(self, index: int) -> int:
        return max(0, min(index, self.count() - 1))

    def _keep_cursor_in_sight(self) -> None:
        """Leaps by a third of the window where the cursor leaves it: scrolling line by line repaints all."""
        height = self.window.height
        if height <= 0:
            return
        line = self._line_of(self.cursor)
        last = line + (1 if self.has_second_line else 0)
        top = self.scroll_offset.y
        leap = height // 3
        if line < top:
            self._scroll_to_line(line - (leap if top - line <= leap else 0))
        elif last >= top + height:
            self._scroll_to_line(last - height + 1 + (leap if last - top - height < leap else 0))

    def _scroll_to_line(self, line: int) -> None:
        lines = self.count() + (1 if self.count() and self.has_second_line else 0)
        furthest = max(0, lines - self.window.height)
        self.scroll_to(y=max(0, min(line, furthest)), animate=False, force=True)

    # -- what the person does -------------------------------------------

    def action_move(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_page(self, pages: int) -> None:
        self.move_to(self.cursor + pages * max(1, self.window.height - 2))

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(self.count() - 1)

    def action_enter(self) -> None:
        if self.count():
            self.post_message(self.Entered(self))

    def _on_focus(self, event: events.Focus) -> None:
        super()._on_focus(event)
        self._bases.clear()
        self.look_changed()

    def _on_blur(self, event: events.Blur) -> None:
        super()._on_blur(event)
        self._bases.clear()
        self.look_changed()

    def on_resize(self) -> None:
        self._window = None
        self._on_screen.clear()
        self.rows_changed()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index, _ = self._row_at(offset.y + self.scroll_offset.y)
        if index < self.count():
            self.move_to(index)
            if event.chain > 1:
                self.action_enter()


def _difference(before: Strip, after: Strip) -> tuple[int, int] | None:
    """From which cell to which two lines of one length differ."""
    ones, others = list(before), list(after)
    start, end = 0, max(before.cell_length, after.cell_length)
    while ones and others and ones[0] == others[0]:
        start += ones.pop(0).cell_length
        others.pop(0)
    if not ones and not others:
        return None
    if before.cell_length != after.cell_length:
        return start, end
    while ones and others and ones[-1] == others[-1]:
        end -= ones.pop().cell_length
        others.pop()
    if ones and others:
        start += _shared(ones[0], others[0], 1)
        end -= _shared(ones[-1], others[-1], -1)
    return start, max(end, start + 1)


def _shared(one: Segment, other: Segment, step: int) -> int:
    """How many cells two pieces have in common at their beginnings, or at their ends."""
    if one.style != other.style or not one.text.isascii() or not other.text.isascii():
        return 0
    pairs = enumerate(zip(one.text[::step], other.text[::step], strict=False))
    shortest = min(len(one.text), len(other.text))
    return next((index for index, (mine, its) in pairs if mine != its), shortest)
