"""Figures: they add up, and their labels are ours, whatever people send."""

import re

from starlette.testclient import TestClient

from clearhead.serving.metrics import Metrics
from clearhead.serving.settings import ServingSettings
from tests.serving.small_app import create


def test_requests_are_counted_by_pattern_and_status():
    client = TestClient(create(ServingSettings(log="none")), raise_server_exceptions=False)
    for number in range(3):
        client.get(f"/slow/0.000{number}?q=private", headers={"x-api-key": "secret"})
        client.get(f"/private/{number}")
    client.get("/broken")
    text = client.get("/metrics").text
    assert 'clearhead_requests_total{route="/slow/{seconds}",status="200"} 3.0' in text
    assert 'clearhead_requests_total{route="other",status="404"} 3.0' in text
    assert 'clearhead_requests_total{route="/broken",status="500"} 1.0' in text
    assert 'clearhead_request_seconds_count{route="/slow/{seconds}"} 3.0' in text
    assert "clearhead_in_flight_requests 1.0" in text  # this one
    assert set(re.findall(r"(\w+)=\"", text)) == {"route", "status", "le"}
    assert not any(word in text for word in ("private", "secret", "testclient"))


def test_batches_and_the_queue():
    metrics = Metrics()
    metrics.batch(sequences=3, source_tokens=20, target_tokens=25, seconds=0.1)
    metrics.batch(sequences=5, source_tokens=30, target_tokens=35, seconds=0.2)
    metrics.queue(400)
    text = metrics.text().decode()
    assert "clearhead_batch_sequences_sum 8.0" in text
    assert 'clearhead_tokens_total{side="target"} 60.0' in text
    assert "clearhead_queue_tokens 400.0" in text
