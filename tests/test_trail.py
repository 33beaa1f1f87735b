"""Why something failed is told by what went well before, what was patched since, and what was done next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import Rollout
from tests.reading_sessions import call_named, calls_of, readable, sample
from tests.stories import WORKER, Story
from trace_tui.model import Call, CallStatus, Note, NoteKind, Place, Session, Tool, Turn, TurnStatus
from trace_tui.parsers.events import CallMade, Event
from trace_tui.past import Past
from trace_tui.same_work import Step, first_passing
from trace_tui.telling.trails import why_call, why_turn, why_worker
from trace_tui.texts import Readable, Texts
from trace_tui.trail import Elsewhere, Trail, failing_of, has_failed, trail_of
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows
from trace_tui.wording.cast import NOBODY


def words(blocks: list[Block]) -> list[str]:
    """The lines that a reader would see."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Heading):
            lines.append(f"# {block.words}")
        elif isinstance(block, Plain):
            lines.append(block.text)
        else:
            assert isinstance(block, Rows)
            lines += [" ".join("".join(text for text, _ in line).split()) for line in block.lines]
    return lines


def trail_in(own: Readable, call: Call, *others: Readable) -> Trail:
    turn = next(turn for turn in own.session.turns if call in turn.calls())
    return trail_of(turn, call, Past(own), [Past(other) for other in others])


def last_failure(session: Session) -> Call:
    return [call for call in calls_of(session) if call.status.is_failure][-1]


@contextmanager
def trail_to(story: Rollout, folder: Path) -> Iterator[tuple[list[Call], Trail]]:
    """All calls of a story, and what led to the last that failed."""
    with readable(story.save(folder)) as own:
        yield calls_of(own.session), trail_in(own, last_failure(own.session))


class Unwritten(Texts):
    """Of calls that stand in no file: each was given its summary."""

    def __init__(self, session: Session) -> None:
        self._calls = {call.place: call for turn in session.turns for call in turn.calls()}

    def raw(self, place: Place) -> bytes:
        return str(place).encode()

    def read(self, raw: bytes) -> Event:
        call = self._calls[Place(int(raw))]
        name = "cmd" if call.tool is Tool.EXEC else "asked"
        return CallMade(name=call.name, call_id=call.call_id, arguments={name: call.summary})


def unwritten(*turns: Turn) -> Readable:
    session = Session(id=WORKER, turns=list(turns))
    return Readable(session, Unwritten(session))


# -- the failing call ------------------------------------------------------------


def test_of_real_commands_that_never_passed_only_what_was_done_next_is_told() -> None:
    with readable(sample("b_exec")) as own:
        check = call_named(own.session, "sh check.sh")
        trail = trail_in(own, check)
    assert (trail.failing, trail.last_passing, trail.between) == (check, None, ())
    assert [step.summary for step in trail.next_steps if isinstance(step, Call)] == [
        "frobnicate --version",
        "timeout 1 sleep 20",
        "echo start; sleep 2; echo end; exit 4",
    ]


def test_polls_of_a_process_that_fails_later_are_no_answer_to_it() -> None:
    with readable(sample("b_exec")) as own:
        trail = trail_in(own, call_named(own.session, "echo start; sleep 2"))
    first = trail.next_steps[0]
    assert isinstance(first, Call)
    assert first.summary.startswith("read -p")


def test_a_real_patch_that_does_not_apply_any_more_leads_to_the_one_that_did() -> None:
    with readable(sample("c_patch")) as own:
        applied, refused = (call for call in calls_of(own.session) if call.summary == "app/totals.sh (+1 −1)")
        trail = trail_in(own, refused)
    assert (trail.last_passing, trail.between) == (applied, ())
    assert len(trail.next_steps) == 3


def test_a_failed_turn_failed_with_its_last_failed_call_that_was_not_mended() -> None:
    first, last = _call(2, CallStatus.FAILED), _call(3, CallStatus.FAILED)
    mended = [_call(4, CallStatus.FAILED, "sh b"), _call(5, summary="sh b")]
    turn = Turn(1, Place(1), status=TurnStatus.FAILED, items=[first, last, *mended])
    assert failing_of(turn, Past(unwritten(turn))) is last
    turn.items.append(_call(6))
    assert failing_of(turn, Past(unwritten(turn))) is None


