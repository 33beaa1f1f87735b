"""The same surroundings for every test, and where snapshots live."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# What the person's own terminal and Codex say must not reach a test. Textual reads its environment once,
# on import: all of this stands above the first import that brings it in. The one TEXTUAL_… variable to keep
# is the snapshot plugin's own, through which xdist workers find the folder of its report.
for name in list(os.environ):
    if name.startswith("TEXTUAL") and name != "TEXTUAL_SNAPSHOT_TEMPDIR":
        del os.environ[name]
for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "CODEX_HOME"):
    os.environ.pop(name, None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TZ"] = "UTC"
if sys.platform != "win32":
    time.tzset()

from hypothesis import settings  # noqa: E402
from pytest_textual_snapshot import SVGImageExtension  # noqa: E402
from syrupy.data import SnapshotCollections  # noqa: E402
from syrupy.location import PyTestLocation  # noqa: E402

pytest_plugins = ["pytest_textual_snapshot"]

SNAPSHOTS = Path(__file__).resolve().parents[1] / "snapshots"

# No deadline: a slow machine is no bug.
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def _screens_folder(cls: type[SVGImageExtension], *, test_location: PyTestLocation) -> str:
    return str(SNAPSHOTS / Path(test_location.filepath).stem)


def _screens(self: SVGImageExtension, *, test_location: PyTestLocation) -> SnapshotCollections:
    """The screens only: syrupy takes whatever else lies there for its own gone stale and deletes it."""
    screens = SnapshotCollections()
    for found in _all_files(self, test_location=test_location):
        if found.location.endswith(".svg"):
            screens.add(found)
    return screens


_all_files = SVGImageExtension.discover_snapshots
SVGImageExtension.dirname = classmethod(_screens_folder)
SVGImageExtension.discover_snapshots = _screens


@pytest.fixture(autouse=True, scope="session")
def _no_log_of_ones_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the app writes when it crashes in a test is not the person's."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture
def text_snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`text_snapshot(text, name)` compares a text with snapshots/<test module>/<name>.txt.

    Only `--snapshot-update` writes files; without it a missing one fails the test.
    """
    folder = SNAPSHOTS / request.path.stem
    update = bool(request.config.getoption("update_snapshots"))

    def compare(text: str, name: str) -> None:
        file = folder / f"{name}.txt"
        shown = file.relative_to(SNAPSHOTS.parent)
        if update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        elif not file.exists():
            pytest.fail(f"no {shown} yet; pytest --snapshot-update writes it", pytrace=False)
        else:
            expected = file.read_bytes().decode()  # bytes: no line end is translated
            assert text == expected, f"{shown} differs; if rightly so: pytest --snapshot-update"

    return compare
