"""The base of all panes: any number of rows, of which only the visible ones are ever drawn.

A row is one line, made when it is looked at; the row under the cursor may have a second line below it. What
changes is compared with what is on the screen, and only the lines that differ are drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trace_tui.widgets.marking import marked
from trace_tui.widgets.palette import Palette
from trace_tui.wording.cells import Line, in_ascii, width_of

GUTTER = 1
BAR = 1
"""Cells beside the text of a row: the cursor's mark, and the bar that says where in the list one is."""
_KEPT = 256
"""Lines that are kept as they were drawn, some 3 kB each: a few windows of them."""
_MARK = "▌"
_THUMB = "▐"


class _Frame(NamedTuple):
    """What all lines of a window have in common; asked for with every line, it would be slow to find out."""

    top: int
    width: int
    """Cells of a line beside the bar."""
    thumb: range
    """The lines beside the bar's thumb."""
    has_focus: bool


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
        self._strips: LRUCache[tuple[int, bool, bool, bool, int, bool], Strip] = LRUCache(_KEPT)
        self._on_screen: dict[int, Strip] = {}
        self._palette: Palette | None = None
        self._bases: dict[bool, Style] = {}
        self._styles: dict[tuple[bool, str], Style] = {}
        """By whether it is the cursor's row, and by our words for them."""
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

    def some_look_changed(self, is_changed: Callable[[int], bool]) -> None:
        """The same of a few rows, by their numbers."""
        for key in list(self._strips.keys()):
            if 0 <= key[0] < self.count() and is_changed(key[0]):
                self._strips.discard(key)
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

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual takes as long to put nothing around a line as it took to make it: only what is above ours
        is left to it."""
        above = self.gutter.top
        if crop.size != self.outer_size or self.gutter != Spacing(top=above):
            return super().render_lines(crop)
        strips = super().render_lines(Region(0, 0, crop.width, above)) if above else []
        filters, ground = self.get_line_filters(), self.background_colors[1]
        for y in range(crop.height - above):
            strip = self.render_line(y)
            for one in filters:
                strip = strip.apply_filter(one, ground)
            strips.append(strip)
        return strips

    def render_line(self, y: int) -> Strip:
        strip = self._on_screen.get(y)
        if strip is None:
            strip = self._on_screen[y] = self._strip_at(y, self._frame())
        return strip

    def _frame(self) -> _Frame:
        top = self.scroll_offset.y
        return _Frame(top, self.window.width - BAR, self._thumb(top), self.has_focus)

    def _thumb(self, top: int) -> range:
        """Textual's own bar is drawn anew, all of it, whenever anything moves."""
        height, lines = self.window.height, self.virtual_size.height
        if lines <= height or height <= 0:
            return range(0)
        length = max(1, height * height // lines)
        start = round((height - length) * top / (lines - height))
        return range(start, start + length)

    def _strip_at(self, y: int, frame: _Frame) -> Strip:
        index, is_second = self._row_at(y + frame.top)
        if frame.width <= 0 or index >= self.count():
            index = -1  # nothing is there
        at_cursor = index == self.cursor
        in_bar = y in frame.thumb
        key = (index, is_second, at_cursor, at_cursor and frame.has_focus, frame.width, in_bar)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._drawn(index, is_second, frame.width, in_bar)
        return strip

    def _drawn(self, index: int, is_second: bool, width: int, in_bar: bool) -> Strip:
        if width <= 0:
            return Strip.blank(max(width + BAR, 0), self._base(False))
        line: Line = []
        if index >= 0:
            line = self.below_cursor(width - GUTTER) if is_second else self.row(index, width - GUTTER)
        if self.words_to_mark:
            line = marked(line, self.words_to_mark)
        at_cursor = index == self.cursor
        mark = (_MARK, "bold" if self.has_focus else "dim") if at_cursor else (" " * GUTTER, "")
        line = [mark, *line, (" " * (width - GUTTER - width_of(line)), "")]
        segments = self._segments(line, at_cursor)
        if width_of(line) > width:
            segments = [*Strip(segments).crop(0, width)]
        bar = (_THUMB, "blue" if self.has_focus else "dim") if in_bar else (" " * BAR, "")
        return Strip([*segments, *self._segments([bar], at_cursor=False)], width + BAR)

    def _segments(self, line: Line, at_cursor: bool) -> list[Segment]:
        """Neighbours of one style become one."""
        ascii = self.palette.ascii
        segments: list[Segment] = []
        before: Style | None = None
        for text, words in line:
            style = self._style(words, at_cursor)
            if ascii:
                text = in_ascii(text)
            if style is before:
                segments[-1] = Segment(segments[-1].text + text, style)
            elif text:
                segments.append(Segment(text, style))
                before = style
        return segments

    def _style(self, words: str, at_cursor: bool) -> Style:
        style = self._styles.get((at_cursor, words))
        if style is None:
            base = self._base(at_cursor)
            own = self.palette.style(words)
            if base.reverse:  # in the terminal's own colours: turned about, each would be a ground of its own
                own = own.without_color
            style = self._styles[at_cursor, words] = base + own
        return style

    def _base(self, at_cursor: bool) -> Style:
        """What a row's own styles stand on; asked for with every row, and slow to find out."""
        base = self._bases.get(at_cursor)
        if base is None:
            base = self.rich_style
            if at_cursor:
                name = "line-view--cursor" if self.has_focus else "line-view--resting"
                base += self.get_component_rich_style(name, partial=True)
            self._bases[at_cursor] = base
        return base

    def _forget_styles(self) -> None:
        self._bases.clear()
        self._styles.clear()

    @property
    def palette(self) -> Palette:
        if self._palette is None:
            self._palette = Palette(self.app.theme_variables, ascii=self.app.has_class("-ascii"))
        return self._palette

    def notify_style_update(self) -> None:
        self._strips.clear()
        self._on_screen.clear()
        self._palette = None
        self._forget_styles()
        self._window = None
        super().notify_style_update()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if round(old_value) != round(new_value):
            self._repaint_what_differs()

    def _repaint_what_differs(self) -> None:
        """A move of the cursor changes two lines; of what is drawn again, Textual's part is the larger."""
        frame = self._frame()
        changed: list[Region] = []
        for y in range(self.window.height):
            before = self._on_screen.get(y)
            after = self._strip_at(y, frame)
            if before is not after and before != after:
                self._on_screen[y] = after
                changed.append(Region(0, y, self.size.width, 1))
        if changed:
            self.refresh(*changed)

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
        self._forget_styles()
        self.look_changed()

    def _on_blur(self, event: events.Blur) -> None:
        super()._on_blur(event)
        self._forget_styles()
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
