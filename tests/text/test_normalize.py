"""Normalisation changes what its documentation names, and nothing else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.errors import TextError
from clearhead.text.normalize import normalize

LETTERS = ["e", "`", "\u1fef", "\u212a", "\u0646", "\u0915", "\u1100", "\u1161", "\U0001f469"]
MARKS = ["\u0301", "\u0323", "\u094d"]
INVISIBLES = ["\u200c", "\u200d", "\u200b", " ", "\u00a0", "\n", "\x00", "\ufeff", "\u00ad", "\u202e"]
FRAGMENTS = st.sampled_from(LETTERS + MARKS + INVISIBLES)
TEXTS = st.lists(FRAGMENTS | st.characters(exclude_categories=["Cs"])).map("".join)


@given(TEXTS)
def test_is_idempotent_composed_and_on_one_line(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once.split() == [word for word in once.split(" ") if word]  # no white space but U+0020
    assert "  " not in once
    assert once == once.strip()


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs"])))
def test_visible_characters_are_only_composed(text: str) -> None:
    assert normalize(text) == unicodedata.normalize("NFC", text)


@given(TEXTS, TEXTS)
def test_canonically_equal_texts_become_equal(left: str, right: str) -> None:
    text = left + " " + right
    assert normalize(unicodedata.normalize("NFD", text)) == normalize(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301te\u0301", "été"),
        ("Ça va\u202f?", "Ça va ?"),
        ("10\u00a0000\u2009km", "10 000 km"),
        ("東京\u3000大阪", "東京 大阪"),
        ("one\r\ntwo\u2028three\tfour\x85five", "one two three four five"),
        ("  a   b  ", "a b"),
        ("\ufeffstart", "start"),
        ("a\x00b\x07c\x7fd\x9be", "abcde"),
        ("zero\u200bwidth\u2060joined", "zerowidthjoined"),
        ("hy\u00adphen", "hyphen"),
        ("\u202babc\u202c \u200fdef\u2069", "abc def"),
        ("pass\u200dword", "password"),  # a joiner between ASCII letters says nothing
        ("e\u200d\u0301", "é"),
        ("\u212a\u200dx", "Kx"),  # the Kelvin sign is a K by NFC, and then ASCII
        ("\u200d \u200c", ""),
        ("\u06a9\u200d\u200d\u200c", "\u06a9\u200d"),  # a run of joiners counts once
        ("", ""),
        (" \n\t ", ""),
    ],
)
def test_what_is_changed(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "“quotes” ‘single’ « guillemets » „low“ – — … ·",
        "ﬁ ½ ² № Ａ",  # compatibility forms are not folded
        "می\u200cخواهم",  # Persian: the non-joiner is spelling
        "क्\u200dष",  # Devanagari: a half form
        "👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3 🏴\U000e0067\U000e0062\U000e007f",
        "שָׁלוֹם عَرَبِيّ",
        "\ufffd \ue000 \ufdd0 \U0010ffff \u2581 \u2047",
        "</s> <pad> <2fr> <0x41> &amp; \\n",
        "İstanbul STRASSE straße",
    ],
)
def test_what_is_kept(text: str) -> None:
    assert normalize(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", ["\ud800", "abc\udfff", "\udc41\ud83d", "caf\u00e9 \ud83d"])
def test_lone_surrogates_are_refused_by_place(text: str) -> None:
    place = next(i for i, character in enumerate(text) if "\ud800" <= character <= "\udfff")
    with pytest.raises(TextError, match=f"lone surrogate U\\+{ord(text[place]):04X} at character {place},"):
        normalize(text)
