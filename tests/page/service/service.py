"""The service itself, with the default model behind it, on a real socket, and its page in a real browser."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from granian.constants import Interfaces
from granian.server.embed import Server

from clearhead import Translator
from clearhead.serving.app import create_app
from clearhead.serving.service import Service
from clearhead.serving.settings import ServingSettings

CAT = "The black cat drank the milk."
MOST = 600
"""Characters that the service takes here."""
MOST_BYTES = 2_000
"""Of a file."""


def service(model: Translator, **settings) -> FastAPI:
    """Return the application as `clearhead serve` has it, around a model that is loaded already."""
    chosen = {"max_chars": MOST, "max_file_bytes": MOST_BYTES, "log": "none", **settings}
    limits = ServingSettings(**chosen)
    return create_app(limits, Service(limits, load=lambda name: model))


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


def watched(view, address: str):
    """Note in `view.faults` whatever a page says on the console, throws, shows as a dialog or asks of others."""
    view.faults, view.asked = [], []

    def request(sent):
        if not sent.url.startswith((address, f"blob:{address}")):
            view.faults.append(sent.url)
        if "/api/v1/" in sent.url and sent.post_data:
            view.asked.append((sent.url.rpartition("/")[2], json.loads(sent.post_data)))

    view.on("request", request)
    view.on("pageerror", lambda error: view.faults.append(str(error)))
    view.on("console", lambda message: view.faults.append(message.text))
    view.on("dialog", lambda dialog: (view.faults.append(dialog.message), dialog.dismiss()))
    return view


def translated(view) -> str:
    """Return the translation once it belongs to the text."""
    view.wait_for_selector("#look:enabled")
    return view.inner_text("#answer")


def refused(view, status: int) -> None:
    """Take away what the browser itself notes on the console of an answer with that status."""
    noted = [fault for fault in view.faults if f"status of {status}" in fault]
    assert noted
    view.faults[:] = [fault for fault in view.faults if fault not in noted]


def dropped(view, files: dict[str, str]) -> None:
    """Drop files, by name with what is in them, on the page."""
    transfer = view.evaluate_handle(
        "files => { const held = new DataTransfer(); for (const [name, text] of Object.entries(files))"
        " held.items.add(new File([text], name)); return held; }",
        files,
    )
    view.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    assert view.is_visible("#drop")
    view.dispatch_event("body", "drop", {"dataTransfer": transfer})
    assert not view.is_visible("#drop")
