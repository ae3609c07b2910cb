"""Marian's Transformer in numpy, written from its equations: what an imported model is compared with.

It reads the arrays under Marian's names and in Marian's order, and shares no code with the model that it is held
against. Slow, one sentence at a time, float64. The equations are those of `transformer.h` in Marian (Junczys-Dowmunt
et al. 2018): embeddings times sqrt(d_model) plus sinusoids, `dan` or `n`/`da` around every sub-layer, LayerNorm with an
epsilon of 1e-6, and a decoder that starts from the zero vector.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Ids, SearchOptions
from clearhead.storage.tensors import Arrays
from clearhead.text.vocabulary import BOS, EOS

Matrix = np.ndarray[Any, Any]


def positions(length: int, d_model: int) -> Matrix:
    """Return Marian's sinusoids [length, d_model]: sines in the first half, cosines in the second.

    The angle is pos / 10000^(i / (d_model / 2 - 1)) (`sinusoidalPositionEmbeddings`, `node_initializers.cpp`).
    """
    half = d_model // 2
    rates = np.exp(-np.arange(half) * (math.log(10_000.0) / max(half - 1, 1)))
    angles = np.arange(length)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class Equations:
    """A Marian model as a peer of a proof; ids are ours."""

    def __init__(
        self,
        arrays: Arrays,
        settings: Mapping[str, Any],
        their_ids: Sequence[int],
        forbidden: Iterable[int],
    ) -> None:
        """Take Marian's arrays; `their_ids` is its id of each of ours, one past its last for the zero vector."""
        self._arrays = {name: array.astype(np.float64) for name, array in arrays.items()}
        self._heads = int(settings["transformer-heads"])
        self._depths = {"encoder": int(settings["enc-depth"]), "decoder": int(settings["dec-depth"])}
        self._pre = settings.get("transformer-preprocess") == "n"
        self._swish = settings["transformer-ffn-activation"] == "swish"
        self._their_ids = np.array(their_ids)
        self._allowed = np.setdiff1d(np.arange(len(their_ids)), list(forbidden))

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS, among those that may be produced."""
        scores = []
        for src, tgt in zip(srcs, tgts, strict=True):
            rows = self._log_probabilities(self._encoded(src), [BOS, *tgt])
            scores.append([float(row[i]) for row, i in zip(rows, [*tgt, EOS], strict=True)])
        return scores

    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its greedy translation)."""
        for number, src in enumerate(srcs):
            memory, tokens = self._encoded(src), [BOS]
            for _ in range(options.decoding.max_length(len(src))):
                best = int(np.argmax(self._log_probabilities(memory, tokens, last=True)[-1]))
                if best == EOS:
                    break
                tokens.append(best)
            yield number, [Hypothesis(tuple(tokens[1:]), 0.0, 0.0, (), truncated=False, repetition=False)]

    def _log_probabilities(self, memory: Matrix, tokens: Sequence[int], last: bool = False) -> Matrix:
        """Return log-probabilities over our ids after each of the tokens, or after the last."""
        states = self._stack("decoder", tokens, memory)
        logits = (states[-1:] if last else states) @ self._output().T
        logits = logits + self._arrays.get("decoder_ff_logit_out_b", 0.0)
        rows = np.full((len(logits), len(self._their_ids)), -np.inf)
        rows[:, self._allowed] = logits[:, self._their_ids[self._allowed]]
        largest = rows.max(axis=1, keepdims=True)
        scaled: Matrix = rows - largest - np.log(np.exp(rows - largest).sum(axis=1, keepdims=True))
        return scaled

    def _output(self) -> Matrix:
        if "decoder_ff_logit_out_W" in self._arrays:
            return self._arrays["decoder_ff_logit_out_W"].T
        own = self._arrays.get("decoder_ff_logit_out_Wt")
        return self._table("decoder") if own is None else own

    def _table(self, stack: str) -> Matrix:
        return self._arrays[f"{stack}_Wemb" if f"{stack}_Wemb" in self._arrays else "Wemb"]

    def _encoded(self, src: Ids) -> Matrix:
        return self._stack("encoder", src, None)

    def _stack(self, stack: str, tokens: Ids, memory: Matrix | None) -> Matrix:
        table = self._table(stack)
        table = np.concatenate([table, np.zeros_like(table[:1])])  # no token before the first
        x = math.sqrt(table.shape[1]) * table[self._their_ids[list(tokens)]]
        x = x + positions(len(tokens), table.shape[1])
        future = None if memory is None else np.triu(np.ones((len(tokens), len(tokens)), bool), 1)
        for number in range(1, self._depths[stack] + 1):
            layer = f"{stack}_l{number}"
            x = self._around(f"{layer}_self_Wo", x, self._attention(f"{layer}_self", None, future))
            if memory is not None:
                x = self._around(f"{layer}_context_Wo", x, self._attention(f"{layer}_context", memory, None))
            x = self._around(f"{layer}_ffn_ffn", x, self._feed_forward(f"{layer}_ffn"))
        return self._normalised(f"{stack}_top", x) if self._pre else x

    def _around(self, place: str, x: Matrix, function: Callable[[Matrix], Matrix]) -> Matrix:
        if self._pre:
            return x + function(self._normalised(place, x, "_pre"))
        return self._normalised(place, x + function(x))

    def _normalised(self, place: str, x: Matrix, which: str = "") -> Matrix:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-6)
        scale, bias = (self._arrays[f"{place}_ln_{part}{which}"] for part in ("scale", "bias"))
        normalised: Matrix = scale * centred / spread + bias
        return normalised

    def _attention(
        self, place: str, memory: Matrix | None, hidden: Matrix | None
    ) -> Callable[[Matrix], Matrix]:
        def attend(x: Matrix) -> Matrix:
            read = x if memory is None else memory
            query, key, value = (
                self._heads_of(self._affine(place, part, of))
                for part, of in zip("qkv", (x, read, read), strict=True)
            )
            scores = query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1])
            if hidden is not None:
                scores = np.where(hidden, -np.inf, scores)
            shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
            shares /= shares.sum(axis=-1, keepdims=True)
            return self._affine(place, "o", (shares @ value).swapaxes(0, 1).reshape(len(x), -1))

        return attend

    def _heads_of(self, x: Matrix) -> Matrix:
        heads: Matrix = x.reshape(len(x), self._heads, -1).swapaxes(0, 1)
        return heads

    def _feed_forward(self, place: str) -> Callable[[Matrix], Matrix]:
        def feed(x: Matrix) -> Matrix:
            inner = self._affine(place, "1", x)
            inner = inner / (1 + np.exp(-inner)) if self._swish else np.maximum(inner, 0)
            return self._affine(place, "2", inner)

        return feed

    def _affine(self, place: str, part: str, x: Matrix) -> Matrix:
        product: Matrix = x @ self._arrays[f"{place}_W{part}"] + self._arrays[f"{place}_b{part}"]
        return product
