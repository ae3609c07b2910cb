"""The loop: learning, accumulation, what is not finite, seeds, memory."""

import math
import platform

import numpy as np
import pytest
import torch

from clearhead.config import ModelConfig, TrainingConfig
from clearhead.data.batching import BatchStream, TokenizedCorpus, collate
from clearhead.errors import TrainingError
from clearhead.model.transformer import Transformer
from clearhead.training.allocator import keep_freed_memory
from clearhead.training.loop import batch_loss, draw_seed, train
from clearhead.training.state import TrainState

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
        **{"max_steps": 30, "batch_tokens": 120, "warmup_steps": 10, "threads": 1, **overrides}
    )


def reports(state, training, data=None):
    return list(
        train(state, iter(BatchStream(data or corpus(), training.batch_tokens, training.seed)), training)
    )


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
        report = next(train(state, iter([((0, n), batch) for n, batch in enumerate(step_batches)]), training))
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
    stream = BatchStream(corpus(), training.batch_tokens, training.seed)
    found = []
    for report in train(state, iter(stream), training):
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
    stream = BatchStream(corpus(), training.batch_tokens, training.seed)
    found = []
    with pytest.raises(TrainingError, match="3 times in a row after step 0"):
        found.extend(train(state, iter(stream), training))
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


def test_state_survives_being_written_down():
    training = settings(max_steps=5)
    state = fresh(training)
    reports(state, training)
    state.notes["best"] = {"step": 3}
    other = fresh(training)
    other.restore(state.model_arrays(), state.optimizer_arrays(), state.counters())
    assert other.counters() == state.counters()
    longer = settings(max_steps=10)
    stream = BatchStream(corpus(), training.batch_tokens, training.seed, start=(state.epoch, state.batch))
    for one in (state, other):
        list(train(one, iter(stream), longer))
    for mine, theirs in zip(state.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_freed_memory_can_be_kept_on_linux():
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")
