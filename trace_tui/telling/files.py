"""Patches as blocks, and the files that the patches of turns changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trace_tui.call_texts import CallRecords, patched_files
from trace_tui.model import Call, CallStatus, Tool, Turn
from trace_tui.parsers.patches import FilePatch
from trace_tui.parsers.safe_text import one_line
from trace_tui.telling.rows import folded_rows
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import Block, FileChange, Heading, Patch, Plain
from trace_tui.wording.cells import Line, right
from trace_tui.wording.words import count

PATCHES_READ = 300
"""Each is a look into the file; so many take a tenth of a second."""
_COUNT_WIDTH = 6


def patch_block(files: Sequence[FilePatch]) -> Patch:
    return Patch([FileChange(file.path, file.action, file.lines, file.moved_to) for file in files])


def patch_counts(files: Sequence[FilePatch]) -> str:
    return _counts(len(files), sum(file.added for file in files), sum(file.removed for file in files))


def _counts(files: int, added: int, removed: int) -> str:
    """``2 files · +3 −1``; without lines where none are written down, as in streams."""
    lines = f" · +{added:,} −{removed:,}" if added or removed else ""
    return count(files, "file") + lines


@dataclass(slots=True)
class ChangedFile:
    path: str
    actions: dict[str, None] = field(default_factory=dict)
    added: int = 0
    removed: int = 0
    moved_to: str | None = None


def changed_blocks(turns: Iterable[Turn], texts: Texts) -> list[Block]:
    """The files that patches of these turns changed, and how much."""
    patches = [(turn, call) for turn in turns for call in turn.calls() if _has_patched(call)]
    files: dict[str, ChangedFile] = {}
    for turn, call in sorted(patches[:PATCHES_READ], key=lambda patch: patch[1].place):
        for file in patched_files(CallRecords(call, texts)):
            _add(files, file, turn.cwd)
    if not files:
        return []
    blocks: list[Block] = [Heading("files changed", _sums(files.values()))]
    blocks += folded_rows(list(files.values()), _row, "file")
    if len(patches) > PATCHES_READ:
        blocks.append(Plain(f"… and what {len(patches) - PATCHES_READ:,} more patches changed", "dim"))
    return blocks


def _has_patched(call: Call) -> bool:
    if call.status is not CallStatus.OK:
        return False
    return call.tool is Tool.PATCH or (call.tool is Tool.EXEC and "apply_patch" in call.summary)


def _add(files: dict[str, ChangedFile], file: FilePatch, folder: str | None) -> None:
    """Calls name files by their way from the folder, items by the whole path."""
    path = _from_folder(file.path, folder)
    known = files.setdefault(path, ChangedFile(path))
    known.actions[file.action] = None
    known.added += file.added
    known.removed += file.removed
    known.moved_to = _from_folder(file.moved_to, folder) if file.moved_to else known.moved_to


def _from_folder(path: str, folder: str | None) -> str:
    return path.removeprefix(folder.rstrip("/") + "/") if folder else path


def _sums(files: Iterable[ChangedFile]) -> str:
    every = list(files)
    return _counts(len(every), sum(file.added for file in every), sum(file.removed for file in every))


def _row(file: ChangedFile) -> Line:
    moved = f" → {one_line(file.moved_to)}" if file.moved_to else ""
    action = ", ".join(action for action in file.actions if action != "update")
    told = file.added or file.removed
    return [
        (right(f"+{file.added}" if told else "", _COUNT_WIDTH), "added"),
        (right(f"−{file.removed}" if told else "", _COUNT_WIDTH), "removed"),
        (f"  {one_line(file.path)}{moved}", ""),
        (f"  {action}" if action else "", "dim"),
    ]
