"""Bodies: too large and too slow are one answer each, also where a framework catches what we raise."""

import asyncio
import json
import time

import pytest
from starlette.testclient import TestClient

from clearhead.serving.body import BodyLimits
from clearhead.serving.settings import ServingSettings
from tests.serving.small_app import create


@pytest.fixture
def client():
    return TestClient(create(ServingSettings(max_body_bytes=100, max_file_bytes=1000, log="none")))


@pytest.mark.parametrize("path", ["/echo", "/typed"])
@pytest.mark.parametrize("declared", [True, False])
def test_the_limit_is_exact_whether_the_length_is_declared_or_not(client, path, declared):
    for size, status in ((100, 200), (101, 413)):
        text = b'{"a":"' + b"b" * (size - 8) + b'"}'
        content = text if declared else iter([text[:50], text[50:]])
        answer = client.post(path, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == status
    assert answer.json()["error"].startswith("the body of a request must be at most 100 bytes, got 101")
    assert answer.json()["code"] == "too_large"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_slow_body_is_answered_408_in_time():
    async def slow():
        await asyncio.sleep(0.04)
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def reads(scope, receive, send):
        try:
            while True:
                await receive()
        except Exception:
            await send({"type": "http.response.start", "status": 400, "headers": []})

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": []}
    asyncio.run(asyncio.wait_for(BodyLimits(reads, 1000, 1000, seconds=0.1)(scope, slow, send), 1))
    assert [message.get("status") for message in sent] == [408, None]
    assert json.loads(sent[1]["body"])["code"] == "timeout"


def test_a_body_that_was_there_in_time_is_read_however_late_this_process_is():
    """The loop is held up between the request and its body for longer than a body may take."""

    async def late():
        await asyncio.sleep(0)
        time.sleep(0.15)
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"a", "more_body": False}

    read = []

    async def reads(scope, receive, send):
        read.append(await receive())

    async def send(message):
        raise AssertionError(message)

    asyncio.run(
        BodyLimits(reads, 1000, 1000, seconds=0.1)({"type": "http", "path": "/", "headers": []}, late, send)
    )
    assert read[0]["body"] == b"a"
