"""The description of the interface: bodies that may be JSON or forms, failures, and a page that needs no script."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_FAILURE = {
    "type": "object",
    "required": ["error", "code", "request_id"],
    "properties": {name: {"type": "string"} for name in ("error", "code", "request_id")},
}
_REASONS = {
    400: "Something is missing, wrong or above a limit",
    403: "A key is missing or not known, or this is switched off",
    404: "There is nothing of this name",
    405: "The address does not answer to this method",
    408: "The body of the request came too slowly",
    413: "Too large",
    415: "A body of a type that is not read",
    422: "A parameter of another type",
    429: "Too many requests; see Retry-After",
    500: "A fault of the service",
    503: "Too much to do; see Retry-After",
    504: "It took too long",
}


def failures_of(schema: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return the failures of an interface, for `responses` of its router, by the schema of their JSON."""
    content = {"application/json": {"schema": schema}}
    return {status: {"description": reason, "content": content} for status, reason in _REASONS.items()}


def failures_or_ours(schema: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return the failures of an interface of others; what no route has seen, such as 413, is answered in our shape."""
    return failures_of({"anyOf": [schema, _FAILURE]})


FAILURES = failures_of(_FAILURE)
"""For `responses` of a router of ours."""
EVENTS = {
    "text/event-stream": {
        "schema": {
            "type": "object",
            "required": ["data"],
            "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
        }
    }
}
"""Content of an answer that comes as server-sent events."""
JSON, FORM, UPLOAD = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "api_key": {"description": ""},  # clients send null or false where they have none
    "q": {
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ]
    },
    "alternatives": {"type": "integer", "minimum": 0},
    "format": {"type": "string", "enum": ["text", "html"]},
    "file": {"type": "string", "format": "binary"},
    "text": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "tag_handling": {"type": "string", "enum": ["html", "xml"]},
    "split_sentences": {"type": "string", "enum": ["0", "1", "nonewlines"]},
    "type": {"type": "string", "enum": ["source", "target"]},
    "entries_format": {"type": "string", "enum": ["tsv", "csv"]},
    "messages": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["role", "content"],
            "properties": {"role": {"type": "string"}, "content": {"type": "string"}},
        },
    },
    "stream": {"type": "boolean"},
}
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}
@media(prefers-color-scheme:dark){body{background:#16181d;color:#e6e6e6}a{color:#8ab4ff}}
code{font:14px ui-monospace,monospace}h2{margin-top:2rem;font-size:1.1rem}dt{float:left;clear:left;min-width:9rem}
dd{margin-left:9.5rem}"""


def body_of(required: str, *, kinds: Sequence[str] = (JSON, FORM, UPLOAD), **about: str) -> dict[str, Any]:
    """Return the description of a body: names of what is required, and each parameter with what it is."""
    properties = {
        name: {**_SCHEMAS.get(name, {"type": "string"}), "description": text} for name, text in about.items()
    }
    schema = {"type": "object", "required": required.split(), "properties": properties}
    return {"requestBody": {"required": False, "content": {kind: {"schema": schema} for kind in kinds}}}


def documentation(description: Mapping[str, Any]) -> str:
    """Return a page that lists what an OpenAPI description has, without a script and with nothing from elsewhere."""
    parts = [
        _operation(path, method, known)
        for path, methods in description["paths"].items()
        for method, known in methods.items()
    ]
    title = escape(description["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: interface</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{title}: interface</h1>'
        f'<p>For programs: <a href="openapi.json">openapi.json</a>. What fails is answered with '
        f"<code>error</code>, <code>code</code> and <code>request_id</code>.</p>{''.join(parts)}</html>"
    )


def _operation(path: str, method: str, known: Mapping[str, Any]) -> str:
    content = known.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = next((kind["schema"] for kind in content.values()), {})
    rows = [*schema.get("properties", {}).items()]
    rows += [(one["name"], {"description": one["in"]}) for one in known.get("parameters", ())]
    needed = schema.get("required", ())
    listed = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(about.get('description', about.get('type', '')))}"
        f"{'' if name in needed else ' (optional)'}</dd>"
        for name, about in rows
    )
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p><b>{escape(known.get('summary', ''))}.</b> "
        f"{escape(known.get('description', ''))}</p><dl>{listed}</dl>"
    )
