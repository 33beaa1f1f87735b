"""The doctor's report as a page for people; its findings can be pasted into a bug report as they are."""

from __future__ import annotations

from collections.abc import Iterable

from trace_tui.doctor.report import Damage, Report, UnknownKind
from trace_tui.library.finding import Trouble
from trace_tui.parsers.safe_text import one_line
from trace_tui.printing.console import Lines
from trace_tui.wording.words import count

_AT_MOST = 20
_PATH = 1000
_COLOURS = {"standard": "16 colours", "256": "256 colours", "truecolor": "all colours"}


def print_report(report: Report) -> None:
    with Lines() as lines:
        _print(_Page(lines), report)


def _print(page: _Page, report: Report) -> None:
    page.facts("program", [" · ".join(f"{name} {value}" for name, value in report.program.items())])
    page.facts("places", _places(report))
    page.facts("formats", [f"{name}: {count(number, 'session')}" for name, number in report.formats.items()])
    page.facts("versions", [_versions(report.versions)] if report.versions else [])
    page.facts("chains", [_chains(report.chains)])
    page.facts("catalog", [_catalog(report)])
    page.facts("terminal", [_terminal(report.terminal)])
    page.findings("could not be read", map(_trouble, report.troubles))
    page.findings("damaged, the rest of them is read", map(_damage, report.damaged))
    page.findings("lines this program does not know", map(_unknown, report.unknown))
    if report.needs_care:
        page.verdict(f"{count(report.needs_care, 'thing')} to look at", "bold yellow")
    else:
        page.verdict("all is well", "green")


class _Page:
    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def facts(self, title: str, facts: Iterable[str]) -> None:
        for index, fact in enumerate(facts):
            self._lines.put((f"{title if index == 0 else '':<10}", "dim"), (fact, ""))

    def findings(self, title: str, findings: Iterable[str]) -> None:
        told = list(findings)
        if not told:
            return
        self._lines.put()
        self._lines.put((f"✗ {title} ({len(told):,})", "bold yellow"))
        for finding in told[:_AT_MOST]:
            self._lines.put((f"  {finding}", ""))
        if len(told) > _AT_MOST:
            self._lines.put((f"  … and {len(told) - _AT_MOST:,} more: doctor --json tells all", "dim"))

    def verdict(self, words: str, style: str) -> None:
        self._lines.put()
        self._lines.put((words, style))


def _places(report: Report) -> list[str]:
    told = [
        f"{one_line(place.root, _PATH)}: {count(place.files, 'session file')}, {_size(place.bytes)}"
        for place in report.places
    ]
    sessions = count(report.sessions, "session")
    told.append(f"{sessions}, {report.archived:,} archived, {report.compressed:,} compressed")
    if report.strangers:
        told.append(f"{count(report.strangers, 'other file')} of another kind, named like sessions")
    return told


def _versions(versions: dict[str, int]) -> str:
    return ", ".join(f"{one_line(version, 40)} ({number:,})" for version, number in versions.items())


def _chains(chains: dict[str, int]) -> str:
    words = [f"{count(chains['chains'], 'chain')} of {count(chains['chains'] + chains['members'], 'thread')}"]
    for key, noun in (
        ("parents_missing", "thread without its parent"),
        ("cycles", "circle of parents"),
        ("same_ids", "id used twice"),
    ):
        if chains[key]:
            words.append(f"{chains[key]} × {noun}")
    if chains["copies"]:
        words.append(f"{count(chains['copies'], 'copy', 'copies')} left out of lists")
    return ", ".join(words)


def _catalog(report: Report) -> str:
    catalog = report.catalog
    if catalog["path"] is None:
        return str(catalog["note"])
    sessions = count(int(str(catalog["sessions"])), "session")
    return f"{catalog['path']}: {sessions}, {_size(catalog['bytes'])}; safe to delete"


def _terminal(terminal: dict[str, object]) -> str:
    kind = f"{terminal['term'] or 'no TERM'}" if terminal["is_terminal"] else "not a terminal"
    colours = _COLOURS.get(str(terminal["colours"]), "no colours")
    if terminal["no_color"]:
        colours = "no colours (NO_COLOR)"
    return f"{kind}, {terminal['width']} columns, {colours}, {terminal['encoding']}"


def _trouble(trouble: Trouble) -> str:
    return f"{one_line(trouble.path, _PATH)}: {one_line(trouble.words, 300)}"


def _damage(damage: Damage) -> str:
    kinds = ", ".join(f"{kind.replace('_', ' ')} × {number}" for kind, number in damage.kinds.items())
    return f"{one_line(damage.path, _PATH)}: {kinds}; first: {one_line(damage.first, 200)}"


def _unknown(unknown: UnknownKind) -> str:
    versions = ", ".join(one_line(version, 40) for version in unknown.versions) or "no version"
    where = f"in {count(unknown.sessions, 'session')} ({versions})"
    return f"{one_line(unknown.type, 120)} × {unknown.lines:,} {where}"


def _size(size: object) -> str:
    number = float(str(size))
    return f"{number / 1e6:,.1f} MB" if number >= 100_000 else f"{number / 1000:.1f} kB"
