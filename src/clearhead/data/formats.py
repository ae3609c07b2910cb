"""Files that hold both sides of a corpus: JSON Lines, TMX and gettext PO."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clearhead.data import encoding
from clearhead.data.lines import PACKING_FAULTS, Pair, is_stream, opened, read_lines
from clearhead.errors import ConfigError, DataError

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TMX_CODES = {"bpt", "ept", "it", "ph", "ut"}
"""Inline elements of TMX 1.4 whose contents are the markup of another format, not text; `hi` holds text."""


def read_tsv(path: Path | str, source_lang: str = "", target_lang: str = "") -> Iterator[Pair]:
    """Yield the pairs of a file with source and target in its first two tab-separated columns."""
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.split("\t")
        if len(columns) < 2:
            raise DataError(
                f"{path}, line {number}: it has no tab; a .tsv file has source and target in two columns"
            )
        yield Pair(columns[0], columns[1], str(path), number)


def read_jsonl(path: Path | str, source_lang: str, target_lang: str) -> Iterator[Pair]:
    """Yield the pairs of lines such as `{"translation": {"en": "...", "fr": "..."}}`; the outer key may be left out."""
    _both_needed(path, source_lang, target_lang)
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():  # counted, so that a file of alignments keeps its place
            yield Pair("", "", str(path), number)
            continue
        try:
            value = json.loads(line, object_pairs_hook=_each_once)
            texts = value.get("translation", value)
            src, tgt = texts[source_lang], texts[target_lang]
            if not (isinstance(src, str) and isinstance(tgt, str)):
                raise TypeError
            (src + tgt).encode()  # JSON can escape half of a surrogate pair, which is no text
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {number}: it is not a JSON object of text ({error})") from None
        except (KeyError, TypeError, AttributeError):
            raise DataError(
                f'{path}, line {number}: it does not hold {{"translation": {{"{source_lang}": "...", '
                f'"{target_lang}": "..."}}}}; mend the line, or source_lang and target_lang'
            ) from None
        yield Pair(src, tgt, str(path), number)


def _each_once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its items; json would keep the last of several with one name and lose the others."""
    value = dict(items)
    if len(value) < len(items):
        names = [name for name, _ in items]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands in it twice")
    return value


def read_tmx(path: Path | str, source_lang: str, target_lang: str) -> Iterator[Pair]:
    """Yield the pairs of a translation memory (TMX 1.4): units that have both languages, without inline codes.

    `en` finds `en-US` too, and of several variants the first. A unit without one of the languages is a
    pair with an empty side, so that it is counted. The line of a pair is that where its unit begins.
    """
    from lxml import etree

    _both_needed(path, source_lang, target_lang)
    with opened(path) as file:
        try:
            for _, unit in etree.iterparse(file, tag="{*}tu", remove_comments=True, remove_pis=True):
                sides = _variant(unit, source_lang), _variant(unit, target_lang)
                yield Pair(*sides, str(path), unit.sourceline)
                unit.clear()
                while unit.getprevious() is not None:  # memory stays that of one unit
                    del unit.getparent()[0]
        except etree.XMLSyntaxError as error:
            line, column = error.position
            raise DataError(
                _other_kind(path)
                or f"{path}, line {line}, column {column}: it is not well-formed TMX "
                f"({(error.msg or 'it ends too early').partition(', line')[0]}); export it again"
            ) from None
        except PACKING_FAULTS as error:
            raise DataError(f"cannot read {path} to its end: {error}; the file may be cut") from None


def read_po(path: Path | str, source_lang: str = "", target_lang: str = "") -> Iterator[Pair]:
    """Yield the translated entries of a gettext catalogue: msgid and msgstr, and the plural with the last form.

    Fuzzy and obsolete entries are left out: their translations are not what the source says. The line
    of a pair is that of its entry.
    """
    import polib

    with opened(path) as file:
        try:
            text = file.read().decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise DataError(
                encoding.told(path, error.object[: encoding.MAGIC], error.object[:4096])
                or f"{path}, line {line}: byte {error.start} (0x{error.object[error.start]:02x}) is not valid UTF-8; "
                "convert the file with: msgconv -t utf-8"
            ) from None
        except PACKING_FAULTS as error:
            raise DataError(f"cannot read {path} to its end: {error}; the file may be cut") from None
    plain = _plain_po(text, path)
    first = len(plain) - len(plain.lstrip("\n")) + 1
    try:
        entries: list[Any] = polib.pofile(plain)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a gettext PO file: {error}; check it with: msgfmt -c") from None
    for entry in entries:
        if entry.fuzzy:
            continue
        forms = [entry.msgstr_plural[form] for form in sorted(entry.msgstr_plural)]
        sides = [(entry.msgid, forms[0] if forms else entry.msgstr)]
        sides += [(entry.msgid_plural, forms[-1])] if forms else []
        for src, tgt in sides:
            # polib numbers a first entry without a header 0.
            yield Pair(_with_breaks(src), _with_breaks(tgt), str(path), entry.linenum or first)


_PO_LINE = re.compile(r'((msgctxt|msgid|msgid_plural|msgstr(\[\d+\])?)\s*)?"([^"\\]|\\.)*"')
# polib ends a line at each of these; only "\n" does.
_BREAKS = "\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_BREAK_MARK = "\ue585"


def _plain_po(text: str, path: Path | str) -> str:
    """Return a catalogue that polib reads without a loss: no comments but flags, its own line ends only.

    Raises DataError for a line that is neither a comment nor a string in quotes, which polib would take.
    """
    lines = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip(" \t\r")
        if line.startswith("#"):
            # A comment at the end takes polib's last entry away; obsolete entries are comments too.
            lines.append("#, fuzzy" if line.startswith("#,") and "fuzzy" in line else "")
            continue
        if (line and not _PO_LINE.fullmatch(line)) or "\0" in line:
            raise DataError(
                f"{path} is not a gettext PO file: line {number} is neither a comment nor a whole string in quotes; "
                "check it with: msgfmt -c"
            )
        for place, each in enumerate(_BREAKS):
            line = line.replace(each, f"{_BREAK_MARK}{place}")
        lines.append(line)
    return "\n".join([*lines, ""])  # with a line end in it, polib cannot take it for the name of a file


def _with_breaks(text: str) -> str:
    """Put back what `_plain_po` took out."""
    for place, each in enumerate(_BREAKS):
        text = text.replace(f"{_BREAK_MARK}{place}", each)
    return text


def _both_needed(path: Path | str, source_lang: str, target_lang: str) -> None:
    if not (source_lang and target_lang):
        raise ConfigError(
            f"{path} holds several languages: say which by source_lang and target_lang (--source-lang en ...)"
        )


def _other_kind(path: Path | str) -> str | None:
    """Say what a file is that is not XML, where its first bytes tell."""
    if is_stream(str(path)):  # what was read is gone
        return None
    with opened(path) as file:
        head = file.read(encoding.MAGIC)
    return None if encoding.marked(head) else encoding.told(path, head)  # XML may be in UTF-16


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _variant(unit: Any, language: str) -> str:
    """Return the text of a unit in a language; empty where it has none."""
    wanted = language.lower().replace("_", "-")
    for variant in unit:
        if _local(variant) != "tuv":
            continue
        code = (variant.get(_XML_LANG) or variant.get("lang") or "").lower().replace("_", "-")
        if code == wanted or code.startswith(f"{wanted}-"):
            segment = next((child for child in variant if _local(child) == "seg"), None)
            return "" if segment is None else "".join(_text(segment))
    return ""


def _text(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if _local(child) not in _TMX_CODES:
            yield from _text(child)
        yield child.tail or ""
