"""The training loop: a generator of reports; the caller logs, validates and saves."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from clearhead.config import TrainingConfig
from clearhead.data.batching import Batch
from clearhead.data.loader import Position
from clearhead.errors import TrainingError
from clearhead.model.sequence_model import SequenceModel
from clearhead.training.guidance import Glance, guided_cross_entropy
from clearhead.training.loss import r_drop_cross_entropy, smoothed_cross_entropy, with_bias
from clearhead.training.parallel import Loss
from clearhead.training.schedule import learning_rate
from clearhead.training.state import TrainState
from clearhead.training.transfer import Steps, placed

_MOST_SKIPPED_IN_A_ROW = 3
_NO_END = 10**9


@dataclass(frozen=True)
class StepReport:
    """What one step did."""

    step: int
    epoch: int
    loss: float
    """Smoothed cross-entropy per target token, in nats, with the terms of R-Drop and guided alignment."""
    tokens: int
    """Target tokens learned from, padding not counted."""
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    applied: bool
    """False where loss or gradient was not finite, so that the step was skipped."""


def endless(config: TrainingConfig) -> TrainingConfig:
    """Return the settings of a run that takes steps as long as they are asked for, to measure them."""
    return replace(config, max_steps=_NO_END)


def train(
    state: TrainState,
    batches: Iterator[tuple[Position, Batch]],
    config: TrainingConfig,
    batches_per_step: int | None = None,
    waited: Callable[[float], None] | None = None,
) -> Iterator[StepReport]:
    """Take steps until `max_steps` or the end of `batches`, changing `state` and yielding a report of each.

    `batches` yields (the position after the batch, the batch). The loss of a step is summed over the tokens of all
    its batches and divided by their number, so accumulation changes nothing but memory. Every process of the state's
    group reads all batches and learns from its share of them; `batches_per_step` keeps the steps of a run the same
    when it is resumed with more or fewer processes. `waited` is told how many seconds each step waited for batches.
    Raises TrainingError when three steps in a row are not finite.
    """
    assert config.precision != "auto", "the caller chooses the precision"
    model, engine = state.model, state.engine
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    in_a_row = 0
    batches_per_step = batches_per_step or config.accumulate * engine.group.size
    mine = range(engine.group.rank, batches_per_step, engine.group.size)
    steps = Steps(batches, batches_per_step, mine, waited)
    model.train()
    while state.step < config.max_steps:
        step_batches = steps.take()
        if not step_batches:
            return
        rate = learning_rate(
            config.schedule,
            state.step + 1,
            scale=config.learning_rate,
            d_model=model.config.d_model,
            warmup_steps=config.warmup_steps,
            max_steps=config.max_steps,
        )
        tokens = sum(batch.num_tgt_tokens for _, batch in step_batches)
        state.optimizer.zero_grad()
        losses = _losses(state, [batch for _, batch in step_batches], config)
        # While a GPU computes what it was told to, the batches of the next step are made.
        meanwhile = steps.prepare if model.device.type == "cuda" else None
        norm, loss = engine.learn(losses, parameters, config.clip_norm, meanwhile)
        state.position, _ = step_batches[-1]
        applied = math.isfinite(loss) and math.isfinite(norm)
        if applied:
            state.apply(rate, config.ema_decay)
            in_a_row = 0
        else:
            state.skipped += 1
            in_a_row += 1
        yield StepReport(state.step, state.position.epoch, loss, tokens, rate, norm, applied)
        model.train()  # the caller may have validated
        if in_a_row == _MOST_SKIPPED_IN_A_ROW:
            raise TrainingError(
                f"loss or gradient was not finite {in_a_row} times in a row after step {state.step} "
                f"(loss {loss}, gradient norm {norm}); use a lower training.learning_rate or more "
                "training.warmup_steps"
            )


def _losses(state: TrainState, batches: Sequence[Batch], config: TrainingConfig) -> list[tuple[Loss, float]]:
    """Return the losses of this process's share of a step, each with its divisor.

    A share is as large as the others': a process that has one batch fewer passes one again, divided by infinity.
    """
    group, tokens = state.engine.group, sum(batch.num_tgt_tokens for batch in batches)
    even = range(group.rank, -(-len(batches) // group.size) * group.size, group.size)

    def of(number: int) -> Loss:
        def loss(model: SequenceModel) -> Tensor:
            torch.manual_seed(draw_seed(config.seed, state.step, state.skipped, number))
            return batch_loss(
                model,
                batches[number],
                config.label_smoothing,
                config.precision,
                r_drop=config.r_drop,
                guided_alignment=config.guided_alignment,
            )

        return loss

    return [
        (of(number), tokens)
        if number < len(batches)
        else (of(number - group.size if number >= group.size else number % len(batches)), math.inf)
        for number in even
    ]


def batch_loss(
    model: SequenceModel,
    batch: Batch,
    smoothing: float,
    precision: str = "fp32",
    *,
    r_drop: float = 0.0,
    guided_alignment: float = 0.0,
) -> Tensor:
    """Return the summed loss of a batch, in nats: every position predicts the next token, all in parallel (§3.1).

    With `r_drop` the batch passes twice, with different dropout, and the divergence of the two predictions is
    added with that weight. With `guided_alignment` the cross-entropy between one head's weights and the links of
    the batch is added with that weight, averaged over the two passes where there are two.
    """
    device = model.device
    on_device = placed(batch, device)
    src, tgt, real = on_device.src, on_device.tgt, on_device.real
    if r_drop:
        src, tgt, real = (
            torch.cat((src, src)),
            torch.cat((tgt, tgt)),
            torch.cat((real, real + tgt[:, 1:].numel())),
        )
    weight: Tensor = model.output_projection.weight
    bf16 = precision == "bf16"
    links = on_device.links if guided_alignment else None
    glance = None if links is None else Glance(model.config)
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        states, _ = model.decode(tgt[:, :-1], model.encode(src), glance)
    if bf16:
        states, weight = states.bfloat16(), weight.bfloat16()
    states, targets = (side.flatten(0, 1).index_select(0, real) for side in (states, tgt[:, 1:]))
    if model.output_bias is not None:
        states, weight = with_bias(states, weight, model.output_bias)
    loss = (
        r_drop_cross_entropy(states, weight, targets, smoothing, r_drop)
        if r_drop
        else smoothed_cross_entropy(states, weight, targets, smoothing)
    )
    if glance is not None and links is not None:
        passes = glance.weights.chunk(2 if r_drop else 1)
        guided = torch.stack([guided_cross_entropy(weights, links) for weights in passes]).mean()
        loss = loss + guided_alignment * guided
    return loss


def draw_seed(seed: int, step: int, skipped: int, number: int) -> int:
    """Return the seed of the random draws of one batch of one step; `skipped` distinguishes a step taken again."""
    return int(np.random.SeedSequence([seed, step, skipped, number]).generate_state(1, np.uint64)[0] >> 1)
