"""The script that a text is written in, and the one that its language is written in."""

import unicodedata
from functools import lru_cache

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
    # Half-width kana and the letter of "1\u00ba" are those of their compatibility form; marks that several scripts
    # share, as the long vowel of kana and the Ukrainian apostrophe, say nothing (category Lm).
    characters = unicodedata.normalize("NFKC", text)
    letters = [character for character in characters if unicodedata.category(character) in _LETTERS]
    scripts = [_script(letter) for letter in letters]
    foreign = sum(script not in expected for script in scripts)
    return 2 * foreign > len(scripts)


@lru_cache(maxsize=1 << 16)
def _script(character: str) -> str:
    """Return the first word of a letter's Unicode name, which is its script."""
    return unicodedata.name(character, "").partition(" ")[0]
