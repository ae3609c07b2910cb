"""The parts of a model that can be taken away: `encoder.3`, `encoder.3.self`, `encoder.3.self.5`."""

import re
from typing import Literal, NamedTuple, Self, cast

from clearhead.config import ModelConfig
from clearhead.errors import ConfigError

Sublayer = Literal["self", "cross", "feed_forward"]
_NAME = re.compile(r"(encoder|decoder)\.(\d{1,4})(?:\.(self|cross|feed_forward)(?:\.(\d{1,4}))?)?")
_FORMS = "encoder.3 (a layer), decoder.1.cross (a sub-layer: self, cross or feed_forward) or encoder.3.self.5 (a head)"


class Part(NamedTuple):
    """A layer, a sub-layer of one, or a head of an attention; all are counted from 0, as on the page."""

    stack: Literal["encoder", "decoder"]
    layer: int
    sublayer: Sublayer | None = None
    head: int | None = None

    def __str__(self) -> str:
        return ".".join(str(name) for name in self if name is not None)

    @classmethod
    def of(cls, name: str, config: ModelConfig) -> Self:
        """Return the part of this name; raise ConfigError for one that such a model does not have."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise ConfigError(f"{name!r} names no part of a model; write {_FORMS}")
        stack, layer, sublayer, head = match.groups()
        part = cls(
            cast(Literal["encoder", "decoder"], stack),
            int(layer),
            cast(Sublayer | None, sublayer),
            None if head is None else int(head),
        )
        part._check(config)
        return part

    def _check(self, config: ModelConfig) -> None:
        layers = config.num_encoder_layers if self.stack == "encoder" else config.num_decoder_layers
        if self.layer >= layers:
            raise ConfigError(f"{self}: the {self.stack} of this model has layers 0 to {layers - 1}")
        if self.stack == "encoder" and self.sublayer == "cross":
            raise ConfigError(f"{self}: the encoder has self and feed_forward; cross is in the decoder")
        if self.head is None:
            return
        if self.sublayer == "feed_forward":
            raise ConfigError(f"{self}: a feed-forward network has no heads; leave out .{self.head}")
        if self.head >= config.num_heads:
            raise ConfigError(f"{self}: an attention of this model has heads 0 to {config.num_heads - 1}")


def layers_of(config: ModelConfig) -> tuple[Part, ...]:
    """Return every layer, the encoder's first."""
    return (
        *(Part("encoder", layer) for layer in range(config.num_encoder_layers)),
        *(Part("decoder", layer) for layer in range(config.num_decoder_layers)),
    )


def cross_heads_of(config: ModelConfig) -> tuple[Part, ...]:
    """Return every head of the attention to the source."""
    layers, heads = config.attends("cross")
    return tuple(Part("decoder", layer, "cross", head) for layer in range(layers) for head in range(heads))
