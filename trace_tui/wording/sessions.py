"""Sessions in words: their titles, what hangs on them, and what they came to; for lists of every face."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from itertools import pairwise

from trace_tui.library.chains import Member, Totals
from trace_tui.library.entries import Entry
from trace_tui.parsers.safe_text import one_line
from trace_tui.relatives import Relation
from trace_tui.times import local, local_now, minute, short_duration
from trace_tui.wording.words import count, tokens

SHORTEST_ID = 8
_DEEPEST_INDENT = 8
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def title_of(member: Member, limit: int) -> str:
    """On one line, with the worker's name; about so many characters of it."""
    # Titles may be whole prompts; blanks of theirs shrink in `one_line`.
    title = one_line(member.entry.title[: 2 * limit].lstrip(), 2 * limit)
    if not member.name or not is_worker(member):
        return title
    name = one_line(member.name, 40)
    # Without a prompt to be read (a sealed task) the title is but the folder, which all of a chain share.
    return name if title == folder(member) else f"{name}: {title}"


def is_worker(member: Member) -> bool:
    """Somebody started it, here or not."""
    return member.parent is not None or member.entry.parent_id is not None


def indent_of(depth: int) -> str:
    return "  " * (min(depth, _DEEPEST_INDENT) - 1) + "└ " if depth else ""


def workers_of(member: Member) -> tuple[int, int]:
    """How many threads are below it, and how much failed in them."""
    below = [one for one in member.members() if one is not member]
    return len(below), sum(one.entry.failures for one in below)


def marks_of(member: Member, *, with_workers: bool = True) -> list[str]:
    """What is said behind a title, the most important first."""
    marks: list[str] = []
    if with_workers and member.children:
        workers, failed = workers_of(member)
        marks.append(f" · {count(workers, 'worker')}" + (f" ✗{failed}" if failed else ""))
    if member.oddity is not None:
        marks.append(f" · {member.oddity.value}")
    if member.relation is Relation.FORK:
        marks.append(" · fork")
    if member.entry.archived:
        marks.append(" · archived")
    return marks


def chain_facts(head: Member, whole: Totals) -> list[str]:
    """What a chain came to."""
    facts = [
        count(whole.threads, "thread"),
        count(whole.calls, "call"),
        count(whole.failures, "failure") if whole.failures else "no failures",
    ]
    if whole.usage.total:
        own = f", {tokens(head.entry.usage.total)} the head's own" if whole.threads > 1 else ""
        facts.append(f"{tokens(whole.usage.total)} tokens{own}")
    return facts


def inherited(whole: Totals) -> str:
    """Copied history, which is in none of the other facts."""
    return f"{count(whole.inherited_lines, 'line')} inherited" if whole.inherited_lines else ""


def clock_minute(member: Member) -> str:
    moment = local(member.entry.started_at)
    return f"{moment.hour:02}:{moment.minute:02}" if moment else ""


def date_and_minute(member: Member) -> str:
    return minute(member.entry.started_at)


def failures(member: Member) -> str:
    return str(member.entry.failures or "")


def took(member: Member) -> str:
    """Nothing where calls were made in no time: the files of 2025 tell only when they began."""
    duration = member.entry.duration_ms
    return "" if duration == 0 and member.entry.calls else short_duration(duration)


def calls(member: Member) -> str:
    return f"{member.entry.calls:,}"


def own_tokens(member: Member) -> str:
    entry = member.entry
    return tokens(entry.usage.total) if entry.usage_source != "none" else ""


def folder(member: Member) -> str:
    return _last_part(member.entry.cwd or "")


@lru_cache(maxsize=1024)
def _last_part(cwd: str) -> str:
    return one_line(cwd.replace("\\", "/").rstrip("/").rpartition("/")[2])


def day_of(entry: Entry) -> date | None:
    moment = local(entry.started_at)
    return moment.date() if moment else None


def day_in_words(day: date | None, today: date) -> str:
    if day is None:
        return "No date"
    written = f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"
    ago = (today - day).days
    return {0: f"Today · {written}", 1: f"Yesterday · {written}"}.get(ago, written)


def today() -> date:
    return local_now().date()


def short_ids(ids: Iterable[str], shown: Iterable[str]) -> dict[str, str]:
    """The shown ids as short as tells each from all others, and all of one length."""
    wanted = set(shown)
    ordered = sorted(set(ids))
    needed = SHORTEST_ID
    for one, other in pairwise(ordered):
        if one[:SHORTEST_ID] == other[:SHORTEST_ID] and (one in wanted or other in wanted):
            needed = max(needed, _shared(one, other) + 1)
    return {one: one_line(one[:needed].rstrip("-"), needed) for one in wanted}


def _shared(one: str, other: str) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length
