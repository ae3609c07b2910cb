"""A model whose residual connections or normalisations are left out, to see what they are for."""

from collections.abc import Callable

from torch import Tensor, nn

from clearhead.config.model import Norm
from clearhead.model.attention import Observer
from clearhead.model.sublayer import Sublayer
from clearhead.model.transformer import Transformer


class NoResidual(Sublayer):
    """What stands around a sub-layer, without the sum: LayerNorm(Dropout(f(x))), or Dropout(f(LayerNorm(x)))."""

    def leave(self, x: Tensor, output: Tensor, observer: Observer | None = None) -> Tensor:
        """Return the function's output without x; an observer is told what it is told of a whole sub-layer."""
        output = self.dropout(output)
        after: Tensor = output if self.pre else self.norm(output)
        if observer is not None:
            observer("function", output)
            observer("after", after)
        return after


def residuals_left_out(model: Transformer) -> Transformer:
    """Put a sub-layer without the sum in the place of each one; return the same model."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Sublayer):
                setattr(module, name, NoResidual.of(model.config))
    return model


def norms_left_out(model: Transformer) -> Transformer:
    """Put the identity in the place of every normalisation; return the same model."""
    for module in model.modules():
        if isinstance(module, Sublayer):
            module.norm = nn.Identity()
    model.encoder.norm = model.decoder.norm = nn.Identity()
    return model


LEFT_OUT: dict[str, tuple[Norm, Callable[[Transformer], Transformer]]] = {
    "post-norm": ("post", lambda model: model),
    "pre-norm": ("pre", lambda model: model),
    "no residuals": ("post", residuals_left_out),
    "no LayerNorm": ("post", norms_left_out),
}
"""What `studies.depth` compares: the norm that the model is built with, and what is done to it."""
