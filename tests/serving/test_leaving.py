"""Clients of other interfaces that leave: their translation ends too."""

import asyncio
import json
from contextlib import suppress

import pytest

from clearhead.serving import deepl, libretranslate, openai
from clearhead.serving.failures import ServiceFailure
from tests.serving import doubles

ASKED = {
    "/translate": {"q": "a cat", "source": "en", "target": "fr"},
    "/v2/translate": {"text": ["a cat"], "source_lang": "EN", "target_lang": "FR"},
    "/v1/chat/completions": {"model": "default:fr", "messages": [{"role": "user", "content": "a cat"}]},
}


@pytest.mark.parametrize("path", ASKED)
def test_nobody_is_translated_for_who_has_left(path):
    client, service = doubles.client_of(deepl.router, openai.router, libretranslate.router)
    ended = []

    async def slow(*_, **__):
        try:
            await asyncio.sleep(20)
        finally:
            ended.append(asyncio.current_task().cancelling() > 0)

    service.translate = slow

    async def leave():
        body = json.dumps(ASKED[path]).encode()
        messages = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]

        async def receive():
            return messages.pop(0)

        async def send(message):
            pass

        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "root_path": ""}
        scope |= {"query_string": b"", "headers": [(b"content-type", b"application/json")], "scheme": "http"}
        scope |= {"http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
        with suppress(ServiceFailure):  # which no layer answers here
            await asyncio.wait_for(client.app(scope, receive, send), timeout=5)

    asyncio.run(leave())
    assert ended == [True]
