"""Word alignments read from the attention to the source, and how right they are.

Attention is not an alignment: much of it rests on sinks (the end of the sentence, full stops), most heads do something
else, and in many models the source word of a token is looked at one step later, when the token is fed in (Chen et al.
2020). So the heads and the reading are chosen on data with known alignments, and sinks are set aside.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np

from clearhead.errors import ConfigError, TextError
from clearhead.inspection.tokens import Attended, Maps, Tokens
from clearhead.text.words import Span, word_of

if TYPE_CHECKING:
    from clearhead.inspection.maps import AttentionMaps

Reading = Literal["produced", "read"]
Link = tuple[int, int]
"""(source word, target word), counted from 0."""
_LINK = re.compile(r"(\d+)([-?])(\d+)")
_SHARES = (0.5, 0.7, 0.9, 1.0)
_LEAST = (0.0, 0.05, 0.1, 0.2, 0.3)
_GROW = (0.05, 0.1, 0.15, 0.2, 0.3, 2.0)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How alignments are read from a model's attention to the source."""

    heads: tuple[tuple[int, int], ...]
    """(layer, head) from 0; the mean of their weights is read."""
    reading: Reading = "produced"
    """The weights while a token is produced, or while it is read afterwards, to produce the next."""
    share: float = 1.0
    """Of a target word's largest weight: a source word with as much is linked too."""
    least: float = 0.0
    """Largest weight below which a target word has no link."""
    grow: float = 0.1
    """Weight with which a source word that is linked to nothing is linked after all, to who looked at it most."""

    def __post_init__(self) -> None:
        if self.reading not in get_args(Reading):
            raise ConfigError(f"reading is {self.reading!r}; allowed are {', '.join(get_args(Reading))}")
        if not self.heads:
            raise ConfigError("an alignment is read from at least one head; name them as (layer, head)")

    @classmethod
    def usual(cls, num_layers: int, num_heads: int) -> Self:
        """Return what to read where nothing was chosen on data: the last layer but one, all heads."""
        layer = max(0, num_layers - 2)
        return cls(heads=tuple((layer, head) for head in range(num_heads)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the reader that `to_dict` wrote. Raises ConfigError for anything else."""
        try:
            heads = tuple((int(layer), int(head)) for layer, head in values["heads"])
            return cls(**{**values, "heads": heads})
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{dict(values)} does not say how alignments are read: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class WordWeights:
    """How much each target word looked at each source word, sinks set aside."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: Maps
    """[target, source]: shares of all attention, so that rows sum to what did not rest on sinks, at most 1."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """The words of a sentence and its translation, and which come from which."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    links: tuple[Link, ...]
    weights: Maps
    """[target, source], as in WordWeights."""
    confidence: tuple[float, ...] = ()
    """For each target word, the mean probability of its tokens (geometric)."""

    @property
    def coverage(self) -> tuple[float, ...]:
        """For each source word, how much it was looked at in all, at most 1; near 0: left out."""
        return tuple(np.minimum(1.0, self.weights.sum(axis=0)).tolist())

    @property
    def left_out(self) -> tuple[int, ...]:
        """Source words that no target word is linked to, punctuation apart."""
        linked = {source for source, _ in self.links}
        return tuple(
            number
            for number, word in enumerate(self.source)
            if number not in linked and not is_punctuation(word)
        )

    def pharaoh(self) -> str:
        """Return the links as `0-0 1-2 ...`."""
        return " ".join(f"{source}-{target}" for source, target in self.links)

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
    weights = np.zeros((len(target), len(source)), np.float32)
    row = column = 0
    for part in parts:
        rows, columns = part.weights.shape
        weights[row : row + rows, column : column + columns] = part.weights
        row, column = row + rows, column + columns
    confidence = tuple(share for part in parts for share in part.confidence)
    return Alignment(source, target, tuple(links), weights, confidence)


def is_punctuation(word: str) -> bool:
    """Say whether a word has neither letter nor digit."""
    return not any(character.isalnum() for character in word)


def word_weights(
    found: "Attended | AttentionMaps",
    source_words: Sequence[Span],
    target_words: Sequence[Span],
    reader: Reader,
) -> WordWeights:
    """Turn the weights of tokens ([layer, head, target, source]) into those of words.

    A word is looked at as much as all its tokens, and looks as its tokens do on average. What rests on controls
    (the end of the sentence, a language tag) is no word's, and a word with letters or digits does not look at
    punctuation.
    """
    mean = np.stack([found.cross[layer, head] for layer, head in reader.heads]).mean(axis=0)
    later = int(reader.reading == "read")
    rows = np.roll(mean, -later, axis=0)  # row i: of the target token i; the last one is a control
    summed = rows @ belonging(found.source, source_words)
    of_targets = belonging(found.target, target_words)
    weights = of_targets.T @ summed / np.maximum(1, of_targets.sum(axis=0))[:, None]
    names = [
        _names(tokens, spans)
        for tokens, spans in ((found.source, source_words), (found.target, target_words))
    ]
    stops = [np.array([is_punctuation(word) for word in side], bool) for side in names]
    weights[np.ix_(~stops[1], stops[0])] = 0.0
    if stops[0].any():  # and a stop looks for a stop, where there is one
        weights[np.ix_(stops[1], ~stops[0])] = 0.0
    return WordWeights(names[0], names[1], weights)


def belonging(tokens: Tokens, found: Sequence[Span]) -> Maps:
    """Return [token, word]: 1 where the token belongs to the word."""
    table = np.zeros((len(tokens), len(found)), np.float32)
    for token, word in enumerate(word_of(tokens.spans, found)):
        if word is not None:
            table[token, word] = 1.0
    return table


def _names(tokens: Tokens, spans: Sequence[Span]) -> tuple[str, ...]:
    return tuple(tokens.text[start:end] for start, end in spans)


def aligned(
    found: "Attended | AttentionMaps",
    source_words: Sequence[Span],
    target_words: Sequence[Span],
    reader: Reader,
) -> Alignment:
    """Read the alignment of one pair from its attention."""
    read = word_weights(found, source_words, target_words, reader)
    return Alignment(
        read.source,
        read.target,
        links(read.weights, reader),
        read.weights,
        confidence(found.probabilities, found.target, target_words),
    )


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


def confidence(probabilities: Maps, target: Tokens, target_words: Sequence[Span]) -> tuple[float, ...]:
    """Return the geometric mean of the probabilities of each target word's tokens."""
    homes = word_of(target.spans, target_words)
    found = []
    for number in range(len(target_words)):
        own = [float(probabilities[place]) for place, word in enumerate(homes) if word == number]
        found.append(float(np.exp(np.mean(np.log(np.maximum(own, 1e-30))))) if own else 0.0)
    return tuple(found)


@dataclass(frozen=True)
class Gold:
    """The links of a pair as people, or a grammar, have it."""

    sure: frozenset[Link]
    possible: frozenset[Link] = frozenset()
    """Links that are neither asked for nor wrong; the sure ones need not be among them."""

    @classmethod
    def parse(cls, line: str, where: str = "the line") -> Self:
        """Read `0-0 1-2 3?3`: sure links with a hyphen, possible ones with a question mark."""
        kinds: dict[str, set[Link]] = {"-": set(), "?": set()}
        for each in line.split():
            match = _LINK.fullmatch(each)
            if not match:
                raise TextError(
                    f"{where}: {each!r} is no link; links are written 0-0 for sure ones, 1?2 for possible ones"
                )
            kinds[match[2]].add((int(match[1]), int(match[3])))
        return cls(frozenset(kinds["-"]), frozenset(kinds["?"]))


def error_rate(found: Iterable[Iterable[Link]], gold: Iterable[Gold]) -> float:
    """Return 1 - (|A & S| + |A & P|) / (|A| + |S|) (Och and Ney 2003), counted over all pairs together."""
    hits = total = 0
    for links_found, each in zip(found, gold, strict=True):
        mine = set(links_found)
        hits += len(mine & each.sure) + len(mine & (each.sure | each.possible))
        total += len(mine) + len(each.sure)
    return 1.0 - hits / total if total else 0.0


@dataclass(frozen=True, eq=False)
class Pair:
    """A pair to choose a reader on: its attention, its words and its known links."""

    found: Attended
    source_words: Sequence[Span]
    target_words: Sequence[Span]
    gold: Gold

    def weights(self, reader: Reader) -> Maps:
        """Return the weights of its words."""
        return word_weights(self.found, self.source_words, self.target_words, reader).weights


def measured(pairs: Sequence[Pair], reader: Reader) -> float:
    """Return the error rate of a reader."""
    return _rate([pair.weights(reader) for pair in pairs], pairs, reader)


def _rate(weights: Sequence[Maps], pairs: Sequence[Pair], reader: Reader) -> float:
    return error_rate((links(each, reader) for each in weights), (pair.gold for pair in pairs))


def choose(pairs: Sequence[Pair]) -> tuple[Reader, float]:
    """Return the reader with the lowest error rate on some pairs, and that rate; measure it on others.

    Every head alone, in both readings; then heads are added while that helps; then the thresholds.
    """
    layers, heads = pairs[0].found.cross.shape[:2]
    alone = [
        Reader(heads=((layer, head),), reading=reading)
        for layer, head, reading in product(range(layers), range(heads), get_args(Reading))
    ]
    rates = {reader: measured(pairs, reader) for reader in alone}
    ranked = sorted(alone, key=rates.__getitem__)
    best, lowest = ranked[0], rates[ranked[0]]
    for other in ranked[1:]:
        if other.reading != best.reading:
            continue
        more = replace(best, heads=tuple(sorted((*best.heads, *other.heads))))
        rate = measured(pairs, more)
        if rate < lowest:
            best, lowest = more, rate
    weights = [pair.weights(best) for pair in pairs]
    for share, least, grow in product(_SHARES, _LEAST, _GROW):
        other = replace(best, share=share, least=least, grow=grow)
        rate = _rate(weights, pairs, other)
        if rate < lowest:
            best, lowest = other, rate
    return best, lowest
