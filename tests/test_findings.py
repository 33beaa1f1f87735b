"""Loops and stalls are hinted at where they are, and nowhere in ordinary sessions."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import Rollout
from tests.reading_sessions import SAMPLES, Truth, truths
from tests.stories import WORKER, Story
from trace_tui.app.documents import document_of_row
from trace_tui.app.opened import Opened
from trace_tui.app.relatives import Relatives
from trace_tui.findings import Finding, FindingKind, findings_in, foremost
from trace_tui.home import Home
from trace_tui.model import (
    Call,
    CallStatus,
    Item,
    Note,
    NoteKind,
    Place,
    Session,
    SessionFile,
    Tool,
    Turn,
    TurnStatus,
)
from trace_tui.reading import SessionReader
from trace_tui.sources import Source, file_source
from trace_tui.telling.hints import finding_rows, hint_blocks_of_call, hint_words
from trace_tui.texts import Texts
from trace_tui.widgets.blocks import Heading, Plain
from trace_tui.widgets.timeline_rows import Choice

REPEAT, ALTERNATION, CHURN = FindingKind.REPEAT, FindingKind.ALTERNATION, FindingKind.CHURN
POLLING, GAP = FindingKind.POLLING, FindingKind.GAP

Told = list[tuple[FindingKind, str]]


def read_with_hints(path: Path) -> tuple[Session, list[Finding]]:
    home = Home(path)
    sources = home.thread_sources()
    session = SessionReader(sources).run()
    home.complete(session)
    with Texts(session, sources) as texts:
        return session, findings_in(session, texts)


def found(story: Rollout, folder: Path) -> list[Finding]:
    return read_with_hints(story.save(folder))[1]


def told(story: Rollout, folder: Path) -> Told:
    return [(finding.kind, finding.words) for finding in found(story, folder)]


def _gone() -> BinaryIO:
    raise FileNotFoundError(2, "No such file or directory")


def without_files(session: Session) -> list[Finding]:
    """As if its files had gone meanwhile."""
    session.files = session.files or [SessionFile("gone.jsonl")]
    sources = [Source(file.path, 0, _gone) for file in session.files]
    with Texts(session, sources) as texts:
        return findings_in(session, texts)


# -- ordinary sessions ---------------------------------------------------------


@pytest.mark.parametrize("truth", list(truths()), ids=str)
def test_nothing_is_hinted_at_in_ordinary_sessions(truth: Truth) -> None:
    assert read_with_hints(truth.paths[0])[1] == []


def test_nothing_is_hinted_at_in_ordinary_streams() -> None:
    for path in sorted((SAMPLES / "exec-json").glob("*.jsonl")):
        assert read_with_hints(path)[1] == []


# -- the same again -------------------------------------------------------------


def test_a_command_that_fails_the_same_way_three_times_is_told_with_its_calls(tmp_path: Path) -> None:
    story = Story().begin().runs("make").runs(code=1).thinks().runs(code=1).runs("cat a.txt").runs(code=1)
    session, (finding,) = read_with_hints(story.end().save(tmp_path))
    checks = [call for call in session.turns[0].calls() if call.summary == "sh check.sh"]
    assert (finding.kind, finding.words) == (REPEAT, "sh check.sh failed the same way 3 times (exit 1)")
    assert (finding.turn, finding.place) == (session.turns[0].index, checks[0].place)
    assert list(finding.calls) == checks
    assert (finding.at, finding.until) == (checks[0].started_at, checks[-1].ended_at)
    assert finding.waited_for is None


@pytest.mark.parametrize(
    "between",
    [
        lambda story: story.patches("a.py"),
        lambda story: story.runs("make"),
        lambda story: story.event("user_message", message="Try once more."),
        lambda story: story.runs(code=2),
        lambda story: story.runs(code=1, prints="y"),
        lambda story: story.hears(WORKER, "I have changed it."),
        lambda story: story.awaits(WORKER),
        lambda story: story.end().begin("And again?"),
    ],
    ids=[
        "a patch",
        "another command",
        "the person",
        "another outcome",
        "another output",
        "a worker's news",
        "a worker that is waited for",
        "another turn",
    ],
)
def test_what_stands_between_makes_it_no_repetition(
    between: Callable[[Story], Story], tmp_path: Path
) -> None:
    story = Story().begin().runs(code=1).runs(code=1)
    assert found(between(story).runs(code=1).end(), tmp_path) == []


@pytest.mark.parametrize(
    "between",
    [
        lambda story: story.runs("git status"),
        lambda story: story.runs("rg nothing", 1),
        lambda story: story.runs("sleep 5", took=5),
        lambda story: story.polls(9, prints="still at it"),
        lambda story: story.line("compacted", {"message": "We tried to fix it."}),
    ],
    ids=["a look", "a look for nothing", "a pause", "a poll", "a compaction"],
)
def test_what_changes_nothing_may_stand_between(between: Callable[[Story], Story], tmp_path: Path) -> None:
    story = Story().begin().runs(code=1).runs(code=1)
    assert [kind for kind, _ in told(between(story).runs(code=1).end(), tmp_path)] == [REPEAT]


def test_three_times_are_enough_whatever_it_ended_with(tmp_path: Path) -> None:
    story = Story().begin().runs("make test").runs("make test")
    assert found(story, tmp_path) == []
    assert told(story.runs("make test"), tmp_path) == [(REPEAT, "make test gave the same result 3 times")]


def test_what_went_well_and_printed_something_else_is_no_repetition(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(9):
        story.runs("make test", prints=f"{number} tests passed")
    assert found(story, tmp_path) == []


def test_how_long_it_took_and_when_is_no_other_result(tmp_path: Path) -> None:
    story = Story().begin()
    for at, seconds in enumerate(("0.12", "0.9", "12.34")):
        lasted = f"\x1b[31m1 failed\x1b[0m in {seconds}s, real 0m{seconds}s"
        printed = f"{lasted}, log of 2026-11-20T12_48_5{at}_123Z, at 12:48:5{at} <f at 0x7f{at}a3b2c1>"
        story.runs("pytest", 1, prints=printed, took=float(seconds))
    assert told(story, tmp_path) == [(REPEAT, "pytest failed the same way 3 times (exit 1)")]


def test_how_many_of_them_failed_is_another_result(tmp_path: Path) -> None:
    story = Story().begin()
    for number in (3, 2, 1):
        story.runs("pytest", 1, prints=f"{number} failed in 0.5s")
    assert found(story, tmp_path) == []


def test_the_same_words_in_another_folder_are_another_command(tmp_path: Path) -> None:
    story = Story().begin()
    for folder in ("a", "b", "c"):
        story.runs("npm test", workdir=folder)
    assert found(story, tmp_path) == []


def test_looking_again_and_again_is_odd_only_without_anything_between(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(9):
        story.runs("git status").runs(f"cat {number}.txt").runs("rg nothing", 1)
    assert found(story, tmp_path) == []
    story.runs("git status").runs("git status")
    assert found(story, tmp_path) == []
    assert told(story.runs("git status"), tmp_path) == [(REPEAT, "git status gave the same result 3 times")]


def test_looking_again_after_changes_is_ordinary_work(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(4):
        story.runs("git status").patches("a.py").runs("cat a.py")
    assert found(story, tmp_path) == []


def test_commands_too_long_for_the_model_are_compared_as_they_stand_in_the_file(tmp_path: Path) -> None:
    def script(number: int) -> str:
        return f"python - <<'EOF'\n{'x = 1 # ' * 30}{number}\nEOF"

    others, same = Story().begin(), Story().begin()
    for number in range(4):
        others.runs(script(number), 1)
        same.runs(script(7), 1)
    assert found(others, tmp_path) == []
    ((kind, words),) = told(same, tmp_path)
    assert kind is REPEAT
    assert words.endswith("… failed the same way 4 times (exit 1)")


def test_other_tools_are_compared_by_all_of_their_arguments(tmp_path: Path) -> None:
    pages, same = Story().begin(), Story().begin()
    for number in range(3):
        pages.uses("mcp__tracker__search", {"query": "sum", "page": number})
        same.uses("mcp__tracker__search", {"query": "sum", "page": 1})
    assert found(pages, tmp_path) == []
    assert told(same, tmp_path) == [(REPEAT, "mcp__tracker__search sum gave the same result 3 times")]


def test_scripts_are_compared_line_by_line(tmp_path: Path) -> None:
    others, same = Story().begin(), Story().begin()
    for number in range(3):
        for story, last in ((others, number), (same, 1)):
            script = f"const a = 1;\ntext({last});"
            story.item("custom_tool_call", call_id=f"cell_{number}", name="exec", input=script)
            printed = [
                {"type": "input_text", "text": f"Script completed\nWall time 0.{number} seconds\nOutput:\n"}
            ]
            story.item(
                "custom_tool_call_output",
                call_id=f"cell_{number}",
                output=[*printed, {"type": "input_text", "text": "1"}],
            )
    assert found(others, tmp_path) == []
    assert [kind for kind, _ in told(same, tmp_path)] == [REPEAT]


def test_pictures_are_not_compared(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(3):
        story.uses(
            "mcp__browser__screenshot", {}, [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]
        )
    assert found(story, tmp_path) == []


def test_commands_in_a_script_are_compared_by_their_items(tmp_path: Path) -> None:
    def session(*outputs: str) -> Rollout:
        file = Rollout(ordinals=True).meta(cli_version="0.169.0").started("t1").said("user", "Fix it.")
        for number, printed in enumerate(outputs):
            file.item(
                "custom_tool_call", call_id=f"cell_{number}", name="exec", input="await tools.exec_command()"
            )
            file.done(
                "t1",
                type="CommandExecution",
                id=f"exec-{number}",
                command=["/bin/bash", "-lc", "sh check.sh"],
                cwd="file:///home/dev/work",
                status="failed",
                aggregated_output=printed,
                exit_code=1,
                duration={"secs": 0, "nanos": number},
            )
            file.item(
                "custom_tool_call_output",
                call_id=f"cell_{number}",
                output="Script completed\nWall time 0.1 seconds\nOutput:\n",
            )
        return file.ended("t1")

    assert told(session("x", "x", "x"), tmp_path) == [
        (REPEAT, "sh check.sh failed the same way 3 times (exit 1)")
    ]
    assert found(session("x", "y", "x"), tmp_path) == []


def test_a_command_that_was_left_running_gave_all_that_was_read_of_it(tmp_path: Path) -> None:
    same, others = Story().begin(), Story().begin()
    for number in range(3):
        for story, end in ((same, "all failed"), (others, f"{number} failed")):
            process = 70 + number
            story.leaves_running("make test", process, prints="testing\n").polls(process, prints="still ")
            story.polls(8, prints="of another").polls(process, prints=end, code=1)
    assert told(same, tmp_path) == [(REPEAT, "make test failed the same way 3 times (exit 1)")]
    assert found(others, tmp_path) == []


def test_a_command_that_was_left_running_and_of_which_the_end_was_not_read_is_not_compared(
    tmp_path: Path,
) -> None:
    story = Story().begin()
    for number in range(3):
        story.leaves_running("make test", 70 + number)
    assert found(story, tmp_path) == []


def test_waiting_and_asking_are_no_repetitions(tmp_path: Path) -> None:
    story = Story().begin(collaboration_mode={"mode": "plan"}).spawns()
    for _ in range(4):
        story.polls().awaits(WORKER).awaits_any().uses("list_agents", {}, '{"agents":[]}').runs(
            "sleep 30", took=30
        )
        story.uses("request_user_input", {"questions": [{"question": "Go on?"}]}, '{"answers":{}}')
    assert found(story, tmp_path) == []


def test_what_is_typed_into_a_process_counts_once_it_was_answered(tmp_path: Path) -> None:
    silent, answered = Story().begin(), Story().begin()
    for _ in range(3):
        silent.polls(typed="next\n")
        answered.polls(typed="next\n", prints="at the breakpoint")
    assert found(silent, tmp_path) == []
    assert [kind for kind, _ in told(answered, tmp_path)] == [REPEAT]


def test_a_patch_that_never_applies_and_a_command_always_declined(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(3):
        story.patches("app/a.py", 3, 1, applies=False)
    for _ in range(3):
        story.is_declined("rm -r build")
    assert told(story, tmp_path) == [
        (REPEAT, "patch of app/a.py (+3 −1) failed the same way 3 times (patch did not apply)"),
        (REPEAT, "rm -r build was declined 3 times"),
    ]


def test_patches_of_as_many_lines_that_do_not_apply_are_different_attempts(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(3):
        story.edits("app/a.py", "-x", f"+{number}", applies=False)
    assert found(story, tmp_path) == []


# -- two in turn ------------------------------------------------------------------


def test_two_commands_in_turn(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(2):
        story.runs("make").thinks().runs(code=1)
    session, (finding,) = read_with_hints(story.end().save(tmp_path))
    assert finding.kind is ALTERNATION
    assert finding.words == "make and sh check.sh in turn, 4 calls with the same results"
    assert list(finding.calls) == session.turns[0].calls()


def test_four_calls_are_enough_whatever_they_ended_with(tmp_path: Path) -> None:
    story = Story().begin().runs("make").runs("make test").runs("make")
    assert found(story, tmp_path) == []
    assert [kind for kind, _ in told(story.runs("make test"), tmp_path)] == [ALTERNATION]


@pytest.mark.parametrize(
    "between",
    [
        lambda story: story.patches("a.py"),
        lambda story: story.runs("cat a.py"),
        lambda story: story.event("user_message", message="Once more."),
        lambda story: story.line("compacted", {"message": "We were building."}),
    ],
    ids=["a patch", "a look", "the person", "a compaction"],
)
def test_what_stands_between_two_in_turn_ends_it(between: Callable[[Story], Story], tmp_path: Path) -> None:
    story = Story().begin().runs("make").runs("make test")
    assert found(between(story).runs("make").runs("make test"), tmp_path) == []


def test_two_in_turn_that_print_something_new_are_none(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(4):
        story.runs("make", prints=f"{number} files built").runs("make test")
    assert found(story, tmp_path) == []


def test_two_looks_in_turn(tmp_path: Path) -> None:
    story = Story().begin().runs("cat a.py").runs("cat b.py").runs("cat a.py").runs("cat b.py")
    assert [kind for kind, _ in told(story, tmp_path)] == [ALTERNATION]


def test_one_command_with_two_results_in_turn(tmp_path: Path) -> None:
    story = Story().begin().runs(code=1).runs().runs(code=1).runs()
    assert told(story, tmp_path) == [
        (ALTERNATION, "sh check.sh in two ways in turn, 4 calls with the same results")
    ]


def test_what_is_told_of_two_in_turn_is_not_told_again_of_one(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(3):
        story.runs(code=1).runs("cat log.txt")
    assert [kind for kind, _ in told(story, tmp_path)] == [ALTERNATION]


# -- one file again -----------------------------------------------------------------


def test_a_file_patched_again_and_again_while_the_check_fails(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py").runs(code=1).patches("b.py").patches("a.py").runs("rg x", 1)
    story.runs(code=2).patches("a.py", 2).runs()
    session, (finding,) = read_with_hints(story.end().save(tmp_path))
    calls = session.turns[0].calls()
    assert (finding.kind, finding.words) == (
        CHURN,
        "a.py patched 3 times, in between sh check.sh failed each time",
    )
    assert list(finding.calls) == [calls[0], calls[1], calls[3], calls[5], calls[6]]


def test_patches_between_which_the_check_passed_are_ordinary_work(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py").runs(code=1).patches("a.py").runs(code=1).runs().patches("a.py")
    assert found(story, tmp_path) == []


def test_patches_that_a_person_asked_for_one_by_one_are_none_in_vain(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py").runs(code=1).patches("a.py").runs(code=1)
    assert found(story.event("user_message", message="Try 3.").patches("a.py"), tmp_path) == []


def test_a_file_patched_back_and_forth(tmp_path: Path) -> None:
    story = (
        Story().begin().edits("a.py", "-limit = 1", "+limit = 2").edits("a.py", "-limit = 2", "+limit = 1")
    )
    story.edits("b.py", "-limit = 1", "+limit = 2")
    assert found(story, tmp_path) == []  # to take back once is how mistakes are mended
    session, (finding,) = read_with_hints(story.edits("a.py", "-limit = 1", "+limit = 2").save(tmp_path))
    assert (finding.kind, finding.words) == (CHURN, "a.py patched back and forth 3 times")
    calls = session.turns[0].calls()
    assert list(finding.calls) == [calls[0], calls[1], calls[3]]
    assert [words for _, words in told(story.edits("a.py", "-limit = 2", "+limit = 1"), tmp_path)] == [
        "a.py patched back and forth 4 times"
    ]


def test_a_file_patched_on_and_on_goes_not_back(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(6):
        story.edits("a.py", f"-limit = {number}", f"+limit = {number + 1}")
    assert found(story, tmp_path) == []


def test_back_and_forth_among_other_changes_and_other_files(tmp_path: Path) -> None:
    story = Story().begin()
    story.edits(
        "a.py",
        " def f():",
        "-    return 1",
        "+    return 2",
        "@@",
        "+import os",
        "*** Update File: b.py",
        "+import re",
    )
    story.edits(
        "b.py", "+import json", "*** Update File: a.py", " def f():", " ", "-    return 2", "+    return 1"
    )
    story.edits("a.py", "-    return 1", "-    # done", "+    return 2", "+    # done")
    assert told(story, tmp_path) == [(CHURN, "a.py patched back and forth 3 times")]


def test_a_file_added_deleted_and_added_again(tmp_path: Path) -> None:
    add = "*** Begin Patch\n*** Add File: notes.md\n+What was found.\n+What is left.\n*** End Patch"
    other = add.replace("found", "lost")
    delete = "*** Begin Patch\n*** Delete File: notes.md\n*** End Patch"
    assert found(Story().begin().hands_in(add).hands_in(delete).hands_in(other), tmp_path) == []
    assert told(Story().begin().hands_in(add).hands_in(delete).hands_in(add), tmp_path) == [
        (CHURN, "notes.md patched back and forth 3 times")
    ]


def test_patches_typed_into_a_shell_and_told_by_items_go_back_and_forth_too(tmp_path: Path) -> None:
    typed, items = Story().begin(), Rollout(ordinals=True).meta(cli_version="0.169.0").started("t1")
    for number, (old, new) in enumerate([("1", "2"), ("2", "1"), ("1", "2")]):
        patch = f"*** Begin Patch\n*** Update File: a.py\n@@\n-x = {old}\n+x = {new}\n*** End Patch"
        typed.runs(
            f"apply_patch <<'EOF'\n{patch}\nEOF", prints="Success. Updated the following files:\nM a.py"
        )
        diff = f"@@ -1,2 +1,2 @@\n-x = {old}\n+x = {new}\n y = 3\n"
        items.item(
            "custom_tool_call", call_id=f"cell_{number}", name="exec", input="await tools.apply_patch()"
        )
        items.done(
            "t1",
            type="FileChange",
            id=f"exec-{number}",
            changes={"/home/dev/a.py": {"type": "update", "unified_diff": diff, "move_path": None}},
            status="completed",
        )
        items.item(
            "custom_tool_call_output",
            call_id=f"cell_{number}",
            output="Script completed\nWall time 0.1 seconds\nOutput:\n",
        )
    assert told(typed, tmp_path) == [(CHURN, "a.py patched back and forth 3 times")]
    assert told(items.ended("t1"), tmp_path) == [(CHURN, "/home/dev/a.py patched back and forth 3 times")]


def test_lines_moved_within_a_file_and_lone_brackets_go_not_back(tmp_path: Path) -> None:
    moved, brackets = Story().begin(), Story().begin()
    for number in range(4):
        moved.edits("a.py", "-import json", f" {number}", "+import json")
        brackets.edits("a.js", f" {number}", "+}" if number % 2 else "-}")
    assert found(moved, tmp_path) == []
    assert found(brackets, tmp_path) == []


def test_a_person_may_have_it_to_and_fro(tmp_path: Path) -> None:
    story = (
        Story().begin().edits("a.py", "-limit = 1", "+limit = 2").edits("a.py", "-limit = 2", "+limit = 1")
    )
    story.event("user_message", message="No, two!").edits("a.py", "-limit = 1", "+limit = 2")
    assert found(story, tmp_path) == []


# -- asking how it is going ----------------------------------------------------------


def test_many_questions_about_one_process(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(10):
        story.polls()
    assert found(story, tmp_path) == []
    assert told(story.thinks().polls(), tmp_path) == [
        (POLLING, "asked 11 times for output of one process in 1m52s")
    ]


def test_what_is_typed_into_a_process_is_no_question(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(12):
        story.polls(typed=f"{number}\n")
    assert found(story, tmp_path) == []


def test_questions_about_processes_in_turn_are_about_each(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(16):
        story.polls(number % 2)
    assert found(story, tmp_path) == []


def test_very_many_questions_in_a_minute_count_whatever_stands_between(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(21):
        story.polls(every=1).runs(f"tail log-{number}", took=1)
    (finding,) = found(story, tmp_path)
    assert (finding.kind, len(finding.calls)) == (POLLING, 21)


def test_as_many_questions_in_ten_minutes_are_none(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(21):
        story.polls(every=15).runs(f"tail log-{number}", took=15)
    assert found(story, tmp_path) == []


def test_news_between_the_waits_make_them_no_polling(tmp_path: Path) -> None:
    story, silent = Story().begin().spawns(), Story().begin().spawns()
    for _ in range(12):
        story.awaits(WORKER).hears(WORKER, "Done.")
        silent.awaits(WORKER)
    assert found(story, tmp_path) == []
    ((kind, words),) = told(silent, tmp_path)
    assert kind is POLLING
    assert words.startswith("asked 12 times for news of one worker in ")


def test_waits_that_name_nobody_and_lists_of_agents_are_polls(tmp_path: Path) -> None:
    waits, lists = Story().begin().spawns(), Story().begin().spawns()
    for _ in range(11):
        waits.awaits_any()
        lists.uses("list_agents", {}, '{"agents":[]}')
    for story in (waits, lists):
        ((kind, words),) = told(story, tmp_path)
        assert kind is POLLING
        assert words.startswith("asked 11 times for news of workers in ")


# -- silences ----------------------------------------------------------------------------


def test_a_long_silence_before_the_models_next_step(tmp_path: Path) -> None:
    session, (finding,) = read_with_hints(Story().begin().runs().pause(192).thinks().end().save(tmp_path))
    assert (finding.kind, finding.words, finding.waited_for) == (GAP, "waited 3m12s for the model", "model")
    (call,) = session.turns[0].calls()
    assert (finding.at, finding.calls, finding.place) == (call.ended_at, (call,), call.place)
    assert finding.until is not None
    assert finding.at is not None
    assert finding.until - finding.at == 192_100


def test_a_silence_of_a_minute_is_none(tmp_path: Path) -> None:
    assert found(Story().begin().runs().pause(59.8).thinks().pause(59.8).end(), tmp_path) == []


def test_a_long_command(tmp_path: Path) -> None:
    session, (finding,) = read_with_hints(
        Story().begin().runs("make all", took=90).thinks().end().save(tmp_path)
    )
    assert (finding.words, finding.waited_for) == ("waited 1m30s for make all", "tool")
    assert finding.calls == tuple(session.turns[0].calls())


def test_a_command_whose_call_was_written_when_it_had_ended_is_what_was_waited_for(tmp_path: Path) -> None:
    story = Story().begin().thinks().ran("make all", took=90).pause(2).thinks()
    assert told(story.ran("make", took=5).pause(70).end(), tmp_path) == [
        (GAP, "waited 1m30s for make all"),
        (GAP, "1m10s of which the file does not tell what was waited for"),
    ]


def test_a_worker_is_waited_for_by_its_name(tmp_path: Path) -> None:
    (finding,) = found(Story().begin().spawns().awaits(WORKER, took=300).thinks().end(), tmp_path)
    assert (finding.words, finding.waited_for) == ("waited 5m00s for Ada", "worker")


def test_a_wait_that_names_nobody_is_for_workers(tmp_path: Path) -> None:
    (finding,) = found(Story().begin().spawns().awaits_any(took=300).thinks().end(), tmp_path)
    assert (finding.words, finding.waited_for) == ("waited 5m00s for workers", "worker")


def test_a_command_that_waits_longer_than_it_runs_waits_for_approval(tmp_path: Path) -> None:
    story = Story().begin(approval_policy="on-request").runs("make", approved=120, took=2).thinks().end()
    (finding,) = found(story, tmp_path)
    assert (finding.words, finding.waited_for) == ("waited 2m00s for approval of make", "approval")


def test_where_nobody_is_asked_the_same_is_unknown(tmp_path: Path) -> None:
    (finding,) = found(Story().begin(approval_policy="never").runs("make", approved=120).end(), tmp_path)
    assert finding.waited_for == "unknown"
    assert "does not tell" in finding.words


def test_a_decision_that_took_its_time(tmp_path: Path) -> None:
    (finding,) = found(Story().begin().is_declined("rm -r build", after=80).end(), tmp_path)
    assert (finding.words, finding.waited_for) == ("waited 1m20s for approval of rm -r build", "approval")


def test_a_patch_takes_no_time_and_so_was_waiting_for_approval(tmp_path: Path) -> None:
    file = Rollout(ordinals=True).meta(cli_version="0.169.0").started("t1").said("user", "Fix it.")
    file.line("turn_context", {"turn_id": "t1", "cwd": "/home/dev/work", "approval_policy": "on-request"})
    file.item(
        "custom_tool_call",
        call_id="call_1",
        name="apply_patch",
        input="*** Begin Patch\n*** Update File: a.py\n-x\n+y\n*** End Patch",
    )
    file.line(
        "event_msg",
        {
            "type": "item_completed",
            "turn_id": "t1",
            "item": {
                "type": "FileChange",
                "id": "call_1",
                "status": "completed",
                "changes": {"a.py": {"type": "update", "unified_diff": "@@\n-x\n+y"}},
            },
        },
        after_ms=100_000,
    )
    file.item(
        "custom_tool_call_output",
        call_id="call_1",
        output="Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess.",
    )
    (finding,) = found(file.ended("t1"), tmp_path)
    assert (finding.words, finding.waited_for) == (
        "waited 1m40s for approval of patch of a.py (+1 −1)",
        "approval",
    )


def test_commands_side_by_side_that_had_to_be_approved(tmp_path: Path) -> None:
    story = Story().begin(approval_policy="on-request")
    story.runs_side_by_side("make", "make docs", took=2, approved=118).thinks().end()
    (finding,) = found(story, tmp_path)
    assert (finding.words, finding.waited_for) == (
        "waited 1m58s for approval of 2 calls side by side",
        "approval",
    )
    assert len(finding.calls) == 2


def test_after_commands_side_by_side_the_model_is_waited_for(tmp_path: Path) -> None:
    (finding,) = found(
        Story().begin().runs_side_by_side("make", "make docs").pause(90).thinks().end(), tmp_path
    )
    assert finding.waited_for == "model"


def test_while_somebody_is_asked_nothing_is_waited_for(tmp_path: Path) -> None:
    question = {"questions": [{"question": "Which one?"}]}
    story = Story().begin().uses("request_user_input", question, '{"answers":{}}', took=500).thinks()
    assert found(story, tmp_path) == []
    story.uses("request_user_input", question, '{"answers":{}}', took=500).pause(90).thinks()
    assert told(story, tmp_path) == [(GAP, "waited 1m30s for the model")]


def test_a_question_that_nobody_answered_explains_all_of_the_silence(tmp_path: Path) -> None:
    story = Story().begin()
    story.call("call_1", "request_user_input", {"questions": [{"question": "Which one?"}]})
    assert found(story.pause(500).event("turn_aborted", turn_id="t1", reason="interrupted"), tmp_path) == []


def test_each_of_several_silences_between_two_steps_is_told(tmp_path: Path) -> None:
    story = Story().begin().runs("make", took=70).pause(80).runs().end()
    assert [finding.waited_for for finding in found(story, tmp_path)] == ["tool", "model"]


def test_many_short_silences_are_none(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(20):
        story.pause(30).runs(f"make {number}", took=29)
    assert found(story.end(), tmp_path) == []


def test_silence_between_turns_is_a_persons_own(tmp_path: Path) -> None:
    assert found(Story().begin().runs().end().pause(9000).begin().runs().end(), tmp_path) == []


def test_a_turn_that_fails_or_is_stopped_after_a_silence_waited_for_the_model(tmp_path: Path) -> None:
    stopped = Story().begin().runs().pause(200).event("turn_aborted", turn_id="t1", reason="interrupted")
    failed = Story().begin().runs().pause(200).ended("t1", None, error={"message": "Internal server error"})
    for story in (stopped, failed):
        assert [finding.waited_for for finding in found(story, tmp_path)] == ["model"]


def test_what_a_turn_waits_for_after_its_answer_is_unknown(tmp_path: Path) -> None:
    (finding,) = found(Story().begin().answered("Done.").pause(200).end(), tmp_path)
    assert finding.waited_for == "unknown"


def test_an_open_turn_has_no_last_silence(tmp_path: Path) -> None:
    story = Story().begin().runs().pause(200)
    assert found(story, tmp_path) == []
    assert found(story.begin("Are you there?").runs().end(), tmp_path) == []


def test_what_was_stopped_while_it_ran_is_what_was_waited_for(tmp_path: Path) -> None:
    story = Story().begin().uses("exec_command", {"cmd": "make all"}, "aborted by user after 90.0s", took=90)
    story.event("turn_aborted", turn_id="t1", reason="interrupted")
    assert told(story, tmp_path) == [(GAP, "waited 1m30s for make all")]


def test_a_call_without_an_answer_explains_nothing(tmp_path: Path) -> None:
    story = Story().begin().call("call_1", "exec_command", {"cmd": "make all"}).pause(200)
    (finding,) = found(story.event("turn_aborted", turn_id="t1", reason="interrupted"), tmp_path)
    assert finding.waited_for == "unknown"


def test_while_a_process_is_left_running_the_model_may_be_waited_for(tmp_path: Path) -> None:
    """Its output's line tells when it gave back control."""
    story = (
        Story().begin().leaves_running("npm run dev", 7, took=10).pause(180).polls(7, code=0).thinks().end()
    )
    session, findings = read_with_hints(story.save(tmp_path))
    assert [finding.words for finding in findings] == ["waited 3m00s for the model"]
    assert [finding.waited_for for finding in without_files(session)] == ["unknown"]


