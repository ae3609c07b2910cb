"""Catalogues of gettext (PO, POT): messages without a translation get one; all else stays byte for byte.

Comments, references, contexts, obsolete entries and translations that are there are kept; entries marked fuzzy too,
since a person is to look at them (`--everything` translates all anew and takes these marks away). A translation made
here is not marked fuzzy, so that a program shows it; only one that lost a placeholder is, and is reported. The header
gets its `Language`, and for English, French, Spanish and German the `Plural-Forms` where it has none that fits.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clearhead.corpora import plurals
from clearhead.corpora.plurals import Plurals
from clearhead.corpora.po import catalogue, is_cut, with_breaks
from clearhead.errors import DataError, DocumentError
from clearhead.segments.decoded import Decoded, decoded
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left, Marked, Segment
from clearhead.strings import translatable as strings
from clearhead.strings.po_text import Block, blocks, header_with, message
from clearhead.text.language_codes import primary, same

_CHARSET = re.compile(rb'"Content-Type:[^"\n]*charset=([\w.:-]+)', re.IGNORECASE)
_RULES = dict.fromkeys(("en", "de", "es"), "nplurals=2; plural=(n != 1);") | {
    "fr": "nplurals=2; plural=(n > 1);"
}
_NOT_TEXT = {"translator-credits", "translator_credits"}
"""Messages by which GNOME's programs ask for the names of translators."""


@dataclass(frozen=True, kw_only=True)
class _Message:
    """An entry to translate, and which of its texts are segments."""

    block: Block
    entry: Any
    texts: tuple[str, ...]
    """The message, and its plural where it has one."""
    segments: tuple[int, ...]
    """The segment of each text."""


