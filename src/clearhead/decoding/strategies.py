"""Greedy, BeamSearch, Sample: they only choose; the loop that they share is in `search`."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from clearhead.decoding.length_penalty import check_alpha, length_penalty
from clearhead.decoding.limits import check_beam
from clearhead.decoding.live import Candidates, Live
from clearhead.errors import ConfigError


@runtime_checkable
class Strategy(Protocol):
    """A way to search: what the loop in `search` calls at every step."""

    @property
    def alpha(self) -> float:
        """Exponent of the length penalty."""

    def start_rows(self, num_hypotheses: int) -> int:
        """Return how many hypotheses of a sentence are begun; raise ConfigError if that many are impossible."""

    def width(self, num_hypotheses: int) -> int:
        """Return how many hypotheses of a sentence are kept growing at most."""

    def choose(self, log_probs: Float[Tensor, "rows vocab"], live: Live) -> Candidates:
        """Pick candidates; -inf in `log_probs` is not allowed, and every row allows something."""

    def reachable(
        self, log_prob: Float[Tensor, "sentences candidates"], longest: Int[Tensor, "sentences 1"]
    ) -> Float[Tensor, "sentences candidates"]:
        """Return a bound on what live hypotheses may still score; where it beats nothing found, they end."""


@dataclass(frozen=True)
class Greedy:
    """Take the most probable token at every step; of equal ones the lowest id."""

    alpha: float = 0.6
    """Only scales the score."""

    def __post_init__(self) -> None:
        check_alpha(self.alpha)

    def start_rows(self, num_hypotheses: int) -> int:
        """Return 1; there is only one greedy hypothesis."""
        if num_hypotheses != 1:
            raise ConfigError(
                f"num_hypotheses must be 1 for greedy search, got {num_hypotheses}; "
                "use beam search or sampling"
            )
        return 1

    def width(self, num_hypotheses: int) -> int:
        """Return how many hypotheses are kept growing: the one."""
        return 1

    def choose(self, log_probs: Float[Tensor, "rows vocab"], live: Live) -> Candidates:
        """Pick the best token of each row."""
        return _one_each(live, log_probs, log_probs.argmax(dim=1), 1)

    def reachable(
        self, log_prob: Float[Tensor, "sentences candidates"], longest: Int[Tensor, "sentences 1"]
    ) -> Float[Tensor, "sentences candidates"]:
        """Return infinity: the one path is followed to its end."""
        return torch.full_like(log_prob, math.inf)


@dataclass(frozen=True)
class BeamSearch:
    """Keep the best `beam_size` hypotheses growing (§6.1; length penalty: Wu et al. 2016, §7).

    Of all continuations of a sentence the best 2 * beam_size are candidates: at most beam_size of them end,
    so beam_size are left to grow. Ended ones go to the pool; a sentence is done when no live hypothesis can
    come to beat the pool. With beam_size 1 the greedy path is followed as well, so the score is at least
    greedy's. Which of several exactly equal candidates is taken is not defined, but does not vary.
    """

    beam_size: int = 4
    alpha: float = 0.6

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ConfigError(f"beam_size must be at least 1, got {self.beam_size}")
        check_alpha(self.alpha)

    def start_rows(self, num_hypotheses: int) -> int:
        """Return 1: until the first choice all hypotheses are the same."""
        check_beam(num_hypotheses, self.beam_size)
        return 1

    def width(self, num_hypotheses: int) -> int:
        """Return how many hypotheses are kept growing: as many as the beam is wide."""
        return self.beam_size

    def choose(self, log_probs: Float[Tensor, "rows vocab"], live: Live) -> Candidates:
        """Pick the best 2 * beam_size continuations of each sentence, best first."""
        count = 2 * self.beam_size
        # The best 2K of a sentence are among the best 2K of each of its rows: only these few are summed.
        values, ids = log_probs.topk(min(count, log_probs.shape[1]), dim=1)
        sums = live.table(live.log_prob[:, None] + values, self.beam_size, -math.inf).flatten(1)
        best, index = sums.sort(dim=1, descending=True, stable=True)
        best, index = best[:, :count], index[:, :count]
        rows = torch.arange(len(ids), device=ids.device)[:, None].expand_as(ids)
        return Candidates(
            parent=live.table(rows, self.beam_size, 0).flatten(1).gather(1, index),
            token=live.table(ids, self.beam_size, 0).flatten(1).gather(1, index),
            log_prob=best,
        )

    def reachable(
        self, log_prob: Float[Tensor, "sentences candidates"], longest: Int[Tensor, "sentences 1"]
    ) -> Float[Tensor, "sentences candidates"]:
        """Return the exact bound of the length penalty."""
        return best_reachable_score(log_prob, longest, self.alpha)


@dataclass(frozen=True)
class Sample:
    """Draw every token from the model's distribution, sharpened, cut and seeded.

    temperature divides the log-probabilities; top_k keeps the k best tokens (0: all); top_p keeps the
    smallest set of best tokens whose probability reaches p (nucleus sampling: Holtzman et al. 2020, §3.1),
    of what top_k left. A draw is a function of (seed, sentence id, number of the sample, step) alone, so it
    does not depend on the batch. Several hypotheses of a sentence are independent draws and may be equal.
    Reported log-probabilities are the model's own. Raises ConfigError for values out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 1
    alpha: float = 0.6
    """Only scales the score."""

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ConfigError(
                f"temperature must be above 0, got {self.temperature}; use greedy search for the best token"
            )
        if self.top_k < 0:
            raise ConfigError(f"top_k must be at least 0 (0 allows all tokens), got {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be above 0 and at most 1 (1 allows all tokens), got {self.top_p}")
        check_alpha(self.alpha)

    def start_rows(self, num_hypotheses: int) -> int:
        """Return how many hypotheses are begun: one for each sample."""
        if num_hypotheses < 1:
            raise ConfigError(f"num_hypotheses must be at least 1, got {num_hypotheses}")
        return num_hypotheses

    def width(self, num_hypotheses: int) -> int:
        """Return how many hypotheses are kept growing: one for each sample."""
        return num_hypotheses

    def choose(self, log_probs: Float[Tensor, "rows vocab"], live: Live) -> Candidates:
        """Draw one token for each row."""
        names = np.asarray(live.sentence_ids, dtype=np.int64)[live.sentence.cpu().numpy()]
        draws = uniforms(self.seed, names, live.sample.cpu().numpy(), live.tokens.shape[1])
        scaled = log_probs.to(live.log_prob.dtype) / self.temperature
        token = _inverse_cdf(
            _nucleus((scaled - scaled.amax(dim=1, keepdim=True)).exp(), self.top_k, self.top_p),
            torch.from_numpy(draws).to(scaled),
        )
        return _one_each(live, log_probs, token, 1 + int(live.slot.max()))

    def reachable(
        self, log_prob: Float[Tensor, "sentences candidates"], longest: Int[Tensor, "sentences 1"]
    ) -> Float[Tensor, "sentences candidates"]:
        """Return infinity: every sample is drawn to its end."""
        return torch.full_like(log_prob, math.inf)