def test_findings_stand_in_the_order_of_the_timeline(tmp_path: Path) -> None:
    story = Story().begin().pause(100).thinks().runs(code=1).runs(code=1).runs(code=1, took=100).end()
    findings = found(story.begin().runs("make", took=100).end(), tmp_path)
    assert [finding.kind for finding in findings] == [GAP, REPEAT, GAP, GAP]
    assert [finding.turn for finding in findings] == [1, 1, 1, 2]


def test_foremost_are_loops_and_then_the_longest_silences(tmp_path: Path) -> None:
    story = Story().begin().pause(100).thinks().pause(300).thinks().pause(200).thinks()
    findings = found(story.runs(code=1).runs(code=1).runs(code=1), tmp_path)
    assert [finding.words for finding in foremost(findings, 3)] == [
        "waited 5m00s for the model",
        "waited 3m20s for the model",
        "sh check.sh failed the same way 3 times (exit 1)",
    ]
    assert foremost(findings, 9) == findings


# -- what is read of the files ----------------------------------------------------------------


def loops_of_all_kinds() -> Story:
    story = Story().begin().runs(code=1).runs(code=1).runs(code=1)
    for old, new in (("1", "2"), ("2", "1"), ("1", "2")):
        story.edits("a.py", f"-limit = {old}", f"+limit = {new}")
    for _ in range(11):
        story.polls()
    return story.runs("make", took=100).end()


