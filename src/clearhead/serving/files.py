"""Translated documents until they are fetched: under names nobody can guess, for a time, and not too many."""

import hashlib
import os
import re
import secrets
import time
from pathlib import Path

from clearhead.serving.failures import ServiceFailure

_TOKEN = re.compile(r"[\w-]{43}(\.[a-z]{1,8})")
_MOST_FILES = 1_000
_TIMES = 50
"""The folder holds this many of the largest documents."""


class Files:
    """A folder of translated documents, which several processes may share.

    A file is named by the hash of its token, so that who lists the folder learns no address.
    """

    def __init__(self, folder: Path, *, seconds: float, largest: int) -> None:
        self._folder, self._seconds, self._most_bytes = folder, seconds, _TIMES * largest

    def add(self, data: bytes, ending: str) -> str:
        """Keep a document, and return its token, which ends like the name of a file (`.docx`).

        Raises ServiceFailure 503 where there is no room until others expire.
        """
        kept = self._sweep()
        if len(kept) >= _MOST_FILES or sum(size for _, size in kept) + len(data) > self._most_bytes:
            oldest = min(added for added, _ in kept) if kept else time.time()
            wait = max(1.0, oldest + self._seconds - time.time())
            raise ServiceFailure(
                503,
                "files_full",
                "there is no room for more translated documents; try again later",
                retry_after=wait,
            )
        token = secrets.token_urlsafe(32) + ending
        path = self._path(token)
        partial = path.with_suffix(f".{secrets.token_hex(4)}.partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        partial.replace(path)
        return token

    def get(self, token: str) -> bytes | None:
        """Return a document by its token; None where there is none, or where its time is over."""
        if not _TOKEN.fullmatch(token):
            return None
        path = self._path(token)
        try:
            if path.stat().st_mtime + self._seconds <= time.time():
                path.unlink(missing_ok=True)
                return None
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def _path(self, token: str) -> Path:
        return self._folder / hashlib.sha256(token.encode()).hexdigest()

    def _sweep(self) -> list[tuple[float, int]]:
        """Remove what is expired, and return the times and sizes of the rest."""
        kept = []
        for path in self._folder.iterdir():
            try:
                facts = path.stat()
            except FileNotFoundError:  # another process was first
                continue
            if facts.st_mtime + self._seconds <= time.time():
                path.unlink(missing_ok=True)
            else:
                kept.append((facts.st_mtime, facts.st_size))
        return kept
