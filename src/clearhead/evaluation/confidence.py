"""How sure a model may be of what it found: probabilities fitted on pairs whose translation is known.

Of a sentence it takes what every search gives, so that it costs nothing: the log-probability of the translation and
the number of tokens on both sides. Of a word it takes the log-probabilities of the tokens too.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from clearhead.config import section
from clearhead.config.checks import check_integer, check_number
from clearhead.errors import ConfigError

_NEVER_SURE = 0.01
"""Added to a probability and to what it lacks, so that their ratio stays within bounds."""
_FEWEST = 7
"""Source tokens, the tag and the end counted; fewer count as this many, since hardly any pair to fit on has fewer."""
_LEAST = -70.0
"""Log-probability that anything below counts as."""
_LARGEST, _MOST = 1e6, 10**12
"""No fit on pairs gives a weight, and no corpus a count, above these."""


def sentence_features(log_prob: float, src_tokens: int, tgt_tokens: int) -> tuple[float, ...]:
    """Return what a sentence's confidence is computed from; the tokens on both sides count the end (and the tag).

    The log-odds of the mean token, the log-probability over the square root of the length, the logarithm of the
    source's length, and how far apart the lengths are.
    """
    log_prob = max(log_prob, _LEAST * tgt_tokens)
    return (
        _log_odds(log_prob / tgt_tokens),
        log_prob / math.sqrt(tgt_tokens),
        math.log(max(src_tokens, _FEWEST)),
        abs(math.log(tgt_tokens / src_tokens)),
    )


def word_features(log_prob: float, mean_log_prob: float) -> tuple[float, ...]:
    """Return what a word's confidence is computed from: its log-odds, and those of the sentence's mean token."""
    return _log_odds(log_prob), _log_odds(mean_log_prob)


def _log_odds(log_prob: float) -> float:
    probability = math.exp(min(0.0, log_prob))
    return math.log((probability + _NEVER_SURE) / (1 - probability + _NEVER_SURE))


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A logistic curve over some features, and how well it holds on pairs that it was not fitted on."""

    definition: str
    """What is right."""
    bias: float
    weights: tuple[float, ...]
    """One for each feature."""
    ece: float
    """Expected calibration error, 10 bins of equal count."""
    auc: float
    """Probability that a right one gets more than a wrong one."""
    measured_on: int
    """Sentences, or words, that these two were measured on."""

    def __post_init__(self) -> None:
        for number in (self.bias, *self.weights):
            check_number("confidence.weights", number, -_LARGEST, _LARGEST)
        for name in ("ece", "auc"):
            check_number(f"confidence.{name}", getattr(self, name), 0, 1)
        check_integer("confidence.measured_on", self.measured_on, 1, _MOST)

    def probability(self, features: Sequence[float]) -> float:
        """Return the probability that what has these features is right."""
        z = self.bias + math.fsum(
            weight * feature for weight, feature in zip(self.weights, features, strict=True)
        )
        return 0.5 * (1 + math.tanh(z / 2))


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """What `config.json` says of how sure a model may be; `clearhead evaluate --calibrate` writes it."""

    sentence: Curve
    word: Curve
    pairs: int
    """That it was fitted and measured on."""
    note_below: float
    """A translation gets a note if the model is less sure of it than this."""

    def __post_init__(self) -> None:
        for name, features in (
            ("sentence", sentence_features(-1.0, 9, 9)),
            ("word", word_features(-1.0, -1.0)),
        ):
            weights = getattr(self, name).weights
            if len(weights) != len(features):
                raise ConfigError(
                    f"confidence.{name} has {len(weights)} weights; it must have {len(features)}"
                )
        check_number("confidence.note_below", self.note_below, 0, 1)
        check_integer("confidence.pairs", self.pairs, 1, _MOST)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return what `to_dict` wrote. Raises ConfigError for anything else."""
        try:
            return section(cls, values, "confidence")
        except ConfigError as error:
            raise ConfigError(
                f"{error}; fit the confidence again with `clearhead evaluate --calibrate`"
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def of_sentence(self, log_prob: float, src_tokens: int, tgt_tokens: int) -> float:
        """Return the probability that the translation of a sentence is right."""
        return self.sentence.probability(sentence_features(log_prob, src_tokens, tgt_tokens))

    def of_words(
        self, log_probs: Sequence[float], homes: Sequence[int | None], count: int
    ) -> tuple[float, ...]:
        """Return for each of `count` words the probability that it is right; 0 for a word without a token.

        `log_probs` are those of all tokens, the end of the sentence too; `homes` say which word each belongs to.
        """
        return tuple(
            0.0 if features is None else self.word.probability(features)
            for features in features_of_words(log_probs, homes, count)
        )


def features_of_words(
    log_probs: Sequence[float], homes: Sequence[int | None], count: int
) -> list[tuple[float, ...] | None]:
    """Return the features of each word of a sentence; None for a word without a token."""
    sums: dict[int, float] = {}
    for log_prob, home in zip(log_probs, homes, strict=False):  # the end of the sentence may have no home
        if home is not None:
            sums[home] = sums.get(home, 0.0) + max(log_prob, _LEAST)
    mean = math.fsum(max(log_prob, _LEAST) for log_prob in log_probs) / max(1, len(log_probs))
    return [word_features(sums[word], mean) if word in sums else None for word in range(count)]
