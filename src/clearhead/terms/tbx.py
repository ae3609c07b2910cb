"""Glossaries in TBX (ISO 30042, its versions of 2008 and 2019): a concept, its languages, and their terms."""

from collections.abc import Iterator
from typing import Any

from clearhead.errors import ClearheadError, DataError
from clearhead.terms.term import Term

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CONCEPTS = {"termEntry", "conceptEntry"}
_LANGUAGES = {"langSet", "langSec"}
_FORBIDDEN = ("deprecated", "superseded", "obsolete", "forbidden")
"""How the administrative status of a term that must not be used begins."""


def from_tbx(data: bytes) -> Iterator[tuple[str, Term]]:
    """Yield (place, entry) for each term and each other language of its concept.

    Of several terms of a language the first is the term and the others will do as well; those that are deprecated or
    superseded are forbidden. Nothing outside of the file is read, and entities are refused.
    """
    root = _root(data)
    for concept in root.iter():
        if not isinstance(concept.tag, str) or _local(concept) not in _CONCEPTS:
            continue
        place = f"line {concept.sourceline}"
        try:
            yield from ((place, term) for term in _terms(_of_languages(concept)))
        except ClearheadError as error:
            raise DataError(f"{place}: {error}") from None


def _root(data: bytes) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise DataError(
            f"line {line}, column {column}: it is not well-formed TBX ({(error.msg or '').partition(', line')[0]}); "
            "export it again"
        ) from None
    entity = next(root.iter(etree.Entity), None)
    if entity is not None:
        raise DataError(f"line {entity.sourceline}: it uses an entity, which is not safe; export it without")
    return root


def _of_languages(concept: Any) -> dict[str, tuple[list[str], list[str]]]:
    """Return for each language its terms, and those that are forbidden."""
    by_language: dict[str, tuple[list[str], list[str]]] = {}
    for section in concept.iter():
        if not isinstance(section.tag, str) or _local(section) not in _LANGUAGES:
            continue
        code = (section.get(_XML_LANG) or "").lower().replace("_", "-").partition("-")[0]
        allowed, forbidden = by_language.setdefault(code, ([], []))
        for element in section.iter():
            if isinstance(element.tag, str) and _local(element) == "term":
                text = " ".join("".join(element.itertext()).split())
                kept = forbidden if _is_forbidden(element.getparent()) else allowed
                if text and text not in kept:
                    kept.append(text)
    return by_language


def _is_forbidden(section: Any) -> bool:
    return any(
        isinstance(note.tag, str)
        and "administrativeStatus" in (note.get("type") or _local(note))
        and (note.text or "").strip().lower().startswith(_FORBIDDEN)
        for note in section.iter()
    )


def _terms(by_language: dict[str, tuple[list[str], list[str]]]) -> Iterator[Term]:
    for source, (words, _) in by_language.items():
        for target, (targets, forbidden) in by_language.items():
            if source == target or not (targets or forbidden):
                continue
            for word in words:
                yield Term(
                    source=word,
                    targets=tuple(targets),
                    languages=(source, target),
                    forbidden=tuple(forbidden),
                )


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
