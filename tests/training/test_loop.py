"""The loop: learning, accumulation, what is not finite, seeds, memory."""

import json
import math
import platform

import numpy as np
import pytest
import torch

from clearhead.config import ModelConfig, TrainingConfig
from clearhead.data.batching import TokenizedCorpus, collate
from clearhead.data.loader import START
from clearhead.errors import ConfigError, TrainingError
from clearhead.model.transformer import Transformer
from clearhead.training.allocator import keep_freed_memory
from clearhead.training.loop import batch_loss, draw_seed, train
from clearhead.training.state import Counters, TrainState
from tests.streams import stream

VOCAB = 20


def corpus(pairs=60, seed=0) -> TokenizedCorpus:
    """Sequences to be reversed."""
    draws = np.random.default_rng(seed)
    srcs = [draws.integers(4, VOCAB, draws.integers(2, 7)).tolist() for _ in range(pairs)]
    return TokenizedCorpus.from_ids(srcs, [src[::-1] for src in srcs])


def fresh(training: TrainingConfig, dropout=0.1, **shape) -> TrainState:
    torch.manual_seed(0)
    config = ModelConfig(
        vocab_size=VOCAB, d_model=32, d_ff=32, num_heads=2, num_encoder_layers=1, num_decoder_layers=1,
        dropout=dropout, **shape,
    )  # fmt: skip
    return TrainState.fresh(Transformer(config), training)


def settings(**overrides) -> TrainingConfig:
    return TrainingConfig(
        **{
            "max_steps": 30,
            "batch_tokens": 120,
            "warmup_steps": 10,
            "precision": "fp32",
            "threads": 1,
            **overrides,
        }
    )


def reports(state, training, data=None):
    return list(train(state, iter(stream(data or corpus(), training.batch_tokens, training.seed)), training))


