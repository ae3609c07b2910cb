"""A model as Hugging Face's transformers has it: post-norm as MarianMT, pre-norm as Pegasus, both from BART's family.

What differs from ours, and is put right here:

- the channels: their sinusoids fill one half of a vector with sines and the other with cosines, ours take turns, so
  every axis of size d_model is put in their order;
- the keys have a bias, which a softmax does not see: zero;
- a translation starts from the vector of the padding, so the vector of BOS stands in that row;
- what a decoder must never produce is taken out by the bias of the logits;
- the tags of target languages are written `>>fr<<`, and spaces after one are no text.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clearhead import checkpoint
from clearhead.config import ModelConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines import directory
from clearhead.engines.directory import ModelInfo
from clearhead.engines.protocol import Ids, SearchOptions
from clearhead.errors import EngineError
from clearhead.text.marian import MarianTokenizer
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD, UNK

NEVER = -30_000.0
"""Added to the logit of what must not be produced; half precision can still hold it."""
POSITIONS = 1024
_PLACES = {
    "self_attention.query": "self_attn.q_proj",
    "self_attention.key": "self_attn.k_proj",
    "self_attention.value": "self_attn.v_proj",
    "self_attention.output": "self_attn.out_proj",
    "self_sublayer.norm": "self_attn_layer_norm",
    "cross_attention.query": "encoder_attn.q_proj",
    "cross_attention.key": "encoder_attn.k_proj",
    "cross_attention.value": "encoder_attn.v_proj",
    "cross_attention.output": "encoder_attn.out_proj",
    "cross_sublayer.norm": "encoder_attn_layer_norm",
    "feed_forward.inner": "fc1",
    "feed_forward.outer": "fc2",
    "feed_forward_sublayer.norm": "final_layer_norm",
}
"""Our name for each part of a layer, and theirs."""
_KNOWN = {
    "activation": ("relu", "gelu", "swish"),
    "normalization": ("layer",),
    "positions": ("sinusoidal",),
}
_WRITES = ("output", "outer")
"""The matrices whose result is added to the residual stream; the others read from it."""


def write(path: Path, folder: Path) -> None:
    """Write a model directory in their form into a folder that is there.

    Raises EngineError where transformers is not installed, or has no form for the model.
    """
    info, tokenizer = directory.read_info(path), directory.read_tokenizer(path)
    _check(info, tokenizer)
    weights = checkpoint.read_arrays(path / directory.WEIGHTS)
    model = _model(info, tokenizer, {name: torch.from_numpy(array) for name, array in weights.items()})
    with _quiet():
        model.save_pretrained(folder)
    _write_tokenizer(tokenizer, folder)


def _check(info: ModelInfo, tokenizer: Tokenizer) -> None:
    shape = info.model
    if tokenizer.kind == "word":
        raise EngineError(
            "a word vocabulary has no form in transformers; train with unigram or bpe to export"
        )
    if shape.norm == "pre" and not shape.tied_embeddings:
        raise EngineError("a pre-norm model whose embeddings are not tied has no form in transformers")
    for name, known in _KNOWN.items():
        if getattr(shape, name) not in known:
            raise EngineError(
                f"model.{name} = {getattr(shape, name)!r} has no form in transformers; {' and '.join(known)} have"
            )
    check_installed()


def check_installed() -> None:
    """Raise EngineError where a package is missing."""
    try:
        import google.protobuf  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise EngineError(
            f"this form needs packages that are not installed ({error.name}); pip install 'clearhead[export]'"
        ) from None


def _model(info: ModelInfo, tokenizer: Tokenizer, weights: Mapping[str, Tensor]) -> Any:
    """Return their model with our weights."""
    import transformers

    shape = info.model
    pre = shape.norm == "pre"
    family = transformers.PegasusConfig if pre else transformers.MarianConfig
    config = family(
        vocab_size=shape.vocab_size,
        d_model=shape.d_model,
        encoder_layers=shape.num_encoder_layers,
        decoder_layers=shape.num_decoder_layers,
        encoder_attention_heads=shape.num_heads,
        decoder_attention_heads=shape.num_heads,
        encoder_ffn_dim=shape.d_ff,
        decoder_ffn_dim=shape.d_ff,
        dropout=shape.dropout,
        attention_dropout=shape.attention_dropout,
        activation_dropout=shape.feed_forward_dropout,
        activation_function=shape.activation,
        scale_embedding=True,
        max_position_embeddings=POSITIONS,
        pad_token_id=PAD,
        eos_token_id=EOS,
        bos_token_id=None,
        forced_eos_token_id=EOS,
        decoder_start_token_id=PAD,
        **({} if pre else {"share_encoder_decoder_embeddings": shape.tied_embeddings}),
        tie_word_embeddings=shape.tied_embeddings,
    )
    of = transformers.PegasusForConditionalGeneration if pre else transformers.MarianMTModel
    with _quiet():
        model = of(config).eval()
    if shape.output_bias:
        model.final_logits_bias[:] = weights["output_bias"]
    model.final_logits_bias[:, sorted(tokenizer.forbidden_ids)] = NEVER
    found = model.load_state_dict(dict(_renamed(weights, shape)), strict=False)
    odd = [*found.unexpected_keys, *(name for name in found.missing_keys if not _is_made(name, shape))]
    if odd:
        raise EngineError(
            f"this release of transformers has other parts than are known here, such as {odd[0]}"
        )
    model.generation_config = transformers.GenerationConfig(
        num_beams=info.decoding.beam_size,
        length_penalty=info.decoding.alpha,
        max_length=512,
        pad_token_id=PAD,
        eos_token_id=EOS,
        forced_eos_token_id=EOS,
        decoder_start_token_id=PAD,
    )
    return model


def _is_made(name: str, shape: ModelConfig) -> bool:
    """Say whether a part of theirs is computed, or is another name of one that is given."""
    tied = ("embed_tokens.weight", "lm_head.weight") if shape.tied_embeddings else ()
    return name.endswith(("embed_positions.weight", "final_logits_bias", *tied))


def _renamed(weights: Mapping[str, Tensor], shape: ModelConfig) -> Iterator[tuple[str, Tensor]]:
    """Yield their names and the weights in their order."""
    order = channel_order(shape.d_model)
    for name, tensor in weights.items():
        stack, *_ = name.split(".")
        if stack.endswith("embedding"):
            yield from _embedding(stack, tensor[:, order], shape)
        elif name.startswith(f"{stack}.norm."):
            yield f"model.{stack}.layer_norm.{name.rpartition('.')[2]}", tensor[order]
        elif name != "output_bias":  # with what must not be produced
            part, place = place_of(name)
            yield place, ordered(part, tensor, order)
            if part.endswith(".key"):
                yield f"{place.removesuffix('weight')}bias", torch.zeros(len(tensor))


def channel_order(d_model: int) -> Tensor:
    """Return the number of our channel at each of theirs: the sines, then the cosines."""
    return torch.cat([torch.arange(0, d_model, 2), torch.arange(1, d_model, 2)])


def place_of(name: str) -> tuple[str, str]:
    """Return the part that one of our names in a layer means, such as `self_attention.query`, and their name."""
    stack, _, number, rest = name.split(".", 3)
    part, _, kind = rest.rpartition(".")
    return part, f"model.{stack}.layers.{number}.{_PLACES[part]}.{kind}"


def ordered(part: str, tensor: Tensor, order: Tensor) -> Tensor:
    """Put the axis that lies along the residual stream in another order."""
    if part.endswith((*_WRITES, ".norm")):
        return tensor[order]
    return tensor[:, order] if tensor.ndim == 2 else tensor


def _embedding(name: str, table: Tensor, shape: ModelConfig) -> Iterator[tuple[str, Tensor]]:
    starting = table.clone()
    starting[PAD] = table[BOS]
    if shape.tied_embeddings:
        yield "model.shared.weight", starting
    elif name == "src_embedding":
        yield "model.encoder.embed_tokens.weight", table
    elif name == "tgt_embedding":
        yield "model.decoder.embed_tokens.weight", starting
    else:
        yield "lm_head.weight", table


def _write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write what their MarianTokenizer reads, which both families may be used with."""
    for name, model in zip(("source.spm", "target.spm"), _sentencepiece_models(tokenizer), strict=True):
        (folder / name).write_bytes(model)
    tags = {f"<2{language}>": f">>{language}<<" for language in tokenizer.languages}
    vocabulary = {tags.get(piece, piece): number for number, piece in enumerate(tokenizer.vocabulary)}
    settings = {
        "tokenizer_class": "MarianTokenizer",
        "model_max_length": 512,
        **{
            f"{name}_token": tokenizer.vocabulary[i] for name, i in (("pad", PAD), ("eos", EOS), ("unk", UNK))
        },
    }
    for name, values in (("vocab.json", vocabulary), ("tokenizer_config.json", settings)):
        (folder / name).write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _sentencepiece_models(tokenizer: Tokenizer) -> tuple[bytes, bytes]:
    """Return the models of source and target: ours once more, or the two that were imported."""
    if isinstance(tokenizer, MarianTokenizer):
        return tokenizer.source_model, tokenizer.target_model
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(tokenizer.to_bytes())
    model.normalizer_spec.remove_extra_whitespaces = True  # ours are removed before
    written: bytes = model.SerializeToString()
    return written, written


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what transformers says about itself; what goes wrong is raised."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


