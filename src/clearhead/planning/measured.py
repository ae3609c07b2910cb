"""Real steps of the real shape on the real device, for a few seconds."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from clearhead.config import RunConfig
from clearhead.planning.sample import Batches
from clearhead.run.learner import learner, room_to_learn
from clearhead.training.allocator import keep_freed_memory
from clearhead.training.compiling import compiles
from clearhead.training.loop import StepReport, endless, train
from clearhead.training.state import TrainState

SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What steps take."""

    compute: float
    """Seconds of a step, without its batches being made."""
    processor: float
    """Seconds of processor time of a step."""
    data: float
    """Seconds that one process needs to make the batches of a step."""
    tokens: float
    """Target tokens of a step."""
    device: str
    threads: int

    def seconds_per_step(self, loader_workers: int) -> float:
        """Return the time of a step whose batches are made by so many processes ahead of it."""
        if not loader_workers:
            return self.compute + self.data
        return max(self.compute, self.data / loader_workers)


def measured(
    config: RunConfig,
    batches: Batches,
    device: str,
    *,
    threads: int,
    seconds: float = SECONDS,
    fewest: int = 1,
) -> Measured:
    """Take steps for so many seconds, at least the `fewest`, after some that are not counted.

    The model is what it is in a run: compiled and recomputing where that is. Raises ConfigError where it has no room.
    """
    keep_freed_memory()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(devices=[]), room_to_learn(config, device):
            state = TrainState.fresh(learner(config, device), config.training)
            steps = train(state, batches.endless(), endless(config.training))
            # The first allocates and compiles, the second may compile for other lengths.
            for _ in range(2 if compiles(config.training, state.model.device) else 1):
                next(steps)
            wall, processor, count = _timed(steps, seconds, fewest)
    finally:
        torch.set_num_threads(before)
    accumulate = config.training.accumulate
    return Measured(
        compute=wall / count,
        processor=processor / count,
        data=accumulate * batches.seconds,
        tokens=accumulate * batches.tokens,
        device=torch.device(device).type,
        threads=threads,
    )


def _timed(steps: Iterator[StepReport], seconds: float, fewest: int) -> tuple[float, float, int]:
    """Return the time, the processor time and the number of the steps that begin within so many seconds."""
    started, processor, count = time.monotonic(), time.process_time(), 0
    for _ in steps:
        count += 1
        if count >= fewest and time.monotonic() - started >= seconds:
            break
    return time.monotonic() - started, time.process_time() - processor, count
