"""The glossaries of DeepL's API, version 2: each is for one pair of languages, and seen by its owner only.

Source: https://developers.deepl.com/api-reference/glossaries.
"""

import csv
import io
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from clearhead.serving import admission, parameters, translating
from clearhead.serving.deepl import FAILURES, lowered, message_of
from clearhead.serving.failures import bad_request
from clearhead.serving.glossaries import Glossaries, StoredGlossary
from clearhead.serving.openapi import body_of
from clearhead.serving.shaped_routes import shaped

_SEPARATORS = {"": "\t", "tsv": "\t", "csv": ","}
_LANGUAGE = "the code of a language, such as FR"

router = APIRouter(prefix="/v2", route_class=shaped(message_of), tags=["DeepL"], responses=FAILURES)


@router.get("/glossary-language-pairs", summary="List the pairs of languages that a glossary may be for")
async def pairs(request: Request) -> JSONResponse:
    """List every direction that is translated."""
    await admission.admitted(request)
    known = translating.directions(request.app.state.service).targets_of
    return JSONResponse(
        {
            "supported_languages": [
                {"source_lang": source, "target_lang": target}
                for source, targets in known.items()
                for target in targets
            ]
        }
    )


@router.post(
    "/glossaries",
    status_code=201,
    summary="Create a glossary",
    openapi_extra=body_of(
        "name source_lang target_lang entries",
        name="What it is called",
        source_lang="Code of the source language",
        target_lang="Code of the target language",
        entries="A line for each: source, separator, target",
        entries_format="The separator: tsv (a tab) or csv (a comma)",
    ),
)
async def create(request: Request) -> JSONResponse:
    """Keep a glossary: name, source_lang, target_lang, entries_format (tsv or csv), entries."""
    values = await parameters.read(request)
    client = await admission.admitted(request)
    name = parameters.text(values, "name", "a name for the glossary")
    known = translating.directions(request.app.state.service)
    source = known.source(parameters.text(values, "source_lang", _LANGUAGE))
    target = known.target(parameters.text(values, "target_lang", _LANGUAGE))
    entries = parameters.text(values, "entries", "lines of source, separator, target")
    separator = _SEPARATORS.get(lowered(values, "entries_format"))
    if separator is None:
        raise bad_request("entries_format must be tsv or csv")
    glossary = _kept(request).add(client, name[:1024], (source, target), _entries(entries, separator))
    return JSONResponse(_shown(glossary), 201)


@router.get("/glossaries", summary="List the glossaries")
async def listed(request: Request) -> JSONResponse:
    """List the client's glossaries."""
    client = await admission.admitted(request)
    return JSONResponse({"glossaries": [_shown(glossary) for glossary in _kept(request).listed(client)]})


@router.get("/glossaries/{glossary_id}", summary="Describe a glossary")
async def described(request: Request, glossary_id: str) -> JSONResponse:
    """Describe one of the client's glossaries."""
    return JSONResponse(_shown(_kept(request).get(await admission.admitted(request), glossary_id)))


@router.get("/glossaries/{glossary_id}/entries", summary="Fetch the entries of a glossary")
async def table(request: Request, glossary_id: str) -> Response:
    """Return the entries of one of the client's glossaries, with tabs."""
    glossary = _kept(request).get(await admission.admitted(request), glossary_id)
    rows = "\n".join("\t".join(entry) for entry in glossary.entries)
    return Response(rows, media_type="text/tab-separated-values")


@router.delete("/glossaries/{glossary_id}", status_code=204, summary="Delete a glossary")
async def deleted(request: Request, glossary_id: str) -> Response:
    """Forget one of the client's glossaries."""
    _kept(request).delete(await admission.admitted(request), glossary_id)
    return Response(status_code=204)


def _kept(request: Request) -> Glossaries:
    kept: Glossaries = request.app.state.glossaries
    return kept


def _entries(text: str, separator: str) -> list[tuple[str, str]]:
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE,
    )
    read = []
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) < 2:
                raise bad_request(
                    f"entries: line {rows.line_num} has no target; write source, separator, target"
                )
            read.append((row[0].strip(), row[1].strip()))
    except csv.Error as error:
        raise bad_request(
            f"entries: line {rows.line_num}: {error}; write source, separator, target"
        ) from None
    return read


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
