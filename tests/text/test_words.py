"""Words stand where they are."""

import pytest

from clearhead.text.words import Span, is_punctuation, word_of, words


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("split", "Je suis étudiant.", ["Je", "suis", "étudiant", "."]),
        (
            "split",
            "Où est l'eau, e-mail a@b.org 3.14 ?!",
            ["Où", "est", "l'eau", ",", "e-mail", "a@b.org", "3.14", "?", "!"],
        ),
        ("space", "It's  here , now.", ["It's", "here", ",", "now."]),
        ("split", "", []),
        ("split", "हिन्दी भाषा।", ["हिन्दी", "भाषा", "।"]),
        ("split", "שָׁלוֹם עולם", ["שָׁלוֹם", "עולם"]),
        ("split", "5 % 😀", ["5", "%", "😀"]),
        ("split", "日本 שלום", ["日本", "שלום"]),
    ],
)
def test_words(kind, text, found):
    assert [text[start:end] for start, end in words(text, kind)] == found


def test_symbols_are_no_punctuation():
    assert [word for word in (".", "?!", "«", "%", "€", "😀", "a.") if is_punctuation(word)] == [
        ".",
        "?!",
        "«",
    ]


def test_tokens_belong_to_the_word_they_mostly_lie_in():
    found = [Span(0, 4), Span(4, 5), Span(6, 9)]
    tokens = [Span(0, 2), Span(2, 5), None, Span(6, 6), Span(6, 9), Span(5, 5)]
    assert word_of(tokens, found) == [0, 0, None, 2, 2, None]
