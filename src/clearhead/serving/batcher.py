"""Concurrent requests translated together: fairly, in a queue that is bounded, until their deadlines.

While batches are translated, each in a thread, the next one gathers; so nobody waits for company, except for a moment
where several requests were answered just before: their clients are about to come back. A lone client never waits. What
waits is shared out evenly among the batches that the engine translates at a time, so that no core waits for another.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from clearhead.serving.failures import ServiceFailure
from clearhead.serving.jobs import Job, Turns, Waiting
from clearhead.serving.pieces import Pieces
from clearhead.serving.settings import ServingSettings
from clearhead.translator import Translation, Translator

__all__ = ["Batcher", "Figures", "Job"]

_USUAL_RATE = 1_000.0
"""Tokens a second of a batch, until it was measured."""
_LATEST = 0.2
"""Weight of the latest batch in the measured rate."""
_RECENT = 0.05
"""Seconds within which clients that were answered together come back."""
_BATCHES = 2
"""Full batches that may wait however slow the service has been of late."""
_LONGEST_SECONDS = 0.5
"""Most that a batch should take: for so long somebody who comes with one text waits behind another's many."""
_LEAST_TOKENS = 256
"""However slow the service has been, a batch may have so many: with fewer the engine does not pay."""


class Figures(Protocol):
    """What is counted of the work; `metrics.Metrics` does."""

    def batch(self, *, sequences: int, source_tokens: int, target_tokens: int, seconds: float) -> None:
        """Count a batch that was translated."""

    def queue(self, tokens: int) -> None:
        """Note how many tokens wait."""


