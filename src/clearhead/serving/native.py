"""Clearhead's own interface, below /api/v1: what the page asks, and whatever no interface of others has room for."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from clearhead.errors import ClearheadError, ConfigError, DataError, TranslationError
from clearhead.serving import admission, translating
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.inside import looked
from clearhead.serving.languages import Directions, source_of
from clearhead.serving.leaving import unless_left
from clearhead.serving.native_bodies import (
    AlignBody,
    AlignmentAnswer,
    AlignmentsAnswer,
    ContinuationAnswer,
    ContinuationsAnswer,
    ContinueBody,
    Detected,
    LookBody,
    ModelAnswer,
    ModelsAnswer,
    PairsBody,
    ScoreAnswer,
    ScoresAnswer,
    StreamBody,
    TranslateAnswer,
    TranslateBody,
    TranslationAnswer,
)
from clearhead.serving.openapi import EVENTS, FAILURES
from clearhead.serving.service import Service
from clearhead.serving.settings import ServingSettings
from clearhead.translator import Translation

router = APIRouter(prefix="/api/v1", tags=["Clearhead"], responses=FAILURES)
_SHOWN = (
    *("max_chars", "max_list", "max_alternatives", "max_beam", "max_cells", "max_body_bytes"),
    *("max_file_bytes", "max_file_chars", "deadline_seconds", "queue_tokens", "files_minutes"),
    *("requests_per_minute", "chars_per_minute", "require_key"),
)
Origin = tuple[str | None, Detected | None]
"""The language of a text, and how it was found where it was left open."""


@router.post("/translate", summary="Translate, with all there is to know of each translation")
async def translate(request: Request, body: TranslateBody) -> TranslateAnswer:
    """Give each translation with its confidence, notes, terms; words, alignment and alternatives where asked for."""
    texts = [body.q] if isinstance(body.q, str) else body.q
    client, service = await _admitted(request, texts), _service(request)
    most = service.settings.max_alternatives
    if body.alternatives > most:
        raise bad_request(f"alternatives is {body.alternatives:,}, above the limit of {most:,}", "over_limit")
    with _told():
        options = {
            **_options(body),
            "num_hypotheses": 1 + body.alternatives,
            "prefix": body.prefix,
            "client": client,
        }
        return await unless_left(request, _translated(service, texts, body, options))


@router.post(
    "/stream",
    summary="Translate a text, and give each part as soon as it is there",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events: `piece` {text}, then `done` as a translation of /translate, or `error`",
            "content": EVENTS,
        }
    },
)
async def stream(request: Request, body: StreamBody) -> StreamingResponse:
    """Give server-sent events; a client that closes the connection ends the translation."""
    client, service = await _admitted(request, [body.q]), _service(request)
    with _told():
        [(source, detected)], target = await _directed(service, [body.q], body)
        options = {**_options(body), "source": source, "to": target, "client": client}
        if source == target:
            pieces: AsyncIterator[str | Translation] = _as_it_is(body.q, target)
        else:
            pieces = service.stream(body.q, model=body.model, **options)
        first = await anext(pieces)  # what fails at once is answered with its status
    events = _events(request, first, pieces, (source, detected))
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},  # a proxy must not collect them
    )


@router.post("/continue", summary="Say which words may come next in a translation")
async def go_on(request: Request, body: ContinueBody) -> ContinuationsAnswer:
    """Give the words that may stand at a place of a sentence's translation, each with the translation that has it."""
    await _admitted(request, [body.q, body.before])
    service = _service(request)
    with _told():
        [(source, _)], target = await _directed(service, [body.q], body)
        work = service.continuations(
            body.q, body.before, body.count, model=body.model, source=source, to=target
        )
        found = await unless_left(request, work)
    return ContinuationsAnswer(continuations=[ContinuationAnswer(**asdict(one)) for one in found])


@router.post(
    "/look",
    summary="Look inside a translation, and ask what if",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        501: {"description": "PyTorch is not installed in this service"},
    },
)
async def look(request: Request, body: LookBody) -> Response:
    """Give every attention of a translation: `text`, `notes`, and `page` (for the renderer) or `maps` (numbers)."""
    await _admitted(request, [body.q, body.translation or ""])
    service = _service(request)
    with _told():
        [(source, _)], target = await _directed(service, [body.q], body)
        asked = body.model_copy(update={"target": target})

        async def inside() -> bytes:
            async with service.models.using(body.model, source, target) as served:
                most = service.settings.max_cells
                return await service.beside(lambda: looked(served.translator, asked, most))

        return Response(await unless_left(request, inside()), media_type="application/json")


@router.post("/score", summary="Say how probable translations are")
async def score(request: Request, body: PairsBody) -> ScoresAnswer:
    """Give the log-probability of each translation of a text, each pair taken as one sentence."""
    await _paired(request, body)
    with _told():
        work = _service(request).score(
            body.q, body.translations, model=body.model, source=body.source, to=body.target
        )
        return ScoresAnswer(scores=[ScoreAnswer.of(one) for one in await unless_left(request, work)])


@router.post("/align", summary="Say which words come from which")
async def align(request: Request, body: AlignBody) -> AlignmentsAnswer:
    """Give the alignment of each pair, taken as one sentence."""
    await _paired(request, body)
    with _told():
        work = _service(request).align(
            body.q,
            body.translations,
            model=body.model,
            source=body.source,
            to=body.target,
            words=body.words,
        )
        found = await unless_left(request, work)
    return AlignmentsAnswer(alignments=[AlignmentAnswer.model_validate(one.to_dict()) for one in found])


