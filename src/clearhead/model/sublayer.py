"""Residual connection, dropout and layer normalisation around every sub-layer (§3.1, §5.4)."""

from collections.abc import Callable
from functools import partial

from jaxtyping import Float
from torch import Tensor, nn

from clearhead.config import ModelConfig, Norm, Normalization
from clearhead.model.attention import Observer
from clearhead.model.dropout import Dropout

NORMALIZATIONS: dict[Normalization, Callable[[int], nn.Module]] = {
    "layer": nn.LayerNorm,
    "rms": partial(nn.RMSNorm, eps=1e-6),
}


class Sublayer(nn.Module):
    """The frame of a sub-layer's function f: LayerNorm(x + Dropout(f(x))), the paper's post-norm.

    Or x + Dropout(f(LayerNorm(x))), pre-norm. The function itself goes between the two verbs:

    >>> entered = sublayer.enter(x)
    >>> x = sublayer.leave(x, function(entered))
    """

    def __init__(
        self, d_model: int, dropout: float, norm: Norm, normalization: Normalization = "layer"
    ) -> None:
        super().__init__()
        self.norm = NORMALIZATIONS[normalization](d_model)
        self.dropout = Dropout(dropout)
        self.pre = norm == "pre"

    @classmethod
    def of(cls, config: ModelConfig) -> "Sublayer":
        """Return a sub-layer's surroundings as a model's settings have them."""
        return cls(config.d_model, config.dropout, config.norm, config.normalization)

    def enter(
        self, x: Float[Tensor, "batch length d_model"], observer: Observer | None = None
    ) -> Float[Tensor, "batch length d_model"]:
        """Return what the function gets of x; an observer receives `before` (x) and `input` (the result)."""
        entered: Tensor = self.norm(x) if self.pre else x
        if observer is not None:
            observer("before", x)
            observer("input", entered)
        return entered

    def leave(
        self,
        x: Float[Tensor, "batch length d_model"],
        output: Float[Tensor, "batch length d_model"],
        observer: Observer | None = None,
    ) -> Float[Tensor, "batch length d_model"]:
        """Add the function's output to x; an observer receives `function` (the output) and `after` (the sum)."""
        output = self.dropout(output)
        after: Tensor = x + output if self.pre else self.norm(x + output)
        if observer is not None:
            observer("function", output)
            observer("after", after)
        return after


def final_norm(config: ModelConfig) -> nn.Module:
    """Return the normalisation after the last layer: needed by pre-norm, already done by post-norm."""
    return NORMALIZATIONS[config.normalization](config.d_model) if config.norm == "pre" else nn.Identity()
