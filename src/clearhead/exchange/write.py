"""Exporting: write into a temporary folder, verify, then let the folder appear."""

import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from clearhead import model_directory
from clearhead.config.choices import ExportFormat
from clearhead.config.kinds import check_exports
from clearhead.engines import conversion, parity
from clearhead.engines.parity import Proof
from clearhead.errors import CheckpointError, EngineError
from clearhead.storage import folders
from clearhead.storage.files import json_bytes
from clearhead.text.vocabulary import EOS

REPORT = "clearhead-proof.json"


def export(path: Path | str | None, out: Path, form: ExportFormat) -> Proof:
    """Write a model in another program's format into the folder `out`, which must not exist; return its proof.

    The folder appears only when the exported model was proved to give the log-probabilities and greedy translations
    of our own code; it holds the model's card and the proof. Raises EngineError where the model differs, or cannot
    be represented in the format.
    """
    model = model_directory.find(path)
    check_exports(model_directory.read_config(model).model.kind, _PROGRAMS[form])
    check_new(out)
    with tempfile.TemporaryDirectory(prefix="clearhead-") as name:
        folder = Path(name)
        proof = _WRITERS[form](model, folder)
        # Written again: the files of other programs are not flushed, and may be readable by their owner only.
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
    report = json_bytes({"format": form, "versions": _versions(form), **asdict(proof)})
    card = (model / model_directory.CARD).read_bytes()
    folders.write_directory(out, {model_directory.CARD: card, **files, REPORT: report})
    return proof


def check_new(out: Path) -> None:
    """Raise CheckpointError for a folder that exists."""
    if out.exists():
        raise CheckpointError(f"{out} already exists; choose another --out or remove it")


def _ctranslate2(model: Path, folder: Path) -> Proof:
    conversion.write(model, folder)
    proof = conversion.prove(model, folder)
    (folder / model_directory.TOKENIZER).write_bytes((model / model_directory.TOKENIZER).read_bytes())
    return proof


def _huggingface(model: Path, folder: Path) -> Proof:
    from clearhead.exchange import huggingface

    huggingface.write(model, folder)
    theirs, sources = huggingface.Transformers(folder), parity.random_sources(model)
    ours = model_directory.read_tokenizer(model)
    for number, source in enumerate(sources):
        text = ours.decode(source)
        to = ours.languages[number % len(ours.languages)] if ours.languages else None
        if theirs.ids(text, to) != [*ours.encode(text, to=to), EOS]:
            raise EngineError(
                f"the tokenizer written for transformers cuts {text!r} otherwise than ours; please report this"
            )
    return parity.compare(model, theirs, "in transformers", sources, allowed_only=True)


def _onnx(model: Path, folder: Path) -> Proof:
    from clearhead.exchange import onnx

    onnx.write(model, folder)
    sources = parity.random_sources(model)
    return parity.compare(model, onnx.OnnxRuntime(folder), "in onnxruntime", sources, allowed_only=True)


_PROGRAMS = {"ctranslate2": "CTranslate2", "huggingface": "transformers", "onnx": "our ONNX form"}
_WRITERS = {"ctranslate2": _ctranslate2, "huggingface": _huggingface, "onnx": _onnx}


def _versions(form: ExportFormat) -> dict[str, str]:
    package = {"huggingface": "transformers", "onnx": "onnxruntime"}.get(form, form)
    return {name: version(name) for name in ("clearhead", "torch", package)}
