"""A service that answers at once, so that a test is about its interface only."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from clearhead.inspection.alignment import Alignment
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.glossaries import Glossaries
from clearhead.serving.keys import Keys
from clearhead.serving.rates import Rates
from clearhead.serving.settings import ServingSettings
from clearhead.serving.usage import Usage
from clearhead.translator import Translation


@dataclass
class Shouting:
    """Translates into capitals, word by word, and remembers what it was asked."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    models: Any = None

    async def translate(self, texts: str | list[str], **options: Any) -> Translation | list[Translation]:
        self.calls.append({"texts": texts, **options})
        if options["to"] == "xx":
            raise ServiceFailure(400, "unsupported", "xx is not supported")
        if isinstance(texts, str):
            return _shouted(texts, options["to"])
        return [_shouted(text, options["to"]) for text in texts]

    async def stream(self, text: str, **options: Any) -> AsyncIterator[str | Translation]:
        """Give the translation word by word; `!!` in the text fails there."""
        whole = await self.translate(text, **options)
        for number, word in enumerate(whole.text.split(" ")):
            if word == "!!":
                raise ServiceFailure(504, "deadline", "it took too long")
            yield word if number == 0 else f" {word}"
        yield whole


def _shouted(text: str, to: str | None) -> Translation:
    words = tuple(text.split())
    links = [(number, number) for number in range(len(words))]
    alignment = Alignment(
        source=words,
        target=tuple(map(str.upper, words)),
        links=tuple(links),
        weights=(np.eye(len(words), dtype=np.float32),),
    )
    return Translation(source=text, text=text.upper(), to=to, score=0.0, tokens=(), alignment=alignment)


def client_of(*routers: APIRouter, keys: Keys | None = None) -> tuple[TestClient, Shouting]:
    """Return a client of some routers, and the service behind them."""
    service = Shouting()
    model = SimpleNamespace(name="default", sources=("en", "fr", "pt"), targets=("en", "fr", "pt"))
    service.models = SimpleNamespace(listed=lambda: [model])
    app = FastAPI()
    for router in routers:
        app.include_router(router)
    app.state.service = service
    app.state.settings = ServingSettings(max_list=3, max_chars=100, keys_file=str(keys.path) if keys else "")
    app.state.keys, app.state.rates, app.state.usage = keys, Rates(0, 0), Usage()
    app.state.glossaries = Glossaries()
    return TestClient(app), service
