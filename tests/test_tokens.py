"""What a thread used: each response once, whichever lines its build wrote about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.building import OTHER_THREAD, THREAD, Rollout, read_file, usage
from trace_tui.model import Session

TURN = "01a1f900-0000-7000-8000-00000000000a"
NEXT_TURN = "01a1f900-0000-7000-8000-00000000000b"


def begun() -> Rollout:
    return Rollout().meta().started(TURN).asked("Count the files")


def recorded(
    rollout: Rollout, response: str, used: dict[str, Any], *, thread: str = THREAD, turn: str = TURN
) -> Rollout:
    payload = {"thread_id": thread, "turn_id": turn, "response_id": response, "usage": used}
    return rollout.line("token_usage_record", payload)


def nothing_counted(rollout: Rollout) -> Rollout:
    return rollout.event("token_count", info=None, rate_limits=None)


def overflowed(rollout: Rollout, window: int, added: int) -> Rollout:
    """The context did not fit: the total is overwritten with the window's size."""
    info = {
        "total_token_usage": usage(0, 0) | {"total_tokens": window},
        "last_token_usage": usage(0, 0) | {"total_tokens": added},
        "model_context_window": window,
    }
    return rollout.event("token_count", info=info, rate_limits=None)


def total_only(rollout: Rollout, input_: int, output: int) -> Rollout:
    return rollout.event("token_count", info={"total_token_usage": usage(input_, output)})


def used_by(session: Session) -> tuple[int, int]:
    return session.usage.input, session.usage.output


def used_by_turns(session: Session) -> list[tuple[int, int]]:
    return [(turn.usage.input, turn.usage.output) for turn in session.turns]


# -- records ----------------------------------------------------------------


def test_each_response_is_counted_once_by_its_id(tmp_path: Path) -> None:
    file = begun()
    recorded(file, "resp_1", usage(100, 10))
    recorded(file, "resp_1", usage(100, 10))
    recorded(file, "resp_2", usage(100, 10))
    session = file.ended(TURN).read(tmp_path)
    assert used_by(session) == (200, 20)
    assert session.turns[0].responses == 2


def test_records_of_another_thread_are_copies(tmp_path: Path) -> None:
    file = begun()
    recorded(file, "resp_1", usage(1000, 100), thread=OTHER_THREAD)
    recorded(file, "resp_2", usage(100, 10))
    assert used_by(file.ended(TURN).read(tmp_path)) == (100, 10)


def test_a_record_of_another_thread_does_not_take_the_id_from_our_own(tmp_path: Path) -> None:
    file = begun()
    recorded(file, "resp_1", usage(1000, 100), thread=OTHER_THREAD)
    recorded(file, "resp_1", usage(100, 10))
    assert used_by(file.ended(TURN).read(tmp_path)) == (100, 10)


def test_counts_tell_only_of_the_context_once_there_are_records(tmp_path: Path) -> None:
    file = begun()
    recorded(file, "resp_1", usage(100, 10)).counted((100, 10), (100, 10), context=110)
    recorded(file, "resp_2", usage(200, 20)).counted((999, 99), (200, 20), context=220)
    session = file.ended(TURN).read(tmp_path)
    assert used_by(session) == (300, 30)
    assert session.turns[0].context_used == 220
    assert session.usage_source == "records"


def test_a_file_resumed_by_a_newer_build_has_counts_first_and_records_then(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).counted((300, 30), (200, 20)).ended(TURN)
    file.started(NEXT_TURN).asked("And the folders").counted((300, 30), (200, 20))
    recorded(file, "resp_3", usage(400, 40), turn=NEXT_TURN).counted((700, 70), (400, 40))
    session = file.ended(NEXT_TURN).read(tmp_path)
    assert used_by_turns(session) == [(300, 30), (400, 40)]
    assert session.usage_source == "records"


def test_a_late_record_belongs_to_the_turn_it_names(tmp_path: Path) -> None:
    file = recorded(begun(), "resp_1", usage(100, 10)).ended(TURN)
    file.started(NEXT_TURN).asked("Go on")
    recorded(file, "resp_2", usage(200, 20), turn=NEXT_TURN)
    recorded(file, "resp_3", usage(7, 1), turn=TURN)
    assert used_by_turns(file.ended(NEXT_TURN).read(tmp_path)) == [(107, 11), (200, 20)]


