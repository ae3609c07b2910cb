"""A model in Marian's own form, `.npz` and SentencePiece, as a model directory of ours.

What is read, and what stands here for it:

- matrices are stored as [in, out], and are transposed; keys have a bias, which a softmax does not see: it goes;
- positions are sinusoids whose slowest wave ends at 10000 exactly, i / (d_model / 2 - 1) in the exponent, sines in
  the first half and cosines in the second (`sinusoidalPositionEmbeddings` in Marian's `node_initializers.cpp`); the
  paper has i / (d_model / 2), so Marian's table is kept as learned positions, and the channels keep Marian's order;
- a translation starts from the zero vector, which is the row of our BOS;
- LayerNorm has an epsilon of 1e-6 there and 1e-5 here, which the proof bounds.

The names of the arrays and the settings are those of Marian's `transformer.h` and of CTranslate2's converter.
"""

import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from clearhead import model_directory
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.engines import parity
from clearhead.engines.parity import Proof
from clearhead.errors import ConfigError, EngineError, TextError
from clearhead.evaluation.facts import TrainingFacts
from clearhead.exchange.marian import NEVER
from clearhead.exchange.marian_equations import Equations, positions
from clearhead.exchange.write import REPORT, check_new
from clearhead.model.transformer import Transformer
from clearhead.model_directory import ModelInfo
from clearhead.storage import folders, untrusted
from clearhead.storage.files import json_bytes
from clearhead.storage.tensors import Arrays
from clearhead.text.marian import pack, pieces_in_order
from clearhead.text.sentencepiece_model import processor
from clearhead.text.tokenizer import Tokenizer

SETTINGS = "special:model.yml"
"""The array that holds the options which the model was trained with, as bytes of YAML."""
POSITIONS = 1024
"""Rows of the table of positions; what is longer is split before it is translated."""
LONGEST_SETTINGS, LARGEST_VOCABULARY = 1 << 20, 1 << 26
_MOST_TOKENS = 256
_NUMBERS = ("<f4", "<f2", "|i1")
_PLACES = {
    "self_attention": "self",
    "cross_attention": "context",
    "self_sublayer.norm": "self_Wo",
    "cross_sublayer.norm": "context_Wo",
    "feed_forward_sublayer.norm": "ffn_ffn",
    "feed_forward.inner": "ffn_{}1",
    "feed_forward.outer": "ffn_{}2",
}
"""Our name for each part of a layer, and Marian's."""
_ONLY = {
    "type": ("transformer",),
    "transformer-no-projection": (False,),
    "transformer-train-position-embeddings": (False,),
    "transformer-ffn-depth": (2,),
    "transformer-decoder-ffn-depth": (0, 2),
    "transformer-tied-layers": ([],),
    "transformer-postprocess-emb": ("d", ""),
    "right-left": (False,),
    "input-types": ([],),
}
"""Options that must have one of these values where they are there at all."""
_NORMS = {("", "dan", ""): "post", ("n", "da", "n"): "pre"}
"""transformer-preprocess, -postprocess and -postprocess-top of the two kinds that we have."""
_ACTIVATIONS = ("relu", "swish")


@dataclass(frozen=True, kw_only=True, eq=False)
class MarianFile:
    """A Marian model as it lies in a folder, checked."""

    folder: Path
    settings: Mapping[str, Any]
    arrays: Arrays
    sentencepiece: bytes


def npz_of(folder: Path) -> Path | None:
    """Return the `.npz` of a folder that holds a Marian model; None where there is none or a `config.json`."""
    if (folder / model_directory.CONFIG).exists():
        return None
    models = sorted(file for file in folder.glob("*.npz") if not file.name.endswith(".optimizer.npz"))
    if len(models) > 1:
        raise EngineError(
            f"{folder} holds {len(models)} models, {', '.join(file.name for file in models)}; leave one"
        )
    return models[0] if models else None


