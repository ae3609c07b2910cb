"""A directory of transformers as a model directory of ours: the OPUS-MT family, and all that was exported to there.

What `huggingface.py` does to our weights is undone here: the channels are put in our order, the biases of the keys
go, the vector that a translation starts from becomes that of BOS. The ids change too, to those of our tokenizers;
what was written is proved equal to the original in transformers before it appears.

What Clearhead wrote there comes back as it was: the tokenizer byte for byte, what was said of the model, the weights
bit for bit, or but for rounding where the vector of BOS was taken away (`zero_start`).
"""

import base64
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from clearhead import model_directory
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.engines import parity
from clearhead.engines.parity import Proof
from clearhead.errors import CheckpointError, ConfigError, EngineError, TextError
from clearhead.evaluation.facts import TrainingFacts
from clearhead.exchange import huggingface, published, vocabulary, zero_start
from clearhead.exchange.published import FAMILIES, Published
from clearhead.exchange.write import REPORT, check_new
from clearhead.model.positions import sinusoids
from clearhead.model.transformer import Transformer
from clearhead.model_directory import ModelInfo
from clearhead.storage import folders
from clearhead.storage.files import json_bytes
from clearhead.storage.tensors import Arrays
from clearhead.text.marian import KIND, pack, pieces_in_order
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS

NEVER = -100.0
"""Bias of a token that is never produced: no probability is left, and label smoothing does not feel it much."""
MOST_TOKENS = 256
"""Of a source before it is split, or half the positions that the original has; it was trained on no longer ones."""
LONGEST_CARD = 1 << 20
_ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "swish": "swish", "silu": "swish"}
_TABLES = (
    "model.shared.weight",
    "lm_head.weight",
    *(f"model.{s}.embed_tokens.weight" for s in ("encoder", "decoder")),
)


def import_model(folder: Path, out: Path) -> Proof:
    """Write a model directory `out`, which must not be there, from one of transformers; return its proof.

    Raises EngineError for anything else, for a shape that we do not support, and for a model that does not translate
    here as it does in transformers; then nothing is left behind. Nothing is unpickled: the weights must be in
    `model.safetensors`.
    """
    check_new(out)
    original = published.read(folder)
    tokenizer, their_ids = _tokenizer(original)
    shape = _shape(original, tokenizer)
    published.check_shapes(original, _expected(shape), _TABLES)
    with tempfile.TemporaryDirectory(prefix="clearhead-") as name:
        info = _info(original, shape, tokenizer, Path(name))
        peer = huggingface.Transformers(
            folder, config=original.config, their_ids=their_ids, forbidden=tokenizer.forbidden_ids
        )
        _check_positions(folder, peer)
        weights = zero_start.moved(_weights(shape, original, peer), shape, by=_start(original, shape))
        files = model_directory.model_files(info, weights, tokenizer, _card(original, info, tokenizer))
        model = Path(name) / "model"
        folders.write_directory(model, files)
        proof = _prove(model, folder, tokenizer, peer)
    versions = {package: version(package) for package in ("clearhead", "torch", "transformers")}
    report = json_bytes({"format": original.family, "versions": versions, **asdict(proof)})
    folders.write_directory(out, {**files, REPORT: report})
    return proof


def _tokenizer(original: Published) -> tuple[Tokenizer, list[int]]:
    """Return the tokenizer, ours where it was written by us, and the id there of each id here."""
    folder, values = original.folder, original.values
    source, target = ((folder / name).read_bytes() for name in (vocabulary.SOURCE, vocabulary.TARGET))
    pad, eos, start = (values[f"{name}_token_id"] for name in ("pad", "eos", "decoder_start"))
    tokenizer = vocabulary.own_tokenizer(source, target, original.vocabulary)
    if tokenizer is not None:
        their_ids = vocabulary.their_ids(tokenizer.vocab_size)
        if (start, pad, eos) == (their_ids[BOS], their_ids[BOS], their_ids[EOS]):
            return tokenizer, their_ids
    unk = original.vocabulary.get("<unk>")
    if unk is None:
        raise EngineError(
            f"{folder / vocabulary.PIECES} has no <unk>, the piece for unknown text, and cannot be imported"
        )
    if not 0 <= start < len(original.vocabulary):
        raise EngineError(
            f"{folder} begins a translation with the id {start}, which is not in its vocabulary"
        )
    try:
        named = pieces_in_order(original.vocabulary, eos=eos, unk=unk, pad=pad, unused=original.unused)
        tokenizer = Tokenizer.from_bytes(pack(source, target, [piece for piece, _ in named]))
    except (TextError, TypeError, ValueError) as error:
        raise EngineError(f"the tokenizer of {folder} cannot be read: {error}") from None
    their_ids = [number for _, number in named]
    their_ids[BOS] = start
    return tokenizer, their_ids


