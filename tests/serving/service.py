"""A service that translates without a model, or with one directly, for tests of what stands in front of it."""

from dataclasses import dataclass, field

from starlette.testclient import TestClient

from clearhead.extras import has_torch
from clearhead.inspection.alignment import Alignment
from clearhead.serving.app import create_app
from clearhead.serving.settings import ServingSettings
from clearhead.translator import Translation, Translator


@dataclass
class Listed:
    """A model as a service lists it."""

    sources: tuple[str, ...] = ("de", "en", "es", "fr")
    targets: tuple[str, ...] = ("de", "en", "es", "fr")


@dataclass
class Models:
    """A list of models."""

    models: list[Listed] = field(default_factory=lambda: [Listed()])

    def listed(self):
        return self.models


@dataclass
class Shouting:
    """Translates into capital letters, word by word, and notes how it was asked."""

    models: Models = field(default_factory=Models)
    calls: list[dict] = field(default_factory=list)
    fault: Exception | None = None

    async def started(self):
        pass

    async def closed(self):
        pass

    async def translate(self, text, **options):
        self.calls.append({"text": text, **options})
        if self.fault:
            raise self.fault
        return [self.one(each, **options) for each in text]

    def one(self, text, *, to, num_hypotheses=1, align=False, **_):
        words = tuple(text.split())
        others = tuple(
            Translation(source=text, text=f"{text.upper()} {n}", to=to, score=0.0, tokens=())
            for n in range(1, num_hypotheses)
        )
        alignment = None
        if align:
            links = tuple((number, number) for number in range(len(words)))
            shouted = tuple(map(str.upper, words))
            alignment = Alignment(source=words, target=shouted, links=links, weights=())
        return Translation(
            source=text,
            text=text.upper(),
            to=to,
            score=0.0,
            tokens=(),
            alternatives=others,
            alignment=alignment,
        )


@dataclass
class Direct:
    """Asks a translator, one request after another."""

    translator: Translator
    models: Models = field(default_factory=Models)

    async def started(self):
        pass

    async def closed(self):
        pass

    async def translate(self, text, *, client, **options):
        return self.translator.translate(list(text), **options)


def default_model():
    """Return the default model: in our own code where that runs, since that is loaded sooner than it is converted."""
    return Translator.load(engine="pytorch" if has_torch() else "auto")


def client_of(service, raising=True, **settings):
    """Return a client of an app that runs a service; to be used in a `with`."""
    app = create_app(ServingSettings(**settings), service)
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=raising)
