"""What training, search and looking ask of a model, whatever it is built of."""

from abc import abstractmethod
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.attention import Observer
from clearhead.model.embeddings import TokenEmbedding


@runtime_checkable
class Selectable(Protocol):
    """What a model keeps between two steps of a translation, one row for each hypothesis."""

    def select(self, rows: Tensor) -> "Selectable":
        """Return the rows of these indices ([new_rows]); repeats are allowed."""


class SequenceModel(nn.Module):
    """A model that reads a source and predicts each token of a target from those before it.

    It is trained on all positions of a target at a time and decodes step by step with what `encode` and `decode`
    return as cache; both give the same states. Ids are int64, padded on the right with 0; neither padding nor company
    in the batch changes the states of real tokens. An observer is told every attention by the names of `model.places`.
    """

    config: ModelConfig
    output_bias: nn.Parameter | None

    @property
    @abstractmethod
    def target_embedding(self) -> TokenEmbedding:
        """The embedding that the decoder reads with."""

    @property
    @abstractmethod
    def output_projection(self) -> TokenEmbedding:
        """The embedding whose transpose gives the logits."""

    @property
    def device(self) -> torch.device:
        """The device that holds the model."""
        return self.output_projection.weight.device

    @abstractmethod
    def encode(self, src: Int[Tensor, "batch src"], observer: Observer | None = None) -> Selectable:
        """Read the source and return the cache that a translation of it starts from."""

    @abstractmethod
    def decode(
        self, tgt: Int[Tensor, "batch tgt"], cache: Any, observer: Observer | None = None
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Any]:
        """Read target tokens that follow those in the cache; return their states and the cache after them."""

    def forward(
        self,
        src: Int[Tensor, "batch src"],
        tgt: Int[Tensor, "batch tgt"],
        observer: Observer | None = None,
    ) -> Float[Tensor, "batch tgt d_model"]:
        """Return the decoder's state at every target position, all in parallel (§3.1).

        States, not logits: the loss is computed from them without keeping the logits.
        """
        return self.decode(tgt, self.encode(src, observer), observer)[0]

    def logits(self, states: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab"]:
        """Return the pre-softmax scores of the next token (§3.4)."""
        return self.output_projection.logits(states, self.output_bias)
