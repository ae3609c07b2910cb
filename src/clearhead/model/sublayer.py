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
    """LayerNorm(x + Dropout(f(x))), the paper's post-norm; or x + Dropout(f(LayerNorm(x))), pre-norm."""

    def __init__(
        self, d_model: int, dropout: float, norm: Norm, normalization: Normalization = "layer"
    ) -> None:
        super().__init__()
        self.norm = NORMALIZATIONS[normalization](d_model)
        self.dropout = Dropout(dropout)
        self.pre = norm == "pre"

    def forward(
        self,
        x: Float[Tensor, "batch length d_model"],
        function: Callable[[Tensor], Tensor],
        observer: Observer | None = None,
    ) -> Float[Tensor, "batch length d_model"]:
        """Run `function` on x within the residual connection.

        An observer is told `before` (x), `input` (what the function gets), `function` (what it makes of it)
        and `after` (the result).
        """
        given = self.norm(x) if self.pre else x
        made = self.dropout(function(given))
        out: Tensor = x + made if self.pre else self.norm(x + made)
        if observer is not None:
            for place, tensor in (("before", x), ("input", given), ("function", made), ("after", out)):
                observer(place, tensor)
        return out


def final_norm(config: ModelConfig) -> nn.Module:
    """Return the normalisation after the last layer: needed by pre-norm, already done by post-norm."""
    return NORMALIZATIONS[config.normalization](config.d_model) if config.norm == "pre" else nn.Identity()