def test_all_five_counts_are_kept(tmp_path: Path) -> None:
    used = {
        "input_tokens": 100,
        "cached_input_tokens": 60,
        "cache_write_input_tokens": 30,
        "output_tokens": 10,
        "reasoning_output_tokens": 4,
        "total_tokens": 110,
    }
    session = recorded(begun(), "resp_1", used).ended(TURN).read(tmp_path)
    assert session.usage == (100, 60, 30, 10, 4)
    assert session.usage.total == 110


def test_the_total_is_input_and_output_whatever_the_line_says(tmp_path: Path) -> None:
    session = recorded(begun(), "resp_1", usage(100, 10) | {"total_tokens": 5000}).read(tmp_path)
    assert session.usage.total == 110


# -- counts -----------------------------------------------------------------


def test_up_to_0_39_there_is_one_line_a_response(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).counted((250, 30), (150, 20))
    session = file.ended(TURN).read(tmp_path)
    assert used_by(session) == (250, 30)
    assert session.turns[0].responses == 2
    assert session.usage_source == "counts"


def test_lines_doubled_from_0_42_to_0_130_count_once(tmp_path: Path) -> None:
    file = nothing_counted(begun()).counted((100, 10), (100, 10))
    file.counted((100, 10), (100, 10)).counted((250, 30), (150, 20))
    file.counted((250, 30), (150, 20)).ended(TURN)
    session = file.read(tmp_path)
    assert used_by(session) == (250, 30)
    assert session.turns[0].responses == 2


def test_two_responses_of_the_same_size_are_two(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).counted((200, 20), (100, 10))
    assert used_by(file.read(tmp_path)) == (200, 20)


def test_a_line_without_info_is_no_response(tmp_path: Path) -> None:
    session = nothing_counted(begun()).ended(TURN).read(tmp_path)
    assert used_by(session) == (0, 0)
    assert session.turns[0].responses == 0
    assert session.usage_source == "none"


def test_totals_start_again_at_zero_when_up_to_0_58_resumes(tmp_path: Path) -> None:
    file = nothing_counted(begun()).counted((100, 10), (100, 10)).counted((300, 30), (200, 20)).ended(TURN)
    nothing_counted(file.started(NEXT_TURN).asked("Go on")).counted((50, 5), (50, 5))
    file.counted((350, 35), (300, 30)).ended(NEXT_TURN)
    assert used_by_turns(file.read(tmp_path)) == [(300, 30), (350, 35)]


def test_the_first_response_after_a_resume_may_have_the_numbers_of_the_one_before(tmp_path: Path) -> None:
    file = nothing_counted(begun()).counted((100, 10), (100, 10)).ended(TURN)
    nothing_counted(file.started(NEXT_TURN).asked("Again")).counted((100, 10), (100, 10)).ended(NEXT_TURN)
    assert used_by_turns(file.read(tmp_path)) == [(100, 10), (100, 10)]


def test_a_total_that_falls_without_a_word_adds_the_last_response(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).counted((900, 90), (800, 80)).counted((50, 5), (50, 5))
    assert used_by(file.read(tmp_path)) == (950, 95)


def test_totals_go_on_when_later_builds_resume(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).ended(TURN)
    file.started(NEXT_TURN).asked("Go on").counted((100, 10), (100, 10)).counted((300, 30), (200, 20))
    assert used_by_turns(file.ended(NEXT_TURN).read(tmp_path)) == [(100, 10), (200, 20)]


def test_a_repeat_written_by_a_newer_build_with_more_keys_is_still_a_repeat(tmp_path: Path) -> None:
    written = {"cache_write_input_tokens": 0}
    info = {
        "total_token_usage": usage(100, 10) | written,
        "last_token_usage": usage(100, 10) | written,
        "model_context_window": 258400,
    }
    file = begun().counted((100, 10), (100, 10)).ended(TURN)
    file.started(NEXT_TURN).asked("Go on").event("token_count", info=info, rate_limits=None)
    assert used_by(file.ended(NEXT_TURN).read(tmp_path)) == (100, 10)


def test_a_repeat_with_blanks_between_its_keys_is_still_a_repeat(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10))
    spaced = json.dumps(json.loads(file.lines[-1])).encode()
    assert used_by(file.raw(spaced).ended(TURN).read(tmp_path)) == (100, 10)


