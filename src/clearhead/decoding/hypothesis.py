"""What a search finds, and how it got there: plain values, no tensors."""

from dataclasses import dataclass
from typing import Literal

Fate = Literal["kept", "finished", "pruned"]


@dataclass(frozen=True)
class Hypothesis:
    """One finished output; it ends in a real EOS, so scoring it teacher-forced gives `log_prob` again."""

    tokens: tuple[int, ...]
    """Produced ids, without BOS and EOS."""
    score: float
    """log_prob / length_penalty(len(tokens) + 1): the EOS is counted (GNMT, Wu et al. 2016, Eq. 14)."""
    log_prob: float
    """Sum of the model's log-probabilities (natural logarithm), the EOS included."""
    token_log_probs: tuple[float, ...]
    """One for each token and one for the EOS."""
    truncated: bool
    """The EOS came only because the maximum length was reached: the model rated another token higher."""
    repetition: bool
    """The repetition guard banned a token that the model rated higher than the one taken."""
    given_up: float = 0.0
    """Score of the best output that need not hold its phrases, less this one's; 0 where nothing was to be held."""


@dataclass(frozen=True)
class Candidate:
    """One continuation that a strategy considered."""

    parent: int
    """Place of its parent among the kept candidates of this sentence one step before; 0 at the start (for
    `Sample` at the start: the number of the sample)."""
    tokens: tuple[int, ...]
    """All ids so far; a finished candidate ends with EOS."""
    token_log_prob: float
    """Of the last id."""
    log_prob: float
    """Sum over `tokens`."""
    score: float
    """log_prob / length_penalty(len(tokens))."""
    fate: Fate
    """kept: continued in the next step; finished: ended and among the best so far; pruned: given up, be it
    for better candidates or because the bound shows that no continuation can win."""


@dataclass(frozen=True)
class SentenceStep:
    """The candidates of one sentence at one step, best first (of `Sample`: by sample)."""

    sentence: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class SearchStep:
    """One step of the search, over all sentences that were still growing."""

    number: int
    """From 0: tokens that every hypothesis had before this step."""
    sentences: tuple[SentenceStep, ...]
