"""The files that a store was prepared from: whether those at hand still hold the same text."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from clearhead.corpora.packed import PACKED, PACKING_FAULTS, opened
from clearhead.errors import ConfigError, DataError

Record = Mapping[str, str]
"""Of one file: its name, the sum of its bytes and, where it is packed, the sum of what is in it."""


def record(file: str) -> Record:
    """Return what distinguishes the text of a file from any other."""
    packed = {"text_sha256": text_sum(file)} if Path(file).suffix.lower() in PACKED else {}
    return {"file": file, "sha256": file_sum(file), **packed}


def check_sources(store: Path, files: Sequence[str], records: Sequence[Record], remedy: str) -> None:
    """Raise ConfigError where a file is not one that a store was prepared from, or has changed since.

    One that is gone has not, and a text that was packed or unpacked since is the same. `remedy` says what to do.
    """
    if len(records) > len(files):
        raise ConfigError(
            f"{store} was prepared from {len(records)} files, validation sets included, and here are {len(files)}; "
            f"name them all, or {remedy}"
        )
    for number, file in enumerate(files):
        if Path(file).exists() and (number >= len(records) or not _is_same(file, records[number])):
            raise ConfigError(
                f"{file} is not, or no longer, the text that {store} was prepared from; put that text back, or {remedy}"
            )


def _is_same(file: str, known: Record) -> bool:
    if file_sum(file) == known["sha256"]:
        return True
    try:
        return text_sum(file) == known.get("text_sha256", known["sha256"])
    except DataError:
        return False


def file_sum(path: Path | str) -> str:
    """Return the SHA-256 of a file as it is on the disk."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}; put it back") from None


def text_sum(path: str) -> str:
    """Return the SHA-256 of the bytes in a file, unpacked where it is packed."""
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except PACKING_FAULTS as error:
        raise DataError(f"cannot read {path} to its end: {error}; the file may be cut") from None
