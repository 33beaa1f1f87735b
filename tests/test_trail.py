"""Why something failed is told by what went well before, what was patched since, and what was done next."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.reading_sessions import SAMPLES, call_named, calls_of, read, sample, truths
from tests.stories import WORKER, Story
from trace_tui.model import (
    Call,
    CallStatus,
    Child,
    Item,
    Note,
    NoteKind,
    Place,
    Relation,
    Session,
    Tool,
    Turn,
    TurnStatus,
)
from trace_tui.telling.rows import workers_of
from trace_tui.telling.trails import trail_blocks
from trace_tui.trail import Told, Trail, notice_of, told_of_worker, trail_of
from trace_tui.widgets.blocks import Block, Folded, Heading, Rows
from trace_tui.wording.cast import NOBODY


def words(blocks: list[Block]) -> list[str]:
    """The lines that a reader would see."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Heading):
            lines.append(f"# {block.words}")
        else:
            assert isinstance(block, Rows | Folded)
            if isinstance(block, Rows):
                lines += [" ".join("".join(text for text, _ in line).split()) for line in block.lines]
    return lines


def trail_in(session: Session, call: Call) -> Trail:
    turn = next(turn for turn in session.turns if call in turn.calls())
    return trail_of(turn, call, session)


def last_failure(story: Story, folder: Path) -> tuple[Session, Trail]:
    session = story.read(folder)
    failing = [call for call in calls_of(session) if call.status.is_failure][-1]
    return session, trail_in(session, failing)


# -- the failing call ------------------------------------------------------------


def test_of_real_commands_that_never_passed_only_what_was_done_next_is_told() -> None:
    session = read(sample("b_exec"))
    check = call_named(session, "sh check.sh")
    trail = trail_in(session, check)
    assert (trail.failing, trail.last_passing, trail.between) == (check, None, ())
    assert [step.summary for step in trail.next_steps if isinstance(step, Call)] == [
        "frobnicate --version",
        "timeout 1 sleep 20",
        "echo start; sleep 2; echo end; exit 4",
    ]


def test_polls_of_a_process_that_fails_later_are_no_answer_to_it() -> None:
    session = read(sample("b_exec"))
    trail = trail_in(session, call_named(session, "echo start; sleep 2"))
    first = trail.next_steps[0]
    assert isinstance(first, Call)
    assert first.summary.startswith("read -p")


def test_a_real_patch_that_does_not_apply_any_more_leads_to_the_one_that_did() -> None:
    session = read(sample("c_patch"))
    applied, refused = (call for call in calls_of(session) if call.summary == "app/totals.sh (+1 −1)")
    trail = trail_in(session, refused)
    assert (trail.last_passing, trail.between) == (applied, ())
    assert len(trail.next_steps) == 3


def test_a_failed_turn_failed_with_its_last_failed_call() -> None:
    first, last = _call(2, CallStatus.FAILED), _call(3, CallStatus.FAILED)
    good = _call(4)
    turn = Turn(1, Place(1), status=TurnStatus.FAILED, items=[first, last, good])
    assert trail_of(turn, None, Session(turns=[turn])).failing is last
    turn.status = TurnStatus.COMPLETED
    assert trail_of(turn, None, Session(turns=[turn])).failing is None


def test_a_real_turn_that_failed_without_a_call_tells_its_error() -> None:
    doomed = next(path for path in _threads("f_agents_v1") if read(path).failed_turns())
    session = read(doomed)
    (turn,) = session.failed_turns()
    trail = trail_of(turn, None, session)
    assert trail.failing is None
    assert "This worker may not run." in (trail.error or "")
    assert trail_blocks(trail, NOBODY) == []


# -- what went well before -----------------------------------------------------------


def test_the_patches_since_the_check_last_passed_are_told_across_turns(tmp_path: Path) -> None:
    story = Story().begin().patches("z.py").runs().runs("make").end()
    story.begin().patches("a.py").patches("b.py", applies=False).runs("make").patches("c.py", 2, 0).runs(
        code=1
    )
    session, trail = last_failure(story.answered("It fails.").runs().end(), tmp_path)
    assert trail.last_passing is calls_of(session)[1]
    assert [call.summary for call in trail.between] == ["a.py (+1 −1)", "c.py (+2 −0)"]
    message, again = trail.next_steps
    assert isinstance(message, Note)
    assert message.text == "It fails."
    assert again is calls_of(session)[-1]


