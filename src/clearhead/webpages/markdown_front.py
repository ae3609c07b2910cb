"""The front matter of a Markdown file: its title and description may be translated, its keys and all else stay."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clearhead.segments.segment import Marked, Segment
from clearhead.segments.template import Template

_FRONT = re.compile(
    r"\ufeff?(?:---[ \t]*\r?\n.*?^(?:---|\.\.\.)|\+\+\+[ \t]*\r?\n.*?^\+\+\+)[ \t]*\r?$\n?",
    re.DOTALL | re.MULTILINE,
)
_VALUE = re.compile(
    r"""^(?:title|subtitle|description|summary|linkTitle)[ \t]*(?:=|:[ \t])[ \t]*
        (?:"(?P<double>(?:[^"\\\r\n]|\\[^\r\n])*)"|'(?P<single>(?:[^'\r\n]|'')*)'|(?P<plain>[^\s"'|>&*!{\[\#%@`][^\r\n]*?))
        [ \t]*\r?$""",
    re.MULTILINE | re.VERBOSE,
)
_PLAIN = re.compile(r"[^\W\d_](?:(?!: | #|:$)[^\r\n])*")
"""What YAML reads as text without quotes."""


@dataclass(frozen=True, kw_only=True)
class FrontValue:
    """A value of front matter."""

    segment: Segment
    source: str
    kind: str

    @property
    def original(self) -> Template:
        """Return the value as it was, within its quotes."""
        return (self.source,)

    def written(self, translation: Marked, fill: Callable[[Template], str]) -> str:
        """Return a translation within the quotes that the value had, or in quotes where it needs them."""
        quoted = json.dumps(translation.text, ensure_ascii=False)
        if self.kind == "double":
            return quoted[1:-1]
        if self.kind == "single":
            return translation.text.replace("'", "''")
        return translation.text if _PLAIN.fullmatch(translation.text) else quoted


def end_of_front(source: str) -> int:
    """Return where front matter ends; 0 where there is none."""
    front = _FRONT.match(source)
    return front.end() if front else 0


def front_values(source: str, place: Callable[[int], str]) -> Iterator[tuple[int, int, FrontValue]]:
    """Yield the texts of front matter, with their places in the source."""
    is_toml = source.lstrip("\ufeff").startswith("+++")
    for match in _VALUE.finditer(source):
        kind = match.lastgroup or ""
        raw = match[kind]
        text = _read(raw, kind)
        if text and any(map(str.isalpha, text)) and not (is_toml and kind != "double"):
            start, end = match.span(kind)
            yield (
                start,
                end,
                FrontValue(segment=Segment(text=text, place=place(start)), source=raw, kind=kind),
            )


def _read(raw: str, kind: str) -> str:
    """Return the text of a value; nothing where it has escapes that JSON does not have."""
    if kind == "single":
        return raw.replace("''", "'")
    if kind == "double":
        try:
            return str(json.loads(f'"{raw}"'))
        except ValueError:
            return ""
    return raw if _PLAIN.fullmatch(raw) else ""
