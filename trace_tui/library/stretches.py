"""Stretches of time, from one moment to another: joined, cut out of each other, measured."""

from __future__ import annotations

Stretch = tuple[int, int]


def joined(stretches: list[Stretch]) -> list[Stretch]:
    """In order, those that touch as one."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def without(stretches: list[Stretch], holes: list[Stretch]) -> list[Stretch]:
    """What is left of them outside the holes; both in order and joined."""
    left: list[Stretch] = []
    for start, end in stretches:
        for hole_start, hole_end in holes:
            if hole_end <= start or hole_start >= end:
                continue
            if hole_start > start:
                left.append((start, hole_start))
            start = max(start, hole_end)
        if start < end:
            left.append((start, end))
    return left


def length_of(stretches: list[Stretch]) -> int:
    return sum(end - start for start, end in stretches)
