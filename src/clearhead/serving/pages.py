"""The page at `/` and its modules, as they lie in the package: nothing is built, nothing comes from elsewhere."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

FILES = Path(__file__).parents[1] / "page"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # asked again each time, answered with 304 unless it is another version
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file of the page."""

    body: bytes
    type: str
    tag: str
    """Of its contents, for If-None-Match."""


@cache
def assets() -> dict[str, Asset]:
    """Return every file of the page by its path below `assets/`; nothing else is ever served."""
    return {file.relative_to(FILES).as_posix(): _read(file) for file in _files()}


def _files() -> Iterator[Path]:
    for folder in (FILES, FILES / "service"):
        yield from (file for file in sorted(folder.iterdir()) if file.suffix in _TYPES)


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    return Asset(
        body=body,
        type=_TYPES[file.suffix],
        tag=f'"{hashlib.sha256(body, usedforsecurity=False).hexdigest()[:20]}"',
    )


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """Return the page."""
    return _answer(request, assets()["service/index.html"])


@router.api_route("/assets/{path:path}", methods=["GET", "HEAD"])
async def asset(request: Request, path: str) -> Response:
    """Return a module, a style sheet or a picture of the page."""
    known = assets().get(path)
    if known is None:
        return JSONResponse(
            {"error": "the page has no such file", "code": "not_found"}, status_code=404, headers=_HEADERS
        )
    return _answer(request, known)


def _answer(request: Request, file: Asset) -> Response:
    headers = {**_HEADERS, "ETag": file.tag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if file.tag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.body, media_type=file.type, headers=headers)
