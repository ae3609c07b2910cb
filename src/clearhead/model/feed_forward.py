"""The position-wise feed-forward network (§3.3)."""

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from clearhead.config import Activation
from clearhead.model.attention import Observer
from clearhead.model.dropout import Dropout

FUNCTIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "swish": F.silu,
    "swiglu": F.silu,
}


class FeedForward(nn.Module):
    """max(0, x W_1 + b_1) W_2 + b_2, the same at every position (Eq. 2), or with another function than max(0, .).

    With `swiglu` the function is swish, times a second projection: (swish(x W_1 + b_1) * (x V + c)) W_2 + b_2
    (Shazeer 2020, Eq. 6, with biases).
    """

    def __init__(
        self, d_model: int, d_ff: int, dropout: float = 0.0, activation: Activation = "relu"
    ) -> None:
        super().__init__()
        self.inner = nn.Linear(d_model, d_ff)
        self.gate = nn.Linear(d_model, d_ff) if activation == "swiglu" else None
        self.outer = nn.Linear(d_ff, d_model)
        self.dropout = Dropout(dropout)
        self.function = FUNCTIONS[activation]

    def forward(
        self, x: Float[Tensor, "batch length d_model"], observer: Observer | None = None
    ) -> Float[Tensor, "batch length d_model"]:
        """Apply the network to each position alone; an observer receives `inner`, the input of W_2."""
        inner = self.function(self.inner(x))
        if self.gate is not None:
            inner = inner * self.gate(x)
        if observer is not None:
            observer("inner", inner)
        out: Tensor = self.outer(self.dropout(inner))
        return out
