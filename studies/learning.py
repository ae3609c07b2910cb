"""Small models trained in memory by the project's own loop, loss, batches and search.

Time is that of the processor, not of the clock, so that what else runs on the machine counts little.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from clearhead.architectures import build as architectures
from clearhead.config import ModelConfig, TrainingConfig
from clearhead.data.batching import Batch, TokenizedCorpus, collate, order_by_length, plan_batches
from clearhead.data.loader import Position
from clearhead.decoding.constraints import Length
from clearhead.decoding.rules import Rules
from clearhead.decoding.search import finish, search
from clearhead.decoding.strategies import BeamSearch, Greedy
from clearhead.engines.pytorch import next_token
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.transformer import Transformer
from clearhead.text.vocabulary import BOS, EOS, PAD
from clearhead.training.loop import train
from clearhead.training.state import TrainState

FIRST = 4
"""The first id that is free for a task's own symbols; below are PAD, BOS, EOS and UNK."""
Batches = Iterator[tuple[Position, Batch]]
Pairs = tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]]
"""Sources and targets as ids, without BOS and EOS."""
Watch = Callable[[SequenceModel], dict[str, float]]


@dataclass(kw_only=True)
class Learned:
    """A trained model and what it cost."""

    model: SequenceModel
    parameters: int
    losses: list[float] = field(default_factory=list)
    """Of each step, in nats per target token, as trained (smoothed where that was asked for)."""
    seconds: float = 0.0
    """Processor seconds of the training steps; what `watch` does is not counted."""
    tokens: int = 0
    """Target tokens learned from."""
    watched: dict[str, dict[str, float]] = field(default_factory=dict)
    """What `watch` returned, by step."""

    def facts(self) -> dict[str, Any]:
        """Return the cost and the curve as plain values: 40 points, each the mean of the steps before it."""
        stretch = max(1, len(self.losses) // 40)
        curve = {
            str(end): float(np.mean(self.losses[end - stretch : end]))
            for end in range(stretch, len(self.losses) + 1, stretch)
        }
        return {
            "parameters": self.parameters,
            "steps": len(self.losses),
            "seconds": round(self.seconds, 2),
            "tokens": self.tokens,
            "curve": curve,
            "watched": self.watched,
        }


def build(config: ModelConfig, seed: int) -> SequenceModel:
    """Return an untrained model of any kind whose weights are a function of the seed."""
    torch.manual_seed(seed)
    return architectures.build(config)


def transformer(config: ModelConfig, seed: int) -> Transformer:
    """Return an untrained Transformer, for studies that change parts of it: the same weights as `build` gives it."""
    torch.manual_seed(seed)
    return Transformer(config)


def learn(
    model: SequenceModel,
    batches: Batches,
    *,
    seed: int,
    steps: int | None = None,
    seconds: float = math.inf,
    watch: Watch | None = None,
    every: int = 0,
    **settings: Any,
) -> Learned:
    """Train for a number of steps, or for seconds of one core, whichever ends first, and return model and cost.

    `settings` are those of `learning`.
    """
    assert steps or seconds < math.inf, "a run ends"
    learned = Learned(model=model, parameters=num_parameters(model))
    for learned in learning(model, batches, seed=seed, steps=steps, **settings):
        step = len(learned.losses)
        if watch and every and step % every == 0:
            learned.watched[str(step)] = watch(model.eval())
        if learned.seconds >= seconds:
            break
    model.eval()
    return learned


def learning(
    model: SequenceModel,
    batches: Batches,
    *,
    seed: int,
    steps: int | None = None,
    rate: float = 0.003,
    warmup: int = 50,
    **settings: Any,
) -> Iterator[Learned]:
    """Train, yielding what was learned so far (the same object) after every step; what the caller does takes no time.

    The rate rises in a line and falls as 1/sqrt(step), so it does not depend on how long the run will be.
    `settings` are those of `[training]`; label smoothing is 0 here, so that losses are cross-entropies.
    """
    config = TrainingConfig(
        **{
            "seed": seed,
            "max_steps": steps or 10**9,
            "schedule": "inverse_sqrt",
            "learning_rate": rate,
            "warmup_steps": warmup,
            "label_smoothing": 0.0,
            "precision": "fp32",
            **settings,
        }
    )
    learned = Learned(model=model, parameters=num_parameters(model))
    started = time.process_time()
    for report in train(TrainState.fresh(model, config), batches, config):
        learned.seconds += time.process_time() - started
        learned.losses.append(report.loss)
        learned.tokens += report.tokens
        yield learned
        started = time.process_time()


def num_parameters(model: torch.nn.Module) -> int:
    """Return how many numbers are learned."""
    return sum(parameter.numel() for parameter in model.parameters())


def epochs(corpus: TokenizedCorpus, batch_tokens: int, seed: int) -> Batches:
    """Yield batches of a corpus without end, each epoch in an order of its own."""
    indices, epoch = np.arange(len(corpus)), 0
    while True:
        draws = np.random.default_rng([seed, epoch])
        plan = plan_batches(indices, corpus.src_lengths, corpus.tgt_lengths, batch_tokens, draws)
        for place, chosen in enumerate(plan, start=1):
            yield Position(epoch, 0, place), collate(corpus, chosen)
        epoch += 1


def fresh(draw: Callable[[np.random.Generator], Pairs], seed: int) -> Batches:
    """Yield batches that were never seen before: every one is drawn anew by `draw`."""
    draws, place = np.random.default_rng([seed, 1]), 0
    while True:
        place += 1
        corpus = TokenizedCorpus.from_ids(*draw(draws))
        yield Position(0, 0, place), collate(corpus, np.arange(len(corpus)))


def held_out(draw: Callable[[np.random.Generator], Pairs], seed: int) -> TokenizedCorpus:
    """Return pairs drawn apart from all that `fresh` draws with the same seed."""
    return TokenizedCorpus.from_ids(*draw(np.random.default_rng([seed, 2])))


@torch.inference_mode()
def token_losses(
    model: SequenceModel, corpus: TokenizedCorpus, batch_tokens: int = 8192
) -> tuple[float, float]:
    """Return the mean loss per target token in nats, EOS counted, and the share of tokens that come first."""
    loss = right = tokens = 0.0
    for chosen in order_by_length(corpus.src_lengths + corpus.tgt_lengths, batch_tokens):
        batch = collate(corpus, chosen)
        src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
        logits = model.logits(model(src, tgt[:, :-1]))
        targets = tgt[:, 1:]
        real = targets != PAD
        loss += F.cross_entropy(logits[real], targets[real], reduction="sum").item()
        right += (logits.argmax(dim=-1) == targets)[real].sum().item()
        tokens += real.sum().item()
    return loss / tokens, right / tokens


@torch.inference_mode()
def decoded(
    model: SequenceModel, corpus: TokenizedCorpus, beam: int = 1, batch_tokens: int = 8192
) -> list[list[int]]:
    """Return the model's own outputs as ids, without EOS, by greedy search or a beam; no rule but a greatest length."""
    out: list[list[int]] = [[] for _ in range(len(corpus))]
    for chosen in order_by_length(corpus.src_lengths, batch_tokens):
        src = torch.from_numpy(collate(corpus, chosen).src)
        longest = [2 * int(length) + 10 for length in corpus.src_lengths[chosen]]
        if model.config.longest is not None:
            longest = [min(length, model.config.longest - 1) for length in longest]
        found = finish(
            search(
                next_token(model),
                model.encode(src),
                Greedy() if beam == 1 else BeamSearch(beam),
                Rules(length=Length(EOS, longest)),
                bos=BOS,
            )
        )
        for index, hypotheses in zip(chosen.tolist(), found, strict=True):
            out[index] = list(hypotheses[0].tokens)
    return out


def exact(outputs: Sequence[Sequence[int]], corpus: TokenizedCorpus) -> float:
    """Return the share of outputs that are the target, token by token."""
    return float(np.mean([list(output) == corpus.ids(index)[1] for index, output in enumerate(outputs)]))


def norm_of(gradient: Tensor) -> float:
    """Return the Euclidean norm of a gradient."""
    return float(gradient.detach().norm())
