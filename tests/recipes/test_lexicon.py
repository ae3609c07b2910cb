"""The lexicon of the default model: words and phrases of a made-up corpus find each other."""

from itertools import permutations, product

import numpy as np
import pytest

from tests.test_recipes import script

DOGS = [("dog", "chien"), ("cat", "chat"), ("horse", "cheval"), ("bird", "oiseau"), ("wolf", "loup")]
VERBS = [("sleeps", "dort"), ("eats", "mange"), ("sings", "chante"), ("runs", "court"), ("drinks", "boit")]
WHEN = [("here", "ici"), ("often", "souvent"), ("today", "aujourd'hui")]


@pytest.fixture(scope="module")
def recipe():
    return script("default-model", "lexicon.py")


@pytest.fixture(scope="module")
def pairs():
    """Return sentences like "My dog sleeps often", of which every word is known."""
    return [
        (f"My {noun} {verb} {when}.", f"Mon {nom} {verbe} {quand}.")
        for (noun, nom), (verb, verbe), (when, quand) in product(DOGS, VERBS, WHEN)
    ]


def test_words_and_phrases_are_found(recipe, pairs, monkeypatch):
    monkeypatch.setattr(recipe, "COMMONEST", 0)
    found = dict(recipe.lexicon(pairs, "fr"))
    for one, other in (*DOGS, *VERBS, *WHEN):
        assert found[one] == other
    assert found["my dog"] == "mon chien"
    assert "dog sleeps" not in found  # seen three times
    for one, other in found.items():
        assert len(one.split()) == len(other.split()) <= recipe.LONGEST


def test_what_is_rare_or_unsure_is_left_out(recipe, pairs):
    rare = [("A fox sings often.", "Un renard chante souvent.")] * (recipe.COUNT - 1)
    found = dict(recipe.lexicon([*pairs, *rare], "fr"))
    assert "fox" not in found
    torn = [
        (f"A bank {verb}.", f"Une {word} {verbe}.")
        for verb, verbe in VERBS
        for word in ("rive", "banque", "a", "b")
    ]
    assert "bank" not in dict(recipe.lexicon([*pairs, *torn * 3], "fr"))


def test_no_phrase_goes_over_a_mark_or_ends_in_an_article(recipe):
    nouns = [("house", "Haus"), ("child", "Kind"), ("book", "Buch"), ("horse", "Pferd")]
    pairs = [
        (f"I see the {one}, the {two}.", f"Ich sehe das {eins}, das {zwei}.")
        for (one, eins), (two, zwei) in product(nouns, repeat=2)
    ]
    found = recipe.lexicon(pairs, "de")
    assert ("house", "Haus") in found
    assert not [one for one, _ in found if one.endswith(" the") or "house the" in one]


@pytest.mark.parametrize(
    ("english", "other", "language", "fits"),
    [
        ("house", "der", "de", True),
        ("the house", "dem Haus", "de", False),
        ("my house", "mein Haus", "de", True),
        ("Tom sleeps", "Tom dort", "fr", False),
        ("Tom", "Tom", "fr", True),
        ("I see", "je vois", "fr", True),
        ("I'm cold", "j'ai froid", "fr", True),
    ],
)
def test_only_what_is_one_by_itself_is_taken(recipe, english, other, language, fits):
    assert recipe.fit(english, other, language) == fits


def test_a_french_elision_is_a_word_of_its_own(recipe):
    found = recipe.sentence("L'eau d'aujourd'hui, c’est bien !", "fr")
    assert found.words == ("L'", "eau", "d'", "aujourd'hui", "c’", "est", "bien")
    assert found.joins == (False, True, True, True, False, True, True)
    vocabulary = recipe.Vocabulary([found])
    assert vocabulary.phrase(vocabulary.encode(found).tolist()[:2]) == "l'eau"


def test_a_word_beside_a_phrase_that_is_linked_to_nothing_belongs_to_it_perhaps(recipe):
    joined = [False, True, True]
    assert set(recipe.linked_phrases({(0, 0), (1, 1), (2, 2)}, joined, joined)) == {
        ((i, k), (i, k)) for i in range(3) for k in range(i, 3)
    }
    # The second word of the source is linked to nothing: only the whole is sure.
    assert list(recipe.linked_phrases({(0, 0), (2, 1)}, joined, [False, True])) == [((0, 2), (0, 1))]


def test_links_follow_what_goes_together(recipe):
    sources = [np.array(words) for words in permutations(range(5), 3)]
    found = recipe.links(sources, [words[[1, 0, 2]] + 7 for words in sources])
    assert [each.tolist() for each in found] == [[1, 0, 2]] * len(sources)
