"""The interface that clients of LibreTranslate speak: the same addresses, parameters and answers."""

import asyncio
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from clearhead.documents.formats import BY_ENDING
from clearhead.serving import admission, parameters, translating
from clearhead.serving.clients import scheme_of
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.languages import name_of
from clearhead.serving.leaving import unless_left
from clearhead.serving.openapi import FAILURES, UPLOAD, body_of
from clearhead.serving.parameters import Parameters, text, type_name, whole_number
from clearhead.serving.settings import ServingSettings
from clearhead.serving.translating import AUTO, Answer, Wanted

router = APIRouter(tags=["LibreTranslate"], responses=FAILURES)
ENDINGS = {**BY_ENDING, ".txt": "paragraphs"}
"""Formats of documents by the ending of their names."""
_LANGUAGE = "the code of a language, such as en"


def _settings(request: Request) -> ServingSettings:
    settings: ServingSettings = request.app.state.settings
    return settings


async def _client(request: Request, asked: Parameters, characters: int = 0) -> str:
    """Return who asks, by name, where it may ask for that much now. Raises ServiceFailure 403 and 429."""
    key = asked.get("api_key") or asked.get("apiKey")  # so the package libretranslate of npm calls it
    return await admission.admitted(request, characters, key if isinstance(key, str) else "")


def _texts(asked: Parameters, settings: ServingSettings) -> tuple[list[str], bool]:
    """Return the texts of a request, and whether they are a list."""
    value = asked.get("q")
    if value is None or value == "" or value == []:
        raise bad_request("q is missing; give the text, or a list of texts", "missing")
    texts = value if isinstance(value, list) else [value]
    if len(texts) > settings.max_list:
        raise bad_request(
            f"q has {len(texts):,} texts, above the limit of {settings.max_list:,}", "over_limit"
        )
    wrong = next((one for one in texts if not isinstance(one, str)), None)
    if wrong is not None or None in texts:
        raise bad_request(f"q must be text or a list of texts, got {type_name(wrong)}", "wrong_type")
    _check_characters(sum(map(len, texts)), settings)
    return texts, isinstance(value, list)


def _check_characters(count: int, settings: ServingSettings) -> None:
    if count > settings.max_chars:
        raise bad_request(
            f"the text has {count:,} characters, above the limit of {settings.max_chars:,}", "over_limit"
        )


@router.post(
    "/translate",
    summary="Translate a text, or a list of texts",
    openapi_extra=body_of(
        "q source target",
        q="Text, or a list of texts",
        source="Code of its language, or auto",
        target="Code of the language to translate into",
        format="text or html",
        alternatives="How many other translations to give",
        api_key="Key, where the service wants one",
    ),
)
async def translate(request: Request) -> dict[str, Any]:
    """Give `translatedText`, `alternatives` where asked for, `detectedLanguage` for `auto`; lists for a list."""
    settings = _settings(request)
    asked = await parameters.read(request)
    texts, several = _texts(asked, settings)
    form = asked.get("format") or "text"
    if form not in ("text", "html"):
        raise bad_request("format must be text or html", "wrong_value")
    source, target = text(asked, "source", f"{_LANGUAGE}, or auto"), text(asked, "target", _LANGUAGE)
    alternatives = whole_number(asked, "alternatives", settings.max_alternatives)
    client = await _client(request, asked, sum(map(len, texts)))
    wanted = Wanted(
        source=source,
        target=target,
        markup="html" if form == "html" else None,
        alternatives=alternatives,
        client=client,
    )
    found = await unless_left(request, translating.answers(request.app.state.service, texts, wanted))
    return _translated(found, several=several, wanted=wanted)


def _translated(found: list[Answer], *, several: bool, wanted: Wanted) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {"translatedText": [one.text for one in found]}
    if wanted.alternatives:
        columns["alternatives"] = [list(one.alternatives) for one in found]
    if wanted.source.lower() == AUTO:
        columns["detectedLanguage"] = [
            {"confidence": one.confidence, "language": one.source} for one in found
        ]
    return columns if several else {name: values[0] for name, values in columns.items()}


@router.post("/languages", summary="List the languages; one client asks with POST")
@router.get("/languages", summary="List the languages that are translated")
def languages(request: Request) -> list[dict[str, Any]]:
    """Give `code`, `name` and `targets` of each source language."""
    known = translating.directions(request.app.state.service).targets_of
    return [
        {"code": code, "name": name_of(code), "targets": list(targets)} for code, targets in known.items()
    ]


