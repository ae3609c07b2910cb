"""A model as two ONNX graphs, one for the source and one for a step of the decoder with its cache.

`encoder.onnx`: `src` int64 [batch, src], padded on the right with 0 and ending in EOS, to `memory_mask`
[batch, 1, src] and, for every decoder layer n, `memory.n.keys` and `memory.n.values` [batch, heads, src, d_k], which
are projected once for a whole translation.

`decoder.onnx`: `last` int64 [batch, 1], the last token of each row (BOS first), those outputs, and `past.n.keys` and
`past.n.values` [batch, heads, past, d_k], of length 0 at first, to `logits` [batch, vocab] of the next token and
`present.n.keys`, `present.n.values`, the `past` of the next step. What must never be produced has NEVER added.
"""

import io
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from clearhead import model_directory
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Ids, SearchOptions
from clearhead.engines.pytorch import load_model
from clearhead.errors import EngineError
from clearhead.extras import missing
from clearhead.model.attention import KeysValues
from clearhead.model.cache import Cache
from clearhead.model.positions import Sinusoids
from clearhead.model.transformer import Transformer
from clearhead.storage.tensors import Arrays
from clearhead.text.vocabulary import BOS, EOS, PAD

NEVER = -30_000.0
"""Added to the logit of what must not be produced; half precision can still hold it."""
POSITIONS = 2048
"""Of source and target, where the model has learned no fewer."""
ENCODER, DECODER, FORMAT = "encoder.onnx", "decoder.onnx", "format.json"


