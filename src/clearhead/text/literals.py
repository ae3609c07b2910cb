"""Addresses, codes and long numbers: what a translation has letter by letter from its source, or has wrong."""

import re
from difflib import SequenceMatcher
from itertools import product

_RUN = re.compile(r"\S+")
_BEFORE, _AFTER = "([{<\"'«“„‚‘¿¡", ".,;:!?)]}>\"'»”’…"
_KINDS = (
    re.compile(r"(?:https?://|www\.)\S+|[^\s@]+@[^\s@]+\.[^\s@]+"),  # addresses
    re.compile(r"(?=.*[A-Z])(?=(?:.*\d){2})[\w-]+"),  # codes, such as PSZ-1126
    re.compile(r"\d{3,}"),  # numbers
)
_GROUPED = re.compile(r"(?<=\d)[ .,'\u00a0\u202f](?=\d)")
_LIKE = 0.6
"""How like its source a literal must be to be taken for it: twice the letters in common, of all letters."""


def restored(source: str, translation: str) -> tuple[str, tuple[str, ...]]:
    """Return the translation with its literals as the source has them, and those that were put right.

    A literal of the source that the translation lacks replaces the one most like it of the same kind that the
    source lacks. A number that only has its thousands parted otherwise is left alone, and so is one that became
    words.
    """
    right = []
    for kind in _KINDS:
        missing = [each for each in _literals(kind, source) if each not in _GROUPED.sub("", translation)]
        strange = [each for each in _literals(kind, translation) if each not in _GROUPED.sub("", source)]
        likeness = {
            pair: SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in product(missing, strange)
        }
        for (given, wrong), like in sorted(likeness.items(), key=lambda item: -item[1]):
            if like >= _LIKE and given in missing and wrong in strange:
                translation = translation.replace(wrong, given, 1)
                missing.remove(given)
                strange.remove(wrong)
                right.append(given)
    return translation, tuple(right)


def _literals(kind: re.Pattern[str], text: str) -> list[str]:
    runs = (run.lstrip(_BEFORE).rstrip(_AFTER) for run in _RUN.findall(text))
    return [run for run in dict.fromkeys(runs) if kind.fullmatch(run)]