def test_the_estimate_after_a_compaction_is_context_and_no_use(tmp_path: Path) -> None:
    file = begun().counted((90_000, 500), (90_000, 500), context=90_500)
    file.line("compacted", {"message": "So far: nothing"})
    file.counted((90_000, 500), (0, 0), context=6885)
    session = file.ended(TURN).read(tmp_path)
    assert used_by(session) == (90_000, 500)
    assert session.turns[0].responses == 1
    assert session.turns[0].context_used == 6885


def test_the_response_after_an_estimate_counts(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).counted((100, 10), (0, 0), context=60)
    assert used_by(file.counted((170, 17), (70, 7)).read(tmp_path)) == (170, 17)


def test_a_context_overflow_overwrites_the_total_and_uses_nothing(tmp_path: Path) -> None:
    file = overflowed(begun().counted((5000, 305), (5000, 305)), 258_400, 253_095)
    session = overflowed(file, 258_400, 253_095).ended(TURN, None).read(tmp_path)
    assert used_by(session) == (5000, 305)
    assert session.turns[0].responses == 1


def test_responses_after_a_context_overflow_count_on(tmp_path: Path) -> None:
    file = overflowed(begun().counted((5000, 300), (5000, 300)), 258_400, 253_100)
    assert used_by(file.counted((700, 70), (700, 70)).read(tmp_path)) == (5700, 370)


def test_work_that_is_rolled_back_was_paid_for(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).answered("3").ended(TURN)
    file.started(NEXT_TURN).asked("Delete them").counted((300, 30), (200, 20)).answered("No").ended(NEXT_TURN)
    file.counted((300, 30), (0, 0), context=80).event("thread_rolled_back", num_turns=1)
    session = file.read(tmp_path)
    assert used_by_turns(session) == [(100, 10), (200, 20)]
    assert [turn.reverted for turn in session.turns] == [False, True]


def test_the_first_line_of_a_fork_adds_its_last_response_only(tmp_path: Path) -> None:
    file = Rollout(ordinals=True, first_ordinal=40)
    file.meta(forked_from_id=OTHER_THREAD, forked_from_ordinal_exclusive=40)
    file.started(TURN).asked("Another way").counted((9100, 910), (100, 10)).ended(TURN)
    assert used_by(file.read(tmp_path)) == (100, 10)


def test_two_processes_on_one_file_have_two_counters(tmp_path: Path) -> None:
    file = begun().counted((1000, 100), (1000, 100)).counted((50, 5), (50, 5))
    file.counted((1200, 120), (200, 20)).counted((50, 5), (50, 5)).counted((120, 12), (70, 7))
    file.counted((1200, 120), (200, 20)).counted((1500, 150), (300, 30))
    session = file.read(tmp_path)
    assert used_by(session) == (1620, 162)
    assert session.turns[0].responses == 5


# -- totals without the last response ---------------------------------------


def test_without_the_last_response_the_difference_counts(tmp_path: Path) -> None:
    file = total_only(total_only(total_only(begun(), 100, 10), 250, 30), 250, 30)
    assert used_by(file.read(tmp_path)) == (250, 30)


def test_a_smaller_total_begins_at_zero_again(tmp_path: Path) -> None:
    file = total_only(total_only(total_only(begun(), 500, 50), 40, 4), 100, 10)
    assert used_by(file.read(tmp_path)) == (600, 60)


def test_a_total_of_zero_begins_again_too(tmp_path: Path) -> None:
    file = total_only(total_only(total_only(begun(), 500, 50), 0, 0), 900, 90)
    assert used_by(file.read(tmp_path)) == (1400, 140)


def test_a_total_alone_goes_on_from_lines_that_told_both(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).counted((300, 30), (200, 20))
    assert used_by(total_only(file, 450, 45).read(tmp_path)) == (450, 45)


# -- where it shows ---------------------------------------------------------


def test_a_session_that_asked_nobody_used_nothing(tmp_path: Path) -> None:
    session = Rollout().meta().read(tmp_path)
    assert session.usage.total == 0
    assert session.usage_source == "none"


def test_counts_belong_to_the_turn_that_is_open(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10)).ended(TURN)
    file.started(NEXT_TURN).asked("Go on").counted((400, 40), (300, 30)).ended(NEXT_TURN)
    session = file.read(tmp_path)
    assert used_by_turns(session) == [(100, 10), (300, 30)]
    assert [turn.responses for turn in session.turns] == [1, 1]


