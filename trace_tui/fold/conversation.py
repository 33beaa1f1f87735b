"""What people, the agent and the harness said: prompts, messages, reasoning, and their twins.

Most texts stand in a file twice: as the model saw them, and once more for display. Only prompts and
messages have the second line, so it tells a person's words from text that the harness put in.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from trace_tui.fold.calls import CallBook, OpenCall
from trace_tui.fold.turns import TurnBook, TurnState, last_message, shortened
from trace_tui.model import Note, NoteKind, Place, Text, TurnKind, line_of
from trace_tui.parsers.events import AgentText, CallMade, CallOutput, Message, Prompt, Reasoning

_HEAD = 400
_SHELL_PARTS = re.compile(r"<command>\n?(.*?)\n?</command>\s*<result>\n?(.*)", re.DOTALL)


@dataclass(slots=True)
class Conversation:
    _turns: TurnBook
    candidate: tuple[Message, Place] | None = None
    """A user message that waits for the line which says that a person wrote it."""
    _prompts_have_twins: bool = False
    _expected_message: str | None = None
    """The last prompt that was told for display before its message; its message is no second one."""
    _doubtful: Text | None = None
    """A prompt that no second line confirmed."""
    _shown: deque[str] = field(default_factory=lambda: deque(maxlen=16))
    _shown_ids: set[str] = field(default_factory=set)
    _unconfirmed: Note | None = None
    """The last assistant message without a twin: possibly a compaction's summary."""
    _reasoning_shown: int = 0
    """Parts of reasoning told for display whose items are still to come."""

    def new_turn(self) -> None:
        self._shown.clear()
        self._shown_ids.clear()
        self._reasoning_shown = 0
        self._unconfirmed = None

    def note(self, state: TurnState, kind: NoteKind, text: str, place: Place, at: int | None) -> Note:
        note = Note(kind, place, at, text[:_HEAD], len(text) > _HEAD)
        state.turn.items.append(note)
        return note

    # -- prompts --------------------------------------------------------

    def joins_open_prompt(self) -> bool:
        """Up to 0.45 the pictures of a prompt stood in a line of their own before its text."""
        current = self._turns.current
        if current is None or current.ended or current.worked or current.turn.prompt is None:
            return False
        return current.turn.id is None and current.turn.prompt.head == ""

    def prompt(self, event: Prompt, place: Place) -> None:
        confirmed = not event.bare
        self._prompts_have_twins = confirmed
        if confirmed and self._correct_doubtful(event, place):
            return
        if self.candidate is None:
            self._expected_message = event.text
        self.candidate = None
        if self.joins_open_prompt() or not self._turns.begins_with_prompt():
            state = self._turns.current
            assert state is not None
        else:
            state = self._turns.open(place, event.at, event.ordinal)
            self.new_turn()
        turn, text = state.turn, shortened(event.text, place)
        if turn.prompt is None or turn.prompt.head == "":
            turn.prompt = text
        else:
            turn.steered.append(text)
        words = event.text or f"({event.images} image{'s' if event.images != 1 else ''})"
        self.note(state, NoteKind.PROMPT, words, place, event.at)

    def _correct_doubtful(self, event: Prompt, place: Place) -> bool:
        """The first confirmed prompt shows that what was taken for this turn's prompt was harness text."""
        doubtful, self._doubtful = self._doubtful, None
        state = self._turns.current
        if (
            doubtful is None
            or state is None
            or state.worked
            or state.ended
            or state.turn.prompt is not doubtful
        ):
            return False
        for item in state.turn.items:
            if isinstance(item, Note) and item.kind is NoteKind.PROMPT and item.place == doubtful.place:
                item.kind = NoteKind.NOTE
        self.candidate = None
        state.turn.prompt = shortened(event.text, place)
        self.note(state, NoteKind.PROMPT, event.text, place, event.at)
        return True

    def message(self, event: Message, place: Place) -> None:
        if event.role == "assistant":
            self._assistant(event, place)
        elif event.role == "system" and event.bare:
            self._system(event, place)
        elif event.role == "user" and event.injected is None and not event.inherited:
            self._user(event, place)
        elif event.injected == "worker_notification" and self._turns.current is not None:
            state = self._turns.holding(event.turn_id, place, event.at, event.ordinal)
            self.note(state, NoteKind.AGENT_MESSAGE, event.text, place, event.at)

    def _user(self, event: Message, place: Place) -> None:
        if event.bare:
            self.prompt(
                Prompt(event.text, event.images, at=event.at, ordinal=event.ordinal, bare=True), place
            )
            return
        if self._expected_message is not None and event.text.startswith(self._expected_message[:_HEAD]):
            self._expected_message = None
            return
        self.flush()
        self.candidate = (event, place)

    def _system(self, event: Message, place: Place) -> None:
        """The TypeScript CLI told of errors in the system's name."""
        state = self._turns.holding(None, place, event.at, event.ordinal)
        self.note(state, NoteKind.ERROR, event.text, place, event.at)

    def flush(self, *, waiting_only_if_unanswered: bool = False) -> None:
        """No second line came for the waiting message: what it was is decided by where it stands."""
        if self.candidate is None:
            return
        event, place = self.candidate
        current = self._turns.current
        opens = self._turns.begins_with_prompt()
        if waiting_only_if_unanswered and not opens:
            return
        self.candidate = None
        if opens and self._prompts_have_twins and not event.labelled_prompt:
            if current is not None:
                self.note(current, NoteKind.NOTE, event.text, place, event.at)
            return
        turn = None if opens or current is None else current.turn
        if turn is None or turn.prompt is None or event.labelled_prompt:
            had_twins = self._prompts_have_twins
            self._doubtful = None
            self.prompt(Prompt(event.text, event.images, at=event.at, ordinal=event.ordinal), place)
            self._prompts_have_twins, self._expected_message = had_twins, None
            state = self._turns.current
            if not event.labelled_prompt and state is not None:
                self._doubtful = state.turn.prompt
        elif current is not None:
            self.note(current, NoteKind.NOTE, event.text, place, event.at)

    def shell_command(self, event: Message, place: Place, calls: CallBook) -> None:
        """A person's own ``!command``: an item told of it already, or this message is all there is."""
        state = self._turns.current
        if state is not None and any(
            isinstance(item, OpenCall) and item.by_user for item in state.turn.items
        ):
            return
        told_by_message = state is not None and state.turn.kind is TurnKind.SHELL and bool(state.turn.calls())
        if state is None or state.ended or told_by_message or (state.turn.id is None and state.worked):
            state = self._turns.open(place, event.at, event.ordinal)
        turn = state.turn
        if turn.prompt is None and not state.answered:
            turn.kind = TurnKind.SHELL
        parts = _SHELL_PARTS.search(event.text)
        command, result = (parts[1], parts[2]) if parts else (event.text, "")
        call_id = f"line-{line_of(place)}"
        made = CallMade(
            at=event.at, call_id=call_id, name="shell", input=command, arguments={"command": command}
        )
        call = calls.made(made, turn, place)
        if call is not None:
            turn.items.append(call)
            calls.output(CallOutput(at=event.at, call_id=call_id, text=result), place)

    # -- messages of the agent ------------------------------------------

    def agent_text(self, event: AgentText, place: Place) -> None:
        self.flush()
        state = self._turns.holding(event.turn_id, place, event.at, event.ordinal)
        state.worked = state.answered = True
        if event.id is not None:
            self._shown_ids.add(event.id)
        unconfirmed = self._unconfirmed
        if unconfirmed is not None and unconfirmed.text == event.text[:_HEAD]:
            self._unconfirmed = None
            return
        self._shown.append(event.text[:_HEAD])
        self.note(state, NoteKind.MESSAGE, event.text, place, event.at).phase = event.phase

    def _assistant(self, event: Message, place: Place) -> None:
        self.flush()
        head = event.text[:_HEAD]
        if event.id is not None and event.id in self._shown_ids:
            self._shown_ids.discard(event.id)
            if head in self._shown:
                self._shown.remove(head)
            return
        if head in self._shown:
            self._shown.remove(head)
            return
        if not event.text.strip():
            return
        state = self._turns.holding(event.turn_id, place, event.at, event.ordinal)
        state.worked = True
        if event.for_compaction:
            return
        state.answered = True
        note = self.note(state, NoteKind.MESSAGE, event.text, place, event.at)
        note.phase = event.phase
        self._unconfirmed = None if event.bare else note

    def take_back_summary(self, state: TurnState) -> None:
        """A message that nobody was shown, right before a compaction, was its summary."""
        note = self._unconfirmed
        self._unconfirmed = None
        items = state.turn.items
        for index in range(len(items) - 1, max(len(items) - 5, -1), -1):
            if items[index] is note:
                del items[index]
                state.answered = last_message(state.turn) is not None
                return

    def reasoning(self, event: Reasoning, place: Place) -> None:
        if self.candidate is not None:
            self.flush()
        state = self._turns.current
        if state is None or event.turn_id is not None:
            state = self._turns.holding(event.turn_id, place, event.at, event.ordinal)
        state.worked = True
        if event.twin:
            self._reasoning_shown += 1
        elif self._reasoning_shown:
            self._reasoning_shown = max(0, self._reasoning_shown - event.parts)
            return
        if not event.sealed:
            state.turn.items.append(Note(NoteKind.REASONING, place, event.at, event.text[:_HEAD], True))
