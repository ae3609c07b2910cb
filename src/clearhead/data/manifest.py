"""The JSON of a store, read as what anybody may have written: every value is of its kind, or the fault is reported."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearhead.errors import DataError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
_FIELDS = {
    "format_version": int,
    "settings": dict,
    "sources": list,
    "pairs": int,
    "parts": list,
    "id_type": str,
    "characters": int,
    "tokens": int,
    "sha256": dict,
    "bytes": dict,
}
_PART = {"corpus": int, "source_lang": str, "target_lang": str, "start": int, "end": int, "tag": str | None}
_REPORT = {
    "name": str,
    "source_lang": str,
    "target_lang": str,
    "pairs_read": int,
    "pairs_kept": int,
    "faults": dict,
}
_SUM = "sum"
"""Of the manifest without this key."""
_NOT_AS_WRITTEN = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
"""What reading values raises where they are not those that were written."""


def manifest_bytes(values: Mapping[str, Any]) -> bytes:
    """Return the file of a manifest, its own sum last."""
    return json.dumps({**values, _SUM: _sum_of(values)}, ensure_ascii=False, indent=1).encode()


def _sum_of(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a store, in which every value is of its kind."""
    try:
        data = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise DataError(
            f"{folder} does not hold prepared text ({MANIFEST}: {error.strerror or error}); give a folder that "
            "`clearhead prepare` wrote, or a new name"
        ) from None
    try:
        values: dict[str, Any] = json.loads(data)
        expected = values.pop(_SUM, None)  # earlier releases wrote none
        if expected is not None and expected != _sum_of(values):
            raise ValueError("it does not match its checksum")
        if values["format_version"] != FORMAT_VERSION:
            raise DataError(
                f"{folder} was prepared by another release of Clearhead (format {values['format_version']!r}, here "
                f"{FORMAT_VERSION}); remove it and prepare again"
            )
        _check_manifest(values)
    except DataError:
        raise
    except _NOT_AS_WRITTEN as error:
        raise damaged(folder, f"{MANIFEST}: {_said(error)}") from None
    return values


def _check_manifest(values: Mapping[str, Any]) -> None:
    """Raise ValueError, or what reading raises, for values that no manifest has."""
    _check_kinds(values, _FIELDS)
    place = 0
    for part in values["parts"]:
        _check_kinds(part, _PART)
        if part["start"] != place or part["end"] < place or part.keys() != _PART.keys():
            raise ValueError(f"the part {part!r} does not follow from the one before")
        place = part["end"]
    if place != values["pairs"] or values["id_type"] not in ("<u2", "<i4"):
        raise ValueError(f"{values['pairs']} pairs in parts of {place}, ids of type {values['id_type']}")
    for source in values["sources"]:
        _check_kinds(source, {"file": str, "sha256": str})
    for name, size in values["bytes"].items():
        if Path(name).name != name or type(size) is not int:
            raise ValueError(f"{name} of {size!r} bytes")


def read_reports(folder: Path, file: Path) -> list[dict[str, Any]]:
    """Return the report of a store, in which every value is of its kind."""
    try:
        values: list[dict[str, Any]] = json.loads(file.read_bytes())
        for report in values:
            _check_kinds(report, _REPORT)
            for entry in report["faults"].values():
                _check_kinds(entry, {"count": int, "left_out": bool, "samples": list})
                _check_kinds(entry["samples"][0], {"file": str, "line": int})
    except _NOT_AS_WRITTEN as error:
        raise damaged(folder, f"{file.name}: {_said(error)}") from None
    return values


def _check_kinds(values: Mapping[str, Any], kinds: Mapping[str, Any]) -> None:
    for name, kind in kinds.items():
        if not isinstance(values[name], kind) or (kind is int and isinstance(values[name], bool)):
            raise ValueError(f"{name} is {str(values[name])[:60]!r}")


def _said(error: Exception) -> str:
    """Return what is wrong in words."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    return str(error) if isinstance(error, ValueError) else "it does not hold what was written"


def damaged(folder: Path, fault: str) -> DataError:
    """Return the error for a store that is not as it was written."""
    return DataError(f"{folder} is damaged ({fault}); remove it and prepare again")
