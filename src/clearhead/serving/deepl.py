"""The interface of DeepL's API, version 2: texts, languages, usage and glossaries.

Source: https://developers.deepl.com/api-reference. Errors are `{"message": text}`, as clients of that API expect.
"""

import csv
import io
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile

from clearhead.errors import ClearheadError
from clearhead.serving import admission, inline
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.glossaries import Glossaries, StoredGlossary
from clearhead.serving.openapi import body_of, failures_or_ours
from clearhead.translator import Translation

_REGIONS = {"en": ("EN-GB", "EN-US"), "pt": ("PT-BR", "PT-PT")}
"""Codes of targets that this API names by region; a model has the language only."""
_NAMES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "pt": "Portuguese",
}
_LINES = {None: "on", "1": "on", "true": "on", "nonewlines": "on", "0": "off", "false": "off"}
_SEPARATORS = {"tsv": "\t", "csv": ","}


class _Route(APIRoute):
    """A route whose failures have the shape of this API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except ServiceFailure as failure:
                return JSONResponse({"message": failure.message}, failure.status, failure.headers)
            except ClearheadError as error:
                return JSONResponse({"message": str(error)}, 400)

        return answered


_FAILURE = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
router = APIRouter(prefix="/v2", route_class=_Route, tags=["DeepL"], responses=failures_or_ours(_FAILURE))


@router.post(
    "/translate",
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
    """Translate up to 50 texts, as JSON or as a form in which `text` is repeated."""
    values = await _values(request)
    texts = _texts(values, request.app.state.settings)
    client = await admission.admitted(request, sum(map(len, texts)))
    target = _code(values, "target_lang")
    if target is None:
        raise bad_request("target_lang is missing; give a code such as FR")
    source, glossary = _code(values, "source_lang"), None
    if values.get("glossary_id"):
        glossary = _matching(_kept(request).get(client, str(values["glossary_id"])), source, target)
    lines = _LINES.get(_lowered(values.get("split_sentences")))
    if lines is None:
        raise bad_request("split_sentences must be 0, 1 or nonewlines")
    markup = _lowered(values.get("tag_handling"))
    if markup not in (None, "", "html", "xml"):
        raise bad_request("tag_handling must be html or xml")
    translated = _Asked(request, client, source, target, glossary)
    answers = await (translated.plain(texts) if not markup else translated.tagged(texts, markup))
    detected = (source or await _detected(request, texts)).upper()
    return JSONResponse(
        {"translations": [{"detected_source_language": detected, "text": text} for text in answers]}
    )


class _Asked:
    """What of a request is the same for all its texts."""

    def __init__(
        self, request: Request, client: str, source: str | None, target: str, glossary: StoredGlossary | None
    ) -> None:
        self._service = request.app.state.service
        self._options: dict[str, Any] = {
            "to": target,
            "source": source,
            "terms": glossary.terms if glossary else None,
            "client": client,
        }

    async def _translated(self, texts: list[str], *, align: bool) -> Sequence[Translation]:
        if not texts:
            return []
        translations: Sequence[Translation] = await self._service.translate(
            texts, align=align, **self._options
        )
        return translations

    async def plain(self, texts: list[str]) -> list[str]:
        """Return the translations of texts without markup."""
        return [translation.text for translation in await self._translated(texts, align=False)]

    async def tagged(self, texts: list[str], markup: Any) -> list[str]:
        """Return the translations of texts with markup, which stands around the words that it stood around."""
        documents = inline.opened(texts, markup)
        parts = inline.segments(documents)
        align = any(part.tags for part in parts)
        return inline.written(documents, await self._translated(inline.readable(parts), align=align))


@router.get("/languages")
@router.post("/languages", openapi_extra=body_of("", type="Whether languages of sources or of targets"))
async def languages(request: Request) -> JSONResponse:
    """List the languages of sources, or of targets with `type=target`."""
    await admission.admitted(request)
    kind = (await _values(request)).get("type")
    kind = "source" if kind is None or kind == "" else kind
    if kind not in ("source", "target"):
        raise bad_request("type must be source or target")
    listed = request.app.state.service.models.listed()
    codes = sorted(
        {code for model in listed for code in (model.sources if kind == "source" else model.targets)}
    )
    if kind == "source":
        return JSONResponse([{"language": code.upper(), "name": _name(code)} for code in codes])
    regions = [(region, code) for code in codes for region in _REGIONS.get(code, (code.upper(),))]
    return JSONResponse(
        [{"language": region, "name": _name(code), "supports_formality": False} for region, code in regions]
    )


@router.get("/usage")
async def usage(request: Request) -> JSONResponse:
    """Say how many characters were translated; none are counted here, and there is no end of them."""
    await admission.admitted(request)
    return JSONResponse({"character_count": 0, "character_limit": 1_000_000_000_000})


@router.get("/glossary-language-pairs")
async def glossary_pairs(request: Request) -> JSONResponse:
    """List the pairs of languages that a glossary may be for."""
    await admission.admitted(request)
    listed = request.app.state.service.models.listed()
    pairs = sorted({(a, b) for model in listed for a in model.sources for b in model.targets if a != b})
    return JSONResponse({"supported_languages": [{"source_lang": a, "target_lang": b} for a, b in pairs]})


@router.post(
    "/glossaries",
    status_code=201,
    openapi_extra=body_of(
        "name source_lang target_lang entries",
        name="What it is called",
        source_lang="Code of the source language",
        target_lang="Code of the target language",
        entries="A line for each: source, separator, target",
        entries_format="The separator: tsv (a tab) or csv (a comma)",
    ),
)
async def create_glossary(request: Request) -> JSONResponse:
    """Keep a glossary: name, source_lang, target_lang, entries_format (tsv or csv), entries."""
    values = await _values(request)
    client = await admission.admitted(request)
    source, target = _code(values, "source_lang"), _code(values, "target_lang")
    name, entries = values.get("name"), values.get("entries")
    if not (isinstance(name, str) and name and isinstance(entries, str) and source and target):
        raise bad_request("name, source_lang, target_lang and entries must be given")
    separator = _SEPARATORS.get(str(values.get("entries_format") or "tsv"))
    if separator is None:
        raise bad_request("entries_format must be tsv or csv")
    glossary = _kept(request).add(client, name[:1024], (source, target), _entries(entries, separator))
    return JSONResponse(_shown(glossary), 201)


@router.get("/glossaries")
async def list_glossaries(request: Request) -> JSONResponse:
    """List the client's glossaries."""
    client = await admission.admitted(request)
    return JSONResponse({"glossaries": [_shown(glossary) for glossary in _kept(request).listed(client)]})


