"""`training.batch_tokens = "auto"`: as many tokens as the memory of the GPU holds."""

from collections.abc import Callable
from itertools import repeat

import numpy as np
import torch

from clearhead.config import RunConfig
from clearhead.config.training import UNMEASURED_BATCH_TOKENS
from clearhead.data.batching import Batch
from clearhead.data.loader import START
from clearhead.errors import ConfigError
from clearhead.run.directory import with_precision
from clearhead.run.learner import learner, room_to_learn
from clearhead.run.machine import on_gpu
from clearhead.text.vocabulary import BOS, EOS, UNK
from clearhead.training.distributed import Group
from clearhead.training.loop import endless, train
from clearhead.training.state import TrainState

MOST = 1 << 17
"""Tokens of a batch that fill any GPU; with more of them a run takes fewer steps and none of them faster."""
_SHARE = 0.85
"""Of the free memory; the rest is for what fragments, for validation and for compiled layers."""
_PROBES = (1 << 13, 1 << 15)
_SHORT = 20
_ROUND = 1 << 10
Used = Callable[[int, int], int]
"""(tokens of a batch, length of its sentences) -> most bytes held while it was learned from."""


def settle(config: RunConfig, device: str, group: Group) -> int:
    """Return the tokens of a batch of a run, which the first process finds out for all.

    Without a GPU, whose memory can be asked, and for sources that are no text, `auto` is 4,096.
    """
    setting = config.training.batch_tokens
    with group.together():
        if setting == "auto" and group.leads:
            measurable = on_gpu(device) and not config.model.source_features
            setting = measured(config, device) if measurable else UNMEASURED_BATCH_TOKENS
    return int(group.of_first(str(setting)))


def measured(config: RunConfig, device: str) -> int:
    """Return the tokens that fit, from real steps with batches of two sizes; no random draw of the caller's changes.

    Raises ConfigError where not even the smallest fits.
    """
    torch.cuda.empty_cache()
    free = int(_SHARE * torch.cuda.mem_get_info(device)[0])
    longest = min(config.data.max_tokens, (config.model.longest or config.data.max_tokens + 2) - 2)
    with torch.random.fork_rng(devices=[torch.device(device)], device_type="cuda"):
        torch.manual_seed(0)
        probe = Probe(config, device)
        try:
            with room_to_learn(config, device):
                probe.begin()
            tokens = fitting(probe.used, free, (min(_SHORT, longest), longest))
        finally:
            probe.end()
    return checked(tokens, free, device)


def checked(tokens: int, free: int, device: str) -> int:
    """Return the tokens that fit; raise ConfigError where not even the smallest batch does."""
    if tokens < _ROUND:
        raise ConfigError(
            f"no batch of {_ROUND:,} tokens fits into the {free / 2**30:.1f} GiB that are free on {device}; use "
            "training.activation_checkpointing, a smaller model, or a GPU with more memory"
        )
    return tokens


def fitting(used: Used, free: int, lengths: tuple[int, ...]) -> int:
    """Return the most tokens whose memory stays within `free` bytes for sentences of all these lengths.

    Memory grows in proportion to the tokens beyond a fixed part, so that two sizes tell; what they tell is tried, and
    taken back by an eighth as long as it does not fit. 0 where the smaller size does not fit.
    """
    tokens = MOST
    for length in lengths:
        small, large = (_attempt(used, size, length, free) for size in _PROBES)
        if small is None:
            return 0
        if large is None:
            tokens = min(tokens, _PROBES[0])
            continue
        slope = max(1.0, (large - small) / (_PROBES[1] - _PROBES[0]))
        tokens = min(tokens, int((free - small) / slope) + _PROBES[0])
    tokens = max(_ROUND, tokens // _ROUND * _ROUND)
    while any(_attempt(used, tokens, length, free) is None for length in lengths):
        tokens = tokens * 7 // 8 // _ROUND * _ROUND
        if tokens < _ROUND:
            return 0
    return tokens


def _attempt(used: Used, tokens: int, length: int, free: int) -> int | None:
    """Return the bytes that a size takes; None where that is more than there are."""
    try:
        taken = used(tokens, length)
    except torch.OutOfMemoryError:
        return None
    return taken if taken <= free else None


class Probe:
    """A run of its own, which takes steps of any size with random tokens."""

    def __init__(self, config: RunConfig, device: str) -> None:
        self.device = device
        self.before = torch.cuda.memory_allocated(device)
        precision = "fp32" if config.training.precision == "auto" else config.training.precision
        self.config = with_precision(config, precision)
        self.training = endless(self.config.training)
        self.state: TrainState | None = None

    def begin(self) -> None:
        """Put the model on the device."""
        self.state = TrainState.fresh(learner(self.config, self.device, compiled=False), self.training)

    def used(self, tokens: int, length: int) -> int:
        """Take two steps, the first of which allocates the optimiser's moments; return the most bytes held."""
        assert self.state is not None, "it has begun and not ended"
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self.device)
        batch = batch_of(self.config.model.vocab_size, tokens, length)
        steps = train(self.state, repeat((START, batch)), self.training)
        for _ in range(2):
            next(steps)
        return torch.cuda.max_memory_allocated(self.device) - self.before

    def end(self) -> None:
        """Give the memory back."""
        self.state = None
        torch.cuda.empty_cache()


def batch_of(vocabulary: int, tokens: int, length: int) -> Batch:
    """Return a batch of random ids without padding: sentences of this length, as many as `tokens` holds."""
    rows = max(1, tokens // (2 * length + 3))
    draws = np.random.default_rng(0)
    src = draws.integers(UNK + 1, vocabulary, (rows, length + 1))
    tgt = draws.integers(UNK + 1, vocabulary, (rows, length + 2))
    src[:, -1], tgt[:, 0], tgt[:, -1] = EOS, BOS, EOS
    return Batch(src=src, tgt=tgt, indices=np.arange(rows))