def test_a_turn_that_went_on_failed_with_what_was_never_mended() -> None:
    checks = _call(2, CallStatus.FAILED), _call(3, CallStatus.FAILED, "sh b"), _call(4)
    turn = Turn(1, Place(1), status=TurnStatus.COMPLETED, items=[*checks])
    own = unwritten(turn)
    assert failing_of(turn, Past(own)) is checks[1]
    assert has_failed(turn, Past(own))
    turn.items.append(_call(5, summary="sh b"))
    own = unwritten(turn)
    assert failing_of(turn, Past(own)) is None
    assert not has_failed(turn, Past(own))


def test_a_turn_that_was_cut_short_is_told_by_what_it_was_at() -> None:
    at = _call(3, CallStatus.ABORTED, "sleep 25")
    turn = Turn(1, Place(1), status=TurnStatus.ABORTED, items=[_call(2, CallStatus.FAILED), at, _call(4)])
    own = unwritten(turn)
    assert failing_of(turn, Past(own)) is at
    assert has_failed(turn, Past(own))
    assert words(why_turn(trail_of(turn, None, Past(own)), NOBODY))[1].startswith(
        "was at line 3 ■ run aborted sleep 25"
    )


def test_a_real_turn_that_failed_without_a_call_tells_its_error() -> None:
    with readable(sample("f_agents_v1", 4)) as own:
        (turn,) = own.session.failed_turns()
        trail = trail_of(turn, None, Past(own))
    assert trail.failing is None
    assert "This worker may not run." in (trail.error or "")
    assert why_turn(trail, NOBODY) == []
    assert words(why_worker("Lorentz", turn, trail, NOBODY)) == [
        "# why Lorentz failed",
        "This worker may not run.",
        "turn 1 ✗ failed",
    ]


# -- what went well before -----------------------------------------------------------


def test_the_patches_since_the_check_last_passed_are_told_across_turns(tmp_path: Path) -> None:
    story = Story().begin().patches("z.py").runs().runs("make").end()
    story.begin().patches("a.py").patches("b.py", applies=False).runs("make").patches("c.py", 2, 0).runs(
        code=1
    )
    with trail_to(story.answered("It fails.").runs().end(), tmp_path) as (calls, trail):
        assert trail.last_passing is calls[1]
        assert [call.summary for call in trail.between] == ["a.py (+1 −1)", "c.py (+2 −0)"]
        message, again = trail.next_steps
        assert isinstance(message, Note)
        assert message.text == "It fails."
        assert again is calls[-1]


SAME = [
    ("sh check.sh", "cd /home/dev/work && sh check.sh"),
    ("cd src; sh check.sh", "cd /home/dev/work/src && sh check.sh"),
    ("cd 'a b' && cd c && make", 'cd "a b/c" && make'),
    ("sh check.sh", "bash -lc 'cd /home/dev/work && sh check.sh'"),
    ("pytest -q", "timeout -k 5 60s pytest -q 2>&1"),
    ("time make test", "nice -n 10 timeout 5m make test"),
    ("make\nmake test", "cd .\nmake\nmake test"),
]
OTHER = [
    ("cd web && npm test", "cd api && npm test"),
    ("npm test", "cd api && npm test"),
    ("sh check.sh -q", "sh check.sh"),
    ("sh check.sh || true", "sh check.sh"),
    ("bash -lc 'sh check.sh' || true", "sh check.sh"),
    ("pytest | tail", "pytest"),
    ("CI=1 make", "make"),
]


@pytest.mark.parametrize(("passed", "failed"), SAME)
def test_what_stands_around_a_command_makes_no_difference(passed: str, failed: str, tmp_path: Path) -> None:
    story = Story().begin(cwd="/home/dev/work").runs(passed).runs(failed, 1)
    with trail_to(story.end(), tmp_path) as (calls, trail):
        assert trail.last_passing is calls[0]


@pytest.mark.parametrize(("passed", "failed"), OTHER)
def test_a_command_that_is_only_alike_is_another(passed: str, failed: str, tmp_path: Path) -> None:
    story = Story().begin(cwd="/home/dev/work").runs(passed).runs(failed, 1)
    with trail_to(story.end(), tmp_path) as (_, trail):
        assert trail.last_passing is None


