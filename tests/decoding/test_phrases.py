"""Constrained search, on models that are tables: against brute force, alone and in batches."""

import pytest

from clearhead.decoding.constrained import ConstrainedBeamSearch, HoldPhrases
from clearhead.decoding.phrases import Phrases, Wanted, WordEdges
from clearhead.decoding.strategies import BeamSearch
from clearhead.errors import TranslationError
from tests.decoding.table_model import EOS, TableModel, decode

WANTED = [
    Wanted(phrases=(((2,),),)),
    Wanted(phrases=(((2, 3),), ((4,),))),
    Wanted(phrases=(((3, 3), (4, 2)),), forbidden=((2,),)),
    Wanted(phrases=(((2,),), ((2, 3),))),
    Wanted(forbidden=((3, 2), (4,))),
]


def held(model, wanted, sentences, beam_size, max_length=4, edges=None, **more):
    phrases = Phrases(wanted, edges)
    strategy = ConstrainedBeamSearch(phrases, EOS, beam_size, 0.6)
    return decode(model, strategy, sentences, max_length, filters=[HoldPhrases(phrases, EOS)], **more)


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_of_all_finds_the_best_output_that_holds_the_phrases(wanted, seed):
    model, phrases = TableModel(5, seed), Phrases([wanted])
    best = max(output for output in model.outputs(0, 4, 0.6) if phrases.holds(0, output[1]))
    ((hypothesis,),) = held(model, [wanted], [0], beam_size=700)
    assert hypothesis.tokens == best[1]
    assert hypothesis.score == pytest.approx(best[0], abs=1e-5)
    assert hypothesis.token_log_probs == pytest.approx(model.token_log_probs(0, hypothesis.tokens))


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_a_sentence_finds_the_same_alone_and_in_a_batch(beam_size):
    model = TableModel(6, 7)
    together = held(model, WANTED, range(len(WANTED)), beam_size, max_length=9)
    alone = [held(model, [wanted], [name], beam_size, max_length=9)[0] for name, wanted in enumerate(WANTED)]
    assert together == alone
    for number, hypotheses in enumerate(together):
        assert hypotheses
        assert all(Phrases(WANTED).holds(number, each.tokens) for each in hypotheses)


def test_nothing_wanted_is_beam_search():
    model = TableModel(6, 3)
    free = decode(model, BeamSearch(4, 0.6), [0, 1], 8, num_hypotheses=3)
    assert held(model, [Wanted(), Wanted()], [0, 1], 4, max_length=8, num_hypotheses=3) == free


def test_no_room_gives_no_hypothesis():
    assert held(TableModel(6, 3), [Wanted(phrases=(((2, 3, 4),),))], [0], 4, max_length=2) == [[]]


def test_words_begin_and_end():
    phrases = Phrases(
        [Wanted(phrases=(((2,), (3,)),), initial=(((4,),),), forbidden=((5,),))],
        WordEdges(joins=frozenset({3, 6}), opens=frozenset({7})),
    )
    assert phrases.holds(0, [8, 2, 8])
    assert not phrases.holds(0, [8, 2, 6]), "a longer word"
    assert phrases.holds(0, [8, 7, 3]), "behind an apostrophe"
    assert not phrases.holds(0, [8, 3]), "within a word"
    assert phrases.holds(0, [4, 8])
    assert phrases.holds(0, [7, 4])
    assert not phrases.holds(0, [8, 4]), "a capital only where the output begins"
    assert not phrases.holds(0, [2, 5])
    assert phrases.holds(0, [2, 5, 6])


def test_a_phrase_of_nothing_is_refused():
    with pytest.raises(TranslationError, match="a phrase of no tokens cannot be held; give a word"):
        Phrases([Wanted(phrases=(((),),))])
