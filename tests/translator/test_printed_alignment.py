"""Alignments are told of the words that are printed, whatever lies between these and what the model read and wrote."""

import random

import numpy as np
import pytest

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.inspection.alignment import Alignment, Reader, joined, links
from clearhead.text.words import words
from clearhead.translator.aligning import as_printed
from clearhead.translator.passage import cut, put_together, shown
from tests.translator.test_passage import TEXTS as CUTS
from tests.translator.test_passage import TOKENIZER, manner

TEXTS = [
    "the door {x} is open and {name} the ball",
    "{x}{y}the door<b>is</b> open {x}",
    "- THE DOOR {x} IS OPEN!",
    "* The Door Is Open {x}?",
    "Hello there, Tom",
    "the ball costs 1,234.50 and 12:30 there...",
    "see https://example.com/a-b?x=1&y=2 the door",
    "the door 5km is open, {x}s and %s-%d",
    "school школа is blue 😀 there",
    "the door is open. The ball is blue {x}! Hello {x} there\tthe ball\n(a) the [door]",
    "“the door” — it’s {x}…",
    *CUTS,
]


def of_model(ids, source):
    text = TOKENIZER.decode(ids, broken="ignore")
    return tuple(text[start:end] for start, end in words(text))


def looked(source, target, seed):
    """Return an alignment as if the model had looked anywhere."""
    weights = np.random.default_rng(seed).random((len(target), len(source))).astype(np.float32)
    weights /= np.maximum(1, weights.sum(axis=1, keepdims=True))
    found = links(weights, Reader(heads=((0, 0),)))
    return Alignment(source, target, found, (weights,), (0.5,) * len(target))


def translated(passage, how, seed):
    """Return hypotheses that say the source again: as it is, backwards, or with some of it lost or said twice."""
    draws = random.Random(seed)
    found = []
    for sentence in passage.sentences:
        said = sentence.form.text.split(" ")
        if how == "backwards":
            said = said[::-1]
        if how == "at random":
            said = draws.choices(said, k=len(said))
        tokens = tuple(TOKENIZER.encode(" ".join(said)))
        found.append(Hypothesis(tokens, 0.0, 0.0, (), truncated=False, repetition=False))
    return found


def letters(text):
    return "".join(text.split())


def read(text, how, seed, **changes):
    settings = manner(to="fr", literals=True, **changes)
    passage = cut(text, settings)
    found = translated(passage, how, seed)
    together = put_together(passage, [[each] for each in found], settings, wanted=1)
    alignments = [
        looked(of_model(sentence.ids, True), of_model(each.tokens, False), seed)
        for sentence, each in zip(passage.sentences, found, strict=True)
    ]
    texts = shown(passage, found, settings)
    return passage, texts, together, list(as_printed(passage, texts, alignments))


@pytest.mark.parametrize("how", ["as it is", "backwards", "at random"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("form", [True, False])
def test_words_are_the_printed_ones_and_links_lie_within(text, how, form):
    passage, _, together, parts = read(text, how, 1, form=form)
    found = joined(parts)
    assert letters("".join(found.source)) == letters(text)
    assert letters("".join(found.target)) == letters(together.text)
    assert all(0 <= i < len(found.source) and 0 <= j < len(found.target) for i, j in found.links)
    assert len(set(found.links)) == len(found.links)
    assert len(found.confidence) == len(found.target)
    assert len(found.coverage) == len(found.source)
    assert all(0 <= share <= 1 + 1e-6 for share in found.coverage)
    for span, part in zip(passage.spans, parts, strict=True):
        if not span.is_sentence:
            assert part.links == tuple((n, n) for n in range(len(part.source)))


@pytest.mark.parametrize("how", ["as it is", "backwards"])
@pytest.mark.parametrize("text", TEXTS)
def test_what_is_carried_belongs_to_itself_whatever_was_looked_at(text, how):
    passage, _, _, parts = read(text, how, 2)
    of_sentences = [part for span, part in zip(passage.spans, parts, strict=True) if span.is_sentence]
    for sentence, part in zip(passage.sentences, of_sentences, strict=True):
        alike: dict[str, list[int]] = {}
        for each in sentence.form.masked.placed:
            if each.carried.text in ("{x}", "{y}", "{name}", "<b>", "</b>"):
                alike.setdefault(each.carried.text, []).append(1)
        for thing, times in alike.items():
            inner = thing.strip("{}<>/")
            here, there = (
                [n for n, word in enumerate(side) if word == inner] for side in (part.source, part.target)
            )
            mine = [(i, j) for i, j in part.links if i in here or j in there]
            assert len(here) == len(there) >= len(times)
            assert len(mine) == len(here), (thing, part)
            assert all(i in here and j in there for i, j in mine)


def test_figures_and_addresses_in_another_form_belong_to_themselves():
    _, _, together, (part, *_) = read("the ball costs 1,234.50 and {x}", "backwards", 3)
    number = next(n for n, word in enumerate(part.source) if word == "1,234.50")
    there = {part.target[j] for i, j in part.links if i == number}
    assert letters("".join(sorted(there, key=together.text.find))) == letters(
        next(
            each
            for each in ("1 234,50", "1 234,50", "1\u202f234,50", "1,234.50", "1234,50")
            if each in together.text
        )
    )


def test_words_written_in_another_case_keep_their_links():
    passage = cut("THE DOOR IS OPEN", manner())
    found = translated(passage, "as it is", 0)
    inner = of_model(passage.ids[0], True)
    weights = np.eye(len(inner), dtype=np.float32)
    one = Alignment(inner, inner, tuple((n, n) for n in range(len(inner))), (weights,), (0.5,) * len(inner))
    texts = shown(passage, found, manner(to="en"))
    (part,) = as_printed(passage, texts, [one])
    assert part.source == ("THE", "DOOR", "IS", "OPEN")
    assert part.target[:4] == ("THE", "DOOR", "IS", "OPEN")
    assert part.links[:4] == ((0, 0), (1, 1), (2, 2), (3, 3))