def test_without_files_there_is_what_needs_none(tmp_path: Path) -> None:
    session, findings = read_with_hints(loops_of_all_kinds().save(tmp_path))
    assert [finding.kind for finding in findings] == [REPEAT, CHURN, POLLING, GAP]
    assert [finding.kind for finding in without_files(session)] == [POLLING, GAP]


def test_files_that_were_written_anew_tell_nothing_of_what_was_read(tmp_path: Path) -> None:
    story = loops_of_all_kinds()
    path = story.save(tmp_path)
    sources = [file_source(path)]
    session = SessionReader(sources).run()
    for content in (b"", b"x" * len(story.content()), story.content().replace(b':"call_', b':"cell_')):
        path.write_bytes(content)
        with Texts(session, sources) as texts:
            assert [finding.kind for finding in findings_in(session, texts)] == [POLLING, GAP]


def test_a_compressed_session_has_the_same_hints(tmp_path: Path) -> None:
    story = loops_of_all_kinds()
    path = tmp_path / "session.jsonl.gz"
    path.write_bytes(gzip.compress(story.content()))
    assert told(story, tmp_path) == [(one.kind, one.words) for one in read_with_hints(path)[1]]


def test_no_more_is_read_than_is_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trace_tui.deeds._CALLS_READ", 4)
    story = Story().begin()
    for _ in range(9):
        story.runs(code=1)
    assert told(story, tmp_path) == [(REPEAT, "sh check.sh failed the same way 4 times (exit 1)")]


