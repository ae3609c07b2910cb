"""The parameters of a request, wherever it has them: JSON, a form, an upload, or the query string without a body."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.storage.untrusted import parse_json, shown

_MOST_FIELDS = 1_000
_FORM, _MULTIPART, _JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"
Parameters = Mapping[str, Any]
"""By name; a list where a form has a name several times."""


async def read(request: Request) -> Parameters:
    """Return the parameters of a request; those of its body come before those of its query string.

    Raises ServiceFailure: 400 for what cannot be read, 415 for another kind of body.
    """
    query = _fields(request.scope.get("query_string", b""), "query string")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _MULTIPART:
        return {**query, **await _multipart(request)}
    body = await request.body()
    if not body:
        return query
    if kind == _JSON or kind.endswith("+json"):
        return {**query, **json_object(body)}
    if kind == _FORM:
        return {**query, **_fields(body, "form")}
    raise ServiceFailure(
        415,
        "unsupported_media_type",
        f"a body of type {shown(kind)} is not read; send {_JSON}, {_FORM} or {_MULTIPART}",
    )


def text(parameters: Parameters, name: str, what: str) -> str:
    """Return a parameter that must be text; `what` says in a message what it is."""
    value = parameters.get(name)
    if value is None or value == "":
        raise bad_request(f"{name} is missing; give {what}", "missing")
    if not isinstance(value, str):
        raise bad_request(f"{name} must be text, got {type_name(value)}; give {what}", "wrong_type")
    return value


def whole_number(parameters: Parameters, name: str, most: int) -> int:
    """Return a parameter that must be a whole number from 0 to `most`, 0 where it is not there."""
    value = parameters.get(name)
    if value is None or value == "":
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise bad_request(
            f"{name} must be a whole number from 0 to {most:,}, got {shown(value)}", "wrong_type"
        )
    if value > most:
        raise bad_request(f"{name} is {value:,}, above the limit of {most:,}", "over_limit")
    return value


def type_name(value: object) -> str:
    """Return what a value is called in JSON."""
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null", str: "text"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "a file")


def json_object(body: bytes) -> dict[str, Any]:
    """Return the object that a body is in JSON. Raises ServiceFailure 400 for anything else."""
    try:
        value = parse_json(body)
    except ValueError as error:
        raise bad_request(f"the body cannot be read: {error}; send a JSON object", "not_json") from None
    if not isinstance(value, dict):
        raise bad_request(f"the body must be a JSON object, got {type_name(value)}", "not_json")
    return value


def _fields(data: bytes, what: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except UnicodeDecodeError:
        raise bad_request(
            f"the {what} is not UTF-8 as addresses write it (%C3%A9 for é)", "not_utf8"
        ) from None
    except ValueError:
        raise bad_request(
            f"the {what} has more fields than the limit of {_MOST_FIELDS:,}", "over_limit"
        ) from None
    return _gathered(pairs)


async def _multipart(request: Request) -> dict[str, Any]:
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    except (HTTPException, UnicodeDecodeError, ValueError) as error:
        reason = error.detail if isinstance(error, HTTPException) else "it is not UTF-8"
        raise bad_request(f"the form cannot be read: {shown(reason)}", "bad_form") from None
    return _gathered(form.multi_items())


def _gathered(pairs: "list[tuple[str, str]] | list[tuple[str, UploadFile | str]]") -> dict[str, Any]:
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name.removesuffix("[]"), []).append(value)
    return {name: several[0] if len(several) == 1 else several for name, several in values.items()}
