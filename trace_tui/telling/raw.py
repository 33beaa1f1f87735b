"""Records as they stand in the file."""

from __future__ import annotations

from collections.abc import Sequence

from trace_tui.model import Place, file_of, line_of
from trace_tui.telling.written import pretty_json
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import Block, Code, Heading, Plain


def raw_document(places: Sequence[Place], texts: Texts) -> list[Block]:
    """Each record once, in the order of the file; JSON is set out over lines where it is not too large."""
    several_files = any(file_of(place) for place in places)
    blocks: list[Block] = []
    for place in sorted(set(places)):
        data = texts.raw(place)
        aside = f"{len(data):,} bytes" + (f" · file {file_of(place)}" if several_files else "")
        pretty = pretty_json(data)
        blocks.append(Heading(f"line {line_of(place)}", aside))
        blocks.append(Plain(data.decode("utf-8", "replace")) if pretty is None else Code(pretty, "json"))
    return blocks
