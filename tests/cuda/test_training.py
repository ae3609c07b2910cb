"""Training on a GPU: the steps of the processor, one wait a step; the same resumed, compiled or recomputed."""

from dataclasses import replace

import pytest
import torch

from clearhead.config import RunConfig
from clearhead.model.recomputing import recompute_layers
from clearhead.run import batch_size
from clearhead.training.loop import batch_loss
from tests.cuda.small import MODEL, ROWS, TRAINING, batches, state, steps

pytestmark = pytest.mark.cuda

WITH_DROPOUT = replace(MODEL, dropout=0.2, attention_dropout=0.1, feed_forward_dropout=0.1)


def parameters(of):
    return torch.cat([p.detach().float().flatten().cpu() for p in of.model.parameters()])


def test_the_steps_are_those_of_the_processor(device):
    here, there = state("cpu"), state(device)
    for ours, theirs in zip(steps(here), steps(there), strict=True):
        assert theirs.loss == pytest.approx(ours.loss, rel=1e-3)
        assert theirs.gradient_norm == pytest.approx(ours.gradient_norm, rel=1e-2)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("r_drop", [0.0, 1.0])
def test_no_pass_waits_for_the_device(device, precision, r_drop):
    """A question to the GPU in the middle of a step, such as a mask's any(), stops the processor until it answers."""
    of = state(device, WITH_DROPOUT)
    of.model.train()
    _, batch = next(batches())
    for _ in range(2):  # the first pass may build tables
        loss = batch_loss(of.model, batch, 0.1, precision, r_drop=r_drop)
        loss.backward()
    if device.startswith("cuda"):
        torch.cuda.set_sync_debug_mode("error")
    try:
        loss = batch_loss(of.model, batch, 0.1, precision, r_drop=r_drop)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(of.model.parameters(), 1.0)
        of.optimizer.step(1e-4)
    finally:
        if device.startswith("cuda"):
            torch.cuda.set_sync_debug_mode("default")
    assert loss.isfinite()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_resumed_is_uninterrupted_bit_for_bit(device, deterministic, precision):
    training = replace(TRAINING, precision=precision)
    whole = state(device, WITH_DROPOUT, training)
    steps(whole, training)
    first = state(device, WITH_DROPOUT, training)
    steps(first, training, most=3)
    second = state(device, WITH_DROPOUT, training)
    second.restore(first.model_arrays(), first.optimizer_arrays(), first.ema_arrays(), first.counters)
    steps(second, training)
    assert torch.equal(parameters(whole), parameters(second))


def test_recomputed_is_kept(device, deterministic):
    kept, recomputed = (state(device, WITH_DROPOUT) for _ in range(2))
    recompute_layers(recomputed.model)
    steps(kept), steps(recomputed)
    assert torch.equal(parameters(kept), parameters(recomputed))


def test_compiled_is_written(device):
    """On a GPU by the compiler that runs use, elsewhere by one that only rewrites."""
    backend = "inductor" if device.startswith("cuda") else "aot_eager"
    written, compiled = state(device), state(device, backend=backend)
    for ours, theirs in zip(steps(written), steps(compiled), strict=True):
        assert theirs.loss == pytest.approx(ours.loss, rel=1e-3)


def test_bf16_learns_what_fp32_learns(device):
    found = [
        [report.loss for report in steps(state(device, MODEL, training), training)]
        for training in (replace(TRAINING, precision=precision) for precision in ("fp32", "bf16"))
    ]
    assert found[1] == pytest.approx(found[0], rel=0.02)


def test_batches_are_sized_to_the_memory(device):
    config = RunConfig.from_dict(
        {"preset": "tiny", "training": {"batch_tokens": "auto", "precision": "fp32"}}
    )
    if not device.startswith("cuda"):
        assert batch_size.settle(config, device, batch_size.Group()) == 4096
        return
    before = torch.cuda.get_rng_state(device)
    tokens = batch_size.measured(config, device)
    assert tokens % 1024 == 0
    assert 1024 <= tokens <= batch_size.MOST
    assert torch.equal(torch.cuda.get_rng_state(device), before)
    batch = batch_size.batch_of(config.model.vocab_size, tokens, config.data.max_tokens)
    of = state(device, config.model)
    batch_loss(of.model, batch, 0.1, "fp32").backward()  # fits


def test_a_batch_without_padding_has_every_row(device):
    assert batch_size.batch_of(50, 1000, 7).tgt.shape == (1000 // 17, 9)
    assert len(next(batches())[1].tgt) == ROWS