class Catalogue:
    """A catalogue with messages to translate."""

    def __init__(self, file: Decoded, reading: Reading) -> None:
        self._file, self._everything = file, reading.everything
        self._blocks = blocks(file.text)
        try:
            self._entries = catalogue(file.text, "it")
        except DataError as error:
            raise DocumentError(str(error).removeprefix("it is not a gettext PO file: ")) from None
        self._metadata: dict[str, str] = self._entries.metadata
        self._messages: list[_Message] = []
        self.segments: list[Segment] = []
        self.left: list[Left] = []
        for block, entry in self._located():
            self._take(block, entry)

    def _located(self) -> Iterator[tuple[Block, Any]]:
        """Yield the entries with their lines."""
        ends = [block.end for block in self._blocks]
        for entry in self._entries:
            number = bisect_left(ends, entry.linenum)
            if number < len(self._blocks):
                yield self._blocks[number], entry

    def _take(self, block: Block, entry: Any) -> None:
        """Make segments of an entry, or say why not."""
        forms = list(entry.msgstr_plural.values()) or [entry.msgstr]
        if not self._everything and (entry.fuzzy or all(forms)):
            return
        place = f"line {block.first + 1}"
        texts = tuple(
            with_breaks(text) for text in (entry.msgid, entry.msgid_plural)[: 1 + bool(entry.msgid_plural)]
        )
        why = _why_left(texts, whole=not any(map(is_cut, texts)))
        if why:
            self.left.append(Left(place=place, why=why))
            return
        numbers = range(len(self.segments), len(self.segments) + len(texts))
        labels = [strings.without_mnemonic(text)[0] for text in texts]
        self.segments += [Segment(text=label.strip(), place=place) for label in labels]
        self._messages.append(_Message(block=block, entry=entry, texts=texts, segments=tuple(numbers)))

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the catalogue with its messages translated."""
        new = [
            None if translation is None or translation == segment else translation.text
            for segment, translation in zip(self.segments, translations, strict=True)
        ]
        if not any(new):
            return self._file.encoded(self._file.text)
        header, rule = self._plural_rule(to)
        lines = self._file.text.split("\n")
        for message_ in reversed(self._messages):
            self._write(lines, message_, [new[number] for number in message_.segments], rule)
        fields = {"Language": self._language(to), "Plural-Forms": header}
        return self._encoded(header_with(lines, {name: value for name, value in fields.items() if value}))

    def _language(self, to: str | None) -> str | None:
        """Return the language to write into the header; None to leave it, as one that is there."""
        held = self._metadata.get("Language", "").strip()
        if not to or (held and same(held, to)):
            return None
        if held and not self._everything:
            self.left.append(
                Left(place="header", why=f"it says Language: {held}, and the new translations are in {to}")
            )
            return None
        return to

    def _write(
        self, lines: list[str], message_: _Message, new: Sequence[str | None], rule: Plurals | None
    ) -> None:
        """Put the translations of an entry into the lines of the catalogue."""
        if not any(new):
            return
        whole = [
            _around(text, text.strip() if translation is None else translation)
            for text, translation in zip(message_.texts, new, strict=True)
        ]
        entry, block = message_.entry, message_.block
        if len(whole) == 1:
            forms: dict[int | None, str] = {None: whole[0]}
        elif rule is None:
            self.left.append(
                Left(
                    place=f"line {block.first + 1}",
                    why="no Plural-Forms header says how many forms a plural has",
                )
            )
            return
        else:
            old = {} if self._everything else {int(n): text for n, text in entry.msgstr_plural.items()}
            forms = {
                n: with_breaks(old.get(n, "")) or whole[not (n == rule.one and rule.count > 1)]
                for n in range(rule.count)
            }
        fuzzy = not all(map(strings.keeps_placeholders, message_.texts, whole))
        if fuzzy:
            why = "marked fuzzy: its translation has other placeholders; put them in by hand"
            self.left.append(Left(place=f"line {block.first + 1}", why=why))
        lines[block.first : block.end] = message(lines[block.first : block.end], forms, fuzzy=fuzzy)

    def _plural_rule(self, to: str | None) -> tuple[str | None, Plurals | None]:
        """Return the header to write for plurals, None for none, and the rule by which they are written."""
        kept = self._rule_in_header()
        language = self._metadata.get("Language", "").strip()
        translated = any(any(entry.msgstr_plural.values()) for entry in self._entries)
        fits = kept and (translated or to is None or (language and same(language, to)))
        header = _RULES.get(primary(to)) if to and not fits else None
        return header, plurals.parse(header) if header else kept

    def _rule_in_header(self) -> Plurals | None:
        try:
            return plurals.parse(self._metadata.get("Plural-Forms", ""))
        except ValueError:
            return None

    def _encoded(self, text: str) -> bytes:
        """Return the bytes of a text in the encoding of the catalogue, or in UTF-8 where that lacks characters."""
        try:
            return self._file.mark + text.encode(self._file.encoding)
        except UnicodeEncodeError:
            return _CHARSET.sub(lambda match: match[0].replace(match[1], b"UTF-8"), text.encode(), count=1)


def read(data: bytes, reading: Reading) -> Catalogue:
    """Return a catalogue as a document. Raises DocumentError, with the line, for what is not one."""
    charset = _CHARSET.search(data)
    name = charset[1].decode() if charset else "UTF-8"
    file = decoded(data, None if name.upper() in ("CHARSET", "UTF-8") else name)
    return Catalogue(file, reading)


def _why_left(texts: Sequence[str], *, whole: bool) -> str | None:
    if not whole:
        return "it is longer than a line may be"
    labels = [strings.without_mnemonic(text)[0] for text in texts]
    if texts[0] in _NOT_TEXT or not all(map(strings.is_text, labels)):
        return "it has no words, or looks like an identifier"
    return next(filter(None, map(strings.unsafe, texts)), None)


def _around(text: str, translation: str) -> str:
    """Return a translation with the white space that is around its text, and the mark of its access key."""
    bare = text.strip()
    before, _, after = text.partition(bare)
    return before + strings.with_mnemonic(translation, strings.without_mnemonic(text)[1]) + after
