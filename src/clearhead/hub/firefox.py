"""Models of Mozilla's registry, the one that Firefox translates pages with.

The registry is one JSON file: `baseUrl`, and under `models` for each pair a list of `architecture`, `releaseStatus`
and `files` (`model`, `vocab` or `srcVocab` and `trgVocab`, each a `path`, the model with its size and SHA-256).
"""

import os
from collections.abc import Mapping
from typing import Any

from clearhead.config.checks import nearest
from clearhead.hub.download import HubError, Remote, opened
from clearhead.hub.offer import Offer, Wanted
from clearhead.storage.untrusted import parse_json

REGISTRY = (
    "https://storage.googleapis.com/moz-fx-translations-data--303e-prod-translations-data/db/models.json"
)
"""Where Mozilla publishes it; CLEARHEAD_FIREFOX_MODELS names another."""
LICENCE = "mpl-2.0"
"""Of all of them: the README of mozilla/translations."""
LARGEST_REGISTRY = 32 << 20


def address() -> str:
    """Return the address of the registry."""
    return os.environ.get("CLEARHEAD_FIREFOX_MODELS") or REGISTRY


def registry() -> Mapping[str, Any]:
    """Fetch the registry; raise HubError for anything else under its address."""
    with opened(address()) as answer:
        data = answer.read(LARGEST_REGISTRY + 1)
    try:
        if len(data) > LARGEST_REGISTRY:
            raise ValueError(f"it is larger than {LARGEST_REGISTRY:,} bytes")
        value = parse_json(data)
        if not isinstance(value["baseUrl"], str) or not isinstance(value["models"], dict):
            raise TypeError
    except (KeyError, TypeError):
        raise HubError(f"{address()} is not Mozilla's registry: it has no baseUrl and models") from None
    except ValueError as error:
        raise HubError(f"{address()} is not Mozilla's registry: {error}") from None
    return value  # type: ignore[no-any-return]


def offer(wanted: Wanted) -> Offer:
    """Return what the registry has for a pair; raise HubError where nothing of it can be imported."""
    listed = registry()
    name = "-".join(wanted.pair)
    entries = listed["models"].get(name)
    if not isinstance(entries, list) or not entries:
        hint = nearest(wanted.name, [f"firefox-{pair}" for pair in listed["models"]])
        raise HubError(
            f"Mozilla's registry has no model {wanted.name}{hint}; its pairs have English on one side"
        )
    entry = _readable(wanted, entries)
    try:
        files = _files(listed["baseUrl"].rstrip("/"), entry["files"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise HubError(f"the registry's entry of {wanted.name} is not complete; try again later") from None
    architecture = str(entry.get("architecture") or "unknown")
    return Offer(
        wanted=wanted,
        form="marian",
        files=files,
        page=address(),
        revision=str(listed.get("generated") or ""),
        licence=LICENCE,
        scores=_scores(entry),
        card=f"{wanted.name}, architecture {architecture}, from {address()}. Licence: {LICENCE.upper()} (Mozilla).\n",
    )


def _readable(wanted: Wanted, entries: list[Any]) -> Mapping[str, Any]:
    """Return the entry with arrays in `.npz`, a released one first; name what is there instead where none has."""
    paths = {id(entry): _path(entry) for entry in entries}
    readable = [entry for entry in entries if paths[id(entry)].removesuffix(".gz").endswith(".npz")]
    if not readable:
        file = paths[id(entries[0])].rpartition("/")[2] or "no file"
        source, target = wanted.pair
        raise HubError(
            f"Mozilla publishes {wanted.name} as {file}, and only arrays in .npz can be imported: the 8-bit form is "
            "made for a decoder of SSRU cells, which Clearhead does not have; try "
            f"`clearhead get opus-mt-{source}-{target}`"
        )
    released: Mapping[str, Any] = min(
        readable, key=lambda entry: not str(entry.get("releaseStatus", "")).lower().startswith("release")
    )
    return released


def _path(entry: Any) -> str:
    try:
        return str(entry["files"]["model"]["path"])
    except (KeyError, TypeError):
        return ""


def _files(base: str, files: Mapping[str, Any]) -> tuple[Remote, ...]:
    names = ["model", *(name for name in ("vocab", "srcVocab", "trgVocab") if name in files)]
    return tuple(
        Remote(
            name={"model": "model.npz", "vocab": "vocab.spm"}.get(name, f"{name}.spm"),
            url=f"{base}/{files[name]['path'].lstrip('/')}",
            size=int(files[name].get("uncompressedSize") or 0),
            sha256=str(files[name].get("uncompressedHash") or "").lower(),
        )
        for name in names
    )


def _scores(entry: Mapping[str, Any]) -> dict[str, float]:
    metrics = entry.get("metrics")
    rows = metrics.items() if isinstance(metrics, dict) else ()
    return {str(name)[:80]: float(value) for name, value in rows if type(value) in (int, float)}


def can_import(entries: Any) -> bool:
    """Say whether one of a pair's entries has arrays in `.npz`."""
    return isinstance(entries, list) and any(
        _path(entry).removesuffix(".gz").endswith(".npz") for entry in entries
    )
