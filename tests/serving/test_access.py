"""The outermost layer: an id on every answer, a log without what people wrote, and one answer for what breaks."""

import json
import logging

import pytest
from starlette.testclient import TestClient

from clearhead.serving.settings import ServingSettings
from tests.serving.small_app import create


@pytest.fixture
def client():
    return TestClient(create(ServingSettings(log="json")), raise_server_exceptions=False)


def test_a_short_plain_id_is_echoed_and_no_other(client):
    assert client.get("/health", headers={"x-request-id": "abc-1.2_3"}).headers["x-request-id"] == "abc-1.2_3"
    for wrong in ("a" * 65, "a b", "<script>", ""):
        answer = client.get("/health", headers={"x-request-id": wrong}).headers.get_list("x-request-id")
        assert answer != [wrong]
        assert len(answer) == 1


def test_the_log_has_no_text_key_or_address(client, caplog):
    caplog.set_level(logging.INFO, "clearhead.access")
    client.post(
        "/echo?api_key=secret&q=private", content="private", headers={"authorization": "Bearer secret"}
    )
    client.get("/slow/0.00123")
    client.get("/nothing/private")
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/echo", 200),
        ("/slow/{seconds}", 200),
        ("other", 404),
    ]
    assert not any(word in caplog.text for word in ("secret", "private", "0.00123"))


def test_what_breaks_is_answered_under_its_id_and_logged_without_its_message(client, caplog):
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.json()["code"] == "internal"
    assert "RuntimeError at tests.serving.small_app" in caplog.text
    assert "the text of a user" not in caplog.text + answer.text
