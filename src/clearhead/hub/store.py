"""Models that were fetched: a folder for each under its name, with a note of where it came from."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clearhead import model_directory
from clearhead.engines import conversion
from clearhead.errors import CheckpointError, EngineError
from clearhead.extras import has, require
from clearhead.hub import firefox, hugging_face
from clearhead.hub.download import HubError, Reached, fetch
from clearhead.hub.offer import OPUS, Form, Offer, licence_of, scores_of, wanted
from clearhead.storage import folders
from clearhead.storage.files import PARTIAL, json_bytes
from clearhead.storage.untrusted import read_json, shown

ORIGIN = "origin.json"
"""In a model's folder: its name, page, revision, licence, scores, and the SHA-256 of each file that was fetched."""
COPIES = 3
"""Of a model are on the disk while it is imported: as it came, as it is kept, as CTranslate2 runs it."""
OWN_LICENCE = "apache-2.0"
"""Of the model that comes with Clearhead; its card says that it is Clearhead's."""
SPARE = 64 << 20
"""Bytes that must stay free besides."""


IMPORT_NEEDS: Mapping[Form, tuple[str, ...]] = {
    "clearhead": (),
    "marianmt": ("torch", "transformers", "protobuf"),
    "marian": ("torch",),
}
"""Packages that turn what is fetched into a model of ours, with its proof."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A model that is here."""

    name: str
    folder: Path
    size: int
    licence: str = ""
    page: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


def find_offer(name: str, revision: str = "") -> Offer:
    """Ask for what is published under a name. Raises HubError, and MissingPackageError where the hub has no client."""
    asked = wanted(name)
    if asked.repo and not has("huggingface-hub"):
        needed = IMPORT_NEEDS["marianmt"] if asked.repo.startswith(f"{OPUS}/") else ()
        require(f"getting {asked.name}", "huggingface-hub", *needed)
    return hugging_face.offer(asked, revision) if asked.repo else firefox.offer(asked)


def held(name: str) -> Path | None:
    """Return where a model is that was fetched before; None where it was not.

    Raises HubError where another's of the same name is there.
    """
    asked = wanted(name)
    folder = model_directory.models_folder() / asked.name
    if not (folder / model_directory.CONFIG).exists():
        return None
    page = str(origin_of(folder).get("page") or "")
    if asked.repo and page and not page.endswith(f"/{asked.repo}"):
        raise HubError(
            f"{folder} holds another model of the name {asked.name}, from {shown(page)}; remove that folder to have "
            f"{asked.repo}"
        )
    return folder


def get(offer: Offer, begin: Callable[[str, int], None], reached: Reached) -> Path:
    """Fetch a model, prove, convert and keep it; return its folder, which appears whole or not at all.

    `begin` is told the name and size of each file, `reached` the bytes as they come. What was fetched before a cut
    stays hidden beside the models, and is continued. Raises HubError, MissingPackageError before anything is fetched
    where the import lacks packages, and EngineError of an import.
    """
    require(f"importing {offer.wanted.name}", *IMPORT_NEEDS[offer.form])
    place = model_directory.models_folder() / offer.wanted.name
    fetched = place.with_name(f"{PARTIAL}get-{place.name}")
    check_space(place.parent, offer)
    try:
        fetched.mkdir(parents=True, exist_ok=True)
        sums = {}
        for file in offer.files:
            begin(file.name, file.size)
            sums[file.name] = fetch(file, fetched, reached)
    except OSError as error:
        raise HubError(
            f"cannot keep {offer.wanted.name} in {place.parent}: {error.strerror or error}; free some space, or set "
            "CLEARHEAD_MODELS to another folder"
        ) from None
    begin("proof", 0)
    try:
        _keep(offer, fetched, place, sums)
    except (EngineError, CheckpointError):
        shutil.rmtree(fetched, ignore_errors=True)  # to fetch the same again would help nobody
        raise
    shutil.rmtree(fetched, ignore_errors=True)
    conversion.converted(place)
    return place


