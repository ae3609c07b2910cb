"""What a step takes on several processes: a cost model of three terms.

A step of N processes, each with a batch of its own, takes

    step(N)   = max(compute + exchange(N), data)
    exchange  = ring(N) where nothing is hidden; else max(ring(N) - 2/3 compute, ring(N) / buckets)
    ring(N)   = 2 (N - 1) / N * bytes / bandwidth + 2 (N - 1) * latency
    bytes     = 4 * parameters that learn (gradients are fp32)
    data      = tokens of a batch / rate of the loader, whose processes work ahead

`compute` is measured for one batch on one process, with the cores that each of N has on the machine. The ring sends
every gradient around twice, in N parts (Patarasuk and Yuan 2009, Bandwidth Optimal All-reduce Algorithms). Where
gradients travel while the backward pass still runs, which is two thirds of the computation, what it covers costs
nothing; the last bucket of 25 MiB (the size of torch's DistributedDataParallel) cannot be covered. On a processor
nothing is hidden: both need the same cores. Several links in a row count as their slowest.

Learning rate, accuracy and validation, which the first process does alone, are not part of it.
"""

import math
from dataclasses import dataclass

BUCKET = 25 * 2**20
"""Bytes of gradients that travel together."""
_BACKWARD = 2 / 3
"""Of the computation: the backward pass multiplies twice for each product of the forward pass."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """The way between two processes."""

    bandwidth: float
    """Bytes per second in one direction."""
    latency: float
    """Seconds until a message begins to arrive."""
    covered: bool
    """Whether gradients travel while the backward pass runs."""


LOOPBACK = Link(bandwidth=2.2e9, latency=1.4e-4, covered=False)
"""gloo between two processes of one machine, fitted to the points of `tests/planning/points.json`, which are in
processor time: as on a machine that is not shared."""
NETWORK = Link(bandwidth=50e9, latency=2e-5, covered=True)
"""GPUs over 400 Gb/s Ethernet or InfiniBand, as its name says; within a machine PCI Express 5.0 x16 has 63 GB/s. An
assumption: `--bandwidth` replaces it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step of one process takes."""

    compute: float
    """Seconds of forward and backward pass and optimiser."""
    data: float
    """Seconds to make its batches, by all loader processes of one trainer together."""
    tokens: float
    """Target tokens."""
    gradients: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What many processes do together."""

    processes: int
    seconds_per_step: float
    tokens_per_second: float
    exchange: float
    """Seconds of a step in which gradients travel and nothing else happens."""
    efficiency: float
    """Speed over that of as many processes that need not wait for each other."""
    bound_by: str
    """`compute`, `exchange` or `data`: which of the three is the largest."""


def ring(gradients: int, processes: int, link: Link) -> float:
    """Return the seconds of summing gradients over processes."""
    if processes == 1:
        return 0.0
    passes = 2 * (processes - 1)
    return passes / processes * gradients / link.bandwidth + passes * link.latency


def exchange(step: Step, processes: int, link: Link) -> float:
    """Return the seconds of the ring that the backward pass does not cover."""
    whole = ring(step.gradients, processes, link)
    if not link.covered:
        return whole
    return max(whole - _BACKWARD * step.compute, whole / math.ceil(step.gradients / BUCKET))


def scaled(step: Step, processes: int, link: Link) -> Scaled:
    """Return what as many processes do, each of which takes such a step."""
    waited = exchange(step, processes, link)
    seconds = max(step.compute + waited, step.data)
    terms = {"compute": step.compute, "exchange": waited, "data": step.data}
    return Scaled(
        processes=processes,
        seconds_per_step=seconds,
        tokens_per_second=processes * step.tokens / seconds,
        exchange=waited,
        efficiency=max(step.compute, step.data) / seconds,
        bound_by=max(terms, key=terms.__getitem__),
    )
