"""The hypotheses of a search that still grow, and the continuations that a strategy picks out for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor


@dataclass(frozen=True)
class Live:
    """The unfinished hypotheses, one per row; rows of one sentence are adjacent, sentences in order.

    Sums are float64 (float32 where the device has no better), so that a long hypothesis loses nothing.
    """

    tokens: Int[Tensor, "rows produced"]
    log_prob: Float[Tensor, " rows"]
    token_log_probs: Float[Tensor, "rows produced"]
    repetition: Bool[Tensor, " rows"]
    sentence: Int[Tensor, " rows"]
    """Index in the batch."""
    slot: Int[Tensor, " rows"]
    """Place among the rows of the sentence."""
    sample: Int[Tensor, " rows"]
    """Number of the row that this one descends from; distinguishes the samples of a sentence."""
    sentence_ids: Sequence[int]
    """For each sentence of the batch, the name under which its random numbers are drawn."""

    @classmethod
    def start(cls, sentence_ids: Sequence[int], rows_each: int, device: torch.device) -> "Live":
        """Begin `rows_each` empty hypotheses for each sentence."""
        sentences = len(sentence_ids)
        rows = sentences * rows_each
        precision = torch.float32 if device.type == "mps" else torch.float64
        slot = torch.arange(rows_each, device=device).repeat(sentences)
        return cls(
            tokens=torch.empty(rows, 0, dtype=torch.long, device=device),
            log_prob=torch.zeros(rows, dtype=precision, device=device),
            token_log_probs=torch.empty(rows, 0, device=device),
            repetition=torch.zeros(rows, dtype=torch.bool, device=device),
            sentence=torch.arange(sentences, device=device).repeat_interleave(rows_each),
            slot=slot,
            sample=slot,
            sentence_ids=sentence_ids,
        )

    def table(
        self, values: Shaped[Tensor, "rows *rest"], width: int, fill: float
    ) -> Shaped[Tensor, "sentences {width} *rest"]:
        """Spread values of rows over the places of their sentences, `fill` where a sentence has no row."""
        shape = (len(self.sentence_ids), width, *values.shape[1:])
        table = torch.full(shape, fill, dtype=values.dtype, device=values.device)
        table[self.sentence, self.slot] = values
        return table


@dataclass(frozen=True)
class Candidates:
    """The continuations that a strategy picked out, for every sentence of the batch in its order."""

    parent: Int[Tensor, "sentences candidates"]
    """Row of the hypothesis that is continued; 0 where there is no candidate."""
    token: Int[Tensor, "sentences candidates"]
    log_prob: Float[Tensor, "sentences candidates"]
    """Sum over the whole hypothesis; -inf where there is no candidate."""
