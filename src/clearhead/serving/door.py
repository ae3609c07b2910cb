"""Refusal before any work: where the loop of this process is late, a request waits behind others at each of its steps.

What is refused here costs a fraction of what it costs to read a request and find the queue full, so a service that is
asked for many times what it can do goes on doing what it can.
"""

import asyncio
import json

from starlette.types import ASGIApp, Receive, Scope, Send

from clearhead.serving.failures import ServiceFailure, payload, request_id_of

LATE_SECONDS = 0.1
"""For so many turns of the loop as a request takes."""
_MANY = 32
"""Requests inside, below which it is the machine that is late, and to refuse would not help."""
_STEPS = 12
_PAUSE = 0.05
OPEN_PATHS = ("/health", "/health/live", "/health/ready", "/metrics")
"""Never refused."""


class Door:
    """Middleware that answers 503 while the loop is late, and measures that only while requests are inside."""

    def __init__(self, app: ASGIApp, late_seconds: float = LATE_SECONDS) -> None:
        self._app, self._late_seconds = app, late_seconds
        self._inside, self._last = 0, 0.0
        self._began: float | None = None
        self._beat: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        if self._inside >= _MANY and self.late > self._late_seconds:
            await _refuse(scope, send)
            return
        self._inside += 1
        if self._beat is None or self._beat.done():
            self._beat = asyncio.create_task(self._measure())
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1

    @property
    def late(self) -> float:
        """Seconds that the turns of a request take now, as far as is known."""
        if self._began is None:
            return self._last
        return max(self._last, asyncio.get_running_loop().time() - self._began)

    async def _measure(self) -> None:
        """Take turns as a request does that waits for nothing else, again and again."""
        loop = asyncio.get_running_loop()
        while self._inside:
            self._began = loop.time()
            for _ in range(_STEPS):
                await asyncio.sleep(0)
            self._last, self._began = loop.time() - self._began, None
            await asyncio.sleep(_PAUSE)
        self._last = 0.0


async def _refuse(scope: Scope, send: Send) -> None:
    failure = ServiceFailure(
        503, "busy", "the service has more requests than it can read; try again later", retry_after=1.0
    )
    text = json.dumps(payload(failure.message, failure.code, request_id_of(scope))).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),  # the body is not read
        *((name.encode(), value.encode()) for name, value in failure.headers.items()),
    ]
    await send({"type": "http.response.start", "status": failure.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
