"""A server on this machine that publishes models as the hub and Mozilla's registry do, and fails as they may."""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Published:
    """Files by path, and what goes wrong with them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.cuts: Counter[str] = Counter()
        """How many of the next answers for a path end in the middle."""
        self.asked: list[tuple[str, str]] = []
        """Every path that was asked for, and its Range."""
        self.address = ""

    def hub_model(self, repo: str, folder: Path, extra: dict[str, bytes] | None = None, **card: str) -> None:
        """Publish a folder as a repository of the hub."""
        contents = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
        contents |= extra or {}
        siblings = []
        for name, content in contents.items():
            self.files[f"/{repo}/resolve/{REVISION}/{name}"] = content
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            entry = {"rfilename": name, "size": len(content), "blobId": blob}
            if name.endswith((".safetensors", ".bin", ".spm")):
                entry["lfs"] = {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "pointerSize": 134,
                }
            siblings.append(entry)
        about = {"id": repo, "sha": REVISION, "siblings": siblings, "cardData": card, "private": False}
        self.files[f"/api/models/{repo}"] = json.dumps(about).encode()

    def firefox_model(self, pair: str, folder: Path, **changed: str) -> None:
        """Publish a Marian model as Mozilla's registry has it, gzip on the way."""
        files = {}
        for key, name in (("model", "model.npz"), ("vocab", "vocab.spm")):
            content = (folder / name).read_bytes()
            path = f"models/{pair}/{name}.gz"
            self.files[f"/{path}"] = gzip.compress(content)
            files[key] = {"path": path}
            if key == "model":
                files[key] |= {
                    "uncompressedSize": len(content),
                    "uncompressedHash": hashlib.sha256(content).hexdigest(),
                }
        files["model"] |= changed
        entry = {
            "architecture": "base",
            "releaseStatus": "Release",
            "files": files,
            "metrics": {"bleu": 41.5},
        }
        registry = {"baseUrl": self.address, "generated": "2026-01-01", "models": {pair: [entry]}}
        self.files["/db/models.json"] = json.dumps(registry).encode()


@contextmanager
def serving() -> Iterator[Published]:
    """Run the server as long as the context lasts."""
    published = Published()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            published.asked.append((path, self.headers.get("Range", "")))
            if path in published.redirects:
                self.send_response(302)
                self.send_header("Location", published.redirects[path])
                self.end_headers()
                return
            if path not in published.files:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content, begin = published.files[path], 0
            if wanted := self.headers.get("Range"):
                begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - begin))
            self.end_headers()
            rest = content[begin:]
            if published.cuts[path] > 0:
                published.cuts[path] -= 1
                rest = rest[: len(rest) // 2]
            self.wfile.write(rest)
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    published.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield published
    finally:
        server.shutdown()
        server.server_close()
