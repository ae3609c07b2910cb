"""What the kinds of models have in common and what they do not, readable without torch."""

from collections.abc import Callable
from dataclasses import dataclass

from clearhead.config.choices import ModelKind
from clearhead.config.parameters import Shape
from clearhead.errors import EngineError

_LAYERS = frozenset(
    {"d_ff", "num_heads", "attention_dropout", "feed_forward_dropout", "norm", "activation", "normalization"}
)
_POSITIONS = frozenset({"positions", "max_positions"})

Attends = Callable[[Shape, str], tuple[int, int]]
"""Layers and heads in each of an attention (encoder, decoder or cross); 0 and 0 for none."""


def _everywhere(shape: Shape, place: str) -> tuple[int, int]:
    """All three attentions of §3.2.3, in every layer."""
    layers = shape.num_encoder_layers if place == "encoder" else shape.num_decoder_layers
    return layers, shape.num_heads


def _at_itself(shape: Shape, place: str) -> tuple[int, int]:
    """The masked attention of the decoder only."""
    return (shape.num_decoder_layers, shape.num_heads) if place == "decoder" else (0, 0)


def _once(shape: Shape, place: str) -> tuple[int, int]:
    """One look at the source for all layers, if any."""
    return (1, 1) if place == "cross" and shape.attention != "none" else (0, 0)


def _every_layer(shape: Shape, place: str) -> tuple[int, int]:
    """A look at the source in every layer of the decoder."""
    return (shape.num_decoder_layers, 1) if place == "cross" else (0, 0)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a kind of model can do, and which settings of `[model]` it has beside those that all have."""

    name: str
    """In a sentence, such as "an encoder-decoder Transformer"."""
    settings: frozenset[str]
    attends: Attends
    exports: bool = False
    """Whether CTranslate2 and the export formats can represent it."""
    paper: bool = False
    """Whether its layers are those of the paper (Figure 1), encoder and decoder: what goes through them one by one,
    such as the walk, norms of weighted values and value zeroing, is for these only."""


KINDS: dict[ModelKind, Kind] = {
    "transformer": Kind(
        name="an encoder-decoder Transformer",
        settings=_LAYERS | _POSITIONS,
        attends=_everywhere,
        exports=True,
        paper=True,
    ),
    "lstm": Kind(name="an encoder-decoder of LSTM layers", settings=frozenset({"attention"}), attends=_once),
    "gru": Kind(name="an encoder-decoder of GRU layers", settings=frozenset({"attention"}), attends=_once),
    "convolutional": Kind(
        name="a convolutional encoder-decoder",
        settings=_POSITIONS | frozenset({"kernel_size"}),
        attends=_every_layer,
    ),
    "lm": Kind(name="a decoder-only Transformer", settings=_LAYERS | _POSITIONS, attends=_at_itself),
}
OF_SOME_KINDS = frozenset().union(*(kind.settings for kind in KINDS.values()))
"""Settings that not every kind has."""


def check_exports(kind: ModelKind, program: str) -> None:
    """Raise EngineError for a kind of model that another program cannot represent."""
    if not KINDS[kind].exports:
        raise EngineError(
            f"{program} cannot represent a model of kind {kind}; run it with engine pytorch, or train one with "
            "model.kind transformer to export it"
        )
