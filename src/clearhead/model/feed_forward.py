"""The position-wise feed-forward network (§3.3)."""

from jaxtyping import Float
from torch import Tensor, nn

from clearhead.model.attention import Observer
from clearhead.model.dropout import Dropout


class FeedForward(nn.Module):
    """max(0, x W_1 + b_1) W_2 + b_2, the same at every position (Eq. 2)."""

    def __init__(self, d_model: int, d_ff: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.inner = nn.Linear(d_model, d_ff)
        self.outer = nn.Linear(d_ff, d_model)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "batch length d_model"], observer: Observer | None = None
    ) -> Float[Tensor, "batch length d_model"]:
        """Apply the network to each position alone; an observer is told `inner`, max(0, x W_1 + b_1)."""
        inner = self.inner(x).relu()
        if observer is not None:
            observer("inner", inner)
        out: Tensor = self.outer(self.dropout(inner))
        return out
