"""The service put together: what is kept for all requests, the routers, and one shape of answer for what fails."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from clearhead import __version__
from clearhead.errors import ClearheadError
from clearhead.serving import failures
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.settings import ServingSettings

log = logging.getLogger(__name__)


def create_app(settings: ServingSettings, service: object | None = None) -> FastAPI:
    """Return the service as an ASGI application; `service` translates, by default the settings' own models."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield

    app = FastAPI(title="Clearhead", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.service = service
    for router in _routers(settings):
        app.include_router(router)
    _answer_failures(app)
    return app


def _routers(settings: ServingSettings) -> list[APIRouter]:
    """Return the routers, those with fixed addresses before the page, which answers for the rest."""
    return []


def _answer_failures(app: FastAPI) -> None:
    """Have every failure answered as JSON, without a traceback and without a word of the request's text."""

    @app.exception_handler(ServiceFailure)
    async def refused(request: Request, failure: ServiceFailure) -> JSONResponse:
        return _answer(request, failure.status, failure.message, failure.code, failure.headers)

    @app.exception_handler(ClearheadError)
    async def wrong(request: Request, error: ClearheadError) -> JSONResponse:
        return _answer(request, 400, str(error), failures.CODES[400])

    @app.exception_handler(RequestValidationError)
    async def unprocessable(request: Request, error: RequestValidationError) -> JSONResponse:
        places = sorted({".".join(map(str, fault["loc"][1:])) or "the request" for fault in error.errors()})
        said = f"{', '.join(places)[:200]}: missing or of another type than /docs says"
        return _answer(request, 422, said, failures.CODES[422])

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        said = failures.TEXTS.get(error.status_code, str(error.detail))
        code = failures.CODES.get(error.status_code, "failed")
        return _answer(request, error.status_code, said, code, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        log.error("request %s failed", failures.request_id_of(request.scope), exc_info=error)
        return _answer(request, 500, failures.TEXTS[500], failures.CODES[500])


def _answer(
    request: Request, status: int, message: str, code: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    request_id = failures.request_id_of(request.scope)
    headers = {**(headers or {}), "x-request-id": request_id}
    return JSONResponse(failures.payload(message, code, request_id), status_code=status, headers=headers)
