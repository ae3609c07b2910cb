"""Word alignments read from the attention to the source.

Attention is not an alignment: much of it rests on sinks (the end of the sentence, full stops), most heads do something
else, and in many models the source word of a token is looked at one step later, when the token is fed in (Chen et al.
2020). So sinks are set aside, and the heads and the reading can be chosen on data (`gold`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

import numpy as np

from clearhead.config.alignment import Reader
from clearhead.config.choices import WordKind
from clearhead.corpora.word_links import Link, pharaoh
from clearhead.errors import ConfigError
from clearhead.inspection.looked import Pair
from clearhead.inspection.tokens import Maps, Tokens
from clearhead.text.words import Span, is_punctuation, word_of


@dataclass(frozen=True, eq=False)
class Alignment:
    """The words of a sentence and its translation, and which come from which."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    links: tuple[Link, ...]
    weights: tuple[Maps, ...]
    """Of each sentence [target, source]: how much each target word looked at each source word, sinks set aside."""
    confidence: tuple[float, ...] = ()
    """For each target word, the mean probability of its tokens (geometric), or as the model was calibrated."""
    missing: frozenset[int] | None = None
    """Source words whose translation is missing, if the reader has learned to find them; None if not."""

    @property
    def coverage(self) -> tuple[float, ...]:
        """For each source word, how much it was looked at in all, at most 1; near 0: left out."""
        return tuple(share for part in self.weights for share in np.minimum(1.0, part.sum(axis=0)).tolist())

    @property
    def left_out(self) -> tuple[int, ...]:
        """Source words whose translation seems to be missing, punctuation apart.

        If the reader has not learned to find them, those that no target word is linked to.
        """
        if self.missing is not None:
            return tuple(sorted(self.missing))
        linked = {source for source, _ in self.links}
        return tuple(
            number
            for number, word in enumerate(self.source)
            if number not in linked and not is_punctuation(word)
        )

    def pharaoh(self) -> str:
        """Return the links as `0-0 1-2 ...`."""
        return pharaoh(self.links)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without the table of weights."""
        return {
            "source": self.source,
            "target": self.target,
            "links": self.links,
            "coverage": self.coverage,
            "confidence": self.confidence,
            "left_out": self.left_out,
        }


def joined(parts: Sequence[Alignment]) -> Alignment:
    """Put the alignments of several sentences together as that of one text; their words share nothing."""
    links: list[Link] = []
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    for part in parts:
        links += [(i + len(source), j + len(target)) for i, j in part.links]
        source, target = source + part.source, target + part.target
    weights = tuple(table for part in parts for table in part.weights)
    all_known = all(part.missing is not None for part in parts)
    starts = [0, *accumulate(len(part.source) for part in parts)]
    missing = {
        start + word for start, part in zip(starts, parts, strict=False) for word in part.missing or ()
    }
    return Alignment(
        source,
        target,
        tuple(links),
        weights,
        tuple(c for part in parts for c in part.confidence),
        frozenset(missing) if all_known and parts else None,
    )


@dataclass(frozen=True, eq=False)
class Words:
    """The words of both sides of a pair, and which token belongs to which."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    of_sources: Maps
    """[token, word]: 1 where the token belongs to the word."""
    of_targets: Maps

    @classmethod
    def of(
        cls, source: Tokens, target: Tokens, source_words: Sequence[Span], target_words: Sequence[Span]
    ) -> Self:
        """Return the words at some places of the two texts."""
        return cls(
            tuple(source.text[start:end] for start, end in source_words),
            tuple(target.text[start:end] for start, end in target_words),
            belonging(source, source_words),
            belonging(target, target_words),
        )

    @classmethod
    def usual(cls, source: Tokens, target: Tokens, kind: WordKind = "split") -> Self:
        """Return the words of the two texts."""
        return cls.of(source, target, source.words(kind), target.words(kind))


