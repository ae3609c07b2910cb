"""Terms found in a text."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clearhead.terms import Term, Terms
from clearhead.terms.finding import Finder, Held


def found(text: str, *terms: Term | tuple[str, str]) -> list[str]:
    entries = [Terms.of(term).entries[0] if isinstance(term, tuple) else term for term in terms]
    return [each.text for each in Finder(entries).find(text)]


def test_whole_words_the_longest_first():
    pairs = ("bank", "x"), ("bank account", "y"), ("account manager", "z")
    assert found("My bank account manager left the bank.", *pairs) == ["bank account", "bank"]
    assert found("The banker embanked.", *pairs) == []
    assert found("l'eau", ("eau", "water")) == ["eau"]
    assert found("Use C++ here", ("C++", "x"), ("C", "y")) == ["C++"]


def test_case():
    assert found("HOUSE House house", ("house", "x")) == ["HOUSE", "House", "house"]
    assert found("HOUSE House house", Term(source="House", targets=("x",), case="keep")) == ["House"]


def test_other_forms_only_where_wanted():
    text = "cities city cites houses housing mouse"
    assert found(text, ("city", "x")) == ["city"]
    assert found(text, Term(source="city", targets=("x",), match="inflected")) == ["cities", "city", "cites"]
    assert found(text, Term(source="house", targets=("x",), match="inflected")) == ["houses", "housing"]


def test_no_spaces_between_words():
    assert found("我喜欢房子。", ("房子", "house")) == ["房子"]


def test_a_translation_has_each_term_at_a_place_of_its_own():
    held = Held("La maison blanche et la maison.")
    assert held.take(["maison blanche"]) == "maison blanche"
    assert held.take(["maison"]) == "maison"
    assert held.take(["maison"]) is None
    assert Held("La maisonnette").take(["maison"]) is None


@given(
    st.text(alphabet="ab c'", max_size=30),
    st.lists(st.text(alphabet="abc", min_size=1, max_size=3), max_size=4),
)
def test_what_is_found_is_in_the_text_and_overlaps_nothing(text, words):
    occurrences = Finder([Term(source=word, targets=("x",)) for word in words]).find(text)
    assert all(text[each.start : each.end] == each.text for each in occurrences)
    assert all(one.end <= other.start for one, other in pairwise(occurrences))
