"""All about one session: what it is, what it came to, its place among others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import nlargest
from typing import Protocol

from trace_tui.findings import Finding
from trace_tui.library.chains import Member, totals
from trace_tui.library.entries import Entry
from trace_tui.model import Call, Session
from trace_tui.parsers.safe_text import one_line
from trace_tui.relatives import Agent, Child, Relation
from trace_tui.telling.amounts import context_blocks, day_and_clock, time_blocks, token_blocks
from trace_tui.telling.files import changed_blocks
from trace_tui.telling.hints import hint_blocks
from trace_tui.telling.problems import problem_blocks, unknown_blocks
from trace_tui.telling.rows import call_row, call_rows, facts_in_order, first_rows, target_of
from trace_tui.texts import Texts
from trace_tui.times import between, short_duration
from trace_tui.widgets.blocks import Block, Facts, Heading, Rows, Target, Title
from trace_tui.wording.agents import Badge, badge_of
from trace_tui.wording.cast import Cast
from trace_tui.wording.cells import Line, right
from trace_tui.wording.sessions import failures, indent_of, title_of, took
from trace_tui.wording.steps import DURATION_WIDTH
from trace_tui.wording.words import STATE_STYLES, TOOL_WORDS, TURN_GLYPHS, TURN_WORDS, count, tokens

_TITLE = 400
_CHILDREN = 20
_LONG_MS = 1000
_SLOWEST = 5


class Told(Protocol):
    """What a session and its entry in the catalog tell alike."""

    @property
    def id(self) -> str | None: ...
    @property
    def parent_id(self) -> str | None: ...
    @property
    def relation(self) -> Relation: ...
    @property
    def agent(self) -> Agent: ...
    @property
    def forked_from(self) -> str | None: ...
    @property
    def format(self) -> str: ...
    @property
    def originator(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def cwd(self) -> str | None: ...
    @property
    def branch(self) -> str | None: ...
    @property
    def commit(self) -> str | None: ...
    @property
    def repository(self) -> str | None: ...
    @property
    def started_at(self) -> int | None: ...
    @property
    def ended_at(self) -> int | None: ...
    @property
    def archived(self) -> bool: ...
    @property
    def compressed(self) -> bool: ...


def session_document(
    session: Session, member: Member | None, texts: Texts, cast: Cast, findings: Sequence[Finding] = ()
) -> list[Block]:
    """``member`` is its place in its chain, if the library knows it."""
    return [
        _title(session.state, texts.title(session)),
        *_failures(session, cast),
        *hint_blocks(findings),
        Heading("facts"),
        Facts(_session_facts(session, cast)),
        *token_blocks(session.usage, session.usage_source, sum(turn.responses for turn in session.turns)),
        *context_blocks_of_last(session),
        *time_blocks(session.turns),
        *_slowest(session, cast),
        *changed_blocks(session.turns, texts),
        *_chain(member),
        *problem_blocks(session.problems, session, session.problems_left_out),
        *unknown_blocks(session.unknown),
    ]


def context_blocks_of_last(session: Session) -> list[Block]:
    """How full the context was in the end."""
    told = [turn for turn in session.turns if turn.context_used and not turn.reverted]
    return context_blocks(told[-1]) if told else []


def _slowest(session: Session, cast: Cast) -> Iterator[Block]:
    """The calls that took longest, where any took long."""
    calls = (call for turn in session.turns for call in turn.calls() if (call.duration_ms or 0) >= _LONG_MS)
    slowest = nlargest(_SLOWEST, calls, key=lambda call: call.duration_ms or 0)
    if slowest:
        yield Heading("slowest calls")
        yield call_rows(slowest, cast)


def entry_document(member: Member) -> list[Block]:
    """What the catalog alone knows of a session that is not loaded."""
    entry = member.entry
    return [
        _title(entry.state, entry.title),
        Facts(_entry_facts(entry, member)),
        *token_blocks(entry.usage, entry.usage_source),
        *_chain(member),
    ]


def chain_document(head: Member) -> list[Block]:
    """Of all agents of a chain together."""
    return [_title(totals(head).state, head.entry.title), *_chain_blocks(head, None)]


def _title(state: str, title: str) -> Title:
    return Title([(f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]), (one_line(title, _TITLE), "bold")])


# -- failures first ---------------------------------------------------------


def _failures(session: Session, cast: Cast) -> Iterator[Block]:
    turns = session.failed_turns()
    if turns:
        yield Heading("failed turns", str(len(turns)))
        yield Rows([_failed_turn(turn.index, turn.error.message if turn.error else "") for turn in turns])
    calls = session.failed_calls()
    if calls:
        yield Heading("failed calls", str(len(calls)))
        yield from first_rows(calls, lambda call: call_row(call, cast), "failed call", target=target_of)


def _failed_turn(index: int, message: str) -> Line:
    words = f"✗ turn {index} failed"
    return [(f"{words}: {one_line(message, 300)}" if message else words, "red")]


# -- facts ------------------------------------------------------------------


def _session_facts(session: Session, cast: Cast) -> list[tuple[str, str]]:
    models = list(dict.fromkeys(turn.model for turn in session.turns if turn.model))
    tool = " ".join(part for part in (session.originator, "/".join(session.cli_versions)) if part)
    calls = [call for turn in session.turns for call in turn.calls()]
    return [
        *_sums(session, len(session.turns), calls),
        *_time_and_place(session),
        *facts_in_order(("agent", ", ".join([*models, tool] if tool else models))),
        *_identity(session),
        *_relatives(session, session.children, cast),
        *_files([file.path for file in session.files]),
        *facts_in_order(("inherited", _inherited(session))),
    ]


def _entry_facts(entry: Entry, member: Member) -> list[tuple[str, str]]:
    failed = f", {entry.failed_calls:,} failed" if entry.failed_calls else ""
    failed_turns = f", {entry.failed_turns:,} failed" if entry.failed_turns else ""
    return [
        *facts_in_order(
            ("state", TURN_WORDS[entry.state]),
            ("turns", f"{entry.turns:,}{failed_turns}"),
            ("calls", f"{entry.calls:,}{failed}"),
        ),
        *_time_and_place(entry),
        *facts_in_order(("agent", ", ".join(part for part in (entry.model, entry.originator) if part))),
        *_identity(entry),
        *_relatives(entry, member.children_told(), Cast.of_chain(member.root)),
        *facts_in_order(
            ("home", entry.home),
            ("oddity", member.oddity.value if member.oddity is not None else None),
            ("problems", f"{entry.problems:,}" if entry.problems else None),
        ),
    ]


def _sums(session: Session, turns: int, calls: Sequence[Call]) -> list[tuple[str, str]]:
    by_tool = Counter(TOOL_WORDS[call.tool] for call in calls)
    tools = ", ".join(f"{word} {number:,}" for word, number in by_tool.most_common())
    failed = sum(call.status.is_failure for call in calls)
    failed_turns = len(session.failed_turns())
    return facts_in_order(
        ("state", TURN_WORDS[session.state]),
        ("turns", f"{turns:,}" + (f", {failed_turns} failed" if failed_turns else "")),
        ("calls", f"{len(calls):,}" + (f": {tools}" if tools else "")),
        ("failed", count(failed, "call") if failed else None),
    )


def _time_and_place(told: Told) -> list[tuple[str, str]]:
    branch = " at ".join(part for part in (told.branch, (told.commit or "")[:10]) if part)
    return facts_in_order(
        ("started", day_and_clock(told.started_at)),
        ("took", short_duration(between(told.started_at, told.ended_at))),
        ("folder", told.cwd),
        ("branch", branch),
        ("repository", told.repository),
    )


def _identity(told: Told) -> list[tuple[str, str]]:
    kept = [word for word, is_so in (("archived", told.archived), ("compressed", told.compressed)) if is_so]
    return facts_in_order(
        ("source", told.source),
        ("session", told.id or "no id"),
        ("format", told.format),
        ("kept", ", ".join(kept)),
    )


def _relatives(told: Told, children: Sequence[Child], cast: Cast) -> Iterator[tuple[str, str]]:
    if told.parent_id:
        name = told.agent.nickname or told.agent.path
        yield "parent", told.parent_id + (f" (this is {name})" if name else "")
    if told.relation is not Relation.ROOT:
        yield "relation", told.relation.value
    if told.agent.role:
        yield "role", told.agent.role
    if told.forked_from:
        yield "fork of", told.forked_from
    for index, child in enumerate(children[:_CHILDREN]):
        known = cast.find(child.id)
        name = f"{known.lettered()} · " if known is not None else ""
        label = ("child" if len(children) == 1 else "children") if index == 0 else ""
        yield label, f"{child.relation.value} {name}{child.id}"
    if len(children) > _CHILDREN:
        yield "", f"… and {len(children) - _CHILDREN:,} more"


def _files(paths: Sequence[str]) -> list[tuple[str, str]]:
    return [("file" if index == 0 else "", path) for index, path in enumerate(paths)]


def _inherited(session: Session) -> str | None:
    if not session.inherited_lines:
        return None
    calls = f" and {count(session.inherited_calls, 'call')}" if session.inherited_calls else ""
    return f"{count(session.inherited_lines, 'line')}{calls} copied from its parent, left out here"


# -- the chain --------------------------------------------------------------


def _chain(member: Member | None) -> Iterator[Block]:
    """All threads of the chain, this one marked, and what they came to together."""
    if member is None or (member.parent is None and not member.children):
        return
    yield from _chain_blocks(member.root, member)


def _chain_blocks(head: Member, here: Member | None) -> Iterator[Block]:
    whole = totals(head)
    yield Heading("chain", count(whole.threads, "thread"))
    yield Facts(
        facts_in_order(
            ("state", TURN_WORDS[whole.state]),
            ("took", short_duration(whole.duration_ms)),
            ("tokens", f"{whole.usage.total:,}" if whole.usage.total else None),
            ("calls", f"{whole.calls:,}"),
            ("failures", f"{whole.failures:,}" if whole.failures else "none"),
        )
    )
    threads = list(_with_depth(head))
    badges = badge_of([member for member, _ in threads]) if len(threads) > 1 else {}

    def row(thread: tuple[Member, int]) -> Line:
        member, depth = thread
        return _thread_row(member, depth, badges.get(member.entry.key), is_here=member is here)

    def target(thread: tuple[Member, int]) -> Target | None:
        member, _ = thread
        return None if member is here else Target(None, member.entry.id)

    yield from first_rows(threads, row, "thread", shown=50, target=target)


def _with_depth(root: Member) -> Iterator[tuple[Member, int]]:
    waiting = [(root, 0)]
    while waiting:
        member, depth = waiting.pop()
        yield member, depth
        waiting.extend((child, depth + 1) for child in reversed(member.children))


def _thread_row(member: Member, depth: int, badge: Badge | None, *, is_here: bool) -> Line:
    entry = member.entry
    failed = failures(member)
    used = tokens(entry.usage.total) if entry.usage_source != "none" else ""
    return [
        (f"{TURN_GLYPHS[entry.state]} ", STATE_STYLES[entry.state]),
        (right(took(member), DURATION_WIDTH), "dim"),
        (right(used, DURATION_WIDTH), "dim"),
        (right(f"✗{failed}" if failed else "", DURATION_WIDTH - 2) + "  ", "bold red"),
        (indent_of(depth), "dim"),
        (f"{badge.letter} " if badge is not None else "", badge.style if badge is not None else ""),
        (title_of(member, 100), "bold" if is_here else ""),
        (" · this one" if is_here else "", "cyan"),
        (f" · {member.oddity.value}" if member.oddity is not None else "", "yellow"),
    ]
