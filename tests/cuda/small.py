"""A small model, a small corpus, and steps of both."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig, TrainingConfig
from clearhead.data.batching import Batch, TokenizedCorpus, collate
from clearhead.data.loader import START, Position
from clearhead.training.compiling import compile_layers
from clearhead.training.loop import StepReport, train
from clearhead.training.state import TrainState

MODEL = ModelConfig(
    vocab_size=120, d_model=64, d_ff=128, num_heads=4, num_encoder_layers=2, num_decoder_layers=2, dropout=0.0
)
TRAINING = TrainingConfig(max_steps=6, warmup_steps=4, learning_rate=0.1, precision="fp32", compile="off")
ROWS = 16


def corpus(pairs: int = 64) -> TokenizedCorpus:
    """Return pairs of random ids of different lengths, so that batches have padding."""
    draws = np.random.default_rng(0)
    srcs, tgts = (
        [draws.integers(4, MODEL.vocab_size, draws.integers(2, 24)).tolist() for _ in range(pairs)]
        for _ in range(2)
    )
    return TokenizedCorpus.from_ids(srcs, tgts)


def batches(start: Position = START) -> Iterator[tuple[Position, Batch]]:
    """Yield batches without end, with the position after each."""
    pairs = corpus()
    for number in count(start.batch):
        first = number * ROWS % len(pairs)
        yield Position(0, 0, number + 1), collate(pairs, np.arange(first, first + ROWS))


def state(
    device: str, model: ModelConfig = MODEL, training: TrainingConfig = TRAINING, *, backend: str = ""
) -> TrainState:
    """Return a run before its first step; with a `backend` its layers are compiled by it."""
    torch.manual_seed(1)
    built = build(model).to(device)
    if backend:
        compile_layers(built, backend)
    return TrainState.fresh(built, training)


def steps(of: TrainState, training: TrainingConfig = TRAINING, most: int | None = None) -> list[StepReport]:
    """Take the steps of a run, or some of them."""
    settings = training if most is None else replace(training, max_steps=most)
    return list(train(of, batches(of.position), settings))
