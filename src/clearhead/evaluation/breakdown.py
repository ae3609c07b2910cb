"""Where a score comes from: sentences by their length, words by their frequency."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clearhead.evaluation.scores import bleu, check, chrf, words


@dataclass(frozen=True)
class LengthBucket:
    """The sentences whose references have a number of words in one range."""

    words: str
    sentences: int
    bleu: float
    chrf: float


_LENGTHS = (0, 5, 10, 15, 20, 30, 50)
"""Most words of a reference in each bucket; one more bucket has the rest."""


def by_length(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str = "13a", lowercase: bool = False
) -> tuple[LengthBucket, ...]:
    """Return BLEU (of effective order) and chrF by the words of the reference, without empty buckets."""
    check(hypotheses, references)
    members: list[list[tuple[str, str]]] = [[] for _ in _labels(_LENGTHS)]
    lengths = map(len, words(references, tokenize=tokenize, lowercase=lowercase))
    for length, hypothesis, reference in zip(lengths, hypotheses, references, strict=True):
        members[bisect_left(_LENGTHS, length)].append((hypothesis, reference))
    buckets = []
    for label, pairs in zip(_labels(_LENGTHS), members, strict=True):
        if pairs:
            hyps, refs = zip(*pairs, strict=True)
            of_bleu = bleu(hyps, refs, tokenize=tokenize, lowercase=lowercase, effective_order=True)
            buckets.append(
                LengthBucket(label, len(pairs), of_bleu.value, chrf(hyps, refs, lowercase=lowercase).value)
            )
    return tuple(buckets)


@dataclass(frozen=True)
class FrequencyBucket:
    """The words that occur so often in some text: how many there are, and how many were matched."""

    frequency: str
    reference_words: int
    hypothesis_words: int
    matched: int
    f1: float
    """Harmonic mean of precision and recall, from 0 to 1."""


_FREQUENCIES = (0, 1, 4, 9, 99, 999)


def by_frequency(
    hypotheses: Sequence[str],
    references: Sequence[str],
    frequencies: Mapping[str, int],
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
) -> tuple[FrequencyBucket, ...]:
    """Return F1 of words by their frequency, matches clipped in each sentence (Neubig et al. 2019)."""
    check(hypotheses, references)
    labels = _labels(_FREQUENCIES)
    expected, produced, matched = ([0] * len(labels) for _ in range(3))
    split = (words(lines, tokenize=tokenize, lowercase=lowercase) for lines in (hypotheses, references))
    for hypothesis, reference in zip(*split, strict=True):
        hyp, ref = Counter(hypothesis), Counter(reference)
        for word in hyp | ref:
            bucket = bisect_left(_FREQUENCIES, frequencies.get(word, 0))
            expected[bucket] += ref[word]
            produced[bucket] += hyp[word]
            matched[bucket] += min(ref[word], hyp[word])
    return tuple(
        FrequencyBucket(label, r, h, m, 2 * m / (r + h) if r + h else 0.0)
        for label, r, h, m in zip(labels, expected, produced, matched, strict=True)
    )


def _labels(limits: Sequence[int]) -> list[str]:
    """Return names of the buckets up to each limit and beyond: 0, 1-5, ..., 51+."""
    pairs = zip((-1, *limits), limits, strict=False)
    spans = [f"{high}" if low + 1 == high else f"{low + 1}-{high}" for low, high in pairs]
    return [*spans, f"{limits[-1] + 1}+"]
