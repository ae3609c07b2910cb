"""The outermost layer of the service (pure ASGI): request ids, the access log, the figures, and what breaks.

The log has the pattern of the address, not the address (that of a translated file is a secret), and neither texts,
keys nor query strings.
"""

import json
import logging
import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clearhead.serving.failures import CODES, TEXTS, payload
from clearhead.serving.metrics import Metrics
from clearhead.serving.settings import LogFormat

log = logging.getLogger("clearhead.access")
_PLAIN_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_METHODS = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"}
OTHER = "other"
"""Route of an address that no pattern of ours has; anybody can make up any number of those."""
CLIENT_LEFT = 499
"""Status of a request whose client went away before the answer began (as nginx has it)."""
_QUIET = ("/health", "/health/live", "/health/ready", "/metrics")


class Access:
    """Middleware around all others; `metrics` and the log learn of every request, whatever became of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log_format: LogFormat = "text") -> None:
        self._app, self._metrics, self._format = app, metrics, log_format

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under its id, and note its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, _request_id(scope))
        scope.setdefault("state", {})["request_id"] = answer.request_id
        began = time.perf_counter()
        self._metrics.began()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            _log_fault(answer.request_id, error)
            await answer.broken()
        finally:
            self._note(scope, answer, time.perf_counter() - began)

    def _note(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        route = route_of(scope)
        self._metrics.answered(route, answer.status, seconds)
        if self._format == "none" or (route in _QUIET and answer.status < 400):
            return
        method = scope["method"] if scope["method"] in _METHODS else OTHER
        facts = {
            "method": method,
            "route": route,
            "status": answer.status,
            "seconds": round(seconds, 4),
            "bytes": answer.bytes,
            "request_id": answer.request_id,
        }
        if self._format == "json":
            log.info(json.dumps({"time": round(time.time(), 3), **facts}))
        else:
            log.info(" ".join(f"{name}={value}" for name, value in facts.items()))


class _Answer:
    """What was answered to one request."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status, self.bytes = CLIENT_LEFT, 0
        self._begun = False

    async def send(self, message: Message) -> None:
        """Send a part of the answer; its headers carry the id."""
        if message["type"] == "http.response.start":
            self.status, self._begun = message["status"], True
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-request-id"]
            message = {**message, "headers": [*headers, (b"x-request-id", self.request_id.encode())]}
        self.bytes += len(message.get("body", b""))
        await self._send(message)

    async def broken(self) -> None:
        """Answer 500, unless an answer has begun: that one is cut, so that nobody takes it for whole."""
        if self._begun:
            self.status = 500
            raise ConnectionAbortedError("an answer that had begun could not be finished")
        text = json.dumps(payload(TEXTS[500], CODES[500], self.request_id)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": text})


def route_of(scope: Scope) -> str:
    """Return the pattern of the address of a request that was routed."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else OTHER


def _request_id(scope: Scope) -> str:
    """Return the id that a client sent where it is short and plain, else a new one: it goes into logs and headers."""
    sent = [value for name, value in scope["headers"] if name == b"x-request-id"]
    return sent[0].decode() if len(sent) == 1 and _PLAIN_ID.fullmatch(sent[0]) else secrets.token_hex(8)


def _log_fault(request_id: str, error: Exception) -> None:
    """Log the kind of an error and where it arose; its message may hold a text, so it is left out."""
    trace, places = error.__traceback__, []
    while trace:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    log.error("request_id=%s failed: %s at %s", request_id, type(error).__name__, " < ".join(places[:-4:-1]))
