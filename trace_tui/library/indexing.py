"""One thread's files folded into the rows that the catalog keeps of it.

Called by `scanning`, in whichever process does the work. A file that has only grown is folded on from where
the last reading halted; any other is folded from its start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

from trace_tui.errors import Unreadable
from trace_tui.fold import StaleState
from trace_tui.halt import Halt
from trace_tui.library.finding import ThreadFiles, may_be_codex
from trace_tui.library.rows import NEVER, Earlier, Indexed, Row
from trace_tui.model import Call, Response, Session, SessionFile, Turn, file_of, line_of
from trace_tui.parsers.detect import NotASession
from trace_tui.reading import STOPPED_READING, SessionReader
from trace_tui.sources import Source, file_source
from trace_tui.texts import Texts

TAIL = 4096
"""So many bytes before the end of what was read tell whether a file was only written on."""
ALWAYS_HALT = 8 << 20
"""Reading so much again takes some 100 ms: worth a stored fold, even if the file may never grow."""
HALT_IF_GROWING = 1 << 19


Heard = Callable[[int], None]


class _Reading(NamedTuple):
    session: Session
    sources: list[Source]
    responses: list[Response]
    responses_kept: int
    halt: tuple[Halt, int] | None


def index(thread: ThreadFiles, earlier: Earlier | None, heard: Heard | None = None) -> Indexed:
    """Never raises over what the files hold: that they are no session is a fact to keep, too.

    ``heard`` is told how many bytes have been read, and may stop the reading by an error of its own.
    """
    steps = _read(thread, earlier)
    while True:
        try:
            taken = next(steps)
        except StopIteration as done:
            indexed: Indexed = done.value
            return indexed
        except Unreadable as reason:
            words = str(reason).removeprefix(f"{thread.files[-1].path}: ")
            return _refused(thread, words, for_good=isinstance(reason.__cause__, NotASession))
        except Exception as bug:
            # One file that this program stumbles over must not hide all others; `doctor` tells of it.
            words = f"this program failed on it: {type(bug).__name__}: {bug}"
            return _refused(thread, words, for_good=False)
        if heard is not None:
            heard(taken)


Steps = Generator[int, None, Indexed]


def _read(thread: ThreadFiles, earlier: Earlier | None) -> Steps:
    sources = [file_source(Path(file.path)) for file in thread.files]
    if earlier is not None and earlier.halt is not None and _only_grew(thread, earlier):
        try:
            reader = SessionReader(sources, halted=earlier.halt)
        except StaleState:
            pass  # written by another build: it is only a shortcut, and the files are all there
        else:
            return (yield from _run(reader, thread, earlier, earlier.responses))
    return (yield from _run(SessionReader(sources), thread, earlier, 0))


def _run(reader: SessionReader, thread: ThreadFiles, earlier: Earlier | None, responses_kept: int) -> Steps:
    responses: list[Response] = []
    halts: list[tuple[Halt, int]] = []
    reader.fold.on_response = responses.append
    if thread.size >= ALWAYS_HALT or (earlier is not None and thread.size >= HALT_IF_GROWING):
        reader.on_halt = lambda halt: halts.append((halt, responses_kept + len(responses)))
    yield from reader.steps()
    session = reader.session()
    halt = halts[0] if halts else None
    return _indexed(thread, _Reading(session, reader.sources, responses, responses_kept, halt))


def _only_grew(thread: ThreadFiles, earlier: Earlier) -> bool:
    """The same files, all as they were but the last, which still has all that was read of it."""
    *olders, last = earlier.files
    *older, now = thread.files
    if older != olders or (now.path, now.inode) != (last.path, last.inode):
        return False
    if now.size <= last.size:
        return False  # it was written to, and not behind its end
    return earlier.tail_digest is not None and tail_digest(now.path, earlier.read_to) == earlier.tail_digest


def tail_digest(path: str, end: int) -> bytes | None:
    """Of the bytes right before ``end``; None where the file no longer has them."""
    start = max(0, end - TAIL)
    try:
        with open(path, "rb") as file:
            file.seek(start)
            tail = file.read(end - start)
    except OSError:
        return None
    return hashlib.blake2b(tail, digest_size=16).digest() if len(tail) == end - start else None


# -- rows ---------------------------------------------------------------
# Truth values as numbers: SQLite's adapter takes longer over one of them than over all else in a row.


def _refused(thread: ThreadFiles, reason: str, *, for_good: bool) -> Indexed:
    """What lies with the file is remembered; with anything else it may be better next time."""
    # Of the many files that end like sessions, those that Codex did not even name are nobody's loss.
    stranger = int(for_good and not any(may_be_codex(file.path) for file in thread.files))
    files = [
        (*(file if for_good else file._replace(mtime_ns=NEVER)), position, 0, 0, None, reason, stranger)
        for position, file in enumerate(thread.files)
    ]
    return Indexed(thread.key, None, files, {}, 0, None)


def _indexed(thread: ThreadFiles, reading: _Reading) -> Indexed:
    session = reading.session
    files = _file_rows(thread, session)
    rows = {
        "versions": list(enumerate(session.cli_versions)),
        "turns": [_turn_row(turn) for turn in session.turns],
        "calls": _call_rows(session.turns),
        "responses": [
            (position, turn, at, model, tier, *usage)
            for position, (turn, at, model, tier, usage) in enumerate(
                reading.responses, reading.responses_kept
            )
        ],
        "links": _link_rows(session),
        "problems": [
            (position, problem.file, problem.line, problem.kind, problem.detail)
            for position, problem in enumerate(session.problems)
        ],
        "unknown_lines": list(session.unknown.items()),
    }
    return Indexed(
        thread.key,
        _session_row(session, reading.sources, len(rows["calls"])),
        files,
        rows,
        reading.responses_kept,
        reading.halt,
    )


def _file_rows(thread: ThreadFiles, session: Session) -> list[Row]:
    """Positions are those that turns and calls name; a file that could not be read stands behind the rest."""
    read = {file.path: (position, file) for position, file in enumerate(session.files)}
    stopped = any(problem.kind == STOPPED_READING for problem in session.problems)
    rows: list[Row] = []
    for found in thread.files:
        if found.path in read:
            position, file = read[found.path]
            kept = found._replace(mtime_ns=NEVER) if stopped else found
            rows.append((*kept, position, file.end, len(file.offsets), _digest(file), None, 0))
        else:
            position = len(session.files) + len(rows)
            again = found._replace(mtime_ns=NEVER)  # it may have been a passing trouble
            rows.append((*again, position, 0, 0, None, "could not be read as a session", 0))
    return rows


def _digest(file: SessionFile) -> bytes | None:
    """Of compressed files what was read is not what stands there."""
    return None if file.path.endswith((".zst", ".gz")) else tail_digest(file.path, file.end)


def _session_row(session: Session, sources: list[Source], calls: int) -> Row:
    agent = session.agent
    return (
        session.id,
        session.root_id,
        session.parent_id,
        session.relation.value,
        agent.path,
        agent.nickname,
        agent.role,
        agent.depth,
        session.forked_from,
        session.forked_at,
        session.format.value,
        session.originator,
        session.source,
        session.cwd,
        session.branch,
        session.commit,
        session.repository,
        _whole_title(session, sources),
        int(session.name is not None),
        session.started_at,
        session.ended_at,
        str(session.state),
        next((turn.model for turn in reversed(session.turns) if turn.model), None),
        int(session.archived),
        int(session.compressed),
        len(session.turns),
        calls,
        len(session.failed_turns()),
        len(session.failed_calls()),
        *session.usage,
        session.usage_source,
        session.inherited_lines,
        session.inherited_calls,
        len(session.problems) + session.problems_left_out,
    )


def _whole_title(session: Session, sources: list[Source]) -> str:
    """The model holds only the beginning of a long one."""
    prompt = session.title_prompt
    if prompt is None or not prompt.cut:
        return session.title
    with Texts(session, sources) as texts:
        return texts.title(session)


def _turn_row(turn: Turn) -> Row:
    error = turn.error
    return (
        turn.index,
        turn.id,
        turn.kind.value,
        turn.status.value,
        error.message if error else None,
        error.code if error else None,
        int(turn.reverted),
        turn.prompt.head if turn.prompt else None,
        turn.model,
        turn.effort,
        turn.cwd,
        turn.approval_policy,
        turn.sandbox,
        turn.started_at,
        turn.ended_at,
        turn.duration_ms,
        *turn.usage,
        turn.responses,
        turn.compactions,
        turn.context_used,
        turn.context_window,
        file_of(turn.place),
        line_of(turn.place),
    )


def _call_rows(turns: list[Turn]) -> list[Row]:
    rows: list[Row] = []
    for turn in turns:
        index = turn.index
        for item in turn.items:
            if isinstance(item, Call):
                rows.append(_call_row(len(rows), index, item))
                for nested in item.nested or ():
                    rows.append(_call_row(len(rows), index, nested))
    return rows


def _call_row(position: int, turn: int, call: Call) -> Row:
    return (
        position,
        turn,
        call.call_id,
        call.name,
        call.namespace or "",
        call.tool.value,
        call.status.value,
        call.exit_code,
        call.reason or "",
        call.summary,
        call.started_at,
        call.ended_at,
        call.duration_ms,
        int(call.parallel),
        call.parent_call_id or "",
        call.child_session or "",
        file_of(call.place),
        line_of(call.place),
    )


def _link_rows(session: Session) -> list[Row]:
    """The children this thread names; those known by their path alone have no id yet."""
    rows: list[Row] = [
        (position, child.id, None, child.call_id, child.relation.value, child.name)
        for position, child in enumerate(session.children)
    ]
    for path, call in session.awaited_workers.items():
        rows.append((len(rows), None, path, call.call_id, "worker", None))
    return rows
