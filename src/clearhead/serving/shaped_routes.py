"""Routes whose failures have the shape that clients of another interface read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from clearhead.errors import ConfigError, DataError, DocumentError, TextError, TranslationError
from clearhead.serving.failures import ServiceFailure, bad_request

_OF_THE_REQUEST = (ConfigError, DataError, DocumentError, TextError, TranslationError)
"""What a request causes, such as a term that cannot be read; all else is a fault of ours, and answered as that."""


def shaped(shape: Callable[[ServiceFailure], dict[str, Any]]) -> type[APIRoute]:
    """Return a class of routes that answer what is wrong with a request as `shape` writes it."""

    class Shaped(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def answered(request: Request) -> Response:
                try:
                    return await handler(request)
                except ServiceFailure as failure:
                    return JSONResponse(shape(failure), failure.status, failure.headers)
                except _OF_THE_REQUEST as error:
                    return JSONResponse(shape(bad_request(str(error))), 400)

            return answered

    return Shaped
