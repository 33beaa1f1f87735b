"""What a parent was told of a turn of its worker, in all versions, and what it did when it had heard it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.building import Rollout
from tests.library import Story, id_of, worker
from tests.reading_sessions import SAMPLES, calls_of, readable, truths
from trace_tui.heard import Heard, Hearing, Told, turns_meant
from trace_tui.model import Call, Child, Item, Note, NoteKind, Place, Relation, Session, Turn, TurnStatus
from trace_tui.naming import notice_of
from trace_tui.telling.trails import told_parent
from trace_tui.texts import Readable
from trace_tui.ties import ties_of_sessions
from trace_tui.widgets.blocks import Block, Heading, Plain, Rows
from trace_tui.wording.cast import NOBODY, Cast

WORKER = id_of(2)


def family(scenario: str, home: Path = SAMPLES) -> list[Path]:
    """The files of a scenario's threads."""
    return [truth.paths[0] for truth in truths() if (truth.facts["scenario"], truth.home) == (scenario, home)]


@contextmanager
def parent_and(worker_name: str, paths: list[Path]) -> Iterator[tuple[Readable, Readable]]:
    """A parent among these files, and its worker of that name; without one, that in which a call failed."""
    with ExitStack() as stack:
        every = [stack.enter_context(readable(path)) for path in paths]
        parent = next(one for one in every if one.session.children)
        ids = {child.id for child in parent.session.children if child.name == worker_name}
        for one in every:
            failed_one = not worker_name and one is not parent and one.session.failed_calls()
            if one.session.id in ids or failed_one:
                yield parent, one
                return
        raise AssertionError(f"no worker {worker_name}")


def told(parent: Readable, own: Readable, turn: int = 1) -> Told:
    return Hearing(parent, own.session).of(own.session.turns[turn - 1])


def said(items: tuple[Item, ...]) -> list[str]:
    return [f"{item.name} {item.summary}".strip() if isinstance(item, Call) else item.text for item in items]


def heard(told: Told) -> list[str]:
    """How it was heard, and what was."""
    return [
        item.text
        if notice is None and isinstance(item, Note)
        else f"{_name(item)}: {notice and notice.state}"
        for item, notice in told.heard
    ]


def _name(item: Item) -> str:
    return item.name if isinstance(item, Call) else item.kind


# -- real ones -------------------------------------------------------------------


def test_a_parent_hears_of_its_worker_by_waits_and_notices() -> None:
    with parent_and("Lorentz", family("f_agents_v1")) as (parent, own):
        wait, notice = told(parent, own).heard
        after = told(parent, own).did_next
    assert isinstance(wait.item, Call)
    assert (wait.item.name, wait.item.reason) == ("wait_agent", "the worker failed")
    assert wait.notice is not None
    assert wait.notice.state == "errored"
    assert "This worker may not run." in wait.notice.words
    assert isinstance(notice.item, Note)
    assert notice.item.text.startswith("<subagent_notification>")
    assert [words.split()[0] for words in said(after)] == ["close_agent"] * 3


def test_a_parent_hears_of_its_worker_by_mail() -> None:
    with parent_and("/root/doomed", family("f_agents_v2")) as (parent, own):
        assert [words[:14] for words in heard(told(parent, own))] == ["Agent errored:"]
        assert said(told(parent, own).did_next)[0] == "wait_agent"


@pytest.mark.parametrize(
    ("name", "scenario", "first", "second"),
    [
        (
            "/root/counter",
            "f_agents_v2",
            ["/root/counter completed", "There are 3 files."],
            ["/root/counter completed", "There are 14 lines."],
        ),
        ("Ramanujan", "f_agents_v1", ["wait_agent: completed", "<sub"], ["wait_agent: completed"]),
    ],
)
def test_of_each_turn_only_that_is_told_which_was_heard_of_it(
    name: str, scenario: str, first: list[str], second: list[str]
) -> None:
    with parent_and(name, family(scenario)) as (parent, own):
        for number, expected in enumerate([first, second], start=1):
            words = heard(told(parent, own, number))
            assert [one[: len(start)] for one, start in zip(words, expected, strict=True)] == expected
        assert said(told(parent, own, 1).did_next) != said(told(parent, own, 2).did_next)


