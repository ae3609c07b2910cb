"""A translation ends as its source does, in the way of its language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.surface.final_mark import final_mark, with_mark
from clearhead.text.symbols import SYMBOLS

SYMBOL = SYMBOLS["mark"][0]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Hello.", "."),
        ("Bonjour !", "!"),
        ("¿Qué?", "?"),
        ("What?!", "?!"),
        ("Wait...", "..."),
        ("Wait…", "…"),
        ("Note:", ":"),
        ("Hello,", ","),
        ("Hello", ""),
        ("etc...", "..."),
        ("So, etc.?", "?"),
        (f"Hello {SYMBOL}", ""),
        (f"Hello! {SYMBOL}", None),
        (f"“Hello” {SYMBOL}", None),
        (SYMBOL, ""),
        ("", None),
        ("He said “yes.”", None),
        ("(Hello.)", None),
        ("Il a dit « oui »", None),
        ("at 5 p.m.", None),
        ("av. J.-C.", None),
        ("usw.", None),
        ("z. B.", None),
        ("EE. UU.", None),
        ("こんにちは。", None),
    ],
)
def test_final_marks(text, mark):
    assert final_mark(text) == mark


@pytest.mark.parametrize(
    ("translation", "mark", "language", "expected"),
    [
        ("Hallo.", "!", "de", "Hallo!"),
        ("Hallo", ".", "de", "Hallo."),
        ("Hallo.", "", "de", "Hallo"),
        ("Bonjour.", "!", "fr", "Bonjour !"),
        ("Bonjour !", "!", "fr", "Bonjour !"),
        ("Bonjour !", ".", "fr", "Bonjour."),
        ("Bonjour", ":", "fr-CA", "Bonjour :"),
        ("Hello !", "?", "en", "Hello?"),
        ("Hola.", "!", "es", "¡Hola!"),
        ("¡Hola!", ".", "es", "Hola."),
        ("¿qué tal?", "", "es", "Qué tal"),
        ("Hola, ¿qué tal?", "?", "es", "Hola, ¿qué tal?"),
        ("Qué", "?!", "es", "¿¡Qué?!"),
        ("Él dijo «sí»", ".", "es", "Él dijo «sí»"),
        ("y así, etc.", "", "es", "y así, etc."),
        ("und so weiter usw.", ".", "de", "und so weiter usw."),
        ("Hunde usw.", "?", "de", "Hunde usw.?"),
        ("um 17 Uhr.", None, "de", "um 17 Uhr."),
        ("...", ".", "en", "..."),
        ("", ".", "en", ""),
        ("你好", ".", "zh", "你好"),
        ("Hello", ".", "EN_us", "Hello."),
        ("Hello", ".", None, "Hello"),
    ],
)
def test_marks_are_put_on(translation, mark, language, expected):
    assert with_mark(translation, mark, language) == expected


@given(
    st.lists(st.sampled_from(["hola", "qué", "le", "chat", "Straße", "there"]), min_size=1, max_size=6).map(
        " ".join
    ),
    st.sampled_from(["", ".", "!", "?", " !", "…", "...", ":", ";", ",", "?!"]),
    st.sampled_from(["", ".", "!", "?", "…", "...", ":", ";", ",", "?!", "!!!"]),
    st.sampled_from(["en", "fr", "es", "de"]),
)
def test_the_mark_of_what_was_given_one_is_that_mark(words, theirs, mark, language):
    shown = with_mark(words + theirs, mark, language)
    assert final_mark(shown) == mark
    assert with_mark(shown, mark, language) == shown
    assert shown.strip("¿¡.!?…:;, ").casefold() == words.casefold()
