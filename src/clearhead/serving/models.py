"""The models of a service: several side by side, loaded when they are first asked for, bounded in bytes together."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from clearhead import model_directory
from clearhead.errors import ClearheadError, ConfigError
from clearhead.serving.batcher import Batcher, Figures
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.settings import ServingSettings
from clearhead.storage.folders import MANIFEST
from clearhead.storage.untrusted import shown
from clearhead.text.language_codes import find
from clearhead.translator import Translator
from clearhead.translator.languages import Languages

_log = logging.getLogger(__name__)
Load = Callable[[str], Translator]
"""Loads a model by its name."""


@dataclass(frozen=True, kw_only=True)
class ListedModel:
    """What is known of a model without loading it."""

    name: str
    sources: tuple[str, ...]
    """Empty where the model was not told."""
    targets: tuple[str, ...]
    bytes: int
    """Of its weights."""
    manifest_sum: str
    """SHA-256 of its manifest, which has the sums of all its files."""
    loaded: bool = False

    def translates(self, source: str | None, target: str | None) -> bool:
        """Say whether it translates between two languages, as far as these are known."""
        pairs = ((source, self.sources), (target, self.targets))
        return all(code is None or not codes or find(code, codes) is not None for code, codes in pairs)


@dataclass(eq=False, kw_only=True)
class Served:
    """A model that is loaded."""

    listed: ListedModel
    translator: Translator
    batcher: Batcher
    users: int = field(default=0)
    """How many use it besides the batcher."""

    @property
    def name(self) -> str:
        """What it is called in requests."""
        return self.listed.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages that it translates from."""
        return self.listed.sources

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that it translates to."""
        return self.listed.targets

    @property
    def busy(self) -> bool:
        """Whether somebody waits for it."""
        return self.users > 0 or self.batcher.busy


class Models:
    """Models by name. Raises CheckpointError for one that is not there, ConfigError for one that reads no text."""

    def __init__(
        self,
        names: Sequence[str],
        settings: ServingSettings,
        *,
        figures: Figures | None = None,
        load: Load | None = None,
    ) -> None:
        self._settings, self._figures = settings, figures
        self._load = load or partial(Translator.load, device=settings.device)
        self._known = {name: _listed(name) for name in names}
        self._loaded: OrderedDict[str, Served] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Served]] = {}
        self._closing = False

    def listed(self) -> list[ListedModel]:
        """Return what is known of each model, the one that answers by default first."""
        first = self._settings.default_model
        ordered = sorted(self._known.values(), key=lambda model: model.name != first)
        return [ListedModel(**{**vars(model), "loaded": model.name in self._loaded}) for model in ordered]

    async def get(
        self, name: str | None = None, source: str | None = None, target: str | None = None
    ) -> Served:
        """Return a model by name, or the first that translates between two languages, and load it if need be.

        Raises ServiceFailure: 400 `unknown_model`, 400 `unsupported_language`, 503 `model_unavailable`.
        """
        model = self._chosen(name, source, target)
        if model.name not in self._loaded:
            loading = self._loading.get(model.name)
            if loading is None:
                loading = self._loading[model.name] = asyncio.create_task(self._served(model))
            return await asyncio.shield(loading)  # others may wait for it, or will
        self._loaded.move_to_end(model.name)
        return self._loaded[model.name]

    @asynccontextmanager
    async def using(
        self, name: str | None = None, source: str | None = None, target: str | None = None
    ) -> AsyncIterator[Served]:
        """Have a model stay loaded while a block runs; as `get`."""
        served = await self.get(name, source, target)
        served.users += 1
        try:
            yield served
        finally:
            served.users -= 1
            self._make_room()

    async def close(self) -> None:
        """Refuse what is new, and return when all that was accepted is answered."""
        self._closing = True
        await asyncio.gather(*(served.batcher.close() for served in self._loaded.values()))

    def _chosen(self, name: str | None, source: str | None, target: str | None) -> ListedModel:
        if name is not None:
            if name not in self._known:
                raise bad_request(
                    f"there is no model {shown(name)} here; there are: {', '.join(self._known)}",
                    "unknown_model",
                )
            return self._known[name]
        for model in self.listed():
            if model.translates(source, target):
                return model
        raise bad_request(
            f"no model here translates from {shown(source or 'any language')} to {shown(target or 'any language')}",
            "unsupported_language",
        )

    async def _served(self, model: ListedModel) -> Served:
        """Load a model, once for all who wait for it."""
        self._make_room(model.bytes)
        try:
            translator, at_once = await asyncio.to_thread(self._ready, model.name)
        except ClearheadError as error:
            _log.error("the model %s cannot be loaded: %s", model.name, error)
            raise ServiceFailure(
                503,
                "model_unavailable",
                f"the model {model.name} cannot be loaded now; the service's log says why",
            ) from error
        finally:
            del self._loading[model.name]
        batcher = Batcher(translator, self._settings, self._figures, at_once=at_once)
        if self._closing:
            await batcher.close()
        served = Served(listed=model, translator=translator, batcher=batcher)
        self._loaded[model.name] = served
        self._make_room(keep=served)
        return served

    def _ready(self, name: str) -> tuple[Translator, int]:
        """Load a model, and its engine with it, which the first translation would have to wait for.

        Return it with how many batches it translates at a time.
        """
        translator = self._load(name)
        engine = translator.engine
        _log.info("loaded %s: %s", name, engine.name)
        return translator, engine.at_once

    def _make_room(self, size: int = 0, keep: Served | None = None) -> None:
        """Unload the least recently used models that nobody waits for until `size` more bytes have room."""
        used = size + sum(served.listed.bytes for served in self._loaded.values())
        for served in list(self._loaded.values()):
            if used <= self._settings.model_bytes:
                return
            if served is not keep and not served.busy:
                del self._loaded[served.name]
                used -= served.listed.bytes


def _listed(name: str) -> ListedModel:
    path: Path = model_directory.find(name)
    info = model_directory.read_config(path)
    if info.plain_text or info.model.source_features:
        raise ConfigError(f"the model {name} does not translate text, so it cannot be served; leave it out")
    languages = Languages.of(model_directory.read_tokenizer(path), info)
    return ListedModel(
        name=name,
        sources=languages.sources,
        targets=languages.targets,
        bytes=(path / model_directory.WEIGHTS).stat().st_size,
        manifest_sum=hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest(),
    )