@router.get("/glossaries/{glossary_id}")
async def show_glossary(request: Request, glossary_id: str) -> JSONResponse:
    """Describe one of the client's glossaries."""
    return JSONResponse(_shown(_kept(request).get(await admission.admitted(request), glossary_id)))


@router.get(
    "/glossaries/{glossary_id}/entries",
    response_class=Response,
    responses={200: {"content": {"text/tab-separated-values": {"schema": {"type": "string"}}}}},
)
async def show_entries(request: Request, glossary_id: str) -> Response:
    """Return the entries of one of the client's glossaries, with tabs."""
    glossary = _kept(request).get(await admission.admitted(request), glossary_id)
    rows = "\n".join("\t".join(entry) for entry in glossary.entries)
    return Response(rows, media_type="text/tab-separated-values")


@router.delete("/glossaries/{glossary_id}", status_code=204)
async def delete_glossary(request: Request, glossary_id: str) -> Response:
    """Forget one of the client's glossaries."""
    _kept(request).delete(await admission.admitted(request), glossary_id)
    return Response(status_code=204)


def _kept(request: Request) -> Glossaries:
    kept: Glossaries = request.app.state.glossaries
    return kept


async def _values(request: Request) -> Mapping[str, Any]:
    """Return what was sent, as JSON, a form or a query; `text` always as a list."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            sent = json.loads(await request.body() or b"{}")
        except (ValueError, RecursionError):
            raise bad_request("the body is not JSON; send an object, or a form") from None
        if not isinstance(sent, dict):
            raise bad_request("the body must be a JSON object")
        return sent
    form = await request.form()
    pairs = [*request.query_params.multi_items(), *form.multi_items()]
    if any(isinstance(value, UploadFile) for _, value in pairs):
        raise bad_request("the request must be JSON or a form without files")
    return {**dict(pairs), "text": [value for name, value in pairs if name == "text"]}


def _texts(values: Mapping[str, Any], settings: Any) -> list[str]:
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


def _code(values: Mapping[str, Any], name: str) -> str | None:
    """Return a language as a model names it: EN-GB is en. None for one not given."""
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise bad_request(f"{name} must be a code such as FR")
    return value.strip().lower().partition("-")[0]


def _matching(glossary: StoredGlossary, source: str | None, target: str) -> StoredGlossary:
    if source is None:
        raise bad_request("source_lang is missing; a glossary needs it")
    if (source, target) != (glossary.source, glossary.target):
        raise bad_request(
            f"the glossary is for {glossary.source.upper()} to {glossary.target.upper()}, and the request for "
            f"{source.upper()} to {target.upper()}; give the glossary's languages"
        )
    return glossary


async def _detected(request: Request, texts: Sequence[str]) -> str:
    """Return the language of the texts, of those that the service translates from."""
    from clearhead.serving.languages import detect

    listed = request.app.state.service.models.listed()
    codes = sorted({code for model in listed for code in model.sources})
    found = detect(" ".join(texts), codes)
    return str(found[0][0]) if found else codes[0]


def _entries(text: str, separator: str) -> list[tuple[str, str]]:
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE,
    )
    entries = []
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) < 2:
                raise bad_request(
                    f"entries: line {rows.line_num} has no target; write source, separator, target"
                )
            entries.append((row[0].strip(), row[1].strip()))
    except csv.Error as error:
        raise bad_request(
            f"entries: line {rows.line_num}: {error}; write source, separator, target"
        ) from None
    return entries


def _shown(glossary: StoredGlossary) -> dict[str, Any]:
    return {
        "glossary_id": glossary.identity,
        "name": glossary.name,
        "ready": True,
        "source_lang": glossary.source,
        "target_lang": glossary.target,
        "creation_time": glossary.created.isoformat().replace("+00:00", "Z"),
        "entry_count": len(glossary.entries),
    }


def _lowered(value: Any) -> str | None:
    return None if value is None else str(value).lower()


def _name(code: str) -> str:
    return _NAMES.get(code, code.upper())
