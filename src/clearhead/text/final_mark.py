"""The mark that ends a sentence: a translation has the one of its source, or none where that has none."""

import re

_END = re.compile(r"(?P<space>\s*)(?P<mark>[.!?…:;,]+)$")
_CLOSED = "\"'»”’)]}"
"""Behind one of these nothing is changed: where the mark belongs differs from language to language."""
_OTHER = "。！？؟।۔…"
_ABBREVIATION = re.compile(r"(?:\b\w\.\s?)+\w\.$|\b(?:etc|usw|bzw|ca|cf|vs|pp|p|núm|Inc|Ltd|Jr|Sr)\.$")
_SPACED = {"fr": "!?:;"}
"""Marks before which a language writes a space."""
_OPENING = {"!": "¡", "?": "¿"}
_LANGUAGES = {"en", "fr", "es", "de", "it", "pt", "nl", "sv", "da", "no", "pl", "cs", "ro", "fi"}


def final_mark(text: str) -> str | None:
    """Return the marks that end a text, "" for none; None where that cannot be told, as behind a quotation."""
    if not text or text[-1] in _CLOSED or (text[-1] in _OTHER and text[-1] != "…"):
        return None
    if _ABBREVIATION.search(text):
        return None
    match = _END.search(text)
    return match["mark"] if match else ""


def with_mark(translation: str, mark: str | None, language: str | None) -> str:
    """Return a translation that ends as its source does, written as its language writes it."""
    main = (language or "").partition("-")[0]
    if mark is None or not translation or main not in _LANGUAGES:
        return translation
    if translation[-1] in _CLOSED or translation[-1] in "。！？؟।۔":
        return translation
    match = _END.search(translation)
    found = match["mark"] if match else ""
    if found != mark:
        if found and not mark and _ABBREVIATION.search(translation):
            return translation
        body = translation[: match.start()] if match else translation
        if not body:
            return translation
        space = " " if mark and mark[0] in _SPACED.get(main, "") else ""
        translation = body + space + mark
    return _opened(translation, mark) if main == "es" else translation


def _opened(translation: str, mark: str) -> str:
    """Return a Spanish sentence whose opening mark fits the one that ends it."""
    for closing, opening in _OPENING.items():
        if closing in mark and opening not in translation:
            translation = opening + translation
        elif opening in translation and closing not in translation:
            translation = translation.replace(opening, "")
            translation = translation[:1].upper() + translation[1:]
    return translation