# -- rows -----------------------------------------------------------------------------------


def test_a_row_says_when_which_turn_what_kind_and_the_words_made_safe() -> None:
    finding = Finding(REPEAT, 3, Place(7), "sh \x1b[31mcheck\x07", (), 1_795_178_930_000, None)
    (row,) = finding_rows([finding])
    text = "".join(words for words, _ in row)
    assert text.split()[1:] == ["turn", "3", "repeated", "sh", "check␇"]
    assert text.startswith("12:48:50 ")


def test_a_call_says_what_it_is_part_of_and_where_the_others_stand(tmp_path: Path) -> None:
    story = Story().begin().runs(code=1).runs(code=1).runs("ls").runs(code=1, took=70).end()
    session, findings = read_with_hints(story.save(tmp_path))
    first, _, look, last = session.turns[0].calls()
    told_of_first, told_of_look, told_of_last = (
        hint_blocks_of_call(call, findings, session) for call in (first, look, last)
    )
    repeated = "repeated · sh check.sh failed the same way 3 times (exit 1): lines 5, 7, 11"
    assert told_of_first == [Heading("hint"), Plain(repeated)]
    assert told_of_last == [
        Heading("hint"),
        Plain(f"{repeated}\nwaiting · waited 1m10s for sh check.sh: line 11"),
    ]
    assert told_of_look == []


