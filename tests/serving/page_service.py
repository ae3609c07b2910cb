"""The page with the default model behind it: the routes that it asks, in their smallest form, on a real socket."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.concurrency import run_in_threadpool

from clearhead import Terms, Translation, Translator
from clearhead.errors import ClearheadError
from clearhead.inspection.page import passage_values, sentence_values
from clearhead.inspection.passage import PassageMaps
from clearhead.serving import pages

MOST = 600
NAMES = {"en": "English", "fr": "French", "de": "German", "es": "Spanish"}


def answered(translation: Translation, source: str | None) -> dict[str, Any]:
    alignment = translation.alignment
    return {
        "text": translation.text,
        "detected": None if source else {"language": "en", "confidence": 99},
        "confidence": translation.confidence,
        "words": [{"text": word.text, "confidence": word.confidence} for word in translation.words],
        "alignment": alignment.links if alignment else [],
        "source_words": alignment.source if alignment else [],
        "target_words": alignment.target if alignment else [],
        "notes": translation.notes,
        "alternatives": [{"text": other.text} for other in translation.alternatives],
    }


def service(model: Translator) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.include_router(pages.router)
    app.state.asked = []

    def translated(wanted: dict[str, Any]) -> dict[str, Any]:
        source = None if wanted["source"] == "auto" else wanted["source"]
        terms = Terms.of(*[(term["source"], term["target"]) for term in wanted.get("terms", [])])
        translation = model.translate(
            wanted["q"],
            source=source,
            to=wanted["target"],
            align=True,
            word_confidence=True,
            num_hypotheses=1 + wanted.get("alternatives", 0),
            terms=terms if wanted.get("terms") else None,
        )
        return answered(translation, source)

    @app.get("/languages")
    async def languages() -> Any:
        return [
            {"code": code, "name": NAMES[code], "targets": [to for to in model.targets if to != code]}
            for code in model.sources
        ]

    @app.get("/api/v1/limits")
    async def limits() -> Any:
        return {"max_chars": MOST, "max_file_bytes": 2_000, "max_alternatives": 5}

    @app.post("/api/v1/translate")
    async def translate(request: Request) -> Any:
        wanted = await request.json()
        app.state.asked.append(wanted)
        return {"translations": [await run_in_threadpool(translated, wanted)]}

    @app.post("/api/v1/stream")
    async def stream(request: Request) -> Response:
        wanted = await request.json()

        async def events() -> AsyncIterator[str]:
            whole = await run_in_threadpool(translated, wanted)
            for piece in whole["text"].split(". "):
                yield f"event: piece\ndata: {json.dumps({'text': piece + '. '})}\n\n"
            yield f"event: done\ndata: {json.dumps(whole)}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    @app.post("/api/v1/look")
    async def look(request: Request) -> Any:
        wanted = await request.json()
        app.state.asked.append(wanted)
        options = ("inner", "measures", "search", "what_if", "without", "mask_source", "force", "forbid")
        chosen = {name: wanted[name] for name in options if name in wanted}
        maps = await run_in_threadpool(lambda: model.look(wanted["q"], to=wanted["target"], **chosen))
        return {"page": passage_values(maps) if isinstance(maps, PassageMaps) else sentence_values(maps)}

    @app.post("/translate_file")
    async def translate_file(request: Request) -> Any:
        form = await request.form()
        data = await form["file"].read()
        text = await run_in_threadpool(lambda: model.translate(data.decode(), to=str(form["target"])).text)
        app.state.file = text
        return {"translatedFileUrl": f"{request.base_url}download_file/random.txt"}

    @app.get("/download_file/random.txt")
    async def download() -> Response:
        return Response(app.state.file, headers={"Content-Disposition": "attachment; filename=random.txt"})

    @app.exception_handler(ClearheadError)
    async def wrong(request: Request, error: ClearheadError) -> JSONResponse:
        return JSONResponse({"error": str(error), "code": "bad_request"}, status_code=400)

    return app


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application until the block ends; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    loop = asyncio.new_event_loop()
    server = Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False)
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    for _ in range(200):
        with socket.socket() as tried:
            tried.settimeout(0.1)
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        threading.Event().wait(0.05)
    yield f"http://127.0.0.1:{port}/"
    loop.call_soon_threadsafe(server.stop)
    thread.join(timeout=10)
