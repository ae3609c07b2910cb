"""The service put together: what is kept for all requests, the routers, and one shape of answer for what fails."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match

from clearhead import __version__
from clearhead.errors import ClearheadError, DocumentError, TextError, TranslationError
from clearhead.serving import (
    deepl,
    deepl_glossaries,
    failures,
    health,
    libretranslate,
    metrics,
    native,
    openai,
    openapi,
    pages,
)
from clearhead.serving.access import Access
from clearhead.serving.body import BodyLimits
from clearhead.serving.door import Door
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.files import Files
from clearhead.serving.glossaries import Glossaries
from clearhead.serving.keys import Keys
from clearhead.serving.metrics import Metrics
from clearhead.serving.rates import Rates
from clearhead.serving.service import Service
from clearhead.serving.settings import ServingSettings
from clearhead.serving.suggestions import Suggestions
from clearhead.serving.translating import TranslatingService
from clearhead.serving.usage import Usage


def create_app(settings: ServingSettings, service: TranslatingService | None = None) -> FastAPI:
    """Return the service as an ASGI application; `service` is what translates, without it the models of the settings.

    Raises ConfigError or CheckpointError where a file of keys or a model is not there.
    """
    app = FastAPI(
        title="Clearhead",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    app.state.service = service or Service(settings, figures=app.state.metrics)
    app.state.keys = Keys(settings.keys_file) if settings.keys_file else None
    if app.state.keys:
        app.state.keys.listed()  # a file that cannot be read is said now, not at every request
    app.state.rates = Rates(settings.requests_per_minute, settings.chars_per_minute)
    app.state.glossaries = Glossaries()
    app.state.usage = Usage()
    app.state.suggestions = (
        Suggestions(Path(settings.suggestions_file)) if settings.suggestions_file else None
    )
    for router in _routers(settings):
        app.include_router(router)
    app.add_middleware(BodyLimits, settings.max_body_bytes, settings.max_file_bytes)
    app.add_middleware(Door)
    if settings.cors_origins:  # outside, so that a page can read a refusal too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["retry-after", "x-request-id"],
        )
    app.add_middleware(Access, app.state.metrics, settings.log)  # the last is the outermost
    _answer_failures(app)
    return app


def _routers(settings: ServingSettings) -> list[APIRouter]:
    routers = [libretranslate.router, native.router, deepl.router, deepl_glossaries.router, openai.router]
    routers += [health.router, metrics.router, _documentation]
    return [*routers, pages.router] if settings.page else routers


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Have the first model ready, and answer what was accepted before the end."""
    settings: ServingSettings = app.state.settings
    service: TranslatingService = app.state.service
    with ExitStack() as stack:
        folder = settings.files_folder or stack.enter_context(TemporaryDirectory(prefix="clearhead-"))
        app.state.files = Files(
            Path(folder), seconds=60 * settings.files_minutes, largest=settings.max_file_bytes
        )
        await service.started()
        try:
            yield
        finally:
            await service.closed()


_documentation = APIRouter()


@_documentation.get("/docs", include_in_schema=False)
def documentation(request: Request) -> HTMLResponse:
    """Show the interface, without a script and with nothing from elsewhere."""
    app: FastAPI = request.app
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(openapi.documentation(app.openapi()), headers={"content-security-policy": policy})


def _answer_failures(app: FastAPI) -> None:
    """Have what is wrong with a request answered as JSON; what is wrong with us is answered by `Access`."""

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
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["allow"] = ", ".join(_methods(app, request)) or headers.get("allow", "")
        return _answer(request, error.status_code, said, code, headers)


def _methods(app: FastAPI, request: Request) -> list[str]:
    """Return the methods of an address: of all its routes, of which the framework names the first."""
    routes = [route for router in _routers(app.state.settings) for route in router.routes]
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in matching for method in getattr(route, "methods", None) or ()})


def _answer(
    request: Request, status: int, message: str, code: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    request_id = failures.request_id_of(request.scope)
    headers = {**(headers or {}), "x-request-id": request_id}
    return JSONResponse(failures.payload(message, code, request_id), status_code=status, headers=headers)
