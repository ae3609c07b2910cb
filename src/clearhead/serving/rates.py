"""How much a client may ask for in a minute: a token bucket each, in a table that cannot grow without end."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from clearhead.serving.failures import ServiceFailure

MAX_CLIENTS = 10_000
"""Clients that are remembered; the one that was silent for longest is forgotten first."""


@dataclass
class _Bucket:
    requests: float
    characters: float
    at: float
    """When the levels were true, in seconds of the clock."""


class Rates:
    """The rates of all clients of this process; each process of a service counts for itself.

    A limit is per minute, and is also what may come at once after a silence; 0: no limit.
    """

    def __init__(
        self,
        requests_per_minute: int,
        chars_per_minute: int,
        *,
        max_clients: int = MAX_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests, self._characters = requests_per_minute, chars_per_minute
        self._max_clients, self._clock = max_clients, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def check(self, client: str, requests: int = 1, characters: int = 0) -> None:
        """Count a request, or raise ServiceFailure 429 and count nothing.

        A request above the limit of a whole minute passes after a minute of silence, and its client waits longer
        for the next: nothing is refused for ever.
        """
        if not self._requests and not self._characters:
            return
        bucket = self._filled(client)
        wait, limit = max(
            (_wait(bucket.requests, requests, self._requests), f"{self._requests} requests"),
            (_wait(bucket.characters, characters, self._characters), f"{self._characters} characters"),
        )
        if wait > 0:
            raise ServiceFailure(
                429,
                "too_many_requests",
                f"more than {limit} a minute; try again in {max(1, -int(-wait // 1))} s",
                retry_after=wait,
            )
        bucket.requests -= requests
        bucket.characters -= characters

    def __len__(self) -> int:
        return len(self._buckets)

    def _filled(self, client: str) -> _Bucket:
        """Return the bucket of a client with what has flowed into it until now."""
        now = self._clock()
        bucket = self._buckets.pop(client, None) or _Bucket(self._requests, self._characters, now)
        minutes = (now - bucket.at) / 60
        bucket.requests = min(self._requests, bucket.requests + minutes * self._requests)
        bucket.characters = min(self._characters, bucket.characters + minutes * self._characters)
        bucket.at = now
        self._buckets[client] = bucket
        while len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        return bucket


def _wait(level: float, amount: int, limit: int) -> float:
    """Return the seconds until a bucket holds an amount; of an amount above the limit, until it is full."""
    if not limit:
        return 0.0
    return max(0.0, (min(amount, limit) - level) * 60 / limit)