@pytest.mark.parametrize("schedule", ["noam", "inverse_sqrt", "cosine", "constant"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_loss_falls(schedule, precision):
    training = settings(
        max_steps=80,
        schedule=schedule,
        precision=precision,
        learning_rate=1.0 if schedule == "noam" else 5e-3,
    )
    found = reports(fresh(training), training)
    losses = [report.loss for report in found]
    assert sum(losses[-10:]) / 10 < 0.85 * losses[0]
    assert [report.step for report in found] == list(range(1, 81))


def test_accumulated_batches_equal_one_large_batch():
    """The loss of a step is summed over all tokens of all its batches, then divided by their number."""
    data = corpus(24)
    large = collate(data, np.arange(24))
    parts = [collate(data, np.arange(start, start + 8)) for start in (0, 8, 16)]
    gradients = []
    for step_batches in ([large], parts):
        training = settings(max_steps=1, accumulate=len(step_batches), clip_norm=0.0)
        state = fresh(training, dropout=0.0)
        report = next(train(state, iter([(START, batch) for batch in step_batches]), training))
        gradients.append([p.grad.clone() for p in state.model.parameters()])
        assert report.tokens == large.num_tgt_tokens
    for one, accumulated in zip(*gradients, strict=True):
        torch.testing.assert_close(accumulated, one, atol=1e-6, rtol=1e-4)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    def weights(seed):
        training = settings(seed=seed)
        state = fresh(training)
        reports(state, training)
        return torch.cat([p.detach().flatten() for p in state.model.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_draws_differ_from_step_to_step_and_batch_to_batch():
    seeds = {draw_seed(*key) for key in np.ndindex(3, 5, 2, 3)}
    assert len(seeds) == 3 * 5 * 2 * 3


def test_a_step_that_is_not_finite_is_left_out_and_said():
    training = settings(max_steps=6)
    state = fresh(training)
    found = []
    for report in train(state, iter(stream(corpus(), training.batch_tokens, training.seed)), training):
        found.append(report)
        if len(found) == 2:  # poison what the next step reads, and remember the parameters
            before = {name: p.detach().clone() for name, p in state.model.named_parameters()}
            with torch.no_grad():
                state.model.src_embedding.weight[4:] = math.nan
        if len(found) == 3:
            assert not report.applied
            assert report.step == 2
            changed = [n for n, p in state.model.named_parameters() if not torch.equal(p, before[n])]
            assert changed == ["src_embedding.weight"], "a step that is not finite was applied"
            with torch.no_grad():
                state.model.src_embedding.weight.copy_(before["src_embedding.weight"])
    assert [report.applied for report in found] == [True, True, False, True, True, True, True]
    assert state.step == 6
    assert state.skipped == 1


def test_three_in_a_row_stop_the_run():
    training = settings()
    state = fresh(training)
    with torch.no_grad():
        state.model.decoder.layers[0].feed_forward.outer.bias[0] = math.inf
    found = []
    with pytest.raises(TrainingError, match="3 times in a row after step 0"):
        found.extend(train(state, iter(stream(corpus(), training.batch_tokens, training.seed)), training))
    assert [report.applied for report in found] == [False] * 3
    assert state.step == 0


def test_a_gradient_is_clipped_to_its_norm():
    training = settings(max_steps=1, clip_norm=1e-3)
    state = fresh(training)
    report = reports(state, training)[0]
    norm = torch.cat([p.grad.flatten() for p in state.model.parameters()]).norm().item()
    assert report.gradient_norm > 1e-2
    assert norm == pytest.approx(1e-3, rel=1e-3)


def test_padding_is_not_learned_from():
    data = corpus(8)
    state = fresh(settings(), dropout=0.0)
    alone = sum(batch_loss(state.model, collate(data, np.array([n])), 0.1).item() for n in range(8))
    together = batch_loss(state.model, collate(data, np.arange(8)), 0.1).item()
    assert together == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_state_survives_being_written_down(optimizer):
    training = settings(max_steps=5, ema_decay=0.9, optimizer=optimizer)
    state = fresh(training)
    reports(state, training)
    other = fresh(training)
    other.restore(state.model_arrays(), state.optimizer_arrays(), state.ema_arrays(), state.counters)
    assert (
        other.counters
        == state.counters
        == Counters.from_dict(json.loads(json.dumps(state.counters.to_dict())))
    )
    longer = settings(max_steps=10, ema_decay=0.9, optimizer=optimizer)
    for one in (state, other):
        batches = stream(corpus(), training.batch_tokens, training.seed, one.position)
        list(train(one, iter(batches), longer))
    for mine, theirs in zip(state.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    for name, average in state.ema.items():
        assert torch.equal(average, other.ema[name])


def test_the_moving_average_follows_and_can_stand_in():
    training = settings(max_steps=3, ema_decay=0.5)
    state = fresh(training)
    name = "encoder.layers.0.feed_forward.inner.weight"
    parameter = state.model.get_parameter(name)
    expected = parameter.detach().clone()
    for report in train(state, iter(stream(corpus(), 120, 1)), training):
        decay = min(0.5, (1 + report.step) / (10 + report.step))
        expected = decay * expected + (1 - decay) * parameter.detach()
    torch.testing.assert_close(state.ema[name], expected)
    own = parameter.detach().clone()
    with state.averaged():
        assert torch.equal(parameter, state.ema[name])
        assert not torch.equal(parameter, own)
    assert torch.equal(parameter, own)


def test_frozen_parts_stay_and_factors_slow_others_down():
    training = settings(
        max_steps=1, freeze=("encoder",), learning_rate_factors={"decoder": 0.5}, schedule="constant",
        learning_rate=0.01, warmup_steps=1, clip_norm=0.0,
    )  # fmt: skip
    state = fresh(training, dropout=0.0)
    before = {name: p.detach().clone() for name, p in state.model.named_parameters()}
    reports(state, training)
    for name, p in state.model.named_parameters():
        # Adam's first step is the learning rate in every direction that has a gradient.
        step = (p.detach() - before[name]).abs().max().item()
        expected = {"encoder": 0.0, "decoder": 0.005}.get(name.partition(".")[0], 0.01)
        assert step == pytest.approx(expected, rel=1e-2), name


def test_muon_steps_are_orthogonal_and_as_large_as_adams():
    training = settings(
        max_steps=1, optimizer="muon", learning_rate_factors={"decoder": 0.5}, schedule="constant",
        learning_rate=0.01, warmup_steps=1, clip_norm=0.0,
    )  # fmt: skip
    state = fresh(training, dropout=0.0)
    before = {name: p.detach().clone() for name, p in state.model.named_parameters()}
    reports(state, training)
    for name, p in state.model.named_parameters():
        rate = 0.005 if name.startswith("decoder") else 0.01
        step = p.detach() - before[name]
        if p.ndim == 2 and "embedding" not in name:
            size = torch.linalg.matrix_norm(step, ord=2).item() / math.sqrt(max(p.shape))
            assert 0.6 < size / (0.2 * rate) < 1.3, name  # five Newton-Schulz iterations are that exact
            assert step.square().mean().sqrt() < 0.3 * rate, name
        else:
            assert step.abs().max().item() == pytest.approx(rate, rel=1e-2), name


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"freeze": ("encodr",)}, "no part 'encodr'"),
        ({"learning_rate_factors": {"head": 2.0}}, "no part 'head'"),
        ({"freeze": ("embeddings", "encoder", "decoder")}, "nothing to learn"),
    ],
)
def test_parts_that_make_no_sense(parts, message):
    with pytest.raises(ConfigError, match=message):
        fresh(settings(**parts))


def test_r_drop_without_dropout_is_the_plain_loss():
    """Two equal passes do not diverge."""
    state = fresh(settings(), dropout=0.0)
    batch = collate(corpus(8), np.arange(8))
    plain = batch_loss(state.model, batch, 0.1)
    twice = batch_loss(state.model, batch, 0.1, r_drop=5.0)
    assert twice.item() == pytest.approx(plain.item(), rel=1e-5)


def test_r_drop_draws_two_predictions_together():
    """With it the two passes of a batch under dropout come to agree more than without."""

    def divergence(r_drop):
        training = settings(max_steps=150, r_drop=r_drop, schedule="constant", learning_rate=3e-3)
        state = fresh(training, dropout=0.3)
        reports(state, training)
        torch.manual_seed(5)
        batch = collate(corpus(30), np.arange(30))
        alone = batch_loss(state.model, batch, 0.0, r_drop=1e-9).item()
        torch.manual_seed(5)
        return batch_loss(state.model, batch, 0.0, r_drop=1.0).item() - alone

    assert divergence(5.0) < 0.5 * divergence(0.0)


def test_freed_memory_can_be_kept_on_linux():
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")