def test_the_detail_of_a_call_holds_its_hint_before_its_facts(tmp_path: Path) -> None:
    path = Story().begin().runs(code=1).runs(code=1).runs(code=1).end().save(tmp_path)
    session, findings = read_with_hints(path)
    opened = Opened(1, [file_source(path)], session=session, is_whole=True, findings=findings)
    opened.arrange(Choice())
    row = next(row for row in opened.rows() if isinstance(row.item, Call))
    told = document_of_row(opened, row, Relatives(), raw=False, width=100).document.text()
    assert told.index("hint\n") < told.index("repeated · sh check.sh failed") < told.index("facts\n")


def test_of_very_many_calls_the_first_lines_are_named() -> None:
    calls = tuple(_call(line, "sh a") for line in range(2, 42))
    session = Session(files=[SessionFile("a.jsonl"), SessionFile("b.jsonl")])
    finding = Finding(POLLING, 1, Place(2), "asked 40 times", calls, None, None)
    words = hint_words(finding, session)
    assert words == "polling · asked 40 times: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 of file 1 and 30 more"


# -- whatever comes ---------------------------------------------------------------------------


def _call(
    line: int, summary: str, status: CallStatus = CallStatus.OK, tool: Tool = Tool.EXEC, **more: object
) -> Call:
    call = Call(f"call_{line}", "exec_command", tool, Place(line), summary=summary, status=status)
    for name, value in more.items():
        setattr(call, name, value)
    return call