def import_npz(folder: Path, out: Path, *, languages: tuple[str, str] = ("", "")) -> Proof:
    """Write a model directory `out`, which must not be there, from a folder of Marian's; return its proof.

    `languages` are source and target, as far as they are known. Raises EngineError for a kind of model that we do not
    have, and for one that does not translate here as Marian's equations say; then nothing is left behind.
    """
    check_new(out)
    original = read(folder)
    shape, tokenizer, their_ids = _shape(original), *_tokenizer(original)
    shape = ModelConfig(**{**asdict(shape), "vocab_size": tokenizer.vocab_size})
    peer = Equations(original.arrays, original.settings, their_ids, tokenizer.forbidden_ids)
    info = ModelInfo(
        model=shape,
        decoding=DecodingConfig(),
        tokenizer=tokenizer.kind,
        source_langs=languages[:1] if languages[0] else (),
        target_langs=tokenizer.languages or (languages[1:] if languages[1] else ()),
        training=TrainingFacts(imported_from="Marian", max_tokens=_MOST_TOKENS),
    )
    weights = _weights(shape, original.arrays, their_ids, tokenizer.forbidden_ids)
    files = model_directory.model_files(info, weights, tokenizer, _card(original, shape))
    with tempfile.TemporaryDirectory(prefix="clearhead-") as name:
        model = Path(name) / "model"
        folders.write_directory(model, files)
        sources = parity.random_sources(model)
        try:
            proof = parity.compare(model, peer, "by Marian's equations", sources, allowed_only=True)
        except parity.UnequalError as error:
            raise EngineError(
                f"{folder} does not translate here as Marian's equations say: {error.how}; please report this"
            ) from None
    versions = {package: version(package) for package in ("clearhead", "torch", "numpy")}
    report = json_bytes({"format": "marian npz", "versions": versions, **asdict(proof)})
    folders.write_directory(out, {**files, REPORT: report})
    return proof


def read(folder: Path) -> MarianFile:
    """Read a folder; raise EngineError for a model that cannot be imported. Nothing is unpickled."""
    file = npz_of(folder)
    if file is None:
        raise EngineError(f"{folder} holds no Marian model: it has no .npz file")
    arrays = _arrays(file)
    settings = _settings(file, arrays.pop(SETTINGS, None))
    _check_settings(file, settings)
    return MarianFile(folder=folder, settings=settings, arrays=arrays, sentencepiece=_sentencepiece(folder))


