"""Typographic forms that a model has not learned, written with characters that it has."""

import re
import unicodedata
from collections.abc import Collection

_PLAIN = {
    **dict.fromkeys("’‘‛ʼʹ´`′", "'"),
    **dict.fromkeys("“”„‟″〝〞", '"'),
    **dict.fromkeys("«»", '"'),
    **dict.fromkeys("‹›", "'"),
    **dict.fromkeys("‐‑‒−", "-"),
    **dict.fromkeys("–—―", "-"),
    "…": "...",
    "·": "-",
    "•": "-",
    "æ": "ae",
    "Æ": "Ae",
    "œ": "oe",
    "Œ": "Oe",
    "ẞ": "SS",
}
_PART = re.compile(r"\w+|[^\w\s]")


def folded(text: str, learned: Collection[str] | None) -> str:
    """Return a text whose typographic characters that were not learned are written with learned ones.

    `ﬁ` becomes `fi`, `’` becomes `'`, full-width forms become plain ones. What was learned stays, and so does what
    no learned character can stand for, and the word that holds it: `Ærø` is not half folded. None: nothing is
    known of what was learned.
    """
    if learned is None or text.isascii() or set(text).issubset(learned):
        return text
    return _PART.sub(lambda match: _part(match[0], learned), text)


def _part(part: str, learned: Collection[str]) -> str:
    """Return a word or a sign in learned characters, or as it is."""
    form = part if part.isascii() else "".join(_of(character, learned) for character in part)
    return form if all(character in learned for character in form) else part


def _of(character: str, learned: Collection[str]) -> str:
    if character in learned:
        return character
    for form in (_PLAIN.get(character, ""), _compatible(character)):
        if form and all(letter in learned for letter in form):
            return form
    return character


def _compatible(character: str) -> str:
    """Return the compatible form of ligatures and widths; superscripts and fractions mean something else."""
    decomposition = unicodedata.decomposition(character)
    if decomposition.startswith(("<compat>", "<wide>", "<narrow>", "<font>")):
        return unicodedata.normalize("NFKC", character)
    return ""
