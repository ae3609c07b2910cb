"""What routes speak to: translations of texts, their streams, and a look inside, by whichever model is meant."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from clearhead.config.choices import WordKind
from clearhead.serving.batcher import Figures
from clearhead.serving.cache import TranslationCache, key_of, sum_of
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.jobs import Job
from clearhead.serving.models import Load, Models, Served
from clearhead.serving.settings import ServingSettings
from clearhead.translator import PairScore, Translation

if TYPE_CHECKING:
    from clearhead.inspection.alignment import Alignment
    from clearhead.translator.continuations import Continuation

Result = TypeVar("Result")
_WAITING = 16
"""Requests beside the queue (to look, score, align or go on) that wait at most; they run one at a time."""


class Service:
    """The models, what they have translated, and the rules that hold for every way to ask."""

    def __init__(
        self, settings: ServingSettings, *, figures: Figures | None = None, load: Load | None = None
    ) -> None:
        self.settings = settings
        self.models = Models(settings.models, settings, figures=figures, load=load)
        self.cache = TranslationCache(settings.cache_entries)
        self._one_at_a_time = asyncio.Semaphore(1)
        self._beside = 0
        self._closing = False

    async def started(self) -> None:
        """Load the model that answers by default, so that nobody waits for it."""
        await self.models.get(self.models.listed()[0].name)

    async def closed(self) -> None:
        """Refuse what is new, and return when all that was accepted is answered, or after `drain_seconds`."""
        self._closing = True
        try:
            async with asyncio.timeout(self.settings.drain_seconds):
                await self.models.close()
                while self._beside:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return

    @overload
    async def translate(self, text: str, **options: Any) -> Translation: ...
    @overload
    async def translate(self, text: Sequence[str], **options: Any) -> list[Translation]: ...

    async def translate(
        self, text: str | Sequence[str], *, model: str | None = None, **options: Any
    ) -> Translation | list[Translation]:
        """Return the translation of a text, or of each text of a list; one that was made before comes from the cache.

        `options` are those of `Job`: to, source, beam_size, num_hypotheses, prefix, align, word_confidence, terms,
        client.
        Raises ServiceFailure, or TranslationError for what the model cannot do.
        """
        texts = [text] if isinstance(text, str) else list(text)
        async with self.models.using(model, options.get("source"), options.get("to")) as served:
            jobs = [self._job(each, served, options) for each in texts]
            keys = self._keys(jobs, served)
            found = [self.cache.get(key) for key in keys]
            missing = {key: job for key, job, one in zip(keys, jobs, found, strict=True) if one is None}
            made = await served.batcher.translate_all(list(missing.values()))
        by_key = dict(zip(missing, made, strict=True))
        for key, translation in by_key.items():
            self.cache.put(key, translation)
        translations = [one or by_key[key] for key, one in zip(keys, found, strict=True)]
        return translations[0] if isinstance(text, str) else translations

    async def stream(
        self, text: str, *, model: str | None = None, **options: Any
    ) -> AsyncIterator[str | Translation]:
        """Yield what comes next of a translation, then the whole `Translation`; as `translate`."""
        async with self.models.using(model, options.get("source"), options.get("to")) as served:
            stream = served.batcher.stream(self._job(text, served, options))
            try:
                async for piece in stream:
                    yield piece
            finally:
                await stream.aclose()  # type: ignore[attr-defined]

    async def score(
        self, sources: list[str], targets: list[str], *, model: str | None, source: str | None, to: str | None
    ) -> list[PairScore]:
        """Return how probable each target is as the translation of its source."""
        async with self.models.using(model, source, to) as served:
            return await self.beside(lambda: served.translator.score(sources, targets, to=to))

    async def align(
        self,
        sources: list[str],
        targets: list[str],
        *,
        model: str | None,
        source: str | None,
        to: str | None,
        words: WordKind = "split",
    ) -> "list[Alignment]":
        """Return which words of each target come from which of its source."""
        async with self.models.using(model, source, to) as served:
            return await self.beside(lambda: served.translator.align(sources, targets, to=to, words=words))

    async def continuations(
        self, text: str, before: str, count: int, *, model: str | None, source: str | None, to: str | None
    ) -> "list[Continuation]":
        """Return words that may come after the beginning of a translation."""
        async with self.models.using(model, source, to) as served:
            return await self.beside(
                lambda: served.translator.continuations(text, before, to=to, source=source, count=count)
            )

    async def beside(self, work: Callable[[], Result]) -> Result:
        """Do work that no batch can share, in a thread, one at a time. Raises ServiceFailure 503 and 504."""
        if self._closing:
            raise ServiceFailure(
                503, "closing", "the service is ending; send the request again in a moment", retry_after=2.0
            )
        if self._beside >= _WAITING:
            raise ServiceFailure(
                503,
                "busy",
                f"{self._beside} such requests wait, which is the limit; try again later",
                retry_after=5.0,
            )
        self._beside += 1
        try:
            try:
                async with asyncio.timeout(self.settings.deadline_seconds):
                    await self._one_at_a_time.acquire()
            except TimeoutError:
                raise ServiceFailure(504, "deadline", "others took too long; try again later") from None
            return await _in_a_thread(work, self._one_at_a_time.release)
        finally:
            self._beside -= 1

    def _job(self, text: str, served: Served, options: dict[str, Any]) -> Job:
        beam = options.get("beam_size")
        if beam is not None and beam > self.settings.max_beam:
            raise bad_request(
                f"beam_size is {beam}, above the limit of {self.settings.max_beam}", "over_limit"
            )
        return Job(text=text, deadline=time.monotonic() + self.settings.deadline_seconds, **options)

    def _keys(self, jobs: Sequence[Job], served: Served) -> list[str]:
        """Return the key of each job in the cache."""
        if not jobs:
            return []
        shared = sum_of(jobs[0].options, served.listed.manifest_sum)
        return [key_of(job.text, shared) for job in jobs]


async def _in_a_thread(work: Callable[[], Result], ended: Callable[[], None]) -> Result:
    """Return what work in a thread gives; `ended` is called when the thread is free, however early a caller leaves."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    task.add_done_callback(lambda _: ended())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise
