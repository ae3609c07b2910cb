"""The attributes of a tag: which of them people read, and what they say about its content."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from clearhead.segments.segment import Marked, Segment
from clearhead.segments.template import Template
from clearhead.webpages import html_elements as elements
from clearhead.webpages.html_tokens import Attribute, Token

_ADDRESS = re.compile(r"\S*(?:://|@)\S*|\S+\.\w{2,4}")
"""An address or the name of a file, as in the `alt` of many pictures."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """The value of an attribute that people read."""

    segment: Segment
    source: str
    quote: str
    escape: Callable[[str], str]

    @property
    def original(self) -> Template:
        """Return the value as it was."""
        return (self.source,)

    def written(self, translation: Marked, fill: Callable[[Template], str]) -> str:
        """Return a translation as a value; one that had no quotes gets them."""
        text = self.escape(translation.text)
        if self.quote == "'":
            return text.replace("'", "&#39;")
        text = text.replace('"', "&quot;")
        return text if self.quote else f'"{text}"'


def values(token: Token, source: str) -> dict[str, str]:
    """Return the attributes of a tag by name; of two with one name the first counts."""
    return {
        attribute.name: html.unescape(source[attribute.start : attribute.end])
        for attribute in reversed(token.attributes)
    }


def is_untranslatable(said: Mapping[str, str], language: str | None) -> bool:
    """Say whether attributes keep an element as it is: `translate`, a class, or a `lang` that is not the page's."""
    if not said:
        return False
    own = primary(said.get("lang") or said.get("xml:lang"))
    return (
        said.get("translate", "").lower() == "no"
        or bool(elements.NOT_TRANSLATED & set(said.get("class", "").lower().split()))
        or bool(own and language and own != language)
    )


def primary(language: str | None) -> str | None:
    """Return the language of a tag such as "en-GB", without its region."""
    return re.split("[-_]", language.strip().lower())[0] if language else None


def read_by_people(token: Token, said: Mapping[str, str]) -> Iterator[Attribute]:
    """Yield the attributes of a tag whose values are texts."""
    name = token.name.lower()
    names = elements.TEXTS | elements.TEXTS_OF.get(name, frozenset())
    if name == "input" and said.get("type", "").lower() in elements.BUTTONS:
        names |= {"value"}
    if name == "meta" and (said.get("name") or said.get("property", "")).lower() in elements.META_TEXTS:
        names |= {"content"}
    for attribute in token.attributes:
        if attribute.name in names:
            names -= {attribute.name}
            text = said[attribute.name].strip()
            if any(map(str.isalpha, text)) and not _ADDRESS.fullmatch(text):
                yield attribute
