"""Opens what a session may be wrapped in (plain, gzip, zstd), decided by its first bytes.

`zstandard` and `gzip` are imported only when such a file is met.
"""

from __future__ import annotations

import io
from collections.abc import Callable
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

        return _ZstdFrames(file, lambda: zstandard.ZstdDecompressor().decompressobj())
    return file


class _Frame(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _ZstdFrames:
    """One frame after another; unlike the library's own reader it says when the last one breaks off."""

    def __init__(self, file: BinaryIO, new_frame: Callable[[], _Frame]) -> None:
        self._file = file
        self._new_frame = new_frame
        self._frame: _Frame | None = None
        self._ready = b""

    def read(self, size: int = -1, /) -> bytes:
        while size < 0 or len(self._ready) < size:
            if not self._more():
                break
        size = len(self._ready) if size < 0 else size
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def seek(self, offset: int, /) -> int:
        raise io.UnsupportedOperation("compressed content is read from its start")

    def _more(self) -> bool:
        data = self._frame.unused_data if self._frame is not None and self._frame.eof else b""
        data = data or self._file.read(1 << 16)
        if not data:
            if self._frame is not None and not self._frame.eof and not self._ready:
                raise EOFError("the last frame breaks off")
            return False
        if self._frame is None or self._frame.eof:
            self._frame = self._new_frame()
        self._ready += self._frame.decompress(data)
        return True
