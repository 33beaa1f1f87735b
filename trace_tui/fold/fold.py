"""The fold: events in, one after another, and the session as it stands out.

It serves loading, tailing and indexing alike. It knows no file and no JSON; it keeps explicit state and
can be asked for the session at any point. Each rule by which versions differ stands in one place: turns in
`turns`, pairing in `calls`, outcomes in `outcome`, tokens in `tokens`, copied history in `lineage`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trace_tui.fold import links as linking
from trace_tui.fold.calls import CallBook
from trace_tui.fold.conversation import Conversation
from trace_tui.fold.lineage import Lineage
from trace_tui.fold.links import Links
from trace_tui.fold.surroundings import Surroundings
from trace_tui.fold.tokens import TokenMeter
from trace_tui.fold.turns import Guess, TurnBook, TurnState, shortened
from trace_tui.model import (
    CallStatus,
    NoteKind,
    Place,
    Problem,
    Relation,
    Response,
    Session,
    SessionFile,
    Turn,
    TurnError,
    TurnKind,
    TurnStatus,
    file_of,
    line_of,
    place_of,
)
from trace_tui.parsers.events import (
    AgentActivity,
    AgentText,
    CallMade,
    CallOutput,
    Compacted,
    Event,
    Mail,
    Malformed,
    Message,
    PlanText,
    Prompt,
    Quiet,
    Reasoning,
    Review,
    RolledBack,
    Salvaged,
    SessionHeader,
    SettingsApplied,
    ThreadNamed,
    TokenCount,
    ToolEnded,
    ToolStarted,
    Trouble,
    TurnContext,
    TurnEnded,
    TurnStarted,
    Unknown,
    UsageRecord,
)
from trace_tui.parsers.formats import Format
from trace_tui.parsers.usage import Usage

PROBLEMS_KEPT = 1000
_ALWAYS_OWN = frozenset({SessionHeader, Malformed, Salvaged})


class Fold:
    """Feed it the records of a thread's files, oldest file first; ask `session` at any time."""

    def __init__(self) -> None:
        self.on_response: Callable[[Response], None] | None = None
        """Hears of the thread's own responses as they come; the session keeps only their sums."""
        self._session = Session()
        self._lineage = Lineage()
        self._links = Links()
        self._turns = TurnBook()
        self._calls = CallBook(self._links)
        self._tokens = TokenMeter()
        self._talk = Conversation(self._turns)
        self._described = False
        self._file = 0
        self._file_bits = place_of(0, 0)
        self._last_at: int | None = None
        self._surroundings = Surroundings()
        self._settings: SettingsApplied | None = None
        self._context_used: int | None = None
        self._last_count: TokenCount | None = None
        self._window: int | None = None
        self._reviewing = False
        self._inherited_ids: set[str] = set()
        self._guesses: list[Guess] = []
        """What `session` and `live` supposed of turns that may go on."""
        self.can_go_on = True
        """Nothing was decided for good that further records might decide otherwise."""

    # -- in and out -----------------------------------------------------

    def begin_file(self, file: SessionFile, format_: Format) -> None:
        """The records that follow are of this file."""
        session = self._session
        session.files.append(file)
        self._file = len(session.files) - 1
        self._file_bits = place_of(self._file, 0)
        if not self._file:
            session.format = format_
            self._described = False

    @property
    def last_file(self) -> SessionFile:
        """The one whose records come."""
        return self._session.files[-1]

    def feed_all(self, first_line: int, events: Sequence[Event]) -> None:
        """The same for many records of one file that follow each other."""
        if self._guesses:
            self._take_back_guesses()
        handlers, lineage = _HANDLERS, self._lineage
        # Lines of one file count up in the lowest bits of a place.
        for place, event in enumerate(events, self._file_bits | first_line):
            kind = type(event)
            if kind is Quiet or not lineage.all_own:
                self.feed(line_of(Place(place)), event)
                continue
            if event.at is not None:
                self._last_at = event.at
            handlers[kind](self, event, place)

    def feed(self, line: int, event: Event) -> None:
        if self._guesses:
            self._take_back_guesses()
        if event.at is not None:
            self._last_at = event.at
        kind = type(event)
        if not self._lineage.all_own and kind not in _ALWAYS_OWN and not self._lineage.is_own(event):
            self._inherited(event)
        elif kind is not Quiet:
            _HANDLERS[kind](self, event, Place(self._file_bits | line))

    def problem(self, line: int, kind: str, detail: str) -> None:
        problems = self._session.problems
        if len(problems) < PROBLEMS_KEPT:
            problems.append(Problem(line, kind, detail, self._file))
        else:
            self._session.problems_left_out += 1

    def take_back_problem(self) -> None:
        """The last problem is none any more."""
        if self._session.problems_left_out:
            self._session.problems_left_out -= 1
        else:
            self._session.problems.pop()

    def session(self) -> Session:
        """All of it, where nothing more is to come; more can be fed as long as ``can_go_on``."""
        self.can_go_on = self.can_go_on and self._talk.candidate is None
        self._talk.flush()
        session = self.so_far()
        if self._lineage.copied_from and session.relation is Relation.ROOT:
            session.relation, session.forked_from = Relation.FORK, self._lineage.copied_from
        if session.started_at is None:
            session.started_at = next((turn.started_at for turn in session.turns if turn.started_at), None)
        if session.cwd is None:
            session.cwd = next((turn.cwd for turn in session.turns if turn.cwd), None)
        self._settle_calls()
        return session

    def so_far(self) -> Session:
        """What has been read by now, while more is to come; costs the same in long sessions as in short ones.

        Calls that were not answered yet are running.
        """
        self._leave_turn()
        self._take_back_guesses()
        self._guesses = self._turns.settle()
        session = self._session
        session.turns = list(self._turns.turns)
        session.children = self._links.children
        session.awaited_workers = self._links.awaited_paths
        session.usage_source = self._tokens.source
        session.ended_at = self._last_at
        last = session.turns[-1] if session.turns else None
        if last is not None and last.status is TurnStatus.IN_PROGRESS:
            for call in self._calls.out():
                if call.status is CallStatus.UNFINISHED:  # an item may have told its end already
                    call.status, call.reason = CallStatus.RUNNING, None
        return session

    def _take_back_guesses(self) -> None:
        for guess in self._guesses:
            guess.take_back()
        self._guesses = []

    def _settle_calls(self) -> None:
        """Calls that nothing ever answered."""
        for turn in self._session.turns:
            for call in turn.calls():
                if call.status in (CallStatus.RUNNING, CallStatus.UNFINISHED):
                    call.status = CallStatus.UNFINISHED
                    call.reason = "no output" if call.output_place is None else "left running"

    # -- headers and settings -------------------------------------------

    def _header(self, event: SessionHeader, place: Place) -> None:
        session = self._session
        if event.shape == "exec-stream" and self._described:
            self._calls.new_run()
            return
        if not self._described:
            self._described = True
            self._lineage.identity(event)
            linking.describe(session, event)
            self._links.own_path = event.agent_path
            self._turns.is_child = session.relation not in (Relation.ROOT, Relation.FORK)
            return
        if event.shape == "bare":
            return
        if event.id != session.id:
            self._session.inherited_lines += self._lineage.foreign_header(event)
            return
        base = event.history_base
        if base is not None and base.end_ordinal is not None and file_of(place) > 0:
            self._turns.revert_from(base.end_ordinal)
            self._turns.current = None
        linking.refine(session, event)

    def _inherited(self, event: Event) -> None:
        self._session.inherited_lines += 1
        if isinstance(event, CallMade):
            self._session.inherited_calls += 1
            if event.call_id is not None:
                self._inherited_ids.add(event.call_id)
        elif isinstance(event, TokenCount):
            self._tokens.inherited(event)

    def _turn_context(self, event: TurnContext, place: Place) -> None:
        if event.turn_id is None:
            self._talk.flush(waiting_only_if_unanswered=True)
        state = self._turns.context(event)
        if state is not None:
            self._note_changes(state, event, place)

    def _note_changes(self, state: TurnState, event: TurnContext, place: Place) -> None:
        """Marks where the model, its effort, the folder or a policy became another than before."""
        before, self._surroundings = self._surroundings, Surroundings.of(event, self._surroundings)
        if before is self._surroundings:
            return
        for kind, label, old, new in before.changes(self._surroundings):
            self._talk.note(state, kind, f"{label}{old} → {new}", place, event.at)

    def _settings_applied(self, event: SettingsApplied, _: Place) -> None:
        self._settings = event

    def _named(self, event: ThreadNamed, _: Place) -> None:
        self._session.name = event.name or self._session.name

    # -- turns ----------------------------------------------------------

    def _turn_started(self, event: TurnStarted, place: Place) -> None:
        self._talk.flush()
        self._leave_turn()
        current = self._turns.current
        if current is not None and current.turn.id is not None:
            self._reviewing = False  # a review that was never left ends with its turn
        state = self._turns.start(event, place)
        self._talk.new_turn()
        if state.turn.model is None and self._settings is not None:
            state.turn.model, state.turn.cwd = self._settings.model, self._settings.cwd
        if event.window is not None:
            self._window = event.window
        if self._reviewing:
            state.turn.kind = TurnKind.REVIEW

    def _turn_ended(self, event: TurnEnded, place: Place) -> None:
        self._talk.flush()
        state = self._turns.end(event, place)
        if state is None:
            return
        turn = state.turn
        self._reviewing = self._reviewing and turn.kind is not TurnKind.REVIEW
        if event.thread_total is not None:  # of how many responses, the stream does not say
            self._use(turn, self._tokens.stream(event.thread_total), event.at)
        self._note_context(state)
        if event.aborted:
            self._calls.abort_open_of(turn)

    def _rolled_back(self, event: RolledBack, _: Place) -> None:
        self._talk.flush()
        self._turns.roll_back(event.turns)

    def _review(self, event: Review, place: Place) -> None:
        self._reviewing = event.entered
        if not event.entered and self._turns.current is None:
            return
        current = self._turns.current
        if event.entered and (current is None or current.ended or current.turn.id is None):
            current = self._turns.open(place, event.at, event.ordinal)
        assert current is not None
        current.turn.kind = TurnKind.REVIEW
        if event.entered and current.turn.prompt is None and event.text:
            current.turn.prompt = shortened(event.text, place)
        words = event.text or ("review begins" if event.entered else "review ends")
        self._talk.note(current, NoteKind.NOTE, words, place, event.at)

    # -- what was said --------------------------------------------------

    def _prompt(self, event: Prompt, place: Place) -> None:
        current = self._turns.current
        if self._reviewing and current is not None and current.turn.prompt is not None:
            # What a reviewer is told is written by the harness, and twice by some builds.
            self._talk.note(current, NoteKind.NOTE, event.text, place, event.at)
            return
        if self._turns.begins_with_prompt() and not self._talk.joins_open_prompt():
            self._leave_turn()
        self._talk.prompt(event, place)
        self._use_settings()

    def _use_settings(self) -> None:
        current = self._turns.current
        if current is not None and current.turn.model is None and self._settings is not None:
            current.turn.model = self._settings.model

    def _message(self, event: Message, place: Place) -> None:
        if event.injected == "shell_command" and event.role == "user":
            self._talk.shell_command(event, place, self._calls)
            return
        self._talk.message(event, place)

    def _agent_text(self, event: AgentText, place: Place) -> None:
        self._talk.agent_text(event, place)

    def _reasoning(self, event: Reasoning, place: Place) -> None:
        self._talk.reasoning(event, place)

    def _plan(self, event: PlanText, place: Place) -> None:
        self._talk.note(self._holding(event, place), NoteKind.PLAN, event.text, place, event.at)

    def _mail(self, event: Mail, place: Place) -> None:
        state = self._holding(event, place)
        turn = state.turn
        incoming = event.author is not None and event.author != self._session.agent.path
        if self._turns.is_child and incoming and turn.prompt is None and not turn.prompt_sealed:
            if event.text.strip():
                turn.prompt = shortened(event.text, place)
            turn.prompt_sealed = event.sealed
        text = event.text or ("(sealed)" if event.sealed else "")
        note = self._talk.note(state, NoteKind.AGENT_MESSAGE, text, place, event.at)
        note.author, note.recipient, note.phase = event.author, event.recipient, event.kind

    def _trouble(self, event: Trouble, place: Place) -> None:
        current = self._turns.current
        if current is not None and not current.ended:
            current.trouble = TurnError(event.message, event.code)
        if current is None:
            current = self._holding(event, place)
        self._talk.note(current, NoteKind.ERROR, event.message, place, event.at)

    def _compacted(self, event: Compacted, place: Place) -> None:
        self._talk.flush()
        state = self._holding(event, place)
        state.turn.compactions += 1
        self._talk.take_back_summary(state)
        self._talk.note(state, NoteKind.COMPACTION, event.text, place, event.at)

    # -- calls ----------------------------------------------------------

    def _call_made(self, event: CallMade, place: Place) -> None:
        if self._talk.candidate is not None:
            self._talk.flush()
        state = self._holding(event, place)
        before = self._calls.repeated
        call = self._calls.made(event, state.turn, place)
        if call is not None:
            state.worked = True
            state.turn.items.append(call)
        elif self._calls.repeated > before:
            self.problem(line_of(place), "repeated_call", f"call {event.call_id} stands here again")

    def _call_output(self, event: CallOutput, place: Place) -> None:
        if self._calls.output(event, place) is not None:
            return
        if event.call_id in self._inherited_ids:  # an invented answer to a call of the parent
            self._session.inherited_lines += 1
            return
        state = self._holding(event, place)
        if event.call_id is None:  # harness text in the shape of an output
            self._talk.note(state, NoteKind.NOTE, event.text, place, event.at)
            return
        self.problem(line_of(place), "output_without_call", f"no call {event.call_id} in the file")
        state.turn.items.append(self._calls.orphan_output(event, state.turn, place))

    def _tool_started(self, event: ToolStarted, place: Place) -> None:
        state = self._holding(event, place)
        call = self._calls.started(event, state.turn, place)
        if call is not None:
            state.worked = True
            state.turn.items.append(call)

    def _tool_ended(self, event: ToolEnded, place: Place) -> None:
        state = self._holding(event, place)
        if self._reviewing and self._calls.find(event.call_id) is None and not event.by_user:
            # The reviewer's own file has this call; here it is only mirrored.
            told = event.whole() if event.whole is not None else event
            words = f"reviewer: {told.summary or told.name}" if isinstance(told, ToolEnded) else "reviewer"
            self._talk.note(state, NoteKind.NOTE, words, place, event.at)
            return
        call = self._calls.ended(event, state.turn, place)
        if call is not None:
            state.turn.items.append(call)
        if event.by_user and state.turn.prompt is None and not state.answered:
            state.turn.kind = TurnKind.SHELL

    def _agent_activity(self, event: AgentActivity, place: Place) -> None:
        self._links.activity(event, self._calls.find(event.call_id))
        if event.what in ("completed", "interrupted") and self._calls.find(event.call_id) is None:
            name = event.path or event.thread_id or "a worker"
            self._talk.note(
                self._holding(event, place), NoteKind.NOTE, f"{name} {event.what}", place, event.at
            )

    # -- tokens ---------------------------------------------------------

    def _usage_record(self, event: UsageRecord, place: Place) -> None:
        used = self._tokens.record(event, self._session.id)
        if used is not None:
            state = self._turns.named(event.turn_id) or self._turns.current or self._holding(event, place)
            self._add_usage(state, used, event.at)
            self._context_used, self._last_count = used.total, None

    def _token_count(self, event: TokenCount, place: Place) -> None:
        self._last_count = event
        used = self._tokens.count(event)
        if used is not None:
            self._add_usage(self._holding(event, place), used, event.at)

    def _leave_turn(self) -> None:
        """What is known of a turn that ends without a line of its own, or goes on."""
        current = self._turns.current
        if current is not None and not current.ended:
            self._note_context(current)

    def _note_context(self, state: TurnState) -> None:
        """How full the context was at the end of a turn: the last count's word, or the last response's."""
        if self._last_count is not None:
            self._context_used = self._last_count.context or self._context_used
            self._window = self._last_count.window or self._window
            self._last_count = None
        state.turn.context_used = self._context_used
        state.turn.context_window = self._window or state.turn.context_window

    def _add_usage(self, state: TurnState, used: Usage, at: int | None) -> None:
        self._use(state.turn, used, at)
        state.turn.responses += 1

    def _use(self, turn: Turn, used: Usage, at: int | None) -> None:
        turn.usage = turn.usage.plus(used)
        self._session.usage = self._session.usage.plus(used)
        if self.on_response is not None:
            tier = self._settings.service_tier if self._settings is not None else None
            self.on_response(Response(turn.index, at, turn.model, tier, used))

    # -- the rest -------------------------------------------------------

    def _unknown(self, event: Unknown, _: Place) -> None:
        self._session.unknown[event.type[:120]] += 1

    def _salvaged(self, event: Salvaged, place: Place) -> None:
        self.problem(line_of(place), "torn_line", event.detail)
        for told in event.events:
            self.feed(line_of(place), told)

    def _malformed(self, event: Malformed, place: Place) -> None:
        self.problem(line_of(place), event.kind, event.detail)

    def _holding(self, event: Event, place: Place) -> TurnState:
        if event.turn_id is None and (current := self._turns.current) is not None:
            return current
        return self._turns.holding(event.turn_id, place, event.at, event.ordinal)


_HANDLERS: dict[type[Event], Callable[[Fold, Any, Any], None]] = {
    SessionHeader: Fold._header,
    TurnStarted: Fold._turn_started,
    TurnEnded: Fold._turn_ended,
    TurnContext: Fold._turn_context,
    SettingsApplied: Fold._settings_applied,
    Prompt: Fold._prompt,
    Message: Fold._message,
    AgentText: Fold._agent_text,
    Reasoning: Fold._reasoning,
    CallMade: Fold._call_made,
    CallOutput: Fold._call_output,
    ToolStarted: Fold._tool_started,
    ToolEnded: Fold._tool_ended,
    AgentActivity: Fold._agent_activity,
    Mail: Fold._mail,
    UsageRecord: Fold._usage_record,
    TokenCount: Fold._token_count,
    Compacted: Fold._compacted,
    RolledBack: Fold._rolled_back,
    Review: Fold._review,
    PlanText: Fold._plan,
    Trouble: Fold._trouble,
    ThreadNamed: Fold._named,
    Unknown: Fold._unknown,
    Malformed: Fold._malformed,
    Salvaged: Fold._salvaged,
}
"""By the type of the event; outside the class, so that a fold holds no reference to itself."""
