"""The service put together: what is kept for all requests, the routers, and one shape of answer for what fails."""

import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from clearhead import __version__
from clearhead.errors import ClearheadError, DocumentError, TextError, TranslationError
from clearhead.serving import failures, libretranslate, openapi
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.files import Files
from clearhead.serving.settings import ServingSettings
from clearhead.serving.suggestions import Suggestions
from clearhead.serving.translating import TranslatingService

log = logging.getLogger(__name__)


def create_app(settings: ServingSettings, service: TranslatingService) -> FastAPI:
    """Return the service as an ASGI application; `service` is what translates."""
    app = FastAPI(
        title="Clearhead",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.service = service
    app.state.admit = _by_address
    app.state.suggestions = (
        Suggestions(Path(settings.suggestions_file)) if settings.suggestions_file else None
    )
    for router in _routers():
        app.include_router(router)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
        )
    _answer_failures(app)
    return app


def _routers() -> list[APIRouter]:
    """Return the routers."""
    return [
        libretranslate.router,
        _documentation,
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep translated documents for as long as the service runs."""
    settings: ServingSettings = app.state.settings
    with ExitStack() as stack:
        folder = settings.files_folder or stack.enter_context(TemporaryDirectory(prefix="clearhead-"))
        app.state.files = Files(
            Path(folder), seconds=60 * settings.files_minutes, largest=settings.max_file_bytes
        )
        yield


async def _by_address(request: Request, key: str, characters: int) -> str:
    """Return the name of a client where there are neither keys nor rates: its address."""
    return request.client.host if request.client else ""


_documentation = APIRouter()


@_documentation.get("/docs", include_in_schema=False)
def documentation(request: Request) -> HTMLResponse:
    """Show the interface, without a script and with nothing from elsewhere."""
    app: FastAPI = request.app
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(openapi.documentation(app.openapi()), headers={"content-security-policy": policy})


def _answer_failures(app: FastAPI) -> None:
    """Have every failure answered as JSON, without a traceback and without a word of the request's text."""

    @app.exception_handler(ServiceFailure)
    async def refused(request: Request, failure: ServiceFailure) -> JSONResponse:
        return _answer(request, failure.status, failure.message, failure.code, failure.headers)

    @app.exception_handler(DocumentError)
    @app.exception_handler(TextError)
    @app.exception_handler(TranslationError)
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
