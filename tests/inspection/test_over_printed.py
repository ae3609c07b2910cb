"""Tokens keep their letters when the text is printed in another form; what is known of a look is read back."""

import pytest

from clearhead.inspection.about import About
from clearhead.inspection.alignment import Reader
from clearhead.inspection.reprint import over
from clearhead.inspection.tokens import Tokens
from clearhead.text.words import Span

TOKENS = Tokens(
    "the cat drank {x}",
    (5, 6, 7, 8, 9, 2),
    ("the", "cat", "dra", "nk", "{x}", "</s>"),
    (Span(0, 3), Span(4, 7), Span(8, 11), Span(11, 13), Span(14, 17), None),
    (Span(14, 17),),
)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("THE CAT DRANK {x}!", ["THE", "CAT", "DRA", "NK", "{x}"]),
        ("  the  cat drank {x}", ["the", "cat", "dra", "nk", "{x}"]),
        ("¿The cat dra-nk {x}?", ["The", "cat", "dra", "nk", "{x}"]),
        ("the drank {x}", ["the", "", "dra", "nk", "{x}"]),
        ("", [""] * 5),
    ],
)
def test_tokens_keep_their_letters(printed, expected):
    moved = over(TOKENS, printed)
    assert moved.text == printed
    assert [printed[span.start : span.end] for span in moved.spans[:-1]] == expected
    assert moved.spans[-1] is None
    assert [printed[span.start : span.end] for span in moved.carried] == expected[-1:]
    assert (moved.ids, moved.pieces) == (TOKENS.ids, TOKENS.pieces)


def test_the_same_text_is_left_alone():
    assert over(TOKENS, TOKENS.text) is TOKENS


def test_what_is_known_is_read_back():
    about = About(
        model="m", reader=Reader(heads=((0, 1),)), notes=("a",), missing=(1, 2), word_confidence=(0.5,)
    )
    assert About.from_dict({**about.to_dict(), "of a later release": 1}) == about
    assert About.from_dict({"model": "of an earlier release"}) == About(model="of an earlier release")
