"""Colours of code: the words of a few languages told apart by Pygments, in a few style names."""

from __future__ import annotations

from functools import cached_property
from time import monotonic

from trace_tui.widgets.painted_text import Runs
from trace_tui.widgets.terminal_text import plain_text
from trace_tui.wording.cells import Line

_LONGEST = 64 * 1024
_MOST_SECONDS = 0.25
"""Some texts take a lexer minutes, 64 kB of blank lines for one; what comes after this time stays plain."""
_LANGUAGES = {
    "bash": "bash",
    "sh": "bash",
    "shell": "bash",
    "json": "json",
    "python": "python",
    "javascript": "javascript",
    "js": "javascript",
    "diff": "diff",
}
"""Pygments' names by ours."""

_STYLES = {
    "Token.Keyword": "code keyword",
    "Token.Operator.Word": "code keyword",
    "Token.Literal.String": "code string",
    "Token.Literal.Number": "code number",
    "Token.Name.Tag": "code name",
    "Token.Name.Builtin": "code name",
    "Token.Name.Function": "code name",
    "Token.Name.Class": "code name",
    "Token.Name.Decorator": "code name",
    "Token.Name.Variable": "code name",
    "Token.Comment": "code comment",
    "Token.Generic.Inserted": "added",
    "Token.Generic.Deleted": "removed",
    "Token.Generic.Heading": "bold",
    "Token.Generic.Subheading": "dim",
}


class CodeText:
    """Read by the lexer when its first row is asked for."""

    def __init__(self, code: str, language: str) -> None:
        self.text = plain_text(code)
        self._language = _LANGUAGES.get(language.lower())

    def parts(self, start: int, end: int) -> Line:
        return self._runs.parts(self.text, start, end)

    @cached_property
    def _runs(self) -> Runs:
        runs = Runs()
        if self._language is None or len(self.text) > _LONGEST:
            return runs
        from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]

        styles: dict[object, str] = {}
        lexer = get_lexer_by_name(self._language)
        until = monotonic() + _MOST_SECONDS
        for at, token, _ in lexer.get_tokens_unprocessed(self.text + "\n"):  # which ends a comment
            if monotonic() > until:
                runs.begin(at, "")
                break
            style = styles.get(token)
            if style is None:
                style = styles[token] = _style_of(str(token))
            runs.begin(at, style)
        return runs


def _style_of(token: str) -> str:
    """Of the kind itself, or of the wider one that it belongs to."""
    while token:
        if token in _STYLES:
            return _STYLES[token]
        token = token.rpartition(".")[0]
    return ""
