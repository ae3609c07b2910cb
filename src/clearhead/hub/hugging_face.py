"""Models on the Hugging Face hub, or a mirror of it that `HF_ENDPOINT` names."""

import os
import re
from typing import Any

from clearhead.extras import missing
from clearhead.hub.download import HubError, Remote
from clearhead.hub.offer import Form, Offer, Wanted
from clearhead.storage.untrusted import shown

_MARIANMT = ("config.json", "source.spm", "target.spm", "vocab.json", "model.safetensors")
_OPTIONAL = ("generation_config.json", "tokenizer_config.json", "README.md")
_CLEARHEAD = ("config.json", "model.safetensors", "tokenizer.model", "README.md", "manifest.json")
_PLAIN = re.compile(r"\w[\w.-]*\.(json|safetensors|model|md)")
"""Files of a Clearhead model: its manifest says which of them it needs."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
TRIED = 30
"""Seconds that a listing may take."""


def endpoint() -> str:
    """Return the address of the hub."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


def client() -> Any:
    """Return the hub's own client; raise HubError where its package is missing."""
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise HubError(missing("a model of the Hugging Face hub", "huggingface-hub")) from None
    return HfApi(endpoint=endpoint(), library_name="clearhead")


def offer(wanted: Wanted, revision: str = "") -> Offer:
    """Return what the hub has under a name; raise HubError where it has nothing that can be imported."""
    listed = _listed(wanted.repo, revision)
    published = {file.rfilename: file for file in listed.siblings or ()}
    form, names = _form(wanted.repo, set(published))
    commit = str(listed.sha or revision or "main")
    data = listed.card_data or {}
    return Offer(
        wanted=wanted,
        form=form,
        files=tuple(_remote(wanted.repo, commit, published[name]) for name in names),
        page=f"{endpoint()}/{wanted.repo}",
        revision=commit,
        licence=str(data.get("license") or ""),
    )


def _listed(repo: str, revision: str) -> Any:
    hub = client()
    from huggingface_hub import errors

    try:
        return hub.model_info(
            repo, revision=revision or None, files_metadata=True, timeout=TRIED, token=False
        )
    except errors.RevisionNotFoundError:
        raise HubError(
            f"{repo} has no revision {shown(revision)}; leave --revision out for the newest"
        ) from None
    except errors.RepositoryNotFoundError:
        raise HubError(
            f"{endpoint()} has no public model {repo}; check its name there: some languages have codes of three "
            "letters, and some pairs only a group, such as opus-mt-ROMANCE-en"
        ) from None
    except Exception as error:  # whatever theirs raises of a network
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise HubError(f"cannot ask {endpoint()} for {repo}: {first[:200]}; check the connection") from None


def _form(repo: str, names: set[str]) -> tuple[Form, list[str]]:
    """Return the form of a model, and the files of it that are fetched: never a pickle."""
    if names.issuperset(_CLEARHEAD):
        return "clearhead", sorted(name for name in names if _PLAIN.fullmatch(name))
    if "model.safetensors" not in names and any(name.endswith(_PICKLES) for name in names):
        pickle = next(name for name in sorted(names) if name.endswith(_PICKLES))
        raise HubError(
            f"{repo} has its weights only as {pickle}, a pickle, which can run code and is never loaded here; give "
            "--revision refs/pr/N if a pull request there adds model.safetensors, or convert it with transformers: "
            "MarianMTModel.from_pretrained(FOLDER).save_pretrained(FOLDER), then `clearhead import FOLDER`"
        )
    lacking = [name for name in _MARIANMT if name not in names]
    if lacking:
        raise HubError(
            f"{repo} is neither a MarianMT nor a Clearhead model: it has no {lacking[0]}; only these can be had"
        )
    return "marianmt", [*_MARIANMT, *(name for name in _OPTIONAL if name in names)]


def _remote(repo: str, commit: str, file: Any) -> Remote:
    from huggingface_hub import hf_hub_url

    return Remote(
        name=file.rfilename,
        url=hf_hub_url(repo, file.rfilename, revision=commit, endpoint=endpoint()),
        size=int(file.size or 0),
        sha256=str(file.lfs.sha256) if file.lfs else "",
        git_sha1="" if file.lfs else str(file.blob_id or ""),
    )
