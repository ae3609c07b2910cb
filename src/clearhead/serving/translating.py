"""Texts, fragments of HTML and documents translated by the service, in languages that clients name or leave open."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from clearhead.documents import formats
from clearhead.documents.translating import marked
from clearhead.segments.protocol import Document, Reading
from clearhead.segments.segment import Marked, Segment
from clearhead.segments.spacing import loosened
from clearhead.segments.template import filled, is_changed
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.languages import Directed, Directions, detect, source_of
from clearhead.terms import Terms
from clearhead.translator import Translation
from clearhead.webpages.html_texts import texts_of

AUTO = "auto"
Markup = Literal["html", "xml"]
_SAMPLE = 2_000
"""Characters of a document by which its language is known."""


class ServedModels(Protocol):
    """The models of a service."""

    def listed(self) -> Sequence[Directed]:
        """Return what is known of each without loading it."""


class TranslatingService(Protocol):
    """What is asked of a service here."""

    @property
    def models(self) -> ServedModels:
        """The models that it has."""

    async def started(self) -> None:
        """Be ready."""

    async def translate(self, text: Any, **options: Any) -> Any:
        """Return the translation of a text, or of each text of a list."""

    async def closed(self) -> None:
        """Answer what was accepted, and end."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a request asks for."""

    source: str
    """Code of a language, or `auto`."""
    target: str
    markup: Markup | None = None
    """What is between the texts that are translated, if they are not plain."""
    untouched: frozenset[str] = frozenset()
    """Names of elements whose content stays as it is, besides those of code and scripts."""
    terms: Terms | None = None
    alternatives: int = 0
    client: str
    """Whose turn it is, where several wait."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One text translated."""

    text: str
    alternatives: tuple[str, ...] = ()
    source: str
    confidence: float
    """From 0 to 100; 100 where the language was not left open."""


def directions(service: TranslatingService) -> Directions:
    """Return what the models of a service translate together."""
    return Directions.of(service.models.listed())


def resolved(known: Directions, source: str, target: str) -> tuple[str, str]:
    """Return source and target as the models call them. Raises ServiceFailure for what none translates."""
    to = known.target(target)
    if source.lower() == AUTO:
        return AUTO, to
    from_ = known.source(source)
    if from_ != to:
        known.check(from_, to)
    return from_, to


async def answers(service: TranslatingService, texts: Sequence[str], wanted: Wanted) -> list[Answer]:
    """Return the translation of each text. Raises ServiceFailure."""
    known = directions(service)
    source, target = resolved(known, wanted.source, wanted.target)
    open_to = known.into(target)
    sources = [(source, 100.0)] * len(texts)
    if source == AUTO:
        sources = await asyncio.to_thread(lambda: [source_of(text, open_to, target) for text in texts])
    if wanted.markup:
        made = await asyncio.gather(
            *(
                _fragment(service, text, code, target, wanted)
                for text, (code, _) in zip(texts, sources, strict=True)
            )
        )
        return [
            Answer(text=text, source=code, confidence=confidence)
            for text, (code, confidence) in zip(made, sources, strict=True)
        ]
    codes = [code for code, _ in sources]
    translations = await _by_source(service, texts, codes, wanted, target)
    return [
        Answer(text=text, alternatives=others, source=code, confidence=confidence)
        for (text, others), (code, confidence) in zip(translations, sources, strict=True)
    ]


async def _by_source(
    service: TranslatingService, texts: Sequence[str], codes: Sequence[str], wanted: Wanted, target: str
) -> list[tuple[str, tuple[str, ...]]]:
    """Return translations with their alternatives; texts of one language are asked for together."""
    results: list[tuple[str, tuple[str, ...]]] = [(text, ()) for text in texts]
    groups = {code: [n for n, own in enumerate(codes) if own == code] for code in dict.fromkeys(codes)}
    groups.pop(target, None)  # which need no translation

    async def translate(code: str, places: list[int]) -> None:
        found = await service.translate(
            [texts[place] for place in places],
            source=code,
            to=target,
            num_hypotheses=1 + wanted.alternatives,
            terms=wanted.terms,
            client=wanted.client,
        )
        for place, one in zip(places, found, strict=True):
            results[place] = one.text, tuple(other.text for other in one.alternatives[: wanted.alternatives])

    await asyncio.gather(*(translate(code, places) for code, places in groups.items()))
    return results


async def _fragment(service: TranslatingService, source: str, code: str, target: str, wanted: Wanted) -> str:
    """Return a fragment of HTML or XML with its texts translated, and all else as it was."""
    if code == target:
        return source
    xml = wanted.markup == "xml"
    texts = await asyncio.to_thread(lambda: texts_of(source, xml=xml, untouched=wanted.untouched))
    segments = [slot.segment for slot in texts.slots]
    done = await _segments(service, segments, code, target, wanted)
    if not any(map(is_changed, segments, done)):
        return source
    return filled(texts.template, texts.slots, done, target)


async def _segments(
    service: TranslatingService, segments: Sequence[Segment], code: str, target: str, wanted: Wanted
) -> list[Marked]:
    """Return the translation of each segment with its tags; aligning takes a pass more, so only where there are any."""
    done: list[Marked] = list(segments)

    async def translate(*, tagged: bool) -> None:
        places = [place for place, segment in enumerate(segments) if bool(segment.tags) is tagged]
        if not places:
            return
        texts = [loosened(segments[place]).text for place in places]
        found: list[Translation] = await service.translate(
            texts, source=code, to=target, align=tagged, terms=wanted.terms, client=wanted.client
        )
        for place, one in zip(places, found, strict=True):
            done[place] = marked(segments[place], one)

    await asyncio.gather(translate(tagged=False), translate(tagged=True))
    return done


async def document(
    service: TranslatingService, data: bytes, format: str, wanted: Wanted, most_chars: int, together: int
) -> bytes:
    """Return a document translated, `together` segments at once so that others have their turn.

    Raises DocumentError for what cannot be read, ServiceFailure 413 for more text than `most_chars`.
    """
    read: Document = await asyncio.to_thread(lambda: formats.read(data, format, Reading()))
    segments = read.segments
    count = sum(len(segment.text) for segment in segments)
    if count > most_chars:
        raise ServiceFailure(
            413, "over_limit", f"the document has {count:,} characters, above the limit of {most_chars:,}"
        )
    known = directions(service)
    code, target = resolved(known, wanted.source, wanted.target)
    if code == AUTO:
        sample = " ".join(segment.text for segment in segments[:_SAMPLE])[:_SAMPLE]
        code, _ = await asyncio.to_thread(lambda: source_of(sample, known.into(target), target))
    if code == target:
        return data
    done: list[Marked] = []
    for first in range(0, len(segments), together):
        done += await _segments(service, segments[first : first + together], code, target, wanted)
    return await asyncio.to_thread(lambda: read.written(done, target))


def detected(service: TranslatingService, text: str) -> list[dict[str, Any]]:
    """Return the languages that a text may be in, as the answer lists them."""
    ranked = detect(text, directions(service).sources)
    return [{"confidence": confidence, "language": code} for code, confidence in ranked]
