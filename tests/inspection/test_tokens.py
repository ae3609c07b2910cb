"""Tokens over text whose symbols are spelled out: every token stands where the user sees what it stands for."""

import pytest

from clearhead.inspection.alignment import belonging
from clearhead.inspection.tokens import Tokens
from clearhead.surface.masking import mask, masked_pair, placed_in, restored
from clearhead.text.symbols import KIND_OF, KINDS
from clearhead.text.words import Span

TEXTS = [
    "Hello {name}, you owe 1,250 euros.",
    "x{a}y and {b}{c}!",
    "For 5 km see https://example.org/a?b=1.",
    "Nothing to carry",
    "<b>25 cats</b> at 10:30 on 12/05/2023",
    "{a} {a}{a}",
    "%s",
    "",
]


def by_character(masked):
    """Return a token for each character of a masked text but the spaces."""
    places = [place for place, character in enumerate(masked.text) if character != " "]
    spans = tuple(Span(place, place + 1) for place in places)
    return Tokens(masked.text, tuple(places), tuple(masked.text[place] for place in places), spans)


@pytest.mark.parametrize("text", TEXTS)
def test_every_token_stands_where_it_is_read(text):
    masked = mask(text, KINDS)
    found = by_character(masked).spelled_out(masked.placed)
    assert found.text == text
    assert [text[start:end] for start, end in found.carried] == [each.carried.text for each in masked.placed]
    waiting = list(masked.placed)
    for piece, span in zip(found.pieces, found.spans, strict=True):
        expected = waiting.pop(0).carried.text if piece in KIND_OF else piece
        assert text[span.start : span.end] == expected
    assert waiting == []


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_those_of_the_text(text):
    """Between spaces they are the user's own, and none is without a token; split, what is carried is one word."""
    masked = mask(text, KINDS)
    found = by_character(masked).spelled_out(masked.placed)
    spaced = found.words("space")
    assert [text[start:end] for start, end in spaced] == text.split()
    assert belonging(found, spaced).sum(axis=0).all()
    split = found.words("split")
    assert belonging(found, split).sum(axis=0).all()
    assert all(any(start <= c.start and c.end <= end for start, end in split) for c in found.carried)


@pytest.mark.parametrize("text", TEXTS)
def test_a_translation_is_spelled_out_as_it_is_given_out(text):
    masked = mask(text, KINDS)
    for made in (masked.text, masked.text[::-1], masked.text + masked.text):
        tokens = Tokens(made, (), (), ())
        found = tokens.spelled_out(placed_in(made, masked, "fr", "en"))
        assert found.text.split() == restored(made, masked, "fr", "en").text.split()


def test_both_sides_of_a_pair():
    src, tgt = "Hello {name}, 25 km", "Bonjour {name}, 25 km"
    masked = masked_pair(src, tgt, KINDS)
    for side, text in zip(masked, (src, tgt), strict=True):
        assert side.placed
        assert by_character(side).spelled_out(side.placed).text == text
