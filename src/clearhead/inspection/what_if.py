"""What became of a translation when the model was changed: plain values, for Python, JSON and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from clearhead.inspection.tokens import Tokens
from clearhead.text.words import word_of

END = "(end)"
"""What stands for the end of the sentence among the words."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One change, and what the changed model makes of the sentence."""

    names: tuple[str, ...]
    """What was changed, such as `encoder.3.self.5`."""
    text: str
    """Its own translation."""
    log_probs: tuple[float, ...]
    """What it gives each word of the plain translation, after the words before it; in nats."""

    @property
    def log_prob(self) -> float:
        """Of the whole plain translation."""
        return float(sum(self.log_probs))


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """The plain translation and its probability, and the same under each change."""

    text: str
    """As the model has it where nothing is changed."""
    words: tuple[str, ...]
    """Of it, those that the model wrote, and `(end)`."""
    log_probs: tuple[float, ...]
    """Of each of `words`."""
    changes: tuple[Changed, ...]

    @property
    def log_prob(self) -> float:
        """Of the whole."""
        return float(sum(self.log_probs))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        return cls(
            text=values["text"],
            words=tuple(values["words"]),
            log_probs=tuple(values["log_probs"]),
            changes=tuple(
                Changed(
                    names=tuple(change["names"]), text=change["text"], log_probs=tuple(change["log_probs"])
                )
                for change in values["changes"]
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def words_of(target: Tokens) -> tuple[tuple[str, ...], list[int]]:
    """Return the words that a target's tokens make, with the end, and the place among them of each token.

    A word without a token, such as a final mark that was put back, is not among them; a token in no word, such as
    the end itself, counts to the end.
    """
    places = target.words()
    homes = word_of(target.spans, places)
    written = sorted({home for home in homes if home is not None})
    names = tuple(target.text[places[home].start : places[home].end] for home in written)
    return (*names, END), [len(written) if home is None else written.index(home) for home in homes]


def summed(log_probs: Sequence[float], homes: Sequence[int], count: int) -> tuple[float, ...]:
    """Return the log-probability of each word: the sum of its tokens'."""
    return tuple(np.bincount(homes, weights=log_probs, minlength=count).tolist())
