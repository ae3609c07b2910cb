"""A MarianMTModel directory as a model directory of ours: the OPUS-MT family, more than a thousand models.

What `huggingface.py` does to our weights is undone here: the channels are put in our order, the biases of the keys
go, the vector that a translation starts from becomes that of BOS. The ids change too, to those of our tokenizers;
what was written is proved equal to the original in transformers before it appears.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clearhead import checkpoint
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.engines import directory, parity
from clearhead.engines.directory import ModelInfo
from clearhead.engines.parity import Proof
from clearhead.errors import CheckpointError, ConfigError, EngineError, TextError
from clearhead.export import huggingface
from clearhead.export.write import REPORT
from clearhead.model.transformer import Transformer
from clearhead.text.marian import MarianTokenizer, pieces_in_order
from clearhead.text.vocabulary import BOS, EOS

NEVER = -100.0
"""Bias of a token that is never produced: no probability is left, and label smoothing does not feel it much."""
MOST_TOKENS = 256
"""Of a source before it is split, or half the positions that the original has; it was trained on no longer ones."""
FEWEST_POSITIONS = 64
_ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "swish": "swish", "silu": "swish"}
_FILES = ("config.json", "source.spm", "target.spm", "vocab.json")


def import_model(folder: Path, out: Path) -> Proof:
    """Write a model directory `out`, which must not be there, from a MarianMTModel's; return its proof.

    Raises EngineError for what is no such model, has a shape that we have not, or does not translate here as it does
    in transformers; then nothing is left behind. Nothing is unpickled: the weights must be in `model.safetensors`.
    """
    if out.exists():
        raise CheckpointError(f"{out} is already there; name a folder that is not, or remove it")
    _check(folder)
    huggingface.check_installed()
    theirs = huggingface.Transformers(folder)
    config = theirs.model.config.to_dict()
    tokenizer, theirs.their_ids = _tokenizer(folder, config)
    theirs.forbidden = sorted(tokenizer.forbidden_ids)
    info = _info(folder, config, tokenizer)
    weights = _weights(info.model, config, theirs)
    files = directory.model_files(info, weights, tokenizer, _card(folder, info))
    with tempfile.TemporaryDirectory(prefix="clearhead-") as name:
        model = Path(name) / "model"
        checkpoint.write_directory(model, files)
        proof = _prove(model, folder, tokenizer, theirs)
    versions = {package: version(package) for package in ("clearhead", "torch", "transformers")}
    report = checkpoint.json_bytes({"format": "marian", "versions": versions, **asdict(proof)})
    checkpoint.write_directory(out, {**files, REPORT: report})
    return proof


def _check(folder: Path) -> None:
    """Raise EngineError unless all files are there, of the family and the shapes that can be taken in."""
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise EngineError(
            f"{folder} is no directory of a MarianMTModel: it has no {missing[0]}; there must be {', '.join(_FILES)} "
            "and model.safetensors"
        )
    config = checkpoint.read_json(folder / "config.json")
    if config.get("model_type") != "marian":
        raise EngineError(
            f"{folder} holds a model of the family {config.get('model_type')!r}; only 'marian' can be imported"
        )
    theirs = config.get("decoder_vocab_size")
    if _settings(folder).get("separate_vocabs") or theirs not in (None, config.get("vocab_size")):
        raise EngineError(f"{folder} has a vocabulary for each side; only one for both can be imported")
    for name in ("attention_heads", "ffn_dim"):
        if config.get(f"encoder_{name}") != config.get(f"decoder_{name}"):
            raise EngineError(f"{folder} has an encoder and a decoder of different widths, which we have not")
    if not (folder / directory.WEIGHTS).is_file():
        raise EngineError(
            f"{folder} has no {directory.WEIGHTS}, and pickled weights are not read here; write them anew with "
            "transformers: MarianMTModel.from_pretrained(FOLDER).save_pretrained(FOLDER)"
        )


def _tokenizer(folder: Path, config: Mapping[str, Any]) -> tuple[MarianTokenizer, list[int]]:
    """Return the tokenizer, and the id there of each id here."""
    vocabulary = checkpoint.read_json(folder / "vocab.json")
    if len(vocabulary) != config["vocab_size"]:
        raise EngineError(
            f"{folder / 'vocab.json'} names {len(vocabulary)} pieces, and the model has {config['vocab_size']}"
        )
    unk = vocabulary.get("<unk>")
    if unk is None:
        raise EngineError(f"{folder / 'vocab.json'} has no <unk>, which stands for what is not known")
    try:
        named = pieces_in_order(
            vocabulary, eos=int(config["eos_token_id"]), unk=int(unk), pad=int(config["pad_token_id"])
        )
        source, target = ((folder / name).read_bytes() for name in ("source.spm", "target.spm"))
        tokenizer = MarianTokenizer.pack(source, target, [piece for piece, _ in named])
    except (TextError, TypeError, ValueError) as error:
        raise EngineError(f"the tokenizer of {folder} cannot be read: {error}") from None
    their_ids = [number for _, number in named]
    start = config["decoder_start_token_id"]
    if start not in their_ids:
        raise EngineError(f"{folder} begins a translation with the id {start}, which its vocabulary lacks")
    their_ids[BOS] = start
    return tokenizer, their_ids


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / "tokenizer_config.json"
    return checkpoint.read_json(file) if file.exists() else {}


def _info(folder: Path, config: Mapping[str, Any], tokenizer: MarianTokenizer) -> ModelInfo:
    """Return what the model is, its shape included; raise EngineError for a shape that we have not."""
    if config["max_position_embeddings"] < FEWEST_POSITIONS:
        raise EngineError(
            f"{folder} has {config['max_position_embeddings']} positions; {FEWEST_POSITIONS} or more can be imported"
        )
    activation = _ACTIVATIONS.get(config["activation_function"])
    if activation is None:
        raise EngineError(
            f"{folder} has the activation {config['activation_function']!r}; there are {', '.join(_ACTIVATIONS)}"
        )
    try:
        shape = ModelConfig(
            vocab_size=tokenizer.vocab_size,  # with a BOS, which they have not
            d_model=config["d_model"],
            d_ff=config["encoder_ffn_dim"],
            num_heads=config["encoder_attention_heads"],
            num_encoder_layers=config["encoder_layers"],
            num_decoder_layers=config["decoder_layers"],
            dropout=config["dropout"],
            attention_dropout=config["attention_dropout"],
            feed_forward_dropout=config["activation_dropout"],
            activation=activation,  # type: ignore[arg-type]
            tied_embeddings=_is_tied(config),
            output_bias=True,
        )
    except (TypeError, ConfigError) as error:
        raise EngineError(f"{folder / 'config.json'} describes no model that we have: {error}") from None
    settings = _settings(folder)
    langs = [str(settings.get(f"{side}_lang") or "") for side in ("source", "target")]
    return ModelInfo(
        model=shape,
        decoding=DecodingConfig(beam_size=_beam_size(folder)),
        tokenizer=tokenizer.kind,
        source_langs=(langs[0],) if langs[0] else (),
        target_langs=tokenizer.languages or ((langs[1],) if langs[1] else ()),
        training={
            "imported_from": "MarianMTModel",
            "max_tokens": min(MOST_TOKENS, config["max_position_embeddings"] // 2),
        },
    )


def _beam_size(folder: Path) -> int:
    """Return the width that the original is searched with, which older releases kept in config.json."""
    file = folder / "generation_config.json"
    asked = [checkpoint.read_json(each) for each in (file, folder / "config.json") if each.exists()]
    return next(
        (int(each["num_beams"]) for each in asked if each.get("num_beams")), DecodingConfig().beam_size
    )


def _is_tied(config: Mapping[str, Any]) -> bool:
    """Say whether one matrix, scaled as ours is, serves source, target and output."""
    names = ("share_encoder_decoder_embeddings", "tie_word_embeddings")
    return all(config[name] for name in (*names, "scale_embedding"))


def _weights(
    shape: ModelConfig, config: Mapping[str, Any], theirs: huggingface.Transformers
) -> checkpoint.Arrays:
    """Return every weight of ours by name."""
    given: Mapping[str, Tensor] = theirs.model.state_dict()
    order = huggingface.channel_order(shape.d_model).argsort()
    scale = 1.0 if config["scale_embedding"] else shape.d_model**-0.5
    tables = {
        "src_embedding": scale * given["model.encoder.embed_tokens.weight"],
        "tgt_embedding": scale * given["model.decoder.embed_tokens.weight"],
        "output_embedding": given["lm_head.weight"],
    }
    with torch.device("meta"):
        ours = dict(Transformer(shape).named_parameters())
    found: checkpoint.Arrays = {}
    for name, parameter in ours.items():
        stack = name.partition(".")[0]
        if name == "output_bias":
            weight = given["final_logits_bias"].flatten()[theirs.their_ids]
            weight[theirs.forbidden] = NEVER
        elif stack in tables:
            weight = tables[stack][theirs.their_ids][:, order]
        else:
            part, place = huggingface.place_of(name)
            weight = huggingface.ordered(part, given[place], order)
        assert weight.shape == parameter.shape, f"{name} has another shape than the settings say"
        found[name] = weight.contiguous().numpy()
    return found


def _prove(model: Path, folder: Path, ours: MarianTokenizer, theirs: huggingface.Transformers) -> Proof:
    """Compare ids, log-probabilities and greedy translations with the original's."""
    most = theirs.model.config.max_position_embeddings
    sources = [source for source in parity.random_sources(model) if len(source) < most]
    for number, source in enumerate(sources):
        text = ours.decode(source)
        to = ours.languages[number % len(ours.languages)] if ours.languages else None
        for cut, expected in (
            ([*ours.encode(text, to=to), EOS], theirs.ids(text, to)),
            ([*ours.encode_target(text), EOS], theirs.target_ids(text)),
        ):
            if [theirs.their_ids[i] for i in cut] != expected:
                raise EngineError(f"{folder} cuts {text!r} otherwise in transformers than here; report this")
    try:
        return parity.compare(model, theirs, "in transformers", sources, allowed_only=True)
    except parity.UnequalError as error:
        raise EngineError(
            f"{folder} does not translate here as it does in transformers: {error.how}; report this"
        ) from None


def _card(folder: Path, info: ModelInfo) -> str:
    """Return the card: what was done, then the original's own words, licence and data among them."""
    shape = info.model
    own = folder / directory.CARD
    said = own.read_text(encoding="utf-8", errors="replace") if own.is_file() else ""
    return f"""# An imported model

{folder.resolve().name}, a MarianMTModel: {shape.num_encoder_layers}+{shape.num_decoder_layers} layers, d_model \
{shape.d_model}, {shape.num_parameters:,} parameters, a vocabulary of {shape.vocab_size:,} pieces. Its weights and its \
two SentencePiece models were taken over by `clearhead import`, and proved to give the same log-probabilities and \
greedy translations as in transformers; the proof is in {REPORT}.

Characters that its vocabulary lacks become `<unk>`, which our own vocabularies do not have; it is never written in a \
translation here, and where the original would write it, another token is taken. Data, licence, scores and \
limits are those of the original; it says of itself:

{said or "(nothing: the directory had no README.md)"}
"""
