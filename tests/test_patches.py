"""Patches are read file by file, from whatever form they stand in, and nothing that stands there raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_tui.parsers.patches import FilePatch, patch_in_command, read_changes, read_patch, read_unified

PATCH = """*** Begin Patch
*** Update File: docs/usage.md
*** Move to: docs/manual.md
@@ def usage
-# Usage
+# Manual

 Run it.
*** End of File
*** Delete File: README.md
*** Add File: CHANGES
+1: first
+2: second
*** End Patch"""
FILES = [
    FilePatch(
        "docs/usage.md",
        "update",
        ("@@ def usage", "-# Usage", "+# Manual", " ", " Run it."),
        "docs/manual.md",
    ),
    FilePatch("README.md", "delete"),
    FilePatch("CHANGES", "add", ("+1: first", "+2: second")),
]

signed = st.lists(
    st.sampled_from(
        ["+", "-", " ", "@@", "", "*** End of File", "*** Add File: a", "*** Update File: b"]
    ).flatmap(lambda start: st.text("ab +-*\r", max_size=6).map(lambda rest: start + rest))
).map("\n".join)


def test_a_patch_tells_each_file_and_what_becomes_of_it() -> None:
    assert read_patch(PATCH) == FILES
    assert [(file.added, file.removed) for file in FILES] == [(1, 1), (0, 0), (2, 0)]


def test_a_patch_with_line_ends_of_windows_reads_the_same() -> None:
    assert read_patch(PATCH.replace("\n", "\r\n")) == FILES


def test_a_patch_may_lack_its_first_and_last_line() -> None:
    assert read_patch("\n".join(PATCH.split("\n")[1:-1])) == FILES


@pytest.mark.parametrize("text", ["", "please change the file", "*** Begin Patch", "+a\n-b", "*** End Patch"])
def test_what_names_no_file_is_no_patch(text: str) -> None:
    assert read_patch(text) == []


@given(
    st.one_of(st.text(), signed, signed.map(lambda lines: f"*** Begin Patch\n{lines}\n*** End Patch\n+no"))
)
def test_added_and_removed_lines_are_those_that_begin_so(text: str) -> None:
    files = read_patch(text)
    inside = text.split("\n")
    begins = [number for number, line in enumerate(inside) if line.strip() == "*** Begin Patch"]
    inside = inside[begins[0] + 1 :] if begins else inside
    ends = [number for number, line in enumerate(inside) if line.strip() == "*** End Patch"]
    inside = inside[: ends[0]] if ends else inside
    headers = [
        number
        for number, line in enumerate(inside)
        if line.startswith(("*** Add File: ", "*** Update File: ", "*** Delete File: "))
    ]
    inside = inside[headers[0] :] if headers else []
    assert len(files) == len(headers)
    assert sum(file.added for file in files) == sum(line.startswith("+") for line in inside)
    assert sum(file.removed for file in files) == sum(line.startswith("-") for line in inside)
    assert all(line[:1] in ("+", "-", " ", "@") for file in files for line in file.lines)


@given(st.one_of(st.text(), signed))
def test_no_unified_diff_raises_and_every_line_has_its_sign(text: str) -> None:
    assert all(line[:1] in ("+", "-", " ", "@") for line in read_unified(text))


# -- the changes of finished patches ----------------------------------------


def test_changes_by_path_tell_their_lines() -> None:
    changes = {
        "/w/a": {"type": "update", "unified_diff": "@@ -1,2 +1,2 @@\n one\n-two\n+2\n", "move_path": "/w/b"},
        "/w/new": {"type": "add", "content": "x\ny\n"},
        "/w/old": {"type": "delete", "content": "gone"},
    }
    assert read_changes(changes) == [
        FilePatch("/w/a", "update", ("@@ -1,2 +1,2 @@", " one", "-two", "+2"), "/w/b"),
        FilePatch("/w/new", "add", ("+x", "+y")),
        FilePatch("/w/old", "delete", ("-gone",)),
    ]


def test_changes_of_a_stream_tell_only_the_files() -> None:
    changes = [{"path": "/w/a", "kind": "update"}, {"path": "/w/b", "kind": "add"}, {"kind": "add"}, 7]
    assert read_changes(changes) == [FilePatch("/w/a", "update"), FilePatch("/w/b", "add")]


def test_changes_of_the_first_builds_have_the_action_as_key() -> None:
    assert read_changes({"/w/a": {"add": {"content": "x\n"}}}) == [FilePatch("/w/a", "add", ("+x",))]


def test_file_names_above_a_diff_are_no_lines_of_it() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- was a list\n+++ is one\n\\ No newline at end of file\n"
    assert read_unified(diff) == ["@@ -1 +1 @@", "--- was a list", "+++ is one"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "kind", "path", "unified_diff", "content", "move_path", "add"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.one_of(json_values, st.dictionaries(st.text(max_size=4), json_values, max_size=3)))
def test_no_shape_of_changes_raises(changes: object) -> None:
    for file in read_changes(changes):
        assert file.action in ("add", "update", "delete")


# -- patches inside of commands -----------------------------------------------


@pytest.mark.parametrize(
    "opener", ["apply_patch <<'EOF'", 'cd /w && apply_patch <<"EOF"', "applypatch <<EOF"]
)
def test_the_patch_of_a_heredoc_is_found(opener: str) -> None:
    found = patch_in_command(f"set -e\n{opener}\n{PATCH}\nEOF\nsh check.sh")
    assert found is not None
    assert found.before == f"set -e\n{opener}"
    assert found.after == "sh check.sh"
    assert read_patch(found.patch) == FILES


def test_a_patch_in_quotes_is_found() -> None:
    found = patch_in_command(f"apply_patch '{PATCH}'")
    assert found is not None
    assert read_patch(found.patch) == FILES


def test_a_command_that_only_prints_a_patch_applies_none() -> None:
    assert patch_in_command(f"cat > a.patch <<'EOF'\n{PATCH}\nEOF") is None
    assert patch_in_command("apply_patch --help") is None


@given(st.one_of(st.text(), st.text().map(lambda text: f"apply_patch {text}\n{PATCH} {text}")))
def test_no_command_raises(command: str) -> None:
    found = patch_in_command(command)
    assert found is None or found.patch.lstrip().startswith("*** Begin Patch")
