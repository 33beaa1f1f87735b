"""The folders, the package map and the two links agree; what breaks only in the wheel is caught here."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINKED = ("parsers", "widgets")


def setuptools_table() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, Any] = project["tool"]["setuptools"]
    return table


def packages_on_disk() -> set[str]:
    """Every folder with an __init__.py under the mapped folders, by its import name."""
    found = set()
    for package, folder in setuptools_table()["package-dir"].items():
        for init in (ROOT / folder).rglob("__init__.py"):
            inside = init.parent.relative_to(ROOT / folder)
            if package == "trace_tui" and inside.parts[:1] in [(name,) for name in LINKED]:
                continue  # rglob of some Pythons walks through the links; these have entries of their own
            found.add(".".join((package, *inside.parts)))
    return found


def test_every_package_is_in_the_wheel() -> None:
    packages = setuptools_table()["packages"]
    assert len(packages) == len(set(packages))
    assert set(packages) == packages_on_disk(), "pyproject.toml: [tool.setuptools] packages"


@pytest.mark.parametrize("name", LINKED)
def test_mapped_folder_is_linked_into_the_package(name: str) -> None:
    link = ROOT / "trace_tui" / name
    assert link.is_symlink(), "links were lost; on Windows: git config core.symlinks true"
    assert link.readlink().as_posix() == f"../{name}"
    assert setuptools_table()["package-dir"][f"trace_tui.{name}"] == name


@pytest.mark.parametrize("name", ["trace_tui", "parsers", "widgets", "tests", "snapshots"])
def test_top_level_folder_is_real(name: str) -> None:
    folder = ROOT / name
    assert folder.is_dir()
    assert not folder.is_symlink()


def test_no_module_is_imported_by_its_folder_name() -> None:
    """`from parsers…` works in a checkout by accident of the working directory and never in the wheel."""
    by_folder = re.compile(rf"^\s*(from|import) ({'|'.join(LINKED)})\b", re.MULTILINE)
    for top in ("trace_tui", *LINKED, "tests"):
        for file in (ROOT / top).rglob("*.py"):
            wrong = by_folder.search(file.read_text(encoding="utf-8"))
            assert wrong is None, f"{file.relative_to(ROOT)}: {wrong.group().strip()}"


def test_no_two_test_files_share_a_snapshot_folder() -> None:
    stems = Counter(file.stem for file in (ROOT / "tests").rglob("test_*.py"))
    assert [stem for stem, count in stems.items() if count > 1] == []
