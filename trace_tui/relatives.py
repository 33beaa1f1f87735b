"""Who a thread is to others: what relates it to its parent, its name among them, its children."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Relation(StrEnum):
    ROOT = "root"
    WORKER = "worker"
    FORK = "fork"
    REVIEW = "review"
    GUARDIAN = "guardian"
    OTHER = "other"


class Agent(NamedTuple):
    path: str | None = None
    nickname: str | None = None
    role: str | None = None
    depth: int = 0


class Child(NamedTuple):
    id: str
    call_id: str | None = None
    relation: Relation = Relation.WORKER
    name: str | None = None


def name_for_parent(agent: Agent, relation: Relation) -> str | None:
    """What a child is called among its parent's children, where the parent itself has no name for it."""
    return agent.nickname or agent.path or (None if relation is Relation.WORKER else str(relation))
