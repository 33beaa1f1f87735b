"""Pairs calls with their outputs and items, so that each stands once, with its outcome.

Calls are found again by `call_id`, never by neighbourhood. What has no id of its own is placed by what is
open: commands inside a code-mode cell, polls of a process, waits for a cell.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from itertools import islice

from trace_tui.fold import outcome
from trace_tui.fold.links import Links
from trace_tui.fold.tools import (
    SUMMARY_LENGTH,
    summary_of_call,
    tool_of_call,
    tool_of_item,
    workers_waited_for,
)
from trace_tui.model import Call, CallStatus, Evidence, Place, Tool, Turn, Verdict, line_of
from trace_tui.parsers.agent_replies import agent_reply
from trace_tui.parsers.events import CallMade, CallOutput, ToolEnded, ToolStarted
from trace_tui.parsers.outputs import OutputFacts
from trace_tui.parsers.safe_text import one_line

_SOURCE_KEPT = 4000
_CELLS_KEPT = 32
_LOOK_BACK = 16
_NUMBERED = re.compile(r"item[-_]\d+")


@dataclass(slots=True, eq=False)
class OpenCall(Call):
    """A call with what the fold must remember of it beyond what the model shows."""

    turn_index: int = 0
    item: Verdict | None = None
    output: Verdict | None = None
    polls: str | None = None
    """The process session or cell that this call asks about."""
    source: str = ""
    """The script of a cell, to tell whose command a nested item is."""
    has_line: bool = True
    """False while only an item or a stream told of the call."""
    has_output: bool = False
    by_user: bool = False


@dataclass(slots=True)
class CallBook:
    links: Links
    _by_id: dict[str, OpenCall] = field(default_factory=dict)
    """The newest call of each id; some providers use one id again and again."""
    _same_id: dict[str, list[OpenCall]] = field(default_factory=dict)
    """Older calls of an id that had no output when the next one came."""
    _without_id: list[OpenCall] = field(default_factory=list)
    _without_line: list[OpenCall] = field(default_factory=list)
    _processes: dict[str, OpenCall] = field(default_factory=dict)
    _cells: dict[str, OpenCall] = field(default_factory=dict)
    _waiting: dict[str, OpenCall] = field(default_factory=dict)
    """Calls of the current turn that are still out."""
    _waiting_turn: int = 0
    _turn_cells: list[OpenCall] = field(default_factory=list)
    repeated: int = 0

    def new_run(self) -> None:
        """A stream's item ids begin again with every run."""
        self._by_id.clear()
        self._waiting.clear()

    def out(self) -> list[OpenCall]:
        """Calls of the current turn that are not answered yet, and processes that go on behind others."""
        going_on = [call for call in self._processes.values() if call.status is CallStatus.RUNNING]
        return [*self._waiting.values(), *going_on]

    # -- calls ----------------------------------------------------------

    def made(self, event: CallMade, turn: Turn, place: Place) -> Call | None:
        """The new call, or None where the line repeats one or completes one that an item began."""
        call_id = event.call_id or f"line-{line_of(place)}"
        tool = tool_of_call(event)
        known = self._by_id.get(call_id) or self._item_without_line(event, turn)
        if known is not None:
            if not known.has_line:
                self._complete(known, event, tool, place)
                return None
            if self._is_repeat(known, event, turn, place):
                self.repeated += 1
                return None
            if not known.has_output:
                self._same_id.setdefault(call_id, []).append(known)
        call = OpenCall(
            call_id,
            sys.intern(event.name),  # a few names stand in a hundred thousand calls
            tool,
            place,
            event.namespace,
            summary_of_call(event, tool),
            started_at=event.at,
            turn_index=turn.index,
        )
        if event.call_id is None:
            self._without_id.append(call)
        self._remember(call, event)
        return call

    def _is_repeat(self, known: OpenCall, event: CallMade, turn: Turn, place: Place) -> bool:
        """The same line again, rather than another call under the same id."""
        same_moment = event.at is not None and known.started_at == event.at
        return (
            (same_moment or place == known.place + 1)
            and known.turn_index == turn.index
            and known.name == event.name
            and known.summary == summary_of_call(event, known.tool)
        )

    def _remember(self, call: OpenCall, event: CallMade) -> None:
        self._by_id[call.call_id] = call
        if call.tool is Tool.EXEC:
            self._wait_for(call)
            return
        arguments = event.arguments or {}
        if call.tool is Tool.STDIN and (session := arguments.get("session_id")) is not None:
            call.polls = str(session)
        elif call.tool is Tool.CODE:
            if "cell_id" in arguments:
                call.polls = str(arguments["cell_id"])
            else:
                call.source = event.input[:_SOURCE_KEPT]
                self._turn_cells.append(call)
                if len(self._turn_cells) > _CELLS_KEPT:
                    self._turn_cells.pop(0).source = ""
        elif call.tool is Tool.AGENT:
            call.child_session = self.links.addressed(event)
            if call.summary.endswith("…"):
                call.reply = agent_reply("", tuple(workers_waited_for(arguments)))
        if event.kind in ("web_search", "image"):
            # These run on the server and never get an output line.
            self._settle(call, output=outcome.OK)
            call.has_output = True
        else:
            self._wait_for(call)

    def _wait_for(self, call: OpenCall) -> None:
        """A call made while others of its turn are still out runs beside them."""
        if self._waiting_turn != call.turn_index:
            self._waiting.clear()
            self._waiting_turn = call.turn_index
        if self._waiting:
            call.parallel = True
            if len(self._waiting) == 1:
                next(iter(self._waiting.values())).parallel = True
        self._waiting[call.call_id] = call

    def _item_without_line(self, event: CallMade, turn: Turn) -> OpenCall | None:
        """A web search told of by its event before its item, which had no id up to 0.140."""
        if event.kind != "web_search" or event.call_id is not None:
            return None
        query = summary_of_call(event, Tool.WEB_SEARCH)
        waiting = [state for state in self._without_line if state.turn_index == turn.index]
        found = next((state for state in waiting if state.summary == query), waiting[0] if waiting else None)
        if found is not None:
            self._without_line.remove(found)
        return found

    def _complete(self, call: OpenCall, event: CallMade, tool: Tool, place: Place) -> None:
        call.has_line = True
        call.item_place, call.place = call.place, place
        call.name, call.namespace, call.tool = (
            event.name or call.name,
            event.namespace or call.namespace,
            tool,
        )
        call.summary = summary_of_call(event, tool) or call.summary

    # -- outputs --------------------------------------------------------

    def output(self, event: CallOutput, place: Place) -> Call | None:
        """The call that this output belongs to, None if there is none in the file."""
        call = self._asked_for(event)
        if call is None:
            return None
        if call.has_output:
            return call
        if event.plain_success and call.polls is None and call.tool in outcome.HAVE_EXIT_CODES:
            self._succeeded(call, event, place)
            return call
        call.has_output = True
        self._waiting.pop(call.call_id, None)
        call.output_place = place
        verdict, facts = outcome.output_verdict(event, call.tool)
        self._time_output(call, facts.seconds, event.at)
        if call.polls is not None:
            verdict = self._poll(call, verdict, facts, event.at)
        elif facts.session is not None:
            self._processes[facts.session] = call
        elif facts.cell is not None:
            self._cells[facts.cell] = call
        if call.name == "spawn_agent":
            self.links.output_of_spawn(call, event.text)
        elif call.tool is Tool.AGENT:
            call.reply = agent_reply(_whole_text(event), call.reply.named if call.reply else ())
        self._settle(call, output=verdict)
        return call

    def _asked_for(self, event: CallOutput) -> OpenCall | None:
        """The call that an output answers: the oldest of its id that still waits in the newest one's turn."""
        if event.call_id is None:
            return self._without_id.pop(0) if self._without_id and not event.by_harness else None
        newest = self._by_id.get(event.call_id)
        if newest is None or event.call_id not in self._same_id:
            return newest
        older = self._same_id[event.call_id]
        while older:
            first = older.pop(0)
            if first.turn_index == newest.turn_index and not first.has_output:
                return first
        return newest

    def _succeeded(self, call: OpenCall, event: CallOutput, place: Place) -> None:
        """The commonest output by far: exit code 0, and nothing else to learn from it."""
        call.has_output = True
        call.output_place = place
        self._waiting.pop(call.call_id, None)
        self._time_output(call, event.seconds, event.at)
        call.output = outcome.OK_ZERO
        if call.item is None:
            call.status, call.exit_code, call.evidence = CallStatus.OK, 0, Evidence.OUTPUT
        else:
            self._settle(call)

    def orphan_output(self, event: CallOutput, turn: Turn, place: Place) -> Call:
        """An output whose call stands before a cut: shown on its own."""
        call = OpenCall(
            call_id=event.call_id or f"line-{line_of(place)}",
            name="unknown",
            tool=Tool.OTHER,
            place=place,
            output_place=place,
            ended_at=event.at,
            turn_index=turn.index,
            has_output=True,
        )
        self._by_id[call.call_id] = call
        verdict, facts = outcome.output_verdict(event, Tool.OTHER)
        self._time_output(call, facts.seconds, event.at)
        self._settle(call, output=verdict or outcome.OK)
        return call

    def _time_output(self, call: Call, seconds: float | None, at: int | None) -> None:
        """Outputs of parallel calls are written together at the end, so their own time misleads."""
        if call.duration_ms is not None:
            return
        if seconds is not None:
            call.duration_ms = round(seconds * 1000)
        elif at is not None and call.started_at is not None:
            call.duration_ms = max(0, at - call.started_at)
        if call.parallel and call.started_at is not None and call.duration_ms is not None:
            call.ended_at = call.started_at + call.duration_ms
        else:
            call.ended_at = at

    def _poll(
        self, call: OpenCall, verdict: Verdict | None, facts: OutputFacts, at: int | None
    ) -> Verdict | None:
        """A poll's output tells of the process or cell it asked about; the poll itself went well."""
        polled = (self._cells if call.tool is Tool.CODE else self._processes).get(call.polls or "")
        if verdict is None or verdict.status is CallStatus.RUNNING:
            return outcome.OK
        tells_of_other = facts.exit_code is not None or facts.script is not None
        if not tells_of_other:
            return verdict
        if polled is not None and polled is not call:
            self._end_polled(polled, verdict, at)
        return outcome.OK

    def _end_polled(self, polled: OpenCall, verdict: Verdict, at: int | None) -> None:
        if polled.item is None and at is not None and polled.started_at is not None:
            polled.ended_at, polled.duration_ms = at, max(0, at - polled.started_at)
        self._settle(polled, output=verdict, evidence=Evidence.POLL)

    # -- items ----------------------------------------------------------

    def started(self, event: ToolStarted, turn: Turn, place: Place) -> Call | None:
        call_id = event.call_id or f"line-{line_of(place)}"
        if call_id in self._by_id:
            return None
        call = OpenCall(
            call_id=call_id,
            name=event.name,
            namespace=event.namespace,
            tool=tool_of_item(event.tool),
            place=place,
            summary=one_line(event.summary, SUMMARY_LENGTH),
            started_at=event.at,
            turn_index=turn.index,
            has_line=False,
        )
        self._by_id[call_id] = call
        self._wait_for(call)
        return call

    def ended(self, event: ToolEnded, turn: Turn, place: Place) -> Call | None:
        """A new call that only this item tells of, None where the item belongs to a known one."""
        call = self._by_id.get(event.call_id or "") or self._same_command(event, turn)
        if call is not None:
            self._add_item(call, event, place)
            return None
        if event.whole is not None and isinstance(told := event.whole(), ToolEnded):
            told.at, event = event.at, told
        cell = self._cell_of(event, turn)
        call = self._from_item(event, turn, place)
        if cell is None:
            return call
        self._nest(cell, call)
        return None

    def _add_item(self, call: OpenCall, event: ToolEnded, place: Place) -> None:
        call.item_place = place
        if event.tool in ("mcp", "dynamic"):
            call.tool = tool_of_item(event.tool)
        if not call.summary:
            call.summary = one_line(event.summary, SUMMARY_LENGTH)
        if event.agents:
            self.links.of_item(call, event.name, event.agents)
        verdict = outcome.item_verdict(event)
        if verdict is None:
            return
        if not call.has_line:
            self._waiting.pop(call.call_id, None)
        self._time_item(call, event)
        self._settle(call, item=verdict)

    def _time_item(self, call: Call, event: ToolEnded) -> None:
        ended = event.completed_at or event.at
        if event.duration_ms is not None:
            call.duration_ms = event.duration_ms
        elif event.started_at is not None and event.completed_at is not None:
            call.duration_ms = max(0, event.completed_at - event.started_at)
        elif ended is not None and call.started_at is not None and call.duration_ms is None:
            call.duration_ms = max(0, ended - call.started_at)
        call.ended_at = ended if ended is not None else call.ended_at

    def _from_item(self, event: ToolEnded, turn: Turn, place: Place) -> OpenCall:
        started = event.started_at
        ended = event.completed_at or event.at
        if ended is not None and event.duration_ms is not None and (started is None or started == ended):
            started = ended - event.duration_ms
        namespace = event.namespace
        if event.tool == "mcp" and namespace is not None and not namespace.startswith("mcp__"):
            namespace = f"mcp__{namespace}"
        call = OpenCall(
            call_id=event.call_id or f"line-{line_of(place)}",
            name=event.name,
            namespace=namespace,
            tool=tool_of_item(event.tool),
            place=place,
            summary=one_line(event.summary, SUMMARY_LENGTH),
            started_at=started if started is not None else event.at,
            turn_index=turn.index,
            has_line=False,
            by_user=event.by_user,
        )
        self._by_id[call.call_id] = call
        if call.tool is Tool.WEB_SEARCH:
            self._without_line.append(call)
        self._add_item(call, event, place)
        return call

    def _same_command(self, event: ToolEnded, turn: Turn) -> OpenCall | None:
        """Some writers number their items; then the same work, not yet accounted for, is meant."""
        if event.call_id is None or event.call_id.startswith("exec-") or event.by_user:
            return None
        tool, summary = tool_of_item(event.tool), one_line(event.summary, SUMMARY_LENGTH)
        recent = [
            state
            for state in islice(reversed(self._by_id.values()), _LOOK_BACK)
            if state.item is None and state.turn_index == turn.index
        ]
        for state in recent:
            if summary and state.tool is tool and state.summary == summary:
                return state
        if tool is Tool.WEB_SEARCH:
            return next((state for state in reversed(recent) if state.call_id.startswith("line-")), None)
        if _NUMBERED.fullmatch(event.call_id) is None:
            return None
        return next((state for state in recent if _is_same_work(state, event, tool)), None)

    def _cell_of(self, event: ToolEnded, turn: Turn) -> OpenCall | None:
        """The code-mode cell that a nested item belongs to: one that is open, best one that names it.

        The file does not say it. Nested items have ids of their own (``exec-<uuid>``), and stand between
        the cell's call and its output, or before the output of a later `wait` for the cell.
        """
        if event.by_user or not (event.call_id or "").startswith("exec-"):
            return None
        cells = [cell for cell in self._turn_cells if cell.turn_index == turn.index]
        still_open = [cell for cell in cells if not cell.has_output]
        newest_out = reversed(list(islice(reversed(self._waiting.values()), _CELLS_KEPT)))
        waited = [self._cells[state.polls] for state in newest_out if state.polls in self._cells]
        yielded = [cell for cell in cells if cell.output is outcome.RUNNING]
        for group in (still_open, waited, yielded, cells):
            if len(group) == 1:
                return group[0]
            if group:
                naming = [cell for cell in group if event.summary and event.summary in cell.source]
                return naming[-1] if naming else group[-1]
        return None

    def _nest(self, cell: Call, call: Call) -> None:
        call.parent_call_id = cell.call_id
        if cell.nested is None:
            cell.nested = []
        for other in cell.nested[-8:]:
            if _overlap(other, call):
                other.parallel = call.parallel = True
        cell.nested.append(call)

    # -- outcomes -------------------------------------------------------

    def _settle(
        self,
        call: OpenCall,
        *,
        item: Verdict | None = None,
        output: Verdict | None = None,
        evidence: Evidence = Evidence.OUTPUT,
    ) -> None:
        call.item = item or call.item
        call.output = output or call.output
        verdict = outcome.decide(call.item, call.output)
        if verdict is None:
            call.status = CallStatus.OK if call.has_output else CallStatus.UNFINISHED
            return
        call.evidence = Evidence.ITEM if call.item is not None else evidence
        call.status, call.exit_code, call.reason = verdict
        if call.exit_code is not None and call.exit_code < 0:
            call.exit_code = None

    def find(self, call_id: str | None) -> Call | None:
        return self._by_id.get(call_id or "")

    def abort_open_of(self, turn: Turn) -> None:
        """An interrupted turn stops what still ran in it; a late item may yet say the same."""
        for state in self._turn_cells:
            if state.turn_index == turn.index and state.output is outcome.RUNNING:
                self._settle(state, output=outcome.ABORTED)


def _whole_text(event: CallOutput) -> str:
    whole = event.whole() if event.whole is not None else event
    return whole.text if isinstance(whole, CallOutput) else event.text


def _is_same_work(state: OpenCall, event: ToolEnded, tool: Tool) -> bool:
    if state.output is not None and state.output.status.is_failure:
        return False  # refused before it ran: such calls have no item
    if tool is Tool.PATCH:
        return state.tool is Tool.PATCH or state.summary.startswith("apply_patch")
    return tool in (Tool.MCP, Tool.DYNAMIC) and state.name.endswith(event.name) and event.name != ""


def _overlap(first: Call, second: Call) -> bool:
    if (
        first.started_at is None
        or first.ended_at is None
        or second.started_at is None
        or second.ended_at is None
    ):
        return False
    return first.started_at < second.ended_at and second.started_at < first.ended_at
