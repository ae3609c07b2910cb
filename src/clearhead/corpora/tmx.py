"""Translation memories (TMX 1.4): units of one text in several languages."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from clearhead.corpora import encoding
from clearhead.corpora.formats import Tell, both_needed, silent
from clearhead.corpora.packed import PACKING_FAULTS, is_stream, opened, unreadable
from clearhead.corpora.pair import Pair
from clearhead.errors import ConfigError, DataError
from clearhead.text.language_codes import find, scripts

ILLEGAL = "unit with a character that XML does not allow"

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CODES = {"bpt", "ept", "it", "ph", "ut"}
"""Inline elements whose contents are the markup of another format, not text; `hi` holds text."""


def read_tmx(
    path: Path | str,
    source_lang: str,
    target_lang: str,
    columns: Sequence[int | str] = (),
    tell: Tell = silent,
) -> Iterator[Pair]:
    """Yield the pairs of a translation memory: units that have both languages, without inline codes.

    `en` finds `en-US` too, the closest code first. A unit without one of the languages is a pair with an empty side,
    so that it is counted; one with a character that XML does not allow has a fault. The line of a pair is that where
    its unit begins. Raises ConfigError where no unit has one of the languages.
    """
    from lxml import etree

    both_needed(path, source_lang, target_lang)
    seen: dict[str, None] = {}
    with opened(path) as file:
        try:
            units = etree.iterparse(_Marked(file), tag="{*}tu", remove_comments=True, remove_pis=True)
            for _, unit in units:
                variants = _variants(unit)
                seen |= dict.fromkeys(variants)
                src, tgt = _side(variants, source_lang), _side(variants, target_lang)
                illegal = any(mark in side for side in (src, tgt) for mark in (_MARK, _REFERENCE.decode()))
                yield Pair(src, tgt, str(path), unit.sourceline, fault=ILLEGAL if illegal else "")
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
            raise DataError(unreadable(path, error)) from None
    _check_languages(path, (source_lang, target_lang), seen)


def _check_languages(path: Path | str, languages: tuple[str, str], seen: dict[str, None]) -> None:
    for language in languages:
        in_doubt = scripts(language, seen)
        if in_doubt:
            raise ConfigError(
                f"{path} has {language!r} in several scripts, {' and '.join(in_doubt)}; give one of these as "
                "source_lang or target_lang"
            )
        if find(language, seen) is None:
            held = ", ".join(list(seen)[:20]) or "none"
            raise ConfigError(
                f"{path} has no text in {language!r}; its languages are {held}: give one of these as source_lang or "
                "target_lang"
            )


def _variants(unit: Any) -> dict[str, Any]:
    """Return the variants of a unit by the code of their language, of several with one code the first."""
    by_language: dict[str, Any] = {}
    for variant in unit:
        if _local(variant) == "tuv":
            by_language.setdefault(variant.get(_XML_LANG) or variant.get("lang") or "", variant)
    return by_language


def _side(variants: dict[str, Any], language: str) -> str:
    """Return the text in a language; empty where there is none."""
    code = find(language, variants)
    if code is None:
        return ""
    segment = next((child for child in variants[code] if _local(child) == "seg"), None)
    return "" if segment is None else "".join(_text(segment))


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if _local(child) not in _CODES:
            yield from _text(child)
        yield child.tail or ""


_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REFERENCES = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")
_MARK, _REFERENCE = "\ue58c", b"&#xE58C;"
"""Replaces a character that XML does not allow, in any code that has the letters of ASCII."""
_WIDEST = 16
"""Bytes that a reference may take."""


class _Marked:
    """A file of XML in which characters that XML does not allow have become a mark, so that only their unit is lost."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._rest = b""
        self._wide: bool | None = None

    def read(self, size: int) -> bytes:
        """Return some bytes; none at the end."""
        data = self._file.read(max(size, 1 << 15))
        if self._wide is None:
            self._wide = bool(encoding.marked(data[:4])) or b"\0" in data[:4]
        if self._wide:
            return data
        ended = not data
        data = self._rest + data
        cut = data.rfind(b"&", max(0, len(data) - _WIDEST))  # a reference may go on in the next bytes
        cut = len(data) if cut < 0 or ended else cut
        data, self._rest = data[:cut], data[cut:]
        marked = _CONTROLS.sub(_REFERENCE, data)
        marked = _REFERENCES.sub(_allowed, marked) if b"&#" in marked else marked
        return marked or (b"" if ended else self.read(size))


def _allowed(reference: re.Match[bytes]) -> bytes:
    """Return a reference, or the mark for one to a character that XML does not have."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    allowed = (
        number in (9, 10, 13)
        or 32 <= number < 0xD800
        or 0xE000 <= number < 0xFFFE
        or 0x10000 <= number < 0x110000
    )
    return reference[0] if allowed else _REFERENCE


def _other_kind(path: Path | str) -> str | None:
    """Say what a file that is not XML is, if its first bytes show it."""
    if is_stream(str(path)):  # what was read is gone
        return None
    with opened(path) as file:
        head = file.read(encoding.MAGIC)
    return None if encoding.marked(head) else encoding.told(path, head)  # XML may be in UTF-16
