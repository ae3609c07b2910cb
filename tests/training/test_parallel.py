"""One, two and three processes take the same steps, each with the whole model or with a share of it."""

from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from clearhead.config import ModelConfig
from clearhead.model.transformer import Transformer
from clearhead.run import workers
from clearhead.training.distributed import ALONE, Group
from clearhead.training.loop import batch_loss, train
from clearhead.training.sharding import here
from clearhead.training.state import TrainState
from tests.streams import stream
from tests.training.test_loop import VOCAB, corpus, settings

RUNS = [
    ("ddp", "fsdp", "muon"),
    ("fsdp", "ddp", "muon"),
    ("ddp", "fsdp", "adam"),
    ("ddp", "ddp", "adam"),
    ("ddp", None, "adam"),
]
"""What a run begins with, what it is resumed with after half of its steps (None: it goes on), and its rule."""
HALF, BATCHES = 10, 4  # which two processes share evenly and three do not


def fresh(group, kind, optimizer):
    torch.manual_seed(0)
    shape = ModelConfig(
        vocab_size=VOCAB, d_model=32, d_ff=40, num_heads=2, num_encoder_layers=1, num_decoder_layers=2, dropout=0.1
    )  # fmt: skip
    training = settings(
        max_steps=2 * HALF,
        schedule="constant",
        learning_rate=1e-3,
        optimizer_eps=1e-6,
        ema_decay=0.9,
        optimizer=optimizer,
        sharding=kind,
        freeze=("encoder.layers.0.feed_forward.",) if optimizer == "adam" else (),
    )
    return TrainState.fresh(Transformer(shape), training, group), training


def go_on(state, training, steps):
    batches = iter(stream(corpus(), training.batch_tokens, 1, state.position))
    reports = list(islice(train(state, batches, training, BATCHES), steps))
    return [(report.loss, report.gradient_norm, report.tokens) for report in reports]


def everything(snapshot, reports):
    parts = {"parameters": snapshot.parameters, "optimizer": snapshot.optimizer, "average": snapshot.average}
    arrays = {
        f"{part}/{name}": array.copy() for part, of_part in parts.items() for name, array in of_part.items()
    }
    return {**arrays, "reports": np.array(reports)}


def run(group, first, second, optimizer):
    """Take all the steps, the second half perhaps as another kind, and return all numbers that come of it."""
    state, training = fresh(group, first, optimizer)
    reports = go_on(state, training, HALF)
    if second:
        saved, counters = state.snapshot(), state.counters
        state, training = fresh(group, second, optimizer)
        state.restore(saved.parameters, saved.optimizer, saved.average, counters)
    reports += go_on(state, training, HALF)
    return everything(state.snapshot(), reports)


def name_of(first, second, optimizer):
    return f"{first} {second} {optimizer}.npz"


def batches_are_made_while_gradients_are_exchanged(group):
    state, training = fresh(group, "ddp", "adam")
    _, batch = next(iter(stream(corpus(), training.batch_tokens, 1, state.position)))
    under_way = []
    losses = [(lambda model: batch_loss(model, batch, 0.1), 1.0)]
    state.engine.learn(
        losses, list(state.model.parameters()), 1.0, lambda: under_way.append(len(state.engine._sums))
    )
    assert len(under_way) == 1
    assert under_way[0] > 0


def several(folder: Path):
    group = Group.join("cpu")
    for kinds in RUNS:
        arrays = run(group, *kinds)
        if group.leads:
            np.savez(folder / name_of(*kinds), **arrays)
    batches_are_made_while_gradients_are_exchanged(group)
    state, _ = fresh(group, "fsdp", "adam")
    held = sum(here(p).numel() for p in state.model.parameters())
    whole = sum(p.numel() for p in state.model.parameters())
    assert held < 1.1 * whole / group.size + 200, "each holds its share"
    group.leave()


@pytest.fixture(scope="module")
def alone():
    return {optimizer: run(ALONE, "ddp", None, optimizer) for optimizer in ("adam", "muon")}


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_take_the_steps_of_one_whatever_each_holds(processes, alone, tmp_path):
    """Parameters, moments and moving average, interrupted or not, and with batches that cannot be shared evenly."""
    assert workers.run(partial(several, tmp_path), processes) == 0
    results = {kinds: np.load(tmp_path / name_of(*kinds)) for kinds in RUNS}
    for (first, second, optimizer), arrays in results.items():
        expected = alone[optimizer]
        assert sorted(arrays.files) == sorted(expected)
        for name, array in expected.items():
            bound = 1e-4 if name == "reports" else 1e-6
            where = f"{first} {second} {optimizer} {name}"
            np.testing.assert_allclose(arrays[name], array, rtol=0, atol=bound, err_msg=where)
    resumed, uninterrupted = results["ddp", "ddp", "adam"], results["ddp", None, "adam"]
    assert all(np.array_equal(resumed[name], uninterrupted[name]) for name in resumed.files), "bit for bit"