def check_space(folder: Path, offer: Offer) -> None:
    """Raise HubError where the disk has no room for a model, before anything is fetched."""
    here = folder
    while not here.exists():
        here = here.parent
    needed, free = COPIES * offer.size + SPARE, shutil.disk_usage(here).free
    if free < needed:
        raise HubError(
            f"{offer.wanted.name} needs {megabytes(needed)} in {folder}, and {megabytes(free)} are free; free some "
            "space, or set CLEARHEAD_MODELS to a folder on another disk"
        )


def megabytes(size: int) -> str:
    """Return a size as people say it."""
    return f"{size / 1e6:,.1f} MB"


def _keep(offer: Offer, fetched: Path, place: Path, sums: Mapping[str, str]) -> None:
    """Import what was fetched, and let it appear under its name."""
    card = fetched / model_directory.CARD
    if offer.card and not card.exists():
        card.write_text(offer.card, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix=f"{PARTIAL}import-", dir=place.parent) as name:
        model = Path(name) / "model"
        if offer.form == "clearhead":
            model = model_directory.find(fetched)
        elif offer.form == "marianmt":
            from clearhead.exchange.marian import import_model

            import_model(fetched, model)
        else:
            from clearhead.exchange.marian_npz import import_npz

            import_npz(fetched, model, languages=offer.wanted.pair)
        text = card.read_text(encoding="utf-8", errors="replace") if card.exists() else ""
        origin = {
            "name": offer.wanted.name,
            "page": offer.page,
            "revision": offer.revision,
            "licence": offer.licence or licence_of(text),
            "scores": dict(offer.scores or scores_of(text)),
            "sha256": dict(sums),
        }
        files = {
            name: data
            for name, data in model_directory.files_of(model).items()
            if name in _KEPT or form_of(name)
        }
        folders.write_directory(place, {**files, ORIGIN: json_bytes(origin)})


_KEPT = (
    model_directory.CONFIG,
    model_directory.WEIGHTS,
    model_directory.TOKENIZER,
    model_directory.CARD,
)


def form_of(name: str) -> bool:
    """Say whether a file is the proof of an import, which is kept with its model."""
    return name.endswith("-proof.json")


def origin_of(folder: Path) -> dict[str, Any]:
    """Return what was noted of where a model came from; nothing where nothing was."""
    try:
        value = read_json(folder / ORIGIN)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def all_held() -> Iterator[Held]:
    """Yield the models that are here: the default one, and those that were fetched."""
    default = model_directory.DEFAULT
    if (default / model_directory.CONFIG).exists():
        own = _held(model_directory.DEFAULT_NAME, default)
        yield replace(own, licence=own.licence or OWN_LICENCE)
    home = model_directory.models_folder()
    for folder in sorted(home.iterdir()) if home.is_dir() else ():
        if not folder.name.startswith(".") and (folder / model_directory.CONFIG).exists():
            yield _held(folder.name, folder)


def _held(name: str, folder: Path) -> Held:
    origin = origin_of(folder)
    card = folder / model_directory.CARD
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    scores = origin.get("scores") if isinstance(origin.get("scores"), dict) else scores_of(text)
    return Held(
        name=name,
        folder=folder,
        size=sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
        licence=str(origin.get("licence") or licence_of(text)),
        page=str(origin.get("page") or ""),
        scores={
            str(key): float(value) for key, value in (scores or {}).items() if type(value) in (int, float)
        },
    )


def available() -> list[str]:
    """Ask Mozilla's registry, and return the names of its models that can be imported. Raises HubError."""
    models = firefox.registry()["models"]
    return sorted(f"firefox-{pair}" for pair, entries in models.items() if firefox.can_import(entries))


def to_json(model: Held) -> str:
    """Return a model as one line of JSON."""
    values = {**vars(model), "folder": str(model.folder)}
    return json.dumps(values, ensure_ascii=False)
