"""Opens what a session may be wrapped in (plain, gzip, zstd), decided by its first bytes.

`zstandard` and `gzip` are imported only when such a file is met.
"""

from __future__ import annotations

import io
from typing import BinaryIO, Literal, Protocol

Wrapping = Literal["plain", "gzip", "zstd"]

_MAGIC: tuple[tuple[bytes, Wrapping], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))


class _Stream(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...
    def seek(self, offset: int, /) -> int: ...


class DamagedContainer(Exception):
    """A compressed file that stops making sense; what was read before is good."""


def wrapping_of(head: bytes) -> Wrapping:
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "plain")


class Unwrapped(io.RawIOBase):
    """A read-only stream of the content, whatever the wrapping; damage raises `DamagedContainer`."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.wrapping: Wrapping = wrapping_of(_peek(file))
        self._stream: _Stream = _open(file, self.wrapping)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self.wrapping == "plain":
            return self._file.read(size)
        try:
            return self._stream.read(size)
        except (OSError, EOFError, ValueError) as problem:
            raise DamagedContainer(f"damaged {self.wrapping} data: {problem}") from problem
        except Exception as problem:
            # zlib.error and ZstdError share no base class but Exception, and importing both
            # modules only to name them would cost every plain file.
            if type(problem).__module__.split(".")[0] in ("zlib", "zstandard"):
                raise DamagedContainer(f"damaged {self.wrapping} data: {problem}") from problem
            raise

    def seek_plain(self, offset: int) -> None:
        """Only plain content can be entered anywhere."""
        self._stream.seek(offset)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _peek(file: BinaryIO) -> bytes:
    head = file.read(4)
    file.seek(0)
    return head


def _open(file: BinaryIO, wrapping: Wrapping) -> _Stream:
    if wrapping == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=file)
    if wrapping == "zstd":
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False)
    return file
