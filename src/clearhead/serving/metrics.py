"""Figures for Prometheus: how many, how long, how full; no text, key or address is in a label.

With several processes on one port the library keeps the figures in a folder that all share
(`PROMETHEUS_MULTIPROC_DIR`, which `server` sets), so any of them answers for all.
"""

import os

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector  # type: ignore[no-untyped-call, unused-ignore]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SEQUENCES = (1, 2, 4, 8, 16, 32, 64, 128)

router = APIRouter()


class Metrics:
    """The figures of this process; `text` has those of all processes of the service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self._requests = Counter("clearhead_requests", "Requests answered", ("route", "status"), registry=own)
        self._seconds = Histogram(
            "clearhead_request_seconds",
            "Seconds to the end of an answer",
            ("route",),
            buckets=_SECONDS,
            registry=own,
        )
        self._batch = Histogram(
            "clearhead_batch_sequences", "Texts translated together", buckets=_SEQUENCES, registry=own
        )
        self._batch_seconds = Histogram(
            "clearhead_batch_seconds", "Seconds that a batch took", buckets=_SECONDS, registry=own
        )
        self._tokens = Counter("clearhead_tokens", "Tokens translated", ("side",), registry=own)
        self._queued = _gauge("clearhead_queue_tokens", "Tokens that wait", own)
        self._in_flight = _gauge("clearhead_in_flight_requests", "Requests that are being answered", own)

    def began(self) -> None:
        """Count a request that came in."""
        self._in_flight.inc()

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer; `route` is the pattern of its address (`/files/{name}`), never the address."""
        self._in_flight.dec()
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, *, sequences: int, source_tokens: int, target_tokens: int, seconds: float) -> None:
        """Count a batch that was translated."""
        self._batch.observe(sequences)
        self._batch_seconds.observe(seconds)
        self._tokens.labels("source").inc(source_tokens)
        self._tokens.labels("target").inc(target_tokens)

    def queue(self, tokens: int) -> None:
        """Note how many tokens wait."""
        self._queued.set(tokens)

    def text(self) -> bytes:
        """Return the figures in the format of Prometheus."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call, unused-ignore]
        return generate_latest(shared)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Answer Prometheus."""
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(), media_type=CONTENT_TYPE_LATEST)


def _gauge(name: str, description: str, registry: CollectorRegistry) -> Gauge:
    """Return a gauge of which the processes that run are added up."""
    return Gauge(name, description, registry=registry, multiprocess_mode="livesum")