class Transformers:
    """A folder run by transformers, one source at a time, in fp32: what a proof compares with.

    How the folder itself wants to be searched (its `generation_config.json`) is set aside. Raises EngineError where
    transformers cannot read it, or lacks weights in it; nothing is unpickled.
    """

    def __init__(self, folder: Path) -> None:
        import transformers

        try:
            with _quiet():
                model, found = transformers.AutoModelForSeq2SeqLM.from_pretrained(
                    folder,
                    dtype=torch.float32,
                    local_files_only=True,
                    use_safetensors=True,
                    output_loading_info=True,
                )
                self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                    folder, local_files_only=True
                )
        except Exception as error:  # whatever theirs raises of a folder that is not right
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise EngineError(f"transformers cannot read {folder}: {first}") from None
        if found["missing_keys"]:
            raise EngineError(f"{folder} has no weights for {sorted(found['missing_keys'])[0]}")
        self.model: Any = model.eval()
        config = self.model.config
        self.model.generation_config = transformers.GenerationConfig(
            pad_token_id=config.pad_token_id,
            eos_token_id=config.eos_token_id,
            forced_eos_token_id=config.eos_token_id,
            decoder_start_token_id=config.decoder_start_token_id,
        )
        self.their_ids = list(range(config.vocab_size))
        """The id there of each id here."""
        self.forbidden: list[int] = []
        """Ids here that must not be produced, where the folder does not say so itself."""

    def ids(self, text: str, to: str | None) -> list[int]:
        """Return the ids, theirs, that their tokenizer makes of a text, EOS last."""
        found: list[int] = self.tokenizer(f">>{to}<< {text}" if to else text)["input_ids"]
        return found

    def target_ids(self, text: str) -> list[int]:
        """Return the ids, theirs, of a text in the target language, EOS last."""
        found: list[int] = self.tokenizer(text_target=text)["input_ids"]
        return found

    def _theirs(self, ids: Ids) -> list[int]:
        return [self.their_ids[i] for i in ids]

    @torch.inference_mode()
    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS, among those that may be produced."""
        scores = []
        for src, tgt in zip(srcs, tgts, strict=True):
            given = [self.model.config.decoder_start_token_id, *self._theirs(tgt)]
            logits = self.model(
                input_ids=torch.tensor([self._theirs(src)]), decoder_input_ids=torch.tensor([given])
            ).logits[0, :, self.their_ids]
            logits[:, self.forbidden] = -torch.inf
            right = torch.tensor([*tgt, EOS])
            scores.append(logits.log_softmax(dim=-1).gather(1, right[:, None]).squeeze(1).tolist())
        return scores

    @torch.inference_mode()
    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its translation); greedy or by beam, as the options say."""
        ours = {theirs: i for i, theirs in enumerate(self.their_ids) if i != BOS}
        for number, src in enumerate(srcs):
            found = self.model.generate(
                torch.tensor([self._theirs(src)]),
                num_beams=options.decoding.beam_size,
                do_sample=False,
                max_length=options.decoding.max_length(len(src)) + 2,  # start and end counted
                suppress_tokens=self._theirs([i for i in self.forbidden if i != BOS]) or None,
            )[0].tolist()[1:]
            tokens = [ours[i] for i in found]
            tokens = tokens[: tokens.index(EOS)] if EOS in tokens else tokens
            yield number, [Hypothesis(tuple(tokens), 0.0, 0.0, (), truncated=False, repetition=False)]
