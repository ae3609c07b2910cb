"""Models trained for real, each with every option on, that the invariants are tested on."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig, TrainingConfig
from clearhead.data.batching import TokenizedCorpus
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.model.sequence_model import SequenceModel
from clearhead.training.loop import StepReport, train
from clearhead.training.state import TrainState
from tests.streams import stream

VOCAB, EOS = 24, 2
VARIANTS = {
    "post tied": {"norm": "post", "tied_embeddings": True},
    "post separate": {"norm": "post", "tied_embeddings": False},
    "pre tied bf16": {"norm": "pre", "tied_embeddings": True},
    "pre separate": {"norm": "pre", "tied_embeddings": False},
    "pre rotary": {"norm": "pre", "activation": "swiglu", "normalization": "rms", "positions": "rotary"},
    "lstm": {"kind": "lstm", "attention": "none"},
    "lstm additive": {"kind": "lstm", "attention": "additive", "output_bias": True},
    "gru dot separate": {"kind": "gru", "attention": "dot", "tied_embeddings": False},
    "convolutional": {"kind": "convolutional"},
}

INSIDE = {"attention_dropout": 0.05, "feed_forward_dropout": 0.05}
"""What other kinds than Transformers do not have."""


@dataclass(frozen=True)
class Trained:
    """A model, its engine and what it was trained with."""

    model: SequenceModel
    engine: PyTorchEngine
    corpus: TokenizedCorpus
    training: TrainingConfig
    reports: list[StepReport]
    srcs: list[list[int]]
    """Sources it has not seen, EOS at the end."""


def sources(seed: int, count: int) -> list[list[int]]:
    draws = np.random.default_rng(seed)
    return [draws.integers(4, VOCAB, draws.integers(1, 9)).tolist() for _ in range(count)]


def target(src: list[int]) -> list[int]:
    """Say it backwards, and even tokens twice: lengths differ between the sides."""
    return [token for token in reversed(src) for _ in range(2 - token % 2)]


@pytest.fixture(scope="session", params=VARIANTS)
def trained(request) -> Trained:
    srcs = sources(0, 400)
    corpus = TokenizedCorpus.from_ids(srcs, [target(src) for src in srcs])
    training = TrainingConfig(
        max_steps=150,
        batch_tokens=300,
        accumulate=2,
        warmup_steps=40,
        learning_rate=0.7,
        label_smoothing=0.1,
        weight_decay=1e-5,
        ema_decay=0.99,
        r_drop=0.5 if "separate" in request.param else 0.0,
        precision="bf16" if "bf16" in request.param else "fp32",
    )
    torch.manual_seed(1)
    config = ModelConfig(
        vocab_size=VOCAB,
        d_model=32,
        d_ff=48,
        num_heads=4,
        num_encoder_layers=2,
        num_decoder_layers=3,
        dropout=0.05,
        **({} if "kind" in VARIANTS[request.param] else INSIDE),
        **VARIANTS[request.param],
    )
    state = TrainState.fresh(build(config), training)
    found = list(train(state, iter(stream(corpus, training.batch_tokens, training.seed)), training))
    model = state.model.eval()
    unseen = [[*src, EOS] for src in sources(1, 40)]
    return Trained(model, PyTorchEngine(model), corpus, training, found, unseen)
