"""Timing of several ways to do the same thing in turns, so that a noisy machine is noisy to all of them."""

import platform
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

RESAMPLES = 2000


def interleaved(
    ways: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Return the seconds of every round of each way; the order changes from round to round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(-warm_up, rounds):
        names = list(ways)
        random.Random(number).shuffle(names)
        for name in names:
            started = time.perf_counter()
            ways[name]()
            if number >= 0:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Return how many times as fast ours is: the median of theirs over ours by round, and its 95 % interval.

    The interval is that of a bootstrap over the rounds.
    """
    pairs = [b / a for a, b in zip(ours, theirs, strict=True)]
    draws = random.Random(0)
    medians = sorted(statistics.median(draws.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return statistics.median(pairs), medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES)]


def versions(*packages: str) -> str:
    """Return what was measured with, in one line."""
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    )