def test_the_same_command_in_a_folder_that_its_arguments_name_is_another(tmp_path: Path) -> None:
    def ran(story: Story, call: str, folder: str, code: int) -> Story:
        story.call(call, arguments={"cmd": "npm test", "workdir": folder})
        story.output(call, f"Process exited with code {code}\nOutput:\nx")
        return story

    story = ran(Story().begin(cwd="/w"), "call_a", "/w/web", 0)
    with trail_to(ran(story, "call_b", "api", 1), tmp_path) as (_, trail):
        assert trail.last_passing is None
    with trail_to(ran(story, "call_c", "web", 1), tmp_path) as (calls, trail):
        assert trail.last_passing is calls[0]


def test_long_commands_are_compared_to_their_ends(tmp_path: Path) -> None:
    long = "python - <<'EOF'\n" + "x = 1\n" * 60
    with trail_to(Story().begin().runs(long).runs(long + "fail()", 1).end(), tmp_path) as (calls, trail):
        assert calls[0].summary == calls[1].summary
        assert trail.last_passing is None
    with trail_to(Story().begin().runs(long).runs(long, 1).end(), tmp_path) as (calls, trail):
        assert trail.last_passing is calls[0]


def asked_tracker(story: Story, call: str, good: bool, **arguments: Any) -> Story:
    story.call(call, "lookup", arguments, namespace="mcp__tracker")
    result = {"Ok": {"content": [{"type": "text", "text": "x"}], "isError": not good}}
    invocation = {"server": "tracker", "tool": "lookup", "arguments": arguments}
    story.event("mcp_tool_call_end", call_id=call, invocation=invocation, result=result)
    story.output(call, "x")
    return story


def test_a_tool_did_the_same_where_all_of_its_arguments_were_the_same(tmp_path: Path) -> None:
    story = asked_tracker(Story().begin(), "call_a", True, key="T-1", field="state")
    asked_tracker(story, "call_b", True, key="T-1", field="owner")
    with trail_to(asked_tracker(story, "call_c", False, field="state", key="T-1"), tmp_path) as (
        calls,
        trail,
    ):
        assert {call.summary for call in calls} == {"T-1"}
        assert trail.last_passing is calls[0]
    with trail_to(asked_tracker(story, "call_d", False, key="T-1"), tmp_path) as (_, trail):
        assert trail.last_passing is None
        assert "last ok it never ended ok before in this session" in words(why_call(trail, NOBODY))


def test_patches_typed_into_a_shell_count_as_patches(tmp_path: Path) -> None:
    patch = "*** Begin Patch\n*** Update File: a.py\n@@\n-x\n+y\n*** End Patch"
    typed = f"cd src && apply_patch <<'EOF'\n{patch}\nEOF"
    with trail_to(Story().begin().runs().runs(typed).runs(code=1).end(), tmp_path) as (calls, trail):
        assert list(trail.between) == [calls[1]]
    story = Story().begin().runs(typed).patches("a.py", applies=False).end()
    with trail_to(story, tmp_path) as (calls, trail):
        assert trail.last_passing is calls[0]


def test_a_patch_is_followed_to_the_last_one_that_shares_a_file_with_it(tmp_path: Path) -> None:
    story = Story().begin().patches("a.py", 1, 1, "b.py").patches("c.py").patches("src/b.py")
    with trail_to(story.patches("b.py", applies=False).end(), tmp_path) as (calls, trail):
        assert trail.last_passing is calls[0]
        assert trail.between == (calls[1], calls[2])


def test_calls_of_a_script_are_steps_and_not_the_script() -> None:
    with readable(sample("b_exec_code")) as own:
        trail = trail_in(own, call_named(own.session, "sh check.sh"))
    assert [step.summary for step in trail.next_steps if isinstance(step, Call)][:2] == [
        "echo quick",
        "frobnicate",
    ]


