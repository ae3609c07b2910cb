"""Pages of HTML: texts of blocks with their inline markup, and the attributes that people read.

What is not translated stays byte for byte, broken markup too; a page with nothing translated is the very bytes that
were read. Code, scripts, what `translate="no"` marks and what is in another language than the page stay as they are.
Line breaks of the source within a text that was translated become spaces.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from clearhead.errors import DocumentError
from clearhead.segments.decoded import Decoded, decoded
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left, Marked, Segment
from clearhead.segments.template import Slot, Template, filled, is_changed
from clearhead.webpages.html_texts import texts_of

_SEARCHED = 1024
"""Bytes in which a page names its encoding (WHATWG HTML, §13.2.3.2)."""
_META = re.compile(rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']""")
_LABELS = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
}
"""Encodings that browsers read as a larger one (WHATWG Encoding, §4.2)."""


@dataclass(frozen=True)
class Page:
    """A page as a document."""

    data: bytes
    file: Decoded
    template: Template
    slots: tuple[Slot, ...]
    left: tuple[Left, ...]

    @property
    def segments(self) -> Sequence[Segment]:
        """Return texts of blocks and attributes, in the order of reading."""
        return [slot.segment for slot in self.slots]

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the page with its translations; `to` becomes its `lang`.

        Characters that its encoding lacks are written as references.
        """
        if not any(map(is_changed, self.segments, translations)):
            return self.data
        text = filled(self.template, self.slots, translations, to)
        return self.file.mark + text.encode(self.file.encoding, "xmlcharrefreplace")


def read(data: bytes, reading: Reading) -> Page:
    """Return a page as a document. Raises DocumentError for what is not text in the encoding that it names."""
    return page(data, xml=data.lstrip().startswith((b"<?xml", b"\xef\xbb\xbf<?xml")))


def page(data: bytes, *, xml: bool) -> Page:
    """Return a page of HTML, or of XHTML as `xml`, as a document."""
    file = decoded(data, _encoding(data))
    if file.mark + file.text.encode(file.encoding) != data:
        raise DocumentError(
            f"the encoding {file.encoding.upper()} cannot be written back as it was; convert the page to UTF-8 first"
        )
    texts = texts_of(file.text, xml=xml)
    return Page(data, file, texts.template, texts.slots, texts.left)


def _encoding(data: bytes) -> str | None:
    """Return the encoding that a page names, as browsers read it."""
    head = data[:_SEARCHED]
    found = _XML.search(head) or _META.search(head)
    if not found:
        return None
    name = next(group for group in found.groups() if group).decode("ascii").lower()
    try:
        known = codecs.lookup(_LABELS.get(name, name)).name
    except LookupError:
        return name  # which is then said to be unknown
    # What was found as ASCII is in no encoding of two bytes a character, whatever it says.
    return "utf-8" if known.startswith(("utf-16", "utf-32")) else known