def write(path: Path, folder: Path) -> None:
    """Write both graphs, the tokenizer and what it takes to run them into a folder that is there.

    Raises EngineError where the packages that write them are not installed.
    """
    _check()
    info, tokenizer = model_directory.read_info(path), model_directory.read_tokenizer(path)
    model = cast(Transformer, load_model(path, info))  # `export` refuses all other kinds
    for module in model.modules():
        if isinstance(module, Sinusoids):
            module(0, POSITIONS // 2)  # grows to twice that; a graph has the table that there is
    most = min(POSITIONS, info.model.longest or POSITIONS)
    layers = range(info.model.num_decoder_layers)
    memory = [f"memory.{layer}.{part}" for layer in layers for part in ("keys", "values")]
    past, present = (
        [f"{when}.{layer}.{part}" for layer in layers for part in ("keys", "values")]
        for when in ("past", "present")
    )
    batch, length, kept = (torch.export.Dim(name, min=2, max=most - 1) for name in ("batch", "src", "past"))
    heads = {0: batch, 2: length}
    src = torch.tensor([[5, 6, 7, EOS], [5, EOS, PAD, PAD], [7, 8, EOS, PAD]])
    encoder, decoder = _Encoder(model).eval(), _DecoderStep(model, tokenizer.forbidden_ids).eval()
    with torch.no_grad():
        mask, *read = encoder(src)
        shape = (3, info.model.num_heads, 6, info.model.d_model // info.model.num_heads)
        so_far = [torch.randn(shape) for _ in past]
        _write(encoder, (src,), folder / ENCODER, ["src"], ["memory_mask", *memory], ({0: batch, 1: length},))
        _write(
            decoder,
            (torch.tensor([[5], [6], [7]]), mask, read, so_far),
            folder / DECODER,
            ["last", "memory_mask", *memory, *past],
            ["logits", *present],
            ({0: batch}, {0: batch, 2: length}, [heads] * len(read), [{0: batch, 2: kept}] * len(so_far)),
        )
    settings = {"pad": PAD, "bos": BOS, "eos": EOS, "layers": len(layers), "positions": most}
    (folder / FORMAT).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    (folder / model_directory.TOKENIZER).write_bytes(tokenizer.to_bytes())


class _Encoder(nn.Module):
    def __init__(self, model: Transformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, src: Tensor) -> list[Tensor]:
        cache = self.model.encode(src)
        return [cache.memory_mask, *(tensor for kv in cache.memory for tensor in kv)]


class _DecoderStep(nn.Module):
    """Says what may follow; ids of `forbidden` may not."""

    ban: Tensor

    def __init__(self, model: Transformer, forbidden: frozenset[int]) -> None:
        super().__init__()
        self.model = model
        ban = torch.zeros(model.config.vocab_size)
        ban[sorted(forbidden)] = NEVER
        self.register_buffer("ban", ban)

    def forward(
        self, last: Tensor, memory_mask: Tensor, memory: list[Tensor], past: list[Tensor]
    ) -> list[Tensor]:
        cache = Cache(
            memory=_pairs(memory),
            memory_mask=memory_mask,
            past=_pairs(past),
            sentence=torch.zeros(0),
            length=past[0].shape[2],
        )
        states, after = self.model.decode(last, cache)
        logits = self.model.logits(states.squeeze(1)) + self.ban
        return [logits, *(tensor for kv in after.past if kv is not None for tensor in kv)]


def _pairs(tensors: Sequence[Tensor]) -> tuple[KeysValues, ...]:
    return tuple(KeysValues(keys, values) for keys, values in zip(tensors[::2], tensors[1::2], strict=True))


def _write(
    module: nn.Module, given: tuple[Any, ...], file: Path, inputs: list[str], outputs: list[str], shapes: Any
) -> None:
    with _quiet():
        torch.onnx.export(
            module,
            given,
            file,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=shapes,
            dynamo=True,
            external_data=False,
            optimize=True,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the exporter says about its steps; what goes wrong is raised."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def _check() -> None:
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise EngineError(missing("--format onnx", "onnxscript", "onnxruntime")) from None


class OnnxRuntime:
    """A written folder run by onnxruntime, one source at a time: what a proof compares with."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self.encoder, self.decoder = (
            onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
            for name in (ENCODER, DECODER)
        )
        self._settings = json.loads((folder / FORMAT).read_text(encoding="utf-8"))

    def start(self, srcs: np.ndarray[Any, Any]) -> Arrays:
        """Return what every step reads, and the past before the first; `srcs` are ids [batch, src]."""
        names = [output.name for output in self.encoder.get_outputs()]
        read = dict(zip(names, self.encoder.run(None, {"src": srcs}), strict=True))
        past = {
            f"past{name.removeprefix('memory')}": values[:, :, :0]
            for name, values in read.items()
            if values.ndim == 4
        }
        return read | past

    def step(self, last: Sequence[int], state: Arrays) -> tuple[np.ndarray[Any, Any], Arrays]:
        """Return the log-probabilities of the next token [batch, vocab], and the state after it."""
        names = [output.name for output in self.decoder.get_outputs()]
        found = self.decoder.run(None, {"last": np.array(last, dtype=np.int64)[:, None], **state})
        logits, *present = found
        after = {
            name.replace("present", "past"): values for name, values in zip(names[1:], present, strict=True)
        }
        shifted = logits - logits.max(axis=-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), state | after

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS, among those that may be produced."""
        scores = []
        for src, tgt in zip(srcs, tgts, strict=True):
            state, found = self.start(np.array([src], dtype=np.int64)), []
            for last, right in zip([BOS, *tgt], [*tgt, EOS], strict=True):
                log_probs, state = self.step([last], state)
                found.append(float(log_probs[0, right]))
            scores.append(found)
        return scores

    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its greedy translation)."""
        for number, src in enumerate(srcs):
            state, last = self.start(np.array([src], dtype=np.int64)), BOS
            tokens: list[int] = []
            while len(tokens) < options.decoding.max_length(len(src)):
                log_probs, state = self.step([last], state)
                last = int(log_probs[0].argmax())
                if last == EOS:
                    break
                tokens.append(last)
            yield number, [Hypothesis(tuple(tokens), 0.0, 0.0, (), truncated=False, repetition=False)]
