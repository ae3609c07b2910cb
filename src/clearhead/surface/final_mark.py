"""The mark that ends a sentence: a translation has the one of its source, or none where that has none."""

import re

from clearhead.text.language_codes import primary
from clearhead.text.symbols import KIND_OF

_MARKS = ".!?…:;,"
_CLOSED = "\"'»”’)]}"
"""Behind one of these nothing is changed: where the mark belongs differs from language to language."""
_OTHER = "。！？؟।۔"
_ABBREVIATION = re.compile(
    r"(?:(?:\b\w\.[\s-]?){1,12}\w\.|\b(?:etc|usw|bzw|ca|cf|vs|pp|p|núm|Inc|Ltd|Jr|Sr|EE\. ?UU)\.)$"
)
_WINDOW = 40
"""Characters at the end of a text in which an abbreviation is looked for."""
_SPACED = {"fr": "!?:;"}
"""Marks before which a language writes a space."""
_OPENING = {"!": "¡", "?": "¿"}
_LANGUAGES = {"en", "fr", "es", "de", "it", "pt", "nl", "sv", "da", "no", "pl", "cs", "ro", "fi"}
_ENDING_SYMBOLS = f" {''.join(KIND_OF)}"


def final_mark(text: str) -> str | None:
    """Return the marks that end a text, "" for none.

    None where that is unclear: behind a quotation or an abbreviation, and where what is carried, such as an
    emoji, follows the mark.
    """
    if not text or text[-1] in _CLOSED or text[-1] in _OTHER:
        return None
    if text[-1] in KIND_OF:
        before = text.rstrip(_ENDING_SYMBOLS)
        return None if before[-1:] in (*_MARKS, *_CLOSED, *_OTHER) and before else ""
    mark = text[len(text.rstrip(_MARKS)) :]
    if _one_point(mark) and _abbreviated(text[: len(text) - len(mark) + 1]):
        return mark[1:] or None
    return mark


def with_mark(translation: str, mark: str | None, language: str | None) -> str:
    """Return a translation that ends as its source does, written as its language writes it."""
    main = primary(language or "")
    if mark is None or not translation or main not in _LANGUAGES:
        return translation
    if translation[-1] in _CLOSED or translation[-1] in _OTHER:
        return translation
    bare = translation.rstrip(_MARKS)
    marks = translation[len(bare) :]
    if _one_point(marks) and _abbreviated(bare + "."):
        bare, marks = bare + ".", marks[1:]
        if mark.startswith("."):
            mark = mark[1:]  # the point of an abbreviation ends the sentence too
    if marks != mark:
        body = bare.rstrip()
        if not body:
            return translation
        space = " " if mark and mark[0] in _SPACED.get(main, "") else ""
        translation = body + space + mark
    return _opened(translation, mark) if main == "es" else translation


def _one_point(marks: str) -> bool:
    """Say whether marks begin with a full stop that is not an ellipsis."""
    return marks.startswith(".") and not marks.startswith("..")


def _abbreviated(text: str) -> bool:
    """Say whether a text ends in an abbreviation and its point."""
    return bool(_ABBREVIATION.search(text[-_WINDOW:]))


def _opened(translation: str, mark: str) -> str:
    """Return a Spanish sentence whose opening mark fits the one that ends it."""
    for closing, opening in _OPENING.items():
        if closing in mark and opening not in translation:
            translation = opening + translation
        elif opening in translation and closing not in translation:
            translation = translation.replace(opening, "")
            translation = translation[:1].upper() + translation[1:]
    return translation
