"""The program from start to end in real terminals: in tmux, on a bare one, and where there is none."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import trace_tui

assert trace_tui.__file__ is not None
ROOT = Path(trace_tui.__file__).absolute().parents[1]
DEMO = (sys.executable, "-m", "trace_tui", "--demo")
DEMO_FOLDERS = "codex-trace-tui-demo-*"
SHOWN = "Please fix the sum."
"""What `show --demo` is about."""
LIMIT = 20.0
TERMINATED = 143

LEAVE_SCREEN, ENTER_SCREEN = b"\x1b[?1049l", b"\x1b[?1049h"
MOUSE_OFF, MOUSE_ON = b"\x1b[?1000l", b"\x1b[?1000h"
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of Unix")


def until(is_so: Callable[[], bool], told: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < end, f"it never came so far:\n{told()}"
        time.sleep(0.03)


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """A person with an empty home, and a folder of their own for what is temporary."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    own = {"HOME": str(tmp_path), "CODEX_HOME": str(tmp_path / "no-codex-home"), "TMPDIR": str(temporary)}
    return kept | own | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


def demo_folders(surroundings: dict[str, str]) -> list[Path]:
    return list(Path(surroundings["TMPDIR"]).glob(DEMO_FOLDERS))


# -- in tmux ------------------------------------------------------------


class Tmux:
    """A server of its own, with one window in which the demo runs."""

    def __init__(self, folder: Path, surroundings: dict[str, str], width: int, height: int) -> None:
        self._folder, self._surroundings = folder, surroundings
        # As a job of a shell it can be suspended, which a code of 147 or 148 tells; any line brings it back.
        left = "if test $code -gt 146; then echo left; read line; fg; code=$?; fi"
        command = f"set -m; {shlex.join(DEMO)}; code=$?; {left}; echo ended with $code; exec cat"
        self._run("-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(height), command)

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def sees(self, *words: str) -> None:
        until(lambda: all(word in (screen := self.screen()) for word in words) and bool(screen), self.screen)

    def is_on_other_screen(self) -> bool:
        return self._run("display-message", "-p", "#{alternate_on}").strip() == "1"

    def end(self) -> None:
        self._run("kill-server")

    def _run(self, *arguments: str) -> str:
        command = ("tmux", "-u", "-S", "tmux", *arguments)  # relative: a socket's path may not be long
        done = subprocess.run(
            command, cwd=self._folder, env=self._surroundings, capture_output=True, timeout=LIMIT, check=True
        )
        return done.stdout.decode()


@pytest.fixture
def tmux(request: pytest.FixtureRequest, tmp_path: Path, surroundings: dict[str, str]) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    width, height = request.param
    terminal = Tmux(tmp_path, surroundings, width, height)
    yield terminal
    terminal.end()


@pytest.mark.parametrize("tmux", [(80, 24), (200, 50)], indirect=True, ids=["80x24", "200x50"])
def test_reading_the_demo_from_start_to_quit(tmux: Tmux, surroundings: dict[str, str]) -> None:
    tmux.sees("Please find out why the check fails", "Timeline", "? help")
    assert tmux.is_on_other_screen()
    tmux.press("1")
    tmux.sees("Today", "Please split the work.")
    tmux.press(":")
    tmux.sees("go to turn")
    tmux.press("01a1f900-b678", "Enter")
    tmux.sees("Please make the check pass.", "5 failures")
    tmux.press("e")
    tmux.sees("failure 1 of 5", "FAIL totals: expected 6, got 7")
    tmux.press("/")
    tmux.sees("search:")
    tmux.press("not found", "Enter")
    tmux.sees("“not found”: 1 of 1 step", "frobnicate: command not found")
    tmux.press("q")
    tmux.sees("ended with 0")
    assert not tmux.is_on_other_screen()
    assert "Timeline" not in tmux.screen()
    assert demo_folders(surroundings) == []


@pytest.mark.parametrize("tmux", [(80, 24)], indirect=True, ids=["80x24"])
def test_whoever_comes_back_from_a_shell_sees_what_was_there(tmux: Tmux) -> None:
    tmux.sees("Please find out why the check fails", "Timeline", "? help")
    tmux.press("C-z")
    tmux.sees("left")
    tmux.press("Enter")
    tmux.sees("Please find out why the check fails", "Timeline", "? help")


# -- on a bare terminal -------------------------------------------------


class Terminal:
    """A pseudo-terminal, and all that a program has written to it."""

    def __init__(self, surroundings: dict[str, str]) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            DEMO, stdin=theirs, stdout=theirs, stderr=theirs, env=surroundings, start_new_session=True
        )
        os.close(theirs)
        self.written = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._ours, 65536)
            except OSError:  # as Linux says that nobody is left who could write
                return
            if not piece:
                return
            self.written += piece

    def sees(self, words: bytes) -> None:
        until(lambda: words in self.written, lambda: self.written[-2000:])

    def wait(self) -> int:
        """How the program ended, once all it wrote has been read."""
        code = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(LIMIT)
        os.close(self._ours)


@contextmanager
def terminal(surroundings: dict[str, str]) -> Iterator[Terminal]:
    opened = Terminal(surroundings)
    try:
        yield opened
    finally:
        opened.close()


def is_group_alive(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_and_leaves_the_terminal_as_it_was(name: str, surroundings: dict[str, str]) -> None:
    with terminal(surroundings) as screen:
        screen.sees(b"Timeline")
        screen.sees(b"help")
        assert len(demo_folders(surroundings)) == 1
        screen.process.send_signal(getattr(signal, name))
        assert screen.wait() == TERMINATED
    for off, on in ((LEAVE_SCREEN, ENTER_SCREEN), (MOUSE_OFF, MOUSE_ON), (SHOW_CURSOR, HIDE_CURSOR)):
        assert on in screen.written
        assert screen.written.rfind(off) > screen.written.rfind(on)
    assert not is_group_alive(screen.process.pid)
    assert demo_folders(surroundings) == []


# -- where there is no screen -------------------------------------------


def test_a_dumb_terminal_gets_the_session_printed(surroundings: dict[str, str]) -> None:
    with terminal(surroundings | {"TERM": "dumb"}) as screen:
        assert screen.wait() == 0
    told = screen.written.decode()
    assert "TERM is dumb" in told
    assert SHOWN in told
    assert ENTER_SCREEN not in screen.written


def test_a_pipe_gets_the_session_printed(surroundings: dict[str, str]) -> None:
    done = subprocess.run(
        DEMO, stdin=subprocess.DEVNULL, capture_output=True, env=surroundings, timeout=LIMIT, check=False
    )
    assert done.returncode == 0
    assert SHOWN in done.stdout.decode()
    assert b"\x1b" not in done.stdout
    assert b"needs a terminal" in done.stderr
    assert demo_folders(surroundings) == []
