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
        self._strips: LRUCache[tuple[int, int, bool, bool, int], Strip] = LRUCache(1024)
        self._on_screen: dict[int, Strip] = {}
        self._palette: Palette | None = None
        self._bases: dict[tuple[bool, bool], Style] = {}

    # -- what subclasses tell -------------------------------------------

    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row(self, index: int, width: int) -> Line:
        """A row, at most so many cells wide."""
        raise NotImplementedError

    def below_cursor(self, width: int) -> Line | None:
        """A second line for the row under the cursor; a view has it for all rows or for none."""
        return None

    # -- what changes ---------------------------------------------------

    def rows_changed(self, cursor: int | None = None) -> None:
        """Other rows than before; the cursor stays or is set, and the place in the window with it."""
        before = self._line_of(self.cursor) - self.scroll_offset.y
        self._strips.clear()
        self.cursor = self._within(self.cursor if cursor is None else cursor)
        lines = self.count() + (1 if self.count() and self._has_second_line() else 0)
        if self.virtual_size.height != lines:
            # Setting it as usual would arrange and draw everything on the screen anew.
            self.set_reactive(LineView.virtual_size, Size(self.size.width, lines))
        if cursor is not None and 0 <= before < self.size.height:
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

    def render_line(self, y: int) -> Strip:
        strip = self._on_screen[y] = self._strip_at(y + self.scroll_offset.y)
        return strip

    def _strip_at(self, line: int) -> Strip:
        index, is_second = self._row_at(line)
        width = self.scrollable_content_region.width - BAR
        bar = self._bar_at(line - self.scroll_offset.y)
        if width <= 0:
            return Strip.blank(max(width + BAR, 0), self._plain)
        if index >= self.count():
            return Strip([Segment(" " * width, self._plain), bar])
        at_cursor = index == self.cursor
        key = (index, int(is_second), at_cursor, at_cursor and self.has_focus, width)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._drawn(index, is_second, width)
        return Strip([*strip, bar], width + BAR)

    def _bar_at(self, y: int) -> Segment:
        """One cell of the scroll bar. Textual's own is drawn anew, all of it, whenever anything moves."""
        height, lines = self.scrollable_content_region.height, self.virtual_size.height
        if lines <= height or height <= 0:
            return Segment(" ", self._plain)
        length = max(1, height * height // lines)
        start = round((height - length) * self.scroll_offset.y / (lines - height))
        if start <= y < start + length:
            thumb = in_ascii(_THUMB) if self.palette.ascii else _THUMB
            return Segment(thumb, self._plain + self.palette.style("blue" if self.has_focus else "dim"))
        return Segment(" ", self._plain)

    def _drawn(self, index: int, is_second: bool, width: int) -> Strip:
        room = width - GUTTER
        line = (self.below_cursor(room) or []) if is_second else self.row(index, room)
        if self.words_to_mark:
            line = marked(line, self.words_to_mark)
        at_cursor = index == self.cursor
        base = self._base(at_cursor)
        mark = self._segment(_MARK, "bold" if self.has_focus else "dim", base)
        segments = [mark if at_cursor else Segment(" ", base)]
        segments += [self._segment(text, style, base) for text, style in line]
        return Strip(segments).adjust_cell_length(width, base).simplify()

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
        super().notify_style_update()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if round(old_value) != round(new_value):
            self._repaint_what_differs()

    def _repaint_what_differs(self) -> None:
        """Over a slow line every cell counts: a move of the cursor changes few of them."""
        top = self.scroll_offset.y
        for y in range(self.scrollable_content_region.height):
            before, after = self._on_screen.get(y), self._strip_at(top + y)
            if before is None:
                self.refresh(Region(0, y, self.size.width, 1))
            elif before is not after and (span := _difference(before, after)):
                self.refresh(Region(span[0], y, span[1] - span[0], 1))

    # -- lines and rows -------------------------------------------------

    def _has_second_line(self) -> bool:
        return self.below_cursor(1) is not None

    def _line_of(self, index: int) -> int:
        return index + (1 if index > self.cursor and self._has_second_line() else 0)

    def _row_at(self, line: int) -> tuple[int, bool]:
        """The row that a line belongs to, and whether it is its second line."""
        if line <= self.cursor or not self._has_second_line():
            return line, False
        return line - 1, line == self.cursor + 1

    def _within(self, index: int) -> int:
        return max(0, min(index, self.count() - 1))

    def _keep_cursor_in_sight(self) -> None:
        """Leaps by a third of the window where the cursor leaves it: scrolling line by line repaints all."""
        height = self.scrollable_content_region.height
        if height <= 0:
            return
        line = self._line_of(self.cursor)
        last = line + (1 if self._has_second_line() else 0)
        top = self.scroll_offset.y
        leap = height // 3
        if line < top:
            self._scroll_to_line(line - (leap if top - line <= leap else 0))
        elif last >= top + height:
            self._scroll_to_line(last - height + 1 + (leap if last - top - height < leap else 0))

    def _scroll_to_line(self, line: int) -> None:
        lines = self.count() + (1 if self.count() and self._has_second_line() else 0)
        furthest = max(0, lines - self.scrollable_content_region.height)
        self.scroll_to(y=max(0, min(line, furthest)), animate=False, force=True)

    # -- what the person does -------------------------------------------

    def action_move(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_page(self, pages: int) -> None:
        self.move_to(self.cursor + pages * max(1, self.scrollable_content_region.height - 2))

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
    """From which cell to which two lines differ."""
    ones, others = list(before), list(after)
    start = 0
    while ones and others and ones[0] == others[0]:
        start += ones.pop(0).cell_length
        others.pop(0)
    if not ones and not others:
        return None
    end = max(before.cell_length, after.cell_length)
    if before.cell_length == after.cell_length:
        while ones and others and ones[-1] == others[-1]:
            end -= ones.pop().cell_length
            others.pop()
    return start, end
