"""What is taken for one sentence at a glance is what the rules of every language take for one."""

import random

import pytest
import sentencex

from clearhead.text.sentences import Stretch, is_one, split

LANGUAGES = ("en", "fr", "es", "de", "ja", "hi", "am", "th", "ar", "el")
WORDS = ["Hello", "Mr", "M", "d", "L", "etc", "janv", "The", "no", "a", "é", "12", "20", "x_y"]
BETWEEN = [" ", "  ", ", ", ",", "'", "’", "-", " - ", " ,"]
ENDS = ["", ".", "!", "?", " !", " ?", " ."]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_letter_and_no_digit_ends_a_sentence(language):
    letters = [chr(code) for code in range(0x3000) if chr(code).isalnum()]
    for start in range(0, len(letters), 500):
        for between in (" A ", "A"):
            line = between.join(["x", *letters[start : start + 500], "x"])
            assert list(sentencex.segment(language, line)) == [line]


def test_marks_that_are_passed_over_end_no_sentence():
    draws = random.Random(0)
    for _ in range(1000):
        parts = [draws.choice(WORDS) + draws.choice(BETWEEN) for _ in range(draws.randrange(8))]
        text = "".join(parts) + draws.choice(WORDS) + draws.choice(ENDS)
        assert is_one(text)
        for language in LANGUAGES[:6]:
            assert list(sentencex.segment(language, text)) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Hello. He left.",
        "Hello.He left.",
        "Really?! Yes",
        'He said "no"',
        "one\ntwo",
        "one\ttwo",
        "one\u00a0two",
        " one",
        "one ",
        "- one",
        "a) one",
        "[one]",
        "one: two",
        "你好。再见",
        "...",
        "_",
        "",
    ],
)
def test_what_takes_a_closer_look_gets_it(text):
    assert not is_one(text)


@pytest.mark.parametrize("text", ["Qui est-ce ?", "L’ami d'Anne, 12 ans.", "x", "Je m'appelle Łukasz"])
def test_one_sentence_is_one_stretch(text):
    assert is_one(text)
    assert split(text, ("en", "fr")) == [Stretch(text, True)]