def _shape(original: Published, tokenizer: Tokenizer) -> ModelConfig:
    """Return the shape of the model; raise EngineError for one that Clearhead does not support."""
    values = original.values
    activation = _ACTIVATIONS.get(values["activation_function"])
    if activation is None:
        raise EngineError(
            f"{original.folder} has the activation {values['activation_function']!r}; only "
            f"{', '.join(_ACTIVATIONS)} can be imported"
        )
    shape_written = original.facts.get("model")
    try:
        shape = ModelConfig(
            vocab_size=tokenizer.vocab_size,  # another's with a BOS, which they have not
            d_model=values["d_model"],
            d_ff=values["encoder_ffn_dim"],
            num_heads=values["encoder_attention_heads"],
            num_encoder_layers=values["encoder_layers"],
            num_decoder_layers=values["decoder_layers"],
            dropout=values["dropout"],
            attention_dropout=values["attention_dropout"],
            feed_forward_dropout=values["activation_dropout"],
            norm="pre" if original.family == "pegasus" else "post",
            activation=activation,  # type: ignore[arg-type]
            tied_embeddings=_is_tied(original),
            output_bias=True,
        )
        if isinstance(shape_written, dict) and original.unused is not None:
            kept = {
                name: shape_written[name]
                for name in ("output_bias", "max_positions")
                if name in shape_written
            }
            shape = replace(shape, **kept)
    except (TypeError, ConfigError) as error:
        raise EngineError(
            f"{original.folder / published.CONFIG} describes a model that Clearhead does not support: {error}"
        ) from None
    return shape


def _is_tied(original: Published) -> bool:
    """Say whether one matrix, scaled as ours is, serves source, target and output."""
    values = original.values
    return all(
        values.get(name, True)
        for name in ("share_encoder_decoder_embeddings", "tie_word_embeddings", "scale_embedding")
    )


