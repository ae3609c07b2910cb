"""A post-norm model whose translations start from the zero vector, and which says the same.

In Marian a translation starts from zero; MarianMTModel has a row for that, its padding's, and what converts such a
model takes it for zero. Ours start from the vector of BOS, b. Nothing is lost by taking b from every vector of its
table:

- a logit is the product of a state and a vector of the table, so all logits fall by the same number, which a softmax
  does not see;
- what enters a stack is lower by c = sqrt(d_model) b everywhere, and only its first self-attention and the residual
  beside that read it: c comes back by their biases, b_q + W_q c, b_v + W_v c and b_o + c. Keys need none: a softmax
  does not see a bias of theirs.

In pre-norm stacks the residual stream is read by every layer, so this works for post-norm alone.
"""

from collections.abc import Mapping

import numpy as np

from clearhead.checkpoint import Arrays
from clearhead.config import ModelConfig
from clearhead.text.vocabulary import BOS


def from_zero(weights: Mapping[str, np.ndarray], shape: ModelConfig) -> Arrays:
    """Return the weights with zero for the vector of BOS; equal in all probabilities, but for rounding.

    Those of a model that starts from zero already are returned as they are, bit for bit.
    """
    table = "src_embedding.weight" if shape.tied_embeddings else "tgt_embedding.weight"
    start = weights[table][BOS].astype(np.float64)
    if not start.any():
        return dict(weights)
    shifted = {table: weights[table] - start}
    for stack in ("encoder", "decoder") if shape.tied_embeddings else ("decoder",):
        shifted |= _first_attention(weights, f"{stack}.layers.0.self_attention", shape.d_model**0.5 * start)
    return {**weights, **{name: array.astype(np.float32) for name, array in shifted.items()}}


def _first_attention(weights: Mapping[str, np.ndarray], name: str, missing: np.ndarray) -> Arrays:
    """Return the biases that give a self-attention, and the residual beside it, what its input lacks."""
    found = {
        f"{name}.{part}.bias": weights[f"{name}.{part}.bias"] + weights[f"{name}.{part}.weight"] @ missing
        for part in ("query", "value")
    }
    return {**found, f"{name}.output.bias": weights[f"{name}.output.bias"] + missing}