def test_what_passed_inside_a_script_counts(tmp_path: Path) -> None:
    lines = sample("b_exec_code").read_bytes().splitlines(keepends=True)
    failing = next(line for line in lines if b'"sh check.sh"' in line and b'"status":"failed"' in line)
    later = failing.replace(b"exec-3243", b"exec-0000").replace(b"1795178936189", b"1795178939900")
    path = tmp_path / "session.jsonl"
    path.write_bytes(b"".join(lines[:61]) + later)
    with readable(path) as own:
        trail = trail_in(own, last_failure(own.session))
        assert trail.last_passing is not None
        assert trail.last_passing.parent_call_id is not None
        assert trail.last_passing.summary == "sh check.sh"


def test_what_was_undone_later_counts_only_for_what_was_undone_with_it(tmp_path: Path) -> None:
    story = Story().begin().runs().end().begin().runs("make").runs("make", 1).end()
    with trail_to(story, tmp_path) as (calls, trail):
        assert trail.last_passing is calls[1]
    story.event("thread_rolled_back", num_turns=1).begin().patches("a.py").runs("make", 1)
    with trail_to(story, tmp_path) as (calls, trail):
        assert trail.last_passing is None
    with trail_to(story.runs(code=1), tmp_path) as (calls, trail):
        assert trail.last_passing is calls[0]
        assert [call.summary for call in trail.between] == ["a.py (+1 −1)"]


def test_where_it_never_passed_in_its_session_the_last_of_another_agent_is_told(tmp_path: Path) -> None:
    parent = Story().begin().runs().pause(1).patches("a.py").end()
    late = Story().begin().pause(60).runs().end()
    failing = Story().begin().pause(20).runs(code=1).end()
    with (
        readable(parent.save(tmp_path, "parent.jsonl")) as other,
        readable(late.save(tmp_path, "late.jsonl")) as later,
        readable(failing.save(tmp_path, "failing.jsonl")) as own,
    ):
        trail = trail_in(own, last_failure(own.session), later, other)
        assert trail.elsewhere == Elsewhere(other.session, calls_of(other.session)[0])
        assert trail.last_passing is None
        assert words(why_call(trail, NOBODY)) == [
            "# why",
            "last ok never before in this session, but at 12:00:00 in Please fix it.:",
            "line 5 ✓ run sh check.sh",
        ]


# -- as blocks -----------------------------------------------------------------------------


def test_the_blocks_say_what_failed_what_passed_what_changed_and_what_came_next(tmp_path: Path) -> None:
    story = Story().begin().runs().patches("a.py").runs(code=1).answered("Hm.").end()
    with trail_to(story, tmp_path) as (_, trail):
        assert words(why_turn(trail, NOBODY)) == [
            "# why",
            "failed line 9 ✗ run exit 1 sh check.sh",
            "last ok line 5 ✓ run sh check.sh",
            "patched line 7 ✓ patch a.py (+1 −1)",
            "then line 11 · says Hm.",
        ]
        assert (
            words(why_call(trail, NOBODY))
            == words(why_turn(trail._replace(), NOBODY))[:1] + words(why_turn(trail, NOBODY))[2:]
        )


def test_without_a_patch_in_between_that_is_said(tmp_path: Path) -> None:
    with trail_to(Story().begin().runs().runs(code=1).end(), tmp_path) as (_, trail):
        assert "patched no patch was applied in between" in words(why_call(trail, NOBODY))


def test_many_patches_in_between_are_counted(tmp_path: Path) -> None:
    story = Story().begin().runs()
    for number in range(9):
        story.patches(f"{number}.py")
    with trail_to(story.runs(code=1).end(), tmp_path) as (_, trail):
        shown = words(why_call(trail, NOBODY))
    assert "patched 3 earlier patches and" in shown
    assert shown[-1].endswith("8.py (+1 −1)")


def test_a_command_that_never_passed_is_said_to_be_one() -> None:
    with readable(sample("b_exec")) as own:
        shown = words(why_call(trail_in(own, call_named(own.session, "sh check.sh")), NOBODY))
    assert "last ok it never ended ok before in this session" in shown