def test_a_folder_before_the_command_makes_no_difference(tmp_path: Path) -> None:
    story = Story().begin().runs("cd /home/dev/work && sh check.sh").runs("cd 'a b'; sh check.sh", 1)
    session, trail = last_failure(story.end(), tmp_path)
    assert trail.last_passing is calls_of(session)[0]


def test_a_command_that_only_begins_alike_is_another(tmp_path: Path) -> None:
    session, trail = last_failure(Story().begin().runs("sh check.sh -q").runs(code=1).end(), tmp_path)
    assert trail.last_passing is None
    long = "python - <<'EOF'\n" + "x = 1\n" * 60
    session, trail = last_failure(Story().begin().runs(long).runs(long + "fail()", 1).end(), tmp_path)
    assert calls_of(session)[0].summary == calls_of(session)[1].summary
    assert trail.last_passing is None


def test_patches_typed_into_a_shell_count_as_patches(tmp_path: Path) -> None:
    patch = "*** Begin Patch\n*** Update File: a.py\n@@\n-x\n+y\n*** End Patch"
    typed = f"cd src && apply_patch <<'EOF'\n{patch}\nEOF"
    session, trail = last_failure(Story().begin().runs().runs(typed).runs(code=1).end(), tmp_path)
    assert list(trail.between) == [calls_of(session)[1]]
    session, trail = last_failure(Story().begin().runs(typed).patches("a.py", applies=False).end(), tmp_path)
    assert trail.last_passing is calls_of(session)[0]


def test_calls_of_a_script_are_steps_and_not_the_script() -> None:
    session = read(sample("b_exec_code"))
    trail = trail_in(session, call_named(session, "sh check.sh"))
    assert [step.summary for step in trail.next_steps if isinstance(step, Call)][:2] == [
        "echo quick",
        "frobnicate",
    ]


# -- what the parent heard -------------------------------------------------------------


def _threads(scenario: str) -> list[Path]:
    return [truth.paths[0] for truth in truths() if truth.facts["scenario"] == scenario]


def _child(parent: Session, name: str) -> str:
    return next(child.id for child in parent.children if child.name == name)


def _said(items: tuple[Item, ...]) -> list[str]:
    return [f"{item.name} {item.summary}".strip() if isinstance(item, Call) else item.text for item in items]


def test_a_parent_hears_of_its_worker_by_waits_and_notices() -> None:
    parent = read(sample("f_agents_v1"))
    worker = _child(parent, "Lorentz")
    told = told_of_worker(parent, worker)
    wait, notice = told.heard
    assert isinstance(wait, Call)
    assert wait.reason == "the worker failed"
    assert isinstance(notice, Note)
    assert notice.text.startswith("<subagent_notification>")
    assert [said.split()[0] for said in _said(told.did_next)] == ["close_agent"] * 3


def test_a_parent_hears_of_its_worker_by_mail() -> None:
    parent = read(sample("f_agents_v2"))
    told = told_of_worker(parent, _child(parent, "/root/doomed"))
    assert [said[:14] for said in _said(told.heard)] == ["Agent errored:"]
    assert _said(told.did_next)[0] == "wait_agent"
    told = told_of_worker(parent, _child(parent, "/root/counter"))
    assert _said(told.heard) == [
        "/root/counter completed",
        "There are 3 files.",
        "/root/counter completed",
        "There are 14 lines.",
    ]


def test_in_older_sessions_the_waits_are_all_that_tells_of_a_worker() -> None:
    home = SAMPLES / "eras" / "0.104.0"
    sessions = [read(path) for path in _threads("era_agents") if path.is_relative_to(home)]
    parent = next(session for session in sessions if session.children)
    failed = next(session for session in sessions if session.id != parent.id and session.failed_calls())
    assert failed.id is not None
    told = told_of_worker(parent, failed.id)
    assert [said.split()[0] for said in _said(told.heard)] == ["wait", "wait"]
    assert [said.split()[0] for said in _said(told.did_next)] == ["close_agent", "close_agent", "Both"]
    trail = trail_of(failed.turns[0], failed.failed_calls()[0], failed, parent)
    assert trail.told_parent == told


