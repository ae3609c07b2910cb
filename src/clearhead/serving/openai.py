"""The interface of OpenAI's chat completions: the last message of the user is the text, the model names the target.

Source: https://platform.openai.com/docs/api-reference/chat. Errors are `{"error": {"message", "type", "code"}}`.
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from clearhead.errors import ClearheadError
from clearhead.serving import admission, parameters
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.leaving import unless_left
from clearhead.serving.openapi import EVENTS, JSON, body_of, failures_or_ours
from clearhead.serving.shaped_routes import shaped
from clearhead.translator import Translation

_REFUSED = {"tools": "tools", "functions": "functions", "logprobs": "log-probabilities", "audio": "audio"}
"""Fields of a conversation, or of a model that follows instructions, which a translator does not have."""


def _error(failure: ServiceFailure) -> dict[str, Any]:
    kind = "invalid_request_error" if failure.status < 500 else "server_error"
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": failure.code}}


_FAILURE = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {name: {"type": "string"} for name in ("message", "type", "code")},
        }
    },
}
router = APIRouter(
    prefix="/v1", route_class=shaped(_error), tags=["OpenAI"], responses=failures_or_ours(_FAILURE)
)


@router.get("/models")
async def models(request: Request) -> JSONResponse:
    """List the models, one for each target: `default:fr` translates into French."""
    await admission.admitted(request)
    listed = request.app.state.service.models.listed()
    names = [f"{model.name}:{target}" for model in listed for target in model.targets or ("",)]
    return JSONResponse({"object": "list", "data": [_model(name.removesuffix(":")) for name in names]})


@router.post(
    "/chat/completions",
    responses={200: {"content": EVENTS}},
    openapi_extra=body_of(
        "model messages",
        kinds=(JSON,),
        model="A name of /v1/models, such as default:fr",
        messages="The last one of the role user is the text",
        target="Code of the language to translate into, where the model's name does not say it",
        source="Code of the text's language",
        stream="Whether the answer comes as server-sent events",
    ),
)
async def complete(request: Request) -> Response:
    """Translate the last message of the user; with `stream`, the answer comes as server-sent events."""
    values = await _object(request)
    text = _text(values)
    if len(text) > (limit := request.app.state.settings.max_chars):
        raise bad_request(
            f"the message must have at most {limit:,} characters, got {len(text):,}", "too_long"
        )
    client = await admission.admitted(request, len(text))
    name, target = _model_and_target(values)
    service = request.app.state.service
    options = {"to": target, "source": _optional(values, "source"), "model": name, "client": client}
    answer = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "created": int(time.time()),
        "model": str(values["model"]),
    }
    if values.get("stream") is True:
        pieces: AsyncIterator[str | Translation] = service.stream(text, **options)
        first = await anext(pieces)  # what fails at once is answered with its status
        return StreamingResponse(
            _events(request, answer, first, pieces),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},  # a proxy must not collect them
        )
    translation = await unless_left(request, service.translate(text, **options))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": translation.text},
        "finish_reason": "stop",
    }
    return JSONResponse({**answer, "object": "chat.completion", "choices": [choice]})


async def _events(
    request: Request,
    answer: dict[str, Any],
    first: str | Translation,
    pieces: AsyncIterator[str | Translation],
) -> AsyncIterator[str]:
    """Yield the events of an answer: the role, each sentence as soon as it is there, the end.

    Where a sentence fails the error is the last event, as OpenAI's is. A client that leaves ends the translation.
    """
    try:
        yield _chunk(answer, {"role": "assistant", "content": ""})
        if isinstance(first, str):
            yield _chunk(answer, {"content": first})
        async for piece in pieces:
            if await request.is_disconnected():
                return
            if isinstance(piece, str):  # the last is the whole translation, of which all parts were sent
                yield _chunk(answer, {"content": piece})
        yield _chunk(answer, {}, "stop")
        yield "data: [DONE]\n\n"
    except ServiceFailure as failure:
        yield f"data: {json.dumps(_error(failure), ensure_ascii=False)}\n\n"
    except ClearheadError as error:
        yield f"data: {json.dumps(_error(bad_request(str(error))), ensure_ascii=False)}\n\n"
    finally:
        await pieces.aclose()  # type: ignore[attr-defined]


def _chunk(answer: dict[str, Any], delta: dict[str, str], reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    chunk = {**answer, "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


async def _object(request: Request) -> Mapping[str, Any]:
    sent = parameters.json_object(await request.body())
    for field, what in _REFUSED.items():
        if sent.get(field):
            raise bad_request(f"{field}: a translator has no {what}; leave it out")
    if sent.get("n") not in (None, 1):
        raise bad_request("n must be 1")
    return sent


def _text(values: Mapping[str, Any]) -> str:
    """Return the last message of the user; its parts, where it has several, are put together."""
    messages = values.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise bad_request('messages must be a list such as [{"role": "user", "content": "Hello"}]')
    users = [message.get("content") for message in messages if message.get("role") == "user"]
    if not users:
        raise bad_request("messages must have one of the role user; its content is translated")
    content = users[-1]
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        if any(part.get("type") != "text" for part in content):
            raise bad_request("content must be text; images and sound are not translated")
        content = "".join(str(part.get("text", "")) for part in content)
    if not isinstance(content, str):
        raise bad_request("content must be a string")
    return content


def _model_and_target(values: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the model's name and the target of `default:fr`; a field `target` goes before the suffix."""
    model = values.get("model")
    if not isinstance(model, str) or not model:
        raise bad_request("model must be a name of /v1/models, such as default:fr")
    name, _, suffix = model.partition(":")
    return name, _optional(values, "target") or suffix.lower() or None


def _optional(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise bad_request(f"{name} must be a language's code")
    return value.lower() if value else None


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "clearhead"}
