"""Loops and stalls are hinted at where they are, and nowhere in ordinary sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import read_file
from tests.reading_sessions import SAMPLES, Truth, read, truths
from tests.stories import WORKER, Story
from trace_tui.findings import Finding, FindingKind, findings_in
from trace_tui.model import Call, CallStatus, Item, Note, NoteKind, Place, Session, Tool, Turn, TurnStatus
from trace_tui.telling.trails import finding_rows

REPEAT, ALTERNATION, CHURN = FindingKind.REPEAT, FindingKind.ALTERNATION, FindingKind.CHURN
POLLING, GAP = FindingKind.POLLING, FindingKind.GAP


def found(story: Story, folder: Path) -> list[Finding]:
    return findings_in(story.read(folder))


def told(story: Story, folder: Path) -> list[tuple[FindingKind, str]]:
    return [(finding.kind, finding.words) for finding in found(story, folder)]


# -- ordinary sessions ---------------------------------------------------------


@pytest.mark.parametrize("truth", list(truths()), ids=str)
def test_nothing_is_hinted_at_in_ordinary_sessions(truth: Truth) -> None:
    assert findings_in(read(truth.paths[0])) == []


def test_nothing_is_hinted_at_in_ordinary_streams() -> None:
    for path in sorted((SAMPLES / "exec-json").glob("*.jsonl")):
        assert findings_in(read_file(path)) == []


# -- the same again -------------------------------------------------------------


def test_a_command_that_fails_the_same_way_three_times_is_told_with_its_calls(tmp_path: Path) -> None:
    story = Story().begin().runs("make").runs(code=1).thinks().runs(code=1).runs("cat a.txt").runs(code=1)
    session = story.end().read(tmp_path)
    (finding,) = findings_in(session)
    checks = [call for call in session.turns[0].calls() if call.summary == "sh check.sh"]
    assert (finding.kind, finding.words) == (REPEAT, "sh check.sh failed the same way 3 times (exit 1)")
    assert (finding.turn, list(finding.calls)) == (session.turns[0].index, checks)
    assert (finding.at, finding.until) == (checks[0].started_at, checks[-1].ended_at)
    assert finding.waited_for is None


@pytest.mark.parametrize(
    "between",
    [
        lambda story: story.patches("a.py"),
        lambda story: story.runs("make"),
        lambda story: story.event("user_message", message="Try once more."),
        lambda story: story.runs(code=2),
        lambda story: story.end().begin("And again?"),
    ],
    ids=["a patch", "another command", "the person", "another outcome", "another turn"],
)
def test_what_stands_between_makes_it_no_repetition(
    between: Callable[[Story], Story], tmp_path: Path
) -> None:
    story = Story().begin().runs(code=1).runs(code=1)
    assert found(between(story).runs(code=1).end(), tmp_path) == []


def test_a_command_that_ends_well_may_be_run_more_often(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(4):
        story.runs("make test")
    assert found(story, tmp_path) == []
    assert told(story.runs("make test"), tmp_path) == [(REPEAT, "make test ended ok 5 times in a row")]


def test_looking_again_and_again_is_nothing(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(9):
        story.runs("git status")
    assert found(story, tmp_path) == []


def test_commands_of_which_only_the_beginning_is_known_are_not_the_same(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(4):
        story.runs(f"python - <<'EOF'\n{'x = 1 # ' * 30}{number}\nEOF", 1)
    assert found(story, tmp_path) == []


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


def test_two_commands_in_turn(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(2):
        story.runs("make").thinks().runs(code=1)
    session = story.end().read(tmp_path)
    (finding,) = findings_in(session)
    assert finding.kind is ALTERNATION
    assert finding.words == "make and sh check.sh in turn, 4 calls with the same results"
    assert list(finding.calls) == session.turns[0].calls()


def test_building_and_testing_twice_is_nothing(tmp_path: Path) -> None:
    story = Story().begin().runs("make").runs("make test").runs("make").runs("make test")
    assert found(story, tmp_path) == []
    assert [kind for kind, _ in told(story.runs("make").runs("make test"), tmp_path)] == [ALTERNATION]


# -- one file again -----------------------------------------------------------------


def test_a_file_patched_again_and_again_while_the_check_fails(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py").runs(code=1).patches("b.py").patches("a.py").runs("rg x", 1)
    story.runs(code=2).patches("a.py", 2).runs()
    session = story.end().read(tmp_path)
    (finding,) = findings_in(session)
    calls = session.turns[0].calls()
    assert (finding.kind, finding.words) == (
        CHURN,
        "a.py patched 3 times, in between sh check.sh failed each time",
    )
    assert list(finding.calls) == [calls[0], calls[1], calls[3], calls[5], calls[6]]


def test_patches_between_which_the_check_passed_are_ordinary_work(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py").runs(code=1).patches("a.py").runs(code=1).runs().patches("a.py")
    assert found(story, tmp_path) == []


def test_a_file_patched_back_and_forth(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py", 3, 1).patches("a.py", 1, 3).patches("b.py", 2, 1)
    story.patches("a.py", 3, 1)
    assert told(story, tmp_path) == [(CHURN, "a.py patched back and forth 3 times")]


def test_of_patches_with_as_many_lines_in_as_out_nobody_can_tell(tmp_path: Path) -> None:
    story = Story().begin()
    for _ in range(5):
        story.patches("a.py", 2, 2)
    assert found(story, tmp_path) == []


def test_lines_of_several_files_together_tell_nothing_of_one(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py", 3, 1, "b.py").patches("a.py", 1, 3, "b.py")
    assert found(story.patches("a.py", 3, 1, "b.py"), tmp_path) == []


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


def test_very_many_questions_in_a_minute_count_whatever_stands_between(tmp_path: Path) -> None:
    story = Story().begin()
    for number in range(21):
        story.polls(every=1).runs(f"tail log-{number}", took=1)
    (finding,) = found(story, tmp_path)
    assert (finding.kind, len(finding.calls)) == (POLLING, 21)


def test_news_between_the_waits_make_them_no_polling(tmp_path: Path) -> None:
    story, silent = Story().begin().spawns(), Story().begin().spawns()
    for _ in range(12):
        story.awaits(WORKER).hears(WORKER, "Done.")
        silent.awaits(WORKER)
    assert found(story, tmp_path) == []
    ((kind, words),) = told(silent, tmp_path)
    assert kind is POLLING
    assert words.startswith("asked 12 times for news of one worker in ")


# -- silences ----------------------------------------------------------------------------


def test_a_long_silence_before_the_models_next_step(tmp_path: Path) -> None:
    session = Story().begin().runs().pause(192).thinks().end().read(tmp_path)
    (finding,) = findings_in(session)
    assert (finding.kind, finding.words, finding.waited_for) == (GAP, "waited 3m12s for the model", "model")
    (call,) = session.turns[0].calls()
    assert (finding.at, finding.calls) == (call.ended_at, (call,))
    assert finding.until is not None
    assert finding.at is not None
    assert finding.until - finding.at == 192_100


def test_a_long_command(tmp_path: Path) -> None:
    session = Story().begin().runs("make all", took=90).thinks().end().read(tmp_path)
    (finding,) = findings_in(session)
    assert (finding.words, finding.waited_for) == ("waited 1m30s for make all", "tool")
    assert finding.calls == tuple(session.turns[0].calls())


def test_a_worker_is_waited_for_by_its_name(tmp_path: Path) -> None:
    (finding,) = found(Story().begin().spawns().awaits(WORKER, took=300).thinks().end(), tmp_path)
    assert (finding.words, finding.waited_for) == ("waited 5m00s for Ada", "worker")


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
    assert finding.waited_for == "approval"


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


def test_a_process_left_running_does_not_explain_a_silence(tmp_path: Path) -> None:
    """When it gave back control is not known, and so neither is what was waited for."""
    start, minute = 1_795_178_930_000, 60_000
    server = _call(2, "npm run dev", started_at=start, ended_at=start + 9 * minute)
    look = _call(3, "curl localhost", started_at=start + 3 * minute, ended_at=start + 3 * minute)
    turn = Turn(1, Place(1), started_at=start, items=[server, look])
    (finding,) = findings_in(Session(turns=[turn]))
    assert (finding.waited_for, finding.until) == ("unknown", look.started_at)


def test_findings_stand_in_the_order_of_the_timeline(tmp_path: Path) -> None:
    story = Story().begin().pause(100).thinks().runs(code=1).runs(code=1).runs(code=1, took=100).end()
    story.begin().runs("make", took=100).end()
    session = story.read(tmp_path)
    findings = findings_in(session)
    assert [finding.kind for finding in findings] == [GAP, REPEAT, GAP, GAP]
    assert [finding.turn for finding in findings] == [1, 1, 1, 2]


# -- rows -----------------------------------------------------------------------------------


def test_a_row_says_when_which_turn_what_kind_and_the_words_made_safe() -> None:
    finding = Finding(REPEAT, 3, "sh \x1b[31mcheck\x07", (), 1_795_178_930_000, None)
    (row,) = finding_rows([finding])
    text = "".join(words for words, _ in row)
    assert text.split()[1:] == ["turn", "3", "repeated", "sh", "check␇"]
    assert text.startswith("12:48:50 ")


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
    for finding in findings_in(Session(turns=[turn])):
        places = [call.place for call in finding.calls]
        assert places == sorted(places)
        assert all(call in turn.calls() for call in finding.calls)
        assert (finding.kind is GAP) == (finding.waited_for is not None)
        assert finding_rows([finding])
        if finding.kind is GAP:
            assert finding.at is not None
            assert finding.until is not None
            assert finding.until - finding.at > 60_000
