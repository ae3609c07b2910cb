"""Beam search whose outputs hold given phrases: the beam is shared out among the numbers of tokens that are met."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from jaxtyping import Float, Int
from torch import Tensor

from clearhead.decoding.constraints import LogProbs, Produced, Sentences
from clearhead.decoding.length_penalty import check_alpha
from clearhead.decoding.limits import check_beam
from clearhead.decoding.live import Candidates, Live
from clearhead.decoding.phrases import Phrases
from clearhead.decoding.strategies import best_reachable_score

MOST_SLOTS = 32
"""Hypotheses that a sentence keeps growing at most, however many tokens its phrases have."""


class HoldPhrases:
    """End no hypothesis that lacks a phrase, and complete nothing that is forbidden."""

    def __init__(self, phrases: Phrases, eos: int) -> None:
        self.phrases, self.eos = phrases, eos

    def __call__(self, log_probs: LogProbs, tokens: Produced, sentences: Sentences) -> LogProbs:
        """Ban EOS in rows that lack a phrase, and the last id of what is forbidden."""
        for row, (produced, sentence) in enumerate(zip(tokens.tolist(), sentences.tolist(), strict=True)):
            held, output = self.phrases.wanted[sentence], tuple(produced)
            if len(self.phrases.progress(sentence, output).met) < len(held.phrases):
                log_probs[row, self.eos] = -math.inf
            if held.forbidden:
                log_probs[row, self.phrases.banned(sentence, output)] = -math.inf
        return log_probs


@dataclass(frozen=True)
class _Option:
    """A continuation that may be kept."""

    log_prob: float
    row: int
    token: int

    @property
    def rank(self) -> tuple[float, int, int]:
        return -self.log_prob, self.row, self.token


@dataclass(frozen=True)
class ConstrainedBeamSearch:
    """Beam search with dynamic beam allocation (Post and Vilar 2018, §3).

    Candidates are the best continuations of a sentence, and of each of its hypotheses the best one and those that
    begin a phrase or go on with it. They are grouped by the number of phrase tokens that they have, and the places of
    the beam are shared out evenly among the groups; what a group does not need goes to the others. A sentence gets a
    place more for each token of its phrases (up to `MOST_SLOTS`), so what it finds does not depend on its batch. Where
    nothing is wanted this is `BeamSearch`. The rules must hold the same `phrases` (`HoldPhrases`). A hypothesis that
    lacks a phrase at its maximum length is given up, so there may be none for a sentence.
    """

    phrases: Phrases
    eos: int
    beam_size: int = 4
    alpha: float = 0.6

    def __post_init__(self) -> None:
        check_alpha(self.alpha)

    def start_rows(self, num_hypotheses: int) -> int:
        """Return 1: until the first choice all hypotheses are the same."""
        check_beam(num_hypotheses, self.beam_size)
        return 1

    def width(self, num_hypotheses: int) -> int:
        """Return how many hypotheses of a sentence are kept growing at most."""
        return max(map(self.slots, range(len(self.phrases))), default=self.beam_size)

    def slots(self, sentence: int) -> int:
        """Return how many hypotheses of one sentence are kept growing."""
        more = self.phrases.wanted[sentence].tokens
        return max(self.beam_size, min(MOST_SLOTS, self.beam_size + more))

    def choose(self, log_probs: Float[Tensor, "rows vocab"], live: Live) -> Candidates:
        """Pick what is kept growing, and all that ends."""
        width = self.width(1)
        values, ids = log_probs.topk(min(2 * width, log_probs.shape[1]), dim=1)
        best = list(zip(values.tolist(), ids.tolist(), strict=True))
        tokens, before = [tuple(row) for row in live.tokens.tolist()], live.log_prob.tolist()
        chosen: list[list[_Option]] = [[] for _ in live.sentence_ids]
        numbered = enumerate(live.sentence.tolist())
        for sentence, group in groupby(numbered, key=lambda item: item[1]):
            rows = [row for row, _ in group]
            options = self._options(sentence, rows, tokens, before, best, log_probs)
            chosen[sentence] = list(self._allocated(sentence, options, tokens))
        return _table(chosen, live.log_prob)

    def _options(
        self,
        sentence: int,
        rows: Sequence[int],
        tokens: Sequence[tuple[int, ...]],
        before: Sequence[float],
        best: Sequence[tuple[list[float], list[int]]],
        log_probs: Float[Tensor, "rows vocab"],
    ) -> list[_Option]:
        """Return the continuations of a sentence that are worth a look, best first."""
        count = 2 * self.slots(sentence)
        lacks = {row for row in rows if not self._has_all(sentence, tokens[row])}
        of_row = {
            row: [
                _Option(before[row] + value, row, token)
                for value, token in zip(best[row][0][:count], best[row][1][:count], strict=True)
                if value > -math.inf and not (token == self.eos and row in lacks)
            ]
            for row in rows
        }
        options = sorted((option for several in of_row.values() for option in several), key=lambda o: o.rank)
        kept = set(options[:count]) | {several[0] for several in of_row.values() if several}
        kept |= {option for option in options if option.token == self.eos}
        for row in rows:
            wanted = list(self.phrases.progress(sentence, tokens[row]).next_ids)
            for token, value in zip(wanted, log_probs[row, wanted].tolist() if wanted else (), strict=True):
                if value > -math.inf:
                    kept.add(_Option(before[row] + value, row, token))
        return sorted(kept, key=lambda option: option.rank)

    def _has_all(self, sentence: int, tokens: tuple[int, ...]) -> bool:
        held = self.phrases.wanted[sentence].phrases
        return len(self.phrases.progress(sentence, tokens).met) == len(held)

    def _allocated(
        self, sentence: int, options: Sequence[_Option], tokens: Sequence[tuple[int, ...]]
    ) -> Iterator[_Option]:
        """Yield what ends, and what is kept: in turn the best of each group, those with most tokens first."""
        groups: dict[int, list[_Option]] = {}
        for option in options:
            if option.token == self.eos:
                yield option
                continue
            done = self.phrases.progress(sentence, (*tokens[option.row], option.token)).tokens
            groups.setdefault(done, []).append(option)
        left = self.slots(sentence)
        waiting = [iter(groups[done]) for done in sorted(groups, reverse=True)]
        while waiting and left:
            for group in list(waiting):
                best = next(group, None) if left else None
                if best is None:
                    waiting.remove(group)
                else:
                    left -= 1
                    yield best

    def reachable(
        self, log_prob: Float[Tensor, "sentences candidates"], longest: Int[Tensor, "sentences 1"]
    ) -> Float[Tensor, "sentences candidates"]:
        """Return the exact bound of the length penalty."""
        return best_reachable_score(log_prob, longest, self.alpha)


def _table(chosen: Sequence[Sequence[_Option]], like: Tensor) -> Candidates:
    """Return options as a table with a line for each sentence."""
    width = max(map(len, chosen), default=0) or 1
    lines = [[*options, *[_Option(-math.inf, 0, 0)] * (width - len(options))] for options in chosen]
    return Candidates(
        parent=torch.tensor([[option.row for option in line] for line in lines], device=like.device),
        token=torch.tensor([[option.token for option in line] for line in lines], device=like.device),
        log_prob=like.new_tensor([[option.log_prob for option in line] for line in lines]),
    )