def belonging(tokens: Tokens, into: Sequence[Span]) -> Maps:
    """Return [token, word]: 1 where the token belongs to the word; of what is carried, to all that it holds."""
    table = np.zeros((len(tokens), len(into)), np.float32)
    for token, word in enumerate(word_of(tokens.spans, into)):
        if word is not None:
            table[token, word] = 1.0
    for token, span in enumerate(tokens.spans if tokens.carried else ()):
        if span in tokens.carried and span is not None:
            table[token] = [float(span.overlap(word) > 0) for word in into]
    return table


def token_weights(cross: Maps, reader: Reader) -> Maps:
    """Return the mean weights of the reader's heads, [target, source]; of a token, when it is produced or read.

    Raises ConfigError for a head that there is not.
    """
    layers, heads = cross.shape[:2]
    for layer, head in reader.heads:
        if layer >= layers or head >= heads:
            raise ConfigError(
                f"alignments are to be read from head {head} of layer {layer}, but there are {layers} layers of "
                f"{heads} heads; choose heads again with `clearhead align --choose`"
            )
    mean: Maps = np.stack([cross[layer, head] for layer, head in reader.heads]).mean(axis=0)
    # A token is read one step after it was produced; the last one, the end, never is.
    return np.concatenate([mean[1:], np.zeros_like(mean[:1])]) if reader.reading == "read" else mean


def word_weights(cross: Maps, words: Words, reader: Reader) -> Maps:
    """Turn the weights of tokens ([layer, head, target, source]) into those of words, [target, source].

    A word is looked at as much as all its tokens, and looks as its tokens do on average. What rests on controls
    (the end of the sentence, a language tag) is no word's, and a word does not look at punctuation. So rows sum
    to what did not rest on such sinks, at most 1.
    """
    summed = token_weights(cross, reader) @ words.of_sources
    weights: Maps = words.of_targets.T @ summed / np.maximum(1, words.of_targets.sum(axis=0))[:, None]
    sources, targets = (
        np.array([is_punctuation(word) for word in side], bool) for side in (words.source, words.target)
    )
    weights[np.ix_(~targets, sources)] = 0.0
    if sources.any():  # and a stop looks for a stop, where there is one
        weights[np.ix_(targets, ~sources)] = 0.0
    return weights


def aligned(
    pair: Pair,
    words: Words,
    reader: Reader,
    likelihood: Callable[[str], float] | None = None,
) -> Alignment:
    """Read the alignment of one pair from its attention; by `likelihood` common words are not counted as missing."""
    weights = word_weights(pair.cross, words, reader)
    sure = confidence(pair.probabilities, words.of_targets)
    missing = None
    if reader.missing and likelihood is not None:
        most = weights.max(axis=0, initial=0.0)
        missing = frozenset(
            number
            for number, word in enumerate(words.source)
            if most[number] < reader.missing
            and not is_punctuation(word)
            and not (reader.common and likelihood(word) > reader.common)
        )
    return Alignment(words.source, words.target, links(weights, reader), (weights,), sure, missing)


def links(weights: Maps, reader: Reader) -> tuple[Link, ...]:
    """Link the words of [target, source], in order of the source.

    Each target word with the source words it looked at most; then each source word that is still without a
    link with the target word that looked at it most, since several words are often said by one.
    """
    most = weights.max(axis=1, initial=0.0, keepdims=True)
    chosen = (weights >= reader.share * most) & (most > 0) & (most >= reader.least)
    best = weights.max(axis=0, initial=0.0)
    chosen |= (weights == best) & (best >= max(reader.grow, 1e-6)) & ~chosen.any(axis=0)
    return tuple(sorted((int(source), int(target)) for target, source in zip(*chosen.nonzero(), strict=True)))


def confidence(probabilities: Maps, of_targets: Maps) -> tuple[float, ...]:
    """Return the geometric mean of the probabilities of each target word's tokens; 0 for a word without any."""
    counts = of_targets.sum(axis=0)
    sums = np.log(np.maximum(probabilities, 1e-30)) @ of_targets
    return tuple(np.where(counts > 0, np.exp(sums / np.maximum(1, counts)), 0.0).tolist())
