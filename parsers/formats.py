"""The kinds of session files there are; `detect` tells them apart."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    ROLLOUT = "rollout"
    PAGINATED = "rollout-paginated"
    BARE = "bare"
    TYPESCRIPT = "typescript"
    EXEC_STREAM = "exec-stream"

    @property
    def is_log(self) -> bool:
        """Other lines may stand between the records."""
        return self is Format.EXEC_STREAM
