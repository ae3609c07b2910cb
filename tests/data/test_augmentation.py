"""Variants of text, each by hand."""

import re
from random import Random

import pytest

from clearhead.config import AugmentationConfig
from clearhead.data import invented
from clearhead.data.augmentation import (
    change_punctuation_spaces,
    change_quotes,
    drop_accents,
    drop_final_punctuation,
    misspell,
    vary,
)
from clearhead.data.invented import exchange


@pytest.mark.parametrize(
    ("variant", "text", "expected"),
    [
        (drop_final_punctuation, "Je suis étudiant.", "Je suis étudiant"),
        (drop_final_punctuation, "Ça va ?", "Ça va"),
        (drop_final_punctuation, "3.5 km", "3.5 km"),
        (drop_final_punctuation, "What?!", "What"),
        (drop_accents, "Je suis étudiant, ça va, El Niño", "Je suis etudiant, ca va, El Nino"),
        (drop_accents, "naïve œuvre ß", "naive œuvre ß"),
        (change_quotes, "l\u2019eau \u201cx\u201d «y»", 'l\'eau "x" "y"'),
        (change_quotes, 'l\'eau "x"', "l\u2019eau \u201cx\u201d"),
        (change_quotes, "plain", "plain"),
        (change_punctuation_spaces, "Ça va ? Oui !", "Ça va? Oui!"),
        (change_punctuation_spaces, "Ça va? Oui!", "Ça va ? Oui !"),
        (change_punctuation_spaces, "12:30", "12:30"),
    ],
)
def test_variants(variant, text, expected):
    assert variant(text, Random(0)) == expected


def test_one_slip_in_one_long_word():
    slips = {misspell("the weather is old", Random(n)) for n in range(300)}
    assert len(slips) > 8
    for slip in slips:
        words = slip.split()
        assert [words[0], *words[2:]] == ["the", "is", "old"]
        assert words[1] == "weather" or abs(len(words[1]) - 7) <= 1
        assert (words[1][0], words[1][-1]) == ("w", "r")
    assert misspell("a to be", Random(1)) == "a to be"


def test_rates_are_shares():
    rates = AugmentationConfig(upper_case=0.25, drop_final_punctuation=0.5)
    draws = Random(1)
    found = [vary("A cat.", "Un chat.", rates, draws) for _ in range(4000)]
    assert sum(src.isupper() for src, _ in found) / 4000 == pytest.approx(0.25, abs=0.03)
    assert sum(not src.endswith(".") for src, _ in found) / 4000 == pytest.approx(0.5, abs=0.03)
    assert all(src.isupper() == tgt.isupper() for src, tgt in found)
    assert all(tgt.endswith(".") for _, tgt in found)


def test_nothing_is_varied_away():
    assert vary("?", "?", AugmentationConfig(drop_final_punctuation=1.0), Random(0)) == ("?", "?")
    assert vary("A «b»", "c", AugmentationConfig(), Random(0)) == ("A «b»", "c")
    assert not AugmentationConfig()
    assert AugmentationConfig(join=0.1)


def test_names_and_numbers_are_exchanged_on_both_sides():
    draws = Random(3)
    pairs = [exchange("Tom is 30.", "Tom a 30 ans.", draws) for _ in range(200)]
    numbers = [re.fullmatch(r"Tom is (.+)\.", src)[1] for src, _ in pairs]
    assert len(set(numbers)) > 100
    assert [tgt for _, tgt in pairs] == [f"Tom a {number} ans." for number in numbers]
    names = [exchange("I saw Mary.", "J'ai vu Mary.", draws) for _ in range(200)]
    assert all(src[6:-1] == tgt[8:-1] for src, tgt in names)
    kinds = [src[6:-1] for src, _ in names]
    assert any("@" in kind for kind in kinds)
    assert any(kind.startswith(("http", "www")) for kind in kinds)
    assert any(re.fullmatch(r"[A-Z]+[- ]?\d+", kind) for kind in kinds)


@pytest.mark.parametrize(
    ("src", "tgt"),
    [
        ("Tom saw Tom.", "Tom a vu Tom."),  # which is which?
        ("No.", "No."),
        ("Tom's dog.", "Le chien de Tom."),
        ("Version 1.5b", "Version 1.5b"),
        ("a cat", "un chat"),
    ],
)
def test_what_is_no_copy_stays(src, tgt):
    draws = Random(1)
    for _ in range(100):
        found = exchange(src, tgt, draws)
        assert found[0].startswith(src[:-1]) or src == "Version 1.5b"
        assert found[0].removeprefix(src) == found[1].removeprefix(tgt)


def test_what_is_invented_differs():
    draws = Random(0)
    for invent in (invented.name, invented.full_name, invented.email, invented.url, invented.code):
        assert len({invent(draws) for _ in range(500)}) > 400
    assert all(re.fullmatch(r"[a-z0-9._-]+@[a-z0-9]+\.[a-z.]+", invented.email(draws)) for _ in range(300))
    assert all(re.fullmatch(r"\d+(?:[.,:]\d+)?", invented.number(draws)) for _ in range(300))