moments = st.none() | st.integers(0, 400_000)
summaries = st.sampled_from(
    ["", "sh a", "ls", "session 5", "patch", "a.py (+3 −1)", "a.py (+1 −3)", "cut…", "cell 1"]
)


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    made: list[Item] = []
    for line in range(2, draw(st.integers(2, 25))):
        if draw(st.booleans()):
            made.append(Note(draw(st.sampled_from(NoteKind)), Place(line), draw(moments), "x"))
            continue
        status, tool = draw(st.sampled_from(CallStatus)), draw(st.sampled_from(Tool))
        times = {name: draw(moments) for name in ("started_at", "ended_at", "duration_ms")}
        made.append(
            _call(line, draw(summaries), status, tool, name=draw(st.sampled_from(["wait", "x"])), **times)
        )
    return made


@given(items(), moments, moments, st.sampled_from(TurnStatus))
def test_whatever_a_turn_holds_the_evidence_is_its_own(
    made: list[Item], started: int | None, ended: int | None, status: TurnStatus
) -> None:
    turn = Turn(1, Place(1), started_at=started, ended_at=ended, status=status, items=made)
    for finding in without_files(Session(turns=[turn])):
        places = [call.place for call in finding.calls]
        assert places == sorted(places)
        assert all(call in turn.calls() for call in finding.calls)
        assert (finding.kind is GAP) == (finding.waited_for is not None)
        assert finding_rows([finding])
        if finding.kind is GAP:
            assert finding.at is not None
            assert finding.until is not None
            assert finding.until - finding.at > 60_000