def test_in_older_sessions_the_waits_are_all_that_tells_of_a_worker() -> None:
    with parent_and("", family("era_agents", SAMPLES / "eras" / "0.104.0")) as (parent, own):
        (only,) = told(parent, own).heard
        assert said(told(parent, own).did_next)[0].startswith("close_agent")
    assert isinstance(only.item, Call)
    assert only.item.summary == own.session.id  # the wait before was for both, and ended with the other
    assert only.notice is not None
    assert (only.notice.state, only.notice.words) == ("completed", "It fails.")


def test_a_worker_that_was_stopped_is_known_by_the_call_that_stopped_it() -> None:
    with parent_and("/root/sleeper", family("f_agents_v2")) as (parent, own):
        (only,) = told(parent, own).heard
        turn, cast = own.session.turns[0], Cast.of_session(parent.session)
        shown = words(told_parent(told(parent, own), turn, parent.session, cast, aside="x"))
    assert isinstance(only.item, Call)
    assert only.item.name == "interrupt_agent"
    assert shown[:3] == [
        "# told its parent",
        "nothing: its parent stopped it",
        "told line 75 ✓ stop sleeper",
    ]


def test_nothing_is_heard_of_strangers() -> None:
    with parent_and("Lorentz", family("f_agents_v1")) as (parent, _):
        stranger = Session(id="01a1f900-dead", turns=[Turn(1, Place(1), ended_at=0)])
        assert Hearing(parent, stranger).of(stranger.turns[0]) == Told((), ())


# -- built ones ------------------------------------------------------------------


class Parent(Story):
    """A session with one worker."""

    def __init__(self) -> None:
        super().__init__(1)
        self.begin().spawn(2, nickname="Ada")
        self._waits = 0

    def waits(self, answer: Any, *, for_: tuple[str, ...] = (WORKER,)) -> Parent:
        self._waits += 1
        self.call(f"call_wait_{self._waits}", "wait_agent", {"targets": list(for_)})
        self.output(f"call_wait_{self._waits}", json.dumps(answer))
        return self

    def until(self, other: Rollout) -> Parent:
        """What comes now is later than all that the other has written."""
        self._now = max(self._now, other._now)
        return self


@contextmanager
def both(folder: Path, parent: Story, child: Story) -> Iterator[tuple[Readable, Readable]]:
    with (
        readable(parent.save(folder, "parent.jsonl")) as one,
        readable(child.save(folder, "child.jsonl")) as other,
    ):
        yield one, other


def done(words: str = "Done.") -> dict[str, Any]:
    return {"status": {WORKER: {"completed": words}}, "timed_out": False}


def test_a_wait_whose_time_was_up_told_nothing(tmp_path: Path) -> None:
    child = worker(2, 1).begin().ran(1).fail()
    parent = Parent().until(child).waits({"status": {}, "timed_out": True})
    parent.waits({"status": {id_of(3): {"completed": "x"}}, "timed_out": False}, for_=(WORKER, id_of(3)))
    with both(tmp_path, parent, child) as (one, other):
        assert told(one, other) == Told((), ())
    with both(tmp_path, parent.waits(done()), child) as (one, other):
        assert heard(told(one, other)) == ["wait_agent: completed"]


def test_a_wait_for_more_workers_than_its_row_has_room_for_is_known_by_its_answer(tmp_path: Path) -> None:
    child = worker(2, 1).begin().fail()
    many = (*map(id_of, range(3, 12)), WORKER)
    parent = Parent().until(child).waits(done(), for_=many)
    with both(tmp_path, parent, child) as (one, other):
        assert calls_of(one.session)[-1].summary.endswith("…")
        assert heard(told(one, other)) == ["wait_agent: completed"]


