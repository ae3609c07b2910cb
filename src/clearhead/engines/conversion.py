"""A model directory as CTranslate2 has it, made once and proved equal to our own code.

The converted model lives in a cache folder under the sum of what it was made from, so that a model that
changes is converted again. The proof runs our own code, which needs torch: without that the model is converted all the
same, its log-probabilities are compared with the equations in numpy, and its record says that it is not `proved`: that
is done where torch has come since. Using it loads no torch.
"""

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs

from clearhead import model_directory
from clearhead.config import ModelConfig
from clearhead.config.kinds import check_exports
from clearhead.engines import patience
from clearhead.engines.ctranslate2 import POSITIONS
from clearhead.engines.patience import Patience
from clearhead.engines.teacher_forced import sinusoids
from clearhead.engines.weights import read_weights
from clearhead.errors import CheckpointError
from clearhead.extras import has_torch
from clearhead.storage import folders
from clearhead.storage.files import PARTIAL, json_bytes
from clearhead.storage.tensors import Arrays
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, UNK

if TYPE_CHECKING:
    from clearhead.engines.parity import Proof

VERSION = 3
"""Version of what is written here: with another number every model is converted again."""
_ABANDONED = 3600
"""Seconds; to write what is converted takes a few."""
_log = logging.getLogger(__name__)
_measured = logging.getLogger(
    patience.__name__
)  # for --verbose alone; the other speaks wherever somebody waits


def converted(path: Path) -> Path:
    """Return the CTranslate2 form of a model directory, made now where it was not made before.

    It lies in the user's cache folder, or in `$CLEARHEAD_CACHE`; where that cannot be written, in a
    temporary folder that goes when the process ends. Raises EngineError where it does not translate as
    our own code does.
    """
    place = place_of(path)
    if _serves(place):
        return place
    _log.info("converting the model for this machine, once; this takes some seconds")
    with model_directory.unchanged(path):
        files = _files(path)
    try:
        _publish(place, files)
    except (CheckpointError, OSError):
        place = Path(tempfile.mkdtemp(prefix="clearhead-")) / place.name
        atexit.register(shutil.rmtree, place.parent, ignore_errors=True)
        folders.write_directory(place, files)
    return place


def place_of(path: Path) -> Path:
    """Return where the converted form of a model directory lies, or would lie."""
    return cache_folder() / f"ctranslate2-{VERSION}-{fingerprint(path)}"


def measured(path: Path) -> Patience | None:
    """Return what was measured of the beam when a model was converted; None where it was not, or is damaged."""
    place = place_of(path)
    return patience.kept(place) if _is_whole(place) else None


def _is_whole(place: Path) -> bool:
    """Say whether every file of a folder is there as it was written, and the manifest names them all."""
    try:
        folders.verify(place)
        named = folders.verified_files(place)
        return named == {file.name for file in place.iterdir()} - {folders.MANIFEST} and "model.bin" in named
    except (CheckpointError, OSError):
        return False


def _serves(place: Path) -> bool:
    """Say whether a folder is whole, and proved as far as that can be done here."""
    return _is_whole(place) and (patience.kept(place).proved or not has_torch())


def _publish(place: Path, files: dict[str, bytes]) -> None:
    """Write in a folder of our own, then let it appear: another process may be at the same."""
    place.parent.mkdir(parents=True, exist_ok=True)
    _clear_left_behind(place.parent)
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=place.parent) as workspace:
        folders.write_directory(Path(workspace) / place.name, files)
        if place.exists() and not _serves(place):
            shutil.rmtree(place)
        try:
            os.rename(Path(workspace) / place.name, place)
        except OSError:
            if not _is_whole(place):  # nobody else was faster
                raise


