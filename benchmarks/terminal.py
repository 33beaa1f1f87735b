"""A program on a terminal of its own: what it writes there, when, and what it costs (Linux: from /proc)."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

DOWN = b"\x1b[B"
PAGE_DOWN = b"\x1b[6~"
END = b"\x1b[F"
HOME = b"\x1b[H"

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>=]*[A-Za-z]|\][^\x07]*\x07)")
_MOVES = re.compile(r"\x1b\[[0-9;]*H")
_TICKS = os.sysconf("SC_CLK_TCK")
_ROW = re.compile(r"\d\d:\d\d(?::\d\d)? +\S")
_ROWS = 5
_QUIET = 0.7
_NEXT_TO_NOTHING = 0.02


class Ended(Exception):
    """The program is gone before it wrote what was waited for."""


class Terminal:
    def __init__(self, command: list[str], size: tuple[int, int], environment: Mapping[str, str]) -> None:
        self.began = time.perf_counter()
        self.text = ""
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.execvpe(command[0], command, environment)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        os.close(self._master)

    # -- what it writes -------------------------------------------------

    def until(self, seen: Callable[[str], bool], at_most: float = 60) -> float:
        """Seconds since it was started until it has written that."""
        while not seen(self.words()):
            if not self._take(at_most - self._age()) and self._age() >= at_most:
                raise Ended(f"not within {at_most} s: {self.words()[-300:]!r}")
        return self._age()

    def during(self, seconds: float) -> int:
        """How many bytes it writes in that time."""
        end, taken = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            taken += self._take(left)
        return taken

    def until_quiet(self, at_most: float = 120) -> None:
        """Until it neither writes nor works."""
        while self._age() < at_most:
            before = self.cpu()
            if not self.during(_QUIET) and self.cpu() - before <= _NEXT_TO_NOTHING:
                return
        raise Ended(f"still at work after {at_most} s")

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def words(self) -> str:
        """All that was written, without its colours; where the terminal's cursor leaps, a new line."""
        return _ESCAPES.sub("", _MOVES.sub("\n", self.text))

    # -- what it costs --------------------------------------------------

    def cpu(self) -> float:
        """Seconds, of all its threads."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def megabytes(self, key: str) -> float:
        """`VmRSS` now, `VmHWM` at most."""
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(key))

    # -- inside ---------------------------------------------------------

    def _age(self) -> float:
        return time.perf_counter() - self.began

    def _take(self, seconds: float) -> int:
        if not select.select([self._master], [], [], max(seconds, 0))[0]:
            return 0
        try:
            piece = os.read(self._master, 1 << 16)
        except OSError as gone:  # how Linux says that nobody holds the other end
            raise Ended(self.words()[-1000:]) from gone
        self.text += piece.decode("utf-8", "replace")
        return len(piece)

    def _end(self) -> None:
        os.kill(self._pid, signal.SIGTERM)
        end = time.perf_counter() + 10
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            try:
                self.during(0.05)  # or it waits for ever to get its last words out
            except Ended:
                time.sleep(0.05)
            if time.perf_counter() > end:
                os.kill(self._pid, signal.SIGKILL)


def environment(cache: Path) -> dict[str, str]:
    """A modern terminal, nobody's settings, a catalog of one's own, and modules that stay compiled."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "NO_COLOR", "COLUMNS", "LINES", "SSH_CONNECTION", "SSH_TTY", "TMUX")
    around = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith(("TEXTUAL", "CODEX_"))
    }
    return around | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "XDG_CONFIG_HOME": str(cache / "no-config"),
        "CODEX_TRACE_TUI_CACHE": str(cache),
    }


def program(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "trace_tui", *map(str, arguments)]


def shows_rows(text: str) -> bool:
    """Sessions or steps to read: each has the time of day before its words."""
    return len(_ROW.findall(text)) >= _ROWS
