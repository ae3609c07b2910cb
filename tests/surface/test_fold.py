"""Typographic forms become what was learned; what was learned, or has no plain form, stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.surface.fold import folded

ASCII = frozenset(map(chr, range(0x20, 0x7F)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("l’été", "l'été"),
        ("“Hi”", '"Hi"'),
        ("«oui»", '"oui"'),
        ("so – on", "so - on"),
        ("wait…", "wait..."),
        ("ﬁne", "fine"),
        ("ＡＢＣ１", "ABC1"),
        ("œuvre", "oeuvre"),
        ("Ærø", "Ærø"),
        ("x² ½ ™", "x² ½ ™"),
        ("школа", "школа"),
        ("5−3", "5-3"),
    ],
)
def test_forms(text, expected):
    assert folded(text, ASCII) == expected
    assert folded(text, None) == text
    assert folded(text, ASCII | set(text)) == text


@given(st.text())
def test_folding_twice_is_folding_once(text):
    once = folded(text, ASCII)
    assert folded(once, ASCII) == once
    assert len(set(once) - ASCII) <= len(set(text) - ASCII)
