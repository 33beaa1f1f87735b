"""Homes that hold one chain of the samples, laid out in the many ways in which its files may come to lie."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import zstandard

from tests.reading_sessions import Truth, truths


class SampleChain(NamedTuple):
    """An orchestrator of the samples and all below it, each before its children."""

    threads: list[Truth]

    @property
    def head(self) -> Truth:
        return self.threads[0]

    @property
    def ids(self) -> list[str]:
        return [thread.facts["thread_id"] for thread in self.threads]

    def __str__(self) -> str:
        return str(self.head)

    def spawns(self) -> dict[str, tuple[str, str]]:
        """By the worker's id: who started it, and with which call."""
        found: dict[str, tuple[str, str]] = {}
        for thread in self.threads:
            calls = [call for call in thread.facts["tool_calls"] if call["name"] == "spawn_agent"]
            ids = [call["call_id"] for call in calls if call["failed"] is False]
            for child, call_id in zip(thread.facts["children"], ids, strict=True):
                found[child] = (thread.facts["thread_id"], call_id)
        return found


def sample_chains() -> list[SampleChain]:
    every = {truth.facts["thread_id"]: truth for truth in truths()}

    def below(truth: Truth) -> list[Truth]:
        return [truth, *(one for child in truth.facts["children"] for one in below(every[child]))]

    heads = [one for one in every.values() if one.facts["children"] and not one.facts["parent_thread_id"]]
    return [SampleChain(below(head)) for head in heads]


Put = Callable[[Path, Path], Path]
"""Copies a session file into a home; gives where it lies then."""


def beside(file: Path, home: Path) -> Path:
    return _copied(file, home / "sessions" / "2026/11/20" / file.name)


def archived(file: Path, home: Path) -> Path:
    return _copied(file, home / "archived_sessions" / file.name)


def compressed(file: Path, home: Path) -> Path:
    path = beside(file, home)
    packed = path.with_name(path.name + ".zst")
    packed.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    path.unlink()
    return packed


def in_a_folder(file: Path, home: Path) -> Path:
    """Of no home: whatever lies beside it may belong to it."""
    return _copied(file, home / file.name)


def by_days(file: Path, home: Path) -> Path:
    return _copied(file, home / "sessions" / f"2027/01/{len(list(home.rglob('*.jsonl'))) + 1:02}" / file.name)


def in_turns(file: Path, home: Path) -> Path:
    """Each lies in another way."""
    ways = (beside, compressed, archived)
    return ways[len([path for path in home.rglob("rollout-*") if path.is_file()]) % len(ways)](file, home)


def _copied(file: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(file, path))


WAYS: dict[str, Put] = {
    "beside each other": beside,
    "archived": archived,
    "compressed": compressed,
    "in a folder of no home": in_a_folder,
    "in folders of other days": by_days,
    "each in another way": in_turns,
}


def put_chain(
    chain: SampleChain, home: Path, way: Put = beside, *, without: str | None = None, seed: int | None = None
) -> dict[str, Path]:
    """By its id where each thread lies. ``seed`` shuffles in which order the files are found.

    Folders tell their files in the order of making, the library asks those first that were written to last.
    """
    order = [thread for thread in chain.threads if thread.facts["thread_id"] != without]
    chance = random.Random(seed)
    if seed is not None:
        chance.shuffle(order)
    places = {thread.facts["thread_id"]: way(thread.paths[0], home) for thread in order}
    if seed is not None:
        for path, hours in zip(places.values(), chance.sample(range(9_000), len(places)), strict=True):
            os.utime(path, (1_795_000_000 + 3_600 * hours,) * 2)
    return places
