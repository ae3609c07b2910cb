"""How many trained numbers a model has, by formula and by part."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from clearhead.config.choices import AttentionKind, ModelKind


class Shape(Protocol):
    """The settings that decide it; those of `ModelConfig`."""

    @property
    def vocab_size(self) -> int:
        """Size of the joint vocabulary."""

    @property
    def d_model(self) -> int:
        """Width of every layer's input and output."""

    @property
    def d_ff(self) -> int:
        """Inner width of the feed-forward networks."""

    @property
    def num_heads(self) -> int:
        """Attention heads per layer."""

    @property
    def num_encoder_layers(self) -> int:
        """Layers of the encoder."""

    @property
    def num_decoder_layers(self) -> int:
        """Layers of the decoder."""

    @property
    def norm(self) -> str:
        """post or pre."""

    @property
    def normalization(self) -> str:
        """layer or rms."""

    @property
    def activation(self) -> str:
        """Of the feed-forward networks."""

    @property
    def tied_embeddings(self) -> bool:
        """One matrix or three."""

    @property
    def output_bias(self) -> bool:
        """Whether every token's logit has a bias."""

    @property
    def longest(self) -> int | None:
        """Learned positions, if any."""

    @property
    def attention(self) -> AttentionKind:
        """Of a recurrent model."""

    @property
    def kernel_size(self) -> int:
        """Of a convolutional model."""


def embeddings(shape: Shape) -> int:
    """Return those of tokens and learned positions, and of the output's bias."""
    tokens = shape.vocab_size * shape.d_model * (1 if shape.tied_embeddings else 3)
    return tokens + (shape.longest or 0) * shape.d_model + (shape.vocab_size if shape.output_bias else 0)


def transformer(shape: Shape) -> dict[str, int]:
    """Count the paper's; sinusoids are not trained and a key projection has no bias."""
    d, f = shape.d_model, shape.d_ff
    attention = 4 * d * d + 3 * d
    feed_forward = 2 * d * f + f + d
    if shape.activation == "swiglu":
        feed_forward += d * f + f
    norm = 2 * d if shape.normalization == "layer" else d
    final_norm = norm if shape.norm == "pre" else 0
    encoder, decoder = attention + feed_forward + 2 * norm, 2 * attention + feed_forward + 3 * norm
    return {
        "embeddings": embeddings(shape),
        "encoder": shape.num_encoder_layers * encoder + final_norm,
        "decoder": shape.num_decoder_layers * decoder + final_norm,
    }


def recurrent(shape: Shape, gates: int) -> dict[str, int]:
    """Count a recurrent model's: torch's layers have two biases for every gate."""
    d, layers = shape.d_model, shape.num_decoder_layers
    half = d // 2
    decoder = layers * gates * d * (2 * d + 2)
    decoder += layers * (d * d + d) * (2 if gates == _GATES["lstm"] else 1)  # the states that it begins with
    if shape.attention != "none":
        decoder += 2 * d * d
    if shape.attention == "additive":
        decoder += gates * d * d + 2 * d * d + 2 * d
    return {
        "embeddings": embeddings(shape),
        "encoder": shape.num_encoder_layers * 2 * gates * half * (d + half + 2),
        "decoder": decoder,
    }


def convolutional(shape: Shape) -> dict[str, int]:
    """Count a convolutional model's."""
    d = shape.d_model
    convolution = 2 * d * (d * shape.kernel_size + 1)
    return {
        "embeddings": embeddings(shape),
        "encoder": shape.num_encoder_layers * convolution,
        "decoder": shape.num_decoder_layers * (convolution + d * d + d),
    }


_GATES = {"lstm": 4, "gru": 3}
BY_PART: dict[ModelKind, Callable[[Shape], dict[str, int]]] = {
    "transformer": transformer,
    "lstm": partial(recurrent, gates=_GATES["lstm"]),
    "gru": partial(recurrent, gates=_GATES["gru"]),
    "convolutional": convolutional,
}
