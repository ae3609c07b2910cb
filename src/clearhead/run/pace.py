"""How fast the steps of a run are, and how much of their time they wait for batches."""

import os
import time
from typing import Any


class Pace:
    """The time since the last look: what was learned in it, and how long steps waited for batches."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count from here on: what came before was no step."""
        self._started, self._tokens, self._waited = time.monotonic(), 0, 0.0

    def waited(self, seconds: float) -> None:
        """Note that a step waited for its batches."""
        self._waited += seconds

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
