"""The kinds of sequence model that are compared, at equal numbers of parameters."""

import argparse
from collections.abc import Sequence
from typing import Any

from clearhead.config import ModelConfig

TRANSFORMER = "Transformer"
KINDS: dict[str, dict[str, Any]] = {
    TRANSFORMER: {},
    "LSTM": {"kind": "lstm", "attention": "none"},
    "LSTM + additive": {"kind": "lstm", "attention": "additive"},
    "GRU": {"kind": "gru", "attention": "none"},
    "GRU + dot": {"kind": "gru", "attention": "dot"},
    "convolutional": {"kind": "convolutional"},
}
"""Settings of `[model]`: Vaswani et al. 2017; Sutskever et al. 2014; Bahdanau et al. 2015; Cho et al. 2014; Luong et
al. 2015; Gehring et al. 2017."""
WITHOUT_ATTENTION = ("LSTM", "GRU")
RECURRENT = ("LSTM", "LSTM + additive", "GRU", "GRU + dot")


def transformer_of(vocab_size: int, d_model: int, layers: int) -> ModelConfig:
    """Return the Transformer that the others are made as large as."""
    return ModelConfig(
        vocab_size=vocab_size,
        d_model=d_model,
        d_ff=2 * d_model,
        num_heads=4,
        num_encoder_layers=layers,
        num_decoder_layers=layers,
        dropout=0.0,
    )


def of_equal_parameters(kind: str, transformer: ModelConfig) -> ModelConfig:
    """Return the settings of a kind, as many layers, of the width whose number of parameters is nearest."""
    if kind == TRANSFORMER:
        return transformer
    wanted = transformer.num_parameters
    layers = transformer.num_encoder_layers

    def of_width(d_model: int) -> ModelConfig:
        return ModelConfig(
            vocab_size=transformer.vocab_size,
            d_model=d_model,
            num_encoder_layers=layers,
            num_decoder_layers=layers,
            dropout=0.0,
            **KINDS[kind],
        )

    widths = range(transformer.d_model // 4 * 2, 2 * transformer.d_model + 2, 2)
    return min(map(of_width, widths), key=lambda config: abs(config.num_parameters - wanted))


def choice(found: argparse.ArgumentParser) -> None:
    """Add the flag that says which kinds are measured."""
    found.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which to measure; all by itself"
    )


def present(kinds: Sequence[str], results: Sequence[dict[str, Any]]) -> list[str]:
    """Return which of some kinds were measured with every seed."""
    return [kind for kind in kinds if all(kind in each["kinds"] for each in results)]