COMMANDS = [
    ("make", 0, "x"),
    ("make", 0, "y"),
    ("sh check.sh", 1, "x"),
    ("cat a.txt", 0, "x"),
    ("cat b.txt", 0, "x"),
]


@given(st.lists(st.sampled_from([*COMMANDS, None]), max_size=16))
def test_what_is_told_to_be_the_same_was_the_same_and_what_came_thrice_in_a_row_is_told(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str] | None]
) -> None:
    story = Story().begin()
    for step in steps:
        story = story.patches("a.py") if step is None else story.runs(step[0], step[1], prints=step[2])
    session, every = read_with_hints(story.save(tmp_path_factory.getbasetemp()))
    findings = [finding for finding in every if finding.kind in (REPEAT, ALTERNATION)]
    did = dict(zip([call.call_id for call in session.turns[0].calls()], steps, strict=True))
    covered = {call.call_id for finding in findings for call in finding.calls}
    for finding in findings:
        done = [did[call.call_id] for call in finding.calls]
        assert len(done) >= (3 if finding.kind is REPEAT else 4)
        assert len(set(done)) == (1 if finding.kind is REPEAT else 2)
        assert done == (
            done[:1] * len(done) if finding.kind is REPEAT else (done[:2] * len(done))[: len(done)]
        )
        first, last = (list(did).index(call.call_id) for call in (finding.calls[0], finding.calls[-1]))
        assert None not in steps[first : last + 1]
    for at, (one, two, three) in enumerate(zip(steps, steps[1:], steps[2:], strict=False)):
        if one is not None and one == two == three:
            assert set(list(did)[at : at + 3]) <= covered
