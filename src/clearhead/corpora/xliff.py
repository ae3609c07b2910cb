"""XLIFF 1.2 and 2.0 as a corpus: sources and the targets that somebody translated."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clearhead.corpora.formats import Tell, silent
from clearhead.corpora.packed import PACKING_FAULTS, opened, unreadable
from clearhead.corpora.pair import Pair
from clearhead.errors import ConfigError, DataError
from clearhead.text.language_codes import same

_UNITS = ("trans-unit", "segment")
"""What has a source and a target: in XLIFF 1.2, and in 2.0."""
_CODES = {"ph", "it", "bpt", "ept", "x", "bx", "ex", "sc", "ec", "cp", "sm", "em"}
"""Inline elements whose contents are no text."""
_UNDONE = {
    "new",
    "initial",
    "needs-translation",
    "needs-adaptation",
    "needs-l10n",
    "needs-review-translation",
}
"""States of a target that is not, or not surely, what its source says."""


def read_xliff(
    path: Path | str,
    source_lang: str = "",
    target_lang: str = "",
    columns: Sequence[int | str] = (),
    tell: Tell = silent,
) -> Iterator[Pair]:
    """Yield the units of a file that have a target, without inline elements, white space joined.

    A unit without one, or whose state says that it is yet to be translated or reviewed, is left out. The languages may
    be left out too; where they are given they must be those of the file, in either order. The line of a pair is that
    of its unit. Raises ConfigError for other languages, DataError for what is not well-formed.
    """
    from lxml import etree

    swapped, wanted = False, (source_lang, target_lang)
    with opened(path) as file:
        try:
            for event, element in etree.iterparse(
                file, events=("start", "end"), remove_comments=True, remove_pis=True, resolve_entities=False
            ):
                local = etree.QName(element).localname
                if event == "start":
                    held = _languages(element, local)
                    swapped = _is_swapped(path, wanted, held) if held else swapped
                elif local in _UNITS:
                    src, tgt = _sides(element)
                    if tgt:
                        src, tgt = (tgt, src) if swapped else (src, tgt)
                        yield Pair(src, tgt, str(path), element.sourceline)
                    element.clear()
        except etree.XMLSyntaxError as error:
            line = error.position[0]
            raise DataError(
                f"{path}, line {line}: it is not well-formed XLIFF "
                f"({(error.msg or 'it ends too early').partition(', line')[0]}); export it again"
            ) from None
        except PACKING_FAULTS as error:
            raise DataError(unreadable(path, error)) from None


def _languages(element: Any, local: str) -> tuple[str, str] | None:
    """Return the languages of the units in an element; None for one that does not say them."""
    names = {"file": ("source-language", "target-language"), "xliff": ("srcLang", "trgLang")}.get(local)
    if names is None or not element.get(names[0]):
        return None
    return element.get(names[0]), element.get(names[1]) or ""


def _is_swapped(path: Path | str, wanted: tuple[str, str], held: tuple[str, str]) -> bool:
    """Say whether what is wanted as the source is the target of a file."""
    if _fit(wanted, held):
        return False
    if _fit(wanted, held[::-1]):
        return True
    raise ConfigError(
        f"{path} is from {held[0]} to {held[1] or 'a language that it does not say'}; source_lang and target_lang ask "
        f"for {wanted[0] or 'any'} and {wanted[1] or 'any'}: give its own, or leave them out"
    )


def _fit(wanted: tuple[str, str], held: tuple[str, str]) -> bool:
    return all(not code or not other or same(code, other) for code, other in zip(wanted, held, strict=True))


def _sides(unit: Any) -> tuple[str, str]:
    """Return the texts of a unit; an empty target where there is none to learn from."""
    source, target = (next(iter(unit.findall(f"{{*}}{name}")), None) for name in ("source", "target"))
    if source is None or target is None or {unit.get("state"), target.get("state")} & _UNDONE:
        return "", ""
    return " ".join("".join(_text(source)).split()), " ".join("".join(_text(target)).split())


def _text(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if str(child.tag).rpartition("}")[2] not in _CODES:
            yield from _text(child)
        yield child.tail or ""
