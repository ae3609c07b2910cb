"""What goes wrong for a client: a status, a code for programs, a line for people; one shape of JSON for all of it."""

import secrets
from collections.abc import Mapping, MutableMapping
from typing import Any

from clearhead.errors import ClearheadError

CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
    504: "deadline",
}
"""Code of a failure of which only the status is known."""
TEXTS: Mapping[int, str] = {
    404: "there is nothing at this address; /docs lists what there is",
    405: "this address does not answer to this method; /docs lists those that it answers to",
    500: "something went wrong in the service; its log has the reason under this request_id",
}
"""What is said where nothing else is known."""


class ServiceFailure(ClearheadError):  # noqa: N818  (an answer, and often no error of ours)
    """A request that is not answered: why in one line, as an HTTP status and as a code for programs."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        """Seconds after which to try again, where that helps."""

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that go with it: `Retry-After`, in whole seconds, at least 1."""
        if self.retry_after is None:
            return {}
        return {"retry-after": str(max(1, -int(-self.retry_after // 1)))}


def bad_request(message: str, code: str = "bad_request") -> ServiceFailure:
    """Return the failure of a request that is wrong in itself."""
    return ServiceFailure(400, code, message)


def payload(message: str, code: str, request_id: str) -> dict[str, str]:
    """Return the JSON of a failure."""
    return {"error": message, "code": code, "request_id": request_id}


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """Return the id of a request (an ASGI scope); one that has none gets one."""
    state = scope.setdefault("state", {})
    identity: str = state.setdefault("request_id", secrets.token_hex(8))
    return identity