def test_what_a_worker_sends_on_its_way_counts_from_the_failure_on(tmp_path: Path) -> None:
    def mail(words: str, kind: str = "MESSAGE") -> dict[str, Any]:
        text = f"Message Type: {kind}\nTask name: /root/ada\nSender: /root/ada\nPayload:\n{words}"
        content = [{"type": "input_text", "text": text}]
        return {"author": "/root/ada", "recipient": "/root", "content": content}

    child = worker(2, 1, agent_path="/root/ada").begin()
    parent = Parent().until(child).item("agent_message", **mail("It begins."))
    assert isinstance(parent, Parent)
    child._now = parent._now
    child.ran(1)
    parent.until(child).item("agent_message", **mail("It fails."))
    child._now = parent._now
    child.end()
    parent.until(child).item("agent_message", **mail("It failed.", "FINAL_ANSWER"))
    with both(tmp_path, parent, child) as (one, other):
        failing = other.session.failed_calls()[0]
        turn = other.session.turns[0]
        assert heard(Hearing(one, other.session).of(turn)) == ["It begins.", "It fails.", "It failed."]
        since = Hearing(one, other.session).of(turn, failing.started_at)
        assert heard(since) == ["It fails.", "It failed."]


def test_who_closes_a_worker_without_having_heard_of_it_is_told_by_the_answer(tmp_path: Path) -> None:
    child = worker(2, 1).begin().fail()
    parent = Parent().until(child)
    parent.call("call_close", "close_agent", {"id": WORKER})
    parent.output("call_close", json.dumps({"previous_status": {"errored": "The line is down."}}))
    with both(tmp_path, parent.ran().end(), child) as (one, other):
        (only,) = told(one, other).heard
        assert only.notice is not None
        assert (only.notice.state, only.notice.words) == ("errored", "The line is down.")
        assert said(told(one, other).did_next) == ["exec_command sh step-1.sh", "Done."]


def test_calls_that_were_out_already_are_no_answer(tmp_path: Path) -> None:
    child = worker(2, 1).begin().fail()
    parent = Parent().until(child)
    parent.call("call_wait", "wait_agent", {"targets": [WORKER]}).call("call_a", arguments={"cmd": "beside"})
    parent.output("call_wait", json.dumps(done())).output("call_a", "Process exited with code 0\nOutput:\n")
    with both(tmp_path, parent.ran(), child) as (one, other):
        assert said(told(one, other).did_next) == ["exec_command sh step-1.sh"]


def test_a_worker_of_which_no_end_was_written_may_have_been_heard_of_all_the_same(tmp_path: Path) -> None:
    child = worker(2, 1).begin().ran(1)
    notice = {"agent_path": WORKER, "status": {"errored": "It was lost."}}
    parent = Parent().until(child)
    parent.said("user", f"<subagent_notification>\n{json.dumps(notice)}\n</subagent_notification>")
    with both(tmp_path, parent.end(), child) as (one, other):
        turn = other.session.turns[0]
        assert turn.status is TurnStatus.IN_PROGRESS
        shown = words(
            told_parent(told(one, other), turn, one.session, Cast.of_session(one.session), aside="x")
        )
    assert shown == [
        "# told its parent",
        "errored: It was lost.",
        "told line 7 · mail Ada",
        "then line 8 · says Done.",
        "the worker's own file tells no end of this turn",
    ]


def test_a_parent_that_was_told_nothing_may_still_be(tmp_path: Path) -> None:
    child = worker(2, 1).begin().fail()
    for parent, expected in ((Parent(), " so far"), (Parent().end(), "")):
        with both(tmp_path, parent, child) as (one, other):
            turn = other.session.turns[0]
            shown = words(told_parent(told(one, other), turn, one.session, NOBODY, aside="x"))
            assert shown == ["# told its parent", f"its parent was told nothing{expected}"]


def test_a_long_notice_is_read_as_far_as_it_is_known() -> None:
    """Wherever it is cut: also inside an escape."""
    whole = (
        f'<subagent_notification>\n{{"agent_path":"{WORKER}","status":{{"errored":"' + r"\\\"\u00e4\n" * 50
    )
    for length in range(300, 420):
        note = Note(NoteKind.AGENT_MESSAGE, Place(2), text=whole[:length], cut=True)
        notice = notice_of(note)
        assert notice is not None, whole[:length]
        assert (notice.worker, notice.state) == (WORKER, "errored")
        assert notice.words.startswith('\\"ä\n\\"ä\n')


