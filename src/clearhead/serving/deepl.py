"""The interface of DeepL's API, version 2: texts, languages and usage; glossaries are in `deepl_glossaries`.

Source: https://developers.deepl.com/api-reference. Errors are `{"message": text}`, as clients of that API expect.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from clearhead.serving import admission, parameters, translating
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.glossaries import Glossaries
from clearhead.serving.languages import name_of
from clearhead.serving.leaving import unless_left
from clearhead.serving.openapi import body_of, failures_or_ours
from clearhead.serving.parameters import Parameters
from clearhead.serving.settings import ServingSettings
from clearhead.serving.shaped_routes import shaped
from clearhead.serving.translating import AUTO, Answer, Markup, Wanted
from clearhead.terms import Terms

NO_LIMIT = 1_000_000_000_000
"""What stands for no limit where that API has a number."""
_REGIONS = {"en": ("EN-GB", "EN-US"), "pt": ("PT-BR", "PT-PT")}
"""Codes of targets that this API names by region, where a model has the language only."""
_SENTENCES = ("", "0", "1", "true", "false", "on", "off", "nonewlines")
_MARKUP: Mapping[str, Markup | None] = {"": None, "html": "html", "xml": "xml"}
_LANGUAGE = "the code of a language, such as FR"


def message_of(failure: ServiceFailure) -> dict[str, str]:
    """Return a failure as clients of this API read it."""
    return {"message": failure.message}


FAILURES = failures_or_ours(
    {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
)
router = APIRouter(prefix="/v2", route_class=shaped(message_of), tags=["DeepL"], responses=FAILURES)


@router.post(
    "/translate",
    summary="Translate texts, as DeepL's API does",
    openapi_extra=body_of(
        "text target_lang",
        text="Texts",
        target_lang="Code of the language to translate into, such as FR",
        source_lang="Code of the texts' language; without it it is detected",
        tag_handling="Markup of the texts",
        split_sentences="0: each text is one sentence",
        glossary_id="A glossary of /v2/glossaries",
    ),
)
async def translate(request: Request) -> JSONResponse:
    """Translate texts, as JSON or as a form in which `text` is repeated."""
    values = await parameters.read(request)
    texts = _texts(values, request.app.state.settings)
    characters = sum(map(len, texts))
    client = await admission.admitted(request, characters, _key(values))
    wanted = _wanted(values, request, client)
    answers = await unless_left(request, translating.answers(request.app.state.service, texts, wanted))
    request.app.state.usage.add(client, characters)
    billed = lowered(values, "show_billed_characters") in ("true", "1")
    return JSONResponse(
        {"translations": [_shown(*pair, billed) for pair in zip(texts, answers, strict=True)]}
    )


@router.get("/languages", summary="List the languages, as DeepL's API does")
@router.post("/languages", openapi_extra=body_of("", type="Whether languages of sources or of targets"))
async def languages(request: Request) -> JSONResponse:
    """List the languages of sources, or of targets with `type=target`."""
    values = await parameters.read(request)
    await admission.admitted(request, 0, _key(values))
    kind = values.get("type")
    kind = "source" if kind is None or kind == "" else kind
    if kind not in ("source", "target"):
        raise bad_request("type must be source or target")
    known = translating.directions(request.app.state.service)
    if kind == "source":
        return JSONResponse([{"language": code.upper(), "name": name_of(code)} for code in known.sources])
    regions = [(own, code) for code in known.targets for own in _REGIONS.get(code, (code.upper(),))]
    return JSONResponse(
        [{"language": own, "name": name_of(code), "supports_formality": False} for own, code in regions]
    )


@router.get("/usage", summary="Say how much was translated, as DeepL's API does")
@router.post("/usage", include_in_schema=False)
async def usage(request: Request) -> JSONResponse:
    """Say how many characters this interface translated for the client since the service started."""
    client = await admission.admitted(request, 0, _key(await parameters.read(request)))
    return JSONResponse({"character_count": request.app.state.usage.of(client), "character_limit": NO_LIMIT})


def lowered(values: Parameters, name: str) -> str:
    """Return a parameter that is a word, in small letters; an empty text where it is not there."""
    value = values.get(name)
    return "" if value is None else str(value).lower()


def _key(values: Parameters) -> str:
    """Return the key that older clients send among the parameters."""
    key = values.get("auth_key")
    return key if isinstance(key, str) else ""


def _texts(values: Parameters, settings: ServingSettings) -> list[str]:
    """Return the texts of a request, within the limits."""
    texts = values.get("text")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise bad_request("text must be one or more strings")
    if len(texts) > settings.max_list:
        raise bad_request(f"text must be at most {settings.max_list} strings, got {len(texts)}")
    characters = sum(map(len, texts))
    if characters > settings.max_chars:
        message = f"text must have at most {settings.max_chars:,} characters, got {characters:,}"
        raise ServiceFailure(413, "too_long", message)
    return texts


def _wanted(values: Parameters, request: Request, client: str) -> Wanted:
    """Return what a request asks for. Raises ServiceFailure."""
    target = parameters.text(values, "target_lang", _LANGUAGE)
    source = parameters.text(values, "source_lang", _LANGUAGE) if values.get("source_lang") else AUTO
    markup = lowered(values, "tag_handling")
    if markup not in _MARKUP:
        raise bad_request("tag_handling must be html or xml")
    if lowered(values, "split_sentences") not in _SENTENCES:
        raise bad_request("split_sentences must be 0, 1 or nonewlines")
    if lowered(values, "formality") in ("more", "less"):
        raise bad_request("formality: no model here has a choice of it; leave it out, or give prefer_more")
    return Wanted(
        source=source,
        target=target,
        markup=_MARKUP[markup],
        untouched=frozenset(_names(values.get("ignore_tags"))),
        terms=_terms(values, request, client, (source, target)),
        client=client,
    )


def _names(value: Any) -> list[str]:
    """Return names of elements: a list, or a text with commas."""
    parts = value if isinstance(value, list) else [value or ""]
    return [name.strip().lower() for part in parts for name in str(part).split(",") if name.strip()]


def _terms(values: Parameters, request: Request, client: str, languages: tuple[str, str]) -> Terms | None:
    """Return the terms of the glossary that a request names, which must be for its languages."""
    if not values.get("glossary_id"):
        return None
    kept: Glossaries = request.app.state.glossaries
    glossary = kept.get(client, str(values["glossary_id"]))
    source, target = languages
    if source == AUTO:
        raise bad_request("source_lang is missing; a glossary needs it")
    known = translating.directions(request.app.state.service)
    if (known.source(source), known.target(target)) != (glossary.source, glossary.target):
        raise bad_request(
            f"the glossary is for {glossary.source.upper()} to {glossary.target.upper()}, and the request for "
            f"{source.upper()} to {target.upper()}; give the glossary's languages"
        )
    return glossary.terms


def _shown(text: str, answer: Answer, billed: bool) -> dict[str, Any]:
    shown = {"detected_source_language": answer.source.upper(), "text": answer.text}
    return {**shown, "billed_characters": len(text)} if billed else shown
