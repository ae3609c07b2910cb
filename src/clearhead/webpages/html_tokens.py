"""The tokens of an HTML or XML source, each with its place: comments, tags with their attributes, text between them.

Broken markup is cut into tokens as browsers do (WHATWG HTML, §13.2.5 "Tokenization"); nothing is repaired and every
character belongs to exactly one token, so the tokens joined are the source.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "start", "end", "other"]

_NAME = re.compile(r"[^\t\n\f\r />]++")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?P<name>[^\s/>][^\s/>=]*+)
        (?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>(?!["'])[^\s>]*+)|(?P<cut>["'])))?+""",
    re.VERBOSE,
)
_TAG_END = re.compile(r"[\s/]*+>")
_COMMENT_END = re.compile(r"--!?>")
_SCRIPT = re.compile(r"<!--(?!-?>)|-->|<(/?)script(?=[\s/>])", re.IGNORECASE)
RAW_TEXT = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "title", "textarea"})
"""Elements of HTML in which no tag begins: only their own end tag is looked for."""
_FOREIGN = ("svg", "math")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a start tag; its value stands between `start` and `end` in the source, without quotes."""

    name: str
    start: int
    end: int
    quote: str
    """What is around the value: a quote, or nothing."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a source."""

    kind: Kind
    start: int
    end: int
    name: str = ""
    """Of a tag, in small letters in HTML."""
    attributes: tuple[Attribute, ...] = ()
    closed: bool = False
    """Of a start tag: it ends in "/>"."""
    raw: bool = False
    """Of text: it stands in an element in which no tag begins."""


def tokens(source: str, *, xml: bool = False) -> Iterator[Token]:
    """Yield the tokens of a source from its beginning to its end.

    In XML names keep their letters and no element is special, such as `script` is in HTML.
    """
    place, text = 0, 0  # `text` is where the text begins that is not yielded yet
    foreign = 0
    while (less := source.find("<", place)) >= 0:
        token = _markup(source, less, xml=xml, cdata=xml or foreign > 0)
        if token is None:
            place = less + 1
            continue
        if text < less:
            yield Token("text", text, less)
        yield token
        place = text = token.end
        if token.kind == "other" or xml:
            continue
        if token.name in _FOREIGN and not token.closed:
            foreign = max(foreign + (1 if token.kind == "start" else -1), 0)
        if token.kind == "start" and token.name in RAW_TEXT and not foreign:
            place = text = _raw_end(source, token)
            if token.end < text:
                yield Token("text", token.end, text, raw=True)
    if text < len(source):
        yield Token("text", text, len(source))


def _markup(source: str, start: int, *, xml: bool, cdata: bool) -> Token | None:
    """Return the token that a "<" begins; None where it is text."""
    following = source[start + 1 : start + 2]
    if following == "!":
        return Token("other", start, _declaration_end(source, start, cdata=cdata))
    if following == "?":
        return Token("other", start, _after(source, "?>" if xml else ">", start))
    ends = following == "/"
    letter = source[start + 2 : start + 3] if ends else following
    if (letter.isalpha() and (letter.isascii() or xml)) or (xml and letter == "_"):
        return _tag(source, start, "end" if ends else "start", xml=xml)
    if ends and letter:
        return Token("other", start, _after(source, ">", start + 2))
    return None


def _declaration_end(source: str, start: int, *, cdata: bool) -> int:
    if source.startswith("<!--", start):
        for short in (">", "->"):
            if source.startswith(short, start + 4):
                return start + 4 + len(short)
        end = _COMMENT_END.search(source, start + 4)
        return end.end() if end else len(source)
    if cdata and source.startswith("<![CDATA[", start):
        return _after(source, "]]>", start)
    if cdata and source.startswith("<!DOCTYPE", start):
        bracket = source.find("[", start)
        if 0 <= bracket < source.find(">", start):  # the document's own declarations
            return _after(source, ">", _after(source, "]", bracket))
    return _after(source, ">", start)


def _after(source: str, what: str, start: int) -> int:
    place = source.find(what, start)
    return len(source) if place < 0 else place + len(what)


def _tag(source: str, start: int, kind: Kind, *, xml: bool) -> Token:
    name = _NAME.match(source, start + (2 if kind == "end" else 1))
    assert name
    place = name.end()
    attributes = []
    while not (end := _TAG_END.match(source, place)):
        attribute = _ATTRIBUTE.match(source, place)
        if attribute is None or attribute["cut"]:  # the source ends within the tag, which is then none
            return Token("other", start, len(source))
        place = attribute.end()
        group = attribute.lastgroup
        if group is not None and group != "name":
            quote = {"double": '"', "single": "'"}.get(group, "")
            attributes.append(
                Attribute(
                    attribute["name"] if xml else attribute["name"].lower(), *attribute.span(group), quote
                )
            )
    closed = kind == "start" and source[end.end() - 2] == "/" and end.end() - 2 >= place
    called = name[0] if xml else name[0].lower()
    return Token(kind, start, end.end(), called, tuple(attributes), closed)


def _raw_end(source: str, start: Token) -> int:
    """Return where the text of an element ends in which no tag begins."""
    if start.name == "script":
        return _script_end(source, start.end)
    end = re.compile(rf"</{start.name}(?=[\s/>])", re.IGNORECASE).search(source, start.end)
    return end.start() if end else len(source)


def _script_end(source: str, place: int) -> int:
    """Return where a script ends; after "<!--" a script in it has its own end tag (§13.2.5.26)."""
    state = "data"
    for mark in _SCRIPT.finditer(source, place):
        if mark[0] == "-->":
            state = "data"
        elif mark[0].startswith("<!"):
            state = "escaped" if state == "data" else state
        elif not mark[1]:
            state = "double" if state == "escaped" else state
        elif state == "double":
            state = "escaped"
        else:
            return mark.start()
    return len(source)
