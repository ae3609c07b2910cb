"""A post-norm model whose translations start from the zero vector, and which says the same.

In Marian a translation starts from zero; MarianMTModel has a row for that, its padding's, and what converts such a
model takes it for zero. Ours start from the vector of BOS, b. Nothing is lost by taking b from every vector of its
table:

- a logit is the product of a state and a vector of the table, so all logits fall by the same number, which a softmax
  does not see;
- what enters a stack is lower by c = sqrt(d_model) b everywhere, and only its first self-attention and the residual
  besides that read it: c comes back by their biases, b_q + W_q c, b_v + W_v c and b_o + c. Keys need none: a softmax
  does not see a bias of theirs.

In pre-norm stacks the residual stream is read by every layer, so this works for post-norm alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clearhead.config import ModelConfig
from clearhead.storage.tensors import Arrays
from clearhead.text.vocabulary import BOS

Vectors = np.ndarray[Any, Any]


def start(weights: Mapping[str, Vectors], shape: ModelConfig) -> Vectors:
    """Return the vector that a translation starts from, [d_model]."""
    vectors: Vectors = weights[_table(shape)][BOS]
    return vectors


def moved(weights: Mapping[str, Vectors], shape: ModelConfig, by: Vectors) -> Arrays:
    """Return the weights with `by` [d_model] added to every vector of the table that a translation starts in.

    They give the same probabilities, but for rounding; moved by zero they are as they were, bit for bit.
    """
    if not by.any():
        return dict(weights)
    table, missing = _table(shape), -(shape.d_model**0.5) * by.astype(np.float64)
    shifted = {table: weights[table] + by.astype(np.float64)}
    for stack in ("encoder", "decoder") if shape.tied_embeddings else ("decoder",):
        name = f"{stack}.layers.0.self_attention"
        for part in ("query", "value"):
            shifted[f"{name}.{part}.bias"] = weights[f"{name}.{part}.bias"] + (
                weights[f"{name}.{part}.weight"] @ missing
            )
        shifted[f"{name}.output.bias"] = weights[f"{name}.output.bias"] + missing
    return {**weights, **{name: array.astype(np.float32) for name, array in shifted.items()}}


def _table(shape: ModelConfig) -> str:
    return "src_embedding.weight" if shape.tied_embeddings else "tgt_embedding.weight"
