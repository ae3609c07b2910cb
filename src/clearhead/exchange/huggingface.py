"""A model as Hugging Face's transformers has it: post-norm as MarianMT, pre-norm as Pegasus, both from BART's family.

What differs from ours, and is converted here:

- the channels: their sinusoids fill one half of a vector with sines and the other with cosines, ours take turns, so
  every axis of size d_model is put in their order;
- the keys have a bias, which a softmax does not see: zero;
- the ids have another order (`vocabulary`), and a MarianMTModel starts from zero (`zero_start`);
- what a decoder must never produce is named in `generation_config.json`, as the family has it. No bias forbids it:
  label smoothing takes the mean of all log-probabilities, and would take that of the forbidden ones too;
- what their format cannot hold, such as our search defaults, is kept under `clearhead` in their `config.json`.
"""

import base64
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from clearhead import model_directory
from clearhead.config import ModelConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Ids, SearchOptions
from clearhead.errors import EngineError
from clearhead.exchange import vocabulary, zero_start
from clearhead.extras import missing
from clearhead.model_directory import ModelInfo
from clearhead.storage.tensors import read_arrays
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD

POSITIONS = 1024
OWN = "clearhead"
"""The key of their configuration for what only we read."""
START = "start"
"""The key in it for the vector of BOS that was taken away, in base64: d_model numbers of 32 bits."""
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

    Raises EngineError where transformers is not installed, or cannot represent the model.
    """
    info, tokenizer = model_directory.read_info(path), model_directory.read_tokenizer(path)
    _check(info, tokenizer)
    weights = read_arrays(path / model_directory.WEIGHTS)
    weights = {name: array.astype(np.float32) for name, array in weights.items()}
    facts = info.to_dict()
    if info.model.norm == "post":
        start = zero_start.start(weights, info.model)
        weights = zero_start.moved(weights, info.model, by=-start)
        facts[START] = base64.b64encode(start.astype("<f4").tobytes()).decode()
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    model = _model(info, tokenizer, tensors, facts)
    with quiet():
        model.save_pretrained(folder)
    vocabulary.write(tokenizer, folder)


def _check(info: ModelInfo, tokenizer: Tokenizer) -> None:
    shape = info.model
    if tokenizer.kind == "word":
        raise EngineError(
            "transformers cannot represent a word vocabulary; to export, train with tokenizer.kind unigram or bpe"
        )
    if shape.norm == "pre" and not shape.tied_embeddings:
        raise EngineError("transformers cannot represent a pre-norm model whose embeddings are not tied")
    for name, known in _KNOWN.items():
        if getattr(shape, name) not in known:
            raise EngineError(
                f"transformers cannot represent model.{name} = {getattr(shape, name)!r}, only {' and '.join(known)}"
            )
    check_installed()


def check_installed() -> None:
    """Raise EngineError where a package is missing."""
    try:
        import google.protobuf  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        raise EngineError(missing("a model of transformers", "transformers", "protobuf")) from None


def _model(
    info: ModelInfo, tokenizer: Tokenizer, weights: Mapping[str, Tensor], facts: Mapping[str, Any]
) -> Any:
    """Return their model with our weights."""
    import transformers

    pre = info.model.norm == "pre"
    of = transformers.PegasusForConditionalGeneration if pre else transformers.MarianMTModel
    their_ids = vocabulary.their_ids(info.model.vocab_size)
    with quiet():
        model = of(_config(info, their_ids, facts)).eval()
    loaded = model.load_state_dict(dict(_renamed(weights, info.model)), strict=False)
    odd = [*loaded.unexpected_keys, *(name for name in loaded.missing_keys if not _is_made(name, info.model))]
    if odd:
        raise EngineError(
            f"this release of transformers has parts that Clearhead does not know, such as {odd[0]}; "
            "install another release"
        )
    beam = {"num_beams": info.decoding.beam_size, "length_penalty": info.decoding.alpha}
    model.generation_config = transformers.GenerationConfig(
        **(beam if info.decoding.beam_size > 1 else {"num_beams": 1}),  # it is not saved with a penalty then
        max_length=512,
        pad_token_id=their_ids[BOS],
        eos_token_id=their_ids[EOS],
        forced_eos_token_id=their_ids[EOS],
        decoder_start_token_id=their_ids[BOS],
        suppress_tokens=sorted(their_ids[i] for i in tokenizer.forbidden_ids),
    )
    return model


def _config(info: ModelInfo, their_ids: Sequence[int], facts: Mapping[str, Any]) -> Any:
    """Return their configuration of a shape; `their_ids` maps each of our ids to theirs."""
    import transformers

    shape = info.model
    settings: dict[str, Any] = {
        "vocab_size": shape.vocab_size,
        "d_model": shape.d_model,
        "encoder_layers": shape.num_encoder_layers,
        "decoder_layers": shape.num_decoder_layers,
        "encoder_attention_heads": shape.num_heads,
        "decoder_attention_heads": shape.num_heads,
        "encoder_ffn_dim": shape.d_ff,
        "decoder_ffn_dim": shape.d_ff,
        "dropout": shape.dropout,
        "attention_dropout": shape.attention_dropout,
        "activation_dropout": shape.feed_forward_dropout,
        "activation_function": shape.activation,
        "scale_embedding": True,
        "max_position_embeddings": POSITIONS,
        "bos_token_id": their_ids[PAD],  # `<s>`, by which an import knows whose row that is
        "pad_token_id": their_ids[BOS],
        "eos_token_id": their_ids[EOS],
        "forced_eos_token_id": their_ids[EOS],
        "decoder_start_token_id": their_ids[BOS],
        "tie_word_embeddings": shape.tied_embeddings,
        OWN: dict(facts),
    }
    if shape.norm == "pre":  # the two are read by CTranslate2's converter
        return transformers.PegasusConfig(**settings, normalize_before=True, normalize_embedding=False)
    return transformers.MarianConfig(**settings, share_encoder_decoder_embeddings=shape.tied_embeddings)


def _is_made(name: str, shape: ModelConfig) -> bool:
    """Say whether a part of theirs is computed, or is another name of one that is given."""
    tied = ("embed_tokens.weight", "lm_head.weight") if shape.tied_embeddings else ()
    return name.endswith(("embed_positions.weight", "final_logits_bias", *tied))


def _renamed(weights: Mapping[str, Tensor], shape: ModelConfig) -> Iterator[tuple[str, Tensor]]:
    """Yield their names and the weights in their order."""
    order = channel_order(shape.d_model)
    ours = torch.tensor(vocabulary.their_ids(shape.vocab_size)).argsort()
    for name, tensor in weights.items():
        stack, *_ = name.split(".")
        if stack.endswith("embedding"):
            yield _table(stack, shape), tensor[ours][:, order]
        elif name == "output_bias":
            yield "final_logits_bias", tensor[ours][None]
        else:
            part, place = place_of(name)
            yield place, ordered(part, tensor, order)
            if part.endswith(".key"):
                yield f"{place.removesuffix('weight')}bias", torch.zeros(len(tensor))


def channel_order(d_model: int) -> Tensor:
    """Return the number of our channel at each of theirs: the sines, then the cosines."""
    return torch.cat([torch.arange(0, d_model, 2), torch.arange(1, d_model, 2)])


def place_of(name: str) -> tuple[str, str]:
    """Return the part that one of our names in a stack means, such as `self_attention.query`, and their name."""
    if name.split(".")[1] == "norm":  # behind the last layer
        stack, part, kind = name.split(".")
        return f".{part}", f"model.{stack}.layer_norm.{kind}"
    stack, _, number, rest = name.split(".", 3)
    part, _, kind = rest.rpartition(".")
    return part, f"model.{stack}.layers.{number}.{_PLACES[part]}.{kind}"


def ordered(part: str, tensor: Tensor, order: Tensor) -> Tensor:
    """Put the axis that lies along the residual stream in another order."""
    if part.endswith((*_WRITES, ".norm")):
        return tensor[order]
    return tensor[:, order] if tensor.ndim == 2 else tensor


def _table(name: str, shape: ModelConfig) -> str:
    """Return their name of one of our tables."""
    if shape.tied_embeddings:
        return "model.shared.weight"
    return {
        "src_embedding": "model.encoder.embed_tokens.weight",
        "tgt_embedding": "model.decoder.embed_tokens.weight",
        "output_embedding": "lm_head.weight",
    }[name]


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress what transformers logs and warns of; what goes wrong is raised."""
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

    How the folder itself wants to be searched (its `generation_config.json`) is set aside, but for what must never be
    produced. Raises EngineError where transformers cannot read it, or lacks weights in it; nothing is unpickled.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: Any = None,
        their_ids: Sequence[int] = (),
        forbidden: Iterable[int] | None = None,
    ) -> None:
        """Load a folder: one that was written here, or another's with its configuration, ids and what is forbidden."""
        import transformers

        try:
            with quiet():
                model, report = transformers.AutoModelForSeq2SeqLM.from_pretrained(
                    folder,
                    config=config,
                    dtype=torch.float32,
                    local_files_only=True,
                    trust_remote_code=False,
                    use_safetensors=True,
                    output_loading_info=True,
                )
                self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                    folder, config=config, local_files_only=True, trust_remote_code=False
                )
        except Exception as error:  # whatever theirs raises of a folder that is not right
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise EngineError(f"transformers cannot read {folder}: {first}") from None
        if report["missing_keys"]:
            raise EngineError(f"{folder} has no weights for {sorted(report['missing_keys'])[0]}")
        self.model: Any = model.eval()
        config = self.model.config
        self.their_ids = list(their_ids) or vocabulary.their_ids(config.vocab_size)
        """The id there of each id here."""
        self._ours = {their_id: i for i, their_id in enumerate(self.their_ids) if i != BOS}
        suppressed = self.model.generation_config.suppress_tokens or ()
        self.forbidden = [i for i, number in enumerate(self.their_ids) if number in suppressed]
        """Ids here that are never produced."""
        if forbidden is not None:
            self.forbidden = sorted(forbidden)
        self.model.generation_config = transformers.GenerationConfig(
            pad_token_id=config.pad_token_id,
            eos_token_id=config.eos_token_id,
            forced_eos_token_id=config.eos_token_id,
            decoder_start_token_id=config.decoder_start_token_id,
        )

    def ids(self, text: str, to: str | None) -> list[int]:
        """Return our ids of the tokens that their tokenizer makes of a text, EOS last; -1 for an id unknown here."""
        numbers = self.tokenizer(f">>{to}<< {text}" if to else text)["input_ids"]
        return [self._ours.get(number, -1) for number in numbers]

    def target_ids(self, text: str) -> list[int]:
        """Return our ids of a text in the target language, EOS last; -1 for an id unknown here."""
        numbers = self.tokenizer(text_target=text)["input_ids"]
        return [self._ours.get(number, -1) for number in numbers]

    def _theirs(self, ids: Ids) -> list[int]:
        return [self.their_ids[i] for i in ids]

    @torch.inference_mode()
    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS, among those that may be produced."""
        scores = []
        for src, tgt in zip(srcs, tgts, strict=True):
            decoder_input = [self.model.config.decoder_start_token_id, *self._theirs(tgt)]
            logits = self.model(
                input_ids=torch.tensor([self._theirs(src)]), decoder_input_ids=torch.tensor([decoder_input])
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
        banned = {self.their_ids[i] for i in self.forbidden} - {self.their_ids[EOS]}
        for number, src in enumerate(srcs):
            generated = self.model.generate(
                torch.tensor([self._theirs(src)]),
                num_beams=options.decoding.beam_size,
                do_sample=False,
                max_length=options.decoding.max_length(len(src)) + 2,  # start and end counted
                suppress_tokens=sorted(banned) or None,
            )[0].tolist()[1:]
            tokens = [self._ours[i] for i in generated]
            tokens = tokens[: tokens.index(EOS)] if EOS in tokens else tokens
            yield number, [Hypothesis(tuple(tokens), 0.0, 0.0, (), truncated=False, repetition=False)]