def best_reachable_score(
    log_prob: Float[Tensor, "*#shape"], longest: Int[Tensor, "*#shape"], alpha: float
) -> Float[Tensor, "*#shape"]:
    """Bound the score of every continuation of a hypothesis from above.

    Log-probabilities only fall as tokens are added, and for alpha >= 0 the penalty only grows with the
    length, so no continuation of at most `longest` tokens (EOS counted) scores above
    log_prob / length_penalty(longest). A search that stops by this bound loses nothing: it is exact.
    """
    return log_prob / length_penalty(longest, alpha)


def uniforms(
    seed: int, sentences: NDArray[np.int64], samples: NDArray[np.int64], step: int
) -> NDArray[np.float64]:
    """Hash (seed, sentence, sample, step) to numbers in [0, 1), one for each sentence and sample.

    SplitMix64 (Steele, Lea and Flood 2014) mixes in one number after the other; no generator keeps
    a state, so the order and the company in which numbers are asked for do not change them.
    """
    state = np.zeros(len(sentences), dtype=np.uint64)
    for number in (np.int64(seed % 2**63), sentences, samples, np.int64(step)):
        state = _mix(state ^ np.broadcast_to(number, state.shape).astype(np.uint64))
    return (state >> np.uint64(11)).astype(np.float64) / 2.0**53


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _one_each(
    live: Live, log_probs: Float[Tensor, "rows vocab"], token: Int[Tensor, " rows"], width: int
) -> Candidates:
    sums = live.log_prob + log_probs.gather(1, token[:, None]).squeeze(1)
    return Candidates(
        parent=live.table(torch.arange(len(token), device=token.device), width, 0),
        token=live.table(token, width, 0),
        log_prob=live.table(sums, width, -math.inf),
    )


def _nucleus(weights: Float[Tensor, "rows vocab"], top_k: int, top_p: float) -> Float[Tensor, "rows vocab"]:
    """Set to 0 the weights outside of the top k, then outside of the top p of what is left."""
    vocab = weights.shape[1]
    if top_k == 0 and top_p == 1:
        return weights
    if top_k:
        best, ids = weights.topk(min(top_k, vocab), dim=1)
        total = best.sum(dim=1, keepdim=True)
    else:
        total = weights.sum(dim=1, keepdim=True)
        best, ids = weights.topk(min(_FEW, vocab), dim=1)
        if bool((best.sum(dim=1, keepdim=True) < top_p * total).any()):
            best, ids = weights.sort(dim=1, descending=True)
    if top_p < 1:
        before = best.cumsum(dim=1) - best
        best = best.masked_fill(before >= top_p * total, 0)
    return torch.zeros_like(weights).scatter_(1, ids, best)


_FEW = 256
"""Tokens that hold the nucleus of most steps: finding them is much cheaper than sorting a vocabulary."""


def _inverse_cdf(weights: Float[Tensor, "rows vocab"], draws: Float[Tensor, " rows"]) -> Int[Tensor, " rows"]:
    """Return for each row the first id at which the running sum of weights exceeds that part of their total.

    Ids are summed in their own order: in the order of weights, two nearly equal ones that change places
    would change the draw.
    """
    running = weights.cumsum(dim=1)
    total = running[:, -1]
    place = torch.minimum(draws * total, torch.nextafter(total, torch.zeros_like(total)))
    return torch.searchsorted(running, place[:, None], right=True).squeeze(1)
