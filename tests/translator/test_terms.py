"""Translations of the default model held to a glossary."""

import pytest

import clearhead
from clearhead.errors import TranslationError
from clearhead.terms import Term, Terms
from clearhead.terms.finding import Held

TEXTS = [
    "The house is big.",
    "I have 250 houses and one house in https://example.org today.",
    "My cat likes the white house.",
    "It is cold.",
]
TERMS = Terms(
    (
        Term(source="house", targets=("demeure", "demeures"), match="inflected"),
        Term(source="white house", targets=("Maison-Blanche",)),
        Term(source="cat", targets=("matou",)),
    )
)


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.fixture(scope="module")
def translations(translator):
    return translator.translate(TEXTS, to="fr", terms=TERMS)


def test_no_terms_change_nothing(translator, translations):
    free = translator.translate(TEXTS, to="fr")
    assert translator.translate(TEXTS, to="fr", terms=Terms()) == free
    assert translator.translate(TEXTS, to="fr", terms=Terms.of(("zebra", "zèbre"))) == free
    assert translations[3].text == free[3].text
    assert translations[3].score == pytest.approx(free[3].score, abs=1e-2)  # int8, in another batch


def test_every_term_is_there_or_a_note_says_so(translations):
    for translation in translations:
        for use in translation.terms:
            assert use.used or any(repr(use.target) in note for note in translation.notes)
            assert use.used == (Held(translation.text).take([use.target]) is not None)
    assert all(use.used for translation in translations for use in translation.terms)
    assert [use.target for use in translations[2].terms] == ["matou", "Maison-Blanche"]
    assert "250" in translations[1].text
    assert "https://example.org" in translations[1].text


def test_batched_is_single():
    """In fp32: in int8 the two best may change places with the batch."""
    exact = clearhead.load(engine="pytorch")
    together = exact.translate(TEXTS, to="fr", terms=TERMS)
    alone = [exact.translate(text, to="fr", terms=TERMS) for text in TEXTS]
    assert [(one.text, one.terms) for one in alone] == [(one.text, one.terms) for one in together]
    assert [one.score for one in alone] == pytest.approx([one.score for one in together], abs=1e-4)


def test_every_one_of_the_n_best_has_them(translator):
    best = translator.translate(TEXTS[0], to="fr", terms=TERMS, num_hypotheses=3)
    assert best.alternatives
    for each in (best, *best.alternatives):
        assert "demeure" in each.text.lower()
    scores = [each.score for each in (best, *best.alternatives)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("before", ["Our ﬁne… ", "In 250 ｈouses, ", "“Ok” ‘and’ "])
def test_a_term_behind_characters_that_are_written_otherwise(translator, before):
    translation = translator.translate(f"{before}the cat is here.", to="fr", terms=TERMS)
    assert [use.target for use in translation.terms if use.source == "cat"] == ["matou"]
    assert all(use.used for use in translation.terms)


def test_a_prefix_and_terms(translator):
    translation = translator.translate(TEXTS[2], to="fr", terms=TERMS, prefix="Mon matou")
    assert translation.text.startswith("Mon matou")
    assert all(use.used for use in translation.terms)


def test_a_term_with_a_number_in_it(translator):
    translation = translator.translate(
        "I use Windows 11 here.", to="fr", terms=Terms.of(("Windows 11", "Fenêtres 12"))
    )
    assert "Fenêtres 12" in translation.text
    assert "11" not in translation.text


def test_what_is_forbidden_is_avoided(translator):
    text = "The house is big."
    assert "maison" in translator.translate(text, to="fr").text
    translation = translator.translate(text, to="fr", terms=Terms((Term(forbidden=("maison",)),)))
    assert "maison" not in translation.text.lower()


def test_scores_are_those_of_the_pair(translator):
    translation = translator.translate(TEXTS[0], to="fr", terms=TERMS)
    assert translation.alternatives == ()
    scored = translator.score([TEXTS[0]], [translation.text], to="fr")[0]
    assert translation.score == pytest.approx(scored.score, abs=1e-3)


def test_samples_and_other_things_are_refused(translator):
    from dataclasses import replace

    from clearhead.engines.protocol import search_options

    options = replace(search_options(translator.info.decoding), temperature=1.0)
    with pytest.raises(TranslationError, match="leave the temperature out"):
        translator.translate(TEXTS[0], to="fr", terms=TERMS, options=options)
    with pytest.raises(TranslationError, match=r"Terms\.read"):
        translator.translate(TEXTS[0], to="fr", terms="terms.tsv")


def test_terms_that_are_no_glossary_are_refused(translator):
    with pytest.raises(TranslationError, match=r"give a glossary, such as Terms\.read\('terms\.tsv'\)"):
        translator.translate("A house.", to="fr", terms="terms.tsv")
