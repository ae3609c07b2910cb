"""All that the outputs of one search are held to, in the one order in which the promises hold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from clearhead.decoding.constraints import (
    LOWEST,
    Filter,
    ForcedPrefix,
    Length,
    LogProbs,
    Produced,
    RepetitionGuard,
    Sentences,
)
from clearhead.errors import ConfigError, TranslationError


@dataclass(frozen=True)
class Filtered:
    """Log-probabilities after all rules, and what these did that a hypothesis must report."""

    log_probs: Float[Tensor, "rows vocab"]
    """-inf: not allowed. Every row has at least one allowed id."""
    blocked: Float[Tensor, " rows"] | None
    """Best log-probability that the repetition guard banned; None: it banned nothing anywhere."""
    cut: Bool[Tensor, " rows"] | None
    """EOS is forced by the maximum length although another id was better; None: nowhere."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the outputs of one search are held to; the sentences are those of a batch, in its order.

    The filters act first, in their order, then the repetition guard, then the length. A row that is left with nothing
    may end with EOS, so a search never gets stuck. A forced prefix has the last word: it overrules all of them, and
    ends later than the maximum if it is longer. Raises ConfigError for rules of different numbers of sentences, and
    TranslationError for a prefix with EOS.
    """

    length: Length
    filters: Sequence[Filter] = ()
    guard: RepetitionGuard | None = None
    prefix: ForcedPrefix | None = None

    def __post_init__(self) -> None:
        if self.prefix is None:
            return
        if len(self.prefix.lengths) != len(self.length):
            raise ConfigError(
                f"there are {len(self.prefix.lengths)} forced prefixes for {len(self.length)} sentences; "
                "give one for each"
            )
        if self.length.eos in self.prefix.ids:
            raise TranslationError(
                f"a forced prefix has EOS (id {self.length.eos}), which ends an output; take it out"
            )

    @property
    def num_sentences(self) -> int:
        """How many sentences they are for."""
        return len(self.length)

    def longest(self) -> Int[Tensor, "sentences 1"]:
        """Return the greatest possible length of each sentence's output, EOS counted."""
        longest = torch.tensor(self.length.most, dtype=torch.long)
        if self.prefix is not None:
            longest = longest.maximum(torch.tensor(self.prefix.lengths, dtype=torch.long))
        return (longest + 1)[:, None]

    def apply(self, raw: LogProbs, tokens: Produced, sentences: Sentences) -> Filtered:
        """Hold a copy of the model's log-probabilities to the rules."""
        eos = self.length.eos
        blocked = cut = None
        log_probs = raw.clone()
        for rule in self.filters:
            log_probs = rule(log_probs, tokens, sentences)
        if self.guard is not None:
            log_probs, blocked = self.guard.filter(log_probs, tokens, sentences)
        limit = self.length.at_limit(tokens, sentences)
        if limit is not None:
            cut = limit & (log_probs.amax(dim=1) > log_probs[:, eos])
        log_probs = self.length(log_probs, tokens, sentences)
        log_probs = _never_stuck(log_probs, raw, eos)
        forced = None if self.prefix is None else self.prefix.forced(tokens, sentences)
        if self.prefix is not None and forced is not None:
            log_probs = self.prefix.force(log_probs, raw, forced)
            if blocked is not None:  # what a prefix says is not the guard's doing
                blocked = blocked.masked_fill(forced >= 0, -math.inf)
        return Filtered(log_probs, blocked, cut)


def _never_stuck(log_probs: LogProbs, raw: LogProbs, eos: int) -> LogProbs:
    """Let a row that is left with nothing end; raise TranslationError for NaN."""
    best = log_probs.amax(dim=1)
    if best.isnan().any():
        raise TranslationError(
            "the model gave a probability that is not a number (NaN); "
            "its weights are damaged or its training diverged: go back to an earlier checkpoint"
        )
    ends = raw[:, eos].clamp(min=LOWEST)
    log_probs[:, eos] = torch.where(best == -math.inf, ends, log_probs[:, eos])
    return log_probs