# -- which turns are meant -------------------------------------------------------


def test_each_call_to_a_worker_means_the_turns_that_it_is_about() -> None:
    with parent_and("Ramanujan", family("f_agents_v1")) as (parent, own):
        ties = ties_of_sessions(parent.session, own.session)
        meant = {
            call.call_id[:10]: [turn.index for turn in turns_meant(call, own.session, lambda: ties)]
            for call in calls_of(parent.session)
            if call.child_session == own.session.id or str(own.session.id) in call.summary
        }
        by_name = [call.name for call in calls_of(parent.session) if call.call_id[:10] in meant]
    assert list(zip(by_name, meant.values(), strict=True)) == [
        ("spawn_agent", [1, 2]),
        ("wait_agent", [1]),
        ("send_input", [2]),
        ("wait_agent", [2]),
        ("close_agent", [2]),
    ]


def test_mail_means_the_turn_that_had_ended() -> None:
    with parent_and("/root/counter", family("f_agents_v2")) as (parent, own):
        ties = ties_of_sessions(parent.session, own.session)
        items = parent.session.turns[0].items
        mails = [item for item in items if isinstance(item, Note) and item.author == "/root/counter"]
        assert [[turn.index for turn in turns_meant(mail, own.session, lambda: ties)] for mail in mails] == [
            [1],
            [2],
        ]


# -- as blocks -------------------------------------------------------------------


def words(blocks: list[Block]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        match block:
            case Heading(heading):
                lines.append(f"# {heading}")
            case Plain(text):
                lines.append(text)
            case Rows(rows):
                lines += [" ".join("".join(text for text, _ in row).split()) for row in rows]
    return lines


def test_the_last_words_are_told_whole_and_the_rows_how_they_came() -> None:
    with parent_and("Pauli", family("f_agents_v1")) as (parent, own):
        told_ = told(parent, own)
        turn = own.session.turns[0]
        shown = words(told_parent(told_, turn, parent.session, Cast.of_session(parent.session), aside="x"))
    assert shown[:5] == [
        "# told its parent",
        "completed: The check fails: expected 6, got 7.",
        "told line 40 ✓ wait Pauli",
        "line 45 · mail Pauli",
        "then line 46 ✓ tell Ramanujan · Worker one, once more: count the lines too.",
    ]


def test_an_error_that_stands_above_is_not_told_again() -> None:
    with parent_and("Lorentz", family("f_agents_v1")) as (parent, own):
        turn = own.session.turns[0]
        assert turn.error is not None
        shown = told_parent(
            told(parent, own), turn, parent.session, NOBODY, aside="x", above=turn.error.message
        )
    assert words(shown)[1] == "errored: (the error above)"


def test_of_many_words_the_last_are_told() -> None:
    child = Child(WORKER, "call_1", Relation.WORKER, "/root/ada")
    mails = [
        Note(NoteKind.AGENT_MESSAGE, Place(line), text=f"Word {line}.", author="/root/ada")
        for line in range(1, 11)
    ]
    parent = Session(children=[child], turns=[Turn(1, Place(1), status=TurnStatus.COMPLETED)])
    every = Told(tuple(map(Heard, mails)), ())
    shown = words(told_parent(every, Turn(1, Place(1)), parent, NOBODY, aside="x"))
    assert shown[1:4] == ["Word 10.", "told 4 earlier words and", "line 5 · mail /root/ada Word 5."]
    assert shown[8] == "line 10 · mail /root/ada"


def test_words_of_others_are_made_safe() -> None:
    mail = Note(NoteKind.AGENT_MESSAGE, Place(2), text="\x1b[31mred\x07", author="/root/\x07a")
    parent = Session(turns=[Turn(1, Place(1))])
    shown = told_parent(Told((Heard(mail),), (mail,)), parent.turns[0], parent, NOBODY, aside="\x07")
    rows = [line for block in shown if isinstance(block, Rows) for line in block.lines]
    assert all(text.isprintable() for row in rows for text, _ in row)
