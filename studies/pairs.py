"""Pairs as models read them: sentences by hand for the model that comes with the package, and those of the grammar."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.gold_alignment import read

from clearhead.grammar.grammar import Example
from clearhead.inspection.tokens import Tokens
from clearhead.text.vocabulary import EOS
from clearhead.translator import Translator
from clearhead.translator.reading import read_pairs
from studies.words import Translations


class Sentence(NamedTuple):
    """A source, its translation by hand, and the target language."""

    source: str
    target: str
    to: str


def by_hand() -> list[Sentence]:
    """Return the pairs of `recipes/default-model/alignments.tsv`, which training never saw."""
    return [
        Sentence(pair.source, pair.target, languages[1])
        for languages, pairs in read().items()
        for pair in pairs
    ]


def halves(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """Return every other sentence to choose on, and those between to measure on: all directions are in both."""
    return list(sentences[::2]), list(sentences[1::2])


def ids(translator: Translator, sentences: Sequence[Sentence]) -> list[tuple[list[int], list[int]]]:
    """Return sources as the encoder reads them (tag first, EOS last) and targets without BOS and EOS."""
    out = []
    for one in sentences:
        tag = translator.target(one.to)
        (source,), (target,) = read_pairs(
            [one.source], [one.target], translator.tokenizer, tag, form=translator.info.decoding.form
        )
        out.append((list(source.ids), list(target.ids[:-1])))
    return out


def of_grammar(part: Translations) -> list[tuple[list[int], list[int]]]:
    """Return the same of sentences of the grammar."""
    pairs = map(part.corpus.ids, range(len(part.corpus)))
    return [([*source, EOS], target) for source, target in pairs]


def words(example: Example, language: str, word_ids: Sequence[int]) -> Tokens:
    """Return a sentence of the grammar as tokens: a word is a token, the end comes last."""
    return Tokens(
        example.text(language),
        (*word_ids, EOS),
        (*example.words(language), "</s>"),
        (*example.spans(language), None),
    )
