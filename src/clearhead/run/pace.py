"""How fast the steps of a run are, and how much of their time they wait for batches."""

import os
import time
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Pace(Generic[Item]):
    """Batches, passed on, with the time since the last look: what was learned in it, and what was waited for."""

    def __init__(self, batches: Iterator[Item]) -> None:
        self._batches = batches
        self.begin()

    def begin(self) -> None:
        """Count from here on: what came before was no step."""
        self._started, self._tokens, self._waited = time.monotonic(), 0, 0.0

    def __iter__(self) -> Iterator[Item]:
        """Return itself."""
        return self

    def __next__(self) -> Item:
        """Return the next batch."""
        started = time.monotonic()
        try:
            return next(self._batches)
        finally:
            self._waited += time.monotonic() - started

    def learned(self, tokens: int) -> None:
        """Note the target tokens of a step."""
        self._tokens += tokens

    def read(self) -> dict[str, Any]:
        """Return the figures for the log, and begin to count again."""
        seconds = max(1e-9, time.monotonic() - self._started)
        figures = {
            "tokens_per_second": round(self._tokens / seconds),
            "waiting": round(self._waited / seconds, 3),
            "load": load(),
        }
        self.begin()
        return figures


def load() -> float | None:
    """Return how many processes want each core, over the last minute; None where the system does not say."""
    if not hasattr(os, "getloadavg"):  # Windows
        return None
    return round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)
