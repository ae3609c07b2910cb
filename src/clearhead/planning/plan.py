"""What a training run will take, before it is started."""

import time
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig, RunConfig, TrainingConfig
from clearhead.config.kinds import KINDS
from clearhead.corpora.formats import Tell, silent
from clearhead.data.batching import Batch
from clearhead.data.loader import START
from clearhead.errors import ConfigError
from clearhead.model.operations import flops_per_token
from clearhead.model.places import PLACES
from clearhead.planning.survey import CHARACTERS_PER_TOKEN
from clearhead.run.corpora import read
from clearhead.run.directory import with_precision
from clearhead.run.origin import Origin
from clearhead.run.precision import choose
from clearhead.text.vocabulary import BOS, EOS, UNK
from clearhead.training.allocator import keep_freed_memory
from clearhead.training.loop import train
from clearhead.training.state import TrainState

_NO_END = 10**9
_TYPICAL_LENGTH = 20
"""Tokens of a sentence, where no corpus is at hand."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An estimate of a run."""

    parameters: int
    parameters_by_part: dict[str, int]
    memory_bytes: int
    """Weights, gradients, Adam's two moments and the activations of one batch, in fp32."""
    flops_per_token: float
    """Floating-point operations of a training step for each source-and-target pair of tokens."""
    pairs: int
    """0 where no corpus was given."""
    tokens_per_epoch: int
    """Estimated target tokens, from the number of characters; 0 where no corpus was given."""
    tokens_per_step: int
    steps: int
    precision: str
    """In which it would learn here, and why; `auto` where not measured."""
    tokens_per_second: float
    """Measured on this machine with this shape; 0 where not measured."""

    @property
    def seconds(self) -> float:
        """Time of all steps, validation not counted."""
        return self.steps * self.tokens_per_step / self.tokens_per_second if self.tokens_per_second else 0.0

    def steps_within(self, seconds: float) -> int:
        """Return how many steps a time is enough for, in round numbers; 0 where no speed was measured."""
        steps = int(seconds * self.tokens_per_second / self.tokens_per_step)
        step = 100 if steps >= 1000 else 10 if steps >= 100 else 1
        return steps // step * step


def plan(config: RunConfig, *, measure: bool = True, tell: Tell = silent) -> Plan:
    """Estimate parameters, memory, operations, tokens and time of a run; measure for a few seconds which precision
    is faster, where that is open, and how fast it learns. `tell` hears what is being done.
    """
    if config.data.source_kind == "features":
        raise ConfigError(
            "plan estimates runs on text, and these sources are frames of numbers; start the run instead, which shows "
            "its speed and the time that is left"
        )
    origin = Origin.of(config)
    config = origin.shaped(config) if origin else config
    training = config.training
    if config.data.train_sets:
        tell("reading the corpus ...")
    pairs, characters = _size(config)
    length = max(1, round(characters / pairs / CHARACTERS_PER_TOKEN)) if pairs else _TYPICAL_LENGTH
    tokens_per_epoch = round(characters / CHARACTERS_PER_TOKEN) + pairs
    tokens_per_step = training.accumulate * training.tokens_of_batch // 2
    device = "cuda" if training.device == "auto" and torch.cuda.is_available() else "cpu"
    precision: str = training.precision
    if measure:
        tell("measuring which precision is faster ...")
        choice = choose(config, device)
        precision, config = str(choice), with_precision(config, choice.precision)
        tell(f"measuring real steps in {choice.precision} for a few seconds ...")
    return Plan(
        parameters=config.model.num_parameters,
        parameters_by_part=config.model.parameters_by_part,
        memory_bytes=memory_bytes(config.model, training.tokens_of_batch, length),
        flops_per_token=flops_per_token(config.model, length),
        pairs=pairs,
        tokens_per_epoch=tokens_per_epoch,
        tokens_per_step=tokens_per_step,
        steps=_steps(training, tokens_per_epoch, tokens_per_step),
        precision=precision,
        tokens_per_second=speed(config, length, device) if measure else 0.0,
    )


def _size(config: RunConfig) -> tuple[int, int]:
    """Return the pairs of the corpora and the characters of their target sides, both ways where both are learned."""
    pairs = characters = 0
    for corpus in config.data.train_sets:
        for pair in read(corpus, config.model.reads_plain_text)[0]:
            pairs += 1 + corpus.both_directions
            characters += len(pair.tgt) + corpus.both_directions * len(pair.src)
    return pairs, characters


def _steps(training: TrainingConfig, tokens_per_epoch: int, tokens_per_step: int) -> int:
    if not (training.max_epochs and tokens_per_epoch):
        return training.max_steps
    return min(training.max_steps, -(-training.max_epochs * tokens_per_epoch // tokens_per_step))


def memory_bytes(model: ModelConfig, batch_tokens: int, length: int) -> int:
    """Estimate the memory of training in fp32, the interpreter and torch itself not counted.

    Four copies of the weights (value, gradient, two moments); what the backward pass needs of each
    sub-layer: about 14 vectors of d_model and 2 of d_ff for a token and layer, and the attention weights.
    """
    weights = 4 * 4 * model.num_parameters
    layers = model.num_encoder_layers + 2 * model.num_decoder_layers
    if not KINDS[model.kind].encodes:
        layers = model.num_decoder_layers
    a_token = layers * (14 * model.d_model + 2 * model.d_ff + 2 * model.num_heads * length)
    if not KINDS[model.kind].paper:
        a_token = _kept_by_token(model, length)
    logits = 512 * model.vocab_size * 2
    return weights + 4 * (batch_tokens // 2 * a_token + logits)


def _kept_by_token(model: ModelConfig, length: int) -> int:
    """Return the numbers that a recurrent or convolutional model keeps of a token for the backward pass.

    About 12 vectors of d_model for a layer: gates, states, dropout, sums. Additive attention keeps one for each pair
    of a source and a target token.
    """
    layers = model.num_encoder_layers + model.num_decoder_layers
    looked = sum(layers * 2 * heads * length for layers, heads in map(model.attends, PLACES))
    pairs = length * model.d_model if model.has("attention") and model.attention == "additive" else 0
    return layers * 12 * model.d_model + looked + pairs


def speed(config: RunConfig, length: int, device: str, seconds: float = 3.0) -> float:
    """Measure the target tokens per second of real steps with random ids of this length and this shape."""
    keep_freed_memory()
    if config.training.threads:
        torch.set_num_threads(config.training.threads)
    rows = max(1, config.training.tokens_of_batch // (2 * length + 2))
    draws = np.random.default_rng(0)
    src = draws.integers(UNK + 1, config.model.vocab_size, (rows, length))
    tgt = draws.integers(UNK + 1, config.model.vocab_size, (rows, length + 1))
    src[:, -1], tgt[:, 0], tgt[:, -1] = EOS, BOS, EOS
    batch = Batch(src=src, tgt=tgt, indices=np.arange(rows))
    state = TrainState.fresh(build(config.model).to(device), config.training)
    endless = replace(config.training, max_steps=_NO_END)  # a run of one step is measured by more, too
    steps = train(state, repeat((START, batch)), endless)
    next(steps), next(steps)  # the first steps allocate
    started, tokens = time.monotonic(), 0
    for report in steps:
        tokens += report.tokens
        if time.monotonic() - started > seconds:
            break
    return tokens / (time.monotonic() - started)
