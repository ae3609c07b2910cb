"""The script that a text is written in, and the one that its language is written in."""

import unicodedata
from collections.abc import Callable
from functools import cache

from clearhead.text.language_codes import primary

_SCRIPTS = {
    "LATIN": "af ca cs cy da de en eo es et eu fi fr ga gl hr hu id is it "
    "la lt lv ms nb nl nn no pl pt ro sk sl sq sv sw tr vi",
    "CYRILLIC": "be bg kk ky mk mn ru tg uk",
    "GREEK": "el",
    "ARABIC": "ar fa ps ur",
    "HEBREW": "he yi",
    "DEVANAGARI": "hi mr ne",
    "HANGUL": "ko",
    "CJK": "zh",
    "CJK HIRAGANA KATAKANA": "ja",
    "THAI": "th",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "TAMIL": "ta",
}
_LETTERS = {"Lu", "Ll", "Lt", "Lo"}
_SCRIPT_OF_LANGUAGE = {
    code: frozenset(scripts.split()) for scripts, codes in _SCRIPTS.items() for code in codes.split()
}


def in_wrong_script(text: str, language: str) -> bool:
    """Say whether most letters of a text are of a script that the language is not written in.

    False for languages whose script is not on record, and for text without letters.
    """
    expected = _SCRIPT_OF_LANGUAGE.get(primary(language))
    if expected is None or (text.isascii() and "LATIN" in expected):
        return False
    # Half-width kana and the letter of "1\u00ba" are those of their compatibility form.
    characters = text if unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text)
    return sum(map(_foreignness(expected).__getitem__, characters)) > 0


def foreignness(language: str) -> Callable[[str], int] | None:
    """Return a function that says of a character how many letters of it are foreign to a language, less the others.

    None where the script of the language is not on record.
    """
    expected = _SCRIPT_OF_LANGUAGE.get(primary(language))
    if expected is None:
        return None
    letters = _foreignness(expected)
    return lambda character: sum(map(letters.__getitem__, unicodedata.normalize("NFKC", character)))


class _Foreignness(dict[str, int]):
    """By character: 1 for a letter of a script that is not expected, -1 for one of another, 0 for the rest.

    Marks that several scripts share, as the long vowel of kana and the Ukrainian apostrophe, say nothing
    (category Lm).
    """

    def __init__(self, expected: frozenset[str]) -> None:
        super().__init__()
        self._expected = expected

    def __missing__(self, character: str) -> int:
        known = 0
        if unicodedata.category(character) in _LETTERS:
            script = unicodedata.name(character, "").partition(" ")[0]  # the first word of a letter's name
            known = -1 if script in self._expected else 1
        self[character] = known
        return known


@cache
def _foreignness(expected: frozenset[str]) -> _Foreignness:
    return _Foreignness(expected)
