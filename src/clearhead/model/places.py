"""The names of places in the model, which an observer receives, such as `decoder.0.cross.weights`."""

from typing import Literal, NamedTuple

Place = Literal["encoder", "decoder", "cross"]
"""One of the three attentions of §3.2.3."""

PLACES: tuple[Place, ...] = ("encoder", "decoder", "cross")


class Attention(NamedTuple):
    """The place of an attention of §3.2.3 in the model."""

    stack: Literal["encoder", "decoder"]
    sublayer: Literal["self", "cross"]

    def of_layer(self, layer: int) -> str:
        """Return the name of the sub-layer in a layer: `decoder.0.cross`."""
        return f"{self.stack}.{layer}.{self.sublayer}"

    def weights(self, layer: int) -> str:
        """Return the name of its attention weights: `decoder.0.cross.weights`."""
        return f"{self.of_layer(layer)}.weights"


ATTENTIONS: dict[Place, Attention] = {
    "encoder": Attention("encoder", "self"),
    "decoder": Attention("decoder", "self"),
    "cross": Attention("decoder", "cross"),
}
CROSS = ATTENTIONS["cross"]


def is_weights(place: str) -> bool:
    """Say whether a place holds attention weights."""
    return place.endswith(".weights")


def is_cross_weights(place: str) -> bool:
    """Say whether a place holds the weights of attention to the source."""
    return place.endswith(".cross.weights")