class Batcher:
    """Translates the jobs of all requests to one model, `at_once` batches at a time."""

    def __init__(
        self,
        translator: Translator,
        settings: ServingSettings,
        figures: Figures | None = None,
        *,
        at_once: int = 1,
    ) -> None:
        self.translator = translator
        self._settings, self._figures, self._at_once = settings, figures, at_once
        self._turns = Turns()
        self._running: dict[asyncio.Task[None], list[Waiting]] = {}
        self._runner: asyncio.Task[None] | None = None
        self._accepted = 0
        self._reserved = 0
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._rate = _USUAL_RATE
        self._shared_at = -_RECENT
        """When the last batch of several requests ended."""

    @property
    def queued_tokens(self) -> int:
        """Tokens that wait, about."""
        return self._turns.tokens + self._reserved

    @property
    def in_flight(self) -> int:
        """Texts that are being translated now."""
        return sum(map(len, self._running.values()))

    @property
    def busy(self) -> bool:
        """Whether anything was accepted that is not answered yet."""
        return self._accepted > 0

    async def translate(self, job: Job) -> Translation:
        """Return the translation of one text; as `translate_all`."""
        (translation,) = await self.translate_all([job])
        return translation

    async def translate_all(self, jobs: Sequence[Job]) -> list[Translation]:
        """Return the translation of each text of a request; they are accepted or refused together.

        Raises ServiceFailure: 503 `busy` where too much waits, 503 `closing` once `close` was called, 504 `deadline`;
        or what is wrong with a text itself. A cancelled call leaves the queue.
        """
        if not jobs:
            return []
        counts = self._admitted([job.text for job in jobs])
        with self._answering():
            return await self._answers(jobs, counts)

    async def stream(self, job: Job) -> AsyncIterator[str | Translation]:
        """Yield what comes next of a translation as soon as it is there, then the whole `Translation`.

        Sentence by sentence: the first alone, then twice as many each time, so that it begins soon and goes on
        fast. Whoever closes the iterator stops the rest. Raises what `translate_all` raises, before the first.
        """
        (tokens,) = self._admitted([job.text])
        with self._answering():
            self._reserved += (reserved := tokens)  # what was accepted is not refused halfway
            try:
                pieces = await asyncio.to_thread(Pieces.of, self.translator, job)
                rest, count = pieces.jobs, 1
                while rest:
                    group, rest = rest[:count], rest[count:]
                    share = reserved if not rest else min(reserved, self._count([one.text for one in group]))
                    reserved, self._reserved = reserved - share, self._reserved - share
                    found = await self._answers(group, [max(1, share // len(group))] * len(group))
                    yield pieces.following(found)
                    count *= 2
            finally:
                self._reserved -= reserved
            yield pieces.whole()

    async def close(self) -> None:
        """Refuse what is new, and return when all that was accepted is answered."""
        self._closing = True
        await self._idle.wait()
        if self._runner is not None:
            await self._runner
        await asyncio.gather(*self._running)

    def _admitted(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text of a request. Raises ServiceFailure where there is no room for them."""
        if self._closing:
            raise ServiceFailure(
                503, "closing", "the service is ending; send the request again in a moment", retry_after=2.0
            )
        most, waiting = self._most_tokens(), self.queued_tokens
        if waiting >= most:  # before any work is done for it
            raise self._busy()
        counts = [self._count([text]) for text in texts]
        if waiting and waiting + sum(counts) > most:
            raise self._busy()
        return counts

    def _most_tokens(self) -> int:
        """Return how many tokens may wait: what is behind more would be given up before its turn came."""
        in_time = self._rate * self._at_once * self._settings.deadline_seconds
        return min(self._settings.queue_tokens, max(_BATCHES * self._settings.batch_tokens, int(in_time)))

    def _count(self, texts: Sequence[str]) -> int:
        return sum(1 + len(self.translator.tokenizer.encode(text)) for text in texts)

    def _busy(self) -> ServiceFailure:
        begun = sum(waiting.tokens for batch in self._running.values() for waiting in batch)
        ahead = self.queued_tokens + begun
        return ServiceFailure(
            503,
            "busy",
            f"{self.queued_tokens:,} tokens wait to be translated, near the limit of "
            f"{self._most_tokens():,}; try again later",
            retry_after=ahead / (self._rate * self._at_once),
        )

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Count a request that was accepted until it is answered."""
        self._accepted += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._accepted -= 1
            if not self._accepted:
                self._idle.set()

    async def _answers(self, jobs: Sequence[Job], counts: Sequence[int]) -> list[Translation]:
        """Queue jobs that were admitted, and return their translations."""
        loop, request = asyncio.get_running_loop(), object()
        waiting = [
            Waiting(job=job, tokens=tokens, request=request, answer=loop.create_future())
            for job, tokens in zip(jobs, counts, strict=True)
        ]
        for one in waiting:
            self._turns.add(one)
        self._note()
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout_at(_earliest(jobs, loop)):
                return await asyncio.gather(*(one.answer for one in waiting))
        except TimeoutError:
            raise ServiceFailure(
                504,
                "deadline",
                "the translation took too long and was given up; send less text, or try again later",
            ) from None
        finally:
            for one in waiting:
                self._leave(one)
            self._note()

    def _leave(self, waiting: Waiting) -> None:
        """Have a job no longer translated, if it still is to be."""
        self._turns.remove(waiting)
        if not waiting.answer.done():
            waiting.answer.cancel()
        elif not waiting.answer.cancelled():
            waiting.answer.exception()  # several texts of a request may have failed, and one is told

    async def _run(self) -> None:
        """Begin batch after batch until nothing waits."""
        await self._gathered()
        while True:
            while (free := self._at_once - len(self._running)) and (batch := self._taken(free)):
                self._note()
                task = asyncio.create_task(self._answered(batch))
                self._running[task] = batch
                task.add_done_callback(self._running.pop)
            if not self._turns:
                return
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    def _taken(self, free: int) -> list[Waiting]:
        """Take the share of one of the batches that can begin now, and no more than it can do soon."""
        share = math.ceil(self._turns.tokens / free)
        soon = max(_LEAST_TOKENS, int(self._rate * _LONGEST_SECONDS))
        return self._turns.take(min(self._settings.batch_tokens, share, soon))

    async def _answered(self, batch: list[Waiting]) -> None:
        """Translate a batch, and see to it that everybody in it is answered."""
        try:
            await self._translate(batch)
        finally:
            for one in batch:  # a fault of ours is told too, and nobody waits for nothing
                if not one.answer.done():
                    one.answer.set_exception(RuntimeError("a batch ended without an answer"))
        if len({id(one.request) for one in batch}) > 1:
            self._shared_at = time.monotonic()

    async def _gathered(self) -> None:
        """Wait a moment where several requests come at the same time."""
        several = self._turns.requests() > 1 or time.monotonic() - self._shared_at < _RECENT
        if several and self._turns.tokens < self._settings.batch_tokens:
            await asyncio.sleep(self._settings.batch_wait_ms / 1000)
        else:
            await asyncio.sleep(0)  # what comes in the same turn of the loop

    async def _translate(self, batch: Sequence[Waiting]) -> None:
        """Translate a batch; where it fails, its halves, so that only what is wrong in itself fails."""
        wanted = [one for one in batch if not one.answer.done()]
        if not wanted:
            return
        began = time.monotonic()
        try:
            translations = await asyncio.to_thread(self._translations, wanted)
        except _Unwanted:
            return
        except Exception as error:
            if len(wanted) == 1:
                _settle(wanted[0], error)
                return
            half = len(wanted) // 2
            await self._translate(wanted[:half])
            await self._translate(wanted[half:])
            return
        self._measure(wanted, translations, time.monotonic() - began)
        for one, translation in zip(wanted, translations, strict=True):
            _settle(one, translation)

    def _translations(self, batch: Sequence[Waiting]) -> list[Translation]:
        """Translate a batch, in a thread; at the end of each sentence see whether anybody still wants it."""

        def reached(count: int) -> None:
            if all(one.answer.done() for one in batch):
                raise _Unwanted

        texts = [one.job.text for one in batch]
        return list(self.translator.stream(texts, **batch[0].job.options, reached=reached))

    def _measure(self, batch: Sequence[Waiting], translations: Sequence[Translation], seconds: float) -> None:
        tokens = sum(one.tokens for one in batch)
        self._rate += _LATEST * (tokens / max(seconds, 1e-4) - self._rate)
        if self._figures:
            written = sum(len(translation.tokens) for translation in translations)
            self._figures.batch(
                sequences=len(batch), source_tokens=tokens, target_tokens=written, seconds=seconds
            )

    def _note(self) -> None:
        if self._figures:
            self._figures.queue(self.queued_tokens)


class _Unwanted(Exception):  # noqa: N818  (no error: everybody has left)
    """Nobody waits for a batch any more."""


def _settle(waiting: Waiting, outcome: Translation | Exception) -> None:
    """Answer a job, unless it was given up."""
    if waiting.answer.done():
        return
    if isinstance(outcome, Exception):
        waiting.answer.set_exception(outcome)
    else:
        waiting.answer.set_result(outcome)


def _earliest(jobs: Sequence[Job], loop: asyncio.AbstractEventLoop) -> float | None:
    """Return when the first of some jobs is to be given up, by the clock of the loop."""
    deadlines = [job.deadline for job in jobs if job.deadline is not None]
    return loop.time() + min(deadlines) - time.monotonic() if deadlines else None
