"""Markdown as lines, through Rich's renderer; `sections` imports this when the first prose is laid out."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, HorizontalRule, Markdown, MarkdownElement, TableElement
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from trace_tui.widgets.wrapping import cut, shown
from trace_tui.wording.cells import Line

_CELLS_PER_LEVEL = 4
_CELLS_PER_COLUMN = 8
_LEAST_WIDTH = 16
_THEME = Theme(
    {
        "markdown.code": "blue",
        "markdown.code_block": "",
        "markdown.block_quote": "italic",
        "markdown.list": "",
        "markdown.item.bullet": "dim",
        "markdown.item.number": "dim",
        "markdown.hr": "dim",
        "markdown.h1": "bold underline",
        "markdown.h2": "bold",
        "markdown.h3": "bold",
        "markdown.h4": "bold",
        "markdown.h5": "italic",
        "markdown.h6": "italic",
        "markdown.link": "underline",
        "markdown.link_url": "dim",
        "markdown.s": "strike",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
    }
)
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
"""Without HTML: it would be left out where a reader has to see what was written."""


def prose_lines(text: str, width: int, style: str) -> list[Line] | None:
    """None where there is no room for how deep its lists or how many its columns are.

    The text has no escape sequences left (see `terminal_text`).
    """
    tokens = _PARSER.parse(_shown_block(text))
    if not _has_room(tokens, width):
        return None
    markdown = _Prose("", hyperlinks=False)
    markdown.parsed = [_simplified(token) for token in tokens]
    console = Console(
        width=width,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        theme=_THEME,
        _environ={},
    )
    lines = [_line(segments, width, style) for segments in console.render_lines(markdown, pad=False)]
    return _without_empty_ends(lines)


def _shown_block(text: str) -> str:
    """Safe before it is measured; the renderer may make control characters of its own, out of ``&#…;``."""
    return "\n".join([shown(line) for line in text.split("\n")])


def _has_room(tokens: list[Token], width: int) -> bool:
    deepest = max((token.level for token in tokens), default=0)
    return width >= max(_LEAST_WIDTH, _CELLS_PER_LEVEL * deepest, _CELLS_PER_COLUMN * _most_columns(tokens))


def _most_columns(tokens: list[Token]) -> int:
    most = columns = 0
    for token in tokens:
        if token.type == "tr_open":
            columns = 0
        elif token.type == "th_open":
            columns += 1
            most = max(most, columns)
    return most


def _simplified(token: Token) -> Token:
    """Pictures and bare addresses as text."""
    if token.children:
        bare = [child for child in token.children if child.markup != "autolink"]
        token.children = [_as_text(child) if child.type == "image" else child for child in bare]
    return token


def _as_text(image: Token) -> Token:
    words = f"{image.content or 'picture'} ({image.attrGet('src') or ''})"
    return Token(type="text", tag="", nesting=0, content=words)


def _line(segments: Iterable[Segment], width: int, style: str) -> Line:
    parts: Line = []
    for segment in segments:
        words = f"{style} {segment.style}".strip() if segment.style else style
        text = shown(segment.text)
        if parts and parts[-1][1] == words:
            parts[-1] = (parts[-1][0] + text, words)
        elif text:
            parts.append((text, words))
    while parts and not (last := parts[-1][0].rstrip(" ")):
        parts.pop()
    if parts:
        parts[-1] = (last, parts[-1][1])
    return cut(parts, width)


def _without_empty_ends(lines: list[Line]) -> list[Line]:
    first, last = 0, len(lines)
    while first < last and not lines[first]:
        first += 1
    while first < last and not lines[last - 1]:
        last -= 1
    return lines[first:last]


class _LeftHeading(Heading):
    """Neither in the middle nor in a box."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text


class _PlainCode(CodeBlock):
    """Set in by two, in no colours of its own."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.rstrip()
        self.text.overflow = "fold"
        yield Padding(self.text, (0, 0, 0, 2))


class _PlainRule(HorizontalRule):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style=console.get_style("markdown.hr"))
        yield Text()


class _WholeTable(TableElement):
    """Long words are broken, not cut off."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, style="markdown.table.border")
        if self.header is not None and self.header.row is not None:
            for cell in self.header.row.cells:
                heading = cell.content.copy()
                heading.stylize("markdown.table.header")
                table.add_column(heading, overflow="fold")
        for row in self.body.rows if self.body is not None else ():
            table.add_row(*[cell.content for cell in row.cells])
        yield table


class _Prose(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _LeftHeading,
        "fence": _PlainCode,
        "code_block": _PlainCode,
        "hr": _PlainRule,
        "table_open": _WholeTable,
    }
