"""Addresses, codes and long numbers: what a translation has letter by letter from its source, or has wrong."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from itertools import product

from clearhead.surface.carried import digits
from clearhead.text.words import Span

_RUN = re.compile(r"\S+")
_BEFORE, _AFTER = "([{<\"'«“„‚‘¿¡", ".,;:!?)]}>\"'»”’…"
_KINDS = (
    re.compile(r"(?:https?://|www\.)\S++|[^\s@]++@(?=[^\s@]+?\.[^\s@])[^\s@]++"),  # addresses
    re.compile(r"(?=[^A-Z]*+[A-Z])(?=\D*+\d\D*+\d)[A-Z\d-]++"),  # codes, such as PSZ-1126
    re.compile(r"\d{5,}"),  # numbers in one piece; others are written otherwise in other languages
)
_HINT = re.compile(r"\d|@|://|www\.")
"""A text without any of these has no literal."""
_LIKE = 0.6
"""How like its source a literal must be to be taken for it: twice the letters in common, of all letters."""


def restored(source: str, translation: str) -> tuple[str, tuple[str, ...]]:
    """Return the translation with its literals as the source has them, and the ones that were corrected.

    A literal of the source that the translation lacks takes the place of the one most like it of the same kind
    that the source lacks. Codes whose digits are right are left alone (EU-27 is UE-27 in Spanish).
    """
    if not _HINT.search(source):
        return translation, ()
    runs = _runs(translation)
    in_source, in_translation = set(_runs(source).values()), set(runs.values())
    right: dict[Span, str] = {}
    for kind in _KINDS:
        missing = [literal for literal in sorted(in_source - in_translation) if kind.fullmatch(literal)]
        strange = [
            (span, literal)
            for span, literal in runs.items()
            if kind.fullmatch(literal) and literal not in in_source
        ]
        likeness = {
            (literal, span): SequenceMatcher(None, literal, wrong, autojunk=False).ratio()
            for literal, (span, wrong) in product(missing, strange)
            if digits(literal) != digits(wrong) or not digits(literal) or kind is _KINDS[0]
        }
        for (literal, span), like in sorted(likeness.items(), key=lambda item: -item[1]):
            if like >= _LIKE and literal not in right.values() and span not in right:
                right[span] = literal
    for span in sorted(right, reverse=True):
        translation = translation[: span.start] + right[span] + translation[span.end :]
    return translation, tuple(right.values())


def _runs(text: str) -> Mapping[Span, str]:
    """Return the text between spaces, without the punctuation around it, by its place."""
    runs = {}
    for run in _RUN.finditer(text):
        bare = run[0].lstrip(_BEFORE)
        start = run.end() - len(bare)
        bare = bare.rstrip(_AFTER)
        runs[Span(start, start + len(bare))] = bare
    return runs
