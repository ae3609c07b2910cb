"""One teacher-forced pass of a trained Transformer in numpy: what can be asked of a model without torch but a search.

The equations of `clearhead.model`, written once more for one pair at a time, in fp32. It gives the log-probabilities of
a translation and the attention to the source, so that alignments and the proof of a conversion need no torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearhead import model_directory
from clearhead.config import ModelConfig
from clearhead.engines.protocol import Ids
from clearhead.engines.weights import read_weights
from clearhead.storage.tensors import Arrays
from clearhead.text.vocabulary import BOS, EOS

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TeacherForced:
    """A model's weights and its shape."""

    shape: ModelConfig
    weights: Arrays

    @classmethod
    def load(cls, path: Path) -> "TeacherForced":
        """Read the Transformer of a model directory."""
        info = model_directory.read_info(path)
        return cls(info.model, read_weights(path, info))

    def read(self, src: Ids, tgt: Ids) -> tuple[Floats, Floats]:
        """Return log-probabilities of every next token [target, vocab], and the attention to the source.

        That is [layer, head, target, source]. The decoder reads BOS and `tgt` without its last token.
        """
        shape = self.shape
        memory = self._encoded(src)
        x = self._embedded("src_embedding" if shape.tied_embeddings else "tgt_embedding", [BOS, *tgt[:-1]])
        future = np.triu(np.full((len(x), len(x)), -np.inf, np.float32), 1)
        cross: list[Floats] = []
        for number in range(shape.num_decoder_layers):
            layer = f"decoder.layers.{number}"
            x = self._self_attended(x, layer, future)
            entered = self._entered(x, f"{layer}.cross_sublayer")
            attended, weights = self._attention(f"{layer}.cross_attention", entered, memory)
            cross.append(weights)
            x = self._left(x, attended, f"{layer}.cross_sublayer")
            x = self._fed_forward(x, layer)
        x = self._norm(x, "decoder.norm") if shape.norm == "pre" else x
        output = "src_embedding" if shape.tied_embeddings else "output_embedding"
        logits = x @ self.weights[f"{output}.weight"].T
        if shape.output_bias:
            logits = logits + self.weights["output_bias"]
        logits = logits - logits.max(axis=-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)), np.stack(cross)

    def attention(self, src: Ids, tgt: Ids) -> tuple[Floats, Floats]:
        """Return the attention to the source [layer, head, target, source], and how probable each target token is."""
        log_probs, cross = self.read(src, tgt)
        return cross, np.exp(log_probs[range(len(tgt)), list(tgt)])

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last."""
        scores = []
        for src, tgt in zip(srcs, tgts, strict=True):
            ids = [*tgt, EOS]
            scores.append(self.read(src, ids)[0][range(len(ids)), ids].tolist())
        return scores

    def _encoded(self, src: Ids) -> Floats:
        x = self._embedded("src_embedding", src)
        for number in range(self.shape.num_encoder_layers):
            layer = f"encoder.layers.{number}"
            x = self._fed_forward(self._self_attended(x, layer), layer)
        return self._norm(x, "encoder.norm") if self.shape.norm == "pre" else x

    def _embedded(self, table: str, ids: Ids) -> Floats:
        """Return the scaled vectors of tokens with their positions (§3.4, §3.5)."""
        x: Floats = self.weights[f"{table}.weight"][list(ids)] * np.float32(math.sqrt(self.shape.d_model))
        if self.shape.positions == "learned":
            x = x + self.weights["positions.table.weight"][: len(ids)]
        if self.shape.positions == "sinusoidal":
            x = x + sinusoids(len(ids), self.shape.d_model)
        return x

    def _self_attended(self, x: Floats, layer: str, mask: Floats | float = 0.0) -> Floats:
        entered = self._entered(x, f"{layer}.self_sublayer")
        rotary = self.shape.positions == "rotary"
        attended, _ = self._attention(f"{layer}.self_attention", entered, entered, mask, rotary=rotary)
        return self._left(x, attended, f"{layer}.self_sublayer")

    def _attention(
        self, name: str, query: Floats, memory: Floats, mask: Floats | float = 0.0, *, rotary: bool = False
    ) -> tuple[Floats, Floats]:
        """Return Concat(head_1, ..., head_h) W^O and the weights of every head (§3.2, Eq. 1)."""
        q, k = self._heads(f"{name}.query", query), self._heads(f"{name}.key", memory)
        if rotary:
            q, k = _turned(q), _turned(k)
        scores = q @ k.swapaxes(1, 2) / np.float32(math.sqrt(self.shape.d_k)) + np.float32(mask)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        joined = (weights @ self._heads(f"{name}.value", memory)).swapaxes(0, 1).reshape(len(query), -1)
        return self._linear(f"{name}.output", joined), weights

    def _heads(self, name: str, x: Floats) -> Floats:
        """Project, and cut the last axis into heads: [head, length, d_k]."""
        return self._linear(name, x).reshape(len(x), self.shape.num_heads, -1).swapaxes(0, 1)

    def _fed_forward(self, x: Floats, layer: str) -> Floats:
        entered = self._entered(x, f"{layer}.feed_forward_sublayer")
        inner = _FUNCTIONS[self.shape.activation](self._linear(f"{layer}.feed_forward.inner", entered))
        if self.shape.activation == "swiglu":
            inner = inner * self._linear(f"{layer}.feed_forward.gate", entered)
        outer = self._linear(f"{layer}.feed_forward.outer", inner)
        return self._left(x, outer, f"{layer}.feed_forward_sublayer")

    def _entered(self, x: Floats, sublayer: str) -> Floats:
        return self._norm(x, f"{sublayer}.norm") if self.shape.norm == "pre" else x

    def _left(self, x: Floats, output: Floats, sublayer: str) -> Floats:
        return x + output if self.shape.norm == "pre" else self._norm(x + output, f"{sublayer}.norm")

    def _norm(self, x: Floats, name: str) -> Floats:
        if self.shape.normalization == "rms":
            x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(1e-6))
            return x * self.weights[f"{name}.weight"]
        x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + np.float32(1e-5))
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def _linear(self, name: str, x: Floats) -> Floats:
        y: Floats = x @ self.weights[f"{name}.weight"].T
        return y if name.endswith(".key") else y + self.weights[f"{name}.bias"]


def sinusoids(length: int, d_model: int) -> Floats:
    """Return the table of `clearhead.model.positions` [length, d_model] (§3.5), without torch."""
    angles = np.arange(length)[:, None] * np.exp(np.arange(0, d_model, 2) * (-math.log(10_000.0) / d_model))
    return np.stack((np.sin(angles), np.cos(angles)), axis=-1).reshape(length, d_model).astype(np.float32)


def _turned(x: Floats) -> Floats:
    """Rotate pairs of numbers by their position (Su et al. 2021, §3.2)."""
    table = sinusoids(x.shape[1], x.shape[2])
    sine, cosine, even, odd = table[:, 0::2], table[:, 1::2], x[..., 0::2], x[..., 1::2]
    rotated = np.stack((even * cosine - odd * sine, even * sine + odd * cosine), axis=-1)
    return rotated.reshape(x.shape)


def _swish(x: Floats) -> Floats:
    activated: Floats = x / (1 + np.exp(-x))
    return activated


def _gelu(x: Floats) -> Floats:
    half: Any = np.vectorize(math.erf, otypes=[np.float32])(x / math.sqrt(2))
    activated: Floats = x * (1 + half) / 2
    return activated


_FUNCTIONS = {"relu": lambda x: np.maximum(x, 0), "gelu": _gelu, "swish": _swish, "swiglu": _swish}