def test_counts_belong_to_prompts_where_turns_have_no_ids(tmp_path: Path) -> None:
    file = Rollout().meta().asked("One").counted((100, 10), (100, 10)).answered("1")
    file.asked("Two").counted((100, 10), (100, 10)).counted((300, 30), (200, 20)).answered("2")
    assert used_by_turns(file.read(tmp_path)) == [(100, 10), (200, 20)]


def test_each_turn_tells_how_full_the_context_was_at_its_end(tmp_path: Path) -> None:
    file = begun().counted((100, 10), (100, 10), context=110).ended(TURN)
    file.started(NEXT_TURN).asked("Go on").counted((300, 30), (200, 20), context=220).ended(NEXT_TURN)
    turns = file.read(tmp_path).turns
    assert [(turn.context_used, turn.context_window) for turn in turns] == [(110, 258400), (220, 258400)]


def test_a_turn_that_is_still_running_tells_its_context_too(tmp_path: Path) -> None:
    turn = begun().counted((100, 10), (100, 10), context=110).read(tmp_path).turns[0]
    assert (turn.context_used, turn.context_window) == (110, 258400)


def test_turns_without_ids_tell_their_context_too(tmp_path: Path) -> None:
    file = Rollout().meta().asked("One").counted((100, 10), (100, 10), context=110).answered("1")
    file.asked("Two").counted((300, 30), (200, 20), context=220).answered("2")
    assert [turn.context_used for turn in file.read(tmp_path).turns] == [110, 220]


def test_a_record_tells_the_context_where_no_count_does(tmp_path: Path) -> None:
    turn = recorded(begun(), "resp_1", usage(100, 10)).ended(TURN).read(tmp_path).turns[0]
    assert turn.context_used == 110


# -- exec --json ------------------------------------------------------------


def stream(folder: Path, *runs: list[tuple[int, int]]) -> Session:
    """Each run of `exec --json` by the totals its turns end with."""
    lines: list[dict[str, Any]] = []
    for run in runs:
        lines.append({"type": "thread.started", "thread_id": THREAD})
        for input_, output in run:
            lines.append({"type": "turn.started"})
            lines.append(
                {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": "Ok"}}
            )
            lines.append({"type": "turn.completed", "usage": usage(input_, output)})
    path = folder / "run.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return read_file(path)


def test_a_stream_tells_running_totals(tmp_path: Path) -> None:
    session = stream(tmp_path, [(100, 10), (250, 30), (260, 31)])
    assert used_by_turns(session) == [(100, 10), (150, 20), (10, 1)]
    assert used_by(session) == (260, 31)
    assert session.usage_source == "counts"


def test_a_resumed_stream_goes_on_with_the_total(tmp_path: Path) -> None:
    assert used_by_turns(stream(tmp_path, [(100, 10)], [(250, 30)])) == [(100, 10), (150, 20)]


def test_up_to_0_58_a_resumed_stream_starts_again(tmp_path: Path) -> None:
    assert used_by_turns(stream(tmp_path, [(100, 10)], [(40, 4)])) == [(100, 10), (40, 4)]


# -- bad values -------------------------------------------------------------


@pytest.mark.parametrize("bad", ["100", -100, 10.5, None, True, [], {}, 2**80], ids=repr)
def test_what_is_no_count_counts_as_zero(tmp_path: Path, bad: object) -> None:
    bad_usage = usage(100, 10) | {"input_tokens": bad}
    by_record = recorded(begun(), "resp_1", bad_usage).ended(TURN).read(tmp_path)
    assert used_by(by_record) == (0, 10)
    info = {"total_token_usage": bad_usage, "last_token_usage": bad_usage, "model_context_window": 258400}
    by_count = begun().event("token_count", info=info).ended(TURN).read(tmp_path)
    assert used_by(by_count) == (0, 10)


@pytest.mark.parametrize("bad", ["many", 7, None, []], ids=repr)
def test_use_that_is_no_object_costs_only_itself(tmp_path: Path, bad: object) -> None:
    file = begun().event("token_count", info={"total_token_usage": bad, "last_token_usage": bad})
    file.event("token_count", info=bad).line("token_usage_record", {"thread_id": THREAD, "usage": bad})
    recorded(file, "resp_2", usage(100, 10))
    assert used_by(file.ended(TURN).read(tmp_path)) == (100, 10)
