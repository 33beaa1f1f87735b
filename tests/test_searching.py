"""Searching a session finds what a person reads in it, each text once, and nothing else of its files."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import Rollout
from tests.reading_sessions import SAMPLES, calls_of, truths
from trace_tui import searching
from trace_tui.errors import Unreadable
from trace_tui.home import Home
from trace_tui.model import Call, Item, Note, NoteKind, Place, Session, Tool, Turn, file_of
from trace_tui.parsers.commands import shown_command
from trace_tui.parsers.events import CallMade, CallOutput, ToolEnded, ToolStarted
from trace_tui.parsers.injected import worker_notice
from trace_tui.reading import SLICE, SessionReader
from trace_tui.searching import HITS_KEPT, Hit, Search
from trace_tui.sources import Source, file_source
from trace_tui.texts import Texts

PROMPT = 'Rename "Größe" to C:\\new\\Straße, then\nsay ✓ 日本'
ARGUMENTS = {
    "path": "C:\\tmp",
    "body": 'He said "hi"\nand left',
    "when": 1.5,
    "flags": ["a", {"deep": "ÉTÉ"}],
}
PATCH = '*** Begin Patch\n*** Update File: a.py\n-x = "1"\n+x = "\\t"\n*** End Patch'
COLOURED = "one\r\n\x1b[1;31mred\x1b[0m and li\x1b[7mke\x1b[0mly\ttwo ſtart ﬁne"
WRAPPED = json.dumps({"output": 'first "line"\ns\x1b[1mec\x1b[0mond', "metadata": {"exit_code": 0}})


class Opened(NamedTuple):
    session: Session
    sources: list[Source]

    def find(self, words: str) -> list[Hit]:
        return [hit for hits in Search(self.session, self.sources, words).steps() for hit in hits]

    def where(self, words: str) -> list[tuple[str, int]]:
        return [(hit.where, hit.times) for hit in self.find(words)]


@cache
def opened(path: Path) -> Opened:
    sources = Home(path).thread_sources()
    return Opened(SessionReader(sources).run(), sources)


def kept(content: bytes) -> Opened:
    """A session that is in no file."""
    sources = [Source("-", len(content), lambda: io.BytesIO(content))]
    return Opened(SessionReader(sources).run(), sources)


def odd_session() -> Rollout:
    """Everything that is written otherwise than it is read."""
    talk = Rollout().meta().asked(PROMPT).event("agent_reasoning", text="**Thinking** about the Straße")
    talk.call("c1", arguments={"cmd": ["bash", "-lc", "echo 'it''s' \"$HOME\" | grep -c \"x\""]})
    talk.output("c1", "Exit code: 0\nOutput:\n" + COLOURED)
    talk.call("c2", "shell", {"command": ["git", "commit", "-m", "first words"]}).output("c2", WRAPPED)
    talk.call("c3", "store", ARGUMENTS, namespace="mcp__box").output("c3", [{"type": "text", "text": "ok"}])
    talk.item("custom_tool_call", name="apply_patch", call_id="c4", input=PATCH, status="completed")
    talk.item("custom_tool_call_output", call_id="c4", output="Success. Updated:\nM a.py")
    sealed = {"task_name": "helper", "message": "gAAAAABsecretsecret"}
    talk.call("c5", "spawn_agent", sealed, namespace="multi_agent").output("c5", "helper is here")
    tools = [{"name": "lamp"}, {"name": "stove"}]
    talk.item("tool_search_call", call_id="c6", arguments={"query": "kitchen"})
    talk.item("tool_search_output", call_id="c6", tools=tools)
    return talk.answered("Größe is renamed. " + "The end is long. " * 40)


def ascii_only(content: bytes) -> bytes:
    """The same records, as a writer leaves them that escapes all but ASCII."""
    return b"".join(json.dumps(json.loads(line)).encode() + b"\n" for line in content.splitlines())


PATHS = [
    *dict.fromkeys(truth.paths[0] for truth in truths()),
    *sorted((SAMPLES / "exec-json").glob("*.jsonl")),
]
ODD = [kept(odd_session().content()), kept(ascii_only(odd_session().content()))]


# -- a slow search that is obviously right -----------------------------------


class Told(NamedTuple):
    """One text; ``forms`` where there is more than one way to read it."""

    turn: Turn
    item: Item | None
    where: str
    forms: list[list[str]]


@cache
def everything_told(number: int) -> list[Told]:
    session, sources = every_session(number)
    with Texts(session, sources) as texts:
        return [told for turn in session.turns for told in told_in_turn(turn, texts)]


def every_session(number: int) -> Opened:
    return opened(PATHS[number]) if number < len(PATHS) else ODD[number - len(PATHS)]


def told_in_turn(turn: Turn, texts: Texts) -> Iterator[Told]:
    notes = {item.place: item for item in turn.items if isinstance(item, Note)}
    for asked in (turn.prompt, *turn.steered):
        if asked is not None and asked.place not in notes:
            yield Told(turn, None, "prompt", [[texts.whole(asked) or ""]])
    for note in notes.values():
        words = {NoteKind.AGENT_MESSAGE: "mail", NoteKind.MODEL_CHANGE: "model change"}
        text = texts.whole(note) or ""
        notice = worker_notice(text)
        shown = text if notice is None else "\n".join(notice)
        yield Told(turn, note, words.get(note.kind, str(note.kind)), [[shown]])
    for call in turn.calls():
        yield Told(turn, call, "command", input_forms(call, texts))
        yield Told(turn, call, "output", output_forms(call, texts))
    said = {texts.whole(note) for note in notes.values() if note.kind is NoteKind.MESSAGE}
    if (answer := texts.whole(turn.final_answer)) is not None and answer not in said:
        yield Told(turn, None, "answer", [[answer]])


def input_forms(call: Call, texts: Texts) -> list[list[str]]:
    event = texts.event(call.place)
    if isinstance(event, ToolStarted | ToolEnded):
        return [[event.summary]]
    if not isinstance(event, CallMade) or event.arguments is None:
        return [[event.input if isinstance(event, CallMade) else ""]]
    arguments = event.arguments
    for key in ("cmd", "command"):
        if call.tool is Tool.EXEC and key in arguments:
            return [[shown_command(arguments[key])]]
    if call.tool is Tool.AGENT:
        arguments = {key: value for key, value in arguments.items() if not str(value).startswith("gAAAA")}
    return [[orjson.dumps(arguments, option=orjson.OPT_INDENT_2).decode()], list(strings_in(arguments))]


def output_forms(call: Call, texts: Texts) -> list[list[str]]:
    place = call.output_place if call.output_place is not None else call.item_place
    event = texts.event(place) if place is not None else None
    if isinstance(event, ToolEnded):
        return [[event.output or event.error or ""]]
    if not isinstance(event, CallOutput):
        return [[""]]
    wrapped = json.loads(event.text) if event.text.startswith('{"output"') else {}
    return [[event.text], [wrapped.get("output", "")]]


def strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    for part in value if isinstance(value, list) else ():
        yield from strings_in(part)
    if isinstance(value, str):
        yield value


def read_by_a_person(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")


def slow_search(told: list[Told], words: str) -> Counter[tuple[int, int, str]]:
    words = read_by_a_person(words)
    fold = str if words != words.lower() else str.casefold
    found: Counter[tuple[int, int, str]] = Counter()
    for turn, item, where, forms in told:
        times = max(sum(fold(read_by_a_person(text)).count(fold(words)) for text in form) for form in forms)
        if times:
            found[turn.index, id(item), where] += times
    return found


def found_by(search: Search) -> Counter[tuple[int, int, str]]:
    found: Counter[tuple[int, int, str]] = Counter()
    for hit in (hit for hits in search.steps() for hit in hits):
        found[hit.turn.index, id(hit.item), hit.where] += hit.times
    return found


@st.composite
def words_of_a_session(draw: st.DrawFn) -> tuple[int, str]:
    number = draw(st.integers(0, len(PATHS) + len(ODD) - 1))
    forms = [text for told in everything_told(number) for form in told.forms for text in form if text]
    text = read_by_a_person(draw(st.sampled_from(forms)))
    # Where it matters how a text is written, and anywhere.
    marks = [match.start() for match in re.finditer(r'["\\\n\t✓]|[^\x00-\x7f]', text)]
    anywhere = st.integers(0, len(text) - 1)
    at = draw(st.sampled_from(marks) | anywhere if marks else anywhere)
    start = max(0, at - draw(st.integers(0, 12)))
    words = text[start : at + draw(st.integers(1, 30))]
    return number, draw(st.sampled_from([words, words.lower(), words.swapcase()]))


@given(words_of_a_session())
def test_the_same_is_found_as_by_decoding_everything(asked: tuple[int, str]) -> None:
    number, words = asked
    session, sources = every_session(number)
    assert found_by(Search(session, sources, words)) == slow_search(everything_told(number), words)


@pytest.mark.parametrize("words", ["e", "E", " ", '"', "\n", "é", "the", "exit", ":", "line 1", "s", "−"])
def test_short_and_common_words_are_counted_in_every_sample(words: str) -> None:
    for number in range(len(PATHS) + len(ODD)):
        session, sources = every_session(number)
        assert found_by(Search(session, sources, words)) == slow_search(everything_told(number), words)


# -- as it is read, not as it is written -------------------------------------

both_writers = pytest.mark.parametrize("odd", ODD, ids=["as Codex writes", "with all escaped"])


@both_writers
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ('"größe" to c:\\new', [("prompt", 1)]),
        ("then\nsay", [("prompt", 1)]),
        ("日本", [("prompt", 1)]),
        ("strasse", [("prompt", 1), ("reasoning", 1)]),
        ("GRÖSSE", []),
        ('"$HOME" | grep', [("command", 1)]),
        ("bash -lc", []),
        ("commit -m 'first words'", [("command", 1)]),
        ('"hi"\nand', [("command", 1)]),
        ('\\"hi\\"\\nand', [("command", 1)]),
        ('"when": 1.5', [("command", 1)]),
        ("c:\\tmp", [("command", 1)]),
        ("été", [("command", 1)]),
        ('+x = "\\t"\n*** End', [("command", 1)]),
        ('first "line"\nsecond', [("output", 1)]),
        ("one\nred and likely\ttwo", [("output", 1)]),
        ("start fine", [("output", 1)]),
        ("[1;31m", []),
        ("gaaaa", []),
        ("helper", [("command", 1), ("output", 1)]),
        ("lamp, stove", [("output", 1)]),
        ("long. The", [("message", 39)]),
    ],
)
def test_words_are_found_as_they_are_read(odd: Opened, words: str, found: list[tuple[str, int]]) -> None:
    assert odd.where(words) == found


def test_every_character_that_folds_to_ascii_is_known() -> None:
    letters = map(chr, range(128, 0x20000))  # no letter behind these has two cases
    assert "".join(one for one in letters if min(one.casefold()) < "\x80") == searching._FOLD_TO_ASCII


def test_an_upper_case_letter_asks_for_just_this_case(tmp_path: Path) -> None:
    told = kept(Rollout().meta().asked("Fix the README, readme and Readme").content())
    assert told.where("readme") == [("prompt", 3)]
    assert told.where("Readme") == [("prompt", 1)]
    assert told.where("READMe") == []


@pytest.mark.parametrize("words", ["", "\x1b[31m"])
def test_nothing_is_found_where_nothing_is_asked(words: str) -> None:
    search = Search(*ODD[0], words)
    assert list(search.steps()) == []
    assert search.read == search.total


# -- only what is the session's own ------------------------------------------


def test_a_worker_does_not_find_what_its_parent_did() -> None:
    threads = [truth for truth in truths() if truth.facts["scenario"] == "f_agents_v2"]
    child = max(threads, key=lambda one: opened(one.paths[0]).session.inherited_calls)
    parent = next(one for one in threads if one.facts["thread_id"] == child.facts["parent_thread_id"])
    told = next(call.summary for call in calls_of(opened(parent.paths[0]).session) if call.tool is Tool.CODE)
    assert json.dumps(told)[1:-1].encode() in child.paths[0].read_bytes()
    assert opened(parent.paths[0]).find(told)
    assert not opened(child.paths[0]).find(told)


def test_texts_that_stand_twice_in_the_file_count_once() -> None:
    talk = Rollout().meta(base_instructions={"text": "zebra"}).started("t1").asked("zebra?")
    talk.item("reasoning", summary=[], encrypted_content="zebra").answered("A zebra.").ended("t1", "A zebra.")
    assert talk.content().count(b"zebra") == 7
    assert kept(talk.content()).where("zebra") == [("prompt", 1), ("message", 1)]


def test_an_answer_that_no_message_tells_is_found() -> None:
    talk = Rollout().meta().started("t1").asked("Go").ended("t1", "All zebras are home.")
    (hit,) = kept(talk.content()).find("zebra")
    assert hit == Hit(hit.turn, None, 1, "answer")


def test_a_persons_own_command_is_found_in_both_of_its_parts() -> None:
    words = "<command>\nls zoo\n</command>\n<result>\nExit code: 0\nOutput:\nzoo keeper\n</result>"
    talk = Rollout().meta().said("user", f"<user_shell_command>\n{words}\n</user_shell_command>")
    assert kept(talk.content()).where("zoo") == [("command", 1), ("output", 1)]
    assert kept(talk.content()).where("result") == []


def test_hits_come_in_the_order_of_the_file() -> None:
    talk = Rollout().meta().asked("Go")
    for call_id in ("c1", "c2"):
        talk.call(call_id, arguments={"cmd": f"feed zebra {call_id}"})
    told = kept(talk.output("c2", "zebra fed").output("c1", "zebra fed").answered("Zebras!").content())
    hits = told.find("zebra")
    found = [(hit.item.call_id if isinstance(hit.item, Call) else "", hit.where) for hit in hits]
    calls = [("c1", "command"), ("c2", "command"), ("c2", "output"), ("c1", "output")]
    assert found == [*calls, ("", "message")]


def test_an_output_is_found_where_the_model_got_it_and_not_in_its_item_too() -> None:
    ended: dict[str, Any] = {
        "type": "CommandExecution",
        "id": "c1",
        "command": ["ls"],
        "aggregated_output": "zebra",
    }
    talk = Rollout().meta().asked("Go").done(status="completed", exit_code=0, **ended)
    assert kept(talk.content()).where("zebra") == [("output", 1)]
    assert kept(talk.output("c1", "zebra, zebra").content()).where("zebra") == [("output", 2)]


def test_records_that_share_a_torn_line_are_found_each_for_itself() -> None:
    talk = Rollout().meta().asked("Go").call("c1", arguments={"cmd": "cat zoo"}).output("c1", "zoo zoo")
    output, call = talk.lines.pop(), talk.lines.pop()
    told = kept(talk.raw(call[: len(call) // 2] + call + output).content())
    assert len(calls_of(told.session)) == 1
    assert told.where("zoo") == [("command", 1), ("output", 2)]


def test_a_worker_is_found_by_what_its_notice_says() -> None:
    notice = json.dumps({"agent_path": "/root/zoo", "status": {"completed": 'Fed the "zebra"'}})
    talk = Rollout().meta().asked("Go")
    talk.said("user", f"<subagent_notification>\n{notice}\n</subagent_notification>")
    assert kept(talk.content()).where('the "zebra"') == [("mail", 1)]
    assert kept(talk.content()).where("agent_path") == []


# -- all kinds of files ------------------------------------------------------


def test_a_compressed_session_is_searched_like_its_plain_twin(tmp_path: Path) -> None:
    import zstandard

    content = long_session().content()
    path = tmp_path / "session.jsonl.zst"
    path.write_bytes(zstandard.compress(content))
    sources = [file_source(path)]
    compressed = Opened(SessionReader(sources).run(), sources)
    assert compressed.where("number 77 ") == kept(content).where("number 77 ") == [("output", 40)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_typescript_session_is_searched_item_by_item(indent: int | None) -> None:
    arguments = '{"command": ["ls", "zoo"]}'
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": 'See "zoé"'}]},
        {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": arguments},
        {"type": "function_call_output", "call_id": "c1", "output": '{"output": "zoo\\nzoo"}'},
    ]
    whole = {"session": {"id": "s1", "timestamp": "2025-05-16T10:00:00.000Z", "zoo": "zoo"}, "items": items}
    told = kept(json.dumps(whole, indent=indent).encode())
    assert told.where("zoo") == [("command", 1), ("output", 2)]
    assert told.where('"zoé"') == [("prompt", 1)]


def test_records_in_a_log_are_searched_and_the_log_is_not() -> None:
    stream = (SAMPLES / "exec-json" / "b_exec-1.jsonl").read_bytes().splitlines(keepends=True)
    session = opened(SAMPLES / "exec-json" / "b_exec-1.jsonl")
    told = kept(b"".join(b"12:00 quagga\n12:00 " + line for line in stream))
    assert told.find("quagga") == []
    assert told.where("exit") == session.where("exit") != []


def test_what_is_made_of_a_streams_records_is_found_as_it_is_read() -> None:
    changes = [{"path": f"zoo/{name}.py", "kind": "add"} for name in ("ape", "bat", "cow")]
    steps = [{"text": f"feed number {number} " + "slowly " * 20, "completed": True} for number in range(9)]
    records: list[dict[str, Any]] = [
        {"type": "thread.started", "thread_id": "t1"},
        {"type": "turn.started"},
        {"type": "item.completed", "item": {"id": "item_0", "type": "file_change", "changes": changes}},
        {"type": "item.completed", "item": {"id": "item_1", "type": "todo_list", "items": steps}},
    ]
    told = kept(b"".join(json.dumps(record).encode() + b"\n" for record in records))
    assert told.where("zoo/ape.py and 2 more") == [("command", 1)]
    assert told.where("[x] feed number 8") == [("plan", 1)]


def test_a_thread_in_two_files_is_searched_in_order() -> None:
    truth = next(truth for truth in truths() if truth.facts["scenario"] == "h_rollback_tui")
    search = Search(*opened(truth.paths[0]), "e")
    found = [hit for hits in search.steps() for hit in hits]
    places = [first_place(hit) for hit in found if hit.where in ("prompt", "message")]
    assert places == sorted(places)
    assert {file_of(place) for place in places} == {0, 1}
    assert search.read == search.total == sum(path.stat().st_size for path in truth.paths)


def first_place(hit: Hit) -> Place:
    return hit.turn.place if hit.item is None else hit.item.place


# -- while it runs -----------------------------------------------------------


def long_session(outputs: int = 200) -> Rollout:
    """More outputs than are read at once."""
    talk = Rollout().meta().asked("Count")
    for number in range(outputs):
        times = 40 if number % 9 else 6000
        talk.call(f"c{number}").output(f"c{number}", f"number {number} stands here\n" * times)
    return talk


def test_hits_come_while_the_search_goes_on() -> None:
    told = kept(long_session().content())
    search = Search(*told, "stands")
    progress = [(search.read, len(hits)) for hits in search.steps()]
    assert len(progress) > search.total // SLICE
    assert [read for read, _ in progress] == sorted(read for read, _ in progress)
    assert sum(found for _, found in progress) == 200
    assert max(found for _, found in progress) < 50


def test_a_stopped_search_lets_go_of_its_file(tmp_path: Path) -> None:
    path = long_session().save(tmp_path)
    streams: list[BinaryIO] = []

    def watched() -> BinaryIO:
        streams.append(open(path, "rb"))  # noqa: SIM115
        return streams[-1]

    source = Source(str(path), path.stat().st_size, watched)
    session = SessionReader([source]).run()
    search = Search(session, [source], "stands")
    steps = search.steps()
    assert any(next(steps) for _ in range(5))
    assert not streams[-1].closed
    del steps
    assert streams[-1].closed
    assert 0 < search.read < search.total


@pytest.mark.parametrize("more", [0, 1])
def test_so_many_hits_are_enough_and_more_are_told_of(more: int) -> None:
    talk = Rollout().meta().started("t1")
    for _ in range(HITS_KEPT + more):
        talk.raw(
            b'{"timestamp":"2026-11-20T12:00:01.000Z","type":"event_msg","payload":{"type":"error","message":"Oh"}}'
        )
    search = Search(*kept(talk.content()), "o")
    assert sum(len(hits) for hits in search.steps()) == HITS_KEPT
    assert search.is_cut == bool(more)


def test_a_file_that_became_shorter_is_told_of_in_one_sentence(tmp_path: Path) -> None:
    path = long_session().save(tmp_path)
    sources = [file_source(path)]
    told = Opened(SessionReader(sources).run(), sources)
    path.write_bytes(path.read_bytes()[: SLICE * 3])
    with pytest.raises(Unreadable, match=r"has become shorter since it was read$"):
        told.find("stands")
    path.unlink()
    with pytest.raises(Unreadable, match="No such file"):
        told.find("stands")
