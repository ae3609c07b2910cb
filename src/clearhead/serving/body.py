"""Bodies of requests: not larger than the settings say, and not slower than a poor line (pure ASGI)."""

import asyncio
import json
import time
from collections.abc import Awaitable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clearhead.serving.failures import ServiceFailure, payload, request_id_of

SECONDS = 4.0
"""That a body may take, and one more for every `BYTES_PER_SECOND` that came."""
BYTES_PER_SECOND = 4_000
"""A slower line than any that people use; a client that sends a byte now and then to keep a place is cut off."""
_TURNS, _TURN = 4, 0.05
FILE_PATHS = ("/translate_file",)
"""Addresses that take documents."""
LARGEST_FORM = 64_000
"""Bytes of an upload besides its file."""


class BodyLimits:
    """Middleware that answers 413 to a body that is too large, and 408 to one that is too slow."""

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        max_file_bytes: int,
        *,
        file_paths: Sequence[str] = FILE_PATHS,
        seconds: float = SECONDS,
    ) -> None:
        self._app, self._seconds = app, seconds
        self._max_bytes, self._max_file_bytes, self._file_paths = max_bytes, max_file_bytes, tuple(file_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as far as its body is within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._max_file_bytes + LARGEST_FORM if scope["path"] in self._file_paths else self._max_bytes
        body = _Body(receive, send, limit, self._seconds)
        if (declared := _declared(scope)) is not None and declared > limit:
            await _refuse(scope, send, _too_large(declared, limit))
            return
        try:
            await self._app(scope, body.receive, body.send)
        except Exception as error:
            # A framework may wrap our failure in one of its own; what counts is that we raised one.
            if body.failure is None or body.answered:
                raise
            error.with_traceback(None)  # which has `receive`, and may be part of a cycle
        if body.failure and not body.answered:
            await _refuse(scope, send, body.failure)
            body.let_go()


class _Body:
    """What was received of one request, and whether its answer has begun."""

    def __init__(self, receive: Receive, send: Send, limit: int, seconds: float) -> None:
        self._receive, self._send, self._limit, self._seconds = receive, send, limit, seconds
        self._end: float | None = None
        self._bytes, self._whole = 0, False
        self.failure: ServiceFailure | None = None
        self.answered = False

    async def receive(self) -> Message:
        """Return the next part of the body; once it is whole, wait for the client to leave."""
        if self._whole:
            return await self._receive()
        now = time.monotonic()
        if self._end is None:  # it counts from when anybody wants it
            self._end = now + self._seconds
        left = self._end + self._bytes / BYTES_PER_SECOND - now
        message = await _within(self._receive(), left) if left > 0 else None
        if message is None:
            raise self._failed(_too_slow(self._seconds))
        self._bytes += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._bytes > self._limit:
            raise self._failed(_too_large(self._bytes, self._limit))
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, except what a framework makes of our failure."""
        if self.failure and not self.answered:
            return
        self.answered = True
        await self._send(message)

    def let_go(self) -> None:
        """Forget the connection: a server closes it when nobody can read from it any more."""
        self._receive = _nothing
        self._send = _nowhere

    def _failed(self, failure: ServiceFailure) -> ServiceFailure:
        self.failure = failure
        return failure


async def _within(receiving: Awaitable[Message], seconds: float) -> Message | None:
    """Return what comes within a time; None for nothing.

    Where this process is late itself, what has come meanwhile is noticed some turns of the loop after the time.
    """
    task = asyncio.ensure_future(receiving)
    try:
        await asyncio.wait({task}, timeout=seconds)
        for _ in range(_TURNS):
            if task.done():
                return task.result()
            await asyncio.sleep(_TURN)
        return None
    finally:
        task.cancel()


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nowhere(message: Message) -> None:
    return


def _declared(scope: Scope) -> int | None:
    values = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(values[0][:18]) if values and values[0].isdigit() else None


def _too_large(size: int, limit: int) -> ServiceFailure:
    text = f"the body of a request must be at most {limit:,} bytes, got {size:,}; send less at once"
    return ServiceFailure(413, "too_large", text)


def _too_slow(seconds: float) -> ServiceFailure:
    text = (
        f"the body of the request came too slowly: {seconds:g} s, and 1 s for each {BYTES_PER_SECOND} bytes"
    )
    return ServiceFailure(408, "timeout", text)


async def _refuse(scope: Scope, send: Send, failure: ServiceFailure) -> None:
    """Answer, and close the connection: the rest of the body is not wanted."""
    text = json.dumps(payload(failure.message, failure.code, request_id_of(scope))).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": failure.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
