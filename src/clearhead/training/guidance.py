"""One head trained to align words, on known links of the training text (Garg et al. 2019, §4.2)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from clearhead.config import ModelConfig
from clearhead.model.places import CROSS

_LEAST = 1e-9


def guided_head(config: ModelConfig) -> tuple[int, int]:
    """Return the head that is trained, as (layer, head): the first of the last layer but one with cross-attention."""
    layers, _ = config.attends("cross")
    return max(0, layers - 2), 0


class Glance:
    """An observer that keeps the weights of the guided head, with their gradient."""

    def __init__(self, config: ModelConfig) -> None:
        layer, self.head = guided_head(config)
        self._place = CROSS.weights(layer)
        self._seen: list[Tensor] = []

    def __call__(self, place: str, tensor: Tensor) -> None:
        """Keep the tensor that has the place of the guided head."""
        if place == self._place:
            self._seen.append(tensor[:, self.head])

    @property
    def weights(self) -> Float[Tensor, "batch tgt src"]:
        """How much each target position looked at each source position, as it produced its token."""
        (weights,) = self._seen
        return weights


def guided_cross_entropy(
    weights: Float[Tensor, "batch tgt src"], links: Int[Tensor, "links 3"]
) -> Float[Tensor, ""]:
    """Return the summed cross-entropy of a head's weights against links (row, target, source), in nats.

    Each linked target token should look at its source tokens in equal shares (Garg et al. 2019, Eq. 4).
    """
    rows, targets, sources = links.unbind(dim=1)
    token = rows * weights.shape[1] + targets
    # bincount would ask the device how many there are, and wait for it
    counts = torch.zeros(weights.shape[0] * weights.shape[1], dtype=torch.int64, device=token.device)
    count = counts.index_add_(0, token, torch.ones_like(token))[token]
    looked = weights.float()[rows, targets, sources].clamp_min(_LEAST)
    return -(looked.log() / count).sum()
