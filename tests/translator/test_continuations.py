"""The words that a translation may go on with: each with its real probability, and a translation that has it."""

import math

import pytest

import clearhead
from clearhead.errors import ClearheadError, TranslationError
from clearhead.text.vocabulary import EOS
from clearhead.text.words import words

TEXT, WHOLE = "The black cat drank the milk.", "Le chat noir a bu le lait."
PLACES = [WHOLE[: span.start] for span in words(WHOLE)]


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.mark.parametrize("before", PLACES)
def test_each_word_begins_a_translation_and_the_models_own_is_among_them(translator, before):
    found = translator.continuations(TEXT, before, to="fr", count=6)
    assert len({one.word for one in found}) == len(found)
    assert all(one.text.startswith(before + one.word) for one in found)
    chances = [one.probability for one in found]
    assert chances == sorted(chances, reverse=True)
    assert 0.5 < sum(chances) <= 1
    after = WHOLE[len(before) :]
    assert found[0].word == after[words(after)[0].start : words(after)[0].end]
    assert found[0].text == WHOLE


def test_probabilities_are_those_of_scoring(translator):
    before = "Le chat noir "
    tag = translator.target("fr")
    src = [*translator.tokenizer.encode(TEXT, to=tag), EOS]
    start = len(translator.tokenizer.encode_target(before.rstrip()))
    for one in translator.continuations(TEXT, before, to="fr", count=4):
        whole = translator.tokenizer.encode_target(one.text)
        end = len(translator.tokenizer.encode_target(before + one.word))
        (scored,) = translator.engine.score([src], [whole])
        assert one.probability == pytest.approx(math.exp(sum(scored[start:end])), rel=1e-3)


def test_both_engines_agree(translator):
    ours = clearhead.load(engine="pytorch")
    for before in ("", "Le chat noir "):
        theirs = {
            one.word: one.probability for one in translator.continuations(TEXT, before, to="fr", count=8)
        }
        own = {one.word: one.probability for one in ours.continuations(TEXT, before, to="fr", count=8)}
        likely = {word for word, chance in own.items() if chance > 0.007}
        assert likely <= theirs.keys()
        assert all(theirs[word] == pytest.approx(own[word], rel=0.01) for word in likely)


def test_an_elided_word_is_gone_on_with(translator):
    found = translator.continuations("The water is cold.", "L'", to="fr")
    assert (found[0].word, found[0].text) == ("eau", "L'eau est froide.")


def test_a_text_longer_than_a_sentence_may_be_is_refused(translator):
    with pytest.raises(
        TranslationError,
        match=r"has [\d,]+ tokens, and a sentence has [\d,]+ at most; give one of its sentences",
    ):
        translator.continuations("the cat and " * 400, to="fr")


def test_nothing_comes_of_nothing_and_counts_are_checked(translator):
    assert translator.continuations("  ", to="fr") == []
    for count in (0, 21):
        with pytest.raises(ClearheadError, match=r"count.*1 to 20"):
            translator.continuations(TEXT, to="fr", count=count)
