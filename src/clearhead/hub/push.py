"""A model as a folder that a hub shows well, and its upload where somebody says so."""

import re
from pathlib import Path

from clearhead import model_directory
from clearhead.hub import hugging_face
from clearhead.hub.download import HubError
from clearhead.hub.offer import licence_of
from clearhead.hub.store import ORIGIN, origin_of
from clearhead.model_directory import ModelInfo
from clearhead.storage import folders

_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def prepare(model: Path, repo: str, out: Path, licence: str = "") -> str:
    """Write a folder for a hub, with the front matter that it reads; return the licence that it names.

    Raises HubError for a folder that is there, and where neither the model nor `licence` says what one may do with it.
    """
    if not _REPO.fullmatch(repo):
        raise HubError(f"{repo!r} is not the name of a repository; it must be OWNER/NAME")
    if out.exists():
        raise HubError(f"{out} already exists; choose another --out or remove it")
    files = model_directory.files_of(model)
    card = files[model_directory.CARD].decode(errors="replace") if model_directory.CARD in files else ""
    licence = licence or licence_of(card) or str(origin_of(model).get("licence") or "")
    if not _LICENCE.fullmatch(licence):
        raise HubError(
            "the model does not say under which licence it may be used; give --license with the hub's name of it, such "
            "as cc-by-4.0, which the data it was trained on must allow"
        )
    text = (
        card
        if licence_of(card) == licence
        else front_matter(model_directory.read_config(model), licence) + card
    )
    kept = {name: data for name, data in files.items() if name != ORIGIN}
    folders.write_directory(out, {**kept, model_directory.CARD: text.encode()})
    return licence


def front_matter(info: ModelInfo, licence: str) -> str:
    """Return the YAML at the head of a card: licence, languages, what it does, which library reads it."""
    languages = dict.fromkeys((*info.source_langs, *info.target_langs))
    listed = "".join(f"- {language}\n" for language in languages if re.fullmatch(r"[\w-]+", language))
    task = "text-generation" if info.plain_text else "translation"
    return f"""---
license: {licence}
library_name: clearhead
pipeline_tag: {task}
{f"language:{chr(10)}{listed}" if listed else ""}tags:
- clearhead
- {task}
---

"""


def upload(folder: Path, repo: str) -> str:
    """Upload a folder that `prepare` wrote, as who is logged in to the hub; return its address. Raises HubError."""
    hub = hugging_face.client()
    try:
        hub.create_repo(repo, exist_ok=True)
        hub.upload_folder(repo_id=repo, folder_path=folder, commit_message="A Clearhead model")
    except Exception as error:  # whatever theirs raises
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise HubError(
            f"cannot upload to {repo}: {first[:200]}; {folder} stays: log in with `hf auth login`, and give --yes again"
        ) from None
    return f"{hugging_face.endpoint()}/{repo}"
