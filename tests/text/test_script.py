"""The script of a text by a table of characters is that of all its letters looked up one by one."""

import random
import unicodedata

import pytest

from clearhead.text.script import _SCRIPT_OF_LANGUAGE, foreignness, in_wrong_script

CHARACTERS = [
    chr(code)
    for start, end in ((0x20, 0x600), (0x900, 0xA00), (0x1100, 0x1200), (0x2100, 0x2190), (0x3040, 0x3100),
                       (0x4E00, 0x4E40), (0xAC00, 0xAC40), (0xFB00, 0xFB07), (0xFF00, 0xFFA0))
    for code in range(start, end)
]  # fmt: skip


def letter_by_letter(text: str, language: str) -> bool:
    letters = [
        character
        for character in unicodedata.normalize("NFKC", text)
        if unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo")
    ]
    foreign = sum(
        unicodedata.name(letter, "").split(" ")[0] not in _SCRIPT_OF_LANGUAGE[language] for letter in letters
    )
    return 2 * foreign > len(letters)


@pytest.mark.parametrize("language", ["en", "ru", "ja", "ko", "hi", "el"])
def test_the_table_says_what_the_letters_say(language):
    draws = random.Random(language)
    texts = ["".join(draws.choices(CHARACTERS, k=draws.randint(0, 12))) for _ in range(2000)]
    said = [in_wrong_script(text, language) for text in texts]
    assert said == [letter_by_letter(text, language) for text in texts]
    assert 0 < sum(said) < len(said)


def test_a_language_that_is_not_on_record_has_no_wrong_script():
    assert foreignness("tlh") is None
    assert not in_wrong_script("кот", "tlh")
    of_english = foreignness("en")
    assert of_english is not None
    assert [of_english(character) for character in "aж1ﬁ"] == [-1, 1, 0, -2]
