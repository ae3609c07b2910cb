"""Exporting: write in a folder of its own, prove, then let it appear."""

import json
import shutil
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from clearhead.engines import conversion, directory, parity
from clearhead.engines.parity import Proof
from clearhead.errors import CheckpointError

Format = Literal["ctranslate2", "huggingface"]
REPORT = "clearhead-proof.json"


def export(path: Path | str | None, out: Path, form: Format) -> Proof:
    """Write a model in another program's form into the folder `out`, which must not be there; return its proof.

    The folder appears only when the form was proved to give the log-probabilities and greedy translations of our
    own code. Raises EngineError where it does not, or has no such form.
    """
    model = directory.find(path)
    if out.exists():
        raise CheckpointError(f"{out} is already there; name a folder that is not, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=out.parent) as name:
        folder = Path(name) / out.name
        folder.mkdir()
        proof = _WRITERS[form](model, folder)
        report = {"format": form, "versions": _versions(form), **asdict(proof)}
        (folder / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        shutil.move(folder, out)
    return proof


def _ctranslate2(model: Path, folder: Path) -> Proof:
    conversion.write(model, folder)
    return parity.prove(model, folder)


def _huggingface(model: Path, folder: Path) -> Proof:
    from clearhead.export import huggingface

    huggingface.write(model, folder)
    return parity.compare(
        model,
        huggingface.Transformers(folder),
        "in transformers",
        parity.random_sources(model),
        allowed_only=True,
    )


_WRITERS = {"ctranslate2": _ctranslate2, "huggingface": _huggingface}


def _versions(form: Format) -> dict[str, str]:
    package = {"huggingface": "transformers"}.get(form, form)
    return {name: version(name) for name in ("clearhead", "torch", package)}