def _arrays(file: Path) -> Arrays:
    """Return every array, once the header of each says what its member is as large as."""
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                _check_member(archive, member)
        with np.load(file, allow_pickle=False) as archive:
            return {name: _plain(archive[name]) for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EngineError(f"cannot read {file}: {error}; copy it again, whole") from None


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raise ValueError for a member that would be unpickled, unpacked without end, or is not what it says."""
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise ValueError(f"{member.filename} in it is compressed, which Marian never does")
    with archive.open(member) as stream:
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        header = read_header.get(np.lib.format.read_magic(stream))
        if header is None:
            raise ValueError(f"{member.filename} in it is of an unknown version")
        shape, _, kind = header(stream)
        size = int(np.prod(shape, dtype=object)) * kind.itemsize
        if kind.hasobject or size != member.file_size - stream.tell():
            raise ValueError(f"{member.filename} in it is a pickle, or not as large as it says")
    if kind.str not in _NUMBERS:
        raise ValueError(f"{member.filename} in it has numbers of the type {kind.str}; only floats are read")


def _plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array if array.dtype == np.int8 else array.astype(np.float32)


def _settings(file: Path, array: np.ndarray[Any, Any] | None) -> Mapping[str, Any]:
    if array is None or array.size > LONGEST_SETTINGS:
        raise EngineError(
            f"{file} has no {SETTINGS}, the options that Marian trains with, and cannot be read"
        )
    try:
        values = yaml.safe_load(array.astype(np.int8).tobytes().rstrip(b"\0").decode())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise EngineError(f"{SETTINGS} in {file} is not the YAML of Marian's options; copy the file again")
    return values


def _check_settings(file: Path, settings: Mapping[str, Any]) -> None:
    """Raise EngineError for the first option of a kind of model that we do not have."""
    decoder = settings.get("transformer-decoder-autoreg", "self-attention")
    if decoder != "self-attention":
        cell = f" of {str(settings.get('dec-cell')).upper()} cells" if decoder == "rnn" else ""
        raise EngineError(
            f"{file} has the decoder {untrusted.shown(decoder)}{cell} (transformer-decoder-autoreg); only "
            "'self-attention' can be imported: choose a model with a Transformer's decoder, such as a teacher"
        )
    for name, allowed in _ONLY.items():
        value = settings.get(name, allowed[0])
        if value not in allowed:
            only = " or ".join(repr(one) for one in allowed)
            raise EngineError(f"{file} has {name} {untrusted.shown(value)}; only {only} can be imported")
    if _norm(settings) is None:
        raise EngineError(
            f"{file} normalises as transformer-preprocess {settings.get('transformer-preprocess')!r}, -postprocess "
            f"{settings.get('transformer-postprocess')!r} say; only '' with 'dan', and 'n' with 'da' and a "
            "-postprocess-top of 'n', can be imported"
        )


def _norm(settings: Mapping[str, Any]) -> str | None:
    names = ("preprocess", "postprocess", "postprocess-top")
    before, after, top = (str(settings.get(f"transformer-{name}") or "") for name in names)
    return _NORMS.get((before, after, top))


def _sentencepiece(folder: Path) -> bytes:
    """Return the one SentencePiece model that both sides have."""
    models = sorted(folder.glob("*.spm"))
    if not models:
        raise EngineError(f"{folder} has no .spm file, the SentencePiece model of its vocabulary")
    try:
        contents = {untrusted.read_bytes(file, LARGEST_VOCABULARY) for file in models}
    except (OSError, ValueError) as error:
        raise EngineError(f"the vocabulary of {folder} cannot be read: {error}") from None
    if len(contents) > 1:
        raise EngineError(
            f"{folder} has a vocabulary for each side ({', '.join(file.name for file in models)}); only one for both "
            "can be imported"
        )
    return contents.pop()


def _tokenizer(original: MarianFile) -> tuple[Tokenizer, list[int]]:
    """Return the tokenizer and Marian's id of each id here, where one past its last stands for the zero vector."""
    try:
        reader = processor(original.sentencepiece, f"the vocabulary of {original.folder}")
        size = reader.get_piece_size()
        pieces = {reader.id_to_piece(i): i for i in range(size)}
        eos, unk = reader.eos_id(), reader.unk_id()
        zero = "<pad>"
        while zero in pieces:
            zero += "'"
        named = pieces_in_order({**pieces, zero: size}, eos=eos, unk=unk, pad=size)
        model = original.sentencepiece
        tokenizer = Tokenizer.from_bytes(pack(model, model, [piece for piece, _ in named]))
    except (TextError, ValueError) as error:
        raise EngineError(f"the vocabulary of {original.folder} cannot be read: {error}") from None
    tables = [name for name in original.arrays if name.endswith("Wemb")]
    for name in tables:
        if len(original.arrays[name]) != size:
            raise EngineError(
                f"{original.folder} has {len(original.arrays[name]):,} rows in {name}, and a vocabulary of {size:,} "
                "pieces; give the .spm file that the model was trained with"
            )
    return tokenizer, [number for _, number in named]


def _shape(original: MarianFile) -> ModelConfig:
    """Return the shape but for the vocabulary; raise EngineError for one that we do not have."""
    settings, arrays = original.settings, original.arrays
    sizes = [settings.get("transformer-dim-ffn"), settings.get("transformer-decoder-dim-ffn") or None]
    if sizes[1] not in (None, sizes[0]):
        raise EngineError(f"{original.folder} has an encoder and a decoder of different widths ({sizes})")
    if settings.get("transformer-ffn-activation") not in _ACTIVATIONS:
        raise EngineError(
            f"{original.folder} has the activation {settings.get('transformer-ffn-activation')!r}; only "
            f"{' and '.join(_ACTIVATIONS)} can be imported"
        )
    try:
        return ModelConfig(
            vocab_size=8,
            d_model=settings["dim-emb"],
            d_ff=settings["transformer-dim-ffn"],
            num_heads=settings["transformer-heads"],
            num_encoder_layers=settings["enc-depth"],
            num_decoder_layers=settings["dec-depth"],
            norm=_norm(settings),  # type: ignore[arg-type]
            activation=settings["transformer-ffn-activation"],
            tied_embeddings="Wemb" in arrays and output_name(arrays) is None,
            output_bias=True,
            positions="learned",
            max_positions=POSITIONS,
        )
    except (KeyError, ConfigError) as error:
        raise EngineError(
            f"{original.folder} describes a model that Clearhead does not have: {error}"
        ) from None


def output_name(arrays: Arrays) -> str | None:
    """Return the name of the output's own matrix; None where it is the table of the decoder."""
    return next(
        (name for name in ("decoder_ff_logit_out_W", "decoder_ff_logit_out_Wt") if name in arrays), None
    )


def _weights(shape: ModelConfig, arrays: Arrays, their_ids: list[int], forbidden: Any) -> Arrays:
    """Return every weight of ours by name. Raises EngineError for one that is not there, or has another shape."""
    with torch.device("meta"):
        ours = {name: tuple(p.shape) for name, p in Transformer(shape).named_parameters()}
    try:
        made = {
            name: np.ascontiguousarray(array)
            for name, array in _named(shape, arrays, their_ids, list(forbidden), ours)
        }
    except (KeyError, IndexError) as error:
        raise EngineError(f"the model has no array {error}, which its options ask for") from None
    for name, array in made.items():
        if array.shape != ours[name]:
            raise EngineError(
                f"the array of {name} is {list(array.shape)}; the options ask for {list(ours[name])}"
            )
    return made


def _named(
    shape: ModelConfig, arrays: Arrays, their_ids: list[int], forbidden: list[int], ours: Mapping[str, Any]
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    for name in ours:
        stack, _, rest = name.partition(".")
        if name == "output_bias":
            bias = arrays.get("decoder_ff_logit_out_b", np.zeros((1, max(their_ids)), np.float32)).ravel()
            row = np.append(bias, NEVER).astype(np.float32)[their_ids]
            row[forbidden] = NEVER
            yield name, row
        elif name == "positions.table.weight":
            yield name, positions(POSITIONS, shape.d_model)
        elif stack.endswith("embedding"):
            table = _table(arrays, stack)
            yield name, np.concatenate([table, np.zeros_like(table[:1])])[their_ids]
        elif rest.startswith("norm."):
            yield name, arrays[f"{stack}_top_ln_{_kind(rest)}"].ravel()
        else:
            array = arrays[place_of(name, shape.norm == "pre")]
            yield name, array.ravel() if name.endswith("bias") or ".norm." in name else array.T


def _table(arrays: Arrays, stack: str) -> np.ndarray[Any, Any]:
    if stack == "output_embedding" and (name := output_name(arrays)):
        return arrays[name].T if name.endswith("W") else arrays[name]
    side = "encoder" if stack == "src_embedding" else "decoder"
    return arrays.get(f"{side}_Wemb", arrays.get("Wemb", np.zeros((0, 0), np.float32)))


def place_of(name: str, pre: bool) -> str:
    """Return Marian's name of one of our weights in a layer: `encoder.layers.0.self_attention.query.weight`."""
    stack, _, number, rest = name.split(".", 3)
    part, _, kind = rest.rpartition(".")
    layer = f"{stack}_l{int(number) + 1}_"
    if part.endswith(".norm"):
        return f"{layer}{_PLACES[part]}_ln_{_kind(rest)}{'_pre' if pre else ''}"
    letter = "W" if kind == "weight" else "b"
    if part.startswith("feed_forward"):
        return layer + _PLACES[part].format(letter)
    attention, _, projection = part.partition(".")
    return f"{layer}{_PLACES[attention]}_{letter}{projection[0]}"  # q, k, v, o


def _kind(name: str) -> str:
    return "scale" if name.endswith("weight") else "bias"


def _card(original: MarianFile, shape: ModelConfig) -> str:
    card = original.folder / model_directory.CARD
    try:
        text = untrusted.read_bytes(card).decode(errors="replace") if card.exists() else ""
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read {card}: {error}") from None
    return f"""# An imported model

{original.folder.resolve().name}, a Marian model: {shape.num_encoder_layers}+{shape.num_decoder_layers} layers, \
d_model {shape.d_model}, {shape.norm}-norm, {shape.num_parameters:,} parameters, a vocabulary of \
{shape.vocab_size:,} pieces. Its weights and its tokenizer were taken over from Marian's `.npz`, and proved to give \
the log-probabilities and greedy translations that Marian's equations give; the proof is in {REPORT}.

Characters that its vocabulary lacks become `<unk>`, which is never written in a translation here.

Data, licence, scores and limits are those of the original; it says of itself:

{text or "(nothing: the directory had no README.md)"}
"""
