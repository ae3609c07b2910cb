"""Exporting: write in a temporary folder, prove, then let the folder appear."""

import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from clearhead import model_directory
from clearhead.config.choices import ExportFormat
from clearhead.engines import conversion, parity
from clearhead.engines.parity import Proof
from clearhead.errors import CheckpointError, EngineError
from clearhead.storage import folders
from clearhead.storage.files import json_bytes
from clearhead.text.vocabulary import EOS

REPORT = "clearhead-proof.json"


def export(path: Path | str | None, out: Path, form: ExportFormat) -> Proof:
    """Write a model in another program's form into the folder `out`, which must not be there; return its proof.

    The folder appears only when the form was proved to give the log-probabilities and greedy translations of our
    own code; it holds the model's card and the proof. Raises EngineError where it does not, or has no such form.
    """
    model = model_directory.find(path)
    if out.exists():
        raise CheckpointError(f"{out} is already there; name a folder that is not, or remove it")
    with tempfile.TemporaryDirectory(prefix="clearhead-") as name:
        folder = Path(name)
        proof = _WRITERS[form](model, folder)
        # Written anew: what other programs write is not flushed, and may be for its owner's eyes only.
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
    report = json_bytes({"format": form, "versions": _versions(form), **asdict(proof)})
    card = (model / model_directory.CARD).read_bytes()
    folders.write_directory(out, {model_directory.CARD: card, **files, REPORT: report})
    return proof


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
            raise EngineError(f"the tokenizer written for transformers cuts {text!r} otherwise; report this")
    return parity.compare(model, theirs, "in transformers", sources, allowed_only=True)


def _onnx(model: Path, folder: Path) -> Proof:
    from clearhead.exchange import onnx

    onnx.write(model, folder)
    sources = parity.random_sources(model)
    return parity.compare(model, onnx.OnnxRuntime(folder), "in onnxruntime", sources, allowed_only=True)


_WRITERS = {"ctranslate2": _ctranslate2, "huggingface": _huggingface, "onnx": _onnx}


def _versions(form: ExportFormat) -> dict[str, str]:
    package = {"huggingface": "transformers", "onnx": "onnxruntime"}.get(form, form)
    return {name: version(name) for name in ("clearhead", "torch", package)}