def _clear_left_behind(cache: Path) -> None:
    """Remove what processes that were killed had begun; a younger folder may be another's, which is at work."""
    for folder in cache.glob(f"{PARTIAL}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder)


def cache_folder() -> Path:
    """Return the folder for what can be made again."""
    return Path(
        os.environ.get("CLEARHEAD_CACHE") or platformdirs.user_cache_path("clearhead", appauthor=False)
    )


def fingerprint(path: Path) -> str:
    """Return a sum that changes with any file of a model directory."""
    return hashlib.sha256((path / folders.MANIFEST).read_bytes()).hexdigest()[:32]


def _files(path: Path) -> dict[str, bytes]:
    """Convert, prove where that can be done, and return the files of the converted model."""
    with tempfile.TemporaryDirectory(prefix="clearhead-") as name:
        folder = Path(name)
        write(path, folder)
        if has_torch():
            prove(path, folder)
        else:
            _compare_scores(path, folder)
        return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def prove(path: Path, folder: Path) -> "Proof":
    """Prove what `write` wrote, and write next to it how patient its beam must be."""
    from clearhead.engines import parity

    proof = parity.prove(path, folder)
    needed = parity.patience_of(path, folder)
    _measured.info(
        "its beam needs a patience of %g: %d of %d translations score worse than our own search's",
        needed.patience, needed.worse, needed.sources,
    )  # fmt: skip
    _record(needed, folder)
    return proof


def _compare_scores(path: Path, folder: Path) -> None:
    """Hold the log-probabilities of what `write` wrote to the equations in numpy, which is half of the proof."""
    from clearhead.engines import parity

    largest = parity.compare_scores(path, folder)
    _record(Patience(proved=False), folder)
    _measured.info(
        "the conversion gives the model's log-probabilities (within %.1g); its search was not compared with our own, "
        "which needs PyTorch", largest,
    )  # fmt: skip


def _record(needed: Patience, folder: Path) -> None:
    (folder / patience.RECORD).write_bytes(json_bytes(needed.to_dict()))


def write(path: Path, folder: Path) -> None:
    """Convert a model directory to CTranslate2, in fp32, into an empty folder."""
    info = model_directory.read_info(path)
    check_exports(info.model.kind, "CTranslate2")
    tokenizer = model_directory.read_tokenizer(path)
    shape = info.model
    spec = _specification(shape)
    _fill(spec, shape, read_weights(path, info))
    _name_tokens(spec, tokenizer)
    spec.validate()
    spec.optimize()
    spec.save(str(folder))


def _specification(shape: ModelConfig) -> Any:
    """Return CTranslate2's description of a shape, its weights still to be filled in."""
    from ctranslate2.specs import TransformerSpec, transformer_spec

    options = layer_options(shape)
    return TransformerSpec(
        transformer_spec.TransformerEncoderSpec(shape.num_encoder_layers, shape.num_heads, **options),
        transformer_spec.TransformerDecoderSpec(shape.num_decoder_layers, shape.num_heads, **options),
    )


def layer_options(shape: ModelConfig) -> dict[str, Any]:
    """Return what CTranslate2 must know of the layers of a shape, in its words."""
    from ctranslate2.specs import common_spec

    activations = common_spec.Activation
    return {
        "pre_norm": shape.norm == "pre",
        "rms_norm": shape.normalization == "rms",
        "activation": {"relu": activations.RELU, "gelu": activations.GELU}.get(
            shape.activation, activations.SWISH
        ),
        "ffn_glu": shape.activation == "swiglu",
        "rotary_dim": 0 if shape.positions == "rotary" else None,  # 0: all dimensions of a head
    }


def _name_tokens(spec: Any, tokenizer: Tokenizer) -> None:
    pieces = list(tokenizer.vocabulary)
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = (
        pieces[BOS],
        pieces[EOS],
        pieces[UNK],
    )
    spec.config.decoder_start_token = pieces[BOS]
    spec.config.add_source_eos = False  # our ids end with it already


def _fill(spec: Any, shape: ModelConfig, weights: Arrays) -> None:
    """Put every weight in its place; our names on the right, CTranslate2's on the left."""
    tied = shape.tied_embeddings
    learned = shape.positions == "learned"
    table = weights["positions.table.weight"] if learned else sinusoids(POSITIONS, shape.d_model)
    for stack, name, embedding in (
        (spec.encoder, "encoder", "src_embedding"),
        (spec.decoder, "decoder", "src_embedding" if tied else "tgt_embedding"),
    ):
        embeddings = stack.embeddings[0] if name == "encoder" else stack.embeddings
        embeddings.weight = weights[f"{embedding}.weight"]
        if shape.positions != "rotary":
            stack.position_encodings.encodings = table
        if shape.norm == "pre":
            fill_norm(stack.layer_norm, weights, f"{name}.norm")
        for number, layer in enumerate(stack.layer):
            ours = f"{name}.layers.{number}"
            fill_layer(layer, shape, weights, ours)
            if name == "decoder":
                _cross_attention(layer.attention, weights, f"{ours}.cross_attention")
                fill_norm(layer.attention.layer_norm, weights, f"{ours}.cross_sublayer.norm")
    spec.decoder.projection.weight = weights["src_embedding.weight" if tied else "output_embedding.weight"]
    if shape.output_bias:
        spec.decoder.projection.bias = weights["output_bias"]


def fill_layer(layer: Any, shape: ModelConfig, weights: Arrays, ours: str) -> None:
    """Put the weights of a layer's self-attention and feed-forward in their places."""
    _self_attention(layer.self_attention, weights, f"{ours}.self_attention")
    fill_norm(layer.self_attention.layer_norm, weights, f"{ours}.self_sublayer.norm")
    _linear(layer.ffn.linear_0, weights, f"{ours}.feed_forward.inner")
    if shape.activation == "swiglu":
        _linear(layer.ffn.linear_0_noact, weights, f"{ours}.feed_forward.gate")
    _linear(layer.ffn.linear_1, weights, f"{ours}.feed_forward.outer")
    fill_norm(layer.ffn.layer_norm, weights, f"{ours}.feed_forward_sublayer.norm")


def _self_attention(spec: Any, weights: Arrays, name: str) -> None:
    _joined(spec.linear[0], weights, [f"{name}.query", f"{name}.key", f"{name}.value"])
    _linear(spec.linear[1], weights, f"{name}.output")


def _cross_attention(spec: Any, weights: Arrays, name: str) -> None:
    _linear(spec.linear[0], weights, f"{name}.query")
    _joined(spec.linear[1], weights, [f"{name}.key", f"{name}.value"])
    _linear(spec.linear[2], weights, f"{name}.output")


def _joined(spec: Any, weights: Arrays, names: Sequence[str]) -> None:
    """Stack projections into one matrix; the keys' missing bias is zero."""
    matrices = [weights[f"{name}.weight"] for name in names]
    spec.weight = np.concatenate(matrices)
    spec.bias = np.concatenate(
        [
            weights.get(f"{name}.bias", np.zeros(len(matrix), np.float32))
            for name, matrix in zip(names, matrices, strict=True)
        ]
    )


def _linear(spec: Any, weights: Arrays, name: str) -> None:
    spec.weight, spec.bias = weights[f"{name}.weight"], weights[f"{name}.bias"]


def fill_norm(spec: Any, weights: Arrays, name: str) -> None:
    """Put the weights of a normalisation in their places."""
    spec.gamma = weights[f"{name}.weight"]
    if f"{name}.bias" in weights:  # the root mean square alone has none
        spec.beta = weights[f"{name}.bias"]