@router.post(
    "/detect",
    summary="Say which language a text is in",
    openapi_extra=body_of("q", q="Text", api_key="Key, where the service wants one"),
)
async def detect(request: Request) -> list[dict[str, Any]]:
    """Give languages with their `confidence` from 0 to 100, the most likely first."""
    settings = _settings(request)
    asked = await parameters.read(request)
    texts, _ = _texts(asked, settings)
    await _client(request, asked)
    service, joined = request.app.state.service, "\n".join(texts)
    return await asyncio.to_thread(lambda: translating.detected(service, joined))


@router.get("/frontend/settings", summary="Say what a page should know of the limits")
def frontend_settings(request: Request) -> dict[str, Any]:
    """Give the limits and what is offered, under the names that pages of LibreTranslate read."""
    settings = _settings(request)
    known = translating.directions(request.app.state.service)
    first = known.sources[0] if known.sources else ""
    return {
        "apiKeys": bool(settings.keys_file),
        "charLimit": settings.max_chars,
        "filesTranslation": True,
        "frontendTimeout": 500,
        "keyRequired": settings.require_key,
        "language": {
            "source": {"code": AUTO, "name": "Auto Detect"},
            "target": {"code": first, "name": name_of(first)},
        },
        "suggestions": bool(settings.suggestions_file),
        "supportedFilesFormat": sorted(ENDINGS),
    }


@router.post(
    "/suggest",
    summary="Suggest a better translation",
    openapi_extra=body_of(
        "q s source target",
        q="The text",
        s="The better translation",
        source="Code of its language",
        target="Code of the language of the translation",
        api_key="Key, where the service wants one",
    ),
)
async def suggest(request: Request) -> dict[str, bool]:
    """Keep a better translation for the next time that the model learns."""
    settings, kept = _settings(request), request.app.state.suggestions
    asked = await parameters.read(request)
    await _client(request, asked)
    if kept is None:
        raise ServiceFailure(
            403, "forbidden", "this service keeps no suggestions; it was started without a file for them"
        )
    original, better = text(asked, "q", "the text"), text(asked, "s", "the better translation")
    _check_characters(max(len(original), len(better)), settings)
    known = translating.directions(request.app.state.service)
    source, target = (
        known.source(text(asked, "source", _LANGUAGE)),
        known.target(text(asked, "target", _LANGUAGE)),
    )
    await asyncio.to_thread(lambda: kept.add(source, target, original, better))
    return {"success": True}


@router.post(
    "/translate_file",
    summary="Translate a document",
    openapi_extra=body_of(
        "file source target",
        kinds=(UPLOAD,),
        file="The document",
        source="Code of its language, or auto",
        target="Code of the language to translate into",
        api_key="Key, where the service wants one",
    ),
)
async def translate_file(request: Request) -> dict[str, str]:
    """Give `translatedFileUrl`, a random address at which the translated document stays for a while."""
    settings = _settings(request)
    asked = await parameters.read(request)
    upload = asked.get("file")
    if not isinstance(upload, UploadFile):
        raise bad_request("file is missing; send a document as multipart/form-data", "missing")
    ending = PurePath(upload.filename or "").suffix.lower()
    if ending not in ENDINGS:
        known = ", ".join(sorted(ENDINGS))
        raise bad_request(
            f"the format of the document is not supported; supported: {known}", "unsupported_format"
        )
    data = await upload.read(settings.max_file_bytes + 1)
    if len(data) > settings.max_file_bytes:
        size = upload.size or len(data)
        raise ServiceFailure(
            413,
            "too_large",
            f"the document has {size:,} bytes, above the limit of {settings.max_file_bytes:,}",
        )
    source, target = text(asked, "source", f"{_LANGUAGE}, or auto"), text(asked, "target", _LANGUAGE)
    client = await _client(request, asked, len(data))
    translated = await translating.document(
        request.app.state.service,
        data,
        ENDINGS[ending],
        Wanted(source=source, target=target, client=client),
        settings.max_file_chars,
        settings.max_list,
    )
    token = await asyncio.to_thread(lambda: request.app.state.files.add(translated, ending))
    address = request.url_for("download_file", token=quote(token))
    scheme = scheme_of(request, settings.trusted_proxies)  # a page over https may not fetch from http
    return {"translatedFileUrl": str(address.replace(scheme=scheme))}


@router.get("/download_file/{token}", summary="Fetch a translated document", response_class=Response)
def download_file(request: Request, token: str) -> Response:
    """Give the document, to be saved and never shown, since it may hold scripts."""
    data = request.app.state.files.get(token)
    if data is None:
        raise ServiceFailure(
            404, "not_found", "there is no such document, or its time is over; translate it again"
        )
    ending = PurePath(token).suffix
    return Response(
        data,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="translated{ending}"',
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox; default-src 'none'",
            "cache-control": "private, no-store",
        },
    )