@router.get("/limits", summary="Say what is accepted")
def limits(request: Request) -> dict[str, int | float | bool]:
    """Give every limit that a request may meet; 0 requests or characters a minute: no limit."""
    settings = asdict(_service(request).settings)
    return {name: settings[name] for name in _SHOWN}


@router.get("/models", summary="List the models")
def models(request: Request) -> ModelsAnswer:
    """Give each model with its languages, and whether it is in memory."""
    return ModelsAnswer(
        models=[
            ModelAnswer(
                name=model.name,
                sources=list(model.sources),
                targets=list(model.targets),
                loaded=model.loaded,
                bytes=model.bytes,
            )
            for model in _service(request).models.listed()
        ]
    )


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _admitted(request: Request, texts: Sequence[str]) -> str:
    """Return who asks. Raises ServiceFailure for texts above a limit, or who may not ask for that much now."""
    settings: ServingSettings = _service(request).settings
    if len(texts) > settings.max_list:
        raise bad_request(
            f"q has {len(texts):,} texts, above the limit of {settings.max_list:,}", "over_limit"
        )
    characters = sum(map(len, texts))
    if characters > settings.max_chars:
        raise bad_request(
            f"the text has {characters:,} characters, above the limit of {settings.max_chars:,}", "over_limit"
        )
    return await admission.admitted(request, characters)


async def _paired(request: Request, body: PairsBody) -> None:
    if len(body.q) != len(body.translations):
        raise bad_request(
            f"q has {len(body.q):,} texts and translations {len(body.translations):,}; give one for each"
        )
    if len(body.q) > (most := _service(request).settings.max_list):
        raise bad_request(f"q has {len(body.q):,} texts, above the limit of {most:,}", "over_limit")
    await _admitted(request, ["".join([*body.q, *body.translations])])


def _options(body: TranslateBody | StreamBody) -> dict[str, Any]:
    return {
        "align": body.align,
        "word_confidence": body.words,
        "beam_size": body.beam_size,
        "terms": body.glossary(),
    }


async def _directed(
    service: Service, texts: Sequence[str], body: TranslateBody | StreamBody | LookBody | ContinueBody
) -> tuple[list[Origin], str]:
    """Return the language of each text, and that of the translations, as the models call them."""
    known = Directions.of(model for model in service.models.listed() if body.model in (None, model.name))
    if not known.targets_of:  # a model that was not told what it reads, or none
        source = None if body.source.lower() == translating.AUTO else body.source
        return [(source, None)] * len(texts), body.target
    source, target = translating.resolved(known, body.source, body.target)
    if source != translating.AUTO:
        return [(source, None)] * len(texts), target
    among = known.into(target)
    ranked = await asyncio.to_thread(lambda: [source_of(text, among, target) for text in texts])
    return [(code, Detected(language=code, confidence=sure)) for code, sure in ranked], target


async def _translated(
    service: Service, texts: Sequence[str], body: TranslateBody, options: dict[str, Any]
) -> TranslateAnswer:
    """Translate texts, those of one language together."""
    origins, target = await _directed(service, texts, body)
    answers: dict[int, Translation] = {}

    async def of_language(source: str | None) -> None:
        places = [place for place, (own, _) in enumerate(origins) if own == source]
        own = [texts[place] for place in places]
        if source == target:
            found = [_unchanged(text, target) for text in own]
        else:
            found = await service.translate(own, model=body.model, source=source, to=target, **options)
        answers.update(zip(places, found, strict=True))

    await asyncio.gather(*map(of_language, dict.fromkeys(source for source, _ in origins)))
    return TranslateAnswer(
        translations=[TranslationAnswer.of(answers[place], *origin) for place, origin in enumerate(origins)]
    )


def _unchanged(text: str, target: str) -> Translation:
    return Translation(
        source=text,
        text=text,
        to=target,
        score=0.0,
        tokens=(),
        notes=(f"the text is in the target language, {target}, so it stays as it is",),
    )


async def _as_it_is(text: str, target: str) -> AsyncIterator[str | Translation]:
    yield _unchanged(text, target)


async def _events(
    request: Request,
    first: str | Translation,
    pieces: AsyncIterator[str | Translation],
    origin: Origin,
) -> AsyncIterator[bytes]:
    """Yield server-sent events until the end, or until the client has left."""
    try:
        yield _event(first, origin)
        async for piece in pieces:
            if await request.is_disconnected():
                return
            yield _event(piece, origin)
    except ServiceFailure as failure:
        yield _failed(failure.message, failure.code, failure.status, failure.retry_after)
    except ClearheadError as error:
        yield _failed(str(error), "bad_request", 400, None)
    finally:
        await pieces.aclose()  # type: ignore[attr-defined]


def _event(piece: str | Translation, origin: Origin) -> bytes:
    if isinstance(piece, str):
        return _written("piece", {"text": piece})
    return _written("done", TranslationAnswer.of(piece, *origin).model_dump())


def _failed(message: str, code: str, status: int, retry_after: float | None) -> bytes:
    return _written("error", {"error": message, "code": code, "status": status, "retry_after": retry_after})


def _written(event: str, values: dict[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(values, ensure_ascii=False)}\n\n".encode()


@contextmanager
def _told() -> Iterator[None]:
    """Answer what is wrong with a request, such as a term or a part of the model, as that."""
    try:
        yield
    except (ConfigError, DataError, TranslationError) as error:
        raise bad_request(str(error)) from None
