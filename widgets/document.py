"""A document for the detail pane: blocks laid out for a width, and asked for line by line.

Knows no Textual; it may be laid out in a thread before anybody sees it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import accumulate

from trace_tui.widgets.blocks import (
    Block,
    Checklist,
    Code,
    Facts,
    FileChange,
    Filled,
    Folded,
    Gauge,
    Heading,
    Later,
    Output,
    Patch,
    Plain,
    Prose,
    Rows,
    Target,
    Title,
)
from trace_tui.widgets.highlighting import CodeText
from trace_tui.widgets.painted_text import PlainText
from trace_tui.widgets.patch_lines import summary_line, title_line
from trace_tui.widgets.sections import (
    OutputSection,
    PatchSection,
    ProseSection,
    Section,
    ShortSection,
    TextSection,
)
from trace_tui.widgets.short_blocks import (
    checklist_lines,
    checklist_text,
    facts_lines,
    gauge_lines,
    heading_lines,
    rows_lines,
    title_lines,
)
from trace_tui.widgets.terminal_text import plain_text
from trace_tui.widgets.wrapping import WordWrapped, Wrapped, one_row
from trace_tui.wording.cells import Line

_INDENT = "  "


class Document:
    def __init__(self, blocks: Sequence[Block]) -> None:
        self._sections: list[Section] = []
        self._later: dict[str, range] = {}
        """By their names, the sections that stand where others come in later."""
        for block in blocks:
            first = len(self._sections)
            inner = block.blocks if isinstance(block, Later) else [block]
            self._sections += _sections_of_all(inner, at_top=not first)
            if isinstance(block, Later):
                self._later[block.name] = range(first, len(self._sections))
        self._ends: list[int] = []
        self._width = 1

    def lay_out(self, width: int) -> None:
        self._width = max(width, 1)
        for section in self._sections:
            section.lay_out(self._width)
        self._count()

    def has(self, name: str) -> bool:
        """Whether something of that name may come in later."""
        return name in self._later

    def fill(self, name: str, blocks: Sequence[Block]) -> Filled:
        """Puts them where they were to come in later, at the width of all others."""
        old = self._later[name]
        sections = _sections_of_all(blocks, at_top=not old.start)
        for section in sections:
            section.lay_out(self._width)
        ends = [0, *self._ends]
        filled = Filled(ends[old.start], ends[old.stop] - ends[old.start], sum(map(len, sections)))
        self._sections[old.start : old.stop] = sections
        self._later[name] = range(old.start, old.start + len(sections))
        names = list(self._later)
        for below in names[names.index(name) + 1 :]:  # they came in the order in which they stand
            place = self._later[below]
            more = len(sections) - len(old)
            self._later[below] = range(place.start + more, place.stop + more)
        self._count()
        return filled

    def __len__(self) -> int:
        """Lines at the width it was laid out for."""
        return self._ends[-1] if self._ends else 0

    def line(self, index: int) -> Line:
        section, within = self._at(index)
        return section.line(within)

    def target(self, index: int) -> Target | None:
        """Where the line leads to."""
        section, within = self._at(index)
        return section.target(within)

    def can_toggle(self, index: int) -> bool:
        """Whether the line opens or closes something."""
        section, within = self._at(index)
        return section.can_toggle(within)

    def toggle(self, index: int) -> bool:
        """Does it, where it can; the line itself stays where it is."""
        section, within = self._at(index)
        if not section.can_toggle(within):
            return False
        section.toggle(within)
        self._count()
        return True

    def open_all(self) -> None:
        for section in self._sections:
            section.open_all()
        self._count()

    def text(self) -> str:
        """Everything whole, safe and not wrapped: for copying and for a pager."""
        return "\n".join([section.text() for section in self._sections])

    def _at(self, index: int) -> tuple[Section, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"no line {index}: the document has {len(self)}")
        number = bisect_right(self._ends, index)
        return self._sections[number], index - (self._ends[number - 1] if number else 0)

    def _count(self) -> None:
        self._ends = list(accumulate(map(len, self._sections)))


class _FoldedSection(Section):
    """A line, and the document under it, laid out when it is first opened."""

    def __init__(self, folded: Folded) -> None:
        self._words = folded.words
        self._contents = Document(folded.blocks)
        self._indent = ""
        self._width = 1
        self._open = False

    def lay_out(self, width: int) -> None:
        self._width = width
        self._indent = _INDENT if width > len(_INDENT) else ""
        if self._open:
            self._contents.lay_out(width - len(self._indent))

    def __len__(self) -> int:
        return 1 + (len(self._contents) if self._open else 0)

    def line(self, index: int) -> Line:
        if index == 0:
            return one_row([(f"{'▾' if self._open else '▸'} {self._words}", "dim")], self._width)
        line = self._contents.line(index - 1)
        return [(self._indent, ""), *line] if line and self._indent else line

    def target(self, index: int) -> Target | None:
        return self._contents.target(index - 1) if index else None

    def can_toggle(self, index: int) -> bool:
        return index == 0 or self._contents.can_toggle(index - 1)

    def toggle(self, index: int) -> None:
        if index:
            self._contents.toggle(index - 1)
        elif self._open:
            self._open = False
        else:
            self._open = True
            self.lay_out(self._width)

    def open_all(self) -> None:
        self._open = True
        self._contents.open_all()
        self.lay_out(self._width)

    def text(self) -> str:
        return "\n".join([ShortSection(lambda _: [], self._words).text(), self._contents.text()])


def _sections_of_all(blocks: Sequence[Block], *, at_top: bool) -> list[Section]:
    sections: list[Section] = []
    for block in blocks:
        sections += _sections_of(block, at_top=at_top and not sections)
    return sections


def _sections_of(block: Block, *, at_top: bool) -> list[Section]:
    match block:
        case Plain(text="") | Prose(text="") | Code(text="") | Output(text=""):
            return []
        case Plain(text, style):
            return [TextSection(lambda: PlainText(plain_text(text), style), WordWrapped)]
        case Prose(text, style):
            return [ProseSection(text, style)]
        case Code(text, language):
            return [TextSection(partial(CodeText, text, language), Wrapped)]
        case Output(text):
            return [OutputSection(text)]
        case Patch(changes):
            summary = [_row(summary_line(block))] if len(changes) > 1 else []
            return [*summary, *[section for change in changes for section in _change_sections(change)]]
        case Folded():
            return [_FoldedSection(block)]
        case Later(_, blocks):
            return _sections_of_all(blocks, at_top=at_top)
        case Heading():
            return [*([] if at_top else [_row([])]), _short_section(block)]
        case _:
            return [_short_section(block)]


def _short_section(block: Title | Facts | Heading | Checklist | Rows | Gauge) -> Section:
    match block:
        case Title(parts):
            return ShortSection(partial(title_lines, block), _text_of(parts))
        case Rows(lines, targets):
            return ShortSection(partial(rows_lines, block), "\n".join(map(_text_of, lines)), targets)
        case Heading(words, aside):
            return ShortSection(partial(heading_lines, block), f"{words}  {aside}".rstrip())
        case Facts(pairs):
            text = "\n".join(f"{label}: {value}" for label, value in pairs)
            return ShortSection(partial(facts_lines, block), text)
        case Gauge(label, _, words):
            return ShortSection(partial(gauge_lines, block), f"{label}: {words}")
        case Checklist():
            return ShortSection(partial(checklist_lines, block), checklist_text(block))


def _change_sections(change: FileChange) -> list[Section]:
    lines = [PatchSection(change.lines)] if change.lines else []
    return [_row(title_line(change)), *lines]


def _row(line: Line) -> Section:
    return ShortSection(lambda width: [one_row(line, width)], _text_of(line))


def _text_of(line: Line) -> str:
    return "".join([text for text, _ in line])
