"""Translations as word ids, for models that are trained in memory: of the built-in grammar, or of tokenised files."""

import gzip
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from clearhead.data.batching import TokenizedCorpus
from clearhead.evaluation.scores import bleu
from clearhead.grammar import grammar
from clearhead.grammar.grammar import Example, Part
from clearhead.text.vocabulary import CONTROLS, UNK


@dataclass(frozen=True)
class Translations:
    """Pairs of sentences and their ids: one vocabulary for both languages, words lower-cased."""

    sources: Sequence[Sequence[str]]
    references: Sequence[Sequence[str]]
    names: Sequence[str]
    """The word of every id, control ids first."""
    corpus: TokenizedCorpus
    examples: Sequence[Example] = ()
    """Of the grammar, the sentences themselves."""
    source: str = ""
    """Language of the sources, and of the references."""
    target: str = ""

    def score(self, outputs: Sequence[Sequence[int]], chosen: Sequence[int] | None = None) -> float:
        """Return the BLEU of outputs over words as they are, or of some of them by their indices."""
        chosen = range(len(self.references)) if chosen is None else chosen
        hypotheses = [self.words(outputs[index]) for index in chosen]
        return bleu(hypotheses, [" ".join(self.references[index]) for index in chosen], tokenize="none").value

    def words(self, output: Sequence[int]) -> str:
        """Return the words of an output, with spaces between."""
        return " ".join(self.names[word] for word in output)

    def by_length(self, groups: int) -> dict[str, list[int]]:
        """Return the indices of as many groups of sentences, each with the lengths of its sources as `2-5`."""
        order = np.argsort([len(source) for source in self.sources], kind="stable")
        found: dict[str, list[int]] = {}
        for group in np.array_split(order, groups):
            lengths = [len(self.sources[index]) for index in group]
            found.setdefault(f"{min(lengths)}-{max(lengths)}", []).extend(group.tolist())
        return found


def translations(seed: int, count: int, part: Part, source: str = "en", target: str = "fr") -> Translations:
    """Return sentences of a part of the grammar; the test part holds combinations that training never shows."""
    examples = list(grammar.generate(seed, count, part=part))
    sources, references = (
        [[word.lower() for word in example.words(language)] for example in examples]
        for language in (source, target)
    )
    return replace(
        _of(sources, references, vocabulary(source, target), examples), source=source, target=target
    )


def of_files(
    folder: Path, name: str, source: str, target: str, names: Sequence[str], limit: int
) -> Translations:
    """Return up to `limit` pairs of tokenised lines of `NAME.SOURCE.gz` and `NAME.TARGET.gz`; unknown words are UNK."""
    sources, references = (_lines(folder / f"{name}.{language}.gz", limit) for language in (source, target))
    return _of(sources, references, names)


def vocabulary_of_files(folder: Path, name: str, source: str, target: str, least: int = 2) -> tuple[str, ...]:
    """Return control ids and the words that two files have at least so many times, the most frequent first."""
    counts = Counter(
        word
        for language in (source, target)
        for line in _lines(folder / f"{name}.{language}.gz", None)
        for word in line
    )
    return (*CONTROLS, *(word for word, count in counts.most_common() if count >= least))


@cache
def vocabulary(source: str, target: str) -> tuple[str, ...]:
    """Return the word of every id of the grammar, control ids first."""
    return (*CONTROLS, *sorted(grammar.vocabulary(source) | grammar.vocabulary(target)))


def _of(
    sources: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    names: Sequence[str],
    examples: Sequence[Example] = (),
) -> Translations:
    ids = {word: place for place, word in enumerate(names)}
    sides = [[[ids.get(word, UNK) for word in words] for words in side] for side in (sources, references)]
    return Translations(sources, references, names, TokenizedCorpus.from_ids(*sides), examples)


def _lines(path: Path, limit: int | None) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.split() for line in file][:limit]
