"""Texts cut into sentences come back whole and in order, whatever the engine finishes first."""

import random

import pytest

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.errors import ClearheadError, DataError
from clearhead.text.sentences import Span
from clearhead.translator.passage import Passage, completed, one_ahead


def passage(sentences):
    spans = [Span(str(number), True) for number in range(sentences)]
    return Passage("", spans, [[7]] * sentences, list(range(sentences)), ())


def hypothesis(number):
    return Hypothesis((number,), 0.0, 0.0, (), truncated=False, repetition=False)


@pytest.mark.parametrize("seed", range(5))
def test_a_passage_is_complete_with_its_last_sentence(seed):
    draws = random.Random(seed)
    counts = [draws.randrange(4) for _ in range(30)]
    order = draws.sample(range(sum(counts)), sum(counts))
    taken: list[int] = []

    def found():
        for number in order:
            taken.append(number)
            yield number, [hypothesis(number)]

    done = {}
    for place, hypotheses in completed([passage(count) for count in counts], found()):
        first = sum(counts[:place])
        assert [each[0].tokens for each in hypotheses] == [(first + n,) for n in range(counts[place])]
        assert not counts[place] or first <= taken[-1] < first + counts[place]  # at once, not later
        done[place] = hypotheses
    assert sorted(done) == list(range(30))


def test_the_next_is_made_before_the_last_is_given():
    made = []

    def items():
        for number in range(4):
            made.append(number)
            yield number

    for number in one_ahead(items()):
        assert made == list(range(min(number + 2, 4)))
    assert list(one_ahead(iter([]))) == []


def test_what_came_before_a_failure_is_given_first():
    def items():
        yield 1
        yield 2
        raise DataError("line 3 is broken")

    given = []
    with pytest.raises(ClearheadError, match="line 3"):
        given.extend(one_ahead(items()))
    assert given == [1, 2]