def test_nothing_is_heard_of_strangers() -> None:
    assert told_of_worker(read(sample("f_agents_v1")), "01a1f900-dead") == Told((), ())


def test_a_long_notice_is_read_as_far_as_it_is_known() -> None:
    """Wherever it is cut: also inside an escape."""
    whole = (
        f'<subagent_notification>\n{{"agent_path":"{WORKER}","status":{{"errored":"' + r"\\\"\u00e4\n" * 50
    )
    child = Child(WORKER, "call_1", Relation.WORKER)
    for length in range(300, 420):
        note = Note(NoteKind.AGENT_MESSAGE, Place(2), text=whole[:length], cut=True)
        notice = notice_of(note)
        assert notice is not None, whole[:length]
        assert (notice.worker, notice.state) == (WORKER, "errored")
        assert notice.words.startswith('\\"ä\n\\"ä\n')
        parent = Session(children=[child], turns=[Turn(1, Place(1), items=[note])])
        assert told_of_worker(parent, WORKER).heard == (note,)


# -- as blocks -----------------------------------------------------------------------------


def test_the_blocks_say_what_failed_what_passed_what_changed_and_what_came_next(tmp_path: Path) -> None:
    story = Story().begin().runs().patches("a.py").runs(code=1).answered("Hm.").end()
    _, trail = last_failure(story, tmp_path)
    assert words(trail_blocks(trail, NOBODY)) == [
        "# why",
        "failed line 9 ✗ run 100 ms exit 1 sh check.sh",
        "last ok line 5 ✓ run 100 ms sh check.sh",
        "patched line 7 ✓ patch 0 ms a.py (+1 −1)",
        "then line 11 · says Hm.",
    ]


def test_without_a_patch_in_between_that_is_said(tmp_path: Path) -> None:
    _, trail = last_failure(Story().begin().runs().runs(code=1).end(), tmp_path)
    assert "patched no patch was applied in between" in words(trail_blocks(trail, NOBODY))


def test_many_patches_in_between_are_counted(tmp_path: Path) -> None:
    story = Story().begin().runs()
    for number in range(9):
        story.patches(f"{number}.py")
    _, trail = last_failure(story.runs(code=1).end(), tmp_path)
    shown = words(trail_blocks(trail, NOBODY))
    assert "patched 3 earlier patches and" in shown
    assert shown[-1].endswith("8.py (+1 −1)")


def test_a_command_that_never_passed_is_said_to_be_one() -> None:
    session = read(sample("b_exec"))
    shown = words(trail_blocks(trail_in(session, call_named(session, "sh check.sh")), NOBODY))
    assert "last ok it never ended ok before in this session" in shown


def test_the_blocks_name_the_workers_of_whom_the_parent_heard() -> None:
    parent = read(sample("f_agents_v1"))
    worker = next(
        read(path) for path in _threads("f_agents_v1") if read(path).id == _child(parent, "Lorentz")
    )
    trail = trail_of(worker.turns[0], None, worker, parent)
    shown = words(trail_blocks(trail, workers_of(parent)))
    assert shown[0] == "# told its parent"
    assert shown[1].endswith("the worker failed Lorentz: This worker may not run.")
    assert "mail Lorentz errored: " in shown[2]
    assert shown[3].startswith("then line ")


def test_words_of_others_are_made_safe() -> None:
    mail = Note(NoteKind.AGENT_MESSAGE, Place(2), text="\x1b[31mred\x07", author="/root/\x07a")
    trail = Trail(None, "bad\x07", None, (), (), Told((mail,), (mail,)))
    assert all(line.isprintable() for line in words(trail_blocks(trail, NOBODY)))


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
    session = Session(id=WORKER, turns=made)
    calls = calls_of(session)
    call = data.draw(st.none() | st.sampled_from(calls)) if calls else None
    turn = made[1] if call in made[1].items else made[0]
    trail = trail_of(turn, call, session, session)
    trail_blocks(trail, NOBODY)
    if trail.failing is None or trail.last_passing is None:
        assert trail.between == ()
        return
    last, failing = calls.index(trail.last_passing), calls.index(trail.failing)
    assert last < failing
    assert all(last < calls.index(patch) < failing for patch in trail.between)
    assert all(turn.items.index(step) > turn.items.index(trail.failing) for step in trail.next_steps)
