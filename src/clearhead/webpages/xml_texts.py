"""The texts of some elements of an XML file, each without markup; all else stays byte for byte.

Nothing outside the file is ever read: entities of its own are not expanded, and texts with them are left.
"""

import codecs
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.entities import html5

from clearhead.segments.decoded import Decoded, decoded
from clearhead.segments.segment import Left, Marked, Segment
from clearhead.segments.template import Language, Slot, Template, filled, is_changed
from clearhead.webpages.html_attributes import Value, values
from clearhead.webpages.html_tokens import Token, tokens

_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']""")
_REFERENCE = re.compile(r"&([A-Za-z][\w.-]*;)")


@dataclass(frozen=True)
class XmlTexts:
    """A file of XML as a document."""

    data: bytes
    file: Decoded
    template: Template
    slots: tuple[Slot, ...]
    left: tuple[Left, ...]
    starts: tuple[tuple[str, Mapping[str, str]], ...]
    """Names of start tags without their prefix, and their attributes."""

    @property
    def segments(self) -> Sequence[Segment]:
        """Return the texts of the elements that were asked for."""
        return [slot.segment for slot in self.slots]

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the file with its translations; characters that its encoding lacks are written as references."""
        if not any(map(is_changed, self.segments, translations)):
            return self.data
        return self.named(translations, to)

    def named(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the file with its translations and its language, even where no translation is another text."""
        text = filled(self.template, self.slots, translations, to)
        return self.file.mark + text.encode(self.file.encoding, "xmlcharrefreplace")

    def elements(self, name: str) -> Iterator[Mapping[str, str]]:
        """Yield the attributes of the elements of a name."""
        return (said for other, said in self.starts if other == name)

    def attributes(self, name: str, attribute: str) -> list[str]:
        """Return an attribute of the elements of a name that have it."""
        return [said[attribute] for said in self.elements(name) if attribute in said]


def xml_texts(data: bytes, *, texts: frozenset[str], languages: frozenset[str]) -> XmlTexts:
    """Return the texts of elements of some names, without prefix; those of `languages` name the file's language.

    Raises DocumentError for what is not text in the encoding that it names.
    """
    named = _ENCODING.search(data[:1024])
    file = decoded(data, _known(named[1].decode()) if named else None)
    source = file.text
    template: list[str | int | Language] = []
    slots: list[Slot] = []
    left: list[Left] = []
    starts: list[tuple[str, Mapping[str, str]]] = []
    cursor, line = 0, 1
    before: Token | None = None
    for token in tokens(source, xml=True):
        if token.kind == "start":
            starts.append((_local(token.name), values(token, source)))
        elif token.kind == "text" and before is not None and before.kind == "start":
            name, raw = _local(before.name), source[token.start : token.end]
            template.append(source[cursor : token.start])
            line += source.count("\n", cursor, token.start)
            place = f"line {line}"
            part: str | int | Language = raw
            if name in languages:
                part = Language(raw)
            elif name in texts and any(map(str.isalpha, html.unescape(raw))):
                if all(reference in html5 for reference in _REFERENCE.findall(raw)):
                    segment = Segment(text=" ".join(html.unescape(raw).split()), place=place)
                    part = len(slots)
                    slots.append(Value(segment=segment, source=raw, quote='"', escape=_escape))
                else:
                    left.append(Left(place=place, why="it has references that only this file defines"))
            template.append(part)
            line += raw.count("\n")
            cursor = token.end
        before = token
    template.append(source[cursor:])
    return XmlTexts(data, file, tuple(template), tuple(slots), tuple(left), tuple(starts))


def _known(encoding: str) -> str:
    """Return an encoding; one of two bytes a character cannot have been named in ASCII."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return encoding
    return "utf-8" if name.startswith(("utf-16", "utf-32")) else name


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _escape(text: str) -> str:
    return html.escape(text, quote=False)
