"""Figures are written as the target language has them, and never change their value."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.surface.carried import digits, find
from clearhead.surface.numerals import of_the_day, written

WRITTEN = {
    "en": [
        "1,250.75",
        "1,234,567",
        "12.5",
        "€12.50",
        "-3.5",
        "50%",
        "€1,250.75",
        "1,250",
        "$5",
        "EUR 1,250.75",
        "1,250.75 CHF",
    ],
    "fr": [
        "1 250,75",
        "1 234 567",
        "12,5",
        "12,50 €",
        "-3,5",
        "50 %",
        "1 250,75 €",
        "1 250",
        "5 $",
        "EUR 1 250,75",
        "1 250,75 CHF",
    ],
    "es": [
        "1.250,75",
        "1.234.567",
        "12,5",
        "12,50 €",
        "-3,5",
        "50 %",
        "1.250,75 €",
        "1.250",
        "5 $",
        "EUR 1.250,75",
        "1.250,75 CHF",
    ],
    "de": [
        "1.250,75",
        "1.234.567",
        "12,5",
        "12,50 €",
        "-3,5",
        "50 %",
        "1.250,75 €",
        "1.250",
        "5 $",
        "EUR 1.250,75",
        "1.250,75 CHF",
    ],
}
GROUP = {"en": ",", "fr": " ", "es": ".", "de": "."}
POINT = {"en": ".", "fr": ",", "es": ",", "de": ","}


@pytest.mark.parametrize(("source", "target"), list(permutations(WRITTEN, 2)))
def test_every_pair_of_languages(source, target):
    for theirs, ours in zip(WRITTEN[source], WRITTEN[target], strict=True):
        assert written(theirs, target, source) == ours
        sure = theirs not in ("1,250", "1.250")
        assert written(theirs, target) == (ours if sure else theirs)


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize(
    "text",
    [
        "1,250",
        "1.250",
        "3-4",
        "24/7",
        "5'10\"",
        "US$5",
        "EUR 5",
        "20 °C",
        "1,2,3",
        "½",
        "$5€",
        "",
        "x",
        "1.25.3",
    ],
)
def test_what_is_not_sure_stays(text, target):
    assert written(text, target) == text


@pytest.mark.parametrize(
    ("text", "source", "target"),
    [
        ("12.30", "de", "fr"),
        ("12,5", "en", "de"),
        ("1.250,5", None, None),
        ("1.250,5", "de", "xx"),
        ("1,5", "fr", "fr-CA"),
    ],
)
def test_what_is_no_figure_of_its_language_stays(text, source, target):
    assert written(text, target, source) == text


def test_plain_figures_get_no_groups():
    for target in WRITTEN:
        for text in ("1998", "0612345678", "5", "100000"):
            assert written(text, target) == text


@given(
    st.integers(0, 10**9),
    st.text("0123456789", max_size=4),
    st.sampled_from(sorted(WRITTEN)),
    st.sampled_from(sorted(WRITTEN)),
    st.sampled_from(["", "-", "+"]),
)
def test_the_value_stays(whole, decimals, source, target, sign):
    text = sign + f"{whole:,}".replace(",", GROUP[source]) + (POINT[source] + decimals if decimals else "")
    for known in (source, None):
        shown = written(text, target, known)
        assert digits(shown) == digits(text)
        if known and source != target:
            plain = shown.replace(GROUP[target], "").replace(POINT[target], ".")
            assert Decimal(plain) == Decimal(f"{sign}{whole}.{decimals or 0}")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        *(
            ("5 p.m.", "17:00"),
            ("5:30 pm", "17:30"),
            ("9 a.m.", "9:00"),
            ("11:05 P.M.", "23:05"),
            ("3 AM", "3:00"),
        ),
        *(("12 a.m.", "0:00"), ("12 p.m.", "12:00"), ("12:15 PM", "12:15"), ("7\u00a0p.\u00a0m.", "19:00")),
    ],
)
def test_half_days_are_hours_of_the_day_where_people_count_to_24(text, hour):
    assert [each.text for each in find(f"Come at {text} on Monday.")] == [text]
    for target in ("fr", "es", "de", "de-AT"):
        assert of_the_day(text, target) == hour
    for target in ("en", "ja", "", None):
        assert of_the_day(text, target) == text


@pytest.mark.parametrize("text", ["12:30", "17h30", "17:00", "8.15"])
def test_other_times_stay(text):
    assert of_the_day(text, "fr") == text


def test_the_point_of_a_half_day_ends_the_sentence_too():
    assert [each.text for each in find("The shop opens at 9 a.m.")] == ["9 a.m"]
    assert [each.text for each in find("Does it open at 9 a.m.?")] == ["9 a.m."]
    assert of_the_day("9 p.m", "de") == "21:00"
