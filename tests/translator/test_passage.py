"""Texts cut into sentences come back whole and in order, whatever the engine finishes first."""

import random

import pytest

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.errors import ClearheadError, DataError
from clearhead.surface.form import undressed
from clearhead.text.sentences import Stretch
from clearhead.text.symbols import ALL_SYMBOLS
from clearhead.text.tokenizer import Tokenizer
from clearhead.translator.passage import Manner, Passage, Sentence, completed, cut, put_together
from clearhead.translator.streaming import one_ahead

LINES = [
    "the door is open and the ball is blue",
    "Hello there, Tom!",
    "der Tisch ist größer",
    "c'est été 0123456789 (:).",
]
TOKENIZER = Tokenizer.train([*LINES * 30, *ALL_SYMBOLS * 30], vocab_size=500, symbols=True)


def manner(**changes):
    settings = {"tag": None, "split": "auto", "languages": ("en",), "limit": 60, "form": True}
    return Manner(**({"tokenizer": TOKENIZER} | settings | changes))


def sentence(number):
    return Sentence(str(number), 1, undressed(str(number), TOKENIZER, form=False), [7])


def passage(sentences):
    spans = [Stretch(str(number), True) for number in range(sentences)]
    return Passage("", spans, [sentence(number) for number in range(sentences)])


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


TEXTS = [
    "Hello there. The door is open!",
    "- the door\n* the ball\n• Hello there\n  1. the door is open\n(a) the ball\n[x] the door\n## Hello",
    "the door\tthe ball\t12\n1\t2\t3\n",
    "[the door is open]\n(the ball)\nHello (the ball) [x]",
    "1\n00:00:01,000 --> 00:00:04,000\nHello there!\n\n2\n00:00:05,000 --> 00:00:06,000\n(the door)",
    "----\n***\n\n   \n12:30\n{x} {y}\nhttps://example.com\n",
    "> the door\n>> the ball\r\n\u2028Hello\x0bthere",
    "1. Mai\n3. the door",
    "школа\nHello школа there",
    "",
    " \n ",
    "the door is open and " * 40,
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("split", ["auto", "never"])
@pytest.mark.parametrize("form", [True, False])
def test_spans_joined_are_the_text(text, split, form):
    found = cut(text, manner(split=split, form=form))
    assert "".join(span.text for span in found.spans) == text
    assert [span.text for span in found.spans if span.is_sentence] == [each.text for each in found.sentences]
    assert all(ids[-1] == 2 for ids in found.ids)
    if split == "auto":
        assert all(len(ids) <= 61 for ids in found.ids)


def translated(text, **changes):
    return [each.text for each in cut(text, manner(**changes)).sentences]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("- the door\n* the ball", ["the door", "the ball"]),
        ("  1. the door\n12) the ball\n(a) Hello\nb) Tom", ["the door", "the ball", "Hello", "Tom"]),
        ("- [x] the door\n## Hello\n> Tom", ["the door", "Hello", "Tom"]),
        ("the door\tthe ball\t12", ["the door", "the ball"]),
        ("[the door is open]", ["the door is open"]),
        ("(the ball)", ["the ball"]),
        ("(the ball) [x]", ["(the ball) [x]"]),
        ("(a) (b)", ["b"]),
        ("12:30 --> 12:40\n{x} 1998\n---\n5.", []),
        ("- 12", []),
        ("-5 is the door", ["-5 is the door"]),
        ("школа", []),
    ],
)
def test_what_is_translated(text, sentences):
    assert translated(text) == sentences


def first_span(text):
    return cut(text, manner(languages=("de",))).spans[0].text


def test_a_date_at_the_beginning_of_a_line_is_no_numbering():
    assert translated("3. Mai ist der Tisch", languages=("de",)) == ["3. Mai ist der Tisch"]
    for text in ("2. Weltkrieg", "19. Jahrhunderts der Tisch", "1. Platz"):
        assert first_span(text) == text
    for text in ("3. Tisch", "3. Teile den Tisch", "3. Tagesordnung", "3. Malen"):
        assert first_span(text) == "3. "


def test_what_stands_between_sentences_stays_in_the_translation():
    text = "- the door {x}!\n\n(the BALL)\t12\n"
    cuts = cut(text, manner())
    found = [
        [Hypothesis(tuple(each.ids[:-1]), 0.0, 0.0, (), truncated=False, repetition=False)]
        for each in cuts.sentences
    ]
    together = put_together(cuts, found, manner(to="en"), wanted=1)
    assert together.text == text
    assert together.notes == ()


@pytest.mark.parametrize("text", ["12:30", "{x} 1998", "школа"])
@pytest.mark.parametrize("form", [False, True])
def test_all_of_a_text_is_translated_where_that_is_asked(text, form):
    assert cut(text, manner(form=form)).ids == []
    assert len(cut(text, manner(form=form, split="never", all_of_it=True)).ids) == 1


def test_a_text_is_given_once_in_its_best_place():
    cuts = cut("Hello there, Tom!", manner())
    ranked = ["Hello there, Tom", "Hello there, Tom!", "the ball", "the door"]
    found = [
        Hypothesis(tuple(TOKENIZER.encode(text)), -rank, -rank, (), truncated=False, repetition=False)
        for rank, text in enumerate(ranked)
    ]
    together = put_together(cuts, [found], manner(to="en"), wanted=3)
    assert together.text == "Hello there, Tom!"
    assert [each.text for each in together.alternatives] == ["the ball!"]
    assert together.score == 0


def test_a_sentence_that_is_too_long_is_parted_and_that_is_noted():
    (note,) = cut("the door is open and " * 40, manner()).notes
    assert "above 60 tokens was translated in" in note


@pytest.mark.parametrize("carried", ["https://a.de/x,y;z", '<a href="x, y; z">', "+33 1 23 45 67 89"])
def test_what_must_come_through_is_never_cut(carried):
    texts = translated(f"the door, the ball {carried} Tom; " * 20, limit=12)
    assert len(texts) > 10
    assert sum(text.count(carried) for text in texts) == 20
