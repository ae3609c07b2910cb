"""`[model]`: what a model is built of, and its shape."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, Self

from clearhead.config.checks import check, check_choices, check_flags, check_integer, check_number, nearest
from clearhead.config.choices import AttentionKind, ModelKind
from clearhead.config.kinds import KINDS, OF_SOME_KINDS
from clearhead.config.parameters import BY_PART
from clearhead.errors import ConfigError

Norm = Literal["post", "pre"]
Normalization = Literal["layer", "rms"]
Activation = Literal["relu", "gelu", "swish", "swiglu"]
Positions = Literal["sinusoidal", "learned", "rotary"]
_MOST = {
    "vocab_size": 10_000_000,
    "d_model": 65_536,
    "d_ff": 1_048_576,
    "num_heads": 65_536,
    "num_encoder_layers": 1000,
    "num_decoder_layers": 1000,
    "max_positions": 1_000_000,
    "kernel_size": 1001,
}
"""Largest value of each size, beyond any existing model; anything above is a slip."""
_OF_PRESETS = ("d_ff", "num_heads")
"""Settings that every preset has, so that a kind without them passes them over."""
_LATER = ("kind", "attention", "kernel_size")
"""Settings that earlier releases do not know, so that a file has them only where they are not the usual ones."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What a model is built of, and its shape (Table 3 of the paper; its `base` model is the default).

    A run takes `vocab_size` from its tokenizer.
    """

    kind: ModelKind = "transformer"
    """transformer: the paper; lstm, gru: recurrent (Sutskever et al. 2014, Bahdanau et al. 2015); convolutional: gated
    convolutions (Gehring et al. 2017)."""
    vocab_size: int
    """Size of the joint vocabulary; a run takes it from its tokenizer."""
    d_model: int = 512
    """Width of every sub-layer's input and output; an even number."""
    d_ff: int = 2048
    """Inner width of the feed-forward networks."""
    num_heads: int = 8
    """Attention heads per layer, a divisor of d_model; the keys of each have size d_model / num_heads."""
    num_encoder_layers: int = 6
    """Number of layers in the encoder."""
    num_decoder_layers: int = 6
    """Number of layers in the decoder."""
    dropout: float = 0.1
    """Dropout rate: on sub-layer outputs and embeddings, as in the paper (§5.4)."""
    attention_dropout: float = 0.0
    """Dropout on attention weights; not in the paper."""
    feed_forward_dropout: float = 0.0
    """Dropout inside the feed-forward networks; not in the paper."""
    norm: Norm = "post"
    """post: LayerNorm(x + Sublayer(x)), the paper; pre: x + Sublayer(LayerNorm(x)), more stable in deep models."""
    tied_embeddings: bool = True
    """Use one matrix for source embeddings, target embeddings and output (§3.4); otherwise three."""
    output_bias: bool = False
    """Add a bias to the logit of every token, as MarianMT does; not in the paper."""
    activation: Activation = "relu"
    """Activation of the feed-forward networks. relu: the paper (Eq. 2); swiglu: swish times a second projection
    (Shazeer 2020)."""
    normalization: Normalization = "layer"
    """layer: LayerNorm, as in the paper; rms: RMSNorm (Zhang and Sennrich 2019)."""
    positions: Positions = "sinusoidal"
    """sinusoidal (§3.5) or learned: added to the embeddings; rotary: queries and keys are rotated (Su et al. 2021)."""
    max_positions: int = 1024
    """Number of learned positions, which is the longest sentence in tokens; other positions have no limit."""
    attention: AttentionKind = "additive"
    """How the decoder of lstm and gru looks at the source. additive (Bahdanau et al. 2015); dot (Luong et al. 2015);
    none: it has the encoder's last state only (Sutskever et al. 2014)."""
    kernel_size: int = 3
    """Positions that a convolution reads, an odd number; of a convolutional model only."""

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            check_integer(f"model.{name}", getattr(self, name), 1, most)
        for name in ("dropout", "attention_dropout", "feed_forward_dropout"):
            share = getattr(self, name)
            check_number(f"model.{name}", share, 0, 1)
            check(share < 1, f"model.{name}", share, "at least 0 and below 1")
        check(self.d_model % 2 == 0, "model.d_model", self.d_model, "an even number (sine and cosine pairs)")
        check_choices(self, "model")
        check_flags(self, "model")
        self._check_kind()
        check(
            not self.has("num_heads") or self.d_model % self.num_heads == 0,
            "model.num_heads",
            self.num_heads,
            f"a divisor of d_model = {self.d_model}",
        )
        check(
            self.positions != "rotary" or self.d_k % 2 == 0,
            "model.num_heads",
            self.num_heads,
            "such that d_model / num_heads is even, since rotary positions rotate pairs of numbers",
        )

    def _check_kind(self) -> None:
        """Raise ConfigError for a setting that models of this kind do not have."""
        for field in dataclasses.fields(self):
            if field.name in OF_SOME_KINDS - set(_OF_PRESETS) and not self.has(field.name):
                value = getattr(self, field.name)
                check(
                    value == field.default,
                    f"model.{field.name}",
                    value,
                    f"left out with model.kind {self.kind}, which has no such setting",
                )
        odd = self.kernel_size % 2 == 1
        check(odd, "model.kernel_size", self.kernel_size, "an odd number, so that it has a middle")
        check(
            self.kind != "convolutional" or self.positions != "rotary",
            "model.positions",
            self.positions,
            "sinusoidal or learned with model.kind convolutional, whose self-attention rotary positions would turn",
        )

    @classmethod
    def preset(cls, name: str, *, vocab_size: int, **overrides: Any) -> Self:
        """Build one of the named shapes: tiny, small, base, big."""
        if name not in PRESETS:
            raise ConfigError(
                f"unknown preset {name!r}{nearest(name, PRESETS)}; there are {', '.join(PRESETS)}"
            )
        return cls(vocab_size=vocab_size, **{**PRESETS[name], **overrides})

    @classmethod
    def tiny(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """4+4 layers of width 128, the size published for Multi30k (Wu et al. 2021)."""
        return cls.preset("tiny", vocab_size=vocab_size, **overrides)

    @classmethod
    def small(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """6+6 layers of width 256: a model for everyday text that trains on a CPU."""
        return cls.preset("small", vocab_size=vocab_size, **overrides)

    @classmethod
    def base(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """The paper's base model (Table 3)."""
        return cls.preset("base", vocab_size=vocab_size, **overrides)

    @classmethod
    def big(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """The paper's big model (Table 3)."""
        return cls.preset("big", vocab_size=vocab_size, **overrides)

    @property
    def d_k(self) -> int:
        """Size of one head's queries, keys and values (§3.2.2)."""
        return self.d_model // self.num_heads

    @property
    def longest(self) -> int | None:
        """Most tokens that a side may have, BOS or EOS counted; None for no limit."""
        return self.max_positions if self.positions == "learned" else None

    def has(self, setting: str) -> bool:
        """Say whether models of this kind have a setting."""
        return setting not in OF_SOME_KINDS or setting in KINDS[self.kind].settings

    def attends(self, place: str) -> tuple[int, int]:
        """Return how many layers, and heads in each, an attention has (encoder, decoder or cross); 0 for none."""
        return KINDS[self.kind].attends(self, place)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as earlier releases read them where they know the kind."""
        values = dataclasses.asdict(self)
        usual = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if name not in _LATER or value != usual[name]}

    @property
    def parameters_by_part(self) -> dict[str, int]:
        """Trained numbers of embeddings, encoder and decoder, by formula."""
        return BY_PART[self.kind](self)

    @property
    def num_parameters(self) -> int:
        """Trained numbers by formula."""
        return sum(self.parameters_by_part.values())


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"d_model": 128, "d_ff": 256, "num_heads": 4, "num_encoder_layers": 4, "num_decoder_layers": 4},
    "small": {"d_model": 256, "d_ff": 1024, "num_heads": 4},
    "base": {},
    "big": {"d_model": 1024, "d_ff": 4096, "num_heads": 16, "dropout": 0.3},
}