def test_words_of_others_are_made_safe() -> None:
    note = Note(NoteKind.MESSAGE, Place(2), text="\x1b[31mred\x07")
    bad = _call(1, CallStatus.FAILED, "sh \x07")
    other = Session(name="\x1b[31mred\x07")
    trail = Trail(bad, "bad\x07", None, (), (note,), Elsewhere(other, bad))
    assert all(line.isprintable() for line in words(why_turn(trail, NOBODY)))


# -- whatever comes --------------------------------------------------------------------------


def _call(
    line: int, status: CallStatus = CallStatus.OK, summary: str = "sh a", tool: Tool = Tool.EXEC
) -> Call:
    return Call(f"call_{line}", "exec_command", tool, Place(line), summary=summary, status=status)


moments = st.none() | st.integers(0, 1000)
summaries = st.sampled_from(["", "sh a", "cd x && sh a", "a.py (+1 −1)", "patch", "cut…", "apply_patch x"])


@st.composite
def turns(draw: st.DrawFn) -> list[Turn]:
    made = [Turn(1, Place(1), status=draw(st.sampled_from(TurnStatus))), Turn(2, Place(500))]
    for line in range(2, draw(st.integers(3, 25))):
        turn = made[draw(st.integers(0, 1))]
        if draw(st.booleans()):
            kind = draw(st.sampled_from(NoteKind))
            turn.items.append(Note(kind, Place(line), draw(moments), "x", draw(st.booleans())))
            continue
        tool = draw(st.sampled_from([Tool.EXEC, Tool.PATCH, Tool.MCP, Tool.CODE]))
        call = _call(line, draw(st.sampled_from(CallStatus)), draw(summaries), tool)
        call.started_at, call.ended_at = draw(moments), draw(moments)
        turn.items.append(call)
    return made


@given(turns(), st.data())
def test_what_passed_stands_before_the_failure_and_the_patches_between(
    made: list[Turn], data: st.DataObject
) -> None:
    own = unwritten(*made)
    calls = calls_of(own.session)
    call = data.draw(st.none() | st.sampled_from(calls)) if calls else None
    turn = made[1] if call in made[1].items else made[0]
    trail = trail_of(turn, call, Past(own), [Past(own)])
    why_worker("Ada", turn, trail, NOBODY)
    if trail.failing is None or trail.last_passing is None:
        assert trail.between == ()
        return
    last, failing = calls.index(trail.last_passing), calls.index(trail.failing)
    assert last < failing
    assert all(last < calls.index(patch) < failing for patch in trail.between)
    assert all(turn.items.index(step) > turn.items.index(trail.failing) for step in trail.next_steps)


wrapped = st.tuples(
    st.sampled_from(["", "cd x && ", "cd y\n", "time ", "timeout -k 5 9 ", "FOO=1 "]),
    st.sampled_from(["sh a", "make", "make test", "sh " + "long " * 50, "sh " + "long " * 50 + "other", ""]),
    st.sampled_from(["", " 2>&1", " "]),
)


@given(st.lists(st.tuples(wrapped, st.sampled_from([CallStatus.OK, CallStatus.FAILED])), max_size=8))
def test_looking_up_finds_what_looking_at_all_calls_would_find(
    made: list[tuple[tuple[str, str, str], CallStatus]],
) -> None:
    turn = Turn(1, Place(1))
    for line, (words, status) in enumerate(made, 2):
        typed = " ".join("".join(words).split())
        turn.items.append(_call(line, status, typed[:159] + "…" if len(typed) > 160 else typed))
    own = unwritten(turn)
    calls = calls_of(own.session)
    asked_often = Past(own)
    for at, call in enumerate(calls):
        all_before = [Step(turn, one) for one in reversed(calls[:at]) if one.status is CallStatus.OK]
        found = first_passing(Step(turn, call), all_before, own, own)
        passed = None if found is None else found.call
        once, often = (trail_of(turn, call, past) for past in (Past(own), asked_often))
        assert once == often
        assert once.last_passing is passed


def test_no_command_takes_long_to_be_compared(tmp_path: Path) -> None:
    """Options of timeout may be read in two ways each, and thousands of them take no time all the same."""
    tricky = "timeout " + "-k 5 " * 2_000 + "x"
    with trail_to(Story().begin().runs(tricky).runs(tricky, 1).end(), tmp_path) as (calls, trail):
        assert trail.last_passing is calls[0]
