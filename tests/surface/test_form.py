"""A sentence without its form and its translation with it; what is carried is the same to the letter."""

import pytest

from clearhead.surface.form import dressed, undressed
from clearhead.text.symbols import ALL_SYMBOLS, KIND_OF
from clearhead.text.tokenizer import Tokenizer

LINES = [
    "The book of the dead is on the table",
    "How to close the door",
    "Click here now",
    "It costs money",
    "Hello!?., x: 'y' \"z\" 56",
]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train([*LINES * 30, *ALL_SYMBOLS * 30], vocab_size=500, symbols=True)


@pytest.mark.parametrize(
    "text",
    [
        "Hello!",
        "CLICK HERE NOW: https://example.com/ABC",
        "How To Close The Door",
        "It costs €1,250.50.",
        "Hello :smile:",
        "Hello! 😀",
        "See https://da.wikipedia.org/wiki/Æble.",
        "`l’été` – Ærø “x”",
        "\ue100 is {x}",
        "ÉCOLE",
        "",
    ],
)
def test_a_sentence_that_is_not_changed_comes_back(text, tokenizer):
    form = undressed(text, tokenizer, form=False)
    back = dressed(form.text, form, None)
    assert back.notes == ()
    assert sum(each in KIND_OF for each in form.text) == len(form.masked.placed)
    for placed in form.masked.placed:
        assert placed.carried.text in text
    whole = undressed(text, tokenizer, form=True)
    assert dressed(whole.text, whole, "en").notes == ()


def test_addresses_are_not_folded(tokenizer):
    form = undressed("“See” https://da.wikipedia.org/wiki/Æble’s `l’été`", tokenizer, form=True)
    shown = dressed(form.text, form, "en").text
    assert "https://da.wikipedia.org/wiki/Æble’s" in shown
    assert "`l’été`" in shown
    assert "“" not in shown


def test_case_is_that_of_the_words(tokenizer):
    form = undressed("CLICK HERE NOW: https://example.com/abc", tokenizer, form=True)
    assert form.case == "upper"
    assert form.text.startswith("Click here now: ")
    assert dressed(form.text, form, "en").text == "CLICK HERE NOW: https://example.com/abc"


def test_the_mark_of_an_emoji_name_is_none(tokenizer):
    form = undressed("Hello :smile:", tokenizer, form=True)
    assert form.mark == ""
    assert dressed(form.text + ".", form, "en").text == "Hello :smile:"


def test_what_became_of_figures_is_told(tokenizer):
    form = undressed("It costs 5 and {x}", tokenizer, form=True)
    back = dressed("Hello 6", form, "en")
    assert back.notes == (
        "{x} is missing from the translation",
        "the figures 5 became 6; check them",
    )
    assert not undressed("{x} 1998 😀", tokenizer, form=True).has_words
    assert form.has_words


def test_without_symbols_or_form_nothing_is_done():
    plain = Tokenizer.train(LINES * 3, vocab_size=330)
    form = undressed("HELLO {x} “1,250”!", plain, form=False)
    assert (form.text, form.case, form.mark, form.masked.placed) == ("HELLO {x} “1,250”!", "plain", None, ())
    assert dressed("\ue100 x", undressed("\ue100 x", plain, form=False), "en").text == "\ue100 x"
