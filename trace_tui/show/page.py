"""The session as a page for people: what it was, where it went wrong, then turn by turn."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from trace_tui.findings import findings_in, foremost
from trace_tui.model import Call, Note, NoteKind, Session, Turn
from trace_tui.parsers.safe_text import one_line, safe_block
from trace_tui.targets import PlaceKind, link
from trace_tui.texts import Texts
from trace_tui.time_spent import time_split
from trace_tui.times import between, local_with_zone, short_duration
from trace_tui.wording.cast import Cast
from trace_tui.wording.cells import Line as Parts
from trace_tui.wording.steps import NARROW, Columns, call_row, note_row
from trace_tui.wording.words import STATE_STYLES, TURN_GLYPHS, TURN_KINDS, TURN_WORDS, count, tokens

FAILURES_ON_TOP = 5
HINTS_ON_TOP = 10
ANSWER_LINES = 12
PROMPT_LINES = 6


class Page:
    """Prints to one console, as wide as that is."""

    def __init__(self, console: Console, session: Session, texts: Texts, named: str | None) -> None:
        """``named`` is how to name the session again, where it can be."""
        self._console = console
        self._named = named
        self._session = session
        self._texts = texts
        self._width = console.width
        self._on_terminal = console.is_terminal
        self._columns = Columns(
            cast=Cast.of_session(session),
            with_time=self._width >= NARROW and any(turn.started_at for turn in session.turns),
            with_parallel=any(call.parallel for turn in session.turns for call in turn.calls()),
        )

    def whole(self, turns: list[Turn]) -> None:
        self.header()
        self.failures_first()
        self.hints()
        for turn in turns:
            self._console.print()
            self.turn(turn)
        self.problems()
        if self._columns.with_parallel:
            self._line(("\n‖ ran side by side with its neighbours", "dim"))

    # -- the session ----------------------------------------------------

    def header(self) -> None:
        session = self._session
        state = session.state
        self._line(
            (f"{TURN_GLYPHS[state]} ", STATE_STYLES[state]), (one_line(session.title, 400), "bold"), crop=True
        )
        self._indented(Line(" · ".join(self._totals())), "  ")
        for name, value in self._facts():
            line = Line().append(f"  {name:<10}", "dim").append(value)
            self._put(line)  # paths are for copying: the terminal may wrap them

    def _totals(self) -> list[str]:
        session = self._session
        calls = sum(len(turn.calls()) for turn in session.turns)
        failed = len(session.failed_calls())
        parts = [
            TURN_WORDS[session.state],
            short_duration(between(session.started_at, session.ended_at)),
            count(len(session.turns), "turn"),
            count(calls, "call"),
        ]
        if failed:
            parts.append(f"{failed} failed")
        if session.usage_source != "none":
            parts.append(f"{tokens(session.usage.total)} tokens")
        return [part for part in parts if part]

    def _facts(self) -> Iterable[tuple[str, str]]:
        session = self._session
        models = list(dict.fromkeys(turn.model for turn in session.turns if turn.model))
        tool = " ".join(part for part in (session.originator, "/".join(session.cli_versions)) if part)
        started = local_with_zone(session.started_at)
        if started is not None:
            yield "started", started.strftime("%a %d %b %Y %H:%M:%S %Z")
        if session.cwd:
            yield "folder", one_line(session.cwd)
        if session.branch:
            commit = f" at {session.commit[:10]}" if session.commit else ""
            yield "branch", one_line(session.branch + commit)
        if models or tool:
            yield "agent", one_line(", ".join([*models, tool] if tool else models))
        if session.usage_source != "none":
            yield "tokens", _tokens(session)
        yield "session", f"{one_line(session.id or 'no id')} ({session.format.value})"
        yield from self._relatives()
        for index, file in enumerate(session.files):
            yield ("file" if index == 0 else ""), one_line(file.path, 1000)
        if session.inherited_lines:
            yield (
                "inherited",
                f"{count(session.inherited_lines, 'line')} copied from its parent, left out here",
            )

    def _relatives(self) -> Iterable[tuple[str, str]]:
        session = self._session
        if session.parent_id:
            name = session.agent.nickname or session.agent.path
            yield (
                "parent",
                one_line(session.parent_id, 80) + (f" (this is {one_line(name, 60)})" if name else ""),
            )
        if session.forked_from:
            yield "fork of", one_line(session.forked_from)
        for index, child in enumerate(session.children):
            name = f"{one_line(child.name, 40)} " if child.name else ""
            label = ("child" if len(session.children) == 1 else "children") if index == 0 else ""
            yield label, f"{child.relation.value} {name}{one_line(child.id, 80)}"

    def failures_first(self) -> None:
        """What a reader of a red run wants to know before anything else."""
        for turn in self._session.failed_turns():
            message = turn.error.message if turn.error else "failed"
            self._line((f"  ✗ turn {turn.index} failed: {one_line(message, 300)}", "bold red"))
        failed = self._session.failed_calls()
        for call in failed[:FAILURES_ON_TOP]:
            self._row(call_row(call, self._width - 2, self._columns, on_its_own=True))
        if len(failed) > FAILURES_ON_TOP:
            self._line((f"    … and {len(failed) - FAILURES_ON_TOP} more: see them all with --failed", "dim"))
        if failed and self._named:
            first = one_line(link(self._named, PlaceKind.ERROR, 1), 1000)
            self._put(Line(f"  {'look at':<10}{first}", "dim"))  # for copying, as the paths above

    def hints(self) -> None:
        """What looks like a loop or a stall, with the lines that say so."""
        findings = findings_in(self._session, self._texts)
        if not findings:
            return
        from trace_tui.telling.hints import hint_words

        self._line(("  hints", "dim"))
        for finding in foremost(findings, HINTS_ON_TOP):
            line = Line().append(f"turn {finding.turn} · ", "dim").append(hint_words(finding, self._session))
            self._indented(line, "    ")
        if len(findings) > HINTS_ON_TOP:
            self._line((f"    … and {len(findings) - HINTS_ON_TOP} more: see them all with --json", "dim"))

    def problems(self) -> None:
        session = self._session
        if not session.problems and not session.unknown:
            return
        self._console.print()
        for problem in session.problems[:20]:
            self._line((f"! line {problem.line}: {one_line(problem.detail, 300)}", "yellow"))
        more = len(session.problems) - 20 + session.problems_left_out
        if more > 0:
            self._line((f"! … and {more} more problems", "yellow"))
        for kind, number in session.unknown.items():
            self._line(
                (
                    f"! {count(number, 'line')} of a kind this program does not know: {one_line(kind)}",
                    "yellow",
                )
            )

    # -- a turn ---------------------------------------------------------

    def turn(self, turn: Turn) -> None:
        self._turn_head(turn)
        self._asked(turn)
        steps = [item for item in turn.items if not self._is_told_elsewhere(item, turn)]
        for item in steps:
            if isinstance(item, Call):
                for call in (item, *(item.nested or ())):
                    self._row(call_row(call, self._width - 2, self._columns))
            else:
                self._row(note_row(item, self._told(item), self._width - 2, self._columns))
        if turn.error is not None:
            code = f" ({one_line(turn.error.code, 60)})" if turn.error.code else ""
            self._block("✗ " + turn.error.message + code, "bold red", 6)
        answer = self._texts.whole(turn.final_answer)
        if answer:
            self._block(answer, "", ANSWER_LINES, mark="‹ ")

    def _turn_head(self, turn: Turn) -> None:
        kind = TURN_KINDS[turn.kind]
        parts = [f"turn {turn.index}", kind, TURN_WORDS[turn.status], short_duration(turn.duration_ms)]
        parts.append("undone later" if turn.reverted else "")
        right = [" ".join(part for part in (turn.model, turn.effort) if part)]
        if turn.usage.total:
            right.append(f"{tokens(turn.usage.total)} tokens")
        if turn.context_used and turn.context_window:
            right.append(f"context {100 * turn.context_used / turn.context_window:.0f} %")
        split = time_split(turn)
        if split and split.workers_ms >= 1000:
            right.append(f"{short_duration(split.workers_ms)} waiting for workers")
        if turn.compactions:
            right.append(count(turn.compactions, "compaction"))
        if turn.responses > 1:
            right.append(f"{turn.responses} responses")
        head = f"{TURN_GLYPHS[turn.status]} ", " · ".join(part for part in parts if part)
        left_over = self._width - cell_len("".join(head))
        self._line(
            (head[0], STATE_STYLES[turn.status]),
            (head[1], "bold"),
            ("   " + _as_many_as_fit([one_line(part, 60) for part in right if part], left_over - 3), "dim"),
            crop=True,
        )

    def _asked(self, turn: Turn) -> None:
        prompt = self._texts.whole(turn.prompt)
        if prompt:
            self._block(prompt, "cyan", PROMPT_LINES, mark="› ")
        elif turn.prompt_sealed:
            self._block("the task is sealed: the file holds only its cipher text", "dim", 1, mark="› ")

    def _is_told_elsewhere(self, item: Call | Note, turn: Turn) -> bool:
        """The prompt stands above the steps and the answer below them."""
        if isinstance(item, Call):
            return False
        if item.kind is NoteKind.PROMPT:
            return turn.prompt is not None and item.place == turn.prompt.place
        answer = turn.final_answer
        return item.kind is NoteKind.MESSAGE and answer is not None and item.text[:200] == answer.head[:200]

    # -- printing -------------------------------------------------------

    def _told(self, note: Note) -> str:
        """As much of a note's text as a row may need; news of a worker can only be read as a whole."""
        enough = len(note.text) >= self._width and note.kind is not NoteKind.AGENT_MESSAGE
        return note.text if enough else self._texts.whole(note) or ""

    def _row(self, row: Parts) -> None:
        line = Line("  ", no_wrap=True, end="")
        for text, style in row:
            line.append(text, style)
        line.rstrip()
        line.truncate(self._width)
        self._put(line)

    def _put(self, line: Line) -> None:
        """A line as it is. There may be a hundred thousand, and in a pipe they need no help to be written."""
        if self._on_terminal:
            self._console.print(line, soft_wrap=True)
        else:
            self._console.file.write(line.plain + "\n")

    def _line(self, *parts: tuple[str, str], crop: bool = False) -> None:
        line = Line()
        for text, style in parts:
            line.append(text, style)
        self._console.print(line, no_wrap=crop, overflow="ellipsis" if crop else "fold", crop=crop)

    def _indented(self, text: Line, indent: str, mark: str = "") -> None:
        """Wrapped lines under each other, the mark before the first."""
        width = max(self._width - len(indent) - len(mark), 8)
        for number, line in enumerate(text.wrap(self._console, width, overflow="fold")):
            line.rstrip()
            start = mark if number == 0 else " " * len(mark)
            self._put(Line(indent).append(start, text.style).append_text(line))

    def _block(self, text: str, style: str, limit: int, mark: str = "") -> None:
        """A text of several lines, indented, its middle lines left out where it is long."""
        lines = safe_block(text).strip().split("\n")
        more = len(lines) - limit
        shown = "\n".join(lines[:limit])
        self._indented(Line(shown, style), " " * (4 - len(mark)), mark)
        if more > 0:
            self._line((f"    … {count(more, 'more line')}", "dim"))


def _as_many_as_fit(facts: list[str], width: int) -> str:
    """The facts beside each other, without the last ones where there is no room for them."""
    while len(facts) > 1 and cell_len(" · ".join(facts)) > width:
        facts = facts[:-1]
    return " · ".join(facts)


def _tokens(session: Session) -> str:
    usage = session.usage
    share = 100 * usage.cached_input / usage.input if usage.input else 0
    return f"{usage.input:,} in ({share:.0f} % cached), {usage.output:,} out"