def _info(original: Published, shape: ModelConfig, tokenizer: Tokenizer, scratch: Path) -> ModelInfo:
    """Return what the model is: what Clearhead wrote of it, or what is known of another program's."""
    if original.facts and original.unused is not None:
        return _own_info(original, shape, tokenizer, scratch)
    langs = [str(original.settings.get(f"{side}_lang") or "") for side in ("source", "target")]
    return ModelInfo(
        model=shape,
        decoding=DecodingConfig(beam_size=original.beam_size or DecodingConfig().beam_size),
        tokenizer=tokenizer.kind,
        source_langs=(langs[0],) if langs[0] else (),
        target_langs=tokenizer.languages or ((langs[1],) if langs[1] else ()),
        training=TrainingFacts(
            imported_from=FAMILIES[original.family],
            max_tokens=min(MOST_TOKENS, original.values["max_position_embeddings"] // 2),
        ),
    )


def _own_info(original: Published, shape: ModelConfig, tokenizer: Tokenizer, scratch: Path) -> ModelInfo:
    """Return what Clearhead wrote of a model; how sure it may be, only if nothing was changed since."""
    values = {**original.facts, "model": asdict(shape), "tokenizer": tokenizer.kind}
    (scratch / model_directory.CONFIG).write_bytes(json_bytes(values))
    try:
        info = model_directory.read_config(scratch)
    except CheckpointError as error:
        reason = str(error).replace(str(scratch / model_directory.CONFIG), f"'{huggingface.OWN}' in it")
        raise EngineError(f"{original.folder / published.CONFIG} cannot be read: {reason}") from None
    try:
        folders.verify(original.folder)
    except CheckpointError:
        return replace(info, confidence=None)
    return info


def _expected(shape: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of each of their tensors but the tables, by name."""
    with torch.device("meta"):
        ours = {name: tuple(p.shape) for name, p in Transformer(shape).named_parameters()}
    return {
        huggingface.place_of(name)[1]: size
        for name, size in ours.items()
        if name != "output_bias" and not name.partition(".")[0].endswith("embedding")
    }


def _check_positions(folder: Path, peer: huggingface.Transformers) -> None:
    """Raise EngineError if the positions are no longer sinusoids: some releases of transformers train them."""
    for stack in ("encoder", "decoder"):
        table: Tensor = peer.model.state_dict()[f"model.{stack}.embed_positions.weight"]
        right = sinusoids(*table.shape)[:, huggingface.channel_order(table.shape[1])]
        if not torch.allclose(table, right, atol=1e-3):
            raise EngineError(
                f"{folder} has positions that were trained ({stack}), and only sinusoids can be imported; train with "
                "requires_grad False for embed_positions"
            )


def _start(original: Published, shape: ModelConfig) -> zero_start.Vectors:
    """Return the vector of BOS that an export of ours took away [d_model]; zero where there is none."""
    encoded = original.facts.get(huggingface.START)
    if encoded is None or shape.norm == "pre":
        return np.zeros(shape.d_model, np.float32)
    try:
        start = np.frombuffer(base64.b64decode(encoded, validate=True), "<f4")
    except (TypeError, ValueError):
        start = np.zeros(0)
    if start.shape != (shape.d_model,) or not np.isfinite(start).all():
        raise EngineError(
            f"'{huggingface.START}' in {original.folder / published.CONFIG} are not {shape.d_model} numbers in base64; "
            "remove it, the model works without it"
        )
    return start


def _weights(shape: ModelConfig, original: Published, peer: huggingface.Transformers) -> Arrays:
    """Return every weight of ours by name."""
    tensors: Mapping[str, Tensor] = peer.model.state_dict()
    order = huggingface.channel_order(shape.d_model).argsort()
    rows = peer.their_ids
    scale = 1.0 if original.values["scale_embedding"] else shape.d_model**-0.5
    tables = {
        "src_embedding": scale * tensors["model.encoder.embed_tokens.weight"],
        "tgt_embedding": scale * tensors["model.decoder.embed_tokens.weight"],
        "output_embedding": tensors["lm_head.weight"],
    }
    with torch.device("meta"):
        ours = dict(Transformer(shape).named_parameters())
    arrays: Arrays = {}
    for name, parameter in ours.items():
        stack = name.partition(".")[0]
        if name == "output_bias":
            weight = tensors["final_logits_bias"].flatten()[rows]
            if original.unused is None:
                weight[peer.forbidden] = NEVER
        elif stack in tables:
            weight = tables[stack][rows][:, order]
        else:
            part, place = huggingface.place_of(name)
            weight = huggingface.ordered(part, tensors[place], order)
        assert weight.shape == parameter.shape, f"{name} has another shape than the settings say"
        arrays[name] = weight.contiguous().numpy()
    return arrays


def _prove(model: Path, folder: Path, ours: Tokenizer, peer: huggingface.Transformers) -> Proof:
    """Compare ids, log-probabilities and greedy translations with the original's."""
    most = peer.model.config.max_position_embeddings
    sources = [source for source in parity.random_sources(model) if len(source) < most]
    for number, source in enumerate(sources):
        text = ours.decode(source)
        to = ours.languages[number % len(ours.languages)] if ours.languages else None
        for cut, expected in (
            ([*ours.encode(text, to=to), EOS], peer.ids(text, to)),
            ([*ours.encode_target(text), EOS], peer.target_ids(text)),
        ):
            if cut != expected:
                raise EngineError(
                    f"transformers splits {text!r} into other tokens than Clearhead does for {folder}; please "
                    "report this"
                )
    try:
        return parity.compare(model, peer, "in transformers", sources, allowed_only=True)
    except parity.UnequalError as error:
        raise EngineError(
            f"{folder} does not translate here as it does in transformers: {error.how}; please report this"
        ) from None


def _card(original: Published, info: ModelInfo, tokenizer: Tokenizer) -> str:
    """Return the card: our own again, or what was done and the original's words, licence and data among them."""
    shape, card = info.model, original.folder / model_directory.CARD
    text = ""
    if card.is_file():
        with card.open("rb") as file:
            text = file.read(LONGEST_CARD).decode(errors="replace")
    if original.facts and text:
        return text
    lacks = (
        """
Characters that its vocabulary lacks become `<unk>`, which our own vocabularies do not have; it is never written in a \
translation here, and where the original would write it, another token is taken.
"""
        if tokenizer.kind == KIND
        else ""
    )
    return f"""# An imported model

{original.folder.resolve().name}, a {FAMILIES[original.family]}: \
{shape.num_encoder_layers}+{shape.num_decoder_layers} layers, d_model {shape.d_model}, {shape.num_parameters:,} \
parameters, a vocabulary of {shape.vocab_size:,} pieces. Its weights and its tokenizer were taken over by \
`clearhead import`, and proved to give the same log-probabilities and greedy translations as in transformers; the \
proof is in {REPORT}.
{lacks}
Data, licence, scores and limits are those of the original; it says of itself:

{text or "(nothing: the directory had no README.md)"}
"""
