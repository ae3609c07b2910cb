"""Texts that wait to be translated, and whose turn it is: fairly between clients, like requests together."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from clearhead.terms import Terms
from clearhead.translator import Translation

Likeness = tuple[object, ...]
"""What must be the same for two texts to share a batch."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A text to translate, how, for whom, and until when."""

    text: str
    to: str | None = None
    source: str | None = None
    beam_size: int | None = None
    num_hypotheses: int = 1
    prefix: str = ""
    align: bool = False
    word_confidence: bool = False
    terms: Terms | None = None
    client: str = ""
    """Who asks: clients take turns, however much each of them asks for."""
    deadline: float | None = None
    """When to give up, by `time.monotonic`; None: never."""

    @property
    def options(self) -> dict[str, Any]:
        """How it is to be translated, by name, for `Translator.stream`."""
        return {name: getattr(self, name) for name in _OPTIONS}

    @property
    def likeness(self) -> Likeness:
        """Its options; a glossary by its identity, since to compare two takes long."""
        return tuple(id(value) if isinstance(value, Terms) else value for value in self.options.values())


_OPTIONS = ("to", "source", "beam_size", "num_hypotheses", "prefix", "align", "word_confidence", "terms")


@dataclass(eq=False, kw_only=True)
class Waiting:
    """A job that was accepted."""

    job: Job
    tokens: int
    """Of its source, about."""
    request: object
    """What it came with: the texts of a list are one request."""
    answer: "asyncio.Future[Translation]"
    likeness: Likeness = field(init=False)

    def __post_init__(self) -> None:
        self.likeness = self.job.likeness


class Turns:
    """Jobs that wait. Each client is served in its turn, one job a turn; nobody's many jobs delay another's few."""

    def __init__(self) -> None:
        self.tokens = 0
        """Of all that waits."""
        self._clients: OrderedDict[str, OrderedDict[Likeness, OrderedDict[Waiting, None]]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._clients)

    def __contains__(self, waiting: Waiting) -> bool:
        own = self._clients.get(waiting.job.client)
        return own is not None and waiting in own.get(waiting.likeness, ())

    def add(self, waiting: Waiting) -> None:
        """Put a job behind those of its client."""
        own = self._clients.setdefault(waiting.job.client, OrderedDict())
        own.setdefault(waiting.likeness, OrderedDict())[waiting] = None
        self.tokens += waiting.tokens

    def remove(self, waiting: Waiting) -> None:
        """Take a job away, whose client has left or has waited too long; nothing where it is not here."""
        if waiting not in self:
            return
        client, likeness = waiting.job.client, waiting.likeness
        del self._clients[client][likeness][waiting]
        self.tokens -= waiting.tokens
        if not self._clients[client][likeness]:
            del self._clients[client][likeness]
        if not self._clients[client]:
            del self._clients[client]

    def requests(self) -> int:
        """Return how many requests wait, 2 for any number above 1."""
        seen: set[int] = set()
        for own in self._clients.values():
            for queue in own.values():
                for waiting in queue:
                    seen.add(id(waiting.request))
                    if len(seen) > 1:
                        return 2
        return len(seen)

    def take(self, most_tokens: int) -> list[Waiting]:
        """Take jobs with the same options for a batch: of the client whose turn it is, and of the others in turn.

        They have at most `most_tokens` tokens together; a longer one comes alone.
        """
        if not self._clients:
            return []
        likeness = next(iter(next(iter(self._clients.values()))))
        batch: list[Waiting] = []
        room = most_tokens
        while True:
            turn = [
                client
                for client, own in self._clients.items()
                if likeness in own and (not batch or next(iter(own[likeness])).tokens <= room)
            ]
            if not turn:
                return batch
            for client in turn:
                waiting = next(iter(self._clients[client][likeness]))
                if batch and waiting.tokens > room:
                    continue
                self.remove(waiting)
                batch.append(waiting)
                room -= waiting.tokens
                self._served(client, likeness)

    def _served(self, client: str, likeness: Likeness) -> None:
        """Put a client behind the others, and these options behind its others."""
        if client in self._clients:
            self._clients.move_to_end(client)
            if likeness in self._clients[client]:
                self._clients[client].move_to_end(likeness)
