"""An application that stands for the service: what the server and the middlewares do does not depend on translation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request

from clearhead.serving import health, metrics
from clearhead.serving.access import Access
from clearhead.serving.body import BodyLimits
from clearhead.serving.metrics import Metrics
from clearhead.serving.settings import ServingSettings


def create(settings: ServingSettings) -> FastAPI:
    """Return an application with the layers of the service, an answer that takes long, and one that breaks."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        if settings.suggestions_file:  # here only a place to say that the end was orderly
            with Path(settings.suggestions_file).open("a") as out:
                out.write("closed\n")

    app = FastAPI(lifespan=lifespan)
    app.state.metrics = Metrics()
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.add_middleware(BodyLimits, settings.max_body_bytes, settings.max_file_bytes)
    app.add_middleware(Access, app.state.metrics, settings.log)

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, str]:
        return {"text": (await request.body()).decode()}

    @app.post("/typed")
    async def typed(body: dict[str, str]) -> dict[str, str]:
        return body

    @app.get("/slow/{seconds}")
    async def slow(seconds: float) -> dict[str, float]:
        await asyncio.sleep(seconds)
        return {"slept": seconds}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the text of a user")

    return app
